#include "daemon/control_door.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/control_socket.h"
#include "io/clock.h"

struct control_door {
    uv_poll_t poll;
    uv_timer_t pause;
    struct control_socket socket;
    int fd, budget;
    control_arrived *arrived;
    control_door_closed *closed;
    void *context;
    mono_ms since; /* of the budget's time */
    int accepted;  /* since then */
    int handles;   /* open ones */
    bool closing;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct control_door *d = timer->data;
    (void)uv_poll_start(&d->poll, UV_READABLE, on_readable);
}

static void take_a_pause(struct control_door *d)
{
    (void)uv_poll_stop(&d->poll);
    (void)uv_timer_start(&d->pause, on_pause_over, CONTROL_DOOR_PAUSE_MS, 0);
}

static bool budget_used_up(struct control_door *d)
{
    mono_ms now = clock_mono();
    if (mono_since(now, d->since) >= CONTROL_DOOR_PAUSE_MS) {
        d->since = now;
        d->accepted = 0;
    }
    return d->budget > 0 && d->accepted >= d->budget;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct control_door *d = poll->data;
    (void)events;
    if (status < 0) {
        take_a_pause(d);
        return;
    }
    for (int i = 0; i < CONTROL_ACCEPTS_A_TURN && !d->closing; i++) {
        if (budget_used_up(d)) {
            take_a_pause(d);
            return;
        }
        /* cppcheck-suppress nullPointer ; the peer's address is not asked for */
        int fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
            return;
        if (fd < 0) { /* no descriptor or no memory is left: the next moment may have one */
            take_a_pause(d);
            return;
        }
        d->accepted++;
        d->arrived(d->context, fd);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct control_door *d = handle->data;
    if (--d->handles > 0)
        return;
    if (d->closed != NULL)
        d->closed(d->context);
    (void)close(d->fd);
    mem_free(d);
}

int control_door_open(uv_loop_t *loop, const struct control_door_options *options,
                      control_arrived *arrived, void *context, struct control_door **ret,
                      bool *ret_grouped, struct error *err)
{
    struct control_door *d = mem_calloc(1, sizeof *d);
    if (d == NULL)
        return error_set(err, -ENOMEM, "control socket: out of memory");
    d->fd = control_socket_bind(options->path, options->group, &d->socket, err);
    int rc = d->fd < 0 ? d->fd : uv_poll_init(loop, &d->poll, d->fd);
    if (d->fd >= 0 && rc != 0) {
        rc = error_set(err, rc, "control socket %s: %s", options->path, uv_strerror(rc));
        control_socket_remove(&d->socket);
        (void)close(d->fd);
    }
    if (rc < 0) {
        mem_free(d);
        return rc;
    }
    (void)uv_timer_init(loop, &d->pause);
    d->poll.data = d->pause.data = d;
    d->handles = 2;
    d->budget = options->budget;
    d->arrived = arrived;
    d->context = context;
    (void)uv_poll_start(&d->poll, UV_READABLE, on_readable);
    *ret = d;
    *ret_grouped = d->socket.grouped;
    return 0;
}

void control_door_close(struct control_door *d, control_door_closed *closed)
{
    d->closing = true;
    d->closed = closed;
    control_socket_remove(&d->socket);
    uv_close((uv_handle_t *)&d->poll, on_handle_closed);
    uv_close((uv_handle_t *)&d->pause, on_handle_closed);
}
