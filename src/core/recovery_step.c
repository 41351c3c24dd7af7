#include "core/recovery_step.h"

#include <assert.h>

struct effect *step_emit(struct step *s, enum effect_kind kind)
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
void step_enter(struct step *s, enum recovery_phase phase, mono_ms deadline)
{
    bool changed = s->r->phase != phase;
    s->r->phase = phase;
    s->r->deadline = deadline;
    if (changed)
        (void)step_emit(s, EFFECT_CHANGED);
}

/* Reports the rungs that the plan stepped over, with their reasons. */
static void step_tell_skips(struct step *s)
{
    struct recovery *r = s->r;
    if (cause_row(r->cause)->remedy != REMEDY_LADDER || r->level != LEVEL_HARD)
        return;
    if (r->floor <= LEVEL_SOFT && !r->attempted_useless_reload) {
        struct effect *e = step_emit(s, EFFECT_SKIP);
        e->level = LEVEL_SOFT;
        e->action = ACTION_RELOAD;
        bool stopped = s->facts->stopped && s->facts->can_reload != TRI_NO;
        e->skip = stopped                                        ? SKIP_PROCESS_STOPPED
                  : recovery_refused(r, s->facts, ACTION_RELOAD) ? SKIP_REFUSED
                                                                 : SKIP_NO_RELOAD;
    }
    r->attempted_useless_reload = false; /* reported; the next recovery reports it again */
    if (r->floor <= LEVEL_STANDARD) {
        struct effect *e = step_emit(s, EFFECT_SKIP);
        e->level = LEVEL_STANDARD;
        e->action = ACTION_START;
        e->skip = SKIP_ALREADY_ACTIVE;
    }
}

int64_t step_retry_delay_ms(const struct recovery_policy *policy, int attempts)
{
    double delay = (double)policy->retry_delay_ms;
    for (int i = 1; i < attempts; i++)
        delay *= policy->backoff_multiplier;
    return (int64_t)delay;
}

static mono_ms step_next_attempt_at(const struct step *s)
{
    if (s->r->attempts == 0 || s->r->last_attempt.ms == MONO_NEVER.ms)
        return s->now;
    return mono_add(s->r->last_attempt, step_retry_delay_ms(s->policy, s->r->attempts));
}

void step_wait_for_window(struct step *s)
{
    step_enter(s, PHASE_WINDOW,
               mono_max(mono_add(s->now, RECOVERY_WINDOW_MS), step_next_attempt_at(s)));
}

/* The failure is over. */
void step_forget_attempts(struct recovery *r)
{
    r->attempts = 0;
    r->floor = LEVEL_SOFT;
    r->refusals = 0;
    r->relapses = 0;
    r->last_attempt = MONO_NEVER;
}

/* The one way into needs_human: who is needed is called, once for a cause. */
void step_call_human(struct step *s, enum cause cause)
{
    s->r->needs_human = true;
    if (s->r->alerted == cause)
        return;
    s->r->alerted = cause;
    step_emit(s, EFFECT_HUMAN)->cause = cause;
}

static void end_recovery(struct step *s, enum recovery_end end)
{
    if (!s->r->open)
        return;
    s->r->open = false;
    step_emit(s, EFFECT_ENDED)->end = end;
    if (s->r->stepped && breaker_count(&s->r->breaker, s->policy, s->in->wall)) {
        (void)step_emit(s, EFFECT_BREAKER);
        step_call_human(s, s->r->cause);
        step_enter(s, PHASE_EXHAUSTED, MONO_NEVER);
    }
    s->r->stepped = false;
    (void)step_emit(s, EFFECT_SAVE);
}

void step_end_by_itself(struct step *s)
{
    end_recovery(s, END_BY_ITSELF);
}

void step_end_superseded(struct step *s)
{
    end_recovery(s, END_SUPERSEDED);
}

static void end_for_human(struct step *s, enum cause cause)
{
    s->r->cause = cause; /* one call, also when the end opens the breaker */
    end_recovery(s, END_HUMAN);
    step_call_human(s, cause);
}

void step_tell_outcome(struct step *s, bool success)
{
    struct recovery *r = s->r;
    struct effect *e = step_emit(s, EFFECT_OUTCOME);
    e->success = success;
    e->action_end = r->action_end;
    if (r->action == ACTION_BGSAVE)
        return; /* never counted */
    if (recovery_attempted(r->action_end)) {
        r->stepped = true;
        return;
    }
    if (r->attempts > 0)
        r->attempts--;
    (void)step_emit(s, EFFECT_SAVE);
}

static void step_exhaust(struct step *s)
{
    (void)step_emit(s, EFFECT_FAILED);
    end_recovery(s, END_FAILED);
    step_enter(s, PHASE_EXHAUSTED, MONO_NEVER);
    (void)step_emit(s, EFFECT_SAVE);
    step_call_human(s, s->r->cause);
}

