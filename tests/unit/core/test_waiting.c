/* Waiting for a load or for systemd's own work is right while something moves, and not forever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/recovery.h"

struct world {
    struct recovery r;
    struct recovery_policy policy;
    mono_ms now;
    int calls;
};

static void begin(struct world *w)
{
    *w = (struct world){.policy = recovery_policy_default(), .now = {1000000}};
    recovery_init(&w->r);
}

/* One look after `ms`; counts the calls for a human, and sees that nothing is done. */
static void look(struct world *w, int64_t ms, enum cause cause, int64_t progress)
{
    struct recovery_effects out;
    struct recovery_input in = {
        .event = EVENT_FACTS,
        .facts = {.verdict = {cause, true}, .well = cause == CAUSE_OK, .progress = progress}};
    w->now = mono_add(w->now, ms);
    in.facts.learned = w->now;
    recovery_step(&w->r, &w->policy, &in, w->now, &out);
    for (size_t i = 0; i < out.count; i++) {
        assert_int_not_equal(out.items[i].kind, EFFECT_RUN);
        assert_int_not_equal(out.items[i].kind, EFFECT_INTENT);
        w->calls += out.items[i].kind == EFFECT_HUMAN;
    }
}

static void a_load_that_moves_is_waited_for_as_long_as_it_takes(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    for (int64_t progress = 0; progress < 10000; progress += 50)
        look(&w, RECOVERY_STALL_MS - 1, CAUSE_LOADING, progress);
    assert_int_equal(w.calls, 0);
}

static void a_load_that_stands_calls_a_human_once(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    look(&w, 0, CAUSE_LOADING, 500);
    look(&w, RECOVERY_STALL_MS - 1, CAUSE_LOADING, 500);
    assert_int_equal(w.calls, 0);
    look(&w, 1, CAUSE_LOADING, 500);
    assert_int_equal(w.calls, 1);
    look(&w, RECOVERY_STALL_MS, CAUSE_SYSTEMD_RESTARTING, FACT_UNKNOWN);
    look(&w, RECOVERY_STALL_MS, CAUSE_LOADING, 400);
    assert_int_equal(w.calls, 1);
}

static void a_load_that_begins_again_and_again_calls_a_human(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    for (int round = 0; round < 4; round++) {
        for (int64_t progress = 0; progress <= 8000; progress += 1000)
            look(&w, 10000, CAUSE_LOADING, progress);
        look(&w, 100, CAUSE_SYSTEMD_RESTARTING, FACT_UNKNOWN);
    }
    assert_int_equal(w.calls, 1);
}

static void unseen_progress_is_given_more_time_and_health_begins_anew(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    look(&w, 0, CAUSE_LOADING, FACT_UNKNOWN);
    look(&w, RECOVERY_BLIND_WAIT_MS - 1, CAUSE_LOADING, FACT_UNKNOWN);
    look(&w, 1000, CAUSE_OK, FACT_UNKNOWN);
    look(&w, 86400000, CAUSE_LOADING, FACT_UNKNOWN);
    look(&w, RECOVERY_BLIND_WAIT_MS - 1, CAUSE_LOADING, FACT_UNKNOWN);
    assert_int_equal(w.calls, 0);
    look(&w, 1, CAUSE_LOADING, FACT_UNKNOWN);
    assert_int_equal(w.calls, 1);
}

/* As a start of the daemon finds it that was killed after the attempts were used up. */
static void a_load_that_stands_calls_a_human_when_recovery_has_given_up_too(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.r.phase = PHASE_EXHAUSTED;
    w.r.needs_human = true;
    look(&w, 0, CAUSE_LOADING, 500);
    look(&w, RECOVERY_STALL_MS - 1, CAUSE_LOADING, 500);
    assert_int_equal(w.calls, 0);
    look(&w, 1, CAUSE_LOADING, 500);
    look(&w, RECOVERY_STALL_MS, CAUSE_LOADING, 500);
    assert_int_equal(w.calls, 1);
}

static void a_look_under_way_is_not_begun_anew_while_recovery_waits(void **state)
{
    (void)state;
    struct world w;
    struct recovery_effects out;
    struct recovery_input in = {
        .event = EVENT_WAKE, .facts = {.verdict = {CAUSE_HUNG, false}, .progress = FACT_UNKNOWN}};
    begin(&w);
    w.r.phase = PHASE_BACKOFF;
    w.r.cause = CAUSE_HUNG;
    w.r.deadline = w.now;
    recovery_step(&w.r, &w.policy, &in, w.now, &out);
    for (size_t i = 0; i < out.count; i++)
        assert_int_not_equal(out.items[i].kind, EFFECT_LOOK);
    assert_int_equal(w.r.phase, PHASE_BACKOFF);
    assert_true(out.wake.ms > w.now.ms);
}

