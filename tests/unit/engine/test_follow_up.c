/* What follows an operation that succeeded: those who depend on the service are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine_fixture.h"

static const struct engine_user user = {"root", "root@localhost", "admin", "local"};
static struct affected_service affected[SETTINGS_AFFECTED_MAX];
static json_t *answered; /* the body of the operation's answer */

static void take_answer(void *context, int status, json_t *body)
{
    (void)context;
    assert_int_equal(status, 200);
    json_decref(answered);
    answered = body;
}

static void set_dependents(struct fixture *f, size_t count)
{
    static const char *const names[] = {"page", "search", "mail", "shop", "news", "chat"};
    memset(affected, 0, sizeof affected);
    for (size_t i = 0; i < count; i++) {
        (void)str_copy(affected[i].name, sizeof affected[i].name, names[i]);
        (void)str_format(affected[i].url, sizeof affected[i].url, "http://%s/", names[i]);
    }
    f->service.affected = affected;
    f->service.affected_count = count;
    engine_reconfigure(f->engine, &f->settings, fixture_at(f->due.ms));
}

/* A Redis that is well and a host that obeys: a restart gives another process. */
static void answer_all(struct fixture *f, int64_t now)
{
    static int64_t pid = 4711;
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = UNIT_ACTIVE;
    u.result = RESULT_SUCCESS;
    u.control_reached = TRI_YES;
    while (f->redis_count > 0) {
        struct asked asked = f->redis[--f->redis_count];
        struct redis_answer a = {.id = asked.id, .request = asked.request};
        a.probe.reply = REPLY_PONG;
        facts_info_reset(&a.info);
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    while (f->host_count > 0) {
        struct asked asked = f->host[--f->host_count];
        pid += asked.command == HOST_RESTART;
        u.main_pid = pid;
        struct host_outcome o = {
            .id = asked.id, .command = asked.command, .end = HOST_EXITED, .unit = u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    if (f->intent != 0) {
        uint64_t intent = f->intent;
        f->intent = 0;
        engine_audit_ended(f->engine, 0, intent, AUDIT_DURABLE, fixture_at(now));
    }
}

/* The time at which it succeeded. */
static int64_t restart(struct fixture *f)
{
    struct engine_request request = {.operation = OPERATION_RESTART,
                                     .user = user,
                                     .force = true,
                                     .answer = take_answer,
                                     .context = f};
    int64_t now = fixture_wake_late(f, 0);
    answer_all(f, now);
    json_decref(answered);
    answered = NULL;
    f->notice_count = 0;
    engine_operate(f->engine, 0, &request, fixture_at(now));
    for (int i = 0; answered == NULL && i < 100; i++) {
        now = fixture_wake_late(f, 0);
        answer_all(f, now);
    }
    assert_non_null(answered);
    assert_true(json_bool_or(answered, "success", false));
    return now;
}

static int64_t run_until(struct fixture *f, int64_t until)
{
    int64_t now = until;
    while (f->due.ms <= until && f->probe_count == 0) {
        now = fixture_wake_late(f, 0);
        answer_all(f, now);
    }
    return now;
}

static void tell(struct fixture *f, size_t i, bool ok, int64_t now)
{
    struct probe_outcome o = {.id = f->probes[i].id, .ok = ok, .http_status = ok ? 200 : 503};
    if (!ok)
        (void)str_copy(o.error, sizeof o.error, "HTTP status 503");
    engine_probe_ended(f->engine, 0, &o, fixture_at(now));
}

static void tell_all(struct fixture *f, bool ok, int64_t now)
{
    size_t count = f->probe_count;
    f->probe_count = 0;
    for (size_t i = 0; i < count; i++)
        tell(f, i, ok, now);
}

static const json_t *shown(struct fixture *f, json_t **status, size_t i)
{
    *status = engine_status_json(f->engine, 0, fixture_at(f->due.ms));
    return json_array_get(json_object_get(*status, "affected_services"), i);
}

static void dependents_are_asked_at_once_and_their_recovery_is_told(void **state)
{
    struct fixture *f = *state;
    set_dependents(f, 2);
    affected[1].url[0] = '\0'; /* nobody says where to ask */
    int64_t began = restart(f);
    const json_t *first = json_array_get(json_object_get(answered, "affected_services"), 0);
    assert_true(json_bool_or(first, "checking", false));
    assert_true(json_is_null(json_object_get(first, "ok")));
    int64_t now = run_until(f, began + 1000);
    assert_int_equal(f->probe_count, 1);
    assert_string_equal(f->probes[0].url, "http://page/");
    tell_all(f, true, now);
    assert_string_equal(f->notice, "Dependent services have recovered after the restart: page");
    json_t *status;
    const json_t *one = shown(f, &status, 0);
    assert_true(json_bool_or(one, "ok", false));
    assert_int_equal(json_int_or(one, "status", 0), 200);
    assert_false(json_bool_or(one, "checking", true));
    assert_true(json_is_string(json_object_get(one, "checked_at")));
    json_decref(status);
    one = shown(f, &status, 1);
    assert_true(json_is_null(json_object_get(one, "ok")));
    json_decref(status);
    (void)run_until(f, began + 1000000);
    assert_int_equal(f->probe_count, 0);
    assert_int_equal(f->notice_count, 1);
}

static void who_is_not_well_is_asked_again_until_the_watch_ends(void **state)
{
    static const int64_t at[] = {0, 10000, 60000, 300000, 840000};
    struct fixture *f = *state;
    set_dependents(f, 2);
    int64_t began = restart(f);
    for (size_t look = 0; look < 5; look++) {
        int64_t now = run_until(f, began + 1000000);
        assert_in_range(now - began, at[look], at[look] + 1500);
        assert_int_equal(f->probe_count, look == 0 ? 2 : 1);
        if (look == 0) {
            tell(f, 0, true, now);
            tell(f, 1, false, now);
            f->probe_count = 0;
        } else {
            assert_string_equal(f->probes[0].url, "http://search/");
            tell_all(f, false, now);
        }
        assert_int_equal(f->notice_count, look < 2 ? 0 : look < 4 ? 1 : 2);
    }
    assert_string_equal(
        f->notice,
        "Dependent services have not recovered after the restart: search (HTTP status 503)");
    (void)run_until(f, began + 2000000);
    assert_int_equal(f->probe_count, 0);
    json_t *status;
    const json_t *one = shown(f, &status, 1);
    assert_false(json_bool_or(one, "ok", true));
    assert_string_equal(json_text_or(one, "error", ""), "HTTP status 503");
    json_decref(status);
}

static void a_late_recovery_of_a_dependent_is_told_too(void **state)
{
    struct fixture *f = *state;
    set_dependents(f, 1);
    int64_t began = restart(f);
    for (int look = 0; look < 3; look++)
        tell_all(f, false, run_until(f, began + 1000000));
    assert_non_null(strstr(f->notice, "have not recovered yet"));
    tell_all(f, true, run_until(f, began + 1000000));
    assert_non_null(strstr(f->notice, "have recovered after the restart: page"));
}

static void an_answer_to_an_earlier_look_does_not_count_for_a_later_success(void **state)
{
    struct fixture *f = *state;
    set_dependents(f, 1);
    int64_t began = restart(f);
    int64_t now = run_until(f, began + 1000);
    assert_int_equal(f->probe_count, 1);
    struct asked early = f->probes[0];
    f->probe_count = 0;
    began = restart(f);
    now = run_until(f, began + 1000);
    assert_int_equal(f->probe_count, 1);
    struct probe_outcome o = {.id = early.id, .ok = true, .http_status = 200};
    engine_probe_ended(f->engine, 0, &o, fixture_at(now));
    assert_int_equal(f->notice_count, 0);
    tell_all(f, true, now);
    assert_int_equal(f->notice_count, 1);
}

static void an_answer_that_never_comes_is_a_dependent_that_is_not_well(void **state)
{
    struct fixture *f = *state;
    set_dependents(f, 1);
    int64_t began = restart(f);
    (void)run_until(f, began + 1000);
    f->probe_count = 0;
    int64_t now = run_until(f, began + 1000000);
    assert_int_equal(f->probe_count, 1); /* the second look, late */
    assert_in_range(now - began, 180000, 200000);
    tell_all(f, true, now);
    assert_non_null(strstr(f->notice, "have recovered"));
}

static void at_most_four_are_asked_at_once(void **state)
{
    struct fixture *f = *state;
    set_dependents(f, 6);
    int64_t began = restart(f);
    int64_t now = run_until(f, began + 1000);
    assert_int_equal(f->probe_count, 4);
    tell(f, 0, true, now);
    assert_int_equal(f->probe_count, 5);
    for (size_t i = 1; i < f->probe_count; i++)
        tell(f, i, true, now);
    assert_int_equal(f->probe_count, 6);
    assert_string_equal(f->notice, "Dependent services have recovered after the restart: page, "
                                   "search, mail, shop, news, chat");
}

static void a_reload_of_the_settings_keeps_what_is_known_of_the_same_address(void **state)
{
    struct fixture *f = *state;
    set_dependents(f, 2);
    int64_t began = restart(f);
    tell_all(f, true, run_until(f, began + 1000));
    struct service_settings fresh = f->service;
    struct affected_service other[1] = {affected[1]};
    fresh.affected = other;
    fresh.affected_count = 1;
    struct settings settings = {.service_count = 1, .services = &fresh};
    engine_reconfigure(f->engine, &settings, fixture_at(f->due.ms));
    json_t *status;
    const json_t *one = shown(f, &status, 0);
    assert_string_equal(json_text_or(one, "name", ""), "search");
    assert_true(json_bool_or(one, "ok", false));
    json_decref(status);
    engine_reconfigure(f->engine, &f->settings, fixture_at(f->due.ms));
}

static int forget_answer(void **state)
{
    json_decref(answered);
    answered = NULL;
    return fixture_tear_down(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, forget_answer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dependents_are_asked_at_once_and_their_recovery_is_told),
        TEST(who_is_not_well_is_asked_again_until_the_watch_ends),
        TEST(a_late_recovery_of_a_dependent_is_told_too),
        TEST(an_answer_to_an_earlier_look_does_not_count_for_a_later_success),
        TEST(an_answer_that_never_comes_is_a_dependent_that_is_not_well),
        TEST(at_most_four_are_asked_at_once),
        TEST(a_reload_of_the_settings_keeps_what_is_known_of_the_same_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
