/* The section `maintenance`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "settings/settings.h"

static const char whole[] =
    "services: {redis: {}, cache: {address: '127.0.0.1:6380'}}\n"
    "maintenance:\n"
    "  timezone: Europe/Berlin\n"
    "  windows:\n"
    "    - {name: weekly, when: \"Sun 02:00-04:00\", services: [\"*\"]}\n"
    "    - {name: monthly, when: \"first Sun 01:00-05:00\", services: [cache, redis],\n"
    "       except: [2027-01-03, 2027-02-07], impact: no-impact}\n"
    "    - {name: once, when: 2026-12-24 22:00-01:00}\n"
    "  announce_hours: [1, 72]\n";

static struct settings *parse(const char *yaml)
{
    struct settings *s = NULL;
    struct error err = {0};
    if (settings_parse("t.yaml", yaml, strlen(yaml), &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static void every_key_arrives(void **state)
{
    (void)state;
    struct settings *s = parse(whole);
    const struct maintenance_settings *m = &s->maintenance;
    assert_string_equal(m->timezone, "Europe/Berlin");
    assert_int_equal(m->policy.notice_count, 2);
    assert_int_equal(m->policy.notice_hours[0], 1);
    assert_int_equal(m->policy.notice_hours[1], 72);
    assert_int_equal(m->window_count, 3);
    static const struct {
        const char *name, *when;
        size_t services, exceptions;
        enum window_impact impact;
    } rows[] = {
        {"weekly", "Sun 02:00-04:00", 1, 0, WINDOW_OUTAGE},
        {"monthly", "first Sun 01:00-05:00", 2, 2, WINDOW_NO_IMPACT},
        {"once", "2026-12-24 22:00-01:00", 0, 0, WINDOW_OUTAGE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct window_settings *w = &m->windows[i];
        char text[SCHEDULE_TEXT_SIZE];
        assert_string_equal(w->name, rows[i].name);
        assert_string_equal(schedule_text(&w->schedule, text), rows[i].when);
        assert_int_equal(w->services.count, rows[i].services);
        assert_int_equal(w->schedule.exception_count, rows[i].exceptions);
        assert_int_equal(w->impact, rows[i].impact);
    }
    assert_string_equal(m->windows[1].services.patterns[0], "cache");
    assert_false(schedule_matches(&m->windows[1].schedule, (struct date){2027, 1, 3}));
    assert_true(schedule_matches(&m->windows[1].schedule, (struct date){2027, 3, 7}));
    settings_free(s);
}

static void without_the_section_there_is_none_and_notices_have_a_default(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "maintenance:\n", "maintenance: {}\n",
                                        "maintenance: {windows: []}\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++) {
        struct settings *s = parse(empty[i]);
        const struct maintenance_settings *m = &s->maintenance;
        assert_int_equal(m->window_count, 0);
        assert_string_equal(m->timezone, "");
        assert_int_equal(m->policy.notice_count, 3);
        assert_int_equal(m->policy.notice_hours[0], 48);
        assert_int_equal(m->policy.notice_hours[1], 24);
        assert_int_equal(m->policy.notice_hours[2], 1);
        assert_int_equal(s->warning_count, 0);
        settings_free(s);
    }
    struct settings *s = parse("maintenance: {announce_hours: []}\n");
    assert_int_equal(s->maintenance.policy.notice_count, 0);
    settings_free(s);
}

static void a_window_is_no_reason_for_a_warning(void **state)
{
    (void)state;
    struct settings *s = parse("maintenance: {windows: [{name: a, when: Sun 02:00-04:00}]}\n");
    assert_int_equal(s->warning_count, 0);
    settings_free(s);
}

static void every_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *text;
    } rows[] = {
        {"maintenance: []\n", "1:14: `maintenance` must be a mapping (key: value), not a list"},
        {"maintenance: {timezone: Mars/Olympus}\n",
         "1:25: there is no time zone \"Mars/Olympus\" in /usr/share/zoneinfo: write it like "
         "Europe/Berlin (package tzdata)"},
        {"maintenance: {timezone: ../x}\n",
         "1:25: `timezone` must be a time zone such as Europe/Berlin, not \"../x\""},
        {"maintenance: {windows: {}}\n", "1:24: `windows` must be a list, not a mapping"},
        {"maintenance: {windows: [x]}\n",
         "1:25: an entry of `windows` must be a mapping, not a single value"},
        {"maintenance: {windows: [{name: a}]}\n",
         "1:25: a window needs `name` and `when`: `when` is missing"},
        {"maintenance: {windows: [{when: Sun 02:00-04:00}]}\n",
         "1:25: a window needs `name` and `when`: `name` is missing"},
        {"maintenance: {windows: [{name: A b, when: Sun 02:00-04:00}]}\n",
         "1:32: \"A b\" cannot be a window's name: a-z, 0-9, _ and -, at most 63, a letter or "
         "digit "
         "in front"},
        {"maintenance:\n  windows:\n    - {name: a, when: Sun 02:00-04:00}\n"
         "    - {name: a, when: Mon 02:00-04:00}\n",
         "4:14: there is another window `a` before: give one of them another `name`"},
        {"maintenance: {windows: [{name: a, when: Snu 02:00-04:00}]}\n",
         "1:41: `when`: \"Snu 02:00-04:00\", column 1: a weekday from Mon to Sun is wanted here, "
         "or "
         "first to fourth, last, day or a date; write it like \"Sun 02:00-04:00\" or \"first Sun "
         "01:00-05:00\""},
        {"maintenance: {windows: [{name: a, when: day 31 02:00-04:00}]}\n",
         "1:41: `when`: \"day 31 02:00-04:00\", column 5: a day from 1 to 28 is wanted here, which "
         "every month has; \"last day\" is the end of the month"},
        {"maintenance: {windows: [{name: a, when: 2027-02-29 02:00-04:00}]}\n",
         "1:41: `when`: \"2027-02-29 02:00-04:00\", column 1: a date that exists is wanted here, "
         "such as 2026-12-24"},
        {"maintenance: {windows: [{name: a, when: 2027-02-28 02:00-04:00, except: "
         "2027-02-28}]}\n",
         "1:65: the window `a` has no date: `except` takes away the only one"},
        {"maintenance: {windows: [{except: [2026-12-28], name: a, when: Sun 02:00-04:00}]}\n",
         "1:35: `except` names 2026-12-28, which is no date of `when`"},
        {"maintenance: {windows: [{name: a, when: Sun 02:00-04:00, except: [2026-12-27, "
         "2026-12-27]}]}\n",
         "1:79: `except` names 2026-12-27 twice"},
        {"maintenance: {windows: [{name: a, when: Sun 02:00-04:00, except: [Sun]}]}\n",
         "1:67: `except` must be dates such as 2026-12-27, not \"Sun\""},
        {"maintenance: {windows: [{name: a, when: Sun 02:00-04:00, services: [cache]}]}\n",
         "1:69: there is no service `cache`: `services` must be a list of ids of `services`, or "
         "\"*\""},
        {"maintenance: {windows: [{name: a, when: Sun 02:00-04:00, impact: huge}]}\n",
         "1:66: `impact` must be outage or degraded or reduced-redundancy or no-impact, not "
         "\"huge\""},
        {"maintenance: {windows: [{name: a, when: Sun 02:00-04:00, minutes: 5}]}\n",
         "1:58: unknown key `minutes`; known here: name, when, except, services, impact"},
        {"maintenance: {announce_hours: [48, 0]}\n",
         "1:36: `announce_hours` must be whole hours from 1 to 720, not \"0\""},
        {"maintenance: {announce_hours: [1.5]}\n",
         "1:32: `announce_hours` must be whole hours from 1 to 720, not \"1.5\""},
        {"maintenance: {announce_hours: [24, 24]}\n", "1:36: `announce_hours` names 24 twice"},
        {"maintenance: {announce_hours: [1,2,3,4,5,6,7,8,9]}\n",
         "1:48: `announce_hours` has more than 8 entries"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct settings *s = NULL;
        struct error err = {0};
        int r = settings_parse("t.yaml", rows[i].yaml, strlen(rows[i].yaml), &s, &err);
        if (r != -EINVAL || !str_starts(err.text, "t.yaml:") ||
            !str_equal(err.text + strlen("t.yaml:"), rows[i].text))
            fail_msg("wanted: %s\n   got: %s", rows[i].text, r == 0 ? "no error" : err.text);
        assert_null(s);
    }
}

static void more_windows_or_exceptions_than_fit_are_refused(void **state)
{
    (void)state;
    struct buf yaml = BUF_LIMIT(1 << 16);
    struct settings *s = NULL;
    struct error err = {0};
    assert_int_equal(buf_printf(&yaml, "maintenance:\n  windows:\n"), 0);
    for (int i = 0; i < SETTINGS_WINDOWS_MAX; i++)
        assert_int_equal(buf_printf(&yaml, "  - {name: w%d, when: Sun 02:00-04:00}\n", i), 0);
    settings_free(parse(buf_text(&yaml)));
    assert_int_equal(buf_printf(&yaml, "  - {name: w, when: Sun 02:00-04:00}\n"), 0);
    assert_int_equal(settings_parse("t.yaml", yaml.data, yaml.length, &s, &err), -EINVAL);
    assert_string_equal(err.text, "t.yaml:3:3: `windows` has more than 64 entries");
    buf_clear(&yaml);
    assert_int_equal(
        buf_printf(&yaml, "maintenance:\n  windows:\n  - name: w\n    when: Mon-Sun 02:00-04:00\n"
                          "    except:\n"),
        0);
    for (int i = 0; i <= SCHEDULE_EXCEPTIONS_MAX; i++)
        assert_int_equal(buf_printf(&yaml, "    - 2026-%02d-%02d\n", i / 28 + 1, i % 28 + 1), 0);
    assert_int_equal(settings_parse("t.yaml", yaml.data, yaml.length, &s, &err), -EINVAL);
    assert_string_equal(err.text, "t.yaml:38:7: `except` has more than 32 entries");
    buf_free(&yaml);
}

static void lack_of_memory_anywhere_is_an_error(void **state)
{
    (void)state;
    unsigned long n = 1;
    for (bool failed = true; failed; n++) {
        struct settings *s = NULL;
        struct error err = {0};
        mem_fail_from(n);
        int r = settings_parse("t.yaml", whole, strlen(whole), &s, &err);
        mem_fail_from(0);
        failed = r < 0;
        assert_int_equal(r, failed ? -ENOMEM : 0);
        settings_free(s);
    }
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_arrives),
        cmocka_unit_test(without_the_section_there_is_none_and_notices_have_a_default),
        cmocka_unit_test(a_window_is_no_reason_for_a_warning),
        cmocka_unit_test(every_mistake_is_named_with_its_place),
        cmocka_unit_test(more_windows_or_exceptions_than_fit_are_refused),
        cmocka_unit_test(lack_of_memory_anywhere_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
