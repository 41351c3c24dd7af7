#include "core/alert.h"

#include <assert.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/persisted.h"

struct step {
    struct alert *a;
    const struct alert_policy *policy;
    const struct alert_input *in;
    struct now now;
    struct alert_effects *out;
};

static void emit(struct step *s, enum alert_effect_kind kind, enum alert_why why,
                 channel_set channels)
{
    assert(s->out->count < ALERT_EFFECTS_MAX);
    s->out->items[s->out->count++] = (struct alert_effect){
        .kind = kind,
        .why = why,
        .severity = s->a->severity,
        .cause = s->a->cause,
        .episode = s->a->episode,
        .channels = channels,
    };
}

/* The one place that changes the state. */
static void enter(struct step *s, enum alert_state next)
{
    s->a->state = next;
    if (next != ALERT_CLEARING && next != ALERT_FLAPPING)
        s->a->well_since = MONO_NEVER;
    if (next != ALERT_FLAPPING)
        s->a->flap_sent = false;
}

/* ── messages ── */

static void note_sent(struct step *s)
{
    struct alert *a = s->a;
    a->sent_severity = a->severity;
    a->sent_cause = a->cause;
    a->sent_members = a->members;
    a->updated = s->now.mono;
}

static void announce(struct step *s, enum alert_why why)
{
    struct alert *a = s->a;
    a->announced = true;
    a->notified = s->in->routes->by_severity[a->severity];
    a->closed = 0;
    note_sent(s);
    if (a->state == ALERT_FLAPPING && !a->flap_sent && why != ALERT_WHY_WORSE) {
        a->flap_sent = true;
        why = ALERT_WHY_FLAPPING;
    }
    emit(s, ALERT_TRIGGER, why, a->notified);
}

/* A pager takes no second trigger of an open key: what is worse gets a new one. */
static void send_worse(struct step *s)
{
    struct alert *a = s->a;
    emit(s, ALERT_RESOLVE, ALERT_WHY_WORSE, a->notified);
    a->episode++;
    announce(s, ALERT_WHY_WORSE);
}

static void send_milder(struct step *s)
{
    struct alert *a = s->a;
    channel_set wanted = s->in->routes->by_severity[a->severity];
    channel_set leaving = a->notified & ~wanted, staying = a->notified & wanted;
    channel_set joining = wanted & ~a->notified & ~a->closed;
    if (leaving != 0)
        emit(s, ALERT_RESOLVE, ALERT_WHY_MILDER, leaving);
    if (staying != 0)
        emit(s, ALERT_UPDATE, ALERT_WHY_MILDER, staying);
    if (joining != 0)
        emit(s, ALERT_TRIGGER, ALERT_WHY_MILDER, joining);
    a->closed |= leaving;
    a->notified = staying | joining;
    note_sent(s);
}

/* Something that is no reason for a page, but for a line in the chat. */
static bool news(const struct alert *a)
{
    return a->state == ALERT_FIRING && (a->cause != a->sent_cause || a->members > a->sent_members);
}

/* Sends what differs between what is so and what was sent: the same in a quiet hour and at the end
 * of a window. */
static void send_difference(struct step *s, enum alert_why first)
{
    struct alert *a = s->a;
    if (s->in->held || (a->state != ALERT_FIRING && a->state != ALERT_FLAPPING))
        return;
    if (!a->announced && a->well_since.ms == MONO_NEVER.ms)
        announce(s, first);
    if (!a->announced)
        return;
    if (a->severity > a->sent_severity)
        send_worse(s);
    else if (a->severity < a->sent_severity)
        send_milder(s);
    if (a->state == ALERT_FLAPPING && !a->flap_sent) {
        a->flap_sent = true;
        emit(s, ALERT_UPDATE, ALERT_WHY_FLAPPING, a->notified);
    }
    if (news(a) && mono_since(s->now.mono, a->updated) >= ALERT_UPDATE_EVERY_MS) {
        emit(s, ALERT_UPDATE, a->cause != a->sent_cause ? ALERT_WHY_CAUSE : ALERT_WHY_MEMBERS,
             a->notified);
        note_sent(s);
    }
}

/* ── the moves ── */

