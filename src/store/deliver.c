#include "store/deliver.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/mem.h"
#include "io/mailbox.h"

struct deliver {
    pthread_mutex_t lock;
    struct delivery *first, *last;
    bool closed;
    deliver_handler *handler;
    void *context;
    void (*drop)(struct delivery *item);
    struct mailbox *bell;
};

static struct delivery *take(struct deliver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    struct delivery *item = d->closed ? NULL : d->first;
    if (item != NULL) {
        d->first = item->next;
        if (d->first == NULL)
            d->last = NULL;
    }
    (void)pthread_mutex_unlock(&d->lock);
    return item;
}

static void ring(struct deliver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    if (!d->closed && d->first != NULL) {
        int r = mailbox_post(d->bell, d);
        (void)r; /* full: the bell rings already */
    }
    (void)pthread_mutex_unlock(&d->lock);
}

static void on_bell(void *context, void *item)
{
    struct deliver *d = context;
    (void)item;
    for (int i = 0; i < DELIVER_TURN_MAX; i++) {
        struct delivery *next = take(d);
        if (next == NULL)
            return;
        d->handler(d->context, next);
    }
    ring(d);
}

int deliver_new(uv_loop_t *loop, deliver_handler *handler, void *context,
                void (*drop)(struct delivery *item), struct deliver **ret, struct error *err)
{
    struct deliver *d = mem_calloc(1, sizeof *d);
    if (d == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    d->handler = handler;
    d->context = context;
    d->drop = drop;
    int r = mailbox_new(loop, 1, on_bell, d, &d->bell, err);
    if (r < 0) {
        mem_free(d);
        return r;
    }
    (void)pthread_mutex_init(&d->lock, NULL);
    *ret = d;
    return 0;
}

void deliver_post(struct deliver *d, struct delivery *item)
{
    item->next = NULL;
    (void)pthread_mutex_lock(&d->lock);
    bool closed = d->closed;
    if (!closed) {
        if (d->last == NULL)
            d->first = item;
        else
            d->last->next = item;
        d->last = item;
        int r = mailbox_post(d->bell, d);
        (void)r;
    }
    (void)pthread_mutex_unlock(&d->lock);
    if (closed)
        d->drop(item);
}

void deliver_close(struct deliver *d)
{
    (void)pthread_mutex_lock(&d->lock);
    d->closed = true;
    struct delivery *item = d->first;
    d->first = d->last = NULL;
    (void)pthread_mutex_unlock(&d->lock);
    while (item != NULL) {
        struct delivery *next = item->next;
        d->drop(item);
        item = next;
    }
    mailbox_close(d->bell);
    d->bell = NULL;
}

void deliver_free(struct deliver *d)
{
    if (d == NULL)
        return;
    (void)pthread_mutex_destroy(&d->lock);
    mem_free(d);
}
