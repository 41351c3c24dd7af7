#include "core/recovery.h"

#include <assert.h>

#include "base/attr.h"
#include "core/recovery_step.h"

void recovery_init(struct recovery *r)
{
    *r = (struct recovery){
        .deadline = MONO_NEVER,
        .last_attempt = MONO_NEVER,
        .well_since = MONO_NEVER,
        .progress = FACT_UNKNOWN,
        .waiting_at = MONO_NEVER,
        .waiting_progress = FACT_UNKNOWN,
    };
}

void recovery_seed(struct recovery *r, uint64_t last_action_id)
{
    r->action_id = last_action_id;
}

/* ── facts ── */

/* A load that systemd's TimeoutStartSec ends begins again without end: waiting is
 * right only while something moves. */
static void watch_waiting(struct step *s)
{
    struct recovery *r = s->r;
    const struct recovery_facts *f = s->facts;
    if (!f->verdict.confirmed)
        return;
    if (cause_row(f->verdict.cause)->remedy != REMEDY_WAIT) {
        r->waiting_at = MONO_NEVER;
        r->waiting_progress = FACT_UNKNOWN;
        return;
    }
    if (r->waiting_at.ms == MONO_NEVER.ms || f->progress > r->waiting_progress) {
        r->waiting_at = s->now;
        r->waiting_progress = f->progress;
        return;
    }
    int64_t limit =
        r->waiting_progress == FACT_UNKNOWN ? RECOVERY_BLIND_WAIT_MS : RECOVERY_STALL_MS;
    bool nobody_at_work = r->phase == PHASE_IDLE || r->phase == PHASE_EXHAUSTED;
    if (mono_since(s->now, r->waiting_at) >= limit && nobody_at_work && r->alerted == CAUSE_NONE)
        step_call_human(s, f->verdict.cause);
}

/* A right that was given back is used at once; any other refusal is tried again now and then. */
static void forget_refusals(struct step *s)
{
    struct recovery *r = s->r;
    int doubled = r->refused_tries - 1;
    int64_t wait_ms = RECOVERY_REFUSED_MS << (doubled > 0 ? doubled : 0);
    bool back = s->facts->rights_back.ms > r->refused_at.ms;
    if (back || mono_since(s->now, r->refused_at) >= wait_ms)
        r->refused = 0;
    if (s->facts->well)
        r->refused = r->refused_tries = 0;
}

/* What every phase does with new facts first. */
static void note_facts(struct step *s)
{
    struct recovery *r = s->r;
    const struct recovery_facts *f = s->facts;
    watch_waiting(s);
    if (r->refused != 0)
        forget_refusals(s);
    if (f->well) {
        if (r->well_since.ms == MONO_NEVER.ms)
            r->well_since = s->now;
        if (r->attempts > 0 && r->phase == PHASE_IDLE &&
            mono_since(s->now, r->well_since) >= RECOVERY_STABLE_MS) {
            step_forget_attempts(r);
            (void)step_emit(s, EFFECT_SAVE);
        }
    } else if (f->verdict.confirmed) {
        r->well_since = MONO_NEVER;
    }
    if (f->verdict.confirmed && r->alerted != CAUSE_NONE && f->verdict.cause != r->alerted &&
        f->well) {
        step_emit(s, EFFECT_HUMAN_OVER)->cause = r->alerted;
        r->alerted = CAUSE_NONE;
        r->needs_human = r->needs_human && r->phase == PHASE_EXHAUSTED;
        r->bgsave_tries = 0;
        r->bgsave_at = s->now;
    }
}

static void facts_idle(struct step *s)
{
    step_consider(s);
}

static void facts_grace(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (!f->verdict.confirmed)
        return;
    bool still = f->verdict.cause == CAUSE_UNIT_STOPPED &&
                 recovery_withheld(s->r, s->policy, f) == WITHHELD_NOT;
    if (!still)
        step_stop_waiting(s);
}

static void facts_window(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (!f->verdict.confirmed)
        return;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    if (f->well || (remedy != REMEDY_WINDOW && remedy != REMEDY_RESTART))
        step_stop_waiting(s);
}