/* Found by simulator seed 505542: the load went on, but could not be seen for a suspend and the
 * self-doubt after it. */
static void a_verification_does_not_end_in_self_doubt(void **state)
{
    (void)state;
    struct world w;
    struct recovery_effects out;
    struct recovery_input in = {
        .event = EVENT_WAKE,
        .facts = {.verdict = {CAUSE_SELF_DOUBT, true}, .tilt = true, .progress = FACT_UNKNOWN}};
    begin(&w);
    w.r.phase = PHASE_VERIFYING;
    w.r.action = ACTION_START;
    w.r.cause = CAUSE_UNIT_STOPPED;
    w.r.attempts = 1;
    w.r.deadline = w.now;
    recovery_step(&w.r, &w.policy, &in, w.now, &out);
    assert_int_equal(w.r.phase, PHASE_VERIFYING);
    assert_int_equal(out.count, 0);
    assert_int_equal(out.wake.ms, w.now.ms + RECOVERY_VERIFY_SOFT_MS);
    in.facts = (struct recovery_facts){.verdict = {CAUSE_HUNG, false}, .progress = FACT_UNKNOWN};
    w.now = out.wake;
    recovery_step(&w.r, &w.policy, &in, w.now, &out);
    assert_int_equal(w.r.phase, PHASE_BACKOFF);
}

/* Found by simulator seed 563679: no look at the unit got through, but Redis itself told that it
 * loaded. */
static void a_load_that_moves_is_verified_on_without_a_look_at_its_unit(void **state)
{
    (void)state;
    struct world w;
    struct recovery_effects out;
    struct recovery_input in = {.event = EVENT_FACTS,
                                .facts = {.verdict = {CAUSE_LOADING, true}, .progress = 100}};
    begin(&w);
    w.r.phase = PHASE_VERIFYING;
    w.r.action = ACTION_START;
    w.r.cause = CAUSE_UNIT_STOPPED;
    w.r.attempts = 1;
    w.r.progress = FACT_UNKNOWN;
    w.r.action_ended = w.r.progress_at = w.now;
    w.r.deadline = mono_add(w.now, RECOVERY_VERIFY_FAILED_MS);
    in.facts.learned = mono_add(w.now, -1);
    w.now = mono_add(w.now, 10000);
    recovery_step(&w.r, &w.policy, &in, w.now, &out);
    assert_int_equal(out.wake.ms, w.now.ms + RECOVERY_VERIFY_START_MS);
    w.now = mono_add(w.now, 10000);
    recovery_step(&w.r, &w.policy, &in, w.now, &out); /* it stands: no more time for it */
    assert_int_equal(w.r.deadline.ms, w.now.ms - 10000 + RECOVERY_VERIFY_START_MS);
}

/* Found by simulator seed 64701. */
static void a_load_may_be_interfered_with_but_not_its_stop(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    w.r.phase = PHASE_ACTING;
    w.r.action = ACTION_RESTART;
    struct recovery_facts f = {.verdict = {CAUSE_LOADING, true}, .unit = UNIT_ACTIVE};
    assert_false(recovery_holds(&w.r, &f));
    f.unit = UNIT_ACTIVATING;
    assert_false(recovery_holds(&w.r, &f));
    f.unit = UNIT_DEACTIVATING;
    assert_true(recovery_holds(&w.r, &f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_that_moves_is_waited_for_as_long_as_it_takes),
        cmocka_unit_test(a_load_that_stands_calls_a_human_once),
        cmocka_unit_test(a_load_that_begins_again_and_again_calls_a_human),
        cmocka_unit_test(unseen_progress_is_given_more_time_and_health_begins_anew),
        cmocka_unit_test(a_look_under_way_is_not_begun_anew_while_recovery_waits),
        cmocka_unit_test(a_verification_does_not_end_in_self_doubt),
        cmocka_unit_test(a_load_that_moves_is_verified_on_without_a_look_at_its_unit),
        cmocka_unit_test(a_load_may_be_interfered_with_but_not_its_stop),
        cmocka_unit_test(a_load_that_stands_calls_a_human_when_recovery_has_given_up_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
