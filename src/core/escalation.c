#include "core/escalation.h"

#include <assert.h>

#include "base/attr.h"
#include "core/persisted.h"

enum { L1, L2, L3, L4 };

struct step {
    struct escalation *e;
    const struct escalation_input *in;
    mono_ms now;
    struct escalation_effects *out;
};

struct escalation_policy escalation_policy_default(void)
{
    return (struct escalation_policy){
        .count = ESCALATION_LEVELS,
        .levels =
            {
                {.name = "Operations Team"},
                {.name = "Senior Admin", .after_ms = 1800000},
                {.name = "Engineering Team", .after_ms = 7200000},
                {.name = "Executive", .after_ms = 14400000},
            },
    };
}

static void emit(struct step *s, enum escalation_effect_kind kind, enum escalation_why why,
                 int level, channel_set channels)
{
    assert(s->out->count < ESCALATION_EFFECTS_MAX);
    s->out->items[s->out->count++] = (struct escalation_effect){
        .kind = kind,
        .why = why,
        .level = level,
        .channels = channels,
        .generation = s->e->generation,
    };
}

static int level_count(const struct escalation *e)
{
    return (int)e->policy.count;
}

static int highest_called(const struct escalation *e)
{
    int highest = L1;
    for (int n = 0; n < level_count(e); n++)
        if ((e->called >> n & 1) != 0)
            highest = n;
    return highest;
}

/* ── calls ── */

/* Calls a level, or the next one that can be reached. Returns the level called, or their number
 * when there is none. */
static int call(struct step *s, int level, enum escalation_why why)
{
    struct escalation *e = s->e;
    for (; level < level_count(e); level++) {
        channel_set live = e->policy.levels[level].channels & ~s->in->dead;
        if (live != 0) {
            e->called |= 1u << level;
            emit(s, ESCALATION_CALL, why, level, live);
            return level;
        }
        emit(s, ESCALATION_SKIPPED, why, level, 0);
    }
    emit(s, ESCALATION_UNREACHED, why, level, 0);
    return level;
}

/* The unresolved clock goes on with the level after this one. */
static void passed(struct step *s, int level)
{
    struct escalation *e = s->e;
    if (level < e->unresolved_level)
        return;
    int next = level + 1;
    if (next >= level_count(e)) {
        e->unresolved_due = MONO_NEVER;
        e->unresolved_level = level_count(e);
        return;
    }
    int64_t more = e->policy.levels[next].after_ms - e->policy.levels[e->unresolved_level].after_ms;
    e->unresolved_due = mono_add(e->unresolved_due, more > 0 ? more : 0);
    e->unresolved_level = next;
}

/* P1 calls levels 1 and 2. Where level 1 had to be skipped, level 2 was called in its place. */
static void call_both(struct step *s, enum escalation_why why)
{
    int first = call(s, L1, why);
    if (first == L1 && level_count(s->e) > L2)
        (void)call(s, L2, why);
}

static void call_for_severity(struct step *s)
{
    struct escalation *e = s->e;
    enum escalation_why why =
        e->rated == SEVERITY_NONE ? ESCALATION_WHY_OPENED : ESCALATION_WHY_WORSE;
    bool starts = e->rated == SEVERITY_NONE;
    e->rated = e->severity;
    if (e->severity == SEVERITY_P1) {
        call_both(s, why);
        e->unacked_due = mono_add(s->now, ESCALATION_AGAIN_MS);
    } else {
        (void)call(s, L1, why);
        e->unacked_due = mono_add(s->now, ESCALATION_P2_MS);
    }
    if (starts && level_count(e) > L2) {
        e->unresolved_level = L2;
        e->unresolved_due = mono_add(s->now, e->policy.levels[L2].after_ms);
    }
}

static void straight_up(struct step *s, bool is, bool *seen, int level, enum escalation_why why)
{
    if (!is || *seen)
        return;
    *seen = true;
    passed(s, call(s, level, why));
}

