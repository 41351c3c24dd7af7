#include "web/engine_link.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "api/frame_pipe.h"
#include "api/link.h"
#include "base/json.h"
#include "base/mem.h"

struct asked {
    uint64_t id;                /* 0 = free; id % LINK_CALLS_MAX is its place */
    engine_link_answer *answer; /* NULL: no caller waits */
    void *context;
};

struct engine_link {
    struct frame_pipe pipe;
    struct engine_link_events events;
    bool lost;
    uint64_t rounds; /* the next id's upper part: an old id never meets a new one */
    size_t next;     /* place that is tried first */
    struct asked asked[LINK_CALLS_MAX];
    char chunk[FRAME_PIPE_CHUNK];
};

static void lose(struct engine_link *link, const char *why)
{
    if (link->lost)
        return;
    link->lost = true;
    frame_pipe_stop(&link->pipe);
    link->events.lost(link->events.context, why);
}

void engine_link_tell(struct engine_link *link, json_t *frame)
{
    int r = frame_pipe_send(&link->pipe, frame);
    if (r < 0)
        lose(link, r == -ENOBUFS ? "the engine does not read" : uv_strerror(r));
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

static void on_frame(void *context, json_t *frame)
{
    take(context, frame);
    json_decref(frame);
}

static void on_ended(void *context, enum frame_pipe_end end, const char *why)
{
    lose(context, end == FRAME_PIPE_ENDED ? "the engine ended" : why);
}

static void on_closed(void *context)
{
    mem_free(context);
}

int engine_link_open(uv_loop_t *loop, int fd, const struct engine_link_events *events,
                     struct engine_link **ret, struct error *err)
{
    static const struct frame_pipe_events pipe_events = {
        .frame = on_frame, .ended = on_ended, .closed = on_closed};
    struct engine_link *link = mem_calloc(1, sizeof *link);
    if (link == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    link->events = *events;
    const struct frame_pipe_options options = {
        .events = &pipe_events, .context = link, .chunk = link->chunk, .out_max = LINK_OUT_MAX};
    int r = frame_pipe_open(&link->pipe, loop, fd, &options, err);
    if (r == 0)
        r = frame_pipe_start(&link->pipe);
    if (r < 0) {
        engine_link_close(link);
        return error_set(err, r, "the socket to the engine: %s", uv_strerror(r));
    }
    *ret = link;
    return 0;
}

void engine_link_close(struct engine_link *link)
{
    if (link == NULL)
        return;
    link->lost = true;
    frame_pipe_close(&link->pipe);
}
