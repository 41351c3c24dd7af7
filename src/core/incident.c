#include "core/incident.h"

#include <assert.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/persisted.h"

struct step {
    struct incident *i;
    const struct incident_input *in;
    struct now now;
    struct incident_effects *out;
};

static struct incident_effect *emit(struct step *s, enum incident_effect_kind kind)
{
    assert(s->out->count < INCIDENT_EFFECTS_MAX);
    struct incident_effect *e = &s->out->items[s->out->count++];
    *e = (struct incident_effect){
        .kind = kind,
        .status = s->i->status,
        .severity = s->i->severity,
        .reminders = s->i->reminders,
    };
    return e;
}

static void refuse(struct step *s, enum incident_refusal refusal)
{
    emit(s, INCIDENT_REFUSED)->refusal = refusal;
}

/* People have it in hand: it does not end without them. */
static bool manned(const struct incident *i)
{
    return i->commander[0] != '\0' || i->by_hand;
}

/* ── status updates ── */

int64_t incident_update_every_ms(enum severity severity)
{
    switch (severity) {
    case SEVERITY_P1:
        return INCIDENT_UPDATE_P1_MS;
    case SEVERITY_P2:
        return INCIDENT_UPDATE_P2_MS;
    default:
        return 0;
    }
}

int64_t incident_respond_within_ms(enum severity severity)
{
    static const int64_t within[SEVERITY_COUNT] = {[SEVERITY_P1] = INCIDENT_RESPOND_P1_MS,
                                                   [SEVERITY_P2] = INCIDENT_RESPOND_P2_MS,
                                                   [SEVERITY_P3] = INCIDENT_RESPOND_P3_MS};
    return within[severity];
}

int64_t incident_solve_within_ms(enum severity severity)
{
    static const int64_t within[SEVERITY_COUNT] = {[SEVERITY_P1] = INCIDENT_SOLVE_P1_MS,
                                                   [SEVERITY_P2] = INCIDENT_SOLVE_P2_MS,
                                                   [SEVERITY_P3] = INCIDENT_SOLVE_P3_MS,
                                                   [SEVERITY_P4] = INCIDENT_SOLVE_P4_MS};
    return within[severity];
}

static void expect_update(struct step *s, int64_t ms)
{
    struct incident *i = s->i;
    i->update_ms = ms;
    i->reminders = 0;
    i->update_due = ms > 0 ? mono_add(s->now.mono, ms) : MONO_NEVER;
    i->remind_due = i->update_due;
}

/* One reminder, however many would have been due in the meantime. */
static void remind_if_due(struct step *s)
{
    struct incident *i = s->i;
    if (s->in->held || !incident_open(i) || !mono_reached(s->now.mono, i->remind_due))
        return;
    if (i->reminders >= INCIDENT_REMINDERS) {
        emit(s, INCIDENT_UNANSWERED);
        expect_update(s, incident_update_every_ms(i->severity));
        return;
    }
    i->reminders++;
    i->remind_due = mono_add(s->now.mono, INCIDENT_REMIND_MS);
    emit(s, INCIDENT_REMINDER);
}

/* ── severity and status ── */

static void rate(struct step *s, enum severity severity)
{
    struct incident *i = s->i;
    if (severity == i->severity)
        return;
    i->severity = severity;
    if (severity > i->worst)
        i->worst = severity;
    emit(s, INCIDENT_RATED);
    /* A promise that was given holds, unless the usual time is shorter. */
    int64_t usual = incident_update_every_ms(severity);
    mono_ms due = usual > 0 ? mono_add(s->now.mono, usual) : MONO_NEVER;
    if (usual == 0 || due.ms < i->update_due.ms)
        expect_update(s, usual);
    else if (i->update_ms > usual)
        i->update_ms = usual; /* no more than this is left of it */
}

/* The one place that changes the status of an incident that is open. */
static void enter(struct step *s, enum incident_status next)
{
    struct incident *i = s->i;
    i->status = next;
    i->ask_due = MONO_NEVER;
    if (next == INCIDENT_MITIGATED) {
        i->mitigated = s->now.wall;
        i->ask_due = manned(i) ? mono_add(s->now.mono, INCIDENT_ASK_MS) : MONO_NEVER;
    }
    if (next == INCIDENT_RESOLVED) {
        i->resolved = s->now.wall;
        i->resolved_at = s->now.mono;
        i->update_due = i->remind_due = MONO_NEVER;
        i->reminders = 0;
    }
    if (next == INCIDENT_CLOSED)
        i->closed = s->now.wall;
}

