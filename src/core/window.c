#include "core/window.h"

#include <assert.h>

#include "base/attr.h"

#define HOUR_MS (INT64_C(3600) * 1000)

/* What a cell does beside the change of phase. */
enum move {
    MOVE_NONE,
    MOVE_ANNOUNCE,
    MOVE_OPEN,
    MOVE_BEGIN,
    MOVE_MISS,
    MOVE_ASK,
    MOVE_EXTEND,
    MOVE_VERIFY,
    MOVE_SUMMARISE,
    MOVE_RETIME,
    MOVE_RETIME_ANNOUNCED,
    MOVE_CANCEL,
    MOVE_CANCEL_ANNOUNCED,
    MOVE_REFUSE_NOT_OPEN,
    MOVE_REFUSE_OPEN,
    MOVE_REFUSE_OVER,
    MOVE_REFUSE_CANCELLED,
    MOVE_COUNT
};

struct cell {
    enum window_phase next;
    enum move move;
};

/* Rows are complete: a cell that is not named would lead back to WINDOW_PLANNED, which the unit
 * test finds. */
static const struct cell table[WINDOW_PHASE_COUNT][WINDOW_EVENT_COUNT] =
    {
        [WINDOW_PLANNED] =
            {
                [WINDOW_BEGIN] = {WINDOW_OPEN, MOVE_BEGIN},
                [WINDOW_EXTEND] = {WINDOW_PLANNED, MOVE_REFUSE_NOT_OPEN},
                [WINDOW_FINISH] = {WINDOW_PLANNED, MOVE_REFUSE_NOT_OPEN},
                [WINDOW_CHANGE] = {WINDOW_PLANNED, MOVE_RETIME},
                [WINDOW_CANCEL] = {WINDOW_CANCELLED, MOVE_CANCEL},
                [WINDOW_VERIFIED] = {WINDOW_PLANNED, MOVE_NONE},
                [WINDOW_NOTICE_DUE] = {WINDOW_ANNOUNCED, MOVE_ANNOUNCE},
                [WINDOW_START_DUE] = {WINDOW_OPEN, MOVE_OPEN},
                [WINDOW_PASSED] = {WINDOW_ENDED, MOVE_MISS},
                [WINDOW_ASK_DUE] = {WINDOW_PLANNED, MOVE_NONE},
                [WINDOW_END_DUE] = {WINDOW_PLANNED, MOVE_NONE},
                [WINDOW_VERIFY_LATE] = {WINDOW_PLANNED, MOVE_NONE},
            },
        [WINDOW_ANNOUNCED] =
            {
                [WINDOW_BEGIN] = {WINDOW_OPEN, MOVE_BEGIN},
                [WINDOW_EXTEND] = {WINDOW_ANNOUNCED, MOVE_REFUSE_NOT_OPEN},
                [WINDOW_FINISH] = {WINDOW_ANNOUNCED, MOVE_REFUSE_NOT_OPEN},
                [WINDOW_CHANGE] = {WINDOW_ANNOUNCED, MOVE_RETIME_ANNOUNCED},
                [WINDOW_CANCEL] = {WINDOW_CANCELLED, MOVE_CANCEL_ANNOUNCED},
                [WINDOW_VERIFIED] = {WINDOW_ANNOUNCED, MOVE_NONE},
                [WINDOW_NOTICE_DUE] = {WINDOW_ANNOUNCED, MOVE_ANNOUNCE},
                [WINDOW_START_DUE] = {WINDOW_OPEN, MOVE_OPEN},
                [WINDOW_PASSED] = {WINDOW_ENDED, MOVE_MISS},
                [WINDOW_ASK_DUE] = {WINDOW_ANNOUNCED, MOVE_NONE},
                [WINDOW_END_DUE] = {WINDOW_ANNOUNCED, MOVE_NONE},
                [WINDOW_VERIFY_LATE] = {WINDOW_ANNOUNCED, MOVE_NONE},
            },
        [WINDOW_OPEN] =
            {
                [WINDOW_BEGIN] = {WINDOW_OPEN, MOVE_REFUSE_OPEN},
                [WINDOW_EXTEND] = {WINDOW_OPEN, MOVE_EXTEND},
                [WINDOW_FINISH] = {WINDOW_VERIFYING, MOVE_VERIFY},
                [WINDOW_CHANGE] = {WINDOW_OPEN, MOVE_REFUSE_OPEN},
                [WINDOW_CANCEL] = {WINDOW_OPEN, MOVE_REFUSE_OPEN},
                [WINDOW_VERIFIED] = {WINDOW_OPEN, MOVE_NONE},
                [WINDOW_NOTICE_DUE] = {WINDOW_OPEN, MOVE_NONE},
                [WINDOW_START_DUE] = {WINDOW_OPEN, MOVE_NONE},
                [WINDOW_PASSED] = {WINDOW_OPEN, MOVE_NONE},
                [WINDOW_ASK_DUE] = {WINDOW_OPEN, MOVE_ASK},
                [WINDOW_END_DUE] = {WINDOW_VERIFYING, MOVE_VERIFY},
                [WINDOW_VERIFY_LATE] = {WINDOW_OPEN, MOVE_NONE},
            },
        [WINDOW_VERIFYING] =
            {
                [WINDOW_BEGIN] = {WINDOW_VERIFYING, MOVE_REFUSE_OVER},
                [WINDOW_EXTEND] = {WINDOW_VERIFYING, MOVE_REFUSE_OVER},
                [WINDOW_FINISH] = {WINDOW_VERIFYING, MOVE_NONE},
                [WINDOW_CHANGE] = {WINDOW_VERIFYING, MOVE_REFUSE_OVER},
                [WINDOW_CANCEL] = {WINDOW_VERIFYING, MOVE_REFUSE_OVER},
                [WINDOW_VERIFIED] = {WINDOW_ENDED, MOVE_SUMMARISE},
                [WINDOW_NOTICE_DUE] = {WINDOW_VERIFYING, MOVE_NONE},
                [WINDOW_START_DUE] = {WINDOW_VERIFYING, MOVE_NONE},
                [WINDOW_PASSED] = {WINDOW_VERIFYING, MOVE_NONE},
                [WINDOW_ASK_DUE] = {WINDOW_VERIFYING, MOVE_NONE},
                [WINDOW_END_DUE] = {WINDOW_VERIFYING, MOVE_NONE},
                [WINDOW_VERIFY_LATE] = {WINDOW_ENDED, MOVE_SUMMARISE},
            },
        [WINDOW_ENDED] =
            {
                [WINDOW_BEGIN] = {WINDOW_ENDED, MOVE_REFUSE_OVER},
                [WINDOW_EXTEND] = {WINDOW_ENDED, MOVE_REFUSE_OVER},
                [WINDOW_FINISH] = {WINDOW_ENDED, MOVE_REFUSE_OVER},
                [WINDOW_CHANGE] = {WINDOW_ENDED, MOVE_REFUSE_OVER},
                [WINDOW_CANCEL] = {WINDOW_ENDED, MOVE_REFUSE_OVER},
                [WINDOW_VERIFIED] = {WINDOW_ENDED, MOVE_NONE},
                [WINDOW_NOTICE_DUE] = {WINDOW_ENDED, MOVE_NONE},
                [WINDOW_START_DUE] = {WINDOW_ENDED, MOVE_NONE},
                [WINDOW_PASSED] = {WINDOW_ENDED, MOVE_NONE},
                [WINDOW_ASK_DUE] = {WINDOW_ENDED, MOVE_NONE},
                [WINDOW_END_DUE] = {WINDOW_ENDED, MOVE_NONE},
                [WINDOW_VERIFY_LATE] = {WINDOW_ENDED, MOVE_NONE},
            },
        [WINDOW_CANCELLED] =
            {
                [WINDOW_BEGIN] = {WINDOW_CANCELLED, MOVE_REFUSE_CANCELLED},
                [WINDOW_EXTEND] = {WINDOW_CANCELLED, MOVE_REFUSE_CANCELLED},
                [WINDOW_FINISH] = {WINDOW_CANCELLED, MOVE_REFUSE_CANCELLED},
                [WINDOW_CHANGE] = {WINDOW_CANCELLED, MOVE_REFUSE_CANCELLED},
                [WINDOW_CANCEL] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_VERIFIED] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_NOTICE_DUE] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_START_DUE] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_PASSED] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_ASK_DUE] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_END_DUE] = {WINDOW_CANCELLED, MOVE_NONE},
                [WINDOW_VERIFY_LATE] = {WINDOW_CANCELLED, MOVE_NONE},
            },
};
static_assert(WINDOW_PHASE_COUNT == 6 && WINDOW_EVENT_COUNT == 12, "the table has a cell for each");

