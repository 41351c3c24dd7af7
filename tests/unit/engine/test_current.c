/* What is reported of a service is true now: silence, figures of the process that answers, what a
 * new client meets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

#define DAY_MS 86400000LL

/* What the Redis of a test answers. */
struct world {
    enum reply_class kept, fresh;
    bool info;               /* INFO is answered */
    enum reply_class refuse; /* ... or refused so */
    struct info_facts facts;
    struct canary_facts canary;
    wall_ms certificate_ends;
};

static struct world well(const char *run_id)
{
    struct world w = {.kept = REPLY_PONG, .fresh = REPLY_PONG, .info = true};
    facts_info_reset(&w.facts);
    w.facts.known = true;
    w.facts.process_id = 4711;
    w.facts.uptime_seconds = 5000;
    w.facts.used_memory = 1 << 20;
    w.facts.connected_clients = 7;
    w.facts.maxclients = 100;
    w.facts.role = ROLE_PRIMARY;
    w.facts.last_save_ok = TRI_YES;
    (void)str_copy(w.facts.run_id, sizeof w.facts.run_id, run_id);
    return w;
}

static struct service *service_of(struct fixture *f)
{
    return &f->engine->services[0];
}

static void answer_host(struct fixture *f, int64_t now)
{
    for (size_t i = 0; i < f->host_count; i++) {
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_EXITED};
        facts_unit_reset(&o.unit);
        o.unit.active = UNIT_ACTIVE;
        o.unit.main_pid = 4711;
        o.unit.control_reached = TRI_YES;
        (void)str_copy(o.unit.sub, sizeof o.unit.sub, "running");
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    f->host_count = 0;
}

/* REPLY_NONE: no answer. */
static void answer(struct fixture *f, const struct world *w, int64_t now)
{
    answer_host(f, now);
    size_t count = f->redis_count;
    f->redis_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct asked q = f->redis[i];
        struct redis_answer a = {.id = q.id, .request = q.request};
        facts_info_reset(&a.info);
        a.probe.reply = q.fresh ? w->fresh : w->kept;
        a.probe.latency_us = 200;
        a.probe.certificate_ends = w->certificate_ends;
        if (q.request == REDIS_CANARY)
            a.canary = w->canary;
        if (q.request == REDIS_INFO && w->info)
            a.info = w->facts;
        if (q.request == REDIS_INFO && !w->info) {
            a.probe.reply = w->refuse;
            (void)str_copy(a.probe.text, sizeof a.probe.text, reply_class_word(w->refuse));
        }
        if (a.probe.reply != REPLY_NONE)
            engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
}

static int64_t run_until(struct fixture *f, const struct world *w, int64_t until)
{
    int64_t now = 0;
    while (f->due.ms <= until) {
        now = fixture_wake_late(f, 0);
        answer(f, w, now);
        answer(f, w, now); /* what the answers asked for */
    }
    return now;
}

static json_t *health(struct fixture *f, int64_t now)
{
    return engine_health_json(f->engine, 0, fixture_at(now));
}

static const json_t *check_of(const json_t *health, const char *name)
{
    return json_object_get(json_object_get(health, "health_checks"), name);
}

static const char *message_of(const json_t *health, const char *name)
{
    return json_text_or(check_of(health, name), "message", "");
}

static void a_new_connection_is_made_at_least_every_30_s(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    int64_t last = 1000;
    int64_t longest = 0;
    int connections = 0;
    while (f->due.ms < 200000) {
        int64_t now = fixture_wake_late(f, 0);
        for (size_t i = 0; i < f->redis_count; i++) {
            if (!f->redis[i].fresh)
                continue;
            connections++;
            longest = now - last > longest ? now - last : longest;
            last = now;
        }
        answer(f, &w, now);
    }
    assert_in_range(connections, 6, 8);
    assert_true(longest <= 30000);
}