static void open_as(struct step *s, enum severity severity)
{
    struct incident *i = s->i;
    incident_init(i);
    i->status = INCIDENT_INVESTIGATING;
    i->severity = i->worst = severity;
    i->opened = s->now.wall;
    expect_update(s, incident_update_every_ms(severity));
    emit(s, INCIDENT_OPENED);
}

static void resolve(struct step *s)
{
    enter(s, INCIDENT_RESOLVED);
    emit(s, INCIDENT_STATUS);
    emit(s, INCIDENT_RESOLUTION);
}

static void mitigate(struct step *s)
{
    enter(s, INCIDENT_MITIGATED);
    emit(s, INCIDENT_STATUS);
}

static void reopen(struct step *s)
{
    struct incident *i = s->i;
    enter(s, INCIDENT_INVESTIGATING);
    i->resolved_at = MONO_NEVER;
    i->resolved = WALL_NONE;
    emit(s, INCIDENT_REOPENED);
}

/* The worst alert as it is now. Returns what it was before. */
static enum severity note_alerts(struct step *s)
{
    struct incident *i = s->i;
    enum severity before = i->alerts;
    i->alerts = s->in->severity;
    if (i->alerts != SEVERITY_NONE) {
        i->stable_since = MONO_NEVER;
        i->by_hand = false;
    } else if (before != SEVERITY_NONE || i->stable_since.ms == MONO_NEVER.ms) {
        i->stable_since = s->now.mono;
    }
    return before;
}

/* ── cells ── */

static void nothing(struct step *s)
{
    (void)s;
}

static void not_open(struct step *s)
{
    refuse(s, INCIDENT_REFUSE_NOT_OPEN);
}

static void still_open(struct step *s)
{
    refuse(s, INCIDENT_REFUSE_OPEN);
}

static void is_closed(struct step *s)
{
    refuse(s, INCIDENT_REFUSE_CLOSED);
}

static void alerts_open(struct step *s)
{
    if (s->in->severity == SEVERITY_NONE)
        return;
    open_as(s, s->in->severity);
    (void)note_alerts(s);
}

static void hand_open(struct step *s)
{
    if (s->in->severity == SEVERITY_NONE) {
        refuse(s, INCIDENT_REFUSE_VALUE);
        return;
    }
    open_as(s, s->in->severity);
    s->i->by_hand = true;
}

static void alerts_investigating(struct step *s)
{
    struct incident *i = s->i;
    enum severity before = note_alerts(s);
    if (i->alerts > before && i->alerts > i->severity)
        rate(s, i->alerts);
    if (i->alerts >= before)
        return;
    mitigate(s);
    if (i->alerts != SEVERITY_NONE && i->alerts < i->severity)
        rate(s, i->alerts);
}

static void alerts_mitigated(struct step *s)
{
    struct incident *i = s->i;
    enum severity before = note_alerts(s);
    if (i->alerts > before) {
        reopen(s);
        rate(s, i->alerts);
    } else if (i->alerts != SEVERITY_NONE && i->alerts < i->severity) {
        rate(s, i->alerts);
    }
}

static void alerts_resolved(struct step *s)
{
    struct incident *i = s->i;
    if (s->in->severity == SEVERITY_NONE)
        return;
    if (mono_since(s->now.mono, i->resolved_at) >= INCIDENT_REOPEN_MS) {
        emit(s, INCIDENT_ANOTHER);
        return;
    }
    (void)note_alerts(s);
    reopen(s);
    rate(s, i->alerts);
    expect_update(s, incident_update_every_ms(i->severity));
}

static void alerts_closed(struct step *s)
{
    if (s->in->severity != SEVERITY_NONE)
        emit(s, INCIDENT_ANOTHER);
}

static void another(struct step *s)
{
    emit(s, INCIDENT_ANOTHER);
}

static void wake_open(struct step *s)
{
    remind_if_due(s);
}

static void wake_mitigated(struct step *s)
{
    struct incident *i = s->i;
    bool stable = i->alerts == SEVERITY_NONE && i->stable_since.ms != MONO_NEVER.ms &&
                  mono_since(s->now.mono, i->stable_since) >= INCIDENT_STABLE_MS;
    if (stable && !manned(i)) {
        resolve(s);
        return;
    }
    if (!s->in->held && mono_reached(s->now.mono, i->ask_due)) {
        emit(s, INCIDENT_ASK_OVER);
        i->ask_due = mono_add(s->now.mono, INCIDENT_ASK_MS);
    }
    remind_if_due(s);
}

