/* The lanes of the outbox: which message is sent to which receiver, in what order and when.
 *
 * One lane a channel. A delivery is one message for one channel:
 *
 *     queued ──▶ sending ──▶ delivered, accepted, dead
 *       │          │  ▲
 *       │          ▼  │
 *       │        waiting
 *       ▼          ▼
 *     expired, superseded, stale, dropped
 *
 * A lane sends one at a time, the most severe first, and keeps the order within a thread (the
 * messages about one alert). A lane that fails five times in a row makes one attempt at a time
 * until one succeeds. Of more than ten messages a minute the rest waits for one digest; P1 does
 * not wait. Pure: the caller sends, stores what is marked as changed, and reports the answers. */
#ifndef RESUS_CORE_LANES_H
#define RESUS_CORE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/retry.h"
#include "core/route.h"

#define LANES_MAX ROUTE_CHANNELS_MAX
#define LANES_OPEN_MAX 2048 /* deliveries that have not ended */
#define LANES_AT_ONCE_MAX 8
#define LANES_SLOW_MS 15000    /* a request that takes longer holds none of those places */
#define LANES_ANSWER_MS 180000 /* without an answer it is given up: unknown */
#define LANES_DIGEST_OVER 10   /* messages in one lane ... */
#define LANES_DIGEST_MS 60000  /* ... within a minute */

/* In the order of the messages' kinds. */
enum lane_kind {
    LANE_TRIGGER,
    LANE_UPDATE,
    LANE_REMINDER,
    LANE_RESOLVE,
    LANE_ANNOUNCE,
    LANE_TEST,
    LANE_EMERGENCY,
    LANE_DIGEST,
    LANE_KIND_COUNT
};
const char *lane_kind_word(enum lane_kind kind); /* "trigger" */

enum delivery_state {
    DELIVERY_QUEUED,
    DELIVERY_SENDING,
    DELIVERY_WAITING,    /* for the next attempt */
    DELIVERY_DELIVERED,  /* the receiver has it */
    DELIVERY_ACCEPTED,   /* it was taken over; whether it is shown is not known */
    DELIVERY_DEAD,       /* refused for good */
    DELIVERY_EXPIRED,    /* too old to be of use */
    DELIVERY_SUPERSEDED, /* a later message says all of it */
    DELIVERY_STALE,      /* of an escalation that was acknowledged */
    DELIVERY_DROPPED,    /* there was no room */
    DELIVERY_STATE_COUNT
};
const char *delivery_state_word(enum delivery_state state); /* "queued" */
bool delivery_ended(enum delivery_state state);

/* The first five are the classes of an answer, in the order of enum retry_class. */
enum delivery_event {
    DELIVERY_IS_DELIVERED,
    DELIVERY_IS_ACCEPTED,
    DELIVERY_LATER,
    DELIVERY_FINAL,
    DELIVERY_UNKNOWN,
    DELIVERY_SEND,
    DELIVERY_EXPIRE,
    DELIVERY_SUPERSEDE,
    DELIVERY_OLD, /* the generation of its escalation is over */
    DELIVERY_DROP,
    DELIVERY_FOUND, /* read from the disk at a start */
    DELIVERY_EVENT_COUNT
};
/* An event that does not concern a state leaves it as it is. */
enum delivery_state delivery_step(enum delivery_state state, enum delivery_event event);

struct delivery_item {
    uint64_t id;      /* rising: the order of the messages */
    uint64_t message; /* number */
    uint64_t thread;  /* 0 = of none */
    int channel;
    enum lane_kind kind;
    enum delivery_state state;
    int severity;          /* 1 (P1) to 4; 0 = none */
    bool may_have_arrived; /* an attempt ended unknown, or was cut off by a kill */
    bool combined;         /* a resolve that also stands for the trigger, which was never sent */
    bool changed;          /* the caller stores it, and then clears this */
    int attempts;          /* that have begun */
    mono_ms due;           /* not before */
    mono_ms expires;
    mono_ms begun; /* the attempt under way */
    void *note;    /* the caller's */
    bool behind;   /* an earlier one of its thread is open in its lane */
};

