#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "settings/office_hours.h"

static bool hold(const char *text, const char *zone, const char *at)
{
    struct office_hours hours;
    struct error err = {0};
    struct zone *z = NULL;
    wall_ms t;
    assert_int_equal(wall_parse(at, &t), 0);
    if (office_hours_parse(text, &hours, &err) < 0 || zone_load(zone, &z, &err) < 0)
        fail_msg("%s", err.text);
    bool result = office_hours_hold(&hours, z, t);
    zone_free(z);
    return result;
}

static void the_first_minute_is_inside_and_the_last_is_not(void **state)
{
    (void)state;
    const char *text = "Mon-Fri 08:00-18:00";
    assert_false(hold(text, "", "2025-10-10T07:59:59Z")); /* a Friday */
    assert_true(hold(text, "", "2025-10-10T08:00:00Z"));
    assert_true(hold(text, "", "2025-10-10T17:59:59Z"));
    assert_false(hold(text, "", "2025-10-10T18:00:00Z"));
    assert_false(hold(text, "", "2025-10-11T12:00:00Z"));
    assert_false(hold(text, "", "2025-10-12T12:00:00Z"));
    assert_true(hold(text, "", "2025-10-13T12:00:00Z"));
    assert_true(hold("mon,SUN 00:00-24:00", "", "2025-10-12T23:59:59Z"));
    assert_true(hold("Fri-Mon 00:00-24:00", "", "2025-10-12T00:00:00Z"));
    assert_false(hold("Fri-Mon 00:00-24:00", "", "2025-10-14T00:00:00Z"));
}

static void nights_belong_to_the_day_they_begin_on(void **state)
{
    (void)state;
    assert_true(hold("Fri 22:00-06:00", "", "2025-10-10T23:00:00Z"));
    assert_true(hold("Fri 22:00-06:00", "", "2025-10-11T05:59:00Z"));
    assert_false(hold("Fri 22:00-06:00", "", "2025-10-10T05:59:00Z"));
    assert_true(hold("Sun 22:00-06:00", "", "2025-10-13T01:00:00Z"));
}

static void the_zone_decides_summer_and_winter(void **state)
{
    (void)state;
    struct zone *z = NULL;
    if (zone_load("Europe/Berlin", &z, NULL) < 0)
        skip();
    zone_free(z);
    assert_true(hold("Mon-Fri 08:00-18:00", "Europe/Berlin", "2025-10-10T06:00:00Z"));
    assert_false(hold("Mon-Fri 08:00-18:00", "Europe/Berlin", "2025-12-10T06:00:00Z"));
    assert_true(hold("Mon 00:00-01:00", "Europe/Berlin", "2025-10-12T22:30:00Z"));
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "Mon",
                                      "Mon-Fri",
                                      "08:00-18:00",
                                      "Mon-Fri 8:00-18:00",
                                      "Foo 08:00-18:00",
                                      "Mon- 08:00-18:00",
                                      "Mon-Fri 08:00-18:00 ",
                                      "Mon-Fri 08:60-18:00",
                                      "Mon-Fri 25:00-26:00",
                                      "Mon-Fri 24:00-01:00",
                                      "Mon-Fri 08:00-08:00",
                                      "Mon-Fri 08:00",
                                      "Mon,, 08:00-18:00",
                                      "Mon-Fri08:00-18:00",
                                      "Mon-Fri 08:00-24:01"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct office_hours hours;
        struct error err = {0};
        if (office_hours_parse(bad[i], &hours, &err) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(err.text, "Mon-Fri 08:00-18:00"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_minute_is_inside_and_the_last_is_not),
        cmocka_unit_test(nights_belong_to_the_day_they_begin_on),
        cmocka_unit_test(the_zone_decides_summer_and_winter),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
