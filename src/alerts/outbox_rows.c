/* Messages and deliveries as records, and back at a start. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "alerts/outbox_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/persisted.h"
#include "io/log.h"
#include "notify/message.h"

static_assert((int)LANE_KIND_COUNT == (int)MESSAGE_KIND_COUNT &&
                  (int)LANE_RESOLVE == (int)MESSAGE_RESOLVE &&
                  (int)LANE_EMERGENCY == (int)MESSAGE_EMERGENCY &&
                  (int)LANE_DIGEST == (int)MESSAGE_DIGEST,
              "a lane's kinds are those of messages");

/* FNV-1a: a thread's text is known to its message; the lanes only compare. */
uint64_t outbox_thread_of(const char *thread)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    if (thread == NULL || thread[0] == '\0')
        return 0;
    for (; *thread != '\0'; thread++)
        hash = (hash ^ (unsigned char)*thread) * UINT64_C(0x100000001b3);
    return hash == 0 ? 1 : hash;
}

json_t *outbox_message_body(const struct outbox_post *post, wall_ms at)
{
    json_t *body = json_object();
    json_t *facts = post->facts == NULL ? json_object() : json_deep_copy(post->facts);
    bool ok = json_put_text(body, "kind", lane_kind_word(post->kind)) &&
              json_put_int(body, "severity", post->severity) &&
              json_put_text(body, "thread", post->thread) &&
              json_put_text(body, "service", post->service) &&
              json_put_text(body, "state", "open") && json_put_int(body, "at", at.ms) &&
              json_put_int(body, "generation", post->generation) && json_put(body, "facts", facts);
    if (ok)
        return body;
    json_decref(body);
    return NULL;
}

/* ── deliveries ── */

void outbox_parcel_update(const struct delivery_item *item, struct now now)
{
    struct outbox_parcel *parcel = item->note;
    json_t *body = parcel->body;
    bool again = item->state == DELIVERY_WAITING;
    (void)(json_put_text(body, "state", delivery_state_word(item->state)) &&
           json_put_int(body, "attempts", item->attempts) &&
           json_put_int(body, "severity", item->severity) &&
           json_put_int(body, "next_at", again ? persisted_time(item->due, now).ms : 0) &&
           json_put_int(body, "expires_at", persisted_time(item->expires, now).ms) &&
           json_put_int(body, "saved_at", now.wall.ms) &&
           json_put_bool(body, "may_have_arrived", item->may_have_arrived) &&
           json_put_bool(body, "combined", item->combined));
    parcel->updated = now.mono;
}

struct outbox_parcel *outbox_parcel_new(const struct outbox *o, const struct delivery_item *item,
                                        struct outbox_message *message, struct now now)
{
    struct outbox_parcel *parcel = mem_calloc(1, sizeof *parcel);
    json_t *body = json_object();
    if (parcel != NULL && json_put_int(body, "message", (int64_t)message->number) &&
        json_put_text(body, "channel", o->channels[item->channel].name) &&
        json_put_text(body, "kind", lane_kind_word(item->kind)) &&
        json_put_int(body, "at", now.wall.ms) && json_put(body, "tries", json_array())) {
        parcel->body = body;
        parcel->message = message;
        return parcel;
    }
    json_decref(body);
    mem_free(parcel);
    return NULL;
}

void outbox_parcel_free(struct outbox_parcel *parcel)
{
    if (parcel == NULL)
        return;
    json_decref(parcel->body);
    mem_free(parcel);
}

void outbox_parcel_note(struct outbox_parcel *parcel, wall_ms at, enum retry_class class, int code,
                        const char *receipt, const char *error)
{
    json_t *tries = json_object_get(parcel->body, "tries");
    json_t *one = json_object();
    if (json_put_int(one, "at", at.ms) && json_put_text(one, "end", retry_class_word(class)) &&
        json_put_int(one, "code", code) && json_put_text(one, "receipt", receipt) &&
        json_put_text(one, "error", error))
        (void)json_array_append(tries, one);
    json_decref(one);
    if (json_array_size(tries) > OUTBOX_TRIES_MAX)
        (void)json_array_remove(tries, 0);
}

json_t *outbox_wire(const struct delivery_item *item)
{
    const struct outbox_parcel *parcel = item->note;
    const json_t *body = parcel->message->body;
    json_t *wire = json_copy(json_object_get(body, "facts"));
    if ((!item->may_have_arrived || json_put_bool(wire, "repeat", true)) &&
        json_put_int(wire, "delivery", (int64_t)item->id) &&
        json_put_int(wire, "attempt", item->attempts) &&
        json_put_bool(wire, "combined", item->combined) &&
        json_put_bool(wire, "not_stored", json_bool_or(body, "not_stored", false)))
        return wire;
    json_decref(wire);
    return NULL;
}

/* ── a start ── */

static void load_message(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct outbox *o = context;
    (void)kind;
    struct outbox_message *message = NULL;
    if (o->message_count < OUTBOX_MESSAGES_MAX && json_is_object(json_object_get(body, "facts")))
        message = outbox_message_add(o, (uint64_t)number, json_deep_copy(body));
    if (message != NULL) {
        message->stored = true;
        message->batch = UINT64_MAX;
    }
}

struct found {
    int64_t number;
    json_t *body;
};
struct founds {
    struct found items[LANES_OPEN_MAX];
    size_t count;
    size_t more; /* that there is no room for */
};

