/* A cause for which hands off is right: a human is called when it lasts, and nothing is done. A
 * process that a signal stopped is restarted without a reload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/recovery.h"

struct world {
    struct recovery r;
    struct recovery_policy policy;
    struct recovery_effects out;
    mono_ms now;
    int calls, over, withheld, actions;
};

static void begin(struct world *w)
{
    *w = (struct world){.policy = recovery_policy_default(), .now = {1000000}};
    recovery_init(&w->r);
}

static void look(struct world *w, enum cause cause, bool call_due, bool stopped)
{
    struct recovery_input in = {.event = EVENT_FACTS,
                                .facts = {.verdict = {cause, true},
                                          .well = cause == CAUSE_OK,
                                          .call_due = call_due,
                                          .stopped = stopped,
                                          .progress = FACT_UNKNOWN}};
    w->now = mono_add(w->now, 1000);
    in.facts.learned = w->now;
    recovery_step(&w->r, &w->policy, &in, w->now, &w->out);
    for (size_t i = 0; i < w->out.count; i++) {
        enum effect_kind kind = w->out.items[i].kind;
        w->calls += kind == EFFECT_HUMAN;
        w->over += kind == EFFECT_HUMAN_OVER;
        w->withheld += kind == EFFECT_WITHHELD;
        w->actions += kind == EFFECT_RUN || kind == EFFECT_INTENT;
    }
}

static const enum cause patient[] = {CAUSE_BUSY_COMMAND, CAUSE_TRACED};

static void a_human_is_called_once_and_only_when_it_lasts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(patient); i++) {
        struct world w;
        begin(&w);
        for (int n = 0; n < 30; n++)
            look(&w, patient[i], false, false);
        assert_int_equal(w.calls, 0);
        assert_int_equal(w.withheld, 1); /* why nothing is done is said at once */
        for (int n = 0; n < 30; n++)
            look(&w, patient[i], true, false);
        assert_int_equal(w.calls, 1);
        assert_true(w.r.needs_human);
        look(&w, CAUSE_OK, true, false);
        assert_int_equal(w.over, 1);
        assert_false(w.r.needs_human);
        assert_int_equal(w.actions, 0);
    }
}

static void a_human_is_called_at_once_for_what_only_a_human_can_do(void **state)
{
    (void)state;
    static const enum cause causes[] = {CAUSE_IO_BLOCKED, CAUSE_PATH_BROKEN};
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++) {
        struct world w;
        begin(&w);
        look(&w, causes[i], true, false);
        look(&w, causes[i], true, false);
        assert_int_equal(w.calls, 1);
        assert_int_equal(w.actions, 0);
    }
}

static void a_long_command_after_a_recovery_takes_nothing_back(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.r.phase = PHASE_STABLE;
    w.r.deadline = mono_add(w.now, RECOVERY_STABLE_MS);
    look(&w, CAUSE_BUSY_COMMAND, false, false);
    assert_int_equal(w.r.phase, PHASE_STABLE);
    assert_int_equal(w.out.count, 0);
}

static void a_start_that_is_busy_is_verified_on(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.r.phase = PHASE_VERIFYING;
    w.r.action = ACTION_RESTART;
    w.r.cause = CAUSE_CRASHED;
    w.r.attempts = 1;
    w.r.progress = FACT_UNKNOWN;
    w.r.action_ended = w.r.progress_at = w.now;
    w.r.deadline = mono_add(w.now, RECOVERY_VERIFY_START_MS);
    for (int n = 0; n < 60; n++)
        look(&w, CAUSE_BUSY_COMMAND, false, false);
    assert_int_equal(w.r.phase, PHASE_VERIFYING);
    assert_true(w.r.deadline.ms > w.now.ms);
}

static void recovery_that_has_given_up_still_waits_before_it_calls(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.r.phase = PHASE_EXHAUSTED;
    look(&w, CAUSE_BUSY_COMMAND, false, false);
    assert_int_equal(w.calls, 0);
    look(&w, CAUSE_BUSY_COMMAND, true, false);
    look(&w, CAUSE_BUSY_COMMAND, true, false);
    assert_int_equal(w.calls, 1);
}

static void recovery_that_has_given_up_calls_nobody_to_an_operation(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.r.phase = PHASE_EXHAUSTED;
    struct recovery_input in = {.event = EVENT_FACTS,
                                .facts = {.verdict = {CAUSE_UNIT_STOPPED, true},
                                          .operation_running = true,
                                          .learned = w.now,
                                          .progress = FACT_UNKNOWN}};
    recovery_step(&w.r, &w.policy, &in, w.now, &w.out);
    for (size_t i = 0; i < w.out.count; i++)
        assert_int_not_equal(w.out.items[i].kind, EFFECT_HUMAN);
    assert_int_equal(w.r.alerted, CAUSE_NONE);
    look(&w, CAUSE_UNIT_STOPPED, true, false);
    assert_int_equal(w.calls, 1);
}

static void a_stopped_process_is_restarted_without_a_reload(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    look(&w, CAUSE_HUNG, true, true);
    assert_int_equal(w.r.action, ACTION_RESTART);
    bool skipped = false;
    for (size_t i = 0; i < w.out.count; i++)
        skipped |=
            w.out.items[i].kind == EFFECT_SKIP && w.out.items[i].skip == SKIP_PROCESS_STOPPED;
    assert_true(skipped);
    begin(&w);
    look(&w, CAUSE_HUNG, true, false);
    assert_int_equal(w.r.action, ACTION_RELOAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_human_is_called_once_and_only_when_it_lasts),
        cmocka_unit_test(a_human_is_called_at_once_for_what_only_a_human_can_do),
        cmocka_unit_test(a_long_command_after_a_recovery_takes_nothing_back),
        cmocka_unit_test(a_start_that_is_busy_is_verified_on),
        cmocka_unit_test(recovery_that_has_given_up_still_waits_before_it_calls),
        cmocka_unit_test(recovery_that_has_given_up_calls_nobody_to_an_operation),
        cmocka_unit_test(a_stopped_process_is_restarted_without_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
