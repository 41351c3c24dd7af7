/* The file side of the control socket: made, taken over from a dead daemon, taken away. */
#ifndef RESUS_DAEMON_CONTROL_SOCKET_H
#define RESUS_DAEMON_CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/attr.h"
#include "base/error.h"

struct control_socket {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t device; /* with `inode`: whether the file at the path is still the one we made */
    ino_t inode;
    bool grouped; /* members of the group may connect */
};

/* A listening descriptor (non-blocking, close-on-exec), or a negative errno. The socket has mode
 * 0660 and belongs to `group`; it has mode 0600 where there is no such group ((gid_t)-1) or this
 * process may not give files to it. */
int control_socket_bind(const char *path, gid_t group, struct control_socket *ret,
                        struct error *err) ATTR_MUST_USE;
/* Unlinks the file unless another daemon has put its own there meanwhile. */
void control_socket_remove(const struct control_socket *socket);

#endif
