/* What the engine has to keep in mind: a unit's exit log, orders that the disk may not have, and
 * what a daemon before this one knew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/judge.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine_fixture.h"

static const struct engine_user user = {"ann", "ann@example.org", "admin", "local"};
static int answered_status;
static enum log_class said; /* by a unit that has failed */

static void note_answer(void *context, int status, json_t *body)
{
    (void)context;
    answered_status = status;
    json_decref(body);
}

static struct unit_facts unit(enum unit_active active, enum unit_result result)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = active;
    u.result = result;
    u.can_reload = TRI_NO;
    u.control_reached = TRI_YES;
    return u;
}

static void answer_redis(struct fixture *f, enum reply_class reply, int64_t now)
{
    size_t count = f->redis_count;
    f->redis_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        a.probe.reply = reply;
        facts_info_reset(&a.info);
        if (a.request == REDIS_CONFIG)
            a.info.busy_threshold_ms = 120000;
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
}

/* Answers looks at the unit only, or at its log only; the others are left to wait. */
static void answer_host(struct fixture *f, bool logs, const struct unit_facts *u, int64_t now)
{
    struct asked kept[FIXTURE_ASKED_MAX];
    size_t count = f->host_count;
    f->host_count = 0;
    for (size_t i = 0; i < count; i++)
        kept[i] = f->host[i];
    for (size_t i = 0; i < count; i++) {
        bool log = kept[i].command == HOST_JOURNAL || kept[i].command == HOST_LOG_TAIL;
        if (log != logs) {
            f->host[f->host_count++] = kept[i];
            continue;
        }
        struct host_outcome o = {
            .id = kept[i].id, .command = kept[i].command, .end = HOST_EXITED, .unit = *u};
        o.log.class = said;
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
}

/* Every look is answered the same until then; returns when the last one was. */
static int64_t look_until(struct fixture *f, int64_t end, enum reply_class reply,
                          const struct unit_facts *u)
{
    int64_t now;
    do {
        now = fixture_wake_late(f, 0);
        answer_redis(f, reply, now);
        answer_host(f, false, u, now);
    } while (now < end);
    return now;
}

static void operate(struct fixture *f, enum engine_operation operation, int64_t now)
{
    struct engine_request request = {
        .operation = operation, .user = user, .confirmation = true, .answer = note_answer};
    answered_status = 0;
    engine_operate(f->engine, 0, &request, fixture_at(now));
}

/* A unit that has failed, and whose exit log was read: its configuration is wrong. Returns the time. */
static int64_t read_words(struct fixture *f, const struct unit_facts *dead)
{
    int64_t now = 1000;
    said = LOG_CONFIG_ERROR;
    while (now < 5000) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_REFUSED, now);
        answer_host(f, false, dead, now);
        answer_host(f, true, dead, now);
    }
    assert_int_equal(f->intent, 0); /* nothing to act for */
    return now;
}

static void an_exit_log_that_is_read_again_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct unit_facts dead = unit(UNIT_FAILED, RESULT_EXIT_CODE);
    int64_t now = read_words(f, &dead);
    /* A refused operation looks twice: before it, and when it is over. */
    operate(f, OPERATION_RELOAD, now + 1);
    answer_redis(f, REPLY_REFUSED, now + 2);
    answer_host(f, false, &dead, now + 2);
    assert_int_equal(answered_status, 422);
    /* The words are read between the two, and dropped by the second. */
    answer_host(f, true, &dead, now + 3);
    for (int64_t end = now + 3000; now < end;) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_REFUSED, now);
        answer_host(f, false, &dead, now);
    }
    assert_int_equal(f->intent, 0);
}

/* Ends what asks for the log without having reached the host; how often that was. */
static int miss_logs(struct fixture *f, int64_t now)
{
    int missed = 0;
    for (size_t i = 0; i < f->host_count; i++) {
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_NOT_REACHED};
        if (o.command != HOST_JOURNAL && o.command != HOST_LOG_TAIL)
            continue;
        f->host[i] = f->host[--f->host_count];
        i--;
        missed += o.command == HOST_JOURNAL;
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    return missed;
}

