/* A person's operation: every cell of the table with every combination of what decides there, and
 * what must hold after every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/operate.h"

#define NOW 1000000
#define BEGAN (NOW - 5000)
#define ENDED (NOW - 2000)

/* Where something can happen; in all other cells nothing may. */
static const bool acts[OPERATE_PHASE_COUNT][OPERATE_EVENT_COUNT] = {
    [OPERATE_CHECKING] = {[OPERATE_FACTS] = true, [OPERATE_LATE] = true},
    [OPERATE_SAVING] = {[OPERATE_LATE] = true,
                        [OPERATE_SAVE_BEGUN] = true,
                        [OPERATE_SAVE_REFUSED] = true,
                        [OPERATE_SAVE_RUNS] = true,
                        [OPERATE_SAVE_DONE] = true,
                        [OPERATE_SAVE_FAILED] = true},
    [OPERATE_DESIRING] =
        {[OPERATE_LATE] = true, [OPERATE_STORED] = true, [OPERATE_NOT_STORED] = true},
    [OPERATE_INTENT] =
        {[OPERATE_LATE] = true, [OPERATE_WRITTEN] = true, [OPERATE_NOT_WRITTEN] = true},
    [OPERATE_RUNNING] = {[OPERATE_LATE] = true, [OPERATE_COMMAND_ENDED] = true},
    [OPERATE_VERIFYING] =
        {[OPERATE_FACTS] = true, [OPERATE_LATE] = true, [OPERATE_LOG_READ] = true},
    [OPERATE_ENDED] = {[OPERATE_TOLD] = true},
};

/* Only what is stopped is saved first, and a reload desires nothing. */
static bool reachable(int phase, int kind)
{
    if (phase == OPERATE_SAVING)
        return kind == OPERATE_STOP || kind == OPERATE_RESTART;
    return phase != OPERATE_DESIRING || kind != OPERATE_RELOAD;
}

static struct operate operation(enum operate_phase phase, enum operate_kind kind, bool force)
{
    struct operate o = {.phase = phase,
                        .deadline = {NOW + 1000},
                        .kind = kind,
                        .force = force,
                        .began = {BEGAN},
                        .load_progress = FACT_UNKNOWN};
    if (phase == OPERATE_NONE || phase == OPERATE_ENDED)
        o.deadline = MONO_NEVER;
    if (phase >= OPERATE_RUNNING)
        o.command_sent.ms = BEGAN + 500;
    if (phase >= OPERATE_VERIFYING)
        o.command_ended.ms = ENDED;
    return o;
}

/* The bits of `which`, one fact each. */
#define FACTS 12
static struct operate_facts facts(unsigned which)
{
    bool seen = which >> 0 & 1;
    bool serves = which >> 1 & 1;
    return (struct operate_facts){
        .looked = seen,
        .unit_asked = {seen ? NOW - 1 : BEGAN - 1},
        .probe_asked = {seen ? NOW - 1 : BEGAN - 1},
        .serves = serves,
        .proven = serves,
        .ready = serves,
        .confirmed = true,
        .cause = which >> 2 & 1 ? CAUSE_LOADING
                 : serves       ? CAUSE_OK
                                : CAUSE_UNIT_FAILED,
        .stopped_on_purpose = which >> 3 & 1,
        .ran_since = which >> 4 & 1,
        .desired_unsaved = which >> 4 & 1,
        .unit_killed = which >> 4 & 1,
        .cannot_reload = which >> 5 & 1,
        .unit_stopped = which >> 5 & 1,
        .allowed = which >> 6 & 1,
        .unit_unchanged = which >> 6 & 1,
        .should_save = which >> 7 & 1,
        .had_process = which >> 7 & 1,
        .unreachable = which >> 8 & 1,
        .same_process = (which >> 8 & 1) && (which >> 7 & 1),
        .journal = which >> 9 & 1,
        .final_save_matters = which >> 10 & 1,
        .progress = which >> 11 & 1 ? 50 : FACT_UNKNOWN,
    };
}

static bool has(const struct operate_effects *e, enum operate_effect_kind kind)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].kind == kind)
            return true;
    return false;
}

static enum operate_end end_of(const struct operate_effects *e)
{
    assert_true(e->count > 0 && e->items[e->count - 1].kind == OPERATE_END);
    return e->items[e->count - 1].end;
}

static bool nothing_done(enum operate_end end)
{
    return end == OPERATE_END_NOT_STORED || end == OPERATE_END_NOT_WRITTEN ||
           end == OPERATE_NOT_REACHED || end == OPERATE_REFUSED || end == OPERATE_WITHOUT_EFFECT ||
           end == OPERATE_BLOCKED;
}

