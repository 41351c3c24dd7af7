/* What recovery is doing, as JSON. */
#include "base/json.h"
#include "base/str.h"
#include "engine/queries.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/stops.h"
#include "engine/withheld.h"

static const char *recovery_state(const struct service *s, const struct recovery_facts *f)
{
    const struct recovery *r = &s->recovery;
    switch (r->phase) {
    case PHASE_EXHAUSTED:
        return "failed";
    case PHASE_INTENT:
    case PHASE_ACTING:
    case PHASE_VERIFYING:
        return "recovering";
    case PHASE_GRACE:
    case PHASE_WINDOW:
    case PHASE_BACKOFF:
        return "waiting";
    case PHASE_STABLE:
        return "succeeded";
    default:
        break;
    }
    if (!s->recovery_policy.enabled)
        return "disabled";
    if (f->paused)
        return "paused";
    if (r->needs_human)
        return "failed";
    return s->verdict.confirmed ? "monitoring" : "confirming";
}

static int recoveries_since(const struct service *s, wall_ms since)
{
    int n = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(s->recovering.times); i++)
        n += s->recovering.times[i].ms != 0 && s->recovering.times[i].ms >= since.ms;
    return n;
}

static void put_next_step(json_t *body, const struct service *s, struct now now)
{
    char text[FACT_TEXT_MAX];
    stops_wait_text(s, now, text, sizeof text);
    (void)json_put_int(body, "next_step_in_seconds", stops_wait_seconds(s, now));
    (void)json_put_wall(body, "next_step_at",
                        wall_add(now.wall, mono_since(s->recovery.deadline, now.mono)));
    (void)json_put_text(body, "next_step", text);
}

json_t *engine_recovery_json(const struct engine *e, int service, struct now now)
{
    const struct service *s = &e->services[service];
    const struct recovery *r = &s->recovery;
    struct recovery_facts f;
    recovery_facts_now(s, now, &f);
    json_t *body = json_object();
    (void)json_put_bool(body, "enabled", s->recovery_policy.enabled && r->phase != PHASE_EXHAUSTED);
    (void)json_put_text(body, "state", recovery_state(s, &f));
    (void)json_put_int(body, "recent_recoveries",
                       recoveries_since(s, wall_add(now.wall, -86400000)));
    (void)json_put_wall(body, "last_recovery",
                        s->recovering.last.any ? s->recovering.last.at : WALL_NONE);
    bool any = s->recovering.last.any;
    bool success = s->recovering.last.end == END_SUCCESS || s->recovering.last.end == END_BY_ITSELF;
    (void)json_put_text(body, "recovery_status", any ? (success ? "success" : "failed") : NULL);
    enum recovery_level level = r->open ? r->level : s->recovering.last.level;
    (void)json_put_text(body, "recovery_level", any || r->open ? recovery_level_word(level) : NULL);
    (void)json_put(body, "duration_seconds",
                   any && s->recovering.last.duration_seconds >= 0
                       ? json_rounded(s->recovering.last.duration_seconds, 3)
                       : json_null());
    (void)json_put_int(body, "attempts", r->attempts);
    (void)json_put_int(body, "max_attempts", s->recovery_policy.max_attempts);
    (void)json_put_bool(body, "requires_manual_intervention", r->needs_human);
    json_t *breaker = json_object();
    (void)json_put_text(breaker, "state", r->breaker.open ? "open" : "closed");
    (void)json_put_int(breaker, "recoveries_in_window",
                       breaker_in_window(&r->breaker, &s->recovery_policy, now.wall));
    (void)json_put_int(breaker, "window_seconds", s->recovery_policy.breaker_window_ms / 1000);
    (void)json_put_wall(breaker, "opened_at", r->breaker.open ? r->breaker.opened_at : WALL_NONE);
    (void)json_put(body, "circuit_breaker", breaker);
    (void)json_put(body, "withheld", withheld_json(s, snapshot_withheld(s, &f)));
    (void)json_put_text(body, "phase", recovery_phase_word(r->phase));
    if (stops_waits(s, now))
        put_next_step(body, s, now);
    if (f.paused)
        (void)json_put_wall(body, "paused_until", s->saved.paused_until);
    json_t *policy = json_object();
    (void)json_put_int(policy, "retry_delay_seconds", s->recovery_policy.retry_delay_ms / 1000);
    (void)json_put_real(policy, "backoff_multiplier", s->recovery_policy.backoff_multiplier);
    (void)json_put_int(policy, "failure_threshold", s->watch_policy.failure_threshold);
    (void)json_put_text(policy, "external_stop",
                        s->recovery_policy.external_stop == EXTERNAL_STOP_RESPECT ? "respect"
                                                                                  : "recover");
    (void)json_put_int(policy, "external_stop_grace_seconds",
                       s->recovery_policy.external_stop_grace_ms / 1000);
    (void)json_put(body, "policy", policy);
    return body;
}
