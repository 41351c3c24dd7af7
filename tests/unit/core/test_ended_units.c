/* Units that have ended: at an admin's command, or under a systemd that restarts them itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cause.h"
#include "core/preflight.h"

static const mono_ms now = {100000};

/* Nothing listens and the unit has failed by a signal; both were asked after probing began. */
static struct observations failed_unit(void)
{
    struct observations s = {
        .kept = {.reply = REPLY_NONE},
        .fresh = {.reply = REPLY_REFUSED, .asked = now, .at = now},
        .unit = {.active = UNIT_FAILED,
                 .asked = now,
                 .at = now,
                 .result = RESULT_SIGNAL,
                 .control_reached = TRI_YES,
                 .restarts = FACT_UNKNOWN},
        .probing_since = {99000},
        .unit_same_since = {99000},
        .ever_answered = true,
        .failure_threshold = 3,
        .confirm_interval_ms = 500,
    };
    facts_info_reset(&s.info);
    return s;
}

static void a_killed_redis_is_believed_without_the_journal(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_CRASHED);
    assert_true(v.confirmed);
}

static void where_systemd_restarts_the_journal_says_whether_it_gave_up(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.systemd_restarts = true;
    assert_false(cause_judge(&s, now).confirmed);
    s.log_read = true;
    s.log.class = LOG_START_LIMIT;
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_START_LIMIT_HIT);
    assert_true(v.confirmed);
    s.log.class = LOG_NONE; /* Restart=no since then */
    v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_CRASHED);
    assert_true(v.confirmed);
}

static void a_failed_unit_that_an_admin_stopped_is_stopped(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.stopped_on_purpose = true;
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_STOPPED_ON_PURPOSE);
    assert_true(v.confirmed);
}

/* Probing that has lasted is no younger than anything: another Redis answered on the port until
 * a moment ago, and others may have started the unit meanwhile (simulator seed 24643). */
static void a_unit_is_not_judged_by_what_was_seen_before_redis_last_answered(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.probing_since = (mono_ms){10000};
    s.unit.asked = s.unit.at = (mono_ms){94000};
    s.last_answer = (mono_ms){95000};
    assert_false(cause_judge(&s, now).confirmed);
    s.unit.asked = s.unit.at = (mono_ms){95000};
    assert_true(cause_judge(&s, now).confirmed);
}

/* The process of ExecStartPre= is killed by the stop, and the unit is left as failed. */
static void a_unit_whose_start_an_admin_has_stopped_is_stopped(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.start_cancelled = true;
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_UNIT_STOPPED);
    assert_true(v.confirmed);
    s.stopped_on_purpose = true;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_STOPPED_ON_PURPOSE);
}

static void a_load_may_be_stopped_but_not_restarted(void **state)
{
    (void)state;
    struct info_facts info;
    struct preflight p;
    facts_info_reset(&info);
    struct unit_facts unit;
    facts_unit_reset(&unit);
    unit.active = UNIT_ACTIVATING;
    struct preflight_facts facts = {.cause = CAUSE_LOADING, .info = &info, .unit = &unit};
    preflight_judge(PREFLIGHT_STOP, &facts, &p);
    assert_true(p.allowed);
    preflight_judge(PREFLIGHT_RESTART, &facts, &p);
    assert_false(p.allowed);
    assert_true(p.blockers[BLOCKER_LOADING]);
}

/* Type=notify, `supervised no`: Redis serves, READY never comes, systemd ends it and begins again.
 */
static struct observations unready_unit(int64_t served_ms)
{
    struct observations s = failed_unit();
    s.fresh.reply = REPLY_PONG;
    s.unit.active = UNIT_ACTIVATING;
    s.unit.result = RESULT_SUCCESS;
    s.unit_same_since.ms = now.ms - served_ms;
    s.unready_since.ms = now.ms - served_ms;
    return s;
}

static void a_unit_that_waits_for_ready_while_redis_serves_is_named(void **state)
{
    (void)state;
    struct observations s = unready_unit(CAUSE_READY_LIMIT_MS - 1);
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_SYSTEMD_RESTARTING);
    s = unready_unit(CAUSE_READY_LIMIT_MS);
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_START_TIMEOUT);
    assert_true(v.confirmed);
    s.unit.asked.ms -= 1; /* a look from before may have missed the message */
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_SYSTEMD_RESTARTING);
    s.unready_since.ms = 0; /* ExecStartPost= runs, or the load has just ended */
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_SYSTEMD_RESTARTING);
}