static void check_end(const struct operate *before, const struct operate_input *in,
                      const struct operate *after, const struct operate_effects *e)
{
    const struct operate_facts *f = &in->facts;
    enum operate_end end = end_of(e);
    bool unsent = before->phase == OPERATE_CHECKING || before->phase == OPERATE_SAVING ||
                  (before->phase == OPERATE_INTENT && in->event == OPERATE_WRITTEN);
    assert_int_equal(after->deadline.ms, MONO_NEVER.ms);
    /* What was desired is taken back when nothing was done, and only then. */
    assert_int_equal(has(e, OPERATE_TAKE_BACK), before->desired_changed && nothing_done(end));
    if (end == OPERATE_BLOCKED)
        assert_true(unsent && !f->allowed && !before->force && before->kind != OPERATE_RELOAD);
    if (end == OPERATE_ALREADY_STOPPED)
        assert_true(f->unit_asked.ms >= before->began.ms && !f->ran_since);
    if (end == OPERATE_ALREADY_RUNNING)
        assert_true(f->serves && !f->stopped_on_purpose);
    if (end == OPERATE_DONE || end == OPERATE_DATA_LOST) {
        assert_true(f->unit_asked.ms >= before->command_ended.ms);
        assert_false(before->kind == OPERATE_RESTART && f->same_process);
        assert_true(before->kind == OPERATE_STOP ? f->unit_stopped : f->serves);
    }
    bool cut = before->kind == OPERATE_STOP && f->had_process && f->unit_killed;
    if (end == OPERATE_DONE)
        assert_false(cut && f->final_save_matters);
    if (end == OPERATE_DATA_LOST)
        assert_true(f->final_save_matters && after->stop_end == STOP_END_CUT);
}

/* What holds after every step, whatever it was. */
static void check_step(const struct operate *before, const struct operate_input *in,
                       const struct operate *after, const struct operate_effects *e)
{
    const struct operate_facts *f = &in->facts;
    bool early = before->phase == OPERATE_CHECKING || before->phase == OPERATE_SAVING;
    bool changes = before->kind == OPERATE_STOP || f->stopped_on_purpose || f->desired_unsaved;
    assert_true(e->count <= OPERATE_EFFECTS_MAX);
    for (size_t i = 0; i + 1 < e->count; i++)
        assert_int_not_equal(e->items[i].kind, OPERATE_END);
    bool ended = after->phase == OPERATE_ENDED && before->phase != OPERATE_ENDED;
    assert_int_equal(has(e, OPERATE_END), ended);
    if (ended)
        check_end(before, in, after, e);
    /* The order of writing: desired state, intent, command. */
    if (has(e, OPERATE_RUN))
        assert_true(before->phase == OPERATE_INTENT && in->event == OPERATE_WRITTEN);
    if (has(e, OPERATE_WRITE_INTENT) && early)
        assert_true(before->kind == OPERATE_RELOAD || !changes);
    if (has(e, OPERATE_WRITE_INTENT) && !early)
        assert_true(before->phase == OPERATE_DESIRING && in->event == OPERATE_STORED);
    if (has(e, OPERATE_DESIRE))
        assert_true(after->desired_changed && after->phase == OPERATE_DESIRING);
    /* Nothing goes on past the pre-flight without its consent, and without the save that it asks
     * for. */
    if (early && has(e, OPERATE_TAKE_OVER) && before->kind != OPERATE_RELOAD)
        assert_true(f->allowed || before->force);
    if (has(e, OPERATE_RUN) &&
        before->kind != OPERATE_RELOAD) /* nor when that has changed meanwhile */
        assert_true(f->allowed || before->force);
    if (before->phase == OPERATE_CHECKING && has(e, OPERATE_TAKE_OVER) &&
        (before->kind == OPERATE_STOP || before->kind == OPERATE_RESTART))
        assert_true(before->force || !f->should_save || !f->proven);
    if (after->phase != before->phase && !ended && after->phase != OPERATE_NONE)
        assert_in_range(after->deadline.ms, NOW + 1, NOW + OPERATE_COMMAND_LIMIT_MS);
}

static void try(const struct operate *before, const struct operate_input *in, bool may_act)
{
    struct operate after = *before;
    struct operate_effects e;
    operate_step(&after, in, (mono_ms){NOW}, &e);
    check_step(before, in, &after, &e);
    if (may_act)
        return;
    assert_int_equal(e.count, 0);
    assert_memory_equal(&after, before, sizeof after);
}

