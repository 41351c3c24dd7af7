#include "core/recovery.h"

#include <assert.h>

#include "base/attr.h"

struct step {
    struct recovery *r;
    const struct recovery_policy *policy;
    const struct recovery_input *in;
    const struct recovery_facts *facts;
    mono_ms now;
    struct recovery_effects *out;
};

static struct effect *emit(struct step *s, enum effect_kind kind)
{
    assert(s->out->count < RECOVERY_EFFECTS_MAX);
    struct effect *e = &s->out->items[s->out->count++];
    *e = (struct effect){
        .kind = kind,
        .level = s->r->level,
        .action = s->r->action,
        .action_id = s->r->action_id,
        .cause = s->r->cause,
    };
    return e;
}

/* The one place that changes the phase. */
static void enter(struct step *s, enum recovery_phase phase, mono_ms deadline)
{
    bool changed = s->r->phase != phase;
    s->r->phase = phase;
    s->r->deadline = deadline;
    if (changed)
        (void)emit(s, EFFECT_CHANGED);
}

void recovery_init(struct recovery *r)
{
    *r = (struct recovery){
        .deadline = MONO_NEVER,
        .last_attempt = MONO_NEVER,
        .well_since = MONO_NEVER,
        .progress = FACT_UNKNOWN,
    };
}

void recovery_seed(struct recovery *r, uint64_t last_action_id)
{
    r->action_id = last_action_id;
}

/* The rungs that the plan stepped over, told with their reasons (row C1). */
static void tell_skips(struct step *s)
{
    const struct recovery *r = s->r;
    if (cause_row(r->cause)->remedy != REMEDY_LADDER || r->level != LEVEL_HARD)
        return;
    if (r->floor <= LEVEL_SOFT && !r->attempted_useless_reload) {
        struct effect *e = emit(s, EFFECT_SKIP);
        e->level = LEVEL_SOFT;
        e->action = ACTION_RELOAD;
        e->skip = SKIP_NO_RELOAD;
    }
    if (r->floor <= LEVEL_STANDARD) {
        struct effect *e = emit(s, EFFECT_SKIP);
        e->level = LEVEL_STANDARD;
        e->action = ACTION_START;
        e->skip = SKIP_ALREADY_ACTIVE;
    }
}

static int64_t retry_delay_ms(const struct recovery_policy *policy, int attempts)
{
    double delay = (double)policy->retry_delay_ms;
    for (int i = 1; i < attempts; i++)
        delay *= policy->backoff_multiplier;
    return (int64_t)delay;
}

static mono_ms next_attempt_at(const struct step *s)
{
    if (s->r->attempts == 0 || s->r->last_attempt.ms == MONO_NEVER.ms)
        return s->now;
    return mono_add(s->r->last_attempt, retry_delay_ms(s->policy, s->r->attempts));
}

/* The failure is over. */
static void forget_attempts(struct recovery *r)
{
    r->attempts = 0;
    r->floor = LEVEL_SOFT;
    r->refusals = 0;
    r->last_attempt = MONO_NEVER;
}

static void call_human(struct step *s, enum cause cause)
{
    s->r->needs_human = true;
    if (s->r->alerted == cause)
        return;
    s->r->alerted = cause;
    emit(s, EFFECT_HUMAN)->cause = cause;
}

static void end_recovery(struct step *s, enum recovery_end end)
{
    if (!s->r->open)
        return;
    s->r->open = false;
    emit(s, EFFECT_ENDED)->end = end;
    if (s->r->stepped && breaker_count(&s->r->breaker, s->policy, s->in->wall)) {
        (void)emit(s, EFFECT_BREAKER);
        call_human(s, s->r->cause);
        enter(s, PHASE_EXHAUSTED, MONO_NEVER);
    }
    s->r->stepped = false;
    (void)emit(s, EFFECT_SAVE);
}

static void tell_outcome(struct step *s, bool success)
{
    struct effect *e = emit(s, EFFECT_OUTCOME);
    e->success = success;
    e->action_end = s->r->action_end;
}

