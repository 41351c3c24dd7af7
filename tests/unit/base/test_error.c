#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void an_error_is_filled_and_its_code_returned(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, -EINVAL, "%s %d", "bad", 7), -EINVAL);
    assert_int_equal(err.code, -EINVAL);
    assert_string_equal(err.text, "bad 7");
    assert_int_equal(error_set(NULL, -EIO, "x"), -EIO);
    assert_int_equal(error_set_errno(&err, -ENOENT, "cannot open %s", "f"), -ENOENT);
    assert_string_equal(err.text, "cannot open f: No such file or directory");
    assert_int_equal(error_set_errno(NULL, -ENOENT, "x"), -ENOENT);
}

static void context_goes_in_front(void **state)
{
    (void)state;
    struct error err = {0};
    (void)error_set(&err, -EPERM, "no");
    assert_int_equal(error_prefix(&err, "service %s", "a"), -EPERM);
    assert_string_equal(err.text, "service a: no");
    assert_int_equal(error_prefix(NULL, "x"), -EIO);
    struct error none = {0};
    assert_int_equal(error_prefix(&none, "x"), -EIO); /* never success */
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char big[2000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    struct error err = {0};
    (void)error_set(&err, -EIO, "%s", big);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    (void)error_prefix(&err, "%s", "front");
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    (void)error_prefix(&err, "%s", big);
    (void)error_set_errno(&err, -EIO, "%s", big);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_filled_and_its_code_returned),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
