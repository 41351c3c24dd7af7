#include <string.h>

#include "world.h"

static int64_t world_time(const struct world *w, mono_ms t)
{
    return t.ms == MONO_NEVER.ms ? INT64_MAX : t.ms + w->boot;
}

static void want_wake(struct world *w, mono_ms at)
{
    int64_t t = world_time(w, at);
    if (t < w->wake)
        w->wake = t;
}

static void push(struct world *w, const struct message *m)
{
    if (w->message_count == MESSAGES_MAX)
        world_fail(w, "more than %d messages in one turn", MESSAGES_MAX);
    else
        w->messages[w->message_count++] = *m;
}

/* ── steps ── */

static void escalate(struct world *w, int subject, enum escalation_event event)
{
    bool service = subject < SERVICES_MAX;
    struct escalation_input in = {
        .event = event,
        .policy = &w->levels,
        .severity = w->memory.incidents[subject].severity,
        .data_at_risk = service && w->services[subject].truth == TRUTH_SAVING,
        .held = w->window,
    };
    struct escalation_effects out;
    escalation_step(&w->memory.escalations[subject], &in, world_clock(w).mono, &out);
    for (size_t i = 0; i < out.count; i++)
        push(w, &(struct message){.kind = MESSAGE_CALL,
                                  .of = subject,
                                  .by_person = event == ESCALATION_ACK,
                                  .call = out.items[i]});
    want_wake(w, out.wake);
}

static void follow(struct world *w, int subject, const struct incident_effect *e)
{
    enum escalation_event event;
    if (escalation_event_of(e, w->memory.escalations[subject].state, &event))
        escalate(w, subject, event);
}

static void respond(struct world *w, int subject, const struct incident_input *in)
{
    struct incident *i = &w->memory.incidents[subject];
    struct incident_effects out;
    incident_step(i, in, world_clock(w), &out);
    if (out.count > 0 && out.items[0].kind == INCIDENT_ANOTHER) {
        incident_init(i);
        incident_step(i, in, world_clock(w), &out);
    }
    for (size_t k = 0; k < out.count; k++)
        push(w, &(struct message){.kind = MESSAGE_INCIDENT,
                                  .of = subject,
                                  .by_person = in->person != NULL,
                                  .next_ms = in->next_ms,
                                  .incident = out.items[k]});
    for (size_t k = 0; k < out.count; k++)
        follow(w, subject, &out.items[k]);
    want_wake(w, out.wake);
}

static bool absent(const struct world *w, int subject)
{
    return subject >= w->service_count && subject != HOST;
}

static void step_alert(struct world *w, int slot)
{
    if (absent(w, slot_subject(slot)))
        return;
    struct alert_input in;
    world_sight(w, slot, &in);
    struct alert_effects out;
    alert_step(&w->memory.alerts[slot], &w->policy, &in, world_clock(w), &out);
    for (size_t i = 0; i < out.count; i++)
        push(w, &(struct message){.kind = MESSAGE_ALERT, .of = slot, .alert = out.items[i]});
    want_wake(w, out.wake);
    books_see(w, slot, &in);
}

static void step_subject(struct world *w, int subject)
{
    if (absent(w, subject))
        return;
    enum severity worst = SEVERITY_NONE;
    for (int slot = 0; slot < SLOTS; slot++) {
        enum severity s = alert_counts_as(&w->memory.alerts[slot]);
        if (slot_subject(slot) == subject && s > worst)
            worst = s;
    }
    struct incident_input in = {.event = INCIDENT_ALERTS, .severity = worst, .held = w->window};
    respond(w, subject, &in);
    in.event = INCIDENT_WAKE;
    respond(w, subject, &in);
    escalate(w, subject, ESCALATION_WAKE);
}

/* ── the disk ── */

static void save(struct world *w)
{
    struct now now = world_clock(w);
    for (int i = 0; i < SLOTS; i++)
        alert_save(&w->memory.alerts[i], now, &w->disk.alerts[i]);
    for (int i = 0; i < SUBJECTS; i++) {
        incident_save(&w->memory.incidents[i], now, &w->disk.incidents[i]);
        escalation_save(&w->memory.escalations[i], now, &w->disk.escalations[i]);
    }
}

/* One transaction: all that changed, and the messages. Then they are sent; a full disk takes
 * nothing, and they are sent from memory. A kill in between leaves neither, or both. */