static void exhaust(struct step *s)
{
    (void)emit(s, EFFECT_FAILED);
    end_recovery(s, END_FAILED);
    enter(s, PHASE_EXHAUSTED, MONO_NEVER);
    (void)emit(s, EFFECT_SAVE);
    call_human(s, s->r->cause);
}

/* One attempt: told first, done after. */
static void attempt(struct step *s)
{
    struct recovery *r = s->r;
    r->cause = s->facts->verdict.cause;
    enum recovery_level level;
    enum recovery_action action = recovery_plan(r, s->facts, &level);
    bool counts = action != ACTION_BGSAVE;
    assert(action != ACTION_NONE);
    if (counts && r->attempts >= s->policy->max_attempts) {
        exhaust(s);
        return;
    }
    r->level = level;
    r->action = action;
    r->action_id++;
    r->action_began = s->now;
    r->unit_since = s->facts->unit_since;
    r->action_end = ACTION_UNKNOWN;
    if (counts && !r->open) {
        r->open = true;
        r->stepped = false;
        r->opened_at = s->now;
        (void)emit(s, EFFECT_OPEN);
    }
    if (counts) {
        tell_skips(s);
        r->attempts++;
        (void)emit(s, EFFECT_SAVE);
        (void)emit(s, EFFECT_EVIDENCE);
    }
    (void)emit(s, EFFECT_INTENT);
    enter(s, PHASE_INTENT, mono_add(s->now, RECOVERY_INTENT_WAIT_MS));
}

static void succeed(struct step *s)
{
    struct recovery *r = s->r;
    tell_outcome(s, true);
    r->last_attempt = s->now;
    r->refusals = 0;
    (void)emit(s, EFFECT_SUCCEEDED);
    enter(s, PHASE_STABLE, mono_add(s->now, RECOVERY_STABLE_MS));
    end_recovery(s, END_SUCCESS);
}

static void attempt_failed(struct step *s)
{
    struct recovery *r = s->r;
    tell_outcome(s, false);
    r->last_attempt = s->now;
    if (r->attempts >= s->policy->max_attempts) {
        exhaust(s);
        return;
    }
    r->floor = r->level < LEVEL_HARD ? (enum recovery_level)(r->level + 1) : LEVEL_HARD;
    enter(s, PHASE_BACKOFF, next_attempt_at(s));
}

static void take_back_attempt(struct step *s)
{
    if (s->r->action != ACTION_BGSAVE && s->r->attempts > 0)
        s->r->attempts--;
    (void)emit(s, EFFECT_SAVE);
}

static void wait_for_window(struct step *s)
{
    enter(s, PHASE_WINDOW, mono_max(mono_add(s->now, RECOVERY_WINDOW_MS), next_attempt_at(s)));
}

/* systemd refuses starts and only time helps. */
static bool window_needed(const struct step *s)
{
    const struct recovery_facts *f = s->facts;
    return f->verdict.confirmed && cause_row(f->verdict.cause)->remedy == REMEDY_WINDOW &&
           !f->may_reset_failed;
}

static void to_human(struct step *s, enum cause cause)
{
    tell_outcome(s, false);
    s->r->last_attempt = s->now;
    s->r->cause = cause; /* one call, also when the end opens the breaker */
    enter(s, PHASE_IDLE, MONO_NEVER);
    end_recovery(s, END_HUMAN);
    call_human(s, cause);
}

static void tell_withheld(struct step *s, enum withheld reason)
{
    bool changed = s->r->withheld != reason;
    s->r->withheld = reason;
    if (changed && reason != WITHHELD_NOT)
        emit(s, EFFECT_WITHHELD)->withheld = reason;
}

