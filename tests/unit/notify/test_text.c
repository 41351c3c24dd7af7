/* How a message reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/str.h"
#include "notify/text.h"

static struct message alert(enum message_kind kind, int severity)
{
    struct message m;
    message_init(&m, kind);
    m.severity = severity;
    (void)str_copy(m.service, sizeof m.service, "redis");
    (void)str_copy(m.service_name, sizeof m.service_name, "Redis Service");
    (void)str_copy(m.host, sizeof m.host, "10.0.0.5");
    (void)str_copy(m.title, sizeof m.title, "Redis has crashed");
    (void)str_copy(m.summary, sizeof m.summary, "The process ended by signal 9.");
    (void)str_copy(m.action, sizeof m.action, "Resus restarted it.");
    (void)str_copy(m.command, sizeof m.command, "resus status redis");
    m.unsaved_changes = 1;
    m.connections = 20;
    m.began = (wall_ms){INT64_C(1796004603000)};
    m.evidence.count = 5;
    m.log.count = 2;
    for (int i = 0; i < 5; i++)
        (void)str_format(m.evidence.lines[i], MESSAGE_LINE_MAX, "evidence %d", i);
    (void)str_copy(m.log.lines[0], MESSAGE_LINE_MAX, "log line");
    return m;
}

static void a_headline_says_how_bad_what_and_where(void **state)
{
    (void)state;
    char line[TEXT_HEADLINE_MAX];
    static const struct {
        enum message_kind kind;
        const char *line;
    } rows[] = {
        {MESSAGE_TRIGGER, "P1 Redis Service on 10.0.0.5: Redis has crashed"},
        {MESSAGE_RESOLVE, "P1 Resolved: Redis Service on 10.0.0.5: Redis has crashed"},
        {MESSAGE_TEST, "Test: Redis Service on 10.0.0.5: Redis has crashed"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct message m = alert(rows[i].kind, 1);
        text_headline(&m, line);
        assert_string_equal(line, rows[i].line);
    }
    struct message over = alert(MESSAGE_RESOLVE, 1);
    over.ended = wall_add(over.began, 243000);
    text_headline(&over, line);
    assert_string_equal(
        line, "P1 Resolved after 4 min 3 s: Redis Service on 10.0.0.5: Redis has crashed");
    struct message m = alert(MESSAGE_TRIGGER, 0);
    m.title[0] = m.host[0] = m.service_name[0] = '\0';
    m.repeat = true;
    text_headline(&m, line);
    assert_string_equal(line, "redis: The process ended by signal 9. (may be a repeat)");
}

static void a_page_is_read_from_top_to_bottom(void **state)
{
    (void)state;
    struct buf text = BUF_LIMIT(65536);
    struct message m = alert(MESSAGE_TRIGGER, 1);
    assert_int_equal(text_plain(&m, true, &text), 0);
    assert_string_equal(buf_text(&text), "P1 Redis Service on 10.0.0.5: Redis has crashed\n"
                                         "\n"
                                         "The process ended by signal 9.\n"
                                         "\n"
                                         "Service: Redis Service (redis)\n"
                                         "Host: 10.0.0.5\n"
                                         "Since: 2026-11-30 02:10:03 UTC\n"
                                         "\n"
                                         "Evidence:\n"
                                         "  - evidence 0\n"
                                         "  - evidence 1\n"
                                         "  - evidence 2\n"
                                         "  - evidence 3\n"
                                         "  - evidence 4\n"
                                         "\n"
                                         "Log of Redis:\n"
                                         "  log line\n"
                                         "\n"
                                         "What Resus did:\n"
                                         "  Resus restarted it.\n"
                                         "\n"
                                         "At stake:\n"
                                         "  1 unsaved change, 20 client connections.\n"
                                         "\n"
                                         "Run this:\n"
                                         "  resus status redis\n");
    buf_free(&text);
}

static void the_less_severe_the_shorter_and_logs_only_where_they_may_be(void **state)
{
    (void)state;
    size_t before = SIZE_MAX;
    for (int severity = 2; severity <= 4; severity++) {
        struct buf text = BUF_LIMIT(65536);
        struct message m = alert(MESSAGE_TRIGGER, severity);
        assert_int_equal(text_plain(&m, severity == 2, &text), 0);
        assert_true(text.length < before);
        assert_int_equal(strstr(buf_text(&text), "log line") != NULL, severity == 2);
        before = text.length;
        buf_free(&text);
    }
}

static void what_is_over_says_how_long_it_was_and_asks_for_nothing(void **state)
{
    (void)state;
    struct buf text = BUF_LIMIT(65536);
    struct message m = alert(MESSAGE_RESOLVE, 1);
    m.ended = wall_add(m.began, 243000);
    assert_int_equal(text_plain(&m, true, &text), 0);
    assert_non_null(strstr(buf_text(&text), "Lasted: 4 min 3 s, since 2026-11-30 02:10:03 UTC\n"));
    assert_null(strstr(buf_text(&text), "Run this"));
    assert_null(strstr(buf_text(&text), "Evidence"));
    buf_free(&text);
}

static void foreign_bytes_are_cleaned_and_cut_between_characters(void **state)
{
    (void)state;
    struct buf text = BUF_LIMIT(4096);
    assert_int_equal(text_append(&text, "a\x1b\xff\tb\n\xe2\x80\xae\xc3\xbc\xc3", 100), 0);
    assert_string_equal(buf_text(&text), "a?? b\n?\xc3\xbc?");
    buf_clear(&text);
    assert_int_equal(text_append(&text, "\xc3\xbc\xc3\xbc\xc3\xbc", 2), 0);
    assert_string_equal(buf_text(&text), "\xc3\xbc\xc3\xbc...");
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_headline_says_how_bad_what_and_where),
        cmocka_unit_test(a_page_is_read_from_top_to_bottom),
        cmocka_unit_test(the_less_severe_the_shorter_and_logs_only_where_they_may_be),
        cmocka_unit_test(what_is_over_says_how_long_it_was_and_asks_for_nothing),
        cmocka_unit_test(foreign_bytes_are_cleaned_and_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
