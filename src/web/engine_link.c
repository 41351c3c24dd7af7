#include "web/engine_link.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "api/frame.h"
#include "api/link.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#define READ_CHUNK 65536

struct asked {
    uint64_t id;                /* 0 = free; id % LINK_CALLS_MAX is its place */
    engine_link_answer *answer; /* NULL: nobody waits */
    void *context;
};

struct engine_link {
    uv_pipe_t pipe;
    struct engine_link_events events;
    struct buf in;
    bool lost;
    uint64_t rounds; /* the next id's upper part: an old id never meets a new one */
    size_t next;     /* place that is tried first */
    struct asked asked[LINK_CALLS_MAX];
    char chunk[READ_CHUNK];
};

struct outgoing {
    uv_write_t request;
    struct buf bytes;
};

static void lose(struct engine_link *link, const char *why)
{
    if (link->lost)
        return;
    link->lost = true;
    link->events.lost(link->events.context, why);
}

static void on_written(uv_write_t *request, int status)
{
    struct outgoing *out = (struct outgoing *)request;
    struct engine_link *link = request->handle->data;
    buf_free(&out->bytes);
    mem_free(out);
    if (status < 0)
        lose(link, uv_strerror(status));
}

void engine_link_tell(struct engine_link *link, json_t *frame)
{
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err = {0};
    int r = frame == NULL ? -ENOMEM : frame_write(frame, &bytes, &err);
    json_decref(frame);
    struct outgoing *out = r < 0 ? NULL : mem_calloc(1, sizeof *out);
    size_t waiting = uv_stream_get_write_queue_size((uv_stream_t *)&link->pipe);
    if (out != NULL && waiting + bytes.length <= LINK_OUT_MAX) {
        out->bytes = bytes;
        uv_buf_t piece = uv_buf_init(bytes.data, (unsigned)bytes.length);
        if (uv_write(&out->request, (uv_stream_t *)&link->pipe, &piece, 1, on_written) == 0)
            return;
    }
    mem_free(out);
    buf_free(&bytes);
    lose(link, "the engine does not read");
}

uint64_t engine_link_ask(struct engine_link *link, json_t *request, engine_link_answer *answer,
                         void *context)
{
    for (size_t tried = 0; tried < LINK_CALLS_MAX; tried++) {
        size_t place = (link->next + tried) % LINK_CALLS_MAX;
        struct asked *a = &link->asked[place];
        if (a->id != 0)
            continue;
        link->next = place + 1;
        a->id = ++link->rounds * LINK_CALLS_MAX + place;
        a->answer = answer;
        a->context = context;
        uint64_t id = a->id;
        (void)json_put_int(request, "id", (int64_t)id);
        engine_link_tell(link, request);
        return id;
    }
    json_decref(request);
    return 0;
}

static struct asked *find(struct engine_link *link, uint64_t id)
{
    struct asked *a = &link->asked[id % LINK_CALLS_MAX];
    return id != 0 && a->id == id ? a : NULL;
}

void engine_link_forget(struct engine_link *link, uint64_t id)
{
    struct asked *a = find(link, id);
    if (a == NULL)
        return;
    /* The place stays taken until the engine has answered: it counts what is in flight. */
    a->answer = NULL;
    json_t *frame = json_object();
    (void)json_put_int(frame, "id", (int64_t)id);
    (void)json_put_bool(frame, "cancel", true);
    engine_link_tell(link, frame);
}

static void take(struct engine_link *link, const json_t *frame)
{
    const json_t *id = json_object_get(frame, "id");
    if (!json_is_integer(id)) {
        link->events.told(link->events.context, frame);
        return;
    }
    struct asked *a = find(link, (uint64_t)json_integer_value(id));
    if (a == NULL)
        return;
    engine_link_answer *answer = a->answer;
    void *context = a->context;
    if (json_object_get(frame, "line") == NULL)
        *a = (struct asked){0};
    if (answer != NULL)
        answer(context, frame);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct engine_link *link = handle->data;
    *ret = uv_buf_init(link->chunk, sizeof link->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *bytes)
{
    struct engine_link *link = stream->data;
    if (length < 0) {
        (void)uv_read_stop(stream);
        lose(link, "the engine ended");
    }
    size_t taken = 0;
    while (length > 0 && taken < (size_t)length && !link->lost) {
        size_t room = link->in.limit - link->in.length;
        size_t left = (size_t)length - taken;
        size_t piece = left < room ? left : room;
        json_t *frame = NULL;
        struct error err = {0};
        int got = buf_append(&link->in, bytes->base + taken, piece) == 0 ? 1 : -1;
        taken += piece;
        while (!link->lost && got == 1 && (got = frame_read(&link->in, &frame, &err)) == 1) {
            take(link, frame);
            json_decref(frame);
        }
        if (got < 0)
            lose(link, err.code != 0 ? err.text : "out of memory");
    }
    if (length > 0)
        mem_wipe(bytes->base, (size_t)length); /* a frame may hold a password or a token */
}

int engine_link_open(uv_loop_t *loop, int fd, const struct engine_link_events *events,
                     struct engine_link **ret, struct error *err)
{
    struct engine_link *link = mem_calloc(1, sizeof *link);
    if (link == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    link->events = *events;
    link->in = BUF_LIMIT(FRAME_BYTES_MAX);
    link->pipe.data = link;
    int r = uv_pipe_init(loop, &link->pipe, 0);
    if (r == 0)
        r = uv_pipe_open(&link->pipe, fd);
    if (r == 0)
        r = uv_read_start((uv_stream_t *)&link->pipe, on_alloc, on_read);
    if (r < 0) {
        link->lost = true;
        engine_link_close(link);
        return error_set(err, r, "the socket to the engine: %s", uv_strerror(r));
    }
    *ret = link;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct engine_link *link = handle->data;
    buf_free(&link->in);
    mem_free(link);
}

void engine_link_close(struct engine_link *link)
{
    if (link == NULL)
        return;
    link->lost = true;
    uv_close((uv_handle_t *)&link->pipe, on_closed);
}
