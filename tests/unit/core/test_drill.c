/* When drills begin, and when they are overdue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/drill.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)
#define NOW INT64_C(1795996800000)

static wall_ms at(int64_t ms)
{
    return (wall_ms){NOW + ms};
}

/* Every cell: nothing is due without a period or without a proved backup. */
static void each_cell_of_the_table_says_from_when_the_next_one_is_counted(void **state)
{
    static const struct {
        enum drill_last last;
        int64_t passed, tried, due;
    } rows[DRILL_LAST_COUNT] = {
        {DRILL_NEVER, 0, 0, -HOUR + 30 * MINUTE + MINUTE},
        {DRILL_PASSED, -2 * DAY, 0, 5 * DAY},
        {DRILL_FAILED, -8 * DAY, -10 * MINUTE, 50 * MINUTE},
    };
    (void)state;
    for (int i = 0; i < DRILL_LAST_COUNT; i++) {
        struct drill_times t = {
            .every_ms = WEEK,
            .spread_ms = MINUTE,
            .there = true,
            .last = rows[i].last,
            .begun = at(-HOUR),
            .passed = rows[i].last == DRILL_NEVER ? WALL_NONE : at(rows[i].passed),
            .tried = at(rows[i].tried),
            .failures = 1,
        };
        assert_int_equal(drill_due(&t).ms, at(rows[i].due).ms);
        t.there = false;
        assert_int_equal(drill_due(&t).ms, WALL_NONE.ms);
        t.there = true;
        t.every_ms = 0;
        assert_int_equal(drill_due(&t).ms, WALL_NONE.ms);
        assert_false(drill_overdue(&t, at(90 * DAY)));
    }
}

static void a_missed_drill_is_made_up_for_half_an_hour_after_the_start(void **state)
{
    (void)state;
    struct drill_times t = {.every_ms = WEEK,
                            .spread_ms = 3 * MINUTE,
                            .there = true,
                            .last = DRILL_PASSED,
                            .begun = at(0),
                            .passed = at(-9 * DAY)};
    assert_int_equal(drill_due(&t).ms, at(33 * MINUTE).ms);
    t.passed = at(-6 * DAY);
    assert_int_equal(drill_due(&t).ms, at(DAY).ms);
}

static void a_failed_drill_is_repeated_after_1_6_and_24_hours(void **state)
{
    static const int64_t waits[] = {1, 6, 24, 24};
    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct drill_times t = {.every_ms = WEEK,
                                      .there = true,
                                      .last = DRILL_FAILED,
                                      .begun = at(-DAY),
                                      .passed = WALL_NONE,
                                      .tried = at(0),
                                      .failures = i + 1};
        assert_int_equal(drill_due(&t).ms, at(waits[i] * HOUR).ms);
    }
}

static void a_drill_is_overdue_after_a_period_and_a_seventh(void **state)
{
    (void)state;
    struct drill_times t = {.every_ms = WEEK,
                            .there = true,
                            .last = DRILL_FAILED,
                            .begun = at(-30 * DAY),
                            .passed = at(-8 * DAY),
                            .tried = at(-HOUR),
                            .failures = 3};
    assert_false(drill_overdue(&t, at(0)));
    assert_true(drill_overdue(&t, at(1)));
    t.passed = WALL_NONE; /* then from the daemon's start */
    assert_true(drill_overdue(&t, at(0)));
    t.begun = at(-HOUR);
    assert_false(drill_overdue(&t, at(0)));
    t.there = false;
    t.begun = at(-30 * DAY);
    assert_false(drill_overdue(&t, at(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cell_of_the_table_says_from_when_the_next_one_is_counted),
        cmocka_unit_test(a_missed_drill_is_made_up_for_half_an_hour_after_the_start),
        cmocka_unit_test(a_failed_drill_is_repeated_after_1_6_and_24_hours),
        cmocka_unit_test(a_drill_is_overdue_after_a_period_and_a_seventh),
    };
    return cmocka_run_group_tests_name("core/drill", tests, NULL, NULL);
}
