/* The command line's way to a daemon elsewhere: the same operations over HTTPS, with libcurl.
 * Nothing but HTTPS is spoken, no redirect is followed, nothing is remembered. */
#ifndef RESUS_CLI_REMOTE_H
#define RESUS_CLI_REMOTE_H

#include <jansson.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define REMOTE_CONNECT_MS 10000
#define REMOTE_ANSWER_MAX (16 * 1024 * 1024) /* bytes of one answer */
#define REMOTE_URL_MAX 2048

struct remote_target {
    const char *url;        /* "https://host:8443"; a slash at its end does not matter */
    const char *token_file; /* NULL: anonymous. Its owner's alone, as file_read_secret() wants */
    const char *ca_file;    /* NULL: the system's */
    const char *pin;        /* "sha256/BASE64" of the certificate's public key; NULL = none. Without
                             * ca_file it stands for the chain and the name */
};

struct remote;

/* 0 or -EINVAL: `url` and `pin` are well-formed. */
int remote_check(const struct remote_target *target, struct error *err) ATTR_MUST_USE;
/* Reads the files; connects to nobody yet. */
int remote_open(const struct remote_target *target, struct remote **ret,
                struct error *err) ATTR_MUST_USE;
/* One operation of the table; `service` NULL: the only one. `ret_body` is the caller's, an object.
 * -ETIMEDOUT, -ECONNREFUSED (unreachable, or not who it should be), -EBADMSG (no Resus answers
 * there), -EINVAL (cannot be asked so). */
int remote_call(struct remote *r, const char *op, const char *service, const json_t *args,
                mono_ms deadline, int *ret_status, json_t **ret_body,
                struct error *err) ATTR_MUST_USE;
void remote_close(struct remote *r); /* takes NULL; wipes the token */

#endif
