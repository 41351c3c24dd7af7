/* Frames (frame.h) both ways over a Unix socket on the loop. Reading and writing wait for nothing.
 * The owner embeds the struct and closes the pipe; its memory may go when `closed` was called. */
#ifndef RESUS_API_FRAME_PIPE_H
#define RESUS_API_FRAME_PIPE_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

#define FRAME_PIPE_CHUNK 65536

enum frame_pipe_end {
    FRAME_PIPE_ENDED,     /* the other side closed the socket */
    FRAME_PIPE_FAILED,    /* it could not be read or written, or there was no memory */
    FRAME_PIPE_BAD_FRAME, /* what came is not a frame, or too long for one */
};

/* A callback may send, pause, stop or close. */
struct frame_pipe_events {
    void (*frame)(void *context, json_t *frame); /* takes the reference */
    /* Nothing is read afterwards. At most once; after FRAME_PIPE_BAD_FRAME, writing goes on until it
     * fails. */
    void (*ended)(void *context, enum frame_pipe_end end, const char *why);
    void (*drained)(void *context); /* everything sent so far is written; NULL: not wanted */
    void (*closed)(void *context);
};

struct frame_pipe_options {
    const struct frame_pipe_events *events; /* borrowed */
    void *context;
    /* FRAME_PIPE_CHUNK bytes for reading, borrowed. Pipes of one loop may share them, if they are
     * never paused. */
    char *chunk;
    size_t in_max;  /* bytes of a frame that is taken; 0 = FRAME_MAX */
    size_t out_max; /* bytes that may wait for the reader */
};

struct frame_pipe {
    uv_pipe_t pipe;
    struct frame_pipe_options options;
    struct buf in;
    size_t chunk_at, chunk_end; /* bytes of the chunk that no frame was taken from yet */
    size_t taken;               /* bytes of the frames since frame_pipe_start() */
    bool paused, stopped, ended, closing;
};

/* Takes `fd`, also on failure. frame_pipe_close() is needed in any case. */
int frame_pipe_open(struct frame_pipe *p, uv_loop_t *loop, int fd,
                    const struct frame_pipe_options *options, struct error *err) ATTR_MUST_USE;
/* Begins to read, or goes on after a pause. May call `frame` and `ended`. */
int frame_pipe_start(struct frame_pipe *p) ATTR_MUST_USE;
/* Takes no further frame until frame_pipe_start(). */
void frame_pipe_pause(struct frame_pipe *p);
/* Reads no more, and drops what was read. Writing goes on. */
void frame_pipe_stop(struct frame_pipe *p);
/* Takes `frame`. -EMSGSIZE: it is too long, and the pipe is as before. -ENOBUFS: the other side
 * does not read. -ENOMEM (also for NULL), -EPIPE after the end, or libuv's error: the stream has a
 * gap and should be closed. */
int frame_pipe_send(struct frame_pipe *p, json_t *frame) ATTR_MUST_USE;
size_t frame_pipe_waiting(const struct frame_pipe *p); /* bytes that are not written yet */
void frame_pipe_close(struct frame_pipe *p);           /* once */

#endif
