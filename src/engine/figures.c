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
    };
}

void engine_reported(const struct engine *e, int service, struct now now,
                     struct engine_reported *ret)
{
    const struct service *s = &e->services[service];
    const struct reported_figures *t = &s->reported;
    bool up =
        s->sampler.state == SAMPLE_UP && current_silence_ms(s, now) < 0 && !current_another(s);
    bool hold = up && current_info(s, now) && t->info.known && current_asked(s, t->info_asked);
    bool cluster = hold && t->cluster.known && current_asked(s, t->cluster_asked);
    *ret = (struct engine_reported){
        .up = up,
        .redis = hold ? &t->info : NULL,
        .commands = hold && current_asked(s, t->commands_asked) ? &t->commands : NULL,
        .cluster = cluster ? &t->cluster : NULL,
        .redis_at = t->info_at,
    };
}

void engine_scraped(struct engine *e, int service, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    reported_scraped(s, now);
    service_schedule(s);
}

void engine_seed_memory(struct engine *e, int service, int64_t hour,
                        const int64_t lows[HEALTH_HOURS])
{
    health_seed_memory(&e->services[service].health, hour, lows);
}
