/* What becomes of the instance without Resus: another role, and restarts by systemd or by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

/* The world as it is asked about. */
struct world {
    enum redis_role role;
    const char *run_id, *clients;
    enum failover_state failover;
    enum tri cluster;
    int64_t pid, restarts;
    struct restart_facts log;
    int64_t wrapper; /* the unit's main process, when that is not Redis; 0 = it is */
    bool listed;     /* `status` lists Redis among the unit's processes */
    bool refused;    /* the connection is lost, and nothing listens */
    bool shown;      /* only `show` tells `restarts` */
};

static void answer_redis(struct fixture *f, const struct world *w, int64_t now)
{
    struct asked asked = f->redis[--f->redis_count];
    struct redis_answer a = {.id = asked.id, .request = asked.request};
    a.probe.reply = w->refused ? REPLY_REFUSED : REPLY_PONG;
    a.probe.latency_us = w->refused ? FACT_UNKNOWN : 300;
    facts_info_reset(&a.info);
    if (!w->refused && asked.request == REDIS_INFO) {
        a.info.known = true;
        a.info.role = w->role;
        a.info.failover = w->failover;
        a.info.cluster = w->cluster;
        a.info.process_id = w->pid;
        a.info.keys = w->role == ROLE_PRIMARY ? 20000 : 0;
        a.info.master_port = 7000;
        a.info.master_link_up = TRI_YES;
        (void)str_copy(a.info.run_id, sizeof a.info.run_id, w->run_id);
        (void)str_copy(a.info.master_host, sizeof a.info.master_host, "10.0.0.9");
    } else if (asked.request == REDIS_CLIENT_LIST && w->clients != NULL) {
        a.text = w->clients;
        a.text_length = strlen(w->clients);
    }
    engine_redis_ended(f->engine, 0, &a, fixture_at(now));
}

static void answer_host(struct fixture *f, const struct world *w, int64_t now)
{
    struct asked asked = f->host[--f->host_count];
    struct host_outcome o = {
        .id = asked.id, .command = asked.command, .end = HOST_EXITED, .restart = w->log};
    facts_unit_reset(&o.unit);
    o.unit.active = UNIT_ACTIVE;
    o.unit.result = RESULT_SUCCESS;
    o.unit.control_reached = TRI_YES;
    o.unit.main_pid = w->wrapper > 0 ? w->wrapper : w->pid;
    if (asked.command == HOST_STATUS && w->wrapper > 0) {
        o.unit.group[o.unit.group_count++] = (int32_t)w->wrapper;
        if (w->listed)
            o.unit.group[o.unit.group_count++] = (int32_t)w->pid;
    }
    o.unit.restarts = w->shown && asked.command != HOST_SHOW ? FACT_UNKNOWN : w->restarts;
    engine_host_ended(f->engine, 0, &o, fixture_at(now));
}

/* Returns the time of the last answers. */
static int64_t live(struct fixture *f, const struct world *w, int64_t ms)
{
    int64_t until = f->due.ms + ms;
    int64_t now = f->due.ms;
    while (f->due.ms < until) {
        now = fixture_wake_late(f, 0);
        while (f->redis_count > 0)
            answer_redis(f, w, now);
        while (f->host_count > 0)
            answer_host(f, w, now);
    }
    return now;
}

static const struct world primary = {.role = ROLE_PRIMARY, .run_id = "one", .pid = 100};

static struct world replica(void)
{
    struct world w = primary;
    w.role = ROLE_REPLICA;
    return w;
}

static const char *cause_of(struct fixture *f, char *text, size_t size)
{
    JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(f->due.ms));
    (void)str_copy(text, size, json_text_or(json_object_get(health, "cause"), "code", "?"));
    return text;
}

static void expect_cause(struct fixture *f, const char *code)
{
    char text[32];
    assert_string_equal(cause_of(f, text, sizeof text), code);
}

/* What /metrics reports as redis_up. */
static void expect_up(struct fixture *f, bool up)
{
    struct engine_reported reported;
    engine_reported(f->engine, 0, fixture_at(f->due.ms), &reported);
    assert_int_equal(reported.up, up);
    assert_true(up || reported.redis == NULL);
}

