#include "core/operate.h"

#include <assert.h>

#include "base/attr.h"

struct move {
    struct operate *o;
    const struct operate_input *in;
    const struct operate_facts *f;
    mono_ms now;
    struct operate_effects *out;
};

static const char *const phase_words[] = {
    [OPERATE_NONE] = "none",           [OPERATE_CHECKING] = "checking",
    [OPERATE_SAVING] = "saving",       [OPERATE_DESIRING] = "saving",
    [OPERATE_INTENT] = "writing",      [OPERATE_RUNNING] = "running",
    [OPERATE_VERIFYING] = "verifying", [OPERATE_ENDED] = "verifying",
};
static_assert(ARRAY_LENGTH(phase_words) == OPERATE_PHASE_COUNT, "a word for every phase");

const char *operate_phase_word(enum operate_phase phase)
{
    return phase_words[phase];
}

/* ── moves ── */

static struct operate_effect *emit(struct move *m, enum operate_effect_kind kind)
{
    assert(m->out->count < OPERATE_EFFECTS_MAX);
    struct operate_effect *e = &m->out->items[m->out->count++];
    *e = (struct operate_effect){.kind = kind};
    return e;
}

static void enter(struct move *m, enum operate_phase phase, int64_t limit_ms)
{
    m->o->phase = phase;
    m->o->deadline = mono_add(m->now, limit_ms);
}

static void end(struct move *m, enum operate_end how)
{
    m->o->phase = OPERATE_ENDED;
    m->o->deadline = MONO_NEVER;
    emit(m, OPERATE_END)->end = how;
}

/* Nothing was done: what the service shall be is what it was before the operation. */
static void end_undone(struct move *m, enum operate_end why)
{
    if (m->o->desired_changed)
        (void)emit(m, OPERATE_TAKE_BACK);
    end(m, why);
}

static void write_intent(struct move *m)
{
    enter(m, OPERATE_INTENT, OPERATE_DISK_LIMIT_MS);
    (void)emit(m, OPERATE_WRITE_INTENT);
}

/* What the service shall be is on the disk before anything is done. */
static void decide(struct move *m)
{
    struct operate *o = m->o;
    const struct operate_facts *f = m->f;
    bool stop = o->kind == OPERATE_STOP;
    bool changes =
        o->kind != OPERATE_RELOAD && (stop || f->stopped_on_purpose || f->desired_unsaved);
    (void)emit(m, OPERATE_TAKE_OVER);
    if (!changes) {
        write_intent(m);
        return;
    }
    o->desired_changed = true;
    enter(m, OPERATE_DESIRING, OPERATE_DISK_LIMIT_MS);
    (void)emit(m, OPERATE_DESIRE);
}

/* ── before the command ── */

/* False: it has ended. */
static bool pass_preflight(struct move *m)
{
    (void)emit(m, OPERATE_KEEP_FIGURES);
    if (m->f->allowed || m->o->force)
        return true;
    end(m, OPERATE_BLOCKED);
    return false;
}

static void check_start(struct move *m)
{
    if (m->f->serves && !m->f->stopped_on_purpose)
        end(m, OPERATE_ALREADY_RUNNING);
    else if (pass_preflight(m))
        decide(m);
}

static void check_restart(struct move *m)
{
    if (!pass_preflight(m))
        return;
    if (m->f->should_save && m->f->proven && !m->o->force) {
        enter(m, OPERATE_SAVING, OPERATE_SAVE_LIMIT_MS);
        (void)emit(m, OPERATE_SAVE);
    } else {
        decide(m);
    }
}

static void check_stop(struct move *m)
{
    const struct operate_facts *f = m->f;
    /* Only what was seen since counts: it may have been started meanwhile. */
    bool seen = f->unit_asked.ms >= m->o->began.ms;
    if (f->unit_stopped && f->stopped_on_purpose && !f->ran_since && seen)
        end(m, OPERATE_ALREADY_STOPPED);
    else
        check_restart(m);
}

