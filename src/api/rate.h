/* Rate limits: calls a minute of one user (anonymous: address) and class, counted in a
 * window that starts with its first call. Pure: the caller brings the time. Bounded: the entry that
 * was used longest ago makes room. */
#ifndef RESUS_API_RATE_H
#define RESUS_API_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/operations.h"
#include "base/time.h"

#define RATE_WINDOW_SECONDS 60
#define RATE_ENTRIES_MAX 8192 /* users and addresses at once, all classes */

struct rate_limiter;

struct rate_answer {
    bool limited; /* a limit applies: X-RateLimit-* is sent */
    bool refused; /* 429 */
    int limit, remaining;
    int64_t reset;           /* Unix seconds */
    int retry_after_seconds; /* of a refusal, at least 1 */
};

struct rate_limiter *rate_new(void); /* NULL: out of memory */
void rate_free(struct rate_limiter *r);
/* `limits` by class, a minute; 0 = none. */
void rate_set(struct rate_limiter *r, const int limits[RATE_CLASS_COUNT]);
/* Counts one call of `who` ("user:7", "token:3", "address:10.0.0.1"). */
void rate_count(struct rate_limiter *r, enum rate_class class, const char *who, struct now now,
                struct rate_answer *ret);

#endif
