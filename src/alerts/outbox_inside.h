/* Shared by the files of the outbox alone. */
#ifndef RESUS_ALERTS_OUTBOX_INSIDE_H
#define RESUS_ALERTS_OUTBOX_INSIDE_H

#include "alerts/outbox.h"

/* A record that has not changed is written again after this long: what is left of its delivery's life is in it. */
#define OUTBOX_REWRITE_MS (INT64_C(3600) * 1000)

/* A message of which a delivery has not ended. */
struct outbox_message {
    uint64_t number;
    json_t *body; /* its record */
    size_t open;  /* deliveries */
    bool changed;
    uint64_t batch; /* with which it goes to the disk first, 0 = not yet chosen */
    bool stored;    /* that one was durable, or a later one */
    bool unstored;  /* the disk did not take it */
};

/* The note of a delivery. */
struct outbox_parcel {
    json_t *body; /* its record */
    struct outbox_message *message;
    bool starting; /* `sending` is on its way to the disk, in this batch */
    uint64_t batch;
    mono_ms start_by;
    mono_ms updated; /* the record */
};

/* Changes that go to the store as one transaction. */
struct outbox_batch {
    struct record_change changes[RECORD_BATCH_MAX];
    json_t *bodies[RECORD_BATCH_MAX];
    size_t count;
    bool full;
    uint64_t number;
};

struct outbox {
    struct outbox_ports ports;
    struct lanes lanes;
    struct outbox_channel channels[LANES_MAX];
    struct outbox_channel_state states[LANES_MAX];
    size_t channel_count;
    struct outbox_message *messages[OUTBOX_MESSAGES_MAX + LANES_MAX]; /* room for digests */
    size_t message_count;
    struct outbox_batch batch; /* what is next */
    bool disk_fails;
    uint64_t dropped, dropped_told;           /* in a digest */
    struct outbox_news news[OUTBOX_NEWS_MAX]; /* a ring: told when no list is being walked */
    size_t news_first, news_count, news_lost;
    bool turning, again;
    uv_timer_t *timer;
};

/* outbox_rows.c */
uint64_t outbox_thread_of(const char *thread);
json_t *outbox_message_body(const struct outbox_post *post, wall_ms at) ATTR_MUST_USE;
struct outbox_parcel *outbox_parcel_new(const struct outbox *o, const struct delivery_item *item,
                                        struct outbox_message *message,
                                        struct now now) ATTR_MUST_USE;
void outbox_parcel_free(struct outbox_parcel *parcel);
/* Brings the record up to date with the item. */
void outbox_parcel_update(const struct delivery_item *item, struct now now);
void outbox_parcel_note(struct outbox_parcel *parcel, wall_ms at, enum retry_class class, int code,
                        const char *receipt, const char *error);
/* What the channel gets. NULL without memory. */
json_t *outbox_wire(const struct delivery_item *item) ATTR_MUST_USE;
int outbox_load(struct outbox *o, struct error *err) ATTR_MUST_USE;

/* outbox_digest.c: adds a message to the lane's digest, which is made first when there is none.
 * False without memory or room. */
bool outbox_digest_add(struct outbox *o, int channel, const struct outbox_post *post,
                       struct now now);

/* outbox_post.c */
struct outbox_message *outbox_message_add(struct outbox *o, uint64_t number, json_t *body);
/* A delivery of `message` that waits for the disk. False without memory or room. */
bool outbox_deliver(struct outbox *o, struct outbox_message *message, int channel,
                    enum lane_kind kind, int severity, int64_t life_ms, struct now now);

/* outbox.c */
/* Adds a record to the next transaction, with a reference to `body` (NULL = remove), which may
 * still change until that is written. */
void outbox_gather(struct outbox *o, enum record_kind kind, uint64_t number, json_t *body);
void outbox_write_batch(struct outbox *o);
/* What changed goes into the batch; what has ended leaves memory. */
void outbox_flush(struct outbox *o, struct now now);
void outbox_arm(struct outbox *o, mono_ms at);
/* Told at the end of the turn. `item` NULL = of none. */
void outbox_tell(struct outbox *o, enum outbox_news_kind kind, const struct delivery_item *item);

#endif
