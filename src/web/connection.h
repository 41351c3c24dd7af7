/* What server.c keeps of a connection; shared by its files alone.
 *
 * A connection that ends inside a caller's call would be missed there: what goes wrong while an
 * answer or a message is written only shuts the socket down, and the loop's next turn ends it. */
#ifndef RESUS_WEB_CONNECTION_H
#define RESUS_WEB_CONNECTION_H

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/network.h"
#include "base/time.h"
#include "web/http.h"
#include "web/proxy.h"
#include "web/server.h"

#define RECORD_MAX ((size_t)16 * 1024) /* of TLS */
#define HEAD_MAX 8192                  /* of an answer */
#define IN_MAX (SERVER_HEAD_MAX + SERVER_BODY_MAX + RECORD_MAX)
#define OUT_MAX (SERVER_ANSWER_MAX + RECORD_MAX)
#define IF_NONE_MATCH_MAX 512

struct connection;

struct server {
    SSL_CTX *tls;
    struct server_events events;
    uv_loop_t *loop;
    uv_poll_t listener;
    int listener_fd;
    uv_timer_t sweep; /* of those whose time is over */
    uv_idle_t idle;   /* runs while `again` has some */
    bool hsts, deaf;  /* deaf: no descriptor is left, the sweep listens again */
    char id_prefix[17];
    uint64_t requests;
    struct connection *connections, *again;
    size_t count;
    struct proxies proxies; /* that are trusted */
    struct http_head head;  /* of the request that is being handled */
    char chunk[RECORD_MAX]; /* what was read */
    char small[RECORD_MAX]; /* what is written */
    struct request *spare;  /* the last one that was done with: most requests need no other */
};

enum connection_state {
    CONNECTION_SHAKING, /* hands, by TLS */
    CONNECTION_WAITING, /* for a request */
    CONNECTION_HEAD,    /* part of one is there */
    CONNECTION_BODY,
    CONNECTION_ASKED,   /* the handler has it */
    CONNECTION_WRITING, /* the answer goes out in pieces */
    CONNECTION_TALKING, /* a WebSocket */
    CONNECTION_CLOSING, /* all is said; the peer's end is waited for */
    CONNECTION_ENDED,
};

struct connection {
    struct server *server;
    uv_poll_t poll;
    int fd;
    int events; /* that are polled for */
    SSL *ssl;
    enum connection_state state;
    mono_ms deadline;
    struct buf in;  /* a part of a request or frame, or requests behind one under way */
    struct buf out; /* what the socket did not take yet */
    size_t written; /* of `out` */
    size_t need;    /* BODY: bytes of the whole request */
    struct request *request;
    struct websocket *websocket;
    bool close_after; /* what is being written */
    bool is_again;
    char address[NETWORK_TEXT_MAX], network[NETWORK_TEXT_MAX];
    struct connection *previous, *next, *next_again;
};

struct request {
    struct request_info info;
    struct connection *connection;
    bool on_stack; /* inside an event: the answer goes out when the handler returns */
    bool answered, accepted;
    bool close_after;
    size_t small;    /* bytes of the answer in the server's `small` */
    struct buf rest; /* and behind them */
    char id[SERVER_REQUEST_ID_SIZE];
    char accept[32]; /* an upgrade's */
    char address[NETWORK_TEXT_MAX];
    /* not cleared between two uses */
    char path[SERVER_PATH_MAX];
    char query[SERVER_QUERY_MAX];
    char if_none_match[IF_NONE_MATCH_MAX]; /* read when the copy has come */
};

struct websocket {
    struct connection *connection;
    void *data;
    bool ending, open;
    size_t skip; /* bytes of a client's message that are dropped */
    mono_ms alive, pinged;
};

/* tls.c: TLS 1.2 and up, good ciphers, and the certificate, into a context. */
int tls_prepare(SSL_CTX *context, const char *certificate, const char *key, struct error *err);

/* connection.c. An open, non-blocking socket; false for lack of memory, the socket is closed. */
bool connection_begin(struct server *s, int fd, const char *address);
/* In order, after what waits; false: it is lost, and the connection's end is on its way. */
bool connection_write(struct connection *c, const void *bytes, size_t length);
/* Nothing more is to be said once `out` is empty. */
void connection_close(struct connection *c);
void connection_end(struct connection *c);   /* now; tells request and websocket */
void connection_break(struct connection *c); /* in the loop's next turn */
void connection_again(struct connection *c); /* `in` is looked at in the loop's next turn */
void connection_late(struct connection *c, mono_ms now); /* the sweep's look at it */

/* request.c: takes from the front of the bytes; how many, 0 = more are needed. */
size_t request_input(struct connection *c, const char *bytes, size_t length);
void request_written(struct connection *c); /* an answer is out */
void request_drop(struct connection *c);    /* the peer has gone */

/* websocket.c */
size_t websocket_input(struct connection *c, const char *bytes, size_t length);
void websocket_late(struct connection *c, mono_ms now);
void websocket_drop(struct connection *c);
/* After a request was accepted. NULL: out of memory. */
struct websocket *websocket_new(struct connection *c, void *data);
void websocket_open(struct connection *c);

/* head.c: the status line and headers of an answer; their length, 0 when they do not fit. */
size_t head_write(char *to, size_t size, const struct request *x, const struct answer *answer,
                  bool hsts);

#endif
