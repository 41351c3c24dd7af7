#include "host/ssh_listen.h"

#include <errno.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/ssh_login.h"
#include "io/clock.h"

#define BLOCK_BYTES ((size_t)32 * 1024)
#define LOOK_MS 50

struct stream {
    const struct ssh_listen *listen;
    ssh_session session;
    ssh_event event;
    ssh_channel channel;
    int fd;
    char down[BLOCK_BYTES]; /* from the host: what our side has not taken yet */
    size_t at, length;
};

static int lost(const struct stream *s, struct error *err)
{
    return error_set(err, -ECONNRESET, "the connection to %s was lost: %s", s->listen->ssh->host,
                     ssh_get_error(s->session));
}

static bool stopping(const struct stream *s)
{
    return atomic_load(s->listen->stop);
}

static int await_connection(struct stream *s, int port, struct error *err)
{
    mono_ms deadline = mono_add(clock_mono(), s->listen->accept_ms);
    while (s->channel == NULL) {
        if (stopping(s))
            return error_set(err, -ECANCELED, "it was cancelled");
        if (mono_reached(clock_mono(), deadline))
            return error_set(err, -ETIMEDOUT,
                             "no connection came to " SSH_LISTEN_ADDRESS ":%d of %s within %lld s",
                             port, s->listen->ssh->host, (long long)(s->listen->accept_ms / 1000));
        s->channel = ssh_channel_open_forward_port(s->session, LOOK_MS, NULL, NULL, NULL);
        if (s->channel == NULL && !ssh_is_connected(s->session))
            return lost(s, err);
    }
    return 0;
}

/* Ours to the host, as far as its window goes. -1: our side has ended. */
static int push_up(struct stream *s)
{
    char bytes[BLOCK_BYTES];
    uint32_t window = ssh_channel_window_size(s->channel);
    if (window == 0)
        return 0;
    ssize_t n = recv(s->fd, bytes, window < sizeof bytes ? window : sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return n > 0 && ssh_channel_write(s->channel, bytes, (uint32_t)n) == n ? 1 : -1;
}

/* The host's to us. -1: our side takes no more. */
static int pull_down(struct stream *s)
{
    if (s->at == s->length) {
        int n = ssh_channel_read_nonblocking(s->channel, s->down, sizeof s->down, 0);
        if (n <= 0)
            return 0;
        s->at = 0;
        s->length = (size_t)n;
    }
    ssize_t n = send(s->fd, s->down + s->at, s->length - s->at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    s->at += (size_t)n;
    return 1;
}

static void wait_for_more(const struct stream *s)
{
    bool room = ssh_channel_window_size(s->channel) > 0;
    struct pollfd fds[] = {
        {.fd = ssh_get_fd(s->session), .events = POLLIN},
        {.fd = s->fd, .events = (short)((room ? POLLIN : 0) | (s->at < s->length ? POLLOUT : 0))}};
    (void)poll(fds, 2, LOOK_MS);
}

static int pump(struct stream *s, struct error *err)
{
    while (!stopping(s)) {
        int up = push_up(s);
        int down = pull_down(s);
        if (up < 0 || down < 0)
            return 0;
        if (up == 0 && down == 0) {
            if (ssh_channel_is_eof(s->channel) || ssh_channel_is_closed(s->channel))
                return 0;
            wait_for_more(s);
        }
        if (ssh_event_dopoll(s->event, 0) == SSH_ERROR || !ssh_is_connected(s->session))
            return lost(s, err);
    }
    return error_set(err, -ECANCELED, "it was cancelled");
}

static int serve(struct stream *s, struct error *err)
{
    int port = 0;
    if (ssh_channel_listen_forward(s->session, SSH_LISTEN_ADDRESS, 0, &port) != SSH_OK || port <= 0)
        return error_set(err, -EACCES,
                         "sshd of %s lets nobody listen there for us: permit it for this key "
                         "(`port-forwarding` in authorized_keys; AllowTcpForwarding yes and no "
                         "DisableForwarding in sshd_config)",
                         s->listen->ssh->host);
    s->listen->listening(s->listen->context, port);
    int r = await_connection(s, port, err);
    (void)ssh_channel_cancel_forward(s->session, SSH_LISTEN_ADDRESS, port);
    if (r < 0)
        return r;
    s->fd = s->listen->accepted(s->listen->context, err);
    return s->fd < 0 ? err->code : pump(s, err);
}

int ssh_listen(const struct ssh_listen *listen, struct error *err)
{
    struct stream s = {.listen = listen, .fd = -1};
    int r = ssh_login(listen->ssh, listen->stop, &s.session, err);
    if (r < 0)
        return r;
    s.event = ssh_event_new();
    if (s.event == NULL || ssh_event_add_session(s.event, s.session) != SSH_OK)
        r = error_set(err, -ENOMEM, "out of memory");
    else
        r = serve(&s, err);
    if (s.fd >= 0)
        close(s.fd);
    if (s.channel != NULL)
        ssh_channel_free(s.channel);
    if (s.event != NULL)
        ssh_event_free(s.event);
    ssh_disconnect(s.session);
    ssh_free(s.session);
    return r;
}
