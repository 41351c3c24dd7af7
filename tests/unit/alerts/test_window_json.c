/* Occurrences of windows in the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/window_json.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define HOUR INT64_C(3600000)
#define STARTS INT64_C(1796522400123)

static struct window_record record(enum window_phase phase, struct checklist *checklist)
{
    struct window_record r = {.window = "weekly",
                              .date = {2026, 12, 6},
                              .title = "Update of Redis, \"7.2\" \xe2\x86\x92 8",
                              .services = {{"cache", "*"}, 2},
                              .impact = WINDOW_REDUCED_REDUNDANCY,
                              .by_hand = true,
                              .planned_by = "alice",
                              .planned = {STARTS - 72 * HOUR},
                              .checklist = checklist};
    window_init(&r.state, (wall_ms){STARTS}, (wall_ms){STARTS + 2 * HOUR});
    r.state.phase = phase;
    r.state.length_ms = HOUR;
    r.state.noticed_hours = 24;
    r.state.sequence = 3;
    r.state.ask_at.ms = STARTS + HOUR;
    r.state.opened.ms = STARTS + 1;
    r.state.closed.ms = STARTS + 2;
    r.state.verified = WINDOW_NOT_WELL;
    return r;
}

static void what_is_written_is_read_as_it_was(void **state)
{
    (void)state;
    struct checklist list;
    checklist_usual(&list);
    assert_int_equal(
        checklist_mark(&list, 2, true, "bob", "by mail", (wall_ms){STARTS - HOUR}, NULL), 0);
    for (int phase = 0; phase < WINDOW_PHASE_COUNT; phase++)
        for (int with = 0; with < 2; with++) {
            struct window_record before =
                record((enum window_phase)phase, with == 1 ? &list : NULL);
            struct window_record after = {0};
            struct error err = {0};
            json_t *o JSON_CLEANUP = window_json_make(&before);
            assert_non_null(o);
            if (window_json_read(o, &after, &err) < 0)
                fail_msg("%s", err.text);
            assert_string_equal(after.window, before.window);
            assert_memory_equal(&after.date, &before.date, sizeof after.date);
            assert_string_equal(after.title, before.title);
            assert_memory_equal(&after.services, &before.services, sizeof after.services);
            assert_int_equal(after.impact, before.impact);
            assert_true(after.by_hand);
            assert_string_equal(after.planned_by, before.planned_by);
            assert_int_equal(after.planned.ms, before.planned.ms);
            assert_int_equal(after.state.phase, phase);
            assert_int_equal(after.state.starts.ms, before.state.starts.ms);
            assert_int_equal(after.state.ends.ms, before.state.ends.ms);
            assert_int_equal(after.state.length_ms, HOUR);
            assert_int_equal(after.state.noticed_hours, 24);
            assert_int_equal(after.state.sequence, 3);
            assert_int_equal(after.state.ask_at.ms, before.state.ask_at.ms);
            assert_int_equal(after.state.opened.ms, before.state.opened.ms);
            assert_int_equal(after.state.closed.ms, before.state.closed.ms);
            assert_int_equal(after.state.verified, WINDOW_NOT_WELL);
            assert_int_equal(after.checklist != NULL, with);
            json_t *again JSON_CLEANUP = window_json_make(&after);
            assert_true(json_equal(o, again));
            window_record_clear(&after);
            assert_null(after.checklist);
        }
}

/* A window that was read goes on as the one that was written. */
static void a_life_interrupted_anywhere_ends_the_same(void **state)
{
    (void)state;
    const struct window_policy policy = {{48, 24, 1}, 3};
    for (int64_t cut = -60; cut <= 4; cut++) {
        struct window_record r = record(WINDOW_PLANNED, NULL);
        size_t announced = 0;
        size_t summed_up = 0;
        window_init(&r.state, (wall_ms){STARTS}, (wall_ms){STARTS + 2 * HOUR});
        for (int64_t hour = -60; hour <= 4; hour++) {
            struct window_effects out;
            struct now now = {.mono = {100 * HOUR + hour * HOUR}, .wall = {STARTS + hour * HOUR}};
            if (hour == cut) {
                json_t *o JSON_CLEANUP = window_json_make(&r);
                assert_int_equal(window_json_read(o, &r, NULL), 0);
                window_resume(&r.state, &now, &out);
            }
            window_tick(&r.state, &policy, &now, &out);
            for (size_t i = 0; i < out.count; i++) {
                announced += out.items[i].kind == WINDOW_ANNOUNCE;
                summed_up += out.items[i].kind == WINDOW_SUMMARY;
            }
        }
        assert_int_equal(announced, 3);
        assert_int_equal(summed_up, 1);
        assert_int_equal(r.state.phase, WINDOW_ENDED);
    }
}

