/* Posting: room, the deliveries of a message, and the transaction that it goes into. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/outbox_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/log.h"

struct outbox_message *outbox_message_add(struct outbox *o, uint64_t number, json_t *body)
{
    struct outbox_message *message = NULL;
    if (body != NULL && o->message_count < ARRAY_LENGTH(o->messages))
        message = mem_calloc(1, sizeof *message);
    if (message == NULL) {
        json_decref(body);
        return NULL;
    }
    message->number = number;
    message->body = body;
    o->messages[o->message_count++] = message;
    return message;
}

bool outbox_deliver(struct outbox *o, struct outbox_message *message, int channel,
                    enum lane_kind kind, int severity, int64_t life_ms, struct now now)
{
    struct delivery_item item = {
        .message = message->number,
        .thread = outbox_thread_of(json_text_or(message->body, "thread", "")),
        .channel = channel,
        .kind = kind,
        .severity = severity,
        .expires = mono_add(
            now.mono, life_ms > 0 ? life_ms : lanes_life_ms(&o->channels[channel].lane, kind)),
    };
    if (o->lanes.count >= LANES_OPEN_MAX ||
        (item.note = outbox_parcel_new(o, &item, message, now)) == NULL)
        return false;
    item.id = (uint64_t)record_next(o->ports.store, RECORD_DELIVERY);
    message->open++;
    message->changed = true;
    (void)lanes_add(&o->lanes, &item, now.mono);
    return true;
}

static void gather_with(struct outbox *o, const struct outbox_post *post)
{
    for (size_t i = 0; i < post->with_count; i++) {
        const struct record_change *change = &post->with[i];
        json_t *copy = change->remove ? NULL : json_deep_copy(change->body);
        if (copy == NULL && !change->remove) {
            log_error("outbox", "out of memory: %s %" PRId64 " is not stored with its message",
                      record_kinds[change->kind].word, change->number);
            continue;
        }
        outbox_gather(o, change->kind, (uint64_t)change->number, copy);
        json_decref(copy);
    }
}

/* What has just been posted goes into the batch as a whole, before what it made needless. */
static void gather_new(struct outbox *o, struct outbox_message *posted, struct now now)
{
    outbox_gather(o, RECORD_MESSAGE, posted->number, posted->body);
    for (size_t i = 0; i < o->lanes.count; i++) {
        const struct delivery_item *item = &o->lanes.items[i];
        struct outbox_parcel *parcel = item->note;
        if (parcel == NULL || parcel->message->batch != 0)
            continue;
        outbox_parcel_update(item, now);
        outbox_gather(o, RECORD_DELIVERY, item->id, parcel->body);
        outbox_gather(o, RECORD_MESSAGE, parcel->message->number, parcel->message->body);
    }
    for (size_t i = 0; i < o->message_count; i++)
        if (o->messages[i]->batch == 0)
            o->messages[i]->batch = o->batch.number;
}

/* ── posting ── */

static int check_post(const struct outbox_post *post, struct error *err)
{
    if (!json_is_object(post->facts) || post->with_count > OUTBOX_WITH_MAX ||
        (post->thread != NULL && strlen(post->thread) >= (size_t)RECORD_INDEX_MAX * 2))
        return error_set(err, -EINVAL,
                         "a message needs facts, a thread of at most %d bytes and at "
                         "most %d records with it",
                         RECORD_INDEX_MAX * 2 - 1, OUTBOX_WITH_MAX);
    if (json_dumpb(post->facts, NULL, 0, JSON_COMPACT) > OUTBOX_BYTES_MAX)
        return error_set(err, -EMSGSIZE, "the facts of a message are larger than %d bytes",
                         OUTBOX_BYTES_MAX);
    return post->with_count == 0 ? 0 : record_check(post->with, post->with_count, err);
}

static bool is_full(const struct outbox *o)
{
    size_t unstored = 0;
    for (size_t i = 0; i < o->message_count; i++)
        unstored += o->messages[i]->unstored;
    return o->message_count >= OUTBOX_MESSAGES_MAX || unstored >= OUTBOX_UNSTORED_MAX ||
           o->lanes.count + 2 * (size_t)LANES_MAX > LANES_OPEN_MAX;
}

/* Drops what is missed less than the new message. False: that is the new one. */
static bool make_room(struct outbox *o, const struct outbox_post *post, struct now now)
{
    while (is_full(o)) {
        struct delivery_item *least = lanes_least(&o->lanes);
        if (least == NULL || lanes_is_less(post->kind, post->severity, least))
            return false;
        lanes_end(&o->lanes, least, DELIVERY_DROP);
        if (o->dropped++ == 0)
            log_error("outbox", "there is no room: the least severe messages are dropped");
        outbox_tell(o, OUTBOX_DROPPED, least);
        outbox_flush(o, now);
    }
    return true;
}

static void deliver_all(struct outbox *o, const struct outbox_post *post,
                        struct outbox_message *message, struct now now)
{
    uint64_t thread = outbox_thread_of(post->thread);
    json_t *digested = json_array();
    for (int c = 0; c < (int)o->channel_count; c++) {
        if ((post->channels >> c & 1) == 0)
            continue;
        bool in_digest = lanes_place(&o->lanes, c, post->kind, post->severity, thread, now.mono) ==
                         LANE_IN_DIGEST;
        bool ok = in_digest ? outbox_digest_add(o, c, post, now)
                            : outbox_deliver(o, message, c, post->kind, post->severity,
                                             post->life_ms, now);
        if (!ok)
            log_error("outbox", "message %" PRIu64 " does not reach %s: out of memory",
                      message->number, o->channels[c].name);
        else if (in_digest)
            (void)json_array_append_new(digested, json_string(o->channels[c].name));
    }
    if (json_array_size(digested) > 0)
        (void)json_object_set(message->body, "in_digest", digested);
    json_decref(digested);
}

int64_t outbox_post(struct outbox *o, const struct outbox_post *post, struct error *err)
{
    struct now now = o->ports.now(o->ports.context);
    int r = check_post(post, err);
    if (r < 0)
        return r;
    json_t *body = outbox_message_body(post, now.wall);
    if (body == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    bool room = make_room(o, post, now);
    /* One transaction for all of it: with every lane and a new digest in each. */
    if (o->batch.count + post->with_count + 1 + 2 * (size_t)LANES_MAX > RECORD_BATCH_MAX)
        outbox_write_batch(o);
    gather_with(o, post);
    o->batch.full = true;
    uint64_t number = (uint64_t)record_next(o->ports.store, RECORD_MESSAGE);
    struct outbox_message *message = room ? outbox_message_add(o, number, body) : NULL;
    if (message != NULL) {
        message->changed = true;
        deliver_all(o, post, message, now);
        gather_new(o, message, now);
        outbox_flush(o, now);
    } else if (!room) {
        o->dropped++;
        (void)json_put_text(body, "state", "dropped");
        outbox_gather(o, RECORD_MESSAGE, number, body);
        json_decref(body);
        outbox_tell(o, OUTBOX_DROPPED, NULL);
    }
    outbox_arm(o, now.mono); /* with what else is posted in this turn of the loop */
    if (message == NULL)
        return room ? error_set(err, -ENOMEM, "out of memory")
                    : error_set(err, -ENOBUFS, "too many messages wait: this one was dropped");
    return (int64_t)number;
}
