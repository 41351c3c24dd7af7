/* The engine's own figures, for /metrics. */
#include "engine/service.h"

const int64_t engine_late_bounds_ms[ENGINE_LATE_BUCKETS] = {1, 2, 5, 10, 50, 100, 500, 2000};

void engine_lateness(const struct engine *e, struct engine_lateness *ret)
{
    *ret = e->all_late;
}

void engine_figures(const struct engine *e, int service, struct now now, struct engine_figures *ret)
{
    const struct service *s = &e->services[service];
    struct recovery_facts f;
    judge_facts(s, now, &f);
    *ret = (struct engine_figures){
        .counters = s->counters,
        .overall = snapshot_overall(s),
        .status = snapshot_status(s),
        .cause = cause_row(s->cause)->code,
        .up = s->sampler.state == SAMPLE_UP && current_silence_ms(s, now) < 0,
        .figures_hold = current_info(s, now),
        .certificate_ends = s->watch.certificate_ends,
        .canary = canary_newest(s, now),
        .ping_ms = latency_last_ms(s),
        .recovery_enabled = s->recovery_policy.enabled,
        .breaker_open = s->recovery.breaker.open,
        .needs_human = s->recovery.needs_human,
        .paused = f.paused,
        .stopped_on_purpose = f.stopped_on_purpose,
        .attempts = s->recovery.attempts,
        .withheld = snapshot_withheld(s, &f),
        .guarded = guard_reason(s, now) == WITHHELD_NOT,
        .last_check = s->watch.last_check,
        .redis = &s->exposition,
        .redis_at = s->sampler.figures_at,
    };
}

void engine_seed_memory(struct engine *e, int service, int64_t hour,
                        const int64_t lows[HEALTH_HOURS])
{
    health_seed_memory(&e->services[service].health, hour, lows);
}
