/* Header fields and quoted-printable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "notify/mail_text.h"

static void assert_quoted(const char *text, const char *wanted)
{
    struct buf to = BUF_LIMIT(65536);
    assert_int_equal(mail_quoted_printable(&to, text), 0);
    assert_string_equal(buf_text(&to), wanted);
    buf_free(&to);
}

static void quoted_printable_keeps_every_byte_and_no_blank_at_an_end(void **state)
{
    (void)state;
    assert_quoted("", "");
    assert_quoted("plain\n", "plain\r\n");
    assert_quoted("no end", "no end\r\n");
    assert_quoted("a \nb ", "a=20\r\nb=20\r\n");
    assert_quoted("a=b", "a=3Db\r\n");
    assert_quoted(".\nFrom me", "=2E\r\n=46rom me\r\n");
    assert_quoted("a\rb\tc", "a=0Db=09c\r\n");
    assert_quoted("\xc3\xbc", "=C3=BC\r\n");
}

static void no_line_is_longer_than_76(void **state)
{
    (void)state;
    static const char *const units[] = {"x", ".", "\xc3\xbc", "= ", "F"};
    for (size_t u = 0; u < ARRAY_LENGTH(units); u++) {
        struct buf text = BUF_LIMIT(65536), to = BUF_LIMIT(65536);
        for (int i = 0; i < 500; i++)
            assert_int_equal(buf_printf(&text, "%s", units[u]), 0);
        assert_int_equal(mail_quoted_printable(&to, buf_text(&text)), 0);
        const char *line = buf_text(&to);
        while (line[0] != '\0') {
            size_t length = strcspn(line, "\r");
            assert_in_range(length, 1, 76);
            assert_true(line[0] != '.' && line[0] != 'F');
            assert_true(str_starts(line + length, "\r\n"));
            line += length + 2;
        }
        buf_free(&text);
        buf_free(&to);
    }
}

static void a_header_value_cannot_begin_another_field(void **state)
{
    (void)state;
    static const char *const bad[] = {"a\r\nBcc: x", "a\nb", "a\rb", "a\x01", "\x7f", "\xff"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct buf to = BUF_LIMIT(4096);
        struct error err = {0};
        assert_int_equal(mail_header(&to, "Subject", bad[i], &err), -EINVAL);
        assert_non_null(strstr(err.text, "Subject"));
        assert_int_equal(to.length, 0);
        buf_free(&to);
    }
}

static void text_beyond_ascii_becomes_words_of_whole_characters(void **state)
{
    (void)state;
    struct buf text = BUF_LIMIT(4096), to = BUF_LIMIT(4096);
    for (int i = 0; i < 40; i++)
        assert_int_equal(buf_printf(&text, "\xe6\x97\xa5"), 0);
    assert_int_equal(mail_header(&to, "Subject", buf_text(&text), NULL), 0);
    const char *line = buf_text(&to);
    assert_true(str_starts(line, "Subject: =?utf-8?B?5pel"));
    for (; line[0] != '\0'; line += strcspn(line, "\r") + 2) {
        assert_in_range(strcspn(line, "\r"), 1, 78);
        assert_non_null(strstr(line, "=?utf-8?B?5pel")); /* each word begins with a character */
    }
    buf_free(&text);
    buf_free(&to);
}

static void the_date_is_english_and_in_utc(void **state)
{
    (void)state;
    struct buf to = BUF_LIMIT(4096);
    assert_int_equal(mail_date(&to, (wall_ms){INT64_C(1796004603000)}), 0);
    assert_string_equal(buf_text(&to), "Date: Mon, 30 Nov 2026 02:10:03 +0000\r\n");
    buf_free(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_printable_keeps_every_byte_and_no_blank_at_an_end),
        cmocka_unit_test(no_line_is_longer_than_76),
        cmocka_unit_test(a_header_value_cannot_begin_another_field),
        cmocka_unit_test(text_beyond_ascii_becomes_words_of_whole_characters),
        cmocka_unit_test(the_date_is_english_and_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
