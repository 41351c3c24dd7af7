/* The promises. Each violation names the one that was broken. */
#include <stdio.h>

#include "world.h"

#define SLACK (2 * TURN_MS)
#define LONGEST_HOLD ALERT_FLAP_HOLD_MS

static bool open_anywhere(const struct slot_book *b)
{
    for (int c = 0; c < CHANNELS; c++)
        if (b->open[c] != 0)
            return true;
    return false;
}

static bool incident_is_open(const struct subject_book *b)
{
    return b->status == INCIDENT_INVESTIGATING || b->status == INCIDENT_MITIGATED;
}

/* ── alerts ── */

/* The keys of a life after a kill are those that the life before would have used. */
static void begin_episode(struct world *w, int slot, uint64_t episode)
{
    struct slot_book *b = &w->books.slots[slot];
    if (episode != b->episode + 1)
        world_fail(w, "slot %d: episode %llu follows %llu", slot, (unsigned long long)episode,
                   (unsigned long long)b->episode);
    b->episode = episode;
}

static void count_trigger(struct world *w, int slot)
{
    struct slot_book *b = &w->books.slots[slot];
    int64_t oldest = b->triggers[TRIGGERS_MAX - 1];
    for (int i = TRIGGERS_MAX - 1; i > 0; i--)
        b->triggers[i] = b->triggers[i - 1];
    b->triggers[0] = w->now + 1;
    if (oldest > 0 && w->now + 1 - oldest < ALERT_FLAP_WINDOW_MS)
        world_fail(w, "slot %d: %d alerts within half an hour", slot, TRIGGERS_MAX + 1);
}

static void send_trigger(struct world *w, int slot, const struct alert_effect *e)
{
    struct slot_book *b = &w->books.slots[slot];
    if (b->held)
        b->held = false;
    else if (e->why != ALERT_WHY_MILDER)
        begin_episode(w, slot, e->episode);
    if (e->episode != b->episode)
        world_fail(w, "slot %d: a trigger of an old episode", slot);
    for (int c = 0; c < CHANNELS; c++) {
        if ((e->channels & CHANNEL_BIT(c)) == 0)
            continue;
        if (b->open[c] != 0 || b->last[c] >= e->episode)
            world_fail(w, "slot %d: a second trigger of one key, channel %d", slot, c);
        b->open[c] = b->last[c] = e->episode;
    }
    b->told = e->severity;
    const struct sights *s = &w->sights;
    if (e->why == ALERT_WHY_NEW && s->helped[slot] &&
        w->now - s->onset[slot] < w->policy.page_after_ms)
        world_fail(w, "slot %d: sent while recovery could still help", slot);
    if (e->why == ALERT_WHY_NEW || e->why == ALERT_WHY_FLAPPING)
        count_trigger(w, slot);
}

static void send_update(struct world *w, int slot, const struct alert_effect *e)
{
    struct slot_book *b = &w->books.slots[slot];
    for (int c = 0; c < CHANNELS; c++)
        if ((e->channels & CHANNEL_BIT(c)) != 0 && b->open[c] != e->episode)
            world_fail(w, "slot %d: an update without its trigger, channel %d", slot, c);
    b->told = e->severity;
    w->flaps += e->why == ALERT_WHY_FLAPPING;
}

static void send_resolve(struct world *w, int slot, const struct alert_effect *e)
{
    struct slot_book *b = &w->books.slots[slot];
    for (int c = 0; c < CHANNELS; c++) {
        if ((e->channels & CHANNEL_BIT(c)) == 0)
            continue;
        if (b->open[c] != e->episode)
            world_fail(w, "slot %d: a resolve without its trigger, channel %d", slot, c);
        b->open[c] = 0;
    }
    if (e->why == ALERT_WHY_GONE) /* a reload ends it, and begins it again: no flapping */
        for (int i = 0; i < TRIGGERS_MAX; i++)
            b->triggers[i] = 0;
    if (e->why == ALERT_WHY_MILDER)
        b->told = e->severity;
    else if (open_anywhere(b))
        world_fail(w, "slot %d: a channel keeps a trigger without a resolve", slot);
    if (e->why == ALERT_WHY_WELL && w->now - w->sights.bad_at[slot] < w->policy.resolve_after_ms)
        world_fail(w, "slot %d: resolved before it was well for long enough", slot);
}

