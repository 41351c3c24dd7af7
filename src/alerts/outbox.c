#include "alerts/outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "alerts/outbox_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

static void turn(struct outbox *o);

static struct now now_of(const struct outbox *o)
{
    return o->ports.now(o->ports.context);
}

void outbox_tell(struct outbox *o, enum outbox_news_kind kind, const struct delivery_item *item)
{
    if (o->ports.news == NULL)
        return;
    if (o->news_count == OUTBOX_NEWS_MAX) {
        o->news_lost++;
        return;
    }
    const struct outbox_parcel *parcel = item == NULL ? NULL : item->note;
    struct outbox_news *news = &o->news[(o->news_first + o->news_count++) % OUTBOX_NEWS_MAX];
    *news = (struct outbox_news){.kind = kind, .channel = -1};
    if (item != NULL) {
        news->channel = item->channel;
        news->delivery = item->id;
        news->message = item->message;
        news->state = item->state;
        news->last = parcel != NULL && parcel->message->open == 1; /* it is counted yet */
        news->record = parcel == NULL ? NULL : json_incref(parcel->body);
    }
}

static struct outbox_news take_news(struct outbox *o)
{
    struct outbox_news news = o->news[o->news_first];
    o->news_first = (o->news_first + 1) % OUTBOX_NEWS_MAX;
    o->news_count--;
    return news;
}

static void free_news(const struct outbox_news *news)
{
    json_decref((json_t *)(uintptr_t)news->record); /* the reference is ours, the record is not */
}

static void tell_all(struct outbox *o)
{
    if (o->news_lost > 0)
        log_error("outbox", "%zu reports about messages are lost: too many at once", o->news_lost);
    o->news_lost = 0;
    while (o->news_count > 0) {
        struct outbox_news news = take_news(o);
        o->ports.news(o->ports.context, &news);
        free_news(&news);
    }
}

/* ── to the store ── */

static void on_batch(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error);

void outbox_write_batch(struct outbox *o)
{
    struct outbox_batch *b = &o->batch;
    if (b->count == 0)
        return;
    uint64_t number = b->number++;
    record_write(o->ports.store, &(struct record_write){.changes = b->changes,
                                                        .count = b->count,
                                                        .full = b->full,
                                                        .id = number,
                                                        .done = on_batch,
                                                        .context = o});
    for (size_t i = 0; i < b->count; i++)
        json_decref(b->bodies[i]);
    b->count = 0;
    b->full = false;
}

/* Takes a reference to `body`, which may still change until the batch is written. */
void outbox_gather(struct outbox *o, enum record_kind kind, uint64_t number, json_t *body)
{
    struct outbox_batch *b = &o->batch;
    size_t at = 0;
    while (at < b->count &&
           (b->changes[at].kind != kind || b->changes[at].number != (int64_t)number))
        at++;
    if (at == RECORD_BATCH_MAX) {
        outbox_write_batch(o);
        at = 0;
    }
    if (at == b->count)
        b->count++;
    else
        json_decref(b->bodies[at]);
    b->bodies[at] = json_incref(body);
    b->changes[at] = (struct record_change){
        .kind = kind, .number = (int64_t)number, .remove = body == NULL, .body = body};
}

/* ── messages in memory ── */

static void free_message(struct outbox_message *message)
{
    json_decref(message->body);
    mem_free(message);
}

/* Ended deliveries leave memory; what changed goes to the store. */
static void flush_deliveries(struct outbox *o, struct now now)
{
    for (size_t i = 0; i < o->lanes.count; i++) {
        struct delivery_item *item = &o->lanes.items[i];
        struct outbox_parcel *parcel = item->note;
        if (parcel == NULL)
            continue;
        /* A lane has a turn at least as often, for its next attempt. */
        item->changed |= mono_since(now.mono, parcel->updated) >= OUTBOX_REWRITE_MS;
        if (!item->changed)
            continue;
        outbox_parcel_update(item, now);
        outbox_gather(o, RECORD_DELIVERY, item->id, parcel->body);
        parcel->batch = o->batch.number;
        item->changed = false;
        if (!delivery_ended(item->state))
            continue;
        outbox_tell(o, OUTBOX_ENDED, item);
        parcel->message->open--;
        outbox_parcel_free(parcel);
        item->note = NULL;
    }
    lanes_sweep(&o->lanes);
}