static void check_reload(struct move *m)
{
    if (m->f->cannot_reload)
        end(m, OPERATE_CANNOT_RELOAD);
    else
        decide(m);
}

/* The look before is over, or takes too long: what is there to do? */
static void check(struct move *m)
{
    static void (*const checks[])(struct move * m) = {
        [OPERATE_START] = check_start,
        [OPERATE_STOP] = check_stop,
        [OPERATE_RESTART] = check_restart,
        [OPERATE_RELOAD] = check_reload,
    };
    static_assert(ARRAY_LENGTH(checks) == OPERATE_KIND_COUNT, "a check for every operation");
    if (m->f->unreachable)
        end(m, OPERATE_HOST_UNREACHABLE);
    else
        checks[m->o->kind](m);
}

static void check_when_looked(struct move *m)
{
    if (m->f->looked)
        check(m);
}

/* ── saving ── */

static void save_late(struct move *m)
{
    end(m, OPERATE_END_SAVE_LATE);
}

static void save_refused(struct move *m)
{
    end(m, OPERATE_END_SAVE_REFUSED);
}

static void save_failed(struct move *m)
{
    end(m, OPERATE_END_SAVE_FAILED);
}

static void follow_save(struct move *m)
{
    (void)emit(m, OPERATE_FOLLOW_SAVE);
}

static void follow_on(struct move *m)
{
    (void)emit(m, OPERATE_FOLLOW_ON);
}

/* Only writes since this save are at stake now; but the final save takes as long again. */
static void save_done(struct move *m)
{
    if (pass_preflight(m))
        decide(m);
}

/* ── on the disk, and on the host ── */

static void stored(struct move *m)
{
    (void)emit(m, OPERATE_DESIRED);
    write_intent(m);
}

static void not_stored(struct move *m)
{
    end_undone(m, OPERATE_END_NOT_STORED);
}

static void not_written(struct move *m)
{
    end_undone(m, OPERATE_END_NOT_WRITTEN);
}

/* What the pre-flight rested on may have changed while the desired state and the intent were written. */
static void run(struct move *m)
{
    if (m->o->kind != OPERATE_RELOAD && !m->f->allowed && !m->o->force) {
        end_undone(m, OPERATE_BLOCKED);
        return;
    }
    m->o->command_sent = m->now;
    enter(m, OPERATE_RUNNING, OPERATE_COMMAND_LIMIT_MS);
    (void)emit(m, OPERATE_RUN);
}

static void verify_from_now(struct move *m, enum action_end how)
{
    m->o->action_end = how;
    m->o->command_ended = m->now;
    enter(m, OPERATE_VERIFYING, OPERATE_VERIFY_LIMIT_MS);
    (void)emit(m, OPERATE_LOOK);
}

static void command_late(struct move *m)
{
    verify_from_now(m, ACTION_UNKNOWN);
}

static void command_ended(struct move *m)
{
    switch (m->in->action_end) {
    case ACTION_NOT_REACHED:
        end_undone(m, OPERATE_NOT_REACHED);
        return;
    case ACTION_REFUSED:
        end_undone(m, OPERATE_REFUSED);
        return;
    case ACTION_NO_EFFECT:
        end(m, OPERATE_CANNOT_RELOAD);
        return;
    default:
        verify_from_now(m, m->in->action_end);
        return;
    }
}

/* ── what the command has done ── */

/* What was to be restarted is the process that was there before: that it answers is no success. */
static bool same_process(const struct move *m)
{
    return m->o->kind == OPERATE_RESTART && m->f->same_process;
}

static bool unit_seen_since(const struct move *m)
{
    return m->f->unit_asked.ms >= m->o->command_ended.ms;
}

/* sudo refuses it, the unit is masked, a job cannot be queued: the command ended, and all is as it
 * was. */
static bool nothing_was_done(const struct move *m)
{
    return m->o->action_end == ACTION_FAILED && unit_seen_since(m) &&
           (m->o->kind == OPERATE_RELOAD || same_process(m) || m->f->unit_unchanged);
}