static void drop(void *context, int status, json_t *body)
{
    (void)context, (void)status;
    json_decref(body);
}

/* Also when a check that a person asks for comes shortly before. */
static void the_figures_of_info_are_renewed_every_31_s(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    int64_t last = run_until(f, &w, 5000);
    int64_t asked = last;
    while (f->due.ms < 300000) {
        int64_t now = fixture_wake_late(f, 0);
        int64_t left = mono_since(service_of(f)->sampler.due, (mono_ms){now});
        if (left > 8000 && left < 10000 && now - asked > 60000) {
            engine_refresh(f->engine, 0, drop, NULL, fixture_at(now));
            asked = now;
        }
        for (size_t i = 0; i < f->redis_count; i++)
            if (f->redis[i].request == REDIS_INFO) {
                assert_true(now - last <= 31000);
                last = now;
            }
        answer(f, &w, now);
    }
    assert_true(asked > 60000);
}

static void a_silence_is_said_before_it_is_certain_what_it_means(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    int64_t now = run_until(f, &w, 5000);
    JSON_CLEANUP json_t *before = health(f, now);
    assert_true(json_is_true(json_object_get(before, "connectivity")));
    assert_non_null(json_object_get(check_of(before, "performance"), "metrics"));

    w.kept = w.fresh = REPLY_NONE;
    w.info = false;
    w.refuse = REPLY_NONE;
    now = run_until(f, &w, 9000);
    assert_false(service_of(f)->verdict.confirmed);
    JSON_CLEANUP json_t *after = health(f, now);
    assert_true(json_is_false(json_object_get(after, "connectivity")));
    assert_true(json_is_true(json_object_get(after, "service_running")));
    assert_true(json_is_null(json_object_get(after, "response_time_ms")));
    assert_non_null(strstr(message_of(after, "connectivity"), "has not answered for "));
    assert_string_equal(json_text_or(check_of(after, "performance"), "status", ""), "unknown");
    assert_null(json_object_get(check_of(after, "performance"), "metrics"));
    assert_non_null(strstr(json_text_or(json_object_get(after, "cause"), "summary", ""),
                           "has not answered for "));
    JSON_CLEANUP json_t *status = engine_status_json(f->engine, 0, fixture_at(now));
    assert_true(json_is_null(json_object_get(status, "connections")));
    struct engine_reported figures;
    engine_reported(f->engine, 0, fixture_at(now), &figures);
    assert_false(figures.up);
    assert_null(figures.redis);
}

static void figures_belong_to_the_process_that_reported_them(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    int64_t now = run_until(f, &w, 5000);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    struct world next = well("b");
    next.info = false;
    next.refuse = REPLY_NONE;
    next.facts.connected_clients = 1;
    answer(f, &next, now);
    now = run_until(f, &next, now + 2000);
    JSON_CLEANUP json_t *status = engine_status_json(f->engine, 0, fixture_at(now));
    assert_string_equal(json_text_or(status, "overall_status", ""), "healthy");
    assert_int_equal(json_int_or(status, "pid", 0), 4711);
    assert_true(json_is_null(json_object_get(status, "connections")));
    assert_true(json_is_null(json_object_get(status, "uptime_seconds")));
    assert_true(json_is_null(json_object_get(status, "memory_mb")));

    /* INFO is answered late: what it says is published at once. */
    next.info = true;
    size_t published = f->status_count;
    struct redis_answer a = {.request = REDIS_INFO, .info = next.facts};
    for (int i = 0; i < REQUESTS_MAX; i++)
        if (request_is(&service_of(f)->requests.pending[i], PART_WATCH, WATCH_INFO))
            a.id = service_of(f)->requests.pending[i].id;
    assert_int_not_equal(a.id, 0);
    engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    assert_int_equal(f->status_count, published + 1);
    JSON_CLEANUP json_t *known = engine_status_json(f->engine, 0, fixture_at(now));
    assert_int_equal(json_int_or(known, "connections", 0), 1);
}