void outbox_flush(struct outbox *o, struct now now)
{
    size_t kept = 0;
    flush_deliveries(o, now);
    for (size_t i = 0; i < o->message_count; i++) {
        struct outbox_message *message = o->messages[i];
        if (message->open == 0)
            (void)json_put_text(message->body, "state", "done");
        if (message->open == 0 || message->changed) {
            outbox_gather(o, RECORD_MESSAGE, message->number, message->body);
            message->changed = false;
        }
        if (message->open == 0)
            free_message(message);
        else
            o->messages[kept++] = message;
    }
    o->message_count = kept;
}

/* ── sending ── */

static void send_now(struct outbox *o, const struct delivery_item *item)
{
    struct outbox_parcel *parcel = item->note;
    struct outbox_message *message = parcel->message;
    if (!message->stored && !json_bool_or(message->body, "not_stored", false)) {
        (void)json_put_bool(message->body, "not_stored", true);
        message->changed = true;
        outbox_tell(o, OUTBOX_NOT_STORED, item);
    }
    JSON_CLEANUP json_t *wire = outbox_wire(item);
    parcel->starting = false;
    if (wire != NULL)
        o->ports.channel.send(o->ports.context, item->channel, item->id, wire);
    else
        outbox_answered(o, item->id, RETRY_LATER, 0, RETRY_AFTER_NONE, NULL, "out of memory");
}

static void start(struct outbox *o, struct delivery_item *item, struct now now)
{
    struct outbox_parcel *parcel = item->note;
    const json_t *body = parcel->message->body;
    uint32_t generation = (uint32_t)json_int_or(body, "generation", 0);
    if (generation != 0 && o->ports.is_stale != NULL &&
        o->ports.is_stale(o->ports.context, json_text_or(body, "thread", ""), generation)) {
        lanes_end(&o->lanes, item, DELIVERY_OLD);
        return;
    }
    lanes_begin(&o->lanes, item, now.mono);
    parcel->starting = true;
    parcel->start_by = mono_add(now.mono, OUTBOX_WAIT_MS);
}

/* The disk takes too long for these. `batch` 0 = for all that are due. */
static void start_sending(struct outbox *o, uint64_t batch, struct now now)
{
    for (size_t i = 0; i < o->lanes.count; i++) {
        struct delivery_item *item = &o->lanes.items[i];
        struct outbox_parcel *parcel = item->note;
        if (parcel != NULL && parcel->starting &&
            (batch != 0 ? parcel->batch == batch : mono_reached(now.mono, parcel->start_by)))
            send_now(o, item);
    }
}

static void on_batch(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct outbox *o = context;
    bool stored = outcome == STORE_DURABLE;
    if (!stored && !o->disk_fails)
        log_error("outbox", "messages are sent before they are stored: %s", error->text);
    o->disk_fails = !stored;
    for (size_t i = 0; i < o->message_count; i++) {
        struct outbox_message *message = o->messages[i];
        /* What the store has kept goes before what it is given next. */
        message->stored |= stored && (message->batch == id || message->unstored);
        message->unstored = !stored && (message->batch == id || message->unstored);
    }
    start_sending(o, id, now_of(o));
    turn(o);
}

static void give_up_overdue(struct outbox *o, struct now now)
{
    struct delivery_item *item;
    while ((item = lanes_overdue(&o->lanes, now.mono)) != NULL) {
        struct outbox_parcel *parcel = item->note;
        parcel->starting = false;
        o->ports.channel.cancel(o->ports.context, item->channel, item->id);
        outbox_answered(o, item->id, RETRY_UNKNOWN, 0, RETRY_AFTER_NONE, NULL, "no answer");
    }
}