/* The unit was stopped on the host while another failure was being treated: that has its own grace. */
static bool newly_stopped(const struct step *s)
{
    const struct verdict *v = &s->facts->verdict;
    return v->confirmed && cause_row(v->cause)->remedy == REMEDY_START && v->cause != s->r->cause;
}

/* The unit ran since it was found stopped, and was stopped again, cleanly: that is meant, and
 * gets the grace again. A start of ours without effect leaves the unit as it was. */
static bool stopped_again(const struct step *s)
{
    const struct recovery *r = s->r;
    const struct verdict *v = &s->facts->verdict;
    return v->confirmed && cause_row(v->cause)->remedy == REMEDY_START && v->cause == r->cause &&
           r->unit_since.ms != WALL_NONE.ms && s->facts->unit_since.ms != WALL_NONE.ms &&
           r->unit_since.ms != s->facts->unit_since.ms;
}

static void facts_backoff(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (f->well) {
        step_enter(s, PHASE_STABLE, mono_add(s->now, RECOVERY_STABLE_MS));
        step_end_by_itself(s);
        return;
    }
    if (step_window_needed(s)) {
        /* The attempt failed at the limit and reported it only now. */
        s->r->cause = f->verdict.cause;
        step_wait_for_window(s);
        return;
    }
    bool human = f->verdict.confirmed && cause_row(f->verdict.cause)->remedy == REMEDY_HUMAN;
    if (human || newly_stopped(s))
        step_stop_waiting(s);
}

/* Is the planned action still what the facts of this moment ask for? */
static bool still_wanted(const struct step *s)
{
    enum recovery_level level;
    return !s->facts->well && recovery_withheld(s->r, s->policy, s->facts) == WITHHELD_NOT &&
           recovery_plan(s->r, s->facts, &level) == s->r->action && !newly_stopped(s);
}

/* Nothing was sent yet: if the reason is gone, so is the action. */
static void drop_intent(struct step *s)
{
    s->r->action_end = ACTION_NOT_REACHED;
    step_tell_outcome(s, false);
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    if (s->facts->well)
        step_end_by_itself(s);
    else
        step_end_superseded(s);
}

static void facts_intent(struct step *s)
{
    if (s->facts->verdict.confirmed && !still_wanted(s))
        drop_intent(s);
}

static void facts_acting(struct step *s)
{
    (void)s; /* the command decides; what is seen meanwhile may be the old process or half of the
                new one */
}

static void extend_for_progress(struct step *s)
{
    struct recovery *r = s->r;
    if (s->facts->progress > r->progress) {
        r->progress = s->facts->progress;
        r->progress_at = s->now;
    }
    if (mono_since(s->now, r->progress_at) < RECOVERY_STALL_MS)
        r->deadline = mono_add(s->now, RECOVERY_VERIFY_START_MS);
}

/* The start failed and the start limit is hit. Did systemd refuse it, or did Redis die again as
 * often as the limit allows? The unit's state is as old as before only in the first case. */
static bool start_refused(const struct step *s)
{
    const struct recovery *r = s->r;
    return r->action_end == ACTION_FAILED && r->refusals < RECOVERY_REFUSALS_MAX &&
           r->unit_since.ms != WALL_NONE.ms && r->unit_since.ms == s->facts->unit_since.ms;
}

