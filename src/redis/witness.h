/* The witness: PING to a Redis from the place where it runs, to distinguish a dead Redis from a
 * broken path to it. Over the SSH session for a remote host, by a plain connection on this machine.
 * It asks the host's own loopback first and then the configured address; any answer of a Redis ends
 * the query, also an error. A PING that waits for half of its time is not enough to call Redis silent: a
 * faulty command on another connection tells whether its clients are paused. It shows no password: the loopback port may belong to another program.
 * Where the host lets us ask at neither, the configured address is asked from here. That Redis works
 * while commands wait is then in `paused` and `reply` of an answer that is not `possible`.
 */
#ifndef RESUS_REDIS_WITNESS_H
#define RESUS_REDIS_WITNESS_H

#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "core/facts.h"
#include "settings/settings.h"

#define WITNESS_QUERIES_MAX 4 /* of one service at once: the watch and the doctor */

/* Byte streams as the Redis host would open them. `done` gets a connected fd (ours to close) or -1
 * and an error: -ECONNREFUSED and -EHOSTUNREACH say what the host met at that address, -EACCES that
 * it does not let us ask there, anything else that it could not be asked. */
struct witness_way {
    void *context;
    void (*open)(void *context, const char *host, int port, mono_ms deadline,
                 void (*done)(void *done_context, int fd, const struct error *error),
                 void *done_context);
    /* `done_context` goes away: `done` is no longer called. */
    void (*forget)(void *context, const void *done_context);
};

/* Once for each query, on the loop, never on the caller's stack. */
typedef void witness_done(void *context, uint64_t id, const struct witness_facts *facts);

struct witness;

/* `way` NULL: Redis runs on this machine. The settings are copied; the TLS files are read. */
int witness_new(uv_loop_t *loop, const struct witness_way *way,
                const struct service_settings *service, witness_done *done, void *context,
                struct witness **ret, struct error *err) ATTR_MUST_USE;
/* `port`: where Redis itself listens; below 1 = the configured one. */
void witness_ask(struct witness *w, uint64_t id, int port, mono_ms deadline);
/* Completes all queries at once as impossible, for this reason: before the connections are changed.
 */
void witness_give_up(struct witness *w, const char *why);
/* Drops everything without completions; memory goes when libuv has let go. Takes NULL. */
void witness_free(struct witness *w);

#endif
