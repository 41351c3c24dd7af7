/* The way back of api/route.h: from a row and its arguments to the request that asks for it. Pure.
 */
#ifndef RESUS_API_CLIENT_REQUEST_H
#define RESUS_API_CLIENT_REQUEST_H

#include <jansson.h>

#include "api/operations.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

/* Appends path and query, percent-encoded, to `target`, and the body (nothing for a GET or WS) to
 * `body`. -EINVAL: a value of the path is missing or cannot stand in one, an array or object is to
 * stand in a query; -ENOBUFS past a buffer's limit. */
int client_request_make(const struct operation *operation, const char *service, const json_t *args,
                        struct buf *target, struct buf *body, struct error *err) ATTR_MUST_USE;

#endif
