/* The newest PING times of a service, and what of them is Redis' own. */
#include "engine/latency.h"

#include <string.h>

#include "engine/service.h"

void latency_note(struct service *s, int64_t us)
{
    struct watch *w = &s->watch;
    if (us < 0)
        return;
    w->latency_us[w->latency_next] = us;
    w->latency_next = (w->latency_next + 1) % WATCH_LATENCIES;
    if (w->latency_count < WATCH_LATENCIES)
        w->latency_count++;
}

/* Of 64 times that are mostly alike: no library's sort is faster. */
static void sort(int64_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        int64_t value = values[i];
        unsigned at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

double latency_ms(const struct service *s, double percentile)
{
    const struct watch *w = &s->watch;
    if (w->latency_count == 0)
        return -1;
    int64_t sorted[WATCH_LATENCIES];
    memcpy(sorted, w->latency_us, w->latency_count * sizeof sorted[0]);
    sort(sorted, w->latency_count);
    unsigned at = (unsigned)((double)(w->latency_count - 1) * percentile / 100.0 + 0.5);
    return (double)sorted[at] / 1000.0;
}

/* A PONG waits for us as long as a timer does: when we are held up, or the machine is, that is not
 * Redis' time. Lateness is known in whole milliseconds: what the fastest PONG took below one stays.
 */
double latency_of_redis_ms(const struct service *s, double percentile)
{
    double seen = latency_ms(s, percentile);
    double ours = (double)lateness_ms(&s->engine->lateness, (int)percentile);
    double fastest = latency_ms(s, 0);
    double least = fastest < 1 ? fastest : 1;
    if (seen < 0)
        return seen;
    return seen - ours > least ? seen - ours : least;
}

double latency_last_ms(const struct service *s)
{
    const struct watch *w = &s->watch;
    if (w->latency_count == 0)
        return -1;
    return (double)w->latency_us[(w->latency_next + WATCH_LATENCIES - 1) % WATCH_LATENCIES] /
           1000.0;
}
