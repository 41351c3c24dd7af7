#include "io/stream.h"

#include <assert.h>
#include <errno.h>

#include "io/stream_kind.h"

void stream_open(struct stream *s, const struct stream_events *events)
{
    assert(s->state == STREAM_NEW);
    s->events = *events;
    stream_enter(s);
    s->kind->open(s);
    stream_leave(s);
}

int stream_write(struct stream *s, const void *bytes, size_t length)
{
    if (s->closed || s->state != STREAM_OPEN)
        return -ENOTCONN;
    return s->kind->write(s, bytes, length);
}

void stream_pause(struct stream *s, bool paused)
{
    if (!s->closed && s->state == STREAM_OPEN)
        s->kind->pause(s, paused);
}

enum stream_state stream_state(const struct stream *s)
{
    if (s->state == STREAM_CONNECTING && s->carrier != NULL)
        return stream_state(s->carrier);
    return s->state;
}

wall_ms stream_certificate_ends(const struct stream *s)
{
    return s->certificate_ends;
}

void stream_close(struct stream *s)
{
    if (s == NULL || s->closed)
        return;
    stream_enter(s);
    s->closed = true;
    s->kind->close(s);
    s->state = STREAM_ENDED;
    stream_leave(s);
}

void stream_enter(struct stream *s)
{
    s->depth++;
}

void stream_leave(struct stream *s)
{
    assert(s->depth > 0);
    if (--s->depth == 0 && s->closed)
        s->kind->release(s);
}

void stream_emit_opened(struct stream *s)
{
    if (s->closed || s->state == STREAM_ENDED)
        return;
    s->state = STREAM_OPEN;
    s->events.opened(s->events.context);
}

void stream_emit_data(struct stream *s, const char *bytes, size_t length)
{
    if (!s->closed && s->state != STREAM_ENDED)
        s->events.data(s->events.context, bytes, length);
}

void stream_emit_ended(struct stream *s, enum stream_end end, const struct error *why)
{
    if (s->closed || s->state == STREAM_ENDED)
        return;
    s->state = STREAM_ENDED;
    s->events.ended(s->events.context, end, why);
}
