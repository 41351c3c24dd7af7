/* One connection to a Redis: carrier, authentication, our name, then requests and their replies in
 * order. It knows no deadlines: the client above does, and takes a request's place out
 * (connection_forget) while its late reply is still awaited, so that later replies are never taken
 * for earlier ones. */
#ifndef RESUS_REDIS_CONNECTION_H
#define RESUS_REDIS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "core/facts.h"
#include "redis/client.h"
#include "redis/endpoint.h"
#include "redis/reply.h"

#define CONNECTION_NAME "resus" /* CLIENT SETNAME */

struct connection;

enum connection_stage {
    CONNECTION_RESOLVING,
    CONNECTION_CONNECTING, /* also: the tunnel is being made */
    CONNECTION_HANDSHAKE,  /* TLS */
    CONNECTION_SETUP,      /* AUTH, CLIENT ... are sent, their replies awaited */
    CONNECTION_READY,
    CONNECTION_ENDED
};

/* A reply that is not for the request it meets (a server full of clients or in protected mode says
 * so unasked and closes) and an AUTH refusal come as `ended`: they answer everything pending. */
struct connection_events {
    void *context;
    /* Requests may be sent: after the set-up, and when a dropped reply made room again. */
    void (*ready)(void *context);
    void (*reply)(void *context, void *tag, struct redis_reply *reply); /* the callee's to free */
    /* Last event; the connection still wants its connection_free. May come within connection_open.
     */
    void (*ended)(void *context, enum reply_class class, const char *why);
};

/* A kept connection asks not to be evicted and not to count as use of keys; one that lives for a
 * single request only gives its name; a stranger gives its name and shows no password. */
enum connection_kind { CONNECTION_KEPT, CONNECTION_FRESH, CONNECTION_STRANGER };

int connection_new(uv_loop_t *loop, struct endpoint *endpoint, const struct redis_tunnel *tunnel,
                   enum connection_kind kind, const struct connection_events *events,
                   struct connection **ret, struct error *err) ATTR_MUST_USE;
/* `deadline` is for the tunnel alone. */
void connection_open(struct connection *c, mono_ms deadline);
enum connection_stage connection_stage(const struct connection *c);
/* What it means that a request on this connection (NULL: there is none) got no answer in time. */
enum reply_class connection_late(const struct connection *c, mono_ms began, mono_ms deadline,
                                 const char **ret_text);
/* When the first certificate of the server's chain ends; WALL_NONE without TLS. */
wall_ms connection_certificate_ends(const struct connection *c);
/* May one more request be sent: ready, and fewer than REDIS_PENDING_MAX replies awaited? */
bool connection_has_room(const struct connection *c);
/* Writes a formatted command, whose reply comes with `tag` (not NULL). Needs room. -ENOMEM,
 * -ENOBUFS: the connection is as it was. */
int connection_send(struct connection *c, const char *command, size_t length,
                    void *tag) ATTR_MUST_USE;
/* The reply to `tag` will be read and dropped. */
void connection_forget(struct connection *c, const void *tag);
/* Error replies since the last call, those to the set-up included: Redis counts them as failed
 * commands, and they are ours alone. */
int connection_take_errors(struct connection *c);
/* Closes without an event. Takes NULL. */
void connection_free(struct connection *c);

#endif
