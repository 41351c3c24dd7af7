/* What server.c keeps of a connection; shared by its files and by nobody else. */
#ifndef RESUS_WEB_CONNECTION_H
#define RESUS_WEB_CONNECTION_H

#include <libwebsockets.h>

#include "base/buf.h"
#include "base/time.h"
#include "web/server.h"

#define WRITE_MAX ((size_t)16 * 1024) /* at once: a TLS record */
#define HEAD_MAX 8192

struct connection;

struct server {
    struct lws_context *context;
    struct lws_vhost *vhost;
    void *tls; /* SSL_CTX of the connections to come */
    struct server_events events;
    uv_loop_t *loop;
    const char *certificate, *key; /* while it opens */
    struct error *tls_error;
    bool hsts;
    char id_prefix[17];
    uint64_t requests;
    struct connection *connections;
    size_t count;
    unsigned char small[LWS_PRE + WRITE_MAX]; /* an answer that goes out on the spot */
    struct exchange *spare; /* the last one that was done with: most requests need no other */
};

enum exchange_state {
    EXCHANGE_READING,  /* its body comes in */
    EXCHANGE_ASKED,    /* the handler has it */
    EXCHANGE_WRITING,  /* the answer goes out in pieces */
    EXCHANGE_ACCEPTED, /* it becomes a conversation */
};

struct exchange {
    struct exchange_request request;
    struct connection *connection;
    enum exchange_state state;
    bool on_stack; /* inside an event: the answer may be written at once */
    bool close_after;
    bool refused; /* the answer went out and the connection is to end */
    mono_ms began;
    struct buf body;
    size_t small; /* bytes of the answer in the server's `small`; 0 = it is in `out` */
    struct buf out;
    size_t written;
    char id[SERVER_REQUEST_ID_SIZE];
    /* not cleared between two uses */
    char path[SERVER_PATH_MAX];
    char query[SERVER_QUERY_MAX];
};

struct message {
    struct message *next;
    size_t length;
    unsigned char bytes[]; /* LWS_PRE before the text */
};

struct conversation {
    struct connection *connection;
    void *data;
    struct message *first, **last;
    size_t queued;
    bool ending, open, said_goodbye;
    int end_code;
    char why[64];
};

struct connection {
    struct server *server;
    struct lws *wsi;
    struct exchange *exchange;
    struct conversation *conversation;
    char address[64];
    struct connection *previous, *next;
};

/* tls.c: TLS 1.2 and up, good ciphers, and the certificate, into a context. */
int tls_prepare(void *ssl_context, const char *certificate, const char *key, struct error *err);

/* exchange.c: the HTTP events of libwebsockets; what it is to return. */
int exchange_begin(struct connection *c);
int exchange_body(struct connection *c, const char *bytes, size_t length);
int exchange_body_done(struct connection *c);
int exchange_writable(struct connection *c);
int exchange_upgrade(struct connection *c);
void exchange_free(struct exchange *x);   /* takes NULL; tells nobody */
void exchange_drop(struct connection *c); /* the peer has gone */

/* conversation.c */
void conversation_open(struct connection *c);
int conversation_writable(struct connection *c);
void conversation_drop(struct connection *c);

/* head.c: the status line and headers of an answer; their length, 0 when they do not fit. */
size_t head_write(char *to, size_t size, const struct exchange *x, const struct answer *answer,
                  bool hsts);

#endif
