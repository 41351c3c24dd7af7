/* Byte streams through a session (direct-tcpip): the engine gets one end of a socketpair, this
 * thread pumps the other. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/ssh_link.h"
#include "host/ssh_pool.h"

/* Towards the engine: what did not fit into its socket. libssh keeps what we do not take, up to its
 * window (1.3 MB), and then the far end must wait. */
#define TUNNEL_BYTES 16384

struct ssh_tunnel {
    struct ssh_link *link;
    struct ssh_job *job; /* while it opens */
    ssh_channel channel;
    struct ssh_channel_callbacks_struct callbacks;
    bool open, closed, eof, given_up;
    int fd; /* -1 until open */
    struct fd_watch *poll;
    char bytes[TUNNEL_BYTES];
    size_t from, to;
};

static ssize_t put(struct ssh_tunnel *t, const char *bytes, size_t length)
{
    ssize_t n = send(t->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        t->given_up = true; /* the engine closed its end */
    return n < 0 ? 0 : n;
}

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t length,
                   int is_stderr, void *userdata)
{
    struct ssh_tunnel *t = userdata;
    (void)session, (void)channel;
    if (is_stderr || t->given_up)
        return (int)length;
    if (t->fd < 0 || t->from < t->to)
        return 0; /* in order: after what waits */
    return (int)put(t, data, length);
}

static void on_eof(ssh_session session, ssh_channel channel, void *userdata)
{
    struct ssh_tunnel *t = userdata;
    (void)session, (void)channel;
    t->eof = true;
}

static void on_close(ssh_session session, ssh_channel channel, void *userdata)
{
    struct ssh_tunnel *t = userdata;
    (void)session, (void)channel;
    t->closed = true;
}

static void on_fd_ready(void *context, int status, int events)
{
    struct ssh_tunnel *t = context;
    (void)status, (void)events;
    ssh_link_pump(t->link);
}

static void free_tunnel(struct ssh_link *link, size_t i)
{
    struct ssh_tunnel *t = link->tunnels[i];
    link->tunnels[i] = NULL;
    fd_watch_close(t->poll);
    if (t->fd >= 0)
        close(t->fd);
    (void)ssh_remove_channel_callbacks(t->channel, &t->callbacks);
    ssh_channel_free(t->channel);
    mem_free(t);
}

/* A place that swallows connections holds its channel until the host gives up, which takes minutes:
 * such channels must not use up those that carry a watched Redis. */
static bool crowded(const struct ssh_link *link)
{
    size_t unanswered = 0;
    size_t used = 0;
    for (size_t i = 0; i < SSH_TUNNELS_MAX; i++) {
        const struct ssh_tunnel *t = link->tunnels[i];
        used += t != NULL;
        unanswered += t != NULL && !t->open && t->job == NULL;
    }
    return unanswered >= SSH_TUNNELS_UNANSWERED || used > SSH_TUNNELS_MAX / 2;
}

int ssh_tunnel_start(struct ssh_link *link, struct ssh_job *job)
{
    size_t i = 0;
    if (job->yields && crowded(link)) {
        (void)error_set(&job->error, -EBUSY,
                        "ssh %s: too many connections through it are under way", link->name);
        ssh_link_finish(link, job, HOST_NOT_REACHED);
        return 0;
    }
    while (i < SSH_TUNNELS_MAX && link->tunnels[i] != NULL)
        i++;
    if (i == SSH_TUNNELS_MAX)
        return -EAGAIN;
    struct ssh_tunnel *t = mem_calloc(1, sizeof *t);
    if (t != NULL)
        t->channel = ssh_channel_new(link->session);
    if (t == NULL || t->channel == NULL) {
        mem_free(t);
        (void)error_set(&job->error, -ENOMEM, "ssh %s: out of memory", link->name);
        ssh_link_finish(link, job, HOST_NOT_REACHED);
        return 0;
    }
    t->link = link;
    t->job = job;
    t->fd = -1;
    t->callbacks = (struct ssh_channel_callbacks_struct){
        .userdata = t,
        .channel_data_function = on_data,
        .channel_eof_function = on_eof,
        .channel_close_function = on_close,
    };
    ssh_callbacks_init(&t->callbacks);
    (void)ssh_set_channel_callbacks(t->channel, &t->callbacks);
    link->tunnels[i] = t;
    return 0;
}