/* What the open connection hears may be an error: that new ones fail is not forgotten with it. */
static void door_shuts_during(struct fixture *f, enum reply_class reply)
{
    struct world w = well("a");
    int64_t now = run_until(f, &w, 5000);
    w.kept = reply;
    w.fresh = REPLY_REFUSED;
    now = run_until(f, &w, now + 40000);
    assert_int_not_equal(service_of(f)->cause, CAUSE_OK);
    w.kept = REPLY_PONG;
    for (int64_t end = now + 6000; now < end; now = run_until(f, &w, f->due.ms))
        assert_int_not_equal(service_of(f)->cause, CAUSE_OK);
    assert_int_equal(service_of(f)->cause, CAUSE_PATH_BROKEN);
}

static void a_shut_door_is_known_when_redis_can_save_again(void **state)
{
    door_shuts_during(*state, REPLY_MISCONF);
}

static void a_shut_door_is_known_when_the_primary_is_back(void **state)
{
    door_shuts_during(*state, REPLY_MASTERDOWN);
}

/* A load may take minutes: when it ends, "healthy" would be said first, and corrected later. */
static void a_shut_door_is_known_when_the_load_is_over(void **state)
{
    door_shuts_during(*state, REPLY_LOADING);
}

static void new_clients_that_are_refused_are_named_and_nothing_is_restarted(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    (void)run_until(f, &w, 5000);
    w.fresh = REPLY_REFUSED;
    int64_t now = run_until(f, &w, 5000 + 31000);
    assert_true(service_of(f)->verdict.confirmed);
    assert_true(cause_shut_out(&service_of(f)->observations));
    assert_int_equal(service_of(f)->cause, CAUSE_PATH_BROKEN);
    assert_int_equal(cause_row(CAUSE_PATH_BROKEN)->restart, RESTART_USELESS);
    assert_int_equal(f->intent, 0);
    JSON_CLEANUP json_t *body = health(f, now);
    assert_true(json_is_false(json_object_get(body, "connectivity")));
    assert_non_null(strstr(message_of(body, "connectivity"), "New connections fail"));
    /* The open connection still brings figures. */
    assert_non_null(json_object_get(check_of(body, "performance"), "metrics"));
    w.fresh = REPLY_PONG;
    (void)run_until(f, &w, now + 6000);
    assert_int_equal(service_of(f)->cause, CAUSE_OK);
}

static void a_moment_of_silence_does_not_let_new_clients_in(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    (void)run_until(f, &w, 5000);
    w.fresh = REPLY_REFUSED;
    int64_t now = run_until(f, &w, 5000 + 31000);
    assert_int_equal(service_of(f)->cause, CAUSE_PATH_BROKEN);
    w.kept = REPLY_SILENT;
    now = run_until(f, &w, now + 2000);
    w.kept = REPLY_PONG;
    w.fresh = REPLY_NONE; /* has not failed yet */
    for (int64_t at = now; service_of(f)->observations.kept.reply != REPLY_PONG && at < now + 9000;)
        (void)run_until(f, &w, at += 200);
    assert_int_equal(service_of(f)->observations.kept.reply, REPLY_PONG);
    assert_false(service_of(f)->verdict.confirmed && service_of(f)->verdict.cause == CAUSE_OK);
    assert_int_not_equal(service_of(f)->cause, CAUSE_OK);
}

static void what_the_open_connection_said_last_is_asked_again(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    (void)run_until(f, &w, 5000);
    w.kept = w.fresh = REPLY_LOADING;
    int64_t now = run_until(f, &w, 5000 + 40000);
    assert_int_equal(service_of(f)->cause, CAUSE_LOADING);
    w.fresh = REPLY_REFUSED;
    w.kept = REPLY_PONG; /* it has loaded */
    (void)run_until(f, &w, now + 60000);
    assert_int_equal(service_of(f)->cause, CAUSE_PATH_BROKEN);
    assert_int_equal(f->intent, 0);
}