static void facts_verifying(struct step *s)
{
    struct recovery *r = s->r;
    const struct recovery_facts *f = s->facts;
    if (f->progress > r->progress)
        extend_for_progress(s); /* Redis itself tells it: that needs no look at the unit */
    if (f->learned.ms < r->action_ended.ms)
        return;
    if (f->well) {
        step_succeed(s);
        return;
    }
    if (!f->verdict.confirmed)
        return;
    switch (cause_row(f->verdict.cause)->remedy) {
    case REMEDY_WAIT:
    case REMEDY_PATIENCE: /* what was started works, or is held */
        extend_for_progress(s);
        return;
    case REMEDY_HUMAN:
    case REMEDY_BGSAVE:
        step_to_human(s, f->verdict.cause);
        return;
    case REMEDY_WINDOW:
        if (start_refused(s)) {
            r->action_end = ACTION_NO_EFFECT;
            step_tell_outcome(s, false);
            r->refusals++;
            r->last_attempt = s->now;
            step_emit(s, EFFECT_SKIP)->skip = SKIP_START_LIMIT;
            r->cause = f->verdict.cause;
            step_wait_for_window(s);
            return;
        }
        r->refusals = 0;
        step_attempt_failed(s);
        return;
    case REMEDY_START:
        if (stopped_again(s) || newly_stopped(s)) {
            step_tell_outcome(s, false);
            r->last_attempt = s->now;
            step_stop_waiting(s);
            return;
        }
        step_attempt_failed(s);
        return;
    case REMEDY_RESTART:
    case REMEDY_LADDER:
        step_attempt_failed(s);
        return;
    default:
        return; /* not known yet: the deadline decides */
    }
}

static void facts_stable(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (f->well || !f->verdict.confirmed)
        return;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    if (remedy == REMEDY_NONE || remedy == REMEDY_OBSERVE || remedy == REMEDY_PATIENCE)
        return;
    s->r->relapses++;
    (void)step_emit(s, EFFECT_TAKEN_BACK);
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    step_consider(s);
}

/* Nothing is done, but a failure after a time of health is reported again. */
static void facts_exhausted(struct step *s)
{
    const struct verdict *v = &s->facts->verdict;
    if (!v->confirmed)
        return;
    s->r->withheld = recovery_withheld(s->r, s->policy, s->facts);
    enum remedy remedy = cause_row(v->cause)->remedy;
    bool hopes = remedy == REMEDY_NONE || remedy == REMEDY_WAIT || remedy == REMEDY_OBSERVE ||
                 (remedy == REMEDY_PATIENCE && !s->facts->call_due);
    bool at_work = s->facts->stopped_on_purpose || s->facts->operation_running;
    if (!hopes && s->r->alerted == CAUSE_NONE && !at_work)
        step_call_human(s, v->cause);
}

/* ── time ── */

static void run_action(struct step *s)
{
    if (!s->facts->verdict.confirmed || !still_wanted(s)) {
        drop_intent(s);
        return;
    }
    (void)step_emit(s, EFFECT_RUN);
    step_enter(s, PHASE_ACTING, mono_add(s->now, RECOVERY_ACTION_LIMIT_MS));
}

/* A waiting phase is over: act if the reason still holds. */
static void wake_waiting(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    enum withheld reason = recovery_withheld(s->r, s->policy, f);
    if (!f->verdict.confirmed) {
        /* In the middle of a look: ask again when it is done. A new look would drop the answers
         * that are still under way, again and again when they take longer than this. */
        s->r->deadline = mono_add(s->now, 500);
        return;
    }
    bool treatable = remedy == REMEDY_LADDER || remedy == REMEDY_START ||
                     remedy == REMEDY_RESTART || remedy == REMEDY_KILL_SCRIPT ||
                     remedy == REMEDY_WINDOW;
    bool other_stop = newly_stopped(s) || stopped_again(s);
    if (treatable && reason == WITHHELD_NOT && !other_stop)
        step_attempt(s);
    else
        step_stop_waiting(s);
}

static void verify_from_now(struct step *s)
{
    struct recovery *r = s->r;
    r->action_ended = s->now;
    r->progress = FACT_UNKNOWN;
    r->progress_at = s->now;
    bool starts = r->action == ACTION_START || r->action == ACTION_RESTART ||
                  r->action == ACTION_RESET_FAILED_START;
    int64_t limit = r->action_end == ACTION_FAILED ? RECOVERY_VERIFY_FAILED_MS
                    : starts                       ? RECOVERY_VERIFY_START_MS
                                                   : RECOVERY_VERIFY_SOFT_MS;
    step_enter(s, PHASE_VERIFYING, mono_add(s->now, limit));
    (void)step_emit(s, EFFECT_LOOK);
}

