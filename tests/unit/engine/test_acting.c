/* What the watch does while a command of ours is at work on the unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"
#include "engine_fixture.h"

#define RESTART_MS 2000 /* how long the restart takes here */

static struct unit_facts unit(enum unit_active active, const char *sub, enum unit_result result)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = active;
    u.result = result;
    u.main_pid = active == UNIT_ACTIVE ? 4711 : 0;
    u.control_reached = TRI_YES;
    (void)str_copy(u.sub, sizeof u.sub, sub);
    return u;
}

/* Answers all that was asked but the restart itself. */
static void answer_all(struct fixture *f, enum reply_class reply, const struct unit_facts *u,
                       int64_t now)
{
    for (size_t i = 0; i < f->redis_count; i++) {
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        a.probe.reply = reply;
        facts_info_reset(&a.info);
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    f->redis_count = 0;
    for (size_t i = 0; i < f->host_count; i++) {
        if (f->host[i].command == HOST_RESTART)
            continue;
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_EXITED, .unit = *u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    f->host_count = 0;
}

static size_t asked(const struct fixture *f, enum host_command command)
{
    size_t n = 0;
    for (size_t i = 0; i < f->host_count; i++)
        n += f->host[i].command == command;
    return n;
}

/* A healthy service; the time. */
static int64_t begin_watch(struct fixture *f, const struct unit_facts *well)
{
    int64_t now = 1000;
    while (now < 5000) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_PONG, well, now);
    }
    return now;
}

/* From a healthy service to a restart that is under way; the time. */
static int64_t begin_restart(struct fixture *f)
{
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct unit_facts dead = unit(UNIT_FAILED, "failed", RESULT_SIGNAL);
    int64_t now = begin_watch(f, &well);
    /* A reset asks for quick looks for some seconds; so does the attempt before this one. */
    static const struct engine_user user = {"root", "root@localhost", "admin", "local"};
    engine_recovery_reset(f->engine, 0, &user, "test", NULL, fixture_at(now));
    answer_all(f, REPLY_PONG, &well, now);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, REPLY_REFUSED, &dead, now);
    assert_int_not_equal(f->intent, 0);
    engine_audit_ended(f->engine, 0, f->intent, AUDIT_DURABLE, fixture_at(now));
    assert_int_equal(asked(f, HOST_RESTART), 1);
    return now;
}

static void a_restart_under_way_is_not_disturbed_by_quick_looks_at_the_unit(void **state)
{
    struct fixture *f = *state;
    struct unit_facts starting = unit(UNIT_ACTIVATING, "start", RESULT_SUCCESS);
    int64_t began = begin_restart(f);
    size_t looks = 0;
    for (int64_t now = began; now < began + RESTART_MS; now = fixture_wake_late(f, 0)) {
        looks += asked(f, HOST_STATUS);
        answer_all(f, REPLY_REFUSED, &starting, now);
    }
    assert_in_range(looks, 1, RESTART_MS / (size_t)f->service.watch.confirm_interval_ms + 1);
}

/* A large load answers INFO before systemctl has ended. */
static void a_process_that_our_running_restart_began_was_not_restarted_by_others(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    int64_t now = begin_restart(f) + 5000;
    struct redis_answer a = {.request = REDIS_INFO, .probe.reply = REPLY_OTHER};
    facts_info_reset(&a.info);
    a.info.known = true;
    s->observations.info = a.info;
    (void)str_copy(s->observations.info.run_id, sizeof s->observations.info.run_id, "before");
    (void)str_copy(a.info.run_id, sizeof a.info.run_id, "after");
    a.info.uptime_seconds = 3;
    assert_int_equal(s->recovery.phase, PHASE_ACTING);
    a.id = request_begin(s, PART_WATCH, WATCH_INFO, (mono_ms){now});
    size_t notices = f->notice_count;
    engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    assert_string_equal(s->observations.info.run_id, "after");
    assert_int_equal(f->notice_count, notices);
}

/* A process loses its connections a moment before it is gone. */
static void a_unit_that_was_seen_too_early_is_seen_again_when_its_process_has_ended(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct unit_facts dead = unit(UNIT_FAILED, "failed", RESULT_SIGNAL);
    int64_t now = begin_watch(f, &well);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, REPLY_REFUSED, &well, now);
    assert_int_equal(f->intent, 0);
    engine_process_ended(f->engine, 0, fixture_at(now));
    assert_int_equal(fixture_wake_late(f, 0), now);
    answer_all(f, REPLY_REFUSED, &dead, now);
    assert_int_not_equal(f->intent, 0);
}

