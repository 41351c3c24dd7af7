/* When the daily summary and the weekly report are due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/report_times.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
/* Monday 2026-11-30 00:00 UTC */
#define MONDAY INT64_C(1795996800000)

static const struct zone_table utc;
static const struct report_times daily = {.daily = 7 * 60 + 1};
static const struct report_times weekly = {.weekly = 7 * 60 + 1};

static wall_ms at(int64_t ms)
{
    return (wall_ms){MONDAY + ms};
}

static void a_daily_one_is_due_each_day_at_its_time(void **state)
{
    (void)state;
    assert_int_equal(report_due(&daily, &utc, at(7 * HOUR)).ms, at(7 * HOUR).ms);
    assert_int_equal(report_due(&daily, &utc, at(7 * HOUR - 1)).ms, at(-17 * HOUR).ms);
    assert_int_equal(report_next(&daily, &utc, at(7 * HOUR - 1)).ms, at(7 * HOUR).ms);
    assert_int_equal(report_next(&daily, &utc, at(7 * HOUR)).ms, at(31 * HOUR).ms);
}

static void a_weekly_one_is_due_on_its_day(void **state)
{
    (void)state;
    for (int day = 0; day < 7; day++) {
        assert_int_equal(report_due(&weekly, &utc, at(day * DAY + 8 * HOUR)).ms, at(7 * HOUR).ms);
        assert_int_equal(report_next(&weekly, &utc, at(day * DAY + 8 * HOUR)).ms,
                         at(7 * DAY + 7 * HOUR).ms);
    }
    assert_int_equal(report_due(&weekly, &utc, at(6 * HOUR)).ms, at(7 * HOUR - 7 * DAY).ms);
    const struct report_times sunday = {.weekly = 7 * 1440};
    assert_int_equal(report_due(&sunday, &utc, at(0)).ms, at(-60000).ms);
}

static void times_are_local_and_each_day_has_one_where_clocks_change(void **state)
{
    (void)state;
    /* Berlin: back from +2 to +1 on 2026-10-25 at 01:00 UTC. 02:30 is there twice. */
    const int64_t change_s = INT64_C(1792890000);
    const struct zone_table berlin = {
        .first_offset_s = 7200, .count = 1, .changes = {{change_s, 3600}}};
    const struct report_times night = {.daily = 151};
    const wall_ms first = {(change_s - 1800) * 1000};
    assert_int_equal(report_due(&night, &berlin, first).ms, first.ms);
    assert_int_equal(report_due(&night, &berlin, wall_add(first, HOUR)).ms, first.ms);
    assert_int_equal(report_next(&night, &berlin, first).ms, first.ms + DAY + HOUR);
}

static void the_next_one_is_due_when_its_time_comes_whatever_the_time(void **state)
{
    (void)state;
    const struct zone_table kiritimati = {.first_offset_s = 14 * 3600};
    const struct zone_table pago_pago = {.first_offset_s = -11 * 3600};
    const struct zone_table *zones[] = {&utc, &kiritimati, &pago_pago};
    const struct report_times *times[] = {&daily, &weekly};
    for (int z = 0; z < 3; z++)
        for (int t = 0; t < 2; t++)
            for (int64_t ms = 0; ms < 15 * DAY; ms += 997 * 1000) {
                wall_ms next = report_next(times[t], zones[z], at(ms));
                assert_true(next.ms > at(ms).ms);
                assert_int_equal(report_due(times[t], zones[z], next).ms, next.ms);
                assert_int_equal(next.ms - report_due(times[t], zones[z], at(ms)).ms,
                                 t == 0 ? DAY : 7 * DAY);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daily_one_is_due_each_day_at_its_time),
        cmocka_unit_test(a_weekly_one_is_due_on_its_day),
        cmocka_unit_test(times_are_local_and_each_day_has_one_where_clocks_change),
        cmocka_unit_test(the_next_one_is_due_when_its_time_comes_whatever_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
