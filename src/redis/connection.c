#include "redis/connection.h"

#include <assert.h>
#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "redis/resp.h"
#include "redis/tunnel.h"

#define SETUP_BYTES_MAX (2 * ENDPOINT_SECRET_MAX)

/* In the order in which they are sent. */
enum setup_step { SETUP_AUTH, SETUP_NAME, SETUP_NO_EVICT, SETUP_NO_TOUCH, SETUP_STEP_COUNT };

static const char *const setup_words[SETUP_STEP_COUNT][4] = {
    [SETUP_AUTH] = {NULL}, /* endpoint_auth */
    [SETUP_NAME] = {"CLIENT", "SETNAME", CONNECTION_NAME},
    [SETUP_NO_EVICT] = {"CLIENT", "NO-EVICT", "on"}, /* Redis 7.0 */
    [SETUP_NO_TOUCH] = {"CLIENT", "NO-TOUCH", "on"}, /* Redis 7.2 */
};

struct connection {
    uv_loop_t *loop;
    struct endpoint *endpoint;
    const struct redis_tunnel *tunnel;
    enum connection_kind kind;
    struct connection_events events;
    enum connection_stage stage;
    mono_ms opened; /* 0: not yet */
    bool freed;
    unsigned depth; /* events on the stack: `c` outlives them */
    struct stream *stream;
    struct tunnel_wait *wait;
    struct resp_reader *reader;
    enum setup_step setup[SETUP_STEP_COUNT]; /* replies awaited in the set-up */
    size_t setup_count, setup_next;
    size_t head, count;            /* ring of the replies awaited */
    void *tags[REDIS_PENDING_MAX]; /* NULL: forgotten */
    int errors;                    /* error replies not taken yet */
    wall_ms certificate_ends;
};

static void enter(struct connection *c)
{
    c->depth++;
}

static void leave(struct connection *c)
{
    assert(c->depth > 0);
    if (--c->depth > 0 || !c->freed)
        return;
    resp_reader_free(c->reader);
    mem_free(c);
}

static void end(struct connection *c, enum reply_class class, const char *why)
{
    if (c->freed || c->stage == CONNECTION_ENDED)
        return;
    c->stage = CONNECTION_ENDED;
    stream_close(c->stream);
    c->stream = NULL;
    c->events.ended(c->events.context, class, why);
}

/* Our own lack of memory or descriptors says nothing of the Redis. */
static enum reply_class class_of_error(const struct error *err)
{
    return err->code == -EPROTO ? REPLY_GARBAGE : REPLY_NONE;
}

static int add_setup(struct connection *c, enum setup_step step, struct buf *to)
{
    const char *const *words = setup_words[step];
    int r = resp_command(to, words, 3);
    if (r == 0)
        c->setup[c->setup_count++] = step;
    return r;
}

/* One write and one round trip for the whole set-up. */
static void set_up(struct connection *c)
{
    ATTR_CLEANUP(buf_free) struct buf commands = BUF_LIMIT(SETUP_BYTES_MAX);
    struct error err = {0};
    c->stage = CONNECTION_SETUP;
    if (c->kind != CONNECTION_STRANGER && endpoint_auth(c->endpoint, &commands, &err) < 0) {
        end(c, REPLY_NOAUTH, err.text); /* no password to show: we have no access */
        return;
    }
    if (commands.length > 0)
        c->setup[c->setup_count++] = SETUP_AUTH;
    int r = add_setup(c, SETUP_NAME, &commands);
    if (c->kind == CONNECTION_KEPT) {
        if (r == 0)
            r = add_setup(c, SETUP_NO_EVICT, &commands);
        if (r == 0)
            r = add_setup(c, SETUP_NO_TOUCH, &commands);
    }
    if (r == 0)
        r = stream_write(c->stream, commands.data, commands.length);
    if (r < 0 && r != -ENOTCONN)
        end(c, REPLY_NONE, "cannot send: out of memory");
}

static void take_setup_reply(struct connection *c, const struct redis_reply *reply)
{
    enum reply_class class = reply_classify(reply);
    enum setup_step step = c->setup[c->setup_next];
    /* The server's farewell, which answers no request. */
    bool farewell = class == REPLY_MAXCLIENTS || class == REPLY_DENIED;
    if (farewell || (step == SETUP_AUTH && reply->type == RESP_ERROR)) {
        end(c, class, reply->text);
        return;
    }
    c->setup_next++; /* what else goes wrong (NOPERM, an older server) costs nothing */
    if (c->setup_next == c->setup_count) {
        c->stage = CONNECTION_READY;
        c->events.ready(c->events.context);
    }
}

