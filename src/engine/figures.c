/* The engine's own figures, for /metrics. */
#include "engine/current.h"
#include "engine/latency.h"
#include "engine/queries.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/withheld.h"

void engine_figures(const struct engine *e, int service, struct now now, struct engine_figures *ret)
{
    const struct service *s = &e->services[service];
    struct recovery_facts f;
    recovery_facts_now(s, now, &f);
    *ret = (struct engine_figures){
        .counters = s->counters,
        .overall = snapshot_overall(s, now),
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
        .guarded = withheld_always(s, now) == WITHHELD_NOT,
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
