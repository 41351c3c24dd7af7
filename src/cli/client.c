#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/control.h"
#include "io/clock.h"

#define READ_CHUNK 16384

struct client {
    int fd;
    int64_t last_id;
    struct buf in;
    bool ended; /* the daemon's end is closed: only what was read already is left */
};

static int wait_for(int fd, short events, mono_ms deadline)
{
    for (;;) {
        int64_t left = deadline.ms == INT64_MAX ? -1 : mono_since(deadline, clock_mono());
        if (deadline.ms != INT64_MAX && left <= 0)
            return -ETIMEDOUT;
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
}

static int open_error(int code, const char *path, struct error *err)
{
    switch (code) {
    case -ENOENT:
        return error_set(err, code,
                         "the daemon does not run here (no %s): start it with "
                         "`systemctl start resus` or `resus serve`",
                         path);
    case -ECONNREFUSED:
        return error_set(err, code,
                         "the daemon does not run here (no process listens on %s): start it with "
                         "`systemctl start resus` or `resus serve`",
                         path);
    case -EACCES:
    case -EPERM:
        return error_set(err, code,
                         "no permission for %s: become root, or a member of group resus-admin "
                         "(everything) or resus-monitor (reading only); a new member logs in again",
                         path);
    case -EAGAIN:
    case -ETIMEDOUT:
        return error_set(err, -ETIMEDOUT, "the daemon does not accept connections on %s", path);
    default:
        return error_set_errno(err, code, "%s", path);
    }
}

/* The connected descriptor or a negative errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!str_copy(address.sun_path, sizeof(address.sun_path), path))
        return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* A full queue makes connect() wait; the send timeout bounds that wait (unix(7)). */
    struct timeval bound = {.tv_sec = CLIENT_CONNECT_MS / 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int rc = -errno;
    (void)close(fd);
    return rc;
}

int client_open(const char *path, struct client **ret, struct error *err)
{
    char monitor[sizeof(((struct sockaddr_un *)0)->sun_path)];
    int fd = connect_to(path);
    if (fd == -EACCES && control_monitor_path(path, monitor, sizeof monitor)) {
        int reading = connect_to(monitor);
        fd = reading >= 0 ? reading : fd;
    }
    if (fd < 0)
        return open_error(fd, path, err);
    struct client *c = mem_calloc(1, sizeof(*c));
    if (c == NULL) {
        (void)close(fd);
        return open_error(-ENOMEM, path, err);
    }
    c->fd = fd;
    c->in = BUF_LIMIT(FRAME_BYTES_MAX);
    *ret = c;
    return 0;
}

static int send_all(struct client *c, const struct buf *bytes, struct error *err)
{
    mono_ms deadline = mono_add(clock_mono(), CLIENT_CONNECT_MS);
    size_t done = 0;
    while (done < bytes->length) {
        ssize_t n =
            send(c->fd, bytes->data + done, bytes->length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            done += (size_t)n;
            continue;
        }
        /* Closed on us: what it said before (a refusal) is still to be read. */
        if (errno == EPIPE || errno == ECONNRESET)
            return 0;
        int rc = errno == EAGAIN ? wait_for(c->fd, POLLOUT, deadline) : errno == EINTR ? 0 : -errno;
        if (rc < 0)
            return error_set_errno(err, rc, "the daemon does not take the request");
    }
    return 0;
}

int client_send(struct client *c, const char *op, const char *service, json_t *args,
                int64_t *ret_id, struct error *err)
{
    json_t *request JSON_CLEANUP = json_object();
    int64_t id = c->last_id + 1;
    bool ok = json_put_int(request, "id", id) && json_put_text(request, "op", op);
    if (service != NULL)
        ok = ok && json_put_text(request, "service", service);
    if (args != NULL)
        ok = json_put(request, "args", args) && ok;
    if (!ok)
        return error_set(err, -ENOMEM, "out of memory");
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    int rc = frame_write(request, &bytes, err);
    if (rc == 0)
        rc = send_all(c, &bytes, err);
    buf_free(&bytes);
    if (rc < 0)
        return rc;
    c->last_id = id;
    *ret_id = id;
    return 0;
}

static int read_more(struct client *c, mono_ms deadline, struct error *err)
{
    if (c->ended)
        return error_set(err, -ECONNRESET, "the daemon has closed the connection");
    int rc = wait_for(c->fd, POLLIN, deadline);
    if (rc == -ETIMEDOUT)
        return error_set(err, rc, "the daemon did not answer in time");
    if (rc < 0)
        return error_set_errno(err, rc, "waiting for the daemon");
    char chunk[READ_CHUNK];
    size_t room = c->in.limit - c->in.length;
    ssize_t n = recv(c->fd, chunk, room < sizeof(chunk) ? room : sizeof(chunk), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        c->ended = true;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        return error_set_errno(err, -errno, "reading from the daemon");
    else if (n > 0 && buf_append(&c->in, chunk, (size_t)n) != 0)
        return error_set(err, -ENOMEM, "out of memory");
    return 0;
}

static int understand(json_t *frame, struct client_message *ret, struct error *err)
{
    const json_t *id = json_object_get(frame, "id");
    json_t *line = json_object_get(frame, "line");
    json_t *body = json_object_get(frame, "body");
    int64_t status = json_int_or(frame, "status", 0);
    bool answer = line == NULL && status >= 100 && status <= 599 &&
                  (json_is_object(body) || json_is_string(body));
    if (!answer && !json_is_object(line))
        return error_set(err, -EBADMSG, "the daemon answered with something that is no answer");
    *ret = (struct client_message){
        .id = json_is_integer(id) ? json_integer_value(id) : CLIENT_NO_ID,
        .line = !answer,
        .status = answer ? (int)status : 0,
        .body = json_incref(answer ? body : line),
    };
    return 0;
}

int client_next(struct client *c, mono_ms deadline, struct client_message *ret, struct error *err)
{
    for (;;) {
        json_t *frame JSON_CLEANUP = NULL;
        int rc = frame_read(&c->in, &frame, err);
        if (rc == 1)
            return understand(frame, ret, err);
        if (rc == 0)
            rc = read_more(c, deadline, err);
        if (rc < 0)
            return rc;
    }
}

void client_close(struct client *c)
{
    if (c == NULL)
        return;
    (void)close(c->fd);
    buf_free(&c->in);
    mem_free(c);
}