static void end(struct step *s, enum alert_why why)
{
    struct alert *a = s->a;
    if (a->announced)
        emit(s, ALERT_RESOLVE, why, a->notified);
    a->announced = false;
    a->notified = a->closed = 0;
    a->acted = false;
    a->bad_since = a->lower_since = a->blind_since = MONO_NEVER;
    a->ended = s->now.wall;
    enter(s, ALERT_RESOLVED);
}

/* It is bad again after it was well: the third time within half an hour is flapping. */
static bool flaps_now(struct step *s)
{
    struct alert *a = s->a;
    for (int i = ALERT_FLAPS - 1; i > 0; i--)
        a->returns[i] = a->returns[i - 1];
    a->returns[0] = s->now.mono;
    mono_ms first = a->returns[ALERT_FLAPS - 1];
    return first.ms != MONO_NEVER.ms && mono_since(s->now.mono, first) <= ALERT_FLAP_WINDOW_MS;
}

static void fire(struct step *s)
{
    struct alert *a = s->a;
    bool before = a->episode > 0;
    a->episode++;
    a->announced = false;
    enter(s, before && flaps_now(s) ? ALERT_FLAPPING : ALERT_FIRING);
    if (s->in->held)
        emit(s, ALERT_HELD, ALERT_WHY_NEW, 0);
}

static mono_ms hold_until(const struct step *s)
{
    const struct alert *a = s->a;
    if (a->class == CLASS_HOST)
        return mono_add(a->bad_since, ALERT_HOST_HOLD_MS);
    /* Without facts nothing shows that no help is possible. */
    bool waits = s->in->may_heal || s->in->event == ALERT_UNKNOWN;
    return waits ? mono_add(a->bad_since, s->policy->page_after_ms) : a->bad_since;
}

static void fire_if_due(struct step *s)
{
    struct alert *a = s->a;
    if (!s->in->absorbed && a->well_since.ms == MONO_NEVER.ms &&
        mono_reached(s->now.mono, hold_until(s)))
        fire(s);
}

static int64_t well_for(const struct step *s)
{
    int64_t usual = s->policy->resolve_after_ms;
    return s->a->state == ALERT_FLAPPING && usual < ALERT_FLAP_HOLD_MS ? ALERT_FLAP_HOLD_MS : usual;
}

/* Well for long enough, and seen to be so. */
static bool well_enough(struct step *s)
{
    struct alert *a = s->a;
    bool unseen = a->blind_since.ms != MONO_NEVER.ms &&
                  mono_since(s->now.mono, a->blind_since) > ALERT_BLIND_MS;
    if (a->well_since.ms == MONO_NEVER.ms || unseen)
        a->well_since = s->now.mono;
    a->blind_since = MONO_NEVER;
    return mono_since(s->now.mono, a->well_since) >= well_for(s);
}

/* A rise counts at once; a fall when it has lasted as long as an end would have to. */
static void rate(struct step *s)
{
    struct alert *a = s->a;
    enum severity is = s->in->severity;
    if (is >= a->severity) {
        a->severity = is;
        a->lower_since = MONO_NEVER;
        return;
    }
    if (a->lower_since.ms == MONO_NEVER.ms) {
        a->lower_since = s->now.mono;
        a->lower = is;
    }
    if (is > a->lower)
        a->lower = is;
    if (mono_since(s->now.mono, a->lower_since) < well_for(s))
        return;
    a->severity = a->lower;
    a->lower_since = MONO_NEVER;
}

/* ── cells ── */

static void nothing(struct step *s)
{
    (void)s;
}

static void begin(struct step *s)
{
    struct alert *a = s->a;
    a->bad_since = s->now.mono;
    a->began = s->now.wall;
    a->ended = WALL_NONE;
    a->severity = s->in->severity;
    a->cause = s->in->cause;
    a->members = s->in->members;
    a->acted = s->in->acted;
    a->lower_since = a->blind_since = MONO_NEVER;
    enter(s, ALERT_PENDING);
    fire_if_due(s);
    send_difference(s, ALERT_WHY_NEW);
}

/* While recovery is at work, systemd is so because of it: neither a cause of its own nor a sign that
 * it is less severe, because no client is served meanwhile. */