/* A named cause in a quiet phase: what now? */
static void consider(struct step *s)
{
    struct recovery *r = s->r;
    const struct recovery_facts *f = s->facts;
    if (!f->verdict.confirmed)
        return;
    enum cause cause = f->verdict.cause;
    enum remedy remedy = cause_row(cause)->remedy;
    enum withheld reason = recovery_withheld(r, s->policy, f);
    if (remedy == REMEDY_NONE || remedy == REMEDY_WAIT) {
        r->withheld = reason;
        return;
    }
    tell_withheld(s, reason);
    if (remedy == REMEDY_HUMAN || remedy == REMEDY_BGSAVE)
        call_human(s, cause);
    if (reason != WITHHELD_NOT || remedy == REMEDY_HUMAN || remedy == REMEDY_OBSERVE)
        return;
    if (remedy == REMEDY_BGSAVE) {
        if (mono_reached(s->now, r->bgsave_at))
            attempt(s);
        return;
    }
    if (remedy == REMEDY_KILL_SCRIPT && r->alerted == cause)
        return; /* it cannot be killed: a human knows */
    r->cause = cause;
    if (window_needed(s)) {
        wait_for_window(s);
        return;
    }
    if (remedy == REMEDY_START) {
        enter(s, PHASE_GRACE,
              mono_max(mono_add(s->now, s->policy->external_stop_grace_ms), next_attempt_at(s)));
        emit(s, EFFECT_ANNOUNCE)->at = r->deadline;
        return;
    }
    mono_ms at = next_attempt_at(s);
    if (mono_reached(s->now, at))
        attempt(s);
    else
        enter(s, PHASE_BACKOFF, at);
}

/* ── facts
 * ───────────────────────────────────────────────────────────────────────────────────────────────────────
 */

/* What every phase does with new facts first. */
static void note_facts(struct step *s)
{
    struct recovery *r = s->r;
    const struct recovery_facts *f = s->facts;
    if (f->well) {
        if (r->well_since.ms == MONO_NEVER.ms)
            r->well_since = s->now;
        if (r->attempts > 0 && r->phase == PHASE_IDLE &&
            mono_since(s->now, r->well_since) >= RECOVERY_STABLE_MS) {
            forget_attempts(r);
            (void)emit(s, EFFECT_SAVE);
        }
    } else if (f->verdict.confirmed) {
        r->well_since = MONO_NEVER;
    }
    if (f->verdict.confirmed && r->alerted != CAUSE_NONE && f->verdict.cause != r->alerted &&
        f->well) {
        emit(s, EFFECT_HUMAN_OVER)->cause = r->alerted;
        r->alerted = CAUSE_NONE;
        r->needs_human = r->phase == PHASE_EXHAUSTED;
        r->bgsave_tries = 0;
        r->bgsave_at = s->now;
    }
}

static void facts_idle(struct step *s)
{
    consider(s);
}

static void facts_grace(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (!f->verdict.confirmed)
        return;
    bool still = f->verdict.cause == CAUSE_UNIT_STOPPED &&
                 recovery_withheld(s->r, s->policy, f) == WITHHELD_NOT;
    if (still)
        return;
    enter(s, PHASE_IDLE, MONO_NEVER);
    consider(s);
}

static void facts_window(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (!f->verdict.confirmed)
        return;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    if (!f->well && (remedy == REMEDY_WINDOW || remedy == REMEDY_RESTART))
        return;
    enter(s, PHASE_IDLE, MONO_NEVER);
    end_recovery(s, f->well ? END_BY_ITSELF : END_HUMAN);
    if (s->r->phase == PHASE_IDLE)
        consider(s);
}

/* Somebody stopped the unit while another failure was being treated: that has its own grace. */
static bool newly_stopped(const struct step *s)
{
    const struct verdict *v = &s->facts->verdict;
    return v->confirmed && cause_row(v->cause)->remedy == REMEDY_START && v->cause != s->r->cause;
}

