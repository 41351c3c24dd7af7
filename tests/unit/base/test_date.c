/* Dates and day numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/date.h"

/* Counted by hand from the first of January of the year 1, day by day. */
static void every_day_of_ten_thousand_years_has_its_number_and_weekday(void **state)
{
    (void)state;
    struct date d = {1, 1, 1};
    int weekday = 0; /* 0001-01-01 is a Monday */
    int64_t days = -719162;
    for (; d.year <= 9999; days++) {
        struct date back = date_of_days(days);
        if (date_days(d) != days || date_weekday(days) != weekday || !date_valid(d) ||
            back.year != d.year || back.month != d.month || back.day != d.day)
            fail_msg("%d-%d-%d", d.year, d.month, d.day);
        weekday = (weekday + 1) % 7;
        bool leap_year = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
        int length = d.month == 2 ? 28 + leap_year
                     : d.month == 4 || d.month == 6 || d.month == 9 || d.month == 11 ? 30
                                                                                     : 31;
        assert_int_equal(date_month_length(d.year, d.month), length);
        if (++d.day > length) {
            d.day = 1;
            d.year += d.month == 12;
            d.month = d.month % 12 + 1;
        }
    }
    assert_int_equal(date_days((struct date){1970, 1, 1}), 0);
}

static void a_second_before_midnight_is_the_day_before(void **state)
{
    (void)state;
    assert_int_equal(date_days_of_seconds(0), 0);
    assert_int_equal(date_days_of_seconds(86399), 0);
    assert_int_equal(date_days_of_seconds(86400), 1);
    assert_int_equal(date_days_of_seconds(-1), -1);
    assert_int_equal(date_days_of_seconds(-86400), -1);
    assert_int_equal(date_days_of_seconds(-86401), -2);
}

static void days_that_do_not_exist_are_not_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "2026",       "2026-12",    "2026-12-",
                                      "2026-13-01", "2026-00-01", "2026-01-00", "2026-02-29",
                                      "2100-02-29", "0000-01-01", "2026/01/01", "26-01-01",
                                      "2026-1-1",   "2026-04-31", "-026-01-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *p = bad[i];
        struct date d;
        if (date_read(&p, &d) || p != bad[i])
            fail_msg("taken: %s", bad[i]);
    }
    const char *p = "2028-02-29 02:00";
    struct date d;
    char text[DATE_TEXT_SIZE];
    assert_true(date_read(&p, &d));
    assert_string_equal(p, " 02:00");
    assert_string_equal(date_text(d, text), "2028-02-29");
}

static void weekdays_are_read_in_any_case(void **state)
{
    (void)state;
    const char *p = "sUn,";
    int weekday = -1;
    assert_true(date_read_weekday(&p, &weekday));
    assert_int_equal(weekday, 6);
    assert_string_equal(p, ",");
    p = "Su";
    assert_false(date_read_weekday(&p, &weekday));
    assert_string_equal(p, "Su");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_thousand_years_has_its_number_and_weekday),
        cmocka_unit_test(a_second_before_midnight_is_the_day_before),
        cmocka_unit_test(days_that_do_not_exist_are_not_read),
        cmocka_unit_test(weekdays_are_read_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
