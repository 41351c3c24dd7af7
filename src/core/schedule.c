#include "core/schedule.h"

#include <assert.h>
#include <string.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define DAY_S 86400
/* An occurrence that is under way may have begun this many dates ago: it lasts a day, and a zone
 * that skips a whole date moves its start by another. */
#define DAYS_BACK 3

static bool same_date(struct date a, struct date b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

bool schedule_excepts(const struct schedule *schedule, struct date date)
{
    for (size_t i = 0; i < schedule->exception_count; i++)
        if (same_date(schedule->exceptions[i], date))
            return true;
    return false;
}

static bool holds_once(const struct schedule *schedule, struct date date)
{
    return same_date(schedule->date, date);
}

static bool holds_weekly(const struct schedule *schedule, struct date date)
{
    return schedule->days[date_weekday(date_days(date))];
}

static bool holds_nth(const struct schedule *schedule, struct date date)
{
    if (date_weekday(date_days(date)) != schedule->weekday)
        return false;
    if (schedule->nth == SCHEDULE_LAST)
        return date.day + 7 > date_month_length(date.year, date.month);
    return (date.day - 1) / 7 + 1 == schedule->nth;
}

static bool holds_month_day(const struct schedule *schedule, struct date date)
{
    int day = schedule->month_day;
    return date.day == (day == SCHEDULE_LAST ? date_month_length(date.year, date.month) : day);
}

static bool (*const holds[])(const struct schedule *, struct date) = {
    [SCHEDULE_ONCE] = holds_once,
    [SCHEDULE_WEEKLY] = holds_weekly,
    [SCHEDULE_NTH_WEEKDAY] = holds_nth,
    [SCHEDULE_MONTH_DAY] = holds_month_day,
};
static_assert(ARRAY_LENGTH(holds) == SCHEDULE_KIND_COUNT, "a rule for every kind");

bool schedule_matches(const struct schedule *schedule, struct date date)
{
    return holds[schedule->kind](schedule, date) && !schedule_excepts(schedule, date);
}

bool schedule_empty(const struct schedule *schedule)
{
    return schedule->kind == SCHEDULE_ONCE && schedule_excepts(schedule, schedule->date);
}

wall_ms schedule_zone_from(wall_ms now)
{
    return wall_add(now, -(DAYS_BACK + 2) * DAY_MS);
}

wall_ms schedule_zone_until(wall_ms now)
{
    return wall_add(now, (SCHEDULE_HORIZON_DAYS + 3) * DAY_MS);
}

static struct schedule_occurrence occurrence_on(const struct schedule *schedule,
                                                const struct zone_table *zone, int64_t days)
{
    struct schedule_occurrence o = {.date = date_of_days(days)};
    int64_t local_s = days * DAY_S + (int64_t)schedule->start_minute * 60;
    o.starts = (wall_ms){zone_table_utc_s(zone, local_s, &o.start_kind) * 1000};
    o.ends = wall_add(o.starts, (int64_t)schedule->minutes * 60 * 1000);
    return o;
}

size_t schedule_occurrences(const struct schedule *schedule, const struct zone_table *zone,
                            wall_ms now, struct schedule_occurrence ret[SCHEDULE_OCCURRENCES_MAX])
{
    int64_t now_s = now.ms / 1000 - (now.ms % 1000 < 0);
    int64_t today = date_days_of_seconds(now_s + zone_table_offset_s(zone, now_s));
    wall_ms horizon = wall_add(now, SCHEDULE_HORIZON_DAYS * DAY_MS);
    size_t count = 0;
    for (int64_t days = today - DAYS_BACK;
         days <= today + SCHEDULE_HORIZON_DAYS + 1 && count < SCHEDULE_OCCURRENCES_MAX; days++) {
        if (!schedule_matches(schedule, date_of_days(days)))
            continue;
        struct schedule_occurrence o = occurrence_on(schedule, zone, days);
        if (o.ends.ms > now.ms && o.starts.ms < horizon.ms)
            ret[count++] = o;
    }
    return count;
}