static bool recovery_is_seen(const struct step *s)
{
    return s->in->acted && s->in->cause == CAUSE_SYSTEMD_RESTARTING;
}

static void pending_bad(struct step *s)
{
    struct alert *a = s->a;
    if (!recovery_is_seen(s)) {
        a->severity = s->in->severity;
        a->cause = s->in->cause;
    }
    a->members = s->in->members;
    a->acted = a->acted || s->in->acted;
    a->well_since = a->blind_since = MONO_NEVER;
    if (s->in->absorbed)
        a->bad_since = s->now.mono;
    fire_if_due(s);
    send_difference(s, ALERT_WHY_NEW);
}

/* What went away by itself was never sent. What recovery healed has to stay well: until then a
 * relapse counts from the first failure. */
static void pending_well(struct step *s)
{
    struct alert *a = s->a;
    a->acted = a->acted || s->in->acted;
    if (!well_enough(s) && a->acted)
        return;
    if (a->acted && !s->in->held)
        emit(s, ALERT_HEALED, ALERT_WHY_WELL,
             s->in->routes->by_severity[a->severity] & ~s->in->routes->pagers);
    end(s, ALERT_WHY_WELL);
}

static void pending_unknown(struct step *s)
{
    if (s->in->absorbed)
        s->a->bad_since = s->now.mono;
    fire_if_due(s);
    send_difference(s, ALERT_WHY_NEW);
}

static void firing_bad(struct step *s)
{
    struct alert *a = s->a;
    a->well_since = a->blind_since = MONO_NEVER;
    a->acted = a->acted || s->in->acted;
    a->members = s->in->members;
    if (recovery_is_seen(s)) {
        a->lower_since = MONO_NEVER;
    } else {
        a->cause = s->in->cause;
        rate(s);
    }
    send_difference(s, ALERT_WHY_WINDOW);
}

static void firing_well(struct step *s)
{
    s->a->lower_since = MONO_NEVER;
    enter(s, ALERT_CLEARING);
    if (well_enough(s))
        end(s, ALERT_WHY_WELL);
}

static void firing_unknown(struct step *s)
{
    send_difference(s, ALERT_WHY_WINDOW);
}

static void clearing_bad(struct step *s)
{
    enter(s, flaps_now(s) ? ALERT_FLAPPING : ALERT_FIRING);
    firing_bad(s);
}

static void clearing_well(struct step *s)
{
    if (well_enough(s))
        end(s, ALERT_WHY_WELL);
}

static void clearing_unknown(struct step *s)
{
    if (s->a->blind_since.ms == MONO_NEVER.ms)
        s->a->blind_since = s->now.mono;
}

static void flapping_well(struct step *s)
{
    s->a->lower_since = MONO_NEVER;
    if (well_enough(s))
        end(s, ALERT_WHY_WELL);
    else
        send_difference(s, ALERT_WHY_WINDOW);
}

static void flapping_unknown(struct step *s)
{
    if (s->a->well_since.ms != MONO_NEVER.ms)
        clearing_unknown(s);
    send_difference(s, ALERT_WHY_WINDOW);
}

static void gone(struct step *s)
{
    end(s, ALERT_WHY_GONE);
}

typedef void cell(struct step *);

/* clang-format off */
static cell *const table[][ALERT_EVENT_COUNT] = {
    /*                   BAD           WELL           UNKNOWN           GONE    */
    [ALERT_RESOLVED] = {begin,        nothing,       nothing,          nothing},
    [ALERT_PENDING]  = {pending_bad,  pending_well,  pending_unknown,  gone},
    [ALERT_FIRING]   = {firing_bad,   firing_well,   firing_unknown,   gone},
    [ALERT_CLEARING] = {clearing_bad, clearing_well, clearing_unknown, gone},
    [ALERT_FLAPPING] = {firing_bad,   flapping_well, flapping_unknown, gone},
};
/* clang-format on */
static_assert(ARRAY_LENGTH(table) == ALERT_STATE_COUNT, "a row for every state");
static_assert(ARRAY_LENGTH(table[0]) == 4, "a column for every event");