struct lane_channel {
    bool pager;      /* keeps what was sent open until it is resolved: no digests */
    int64_t life_ms; /* retry_life_ms() */
};

/* How long a message for it is of use. The end of an alert is sent for RETRY_LIFE_MAX_MS at least: what keeps
 * alerts open has nothing else to close them. */
int64_t lanes_life_ms(const struct lane_channel *channel, enum lane_kind kind);

struct lane {
    bool used;
    struct lane_channel channel;
    uint64_t sending; /* id, 0 = none */
    int failures;     /* in a row */
    bool failing;
    mono_ms not_before;
    mono_ms added[LANES_DIGEST_OVER]; /* times of the last messages, a ring */
    size_t added_next, added_count;
    uint64_t digest; /* id of the one that still takes messages, 0 = none */
};

struct lanes {
    struct lane lanes[LANES_MAX];
    struct delivery_item items[LANES_OPEN_MAX]; /* by id */
    size_t count;
    bool sorted_out; /* `behind` is right */
    struct {
        uint64_t thread;
        int channel;
    } seen[2 * LANES_OPEN_MAX]; /* scratch for it */
};

/* Zeroed memory has no lanes. `to[old]` is the new number of a lane, -1 = it is gone: its
 * deliveries are dead. NULL: there were none before. Nothing else changes. */
void lanes_configure(struct lanes *l, const struct lane_channel *channels, size_t count,
                     const int8_t to[LANES_MAX]);

enum lane_place {
    LANE_OWN,       /* a delivery of its own */
    LANE_IN_DIGEST, /* in the lane's digest, which may have to be made */
    LANE_NOWHERE    /* no such lane */
};
enum lane_place lanes_place(const struct lanes *l, int channel, enum lane_kind kind, int severity,
                            uint64_t thread, mono_ms now);
/* Adds a delivery: id above all others, message, thread, channel, kind, severity, expires and note
 * are the caller's. There must be room. A resolve ends what of its thread waits to be sent; on
 * a pager that never got the trigger it ends itself, too. Returns the delivery. */
struct delivery_item *lanes_add(struct lanes *l, const struct delivery_item *item, mono_ms now);
/* The same for one that was stored, when it has not ended; by rising id. */
struct delivery_item *lanes_restore(struct lanes *l, const struct delivery_item *item);
struct delivery_item *lanes_find(struct lanes *l, uint64_t id); /* NULL = none */

/* The next delivery that is to be sent, or NULL. What is too old has expired before. */
struct delivery_item *lanes_next(struct lanes *l, mono_ms now);
/* An attempt begins. */
void lanes_begin(struct lanes *l, struct delivery_item *item, mono_ms now);
/* A delivery whose answer is overdue, or NULL: the caller cancels it and reports it unknown. */
struct delivery_item *lanes_overdue(struct lanes *l, mono_ms now);
/* Ends one that is not being sent: expired, superseded, old, dropped. */
void lanes_end(struct lanes *l, struct delivery_item *item, enum delivery_event event);

enum lane_news { LANE_NO_NEWS, LANE_FAILS, LANE_WORKS };
/* The answer to the attempt under way; parameters as retry_delay_ms(). */
enum lane_news lanes_answered(struct lanes *l, struct delivery_item *item, enum retry_class class,
                              int code, int64_t retry_after_ms, uint32_t random, mono_ms now);

/* When to ask again, if nothing happens before. MONO_NEVER: not at all. */
mono_ms lanes_wake(struct lanes *l, mono_ms now);
/* The delivery that is missed least: the least severe, then the oldest; never a resolve or a
 * digest while there is another, never one that is being sent. NULL = none. */
struct delivery_item *lanes_least(struct lanes *l);
/* Would a new message be missed less than that one? */
bool lanes_is_less(enum lane_kind kind, int severity, const struct delivery_item *than);
/* Takes out the ended ones that are stored. Pointers to deliveries end here. */
void lanes_sweep(struct lanes *l);

#endif