static mono_ms wake_of(struct outbox *o, mono_ms now)
{
    mono_ms wake = lanes_wake(&o->lanes, now);
    for (size_t i = 0; i < o->lanes.count; i++) {
        const struct outbox_parcel *parcel = o->lanes.items[i].note;
        if (parcel != NULL && parcel->starting)
            wake = mono_min(wake, parcel->start_by);
    }
    return wake;
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

void outbox_arm(struct outbox *o, mono_ms at)
{
    if (at.ms == MONO_NEVER.ms) {
        (void)uv_timer_stop(o->timer);
        return;
    }
    uv_update_time(o->ports.loop);
    int64_t wait = mono_since(at, now_of(o).mono);
    (void)uv_timer_start(o->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void turn(struct outbox *o)
{
    struct now now = now_of(o);
    o->again = true;
    if (o->turning)
        return;
    o->turning = true;
    while (o->again) {
        struct delivery_item *item;
        o->again = false;
        start_sending(o, 0, now);
        give_up_overdue(o, now);
        while ((item = lanes_next(&o->lanes, now.mono)) != NULL)
            start(o, item, now);
        outbox_flush(o, now);
        outbox_write_batch(o);
    }
    o->turning = false;
    outbox_arm(o, wake_of(o, now.mono));
    tell_all(o); /* may post, and begin another turn */
}

/* ── answers ── */

static void note_answer(struct outbox *o, const struct delivery_item *item, enum retry_class class,
                        int code, const char *error, struct now now)
{
    struct outbox_channel_state *state = &o->states[item->channel];
    const struct outbox_parcel *parcel = item->note;
    if (class == RETRY_DELIVERED || class == RETRY_ACCEPTED) {
        state->delivered_at = now.wall;
        return;
    }
    state->failed_at = now.wall;
    state->code = code;
    (void)str_copy(state->error, sizeof state->error, error);
    log_warning("outbox", "message %" PRIu64 " (%s) to %s: attempt %d: %s, code %d%s%s",
                item->message, json_text_or(parcel->message->body, "thread", "no alert"),
                o->channels[item->channel].name, item->attempts, retry_class_word(class), code,
                error == NULL ? "" : ": ", error == NULL ? "" : error);
}

void outbox_answered(struct outbox *o, uint64_t delivery, enum retry_class class, int code,
                     int64_t retry_after_ms, const char *receipt, const char *error)
{
    struct delivery_item *item = lanes_find(&o->lanes, delivery);
    struct outbox_parcel *parcel = item == NULL ? NULL : item->note;
    struct now now = now_of(o);
    if (parcel == NULL || item->state != DELIVERY_SENDING || parcel->starting)
        return;
    outbox_parcel_note(parcel, now.wall, class, code, receipt, error);
    note_answer(o, item, class, code, error, now);
    enum lane_news news = lanes_answered(&o->lanes, item, class, code, retry_after_ms,
                                         randombytes_random(), now.mono);
    item->changed = true;
    if (news == LANE_FAILS)
        log_error("outbox", "the channel %s fails: %d attempts in a row",
                  o->channels[item->channel].name, o->lanes.lanes[item->channel].failures);
    else if (news == LANE_WORKS)
        log_info("outbox", "the channel %s works again", o->channels[item->channel].name);
    if (news != LANE_NO_NEWS)
        outbox_tell(o, news == LANE_FAILS ? OUTBOX_CHANNEL_FAILS : OUTBOX_CHANNEL_WORKS, item);
    turn(o);
}

/* ── the whole ── */

static void set_channels(struct outbox *o, const struct outbox_channel *channels, size_t count,
                         const int8_t to[LANES_MAX])
{
    struct lane_channel lanes[LANES_MAX];
    o->channel_count = count < LANES_MAX ? count : LANES_MAX;
    for (size_t i = 0; i < o->channel_count; i++) {
        o->channels[i] = channels[i];
        lanes[i] = channels[i].lane;
    }
    lanes_configure(&o->lanes, lanes, o->channel_count, to);
}

void outbox_configure(struct outbox *o, const struct outbox_channel *channels, size_t count)
{
    struct outbox_channel_state states[LANES_MAX] = {0};
    int8_t to[LANES_MAX];
    memset(to, -1, sizeof to);
    for (size_t i = 0; i < o->channel_count; i++) {
        for (size_t k = 0; k < count && k < LANES_MAX; k++)
            if (str_equal(o->channels[i].name, channels[k].name))
                to[i] = (int8_t)k;
        if (to[i] >= 0)
            states[to[i]] = o->states[i];
        const struct delivery_item *item = lanes_find(&o->lanes, o->lanes.lanes[i].sending);
        const struct outbox_parcel *parcel = item == NULL ? NULL : item->note;
        if (to[i] < 0 && parcel != NULL && !parcel->starting)
            o->ports.channel.cancel(o->ports.context, (int)i, item->id);
    }
    memcpy(o->states, states, sizeof states);
    set_channels(o, channels, count, to);
    turn(o);
}

int outbox_open(const struct outbox_ports *ports, const struct outbox_channel *channels,
                size_t count, struct outbox **ret, struct error *err)
{
    struct outbox *o = mem_calloc(1, sizeof *o);
    if (o == NULL || (o->timer = mem_calloc(1, sizeof *o->timer)) == NULL) {
        mem_free(o);
        return error_set(err, -ENOMEM, "out of memory");
    }
    o->ports = *ports;
    o->batch.number = 1;
    (void)uv_timer_init(ports->loop, o->timer);
    uv_unref((uv_handle_t *)o->timer);
    o->timer->data = o;
    set_channels(o, channels, count, NULL);
    int r = outbox_load(o, err);
    if (r < 0) {
        outbox_close(o);
        return r;
    }
    outbox_arm(o, now_of(o).mono);
    *ret = o;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void outbox_close(struct outbox *o)
{
    if (o == NULL)
        return;
    outbox_write_batch(o);
    for (size_t i = 0; i < o->lanes.count; i++) {
        struct delivery_item *item = &o->lanes.items[i];
        struct outbox_parcel *parcel = item->note;
        if (item->state == DELIVERY_SENDING && parcel != NULL && !parcel->starting)
            o->ports.channel.cancel(o->ports.context, item->channel, item->id);
        outbox_parcel_free(parcel);
    }
    for (size_t i = 0; i < o->message_count; i++)
        free_message(o->messages[i]);
    while (o->news_count > 0)
        free_news(&(struct outbox_news){.record = take_news(o).record});
    uv_close((uv_handle_t *)o->timer, on_closed);
    mem_free(o);
}

void outbox_look(struct outbox *o, struct outbox_state *ret)
{
    mono_ms now = now_of(o).mono;
    *ret = (struct outbox_state){.messages = o->message_count, .dropped = o->dropped};
    for (size_t i = 0; i < o->message_count; i++)
        ret->unstored += o->messages[i]->unstored;
    for (size_t i = 0; i < o->lanes.count; i++) {
        const struct delivery_item *item = &o->lanes.items[i];
        const struct lane *lane = &o->lanes.lanes[item->channel];
        ret->deliveries += !delivery_ended(item->state);
        if (delivery_ended(item->state) || item->behind || lane->sending != 0)
            continue;
        int64_t late = mono_since(now, mono_max(item->due, lane->not_before));
        ret->late_ms = late > ret->late_ms ? late : ret->late_ms;
    }
}

void outbox_look_channel(struct outbox *o, int channel, struct outbox_channel_state *ret)
{
    *ret = o->states[channel];
    ret->failing = o->lanes.lanes[channel].failing;
    ret->failures = o->lanes.lanes[channel].failures;
    for (size_t i = 0; i < o->lanes.count; i++)
        ret->waiting +=
            o->lanes.items[i].channel == channel && !delivery_ended(o->lanes.items[i].state);
}