/* All that a move needs. */
struct step {
    struct window *w;
    const struct window_policy *policy;
    const struct window_input *input;
    const struct now *now;
    struct window_effects *out;
    enum window_phase from;
};

static struct window_effect *add(struct window_effects *out, enum window_effect_kind kind)
{
    assert(out->count < WINDOW_EFFECTS_MAX);
    struct window_effect *e = &out->items[out->count++];
    *e = (struct window_effect){.kind = kind};
    return e;
}

static void refuse(struct window_effects *out, enum window_refusal refusal)
{
    add(out, WINDOW_REFUSE)->refusal = refusal;
}

static void announce(const struct step *s, enum window_notice notice, int hours)
{
    struct window_effect *e = add(s->out, WINDOW_ANNOUNCE);
    e->notice = notice;
    e->hours = hours;
    s->w->noticed_hours = hours;
}

/* The nearest notice whose time has come, or WINDOW_UNNOTICED. */
static int newest_notice(const struct window *w, const struct window_policy *policy, wall_ms now)
{
    int newest = WINDOW_UNNOTICED;
    for (size_t i = 0; i < policy->notice_count; i++) {
        int hours = policy->notice_hours[i];
        if (hours < newest && now.ms >= w->starts.ms - hours * HOUR_MS)
            newest = hours;
    }
    return newest;
}

