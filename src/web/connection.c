/* A socket with TLS. It is polled for input all its life and for output only while the socket is
 * full: a request costs a read and a write. */
#include "web/connection.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

#define CLOSING_MS 3000
#define SHAKING_MS 10000
/* Records of one connection in one turn of the loop: the others have theirs. */
#define ROUNDS_MAX 8

static void on_poll(uv_poll_t *poll, int status, int events);

/* ── ending ── */

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    mem_free(c);
}

static void leave_again(struct connection *c)
{
    for (struct connection **at = &c->server->again; *at != NULL; at = &(*at)->next_again)
        if (*at == c) {
            *at = c->next_again;
            break;
        }
}

void connection_end(struct connection *c)
{
    struct server *s = c->server;
    if (c->state == CONNECTION_ENDED)
        return;
    c->state = CONNECTION_ENDED;
    websocket_drop(c);
    request_drop(c);
    if (c->is_again)
        leave_again(c);
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        s->connections = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    s->count--;
    SSL_free(c->ssl);
    c->ssl = NULL;
    buf_free(&c->in);
    buf_free(&c->out);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    (void)close(c->fd);
}

void connection_break(struct connection *c)
{
    (void)shutdown(c->fd, SHUT_RDWR); /* the loop finds it readable */
}

/* A peer that still sends would get a reset for what is not read, and lose the answer by it: its
 * bytes are taken and dropped until it has seen the end, or for a while. */
static void end_writing(struct connection *c)
{
    (void)shutdown(c->fd, SHUT_WR);
    c->state = CONNECTION_CLOSING;
    c->deadline = mono_add(clock_mono(), CLOSING_MS);
}

static void close_now(struct connection *c)
{
    websocket_drop(c);
    request_drop(c);
    ERR_clear_error();
    (void)SSL_shutdown(c->ssl);
    end_writing(c);
}

void connection_close(struct connection *c)
{
    if (c->state == CONNECTION_CLOSING || c->state == CONNECTION_ENDED)
        return;
    c->close_after = true;
    c->deadline = mono_add(clock_mono(), SERVER_HEAD_SECONDS * 1000);
    if (c->out.length == 0)
        close_now(c);
}

void connection_late(struct connection *c, mono_ms now)
{
    if (c->state == CONNECTION_TALKING)
        websocket_late(c, now);
    if (c->state == CONNECTION_ENDED || !mono_reached(now, c->deadline))
        return;
    if (c->state == CONNECTION_WAITING)
        connection_close(c);
    else
        connection_end(c);
}

/* ── writing ── */

static void poll_for(struct connection *c, int events)
{
    if (c->events == events)
        return;
    c->events = events;
    (void)uv_poll_start(&c->poll, events, on_poll);
}