/* Simulator seeds 47957 and 533338. */
static void an_exit_log_that_cannot_be_read_is_asked_for_again_but_not_without_limit(void **state)
{
    struct fixture *f = *state;
    struct unit_facts dead = unit(UNIT_FAILED, RESULT_EXIT_CODE);
    int64_t now = 1000;
    int missed = 0;
    while (now < 10000 && f->intent == 0) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_REFUSED, now);
        answer_host(f, false, &dead, now);
        missed += miss_logs(f, now);
    }
    assert_int_not_equal(f->intent, 0);
    assert_int_equal(missed, 3);
}

/* From a unit whose exit log was read, to one that was dropped and cannot be read again; the
 * unit says that it failed at `since`. */
static void lose_words_that_were_read(struct fixture *f, wall_ms since)
{
    struct unit_facts dead = unit(UNIT_FAILED, RESULT_EXIT_CODE);
    dead.since = (wall_ms){1000};
    int64_t now = read_words(f, &dead);
    operate(f, OPERATION_RELOAD, now + 1); /* refused, but it looks again */
    int missed = 0;
    dead.since = since;
    for (int64_t end = now + 10000; now < end;) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_REFUSED, now);
        answer_host(f, false, &dead, now);
        missed += miss_logs(f, now);
    }
    assert_int_equal(answered_status, 422);
    assert_true(missed >= 3);
}

static void an_exit_log_that_cannot_be_read_again_stays_what_it_was(void **state)
{
    struct fixture *f = *state;
    lose_words_that_were_read(f, (wall_ms){1000});
    assert_int_equal(f->intent, 0);
    assert_int_equal(f->engine->services[0].cause, CAUSE_CONFIG_ERROR);
}

static void a_unit_that_failed_again_has_another_exit_log(void **state)
{
    struct fixture *f = *state;
    lose_words_that_were_read(f, (wall_ms){2000});
    assert_int_not_equal(f->intent, 0);
}

/* ... also when nobody has seen it run in between. */
static void the_exit_log_is_read_again_when_the_unit_has_failed_again(void **state)
{
    struct fixture *f = *state;
    struct unit_facts dead = unit(UNIT_FAILED, RESULT_EXIT_CODE);
    dead.since = (wall_ms){1000};
    int64_t now = read_words(f, &dead);
    assert_true(f->engine->services[0].observations.log_read);
    dead.since = (wall_ms){2000};
    do
        now = fixture_wake_late(f, 0);
    while (f->host_count == 0);
    answer_host(f, false, &dead, now);
    assert_false(f->engine->services[0].observations.log_read);
    answer_host(f, true, &dead, now);
    assert_true(f->engine->services[0].observations.log_read);
}

/* What refused was the port of before: another process has taken it, and the path to it was cut
 * before anybody could meet it (simulator seeds 315323, 388856). */
static void a_port_is_not_free_by_a_refusal_from_before_the_unit_failed_again(void **state)
{
    struct fixture *f = *state;
    struct unit_facts dead = unit(UNIT_FAILED, RESULT_EXIT_CODE);
    dead.since = (wall_ms){1000};
    int64_t now = read_words(f, &dead);
    dead.since = (wall_ms){2000};
    said = LOG_PORT_IN_USE;
    f->redis_count = 0; /* nothing that is asked from now on is answered */
    for (int64_t end = now + 4000; now < end;) {
        now = fixture_wake_late(f, 0);
        answer_host(f, false, &dead, now);
        answer_host(f, true, &dead, now);
        f->redis_count = 0;
    }
    assert_true(f->engine->services[0].observations.log_read);
    assert_int_equal(f->engine->services[0].cause, CAUSE_PORT_IN_USE);
    assert_int_equal(f->intent, 0);
}

static void a_person_is_told_of_an_empty_primary_that_the_last_daemon_knew(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->saved.empty_primary = true;
    assert_int_equal(fixture_restart(f), 0);
    struct unit_facts stopped = unit(UNIT_INACTIVE, RESULT_SUCCESS);
    int64_t now = look_until(f, 5000, REPLY_REFUSED, &stopped);
    operate(f, OPERATION_RESTART, now);
    answer_redis(f, REPLY_REFUSED, now + 1);
    answer_host(f, false, &stopped, now + 1);
    assert_int_equal(answered_status, 422);
}

