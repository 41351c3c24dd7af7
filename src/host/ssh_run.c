#include "host/ssh_run.h"

#include <errno.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "host/ssh_login.h"
#include "io/clock.h"

#define BLOCK_BYTES ((size_t)32 * 1024)
#define LOOK_MS 50
#define LINE_MAX_BYTES 1800

struct conversation {
    const struct ssh_run *run;
    ssh_session session;
    ssh_event event;
    ssh_channel channel;
    struct ssh_ran *ran;
    mono_ms deadline;
    const char *line;
    char block[BLOCK_BYTES];
    size_t at, length;
    bool sent; /* all of its input, or it takes no more */
    int status;
    bool ended, signalled;
};

static void on_exit_status(ssh_session session, ssh_channel channel, int status, void *context)
{
    struct conversation *c = context;
    (void)session;
    (void)channel;
    c->status = status;
    c->ended = true;
}

static void on_exit_signal(ssh_session session, ssh_channel channel, const char *name, int core,
                           const char *message, const char *language, void *context)
{
    struct conversation *c = context;
    (void)session, (void)channel, (void)name, (void)core, (void)message, (void)language;
    c->ended = c->signalled = true;
}

/* A dead network is noticed although nothing is sent, and where nothing is taken. */
static void watch_network(ssh_session session)
{
    int fd = ssh_get_fd(session);
    int on = 1;
    int idle = SSH_RUN_SILENCE_MS / 3000;
    unsigned silence = SSH_RUN_SILENCE_MS;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence);
}

/* Reads the next part of the input; a negative error of the file. */
static int refill(struct conversation *c)
{
    size_t left = strlen(c->line);
    c->at = 0;
    if (left > 0) {
        c->length = left < sizeof c->block ? left : sizeof c->block;
        memcpy(c->block, c->line, c->length);
        c->line += c->length;
        return 0;
    }
    ssize_t n = c->run->fd < 0 ? 0 : read(c->run->fd, c->block, sizeof c->block);
    if (n < 0)
        return -errno;
    c->length = (size_t)n;
    if (n == 0) {
        c->sent = true;
        (void)ssh_channel_send_eof(c->channel);
    }
    return 0;
}

/* Sends what the other side has room for. True when something moved. */
static bool feed(struct conversation *c, int *ret_error)
{
    if (c->sent)
        return false;
    if (c->at == c->length) {
        *ret_error = refill(c);
        return true;
    }
    uint32_t room = ssh_channel_window_size(c->channel);
    size_t left = c->length - c->at;
    if (room == 0)
        return false;
    int n = ssh_channel_write(c->channel, c->block + c->at,
                              (uint32_t)(left < room ? left : (size_t)room));
    if (n < 0)
        c->sent = true; /* it reads no more, and says why on stderr */
    else
        c->at += (size_t)n;
    return n != 0;
}

/* Appends to the text; what does not fit is read and dropped. */
static bool take(struct conversation *c, bool of_stderr)
{
    char block[4096];
    char *text = of_stderr ? c->ran->err : c->ran->out;
    int n = ssh_channel_read_nonblocking(c->channel, block, sizeof block, of_stderr);
    if (n <= 0)
        return false;
    size_t have = strlen(text);
    size_t room = c->ran->size - 1 - have;
    size_t fits = room < (size_t)n ? room : (size_t)n;
    memcpy(text + have, block, fits);
    text[have + fits] = '\0';
    return true;
}

static int talk(struct conversation *c, struct error *err)
{
    const struct ssh_run *run = c->run;
    while (true) {
        int code = 0;
        if (run->stop != NULL && atomic_load(run->stop))
            return error_set(err, -ECANCELED, "Resus is stopping");
        if (mono_reached(clock_mono(), c->deadline))
            return error_set(err, -ETIMEDOUT, "%s did not end it within %lld s", run->ssh->host,
                             (long long)(run->within_ms / 1000));
        bool moved = feed(c, &code);
        if (code < 0) /* half of it was sent: the other side refuses that */
            return error_set_errno(err, -ECONNRESET, "cannot read what is to be sent");
        moved = take(c, false) || moved;
        moved = take(c, true) || moved;
        bool over = ssh_channel_is_eof(c->channel) || ssh_channel_is_closed(c->channel);
        if (over && !moved && (c->ended || ssh_channel_is_closed(c->channel)))
            return 0;
        if (!ssh_is_connected(c->session))
            return error_set(err, -ECONNRESET, "the connection to %s was lost: %s", run->ssh->host,
                             ssh_get_error(c->session));
        /* Of a channel with EOF libssh's own poll no longer reads: its exit status would be missed. */
        if (!moved && ssh_event_dopoll(c->event, LOOK_MS) == SSH_ERROR)
            return error_set(err, -ECONNRESET, "the connection to %s was lost: %s", run->ssh->host,
                             ssh_get_error(c->session));
    }
}

static int begin(struct conversation *c, const char *line,
                 struct ssh_channel_callbacks_struct *callbacks, struct error *err)
{
    c->channel = ssh_channel_new(c->session);
    if (c->channel == NULL || ssh_channel_open_session(c->channel) != SSH_OK)
        return error_set(err, -EPROTO, "%s opens no session: %s", c->run->ssh->host,
                         ssh_get_error(c->session));
    /* Before the command: it may have ended when the request is answered. */
    ssh_callbacks_init(callbacks);
    (void)ssh_set_channel_callbacks(c->channel, callbacks);
    if (ssh_channel_request_exec(c->channel, line) == SSH_OK)
        return 0;
    /* Without an answer to the request it may run all the same. */
    bool refused = ssh_get_error_code(c->session) == SSH_REQUEST_DENIED;
    return error_set(err, refused ? -EPROTO : -ECONNRESET, "%s runs no command: %s",
                     c->run->ssh->host, ssh_get_error(c->session));
}

static int converse(struct conversation *c, const char *line, struct error *err)
{
    struct ssh_channel_callbacks_struct callbacks = {
        .userdata = c,
        .channel_exit_signal_function = on_exit_signal,
        .channel_exit_status_function = on_exit_status,
    };
    int r = begin(c, line, &callbacks, err);
    if (r == 0)
        r = talk(c, err);
    if (c->channel != NULL)
        ssh_channel_free(c->channel); /* no callback after it */
    c->channel = NULL;
    if (r == 0)
        c->ran->status = c->ended && !c->signalled ? c->status : -1;
    return r;
}

int ssh_run(const struct ssh_run *run, struct ssh_ran *ran, struct error *err)
{
    struct host_argv argv;
    char line[LINE_MAX_BYTES];
    struct conversation c = {
        .run = run,
        .ran = ran,
        .line = run->line,
        .deadline = mono_add(clock_mono(), run->within_ms),
    };
    ran->status = -1;
    ran->out[0] = ran->err[0] = '\0';
    int r = host_command_argv(run->command, run->unit, "", 0, !str_equal(run->ssh->user, "root"),
                              &argv, err);
    if (r == 0)
        r = host_command_line(&argv, line, sizeof line, err);
    if (r == 0)
        r = ssh_login(run->ssh, run->stop, &c.session, err);
    if (r < 0)
        return r;
    watch_network(c.session);
    c.event = ssh_event_new();
    if (c.event == NULL || ssh_event_add_session(c.event, c.session) != SSH_OK)
        r = error_set(err, -ENOMEM, "out of memory");
    else
        r = converse(&c, line, err);
    if (c.event != NULL)
        ssh_event_free(c.event);
    ssh_disconnect(c.session);
    ssh_free(c.session);
    return r;
}
