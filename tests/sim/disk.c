/* The daemon's disk: SQLite behind its queue and the audit file, each with a mood of its own. What
 * was not durable when the daemon is killed is gone. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define RETRY_MS 1000

static void store_turn(struct sim *s, int service, uint64_t id);
static void audit_turn(struct sim *s, int service, uint64_t id);

/* ── the store ── */

static void plan_store(struct sim *s, int64_t delay)
{
    if (s->disk.store_busy)
        return;
    s->disk.store_busy = true;
    sim_at(s, s->now + delay, store_turn, -1, s->life);
}

static void save_told(struct sim *s, int service, uint64_t packed)
{
    enum store_outcome outcome = (enum store_outcome)(packed & 7);
    engine_save_ended(s->engine, service, packed >> 3, outcome, clocks_now(s));
}

static void keep(struct disk *d, const struct pending_save *p)
{
    d->unsaved[p->service] = true;
    d->kept[p->service] = p->state;
}

static void store_turn(struct sim *s, int service, uint64_t life)
{
    struct disk *d = &s->disk;
    (void)service;
    if (life != s->life)
        return;
    d->store_busy = false;
    if (d->store == DISK_HANGS) {
        s->disk_sick = s->now;
        return; /* it goes on when the mood changes */
    }
    for (int i = 0; i < s->count && d->store == DISK_WELL; i++)
        if (d->unsaved[i] && d->save_count == 0) {
            d->durable[i] = d->kept[i];
            d->unsaved[i] = false;
        }
    if (d->save_count == 0)
        return;
    struct pending_save p = d->saves[0];
    d->save_count--;
    memmove(&d->saves[0], &d->saves[1], d->save_count * sizeof d->saves[0]);
    if (d->store != DISK_WELL)
        s->disk_sick = s->now;
    if (d->store == DISK_WELL) {
        struct witness *w = &s->worlds[p.service].witness;
        w->seq_uncertain = w->seq_uncertain && p.state.event_seq < w->last_seq;
        if (d->durable[p.service].empty_primary != p.state.empty_primary)
            sim_say(s, p.service, "the disk knows it as %s",
                    p.state.empty_primary ? "an empty primary" : "no empty primary");
        d->durable[p.service] = p.state;
        d->unsaved[p.service] = false;
    } else {
        keep(d, &p);
    }
    enum store_outcome outcome = d->store == DISK_WELL ? STORE_DURABLE : STORE_FULL_DISK;
    if (p.id != 0)
        sim_input(s, s->now + 1, save_told, p.service, p.id << 3 | (uint64_t)outcome);
    bool owed = d->unsaved[0] || d->unsaved[1] || d->unsaved[2];
    if (d->save_count > 0)
        plan_store(s, chance_between(&s->chance, 0, 5));
    else if (owed && d->store == DISK_WELL)
        plan_store(s, RETRY_MS);
}

void disk_save(struct sim *s, int service, uint64_t id, const struct service_state *state)
{
    struct disk *d = &s->disk;
    if (d->save_count == ARRAY_LENGTH(d->saves)) {
        struct pending_save lost = {.service = service, .state = *state};
        keep(d, &lost);
        if (id != 0)
            sim_input(s, s->now + 1, save_told, service, id << 3 | (uint64_t)STORE_BUSY);
        return;
    }
    d->saves[d->save_count++] = (struct pending_save){id, s->life, service, *state};
    plan_store(s, chance_between(&s->chance, 0, 10));
}

/* ── the audit file ── */

static void plan_audit(struct sim *s, int64_t delay)
{
    if (s->disk.audit_busy)
        return;
    s->disk.audit_busy = true;
    sim_at(s, s->now + delay, audit_turn, -1, s->life);
}

static void audit_told(struct sim *s, int service, uint64_t packed)
{
    engine_audit_ended(s->engine, service, packed >> 3, (enum audit_outcome)(packed & 7),
                       clocks_now(s));
}

