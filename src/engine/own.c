/* A service comes to this engine or goes to another one. */
#include "engine/owned.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/service.h"
#include "engine/state.h"

/* As at a start of the daemon; what others have said of the service stays. */
static int begin_again(struct service *s, const struct service_state *state,
                       const struct engine_owner *owner, struct now now)
{
    struct service_state before = state != NULL ? *state : s->saved;
    struct maintained maintained = s->maintained;
    struct restoring restoring = s->restoring;
    struct owned owned = {.fleet = true, .fence = owner->fence};
    (void)str_copy(owned.owner, sizeof owned.owner, owner->name);
    /* Numbers of events go on above those of both engines. */
    if (before.event_seq < s->event_seq)
        before.event_seq = s->event_seq;
    before.event_seq += STORE_EVENTS_SKIPPED;
    int r = service_begin_again(s, &before, now);
    s->maintained = maintained;
    s->restoring = restoring;
    s->owned = owned;
    return r;
}

int engine_own(struct engine *e, int service, const struct service_state *state,
               const struct engine_owner *owner, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    int r = begin_again(s, state, owner, now);
    service_log(s, false, "owned by this engine (fence %lld): the watch begins",
                (long long)owner->fence);
    service_start(s, now);
    state_store(s, 0, STORE_NORMAL); /* so that the fleet has it */
    return r;
}

int engine_elsewhere(struct engine *e, int service, const struct engine_owner *owner,
                     struct now now)
{
    struct service *s = &e->services[service];
    char why[OWNED_NAME_MAX + 80];
    engine_look_at_clocks(e, now);
    if (s->owned.elsewhere && str_equal(s->owned.owner, owner->name) &&
        s->owned.fence == owner->fence)
        return 0;
    int r = begin_again(s, NULL, owner, now);
    s->owned.elsewhere = true;
    if (owner->name[0] == '\0')
        (void)str_copy(why, sizeof why, "No engine of the fleet owns this service yet.");
    else
        (void)str_format(why, sizeof why, "Engine %s of the fleet watches this service.",
                         owner->name);
    s->misconfigured = mem_must(mem_strdup(why));
    service_judge(s, now);
    publish_status(s, now);
    publish_health(s, now);
    service_schedule(s);
    return r;
}

void engine_unsure(struct engine *e, int service, bool unsure, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (s->owned.elsewhere || s->owned.unsure == unsure)
        return;
    s->owned.unsure = unsure;
    service_log(s, unsure,
                unsure ? "its owner is not certain: it is watched, and not acted on"
                       : "owned by this engine for certain again");
    service_judge(s, now);
    service_schedule(s);
}

bool engine_owned_busy(const struct engine *e, int service)
{
    const struct service *s = &e->services[service];
    return s->recovery.open || operation_running(s) || s->restoring.held;
}

bool engine_owned_here(const struct engine *e, int service)
{
    return !e->services[service].owned.elsewhere;
}

json_t *engine_owned_refusal(const struct engine *e, int service, struct now now)
{
    return owned_refusal(&e->services[service], now);
}
