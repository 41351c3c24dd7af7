/* Local times and instants where clocks change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/zone_table.h"

/* Berlin in 2026: summer from 2026-03-29 01:00 UTC to 2026-10-25 01:00 UTC. */
#define SPRING INT64_C(1774746000)
#define AUTUMN INT64_C(1792890000)
static const struct zone_table berlin = {3600, 2, {{SPRING, 7200}, {AUTUMN, 3600}}};

static void the_second_of_the_change_has_the_new_offset(void **state)
{
    (void)state;
    assert_int_equal(zone_table_offset_s(&berlin, SPRING - 1), 3600);
    assert_int_equal(zone_table_offset_s(&berlin, SPRING), 7200);
    assert_int_equal(zone_table_offset_s(&berlin, AUTUMN - 1), 7200);
    assert_int_equal(zone_table_offset_s(&berlin, AUTUMN), 3600);
    assert_int_equal(zone_table_offset_s(&(struct zone_table){0}, SPRING), 0);
}

static void expect(const struct zone_table *zone, int64_t local_s, int64_t utc_s,
                   enum local_kind kind)
{
    enum local_kind found = LOCAL_ONCE;
    assert_int_equal(zone_table_utc_s(zone, local_s, &found), utc_s);
    assert_int_equal(found, kind);
    assert_int_equal(zone_table_utc_s(zone, local_s, NULL), utc_s);
}

static void a_skipped_time_is_the_instant_of_the_change(void **state)
{
    (void)state;
    expect(&berlin, SPRING + 3600 - 1, SPRING - 1, LOCAL_ONCE); /* 01:59:59 */
    expect(&berlin, SPRING + 3600, SPRING, LOCAL_SKIPPED);      /* 02:00:00 */
    expect(&berlin, SPRING + 7200 - 1, SPRING, LOCAL_SKIPPED);  /* 02:59:59 */
    expect(&berlin, SPRING + 7200, SPRING, LOCAL_ONCE);         /* 03:00:00 */
}

static void of_a_doubled_time_the_first_counts(void **state)
{
    (void)state;
    expect(&berlin, AUTUMN + 3600 - 1, AUTUMN - 3601, LOCAL_ONCE); /* 01:59:59 */
    expect(&berlin, AUTUMN + 3600, AUTUMN - 3600, LOCAL_TWICE);    /* 02:00:00 */
    expect(&berlin, AUTUMN + 7200 - 1, AUTUMN - 1, LOCAL_TWICE);   /* 02:59:59 */
    expect(&berlin, AUTUMN + 7200, AUTUMN + 3600, LOCAL_ONCE);     /* 03:00:00 */
}

static void every_instant_comes_back_from_its_local_time(void **state)
{
    (void)state;
    for (int64_t utc_s = SPRING - 86400; utc_s < AUTUMN + 86400; utc_s += 607) {
        enum local_kind kind;
        int64_t back =
            zone_table_utc_s(&berlin, utc_s + zone_table_offset_s(&berlin, utc_s), &kind);
        assert_int_not_equal(kind, LOCAL_SKIPPED);
        assert_int_equal(back, kind == LOCAL_TWICE && utc_s >= AUTUMN ? utc_s - 3600 : utc_s);
    }
}

/* Samoa went over the date line on 2011-12-30, which did not take place there; and a doubled hour
 * of which the second part is cut short by another change. */
static void a_skipped_day_and_changes_close_together_are_understood(void **state)
{
    (void)state;
    const int64_t change = INT64_C(1325239200); /* 2011-12-30 10:00 UTC */
    const struct zone_table apia = {-36000, 1, {{change, 50400}}};
    expect(&apia, change - 36000, change, LOCAL_SKIPPED); /* 2011-12-30 00:00 */
    expect(&apia, change + 50400 - 1, change, LOCAL_SKIPPED);
    expect(&apia, change + 50400, change, LOCAL_ONCE);
    const struct zone_table close = {7200, 2, {{0, 3600}, {1800, 7200}}};
    expect(&close, 3600, -3600, LOCAL_TWICE);
    expect(&close, 5399, -1801, LOCAL_TWICE);
    expect(&close, 5400, -1800, LOCAL_ONCE); /* the second 01:30 is skipped to 02:30 */
    expect(&close, 9000, 1800, LOCAL_ONCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_of_the_change_has_the_new_offset),
        cmocka_unit_test(a_skipped_time_is_the_instant_of_the_change),
        cmocka_unit_test(of_a_doubled_time_the_first_counts),
        cmocka_unit_test(every_instant_comes_back_from_its_local_time),
        cmocka_unit_test(a_skipped_day_and_changes_close_together_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