static void send_alert(struct world *w, int slot, const struct alert_effect *e)
{
    bool quiet = e->kind == ALERT_RESOLVE || e->kind == ALERT_HELD || e->kind == ALERT_CHANGED;
    if (w->window && !quiet)
        world_fail(w, "slot %d: a message in a window", slot);
    switch (e->kind) {
    case ALERT_TRIGGER:
        send_trigger(w, slot, e);
        break;
    case ALERT_UPDATE:
        send_update(w, slot, e);
        break;
    case ALERT_RESOLVE:
        send_resolve(w, slot, e);
        break;
    case ALERT_HELD:
        begin_episode(w, slot, e->episode);
        w->books.slots[slot].held = true;
        break;
    case ALERT_CHANGED:
        if (w->memory.alerts[slot].state == ALERT_RESOLVED)
            w->books.slots[slot].held = false;
        return;
    default:
        break;
    }
    world_note(w, "  alert %d: effect %d, %s, %s, episode %llu, channels %x", slot, (int)e->kind,
               alert_why_word(e->why), severity_word(e->severity), (unsigned long long)e->episode,
               e->channels);
}

void books_see(struct world *w, int slot, const struct alert_input *in)
{
    struct sights *s = &w->sights;
    /* The host speaks for it: by what is true, whatever the machine makes of it; and after that until some
     * service shows that the host is back. */
    if (slot == HOST_SLOT)
        s->host_unclear = in->event == ALERT_UNKNOWN;
    else
        s->absorbed[slot] = w->host_down || (s->absorbed[slot] && s->host_unclear);
    if (in->event == ALERT_BAD) {
        if (s->well_for[slot] > LONGEST_HOLD + SLACK) {
            s->onset[slot] = w->now;
            s->helped[slot] = slot != HOST_SLOT;
        }
        s->helped[slot] = s->helped[slot] && world_helps(w, slot_subject(slot));
        if (s->last[slot] != ALERT_BAD)
            s->bad_for[slot] = 0;
        if (s->last[slot] != ALERT_BAD || s->severity[slot] != in->severity)
            s->same_for[slot] = 0;
        s->severity[slot] = in->severity;
        s->bad_at[slot] = w->now;
    }
    if (in->event != ALERT_WELL)
        s->well_for[slot] = 0;
    if (in->event != ALERT_UNKNOWN)
        s->last[slot] = in->event;
    else if (s->last[slot] != ALERT_BAD)
        s->last[slot] = ALERT_UNKNOWN;
    if (in->event == ALERT_WELL || in->event == ALERT_GONE || s->absorbed[slot])
        s->bad_for[slot] = s->same_for[slot] = 0;
}

static void check_slot(struct world *w, int slot)
{
    const struct sights *s = &w->sights;
    const struct slot_book *b = &w->books.slots[slot];
    int64_t hold = slot == HOST_SLOT ? ALERT_HOST_HOLD_MS : w->policy.page_after_ms;
    if (s->bad_for[slot] > hold + SLACK && !open_anywhere(b))
        world_fail(w, "slot %d: bad for %.0f s without a message", slot,
                   (double)s->bad_for[slot] / 1000);
    if (s->last[slot] == ALERT_BAD && !w->window && s->bad_at[slot] == w->now && open_anywhere(b) &&
        b->told < s->severity[slot])
        world_fail(w, "slot %d: it got worse without a message", slot);
    if (s->same_for[slot] > LONGEST_HOLD + SLACK && s->bad_at[slot] == w->now && open_anywhere(b) &&
        b->told != s->severity[slot])
        world_fail(w, "slot %d: it got milder, and the pager was not resolved", slot);
    if (s->well_for[slot] > LONGEST_HOLD + SLACK && open_anywhere(b))
        world_fail(w, "slot %d: well for %.0f s, and not resolved", slot,
                   (double)s->well_for[slot] / 1000);
}

/* ── incidents ── */

static void heard(struct subject_book *b, int64_t promised_ms)
{
    b->quiet_ms = 0;
    b->promised_ms = promised_ms;
}

static void end_of_work(struct subject_book *b)
{
    b->acked = false;
    b->called = 0;
    b->calling_ms = b->urgent_ms = 0;
}