/* One attempt: reported first, done after. */
void step_attempt(struct step *s)
{
    struct recovery *r = s->r;
    r->cause = s->facts->verdict.cause;
    enum recovery_level level;
    enum recovery_action action = recovery_plan(r, s->facts, &level);
    bool counts = action != ACTION_BGSAVE;
    assert(action != ACTION_NONE);
    if (counts && r->attempts >= s->policy->max_attempts) {
        step_exhaust(s);
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
        (void)step_emit(s, EFFECT_OPEN);
    }
    if (counts) {
        step_tell_skips(s);
        r->attempts++;
        (void)step_emit(s, EFFECT_SAVE);
        (void)step_emit(s, EFFECT_EVIDENCE);
    }
    (void)step_emit(s, EFFECT_INTENT);
    step_enter(s, PHASE_INTENT, mono_add(s->now, RECOVERY_INTENT_WAIT_MS));
}

void step_succeed(struct step *s)
{
    struct recovery *r = s->r;
    step_tell_outcome(s, true);
    r->last_attempt = s->now;
    r->refusals = 0;
    (void)step_emit(s, EFFECT_SUCCEEDED);
    step_enter(s, PHASE_STABLE, mono_add(s->now, RECOVERY_STABLE_MS));
    end_recovery(s, END_SUCCESS);
}

void step_attempt_failed(struct step *s)
{
    struct recovery *r = s->r;
    step_tell_outcome(s, false);
    r->last_attempt = s->now;
    if (r->attempts >= s->policy->max_attempts) {
        step_exhaust(s);
        return;
    }
    r->floor = r->level < LEVEL_HARD ? (enum recovery_level)(r->level + 1) : LEVEL_HARD;
    step_enter(s, PHASE_BACKOFF, step_next_attempt_at(s));
}

/* systemd refuses starts and only time helps. */
bool step_window_needed(const struct step *s)
{
    const struct recovery_facts *f = s->facts;
    return f->verdict.confirmed && cause_row(f->verdict.cause)->remedy == REMEDY_WINDOW &&
           (!f->may_reset_failed || recovery_refused(s->r, f, ACTION_RESET_FAILED_START));
}

void step_to_human(struct step *s, enum cause cause)
{
    step_tell_outcome(s, false);
    s->r->last_attempt = s->now;
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    end_for_human(s, cause);
}

void step_tell_withheld(struct step *s, enum withheld reason)
{
    bool changed = s->r->withheld != reason;
    s->r->withheld = reason;
    if (changed && reason != WITHHELD_NOT)
        step_emit(s, EFFECT_WITHHELD)->withheld = reason;
}

/* Can only a human help against the cause that is named? */
static bool human_due(const struct step *s, enum withheld reason)
{
    const struct recovery_facts *f = s->facts;
    enum remedy remedy = cause_row(f->verdict.cause)->remedy;
    if (!f->verdict.confirmed || remedy == REMEDY_NONE || remedy == REMEDY_WAIT)
        return false;
    /* An empty primary stays down until a human has failed over: nothing else will see to it. */
    bool hands_off = reason == WITHHELD_EMPTY_PRIMARY || reason == WITHHELD_CANNOT_ACT;
    bool lasts = remedy == REMEDY_PATIENCE && f->call_due;
    return remedy == REMEDY_HUMAN || remedy == REMEDY_BGSAVE || lasts || hands_off ||
           f->needs_person;
}

void step_stop_waiting(struct step *s)
{
    enum withheld reason = recovery_withheld(s->r, s->policy, s->facts);
    step_enter(s, PHASE_IDLE, MONO_NEVER);
    if (s->facts->well) {
        step_end_by_itself(s);
    } else if (s->r->open && human_due(s, reason)) {
        step_tell_withheld(s, reason);
        end_for_human(s, s->facts->verdict.cause);
    } else {
        step_end_superseded(s);
    }
    if (s->r->phase == PHASE_IDLE) /* the end may have opened the breaker */
        step_consider(s);
}

/* A named cause in a quiet phase: what now? */
void step_consider(struct step *s)
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
    step_tell_withheld(s, reason);
    if (human_due(s, reason))
        step_call_human(s, cause);
    if (reason != WITHHELD_NOT || remedy == REMEDY_HUMAN || remedy == REMEDY_OBSERVE ||
        remedy == REMEDY_PATIENCE)
        return;
    if (remedy == REMEDY_BGSAVE) {
        if (mono_reached(s->now, r->bgsave_at))
            step_attempt(s);
        return;
    }
    if (recovery_gave_up(r, f))
        return;
    r->cause = cause;
    if (step_window_needed(s)) {
        step_wait_for_window(s);
        return;
    }
    if (remedy == REMEDY_START && !f->never_started) {
        step_enter(
            s, PHASE_GRACE,
            mono_max(mono_add(s->now, s->policy->external_stop_grace_ms), step_next_attempt_at(s)));
        r->unit_since = f->unit_since;
        step_emit(s, EFFECT_ANNOUNCE)->at = r->deadline;
        return;
    }
    mono_ms at = step_next_attempt_at(s);
    if (mono_reached(s->now, at))
        step_attempt(s);
    else
        step_enter(s, PHASE_BACKOFF, at);
}