static void facts_backoff(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (f->well) {
        enter(s, PHASE_STABLE, mono_add(s->now, RECOVERY_STABLE_MS));
        end_recovery(s, END_BY_ITSELF);
        return;
    }
    if (window_needed(s)) {
        /* The attempt failed at the limit and told it only now. */
        s->r->cause = f->verdict.cause;
        wait_for_window(s);
        return;
    }
    bool human = f->verdict.confirmed && cause_row(f->verdict.cause)->remedy == REMEDY_HUMAN;
    if (human || newly_stopped(s)) {
        enter(s, PHASE_IDLE, MONO_NEVER);
        end_recovery(s, human ? END_HUMAN : END_SUPERSEDED);
        if (s->r->phase == PHASE_IDLE)
            consider(s);
    }
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
    tell_outcome(s, false);
    take_back_attempt(s);
    enter(s, PHASE_IDLE, MONO_NEVER);
    end_recovery(s, s->facts->well ? END_BY_ITSELF : END_SUPERSEDED);
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
    if (f->learned.ms < r->action_ended.ms)
        return;
    if (f->well) {
        succeed(s);
        return;
    }
    if (!f->verdict.confirmed)
        return;
    switch (cause_row(f->verdict.cause)->remedy) {
    case REMEDY_WAIT:
        extend_for_progress(s);
        return;
    case REMEDY_HUMAN:
    case REMEDY_BGSAVE:
        to_human(s, f->verdict.cause);
        return;
    case REMEDY_WINDOW:
        if (start_refused(s)) {
            tell_outcome(s, false);
            take_back_attempt(s);
            r->refusals++;
            r->last_attempt = s->now;
            emit(s, EFFECT_SKIP)->skip = SKIP_START_LIMIT;
            r->cause = f->verdict.cause;
            wait_for_window(s);
            return;
        }
        r->refusals = 0;
        attempt_failed(s);
        return;
    case REMEDY_RESTART:
    case REMEDY_START:
    case REMEDY_LADDER:
        attempt_failed(s);
        return;
    default:
        return; /* cannot tell yet: the deadline decides */
    }
}

static void facts_stable(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    if (f->well || !f->verdict.confirmed)
        return;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    if (remedy == REMEDY_NONE || remedy == REMEDY_OBSERVE)
        return;
    (void)emit(s, EFFECT_TAKEN_BACK);
    enter(s, PHASE_IDLE, MONO_NEVER);
    consider(s);
}

/* Nothing is done, but a failure after a time of health is told again. */
static void facts_exhausted(struct step *s)
{
    const struct verdict *v = &s->facts->verdict;
    if (!v->confirmed)
        return;
    s->r->withheld = recovery_withheld(s->r, s->policy, s->facts);
    enum remedy remedy = cause_row(v->cause)->remedy;
    bool hopes = remedy == REMEDY_NONE || remedy == REMEDY_WAIT || remedy == REMEDY_OBSERVE;
    if (!hopes && s->r->alerted == CAUSE_NONE && !s->facts->stopped_on_purpose)
        call_human(s, v->cause);
}

/* ── time
 * ────────────────────────────────────────────────────────────────────────────────────────────────────────
 */

static void run_action(struct step *s)
{
    if (!s->facts->verdict.confirmed || !still_wanted(s)) {
        drop_intent(s);
        return;
    }
    (void)emit(s, EFFECT_RUN);
    if (s->r->action != ACTION_BGSAVE)
        s->r->stepped = true;
    enter(s, PHASE_ACTING, mono_add(s->now, RECOVERY_ACTION_LIMIT_MS));
}

/* A waiting phase is over: act if the reason still holds. */
static void wake_waiting(struct step *s)
{
    const struct recovery_facts *f = s->facts;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    enum withheld reason = recovery_withheld(s->r, s->policy, f);
    if (!f->verdict.confirmed) {
        /* In the middle of a look: ask again when it is done. */
        s->r->deadline = mono_add(s->now, 500);
        (void)emit(s, EFFECT_LOOK);
        return;
    }
    if (newly_stopped(s)) {
        enter(s, PHASE_IDLE, MONO_NEVER);
        end_recovery(s, END_SUPERSEDED);
        if (s->r->phase == PHASE_IDLE)
            consider(s);
        return;
    }
    bool treatable = remedy == REMEDY_LADDER || remedy == REMEDY_START ||
                     remedy == REMEDY_RESTART || remedy == REMEDY_KILL_SCRIPT ||
                     remedy == REMEDY_WINDOW;
    if (treatable && reason == WITHHELD_NOT) {
        attempt(s);
        return;
    }
    tell_withheld(s, reason);
    enter(s, PHASE_IDLE, MONO_NEVER);
    end_recovery(s, f->well ? END_BY_ITSELF : END_HUMAN);
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
    enter(s, PHASE_VERIFYING, mono_add(s->now, limit));
    (void)emit(s, EFFECT_LOOK);
}

