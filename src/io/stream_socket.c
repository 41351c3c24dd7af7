/* TCP, Unix sockets and connected sockets by uv_poll and our own calls: so all three are one code,
 * bytes are read on the stack (an idle stream holds no buffer), and what a peer wrote before it
 * closed is read to the end even when our write already met the reset. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/stream.h"
#include "io/stream_kind.h"

#define READ_BYTES 16384
#define READS_PER_TURN 8 /* then the other streams of the loop get their turn */

/* A handle outlives the stream until libuv has let go of it, so it is its own piece of memory. */
struct poller {
    uv_poll_t handle;
    struct socket_stream *owner; /* NULL: abandoned */
    int fd;
};

/* Addresses' turns, and failures that must not be reported on the caller's stack. */
struct waker {
    uv_timer_t handle;
    struct socket_stream *owner;
};

struct lookup {
    uv_getaddrinfo_t request;
    struct socket_stream *owner;
};

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

struct socket_stream {
    struct stream base;
    uv_loop_t *loop;
    struct poller *poller;
    struct waker *waker;
    struct lookup *lookup;
    struct address *addresses; /* of the connect under way */
    size_t address_count, address_next;
    int given_fd; /* stream_fd_new, until opened */
    int port;
    int write_errno;             /* the write side failed: reported when the read side ends */
    enum stream_end pending_end; /* of a connect that failed: reported by the waker */
    struct error pending;
    bool failed; /* `pending` is set */
    bool paused; /* reads nothing */
    struct buf output;
    char target[]; /* host or path */
};

static struct socket_stream *self(struct stream *s)
{
    return (struct socket_stream *)(void *)s;
}

static void on_waker_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void drop_waker(struct socket_stream *s)
{
    if (s->waker == NULL)
        return;
    s->waker->owner = NULL;
    uv_close((uv_handle_t *)&s->waker->handle, on_waker_closed);
    s->waker = NULL;
}

static void on_poller_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void drop_poller(struct socket_stream *s)
{
    if (s->poller == NULL)
        return;
    s->poller->owner = NULL;
    (void)uv_poll_stop(&s->poller->handle);
    uv_close((uv_handle_t *)&s->poller->handle, on_poller_closed);
    (void)close(s->poller->fd); /* out of the epoll set since uv_poll_stop */
    s->poller = NULL;
}

static void drop_lookup(struct socket_stream *s)
{
    if (s->lookup == NULL)
        return;
    s->lookup->owner = NULL;
    (void)uv_cancel((uv_req_t *)&s->lookup->request); /* its callback frees it either way */
    s->lookup = NULL;
}

static void drop_addresses(struct socket_stream *s)
{
    mem_free(s->addresses);
    s->addresses = NULL;
    s->address_count = s->address_next = 0;
}

static enum stream_end end_of_connect(int code)
{
    switch (-code) {
    case ECONNREFUSED:
    case ENOENT:
        return STREAM_END_REFUSED;
    case ETIMEDOUT:
        return STREAM_END_TIMED_OUT;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return STREAM_END_CLOSED;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL: /* no local port left */
        return STREAM_END_LOCAL;
    default:
        return STREAM_END_UNREACHABLE;
    }
}

/* Remembers why connecting failed. With several addresses a refusal says the most: the host lives.
 */
static void note_failure(struct socket_stream *s, int code)
{
    if (s->failed && s->pending_end == STREAM_END_REFUSED)
        return;
    s->failed = true;
    s->pending_end = end_of_connect(code);
    if (s->port > 0)
        (void)error_set_errno(&s->pending, code, "cannot connect to %s port %d", s->target,
                              s->port);
    else
        (void)error_set_errno(&s->pending, code, "cannot connect to %s", s->target);
}

static void connect_next(struct socket_stream *s);

static void on_waker(uv_timer_t *timer)
{
    struct waker *w = timer->data;
    struct socket_stream *s = w->owner;
    if (s == NULL)
        return;
    stream_enter(&s->base);
    bool over = s->failed && s->poller == NULL && s->address_next == s->address_count;
    if (over) {
        drop_waker(s);
        stream_emit_ended(&s->base, s->pending_end, &s->pending);
    } else {
        if (s->poller != NULL) { /* this address had its time */
            note_failure(s, -ETIMEDOUT);
            drop_poller(s);
        }
        connect_next(s);
    }
    stream_leave(&s->base);
}

