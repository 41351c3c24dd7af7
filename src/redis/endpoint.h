/* Where a Redis is and who we are to it: the few settings a connection needs, checked once. */
#ifndef RESUS_REDIS_ENDPOINT_H
#define RESUS_REDIS_ENDPOINT_H

#include <stdbool.h>
#include <uv.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "io/stream.h"
#include "io/stream_tls.h"
#include "settings/settings.h"

#define ENDPOINT_SECRET_MAX 4096 /* bytes of a password */

struct endpoint {
    char *host; /* NULL with a Unix socket */
    int port;
    char *socket;                   /* NULL with a host */
    bool tunnel;                    /* by SSH: the caller brings a connected fd */
    char *username, *password_file; /* NULL = none */
    char *server_name;              /* whom the certificate must name */
    struct stream_tls *tls;         /* NULL = plain */
};

/* Copies, reads the password file once and loads the TLS files. The error names the file. */
int endpoint_new(const struct redis_settings *settings, struct endpoint **ret,
                 struct error *err) ATTR_MUST_USE;
void endpoint_free(struct endpoint *e); /* takes NULL */

/* A stream that is not open yet. */
int endpoint_stream(struct endpoint *e, uv_loop_t *loop, struct stream **ret,
                    struct error *err) ATTR_MUST_USE;
/* The same over a connected socket, which is taken in any case. */
int endpoint_stream_over(struct endpoint *e, uv_loop_t *loop, int fd, struct stream **ret,
                         struct error *err) ATTR_MUST_USE;
/* Appends the AUTH command with the password as the file has it now; nothing without a password.
 * `to` holds a secret afterwards: buf_free it soon. */
int endpoint_auth(const struct endpoint *e, struct buf *to, struct error *err) ATTR_MUST_USE;

#endif
