/* When scheduled backups begin, and when they are overdue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/backup_plan.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
/* 2026-11-30 00:00 UTC */
#define MIDNIGHT INT64_C(1795996800000)

static const struct zone_table utc;

static wall_ms at(int64_t ms)
{
    return (wall_ms){MIDNIGHT + ms};
}

static void a_daily_backup_begins_at_its_time_plus_the_spread(void **state)
{
    (void)state;
    struct backup_times t = {
        .minute = 151, .spread_ms = 4 * MINUTE, .begun = at(-48 * HOUR), .made = at(-21 * HOUR)};
    assert_int_equal(backup_due(&t, &utc, at(HOUR)).ms, at(2 * HOUR + 34 * MINUTE).ms);
    assert_int_equal(backup_due(&t, &utc, at(3 * HOUR)).ms, at(2 * HOUR + 34 * MINUTE).ms);
    t.made = at(2 * HOUR + 34 * MINUTE);
    assert_int_equal(backup_due(&t, &utc, at(3 * HOUR)).ms, at(26 * HOUR + 34 * MINUTE).ms);
}

static void the_time_of_day_is_a_local_one(void **state)
{
    (void)state;
    const struct zone_table berlin = {.first_offset_s = 3600};
    struct backup_times t = {.minute = 151, .begun = at(-48 * HOUR), .made = at(-20 * HOUR)};
    assert_int_equal(backup_due(&t, &berlin, at(0)).ms, at(HOUR + 30 * MINUTE).ms);
}

static void a_missed_backup_is_caught_up_five_minutes_after_the_start(void **state)
{
    (void)state;
    struct backup_times t = {.minute = 151, .begun = at(10 * HOUR), .made = at(-21 * HOUR)};
    assert_int_equal(backup_due(&t, &utc, at(10 * HOUR)).ms, at(10 * HOUR + 5 * MINUTE).ms);
    t.made = WALL_NONE;
    assert_int_equal(backup_due(&t, &utc, at(10 * HOUR)).ms, at(10 * HOUR + 5 * MINUTE).ms);
    t = (struct backup_times){.every_ms = 6 * HOUR, .begun = at(10 * HOUR), .made = at(0)};
    assert_int_equal(backup_due(&t, &utc, at(10 * HOUR)).ms, at(10 * HOUR + 5 * MINUTE).ms);
    t.made = at(9 * HOUR);
    assert_int_equal(backup_due(&t, &utc, at(10 * HOUR)).ms, at(15 * HOUR).ms);
}

static void failures_are_tried_again_after_1_5_15_and_60_minutes(void **state)
{
    (void)state;
    static const int64_t waits[] = {1, 5, 15, 60, 60};
    struct backup_times t = {
        .minute = 151, .begun = at(-48 * HOUR), .made = at(-21 * HOUR), .tried = at(3 * HOUR)};
    for (int i = 0; i < 5; i++) {
        t.failures = i + 1;
        assert_int_equal(backup_due(&t, &utc, at(3 * HOUR)).ms,
                         at(3 * HOUR + waits[i] * MINUTE).ms);
    }
}

static void without_a_schedule_nothing_is_due_and_nothing_overdue(void **state)
{
    (void)state;
    const struct backup_times t = {.begun = at(-48 * HOUR), .made = WALL_NONE};
    assert_int_equal(backup_due(&t, &utc, at(0)).ms, WALL_NONE.ms);
    assert_false(backup_overdue(&t, WALL_NONE, at(1000 * HOUR)));
}

static void a_daily_backup_is_overdue_after_26_hours(void **state)
{
    (void)state;
    const struct backup_times t = {.minute = 151, .begun = at(0), .made = WALL_NONE};
    assert_false(backup_overdue(&t, at(0), at(26 * HOUR)));
    assert_true(backup_overdue(&t, at(0), at(26 * HOUR + 1)));
    assert_false(backup_overdue(&t, WALL_NONE, at(26 * HOUR)));
    assert_true(backup_overdue(&t, WALL_NONE, at(26 * HOUR + 1)));
}

static void services_are_spread_over_ten_minutes(void **state)
{
    (void)state;
    assert_in_range(backup_spread_ms("redis"), 0, BACKUP_SPREAD_MS - 1);
    assert_int_not_equal(backup_spread_ms("redis"), backup_spread_ms("cache"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daily_backup_begins_at_its_time_plus_the_spread),
        cmocka_unit_test(the_time_of_day_is_a_local_one),
        cmocka_unit_test(a_missed_backup_is_caught_up_five_minutes_after_the_start),
        cmocka_unit_test(failures_are_tried_again_after_1_5_15_and_60_minutes),
        cmocka_unit_test(without_a_schedule_nothing_is_due_and_nothing_overdue),
        cmocka_unit_test(a_daily_backup_is_overdue_after_26_hours),
        cmocka_unit_test(services_are_spread_over_ten_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
