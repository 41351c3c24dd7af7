#include "report/service_levels.h"

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"

/* The runbook's targets. */
#define AVAILABILITY_TARGET 99.9 /* percent */
#define PING_TARGET_MS 5
#define RECOVERY_TARGET_SECONDS 30
/* Of those that are counted one by one, the share that has to keep to the target. */
#define SHARE_TARGET 99.0
/* Seconds of known time. Of less than this 99.9 % leaves a budget that a single repair within its
 * own target would overdraw: a level is neither met nor missed. */
#define HISTORY_LEAST 3600
#define DAY_MS (86400LL * 1000)

/* The share of the good in percent, null where nothing was counted. Never rounded up to 100. */
static json_t *percent(double good, double all)
{
    double share = all > 0 ? good / all * 100 : 0;
    return all <= 0 ? json_null() : json_real((double)(int64_t)(share * 10000) / 10000);
}

static const char *met(double good, double all, double target)
{
    return all <= 0 ? "unknown" : good / all * 100 >= target ? "met" : "missed";
}

/* Until there is some history; unless it has been down for longer than all of the span may be. */
static bool too_early(double up, double down, int64_t days)
{
    double all = (double)(days * DAY_MS) / 1000 * (100 - AVAILABILITY_TARGET) / 100;
    return up + down < HISTORY_LEAST && down <= all;
}

/* What may be down in the time watched, what was, and what is left: minutes, may be below zero. */
static json_t *availability(const json_t *level)
{
    double up = json_real_or(level, "up_seconds", 0);
    double down = json_real_or(level, "down_seconds", 0);
    double allowed = (up + down) * (100 - AVAILABILITY_TARGET) / 100;
    json_t *o = json_object();
    (void)json_put_real(o, "target_percent", AVAILABILITY_TARGET);
    (void)json_put(o, "percent", percent(up, up + down));
    (void)json_put_text(o, "state",
                        too_early(up, down, json_int_or(level, "days", 0))
                            ? "unknown"
                            : met(up, up + down, AVAILABILITY_TARGET));
    static const char *const times[] = {"up_seconds", "down_seconds", "planned_seconds",
                                        "unknown_seconds", "unwatched_seconds"};
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        (void)json_put(o, times[i], json_rounded(json_real_or(level, times[i], 0), 3));
    (void)json_put(o, "budget_minutes", json_rounded(allowed / 60, 2));
    (void)json_put(o, "budget_left_minutes", json_rounded((allowed - down) / 60, 2));
    return o;
}

static json_t *response(const json_t *level)
{
    double watched = json_real_or(level, "up_seconds", 0) + json_real_or(level, "down_seconds", 0);
    double pings = (double)json_int_or(level, "pings", 0);
    double fast = (double)json_int_or(level, "fast_pings", 0);
    json_t *o = json_object();
    (void)json_put_int(o, "target_ms", PING_TARGET_MS);
    (void)json_put_real(o, "target_percent", SHARE_TARGET);
    (void)json_put(o, "percent", percent(fast, pings));
    (void)json_put_text(o, "state",
                        watched < HISTORY_LEAST ? "unknown" : met(fast, pings, SHARE_TARGET));
    (void)json_put_int(o, "pings", (int64_t)pings);
    return o;
}

static json_t *counted(int64_t target_seconds, int64_t count, int64_t within, double longest)
{
    json_t *o = json_object();
    (void)json_put_int(o, "target_seconds", target_seconds);
    (void)json_put(o, "percent", percent((double)within, (double)count));
    (void)json_put_text(o, "state", met((double)within, (double)count, 100));
    (void)json_put_int(o, "count", count);
    (void)json_put_int(o, "within", within);
    (void)json_put(o, "longest_seconds", count == 0 ? json_null() : json_rounded(longest, 3));
    return o;
}

/* Recoveries that ended well in time against those that ended otherwise; what others ended
 * is neither. */
static json_t *automatic(const json_t *recoveries, wall_ms since)
{
    size_t i;
    json_t *row;
    int64_t count = 0;
    int64_t within = 0;
    double longest = 0;
    json_array_foreach((json_t *)recoveries, i, row) {
        wall_ms at;
        const char *result = json_text_or(row, "result", "");
        double seconds = json_real_or(row, "duration_seconds", -1);
        bool good = str_equal(result, "success");
        if (wall_parse(json_text_or(row, "started_at", ""), &at) < 0 || at.ms < since.ms ||
            (!good && !str_equal(result, "failed")))
            continue;
        count++;
        within += good && seconds >= 0 && seconds < RECOVERY_TARGET_SECONDS;
        if (seconds > longest)
            longest = seconds;
    }
    return counted(RECOVERY_TARGET_SECONDS, count, within, longest);
}

static json_t *window(const json_t *level, const json_t *recoveries, wall_ms now)
{
    int64_t days = json_int_or(level, "days", 0);
    const json_t *outages = json_object_get(level, "outages");
    const json_t *manual = json_object_get(outages, "operation");
    json_t *o = json_object();
    (void)json_put_int(o, "days", days);
    (void)json_put(o, "since", json_incref(json_object_get(level, "since")));
    (void)json_put(o, "availability", availability(level));
    (void)json_put(o, "response_time", response(level));
    (void)json_put(o, "automatic_recovery", automatic(recoveries, wall_add(now, -days * DAY_MS)));
    (void)json_put(o, "manual_recovery",
                   counted(LEVELS_MANUAL_TARGET_SECONDS, json_int_or(manual, "count", 0),
                           json_int_or(manual, "within", 0),
                           json_real_or(manual, "longest_seconds", 0)));
    (void)json_put_int(o, "outages", json_int_or(outages, "count", 0));
    (void)json_put(o, "longest_outage_seconds",
                   json_incref(json_object_get(outages, "longest_seconds")));
    return o;
}

json_t *service_levels_json(const json_t *levels, const json_t *recoveries, wall_ms until)
{
    size_t i;
    json_t *level;
    json_t *windows = json_array();
    json_array_foreach((json_t *)levels, i, level) {
        (void)json_array_append_new(windows, window(level, recoveries, until));
    }
    return windows;
}