/* An end that is nearer than the question brings no question: it was just decided. */
static void set_end(struct window *w, wall_ms ends, const struct now *now)
{
    w->ends = ends;
    w->end_by = mono_add(now->mono, wall_since(ends, now->wall));
    wall_ms ask = wall_add(ends, -WINDOW_ASK_BEFORE_MS);
    w->ask_at = ask.ms > now->wall.ms ? ask : WALL_NONE;
}

static void move_announce(const struct step *s)
{
    announce(s, s->from == WINDOW_PLANNED ? WINDOW_NOTICE_FIRST : WINDOW_NOTICE_REMINDER,
             newest_notice(s->w, s->policy, s->now->wall));
}

static void move_open(const struct step *s)
{
    if (s->from == WINDOW_PLANNED && s->policy->notice_count > 0)
        announce(s, WINDOW_NOTICE_FIRST, 0);
    s->w->opened = s->now->wall;
    set_end(s->w, s->w->ends, s->now);
    add(s->out, WINDOW_BANNER_ON);
}

static void move_begin(const struct step *s)
{
    struct window *w = s->w;
    w->starts = w->opened = s->now->wall;
    set_end(w, wall_add(w->starts, w->length_ms), s->now);
    if (s->from == WINDOW_ANNOUNCED) {
        w->sequence++;
        announce(s, WINDOW_NOTICE_CHANGED, 0);
    } else if (s->policy->notice_count > 0) {
        announce(s, WINDOW_NOTICE_FIRST, 0);
    }
    add(s->out, WINDOW_BANNER_ON);
}

