#include "engine/alert_facts.h"

#include "base/attr.h"
#include "engine/current.h"
#include "engine/event.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"

#define RECENT_MS 3600000

static int recent_recoveries(const struct service *s, wall_ms now)
{
    int count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(s->recovering.times); i++)
        count +=
            s->recovering.times[i].ms != 0 && wall_since(now, s->recovering.times[i]) < RECENT_MS;
    return count;
}

void engine_alert_look(const struct engine *e, int service, struct now now, struct alert_look *ret)
{
    const struct service *s = &e->services[service];
    struct recovery_facts facts;
    recovery_facts_now(s, now, &facts);
    *ret = (struct alert_look){
        .facts = {.verdict = s->verdict,
                  .levels = current_figures(s, now) ? &s->health.levels : NULL,
                  .needs_human = s->recovery.needs_human,
                  .breaker_open = s->recovery.breaker.open,
                  .recoveries = recent_recoveries(s, now.wall)},
        .may_heal = alert_may_heal(&s->recovery, &s->recovery_policy, &facts),
        .acted = s->recovery.attempts > 0,
        .open = s->recovery.open,
        .unsaved_changes =
            s->observations.info.known ? s->observations.info.unsaved_changes : FACT_UNKNOWN,
    };
}

struct verdict engine_verdict(const struct engine *e, int service)
{
    return e->services[service].verdict;
}

void engine_tell(struct engine *e, int service, const char *type, json_t *body, struct now now)
{
    event_publish(&e->services[service], type, body, now);
}

void alert_facts_judged(struct service *s, struct now now)
{
    (void)now;
    if (s->engine->ports.judged != NULL)
        s->engine->ports.judged(s->engine->ports.context, s->index);
}
