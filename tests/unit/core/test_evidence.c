/* What is remembered of looks at the host: how long a sign of work, of a tracer or of a disk keeps
 * silence from being taken for a hang, and which look at the unit a refusal needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/evidence.h"
#include "core/silence.h"

#define PID 100
#define PROBING_MS 10000

static struct process_facts look(int64_t asked, enum task_state state, int64_t cpu_ms)
{
    return (struct process_facts){.pid = PID,
                                  .asked = {asked},
                                  .at = {asked + 20},
                                  .state = state,
                                  .cpu_ms = cpu_ms,
                                  .tracer_pid = 0};
}

/* An active unit that has been silent for a while. */
static struct observations silent(void)
{
    struct observations s = {.probing_since = {PROBING_MS},
                             .last_answer = {PROBING_MS - 500},
                             .unit_same_since = {1},
                             .failing_since = {PROBING_MS},
                             .failed_probes = 5,
                             .failure_threshold = 3,
                             .confirm_interval_ms = 500,
                             .probe_timeout_ms = 5000,
                             .blind_hang_ms = 30000,
                             .ever_answered = true};
    facts_info_reset(&s.info);
    facts_unit_reset(&s.unit);
    s.unit.active = UNIT_ACTIVE;
    s.unit.control_reached = TRI_YES;
    s.unit.main_pid = PID;
    s.unit.asked.ms = s.unit.at.ms = PROBING_MS + 5000;
    return s;
}

static void a_tracer_and_a_disk_are_signs_that_count_as_work_does(void **state)
{
    static const enum task_state held[] = {TASK_TRACED, TASK_BLOCKED, TASK_RUNNING};
    (void)state;
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        struct observations s = silent();
        s.process = look(PROBING_MS + 1000, held[i], 0);
        assert_int_equal(evidence_stirred(&s).ms, PROBING_MS + 1020);
    }
    struct observations s = silent();
    s.process = look(PROBING_MS + 1000, TASK_SLEEPING, 0);
    assert_int_equal(evidence_stirred(&s).ms, 0);
    s.process.tracer_pid = 4711;
    assert_int_equal(evidence_stirred(&s).ms, PROBING_MS + 1020);
}

static enum there heard_from_here(enum reply_class probe, enum reply_class reply, int64_t asked)
{
    struct observations s = silent();
    s.fresh = (struct probe_facts){.reply = probe, .asked = {asked}, .at = {asked + 500}};
    s.witness = (struct witness_facts){
        .possible = false, .reply = reply, .asked = {asked}, .at = {asked + 500}};
    return evidence_there(&s, (mono_ms){asked + 600});
}

/* The host could not be asked; a Redis whose commands wait told from here that it works. */
static void an_answer_from_here_counts_while_the_probes_wait(void **state)
{
    (void)state;
    const int64_t during = PROBING_MS + 1000;
    assert_int_equal(heard_from_here(REPLY_SILENT, REPLY_ERROR, during), THERE_ANSWERS);
    assert_int_equal(heard_from_here(REPLY_SILENT, REPLY_NOAUTH, during), THERE_ANSWERS);
    assert_int_equal(heard_from_here(REPLY_SILENT, REPLY_NONE, during), THERE_UNKNOWN);
    assert_int_equal(heard_from_here(REPLY_REFUSED, REPLY_NOAUTH, during), THERE_UNKNOWN);
    assert_int_equal(heard_from_here(REPLY_CLOSED, REPLY_ERROR, during), THERE_UNKNOWN);
    assert_int_equal(heard_from_here(REPLY_SILENT, REPLY_ERROR, PROBING_MS - 1000), THERE_UNKNOWN);
}

/* A number of a process is given again, and an answer of the host may speak of another one. */
static void what_another_process_did_says_nothing_of_redis(void **state)
{
    (void)state;
    static const enum task_state states[] = {TASK_STOPPED, TASK_TRACED, TASK_SLEEPING};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct observations s = silent();
        struct process_facts first = look(PROBING_MS + 1000, states[i], 500);
        struct process_facts second = look(PROBING_MS + 3000, states[i], 500);
        mono_ms now = {PROBING_MS + 3100};
        first.pid = second.pid = PID + 1;
        evidence_take_process(&s, &first);
        evidence_take_process(&s, &second);
        assert_int_equal(evidence_activity(&s, now), ACTIVITY_UNKNOWN);
        s.process_before = first; /* of the process before the unit's own */
        s.process = second;
        assert_int_equal(evidence_activity(&s, now), ACTIVITY_UNKNOWN);
        assert_int_equal(evidence_stirred(&s).ms, 0);
    }
}