/* A farewell is said before there is a command, and Redis does not count it. LOADING, BUSY, MOVED
 * and ASK are excused whoever gets them (info_facts.errors_excused): they must not be taken off
 * twice. */
static bool counts_as_error(const struct redis_reply *reply)
{
    enum reply_class class = reply_classify(reply);
    return reply->type == RESP_ERROR && class != REPLY_MAXCLIENTS && class != REPLY_DENIED &&
           class != REPLY_LOADING && class != REPLY_BUSY && !str_starts(reply->text, "MOVED ") &&
           !str_starts(reply->text, "ASK ");
}

static void take_reply(struct connection *c, struct redis_reply *reply)
{
    c->errors += counts_as_error(reply);
    if (c->stage == CONNECTION_SETUP) {
        take_setup_reply(c, reply);
        reply_free(reply);
        return;
    }
    if (c->count == 0) {
        enum reply_class class = reply_classify(reply);
        bool error = reply->type == RESP_ERROR;
        char text[FACT_TEXT_MAX];
        (void)str_copy_clean(text, sizeof text, error ? reply->text : "a reply without a request",
                             error ? reply->length : sizeof "a reply without a request" - 1);
        reply_free(reply);
        end(c, error ? class : REPLY_GARBAGE, text);
        return;
    }
    void *tag = c->tags[c->head];
    c->head = (c->head + 1) % REDIS_PENDING_MAX;
    c->count--;
    if (tag != NULL) {
        c->events.reply(c->events.context, tag, reply);
        return;
    }
    reply_free(reply);
    if (c->count == REDIS_PENDING_MAX - 1)
        c->events.ready(c->events.context);
}

static void on_opened(void *context)
{
    struct connection *c = context;
    c->opened = clock_mono();
    c->certificate_ends = stream_certificate_ends(c->stream);
    enter(c);
    set_up(c);
    leave(c);
}

static void on_data(void *context, const char *bytes, size_t length)
{
    struct connection *c = context;
    struct error err = {0};
    enter(c);
    int r = resp_reader_feed(c->reader, bytes, length, &err);
    while (r >= 0 && !c->freed && c->stage != CONNECTION_ENDED) {
        struct redis_reply *reply = NULL;
        r = resp_reader_next(c->reader, &reply, &err);
        if (r != 1)
            break;
        take_reply(c, reply);
    }
    if (r < 0)
        end(c, class_of_error(&err), err.text);
    leave(c);
}

static void on_ended(void *context, enum stream_end how, const struct error *why)
{
    static const enum reply_class classes[] = {
        [STREAM_END_CLOSED] = REPLY_CLOSED,           [STREAM_END_REFUSED] = REPLY_REFUSED,
        [STREAM_END_UNREACHABLE] = REPLY_UNREACHABLE, [STREAM_END_TIMED_OUT] = REPLY_NO_CONNECT,
        [STREAM_END_TLS] = REPLY_TLS_FAILED,          [STREAM_END_LOCAL] = REPLY_NONE,
    };
    struct connection *c = context;
    enter(c);
    end(c, classes[how], why->text);
    leave(c);
}

static void open_stream(struct connection *c)
{
    const struct stream_events events = {
        .context = c,
        .opened = on_opened,
        .data = on_data,
        .ended = on_ended,
    };
    stream_open(c->stream, &events);
}

static void on_tunnel(void *owner, int fd, const struct error *error)
{
    struct connection *c = owner;
    struct error err = {0};
    enter(c);
    c->wait = NULL;
    if (fd < 0) {
        bool refused = error->code == -ECONNREFUSED;
        end(c, refused ? REPLY_REFUSED : REPLY_UNREACHABLE, error->text);
    } else if (endpoint_stream_over(c->endpoint, c->loop, fd, &c->stream, &err) < 0) {
        end(c, REPLY_NONE, err.text);
    } else {
        open_stream(c);
    }
    leave(c);
}