static void wake_after(struct socket_stream *s, uint64_t ms)
{
    (void)uv_timer_start(&s->waker->handle, on_waker, ms, 0);
}

static void flush(struct socket_stream *s)
{
    while (s->output.length > 0) {
        ssize_t n = send(s->poller->fd, s->output.data, s->output.length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            s->write_errno = errno;
            break;
        }
        buf_consume(&s->output, (size_t)n);
    }
    buf_free(&s->output);
}

static void end_open(struct socket_stream *s, int code)
{
    struct error why;
    if (code == 0 && s->write_errno != 0)
        code = -s->write_errno;
    if (code == 0)
        (void)error_set(&why, -EPIPE, "closed by the peer");
    else if (code == -ETIMEDOUT)
        (void)error_set(&why, code, "the peer no longer answers on the network");
    else
        (void)error_set_errno(&why, code, "the connection broke");
    drop_poller(s);
    stream_emit_ended(&s->base, STREAM_END_CLOSED, &why);
}

/* `to_the_end`: the kernel reported an error, and libuv watches no more. */
static void read_some(struct socket_stream *s, bool to_the_end)
{
    char bytes[READ_BYTES];
    for (unsigned i = 0; to_the_end || i < READS_PER_TURN; i++) {
        ssize_t n = recv(s->poller->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !to_the_end)
            return;
        if (n <= 0) {
            end_open(s, n == 0 || errno == EAGAIN ? 0 : -errno);
            return;
        }
        stream_emit_data(&s->base, bytes, (size_t)n);
        if (s->base.closed || s->paused || (!to_the_end && (size_t)n < sizeof bytes))
            return;
    }
}

static void on_poll(uv_poll_t *handle, int status, int events);

static void watch(struct socket_stream *s)
{
    int events = (s->paused ? 0 : UV_READABLE) | (s->output.length > 0 ? UV_WRITABLE : 0);
    (void)uv_poll_start(&s->poller->handle, events, on_poll);
}

static void on_connected(struct socket_stream *s)
{
    int code = 0;
    socklen_t length = sizeof code;
    if (getsockopt(s->poller->fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
        code = errno;
    if (code != 0) {
        note_failure(s, -code);
        drop_poller(s);
        connect_next(s);
        return;
    }
    drop_waker(s);
    drop_addresses(s);
    watch(s);
    stream_emit_opened(&s->base);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poller *p = handle->data;
    struct socket_stream *s = p->owner;
    if (s == NULL)
        return;
    stream_enter(&s->base);
    if (s->base.state == STREAM_CONNECTING) {
        on_connected(s);
    } else {
        if (events & UV_WRITABLE) {
            flush(s);
            watch(s);
        }
        if (!s->paused && (status < 0 || (events & UV_READABLE) != 0))
            read_some(s, status < 0);
    }
    stream_leave(&s->base);
}

/* Takes the fd also when it fails. */
static int poll_fd(struct socket_stream *s, int fd)
{
    struct poller *p = mem_calloc(1, sizeof *p);
    int r = p == NULL ? -ENOMEM : uv_poll_init(s->loop, &p->handle, fd);
    if (r < 0) {
        mem_free(p);
        (void)close(fd);
        return r;
    }
    p->handle.data = p;
    p->owner = s;
    p->fd = fd;
    s->poller = p;
    return uv_poll_start(&p->handle, UV_WRITABLE, on_poll);
}

static void set_tcp_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, STREAM_KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, STREAM_KEEPALIVE_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, STREAM_KEEPALIVE_PROBES},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, STREAM_USER_TIMEOUT_MS},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(options); i++) /* a kernel without one still carries */
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

