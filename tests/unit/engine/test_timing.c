/* How late the watch's wake-ups came, as `timing` tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_fixture.h"

static void nothing_is_told_before_the_first_wake_up(void **state)
{
    struct fixture *f = *state;
    struct engine_timing timing;
    engine_timing(f->engine, &timing);
    assert_int_equal(timing.wakeups, 0);
    assert_int_equal(timing.p50_ms, 0);
    assert_int_equal(timing.p99_ms, 0);
    assert_int_equal(timing.worst_ms, 0);
}

static void percentiles_and_the_worst_are_of_the_wake_ups_that_were_asked_for(void **state)
{
    struct fixture *f = *state;
    struct engine_timing timing;
    for (int i = 0; i < 20; i++)
        (void)fixture_wake_late(f, i == 7 ? 1500 : i);
    engine_timing(f->engine, &timing);
    assert_int_equal(timing.wakeups, 20);
    assert_int_equal(timing.p50_ms, 10); /* 0 to 19 without the 7, which went to the end */
    assert_int_equal(timing.p99_ms, 1000);
    assert_int_equal(timing.worst_ms, 1500);
}

static void what_is_two_minutes_old_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct engine_timing timing;
    int64_t bad = fixture_wake_late(f, 300);
    while (fixture_wake_late(f, 0) < bad + 30000)
        ;
    engine_timing(f->engine, &timing);
    assert_int_equal(timing.worst_ms, 300);
    while (fixture_wake_late(f, 0) < bad + 121000)
        ;
    engine_timing(f->engine, &timing);
    assert_true(timing.wakeups > 0);
    assert_int_equal(timing.worst_ms, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_told_before_the_first_wake_up),
        TEST(percentiles_and_the_worst_are_of_the_wake_ups_that_were_asked_for),
        TEST(what_is_two_minutes_old_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
