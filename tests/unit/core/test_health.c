/* Figures against limits: entered at the limit, left below 95 % of it, and unknown stays unknown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/health.h"

#define MEBIBYTE (1024LL * 1024)
#define WALL_MS 1760000000000LL

static struct health_state state;
static struct watch_policy policy;
static struct info_facts info;

static int fresh(void **unused)
{
    (void)unused;
    health_reset(&state);
    policy = watch_policy_default();
    facts_info_reset(&info);
    info.known = true;
    info.at = (mono_ms){1000};
    info.at_wall = (wall_ms){WALL_MS};
    return 0;
}

static enum level_of after_memory(int64_t mb)
{
    info.used_memory = mb * MEBIBYTE;
    health_update(&state, &policy.thresholds, &info, -1);
    return state.levels.gauges[GAUGE_MEMORY].level;
}

static void a_level_is_entered_at_its_limit_and_left_below_95_percent(void **unused)
{
    (void)unused;
    static const struct {
        int64_t mb;
        enum level_of level;
    } steps[] = {
        {3071, LEVEL_OK},       {3072, LEVEL_WARNING}, {2919, LEVEL_WARNING},
        {2918, LEVEL_OK},       {4095, LEVEL_WARNING}, {4096, LEVEL_CRITICAL},
        {3892, LEVEL_CRITICAL}, {3891, LEVEL_WARNING}, {100, LEVEL_OK},
        {5000, LEVEL_CRITICAL}, {100, LEVEL_OK},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++)
        assert_int_equal(after_memory(steps[i].mb), steps[i].level);
}

static void an_unknown_figure_keeps_its_level(void **unused)
{
    (void)unused;
    assert_int_equal(after_memory(3500), LEVEL_WARNING);
    info.used_memory = FACT_UNKNOWN;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_int_equal(state.levels.gauges[GAUGE_MEMORY].level, LEVEL_WARNING);
    assert_true(state.levels.gauges[GAUGE_MEMORY].value < 0);
}

static void memory_is_judged_against_maxmemory_unless_limits_were_set(void **unused)
{
    (void)unused;
    info.maxmemory = 100 * MEBIBYTE;
    assert_int_equal(after_memory(74), LEVEL_OK);
    assert_int_equal(after_memory(75), LEVEL_WARNING);
    assert_int_equal(after_memory(100), LEVEL_CRITICAL);
    policy.thresholds.memory_set = true;
    assert_int_equal(after_memory(100), LEVEL_OK);
}

static void a_full_cache_that_evicts_is_judged_by_its_evictions(void **unused)
{
    (void)unused;
    info.maxmemory = 100 * MEBIBYTE;
    info.evicts = true;
    info.evicted_keys = 5;
    assert_int_equal(after_memory(100), LEVEL_OK);
    assert_int_equal(after_memory(100), LEVEL_OK);
    info.evicted_keys = 6;
    assert_int_equal(after_memory(100), LEVEL_WARNING);
    assert_int_equal(after_memory(100), LEVEL_OK);
}

static void processor_time_needs_two_readings_of_one_process(void **unused)
{
    (void)unused;
    info.process_id = 7;
    info.cpu_seconds = 10;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_true(state.levels.gauges[GAUGE_CPU].value < 0);
    info.at.ms += 30000;
    info.cpu_seconds = 10 + 28.5;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_int_equal(state.levels.gauges[GAUGE_CPU].level, LEVEL_CRITICAL);
    info.at.ms += 30000;
    info.process_id = 8; /* another process: its seconds say nothing about the first */
    info.cpu_seconds = 500;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_true(state.levels.gauges[GAUGE_CPU].value < 0);
}

static enum level_of after_cpu(int64_t later_ms, double seconds)
{
    info.at.ms += later_ms;
    info.cpu_seconds += seconds;
    health_update(&state, &policy.thresholds, &info, -1);
    return state.levels.gauges[GAUGE_CPU].level;
}

static void processor_time_is_that_of_the_last_half_minute(void **unused)
{
    (void)unused;
    info.process_id = 7;
    info.cpu_seconds = 10;
    assert_int_equal(after_cpu(0, 0), LEVEL_OK);
    /* A script of 25 s, and INFO as soon as it was killed; idle since. */
    assert_int_equal(after_cpu(27000, 25), LEVEL_CRITICAL);
    assert_int_equal(after_cpu(HEALTH_CPU_AGAIN_MS, 0.1), LEVEL_OK);
    /* A script of minutes says nothing of now; neither do two readings at once. */
    assert_int_equal(after_cpu(200000, 199), LEVEL_OK);
    assert_true(state.levels.gauges[GAUGE_CPU].value < 0);
    assert_int_equal(after_cpu(20, 0.02), LEVEL_OK);
    assert_true(state.levels.gauges[GAUGE_CPU].value < 0);
    assert_int_equal(after_cpu(30000, 0.3), LEVEL_OK);
    assert_true(state.levels.gauges[GAUGE_CPU].value >= 0);
}

