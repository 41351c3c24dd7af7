/* The canary of a service: when its key may be written, and what the last write met. */
#include "engine/canary.h"

#include "base/str.h"
#include "engine/current.h"
#include "engine/service.h"

/* A role is believed only from the process that answers now: on a replica that takes writes the
 * key would be data that its primary does not have. */
bool canary_wanted(const struct service *s, struct now now)
{
    return s->watch_policy.canary && current_figures(s, now) &&
           s->observations.info.role == ROLE_PRIMARY && s->observations.info.loading != TRI_YES;
}

void canary_note(struct service *s, const struct redis_answer *a, struct now now)
{
    if (a->request != REDIS_CANARY || !a->canary.tried)
        return;
    s->canary = (struct canary_seen){.known = true, .at = now.mono, .facts = a->canary};
}

bool canary_redirected(const struct service *s)
{
    const char *text = s->canary.facts.text;
    return s->canary.known && (str_starts(text, "MOVED ") || str_starts(text, "ASK "));
}

const struct canary_facts *canary_newest(const struct service *s, struct now now)
{
    const struct canary_seen *c = &s->canary;
    bool recent = mono_since(now.mono, c->at) < 2 * s->watch_policy.interval_ms;
    bool replica = s->observations.info.known && s->observations.info.role != ROLE_PRIMARY;
    bool counts = c->known && recent && !replica && !canary_redirected(s);
    return s->watch_policy.canary && counts ? &c->facts : NULL;
}
