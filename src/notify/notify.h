/* The way of a message out of this machine: one call a delivery, one callback with what became of
 * it. No queue and no retry: the caller keeps those, with core/retry.h. */
#ifndef RESUS_NOTIFY_NOTIFY_H
#define RESUS_NOTIFY_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "core/retry.h"
#include "notify/channel.h"
#include "notify/heartbeat.h"
#include "notify/message.h"
#include "settings/settings.h"

#define NOTIFY_SENDING_MAX 64 /* deliveries under way */

struct notify;

struct notify_result {
    enum retry_class class;
    int code;                          /* HTTP status or SMTP reply, 0 = none */
    int64_t retry_after_ms;            /* as the receiver asks, RETRY_AFTER_NONE = it does not */
    char receipt[CHANNEL_RECEIPT_MAX]; /* the receiver's name for it: queue id, key; "" = none */
    char error[CHANNEL_REASON_MAX];    /* for people, without address or key; "" = none. May be set
                                          with DELIVERED: a recipient that was refused, or
                                          `replaced` */
    bool replaced;                     /* the built-in text was sent instead of the message */
};

/* In the loop, never on the caller's stack. */
typedef void notify_done(void *context, const char *channel, const char *delivery,
                         const struct notify_result *result);

struct notify_options {
    notify_done *done;
    heartbeat_ask *ask; /* NULL = the heartbeat never stops by itself */
    void *context;      /* of both */
    int64_t resend_ms;  /* between two repetitions to channels of state; 0 = BOARD_RESEND_MS */
};

/* Opens the files that the settings name. The error begins with their place ("file:line:column"). */
int notify_new(uv_loop_t *loop, const struct settings *settings,
               const struct notify_options *options, struct notify **ret,
               struct error *err) ATTR_MUST_USE;
/* The same without a loop: could these settings be used? */
int notify_check(const struct settings *settings, struct error *err) ATTR_MUST_USE;
/* Takes new settings over; what is under way ends by the old ones. On an error nothing changes. */
int notify_reload(struct notify *n, const struct settings *settings,
                  struct error *err) ATTR_MUST_USE;
/* Drops what is under way, without a callback. Memory goes when libuv has let go of it (run the
 * loop once more). Takes NULL. */
void notify_free(struct notify *n);

/* Sends one message. `delivery` is the same at every attempt: A-Z a-z 0-9 _ -, at most 63 bytes.
 * To a channel of state (Alertmanager) it is told at once, and then repeated by itself until a
 * RESOLVE. On an error nothing was begun and no callback comes: -ENOENT, there is no such channel;
 * -EBUSY, NOTIFY_SENDING_MAX are under way; -EINVAL, the delivery's name. */
int notify_send(struct notify *n, const char *channel, const char *delivery,
                const struct message *message, struct error *err) ATTR_MUST_USE;

/* How a channel has been doing since the start. The heartbeat is the one after the last, named
 * "heartbeat". */
struct notify_status {
    char channel[SETTINGS_CHANNEL_NAME_MAX];
    enum channel_type type;
    unsigned failures; /* in a row; RETRY_FAILING and more: it is failing */
    int last_code;
    wall_ms last_success, failing_since; /* WALL_NONE = none */
    char last_error[CHANNEL_REASON_MAX];
};
size_t notify_count(const struct notify *n);
bool notify_status(const struct notify *n, size_t index, struct notify_status *ret);

#endif
