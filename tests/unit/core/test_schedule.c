/* When a window takes place: texts, rules, and the occurrences of every kind over leap years, ends
 * of years and changes of the clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/schedule.h"

static const struct zone_table utc;
/* Berlin in 2026: summer from 2026-03-29 01:00 UTC to 2026-10-25 01:00 UTC. */
static const struct zone_table berlin = {3600, 2, {{1774746000, 7200}, {1792890000, 3600}}};

static struct schedule rule(const char *text)
{
    struct schedule s;
    struct error err = {0};
    if (schedule_parse(text, &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static wall_ms at(const char *text)
{
    wall_ms t;
    assert_int_equal(wall_parse(text, &t), 0);
    return t;
}

static struct date day(const char *text)
{
    struct date d;
    assert_true(date_read(&text, &d));
    return d;
}

static void every_form_is_read_and_written_as_it_was(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Sun 02:00-04:00",        "Mon-Fri 22:00-23:00",         "Mon,Wed,Fri 00:00-00:01",
        "Mon-Sun 00:00-24:00",    "Sat,Sun 23:59-24:00",         "first Sun 01:00-05:00",
        "second Tue 10:00-10:30", "third Wed 12:00-13:00",       "fourth Thu 00:00-23:59",
        "last Fri 22:00-02:00",   "day 1 00:00-01:00",           "day 15 02:00-04:00",
        "day 28 02:00-04:00",     "last day 23:00-01:00",        "2026-12-24 22:00-23:00",
        "2028-02-29 00:00-24:00", "Mon-Wed,Fri-Sun 01:00-02:00",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct schedule s = rule(texts[i]);
        char text[SCHEDULE_TEXT_SIZE];
        assert_string_equal(schedule_text(&s, text), texts[i]);
    }
}

static void other_spellings_are_the_same_rule(void **state)
{
    (void)state;
    static const struct {
        const char *text, *same;
    } rows[] = {
        {"sun 02:00-04:00", "Sun 02:00-04:00"},
        {"FIRST SUN  01:00-05:00", "first Sun 01:00-05:00"},
        {"Fri-Mon 22:00-23:00", "Mon,Fri-Sun 22:00-23:00"},
        {"Mon, Tue,   Wed 22:00-23:00", "Mon-Wed 22:00-23:00"},
        {"last  day   22:00-23:00", "last day 22:00-23:00"},
        {"day  09 22:00-00:00", "day 9 22:00-24:00"},
        {"Sun 22:00-24:00", "Sun 22:00-24:00"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct schedule s = rule(rows[i].text);
        char text[SCHEDULE_TEXT_SIZE];
        assert_string_equal(schedule_text(&s, text), rows[i].same);
    }
}

#define WEEKDAY_WANTED                                                                             \
    "a weekday from Mon to Sun is wanted here, or first to fourth, last, day or a date; write it " \
    "like \"Sun 02:00-04:00\" or \"first Sun 01:00-05:00\""
#define BLANK_WANTED "a blank and the time are wanted here, as in Sun 02:00-04:00"
#define START_WANTED "a time from 00:00 to 23:59 is wanted here"
#define END_WANTED "a time from 00:00 to 24:00 is wanted here"
#define DAY_WANTED                                                                                 \
    "a day from 1 to 28 is wanted here, which every month has; \"last day\" is the end of the "    \
    "month"
#define DATE_WANTED "a date that exists is wanted here, such as 2026-12-24"

static void every_mistake_is_named_with_its_column(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t column;
        const char *wanted;
    } rows[] = {
        {"", 1, WEEKDAY_WANTED},
        {"Snu 02:00-04:00", 1, WEEKDAY_WANTED},
        {" Sun 02:00-04:00", 1, WEEKDAY_WANTED},
        {"Mon-Foo 02:00-04:00", 5, WEEKDAY_WANTED},
        {"Mon,,Tue 02:00-04:00", 5, WEEKDAY_WANTED},
        {"every Sun 02:00-04:00", 1, WEEKDAY_WANTED},
        {"fifth Sun 02:00-04:00", 1, WEEKDAY_WANTED},
        {"firstSun 02:00-04:00", 1, WEEKDAY_WANTED},
        {"day15 02:00-04:00", 1, WEEKDAY_WANTED},
        {"Sun", 4, BLANK_WANTED},
        {"Sunday 02:00-04:00", 4, BLANK_WANTED},
        {"first Sun-Mon 02:00-04:00", 10, BLANK_WANTED},
        {"first Sun,Mon 02:00-04:00", 10, BLANK_WANTED},
        {"first", 6, "one weekday from Mon to Sun is wanted here"},
        {"first day 02:00-04:00", 7, "one weekday from Mon to Sun is wanted here"},
        {"last 02:00-04:00", 6, "one weekday from Mon to Sun is wanted here"},
        {"day 0 02:00-04:00", 5, DAY_WANTED},
        {"day 29 02:00-04:00", 5, DAY_WANTED},
        {"day 31 02:00-04:00", 5, DAY_WANTED},
        {"day 99999999999999999999 02:00-04:00", 5, DAY_WANTED},
        {"day x 02:00-04:00", 5, DAY_WANTED},
        {"2026-02-29 02:00-04:00", 1, DATE_WANTED},
        {"2026-12-2402:00-04:00", 11, BLANK_WANTED},
        {"Sun ", 5, START_WANTED},
        {"Sun 2:00-04:00", 5, START_WANTED},
        {"Sun 24:00-04:00", 5, START_WANTED},
        {"Sun 02:60-04:00", 5, START_WANTED},
        {"Sun 02:00", 10, "\"-\" and the end are wanted here, as in 02:00-04:00"},
        {"Sun 02:00 - 04:00", 10, "\"-\" and the end are wanted here, as in 02:00-04:00"},
        {"Sun 02:00-", 11, END_WANTED},
        {"Sun 02:00-24:01", 11, END_WANTED},
        {"Sun 02:00-4:00", 11, END_WANTED},
        {"Sun 02:00-02:00", 11, "it would end when it begins; a whole day is written 00:00-24:00"},
        {"Sun 02:00-04:00 UTC", 16, "nothing is wanted after the end"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct schedule s = {.minutes = 7};
        struct error err = {0};
        char wanted[ERROR_TEXT_MAX];
        assert_int_equal(schedule_parse(rows[i].text, &s, &err), -EINVAL);
        (void)snprintf(wanted, sizeof wanted, "\"%s\", column %zu: %s", rows[i].text,
                       rows[i].column, rows[i].wanted);
        assert_string_equal(err.text, wanted);
        assert_int_equal(s.minutes, 7);
    }
}

static void rules_hold_on_their_dates_and_no_others(void **state)
{
    (void)state;
    for (int64_t days = date_days((struct date){2023, 12, 1});
         days < date_days((struct date){2028, 3, 3}); days++) {
        struct date d = date_of_days(days);
        int length = date_month_length(d.year, d.month);
        bool sunday = date_weekday(days) == 6;
        const struct {
            const char *text;
            bool holds;
        } rows[] = {
            {"Sun 02:00-04:00", sunday},
            {"Mon-Fri 02:00-04:00", date_weekday(days) < 5},
            {"first Sun 02:00-04:00", sunday && d.day <= 7},
            {"second Sun 02:00-04:00", sunday && d.day >= 8 && d.day <= 14},
            {"third Sun 02:00-04:00", sunday && d.day >= 15 && d.day <= 21},
            {"fourth Sun 02:00-04:00", sunday && d.day >= 22 && d.day <= 28},
            {"last Sun 02:00-04:00", sunday && d.day > length - 7},
            {"day 1 02:00-04:00", d.day == 1},
            {"day 28 02:00-04:00", d.day == 28},
            {"last day 02:00-04:00", d.day == length},
            {"2024-02-29 02:00-04:00", d.year == 2024 && d.month == 2 && d.day == 29},
        };
        for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
            struct schedule s = rule(rows[i].text);
            if (schedule_matches(&s, d) != rows[i].holds)
                fail_msg("%s on %d-%d-%d", rows[i].text, d.year, d.month, d.day);
        }
    }
}

static void every_month_has_one_of_each_monthly_rule(void **state)
{
    (void)state;
    static const char *const texts[] = {"first Mon 00:00-01:00", "fourth Sun 00:00-01:00",
                                        "last Sat 00:00-01:00", "day 28 00:00-01:00",
                                        "last day 00:00-01:00"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct schedule s = rule(texts[i]);
        for (int year = 2026; year <= 2426; year++)
            for (int month = 1; month <= 12; month++) {
                int count = 0;
                for (int d = 1; d <= date_month_length(year, month); d++)
                    count += schedule_matches(&s, (struct date){year, month, d});
                assert_int_equal(count, 1);
            }
    }
}

static void exceptions_have_no_occurrence(void **state)
{
    (void)state;
    struct schedule s = rule("Sun 02:00-04:00");
    s.exceptions[s.exception_count++] = day("2026-12-27");
    assert_true(schedule_matches(&s, day("2026-12-20")));
    assert_false(schedule_matches(&s, day("2026-12-27")));
    assert_false(schedule_empty(&s));
    s = rule("2026-12-27 02:00-04:00");
    assert_false(schedule_empty(&s));
    s.exceptions[s.exception_count++] = day("2026-12-27");
    assert_true(schedule_empty(&s));
}

/* One row an expected occurrence: its local date, start and end in UTC. */
struct expected {
    const char *date, *starts, *ends;
    enum local_kind kind;
};

static void expect(const char *text, const struct zone_table *zone, const char *now,
                   const struct expected *rows, size_t count)
{
    struct schedule s = rule(text);
    struct schedule_occurrence found[SCHEDULE_OCCURRENCES_MAX];
    size_t n = schedule_occurrences(&s, zone, at(now), found);
    for (size_t i = 0; i < count && i < n; i++) {
        char date[DATE_TEXT_SIZE];
        char starts[WALL_TEXT_SIZE];
        char ends[WALL_TEXT_SIZE];
        assert_string_equal(date_text(found[i].date, date), rows[i].date);
        assert_string_equal(wall_text(found[i].starts, starts), rows[i].starts);
        assert_string_equal(wall_text(found[i].ends, ends), rows[i].ends);
        assert_int_equal(found[i].start_kind, rows[i].kind);
    }
    if (n < count)
        fail_msg("%s: %zu occurrences", text, n);
}

static void a_window_goes_on_over_the_end_of_the_year(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"2026-12-31", "2026-12-31T23:00:00Z", "2027-01-01T01:00:00Z", LOCAL_ONCE},
        {"2027-01-31", "2027-01-31T23:00:00Z", "2027-02-01T01:00:00Z", LOCAL_ONCE},
    };
    expect("last day 23:00-01:00", &utc, "2026-12-31T00:00:00Z", rows, 2);
    expect("last day 23:00-01:00", &utc, "2027-01-01T00:59:59Z", rows, 2); /* under way */
    expect("last day 23:00-01:00", &utc, "2027-01-01T01:00:00Z", rows + 1, 1);
}

