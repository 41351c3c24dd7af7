/* A peer on a loopback port that says what the test tells it, in the test's own loop. It accepts
 * any number of connections and treats each alike: first `greeting`, then one of `lines` for each
 * whole RESP command that it reads (the last line again and again), at most `bytes_a_write` bytes a
 * turn of the loop. */
#ifndef RESUS_TEST_PEER_H
#define RESUS_TEST_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define PEER_LINES_MAX 16

struct peer_script {
    const char *greeting;              /* sent on accept; NULL = none */
    size_t greeting_length;            /* 0 = strlen */
    const char *lines[PEER_LINES_MAX]; /* answers; NULL ends; none at all = silence */
    size_t flood;                      /* then so many 'x' (a line or bulk without end) */
    bool close_after_greeting, close_after_line;
};

struct peer;

struct peer *peer_new(uv_loop_t *loop, const struct peer_script *script);
int peer_port(const struct peer *p);
size_t peer_accepted(const struct peer *p);
/* Commands read so far. */
size_t peer_commands(const struct peer *p);
/* Sends to every connection that is open. */
void peer_say(struct peer *p, const char *bytes, size_t length);
/* Closes every connection that is open; keeps listening. */
void peer_hang_up(struct peer *p);
/* Closes all; the memory goes as the loop runs. */
void peer_free(struct peer *p);

#endif