static void connections_that_are_closed_by_a_server_full_of_clients_are_named_so(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    (void)run_until(f, &w, 5000);
    w.fresh = REPLY_CLOSED; /* over TLS nothing is said */
    w.facts.connected_clients = w.facts.maxclients;
    (void)run_until(f, &w, 5000 + 31000);
    assert_int_equal(service_of(f)->cause, CAUSE_CLIENTS_EXHAUSTED);
}

static bool explained_as_old(struct fixture *f, int64_t now)
{
    JSON_CLEANUP json_t *body = engine_explain_json(f->engine, 0, fixture_at(now));
    char *reasons = json_dumps(json_object_get(body, "reasons"), JSON_COMPACT);
    bool said = strstr(reasons, "The unit was last looked at") != NULL;
    free(reasons);
    assert_int_equal(said,
                     json_is_true(json_object_get(json_object_get(body, "facts"), "unit_is_old")));
    return said;
}

static void a_look_at_the_unit_from_before_the_failure_is_called_old(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    int64_t now = run_until(f, &w, 5000);
    assert_false(explained_as_old(f, now));
    engine_redis_lost(f->engine, 0, "closed", fixture_at(now + 100));
    assert_true(explained_as_old(f, now + 100));
    answer_host(f, now + 110);
    assert_false(explained_as_old(f, now + 110));
}

static void a_refused_info_is_a_note_and_no_silence(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    w.info = false;
    w.refuse = REPLY_NOPERM;
    int64_t now = run_until(f, &w, 5000);
    JSON_CLEANUP json_t *body = health(f, now);
    assert_string_equal(json_text_or(body, "overall_status", ""), "healthy");
    assert_string_equal(json_text_or(check_of(body, "performance"), "status", ""), "warning");
    assert_non_null(strstr(message_of(body, "performance"), "INFO is not allowed to our user"));
    assert_int_equal(json_array_size(json_object_get(body, "recommendations")), 1);
}

/* rename-command INFO "" */
static void an_info_that_redis_does_not_know_is_a_note_as_well(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    w.info = false;
    w.refuse = REPLY_ERROR;
    int64_t now = run_until(f, &w, 5000);
    JSON_CLEANUP json_t *body = health(f, now);
    assert_string_equal(json_text_or(body, "overall_status", ""), "healthy");
    assert_string_equal(json_text_or(check_of(body, "performance"), "status", ""), "warning");
    assert_non_null(strstr(message_of(body, "performance"), "Redis does not know INFO"));
    json_t *advice = json_object_get(body, "recommendations");
    assert_int_equal(json_array_size(advice), 1);
    assert_non_null(strstr(json_string_value(json_array_get(advice, 0)), "rename-command"));
}

static void refused_writes_count_as_rising_for_a_minute(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    w.facts.maxmemory = 1 << 20;
    w.facts.errors_oom = 1;
    int64_t now = run_until(f, &w, 5000);
    assert_int_equal(service_of(f)->cause, CAUSE_MEMORY_HIGH);
    w.facts.errors_oom = 2;
    now = run_until(f, &w, now + 31000);
    assert_int_equal(service_of(f)->cause, CAUSE_WRITES_REFUSED_MEMORY);
    now = run_until(f, &w, now + 31000); /* another INFO, without a new error */
    assert_int_equal(service_of(f)->cause, CAUSE_WRITES_REFUSED_MEMORY);
    (void)run_until(f, &w, now + 70000);
    assert_int_equal(service_of(f)->cause, CAUSE_MEMORY_HIGH);
}

static int canaries(struct fixture *f, const struct world *w, int64_t until)
{
    int count = 0;
    while (f->due.ms < until) {
        int64_t now = fixture_wake_late(f, 0);
        for (size_t i = 0; i < f->redis_count; i++)
            count += f->redis[i].request == REDIS_CANARY;
        answer(f, w, now);
    }
    return count;
}

