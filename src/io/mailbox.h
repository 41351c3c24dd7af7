/* The way from any thread to one libuv loop: a bounded queue of items and a handler that runs on
 * the loop's thread. SSH, SQLite and audit threads deliver their completions through it; in the
 * other direction, threads that have a loop of their own (SSH) take their work from one. */
#ifndef RESUS_IO_MAILBOX_H
#define RESUS_IO_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

struct mailbox;

/* Runs on the loop's thread, in order of posting, never on the poster's stack. */
typedef void mailbox_handler(void *context, void *item);

/* `capacity` items at most. Call on the loop's thread. -ENOMEM or libuv's error. */
int mailbox_new(uv_loop_t *loop, size_t capacity, mailbox_handler *handler, void *context,
                struct mailbox **ret, struct error *err) ATTR_MUST_USE;

/* From any thread; `item` is not NULL. -ENOBUFS when full (the item stays the caller's), -ESHUTDOWN
 * after close. */
int mailbox_post(struct mailbox *m, void *item) ATTR_MUST_USE;

/* On the loop's thread: delivers what is queued, then closes the handle; memory goes when libuv has
 * let go of it (run the loop once more). No poster may use it afterwards. Takes NULL. */
void mailbox_close(struct mailbox *m);

/* Whether an idle mailbox keeps uv_run alive (default: no). */
void mailbox_keep_alive(struct mailbox *m, bool keep);

#endif
