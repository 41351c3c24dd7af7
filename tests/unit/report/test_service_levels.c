/* Service levels: met, missed, or too early to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/service_levels.h"

#define DAY_SECONDS 86400

static const wall_ms now = {1760106600000}; /* 2025-10-10T14:30:00Z */

static json_t *levels_of(double up, double down)
{
    json_t *level = json_pack("{s:i, s:n, s:f, s:f, s:i, s:i, s:{s:i, s:n}}", "days", 7, "since",
                              "up_seconds", up, "down_seconds", down, "pings", 1000, "fast_pings",
                              995, "outages", "count", 1, "longest_seconds");
    json_t *levels = json_array();
    (void)json_array_append_new(levels, level);
    return levels;
}

static const char *state_of(const json_t *windows, const char *level)
{
    return json_text_or(json_object_get(json_array_get(windows, 0), level), "state", "");
}

static void availability_is_met_missed_or_too_early_to_say(void **state)
{
    (void)state;
    static const struct {
        double up, down;
        const char *state;
    } rows[] = {
        {7.0 * DAY_SECONDS, 60, "met"},
        {7.0 * DAY_SECONDS - 1200, 1200, "missed"},
        {1800, 60, "unknown"}, /* half an hour is no history */
        {1800, 700, "missed"}, /* more than all of the week may be */
    };
    JSON_CLEANUP json_t *none = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        JSON_CLEANUP json_t *levels = levels_of(rows[i].up, rows[i].down);
        JSON_CLEANUP json_t *windows = service_levels_json(levels, none, now);
        assert_string_equal(state_of(windows, "availability"), rows[i].state);
    }
}

static void a_hundred_percent_is_never_rounded_up_to(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *none = json_array();
    JSON_CLEANUP json_t *levels = levels_of(7.0 * DAY_SECONDS, 0.001);
    JSON_CLEANUP json_t *windows = service_levels_json(levels, none, now);
    const json_t *level = json_object_get(json_array_get(windows, 0), "availability");
    assert_true(json_real_or(level, "percent", 100) < 100);
}

static void recoveries_outside_the_span_or_ended_by_others_do_not_count(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *rows = json_pack(
        "[{s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}, {s:s, s:s, s:f}]", /* */
        "started_at", "2025-10-09T00:00:00Z", "result", "success", "duration_seconds", 2.0,
        "started_at", "2025-10-09T01:00:00Z", "result", "failed", "duration_seconds", 40.0,
        "started_at", "2025-10-09T02:00:00Z", "result", "superseded", "duration_seconds", 90.0,
        "started_at", "2025-09-09T00:00:00Z", "result", "failed", "duration_seconds", 99.0);
    JSON_CLEANUP json_t *levels = levels_of(7.0 * DAY_SECONDS, 0);
    JSON_CLEANUP json_t *windows = service_levels_json(levels, rows, now);
    const json_t *level = json_object_get(json_array_get(windows, 0), "automatic_recovery");
    assert_int_equal(json_int_or(level, "count", 0), 2);
    assert_int_equal(json_int_or(level, "within", 0), 1);
    assert_true(json_real_or(level, "longest_seconds", 0) > 39 &&
                json_real_or(level, "longest_seconds", 0) < 41);
    assert_string_equal(json_text_or(level, "state", ""), "missed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(availability_is_met_missed_or_too_early_to_say),
        cmocka_unit_test(a_hundred_percent_is_never_rounded_up_to),
        cmocka_unit_test(recoveries_outside_the_span_or_ended_by_others_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
