/* The outbox: messages on their way to the channels, safe from a kill.
 *
 * A message, its deliveries and `sending` of those that go first are in one durable transaction
 * before the first byte leaves. The disk is waited for OUTBOX_WAIT_MS at most; then the message is
 * sent from memory and marked `not_stored`. `sending` is written before every attempt: a start
 * knows which messages may have arrived; those are sent again under the same id. What is sent when
 * is decided by core/lanes.h. On the loop's thread. */
#ifndef RESUS_ALERTS_OUTBOX_H
#define RESUS_ALERTS_OUTBOX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "core/lanes.h"
#include "core/retry.h"
#include "core/route.h"
#include "store/record.h"
#include "store/store.h"

#define OUTBOX_WAIT_MS 250
#define OUTBOX_MESSAGES_MAX 512 /* in memory, with a delivery that has not ended */
#define OUTBOX_UNSTORED_MAX 256 /* of them, that the disk did not take */
#define OUTBOX_WITH_MAX 16
#define OUTBOX_BYTES_MAX (16 * 1024) /* of a message's facts as text */
#define OUTBOX_NAME_SIZE 64
#define OUTBOX_ERROR_SIZE 256
#define OUTBOX_TRIES_MAX 20    /* the last attempts that a delivery's record shows */
#define OUTBOX_NEWS_MAX 4096   /* that wait for the end of a turn; more are only logged */
#define OUTBOX_DIGEST_LINES 20 /* the first messages that a digest names */

struct outbox;

struct outbox_channel {
    char name[OUTBOX_NAME_SIZE]; /* what it is stored as: another name is another channel */
    struct lane_channel lane;
};

/* How a channel sends. `channel` is its place in the list of outbox_configure(). Neither function
 * calls back on the caller's stack. */
struct outbox_channel_port {
    /* `message` is borrowed: the facts as posted, and `repeat` (true when an attempt before may
     * have arrived), `delivery`, `attempt`, `combined` (a resolve without its trigger) and
     * `not_stored`. Ends with one outbox_answered(). */
    void (*send)(void *context, int channel, uint64_t delivery, const json_t *message);
    /* No answer is wanted any longer. */
    void (*cancel)(void *context, int channel, uint64_t delivery);
};

enum outbox_news_kind {
    OUTBOX_CHANNEL_FAILS, /* RETRY_FAILING attempts in a row have failed */
    OUTBOX_CHANNEL_WORKS, /* it did, and delivers again */
    OUTBOX_ENDED,         /* a delivery has ended, `state` says how */
    OUTBOX_NOT_STORED,    /* a message goes out before it is on the disk */
    OUTBOX_DROPPED        /* a message had no room */
};
struct outbox_news {
    enum outbox_news_kind kind;
    int channel; /* -1 = of none */
    uint64_t delivery, message;
    enum delivery_state state;
    bool last;            /* of ENDED: no other delivery of the message is under way */
    const json_t *record; /* of the delivery, borrowed; NULL = none */
};

struct outbox_ports {
    void *context;
    uv_loop_t *loop;
    struct store *store;
    struct outbox_channel_port channel;
    struct now (*now)(void *context);
    /* Asked when a message with a generation is about to be sent: is that of its thread a later one
     * by now? NULL = never. */
    bool (*is_stale)(void *context, const char *thread, uint32_t generation);
    /* NULL = unwanted. It may post, and must not close the outbox. */
    void (*news)(void *context, const struct outbox_news *news);
};

struct outbox_post {
    enum lane_kind kind;
    int severity;         /* 1 (P1) to 4; 0 = none */
    const char *thread;   /* the deduplication key, NULL = of none; at most RECORD_INDEX_MAX * 2 */
    const char *service;  /* NULL = of none */
    channel_set channels; /* with none the message is stored all the same */
    uint32_t generation;  /* of the escalation; 0 = always current */
    int64_t life_ms;      /* 0 = its channel's */
    const json_t *facts;  /* an object for the channels, copied */
    /* Stored in the same transaction: the alert or incident whose message this is. Copied. */
    const struct record_change *with;
    size_t with_count;
};

/* Takes up what an earlier run has left. Ports are copied. */
int outbox_open(const struct outbox_ports *ports, const struct outbox_channel *channels,
                size_t count, struct outbox **ret, struct error *err) ATTR_MUST_USE;
/* Cancels what is being sent. The store is closed before the loop runs again. Takes NULL. */
void outbox_close(struct outbox *o);
/* After a reload. Channels keep their deliveries by name; those of a name that is gone are dead.
 * Nothing is sent again. */
void outbox_configure(struct outbox *o, const struct outbox_channel *channels, size_t count);

/* Queues a message. Returns its number, or -ENOMEM, -EINVAL, -EMSGSIZE, or -ENOBUFS: there is no
 * room, and all that waits is more severe; then `with` is stored nevertheless. */
int64_t outbox_post(struct outbox *o, const struct outbox_post *post, struct error *err);

/* The end of the attempt under way; others are ignored. `code` 0, `receipt` and `error` NULL =
 * none; `retry_after_ms` RETRY_AFTER_NONE = nothing asked. */
void outbox_answered(struct outbox *o, uint64_t delivery, enum retry_class class, int code,
                     int64_t retry_after_ms, const char *receipt, const char *error);

struct outbox_state {
    size_t messages, deliveries; /* that have not ended */
    size_t unstored;             /* messages that the disk did not take */
    uint64_t dropped;            /* messages without room, since the start */
    int64_t late_ms; /* how long the oldest one waits that nothing keeps from being sent */
};
void outbox_look(struct outbox *o, struct outbox_state *ret);

struct outbox_channel_state {
    size_t waiting; /* deliveries that have not ended */
    bool failing;
    int failures;                  /* in a row */
    wall_ms delivered_at;          /* the last success since the start, WALL_NONE = none */
    wall_ms failed_at;             /* the last failure */
    int code;                      /* of it */
    char error[OUTBOX_ERROR_SIZE]; /* of it */
};
void outbox_look_channel(struct outbox *o, int channel, struct outbox_channel_state *ret);

#endif