static void take_status(struct world *w, int subject, const struct message *m)
{
    struct subject_book *b = &w->books.subjects[subject];
    enum incident_status next = m->incident.status;
    if (next == INCIDENT_MITIGATED)
        b->mitigated_at = w->now;
    if (next == INCIDENT_RESOLVED || next == INCIDENT_CLOSED) {
        if (b->manned && !m->by_person)
            world_fail(w, "subject %d: ended although a person has command", subject);
        end_of_work(b);
    }
    if (next == INCIDENT_RESOLVED && !m->by_person && w->clock_mean == 0 &&
        w->now - b->mitigated_at < INCIDENT_STABLE_MS)
        world_fail(w, "subject %d: resolved before it was stable", subject);
    b->status = next;
}

static void send_incident(struct world *w, const struct message *m)
{
    const struct incident_effect *e = &m->incident;
    struct subject_book *b = &w->books.subjects[m->of];
    switch (e->kind) {
    case INCIDENT_OPENED:
        if (incident_is_open(b))
            world_fail(w, "subject %d: two incidents at once", m->of);
        *b = (struct subject_book){.status = INCIDENT_INVESTIGATING, .severity = e->severity};
        break;
    case INCIDENT_REOPENED:
        if (b->status != INCIDENT_MITIGATED && b->status != INCIDENT_RESOLVED)
            world_fail(w, "subject %d: reopened from %s", m->of, incident_status_word(b->status));
        if (b->status == INCIDENT_RESOLVED)
            heard(b, 0);
        b->status = INCIDENT_INVESTIGATING;
        b->severity = e->severity;
        break;
    case INCIDENT_STATUS:
        take_status(w, m->of, m);
        break;
    case INCIDENT_RATED:
        b->severity = e->severity;
        heard(b, 0);
        break;
    case INCIDENT_COMMAND:
        b->manned = true;
        break;
    case INCIDENT_REMINDER:
    case INCIDENT_ASK_OVER:
        if (w->window)
            world_fail(w, "subject %d: a reminder in a window", m->of);
        if (e->kind == INCIDENT_REMINDER)
            heard(b, 0);
        break;
    case INCIDENT_UNANSWERED:
        heard(b, 0);
        break;
    case INCIDENT_UPDATED:
        heard(b, m->next_ms);
        b->acked_ms = 0;
        b->acked_at = w->now;
        break;
    default:
        return;
    }
    world_note(w, "  incident %d: effect %d, %s, %s", m->of, (int)e->kind,
               incident_status_word(e->status), severity_word(e->severity));
}

/* ── escalation ── */

static void send_call(struct world *w, const struct message *m)
{
    const struct escalation_effect *e = &m->call;
    struct subject_book *b = &w->books.subjects[m->of];
    if (e->kind == ESCALATION_STORE)
        return;
    world_note(w, "  call %d: effect %d, level %d, %s", m->of, (int)e->kind, e->level + 1,
               escalation_why_word(e->why));
    switch (e->kind) {
    case ESCALATION_CALL:
        if (w->window)
            world_fail(w, "subject %d: a call in a window", m->of);
        if (b->acked)
            world_fail(w, "subject %d: a call after it was acknowledged", m->of);
        if (b->status != INCIDENT_INVESTIGATING || b->severity < SEVERITY_P2)
            world_fail(w, "subject %d: a call for what is %s, %s", m->of,
                       incident_status_word(b->status), severity_word(b->severity));
        /* Reminders call, too: the clocks have to keep their own times. */
        if (e->why != ESCALATION_WHY_NO_UPDATE)
            b->called |= 1u << e->level;
        break;
    case ESCALATION_UNREACHED:
        b->called |= 1u << e->level; /* no level is left, and that is reported */
        break;
    case ESCALATION_ACKED:
        b->acked = true;
        b->acked_at = w->now;
        b->acked_ms = 0;
        break;
    case ESCALATION_ACK_ENDED:
        if (w->clock_mean == 0 && w->now - b->acked_at < ESCALATION_ACK_P1_MS)
            world_fail(w, "subject %d: the acknowledgement ended too early", m->of);
        b->acked = false;
        break;
    default:
        break;
    }
    if (w->window && e->kind == ESCALATION_ACK_ENDED)
        world_fail(w, "subject %d: a message in a window", m->of);
}

