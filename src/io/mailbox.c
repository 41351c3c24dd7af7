#include "io/mailbox.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

struct mailbox {
    uv_async_t wake;
    uv_mutex_t lock;
    mailbox_handler *handler;
    void *context;
    bool closed;
    size_t capacity, head, count;
    void *items[]; /* ring */
};

static void *take(struct mailbox *m)
{
    void *item = NULL;
    uv_mutex_lock(&m->lock);
    if (m->count > 0) {
        item = m->items[m->head];
        m->head = (m->head + 1) % m->capacity;
        m->count--;
    }
    uv_mutex_unlock(&m->lock);
    return item;
}

static void deliver(struct mailbox *m)
{
    /* At most one round of the ring, so that a fast poster cannot starve the loop. */
    for (size_t i = 0; i < m->capacity; i++) {
        void *item = take(m);
        if (item == NULL)
            return;
        m->handler(m->context, item);
    }
    (void)uv_async_send(&m->wake);
}

static void on_wake(uv_async_t *handle)
{
    deliver(handle->data);
}

int mailbox_new(uv_loop_t *loop, size_t capacity, mailbox_handler *handler, void *context,
                struct mailbox **ret, struct error *err)
{
    struct mailbox *m = mem_calloc(1, sizeof *m + capacity * sizeof m->items[0]);
    if (m == NULL)
        return error_set(err, -ENOMEM, "mailbox: out of memory");
    m->capacity = capacity;
    m->handler = handler;
    m->context = context;
    m->wake.data = m;
    int r = uv_mutex_init(&m->lock);
    if (r < 0) {
        mem_free(m);
        return error_set(err, r, "mailbox: %s", uv_strerror(r));
    }
    r = uv_async_init(loop, &m->wake, on_wake);
    if (r < 0) {
        uv_mutex_destroy(&m->lock);
        mem_free(m);
        return error_set(err, r, "mailbox: %s", uv_strerror(r));
    }
    uv_unref((uv_handle_t *)&m->wake);
    *ret = m;
    return 0;
}

int mailbox_post(struct mailbox *m, void *item)
{
    int r = 0;
    uv_mutex_lock(&m->lock);
    if (m->closed)
        r = -ESHUTDOWN;
    else if (m->count == m->capacity)
        r = -ENOBUFS;
    else {
        m->items[(m->head + m->count) % m->capacity] = item;
        m->count++;
        (void)uv_async_send(&m->wake); /* under the lock: close cannot slip in between */
    }
    uv_mutex_unlock(&m->lock);
    return r;
}

static void on_closed(uv_handle_t *handle)
{
    struct mailbox *m = handle->data;
    uv_mutex_destroy(&m->lock);
    mem_free(m);
}

void mailbox_close(struct mailbox *m)
{
    if (m == NULL)
        return;
    uv_mutex_lock(&m->lock);
    m->closed = true;
    uv_mutex_unlock(&m->lock);
    for (void *item; (item = take(m)) != NULL;)
        m->handler(m->context, item);
    uv_close((uv_handle_t *)&m->wake, on_closed);
}

void mailbox_keep_alive(struct mailbox *m, bool keep)
{
    if (keep)
        uv_ref((uv_handle_t *)&m->wake);
    else
        uv_unref((uv_handle_t *)&m->wake);
}