static void wake_resolved(struct step *s)
{
    struct incident *i = s->i;
    if (manned(i) || mono_since(s->now.mono, i->resolved_at) < INCIDENT_CLOSE_MS)
        return;
    i->postmortem = POSTMORTEM_WAIVED;
    enter(s, INCIDENT_CLOSED);
    emit(s, INCIDENT_STATUS);
}

static void take(struct step *s)
{
    struct incident *i = s->i;
    const char *person = s->in->person;
    if (person == NULL || person[0] == '\0') {
        refuse(s, INCIDENT_REFUSE_VALUE);
        return;
    }
    if (str_equal(i->commander, person))
        return;
    (void)str_copy(i->commander, sizeof i->commander, person);
    if (i->status == INCIDENT_MITIGATED)
        i->ask_due = mono_add(s->now.mono, INCIDENT_ASK_MS);
    emit(s, INCIDENT_COMMAND);
}

static void update(struct step *s)
{
    int64_t next = s->in->next_ms;
    if (next != 0 && (next < INCIDENT_UPDATE_LEAST_MS || next > INCIDENT_UPDATE_MOST_MS)) {
        refuse(s, INCIDENT_REFUSE_VALUE);
        return;
    }
    expect_update(s, next != 0 ? next : incident_update_every_ms(s->i->severity));
    emit(s, INCIDENT_UPDATED);
}

static void hand_rate(struct step *s)
{
    if (s->in->severity == SEVERITY_NONE)
        refuse(s, INCIDENT_REFUSE_VALUE);
    else
        rate(s, s->in->severity);
}

static void hand_resolve(struct step *s)
{
    if (s->i->alerts != SEVERITY_NONE)
        refuse(s, INCIDENT_REFUSE_BAD);
    else
        resolve(s);
}

static void hand_close(struct step *s)
{
    if (s->in->postmortem == POSTMORTEM_NONE) {
        refuse(s, INCIDENT_REFUSE_POSTMORTEM);
        return;
    }
    s->i->postmortem = s->in->postmortem;
    enter(s, INCIDENT_CLOSED);
    emit(s, INCIDENT_STATUS);
}

typedef void cell(struct step *);

/* clang-format off */
static cell *const table[][INCIDENT_EVENT_COUNT] = {
    /*                           ALERTS                WAKE            OPEN        TAKE       UPDATE     SEVERITY   MITIGATE   RESOLVE       CLOSE */
    [INCIDENT_NONE]          = {alerts_open,          nothing,        hand_open,  not_open,  not_open,  not_open,  not_open,  not_open,     not_open},
    [INCIDENT_INVESTIGATING] = {alerts_investigating, wake_open,      still_open, take,      update,    hand_rate, mitigate,  hand_resolve, still_open},
    [INCIDENT_MITIGATED]     = {alerts_mitigated,     wake_mitigated, still_open, take,      update,    hand_rate, nothing,   hand_resolve, still_open},
    [INCIDENT_RESOLVED]      = {alerts_resolved,      wake_resolved,  another,    take,      not_open,  not_open,  not_open,  nothing,      hand_close},
    [INCIDENT_CLOSED]        = {alerts_closed,        nothing,        another,    is_closed, is_closed, is_closed, is_closed, is_closed,    is_closed},
};
/* clang-format on */
static_assert(ARRAY_LENGTH(table) == INCIDENT_STATUS_COUNT, "a row for every status");
static_assert(ARRAY_LENGTH(table[0]) == 9, "a column for every event");

static mono_ms wake_at(const struct incident *i, bool held)
{
    mono_ms wake = MONO_NEVER;
    if (incident_open(i) && !held)
        wake = mono_min(i->remind_due, i->ask_due);
    if (i->status == INCIDENT_MITIGATED && !manned(i) && i->alerts == SEVERITY_NONE &&
        i->stable_since.ms != MONO_NEVER.ms)
        wake = mono_min(wake, mono_add(i->stable_since, INCIDENT_STABLE_MS));
    if (i->status == INCIDENT_RESOLVED && !manned(i))
        wake = mono_add(i->resolved_at, INCIDENT_CLOSE_MS);
    return wake;
}