/* ... and not when it ends because it is restarted. */
static void the_end_of_a_process_that_is_restarted_asks_for_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t now = begin_restart(f);
    const struct watch *w = &f->engine->services[0].watch;
    mono_ms due = w->round_due;
    assert_true(due.ms > now);
    engine_process_ended(f->engine, 0, fixture_at(now));
    assert_int_equal(w->round_due.ms, due.ms);
}

/* A command whose answer is lost is at work until its deadline, also when a person took over
 * meanwhile (simulator seed 41932). */
static void nothing_is_done_while_a_command_that_was_left_behind_is_at_work(void **state)
{
    struct fixture *f = *state;
    (void)begin_restart(f);
    struct service *s = &f->engine->services[0];
    struct recovery_facts facts;
    recovery_facts_now(s, fixture_at(6000), &facts);
    assert_int_equal(s->recovery.phase, PHASE_ACTING);
    assert_false(facts.operation_running);
    s->recovery.phase = PHASE_IDLE; /* as after a person's operation that did nothing */
    recovery_facts_now(s, fixture_at(6000), &facts);
    assert_true(facts.operation_running);
    for (size_t i = 0; i < f->host_count; i++) {
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_TIMED_OUT};
        if (o.command == HOST_RESTART)
            engine_host_ended(f->engine, 0, &o, fixture_at(6001));
    }
    recovery_facts_now(s, fixture_at(6001), &facts);
    assert_false(facts.operation_running);
}

/* A process that ends closes its connections while its unit is still shown as running. */
static void connections_that_our_own_restart_closes_are_no_refusal(void **state)
{
    struct fixture *f = *state;
    struct unit_facts running = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    const struct service *s = &f->engine->services[0];
    int64_t began = begin_restart(f);
    bool refusal_judged = false;
    for (int64_t now = began; now < began + RESTART_MS; now = fixture_wake_late(f, 0)) {
        answer_all(f, REPLY_CLOSED, &running, now);
        refusal_judged |= s->verdict.cause == CAUSE_ACCESS_REFUSED && s->verdict.confirmed;
        assert_int_not_equal(s->cause, CAUSE_ACCESS_REFUSED);
    }
    assert_true(refusal_judged);
}

/* The connections that it closes look like another cause until the unit is seen to have ended. */
static void while_our_own_restart_is_under_way_nothing_says_that_a_restart_is_useless(void **state)
{
    struct fixture *f = *state;
    struct unit_facts running = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    const struct service *s = &f->engine->services[0];
    int64_t began = begin_restart(f);
    bool other_cause = false;
    for (int64_t now = began; now < began + RESTART_MS; now = fixture_wake_late(f, 0)) {
        answer_all(f, REPLY_CLOSED, &running, now);
        assert_int_equal(s->recovery.phase, PHASE_ACTING);
        other_cause |= s->verdict.cause != s->cause;
        JSON_CLEANUP json_t *recovery = engine_recovery_json(f->engine, 0, fixture_at(now));
        assert_true(json_is_null(json_object_get(recovery, "withheld")));
        JSON_CLEANUP json_t *explained = engine_explain_json(f->engine, 0, fixture_at(now));
        assert_true(json_is_true(json_object_get(explained, "would_act")));
        assert_string_equal(json_text_or(explained, "action", ""), "restart");
        char *reasons = json_dumps(json_object_get(explained, "reasons"), JSON_COMPACT);
        assert_null(strstr(reasons, "Not certain yet"));
        assert_non_null(strstr(reasons, "A restart helps against this cause."));
        free(reasons);
    }
    assert_true(other_cause);
}

/* ... or the new load would stand until it has passed the old one's mark (seed 69348). */
static void the_progress_of_the_process_before_an_action_is_not_that_of_the_next(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    struct recovery_facts facts;
    s->observations.info.known = true;
    s->observations.info.loading = TRI_YES;
    s->observations.info.loading_percent = 50;
    s->observations.info.asked = (mono_ms){5000};
    s->recovery.action_ended = (mono_ms){5001};
    recovery_facts_now(s, fixture_at(5002), &facts);
    assert_int_equal(facts.progress, FACT_UNKNOWN);
    s->observations.info.asked = (mono_ms){5001};
    recovery_facts_now(s, fixture_at(5002), &facts);
    assert_int_equal(facts.progress, 5000);
}

