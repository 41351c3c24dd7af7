#include "core/breaker.h"

int breaker_in_window(const struct breaker *b, const struct recovery_policy *policy, wall_ms now)
{
    int count = 0;
    for (int i = 0; i < BREAKER_TIMES_MAX; i++)
        if (b->times[i].ms != 0 && wall_since(now, b->times[i]) <= policy->breaker_window_ms)
            count++;
    return count;
}

bool breaker_count(struct breaker *b, const struct recovery_policy *policy, wall_ms now)
{
    for (int i = BREAKER_TIMES_MAX - 1; i > 0; i--)
        b->times[i] = b->times[i - 1];
    b->times[0] = now;
    if (b->open || breaker_in_window(b, policy, now) < policy->breaker_recoveries)
        return false;
    b->open = true;
    b->opened_at = now;
    return true;
}

void breaker_reset(struct breaker *b)
{
    *b = (struct breaker){0};
}
