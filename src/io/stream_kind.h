/* What a kind of stream implements (stream_socket.c, stream_tls.c). Not for users of streams. */
#ifndef RESUS_IO_STREAM_KIND_H
#define RESUS_IO_STREAM_KIND_H

#include <stdbool.h>

#include "io/stream.h"

struct stream_kind {
    void (*open)(struct stream *s);
    int (*write)(struct stream *s, const void *bytes, size_t length);
    void (*pause)(struct stream *s, bool paused);
    void (*close)(struct stream *s);   /* lets go of the handles; no memory of `s` itself */
    void (*release)(struct stream *s); /* frees `s` */
};

/* First member of every kind's own struct. */
struct stream {
    const struct stream_kind *kind;
    struct stream_events events;
    enum stream_state state;
    const struct stream *carrier; /* whose state counts until it is open; NULL = none */
    wall_ms certificate_ends;     /* WALL_NONE without TLS */
    bool closed;
    unsigned depth; /* events on the stack: `s` outlives them */
};

/* Bracket every entry from the loop: the memory of a stream that was closed inside goes with the
 * last stream_leave. */
void stream_enter(struct stream *s);
void stream_leave(struct stream *s);

/* Deliver an event unless the stream was closed or has ended. Between enter and leave. */
void stream_emit_opened(struct stream *s);
void stream_emit_data(struct stream *s, const char *bytes, size_t length);
void stream_emit_ended(struct stream *s, enum stream_end end, const struct error *why);

#endif
