#include "host/fd_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"

struct fd_watch {
    uv_poll_t handle;
    int fd;
    int events;
    fd_watch_ready *ready;
    void *context;
};

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct fd_watch *watch = handle->data;
    if (status < 0)
        watch->events = 0; /* libuv stops a watcher that saw an error */
    watch->ready(watch->context, status, events);
}

static void on_closed(uv_handle_t *handle)
{
    struct fd_watch *watch = handle->data;
    mem_free(watch);
}

int fd_watch_new(uv_loop_t *loop, int fd, fd_watch_ready *ready, void *context,
                 struct fd_watch **ret)
{
    struct fd_watch *watch = mem_calloc(1, sizeof *watch);
    if (watch == NULL)
        return -ENOMEM;
    *watch = (struct fd_watch){.ready = ready, .context = context};
    watch->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    int r = watch->fd < 0 ? -errno : uv_poll_init(loop, &watch->handle, watch->fd);
    if (r < 0) {
        if (watch->fd >= 0)
            close(watch->fd);
        mem_free(watch);
        return r;
    }
    watch->handle.data = watch;
    *ret = watch;
    return 0;
}

void fd_watch_set(struct fd_watch *watch, int events)
{
    if (events == watch->events)
        return;
    watch->events = events;
    if (events == 0)
        (void)uv_poll_stop(&watch->handle);
    else
        (void)uv_poll_start(&watch->handle, events, on_ready);
}

void fd_watch_handler(struct fd_watch *watch, fd_watch_ready *ready, void *context)
{
    watch->ready = ready;
    watch->context = context;
}

void fd_watch_close(struct fd_watch *watch)
{
    if (watch == NULL)
        return;
    (void)uv_poll_stop(&watch->handle);
    close(watch->fd); /* libuv has left the descriptor in uv_poll_stop */
    uv_close((uv_handle_t *)&watch->handle, on_closed);
}
