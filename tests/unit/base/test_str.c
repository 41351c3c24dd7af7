#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void copies_are_cut_between_characters(void **state)
{
    (void)state;
    const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"; /* 1 + 2 + 3 + 4 bytes */
    const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t size = 1; size <= 11; size++) {
        char *to = malloc(size);
        assert_int_equal(str_copy(to, size, text), size == 11);
        assert_int_equal(strlen(to), ends[size - 1]);
        free(to);
    }
    char to[4] = "xyz";
    assert_false(str_copy(to, 0, "abc"));
    assert_string_equal(to, "xyz");
    assert_true(str_copy(to, sizeof to, NULL));
    assert_string_equal(to, "");
    assert_true(str_copy_n(to, sizeof to, "ab\0c", 4));
    assert_string_equal(to, "ab");
    assert_true(str_copy_n(to, sizeof to, "abcdef", 3));
    assert_string_equal(to, "abc");
}

static void clean_copies_are_printable_utf8_whatever_comes(void **state)
{
    (void)state;
    char to[400];
    unsigned char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    assert_true(str_copy_clean(to, sizeof to, (char *)bytes, sizeof bytes));
    assert_int_equal(strlen(to), 256);
    assert_true(str_utf8(to, 256));
    assert_int_equal(to['\t'], ' ');
    assert_int_equal(to['\n'], ' ');
    assert_int_equal(to[0x7f], '?');
    assert_int_equal(to['A'], 'A');
    for (size_t size = 1; size < 12; size++) {
        char *small = malloc(size);
        (void)str_copy_clean(small, size, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10);
        assert_true(strlen(small) < size && str_utf8(small, strlen(small)));
        free(small);
    }
    assert_true(str_copy_clean(to, sizeof to, "gr\xc3\xbc\xc3\x9f", 6));
    assert_string_equal(to, "gr\xc3\xbc\xc3\x9f");
    /* Control characters of eight bits: a terminal may take U+009B for ESC [. */
    assert_true(str_copy_clean(to, sizeof to, "a\xc2\x9b\x33\xc2\x80\xc2\xa0z", 9));
    assert_string_equal(to, "a?3?\xc2\xa0z");
    /* What turns the reading direction, and separators of lines. */
    static const char turned[] = "a\u202Eb\u2066c\u200Fd\u061Ce\u2028f\uFEFFg";
    assert_true(str_copy_clean(to, sizeof to, turned, strlen(turned)));
    assert_string_equal(to, "a?b?c?d?e?f?g");
}

static void formatting_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t size = 1; size < 14; size++) {
        char *to = malloc(size); /* exact: the sanitizer sees a byte before or behind */
        bool whole = str_format(to, size, "a\xc3\xa4%s", "\xe2\x82\xac\xf0\x9f\x98\x80");
        assert_int_equal(whole, size > 10);
        assert_true(strlen(to) < size && str_utf8(to, strlen(to)));
        free(to);
    }
    char to[6] = "";
    assert_true(str_append(to, sizeof to, "%s", "ab"));
    assert_true(str_append(to, sizeof to, "%d", 12));
    assert_false(str_append(to, sizeof to, "%s", "xyz"));
    assert_string_equal(to, "ab12x");
    assert_false(str_append(to, sizeof to, "%s", "z"));
    assert_string_equal(to, "ab12x");
    assert_true(str_append(to, sizeof to, "%s", ""));
    assert_false(str_format(to, 0, "x"));
}

static void utf8_is_judged_by_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool good;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\x80", false},             /* continuation alone */
        {"\xc0\x80", false},         /* overlong */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* beyond the last */
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"\xc3", false}, /* cut */
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xc3(", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(str_utf8(rows[i].bytes, strlen(rows[i].bytes)), rows[i].good);
}

static void words_are_found_exactly_and_nearly(void **state)
{
    (void)state;
    static const char *const names[] = {"enabled", NULL, "max_attempts", "retry_delay_ms"};
    assert_int_equal(str_index(names, 4, "max_attempts"), 2);
    assert_int_equal(str_index(names, 4, "max"), -1);
    assert_int_equal(str_index(names, 0, "enabled"), -1);
    assert_string_equal(str_nearest(names, 4, "enabld"), "enabled");
    assert_string_equal(str_nearest(names, 4, "maxattempts"), "max_attempts");
    assert_string_equal(str_nearest(names, 4, "enabled"), "enabled");
    assert_null(str_nearest(names, 4, "colour"));
    assert_null(str_nearest(names, 4, ""));
    assert_int_equal(str_distance("", ""), 0);
    assert_int_equal(str_distance("", "abc"), 3);
    assert_int_equal(str_distance("kitten", "sitting"), 3);
    char a[200];
    memset(a, 'a', sizeof a - 1);
    a[sizeof a - 1] = '\0';
    assert_int_equal(str_distance(a, ""), 64); /* bounded */
}

static void small_questions(void **state)
{
    (void)state;
    assert_true(str_starts("redis-server", "redis"));
    assert_true(str_starts("x", ""));
    assert_false(str_starts("", "x"));
    assert_true(str_equal("", ""));
    const char *text = "ab\0cd";
    assert_ptr_equal(str_find(text, 5, "cd"), text + 3);
    assert_null(str_find(text, 4, "cd"));
    assert_ptr_equal(str_find(text, 5, ""), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_cut_between_characters),
        cmocka_unit_test(clean_copies_are_printable_utf8_whatever_comes),
        cmocka_unit_test(formatting_is_cut_between_characters),
        cmocka_unit_test(utf8_is_judged_by_the_table),
        cmocka_unit_test(words_are_found_exactly_and_nearly),
        cmocka_unit_test(small_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
