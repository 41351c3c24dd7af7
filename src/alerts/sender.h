/* Between the outbox and the channels: takes the stored form of a message to notify_send(), and what
 * became of it back. */
#ifndef RESUS_ALERTS_SENDER_H
#define RESUS_ALERTS_SENDER_H

#include <jansson.h>
#include <stdint.h>
#include <uv.h>

#include "alerts/outbox.h"
#include "base/attr.h"
#include "base/error.h"
#include "notify/heartbeat.h"
#include "notify/notify.h"
#include "settings/settings.h"

struct sender;

struct sender_options {
    heartbeat_ask *ask;              /* what is wrong with Resus itself; NULL = nothing ever is */
    void (*answered)(void *context); /* after outbox_answered() */
    void *context;                   /* of both */
};

int sender_open(uv_loop_t *loop, const struct settings *settings,
                const struct sender_options *options, struct sender **ret,
                struct error *err) ATTR_MUST_USE;
void sender_close(struct sender *s); /* takes NULL; the loop must run once more */
/* Whose answers these are. NULL: of nobody any longer. */
void sender_join(struct sender *s, struct outbox *outbox);
int sender_reload(struct sender *s, const struct settings *settings,
                  struct error *err) ATTR_MUST_USE;
/* Of the outbox's port: ends with one outbox_answered(), later. */
void sender_send(struct sender *s, const char *channel, uint64_t delivery, const json_t *message);
const struct notify *sender_notify(const struct sender *s);

#endif
