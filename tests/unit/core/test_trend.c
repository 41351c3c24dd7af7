#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/trend.h"

static void a_line_is_found_with_its_figures(void **state)
{
    (void)state;
    const int64_t hours[] = {100, 140, 180, 220, 260, 300, 340, 380, 420, 460};
    struct trend t = trend_of(hours, ARRAY_LENGTH(hours));
    assert_true(t.growing);
    assert_int_equal(t.hours, 9);
    assert_true(t.per_hour > 39.999 && t.per_hour < 40.001);
    assert_true(trend_hours_to(&t, 1020) > 13.99 && trend_hours_to(&t, 1020) < 14.01);
    assert_true(trend_hours_to(&t, 400) < 0); /* behind already */
}

static void noise_and_gaps_do_not_hide_it(void **state)
{
    (void)state;
    const int64_t hours[] = {100, 105, 101, -1, 118, 121, 119, -1, 133, 140, 138, 150};
    assert_true(trend_of(hours, ARRAY_LENGTH(hours)).growing);
}

static void what_is_not_growth_is_none(void **state)
{
    (void)state;
    const int64_t flat[] = {100, 100, 100, 100, 100, 100, 100, 100};
    const int64_t saw[] = {100, 150, 100, 150, 100, 150, 100, 150, 100};
    const int64_t slow[] = {1000, 1005, 1010, 1015, 1020, 1025, 1030, 1035};
    const int64_t back[] = {100, 120, 140, 160, 180, 200, 220, 100};
    const int64_t falls[] = {200, 180, 160, 140, 120, 100, 80, 60};
    const int64_t brief[] = {100, 120, 140, 160, 180, 200};
    const int64_t unknown[] = {100, 120, 140, 160, 180, 200, 220, -1};
    const int64_t mostly[] = {100, -1, -1, -1, -1, -1, -1, 300};
    const struct {
        const int64_t *values;
        size_t count;
    } rows[] = {
        {flat, 8},  {saw, 9},   {slow, 8},    {back, 8},
        {falls, 8}, {brief, 6}, {unknown, 8}, {mostly, 8},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (trend_of(rows[i].values, rows[i].count).growing)
            fail_msg("row %zu grows", i);
    assert_false(trend_of(flat, 0).growing);
}

static void the_longest_growing_time_counts(void **state)
{
    (void)state;
    const int64_t hours[] = {500, 500, 500, 100, 120, 140, 160, 180, 200, 220, 240};
    struct trend t = trend_of(hours, ARRAY_LENGTH(hours)); /* a restart at the fourth */
    assert_true(t.growing);
    assert_int_equal(t.hours, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_found_with_its_figures),
        cmocka_unit_test(noise_and_gaps_do_not_hide_it),
        cmocka_unit_test(what_is_not_growth_is_none),
        cmocka_unit_test(the_longest_growing_time_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