/* Resus may have seen nothing during a suspend and the self-doubt after it: the time begins to
 * count when it sees again. */
static void wake_verifying(struct step *s)
{
    if (s->facts->tilt) {
        s->r->deadline = mono_add(s->now, RECOVERY_VERIFY_SOFT_MS);
        return;
    }
    step_attempt_failed(s);
}

static void wake_stable(struct step *s)
{
    struct recovery *r = s->r;
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    step_forget_attempts(r);
    (void)step_emit(s, EFFECT_SAVE);
}

/* ── outcomes ── */

static void end_bgsave(struct step *s)
{
    struct recovery *r = s->r;
    step_tell_outcome(s, r->action_end == ACTION_DONE);
    r->bgsave_at = mono_add(s->now, RECOVERY_BGSAVE_MS << r->bgsave_tries);
    if (r->bgsave_tries < 4)
        r->bgsave_tries++;
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    (void)step_emit(s, EFFECT_LOOK);
}

static void wake_acting(struct step *s)
{
    s->r->action_end = ACTION_UNKNOWN;
    if (s->r->action == ACTION_BGSAVE)
        end_bgsave(s); /* it may still run: the facts will show it */
    else
        verify_from_now(s);
}

static void end_without_effect(struct step *s)
{
    struct recovery *r = s->r;
    step_tell_outcome(s, false);
    struct effect *e = step_emit(s, EFFECT_SKIP);
    switch (r->action) {
    case ACTION_RELOAD:
        e->skip = SKIP_NO_RELOAD;
        r->attempted_useless_reload = true;
        step_enter(s, PHASE_BACKOFF,
                   s->now); /* the next rung at once, if the facts still ask for it */
        return;
    case ACTION_KILL_SCRIPT:
        /* It has ended by itself. A Redis that stays busy with something else is counted. */
        r->stepped = true;
        e->skip = SKIP_NOTHING_TO_KILL;
        step_enter(s, PHASE_IDLE, MONO_NEVER);
        step_end_by_itself(s);
        (void)step_emit(s, EFFECT_LOOK);
        return;
    default:
        e->skip = SKIP_START_LIMIT;
        step_wait_for_window(s);
        return;
    }
}

/* Nothing was done, and this way nothing will be: no attempt. The plan may know another way. */
static void end_refused(struct step *s)
{
    struct recovery *r = s->r;
    if (r->refused == 0 && r->refused_tries <= RECOVERY_REFUSED_DOUBLED_MAX)
        r->refused_tries++;
    r->refused |= RECOVERY_BIT(r->action);
    if (r->action == ACTION_RESET_FAILED_START)
        r->refused |= RECOVERY_BIT(ACTION_START); /* its second half */
    r->refused_at = s->now;
    step_tell_outcome(s, false);
    step_enter(s, PHASE_BACKOFF, s->now);
}

static void action_ended(struct step *s)
{
    struct recovery *r = s->r;
    r->action_end = s->in->end;
    if (r->action == ACTION_BGSAVE) {
        end_bgsave(s);
        return;
    }
    switch (s->in->end) {
    case ACTION_NO_EFFECT:
        end_without_effect(s);
        return;
    case ACTION_UNKILLABLE:
        step_to_human(s, r->cause);
        return;
    case ACTION_REFUSED:
        end_refused(s);
        return;
    case ACTION_NOT_REACHED:
        step_tell_outcome(s, false);
        step_enter(s, PHASE_BACKOFF, mono_add(s->now, step_retry_delay_ms(s->policy, 1)));
        (void)step_emit(s, EFFECT_LOOK);
        return;
    default:
        verify_from_now(s);
        return;
    }
}

/* ── people ── */

static void supersede_waiting(struct step *s)
{
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    step_end_superseded(s);
}

static void supersede_action(struct step *s)
{
    step_tell_outcome(s, false);
    s->r->last_attempt = s->now;
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    step_end_superseded(s);
}

static void look_again(struct step *s)
{
    (void)step_emit(s, EFFECT_LOOK);
}

