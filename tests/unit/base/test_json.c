#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void expect(const json_t *o, const char *wanted)
{
    char *text = json_dumps(o, JSON_WRITE_FLAGS);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void members_are_written_in_order_with_the_runbooks_blanks(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *o = json_object();
    assert_true(json_put_text(o, "z", "text"));
    assert_true(json_put_text(o, "none", NULL));
    assert_true(json_put_int(o, "i", INT64_MIN));
    assert_true(json_put_real(o, "r", 0.5));
    assert_true(json_put_real(o, "nan", (double)NAN));
    assert_true(json_put_bool(o, "b", false));
    assert_true(json_put_wall(o, "t", (wall_ms){1760106600000}));
    assert_true(json_put_wall(o, "never", WALL_NONE));
    assert_true(json_put(o, "d", json_rounded(0.1 + 0.2, 3)));
    assert_true(json_put(o, "inf", json_rounded((double)INFINITY, 3)));
    expect(o, "{\"z\": \"text\", \"none\": null, \"i\": -9223372036854775808, \"r\": 0.5, "
              "\"nan\": null, \"b\": false, \"t\": \"2025-10-10T14:30:00Z\", \"never\": null, "
              "\"d\": 0.3, \"inf\": null}");
}

static void bad_utf8_becomes_question_marks_and_is_never_lost(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *o = json_object();
    assert_true(json_put_text(o, "t",
                              "a\xff"
                              "b\xc3"));
    expect(o, "{\"t\": \"a?b?\"}");
}

static void reading_falls_back_on_absent_or_other_types(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *o =
        json_loads("{\"t\": \"x\", \"i\": 7, \"r\": 1.5, \"b\": true, \"n\": null}", 0, NULL);
    assert_string_equal(json_text_or(o, "t", "-"), "x");
    assert_string_equal(json_text_or(o, "i", "-"), "-");
    assert_string_equal(json_text_or(o, "absent", "-"), "-");
    assert_string_equal(json_text_or(NULL, "t", "-"), "-");
    assert_int_equal(json_int_or(o, "i", 1), 7);
    assert_int_equal(json_int_or(o, "r", 1), 1);
    assert_int_equal(json_int_or(o, "n", 1), 1);
    assert_true(json_real_or(o, "r", 0) > 1.4);
    assert_true(json_real_or(o, "i", 0) > 6.9); /* whole numbers are numbers */
    assert_true(json_bool_or(o, "b", false));
    assert_true(json_bool_or(o, "i", true));
}

static void a_missing_value_fails_instead_of_vanishing(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *o = json_object();
    assert_false(json_put(o, "x", NULL));
    assert_false(json_put_text(NULL, "x", "y"));
    mem_fail_from(1);
    assert_false(json_put_text(o, "x", "\xff"));
    mem_fail_from(0);
}

/* Whoever frees looks at the size of the block; a test can only see that it is not free() itself.
 */
static void jansson_frees_by_a_function_that_wipes(void **state)
{
    (void)state;
    json_malloc_t take;
    json_free_t give;
    json_get_alloc_funcs(&take, &give);
    assert_true(take == malloc);
    assert_true(give != free);
    give(take(100));
    give(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_written_in_order_with_the_runbooks_blanks),
        cmocka_unit_test(bad_utf8_becomes_question_marks_and_is_never_lost),
        cmocka_unit_test(reading_falls_back_on_absent_or_other_types),
        cmocka_unit_test(jansson_frees_by_a_function_that_wipes),
        cmocka_unit_test(a_missing_value_fails_instead_of_vanishing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