static void load_delivery(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct founds *founds = context;
    json_t *mine = json_deep_copy(body);
    (void)kind;
    if (founds->count < LANES_OPEN_MAX && mine != NULL)
        founds->items[founds->count++] = (struct found){number, mine};
    else
        founds->more++;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = ((const struct found *)a)->number, y = ((const struct found *)b)->number;
    return x < y ? -1 : x > y;
}

static int channel_by_name(const struct outbox *o, const char *name)
{
    for (size_t i = 0; i < o->channel_count; i++)
        if (str_equal(o->channels[i].name, name))
            return (int)i;
    return -1;
}

static int word_of(const char *(*word)(int), int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (str_equal(word(i), text))
            return i;
    return -1;
}

static const char *kind_word(int i)
{
    return lane_kind_word((enum lane_kind)i);
}

static const char *state_word(int i)
{
    return delivery_state_word((enum delivery_state)i);
}

/* An absent time is now. */
static mono_ms due_of(const json_t *body, const char *key, int64_t most_ms, struct now now)
{
    int64_t at = json_int_or(body, key, 0);
    return at == 0 ? now.mono : persisted_due((wall_ms){at}, now, most_ms);
}

/* Of the records of versions that wrote no `saved_at`, `expires_at` is as old as the message. */
static mono_ms expiry_of(const json_t *body, enum lane_kind kind, int64_t life_ms, struct now now)
{
    wall_ms end = {json_int_or(body, "expires_at", 0)};
    wall_ms written = {json_int_or(body, "saved_at", json_int_or(body, "at", 0))};
    mono_ms rest = persisted_rest(end, written, now, life_ms);
    if (kind == LANE_ANNOUNCE) /* it is about a date */
        return mono_min(rest, persisted_due(end, now, life_ms));
    return rest;
}

static struct outbox_message *message_of(struct outbox *o, int64_t number)
{
    for (size_t i = 0; i < o->message_count; i++)
        if (o->messages[i]->number == (uint64_t)number)
            return o->messages[i];
    return NULL;
}

/* False: it cannot be sent any longer. */
static bool restore(struct outbox *o, const struct found *found, struct now now)
{
    const json_t *body = found->body;
    struct outbox_message *message = message_of(o, json_int_or(body, "message", 0));
    int channel = channel_by_name(o, json_text_or(body, "channel", ""));
    int kind = word_of(kind_word, LANE_KIND_COUNT, json_text_or(body, "kind", ""));
    int state = word_of(state_word, DELIVERY_STATE_COUNT, json_text_or(body, "state", ""));
    struct outbox_parcel *parcel = NULL;
    if (message == NULL || channel < 0 || kind < 0 || state < 0 ||
        (parcel = mem_calloc(1, sizeof *parcel)) == NULL)
        return false;
    parcel->body = json_incref(found->body);
    parcel->message = message;
    parcel->updated = now.mono;
    message->open++;
    struct delivery_item item = {
        .id = (uint64_t)found->number,
        .message = message->number,
        .thread = outbox_thread_of(json_text_or(message->body, "thread", "")),
        .channel = channel,
        .kind = (enum lane_kind)kind,
        .state = (enum delivery_state)state,
        .severity = (int)json_int_or(body, "severity", 0),
        .may_have_arrived = json_bool_or(body, "may_have_arrived", false),
        .combined = json_bool_or(body, "combined", false),
        .attempts = (int)json_int_or(body, "attempts", 0),
        .due = due_of(body, "next_at", RETRY_AFTER_MAX_MS, now),
        .expires = expiry_of(body, (enum lane_kind)kind,
                             lanes_life_ms(&o->channels[channel].lane, (enum lane_kind)kind), now),
        .note = parcel,
    };
    (void)lanes_restore(&o->lanes, &item);
    return true;
}

/* Its channel or its message is gone: it will not be sent, and its record says so. */
static void give_up(struct outbox *o, const struct found *found)
{
    if (!json_put_text(found->body, "state", delivery_state_word(DELIVERY_DEAD)))
        return;
    log_warning("outbox", "delivery %" PRId64 " to %s is given up: there is no such channel",
                found->number, json_text_or(found->body, "channel", "?"));
    record_write(o->ports.store,
                 &(struct record_write){.changes = &(struct record_change){.kind = RECORD_DELIVERY,
                                                                           .number = found->number,
                                                                           .body = found->body},
                                        .count = 1});
}

int outbox_load(struct outbox *o, struct error *err)
{
    static const enum delivery_state live[] = {DELIVERY_QUEUED, DELIVERY_SENDING, DELIVERY_WAITING};
    struct now now = o->ports.now(o->ports.context);
    struct founds *founds = mem_calloc(1, sizeof *founds);
    if (founds == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = record_load(o->ports.store, RECORD_MESSAGE, "open", load_message, o, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(live); i++)
        r = record_load(o->ports.store, RECORD_DELIVERY, delivery_state_word(live[i]),
                        load_delivery, founds, err);
    qsort(founds->items, founds->count, sizeof founds->items[0], by_number);
    for (size_t i = 0; i < founds->count; i++) {
        if (r == 0 && !restore(o, &founds->items[i], now))
            give_up(o, &founds->items[i]);
        json_decref(founds->items[i].body);
    }
    if (founds->more > 0)
        log_error("outbox", "%zu deliveries of an earlier run are left out: there is no room",
                  founds->more);
    mem_free(founds);
    return r;
}
