/* From a request line to a row of the table. Pure: no clock, no I/O; of foreign bytes nothing is
 * trusted, and nothing of them is echoed.
 *
 * Two steps, because who asks is looked at in between: route_find() needs method and path only and
 * allocates nothing; route_args() reads query and body. Neither judges the fields themselves: that
 * is operation_check() in the engine, after the role, so that strangers get a 401 and no lesson.
 *
 * Rules
 *   paths    byte for byte as in the table; a value is 1 to ROUTE_VALUE_MAX of [A-Za-z0-9_.-] and
 *            not "." or ".."; "%", "//", a slash at the end are nowhere (404)
 *   queries  of GET and WS only; `key=value` joined by "&", percent-encoded UTF-8 without control
 *            characters, "+" a blank (but a plus in a time); every key once; null is not spelt
 *   bodies   of all other methods; one JSON object in UTF-8, every key once, at most
 *            ROUTE_BODY_MAX bytes and ROUTE_DEPTH_MAX deep; nothing at all is {}
 *   GET with a body, and a query where a body belongs, are refused: a field that would be passed
 *   over in silence is a mistake that its author wants to know of. */
#ifndef RESUS_API_ROUTE_H
#define RESUS_API_ROUTE_H

#include <jansson.h>
#include <stddef.h>

#include "api/operations.h"
#include "base/attr.h"
#include "base/error.h"

#define ROUTE_VALUE_MAX 63   /* characters of a value in a path: those of a service's id */
#define ROUTE_ALLOW_MAX 40   /* "GET, POST, PATCH, DELETE" */
#define ROUTE_QUERY_MAX 4096 /* bytes of a query, encoded */
#define ROUTE_BODY_MAX (64 * 1024)
#define ROUTE_DEPTH_MAX 16 /* objects and arrays within each other */
/* The key by which the query of a WebSocket, or of the calendar, may bring its token: not a field. */
#define ROUTE_TOKEN_KEY "token"

struct route {
    enum operation_id operation;
    char service[ROUTE_VALUE_MAX + 1]; /* "" when the operation is on none */
    const struct field *in_path;       /* the other value of the path; NULL = none */
    char value[ROUTE_VALUE_MAX + 1];
    char allow[ROUTE_ALLOW_MAX]; /* of -ENOTSUP: for the Allow header */
};

/* `method` in capitals, "WS" for a request to upgrade; HEAD is asked for as GET by the caller.
 * `path` as it came, without "?" and query. 0; -ENOENT (404); -ENOTSUP (405, `allow` is set: "GET"
 * for a path that speaks WebSocket only); -EINVAL (400: a plain GET of such a path). `ret` is
 * written in every case. */
int route_find(const char *method, const char *path, size_t length, struct route *ret,
               struct error *err) ATTR_MUST_USE;

/* The arguments of what was found: a new object, never NULL. A value of a query that is not of its
 * field's type stays a text, for operation_check() to name. -EINVAL (400), -EMSGSIZE (413),
 * -ENOMEM (500). */
int route_args(const struct route *route, const char *query, size_t query_length, const char *body,
               size_t body_length, json_t **ret, struct error *err) ATTR_MUST_USE;

/* The token in such a query, decoded; "" when there is none. -EINVAL when the query is
 * malformed, -EMSGSIZE when it does not fit. The caller wipes it. */
int route_token(const char *query, size_t query_length, char *to, size_t size,
                struct error *err) ATTR_MUST_USE;

/* The HTTP status of an answer of the functions above: 200, 400, 404, 405, 413, 500. */
int route_http_status(int r);

#endif