static void reset_counters(struct step *s)
{
    struct recovery *r = s->r;
    bool under_way =
        r->phase == PHASE_INTENT || r->phase == PHASE_ACTING || r->phase == PHASE_VERIFYING;
    step_forget_attempts(r);
    if (under_way && r->action != ACTION_BGSAVE)
        r->attempts = 1; /* the one under way is the first of the new ones: the next waits for it */
    r->needs_human = false;
    r->alerted = CAUSE_NONE;
    r->bgsave_tries = 0;
    r->bgsave_at = s->now;
    r->refused = r->refused_tries = 0;
    breaker_reset(&r->breaker);
    (void)step_emit(s, EFFECT_SAVE);
    (void)step_emit(s, EFFECT_CHANGED);
}

static void reset_and_resume(struct step *s)
{
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    s->r->stepped = false; /* what is reset is not counted first */
    step_end_superseded(s);
    reset_counters(s);
    (void)step_emit(s, EFFECT_LOOK);
}

static void nothing(struct step *s)
{
    (void)s;
}

typedef void cell(struct step *s);

/* The whole machine. EVENT_WAKE reaches its cell only when the phase's deadline has come, and the
 * two ENDED events only with the id of the action under way. */
/* clang-format off */
static cell *const table[][RECOVERY_EVENT_COUNT] = {
    /*                   FACTS            WAKE            INTENT_ENDED ACTION_ENDED  OPERATION_BEGAN    ..ENDED     RESET */
    [PHASE_IDLE]      = {facts_idle,      facts_idle,     nothing,     nothing,      nothing,           look_again, reset_and_resume},
    [PHASE_GRACE]     = {facts_grace,     wake_waiting,   nothing,     nothing,      supersede_waiting, nothing,    reset_counters},
    [PHASE_WINDOW]    = {facts_window,    wake_waiting,   nothing,     nothing,      supersede_waiting, nothing,    reset_counters},
    [PHASE_BACKOFF]   = {facts_backoff,   wake_waiting,   nothing,     nothing,      supersede_waiting, nothing,    reset_and_resume},
    [PHASE_INTENT]    = {facts_intent,    run_action,     run_action,  nothing,      drop_intent,       nothing,    reset_counters},
    [PHASE_ACTING]    = {facts_acting,    wake_acting,    nothing,     action_ended, supersede_action,  nothing,    reset_counters},
    [PHASE_VERIFYING] = {facts_verifying, wake_verifying, nothing,     nothing,      supersede_action,  nothing,    reset_counters},
    [PHASE_STABLE]    = {facts_stable,    wake_stable,    nothing,     nothing,      supersede_waiting, nothing,    reset_counters},
    [PHASE_EXHAUSTED] = {facts_exhausted, nothing,        nothing,     nothing,      nothing,           look_again, reset_and_resume},
};
/* clang-format on */
static_assert(ARRAY_LENGTH(table) == RECOVERY_PHASE_COUNT, "a row for every phase");
static_assert(ARRAY_LENGTH(table[0]) == RECOVERY_EVENT_COUNT, "a column for every event");

static bool meant_for_now(const struct step *s)
{
    switch (s->in->event) {
    case EVENT_WAKE:
        return s->r->phase == PHASE_IDLE || mono_reached(s->now, s->r->deadline);
    case EVENT_INTENT_ENDED:
    case EVENT_ACTION_ENDED:
        return s->in->action_id == s->r->action_id;
    default:
        return true;
    }
}

void recovery_step(struct recovery *r, const struct recovery_policy *policy,
                   const struct recovery_input *input, mono_ms now, struct recovery_effects *out)
{
    assert(r->phase < RECOVERY_PHASE_COUNT && input->event < RECOVERY_EVENT_COUNT);
    struct step s = {r, policy, input, &input->facts, now, out};
    out->count = 0;
    if (input->event == EVENT_FACTS)
        note_facts(&s);
    if (meant_for_now(&s))
        table[r->phase][input->event](&s);
    out->wake = r->deadline;
}