static void a_primary_made_a_replica_is_critical_until_it_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct world w = replica();
    (void)live(f, &primary, 120000);
    expect_cause(f, "ok");
    (void)live(f, &w, 120000);
    expect_cause(f, "wrong_instance");
    struct engine_user user = {.id = "1", .email = "a@example.org", .role = "admin"};
    engine_recovery_reset(f->engine, 0, &user, "meant", NULL, fixture_at(f->due.ms));
    (void)live(f, &w, 60000);
    expect_cause(f, "ok");
}

/* ExecStart=sh -c 'redis-server ...; exit $?' */
static void a_redis_behind_a_wrapper_is_its_units(void **state)
{
    struct fixture *f = *state;
    struct world w = primary;
    w.wrapper = 99;
    w.listed = true;
    (void)live(f, &w, 300000);
    expect_cause(f, "ok");
    w.pid = 102; /* the wrapper has started another */
    (void)live(f, &w, 300000);
    expect_cause(f, "ok");
    expect_up(f, true);
    w.listed = false;
    w.pid = 103;
    (void)live(f, &w, 300000);
    expect_cause(f, "wrong_instance");
    expect_up(f, false); /* something answers, and it is not this Redis */
}

/* A look at the unit takes seconds, and its process is another one when it ends. */
static void what_a_process_said_while_a_look_ran_is_not_held_against_the_next(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    struct world w = primary;
    int64_t now = live(f, &w, 60000);
    watch_refresh(s, fixture_at(now));
    while (f->redis_count > 0)
        answer_redis(f, &w, now + 1);
    assert_int_equal(s->observations.info.asked.ms, now);
    w.pid = 101;
    while (f->host_count > 0)
        answer_host(f, &w, now + 1500);
    assert_int_equal(s->observations.unit.main_pid, 101);
    assert_int_equal(s->observations.info.process_id, 100);
    assert_false(cause_beside_main(&s->observations));
}

static void a_wrapper_is_known_with_extended_commands_as_well(void **state)
{
    struct fixture *f = *state;
    f->service.commands_extended = true;
    a_redis_behind_a_wrapper_is_its_units(state);
}

static void a_primary_that_is_one_again_is_well(void **state)
{
    struct fixture *f = *state;
    struct world w = replica();
    (void)live(f, &primary, 120000);
    (void)live(f, &w, 120000);
    (void)live(f, &primary, 120000);
    expect_cause(f, "ok");
    (void)live(f, &w, 120000); /* and the next stranger is noticed, too */
    expect_cause(f, "wrong_instance");
}

static void expect_explained(struct fixture *f, const struct world *w)
{
    (void)live(f, &primary, 120000);
    (void)live(f, w, 120000);
    expect_cause(f, "ok");
    assert_non_null(strstr(f->notice, "Redis was a primary and is now a replica of 10.0.0.9:7000"));
    assert_non_null(strstr(f->notice, "keys 20000 -> 0"));
}

static void a_failover_by_sentinel_is_an_event(void **state)
{
    struct world w = replica();
    w.clients = "id=3 addr=10.0.0.7:50000 name=sentinel-51c1f2a7-cmd age=5\n";
    expect_explained(*state, &w);
}

static void a_failover_of_the_cluster_is_an_event(void **state)
{
    struct world w = replica();
    w.cluster = TRI_YES;
    expect_explained(*state, &w);
}

static void a_failover_that_redis_reports_is_an_event(void **state)
{
    struct world w = replica();
    w.failover = FAILOVER_RUNNING;
    expect_explained(*state, &w);
}

static void a_restart_with_another_configuration_is_an_event(void **state)
{
    struct world w = replica();
    w.run_id = "two";
    w.pid = 200;
    struct fixture *f = *state;
    (void)live(f, &primary, 120000);
    (void)live(f, &w, 180000);
    expect_cause(f, "ok");
}

/* ── restarts ── */

static void crash(struct fixture *f, const struct world *after)
{
    struct world down = primary;
    down.refused = true;
    down.pid = after->pid;
    down.restarts = after->restarts;
    down.log = after->log;
    int64_t now = live(f, &primary, 120000);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    (void)live(f, &down, 200);
    (void)live(f, after, 60000);
}

