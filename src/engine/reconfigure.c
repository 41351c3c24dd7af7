/* New settings, new connections, and settings that cannot be used. */
#include "base/mem.h"
#include "engine/evidence.h"
#include "engine/queries.h"
#include "engine/service.h"

void engine_reconfigure(struct engine *e, const struct settings *settings, struct now now)
{
    e->settings = settings;
    engine_look_at_clocks(e, now);
    for (int i = 0; i < e->count; i++) {
        struct service *s = &e->services[i];
        const struct service_settings *fresh = settings_service(settings, s->saved.id);
        const struct service_settings *old = s->settings;
        s->settings = fresh;
        follow_up_settings(s, old);
        s->watch_policy = fresh->watch;
        watch_settings(s, now);
        evidence_settings(s);
        if (!s->saved.recovery_set)
            s->recovery_policy = fresh->recovery;
        service_judge(s, now);
        service_schedule(s);
    }
}

void engine_misconfigured(struct engine *e, int service, const char *why, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (why == NULL && s->misconfigured == NULL)
        return;
    mem_free(s->misconfigured);
    s->misconfigured = why == NULL ? NULL : mem_must(mem_strdup(why));
    if (why != NULL) {
        service_log(s, true, "misconfigured, so it is not watched: %s", why);
        service_judge(s, now);
    } else {
        service_log(s, false, "its settings can be used again: the watch begins");
        s->judged = false;
        s->cause = s->cause_logged = CAUSE_NONE;
        watch_init(s, now);
    }
    publish_status(s, now);
    publish_health(s, now);
    service_schedule(s);
}

const char *engine_problem(const struct engine *e, int service)
{
    return e->services[service].misconfigured;
}

void engine_reopened(struct engine *e, int service, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    watch_begin_round(s, now);
    watch_plan_round(s, now);
    service_schedule(s);
}
