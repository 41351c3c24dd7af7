#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/ssh_link.h"

struct ssh_poll {
    uv_poll_t handle;
    int fd;
    int events;
    ssh_poll_ready *ready;
    void *context;
};

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct ssh_poll *poll = handle->data;
    if (status < 0)
        poll->events = 0; /* libuv stops a watcher that saw an error */
    poll->ready(poll->context, status, events);
}

static void on_closed(uv_handle_t *handle)
{
    struct ssh_poll *poll = handle->data;
    mem_free(poll);
}

int ssh_poll_new(uv_loop_t *loop, int fd, ssh_poll_ready *ready, void *context,
                 struct ssh_poll **ret)
{
    struct ssh_poll *poll = mem_calloc(1, sizeof *poll);
    if (poll == NULL)
        return -ENOMEM;
    *poll = (struct ssh_poll){.ready = ready, .context = context};
    poll->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    int r = poll->fd < 0 ? -errno : uv_poll_init(loop, &poll->handle, poll->fd);
    if (r < 0) {
        if (poll->fd >= 0)
            close(poll->fd);
        mem_free(poll);
        return r;
    }
    poll->handle.data = poll;
    *ret = poll;
    return 0;
}

void ssh_poll_watch(struct ssh_poll *poll, int events)
{
    if (events == poll->events)
        return;
    poll->events = events;
    if (events == 0)
        (void)uv_poll_stop(&poll->handle);
    else
        (void)uv_poll_start(&poll->handle, events, on_ready);
}

void ssh_poll_handler(struct ssh_poll *poll, ssh_poll_ready *ready, void *context)
{
    poll->ready = ready;
    poll->context = context;
}

void ssh_poll_close(struct ssh_poll *poll)
{
    if (poll == NULL)
        return;
    (void)uv_poll_stop(&poll->handle);
    close(poll->fd); /* libuv has left the descriptor in uv_poll_stop */
    uv_close((uv_handle_t *)&poll->handle, on_closed);
}
