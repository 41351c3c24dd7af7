#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "base/time.h"

static void times_are_written_in_whole_seconds_of_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {-1000, "1969-12-31T23:59:59Z"},
        {1760106600000, "2025-10-10T14:30:00Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {4107542400000, "2100-03-01T00:00:00Z"},
        {253402300799999, "9999-12-31T23:59:59Z"},
        {253402300800000, "9999-12-31T23:59:59Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z"},
        {INT64_MIN, "0000-01-01T00:00:00Z"},
    };
    char buffer[WALL_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_string_equal(wall_text((wall_ms){rows[i].ms}, buffer), rows[i].text);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    char buffer[WALL_TEXT_SIZE];
    for (int64_t s = -62167219200; s <= 253402300799; s += 86400LL * 97 + 12345) {
        wall_ms t;
        assert_int_equal(wall_parse(wall_text((wall_ms){s * 1000}, buffer), &t), 0);
        assert_int_equal(t.ms, s * 1000);
    }
}

static void other_forms_of_the_standard_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"2025-10-10T14:30:00Z", 1760106600000},
        {"2025-10-10t14:30:00Z", 1760106600000},
        {"2025-10-10 14:30:00Z", 1760106600000},
        {"2025-10-10T14:30:00.5Z", 1760106600500},
        {"2025-10-10T14:30:00.123456789Z", 1760106600123},
        {"2025-10-10T16:30:00+02:00", 1760106600000},
        {"2025-10-10T16:30:00+0200", 1760106600000},
        {"2025-10-10T10:00:00-04:30", 1760106600000},
        {"2016-12-31T23:59:60Z", 1483228800000},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        wall_ms t = {0};
        assert_int_equal(wall_parse(rows[i].text, &t), 0);
        assert_int_equal(t.ms, rows[i].ms);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2025",
        "2025-10-10",
        "2025-13-10T14:30:00Z",
        "2025-00-10T14:30:00Z",
        "2025-02-29T14:30:00Z",
        "2025-10-00T14:30:00Z",
        "2025-10-10T24:30:00Z",
        "2025-10-10T14:60:00Z",
        "2025-10-10T14:30:61Z",
        "2025-10-10T14:30:00",
        "2025-10-10T14:30:00ZZ",
        "2025-10-10T14:30:00.Z",
        "2025-10-10T14:30:00+24:00",
        "2025-10-10T14:30:00+2:00",
        "-025-10-10T14:30:00Z",
        "2025-10-10T14:30: 0Z",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        wall_ms t = {42};
        assert_int_equal(wall_parse(bad[i], &t), -EINVAL);
        assert_int_equal(t.ms, 42);
    }
    const char *good = "2025-10-10T14:30:00.25+02:00";
    for (size_t cut = 0; cut < strlen(good); cut++) {
        char part[40] = "";
        wall_ms t;
        memcpy(part, good, cut);
        assert_int_equal(wall_parse(part, &t), -EINVAL);
    }
}

static void durations_read_well(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0 s"},
        {300, "0.3 s"},
        {1500, "1.5 s"},
        {42000, "42 s"},
        {303000, "5 min 3 s"},
        {3600000, "1 h 0 min"},
        {100800000, "1 d 4 h"},
        {-1500, "-1.5 s"},
    };
    char buffer[DURATION_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_string_equal(duration_text(rows[i].ms, buffer), rows[i].text);
    assert_true(strlen(duration_text(INT64_MIN, buffer)) < sizeof buffer);
    assert_true(strlen(duration_text(INT64_MAX, buffer)) < sizeof buffer);
}

static void a_deadline_never_wraps(void **state)
{
    (void)state;
    assert_int_equal(mono_add(MONO_NEVER, 1000).ms, INT64_MAX);
    assert_int_equal(mono_add((mono_ms){5}, INT64_MAX).ms, INT64_MAX);
    assert_int_equal(mono_add((mono_ms){5}, -3).ms, 2);
    assert_true(mono_reached((mono_ms){7}, (mono_ms){7}));
    assert_false(mono_reached((mono_ms){6}, (mono_ms){7}));
    assert_int_equal(mono_min((mono_ms){6}, MONO_NEVER).ms, 6);
    assert_int_equal(mono_max((mono_ms){6}, (mono_ms){7}).ms, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_whole_seconds_of_utc),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(other_forms_of_the_standard_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(durations_read_well),
        cmocka_unit_test(a_deadline_never_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
