/* Does a figure grow? Least squares over one value an hour; hours that were not measured are left
 * out. */
#ifndef RESUS_CORE_TREND_H
#define RESUS_CORE_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREND_HOURS_MIN 6
#define TREND_RISE_MIN 0.2 /* of the first value, over the whole time */
#define TREND_FIT_MIN 0.8  /* share of the variance that the line explains */

struct trend {
    bool growing;
    int hours;          /* between the first and the last value looked at */
    double per_hour;    /* slope of the line */
    double first, last; /* values measured */
};

/* `values` oldest first, one an hour, negative = unknown. The longest time that ends with the
 * newest value and shows growth counts; without any, the rest of the answer is zero. */
struct trend trend_of(const int64_t *values, size_t count);
/* Hours until `limit` is reached at this pace; < 0 when it grows not, or the limit is behind. */
double trend_hours_to(const struct trend *trend, double limit);

#endif