static void try_facts(const struct operate *before, enum operate_event event, bool may_act)
{
    for (unsigned which = 0; which < 1u << FACTS; which++) {
        struct operate_input in = {.event = event, .facts = facts(which)};
        bool ended = event == OPERATE_COMMAND_ENDED;
        int ends = ended ? ACTION_END_COUNT : event == OPERATE_LOG_READ ? STOP_END_COUNT : 1;
        for (int k = 0; k < ends; k++) {
            in.action_end = ended ? (enum action_end)k : ACTION_DONE;
            in.stop_end = ended ? STOP_END_UNKNOWN : (enum stop_end)k;
            try(before, &in, may_act);
        }
    }
}

static void nothing_happens_in_a_cell_that_means_nothing(void **state)
{
    (void)state;
    for (int phase = 0; phase < OPERATE_PHASE_COUNT; phase++)
        for (int event = 0; event < OPERATE_EVENT_COUNT; event++)
            for (int kind = 0; kind < OPERATE_KIND_COUNT; kind++) {
                if (!reachable(phase, kind))
                    continue;
                struct operate o =
                    operation((enum operate_phase)phase, (enum operate_kind)kind, false);
                try_facts(&o, (enum operate_event)event, acts[phase][event]);
            }
}

static void every_step_keeps_the_order_of_writing_and_ends_once(void **state)
{
    (void)state;
    for (int phase = 0; phase < OPERATE_PHASE_COUNT; phase++)
        for (int event = 0; event < OPERATE_EVENT_COUNT; event++)
            for (int kind = 0; kind < OPERATE_KIND_COUNT && acts[phase][event]; kind++)
                for (int k = 0; k < 16 && reachable(phase, kind); k++) {
                    struct operate o =
                        operation((enum operate_phase)phase, (enum operate_kind)kind, k & 1);
                    o.desired_changed = (k & 2) && phase > OPERATE_SAVING && kind != OPERATE_RELOAD;
                    o.action_end = k & 4 ? ACTION_FAILED : ACTION_DONE;
                    if (k & 8)
                        o.deadline.ms = NOW;
                    if (k & 8 && phase == OPERATE_VERIFYING)
                        o.log_asked.ms = NOW - OPERATE_LOG_LIMIT_MS;
                    try_facts(&o, (enum operate_event)event, true);
                }
}

/* ── promises ── */

static struct operate_effects step(struct operate *o, enum operate_event event,
                                   const struct operate_facts *f, int64_t now)
{
    struct operate_input in = {.event = event, .facts = *f};
    struct operate_effects e;
    operate_step(o, &in, (mono_ms){now}, &e);
    return e;
}

static void a_stop_saves_stores_writes_and_only_then_runs(void **state)
{
    (void)state;
    struct operate o = {0};
    struct operate_facts f = {.looked = true,
                              .serves = true,
                              .proven = true,
                              .allowed = true,
                              .should_save = true,
                              .cause = CAUSE_OK};
    operate_begin(&o, OPERATE_STOP, false, (mono_ms){NOW});
    struct operate_effects e = step(&o, OPERATE_FACTS, &f, NOW);
    assert_true(has(&e, OPERATE_SAVE) && !has(&e, OPERATE_TAKE_OVER));
    e = step(&o, OPERATE_SAVE_BEGUN, &f, NOW);
    assert_true(has(&e, OPERATE_FOLLOW_SAVE));
    e = step(&o, OPERATE_SAVE_DONE, &f, NOW);
    assert_true(has(&e, OPERATE_TAKE_OVER) && has(&e, OPERATE_DESIRE));
    e = step(&o, OPERATE_STORED, &f, NOW);
    assert_true(has(&e, OPERATE_DESIRED) && has(&e, OPERATE_WRITE_INTENT));
    e = step(&o, OPERATE_WRITTEN, &f, NOW);
    assert_true(has(&e, OPERATE_RUN));
    struct operate_input ended = {.event = OPERATE_COMMAND_ENDED, .facts = f};
    operate_step(&o, &ended, (mono_ms){NOW + 300}, &e);
    assert_true(has(&e, OPERATE_LOOK));
    f.serves = f.proven = false;
    f.unit_stopped = true;
    e = step(&o, OPERATE_FACTS, &f, NOW + 301);
    assert_int_equal(e.count, 0); /* that was seen before the command ended */
    f.unit_asked.ms = NOW + 300;
    e = step(&o, OPERATE_FACTS, &f, NOW + 310);
    assert_int_equal(end_of(&e), OPERATE_DONE);
    assert_int_equal(o.phase, OPERATE_ENDED);
    e = step(&o, OPERATE_TOLD, &f, NOW + 310);
    assert_int_equal(o.phase, OPERATE_NONE);
}