/* 0: under way (or done: the poller tells); -EAGAIN: a full backlog; else what failed. */
static int connect_to(struct socket_stream *s, const struct address *a)
{
    int family = a->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (family != AF_UNIX)
        set_tcp_options(fd);
    int r = 0;
    do
        r = connect(fd, (const struct sockaddr *)&a->storage, a->length) < 0 ? -errno : 0;
    while (r == -EINTR);
    if (r < 0 && r != -EINPROGRESS) {
        (void)close(fd);
        return r;
    }
    return poll_fd(s, fd);
}

static void give_up(struct socket_stream *s)
{
    drop_addresses(s);
    wake_after(s, 0);
}

static void connect_next(struct socket_stream *s)
{
    s->base.state = STREAM_CONNECTING;
    while (s->address_next < s->address_count) {
        size_t i = s->address_next++;
        int r = connect_to(s, &s->addresses[i]);
        if (r == -EAGAIN) {
            s->address_next = i;
            wake_after(s, STREAM_BACKLOG_RETRY_MS);
            return;
        }
        if (r == 0) {
            if (s->address_next < s->address_count)
                wake_after(s, STREAM_ADDRESS_STEP_MS);
            else
                (void)uv_timer_stop(&s->waker->handle);
            return;
        }
        drop_poller(s);
        note_failure(s, r);
    }
    give_up(s);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *l = request->data;
    struct socket_stream *s = l->owner;
    mem_free(l);
    if (s == NULL) {
        uv_freeaddrinfo(found);
        return;
    }
    stream_enter(&s->base);
    s->lookup = NULL;
    s->addresses = mem_calloc(STREAM_ADDRESSES_MAX, sizeof s->addresses[0]);
    for (struct addrinfo *i = found; i != NULL && s->addresses != NULL; i = i->ai_next) {
        if (s->address_count == STREAM_ADDRESSES_MAX ||
            i->ai_addrlen > sizeof(s->addresses[0].storage))
            break;
        struct address *a = &s->addresses[s->address_count++];
        memcpy(&a->storage, i->ai_addr, i->ai_addrlen);
        a->length = i->ai_addrlen;
    }
    uv_freeaddrinfo(found);
    if (s->address_count > 0) {
        connect_next(s);
    } else {
        struct error why;
        bool memory = status == UV_ENOMEM || status == UV_EAI_MEMORY || s->addresses == NULL;
        (void)error_set(&why, -EHOSTUNREACH, "cannot resolve the name %s: %s", s->target,
                        status == 0 ? "no address" : uv_strerror(status));
        stream_emit_ended(&s->base, memory ? STREAM_END_LOCAL : STREAM_END_UNREACHABLE, &why);
    }
    stream_leave(&s->base);
}