/* Simulator seed 40335: others had started it meanwhile, and it was reported as stopped. */
static void a_stop_is_not_told_as_done_by_what_was_seen_before_it(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->saved.stopped_on_purpose = true;
    assert_int_equal(fixture_restart(f), 0);
    struct unit_facts stopped = unit(UNIT_INACTIVE, RESULT_SUCCESS);
    int64_t now = look_until(f, 3000, REPLY_REFUSED, &stopped);
    f->save = 0;
    operate(f, OPERATION_STOP, now + 1);
    for (int64_t end = now + 8000; now < end && f->save == 0;) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_LOADING, now); /* the answer of the unit is lost */
    }
    assert_int_equal(answered_status, 0);
    assert_int_not_equal(f->save, 0); /* the desired state, before the command */
}

/* A primary with a replica; `save_points` is what CONFIG tells, TRI_UNKNOWN = nothing. */
static void answer_as_primary(struct fixture *f, enum tri save_points, int64_t now)
{
    for (size_t i = 0; i < f->redis_count; i++) {
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        bool told = a.request != REDIS_CONFIG || save_points != TRI_UNKNOWN;
        a.probe.reply = told ? REPLY_PONG : REPLY_SILENT;
        facts_info_reset(&a.info);
        a.info.known = a.request == REDIS_INFO;
        a.info.role = ROLE_PRIMARY;
        a.info.connected_replicas = 1;
        a.info.aof_enabled = TRI_NO;
        if (a.request == REDIS_CONFIG)
            a.info.save_points = save_points;
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    f->redis_count = 0;
}

/* Is it remembered of a primary that is told while its unit is so? CONFIG does not answer. */
static bool remembered_while(struct fixture *f, enum unit_active active)
{
    struct unit_facts seen = unit(active, RESULT_SUCCESS);
    int64_t now = 1000;
    while (now < 3000) {
        now = fixture_wake_late(f, 0);
        answer_host(f, false, &seen, now);
        answer_as_primary(f, TRI_UNKNOWN, now);
    }
    return f->engine->services[0].saved.empty_primary;
}

/* Simulator seed 10760: the answer of CONFIG was lost, and the daemon died. */
static void a_primary_that_may_come_back_empty_is_remembered_before_config_has_told(void **state)
{
    assert_true(remembered_while(*state, UNIT_ACTIVE));
}

/* Simulator seed 8535. */
static void a_primary_whose_stop_hangs_is_remembered_too(void **state)
{
    assert_true(remembered_while(*state, UNIT_DEACTIVATING));
}

static void what_answers_beside_a_unit_that_has_ended_is_not_remembered_of_it(void **state)
{
    assert_false(remembered_while(*state, UNIT_FAILED));
}

/* INFO and CONFIG are answered before the first look at the unit: the memory must not wait for the
 * next ones, a minute later (simulator seed 129653). */
static void a_primary_that_would_not_come_back_empty_is_known_with_its_unit(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    int64_t now = 1000;
    while (now < 3000) {
        now = fixture_wake_late(f, 0);
        answer_as_primary(f, TRI_YES, now);
    }
    answer_host(f, false, &well, now);
    assert_false(f->engine->services[0].saved.empty_primary);
}

static const char *overall_at(struct fixture *f, int64_t now, json_t **ret_body)
{
    *ret_body = engine_status_json(f->engine, 0, fixture_at(now));
    return json_string_value(json_object_get(*ret_body, "overall_status"));
}

/* ... of less than two seconds, which are no reason for self-doubt (simulator seed 135761). */
static void a_proof_ages_in_short_sleeps_as_well(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    (void)look_until(f, 5000, REPLY_PONG, &well);
    struct now now = {.mono = s->watch.proven, .boot = s->watch.proven};
    int64_t awake_ms = 2 * s->watch_policy.interval_ms - 4000;
    now.mono = mono_add(now.mono, awake_ms);
    now.boot = mono_add(now.boot, awake_ms);
    assert_int_equal(snapshot_overall(s, now), OVERALL_HEALTHY);
    now.boot = mono_add(now.boot, 2 * 1900);
    assert_int_equal(snapshot_overall(s, now), OVERALL_UNKNOWN);
}

/* The loop was held up for a moment, and whoever asks is answered before the service is judged again
 * (simulator seeds 246148, 388352, 704388, 804305). */
static void a_proof_ages_while_nothing_is_judged(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    int64_t now = look_until(f, 5000, REPLY_PONG, &well);
    int64_t proof = f->engine->services[0].watch.proven.ms;
    json_t *body;
    assert_string_equal(overall_at(f, now, &body), "healthy");
    json_decref(body);
    assert_string_equal(overall_at(f, proof + 60000, &body), "unknown");
    json_decref(body);
    body = engine_services_json(f->engine, fixture_at(proof + 60000));
    json_t *item = json_array_get(json_object_get(body, "items"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "overall_status")), "unknown");
    json_decref(body);
}

