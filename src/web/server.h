/* HTTP/1.1 and WebSocket over TLS, on the loop. It knows connections, requests and frames; what a
 * request means is router.c's.
 *
 * It is ours and no library's because it has to keep up with nginx: docs/performance.md says what
 * libraries reached. http.h and wsframe.h read the strangers' bytes, connection.c has TLS and
 * deadlines, request.c and websocket.c what is done with both.
 *
 * An request is one request and its answer. It lives until it is answered or its peer has gone
 * (`gone` is called then); a websocket is a WebSocket after its request was accepted. */
#ifndef RESUS_WEB_SERVER_H
#define RESUS_WEB_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"

#define SERVER_CONNECTIONS_MAX 12000
/* Of them, for the machine itself and trusted proxies alone: strangers cannot take every place. */
#define SERVER_SPARE_CONNECTIONS 1000
/* Of one network (network.h). The machine itself and trusted proxies, which stand for many, are
 * exempt. */
#define SERVER_ADDRESS_CONNECTIONS_MAX 256
#define SERVER_HEAD_MAX 8192        /* bytes of a request's line and headers */
#define SERVER_HEAD_SECONDS 10      /* for them to arrive, the handshake not counted */
#define SERVER_BODY_MAX (64 * 1024) /* no operation's fields are longer */
#define SERVER_BODY_MS 15000        /* for it to arrive */
#define SERVER_IDLE_SECONDS 60      /* between two requests */
#define SERVER_ANSWER_SECONDS 180   /* of the engine; an operation may take its time */
#define SERVER_ANSWER_MAX (16 * 1024 * 1024)
#define SERVER_QUEUE_MAX (256 * 1024) /* bytes that wait for one WebSocket, then 1013 */
#define SERVER_PING_SECONDS 30
#define SERVER_HANGUP_SECONDS 45 /* without a sign of life */
#define SERVER_PATH_MAX 1024
#define SERVER_QUERY_MAX 4096
#define SERVER_HEADER_VALUE_MAX 4096
#define SERVER_REQUEST_ID_SIZE 33

enum server_header {
    HEADER_AUTHORIZATION,
    HEADER_COOKIE,
    HEADER_CSRF,
    HEADER_CONTENT_TYPE,
    HEADER_ORIGIN,
    HEADER_HOST,
    HEADER_ACCEPT,
    HEADER_ACCEPT_ENCODING,
    HEADER_IF_NONE_MATCH,
    HEADER_COUNT
};

struct request;
struct websocket;
struct server;

struct request_info {
    const char *method;       /* "GET", "WS" for an upgrade */
    bool head;                /* HEAD: asked for as GET, answered without a body */
    const char *path, *query; /* both as they came, and a plain path; valid in the event */
    const char *address; /* of the client, as text: behind a trusted proxy, what that one says */
    bool plain_http;     /* so the client speaks with that proxy */
    const char *id;      /* X-Request-Id */
    const char *body;
    size_t body_length;
    bool page;  /* a browser opened a link of a message: what goes wrong is said as a page */
    void *data; /* the handler's own */
};

struct answer {
    int status;
    const char *type;  /* NULL: application/json */
    const char *lines; /* more header lines, each with CRLF; NULL = none */
    const void *body;  /* copied */
    size_t length;
    bool close; /* the connection ends after it */
};

struct server_events {
    void *context;
    /* A whole request, or one that asks for an upgrade (method "WS"): it must be answered or
     * accepted, and an upgrade on this stack. */
    void (*request)(void *context, struct request *x);
    void (*gone)(void *context, struct request *x); /* before it was answered */
    void (*opened)(void *context, struct websocket *c);
    void (*closed)(void *context, struct websocket *c);
    void (*unopened)(void *context, void *data); /* accepted, but the handshake failed */
};

struct server_options {
    const char *host; /* NULL: every address */
    int port;
    const char *certificate, *key; /* PEM texts */
    bool hsts;
    const json_t *proxies; /* networks as texts */
};

int server_open(uv_loop_t *loop, const struct server_options *options,
                const struct server_events *events, struct server **ret,
                struct error *err) ATTR_MUST_USE;
/* Another certificate for the connections to come. */
int server_certificate(struct server *server, const char *certificate, const char *key,
                       struct error *err) ATTR_MUST_USE;
/* From the next answer on. */
void server_hsts(struct server *server, bool hsts);
void server_proxies(struct server *server, const json_t *proxies);

struct request_info *request_info(struct request *x);
/* Into `to`; false when the header is absent ("" then), or too long for `size`, or there twice.
 * From within the event only; If-None-Match, up to 511 bytes, until the answer. */
bool request_header(struct request *x, enum server_header header, char *to, size_t size);
/* Is it there at all, readable or not? */
bool request_has_authorization(struct request *x);
/* Exactly once, now or later. */
void request_answer(struct request *x, const struct answer *answer);
/* An upgrade is taken; `data` becomes the websocket's. */
void request_accept(struct request *x, void *data);

void *websocket_data(struct websocket *c);
/* Queues a text; false when the client had to be given up because it does not read. */
bool websocket_say(struct websocket *c, const char *text, size_t length);
/* Closes with a WebSocket status (1013, 4401) once what is queued went out. */
void websocket_end(struct websocket *c, int code, const char *why);

#endif