static void a_sign_is_as_old_as_the_look_that_showed_it(void **state)
{
    (void)state;
    struct observations s = silent();
    s.process = look(PROBING_MS + 1000, TASK_RUNNING, 0);
    s.group = look(PROBING_MS + 9000, TASK_UNKNOWN, 50); /* a later look, at the unit only */
    assert_int_equal(evidence_stirred(&s).ms, PROBING_MS + 1020);
}

static void the_group_speaks_when_the_process_is_no_longer_looked_at(void **state)
{
    (void)state;
    struct observations s = silent();
    s.process = look(PROBING_MS + 1000, TASK_SLEEPING, 0);
    s.group_before = look(PROBING_MS + 20000, TASK_UNKNOWN, 1000);
    s.group = look(PROBING_MS + 22000, TASK_UNKNOWN, 2900);
    assert_int_equal(evidence_stirred(&s).ms, PROBING_MS + 22020);
    /* A look at the process that is as new knows more: a child may work. */
    s.process = look(PROBING_MS + 21900, TASK_SLEEPING, 0);
    assert_int_equal(evidence_stirred(&s).ms, 0);
}

static void who_refuses_may_have_ended_since_its_unit_was_looked_at(void **state)
{
    (void)state;
    struct observations s = silent();
    struct probe_facts refused = {
        .reply = REPLY_REFUSED, .asked = {PROBING_MS + 8000}, .at = {PROBING_MS + 8001}};
    mono_ms now = {PROBING_MS + 40000};
    s.process_before = look(PROBING_MS + 38000, TASK_SLEEPING, 0);
    s.process = look(PROBING_MS + 39500, TASK_SLEEPING, 0);
    s.witness = (struct witness_facts){.possible = true,
                                       .reply = REPLY_REFUSED,
                                       .asked = {PROBING_MS + 39000},
                                       .at = {PROBING_MS + 39001}};
    s.witness_proven = true;
    s.refusing_since.ms = PROBING_MS + 8001;
    s.witness_refuses_since.ms = PROBING_MS + 39000;
    struct verdict v = silence_judge(&s, &refused, now);
    assert_int_equal(v.cause, CAUSE_HUNG);
    assert_false(v.confirmed);
    s.unit.asked.ms = s.unit.at.ms = PROBING_MS + 39000;
    v = silence_judge(&s, &refused, now);
    assert_int_equal(v.cause, CAUSE_HUNG);
    assert_true(v.confirmed);
    s.witness.possible = false; /* nobody can be asked there: a human is called no earlier */
    s.refusing_since.ms = s.unit.asked.ms + 1;
    v = silence_judge(&s, &refused, now);
    assert_int_equal(v.cause, CAUSE_CONNECTION_REFUSED);
    assert_false(v.confirmed);
    s.refusing_since.ms = s.unit.asked.ms; /* newer refusals say nothing else */
    assert_true(silence_judge(&s, &refused, now).confirmed);
}

/* A path that was broken for a moment, and a process that ends just then. */
static void an_answer_on_the_host_from_before_the_last_failure_proves_nothing(void **state)
{
    (void)state;
    struct observations s = silent();
    struct probe_facts refused = {
        .reply = REPLY_REFUSED, .asked = {PROBING_MS + 1000}, .at = {PROBING_MS + 1001}};
    mono_ms now = {PROBING_MS + 1001};
    s.failed_probes = 3;
    s.enough_asked.ms = PROBING_MS + 1000;
    s.unit.asked.ms = s.unit.at.ms = PROBING_MS + 1001;
    s.refusing_since.ms = PROBING_MS + 1001;
    s.witness = (struct witness_facts){.possible = true,
                                       .reply = REPLY_PONG,
                                       .asked = {PROBING_MS + 999},
                                       .at = {PROBING_MS + 1000}};
    struct verdict v = silence_judge(&s, &refused, now);
    assert_int_equal(v.cause, CAUSE_PATH_BROKEN);
    assert_false(v.confirmed);
    s.witness.asked.ms = PROBING_MS + 1000;
    v = silence_judge(&s, &refused, now);
    assert_int_equal(v.cause, CAUSE_PATH_BROKEN);
    assert_true(v.confirmed);
    /* ... and stays so while further probes fail. */
    refused.asked.ms = refused.at.ms = s.unit.at.ms = PROBING_MS + 4000;
    s.failed_probes = 9;
    assert_true(silence_judge(&s, &refused, (mono_ms){PROBING_MS + 4000}).confirmed);
}

