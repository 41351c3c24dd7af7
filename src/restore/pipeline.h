/* One connection to a Redis with many commands under way: replies come in the order of the commands,
 * as items (wire.h). What cannot be sent yet waits here. */
#ifndef RESUS_RESTORE_PIPELINE_H
#define RESUS_RESTORE_PIPELINE_H

#include <stdbool.h>
#include <uv.h>

#include "base/permit.h"
#include "redis/client.h"
#include "restore/wire.h"

#define PIPELINE_QUEUE_MAX ((size_t)256 * 1024 * 1024) /* bytes that wait to be sent */
#define PIPELINE_WORDS_MAX 8

struct pipeline;

/* On the loop. In each of them the pipeline may be closed. */
struct pipeline_events {
    void *context;
    void (*opened)(void *context); /* it has logged in */
    /* 0, or a negative error: the pipeline then reports nothing more. */
    int (*item)(void *context, const struct wire_item *item);
    void (*ended)(void *context, const struct error *why); /* the last event */
};

struct word {
    const char *text;
    size_t length;
};

/* `permit` is looked at before each write, and outlives the pipeline: while it is not good, nothing
 * is sent. */
int pipeline_open(uv_loop_t *loop, const struct redis_settings *redis,
                  const struct redis_tunnel *tunnel, const struct permit *permit, mono_ms deadline,
                  const struct pipeline_events *events, struct pipeline **ret,
                  struct error *err) ATTR_MUST_USE;
/* Queues a command. -ENOBUFS, -ENOMEM. */
int pipeline_send(struct pipeline *p, const struct word *words, size_t count) ATTR_MUST_USE;
/* Sends what is queued; more is sent as the peer takes it. */
void pipeline_flush(struct pipeline *p);
size_t pipeline_waiting(const struct pipeline *p); /* bytes */
void pipeline_pause(struct pipeline *p, bool paused);
/* Takes NULL. No event after it. */
void pipeline_close(struct pipeline *p);

#endif
