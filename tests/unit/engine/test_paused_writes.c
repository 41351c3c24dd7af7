/* Writes that wait while PING is answered: how they are known, and how their end is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

#define FIGURES_MS 31000 /* figures are read every 30 s */

struct world {
    int64_t connected, blocked, left_ms;
    enum tri paused; /* unknown: Redis, whose INFO does not say */
    const char *clients;
    enum reply_class to_list;
    int lists; /* how often CLIENT LIST was asked for */
};

static void answer_redis(struct fixture *f, struct world *w, int64_t now)
{
    struct asked asked = f->redis[--f->redis_count];
    struct redis_answer a = {.id = asked.id, .request = asked.request};
    a.probe.reply = REPLY_PONG;
    a.probe.latency_us = 300;
    facts_info_reset(&a.info);
    if (asked.request == REDIS_INFO) {
        a.info.known = true;
        a.info.role = ROLE_PRIMARY;
        a.info.process_id = 4711;
        a.info.connected_clients = w->connected;
        a.info.blocked_clients = w->blocked;
        a.info.paused = w->paused;
        a.info.pause_left_ms = w->left_ms;
        (void)str_copy(a.info.run_id, sizeof a.info.run_id, "one");
    } else if (asked.request == REDIS_CLIENT_LIST) {
        w->lists++;
        if (w->to_list != REPLY_NONE)
            a.probe.reply = w->to_list;
        a.text = w->clients;
        a.text_length = w->clients == NULL ? 0 : strlen(w->clients);
    }
    engine_redis_ended(f->engine, 0, &a, fixture_at(now));
}

static void answer_host(struct fixture *f, int64_t now)
{
    struct asked asked = f->host[--f->host_count];
    struct host_outcome o = {.id = asked.id, .command = asked.command, .end = HOST_EXITED};
    facts_unit_reset(&o.unit);
    o.unit.active = UNIT_ACTIVE;
    o.unit.result = RESULT_SUCCESS;
    o.unit.control_reached = TRI_YES;
    o.unit.main_pid = 4711;
    engine_host_ended(f->engine, 0, &o, fixture_at(now));
}

static void live(struct fixture *f, struct world *w, int64_t ms)
{
    int64_t until = f->due.ms + ms;
    while (f->due.ms < until) {
        int64_t now = fixture_wake_late(f, 0);
        while (f->redis_count > 0)
            answer_redis(f, w, now);
        while (f->host_count > 0)
            answer_host(f, now);
    }
}

static void expect(struct fixture *f, const char *code, const char *evidence)
{
    JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(f->due.ms));
    const json_t *cause = json_object_get(health, "cause");
    assert_string_equal(json_text_or(cause, "code", "?"), code);
    char *texts = json_dumps(json_object_get(cause, "evidence"), JSON_COMPACT);
    if (strstr(texts, evidence) == NULL)
        fail_msg("\"%s\" is not in %s", evidence, texts);
    free(texts);
    assert_int_equal(f->outcome_count, 0);
    assert_false(f->engine->services[0].recovery.needs_human);
}

#define SET_WAITS(seconds) "id=8 addr=10.0.0.7:5123 idle=" seconds " flags=b cmd=set user=default\n"
#define WORKER "id=6 addr=10.0.0.8:5001 idle=900 flags=b cmd=blpop user=default\n"

static const struct world redis = {.connected = 12, .blocked = 0, .left_ms = FACT_UNKNOWN};

static void a_pause_that_info_reports_is_named_until_it_ends(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.paused = TRI_NO;
    w.left_ms = 0;
    live(f, &w, FIGURES_MS);
    expect(f, "ok", "");
    w.paused = TRI_YES;
    w.left_ms = 60500;
    live(f, &w, FIGURES_MS);
    expect(f, "writes_paused", "writes: INFO says that clients are paused, with 60 s left");
    w.paused = TRI_NO;
    live(f, &w, 6000); /* sooner than the next figures */
    expect(f, "ok", "");
    assert_int_equal(w.lists, 0);
}

static void the_short_pause_of_a_failover_is_not_named(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.paused = TRI_YES;
    w.left_ms = 2000;
    live(f, &w, FIGURES_MS);
    expect(f, "ok", "");
}

static void a_write_that_waits_is_found_among_the_clients(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    live(f, &w, FIGURES_MS);
    assert_int_equal(w.lists, 0);
    w.blocked = 2;
    w.clients = WORKER SET_WAITS("1");
    live(f, &w, FIGURES_MS);
    expect(f, "ok", "");
    w.clients = WORKER SET_WAITS("12");
    live(f, &w, 6000);
    expect(f, "writes_paused", "writes: SET of 10.0.0.7:5123 has waited for 12 s");
    w.clients = WORKER;
    w.blocked = 1;
    live(f, &w, 6000);
    expect(f, "ok", "");
}

static void clients_that_wait_for_a_key_are_no_pause(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.blocked = 1;
    w.clients = WORKER;
    live(f, &w, 2 * FIGURES_MS);
    expect(f, "ok", "");
    assert_in_range(w.lists, 1, 6);
}

static void a_long_list_is_not_asked_for(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.connected = 1001;
    w.blocked = 1;
    w.clients = SET_WAITS("12");
    live(f, &w, FIGURES_MS);
    assert_int_equal(w.lists, 0);
}

/* Workers may wait without end: only a list could show that the write among them is gone. */
static void what_can_no_longer_be_looked_up_is_not_claimed(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.blocked = 2;
    w.clients = WORKER SET_WAITS("12");
    live(f, &w, FIGURES_MS);
    expect(f, "writes_paused", "writes: SET of 10.0.0.7:5123 has waited for 12 s");
    w.blocked = 1;
    w.clients = WORKER;
    w.connected = 1001;
    live(f, &w, FIGURES_MS);
    expect(f, "ok", "");
}

/* Each refusal is an error on Redis' books. */
static void a_list_that_is_refused_is_not_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.blocked = 1;
    w.to_list = REPLY_NOPERM;
    live(f, &w, 4 * FIGURES_MS);
    assert_int_equal(w.lists, 1);
    expect(f, "ok", "");
}

/* What a process did that is gone says nothing of the next. */
static void a_lost_connection_ends_what_was_known(void **state)
{
    struct fixture *f = *state;
    struct world w = redis;
    w.paused = TRI_YES;
    w.left_ms = 60000;
    live(f, &w, FIGURES_MS);
    assert_true(f->engine->services[0].observations.pause.writes_wait);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(f->due.ms));
    assert_false(f->engine->services[0].observations.pause.writes_wait);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pause_that_info_reports_is_named_until_it_ends),
        TEST(the_short_pause_of_a_failover_is_not_named),
        TEST(a_write_that_waits_is_found_among_the_clients),
        TEST(clients_that_wait_for_a_key_are_no_pause),
        TEST(a_long_list_is_not_asked_for),
        TEST(what_can_no_longer_be_looked_up_is_not_claimed),
        TEST(a_list_that_is_refused_is_not_asked_for_again),
        TEST(a_lost_connection_ends_what_was_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