static void a_restart_is_not_done_while_the_old_process_answers(void **state)
{
    (void)state;
    struct operate o = operation(OPERATE_VERIFYING, OPERATE_RESTART, false);
    struct operate_facts f = {.serves = true,
                              .ready = true,
                              .unit_asked = {NOW},
                              .probe_asked = {NOW},
                              .had_process = true,
                              .same_process = true,
                              .confirmed = true,
                              .cause = CAUSE_OK};
    struct operate_effects e = step(&o, OPERATE_FACTS, &f, NOW);
    assert_int_equal(e.count, 0);
    e = step(&o, OPERATE_FACTS, &f, o.deadline.ms);
    assert_int_equal(end_of(&e), OPERATE_WITHOUT_EFFECT);
}

static void a_slow_restart_waits_for_the_journal_and_not_for_ever(void **state)
{
    (void)state;
    struct operate o = operation(OPERATE_VERIFYING, OPERATE_RESTART, false);
    struct operate_facts f = {.serves = true,
                              .ready = true,
                              .unit_asked = {NOW},
                              .probe_asked = {NOW},
                              .had_process = true,
                              .journal = true,
                              .final_save_matters = true,
                              .cause = CAUSE_OK};
    struct operate_effects e = step(&o, OPERATE_FACTS, &f, NOW);
    assert_true(e.count == 1 && has(&e, OPERATE_READ_LOG));
    struct operate read = o;
    struct operate_input cut = {.event = OPERATE_LOG_READ, .stop_end = STOP_END_CUT, .facts = f};
    operate_step(&read, &cut, (mono_ms){NOW + 100}, &e);
    assert_int_equal(end_of(&e), OPERATE_DATA_LOST);
    e = step(&o, OPERATE_FACTS, &f, NOW + OPERATE_LOG_LIMIT_MS - 1);
    assert_int_equal(e.count, 0);
    e = step(&o, OPERATE_FACTS, &f, NOW + OPERATE_LOG_LIMIT_MS);
    assert_int_equal(end_of(&e), OPERATE_DONE);
}

static void a_load_is_waited_for_while_it_gets_further(void **state)
{
    (void)state;
    struct operate o = operation(OPERATE_VERIFYING, OPERATE_START, false);
    struct operate_facts f = {.confirmed = true, .cause = CAUSE_LOADING, .progress = 0};
    int64_t now = o.deadline.ms;
    f.info_asked.ms = now;
    struct operate_effects e = step(&o, OPERATE_FACTS, &f, now);
    assert_true(e.count == 1 && has(&e, OPERATE_SAY_LOADING));
    for (int i = 0; i < 20; i++) {
        now = o.deadline.ms;
        f.progress++;
        e = step(&o, OPERATE_FACTS, &f, now);
        assert_int_equal(e.count, 0); /* the caller was told already */
    }
    now = o.deadline.ms; /* it stands */
    e = step(&o, OPERATE_FACTS, &f, now);
    assert_int_equal(end_of(&e), OPERATE_FAILED);
}

/* No answer comes, whatever is known: each phase has its deadline. */
static void an_operation_that_is_told_nothing_ends(void **state)
{
    (void)state;
    for (int kind = 0; kind < OPERATE_KIND_COUNT; kind++)
        for (int phase = OPERATE_CHECKING; phase < OPERATE_ENDED; phase++)
            for (unsigned which = 0; which < 1u << FACTS; which++) {
                struct operate o =
                    operation((enum operate_phase)phase, (enum operate_kind)kind, false);
                struct operate_facts f = facts(which);
                int turns = 0;
                while (o.phase != OPERATE_ENDED) {
                    assert_int_not_equal(o.deadline.ms, MONO_NEVER.ms);
                    assert_true(++turns < 20);
                    (void)step(&o, OPERATE_FACTS, &f, o.deadline.ms);
                }
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens_in_a_cell_that_means_nothing),
        cmocka_unit_test(every_step_keeps_the_order_of_writing_and_ends_once),
        cmocka_unit_test(a_stop_saves_stores_writes_and_only_then_runs),
        cmocka_unit_test(a_restart_is_not_done_while_the_old_process_answers),
        cmocka_unit_test(a_slow_restart_waits_for_the_journal_and_not_for_ever),
        cmocka_unit_test(a_load_is_waited_for_while_it_gets_further),
        cmocka_unit_test(an_operation_that_is_told_nothing_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
