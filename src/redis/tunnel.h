/* A tunnel that is being opened for a connection, whose answer can come after the connection is
 * gone. */
#ifndef RESUS_REDIS_TUNNEL_H
#define RESUS_REDIS_TUNNEL_H

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "redis/client.h"
#include "redis/endpoint.h"

struct tunnel_wait;

/* Once, perhaps on the stack of tunnel_open(). The callee takes `fd`; below 0 there is no tunnel, and
 * `err` says why. The wait is over by then. */
typedef void tunnel_opened(void *owner, int fd, const struct error *err);

/* To the endpoint's host. `*ret` is set before `opened` can be called. -ENOMEM. */
int tunnel_open(const struct redis_tunnel *tunnel, const struct endpoint *to, mono_ms deadline,
                tunnel_opened *opened, void *owner, struct tunnel_wait **ret,
                struct error *err) ATTR_MUST_USE;
/* No call of `opened`; what comes is closed. Takes NULL. */
void tunnel_forget(struct tunnel_wait *wait);

#endif
