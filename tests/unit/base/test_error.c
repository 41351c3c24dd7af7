#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static void the_systems_words_stand_behind_ours(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set_errno(&err, -ENOENT, "cannot open %s", "/x"), -ENOENT);
    assert_int_equal(err.code, -ENOENT);
    assert_string_equal(err.text, "cannot open /x: No such file or directory");
}

static void a_context_stands_before_what_is_there(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, -EINVAL, "bad %d", 3), -EINVAL);
    assert_int_equal(error_prefix(&err, "line %d", 7), -EINVAL);
    assert_string_equal(err.text, "line 7: bad 3");
    assert_int_equal(error_prefix(NULL, "nobody"), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_systems_words_stand_behind_ours),
        cmocka_unit_test(a_context_stands_before_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
