#include "core/backup_plan.h"

#include "base/date.h"

#define DAY_SECONDS INT64_C(86400)
#define DAY_MS (DAY_SECONDS * 1000)

const int64_t backup_retry_ms[BACKUP_RETRY_COUNT] = {60 * 1000, 5 * 60 * 1000, 15 * 60 * 1000,
                                                     60 * 60 * 1000};

static wall_ms later(wall_ms a, wall_ms b)
{
    return a.ms > b.ms ? a : b;
}

/* The daily time of the local day that is `days` after today, as an instant. */
static wall_ms slot(const struct backup_times *t, const struct zone_table *zone, wall_ms now,
                    int days)
{
    int64_t utc_s = now.ms / 1000;
    int64_t today = date_days_of_seconds(utc_s + zone_table_offset_s(zone, utc_s));
    int64_t local_s = (today + days) * DAY_SECONDS + (t->minute - 1) * INT64_C(60);
    return (wall_ms){zone_table_utc_s(zone, local_s, NULL) * 1000};
}

/* The newest daily time that has passed, and the one after it. */
static wall_ms due_daily(const struct backup_times *t, const struct zone_table *zone, wall_ms now)
{
    bool today = slot(t, zone, now, 0).ms <= now.ms;
    wall_ms passed = slot(t, zone, now, today ? 0 : -1);
    if (t->made.ms == WALL_NONE.ms || t->made.ms < passed.ms)
        return later(wall_add(passed, t->spread_ms),
                     passed.ms < t->begun.ms ? wall_add(t->begun, BACKUP_CATCH_UP_MS) : passed);
    return wall_add(slot(t, zone, now, today ? 1 : 0), t->spread_ms);
}

static wall_ms due_each(const struct backup_times *t)
{
    wall_ms first = wall_add(t->begun, BACKUP_CATCH_UP_MS);
    if (t->made.ms == WALL_NONE.ms)
        return first;
    wall_ms due = wall_add(t->made, t->every_ms);
    return due.ms < t->begun.ms ? first : due;
}

wall_ms backup_due(const struct backup_times *t, const struct zone_table *zone, wall_ms now)
{
    if (t->minute == 0 && t->every_ms == 0)
        return WALL_NONE;
    wall_ms due = t->every_ms > 0 ? due_each(t) : due_daily(t, zone, now);
    if (t->failures == 0)
        return due;
    int step = t->failures > BACKUP_RETRY_COUNT ? BACKUP_RETRY_COUNT : t->failures;
    return later(due, wall_add(t->tried, backup_retry_ms[step - 1]));
}

int64_t backup_age_limit_ms(const struct backup_times *t)
{
    int64_t period = t->every_ms > 0 ? t->every_ms : t->minute > 0 ? DAY_MS : 0;
    return period + period / 12;
}

bool backup_overdue(const struct backup_times *t, wall_ms proved, wall_ms now)
{
    int64_t limit = backup_age_limit_ms(t);
    wall_ms from = proved.ms == WALL_NONE.ms ? t->begun : proved;
    return limit > 0 && wall_since(now, from) > limit;
}

/* FNV-1a: the same service begins at the same minute each day. */
int64_t backup_spread_ms(const char *service)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *p = service; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (int64_t)(hash % (uint64_t)BACKUP_SPREAD_MS);
}