static void move_miss(const struct step *s)
{
    add(s->out, WINDOW_MISSED);
}

static void move_ask(const struct step *s)
{
    s->w->ask_at = WALL_NONE;
    add(s->out, WINDOW_ASK);
}

static void move_extend(const struct step *s)
{
    struct window *w = s->w;
    set_end(w, wall_add(w->ends, s->input->extend_ms), s->now);
    w->sequence++;
    if (s->policy->notice_count > 0)
        announce(s, WINDOW_NOTICE_CHANGED, 0);
}

static void move_verify(const struct step *s)
{
    s->w->closed = s->now->wall;
    s->w->ask_at = WALL_NONE;
    s->w->verify_by = mono_add(s->now->mono, WINDOW_VERIFY_MAX_MS);
    add(s->out, WINDOW_VERIFY);
}

static void move_summarise(const struct step *s)
{
    s->w->verified = s->input->event == WINDOW_VERIFIED ? s->input->verified : WINDOW_UNVERIFIED;
    add(s->out, WINDOW_BANNER_OFF);
    add(s->out, WINDOW_SUMMARY)->verified = s->w->verified;
}

static void move_retime(const struct step *s)
{
    s->w->starts = s->input->starts;
    s->w->ends = s->input->ends;
    s->w->length_ms = wall_since(s->w->ends, s->w->starts);
}

/* Those who know the old times learn the new ones at once; the notices of the new times that are
 * still to come follow. */
static void move_retime_announced(const struct step *s)
{
    move_retime(s);
    s->w->sequence++;
    announce(s, WINDOW_NOTICE_CHANGED, newest_notice(s->w, s->policy, s->now->wall));
}

static void move_cancel_announced(const struct step *s)
{
    s->w->sequence++;
    announce(s, WINDOW_NOTICE_CANCELLED, s->w->noticed_hours);
}

static void (*const moves[MOVE_COUNT])(const struct step *) = {
    [MOVE_ANNOUNCE] = move_announce,
    [MOVE_OPEN] = move_open,
    [MOVE_BEGIN] = move_begin,
    [MOVE_MISS] = move_miss,
    [MOVE_ASK] = move_ask,
    [MOVE_EXTEND] = move_extend,
    [MOVE_VERIFY] = move_verify,
    [MOVE_SUMMARISE] = move_summarise,
    [MOVE_RETIME] = move_retime,
    [MOVE_RETIME_ANNOUNCED] = move_retime_announced,
    [MOVE_CANCEL_ANNOUNCED] = move_cancel_announced,
};

bool window_times_valid(wall_ms starts, wall_ms ends)
{
    return ends.ms > starts.ms && ends.ms - starts.ms <= WINDOW_LENGTH_MAX_MS;
}

static enum window_refusal refusal_of(const struct step *s, enum move move)
{
    const struct window *w = s->w;
    switch (move) {
    case MOVE_REFUSE_NOT_OPEN:
        return WINDOW_REFUSED_NOT_OPEN;
    case MOVE_REFUSE_OPEN:
        return WINDOW_REFUSED_OPEN;
    case MOVE_REFUSE_OVER:
        return WINDOW_REFUSED_OVER;
    case MOVE_REFUSE_CANCELLED:
        return WINDOW_REFUSED_CANCELLED;
    case MOVE_EXTEND: {
        int64_t left = w->length_ms * WINDOW_EXTENDED_TIMES - wall_since(w->ends, w->starts);
        return s->input->extend_ms <= 0     ? WINDOW_REFUSED_TIMES
               : s->input->extend_ms > left ? WINDOW_REFUSED_TOO_LONG
                                            : WINDOW_NOT_REFUSED;
    }
    case MOVE_RETIME:
    case MOVE_RETIME_ANNOUNCED:
        return window_times_valid(s->input->starts, s->input->ends) &&
                       s->input->ends.ms > s->now->wall.ms
                   ? WINDOW_NOT_REFUSED
                   : WINDOW_REFUSED_TIMES;
    default:
        return WINDOW_NOT_REFUSED;
    }
}

