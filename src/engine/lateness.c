#include "engine/lateness.h"

#include "engine/queries.h"
#include "engine/service.h"

#define PERIOD_MS 60000

const int64_t engine_late_bounds_ms[ENGINE_LATE_BUCKETS] = {1, 2, 5, 10, 50, 100, 500, 2000};

void lateness_start(struct lateness *l, struct now now)
{
    l->until = mono_add(now.mono, PERIOD_MS);
}

void lateness_note(struct lateness *l, int64_t late_ms)
{
    struct lateness_period *p = &l->current;
    int64_t late = late_ms < 0 ? 0 : late_ms;
    p->counts[late > LATENESS_MS_MAX ? LATENESS_MS_MAX : late]++;
    p->count++;
    if (late > p->worst_ms)
        p->worst_ms = late;
    l->all.count++;
    l->all.sum_ms += (uint64_t)late;
    for (int i = 0; i < ENGINE_LATE_BUCKETS; i++)
        l->all.below[i] += late <= engine_late_bounds_ms[i];
}

void lateness_turn(struct lateness *l, struct now now)
{
    if (!mono_reached(now.mono, l->until))
        return;
    l->until = mono_add(now.mono, PERIOD_MS);
    l->before = l->current;
    l->current = (struct lateness_period){0};
}

static int64_t wakeups(const struct lateness *l)
{
    return (int64_t)l->current.count + l->before.count;
}

int64_t lateness_ms(const struct lateness *l, int percent)
{
    int64_t wanted = (wakeups(l) * percent + 99) / 100;
    int64_t seen = 0;
    for (int ms = 0; ms <= LATENESS_MS_MAX; ms++) {
        seen += (int64_t)l->current.counts[ms] + l->before.counts[ms];
        if (seen >= wanted)
            return ms;
    }
    return LATENESS_MS_MAX;
}

void engine_timing(const struct engine *e, struct engine_timing *ret)
{
    const struct lateness *l = &e->lateness;
    int64_t now = l->current.worst_ms, before = l->before.worst_ms;
    *ret = (struct engine_timing){
        .wakeups = wakeups(l),
        .p50_ms = lateness_ms(l, 50),
        .p99_ms = lateness_ms(l, 99),
        .worst_ms = now > before ? now : before,
    };
}

void engine_lateness(const struct engine *e, struct engine_lateness *ret)
{
    *ret = e->lateness.all;
}