static void errors_are_counted_over_the_last_hour_without_our_own(void **unused)
{
    (void)unused;
    assert_int_equal(health_errors_last_hour(&state), FACT_UNKNOWN);
    info.error_replies = 1000;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_int_equal(health_errors_last_hour(&state), 0);
    info.at_wall.ms += 60000;
    info.error_replies = 1012;
    health_own_errors(&state, 1);
    health_own_errors(&state, 1);
    health_update(&state, &policy.thresholds, &info, -1);
    assert_int_equal(health_errors_last_hour(&state), 10);
    assert_int_equal(state.levels.gauges[GAUGE_ERRORS].level, LEVEL_WARNING);
    info.at_wall.ms += 59 * 60000; /* the first reading left the hour */
    health_update(&state, &policy.thresholds, &info, -1);
    assert_int_equal(health_errors_last_hour(&state), 0);
    info.at_wall.ms -= 7200000; /* a clock set back restarts the count, which is never below zero */
    info.error_replies = 3;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_int_equal(health_errors_last_hour(&state), 0);
}

static void growth_needs_six_rising_hours_and_a_fifth(void **unused)
{
    (void)unused;
    for (int hour = 0; hour < 7; hour++) {
        assert_false(state.levels.memory_growing);
        (void)after_memory(100 + 5 * hour);
        info.at_wall.ms += 3600000;
    }
    assert_true(state.levels.memory_growing); /* 100 -> 130 in six hours */
    assert_int_equal(state.levels.memory_trend.hours, 6);
    assert_true(state.levels.memory_trend.per_hour == 5.0 * 1024 * 1024);
    (void)after_memory(129); /* a small dip is not the end of it */
    assert_true(state.levels.memory_growing);
    (void)after_memory(100); /* this is */
    assert_false(state.levels.memory_growing);
}

static void growth_is_seen_with_what_was_remembered_from_before(void **unused)
{
    (void)unused;
    const int64_t mib = 1024 * 1024;
    int64_t lows[HEALTH_HOURS];
    for (int i = 0; i < HEALTH_HOURS; i++)
        lows[i] = (100 + 10 * i) * mib;
    lows[5] = FACT_UNKNOWN; /* Resus was down */
    (void)after_memory(340);
    assert_false(state.levels.memory_growing);
    health_seed_memory(&state, info.at_wall.ms / 3600000 - 1, lows);
    assert_true(state.levels.memory_growing);
    assert_int_equal(state.levels.memory_trend.hours, 23);
    health_seed_memory(&state, info.at_wall.ms / 3600000 - 100, lows); /* too old to matter */
    assert_int_equal(state.levels.memory_trend.hours, 23);
}

static void slow_queries_are_those_since_the_last_look(void **unused)
{
    (void)unused;
    info.slowlog_length = 100;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_false(state.levels.slow_queries);
    info.slowlog_length = 101;
    health_update(&state, &policy.thresholds, &info, -1);
    assert_true(state.levels.slow_queries);
    health_update(&state, &policy.thresholds, &info, -1);
    assert_false(state.levels.slow_queries);
}

static void the_worst_gauge_counts(void **unused)
{
    (void)unused;
    info.connected_clients = 8000;
    health_update(&state, &policy.thresholds, &info, 100);
    assert_int_equal(state.levels.gauges[GAUGE_CONNECTIONS].level, LEVEL_WARNING);
    assert_int_equal(state.levels.gauges[GAUGE_LATENCY].level, LEVEL_CRITICAL);
    assert_int_equal(health_worst(&state.levels), LEVEL_CRITICAL);
    info.maxclients = 10000;
    info.connected_clients = 7999;
    health_update(&state, &policy.thresholds, &info, 1);
    assert_int_equal(health_worst(&state.levels), LEVEL_WARNING); /* above 95 % of 80 % */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_level_is_entered_at_its_limit_and_left_below_95_percent, fresh),
        cmocka_unit_test_setup(an_unknown_figure_keeps_its_level, fresh),
        cmocka_unit_test_setup(memory_is_judged_against_maxmemory_unless_limits_were_set, fresh),
        cmocka_unit_test_setup(a_full_cache_that_evicts_is_judged_by_its_evictions, fresh),
        cmocka_unit_test_setup(processor_time_needs_two_readings_of_one_process, fresh),
        cmocka_unit_test_setup(processor_time_is_that_of_the_last_half_minute, fresh),
        cmocka_unit_test_setup(errors_are_counted_over_the_last_hour_without_our_own, fresh),
        cmocka_unit_test_setup(growth_needs_six_rising_hours_and_a_fifth, fresh),
        cmocka_unit_test_setup(growth_is_seen_with_what_was_remembered_from_before, fresh),
        cmocka_unit_test_setup(slow_queries_are_those_since_the_last_look, fresh),
        cmocka_unit_test_setup(the_worst_gauge_counts, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