static void a_restart_by_systemd_is_in_the_history_and_is_an_outage(void **state)
{
    struct fixture *f = *state;
    struct world w = primary;
    w.run_id = "two";
    w.pid = 200;
    w.log.by_systemd = true;
    (void)str_copy(w.log.ended, sizeof w.log.ended,
                   "x.service: Main process exited, code=killed, status=9/KILL");
    crash(f, &w);
    assert_int_equal(f->record_count, 1);
    assert_string_equal(f->record.result, HISTORY_BY_SYSTEMD);
    assert_string_equal(f->record.cause, "crashed");
    assert_string_equal(f->record.level, "");
    assert_int_equal(f->record.attempts, 0);
    if (f->record.duration_seconds <= 0 || f->record.duration_seconds > 10)
        fail_msg("%f s", f->record.duration_seconds);
    assert_non_null(strstr(f->notice, "restarted by systemd"));
    assert_true(f->outage_count > 0);
    assert_string_equal(f->outages[f->outage_count - 1].ended_by, "systemd");
    assert_string_equal(f->outages[f->outage_count - 1].cause, "crashed");
}

static void a_count_of_restarts_that_rises_is_enough(void **state)
{
    struct fixture *f = *state;
    struct world w = primary;
    w.run_id = "two";
    w.pid = 200;
    w.restarts = 1;
    crash(f, &w);
    assert_int_equal(f->record_count, 1);
    assert_string_equal(f->record.result, HISTORY_BY_SYSTEMD);
}

/* The first look at a process that is not known is by `status`, which has no count. */
static void a_count_that_only_show_tells_is_asked_for(void **state)
{
    struct fixture *f = *state;
    f->service.commands_extended = true;
    struct world before = primary;
    before.shown = true;
    struct world after = before;
    after.run_id = "two";
    after.pid = 200;
    after.restarts = 1;
    (void)live(f, &before, 125000); /* so that its figures, not the unit, show the new one */
    (void)live(f, &after, 45000);
    assert_int_equal(f->record_count, 1);
    assert_string_equal(f->record.result, HISTORY_BY_SYSTEMD);
}

static void a_restart_by_an_operator_is_no_crash(void **state)
{
    struct fixture *f = *state;
    struct world w = primary;
    w.run_id = "two";
    w.pid = 200;
    crash(f, &w);
    assert_int_equal(f->record_count, 0);
    assert_non_null(strstr(f->notice, "restarted, and not through Resus"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

/* A disk or a person may have damaged the rows. */
static void a_damaged_record_of_a_recovery_gives_no_time_that_cannot_be(void **state)
{
    struct fixture *f = *state;
    const struct recovery_record damaged[] = {
        {.started_at = {-1}, .duration_seconds = 1e300},
        {.started_at = {INT64_MAX}, .duration_seconds = 1},
        {.started_at = {1000}, .duration_seconds = 2.5},
    };
    engine_recall(f->engine, 0, damaged, 3);
    const struct service *s = &f->engine->services[0];
    assert_int_equal(s->recovering.last.at.ms, 0);
    assert_int_equal(s->recovering.times[1].ms, 0);
    assert_int_equal(s->recovering.times[2].ms, 3500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_primary_made_a_replica_is_critical_until_it_is_accepted),
        TEST(a_redis_behind_a_wrapper_is_its_units),
        TEST(a_wrapper_is_known_with_extended_commands_as_well),
        TEST(what_a_process_said_while_a_look_ran_is_not_held_against_the_next),
        TEST(a_primary_that_is_one_again_is_well),
        TEST(a_failover_by_sentinel_is_an_event),
        TEST(a_failover_of_the_cluster_is_an_event),
        TEST(a_failover_that_redis_reports_is_an_event),
        TEST(a_restart_with_another_configuration_is_an_event),
        TEST(a_restart_by_systemd_is_in_the_history_and_is_an_outage),
        TEST(a_count_of_restarts_that_rises_is_enough),
        TEST(a_count_that_only_show_tells_is_asked_for),
        TEST(a_restart_by_an_operator_is_no_crash),
        TEST(a_damaged_record_of_a_recovery_gives_no_time_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
