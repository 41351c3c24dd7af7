#include "support/peer.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct visitor {
    uv_tcp_t handle;
    struct peer *peer;
    struct visitor *next;
    size_t answered;
    bool closing;
};

struct peer {
    uv_tcp_t listener;
    struct peer_script script;
    struct visitor *visitors;
    size_t accepted, commands;
    bool freed;
    char bytes[65536];
};

struct outgoing {
    uv_write_t request;
    char *bytes;
};

static void on_visitor_closed(uv_handle_t *handle)
{
    struct visitor *v = handle->data;
    struct visitor **at = &v->peer->visitors;
    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    struct peer *p = v->peer;
    free(v);
    if (p->freed && p->visitors == NULL && p->listener.data == NULL)
        free(p);
}

static void hang_up(struct visitor *v)
{
    if (!v->closing)
        uv_close((uv_handle_t *)&v->handle, on_visitor_closed);
    v->closing = true;
}

static void on_written(uv_write_t *request, int status)
{
    (void)status;
    struct outgoing *o = request->data;
    free(o->bytes);
    free(o);
}

static void say(struct visitor *v, const char *bytes, size_t length)
{
    if (v->closing || length == 0)
        return;
    struct outgoing *o = calloc(1, sizeof *o);
    assert_non_null(o);
    o->bytes = malloc(length);
    assert_non_null(o->bytes);
    memcpy(o->bytes, bytes, length);
    o->request.data = o;
    uv_buf_t buf = uv_buf_init(o->bytes, (unsigned)length);
    assert_int_equal(uv_write(&o->request, (uv_stream_t *)&v->handle, &buf, 1, on_written), 0);
}

static void flood(struct visitor *v)
{
    size_t n = v->peer->script.flood;
    if (n == 0)
        return;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    memset(bytes, 'x', n);
    say(v, bytes, n);
    free(bytes);
}

static void answer(struct visitor *v)
{
    const struct peer_script *script = &v->peer->script;
    const char *line = script->lines[v->answered];
    v->peer->commands++;
    if (line == NULL)
        return;
    say(v, line, strlen(line));
    if (v->answered + 1 < PEER_LINES_MAX && script->lines[v->answered + 1] != NULL)
        v->answered++;
    flood(v);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct visitor *v = handle->data;
    *buf = uv_buf_init(v->peer->bytes, sizeof v->peer->bytes);
}

/* Every command of ours begins with '*' and holds no other. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct visitor *v = stream->data;
    if (n < 0) {
        hang_up(v);
        return;
    }
    for (ssize_t i = 0; i < n; i++)
        if (buf->base[i] == '*')
            answer(v);
    if (v->peer->script.close_after_line && v->peer->commands > 0)
        (void)hang_up(v);
}

static void on_shut(uv_shutdown_t *request, int status)
{
    (void)status;
    hang_up(request->handle->data);
    free(request);
}

static void on_visit(uv_stream_t *listener, int status)
{
    struct peer *p = listener->data;
    assert_int_equal(status, 0);
    struct visitor *v = calloc(1, sizeof *v);
    assert_non_null(v);
    v->peer = p;
    v->handle.data = v;
    v->next = p->visitors;
    p->visitors = v;
    p->accepted++;
    assert_int_equal(uv_tcp_init(listener->loop, &v->handle), 0);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&v->handle), 0);
    assert_int_equal(uv_tcp_nodelay(&v->handle, 1), 0);
    const struct peer_script *script = &p->script;
    if (script->greeting != NULL)
        say(v, script->greeting,
            script->greeting_length > 0 ? script->greeting_length : strlen(script->greeting));
    if (script->greeting != NULL && script->lines[0] == NULL)
        flood(v);
    if (script->close_after_greeting) {
        uv_shutdown_t *shut = calloc(1, sizeof *shut);
        assert_non_null(shut);
        assert_int_equal(uv_shutdown(shut, (uv_stream_t *)&v->handle, on_shut), 0);
        return;
    }
    assert_int_equal(uv_read_start((uv_stream_t *)&v->handle, on_alloc, on_read), 0);
}

struct peer *peer_new(uv_loop_t *loop, const struct peer_script *script)
{
    struct sockaddr_in address;
    struct peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->script = *script;
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_init(loop, &p->listener), 0);
    p->listener.data = p;
    assert_int_equal(uv_tcp_bind(&p->listener, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&p->listener, 64, on_visit), 0);
    return p;
}

int peer_port(const struct peer *p)
{
    struct sockaddr_in address;
    int length = sizeof address;
    assert_int_equal(uv_tcp_getsockname(&p->listener, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

size_t peer_accepted(const struct peer *p)
{
    return p->accepted;
}

size_t peer_commands(const struct peer *p)
{
    return p->commands;
}

void peer_say(struct peer *p, const char *bytes, size_t length)
{
    for (struct visitor *v = p->visitors; v != NULL; v = v->next)
        say(v, bytes, length);
}

void peer_hang_up(struct peer *p)
{
    for (struct visitor *v = p->visitors; v != NULL; v = v->next)
        hang_up(v);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;
    handle->data = NULL;
    if (p->visitors == NULL)
        free(p);
}

void peer_free(struct peer *p)
{
    p->freed = true;
    peer_hang_up(p);
    uv_close((uv_handle_t *)&p->listener, on_listener_closed);
}
