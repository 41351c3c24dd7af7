/* A watcher of a duplicate of a descriptor, so that its owner may close the original whenever it
 * likes (libssh does). Inside host/ only. */
#ifndef RESUS_HOST_FD_WATCH_H
#define RESUS_HOST_FD_WATCH_H

#include <uv.h>

#include "base/attr.h"

struct fd_watch;

/* `status` is negative when libuv saw an error; the watcher is stopped then. */
typedef void fd_watch_ready(void *context, int status, int events);
int fd_watch_new(uv_loop_t *loop, int fd, fd_watch_ready *ready, void *context,
                 struct fd_watch **ret) ATTR_MUST_USE;
void fd_watch_set(struct fd_watch *watch, int events); /* UV_READABLE | UV_WRITABLE; 0 stops */
void fd_watch_handler(struct fd_watch *watch, fd_watch_ready *ready, void *context);
void fd_watch_close(struct fd_watch *watch); /* closes the duplicate; takes NULL */

#endif
