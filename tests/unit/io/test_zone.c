#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/zone.h"

/* The C library is the witness. This process has one thread, so TZ may be set. */
static void offsets_are_those_of_the_c_library(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Europe/Berlin",      "America/New_York",  "Australia/Lord_Howe", "America/Sao_Paulo",
        "Asia/Kathmandu",     "Africa/Casablanca", "Europe/Dublin",       "Antarctica/Troll",
        "Pacific/Apia",       "America/St_Johns",  "Asia/Gaza",           "Etc/GMT+5",
        "Pacific/Kiritimati", "America/Nuuk",      "Asia/Jerusalem",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct zone *z = NULL;
        struct error err = {0};
        if (zone_load(names[i], &z, &err) == -ENOENT)
            continue; /* an older tzdata */
        assert_non_null(z);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (int64_t s = 0; s < 4000000000; s += 7919 * 60) { /* to 2096, every 5.5 days */
            time_t t = (time_t)s;
            struct tm tm;
            assert_non_null(localtime_r(&t, &tm));
            if (zone_offset_s(z, (wall_ms){s * 1000}) != tm.tm_gmtoff)
                fail_msg("%s at %lld", names[i], (long long)s);
        }
        zone_free(z);
    }
    assert_int_equal(unsetenv("TZ"), 0);
}

static void the_second_of_the_change_counts(void **state)
{
    (void)state;
    struct zone *z = NULL;
    if (zone_load("Europe/Berlin", &z, NULL) == -ENOENT)
        skip();
    assert_int_equal(zone_offset_s(z, (wall_ms){1743296399999}), 3600); /* 2025-03-30 01:00 UTC */
    assert_int_equal(zone_offset_s(z, (wall_ms){1743296400000}), 7200);
    assert_int_equal(zone_offset_s(z, (wall_ms){2550704399000}), 7200); /* 2050-10-30 01:00 UTC */
    assert_int_equal(zone_offset_s(z, (wall_ms){2550704400000}), 3600);
    assert_int_equal(zone_offset_s(z, (wall_ms){-5000000000000}), 3208); /* local mean time */
    zone_free(z);
}

static void utc_needs_no_file_and_bad_names_no_look(void **state)
{
    (void)state;
    struct zone *z = NULL;
    struct error err = {0};
    assert_int_equal(zone_load("", &z, &err), 0);
    assert_int_equal(zone_offset_s(z, (wall_ms){1743296400000}), 0);
    zone_free(z);
    z = NULL;
    static const char *const bad[] = {"Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe",
                                      "a\nb"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(zone_load(bad[i], &z, &err), -ENOENT);
        assert_null(z);
    }
}

static void a_file_cut_anywhere_or_out_of_memory_is_refused(void **state)
{
    (void)state;
    struct buf file = BUF_LIMIT(ZONE_FILE_MAX);
    if (file_read(ZONE_FOLDER "/Europe/Berlin", &file, NULL) < 0)
        skip();
    struct zone *z = NULL;
    for (size_t cut = 0; cut < file.length; cut++) {
        char *copy = malloc(cut + 1); /* exact: the sanitizer sees a byte too far */
        memcpy(copy, file.data, cut);
        assert_int_equal(zone_parse(copy, cut, &z), -EINVAL);
        free(copy);
    }
    for (unsigned long n = 1; n <= 3; n++) {
        mem_fail_from(n);
        assert_int_equal(zone_parse(file.data, file.length, &z), -ENOMEM);
        mem_fail_from(0);
    }
    for (unsigned long n = 1; n <= 4; n++) { /* of the file's bytes, too */
        mem_fail_from(n);
        assert_int_equal(zone_load("Europe/Berlin", &z, NULL), -ENOMEM);
        mem_fail_from(0);
    }
    assert_null(z);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_the_c_library),
        cmocka_unit_test(the_second_of_the_change_counts),
        cmocka_unit_test(utc_needs_no_file_and_bad_names_no_look),
        cmocka_unit_test(a_file_cut_anywhere_or_out_of_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