/* Monotonic time stands still while the machine sleeps (simulator seed 500317). */
static void health_of_before_a_sleep_is_not_claimed_after_it(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->service.watch.pulse_interval_ms = 0;
    assert_int_equal(fixture_restart(f), 0);
    struct service *s = &f->engine->services[0];
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    int64_t now = look_until(f, 5000, REPLY_PONG, &well);
    assert_int_equal(snapshot_overall(s, fixture_at(now)), OVERALL_HEALTHY);
    fixture_sleep(600000);
    int64_t rested = now + TILT_REST_MS + 3000;
    while (f->due.ms < rested) {
        now = fixture_wake_late(f, 0); /* Redis hangs since */
        answer_host(f, false, &well, now);
        assert_int_not_equal(snapshot_overall(s, fixture_at(now)), OVERALL_HEALTHY);
    }
    while (f->self_due.ms <= rested)
        engine_wake(f->engine, ENGINE_SELF, fixture_at(f->self_due.ms));
    service_judge(s, fixture_at(rested)); /* as any answer makes it */
    assert_false(s->observations.tilt);
    assert_int_not_equal(snapshot_overall(s, fixture_at(rested)), OVERALL_HEALTHY);
}

static void a_start_waits_for_a_desired_state_that_the_disk_may_not_have(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->saved.stopped_on_purpose = true;
    assert_int_equal(fixture_restart(f), 0);
    struct unit_facts stopped = unit(UNIT_INACTIVE, RESULT_SUCCESS);
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    int64_t now = look_until(f, 3000, REPLY_REFUSED, &stopped);
    /* an operator starts it by hand; the store does not answer */
    now = look_until(f, 9000, REPLY_PONG, &well);
    /* then it dies in a way that nobody treats at once */
    now = look_until(f, 20000, REPLY_LOADING, &well);
    f->intent = 0;
    operate(f, OPERATION_START, now);
    answer_redis(f, REPLY_LOADING, now + 1);
    answer_host(f, false, &well, now + 1);
    assert_int_equal(f->intent, 0); /* the desired state first */
    assert_int_not_equal(f->save, 0);
    engine_save_ended(f->engine, 0, f->save, STORE_DURABLE, fixture_at(now + 2));
    assert_int_not_equal(f->intent, 0);
}

/* A host that can be looked at again makes no news old of Redis itself (simulator seed 562545). */
static void what_redis_has_answered_counts_when_its_host_is_back(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    struct unit_facts lost = unit(UNIT_UNKNOWN, RESULT_SUCCESS);
    lost.control_reached = TRI_NO;
    int64_t now = look_until(f, 5000, REPLY_PONG, &well);
    now = look_until(f, now + f->service.watch.systemd_interval_ms, REPLY_PONG, &lost);
    assert_false(cause_proven_well(&s->observations));
    f->redis_count = f->host_count = 0;
    while (f->host_count == 0)
        now = fixture_wake_late(f, 0);
    answer_host(f, false, &well, now);
    assert_true(cause_proven_well(&s->observations));
    /* ... but its silence is: nothing could come through */
    now = look_until(f, now + 12000, REPLY_SILENT, &lost);
    f->redis_count = 0;
    while (f->host_count == 0)
        now = fixture_wake_late(f, 0);
    answer_host(f, false, &well, now);
    assert_int_equal(s->observations.failed_probes, 0);
    assert_int_equal(s->observations.probing_since.ms, s->observations.unit.asked.ms);
}