static void evidence_is_kept_by_section_whatever_the_lines_look_like(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    char long_text[RECOVER_EVIDENCE_MAX];
    static const char odd[] = "a\n== b\n\x01\n\n";
    (void)begin_restart(f); /* its own evidence is there */
    size_t before = json_array_size(s->recovering.evidence);
    for (size_t i = 0; i < before; i++) {
        const char *one = json_string_value(json_array_get(s->recovering.evidence, i));
        assert_string_not_equal(strchr(one, ':'), ": "); /* with words behind it */
    }
    assert_true(before > 0);
    recover_capture(s, "log", odd, sizeof odd - 1);
    assert_int_equal(json_array_size(s->recovering.evidence), before + 1);
    assert_string_equal(json_string_value(json_array_get(s->recovering.evidence, before)),
                        "log: a\n== b\n ");
    memset(long_text, 'x', sizeof long_text);
    for (int i = 0; i < 20; i++)
        recover_capture(s, "INFO", long_text, sizeof long_text);
    assert_in_range(s->recovering.evidence_bytes, RECOVER_EVIDENCE_MAX - 100, RECOVER_EVIDENCE_MAX);
    recover_capture(s, "INFO", NULL, 0);
}

/* It was started; what it lacks only its primary can provide. */
static void a_replica_that_was_restarted_without_its_primary_is_no_failed_attempt(void **state)
{
    struct fixture *f = *state;
    struct unit_facts starting = unit(UNIT_ACTIVATING, "start", RESULT_SUCCESS);
    struct unit_facts active = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    int64_t now = begin_restart(f);
    struct host_outcome done = {.command = HOST_RESTART, .end = HOST_EXITED, .unit = active};
    for (size_t i = 0; i < f->host_count; i++)
        if (f->host[i].command == HOST_RESTART)
            done.id = f->host[i].id;
    for (int64_t end = now + RESTART_MS; now < end; now = fixture_wake_late(f, 0))
        answer_all(f, REPLY_REFUSED, &starting, now);
    engine_host_ended(f->engine, 0, &done, fixture_at(now));
    for (int64_t end = now + 1000; now < end; now = fixture_wake_late(f, 0))
        answer_all(f, REPLY_MASTERDOWN, &active, now);
    assert_int_equal(f->engine->services[0].cause, CAUSE_REPLICA_LINK_DOWN);
    assert_int_equal(f->engine->services[0].recovery.phase, PHASE_STABLE);
    assert_string_equal(f->outcome.operation, "restart");
    assert_true(f->outcome.success);
}

/* Its lines are of the process that ended, and are kept until the next one ends. */
static void the_log_of_an_end_is_no_evidence_against_the_process_that_runs(void **state)
{
    struct fixture *f = *state;
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct service *s = &f->engine->services[0];
    int64_t now = begin_watch(f, &well);
    s->observations.log.class = LOG_DISK_FULL;
    (void)str_copy(s->observations.log.line, sizeof s->observations.log.line, "No space left");
    s->cause = CAUSE_REPLICA_LINK_DOWN;
    for (int ended = 0; ended < 2; ended++) {
        s->observations.unit.active = ended ? UNIT_FAILED : UNIT_ACTIVE;
        JSON_CLEANUP json_t *health = engine_health_json(f->engine, 0, fixture_at(now));
        char *evidence =
            json_dumps(json_object_get(json_object_get(health, "cause"), "evidence"), JSON_COMPACT);
        assert_int_equal(strstr(evidence, "No space left") != NULL, ended);
        free(evidence);
    }
}

static int answered_status;

static void note_answer(void *context, int status, json_t *body)
{
    (void)context;
    answered_status = status;
    json_decref(body);
}

/* Nobody knows what became of the command; the process that answers is the one that was to go. */
static void a_persons_restart_that_changed_nothing_is_no_success(void **state)
{
    struct fixture *f = *state;
    static const struct engine_user user = {"ann", "ann@example.org", "admin", "local"};
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    struct engine_request request = {
        .operation = OPERATION_RESTART, .user = user, .force = true, .answer = note_answer};
    int64_t now = begin_watch(f, &well);
    answered_status = 0;
    f->intent = 0;
    engine_operate(f->engine, 0, &request, fixture_at(now));
    answer_all(f, REPLY_PONG, &well, now);
    assert_int_not_equal(f->intent, 0);
    engine_audit_ended(f->engine, 0, f->intent, AUDIT_DURABLE, fixture_at(now));
    assert_int_equal(asked(f, HOST_RESTART), 1);
    struct host_outcome lost = {.id = f->host[0].id, .command = HOST_RESTART, .end = HOST_CUT_OFF};
    f->host_count = 0;
    engine_host_ended(f->engine, 0, &lost, fixture_at(now));
    for (int64_t end = now + 40000; now < end && answered_status == 0;) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_PONG, &well, now);
    }
    assert_int_equal(answered_status, 500);
}

