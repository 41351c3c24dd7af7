/* A stranger's connection to the real server, with TLS taken away: connection.c, request.c,
 * websocket.c, http.c and wsframe.c run as they are, on a loop and a socket. */
#ifndef RESUS_TESTS_FUZZ_WEB_PEER_H
#define RESUS_TESTS_FUZZ_WEB_PEER_H

#include "support.h"

/* What the server made of the bytes. */
struct peer_record {
    uint32_t requests, answers, accepted, opened, closed;
    uint64_t seen; /* a digest of every request: method, path, query, body */
};

/* Sends `bytes` in the pieces that the dice give. The dice also decide when answers come, what is
 * said in a websocket, how time passes and how much the socket takes; with `calm` none of that
 * happens and every answer comes at once. */
void peer_run(struct input bytes, struct dice dice, bool calm, struct peer_record *ret);

#endif
