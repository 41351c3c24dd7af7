#include "settings/office_hours.h"

#include <errno.h>
#include <string.h>

#include "core/schedule.h"

#define DAY (24 * 60)

int office_hours_parse(const char *text, struct office_hours *ret, struct error *err)
{
    struct schedule week;
    if (schedule_parse(text, &week, NULL) < 0 || week.kind != SCHEDULE_WEEKLY)
        return error_set(err, -EINVAL,
                         "\"%.64s\" are no business hours: write them like Mon-Fri 08:00-18:00",
                         text);
    int to = week.start_minute + week.minutes;
    struct office_hours h = {.from = week.start_minute, .to = to > DAY ? to - DAY : to};
    memcpy(h.days, week.days, sizeof h.days);
    *ret = h;
    return 0;
}

bool office_hours_hold(const struct office_hours *hours, const struct zone *zone, wall_ms t)
{
    int64_t local_s = t.ms / 1000 + zone_offset_s(zone, t);
    int64_t days = date_days_of_seconds(local_s);
    int minute = (int)((local_s - days * 86400) / 60);
    int day = date_weekday(days);
    if (hours->from < hours->to)
        return hours->days[day] && minute >= hours->from && minute < hours->to;
    return (hours->days[day] && minute >= hours->from) ||
           (hours->days[(day + 6) % 7] && minute < hours->to);
}