static bool is_done(const struct move *m)
{
    const struct operate_facts *f = m->f;
    if (!unit_seen_since(m) || same_process(m))
        return false;
    if (m->o->kind == OPERATE_STOP)
        return f->unit_stopped;
    return f->serves && f->ready && f->probe_asked.ms >= m->o->command_ended.ms;
}

/* After a restart the unit's state is the new process's: only the journal knows of the old one. */
static bool journal_needed(const struct move *m)
{
    const struct operate *o = m->o;
    bool slow = mono_since(o->command_ended, o->command_sent) >= STOP_CUT_MIN_MS;
    return o->kind == OPERATE_RESTART && m->f->had_process && slow && m->f->journal;
}

/* False: not known yet. */
static bool stop_end_known(struct move *m)
{
    struct operate *o = m->o;
    if (o->kind == OPERATE_STOP && m->f->had_process)
        o->stop_end = m->f->unit_killed ? STOP_END_CUT : STOP_END_CLEAN;
    if (!journal_needed(m) || o->log_read)
        return true;
    if (o->log_asked.ms != 0)
        return mono_since(m->now, o->log_asked) >= OPERATE_LOG_LIMIT_MS;
    o->log_asked = m->now;
    o->deadline = mono_add(m->now, OPERATE_LOG_LIMIT_MS);
    (void)emit(m, OPERATE_READ_LOG);
    return false;
}

/* A start that failed for a reason that waiting does not change. */
static bool hopeless(const struct move *m)
{
    const struct operate_facts *f = m->f;
    mono_ms seen = mono_min(f->probe_asked, f->unit_asked);
    enum remedy remedy = cause_row(f->cause)->remedy;
    return f->confirmed && seen.ms >= m->o->command_ended.ms && m->o->action_end == ACTION_FAILED &&
           m->o->kind != OPERATE_STOP &&
           (remedy == REMEDY_HUMAN || remedy == REMEDY_RESTART || remedy == REMEDY_WINDOW);
}

static bool loads(const struct move *m)
{
    return m->f->confirmed &&
           (m->f->cause == CAUSE_LOADING || m->f->cause == CAUSE_SYSTEMD_RESTARTING) &&
           m->o->kind != OPERATE_STOP;
}

/* As long as it gets further than ever: systemd ends a load that takes longer than TimeoutStartSec
 * and begins it again, without end. Only INFO of the process that the command has started counts. */
static bool load_moves(struct move *m)
{
    struct operate *o = m->o;
    bool ours = m->f->info_asked.ms >= o->command_ended.ms;
    int64_t progress = ours ? m->f->progress : FACT_UNKNOWN;
    if (o->load_moved.ms == 0) {
        o->load_moved = m->now;
        o->load_progress = FACT_UNKNOWN;
    }
    if (progress > o->load_progress) {
        o->load_moved = m->now;
        o->load_progress = progress;
    }
    int64_t limit_ms = o->load_progress == FACT_UNKNOWN ? RECOVERY_BLIND_WAIT_MS : OPERATE_STALL_MS;
    return mono_since(m->now, o->load_moved) < limit_ms;
}

/* The load goes on, and so does the operation; the caller is answered now. */
static void wait_for_load(struct move *m)
{
    if (!m->o->answered)
        (void)emit(m, OPERATE_SAY_LOADING);
    m->o->answered = true;
    m->o->deadline = mono_add(m->now, OPERATE_STALL_MS);
}

static void verified(struct move *m)
{
    bool lost = m->o->stop_end == STOP_END_CUT && m->f->final_save_matters;
    end(m, lost ? OPERATE_DATA_LOST : OPERATE_DONE);
}

