#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"

static void what_is_given_is_zeroed(void **state)
{
    (void)state;
    unsigned char *p = mem_calloc(3, 100);
    assert_non_null(p);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
    mem_free(NULL);
}

static void nothing_is_a_piece_of_memory_too(void **state)
{
    (void)state;
    void *p = mem_calloc(0, 0);
    assert_non_null(p);
    p = mem_realloc(p, 0);
    assert_non_null(p);
    mem_free(p);
}

static void too_much_is_refused_and_the_old_piece_stays(void **state)
{
    (void)state;
    assert_null(mem_calloc(MEM_MAX / 2, 3));
    assert_null(mem_calloc(SIZE_MAX, SIZE_MAX));
    char *p = mem_strdup("kept");
    assert_non_null(p);
    assert_null(mem_realloc(p, MEM_MAX + 1));
    assert_string_equal(p, "kept");
    mem_free(p);
}

static void the_nth_allocation_and_all_after_it_fail(void **state)
{
    (void)state;
    mem_fail_from(2);
    void *p = mem_calloc(1, 1);
    assert_non_null(p);
    assert_null(mem_calloc(1, 1));
    assert_null(mem_strdup("x"));
    assert_null(mem_realloc(p, 10));
    assert_int_equal(mem_count(), 4);
    mem_fail_from(0);
    p = mem_realloc(p, 10);
    assert_non_null(p);
    mem_free(p);
}

static void a_copy_stops_at_the_length_or_the_end(void **state)
{
    (void)state;
    char *p = mem_strndup("abcdef", 3);
    assert_string_equal(p, "abc");
    mem_free(p);
    p = mem_strndup("ab", 100);
    assert_string_equal(p, "ab");
    mem_freep(&p);
    assert_null(p);
}

static void a_wiped_piece_holds_nothing(void **state)
{
    (void)state;
    char secret[8] = "hunter2";
    mem_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_zeroed),
        cmocka_unit_test(nothing_is_a_piece_of_memory_too),
        cmocka_unit_test(too_much_is_refused_and_the_old_piece_stays),
        cmocka_unit_test(the_nth_allocation_and_all_after_it_fail),
        cmocka_unit_test(a_copy_stops_at_the_length_or_the_end),
        cmocka_unit_test(a_wiped_piece_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
