#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void it_grows_to_its_limit_and_refuses_the_byte_after(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 200; limit++) {
        struct buf b = BUF_LIMIT(limit);
        for (size_t i = 0; i < limit; i++) {
            assert_int_equal(buf_append(&b, "x", 1), 0);
            assert_int_equal(b.data[b.length], '\0');
        }
        assert_int_equal(buf_append(&b, "y", 1), -ENOBUFS);
        assert_int_equal(buf_printf(&b, "%d", 1), -ENOBUFS);
        assert_int_equal(b.length, limit);
        assert_true(b.capacity <= limit + 1);
        buf_free(&b);
        assert_int_equal(b.limit, limit);
    }
}

static void an_empty_one_reads_as_an_empty_text(void **state)
{
    (void)state;
    struct buf b = BUF_LIMIT(10);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_append(&b, NULL, 0), 0);
    assert_string_equal(buf_text(&b), "");
    buf_free(&b);
    buf_free(&b);
}

static void printing_appends(void **state)
{
    (void)state;
    struct buf b = BUF_LIMIT(1000);
    for (int i = 0; i < 50; i++)
        assert_int_equal(buf_printf(&b, "%02d,", i), 0);
    assert_int_equal(b.length, 150);
    assert_string_equal(b.data + 144, "48,49,");
    buf_free(&b);
}

static void what_does_not_fit_is_cut_on_request(void **state)
{
    (void)state;
    struct buf b = BUF_LIMIT(5);
    assert_true(buf_append_cut(&b, "abc", 3));
    assert_false(buf_append_cut(&b, "defg", 4));
    assert_string_equal(buf_text(&b), "abcde");
    assert_false(buf_append_cut(&b, "h", 1));
    assert_true(buf_append_cut(&b, "", 0));
    buf_free(&b);
}

static void consuming_takes_the_front_away(void **state)
{
    (void)state;
    struct buf b = BUF_LIMIT(100);
    assert_int_equal(buf_append(&b, "hello world", 11), 0);
    buf_consume(&b, 0);
    assert_int_equal(b.length, 11);
    buf_consume(&b, 6);
    assert_string_equal(buf_text(&b), "world");
    buf_consume(&b, 99);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_append(&b, "again", 5), 0);
    buf_clear(&b);
    assert_int_equal(b.length, 0);
    buf_free(&b);
}

static void what_is_taken_away_is_wiped(void **state)
{
    (void)state;
    static const char zeros[16] = "";
    struct buf b = BUF_LIMIT(100);
    assert_int_equal(buf_append(&b, "a password, and more", 20), 0);
    buf_consume(&b, 12);
    assert_string_equal(buf_text(&b), "and more");
    assert_memory_equal(b.data + 8, zeros, 12);
    buf_clear(&b);
    assert_memory_equal(b.data, zeros, 8);
    buf_free(&b);
}

static void lack_of_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    struct buf b = BUF_LIMIT(1000);
    assert_int_equal(buf_append(&b, "kept", 4), 0);
    char big[500];
    memset(big, 'x', sizeof big);
    mem_fail_from(1);
    assert_int_equal(buf_append(&b, big, sizeof big), -ENOMEM);
    assert_int_equal(buf_printf(&b, "%500s", ""), -ENOMEM);
    assert_false(buf_append_cut(&b, big, sizeof big));
    mem_fail_from(0);
    assert_string_equal(buf_text(&b), "kept");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_to_its_limit_and_refuses_the_byte_after),
        cmocka_unit_test(an_empty_one_reads_as_an_empty_text),
        cmocka_unit_test(printing_appends),
        cmocka_unit_test(what_does_not_fit_is_cut_on_request),
        cmocka_unit_test(consuming_takes_the_front_away),
        cmocka_unit_test(what_is_taken_away_is_wiped),
        cmocka_unit_test(lack_of_memory_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