static mono_ms wake_at(const struct step *s)
{
    const struct alert *a = s->a;
    if (a->state == ALERT_RESOLVED)
        return MONO_NEVER;
    if (a->well_since.ms != MONO_NEVER.ms)
        return mono_add(a->well_since, well_for(s));
    if (a->state == ALERT_PENDING)
        return s->in->absorbed ? MONO_NEVER : hold_until(s);
    mono_ms wake = MONO_NEVER;
    if (a->lower_since.ms != MONO_NEVER.ms)
        wake = mono_add(a->lower_since, well_for(s));
    if (news(a) && a->announced && !s->in->held)
        wake = mono_min(wake, mono_add(a->updated, ALERT_UPDATE_EVERY_MS));
    return wake;
}

void alert_init(struct alert *a, enum alert_class class)
{
    *a = (struct alert){
        .class = class,
        .bad_since = MONO_NEVER,
        .well_since = MONO_NEVER,
        .blind_since = MONO_NEVER,
        .lower_since = MONO_NEVER,
        .updated = MONO_NEVER,
    };
    for (int i = 0; i < ALERT_FLAPS; i++)
        a->returns[i] = MONO_NEVER;
}

void alert_step(struct alert *a, const struct alert_policy *policy, const struct alert_input *input,
                struct now now, struct alert_effects *out)
{
    assert(a->state < ALERT_STATE_COUNT && input->event < ALERT_EVENT_COUNT);
    assert(input->event != ALERT_BAD || input->severity != SEVERITY_NONE);
    struct step s = {a, policy, input, now, out};
    struct alert before = *a;
    out->count = 0;
    table[a->state][input->event](&s);
    if (a->state != before.state || a->severity != before.severity || a->cause != before.cause ||
        a->episode != before.episode || out->count > 0)
        emit(&s, ALERT_CHANGED, ALERT_WHY_NEW, 0);
    /* What time alone does not bring about waits for the next sight. */
    mono_ms wake = wake_at(&s);
    out->wake = mono_reached(now.mono, wake) ? MONO_NEVER : wake;
}

bool alert_absorbs(const struct alert *host)
{
    return host->class == CLASS_HOST && host->state != ALERT_RESOLVED &&
           host->state != ALERT_CLEARING && host->well_since.ms == MONO_NEVER.ms;
}

bool alert_open(const struct alert *a)
{
    return a->state != ALERT_RESOLVED;
}

enum severity alert_counts_as(const struct alert *a)
{
    bool counts = a->announced && (a->state == ALERT_FIRING || a->state == ALERT_FLAPPING);
    return counts ? a->severity : SEVERITY_NONE;
}

void alert_channels_moved(struct alert *a, const int8_t to[ROUTE_CHANNELS_MAX])
{
    a->notified = route_moved(a->notified, to);
    a->closed = route_moved(a->closed, to);
}

/* ── on the disk ── */

void alert_save(const struct alert *a, struct now now, struct alert_saved *ret)
{
    *ret = (struct alert_saved){
        .alert = *a,
        .bad_since = persisted_time(a->bad_since, now),
        .well_since = persisted_time(a->well_since, now),
        .blind_since = persisted_time(a->blind_since, now),
        .lower_since = persisted_time(a->lower_since, now),
        .updated = persisted_time(a->updated, now),
    };
    for (int i = 0; i < ALERT_FLAPS; i++)
        ret->returns[i] = persisted_time(a->returns[i], now);
}

void alert_load(struct alert *a, const struct alert_policy *policy, const struct alert_saved *saved,
                struct now now)
{
    int64_t hold =
        policy->page_after_ms > ALERT_HOST_HOLD_MS ? policy->page_after_ms : ALERT_HOST_HOLD_MS;
    *a = saved->alert;
    a->bad_since = persisted_since(saved->bad_since, now, hold);
    a->well_since = persisted_since(saved->well_since, now, 0);
    /* The downtime shows nothing. */
    a->blind_since = a->well_since.ms == MONO_NEVER.ms ? MONO_NEVER : now.mono;
    a->lower_since = persisted_since(saved->lower_since, now, 0);
    a->updated = persisted_since(saved->updated, now, ALERT_UPDATE_EVERY_MS);
    for (int i = 0; i < ALERT_FLAPS; i++)
        a->returns[i] = persisted_since(saved->returns[i], now, ALERT_FLAP_WINDOW_MS + 1);
}
