/* The real server with TLS taken away: the linker puts our calls in place of OpenSSL's (--wrap). */
#ifndef RESUS_TESTS_FUZZ_PLAIN_TLS_H
#define RESUS_TESTS_FUZZ_PLAIN_TLS_H

#include "support.h"
#include "web/connection.h"

struct plain_tls {
    struct dice *dice; /* now and then the socket is full; NULL = never */
    bool pending;      /* what the socket holds, TLS "has" already */
};
extern struct plain_tls plain_tls;

/* A server that listens nowhere: connection_begin() gives it sockets. */
struct server *plain_server(uv_loop_t *loop, const struct server_events *events);

#endif