static void commit(struct world *w)
{
    bool may_die = w->kill_mean > 0 && w->now < w->calm_at && w->message_count > 0;
    if (may_die && chance_percent(&w->chance, 3)) {
        w->lost += w->message_count;
        daemon_kill(w);
        return;
    }
    for (size_t i = 0; i < w->message_count; i++) {
        books_send(w, &w->messages[i]);
        post_message(w, &w->messages[i]);
    }
    if (!w->disk_full) {
        save(w);
        post_save(w);
    }
    w->sent += w->message_count;
    w->message_count = 0;
    if (!w->disk_full)
        w->durable = w->books;
    books_check(w);
}

/* ── its life ── */

void daemon_turn(struct world *w)
{
    w->turns++;
    w->message_count = 0;
    w->wake = INT64_MAX;
    step_alert(w, HOST_SLOT);
    for (int slot = 0; slot < HOST_SLOT; slot++)
        step_alert(w, slot);
    for (int subject = 0; subject < SUBJECTS; subject++)
        step_subject(w, subject);
    commit(w);
}

void daemon_person(struct world *w, int subject)
{
    struct incident_input in = {.person = "alice", .held = w->window, .severity = SEVERITY_P2};
    if (w->disk_full || absent(w, subject))
        return; /* the order is refused: it cannot be stored */
    w->message_count = 0;
    switch (chance_between(&w->chance, 0, 9)) {
    case 0:
        in.event = INCIDENT_TAKE;
        in.person = chance_percent(&w->chance, 50) ? "alice" : "bob";
        break;
    case 1:
    case 2:
        in.event = INCIDENT_UPDATE;
        in.next_ms = chance_percent(&w->chance, 50)
                         ? 0
                         : chance_between(&w->chance, INCIDENT_UPDATE_LEAST_MS, 60 * MINUTE);
        break;
    case 3:
        in.event = INCIDENT_RESOLVE;
        break;
    case 4:
        in.event = INCIDENT_SEVERITY;
        in.severity = (enum severity)chance_between(&w->chance, SEVERITY_P4, SEVERITY_P1);
        break;
    case 5:
        in.event = INCIDENT_CLOSE;
        in.postmortem = POSTMORTEM_WAIVED;
        break;
    case 6:
        in.event = INCIDENT_MITIGATE;
        break;
    default:
        w->acks++;
        escalate(w, subject, ESCALATION_ACK);
        commit(w);
        return;
    }
    respond(w, subject, &in);
    commit(w);
}

void daemon_kill(struct world *w)
{
    world_note(w, "killed");
    w->kills++;
    w->alive = false;
    w->message_count = 0;
    w->books = w->durable;
    w->starts_at = w->now + (chance_percent(&w->chance, 80)
                                 ? chance_between(&w->chance, 100, 10000)
                                 : chance_between(&w->chance, MINUTE, 120 * MINUTE));
    if (chance_percent(&w->chance, 20)) /* the machine itself */
        w->boot = w->starts_at - chance_between(&w->chance, 1000, 60000);
}

static void first_start(struct world *w)
{
    for (int i = 0; i < SLOTS; i++)
        alert_init(&w->memory.alerts[i], world_key(i).class);
    for (int i = 0; i < SUBJECTS; i++) {
        incident_init(&w->memory.incidents[i]);
        escalation_init(&w->memory.escalations[i]);
    }
    save(w);
}

void daemon_start(struct world *w)
{
    bool first = w->started == 0 && w->kills == 0;
    struct now now = world_clock(w);
    w->alive = true;
    w->started = w->now;
    memset(&w->memory, 0, sizeof w->memory);
    if (first)
        first_start(w);
    for (int i = 0; i < SLOTS; i++)
        alert_load(&w->memory.alerts[i], &w->policy, &w->disk.alerts[i], now);
    for (int i = 0; i < SUBJECTS; i++) {
        incident_load(&w->memory.incidents[i], &w->disk.incidents[i], now);
        escalation_load(&w->memory.escalations[i], &w->disk.escalations[i], now);
    }
    int64_t bad_at[SLOTS];
    memcpy(bad_at, w->sights.bad_at, sizeof bad_at);
    memset(&w->sights, 0, sizeof w->sights);
    memcpy(w->sights.bad_at, bad_at, sizeof bad_at);
    for (int i = 0; i < SLOTS; i++)
        w->sights.last[i] = ALERT_UNKNOWN;
    /* Where the clock was set, a wait may begin again, once a start. */
    for (int i = 0; i < SUBJECTS && w->clock_mean > 0; i++) {
        struct subject_book *b = &w->books.subjects[i];
        b->calling_ms = b->urgent_ms = b->quiet_ms = b->acked_ms = 0;
    }
    post_start(w);
    world_note(w, "started");
}
