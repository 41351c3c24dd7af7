/* One step of an alert: its effects become messages and a record, in one transaction. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "store/record.h"

static enum lane_kind lane_of(enum alert_effect_kind kind)
{
    switch (kind) {
    case ALERT_TRIGGER:
        return LANE_TRIGGER;
    case ALERT_RESOLVE:
        return LANE_RESOLVE;
    case ALERT_HEALED:
        return LANE_ANNOUNCE;
    default:
        return LANE_UPDATE;
    }
}

static json_t *facts_of(struct alerts *a, const struct book_entry *e,
                        const struct alert_effect *effect, struct now now)
{
    struct message *m = mem_calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    alert_words(a, e, effect, now, m);
    json_t *facts = message_write(m);
    mem_free(m);
    if (facts != NULL && json_put_int(facts, "posted_at", now.wall.ms) &&
        json_put_text(facts, "subject", e->key.subject))
        return facts;
    json_decref(facts);
    return NULL;
}

static void post(struct alerts *a, struct book_entry *e, const struct alert_effect *effect,
                 struct now now)
{
    struct error err = {0};
    JSON_CLEANUP json_t *facts = facts_of(a, e, effect, now);
    /* A trigger for channels that join an alert is no new beginning. */
    bool begins =
        e->facts == NULL || (effect->kind == ALERT_TRIGGER && effect->why != ALERT_WHY_MILDER);
    if (begins && effect->kind != ALERT_HEALED && facts != NULL) {
        json_decref(e->facts);
        e->facts = json_deep_copy(facts);
    }
    JSON_CLEANUP json_t *record = book_record(e, a->plan, now);
    const struct record_change change = {.kind = RECORD_ALERT, .number = e->number, .body = record};
    const char *thread = json_text_or(facts, "key", NULL);
    channel_set channels = effect->channels;
    if (effect->kind == ALERT_RESOLVE)
        channels &= ~a->plan->unresolved;
    /* A finding is a moment: that it is over is no news to a person, only to what keeps it open. */
    if (effect->kind == ALERT_RESOLVE && e->key.class == CLASS_SECURITY)
        channels &= ~a->plan->talks;
    if (effect->kind == ALERT_HEALED) /* not of an alert that it shows */
        channels &= ~a->plan->boards;
    struct outbox_post p = {
        .kind = lane_of(effect->kind),
        .thread = thread,
        .service = e->key.subject[0] == '\0' ? NULL : e->key.subject,
        .channels = channels,
        .facts = facts,
        .with = &change,
        .with_count = record == NULL ? 0 : 1,
    };
    if (effect->kind != ALERT_HEALED)
        p.severity = (int)SEVERITY_P1 - (int)effect->severity + 1;
    int64_t message = facts == NULL ? error_set(&err, -ENOMEM, "out of memory")
                                    : outbox_post(a->outbox, &p, &err);
    if (message < 0)
        log_error("alerts", "alert %" PRId64 " is not sent: %s", e->number, err.text);
    else
        book_note_message(e, message);
}

/* ── the record, and those who watch ── */

void alerts_store(struct alerts *a, const struct book_entry *e, uint64_t save)
{
    JSON_CLEANUP json_t *record = book_record(e, a->plan, alerts_now(a));
    const struct record_change change = {.kind = RECORD_ALERT, .number = e->number, .body = record};
    record_write(
        a->ports.store,
        &(struct record_write){.changes = &change, .count = 1, .full = save != 0, .id = save});
}

static void forget(struct alerts *a, const struct book_entry *e)
{
    const struct record_change change = {.kind = RECORD_ALERT, .number = e->number, .remove = true};
    record_write(a->ports.store, &(struct record_write){.changes = &change, .count = 1});
}

void alerts_publish(struct alerts *a, const struct book_entry *e, struct now now)
{
    if (e->service < 0)
        return;
    JSON_CLEANUP json_t *record = book_record(e, a->plan, now);
    json_t *shown = alert_shown(e->number, record, a, false);
    json_t *body = json_object();
    (void)json_put(body, "alert", shown);
    (void)json_put_text(body, "message", json_text_or(shown, "summary", ""));
    engine_tell(a->ports.engine, e->service, "alert", body, now);
}

/* Trouble that went away before anything was sent is not kept. */
static bool worth_keeping(const struct book_entry *e)
{
    return alert_open(&e->alert) || json_array_size(e->messages) > 0;
}

void alerts_step(struct alerts *a, struct book_entry *e, const struct alert_input *input,
                 struct now now)
{
    struct alert_effects effects;
    bool was_open = alert_open(&e->alert);
    uint64_t episode = e->alert.episode;
    if (!was_open && input->event == ALERT_BAD)
        book_begin(e, record_next(a->ports.store, RECORD_ALERT));
    alert_step(&e->alert, &a->plan->policy, input, now, &effects);
    e->wake = effects.wake;
    bool changed = false;
    for (size_t i = 0; i < effects.count; i++) {
        const struct alert_effect *effect = &effects.items[i];
        changed = true;
        if (effect->kind != ALERT_CHANGED && effect->kind != ALERT_HELD)
            post(a, e, effect, now);
    }
    if (!changed)
        return;
    bool kept = worth_keeping(e);
    if (e->alert.episode != episode || (kept && was_open && !alert_open(&e->alert)))
        log_info("alerts", "alert %" PRId64 ": %s of %s is %s (%s)", e->number,
                 alert_class_word(e->key.class),
                 e->key.subject[0] == '\0' ? "Resus" : e->key.subject,
                 alert_state_word(e->alert.state), severity_word(e->alert.severity));
    if (kept)
        alerts_store(a, e, 0);
    else
        forget(a, e);
    alerts_publish(a, e, now);
    if (!kept)
        book_begin(e, 0);
}

void alerts_step_more(struct alerts *a, struct book_entry *e, struct now now)
{
    const struct alert_effect effect = {.kind = ALERT_UPDATE,
                                        .why = ALERT_WHY_NEW,
                                        .severity = e->alert.severity,
                                        .cause = e->alert.cause,
                                        .episode = e->alert.episode,
                                        .channels = e->alert.notified};
    post(a, e, &effect, now);
    alerts_store(a, e, 0);
    alerts_publish(a, e, now);
}

void alerts_step_reported(struct alerts *a, struct book_entry *e, struct now now)
{
    struct route_set routes = e->service >= 0 ? a->routes[e->service] : a->own;
    int failing = -1;
    if (e->key.class == CLASS_SELF && str_starts(e->key.detail, "channel."))
        failing = plan_channel(a->plan, e->key.detail + strlen("channel."));
    for (int i = 0; failing >= 0 && i < SEVERITY_COUNT; i++)
        routes.by_severity[i] &= ~CHANNEL_BIT(failing); /* it would not arrive */
    const struct alert_input input = {
        .event = e->reported,
        .severity = e->reported == ALERT_BAD ? e->severity : SEVERITY_NONE,
        .cause = CAUSE_NONE,
        .held = a->ports.held != NULL && a->ports.held(a->ports.context, e->service),
        .routes = &routes,
    };
    alerts_step(a, e, &input, now);
}