static void wake_acting(struct step *s)
{
    s->r->action_end = ACTION_UNKNOWN;
    verify_from_now(s);
}

static void wake_verifying(struct step *s)
{
    attempt_failed(s);
}

static void wake_stable(struct step *s)
{
    struct recovery *r = s->r;
    enter(s, PHASE_IDLE, MONO_NEVER);
    forget_attempts(r);
    (void)emit(s, EFFECT_SAVE);
}

/* ── outcomes
 * ────────────────────────────────────────────────────────────────────────────────────────────────────
 */

static void end_bgsave(struct step *s)
{
    struct recovery *r = s->r;
    tell_outcome(s, r->action_end == ACTION_DONE);
    r->bgsave_at = mono_add(s->now, RECOVERY_BGSAVE_MS << r->bgsave_tries);
    if (r->bgsave_tries < 4)
        r->bgsave_tries++;
    enter(s, PHASE_IDLE, MONO_NEVER);
    (void)emit(s, EFFECT_LOOK);
}

static void end_without_effect(struct step *s)
{
    struct recovery *r = s->r;
    tell_outcome(s, false);
    take_back_attempt(s);
    struct effect *e = emit(s, EFFECT_SKIP);
    switch (r->action) {
    case ACTION_RELOAD:
        e->skip = SKIP_NO_RELOAD;
        r->attempted_useless_reload = true;
        enter(s, PHASE_BACKOFF, s->now); /* the next rung at once, if the facts still ask for it */
        return;
    case ACTION_KILL_SCRIPT:
        e->skip = SKIP_NOTHING_TO_KILL; /* it ended by itself meanwhile */
        enter(s, PHASE_IDLE, MONO_NEVER);
        end_recovery(s, END_BY_ITSELF);
        (void)emit(s, EFFECT_LOOK);
        return;
    default:
        e->skip = SKIP_START_LIMIT;
        wait_for_window(s);
        return;
    }
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
        to_human(s, r->cause);
        return;
    case ACTION_NOT_REACHED:
        tell_outcome(s, false);
        take_back_attempt(s);
        r->stepped = r->attempts > 0;
        enter(s, PHASE_BACKOFF, mono_add(s->now, retry_delay_ms(s->policy, 1)));
        (void)emit(s, EFFECT_LOOK);
        return;
    default:
        verify_from_now(s);
        return;
    }
}

/* ── people
 * ──────────────────────────────────────────────────────────────────────────────────────────────────────
 */

static void supersede_waiting(struct step *s)
{
    enter(s, PHASE_IDLE, MONO_NEVER);
    end_recovery(s, END_SUPERSEDED);
}

static void supersede_action(struct step *s)
{
    tell_outcome(s, false);
    s->r->last_attempt = s->now;
    enter(s, PHASE_IDLE, MONO_NEVER);
    end_recovery(s, END_SUPERSEDED);
}

static void look_again(struct step *s)
{
    (void)emit(s, EFFECT_LOOK);
}

static void reset_counters(struct step *s)
{
    struct recovery *r = s->r;
    forget_attempts(r);
    r->needs_human = false;
    r->alerted = CAUSE_NONE;
    r->bgsave_tries = 0;
    r->bgsave_at = s->now;
    breaker_reset(&r->breaker);
    (void)emit(s, EFFECT_SAVE);
    (void)emit(s, EFFECT_CHANGED);
}

static void reset_and_resume(struct step *s)
{
    enter(s, PHASE_IDLE, MONO_NEVER);
    s->r->stepped = false; /* what is reset is not counted first */
    end_recovery(s, END_SUPERSEDED);
    reset_counters(s);
    (void)emit(s, EFFECT_LOOK);
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
