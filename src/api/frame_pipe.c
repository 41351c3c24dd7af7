#include "api/frame_pipe.h"

#include <errno.h>
#include <unistd.h>

#include "api/frame.h"
#include "base/mem.h"

struct outgoing {
    uv_write_t request; /* first */
    struct buf bytes;
};

static uv_stream_t *stream_of(struct frame_pipe *p)
{
    return (uv_stream_t *)&p->pipe;
}

/* A frame may hold a password or a token. */
static void wipe_chunk(struct frame_pipe *p)
{
    if (p->chunk_end > 0)
        mem_wipe(p->options.chunk, p->chunk_end);
    p->chunk_at = p->chunk_end = 0;
}

static void end(struct frame_pipe *p, enum frame_pipe_end how, const char *why)
{
    if (p->ended || p->closing)
        return;
    p->ended = how != FRAME_PIPE_BAD_FRAME; /* a refusal can still be sent */
    frame_pipe_stop(p);
    p->options.events->ended(p->options.context, how, why);
}

/* ── reading ── */

/* Moves what fits from the chunk: `in` holds one frame of full length. False: the end was told. */
static bool refill(struct frame_pipe *p)
{
    size_t room = p->in.limit - p->in.length;
    size_t unread = p->chunk_end - p->chunk_at;
    size_t piece = unread < room ? unread : room;
    int r = buf_append(&p->in, p->options.chunk + p->chunk_at, piece);
    p->chunk_at += piece;
    if (r < 0)
        end(p, FRAME_PIPE_FAILED, "out of memory");
    return r == 0;
}

static void take_frames(struct frame_pipe *p)
{
    size_t most = p->options.in_max == 0 ? FRAME_MAX : p->options.in_max;
    while (!p->paused && !p->stopped && !p->closing) {
        json_t *frame = NULL;
        struct error err = {0};
        size_t before = p->in.length;
        int got = frame_read_most(&p->in, most, &frame, &err);
        p->taken += before - p->in.length;
        if (got == 1)
            p->options.events->frame(p->options.context, frame);
        else if (got < 0)
            end(p, got == -ENOMEM ? FRAME_PIPE_FAILED : FRAME_PIPE_BAD_FRAME, err.text);
        else if (p->chunk_at == p->chunk_end || !refill(p))
            break;
    }
    if (!p->paused)
        wipe_chunk(p);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct frame_pipe *p = handle->data;
    (void)suggested;
    *ret = uv_buf_init(p->options.chunk, FRAME_PIPE_CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *bytes)
{
    struct frame_pipe *p = stream->data;
    (void)bytes; /* the chunk */
    if (length < 0)
        end(p, length == UV_EOF ? FRAME_PIPE_ENDED : FRAME_PIPE_FAILED, uv_strerror((int)length));
    if (length <= 0)
        return;
    p->chunk_at = 0;
    p->chunk_end = (size_t)length;
    take_frames(p);
}

int frame_pipe_start(struct frame_pipe *p)
{
    p->paused = false;
    p->taken = 0;
    if (p->chunk_end > 0)
        take_frames(p);
    if (p->paused || p->stopped || p->closing)
        return 0;
    return uv_read_start(stream_of(p), on_alloc, on_read);
}

void frame_pipe_pause(struct frame_pipe *p)
{
    p->paused = true;
    (void)uv_read_stop(stream_of(p));
}

void frame_pipe_stop(struct frame_pipe *p)
{
    p->stopped = true;
    p->paused = false;
    (void)uv_read_stop(stream_of(p));
    wipe_chunk(p);
}

/* ── writing ── */

static void on_written(uv_write_t *request, int status)
{
    struct outgoing *out = (struct outgoing *)request;
    struct frame_pipe *p = request->handle->data;
    buf_free(&out->bytes);
    mem_free(out);
    if (status < 0)
        end(p, FRAME_PIPE_FAILED, uv_strerror(status));
    else if (!p->closing && p->options.events->drained != NULL && frame_pipe_waiting(p) == 0)
        p->options.events->drained(p->options.context);
}

/* Takes `bytes`. */
static int write_bytes(struct frame_pipe *p, struct buf *bytes)
{
    struct outgoing *out = NULL;
    int r = -ENOBUFS;
    if (frame_pipe_waiting(p) + bytes->length <= p->options.out_max) {
        out = mem_calloc(1, sizeof *out);
        r = -ENOMEM;
    }
    if (out != NULL) {
        out->bytes = *bytes;
        uv_buf_t piece = uv_buf_init(bytes->data, (unsigned)bytes->length);
        r = uv_write(&out->request, stream_of(p), &piece, 1, on_written);
    }
    if (r < 0) {
        mem_free(out);
        buf_free(bytes);
    }
    return r;
}

int frame_pipe_send(struct frame_pipe *p, json_t *frame)
{
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err = {0};
    int r = p->ended || p->closing ? -EPIPE : frame == NULL ? -ENOMEM : 0;
    if (r == 0)
        r = frame_write(frame, &bytes, &err);
    json_decref(frame);
    if (r < 0) {
        buf_free(&bytes);
        return r;
    }
    return write_bytes(p, &bytes);
}

size_t frame_pipe_waiting(const struct frame_pipe *p)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&p->pipe);
}

/* ── opening and closing ── */

int frame_pipe_open(struct frame_pipe *p, uv_loop_t *loop, int fd,
                    const struct frame_pipe_options *options, struct error *err)
{
    *p = (struct frame_pipe){.options = *options, .in = BUF_LIMIT(FRAME_BYTES_MAX)};
    (void)uv_pipe_init(loop, &p->pipe, 0);
    p->pipe.data = p;
    int r = uv_pipe_open(&p->pipe, fd);
    if (r < 0) {
        (void)close(fd);
        return error_set(err, r, "%s", uv_strerror(r));
    }
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct frame_pipe *p = handle->data;
    buf_free(&p->in);
    p->options.events->closed(p->options.context);
}

void frame_pipe_close(struct frame_pipe *p)
{
    p->closing = true;
    wipe_chunk(p);
    uv_close((uv_handle_t *)&p->pipe, on_closed);
}
