/* Times, counts and foreign text on a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/page.h"

static const wall_ms now = {1760106600000}; /* 2025-10-10T14:30:00Z */

static void foreign_text_cannot_move_the_cursor_or_turn_the_line(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"plain ü €", "plain ü €"},
        {"\x1b[2J", "?[2J"},
        {"a\nb\rc\td", "a b c d"},
        {"\xc2\x9b"
         "31m",
         "?31m"}, /* C1: one-byte CSI */
        {"\xe2\x80\xae"
         "abc",
         "?abc"}, /* right-to-left override */
        {"\xe2\x81\xa6"
         "abc",
         "?abc"}, /* isolate */
        {"\xe2\x80\xa8"
         "x",
         "?x"}, /* line separator */
        {"bad \xff\xc0\x80", "bad ???"},
        {"\x7f\x07", "??"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char *clean = page_clean_text(rows[i][0]);
        assert_string_equal(clean, rows[i][1]);
        mem_free(clean);
    }
}

static void every_text_of_a_body_is_cleaned_also_names_and_nested(void **state)
{
    (void)state;
    json_t *body = json_loads(
        "{\"a\\u001b\": [{\"b\": \"\\u0007\"}, 1, null], \"c\": {\"d\": \"\\u009b\"}}", 0, NULL);
    json_t *clean = page_clean(body);
    char *text = json_dumps(clean, JSON_SORT_KEYS);
    assert_string_equal(text, "{\"a?\": [{\"b\": \"?\"}, 1, null], \"c\": {\"d\": \"?\"}}");
    free(text);
    json_decref(clean);
    json_decref(body);
}

static void cleaning_without_memory_gives_nothing_and_leaks_nothing(void **state)
{
    (void)state;
    json_t *body = json_loads("{\"a\": [\"b\", {\"c\": \"d\"}]}", 0, NULL);
    for (unsigned long n = 1; n < 20; n++) {
        mem_fail_from(n);
        json_t *clean = page_clean(body);
        mem_fail_from(0);
        json_decref(clean);
    }
    json_decref(body);
}

static void times_are_told_as_people_say_them(void **state)
{
    (void)state;
    struct page p = page_new(false, now);
    char b[64];
    assert_string_equal(page_ago(&p, "2025-10-10T14:29:58Z", b), "2 s ago");
    assert_string_equal(page_ago(&p, "2025-10-10T14:30:05Z", b), "0 s ago");
    assert_string_equal(page_ago(&p, "2025-10-10T14:25:00Z", b), "5 min ago");
    assert_string_equal(page_ago(&p, "2025-10-10T11:25:00Z", b), "3 h ago");
    assert_string_equal(page_ago(&p, "2025-10-01T11:25:00Z", b), "9 days ago");
    assert_string_equal(page_ago(&p, NULL, b), "never");
    assert_string_equal(page_ago(&p, "soon", b), "never");
    assert_string_equal(page_clock(&p, "2025-10-10T02:03:04Z", b), "02:03:04");
    assert_string_equal(page_clock(&p, "2025-10-09T02:03:04Z", b), "2025-10-09 02:03:04");
    assert_string_equal(page_clock(&p, NULL, b), "-");
    assert_string_equal(page_uptime(102720, b), "1d 4h 32m");
    assert_string_equal(page_uptime(16320, b), "4h 32m");
    assert_string_equal(page_uptime(65, b), "1m 5s");
    assert_string_equal(page_uptime(5, b), "5s");
}

static void counts_are_grouped_by_thousands(void **state)
{
    (void)state;
    char b[64];
    assert_string_equal(page_count(0, b), "0");
    assert_string_equal(page_count(999, b), "999");
    assert_string_equal(page_count(1000, b), "1,000");
    assert_string_equal(page_count(1234567, b), "1,234,567");
    assert_string_equal(page_count(-123456, b), "-123,456");
    assert_string_equal(page_count(INT64_MIN, b), "-9,223,372,036,854,775,808");
}

static void colour_is_there_only_when_asked_for(void **state)
{
    (void)state;
    struct page p = page_new(false, now);
    page_tone(&p, TONE_BAD, "x");
    assert_string_equal(buf_text(&p.text), "x");
    buf_free(&p.text);
    p = page_new(true, now);
    page_tone(&p, TONE_BAD, "x");
    assert_string_equal(buf_text(&p.text), "\x1b[31mx\x1b[0m");
    buf_free(&p.text);
}

static void a_page_past_its_limit_is_cut_and_says_so(void **state)
{
    (void)state;
    struct page p = page_new(false, now);
    p.text.limit = 10;
    page_put(&p, "%s", "0123456789abc");
    assert_true(p.cut);
    assert_string_equal(buf_text(&p.text), "0123456789");
    buf_free(&p.text);
}

static void long_lines_are_broken_between_words_below_the_text_of_a_field(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"short\n", "short\n"},
        {"no end", "no end"},
        {"  Auto-Recovery      Enabled, success, recent recoveries 1\n",
         "  Auto-Recovery      Enabled, success,\n"
         "                     recent recoveries 1\n"},
        {"one two three four five six seven eight nine\n",
         "one two three four five six seven eight\n  nine\n"},
        {"averyveryverylongwordthatisnotbrokenbecauseitcannot be\n",
         "averyveryverylongwordthatisnotbrokenbecauseitcannot be\n"},
        {"\x1b[31mone\x1b[0m two three four five six seven eight nine\n",
         "\x1b[31mone\x1b[0m two three four five six seven eight\n  nine\n"},
        {"éééééééé éééééééé éééééééé éééééééé éé éé\n",
         "éééééééé éééééééé éééééééé éééééééé éé\n  éé\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct page p = page_new(false, (wall_ms){0});
        page_put(&p, "%s", rows[i].text);
        page_wrap(&p, 40);
        assert_string_equal(buf_text(&p.text), rows[i].wanted);
        buf_free(&p.text);
    }
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_lines_are_broken_between_words_below_the_text_of_a_field),
        cmocka_unit_test(foreign_text_cannot_move_the_cursor_or_turn_the_line),
        cmocka_unit_test(every_text_of_a_body_is_cleaned_also_names_and_nested),
        cmocka_unit_test(cleaning_without_memory_gives_nothing_and_leaks_nothing),
        cmocka_unit_test(times_are_told_as_people_say_them),
        cmocka_unit_test(counts_are_grouped_by_thousands),
        cmocka_unit_test(colour_is_there_only_when_asked_for),
        cmocka_unit_test(a_page_past_its_limit_is_cut_and_says_so),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