static void refuse(struct ssh_link *link, struct ssh_tunnel *t, int code, const char *why)
{
    struct ssh_job *job = t->job;
    t->job = NULL;
    if (job == NULL)
        return;
    (void)error_set(&job->error, code, "ssh %s: no way to %s:%d there: %s", link->name, job->host,
                    job->port, why);
    ssh_link_finish(link, job, HOST_NOT_REACHED);
}

/* What sshd answered: RFC 4254's reason code, and its own words, which name the system's error. */
static void refuse_as_told(struct ssh_link *link, struct ssh_tunnel *t)
{
    static const char *const unreachable[] = {"No route", "unreachable", "timed out", "not known",
                                              "unknown host"};
    const char *said = ssh_get_error(link->session);
    int code = -ECONNREFUSED;
    for (size_t i = 0; i < ARRAY_LENGTH(unreachable); i++)
        if (strstr(said, unreachable[i]) != NULL)
            code = -EHOSTUNREACH;
    if (t->job != NULL)
        t->job->answered = true;
    if (strstr(said, "error (1)") != NULL)
        refuse(link, t, -EACCES,
               "sshd does not permit it (permitopen or restrict in authorized_keys, "
               "AllowTcpForwarding in sshd_config)");
    else
        refuse(link, t, code, said);
}

/* Gives the engine its end. False: no descriptors. */
static bool hand_over(struct ssh_link *link, struct ssh_tunnel *t)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        int code = -errno;
        refuse(link, t, code, uv_strerror(code));
        return false;
    }
    t->fd = ends[0];
    int r = fd_watch_new(&link->thread->loop, t->fd, on_fd_ready, t, &t->poll);
    if (r < 0) {
        close(ends[1]);
        refuse(link, t, r, uv_strerror(r));
        return false;
    }
    struct ssh_job *job = t->job;
    t->job = NULL;
    t->open = true;
    job->fd = ends[1];
    ssh_link_finish(link, job, HOST_EXITED);
    return true;
}

static bool open_step(struct ssh_link *link, size_t i)
{
    struct ssh_tunnel *t = link->tunnels[i];
    const char *host = t->job == NULL ? "localhost" : t->job->host;
    int port = t->job == NULL ? 1 : t->job->port; /* the request is out: they are not sent again */
    switch (ssh_channel_open_forward(t->channel, host, port, "127.0.0.1", 0)) {
    case SSH_OK:
        if (t->job == NULL || !hand_over(link, t))
            free_tunnel(link, i);
        return true;
    case SSH_AGAIN:
        return false;
    default:
        if (!ssh_is_connected(link->session))
            return false;
        refuse_as_told(link, t);
        free_tunnel(link, i);
        return true;
    }
}

/* Host to engine: what waits here, then what libssh kept. */
static bool flush_down(struct ssh_tunnel *t)
{
    bool moved = false;
    for (;;) {
        if (t->from == t->to) {
            int n = ssh_channel_poll(t->channel, 0);
            if (n > 0)
                n = ssh_channel_read_nonblocking(t->channel, t->bytes, sizeof t->bytes, 0);
            if (n <= 0)
                return moved;
            t->from = 0;
            t->to = (size_t)n;
        }
        ssize_t sent = put(t, t->bytes + t->from, t->to - t->from);
        t->from += (size_t)sent;
        if (t->given_up)
            t->from = t->to;
        if (sent <= 0)
            return moved;
        moved = true;
    }
}

/* Engine to host, as far as the host's window goes. */
static bool push_up(struct ssh_tunnel *t)
{
    char bytes[TUNNEL_BYTES];
    bool moved = false;
    while (!t->given_up) {
        uint32_t window = ssh_channel_window_size(t->channel);
        size_t want = window < sizeof bytes ? window : sizeof bytes;
        if (want == 0)
            break;
        ssize_t n = recv(t->fd, bytes, want, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0 || ssh_channel_write(t->channel, bytes, (uint32_t)n) != n)
            t->given_up = true;
        moved = true;
    }
    return moved;
}

