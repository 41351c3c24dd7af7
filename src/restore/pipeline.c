#include "restore/pipeline.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/stream.h"
#include "redis/endpoint.h"
#include "redis/tunnel.h"

#define SEND_AGAIN_MS 1 /* the stream has no event for room */
#define SEND_PIECE ((size_t)64 * 1024)

struct pipeline {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct endpoint *endpoint;
    struct stream *stream;
    struct tunnel_wait *wait;
    const struct permit *permit;
    struct pipeline_events events;
    struct wire wire;
    struct buf out;
    size_t sent; /* bytes at the front of `out` */
    bool log_in; /* the reply to AUTH is awaited */
    bool closed;
};

static void end(struct pipeline *p, const struct error *why)
{
    if (!p->closed)
        p->events.ended(p->events.context, why);
}

static void on_time(uv_timer_t *timer)
{
    pipeline_flush(timer->data);
}

void pipeline_flush(struct pipeline *p)
{
    int r = 0;
    if (permit_look(p->permit) != PERMIT_GOOD)
        return;
    while (r == 0 && p->stream != NULL && p->sent < p->out.length) {
        size_t left = p->out.length - p->sent;
        size_t n = left < SEND_PIECE ? left : SEND_PIECE;
        r = stream_write(p->stream, p->out.data + p->sent, n);
        p->sent += r == 0 ? n : 0;
    }
    if (p->sent == p->out.length) {
        buf_clear(&p->out);
        p->sent = 0;
    } else if (r == -ENOBUFS) {
        (void)uv_timer_start(&p->timer, on_time, SEND_AGAIN_MS, 0);
    }
}

size_t pipeline_waiting(const struct pipeline *p)
{
    return p->out.length - p->sent;
}

int pipeline_send(struct pipeline *p, const struct word *words, size_t count)
{
    size_t before = p->out.length;
    assert(count <= PIPELINE_WORDS_MAX);
    int r = buf_printf(&p->out, "*%zu\r\n", count);
    for (size_t i = 0; i < count && r == 0; i++) {
        r = buf_printf(&p->out, "$%zu\r\n", words[i].length);
        if (r == 0)
            r = buf_append(&p->out, words[i].text, words[i].length);
        if (r == 0)
            r = buf_append(&p->out, "\r\n", 2);
    }
    if (r < 0)
        p->out.length = before;
    return r;
}

static int on_item(void *context, const struct wire_item *item)
{
    struct pipeline *p = context;
    if (p->closed)
        return -ECANCELED;
    if (!p->log_in)
        return p->events.item(p->events.context, item);
    p->log_in = false;
    if (item->type == WIRE_ERROR) {
        struct error err;
        (void)error_set(&err, -EACCES, "the login was refused: %.*s", (int)item->length,
                        item->text);
        end(p, &err);
        return -ECANCELED;
    }
    p->events.opened(p->events.context);
    return p->closed ? -ECANCELED : 0;
}

static void free_now(struct pipeline *p)
{
    endpoint_free(p->endpoint);
    buf_free(&p->wire.rest);
    buf_free(&p->out);
    mem_free(p);
}

static void on_data(void *context, const char *bytes, size_t length)
{
    struct pipeline *p = context;
    struct error err = {0};
    int r = wire_feed(&p->wire, bytes, length, on_item, p, &err);
    if ((r == -EPROTO || r == -ENOMEM) && err.code < 0)
        end(p, &err);
    else if (!p->closed)
        pipeline_flush(p);
}

static void on_opened(void *context)
{
    struct pipeline *p = context;
    struct error err = {0};
    if (endpoint_auth(p->endpoint, &p->out, &err) < 0) {
        end(p, &err);
        return;
    }
    p->log_in = p->out.length > 0;
    if (p->log_in)
        pipeline_flush(p);
    else
        p->events.opened(p->events.context);
}

static void on_ended(void *context, enum stream_end how, const struct error *why)
{
    (void)how;
    end(context, why);
}

static void open_stream(struct pipeline *p)
{
    const struct stream_events events = {
        .context = p, .opened = on_opened, .data = on_data, .ended = on_ended};
    stream_open(p->stream, &events);
}

static void on_tunnel(void *owner, int fd, const struct error *error)
{
    struct pipeline *p = owner;
    struct error err = {0};
    p->wait = NULL;
    if (fd < 0) {
        (void)error_set(&err, -EHOSTUNREACH, "%s", error->text);
        end(p, &err);
    } else if (endpoint_stream_over(p->endpoint, p->loop, fd, &p->stream, &err) < 0) {
        end(p, &err);
    } else {
        open_stream(p);
    }
}

int pipeline_open(uv_loop_t *loop, const struct redis_settings *redis,
                  const struct redis_tunnel *tunnel, const struct permit *permit, mono_ms deadline,
                  const struct pipeline_events *events, struct pipeline **ret, struct error *err)
{
    struct pipeline *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    p->loop = loop;
    p->events = *events;
    p->permit = permit;
    p->wire = (struct wire){.rest = BUF_LIMIT(WIRE_BULK_MAX + WIRE_LINE_MAX)};
    p->out = BUF_LIMIT(PIPELINE_QUEUE_MAX - 1);
    int r = endpoint_new(redis, &p->endpoint, err);
    if (r == 0 && !p->endpoint->tunnel)
        r = endpoint_stream(p->endpoint, loop, &p->stream, err);
    if (r < 0) {
        free_now(p);
        return r;
    }
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    *ret = p;
    if (p->stream != NULL) {
        open_stream(p);
        return 0;
    }
    r = tunnel_open(tunnel, p->endpoint, deadline, on_tunnel, p, &p->wait, err);
    if (r < 0) {
        *ret = NULL;
        pipeline_close(p);
    }
    return r;
}

void pipeline_pause(struct pipeline *p, bool paused)
{
    if (p->stream != NULL)
        stream_pause(p->stream, paused);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free_now(handle->data);
}

/* The memory goes on a later turn of the loop: an event may be on the stack. */
void pipeline_close(struct pipeline *p)
{
    if (p == NULL)
        return;
    p->closed = true;
    tunnel_forget(p->wait);
    stream_close(p->stream);
    p->stream = NULL;
    uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
