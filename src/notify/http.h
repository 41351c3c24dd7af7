/* HTTP requests to receivers, in the loop. No redirect is followed, no connection is kept, and of
 * an answer a few bytes are. */
#ifndef RESUS_NOTIFY_HTTP_H
#define RESUS_NOTIFY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "core/retry.h"
#include "notify/outgoing.h"

#define HTTP_ANSWER_MAX 4096 /* bytes of a body that are read: the rest is cut off */
#define HTTP_KEPT_MAX 513    /* of them, kept as text, with the NUL */
#define HTTP_HEADERS_MAX 6
#define HTTP_HEADER_MAX 512

struct http_request {
    const char *url, *proxy, *ca_file;
    int64_t timeout_ms;
    char headers[HTTP_HEADERS_MAX][HTTP_HEADER_MAX]; /* "name: value", beside Content-Type */
    size_t header_count;
    struct buf *body; /* POST as JSON, taken over; NULL = GET */
    bool plain_body;  /* text/plain instead of JSON */
    /* No request is sent: `whole` says whether there is a connection, with TLS if `url` has it. */
    bool connect_only;
};

struct http_answer {
    enum retry_end end; /* never RETRY_WRONG_BODY: that is the channel's to see */
    int code;           /* HTTP status, 0 = none */
    bool whole;         /* did the body end, within HTTP_ANSWER_MAX? */
    int64_t retry_after_ms;
    char body[HTTP_KEPT_MAX];       /* control bytes replaced */
    char error[OUTGOING_ERROR_MAX]; /* RETRY_ANSWERED: "" */
};

struct http;
struct http_sending;
/* In the loop, never on the sender's stack. */
typedef void http_done(void *context, const struct http_answer *answer);

int http_new(uv_loop_t *loop, struct http **ret, struct error *err) ATTR_MUST_USE;
/* On an error nothing was begun, and the body is the caller's still. */
int http_send(struct http *h, struct http_request *request, http_done *done, void *context,
              struct http_sending **ret, struct error *err) ATTR_MUST_USE;
/* Its `done` does not run. */
void http_cancel(struct http_sending *s);
/* Every request must be done or cancelled. Takes NULL. */
void http_free(struct http *h);

#endif