static bool flow_step(struct ssh_link *link, size_t i)
{
    struct ssh_tunnel *t = link->tunnels[i];
    bool moved = flush_down(t);
    bool drained = t->from == t->to;
    if (!t->closed && !t->eof)
        moved = push_up(t) || moved;
    if (t->given_up || ((t->closed || t->eof) && drained)) {
        free_tunnel(link, i);
        return true;
    }
    bool window = ssh_channel_window_size(t->channel) > 0 && !t->eof && !t->closed;
    fd_watch_set(t->poll, (window ? UV_READABLE : 0) | (drained ? 0 : UV_WRITABLE));
    return moved;
}

bool ssh_tunnel_step(struct ssh_link *link)
{
    bool moved = false;
    for (size_t i = 0; i < SSH_TUNNELS_MAX; i++) {
        struct ssh_tunnel *t = link->tunnels[i];
        if (t == NULL)
            continue;
        moved = (t->open ? flow_step(link, i) : open_step(link, i)) || moved;
    }
    return moved;
}

void ssh_tunnel_expire(struct ssh_link *link, mono_ms now)
{
    for (size_t i = 0; i < SSH_TUNNELS_MAX; i++) {
        struct ssh_tunnel *t = link->tunnels[i];
        if (t != NULL && t->job != NULL && mono_reached(now, t->job->deadline))
            refuse(link, t, -ETIMEDOUT, "no answer within the deadline");
    }
}

mono_ms ssh_tunnel_deadline(const struct ssh_link *link)
{
    mono_ms next = MONO_NEVER;
    for (size_t i = 0; i < SSH_TUNNELS_MAX; i++)
        if (link->tunnels[i] != NULL && link->tunnels[i]->job != NULL)
            next = mono_min(next, link->tunnels[i]->job->deadline);
    return next;
}

void ssh_tunnel_end(struct ssh_link *link, const struct error *why)
{
    for (size_t i = 0; i < SSH_TUNNELS_MAX; i++) {
        struct ssh_tunnel *t = link->tunnels[i];
        if (t == NULL)
            continue;
        if (why != NULL)
            refuse(link, t, -ECONNRESET, why->text);
        free_tunnel(link, i);
    }
}

/* --- the engine's side --- */

static void deliver(void *owner, struct ssh_job *job)
{
    int fd = job->fd;
    if (fd < 0 && !job->answered && job->error.code != -ETIMEDOUT)
        job->error.code = -ENOTCONN; /* a port 22 that refuses says nothing about that place */
    job->fd = -1;                    /* the caller's now */
    job->tunnel_done(owner, fd, fd >= 0 ? NULL : &job->error);
}

static void open_tunnel(struct ssh_pool *pool, const struct ssh_settings *ssh, const char *host,
                        int port, bool yields, mono_ms deadline, ssh_tunnel_done *done,
                        void *context)
{
    assert(context != NULL);
    struct ssh_job *job = ssh_pool_job(pool, SSH_JOB_TUNNEL, ssh);
    job->owner = context;
    job->deliver = deliver;
    job->tunnel_done = done;
    job->port = port;
    job->yields = yields;
    job->deadline = deadline;
    if (!str_copy(job->host, sizeof job->host, host) || port < 1 || port > 65535)
        (void)error_set(&job->error, -EINVAL, "ssh: no such place: %s:%d", job->host, port);
    ssh_pool_send(pool, job);
}

void ssh_tunnel_open(struct ssh_pool *pool, const struct ssh_settings *ssh, const char *host,
                     int port, mono_ms deadline, ssh_tunnel_done *done, void *context)
{
    open_tunnel(pool, ssh, host, port, false, deadline, done, context);
}

void ssh_tunnel_try(struct ssh_pool *pool, const struct ssh_settings *ssh, const char *host,
                    int port, mono_ms deadline, ssh_tunnel_done *done, void *context)
{
    open_tunnel(pool, ssh, host, port, true, deadline, done, context);
}

void ssh_tunnel_forget(struct ssh_pool *pool, const void *context)
{
    ssh_pool_disown(pool, context);
}
