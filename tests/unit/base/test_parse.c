#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/parse.h"

static void whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {"-7", 0, -7},
        {"007", 0, 7},
        {"100", 0, 100},
        {"101", -ERANGE, 0},
        {"-101", -ERANGE, 0},
        {"", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"+7", -EINVAL, 0},
        {" 7", -EINVAL, 0},
        {"7 ", -EINVAL, 0},
        {"7x", -EINVAL, 0},
        {"0x7", -EINVAL, 0},
        {"1e2", -EINVAL, 0},
        {"--7", -EINVAL, 0},
        {"99999999999999999999999", -ERANGE, 0},
        {"99999999999999999999999x", -EINVAL, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t v = 42;
        struct error err = {0};
        if (parse_int(rows[i].text, -100, 100, &v, &err) != rows[i].code)
            fail_msg("%s: %s", rows[i].text, err.text);
        assert_int_equal(v, rows[i].code == 0 ? rows[i].value : 42);
        assert_int_equal(err.text[0] != '\0', rows[i].code < 0);
    }
}

static void decimal_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        double value;
    } rows[] = {
        {"0", 0, 0},
        {"12", 0, 12},
        {"0.5", 0, 0.5},
        {"1.25", 0, 1.25},
        {"-0.5", 0, -0.5},
        {"100", 0, 100},
        {"100.1", -ERANGE, 0},
        {"", -EINVAL, 0},
        {".5", -EINVAL, 0},
        {"5.", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
        {"inf", -EINVAL, 0},
        {"nan", -EINVAL, 0},
        {"1.2.3", -EINVAL, 0},
        {"1,5", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"99999999999999999999999", -ERANGE, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        double v = 42;
        if (parse_double(rows[i].text, -100, 100, &v, NULL) != rows[i].code)
            fail_msg("%s", rows[i].text);
        double wanted = rows[i].code == 0 ? rows[i].value : 42;
        assert_true(v > wanted - 1e-9 && v < wanted + 1e-9);
    }
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        int64_t ms;
    } rows[] = {
        {"30", 0, 30000},
        {"0", 0, 0},
        {"250ms", 0, 250},
        {"30s", 0, 30000},
        {"5m", 0, 300000},
        {"2h", 0, 7200000},
        {"7d", 0, 604800000},
        {"1h30m", 0, 5400000},
        {"1d2h3m4s5ms", 0, 93784005},
        {"", -EINVAL, 0},
        {"1h30", -EINVAL, 0},
        {"30m1h", -EINVAL, 0},
        {"1m1m", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"-1s", -EINVAL, 0},
        {"1 s", -EINVAL, 0},
        {"1.5h", -EINVAL, 0},
        {"5x", -EINVAL, 0},
        {"1hm", -EINVAL, 0},
        {"1s ", -EINVAL, 0},
        {"999999999999999999d", -ERANGE, 0},
        {"99999999999999999999", -ERANGE, 0},
        {"99999999999999999999d", -ERANGE, 0},
        {"999999999999999999", -ERANGE, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t v = 42;
        int r = parse_duration(rows[i].text, &v, NULL);
        if (r != rows[i].code)
            fail_msg("%s: %d", rows[i].text, r);
        assert_int_equal(v, rows[i].code == 0 ? rows[i].ms : 42);
    }
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        int64_t bytes;
    } rows[] = {
        {"1024", 0, 1024},
        {"0", 0, 0},
        {"512k", 0, 524288},
        {"100MB", 0, 104857600},
        {"4gb", 0, 4294967296},
        {"4G", 0, 4294967296},
        {"7b", 0, 7},
        {"", -EINVAL, 0},
        {"MB", -EINVAL, 0},
        {"1 MB", -EINVAL, 0},
        {"1TB", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1.5g", -EINVAL, 0},
        {"99999999999g", -ERANGE, 0},
        {"99999999999999999999", -ERANGE, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int64_t v = 42;
        int r = parse_size(rows[i].text, &v, NULL);
        if (r != rows[i].code)
            fail_msg("%s: %d", rows[i].text, r);
        assert_int_equal(v, rows[i].code == 0 ? rows[i].bytes : 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(decimal_numbers),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