static void a_leap_day_is_the_last_of_february(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"2028-01-31", "2028-01-31T02:00:00Z", "2028-01-31T04:00:00Z", LOCAL_ONCE},
        {"2028-02-29", "2028-02-29T02:00:00Z", "2028-02-29T04:00:00Z", LOCAL_ONCE},
        {"2028-03-31", "2028-03-31T02:00:00Z", "2028-03-31T04:00:00Z", LOCAL_ONCE},
    };
    expect("last day 02:00-04:00", &utc, "2028-01-31T03:00:00Z", rows, 2);
    expect("last day 02:00-04:00", &utc, "2028-02-10T03:00:00Z", rows + 1, 2);
}

static void clocks_move_the_start_but_not_the_length(void **state)
{
    (void)state;
    static const struct expected spring[] = {
        {"2026-03-22", "2026-03-22T01:30:00Z", "2026-03-22T03:30:00Z", LOCAL_ONCE},
        {"2026-03-29", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z", LOCAL_SKIPPED},
        {"2026-04-05", "2026-04-05T00:30:00Z", "2026-04-05T02:30:00Z", LOCAL_ONCE},
    };
    expect("Sun 02:30-04:30", &berlin, "2026-03-20T00:00:00Z", spring, 3);
    static const struct expected autumn[] = {
        {"2026-10-18", "2026-10-18T00:30:00Z", "2026-10-18T02:30:00Z", LOCAL_ONCE},
        {"2026-10-25", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z", LOCAL_TWICE},
        {"2026-11-01", "2026-11-01T01:30:00Z", "2026-11-01T03:30:00Z", LOCAL_ONCE},
    };
    expect("Sun 02:30-04:30", &berlin, "2026-10-14T00:00:00Z", autumn, 3);
    /* From before the gap over it: two hours by every watch, not one. */
    static const struct expected across[] = {
        {"2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", LOCAL_ONCE}};
    expect("Sun 01:00-03:00", &berlin, "2026-03-28T00:00:00Z", across, 1);
}

static void the_date_is_the_local_one(void **state)
{
    (void)state;
    const struct zone_table kiritimati = {14 * 3600, 0, {{0}}};
    const struct zone_table baker = {-12 * 3600, 0, {{0}}};
    static const struct expected east[] = {
        {"2026-12-06", "2026-12-05T10:00:00Z", "2026-12-05T11:00:00Z", LOCAL_ONCE}};
    static const struct expected west[] = {
        {"2026-12-06", "2026-12-07T11:00:00Z", "2026-12-07T11:30:00Z", LOCAL_ONCE}};
    expect("first Sun 00:00-01:00", &kiritimati, "2026-12-05T10:30:00Z", east, 1);
    expect("first Sun 23:00-23:30", &baker, "2026-12-07T11:15:00Z", west, 1);
}

/* Samoa had no 2011-12-30: the window of that date begins with the next day, and each of both dates
 * has one. */
static void a_date_that_a_zone_skips_has_its_window_too(void **state)
{
    (void)state;
    const struct zone_table apia = {-36000, 1, {{1325239200, 50400}}};
    static const struct expected rows[] = {
        {"2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", LOCAL_ONCE},
        {"2011-12-30", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", LOCAL_SKIPPED},
        {"2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", LOCAL_ONCE},
    };
    expect("Mon-Sun 00:00-24:00", &apia, "2011-12-29T12:00:00Z", rows, 3);
}

/* Whatever the moment: what has not ended and begins within the horizon, each date once. */
static void occurrences_are_whole_unique_and_in_order(void **state)
{
    (void)state;
    static const char *const texts[] = {"Mon-Sun 00:00-24:00", "Mon-Sun 23:59-23:58",
                                        "Tue,Sat 22:00-03:00", "first Sun 01:00-05:00",
                                        "day 28 02:00-02:01"};
    const int64_t day_ms = INT64_C(86400000);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct schedule s = rule(texts[i]);
        for (int64_t now = at("2026-01-15T00:00:00Z").ms; now < at("2026-12-31T00:00:00Z").ms;
             now += INT64_C(47) * 60000 + 1) {
            struct schedule_occurrence o[SCHEDULE_OCCURRENCES_MAX];
            size_t count = schedule_occurrences(&s, &berlin, (wall_ms){now}, o);
            for (size_t k = 0; k < count; k++) {
                assert_true(o[k].ends.ms > now);
                assert_true(o[k].starts.ms < now + SCHEDULE_HORIZON_DAYS * day_ms);
                assert_int_equal(o[k].ends.ms - o[k].starts.ms, s.minutes * INT64_C(60000));
                assert_true(k == 0 || date_days(o[k].date) > date_days(o[k - 1].date));
                assert_true(k == 0 || o[k].starts.ms > o[k - 1].starts.ms);
            }
            if (i < 2) /* daily: every day of the horizon and the one under way */
                assert_true(count >= SCHEDULE_HORIZON_DAYS && count <= SCHEDULE_HORIZON_DAYS + 2);
        }
    }
}

static void a_clock_set_back_or_forward_gives_the_same_occurrence(void **state)
{
    (void)state;
    struct schedule s = rule("Sun 02:00-04:00");
    static const char *const moments[] = {"2026-11-25T00:00:00Z", "2026-12-06T02:00:00Z",
                                          "2026-12-06T01:00:00Z", "2026-12-06T03:59:59Z"};
    for (size_t i = 0; i < ARRAY_LENGTH(moments); i++) {
        struct schedule_occurrence o[SCHEDULE_OCCURRENCES_MAX];
        size_t count = schedule_occurrences(&s, &utc, at(moments[i]), o);
        size_t found = 0;
        for (size_t k = 0; k < count; k++)
            found += o[k].starts.ms == at("2026-12-06T02:00:00Z").ms &&
                     date_days(o[k].date) == date_days(day("2026-12-06"));
        assert_int_equal(found, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read_and_written_as_it_was),
        cmocka_unit_test(other_spellings_are_the_same_rule),
        cmocka_unit_test(every_mistake_is_named_with_its_column),
        cmocka_unit_test(rules_hold_on_their_dates_and_no_others),
        cmocka_unit_test(every_month_has_one_of_each_monthly_rule),
        cmocka_unit_test(exceptions_have_no_occurrence),
        cmocka_unit_test(a_window_goes_on_over_the_end_of_the_year),
        cmocka_unit_test(a_leap_day_is_the_last_of_february),
        cmocka_unit_test(clocks_move_the_start_but_not_the_length),
        cmocka_unit_test(the_date_is_the_local_one),
        cmocka_unit_test(a_date_that_a_zone_skips_has_its_window_too),
        cmocka_unit_test(occurrences_are_whole_unique_and_in_order),
        cmocka_unit_test(a_clock_set_back_or_forward_gives_the_same_occurrence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
