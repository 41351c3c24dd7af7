/* The circuit breaker: so many recoveries within a window, and automatic recovery stops
 * until an admin resets it. Counts recoveries of which a first step ran, when they have ended,
 * whatever their result. Wall times, because it survives a restart of Resus; a clock set back never
 * opens it by itself and never forgets an entry of "the future". */
#ifndef RESUS_CORE_BREAKER_H
#define RESUS_CORE_BREAKER_H

#include <stdbool.h>

#include "base/time.h"
#include "core/policy.h"

#define BREAKER_TIMES_MAX 8 /* also the largest `recoveries` a policy may ask for */

struct breaker {
    wall_ms times[BREAKER_TIMES_MAX]; /* ends of recoveries, newest first, WALL_NONE behind */
    bool open;
    wall_ms opened_at;
};

/* A recovery has ended. Returns true when this one opened the breaker. */
bool breaker_count(struct breaker *b, const struct recovery_policy *policy, wall_ms now);
int breaker_in_window(const struct breaker *b, const struct recovery_policy *policy, wall_ms now);
void breaker_reset(struct breaker *b);

#endif