static void what_is_not_sound_is_refused_by_its_member(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value, *named;
    } rows[] = {
        {"window", "null", "window"},
        {"window", "\"A\"", "window"},
        {"date", "\"2026-02-30\"", "date"},
        {"date", "\"2026-12-06 \"", "date"},
        {"title", "1", "title"},
        {"title", "\"a\\u0000b\"", "title"},
        {"services", "\"*\"", "services"},
        {"services", "[1]", "services"},
        {"services", "[\"../x\"]", "services"},
        {"impact", "\"none\"", "impact"},
        {"planned_by", "null", "planned_by"},
        {"planned_ms", "-1", "planned_ms"},
        {"planned_ms", "1.5", "planned_ms"},
        {"starts_ms", "null", "starts_ms or ends_ms"},
        {"ends_ms", "1", "starts_ms or ends_ms"},
        {"ends_ms", "9223372036854775807", "starts_ms or ends_ms"},
        {"length_ms", "0", "length_ms"},
        {"length_ms", "86400001", "length_ms"},
        {"length_ms", "3599999", "length_ms"},
        {"state", "\"over\"", "state"},
        {"state", "null", "state"},
        {"noticed_hours", "-1", "noticed_hours"},
        {"noticed_hours", "722", "noticed_hours"},
        {"sequence", "-1", "sequence"},
        {"ask_ms", "\"x\"", "ask_ms, opened_ms or closed_ms"},
        {"verified", "\"good\"", "verified"},
        {"checklist", "{}", "checklist"},
        {"checklist", "[1]", "checklist"},
        {"checklist", "[{\"stage\": \"later\", \"text\": \"\", \"who\": \"\", \"note\": \"\"}]",
         "checklist"},
        {"checklist", "[{\"stage\": \"after\", \"text\": \"a\", \"who\": \"\", \"note\": \"\"}]",
         "checklist"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct window_record good = record(WINDOW_OPEN, NULL);
        struct window_record ret = {.title = "as it was"};
        struct error err = {0};
        char wanted[ERROR_TEXT_MAX];
        json_t *o JSON_CLEANUP = window_json_make(&good);
        assert_int_equal(
            json_object_set_new(o, rows[i].member,
                                json_loads(rows[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)),
            0);
        if (window_json_read(o, &ret, &err) != -EINVAL)
            fail_msg("taken: %s = %s", rows[i].member, rows[i].value);
        (void)snprintf(wanted, sizeof wanted,
                       "a maintenance window in the database: `%s` is not sound", rows[i].named);
        assert_string_equal(err.text, wanted);
        assert_string_equal(ret.title, "as it was");
    }
    struct window_record ret;
    assert_int_equal(window_json_read(NULL, &ret, NULL), -EINVAL);
}

static void more_than_fits_is_refused(void **state)
{
    (void)state;
    struct window_record good = record(WINDOW_OPEN, NULL);
    struct window_record ret;
    json_t *o JSON_CLEANUP = window_json_make(&good);
    json_t *services = json_object_get(o, "services");
    while (json_array_size(services) <= SETTINGS_ROUTE_SERVICES_MAX)
        assert_int_equal(json_array_append_new(services, json_string("a")), 0);
    assert_int_equal(window_json_read(o, &ret, NULL), -EINVAL);
    json_t *p JSON_CLEANUP = window_json_make(&good);
    char title[WINDOW_TITLE_SIZE + 1];
    memset(title, 'x', sizeof title);
    title[WINDOW_TITLE_SIZE] = '\0';
    assert_true(json_put_text(p, "title", title));
    assert_int_equal(window_json_read(p, &ret, NULL), -EINVAL);
}

static void lack_of_memory_for_the_checklist_is_an_error(void **state)
{
    (void)state;
    struct checklist list;
    struct window_record ret;
    checklist_usual(&list);
    struct window_record good = record(WINDOW_OPEN, &list);
    json_t *o JSON_CLEANUP = window_json_make(&good);
    mem_fail_from(1);
    assert_int_equal(window_json_read(o, &ret, NULL), -ENOMEM);
    mem_fail_from(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_as_it_was),
        cmocka_unit_test(a_life_interrupted_anywhere_ends_the_same),
        cmocka_unit_test(what_is_not_sound_is_refused_by_its_member),
        cmocka_unit_test(more_than_fits_is_refused),
        cmocka_unit_test(lack_of_memory_for_the_checklist_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
