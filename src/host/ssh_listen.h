/* Lets one connection of a host in: its sshd listens on the loopback there, and the stream comes
 * through a session of its own. The listener ends with the first connection. Blocks: for a thread of
 * its own. */
#ifndef RESUS_HOST_SSH_LISTEN_H
#define RESUS_HOST_SSH_LISTEN_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

#define SSH_LISTEN_ADDRESS "127.0.0.1"

struct ssh_listen {
    const struct ssh_settings *ssh;
    int64_t accept_ms; /* until the first connection */
    const atomic_bool *stop;
    void *context;
    void (*listening)(void *context, int port); /* on the host's loopback */
    /* A connection has come: where its bytes go; the callee gives the descriptor away. */
    int (*accepted)(void *context, struct error *err);
};

/* 0: the stream has ended, on either side. -EACCES: sshd permits no listener. */
int ssh_listen(const struct ssh_listen *listen, struct error *err) ATTR_MUST_USE;

#endif
