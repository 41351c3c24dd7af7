#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "host/systemctl.h"

struct seen {
    size_t count;
    struct journal_line lines[8];
};

static void keep(void *context, const struct journal_line *line)
{
    struct seen *s = context;
    if (s->count < 8)
        s->lines[s->count] = *line;
    s->count++;
}

static void parse(const char *text, struct seen *s)
{
    s->count = 0;
    size_t told = journal_parse(text, strlen(text), keep, s);
    assert_int_equal(told, s->count);
}

static void test_json_lines_are_read(void **state)
{
    (void)state;
    struct seen s;
    parse("{\"MESSAGE\":\"Started.\",\"PRIORITY\":\"4\",\"__REALTIME_TIMESTAMP\":"
          "\"1795362726123456\"}\n"
          "{\"MESSAGE\":[72,195,164,255,10],\"_PID\":\"1\"}\n"
          "{\"MESSAGE\":null}\n"
          "{\"MESSAGE\":[\"first\",\"second\"],\"PRIORITY\":\"77\"}\n"
          "{\"MESSAGE\":\"a\\u0000b\\u0007c\"}\n",
          &s);
    assert_int_equal(s.count, 5);
    assert_string_equal(s.lines[0].message, "Started.");
    assert_int_equal(s.lines[0].priority, 4);
    assert_int_equal(s.lines[0].at.ms, 1795362726123);
    assert_string_equal(s.lines[1].message, "H\xc3\xa4?");
    assert_int_equal(s.lines[1].priority, 6);
    assert_int_equal(s.lines[1].at.ms, 0);
    assert_true(s.lines[2].message[0] != '\0');
    assert_string_equal(s.lines[3].message, "first");
    assert_int_equal(s.lines[3].priority, 6);
    assert_string_equal(s.lines[4].message, "a?b?c");
}

static void test_other_lines_are_handed_on(void **state)
{
    (void)state;
    struct seen s;
    parse("-- No entries --\n"
          "Nov 22 15:52:06 vm redis-server[812]: Ready: yes\n"
          "{broken\n"
          "12:M 22 Nov 2026 15:52:06.123 # Warning\n"
          "{\"MESSAGE\":\"cut of",
          &s);
    assert_int_equal(s.count, 3);
    assert_string_equal(s.lines[0].message, "Ready: yes");
    assert_string_equal(s.lines[1].message, "{broken");
    assert_string_equal(s.lines[2].message, "Warning");
    assert_int_equal(s.lines[2].at.ms, 1795362726123);
}

static void test_a_line_of_a_megabyte_is_cut(void **state)
{
    (void)state;
    struct buf text = BUF_LIMIT(2 * 1024 * 1024);
    assert_int_equal(buf_printf(&text, "{\"MESSAGE\":\"%01048576d\"}\n", 0), 0);
    struct seen s;
    parse(text.data, &s);
    buf_free(&text);
    assert_int_equal(s.count, 1);
    assert_int_equal(strlen(s.lines[0].message), JOURNAL_MESSAGE_MAX - 1);
    assert_int_equal(s.lines[0].message[0], '0');
}

static void test_cut_at_every_byte_is_survived(void **state)
{
    (void)state;
    static const char text[] = "{\"MESSAGE\":[1,2],\"PRIORITY\":\"3\"}\n"
                               "Nov 22 15:52:06 vm x: y\n12:M 22 Nov 2026 15:52:06.123 # W\n";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, text, cut);
        copy = realloc(copy, cut == 0 ? 1 : cut);
        struct seen s = {0};
        (void)journal_parse(copy, cut, keep, &s);
        (void)redis_log_parse(copy, cut, keep, &s);
        free(copy);
    }
}

/* Redis writes local time, with and without summer time. */
static void test_times_of_redis_own_log_are_those_of_the_machines_zone(void **state)
{
    (void)state;
    static const char text[] = "812:M 22 Nov 2026 15:52:06.123 * winter\n"
                               "812:M 22 Jul 2026 15:52:06.123 * summer\n";
    struct seen s = {0};
    const char *before = getenv("TZ");
    char kept[64] = "";
    if (before != NULL)
        (void)snprintf(kept, sizeof kept, "%s", before);
    assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
    tzset();
    size_t lines = redis_log_parse(text, strlen(text), keep, &s);
    assert_int_equal(before != NULL ? setenv("TZ", kept, 1) : unsetenv("TZ"), 0);
    tzset();
    assert_int_equal(lines, 2);
    assert_int_equal(s.lines[0].at.ms, 1795362726123 - 3600000);
    assert_int_equal(s.lines[1].at.ms, 1784735526123 - 7200000);
}

static void test_redis_own_log_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "812:M 22 Nov 2026 15:52:06.123 * Ready to accept connections\n"
        "813:C 01 Jan 2027 00:00:00.000 # Failed opening\n"
        "812:S 22 Nov 2026 15:52:06.123 . debug\n812:X 22 Nov 2026 15:52:06.123 - verbose\n"
        "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n"
        "812:M 22 Xxx 2026 15:52:06.123 * odd month\n";
    struct seen s = {0};
    assert_int_equal(redis_log_parse(text, strlen(text), keep, &s), 6);
    assert_string_equal(s.lines[0].message, "Ready to accept connections");
    assert_int_equal(s.lines[0].priority, 5);
    assert_int_equal(s.lines[0].at.ms, 1795362726123);
    assert_int_equal(s.lines[1].priority, 4);
    assert_int_equal(s.lines[2].priority, 7);
    assert_int_equal(s.lines[3].priority, 6);
    assert_string_equal(s.lines[4].message, "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***");
    /* What has no time of its own is of the line before. */
    assert_int_equal(s.lines[4].at.ms, 1795362726123);
    assert_int_equal(s.lines[5].at.ms, 1795362726123);
    static const char bare[] = "812:M 22 Xxx 2026 15:52:06.123 * odd month\n";
    assert_int_equal(redis_log_parse(bare, strlen(bare), keep, &s), 1);
    assert_int_equal(s.lines[6].at.ms, 0);
}

int main(void)
{
    assert_int_equal(setenv("TZ", "UTC", 1), 0); /* Redis' times are local ones */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_lines_are_read),
        cmocka_unit_test(test_other_lines_are_handed_on),
        cmocka_unit_test(test_a_line_of_a_megabyte_is_cut),
        cmocka_unit_test(test_cut_at_every_byte_is_survived),
        cmocka_unit_test(test_times_of_redis_own_log_are_those_of_the_machines_zone),
        cmocka_unit_test(test_redis_own_log_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