/* The unit is failed when the process of its ExecStartPre= was killed by the stop. */
static void a_start_that_an_admin_has_stopped_has_its_grace(void **state)
{
    struct fixture *f = *state;
    const struct service *s = &f->engine->services[0];
    struct unit_facts failed = unit(UNIT_FAILED, "failed", RESULT_SIGNAL);
    (void)begin_restart(f);
    int64_t now = fixture_wake_late(f, 0);
    struct host_outcome o = {.command = HOST_RESTART, .end = HOST_EXITED, .exit_code = 1};
    for (size_t i = 0; i < f->host_count; i++)
        if (f->host[i].command == HOST_RESTART)
            o.id = f->host[i].id;
    o.job_cancelled = true;
    engine_host_ended(f->engine, 0, &o, fixture_at(now));
    f->intent = 0;
    for (int64_t end = now + 9000; now < end;) {
        answer_all(f, REPLY_REFUSED, &failed, now);
        now = fixture_wake_late(f, 0);
        assert_int_equal(f->intent, 0); /* nothing is about to be done */
    }
    assert_int_equal(s->cause, CAUSE_UNIT_STOPPED);
    assert_int_equal(s->recovery.phase, PHASE_GRACE);
    /* ... also for the next daemon */
    f->saved = s->saved;
    engine_free(f->engine);
    assert_int_equal(fixture_restart(f), 0);
    s = &f->engine->services[0];
    now = 1000;
    while (now < 10000) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_REFUSED, &failed, now);
        assert_int_equal(f->intent, 0);
    }
    assert_int_equal(s->cause, CAUSE_UNIT_STOPPED);
    assert_int_equal(s->recovery.phase, PHASE_GRACE);
    /* ... until it has run again */
    struct unit_facts well = unit(UNIT_ACTIVE, "running", RESULT_SUCCESS);
    engine_redis_lost(f->engine, 0, "closed by the peer", fixture_at(now));
    answer_all(f, REPLY_PONG, &well, now);
    for (int64_t end = now + 3000; now < end;) {
        now = fixture_wake_late(f, 0);
        answer_all(f, REPLY_PONG, &well, now);
    }
    assert_int_equal(s->cause, CAUSE_OK);
    assert_false(s->observations.start_cancelled || s->saved.start_cancelled);
}

/* Looks overlap, and dependent services are probed beside them. */
static void a_crowd_of_looks_does_not_make_us_deaf_to_the_end_of_an_action(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    uint64_t action = request_begin_action(s, PART_RECOVER, RECOVER_ACTION, (mono_ms){2000}, 77);
    uint64_t first = request_begin(s, PART_WATCH, WATCH_PROBE, (mono_ms){2001});
    for (int i = 0; i < 2 * REQUESTS_MAX; i++)
        (void)request_begin(s, PART_WATCH, WATCH_PROBE, (mono_ms){2002 + i});
    assert_int_equal(request_end(s, first).part, PART_NONE); /* the oldest gives way */
    assert_int_equal(request_end(s, action).action_id, 77);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_persons_restart_that_changed_nothing_is_no_success),
        TEST(evidence_is_kept_by_section_whatever_the_lines_look_like),
        TEST(the_log_of_an_end_is_no_evidence_against_the_process_that_runs),
        TEST(nothing_is_done_while_a_command_that_was_left_behind_is_at_work),
        TEST(connections_that_our_own_restart_closes_are_no_refusal),
        TEST(while_our_own_restart_is_under_way_nothing_says_that_a_restart_is_useless),
        TEST(a_replica_that_was_restarted_without_its_primary_is_no_failed_attempt),
        TEST(a_process_that_our_running_restart_began_was_not_restarted_by_others),
        TEST(a_unit_that_was_seen_too_early_is_seen_again_when_its_process_has_ended),
        TEST(the_end_of_a_process_that_is_restarted_asks_for_nothing),
        TEST(the_progress_of_the_process_before_an_action_is_not_that_of_the_next),
        TEST(a_restart_under_way_is_not_disturbed_by_quick_looks_at_the_unit),
        TEST(a_start_that_an_admin_has_stopped_has_its_grace),
        TEST(a_crowd_of_looks_does_not_make_us_deaf_to_the_end_of_an_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
