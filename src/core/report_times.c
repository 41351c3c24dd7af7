#include "core/report_times.h"

#include <stdbool.h>

#include "base/date.h"

#define DAY_SECONDS INT64_C(86400)
#define DAY_MINUTES 1440

/* The report of the local day that is `days` after today; false: there is none on that day. */
static bool slot(const struct report_times *t, const struct zone_table *zone, wall_ms now, int days,
                 wall_ms *ret)
{
    int64_t utc_s = now.ms / 1000;
    int64_t day = date_days_of_seconds(utc_s + zone_table_offset_s(zone, utc_s)) + days;
    int minute = t->daily > 0 ? t->daily - 1 : (t->weekly - 1) % DAY_MINUTES;
    if (t->daily == 0 && date_weekday(day) != (t->weekly - 1) / DAY_MINUTES)
        return false;
    int64_t local_s = day * DAY_SECONDS + minute * INT64_C(60);
    *ret = (wall_ms){zone_table_utc_s(zone, local_s, NULL) * 1000};
    return true;
}

/* Clocks that are put back by a day would make it two more. */
#define DAYS (WEEKDAY_COUNT + 1)

wall_ms report_due(const struct report_times *t, const struct zone_table *zone, wall_ms now)
{
    wall_ms at = WALL_NONE;
    for (int days = 1; days >= -DAYS; days--)
        if (slot(t, zone, now, days, &at) && at.ms <= now.ms)
            return at;
    return WALL_NONE;
}

wall_ms report_next(const struct report_times *t, const struct zone_table *zone, wall_ms now)
{
    wall_ms at = WALL_NONE;
    for (int days = -1; days <= DAYS; days++)
        if (slot(t, zone, now, days, &at) && at.ms > now.ms)
            return at;
    return WALL_NONE;
}