void books_call_sent(struct world *w, int subject)
{
    const struct subject_book *b = &w->books.subjects[subject];
    if (b->acked || b->status != INCIDENT_INVESTIGATING)
        world_fail(w, "subject %d: a call was sent after it was silenced", subject);
}

static void check_subject(struct world *w, int subject)
{
    const struct subject_book *b = &w->books.subjects[subject];
    if (!incident_is_open(b))
        return;
    for (int n = 0; n < ESCALATION_LEVELS; n++)
        if (b->calling_ms > w->levels.levels[n].after_ms + SLACK && b->called >> n == 0)
            world_fail(w, "subject %d: level %d was not called in %.0f min", subject, n + 1,
                       (double)b->calling_ms / 60000);
    if (b->urgent_ms > SLACK && b->called >> 1 == 0)
        world_fail(w, "subject %d: level 2 was not called at once", subject);
    int64_t usual = incident_update_every_ms(b->severity);
    int64_t limit = b->promised_ms > 0 ? b->promised_ms : usual;
    if (usual > 0 && b->quiet_ms > limit + SLACK)
        world_fail(w, "subject %d: no update and no reminder in %.0f min", subject,
                   (double)b->quiet_ms / 60000);
    if (b->acked && b->acked_ms > ESCALATION_ACK_MS + SLACK)
        world_fail(w, "subject %d: an acknowledgement without end", subject);
    if (escalation_overdue(&w->memory.escalations[subject], world_clock(w).mono))
        world_fail(w, "subject %d: a step is overdue", subject);
}

/* ── all of them ── */

void books_send(struct world *w, const struct message *m)
{
    switch (m->kind) {
    case MESSAGE_ALERT:
        send_alert(w, m->of, &m->alert);
        w->decisions = w->decisions * 31 + (uint64_t)m->alert.kind * 7 + m->alert.episode;
        break;
    case MESSAGE_INCIDENT:
        send_incident(w, m);
        w->decisions = w->decisions * 31 + (uint64_t)m->incident.kind * 11;
        break;
    default:
        send_call(w, m);
        w->decisions = w->decisions * 31 + (uint64_t)m->call.kind * 13 + m->call.generation;
    }
}

void books_pass(struct world *w, int64_t ms)
{
    struct sights *s = &w->sights;
    if (!w->alive)
        return;
    for (int i = 0; i < SLOTS; i++) {
        bool counts = s->last[i] == ALERT_BAD && !w->window && !s->absorbed[i];
        s->bad_for[i] = counts ? s->bad_for[i] + ms : 0;
        s->same_for[i] = counts ? s->same_for[i] + ms : 0;
        s->well_for[i] = s->last[i] == ALERT_WELL ? s->well_for[i] + ms : 0;
    }
    for (int i = 0; i < SUBJECTS && !w->window; i++) {
        struct subject_book *b = &w->books.subjects[i];
        if (!incident_is_open(b))
            continue;
        bool calls = b->status == INCIDENT_INVESTIGATING && !b->acked;
        if (calls && b->severity >= SEVERITY_P2)
            b->calling_ms += ms;
        b->urgent_ms = calls && b->severity == SEVERITY_P1 ? b->urgent_ms + ms : 0;
        b->acked_ms = b->acked ? b->acked_ms + ms : 0;
        b->quiet_ms += ms;
    }
}

void books_check(struct world *w)
{
    for (int i = 0; i < SLOTS; i++)
        check_slot(w, i);
    for (int i = 0; i < SUBJECTS; i++)
        check_subject(w, i);
}

void books_end(struct world *w)
{
    for (int i = 0; i < SLOTS; i++)
        if (open_anywhere(&w->books.slots[i]) || w->memory.alerts[i].state != ALERT_RESOLVED)
            world_fail(w, "slot %d: not over at the end", i);
    for (int i = 0; i < SUBJECTS; i++) {
        const struct subject_book *b = &w->books.subjects[i];
        if (incident_is_open(b) && !b->manned)
            world_fail(w, "subject %d: the incident is not over at the end", i);
        if (b->status == INCIDENT_RESOLVED && !b->manned)
            world_fail(w, "subject %d: the incident was never closed", i);
    }
}
