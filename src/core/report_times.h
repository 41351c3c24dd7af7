/* When the daily summary and the weekly report are due. Pure: the caller has the clock and the time
 * zone. A time that clocks skip is the instant of the change; one that they show twice is the first.
 */
#ifndef RESUS_CORE_REPORT_TIMES_H
#define RESUS_CORE_REPORT_TIMES_H

#include "base/time.h"
#include "base/zone_table.h"

/* One of the two is above 0, and counts from 1: minutes of the day, of the week from Monday 00:00. */
struct report_times {
    int daily, weekly;
};

/* The newest due time that is not after `now`. */
wall_ms report_due(const struct report_times *t, const struct zone_table *zone, wall_ms now);
/* The first one after `now`. */
wall_ms report_next(const struct report_times *t, const struct zone_table *zone, wall_ms now);

#endif
