/* The command line's end of the control socket: blocking, every wait bounded by a deadline. */
#ifndef RESUS_CLI_CLIENT_H
#define RESUS_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define CLIENT_CONNECT_MS 5000
#define CLIENT_NO_ID INT64_C(-1)

struct client;

struct client_message {
    int64_t id; /* of the request; CLIENT_NO_ID when the daemon speaks about the connection */
    bool line;  /* pushed, more follows; otherwise the answer */
    int status; /* of an answer */
    json_t *body;
};

/* `path` is the socket for admins; a user who may not open it gets the one for monitors. The error
 * says what to do: -ENOENT and -ECONNREFUSED (no daemon), -EACCES, -ETIMEDOUT. */
int client_open(const char *path, struct client **ret, struct error *err) ATTR_MUST_USE;
/* Takes the reference of `args` (NULL = none). `service` NULL = the only one. */
int client_send(struct client *c, const char *op, const char *service, json_t *args,
                int64_t *ret_id, struct error *err) ATTR_MUST_USE;
/* Waits for the next message until `deadline`; the body is the caller's. -ETIMEDOUT, -ECONNRESET
 * when the daemon has closed. */
int client_next(struct client *c, mono_ms deadline, struct client_message *ret,
                struct error *err) ATTR_MUST_USE;
void client_close(struct client *c); /* takes NULL */

#endif