/* What is due now. */
static void run(struct step *s)
{
    struct escalation *e = s->e;
    if (e->severity > e->rated)
        call_for_severity(s);
    straight_up(s, s->in->recurs, &e->recurs, L3, ESCALATION_WHY_RECURS);
    straight_up(s, s->in->data_at_risk, &e->data_at_risk, L4, ESCALATION_WHY_DATA);
    straight_up(s, s->in->breach, &e->breach, L4, ESCALATION_WHY_BREACH);
    if (mono_reached(s->now, e->unacked_due)) {
        e->unacked_due = MONO_NEVER;
        if (e->rated == SEVERITY_P1)
            call_both(s, ESCALATION_WHY_UNACKED);
        else
            (void)call(s, L2, ESCALATION_WHY_UNACKED);
    }
    while (mono_reached(s->now, e->unresolved_due))
        passed(s, call(s, e->unresolved_level, ESCALATION_WHY_UNRESOLVED));
}

/* ── clocks ── */

static mono_ms due_of(mono_ms now, int64_t left)
{
    return left < 0 ? MONO_NEVER : mono_add(now, left);
}

static int64_t left_of(mono_ms now, mono_ms due)
{
    if (due.ms == MONO_NEVER.ms)
        return -1;
    return mono_reached(now, due) ? 0 : mono_since(due, now);
}

static void run_clocks(struct step *s)
{
    struct escalation *e = s->e;
    bool runs = e->state == ESCALATION_CALLING && e->severity >= SEVERITY_P2 && !e->held;
    if (e->running && !runs) {
        e->unacked_left = left_of(s->now, e->unacked_due);
        e->unresolved_left = left_of(s->now, e->unresolved_due);
        e->unacked_due = e->unresolved_due = MONO_NEVER;
    } else if (!e->running && runs) {
        e->unacked_due = due_of(s->now, e->unacked_left);
        e->unresolved_due = due_of(s->now, e->unresolved_left);
    }
    e->running = runs;
    if (runs)
        run(s);
}

static int64_t ack_length(enum severity severity)
{
    return severity == SEVERITY_P1 ? ESCALATION_ACK_P1_MS : ESCALATION_ACK_MS;
}

static mono_ms next_step(const struct escalation *e)
{
    if (e->held)
        return MONO_NEVER;
    if (e->state == ESCALATION_ACKNOWLEDGED)
        return e->warned ? e->ack_until : mono_add(e->ack_until, -ESCALATION_WARN_MS);
    return e->running ? mono_min(e->unacked_due, e->unresolved_due) : MONO_NEVER;
}

/* ── cells ── */

static void nothing(struct step *s)
{
    (void)s;
}

/* The one place that changes the state. Calls that were made before it are no longer sent. */
static void enter(struct step *s, enum escalation_state next)
{
    s->e->state = next;
    s->e->generation++;
    s->e->warned = false;
    if (next != ESCALATION_ACKNOWLEDGED) {
        s->e->ack_until = MONO_NEVER;
        s->e->mitigated = false;
    }
}

static void begin(struct step *s)
{
    struct escalation *e = s->e;
    uint64_t generation = e->generation;
    bool held = e->held;
    assert(s->in->policy != NULL && s->in->policy->count <= ESCALATION_LEVELS);
    escalation_init(e);
    e->generation = generation;
    e->held = held;
    e->policy = *s->in->policy;
    e->severity = s->in->severity;
    enter(s, ESCALATION_CALLING);
}

static void acknowledge(struct step *s)
{
    struct escalation *e = s->e;
    bool mitigated = e->mitigated || e->state == ESCALATION_PAUSED;
    enter(s, ESCALATION_ACKNOWLEDGED);
    e->mitigated = mitigated;
    e->ack_until = mono_add(s->now, ack_length(e->severity));
    emit(s, ESCALATION_ACKED, ESCALATION_WHY_OPENED, highest_called(e), 0);
}

static void renew(struct step *s)
{
    s->e->ack_until = mono_add(s->now, ack_length(s->e->severity));
    s->e->warned = false;
}

static void rated_acked(struct step *s)
{
    s->e->ack_until = mono_min(s->e->ack_until, mono_add(s->now, ack_length(s->e->severity)));
}

static void wake_acked(struct step *s)
{
    struct escalation *e = s->e;
    if (e->held)
        return;
    int level = highest_called(e);
    channel_set channels =
        level < level_count(e) ? e->policy.levels[level].channels & ~s->in->dead : 0;
    if (mono_reached(s->now, e->ack_until)) {
        enter(s, e->mitigated ? ESCALATION_PAUSED : ESCALATION_CALLING);
        emit(s, ESCALATION_ACK_ENDED, ESCALATION_WHY_UNACKED, level, channels);
        return;
    }
    if (!e->warned && mono_reached(mono_add(s->now, ESCALATION_WARN_MS), e->ack_until)) {
        e->warned = true;
        emit(s, ESCALATION_ACK_WARN, ESCALATION_WHY_UNACKED, level, channels);
    }
}