static void verify(struct move *m)
{
    if (nothing_was_done(m)) {
        end_undone(m, OPERATE_WITHOUT_EFFECT);
        return;
    }
    if (is_done(m)) {
        if (stop_end_known(m))
            verified(m);
        return;
    }
    if (hopeless(m)) {
        end(m, OPERATE_FAILED);
        return;
    }
    bool moves = loads(m) && load_moves(m);
    if (!mono_reached(m->now, m->o->deadline))
        return;
    if (moves)
        wait_for_load(m);
    else if (same_process(m) && m->f->cause == CAUSE_OK)
        end_undone(m, OPERATE_WITHOUT_EFFECT);
    else
        end(m, OPERATE_FAILED);
}

static void log_read(struct move *m)
{
    m->o->log_read = true;
    if (m->in->stop_end != STOP_END_UNKNOWN)
        m->o->stop_end = m->in->stop_end;
    verify(m);
}

static void told(struct move *m)
{
    m->o->phase = OPERATE_NONE;
}

static void nothing(struct move *m)
{
    (void)m;
}

/* ── the table ── */

typedef void cell(struct move *m);

/* clang-format off */
static cell *const table[][OPERATE_EVENT_COUNT] = {
    /*                     FACTS              LATE          SAVE_BEGUN   ..REFUSED     ..RUNS     ..DONE     ..FAILED     STORED   NOT_STORED  WRITTEN  NOT_WRITTEN  COMMAND_ENDED  LOG_READ  TOLD */
    [OPERATE_NONE]      = {nothing,           nothing,      nothing,     nothing,      nothing,   nothing,   nothing,     nothing, nothing,    nothing, nothing,     nothing,       nothing,  nothing},
    [OPERATE_CHECKING]  = {check_when_looked, check,        nothing,     nothing,      nothing,   nothing,   nothing,     nothing, nothing,    nothing, nothing,     nothing,       nothing,  nothing},
    [OPERATE_SAVING]    = {nothing,           save_late,    follow_save, save_refused, follow_on, save_done, save_failed, nothing, nothing,    nothing, nothing,     nothing,       nothing,  nothing},
    [OPERATE_DESIRING]  = {nothing,           not_stored,   nothing,     nothing,      nothing,   nothing,   nothing,     stored,  not_stored, nothing, nothing,     nothing,       nothing,  nothing},
    [OPERATE_INTENT]    = {nothing,           not_written,  nothing,     nothing,      nothing,   nothing,   nothing,     nothing, nothing,    run,     not_written, nothing,       nothing,  nothing},
    [OPERATE_RUNNING]   = {nothing,           command_late, nothing,     nothing,      nothing,   nothing,   nothing,     nothing, nothing,    nothing, nothing,     command_ended, nothing,  nothing},
    [OPERATE_VERIFYING] = {verify,            verify,       nothing,     nothing,      nothing,   nothing,   nothing,     nothing, nothing,    nothing, nothing,     nothing,       log_read, nothing},
    [OPERATE_ENDED]     = {nothing,           nothing,      nothing,     nothing,      nothing,   nothing,   nothing,     nothing, nothing,    nothing, nothing,     nothing,       nothing,  told},
};
/* clang-format on */
static_assert(ARRAY_LENGTH(table) == OPERATE_PHASE_COUNT, "a row for every phase");
static_assert(ARRAY_LENGTH(table[0]) == OPERATE_EVENT_COUNT, "a column for every event");

void operate_begin(struct operate *o, enum operate_kind kind, bool force, mono_ms now)
{
    assert(o->phase == OPERATE_NONE);
    *o = (struct operate){
        .phase = OPERATE_CHECKING,
        .deadline = mono_add(now, OPERATE_CHECK_LIMIT_MS),
        .kind = kind,
        .force = force,
        .began = now,
    };
}

void operate_step(struct operate *o, const struct operate_input *input, mono_ms now,
                  struct operate_effects *out)
{
    assert(o->phase < OPERATE_PHASE_COUNT && input->event < OPERATE_EVENT_COUNT);
    struct move m = {o, input, &input->facts, now, out};
    enum operate_event event = input->event;
    out->count = 0;
    if (event == OPERATE_FACTS && mono_reached(now, o->deadline))
        event = OPERATE_LATE;
    table[o->phase][event](&m);
}
