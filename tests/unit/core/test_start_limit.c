/* Recovery and systemd's start limit: a refused start is no attempt, a start that ran into the
 * limit is one, and neither goes on forever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/recovery.h"

#define STEPS_MAX 1000

struct world {
    struct recovery r;
    struct recovery_policy policy;
    mono_ms now;
    wall_ms unit_since;
    enum cause cause;
    bool refuses; /* systemd refuses the starts; else Redis dies again and again */
    int started, refused, failed;
};

static void begin(struct world *w, bool refuses)
{
    *w = (struct world){.policy = recovery_policy_default(),
                        .now = {1000000},
                        .unit_since = {5000000},
                        .cause = CAUSE_START_LIMIT_HIT,
                        .refuses = refuses};
    recovery_init(&w->r);
}

static struct recovery_effects step(struct world *w, enum recovery_event event)
{
    struct recovery_effects out;
    struct recovery_input in = {
        .event = event,
        .action_id = w->r.action_id,
        .end = ACTION_FAILED,
        .wall = {w->now.ms},
        .facts = {.verdict = {w->cause, true},
                  .unit = UNIT_FAILED,
                  .unit_since = w->unit_since,
                  .progress = FACT_UNKNOWN,
                  .learned = w->now},
    };
    recovery_step(&w->r, &w->policy, &in, w->now, &out);
    for (size_t i = 0; i < out.count; i++) {
        w->failed += out.items[i].kind == EFFECT_FAILED;
        w->refused += out.items[i].kind == EFFECT_SKIP;
    }
    return out;
}

static bool holds(const struct recovery_effects *effects, enum effect_kind kind)
{
    for (size_t i = 0; i < effects->count; i++)
        if (effects->items[i].kind == kind)
            return true;
    return false;
}

/* Runs until recovery gives up. */
static void run(struct world *w)
{
    for (int i = 0; i < STEPS_MAX && w->r.phase != PHASE_EXHAUSTED; i++) {
        struct recovery_effects out = step(w, EVENT_FACTS);
        if (w->r.deadline.ms != MONO_NEVER.ms)
            w->now = mono_max(w->now, w->r.deadline);
        if (w->r.phase == PHASE_INTENT) {
            out = step(w, EVENT_INTENT_ENDED);
            assert_true(holds(&out, EFFECT_RUN));
            w->started++;
            w->now = mono_add(w->now, 1000);
            if (!w->refuses)
                w->unit_since.ms += 12000; /* it came up and fell: a new `failed` */
            (void)step(w, EVENT_ACTION_ENDED);
            continue;
        }
        (void)step(w, EVENT_WAKE);
        w->now = mono_add(w->now, 10);
    }
    assert_int_equal(w->r.phase, PHASE_EXHAUSTED);
}

static void a_start_that_died_into_the_limit_again_is_an_attempt(void **state)
{
    (void)state;
    struct world w;
    begin(&w, false);
    run(&w);
    assert_int_equal(w.started, w.policy.max_attempts);
    assert_int_equal(w.refused, 0);
    assert_int_equal(w.failed, 1);
    assert_true(w.r.needs_human);
}

static void refused_starts_are_no_attempts_but_have_an_end(void **state)
{
    (void)state;
    struct world w;
    begin(&w, true);
    run(&w);
    assert_int_equal(w.refused, RECOVERY_REFUSALS_MAX * w.policy.max_attempts);
    assert_int_equal(w.started, w.refused + w.policy.max_attempts);
    assert_int_equal(w.failed, 1);
}

static void a_limit_told_after_a_failed_attempt_is_waited_out_before_the_next(void **state)
{
    (void)state;
    struct world w;
    begin(&w, true);
    w.cause = CAUSE_CRASHED;
    (void)step(&w, EVENT_FACTS);
    (void)step(&w, EVENT_INTENT_ENDED);
    (void)step(&w, EVENT_ACTION_ENDED);
    (void)step(&w, EVENT_FACTS);
    assert_int_equal(w.r.phase, PHASE_BACKOFF);
    w.cause = CAUSE_START_LIMIT_HIT; /* the journal was read */
    (void)step(&w, EVENT_FACTS);
    assert_int_equal(w.r.phase, PHASE_WINDOW);
    assert_int_equal(mono_since(w.r.deadline, w.now), RECOVERY_WINDOW_MS);
    w.now = w.r.deadline;
    (void)step(&w, EVENT_WAKE);
    assert_int_equal(w.r.phase, PHASE_INTENT);
    assert_int_equal(w.r.action, ACTION_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_that_died_into_the_limit_again_is_an_attempt),
        cmocka_unit_test(refused_starts_are_no_attempts_but_have_an_end),
        cmocka_unit_test(a_limit_told_after_a_failed_attempt_is_waited_out_before_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