static void the_canary_is_written_on_a_primary_alone_and_only_when_it_is_on(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    assert_int_equal(canaries(f, &w, 100000), 0);
    service_of(f)->watch_policy.canary = true;
    w.canary = (struct canary_facts){.tried = true, .reply = REPLY_ERROR, .step = "SET"};
    (void)str_copy(w.canary.text, sizeof w.canary.text, "NOREPLICAS Not enough good replicas");
    assert_in_range(canaries(f, &w, 200000), 3, 4);
    JSON_CLEANUP json_t *body = health(f, 200000);
    assert_string_equal(json_text_or(check_of(body, "canary"), "status", ""), "fail");
    assert_string_equal(message_of(body, "canary"),
                        "SET failed: NOREPLICAS Not enough good replicas");
    assert_string_equal(json_text_or(body, "overall_status", ""), "healthy");
    (void)str_copy(w.canary.text, sizeof w.canary.text, "MOVED 866 10.0.0.2:6379");
    (void)canaries(f, &w, 235000);
    JSON_CLEANUP json_t *moved = health(f, 235000);
    assert_string_equal(json_text_or(check_of(moved, "canary"), "status", ""), "unknown");
    w.facts.role = ROLE_REPLICA;
    w.facts.master_link_up = TRI_YES;
    (void)canaries(f, &w, 260000); /* until INFO says so */
    assert_int_equal(canaries(f, &w, 360000), 0);
}

static void the_end_of_a_certificate_is_said_a_week_before(void **state)
{
    struct fixture *f = *state;
    struct world w = well("a");
    w.certificate_ends = wall_add(fixture_at(5000).wall, 8 * DAY_MS);
    int64_t now = run_until(f, &w, 5000);
    JSON_CLEANUP json_t *early = health(f, now);
    assert_string_equal(json_text_or(check_of(early, "connectivity"), "status", ""), "pass");
    assert_non_null(json_object_get(json_object_get(check_of(early, "connectivity"), "details"),
                                    "certificate_ends"));
    w.certificate_ends = wall_add(fixture_at(5000).wall, 2 * DAY_MS + 3600000);
    now = run_until(f, &w, 40000);
    JSON_CLEANUP json_t *late = health(f, now);
    assert_string_equal(json_text_or(check_of(late, "connectivity"), "status", ""), "warning");
    assert_non_null(strstr(message_of(late, "connectivity"), "certificate ends in 2 days"));
    assert_int_equal(json_array_size(json_object_get(late, "recommendations")), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_connection_is_made_at_least_every_30_s),
        TEST(the_figures_of_info_are_renewed_every_31_s),
        TEST(a_silence_is_said_before_it_is_certain_what_it_means),
        TEST(figures_belong_to_the_process_that_reported_them),
        TEST(a_shut_door_is_known_when_redis_can_save_again),
        TEST(a_shut_door_is_known_when_the_primary_is_back),
        TEST(a_shut_door_is_known_when_the_load_is_over),
        TEST(new_clients_that_are_refused_are_named_and_nothing_is_restarted),
        TEST(a_moment_of_silence_does_not_let_new_clients_in),
        TEST(what_the_open_connection_said_last_is_asked_again),
        TEST(connections_that_are_closed_by_a_server_full_of_clients_are_named_so),
        TEST(a_look_at_the_unit_from_before_the_failure_is_called_old),
        TEST(a_refused_info_is_a_note_and_no_silence),
        TEST(an_info_that_redis_does_not_know_is_a_note_as_well),
        TEST(refused_writes_count_as_rising_for_a_minute),
        TEST(the_canary_is_written_on_a_primary_alone_and_only_when_it_is_on),
        TEST(the_end_of_a_certificate_is_said_a_week_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