/* It was only slow, was answered on its host, and has ended since: its unit is looked at again
 * (simulator seeds 339822, 1039316). */
static void a_refusal_may_be_the_end_of_a_process_that_answered_on_its_host(void **state)
{
    (void)state;
    struct observations s = silent();
    struct probe_facts refused = {
        .reply = REPLY_REFUSED, .asked = {PROBING_MS + 8000}, .at = {PROBING_MS + 8001}};
    mono_ms now = {PROBING_MS + 9000};
    s.failed_probes = 3;
    s.enough_asked.ms = PROBING_MS + 1000;
    s.refusing_since.ms = PROBING_MS + 7500;
    s.witness = (struct witness_facts){.possible = true,
                                       .reply = REPLY_PONG,
                                       .asked = {PROBING_MS + 7000},
                                       .at = {PROBING_MS + 7001}};
    s.unit.asked.ms = PROBING_MS + 7600; /* a look that was heard before the newest refusal */
    s.unit.at.ms = PROBING_MS + 7900;
    struct verdict v = silence_judge(&s, &refused, now);
    assert_int_equal(v.cause, CAUSE_PATH_BROKEN);
    assert_false(v.confirmed);
    s.unit.at.ms = PROBING_MS + 8500;
    assert_true(silence_judge(&s, &refused, now).confirmed);
    s.unit.asked.ms = PROBING_MS + 7499; /* ... or that was under way at the first one */
    assert_false(silence_judge(&s, &refused, now).confirmed);
}

/* `docker run` sleeps while the Redis in its container works. */
static void the_process_that_runs_a_container_is_not_redis(void **state)
{
    (void)state;
    struct observations s = silent();
    mono_ms now = {PROBING_MS + 8000};
    s.process_before = look(PROBING_MS + 4000, TASK_SLEEPING, 0);
    s.process = look(PROBING_MS + 7000, TASK_SLEEPING, 0);
    s.info.known = true;
    s.info.process_id = PID;
    assert_int_equal(evidence_activity(&s, now), ACTIVITY_STILL);
    s.info.process_id = 1;
    assert_true(evidence_not_main(&s));
    assert_int_equal(evidence_activity(&s, now), ACTIVITY_UNKNOWN);
    s.process.state = TASK_STOPPED;
    assert_int_equal(evidence_activity(&s, now), ACTIVITY_UNKNOWN);
    s.process.state = TASK_RUNNING;
    assert_int_equal(evidence_stirred(&s).ms, 0);
    /* Its main process has another number since it was restarted: it is looked at. */
    s.info.process_id = PID - 1;
    s.unit_same_since.ms = 5;
    assert_false(evidence_not_main(&s));
    /* ... also when the one before is heard late (simulator seed 60251). */
    s.info.asked.ms = 4;
    s.info.at.ms = 6;
    assert_false(evidence_not_main(&s));
    s.info.asked.ms = 5;
    assert_true(evidence_not_main(&s));
}

/* Whoever stopped it lets it go on at any moment, and it is no longer told by what was seen before. */
static void a_stopped_process_is_one_that_was_seen_stopped_lately(void **state)
{
    (void)state;
    struct observations s = silent();
    s.process_before = look(PROBING_MS + 4000, TASK_STOPPED, 0);
    s.process = look(PROBING_MS + 6000, TASK_STOPPED, 0);
    assert_int_equal(evidence_activity(&s, (mono_ms){PROBING_MS + 8500}), ACTIVITY_STOPPED);
    assert_int_equal(evidence_activity(&s, (mono_ms){PROBING_MS + 8600}), ACTIVITY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tracer_and_a_disk_are_signs_that_count_as_work_does),
        cmocka_unit_test(an_answer_from_here_counts_while_the_probes_wait),
        cmocka_unit_test(what_another_process_did_says_nothing_of_redis),
        cmocka_unit_test(a_sign_is_as_old_as_the_look_that_showed_it),
        cmocka_unit_test(the_group_speaks_when_the_process_is_no_longer_looked_at),
        cmocka_unit_test(an_answer_on_the_host_from_before_the_last_failure_proves_nothing),
        cmocka_unit_test(a_refusal_may_be_the_end_of_a_process_that_answered_on_its_host),
        cmocka_unit_test(who_refuses_may_have_ended_since_its_unit_was_looked_at),
        cmocka_unit_test(the_process_that_runs_a_container_is_not_redis),
        cmocka_unit_test(a_stopped_process_is_one_that_was_seen_stopped_lately),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