static void one_up(struct step *s)
{
    struct escalation *e = s->e;
    if (e->held || e->severity < SEVERITY_P2 || level_count(e) == 0)
        return;
    int level = highest_called(e) + 1;
    (void)call(s, level < level_count(e) ? level : level_count(e) - 1, ESCALATION_WHY_NO_UPDATE);
}

/* The person knows what no clock does: the code has to change, customers are hit. A call of theirs
 * leaves an acknowledgement as it is. */
static void ask(struct step *s)
{
    struct escalation *e = s->e;
    int next = e->called == 0 ? L1 : highest_called(e) + 1;
    int level = s->in->level > 0 ? s->in->level - 1 : next;
    if (level_count(e) == 0)
        return;
    level = call(s, level < level_count(e) ? level : level_count(e) - 1, ESCALATION_WHY_ASKED);
    if (e->running)
        passed(s, level);
}

static void pause(struct step *s)
{
    enter(s, ESCALATION_PAUSED);
}

static void pause_acked(struct step *s)
{
    s->e->mitigated = true;
}

static void go_on(struct step *s)
{
    enter(s, ESCALATION_CALLING);
}

static void go_on_acked(struct step *s)
{
    s->e->mitigated = false;
}

static void end(struct step *s)
{
    enter(s, ESCALATION_OFF);
}

typedef void cell(struct step *);

/* clang-format off */
static cell *const table[][ESCALATION_EVENT_COUNT] = {
    /*                            BEGIN    WAKE        RATE         ACK          UPDATE   UP       ASK      MITIGATED    BAD_AGAIN    END */
    [ESCALATION_OFF]          = {begin,   nothing,    nothing,     nothing,     nothing, nothing, nothing, nothing,     nothing,     nothing},
    [ESCALATION_CALLING]      = {nothing, nothing,    nothing,     acknowledge, nothing, one_up,  ask,     pause,       nothing,     end},
    [ESCALATION_ACKNOWLEDGED] = {nothing, wake_acked, rated_acked, acknowledge, renew,   nothing, ask,     pause_acked, go_on_acked, end},
    [ESCALATION_PAUSED]       = {nothing, nothing,    nothing,     acknowledge, nothing, nothing, ask,     nothing,     go_on,       end},
};
/* clang-format on */
static_assert(ARRAY_LENGTH(table) == ESCALATION_STATE_COUNT, "a row for every state");
static_assert(ARRAY_LENGTH(table[0]) == 10, "a column for every event");

void escalation_init(struct escalation *e)
{
    *e = (struct escalation){
        .unresolved_level = ESCALATION_LEVELS,
        .unacked_due = MONO_NEVER,
        .unresolved_due = MONO_NEVER,
        .unacked_left = -1,
        .unresolved_left = -1,
        .ack_until = MONO_NEVER,
        .next_at = MONO_NEVER,
    };
}

static bool stored_the_same(const struct escalation *a, const struct escalation *b)
{
    return a->state == b->state && a->severity == b->severity && a->generation == b->generation &&
           a->mitigated == b->mitigated && a->warned == b->warned && a->held == b->held &&
           a->running == b->running && a->called == b->called && a->rated == b->rated &&
           a->unacked_due.ms == b->unacked_due.ms && a->unresolved_due.ms == b->unresolved_due.ms &&
           a->ack_until.ms == b->ack_until.ms;
}

void escalation_step(struct escalation *e, const struct escalation_input *input, mono_ms now,
                     struct escalation_effects *out)
{
    assert(e->state < ESCALATION_STATE_COUNT && input->event < ESCALATION_EVENT_COUNT);
    assert(input->severity < SEVERITY_COUNT);
    struct step s = {e, input, now, out};
    struct escalation before = *e;
    out->count = 0;
    e->held = input->held;
    e->severity = e->state == ESCALATION_OFF ? e->severity : input->severity;
    table[e->state][input->event](&s);
    run_clocks(&s);
    e->next_at = next_step(e);
    if (out->count > 0 || !stored_the_same(&before, e))
        emit(&s, ESCALATION_STORE, ESCALATION_WHY_OPENED, 0, 0);
    out->wake = e->next_at;
}

