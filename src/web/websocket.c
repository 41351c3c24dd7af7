#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "web/connection.h"
#include "web/wsframe.h"

#define CLOSE_MS 5000 /* for what is queued, the closing frame and the client's to go out */
#define CODE_WRONG 1002

void *websocket_data(struct websocket *c)
{
    return c->data;
}

struct websocket *websocket_new(struct connection *c, void *data)
{
    struct websocket *talk = mem_calloc(1, sizeof *talk);
    if (talk == NULL)
        return NULL;
    talk->connection = c;
    talk->data = data;
    c->websocket = talk;
    return talk;
}

void websocket_open(struct connection *c)
{
    struct websocket *talk = c->websocket;
    c->state = CONNECTION_TALKING;
    c->deadline = MONO_NEVER;
    talk->alive = clock_mono();
    talk->open = true;
    c->server->events.opened(c->server->events.context, talk);
}

void websocket_drop(struct connection *c)
{
    struct websocket *talk = c->websocket;
    if (talk == NULL)
        return;
    c->websocket = NULL;
    if (talk->open)
        c->server->events.closed(c->server->events.context, talk);
    else
        c->server->events.unopened(c->server->events.context, talk->data);
    mem_free(talk);
}

/* ── saying ── */

/* Head and payload in one record: a client reads once. */
static bool say(struct connection *c, enum wsframe_opcode opcode, const char *text, size_t length)
{
    char *small = c->server->small;
    size_t head = wsframe_write((unsigned char *)small, opcode, length);
    size_t first = length < RECORD_MAX - head ? length : RECORD_MAX - head;
    memcpy(small + head, text, first);
    return connection_write(c, small, head + first) &&
           (first == length || connection_write(c, text + first, length - first));
}

bool websocket_say(struct websocket *c, const char *text, size_t length)
{
    const struct connection *connection = c->connection;
    if (c->ending)
        return false;
    if (connection->out.length - connection->written + length > SERVER_QUEUE_MAX &&
        connection->out.length > 0) {
        websocket_end(c, 1013, "you do not read fast enough");
        return false;
    }
    return say(c->connection, WSFRAME_TEXT, text, length);
}

void websocket_end(struct websocket *c, int code, const char *why)
{
    char bytes[WSFRAME_CONTROL_MAX + 1] = {(char)(code >> 8), (char)(code & 0xFF)};
    if (c->ending)
        return;
    c->ending = true;
    (void)str_copy(bytes + 2, sizeof bytes - 2, why);
    /* A client that reads nothing would never let us say good-bye. */
    c->connection->deadline = mono_add(clock_mono(), CLOSE_MS);
    (void)say(c->connection, WSFRAME_CLOSE, bytes, 2 + strlen(bytes + 2));
}

/* ── hearing ── */

static void hear_control(struct connection *c, const struct wsframe *frame, const char *masked)
{
    char payload[WSFRAME_CONTROL_MAX];
    struct websocket *talk = c->websocket;
    for (size_t i = 0; i < frame->length; i++)
        payload[i] = (char)((unsigned char)masked[i] ^ frame->mask[i % sizeof frame->mask]);
    if (frame->opcode == WSFRAME_PING && !talk->ending) {
        /* Who pings and does not read gets no answer. */
        if (c->out.length == 0)
            (void)say(c, WSFRAME_PONG, payload, frame->length);
    } else if (frame->opcode == WSFRAME_CLOSE) {
        if (!talk->ending)
            (void)say(c, WSFRAME_CLOSE, payload, frame->length < 2 ? 0 : 2);
        connection_close(c);
    }
}

size_t websocket_input(struct connection *c, const char *bytes, size_t length)
{
    struct websocket *talk = c->websocket;
    struct wsframe frame;
    talk->alive = clock_mono();
    if (talk->skip > 0) { /* nothing is expected to be said: it is dropped */
        size_t n = talk->skip < length ? talk->skip : length;
        talk->skip -= n;
        return n;
    }
    int head = wsframe_read((const unsigned char *)bytes, length, &frame);
    if (head < 0) {
        websocket_end(talk, -head, head == -CODE_WRONG ? "no such frame" : "too long");
        connection_close(c);
        return length;
    }
    if (head == 0)
        return 0;
    if (frame.opcode < WSFRAME_CLOSE) {
        talk->skip = frame.length;
        return (size_t)head;
    }
    if (length - (size_t)head < frame.length)
        return 0;
    hear_control(c, &frame, bytes + head);
    return (size_t)head + frame.length;
}

void websocket_late(struct connection *c, mono_ms now)
{
    struct websocket *talk = c->websocket;
    int64_t silent = mono_since(now, talk->alive);
    if (silent > (int64_t)SERVER_HANGUP_SECONDS * 1000) {
        connection_end(c);
    } else if (silent > (int64_t)SERVER_PING_SECONDS * 1000 && talk->pinged.ms <= talk->alive.ms &&
               !talk->ending && c->out.length == 0) {
        talk->pinged = now;
        (void)say(c, WSFRAME_PING, "", 0);
    }
}
