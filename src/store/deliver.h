/* Completions from a worker thread to the loop. Every completion that was promised arrives: they
 * wait in a list that is linked through the completions themselves, so that delivering needs no
 * memory and cannot be refused; a mailbox of one only rings the bell. */
#ifndef RESUS_STORE_DELIVER_H
#define RESUS_STORE_DELIVER_H

#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

/* At most this many in one loop turn, so that a burst cannot starve the pulse. */
#define DELIVER_TURN_MAX 256

struct delivery { /* first member of what is delivered */
    struct delivery *next;
};

struct deliver;
/* On the loop; owns the item. */
typedef void deliver_handler(void *context, struct delivery *item);

/* `drop` frees an item that will not be handled. */
int deliver_new(uv_loop_t *loop, deliver_handler *handler, void *context,
                void (*drop)(struct delivery *item), struct deliver **ret,
                struct error *err) ATTR_MUST_USE;
/* From any thread; takes the item. After deliver_close it is dropped. */
void deliver_post(struct deliver *d, struct delivery *item);
/* On the loop: no handler runs from now on, what waits is dropped. */
void deliver_close(struct deliver *d);
/* Once no thread can post. Takes NULL. */
void deliver_free(struct deliver *d);

#endif