static int resolve(struct socket_stream *s)
{
    s->base.state = STREAM_RESOLVING;
    struct lookup *l = mem_calloc(1, sizeof *l);
    if (l == NULL)
        return -ENOMEM;
    char service[16];
    (void)str_format(service, sizeof service, "%d", s->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    l->owner = s;
    l->request.data = l;
    int r = uv_getaddrinfo(s->loop, &l->request, on_resolved, s->target, service, &hints);
    if (r < 0)
        mem_free(l);
    else
        s->lookup = l;
    return r;
}

static int one_address(struct socket_stream *s, const void *address, size_t length)
{
    s->addresses = mem_calloc(1, sizeof s->addresses[0]);
    if (s->addresses == NULL)
        return -ENOMEM;
    memcpy(&s->addresses[0].storage, address, length);
    s->addresses[0].length = (socklen_t)length;
    s->address_count = 1;
    connect_next(s);
    return 0;
}

static void fail_open(struct socket_stream *s, int code)
{
    if (code == 0)
        return;
    note_failure(s, code);
    give_up(s);
}

static void tcp_open(struct stream *stream)
{
    struct socket_stream *s = self(stream);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    /* Numbers need no resolver thread. */
    if (uv_ip4_addr(s->target, s->port, &v4) == 0)
        fail_open(s, one_address(s, &v4, sizeof v4));
    else if (uv_ip6_addr(s->target, s->port, &v6) == 0)
        fail_open(s, one_address(s, &v6, sizeof v6));
    else
        fail_open(s, resolve(s));
}

static void unix_open(struct stream *stream)
{
    struct socket_stream *s = self(stream);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    s->base.state = STREAM_CONNECTING;
    if (!str_copy(address.sun_path, sizeof address.sun_path, s->target))
        fail_open(s, -ENAMETOOLONG);
    else
        fail_open(s, one_address(s, &address, sizeof address));
}

static void fd_open(struct stream *stream)
{
    struct socket_stream *s = self(stream);
    int fd = s->given_fd;
    s->given_fd = -1;
    s->base.state = STREAM_CONNECTING;
    int r = poll_fd(s, fd);
    if (r < 0)
        drop_poller(s);
    fail_open(s, r);
}

static int socket_write(struct stream *stream, const void *bytes, size_t length)
{
    struct socket_stream *s = self(stream);
    if (s->write_errno != 0)
        return 0; /* what the peer said before it went is still to be read; then `ended` tells */
    if (s->output.length > 0)
        return buf_append(&s->output, bytes, length);
    ssize_t n = 0;
    do
        n = send(s->poller->fd, bytes, length, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        s->write_errno = errno;
        return 0;
    }
    size_t sent = n < 0 ? 0 : (size_t)n;
    if (sent == length)
        return 0;
    int r = buf_append(&s->output, (const char *)bytes + sent, length - sent);
    if (r == 0)
        watch(s);
    return r;
}

static void socket_pause(struct stream *stream, bool paused)
{
    struct socket_stream *s = self(stream);
    if (s->paused == paused || s->poller == NULL)
        return;
    s->paused = paused;
    watch(s);
}

static void socket_close(struct stream *stream)
{
    struct socket_stream *s = self(stream);
    drop_lookup(s);
    drop_waker(s);
    drop_poller(s);
    drop_addresses(s);
    buf_free(&s->output);
    if (s->given_fd >= 0)
        (void)close(s->given_fd);
    s->given_fd = -1;
}

static void socket_release(struct stream *stream)
{
    mem_free(self(stream));
}

static const struct stream_kind tcp_kind = {tcp_open, socket_write, socket_pause, socket_close,
                                            socket_release};
static const struct stream_kind unix_kind = {unix_open, socket_write, socket_pause, socket_close,
                                             socket_release};
static const struct stream_kind fd_kind = {fd_open, socket_write, socket_pause, socket_close,
                                           socket_release};

static int socket_new(uv_loop_t *loop, const struct stream_kind *kind, const char *target, int port,
                      int fd, struct stream **ret, struct error *err)
{
    size_t length = strlen(target) + 1;
    struct socket_stream *s = mem_calloc(1, offsetof(struct socket_stream, target) + length);
    if (s == NULL)
        return error_set(err, -ENOMEM, "%s: out of memory", target);
    s->base.kind = kind;
    s->loop = loop;
    s->given_fd = fd;
    s->port = port;
    s->output = BUF_LIMIT(STREAM_OUTPUT_MAX);
    memcpy(s->target, target, length);
    s->waker = mem_calloc(1, sizeof *s->waker);
    if (s->waker == NULL) {
        mem_free(s);
        return error_set(err, -ENOMEM, "%s: out of memory", target);
    }
    (void)uv_timer_init(loop, &s->waker->handle); /* cannot fail */
    s->waker->handle.data = s->waker;
    s->waker->owner = s;
    *ret = &s->base;
    return 0;
}

int stream_tcp_new(uv_loop_t *loop, const char *host, int port, struct stream **ret,
                   struct error *err)
{
    return socket_new(loop, &tcp_kind, host, port, -1, ret, err);
}

int stream_unix_new(uv_loop_t *loop, const char *path, struct stream **ret, struct error *err)
{
    return socket_new(loop, &unix_kind, path, 0, -1, ret, err);
}

int stream_fd_new(uv_loop_t *loop, int fd, struct stream **ret, struct error *err)
{
    int r = socket_new(loop, &fd_kind, "the given socket", 0, fd, ret, err);
    if (r < 0)
        (void)close(fd);
    return r;
}