static void apply(struct step *s)
{
    const struct cell *cell = &table[s->w->phase][s->input->event];
    enum window_refusal refusal = refusal_of(s, cell->move);
    if (refusal != WINDOW_NOT_REFUSED) {
        refuse(s->out, refusal);
        return;
    }
    if (cell->move == MOVE_NONE)
        return;
    if (s->out->count == 0)
        add(s->out, WINDOW_SAVE);
    s->from = s->w->phase;
    s->w->phase = cell->next;
    if (moves[cell->move] != NULL)
        moves[cell->move](s);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t until_start(const struct window *w, const struct window_policy *policy,
                           const struct now *now)
{
    int64_t wait = wall_since(w->starts, now->wall);
    for (size_t i = 0; i < policy->notice_count; i++)
        if (policy->notice_hours[i] < w->noticed_hours)
            wait =
                smaller(wait, wall_since(w->starts, now->wall) - policy->notice_hours[i] * HOUR_MS);
    return wait;
}

/* By the wall clock or by the time elapsed: a clock that is set back must not make it longer. */
static int64_t until_end(const struct window *w, const struct now *now)
{
    return smaller(wall_since(w->ends, now->wall), mono_since(w->end_by, now->mono));
}

static int64_t until_ask(const struct window *w, const struct now *now)
{
    return smaller(wall_since(w->ask_at, now->wall),
                   mono_since(w->end_by, now->mono) - WINDOW_ASK_BEFORE_MS);
}

/* WINDOW_EVENT_COUNT when nothing is due. */
static enum window_event due(const struct window *w, const struct window_policy *policy,
                             const struct now *now)
{
    switch (w->phase) {
    case WINDOW_PLANNED:
    case WINDOW_ANNOUNCED:
        if (now->wall.ms >= w->ends.ms)
            return WINDOW_PASSED;
        if (now->wall.ms >= w->starts.ms)
            return WINDOW_START_DUE;
        return newest_notice(w, policy, now->wall) < w->noticed_hours ? WINDOW_NOTICE_DUE
                                                                      : WINDOW_EVENT_COUNT;
    case WINDOW_OPEN:
        if (until_end(w, now) <= 0)
            return WINDOW_END_DUE;
        return w->ask_at.ms != WALL_NONE.ms && until_ask(w, now) <= 0 ? WINDOW_ASK_DUE
                                                                      : WINDOW_EVENT_COUNT;
    case WINDOW_VERIFYING:
        return mono_reached(now->mono, w->verify_by) ? WINDOW_VERIFY_LATE : WINDOW_EVENT_COUNT;
    default:
        return WINDOW_EVENT_COUNT;
    }
}

static int64_t wake(const struct window *w, const struct window_policy *policy,
                    const struct now *now)
{
    int64_t wait;
    switch (w->phase) {
    case WINDOW_PLANNED:
    case WINDOW_ANNOUNCED:
        wait = until_start(w, policy, now);
        break;
    case WINDOW_OPEN:
        wait = until_end(w, now);
        if (w->ask_at.ms != WALL_NONE.ms)
            wait = smaller(wait, until_ask(w, now));
        break;
    case WINDOW_VERIFYING:
        wait = mono_since(w->verify_by, now->mono);
        break;
    default:
        return WINDOW_NO_WAKE;
    }
    return wait < 0 ? 0 : wait;
}

void window_init(struct window *w, wall_ms starts, wall_ms ends)
{
    *w = (struct window){.phase = WINDOW_PLANNED,
                         .starts = starts,
                         .ends = ends,
                         .length_ms = wall_since(ends, starts),
                         .noticed_hours = WINDOW_UNNOTICED,
                         .end_by = MONO_NEVER,
                         .verify_by = MONO_NEVER};
}

void window_event(struct window *w, const struct window_policy *policy,
                  const struct window_input *input, const struct now *now,
                  struct window_effects *out)
{
    struct step s = {.w = w, .policy = policy, .input = input, .now = now, .out = out};
    out->count = 0;
    apply(&s);
    out->wake_ms = wake(w, policy, now);
}

void window_tick(struct window *w, const struct window_policy *policy, const struct now *now,
                 struct window_effects *out)
{
    struct window_input input = {.event = due(w, policy, now)};
    struct step s = {.w = w, .policy = policy, .input = &input, .now = now, .out = out};
    out->count = 0;
    for (; input.event != WINDOW_EVENT_COUNT; input.event = due(w, policy, now))
        apply(&s);
    out->wake_ms = wake(w, policy, now);
}

void window_resume(struct window *w, const struct now *now, struct window_effects *out)
{
    out->count = 0;
    out->wake_ms = 0;
    w->end_by = w->verify_by = MONO_NEVER;
    if (w->phase == WINDOW_OPEN) {
        /* At most its whole length, wherever the clock stands now. */
        int64_t left = smaller(wall_since(w->ends, now->wall), wall_since(w->ends, w->starts));
        w->end_by = mono_add(now->mono, left < 0 ? 0 : left);
        add(out, WINDOW_BANNER_ON);
    } else if (w->phase == WINDOW_VERIFYING) {
        w->verify_by = mono_add(now->mono, WINDOW_VERIFY_MAX_MS);
        add(out, WINDOW_BANNER_ON);
        add(out, WINDOW_VERIFY);
    }
}

bool window_holds(const struct window *w)
{
    return w->phase == WINDOW_OPEN || w->phase == WINDOW_VERIFYING;
}

size_t window_count_holding(const struct window *const windows[], size_t count)
{
    size_t holding = 0;
    for (size_t i = 0; i < count; i++)
        holding += window_holds(windows[i]);
    return holding;
}

const char *const window_impact_words[] = {
    [WINDOW_OUTAGE] = "outage",
    [WINDOW_DEGRADED] = "degraded",
    [WINDOW_REDUCED_REDUNDANCY] = "reduced-redundancy",
    [WINDOW_NO_IMPACT] = "no-impact",
    [WINDOW_IMPACT_COUNT] = NULL,
};

const char *window_phase_word(enum window_phase phase)
{
    static const char *const words[] = {
        [WINDOW_PLANNED] = "planned", [WINDOW_ANNOUNCED] = "announced",
        [WINDOW_OPEN] = "open",       [WINDOW_VERIFYING] = "verifying",
        [WINDOW_ENDED] = "ended",     [WINDOW_CANCELLED] = "cancelled",
    };
    static_assert(ARRAY_LENGTH(words) == WINDOW_PHASE_COUNT, "a word for every phase");
    return words[phase];
}

const char *window_refusal_text(enum window_refusal refusal)
{
    static const char *const texts[] = {
        [WINDOW_NOT_REFUSED] = "",
        [WINDOW_REFUSED_NOT_OPEN] = "The window is not open.",
        [WINDOW_REFUSED_OPEN] = "The window is open: end or extend it instead.",
        [WINDOW_REFUSED_OVER] = "The window is over. Plan a new one.",
        [WINDOW_REFUSED_CANCELLED] = "The window is cancelled. Plan a new one.",
        [WINDOW_REFUSED_TOO_LONG] =
            "With extensions a window lasts at most twice its planned length.",
        [WINDOW_REFUSED_TIMES] =
            "A window ends after it starts and after now, and lasts at most 24 hours.",
    };
    static_assert(ARRAY_LENGTH(texts) == WINDOW_REFUSAL_COUNT, "a text for every refusal");
    return texts[refusal];
}
