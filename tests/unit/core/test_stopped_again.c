/* What recovery started and others stop again has the grace of any other stop. */
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
    wall_ms unit_since;
};

static struct recovery_effects step(struct world *w, enum recovery_event event, enum action_end end)
{
    struct recovery_effects out;
    struct recovery_input in = {
        .event = event,
        .action_id = w->r.action_id,
        .end = end,
        .wall = {w->now.ms},
        .facts = {.verdict = {CAUSE_UNIT_STOPPED, true},
                  .unit = UNIT_INACTIVE,
                  .unit_since = w->unit_since,
                  .progress = FACT_UNKNOWN,
                  .learned = w->now},
    };
    recovery_step(&w->r, &w->policy, &in, w->now, &out);
    return out;
}

/* Found stopped, announced, and started after its grace. */
static void start_after_grace(struct world *w)
{
    *w = (struct world){
        .policy = recovery_policy_default(), .now = {1000000}, .unit_since = {5000000}};
    recovery_init(&w->r);
    (void)step(w, EVENT_FACTS, ACTION_DONE);
    assert_int_equal(w->r.phase, PHASE_GRACE);
    w->now = w->r.deadline;
    (void)step(w, EVENT_WAKE, ACTION_DONE);
    (void)step(w, EVENT_INTENT_ENDED, ACTION_DONE);
    assert_int_equal(w->r.phase, PHASE_ACTING);
    w->now = mono_add(w->now, 90000);
    (void)step(w, EVENT_ACTION_ENDED, ACTION_UNKNOWN);
    assert_int_equal(w->r.phase, PHASE_VERIFYING);
}

static void a_unit_that_is_stopped_again_while_it_loads_is_announced_again(void **state)
{
    (void)state;
    struct world w;
    start_after_grace(&w);
    w.now = mono_add(w.now, 5000);
    w.unit_since = (wall_ms){5180000}; /* it ran, and was stopped */
    struct recovery_effects out = step(&w, EVENT_FACTS, ACTION_DONE);
    bool announced = false;
    for (size_t i = 0; i < out.count; i++)
        announced = announced || out.items[i].kind == EFFECT_ANNOUNCE;
    assert_true(announced);
    assert_int_equal(w.r.phase, PHASE_GRACE);
    assert_int_equal(w.r.deadline.ms, w.now.ms + w.policy.external_stop_grace_ms);
    assert_int_equal(w.r.attempts, 1);
}

static void a_unit_that_ran_during_the_grace_is_announced_again(void **state)
{
    (void)state;
    struct world w = {
        .policy = recovery_policy_default(), .now = {1000000}, .unit_since = {5000000}};
    recovery_init(&w.r);
    (void)step(&w, EVENT_FACTS, ACTION_DONE);
    assert_int_equal(w.r.phase, PHASE_GRACE);
    w.unit_since = (wall_ms){5080000}; /* between two looks others started and stopped it */
    w.now = w.r.deadline;
    (void)step(&w, EVENT_WAKE, ACTION_DONE);
    assert_int_equal(w.r.phase, PHASE_GRACE);
    assert_int_equal(w.r.deadline.ms, w.now.ms + w.policy.external_stop_grace_ms);
}

static void a_start_without_effect_is_tried_again_after_the_delay(void **state)
{
    (void)state;
    struct world w;
    start_after_grace(&w);
    w.now = mono_add(w.now, 5000);
    (void)step(&w, EVENT_FACTS, ACTION_DONE);
    assert_int_equal(w.r.phase, PHASE_BACKOFF);
    assert_int_equal(w.r.deadline.ms, w.now.ms + w.policy.retry_delay_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_that_is_stopped_again_while_it_loads_is_announced_again),
        cmocka_unit_test(a_unit_that_ran_during_the_grace_is_announced_again),
        cmocka_unit_test(a_start_without_effect_is_tried_again_after_the_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