/* Bytes that were taken; 0 = the socket is full; -1 = it is broken. */
static ssize_t send_some(struct connection *c, const char *bytes, size_t length)
{
    size_t taken = 0;
    ERR_clear_error();
    if (SSL_write_ex(c->ssl, bytes, length < RECORD_MAX ? length : RECORD_MAX, &taken) == 1)
        return (ssize_t)taken;
    int why = SSL_get_error(c->ssl, 0);
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

bool connection_write(struct connection *c, const void *bytes, size_t length)
{
    const char *at = bytes;
    size_t left = length;
    ssize_t n = 0;
    if (c->state == CONNECTION_CLOSING || c->state == CONNECTION_ENDED)
        return false;
    while (c->out.length == 0 && left > 0 && (n = send_some(c, at, left)) > 0) {
        at += n;
        left -= (size_t)n;
    }
    if (left == 0)
        return true;
    if (c->written > 0) {
        buf_consume(&c->out, c->written);
        c->written = 0;
    }
    c->out.limit = OUT_MAX;
    if (n < 0 || buf_append(&c->out, at, left) < 0) {
        connection_break(c);
        return false;
    }
    poll_for(c, UV_READABLE | UV_WRITABLE);
    return true;
}

static void flush(struct connection *c)
{
    ssize_t n = 0;
    bool moved = false;
    while (c->written < c->out.length &&
           (n = send_some(c, c->out.data + c->written, c->out.length - c->written)) > 0) {
        c->written += (size_t)n;
        moved = true;
    }
    if (n < 0) {
        connection_end(c);
        return;
    }
    if (moved && c->state == CONNECTION_WRITING)
        c->deadline = mono_add(clock_mono(), SERVER_HEAD_SECONDS * 1000);
    if (c->written < c->out.length)
        return;
    buf_free(&c->out);
    c->written = 0;
    poll_for(c, UV_READABLE);
    if (c->close_after)
        close_now(c);
    else if (c->state == CONNECTION_WRITING) {
        request_written(c);
        connection_again(c);
    }
}

/* ── reading ── */

static bool takes_input(const struct connection *c)
{
    switch (c->state) {
    case CONNECTION_WAITING:
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
        return true;
    case CONNECTION_TALKING:
        return !c->close_after;
    default:
        return false;
    }
}

/* What waits in `in` and what came now: as much as can be understood is dealt with. */
static void take(struct connection *c, const char *fresh, size_t length)
{
    size_t used = 0;
    bool kept = c->in.length > 0;
    if (kept && length > 0 && buf_append(&c->in, fresh, length) < 0) {
        connection_end(c);
        return;
    }
    const char *bytes = kept ? c->in.data : fresh;
    size_t whole = kept ? c->in.length : length;
    while (used < whole && takes_input(c)) {
        size_t n = c->state == CONNECTION_TALKING ? websocket_input(c, bytes + used, whole - used)
                                                  : request_input(c, bytes + used, whole - used);
        if (n == 0)
            break;
        used += n;
    }
    if (c->state == CONNECTION_ENDED)
        return;
    if (c->state == CONNECTION_CLOSING || used == whole) {
        buf_free(&c->in);
    } else if (kept) {
        buf_consume(&c->in, used);
    } else {
        c->in.limit = IN_MAX;
        if (buf_append(&c->in, bytes + used, whole - used) < 0)
            connection_end(c);
    }
}

/* The socket is new, so the few bytes have room in it. */
static void refuse_plain_http(struct connection *c)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Length: 62\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "Resus speaks HTTPS here: the address has to begin with https.\n";
    (void)send(c->fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    end_writing(c);
}

static bool shake_hands(struct connection *c)
{
    ERR_clear_error();
    int r = SSL_accept(c->ssl);
    if (r == 1) {
        c->state = CONNECTION_WAITING;
        c->deadline = mono_add(clock_mono(), SERVER_HEAD_SECONDS * 1000);
        poll_for(c, UV_READABLE);
        return true;
    }
    int why = SSL_get_error(c->ssl, r);
    if (why == SSL_ERROR_WANT_WRITE)
        poll_for(c, UV_READABLE | UV_WRITABLE);
    else if (why == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        refuse_plain_http(c);
    else if (why != SSL_ERROR_WANT_READ)
        connection_end(c);
    return false;
}

/* What comes after the last word is dropped, unread. */
static void drop_input(struct connection *c)
{
    char *chunk = c->server->chunk;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        ssize_t n = recv(c->fd, chunk, RECORD_MAX, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            connection_end(c);
        if (n <= 0)
            return;
    }
}

static void read_records(struct connection *c)
{
    char *chunk = c->server->chunk;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        size_t n = 0;
        ERR_clear_error();
        if (SSL_read_ex(c->ssl, chunk, RECORD_MAX, &n) != 1) {
            int why = SSL_get_error(c->ssl, 0);
            if (why == SSL_ERROR_WANT_WRITE)
                poll_for(c, UV_READABLE | UV_WRITABLE);
            else if (why != SSL_ERROR_WANT_READ)
                connection_end(c);
            return;
        }
        take(c, chunk, n);
        mem_wipe(chunk, n); /* it may hold a password */
        if (c->state == CONNECTION_CLOSING || c->state == CONNECTION_ENDED ||
            SSL_has_pending(c->ssl) == 0)
            return; /* what is in the socket, the loop tells again */
    }
    connection_again(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct connection *c = poll->data;
    if (status < 0) {
        connection_end(c);
        return;
    }
    if ((events & UV_WRITABLE) != 0 && c->out.length > 0)
        flush(c);
    if (c->state == CONNECTION_SHAKING && !shake_hands(c))
        return;
    if (c->state == CONNECTION_CLOSING)
        drop_input(c);
    else if (c->state != CONNECTION_ENDED)
        read_records(c);
}

static void resume(struct connection *c)
{
    if (c->in.length > 0 && takes_input(c))
        take(c, "", 0);
    if (c->state != CONNECTION_CLOSING && c->state != CONNECTION_ENDED &&
        SSL_has_pending(c->ssl) != 0)
        read_records(c);
}

static void on_idle(uv_idle_t *idle)
{
    struct server *s = idle->data;
    struct connection *list = s->again; /* who comes meanwhile has his turn next */
    s->again = NULL;
    while (list != NULL) {
        struct connection *c = list;
        list = c->next_again;
        c->is_again = false;
        resume(c);
    }
    if (s->again == NULL)
        (void)uv_idle_stop(&s->idle);
}

void connection_again(struct connection *c)
{
    struct server *s = c->server;
    if (c->is_again || c->state == CONNECTION_ENDED ||
        (c->in.length == 0 && SSL_has_pending(c->ssl) == 0))
        return;
    c->is_again = true;
    c->next_again = s->again;
    s->again = c;
    (void)uv_idle_start(&s->idle, on_idle);
}

/* ── beginning ── */

bool connection_begin(struct server *s, int fd, const char *address)
{
    struct connection *c = mem_calloc(1, sizeof *c);
    SSL *ssl = c == NULL ? NULL : SSL_new(s->tls);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || uv_poll_init(s->loop, &c->poll, fd) < 0) {
        SSL_free(ssl);
        mem_free(c);
        (void)close(fd);
        return false;
    }
    c->server = s;
    c->fd = fd;
    c->ssl = ssl;
    c->poll.data = c;
    c->deadline = mono_add(clock_mono(), SHAKING_MS);
    (void)str_copy(c->address, sizeof c->address, address);
    network_of(address, c->network, sizeof c->network);
    c->next = s->connections;
    if (c->next != NULL)
        c->next->previous = c;
    s->connections = c;
    s->count++;
    SSL_set_accept_state(ssl);
    poll_for(c, UV_READABLE);
    return true;
}
