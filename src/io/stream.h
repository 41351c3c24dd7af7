/* A byte stream over the loop: a small table of functions (open, write, close) and three events, so
 * that a protocol neither knows nor cares whether TCP, a Unix socket, a socketpair (SSH tunnel) or
 * TLS over any of them carries it. TLS is in io/stream_tls.h. */
#ifndef RESUS_IO_STREAM_H
#define RESUS_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

/* A dead peer is known within 1 + 3 x 1 s on an idle TCP stream, and within 3 s when bytes of ours
 * stay unacknowledged (without these options nothing is noticed for minutes). A
 * peer that is merely stopped still acknowledges and is not hit by either. */
#define STREAM_KEEPALIVE_IDLE_S 1
#define STREAM_KEEPALIVE_INTERVAL_S 1
#define STREAM_KEEPALIVE_PROBES 3
#define STREAM_USER_TIMEOUT_MS 3000
/* Of several addresses of a name, each but the last gets this long to connect. */
#define STREAM_ADDRESS_STEP_MS 500
#define STREAM_ADDRESSES_MAX 4
/* A Unix socket whose backlog is full refuses with EAGAIN and cannot be polled: asked again after.
 */
#define STREAM_BACKLOG_RETRY_MS 50
#define STREAM_OUTPUT_MAX (256 * 1024) /* bytes that wait for the peer to take them */
#define STREAM_PAUSED_MAX (64 * 1024)  /* bytes that may be delivered after stream_pause */

struct stream;

enum stream_state {
    STREAM_NEW,
    STREAM_RESOLVING,
    STREAM_CONNECTING,
    STREAM_HANDSHAKE, /* connected, TLS under way */
    STREAM_OPEN,
    STREAM_ENDED
};

/* Why a stream ended. */
enum stream_end {
    STREAM_END_CLOSED,      /* the peer closed, reset or died */
    STREAM_END_REFUSED,     /* ECONNREFUSED, or no such Unix socket */
    STREAM_END_UNREACHABLE, /* no route, no such name, no right to connect */
    STREAM_END_TIMED_OUT,   /* the system gave connecting up */
    STREAM_END_TLS,         /* handshake, certificate or record */
    STREAM_END_LOCAL        /* our own lack: descriptors, memory */
};

/* Called on the loop, never on the stack of stream_open, stream_write or stream_close. In each of
 * them the stream may be closed. */
struct stream_events {
    void *context;
    void (*opened)(void *context);
    void (*data)(void *context, const char *bytes, size_t length); /* length > 0 */
    /* Once at most, and the last event. The stream still wants its stream_close. */
    void (*ended)(void *context, enum stream_end end, const struct error *why);
};

/* The constructors only allocate: -ENOMEM. */
int stream_tcp_new(uv_loop_t *loop, const char *host, int port, struct stream **ret,
                   struct error *err) ATTR_MUST_USE;
int stream_unix_new(uv_loop_t *loop, const char *path, struct stream **ret,
                    struct error *err) ATTR_MUST_USE;
/* A connected socket: the stream's to close from here on, also when this fails. */
int stream_fd_new(uv_loop_t *loop, int fd, struct stream **ret, struct error *err) ATTR_MUST_USE;

/* Starts; the outcome is an event. Once. */
void stream_open(struct stream *s, const struct stream_events *events);
/* Between `opened` and `ended`. 0; -ENOTCONN outside of that; -ENOBUFS past STREAM_OUTPUT_MAX;
 * -ENOMEM. A peer that is gone is reported by `ended`, after the last bytes it sent. */
int stream_write(struct stream *s, const void *bytes, size_t length) ATTR_MUST_USE;
/* A paused stream reads nothing, so the peer has to wait. Up to STREAM_PAUSED_MAX bytes that were
 * read before may still be delivered. The end of the peer is noticed after the pause. Only between
 * `opened` and `ended`; otherwise ignored. */
void stream_pause(struct stream *s, bool paused);
enum stream_state stream_state(const struct stream *s);
/* When the peer's certificate, or one above it in its chain, ends: read at the handshake. WALL_NONE
 * without TLS or before. */
wall_ms stream_certificate_ends(const struct stream *s);
/* No event after it. Takes NULL. */
void stream_close(struct stream *s);

#endif