static void audit_turn(struct sim *s, int service, uint64_t life)
{
    struct disk *d = &s->disk;
    (void)service;
    if (life != s->life)
        return;
    d->audit_busy = false;
    if (d->audit == DISK_HANGS || d->line_count == 0)
        return;
    struct line l = d->lines[0];
    bool well = d->audit == DISK_WELL;
    if (l.id != 0) {
        /* A line that cannot be written is told so once, and is owed. */
        sim_input(s, s->now + 1, audit_told, l.service,
                  l.id << 3 | (uint64_t)(well ? AUDIT_DURABLE : AUDIT_FAILED));
        d->lines[0].id = 0;
    }
    if (l.intent)
        promise_intent_durable(s, l.service, l.request_id, well);
    if (!well) {
        for (size_t i = 1; i < d->line_count; i++)
            if (d->lines[i].id != 0) {
                struct line *next = &d->lines[i];
                sim_input(s, s->now + 1, audit_told, next->service,
                          next->id << 3 | (uint64_t)AUDIT_FAILED);
                if (next->intent)
                    promise_intent_durable(s, next->service, next->request_id, false);
                next->id = 0;
            }
        plan_audit(s, RETRY_MS);
        return;
    }
    d->line_count--;
    memmove(&d->lines[0], &d->lines[1], d->line_count * sizeof d->lines[0]);
    if (d->line_count > 0)
        plan_audit(s, l.durable_asked ? chance_between(&s->chance, 1, 8) : 0);
}

void disk_audit(struct sim *s, int service, uint64_t id, const struct audit_line *line,
                bool durable)
{
    struct disk *d = &s->disk;
    struct line l = {.id = id,
                     .life = s->life,
                     .service = service,
                     .intent = line->event == AUDIT_INTENT,
                     .automatic = str_equal(line->user_id, "system"),
                     .durable_asked = durable};
    (void)str_copy(l.request_id, sizeof l.request_id, line->request_id);
    (void)str_copy(l.operation, sizeof l.operation, line->operation);
    if (line->event == AUDIT_INCIDENT && str_equal(line->operation, "manual-intervention-required"))
        promise_alert(s, service, line->reason);
    if (line->event == AUDIT_INCIDENT && str_equal(line->operation, "external-stop"))
        promise_announced(s, service);
    if (str_equal(line->operation, "stop-ended"))
        promise_stop_ended(s, service);
    if (l.intent)
        promise_intent(s, service, line);
    else if (line->event == AUDIT_AUTO_RECOVERY || line->event == AUDIT_SERVICE_OPERATION ||
             line->event == AUDIT_INCIDENT)
        promise_outcome(s, service, line->request_id, line->success);
    if (d->line_count == ARRAY_LENGTH(d->lines)) {
        if (id != 0)
            sim_input(s, s->now + 1, audit_told, service, id << 3 | (uint64_t)AUDIT_FAILED);
        return;
    }
    d->lines[d->line_count++] = l;
    plan_audit(s, chance_between(&s->chance, 1, durable ? 12 : 3));
    if (d->audit == DISK_FULL && id != 0)
        s->disk.audit_busy = false, plan_audit(s, 2);
}

void disk_mood_changed(struct sim *s)
{
    s->disk.store_busy = false;
    s->disk.audit_busy = false;
    plan_store(s, 1);
    plan_audit(s, 1);
}

void disk_crash(struct sim *s)
{
    struct disk *d = &s->disk;
    memset(d->unsaved, 0, sizeof d->unsaved);
    d->save_count = 0;
    d->line_count = 0;
    d->store_busy = false;
    d->audit_busy = false;
}

/* An intent that reached the file without its outcome is closed as "not known". */
void disk_close_intents(struct sim *s)
{
    for (int i = 0; i < s->count; i++) {
        struct intent *intent = &s->worlds[i].witness.intent;
        if (intent->open)
            promise_outcome(s, i, intent->request_id, false);
    }
}

/* store_open() skips numbers of events, if the disk lets it (store/state.c). */
void disk_load(struct sim *s)
{
    uint64_t wall = (uint64_t)clocks_now(s).wall.ms;
    s->disk.store_busy = s->disk.audit_busy = false; /* what it was busy with died */
    for (int i = 0; i < s->count; i++) {
        bool sick = s->disk.store != DISK_WELL || s->disk.durable[i].event_seq == 0;
        s->worlds[i].witness.seq_uncertain |= sick;
        uint64_t *seq = &s->disk.durable[i].event_seq;
        if (!sick)
            *seq = (*seq > wall ? *seq : wall) + STORE_EVENTS_SKIPPED;
    }
}