void incident_init(struct incident *i)
{
    *i = (struct incident){
        .stable_since = MONO_NEVER,
        .resolved_at = MONO_NEVER,
        .ask_due = MONO_NEVER,
        .update_due = MONO_NEVER,
        .remind_due = MONO_NEVER,
    };
}

void incident_step(struct incident *i, const struct incident_input *input, struct now now,
                   struct incident_effects *out)
{
    assert(i->status < INCIDENT_STATUS_COUNT && input->event < INCIDENT_EVENT_COUNT);
    assert(input->severity < SEVERITY_COUNT);
    struct step s = {i, input, now, out};
    enum severity alerts = i->alerts;
    out->count = 0;
    table[i->status][input->event](&s);
    bool changed = out->count > 0 && out->items[0].kind != INCIDENT_REFUSED &&
                   out->items[0].kind != INCIDENT_ANOTHER;
    if (changed || i->alerts != alerts)
        emit(&s, INCIDENT_STORE);
    out->wake = wake_at(i, input->held);
}

bool incident_open(const struct incident *i)
{
    return i->status == INCIDENT_INVESTIGATING || i->status == INCIDENT_MITIGATED;
}

/* ── on the disk ── */

void incident_save(const struct incident *i, struct now now, struct incident_saved *ret)
{
    *ret = (struct incident_saved){
        .incident = *i,
        .stable_since = persisted_time(i->stable_since, now),
        .resolved_at = persisted_time(i->resolved_at, now),
        .ask_due = persisted_time(i->ask_due, now),
        .update_due = persisted_time(i->update_due, now),
        .remind_due = persisted_time(i->remind_due, now),
    };
}

void incident_load(struct incident *i, const struct incident_saved *saved, struct now now)
{
    *i = saved->incident;
    int64_t remind = i->reminders > 0 ? INCIDENT_REMIND_MS : i->update_ms;
    i->stable_since = persisted_since(saved->stable_since, now, INCIDENT_STABLE_MS);
    i->resolved_at = persisted_since(saved->resolved_at, now, INCIDENT_CLOSE_MS);
    i->ask_due = persisted_due(saved->ask_due, now, INCIDENT_ASK_MS);
    i->update_due = persisted_due(saved->update_due, now, i->update_ms);
    i->remind_due = persisted_due(saved->remind_due, now, remind);
}

/* ── words ── */

static const char *const status_words[] = {
    [INCIDENT_NONE] = "none",           [INCIDENT_INVESTIGATING] = "investigating",
    [INCIDENT_MITIGATED] = "mitigated", [INCIDENT_RESOLVED] = "resolved",
    [INCIDENT_CLOSED] = "closed",
};
static_assert(ARRAY_LENGTH(status_words) == INCIDENT_STATUS_COUNT, "a word for every status");

const char *incident_status_word(enum incident_status status)
{
    assert(status < INCIDENT_STATUS_COUNT);
    return status_words[status];
}

enum incident_status incident_status_by_word(const char *word)
{
    int i = str_index(status_words, INCIDENT_STATUS_COUNT, word);
    return i < 0 ? INCIDENT_NONE : (enum incident_status)i;
}

const char *incident_refusal_text(enum incident_refusal refusal)
{
    static const char *const texts[] = {
        [INCIDENT_REFUSE_NOT] = "",
        [INCIDENT_REFUSE_NOT_OPEN] = "The incident is not open. Open a new one.",
        [INCIDENT_REFUSE_OPEN] = "The incident is still open. Resolve it first.",
        [INCIDENT_REFUSE_POSTMORTEM] =
            "An incident is closed when its post-mortem is kept or waived. Say which.",
        [INCIDENT_REFUSE_BAD] =
            ("Alerts of the service still fire: resus alert list shows them. Resolve the incident "
             "when they are over."),
        [INCIDENT_REFUSE_VALUE] =
            "A severity is P1 to P4, a commander has a name, and updates are due within a day.",
        [INCIDENT_REFUSE_CLOSED] = "The incident is closed and cannot be changed.",
        [INCIDENT_REFUSE_LEVEL] =
            "There is no such level to call. The settings name them: `escalation.levels`.",
    };
    static_assert(ARRAY_LENGTH(texts) == INCIDENT_REFUSAL_COUNT, "a text for every refusal");
    assert(refusal < INCIDENT_REFUSAL_COUNT);
    return texts[refusal];
}
