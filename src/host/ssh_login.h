/* A session of its own to another host, on a thread that may block: for what moves many bytes. What
 * watches and acts uses the kept sessions of ssh_pool.c. */
#ifndef RESUS_HOST_SSH_LOGIN_H
#define RESUS_HOST_SSH_LOGIN_H

#include <libssh/libssh.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

#define SSH_LOGIN_SECONDS 20L /* to connect, and then to log in */

/* Connects, compares the host's key with `known_hosts`, which only root or we may write, and logs
 * in by the key. The caller frees the session: ssh_disconnect(), ssh_free(). Nothing was sent to a
 * host that is not the right one. `stop`, when it is not NULL, is looked at all the while: -EINTR. */
int ssh_login(const struct ssh_settings *ssh, const atomic_bool *stop, ssh_session *ret,
              struct error *err) ATTR_MUST_USE;

#endif