/* A script may hide for longer than two intervals; the kept connection has no pulse. */
static void health_is_not_claimed_longer_than_two_intervals_after_its_proof(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->service.watch.pulse_interval_ms = 0;
    assert_int_equal(fixture_restart(f), 0);
    struct unit_facts well = unit(UNIT_ACTIVE, RESULT_SUCCESS);
    int64_t now = 1000, proof = 0;
    f->engine->services[0].publishing.due.ms = 16000; /* not just when the proof is too old */
    bool claimed = false;
    json_t *body;
    while (now < 5000) {
        now = fixture_wake_late(f, 0);
        for (size_t i = 0; i < f->redis_count; i++)
            if (f->redis[i].request == REDIS_PING)
                proof = now;
        answer_redis(f, REPLY_PONG, now);
        answer_host(f, false, &well, now);
    }
    /* Then it is silent, and a script could be why for two minutes. */
    while (now < proof + 80000) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_SILENT, now);
        answer_host(f, false, &well, now);
        const char *overall = overall_at(f, now, &body);
        claimed |= str_equal(overall, "healthy");
        if (now > proof + 60000) { /* asked for, and as published last */
            assert_string_not_equal(overall, "healthy");
            assert_string_not_equal(f->engine->services[0].publishing.overall, "healthy");
        }
        json_decref(body);
    }
    assert_true(claimed);
}

/* The daemon before this one had its numbers skipped 626 ms ago, and gave three out; the disk that
 * this one found takes nothing (simulator seed 85839). */
static void a_start_gives_out_no_number_again_when_the_disk_let_it_skip_none(void **state)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->saved.event_seq = (uint64_t)fixture_at(1000 - 626).wall.ms + STORE_EVENTS_SKIPPED;
    assert_int_equal(fixture_restart(f), 0);
    assert_true(f->engine->services[0].event_seq >= f->saved.event_seq + 3);
}

static uint64_t first_action_id(void **state, uint64_t random)
{
    struct fixture *f = *state;
    fixture_tear_down(state);
    f->random = random;
    assert_int_equal(fixture_restart(f), 0);
    return f->engine->services[0].recovery.action_id;
}

/* The disk took nothing for several lives, and the clock was set back to when one of them had begun
 * (simulator seeds 1072561, 1127659): neither knows the ids that were given out. */
static void a_start_gives_out_no_action_id_again_whatever_disk_and_clock_say(void **state)
{
    uint64_t before = first_action_id(state, 0x243F6A8885A308D3u);
    uint64_t after = first_action_id(state, 0xA4093822299F31D0u);
    uint64_t apart = before > after ? before - after : after - before;
    assert_true(apart > 1000000); /* more than a life gives out */
}

static void an_action_id_fits_into_a_json_number(void **state)
{
    assert_true(first_action_id(state, UINT64_MAX) < (1ULL << 53) - 1000000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_exit_log_that_is_read_again_is_waited_for),
        TEST(an_exit_log_that_cannot_be_read_is_asked_for_again_but_not_without_limit),
        TEST(an_exit_log_that_cannot_be_read_again_stays_what_it_was),
        TEST(a_unit_that_failed_again_has_another_exit_log),
        TEST(the_exit_log_is_read_again_when_the_unit_has_failed_again),
        TEST(a_port_is_not_free_by_a_refusal_from_before_the_unit_failed_again),
        TEST(a_person_is_told_of_an_empty_primary_that_the_last_daemon_knew),
        TEST(a_stop_is_not_told_as_done_by_what_was_seen_before_it),
        TEST(a_primary_that_may_come_back_empty_is_remembered_before_config_has_told),
        TEST(what_redis_has_answered_counts_when_its_host_is_back),
        TEST(a_primary_whose_stop_hangs_is_remembered_too),
        TEST(what_answers_beside_a_unit_that_has_ended_is_not_remembered_of_it),
        TEST(a_primary_that_would_not_come_back_empty_is_known_with_its_unit),
        TEST(a_proof_ages_in_short_sleeps_as_well),
        TEST(a_proof_ages_while_nothing_is_judged),
        TEST(health_of_before_a_sleep_is_not_claimed_after_it),
        TEST(a_start_gives_out_no_number_again_when_the_disk_let_it_skip_none),
        TEST(a_start_gives_out_no_action_id_again_whatever_disk_and_clock_say),
        TEST(an_action_id_fits_into_a_json_number),
        TEST(a_start_waits_for_a_desired_state_that_the_disk_may_not_have),
        TEST(health_is_not_claimed_longer_than_two_intervals_after_its_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