static void open_tunnel(struct connection *c, mono_ms deadline)
{
    struct error err = {0};
    c->stage = CONNECTION_CONNECTING;
    if (tunnel_open(c->tunnel, c->endpoint, deadline, on_tunnel, c, &c->wait, &err) < 0)
        end(c, REPLY_NONE, err.text);
}

int connection_new(uv_loop_t *loop, struct endpoint *endpoint, const struct redis_tunnel *tunnel,
                   enum connection_kind kind, const struct connection_events *events,
                   struct connection **ret, struct error *err)
{
    struct connection *c = mem_calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    c->loop = loop;
    c->endpoint = endpoint;
    c->tunnel = tunnel;
    c->kind = kind;
    c->events = *events;
    c->stage = CONNECTION_CONNECTING;
    int r = resp_reader_new(&c->reader, err);
    if (r == 0 && !endpoint->tunnel)
        r = endpoint_stream(endpoint, loop, &c->stream, err);
    if (r < 0)
        connection_free(c);
    else
        *ret = c;
    return r;
}

void connection_open(struct connection *c, mono_ms deadline)
{
    enter(c);
    if (c->endpoint->tunnel)
        open_tunnel(c, deadline);
    else
        open_stream(c);
    leave(c);
}

wall_ms connection_certificate_ends(const struct connection *c)
{
    return c->certificate_ends;
}

enum connection_stage connection_stage(const struct connection *c)
{
    if (c->stage != CONNECTION_CONNECTING || c->stream == NULL)
        return c->stage;
    switch (stream_state(c->stream)) {
    case STREAM_RESOLVING:
        return CONNECTION_RESOLVING;
    case STREAM_HANDSHAKE:
        return CONNECTION_HANDSHAKE;
    default:
        return CONNECTION_CONNECTING;
    }
}

/* A path that opened when most of the time was over: Redis had no time to answer, and its silence
 * says nothing. */
static bool opened_late(const struct connection *c, mono_ms began, mono_ms deadline)
{
    return mono_since(c->opened, began) > mono_since(deadline, began) / 2;
}

enum reply_class connection_late(const struct connection *c, mono_ms began, mono_ms deadline,
                                 const char **ret_text)
{
    static const struct {
        enum reply_class class;
        const char *text;
    } by_stage[] = {
        [CONNECTION_RESOLVING] = {REPLY_UNREACHABLE, "the name was not resolved in time"},
        [CONNECTION_CONNECTING] = {REPLY_NO_CONNECT, "not connected in time"},
        [CONNECTION_HANDSHAKE] = {REPLY_SILENT, "connected, no TLS handshake in time"},
        [CONNECTION_SETUP] = {REPLY_SILENT, "connected, no reply in time"},
        [CONNECTION_READY] = {REPLY_SILENT, "connected, no reply in time"},
        [CONNECTION_ENDED] = {REPLY_CLOSED, "closed"},
    };
    enum connection_stage stage = c == NULL ? CONNECTION_CONNECTING : connection_stage(c);
    if ((stage == CONNECTION_SETUP || stage == CONNECTION_READY) && opened_late(c, began, deadline))
        stage = CONNECTION_CONNECTING;
    *ret_text = by_stage[stage].text;
    return by_stage[stage].class;
}

bool connection_has_room(const struct connection *c)
{
    return c->stage == CONNECTION_READY && c->count < REDIS_PENDING_MAX;
}

int connection_send(struct connection *c, const char *command, size_t length, void *tag)
{
    assert(connection_has_room(c) && tag != NULL);
    int r = stream_write(c->stream, command, length);
    if (r < 0)
        return r;
    c->tags[(c->head + c->count) % REDIS_PENDING_MAX] = tag;
    c->count++;
    return 0;
}

void connection_forget(struct connection *c, const void *tag)
{
    for (size_t i = 0; i < c->count; i++) {
        size_t at = (c->head + i) % REDIS_PENDING_MAX;
        if (c->tags[at] == tag)
            c->tags[at] = NULL;
    }
}

int connection_take_errors(struct connection *c)
{
    int errors = c->errors;
    c->errors = 0;
    return errors;
}

void connection_free(struct connection *c)
{
    if (c == NULL || c->freed)
        return;
    enter(c);
    c->freed = true;
    c->stage = CONNECTION_ENDED;
    tunnel_forget(c->wait);
    stream_close(c->stream);
    c->stream = NULL;
    leave(c);
}