static void between_two_such_starts_it_is_the_same_failure(void **state)
{
    (void)state;
    struct observations s = unready_unit(100);
    s.never_ready = true;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_START_TIMEOUT);
    s.fresh.reply = REPLY_REFUSED;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_START_TIMEOUT);
    s.unit.active = UNIT_DEACTIVATING;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_START_TIMEOUT);
    s.unit.active = UNIT_ACTIVATING;
    s.unit.notice = NOTICE_LOADING;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_LOADING);
}

static void a_redis_that_got_no_memory_was_not_just_killed(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.unit.result = RESULT_CORE_DUMP;
    s.log_read = true;
    s.log.class = LOG_OUT_OF_MEMORY;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_OOM_KILLED);
    s.unit.result = RESULT_EXIT_CODE;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_OOM_KILLED);
}

static void a_primary_that_became_a_replica_is_not_healthy(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.fresh.reply = REPLY_PONG;
    s.unit.active = UNIT_ACTIVE;
    s.info.known = true;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_OK);
    s.role_changed = true;
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_WRONG_INSTANCE);
    assert_true(v.confirmed);
    s.fresh.reply = REPLY_MASTERDOWN;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_WRONG_INSTANCE);
}

/* The request on the open connection waited while a new connection was taken and closed: when its
 * refusal began is not known, so the port may be taken still (simulator seed 21170). */
static void a_refusal_from_before_something_took_a_connection_frees_no_port(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.unit.result = RESULT_EXIT_CODE;
    s.log_read = true;
    s.log.class = LOG_PORT_IN_USE;
    s.fresh = (struct probe_facts){.reply = REPLY_CLOSED, .asked = {99900}, .at = {99901}};
    s.kept = (struct probe_facts){.reply = REPLY_REFUSED, .asked = {99100}, .at = now};
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_PORT_IN_USE);
    s.kept.asked = now; /* asked after it, the refusal is news */
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_UNIT_FAILED);
    s.kept.asked.ms = 99100;
    s.fresh.reply = REPLY_REFUSED;
    assert_int_equal(cause_judge(&s, now).cause, CAUSE_UNIT_FAILED);
}

/* The open connection said LOADING until systemd ended the load; new ones get no answer, and were
 * asked for before that (simulator seed 18709). */
static void a_load_that_systemd_has_ended_is_no_load(void **state)
{
    (void)state;
    struct observations s = failed_unit();
    s.unit.result = RESULT_TIMEOUT;
    s.loading_seen = true;
    s.kept = (struct probe_facts){.reply = REPLY_NONE, .asked = {99500}, .at = {99501}};
    s.fresh = (struct probe_facts){.reply = REPLY_NO_CONNECT, .asked = {99000}, .at = now};
    struct verdict v = cause_judge(&s, now);
    assert_int_equal(v.cause, CAUSE_START_TIMEOUT);
    assert_true(v.confirmed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_redis_is_believed_without_the_journal),
        cmocka_unit_test(where_systemd_restarts_the_journal_says_whether_it_gave_up),
        cmocka_unit_test(a_failed_unit_that_an_admin_stopped_is_stopped),
        cmocka_unit_test(a_unit_is_not_judged_by_what_was_seen_before_redis_last_answered),
        cmocka_unit_test(a_unit_whose_start_an_admin_has_stopped_is_stopped),
        cmocka_unit_test(a_load_may_be_stopped_but_not_restarted),
        cmocka_unit_test(a_unit_that_waits_for_ready_while_redis_serves_is_named),
        cmocka_unit_test(between_two_such_starts_it_is_the_same_failure),
        cmocka_unit_test(a_redis_that_got_no_memory_was_not_just_killed),
        cmocka_unit_test(a_primary_that_became_a_replica_is_not_healthy),
        cmocka_unit_test(a_refusal_from_before_something_took_a_connection_frees_no_port),
        cmocka_unit_test(a_load_that_systemd_has_ended_is_no_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