bool escalation_event_of(const struct incident_effect *effect, enum escalation_state state,
                         enum escalation_event *ret_event)
{
    switch (effect->kind) {
    case INCIDENT_OPENED:
        *ret_event = ESCALATION_BEGIN;
        return true;
    case INCIDENT_REOPENED:
        *ret_event = state == ESCALATION_OFF ? ESCALATION_BEGIN : ESCALATION_BAD_AGAIN;
        return true;
    case INCIDENT_STATUS:
        *ret_event = effect->status == INCIDENT_MITIGATED ? ESCALATION_MITIGATED : ESCALATION_END;
        return true;
    case INCIDENT_RATED:
        *ret_event = ESCALATION_RATE;
        return true;
    case INCIDENT_UPDATED:
        *ret_event = ESCALATION_UPDATE;
        return true;
    case INCIDENT_UNANSWERED:
        *ret_event = ESCALATION_UP;
        return true;
    default:
        return false;
    }
}

bool escalation_current(const struct escalation *e, uint64_t generation)
{
    return generation == e->generation && e->state == ESCALATION_CALLING;
}

bool escalation_overdue(const struct escalation *e, mono_ms now)
{
    return e->next_at.ms != MONO_NEVER.ms && mono_since(now, e->next_at) > ESCALATION_OVERDUE_MS;
}

void escalation_channels_moved(struct escalation *e, const int8_t to[ROUTE_CHANNELS_MAX])
{
    for (int n = 0; n < level_count(e); n++)
        e->policy.levels[n].channels = route_moved(e->policy.levels[n].channels, to);
}

/* ── on the disk ── */

void escalation_save(const struct escalation *e, struct now now, struct escalation_saved *ret)
{
    *ret = (struct escalation_saved){
        .escalation = *e,
        .unacked_due = persisted_time(e->unacked_due, now),
        .unresolved_due = persisted_time(e->unresolved_due, now),
        .ack_until = persisted_time(e->ack_until, now),
    };
}

void escalation_load(struct escalation *e, const struct escalation_saved *saved, struct now now)
{
    *e = saved->escalation;
    int64_t unacked = e->rated == SEVERITY_P1 ? ESCALATION_AGAIN_MS : ESCALATION_P2_MS;
    int64_t unresolved =
        e->unresolved_level < level_count(e) ? e->policy.levels[e->unresolved_level].after_ms : 0;
    e->unacked_due = persisted_due(saved->unacked_due, now, unacked);
    e->unresolved_due = persisted_due(saved->unresolved_due, now, unresolved);
    e->ack_until = persisted_due(saved->ack_until, now, ack_length(e->severity));
    e->next_at = next_step(e);
}

/* ── words ── */

const char *escalation_state_word(enum escalation_state state)
{
    static const char *const words[] = {
        [ESCALATION_OFF] = "off",
        [ESCALATION_CALLING] = "calling",
        [ESCALATION_ACKNOWLEDGED] = "acknowledged",
        [ESCALATION_PAUSED] = "paused",
    };
    static_assert(ARRAY_LENGTH(words) == ESCALATION_STATE_COUNT, "a word for every state");
    assert(state < ESCALATION_STATE_COUNT);
    return words[state];
}

const char *escalation_why_word(enum escalation_why why)
{
    static const char *const words[] = {
        [ESCALATION_WHY_OPENED] = "opened",         [ESCALATION_WHY_UNACKED] = "unacknowledged",
        [ESCALATION_WHY_UNRESOLVED] = "unresolved", [ESCALATION_WHY_WORSE] = "worse",
        [ESCALATION_WHY_RECURS] = "recurs",         [ESCALATION_WHY_DATA] = "data_at_risk",
        [ESCALATION_WHY_BREACH] = "breach",         [ESCALATION_WHY_NO_UPDATE] = "no_update",
        [ESCALATION_WHY_ASKED] = "asked",
    };
    static_assert(ARRAY_LENGTH(words) == ESCALATION_WHY_COUNT, "a word for every reason");
    assert(why < ESCALATION_WHY_COUNT);
    return words[why];
}
