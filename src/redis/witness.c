#include "redis/witness.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/stream.h"
#include "redis/endpoint.h"
#include "redis/reply.h"
#include "redis/resp.h"

#define LOOPBACK "127.0.0.1"
#define PLACES_MAX 3

#define PAUSE_SURE_MS 100 /* a PING that was sent before, and waits for longer, is held back */

static const char ping[] = "*1\r\n$4\r\nPING\r\n";
static const char faulty[] = "*1\r\n$4\r\nECHO\r\n"; /* its argument is missing */

/* Where a query asks. */
struct place {
    const char *host; /* NULL: the Unix socket */
    int port;
    bool tls;
    bool here;       /* asked from this machine, as the probes do */
    bool prohibited; /* the host does not let us ask there */
};

/* A Redis whose clients are paused (CLIENT PAUSE, a failover) holds back every command, and refuses
 * a faulty one at once. It gets one, on a connection of its own, when PING has waited for long. */
struct second {
    struct query *query;
    bool asked, opening;
    struct stream *stream;
    struct resp_reader *reader;
    mono_ms refused; /* when the faulty command was; 0 = it was not */
};

struct query {
    struct witness *witness;
    struct query *next;
    uint64_t id;
    mono_ms began, deadline;
    uv_timer_t timer; /* the first turn, then the deadline */
    bool begun, ended;
    struct place places[PLACES_MAX];
    size_t place, place_count;
    bool opening;  /* the way was asked for a stream */
    bool past_way; /* the host has opened this place's connection */
    mono_ms reached;
    struct stream *stream;
    struct resp_reader *reader;
    struct second second;
    bool prohibited;            /* is one of the places? */
    struct witness_facts facts; /* the best so far; `address` is empty at first */
};

struct witness {
    uv_loop_t *loop;
    struct endpoint *endpoint;
    bool remote;
    struct witness_way way;
    witness_done *done;
    void *context;
    struct query *queries;
    size_t count;
};

static void go_on(struct query *q);
static void finish_prohibited(struct query *q, enum reply_class here);

/* Does the host open the connection? */
static bool by_way(const struct query *q)
{
    return q->witness->remote && !q->places[q->place].here;
}

/* --- the end of a query --- */

static void close_second(struct query *q)
{
    struct second *s = &q->second;
    if (s->opening)
        q->witness->way.forget(q->witness->way.context, s);
    stream_close(s->stream);
    resp_reader_free(s->reader);
    *s = (struct second){0}; /* what it heard was about this place */
}

static void close_place(struct query *q)
{
    close_second(q);
    if (q->opening)
        q->witness->way.forget(q->witness->way.context, q);
    q->opening = q->past_way = false;
    stream_close(q->stream);
    q->stream = NULL;
    resp_reader_free(q->reader);
    q->reader = NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void take_out(struct query *q)
{
    struct witness *w = q->witness;
    struct query **at = &w->queries;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    w->count--;
    q->ended = true;
    close_place(q);
    uv_close((uv_handle_t *)&q->timer, on_timer_closed);
}

static void finish(struct query *q)
{
    struct witness *w = q->witness;
    q->facts.asked = q->began;
    q->facts.at = clock_mono();
    struct witness_facts facts = q->facts;
    uint64_t id = q->id;
    take_out(q);
    w->done(w->context, id, &facts); /* may free the witness */
}

static void finish_impossible(struct query *q, const char *why)
{
    q->facts = (struct witness_facts){.possible = false};
    (void)str_copy_clean(q->facts.text, sizeof q->facts.text, why, strlen(why));
    finish(q);
}

/* --- what a place says --- */

/* A Redis that accepts and is silent says more than a port that refuses. */
static int weight(enum reply_class reply)
{
    if (reply_answered(reply))
        return 6;
    switch (reply) {
    case REPLY_SILENT:
        return 5;
    case REPLY_CLOSED:
        return 4;
    case REPLY_NO_CONNECT:
        return 3;
    case REPLY_REFUSED:
    case REPLY_UNREACHABLE:
        return 2;
    default:
        return 1;
    }
}

static void note(struct query *q, enum reply_class reply, const char *text, size_t length)
{
    const struct place *place = &q->places[q->place];
    if (q->facts.possible && weight(reply) <= weight(q->facts.reply))
        return;
    q->facts.possible = true;
    q->facts.reply = reply;
    if (place->host == NULL)
        (void)str_copy(q->facts.address, sizeof q->facts.address, q->witness->endpoint->socket);
    else
        (void)str_format(q->facts.address, sizeof q->facts.address,
                         strchr(place->host, ':') != NULL ? "[%s]:%d" : "%s:%d", place->host,
                         place->port);
    (void)str_copy_clean(q->facts.text, sizeof q->facts.text, text, length);
}

static void settle(struct query *q, enum reply_class reply, const char *text, size_t length)
{
    if (q->places[q->place].here) {
        finish_prohibited(q, reply);
        return;
    }
    note(q, reply, text, length);
    close_place(q);
    if (weight(reply) >= weight(REPLY_SILENT)) {
        finish(q);
        return;
    }
    q->place++;
    go_on(q);
}

static void on_opened(void *context)
{
    struct query *q = context;
    if (!q->past_way)
        q->reached = clock_mono();
    q->past_way = true;
    if (stream_write(q->stream, ping, sizeof ping - 1) < 0 &&
        stream_state(q->stream) == STREAM_OPEN)
        finish_impossible(q, "out of memory");
}

static void on_data(void *context, const char *bytes, size_t length)
{
    struct query *q = context;
    struct redis_reply *reply = NULL;
    struct error err = {0};
    int r = resp_reader_feed(q->reader, bytes, length, &err);
    if (r >= 0)
        r = resp_reader_next(q->reader, &reply, &err);
    if (r == 0)
        return;
    if (r == -ENOMEM) {
        finish_impossible(q, "out of memory");
    } else if (r < 0) {
        settle(q, REPLY_GARBAGE, err.text, strlen(err.text));
    } else {
        bool line = reply->type == RESP_STATUS || reply->type == RESP_ERROR;
        settle(q, reply_classify(reply), line ? reply->text : "", line ? reply->length : 0);
        reply_free(reply);
    }
}

/* A peer that speaks TLS and with whom no handshake comes about (its certificate, ours) is alive:
 * the handshake is done by Redis itself. What is no TLS is another program. */
static enum reply_class tls_class(const char *text)
{
    static const char *const strangers[] = {"wrong version number", "packet length too long",
                                            "record layer failure", "http request"};
    for (size_t i = 0; i < ARRAY_LENGTH(strangers); i++)
        if (strstr(text, strangers[i]) != NULL)
            return REPLY_GARBAGE;
    return REPLY_OTHER;
}

static void on_ended(void *context, enum stream_end end, const struct error *why)
{
    static const enum reply_class classes[] = {
        [STREAM_END_CLOSED] = REPLY_CLOSED,           [STREAM_END_REFUSED] = REPLY_REFUSED,
        [STREAM_END_UNREACHABLE] = REPLY_UNREACHABLE, [STREAM_END_TIMED_OUT] = REPLY_NO_CONNECT,
        [STREAM_END_TLS] = REPLY_TLS_FAILED,          [STREAM_END_LOCAL] = REPLY_NONE,
    };
    struct query *q = context;
    enum reply_class class = end == STREAM_END_TLS ? tls_class(why->text) : classes[end];
    if (end == STREAM_END_LOCAL)
        finish_impossible(q, why->text);
    else
        settle(q, class, why->text, strlen(why->text));
}

/* --- asking at one place --- */

static int wrap_tls(const struct query *q, struct stream *plain, struct stream **ret,
                    struct error *err)
{
    struct endpoint *e = q->witness->endpoint;
    if (!q->places[q->place].tls) {
        *ret = plain;
        return 0;
    }
    stream_tls_refresh(e->tls);
    return stream_tls_new(e->tls, e->server_name, plain, ret, err);
}

/* Takes `fd`; below 0: makes the connection itself. */
static int new_stream(const struct query *q, int fd, struct stream **ret,
                      struct resp_reader **ret_reader, struct error *err)
{
    const struct witness *w = q->witness;
    const struct place *place = &q->places[q->place];
    struct stream *plain = NULL;
    int r = fd >= 0               ? stream_fd_new(w->loop, fd, &plain, err)
            : place->host == NULL ? stream_unix_new(w->loop, w->endpoint->socket, &plain, err)
                                  : stream_tcp_new(w->loop, place->host, place->port, &plain, err);
    if (r == 0)
        r = wrap_tls(q, plain, ret, err);
    return r == 0 ? resp_reader_new(ret_reader, err) : r;
}

static void open_place(struct query *q, int fd)
{
    struct error err = {0};
    if (new_stream(q, fd, &q->stream, &q->reader, &err) < 0) {
        finish_impossible(q, err.text);
        return;
    }
    const struct stream_events events = {
        .context = q, .opened = on_opened, .data = on_data, .ended = on_ended};
    stream_open(q->stream, &events);
}

static void on_way(void *context, int fd, const struct error *error)
{
    struct query *q = context;
    q->opening = false;
    if (fd >= 0) {
        q->past_way = true;
        q->reached = clock_mono();
        open_place(q, fd);
        return;
    }
    int code = error == NULL ? -EIO : error->code;
    const char *text = error == NULL ? "the host could not be asked" : error->text;
    if (code == -ECONNREFUSED || code == -EHOSTUNREACH) {
        settle(q, code == -ECONNREFUSED ? REPLY_REFUSED : REPLY_UNREACHABLE, text, strlen(text));
    } else if (code == -EACCES) {
        q->places[q->place].prohibited = q->prohibited = true;
        q->place++;
        go_on(q);
    } else {
        finish_impossible(q, text);
    }
}

/* An answer that the probes from here cannot get while commands wait is passed on: it proves that
 * Redis works. Any other, and silence, says nothing that the probes do not say. */
static void finish_prohibited(struct query *q, enum reply_class here)
{
    bool paused = q->facts.paused;
    char places[160] = "";
    char why[FACT_TEXT_MAX];
    for (size_t i = 0; i < q->place_count; i++)
        if (q->places[i].prohibited)
            (void)str_append(places, sizeof places, "%s%s:%d", places[0] == '\0' ? "" : " and ",
                             q->places[i].host, q->places[i].port);
    (void)str_format(why, sizeof why,
                     "the host's sshd does not forward to %s for this key (permitopen, restrict, "
                     "AllowTcpForwarding)",
                     places);
    q->facts = (struct witness_facts){.possible = false, .paused = paused};
    if (paused || here == REPLY_NOAUTH)
        q->facts.reply = here;
    (void)str_copy(q->facts.text, sizeof q->facts.text, why);
    finish(q);
}

static bool heard(const struct query *q)
{
    return q->facts.possible && weight(q->facts.reply) >= weight(REPLY_CLOSED);
}

/* Where the host does not let us ask, a pause of the clients shows from here, too. */
static void add_here(struct query *q)
{
    const struct endpoint *e = q->witness->endpoint;
    if (e->socket == NULL && !e->tunnel)
        q->places[q->place_count++] =
            (struct place){.host = e->host, .port = e->port, .tls = e->tls != NULL, .here = true};
}

/* The next place, or the end. A refusal alone proves little while another place, at which Redis may
 * well listen, could not be asked. */
static void go_on(struct query *q)
{
    struct witness *w = q->witness;
    if (q->prohibited && q->place == q->place_count && !heard(q))
        add_here(q);
    if (q->place < q->place_count) {
        const struct place *place = &q->places[q->place];
        if (!by_way(q)) {
            open_place(q, -1);
            return;
        }
        q->opening = true;
        w->way.open(w->way.context, place->host, place->port, q->deadline, on_way, q);
    } else if (q->prohibited && !heard(q)) {
        finish_prohibited(q, REPLY_NONE);
    } else {
        finish(q);
    }
}

/* --- are its clients paused? --- */

static void on_second_opened(void *context)
{
    struct second *s = context;
    if (stream_write(s->stream, faulty, sizeof faulty - 1) < 0)
        close_second(s->query);
}

static void on_second_data(void *context, const char *bytes, size_t length)
{
    struct second *s = context;
    struct redis_reply *reply = NULL;
    struct error err = {0};
    int r = resp_reader_feed(s->reader, bytes, length, &err);
    if (r >= 0)
        r = resp_reader_next(s->reader, &reply, &err);
    if (r <= 0)
        return;
    if (reply->type == RESP_ERROR && s->refused.ms == 0)
        s->refused = clock_mono();
    reply_free(reply);
}

/* What comes of it otherwise shows nothing. */
static void on_second_ended(void *context, enum stream_end end, const struct error *why)
{
    (void)context;
    (void)end;
    (void)why;
}

static void open_second(struct second *s, int fd)
{
    static const struct stream_events callbacks = {
        .opened = on_second_opened, .data = on_second_data, .ended = on_second_ended};
    struct stream_events events = callbacks;
    struct error err = {0};
    events.context = s;
    if (new_stream(s->query, fd, &s->stream, &s->reader, &err) == 0)
        stream_open(s->stream, &events);
    else
        close_second(s->query);
}

static void on_second_way(void *context, int fd, const struct error *error)
{
    struct second *s = context;
    (void)error;
    s->opening = false;
    if (fd >= 0)
        open_second(s, fd);
}

static void ask_second(struct query *q)
{
    struct witness *w = q->witness;
    const struct place *place = &q->places[q->place];
    struct second *s = &q->second;
    if (s->asked || !q->past_way || q->stream == NULL || stream_state(q->stream) != STREAM_OPEN)
        return;
    s->asked = true;
    s->query = q;
    if (!by_way(q)) {
        open_second(s, -1);
        return;
    }
    s->opening = true;
    w->way.open(w->way.context, place->host, place->port, q->deadline, on_second_way, s);
}

static bool clients_are_paused(const struct query *q, mono_ms now)
{
    return q->second.refused.ms != 0 && mono_since(now, q->second.refused) >= PAUSE_SURE_MS;
}

/* --- the deadline --- */

/* Silence counts when Redis had at least half of the time for its answer. */
static void expire(struct query *q)
{
    static const char silent[] = "connected, no reply in time";
    static const char slow[] = "not connected in time";
    static const char paused[] = "PING waits, and a faulty command is refused at once";
    mono_ms now = clock_mono();
    bool waited =
        q->past_way && mono_since(now, q->reached) >= mono_since(q->deadline, q->began) / 2;
    if (clients_are_paused(q, now)) {
        q->facts.paused = true;
        settle(q, REPLY_ERROR, paused, sizeof paused - 1);
    } else if (waited ||
               (!by_way(q) && q->stream != NULL && stream_state(q->stream) == STREAM_HANDSHAKE))
        settle(q, REPLY_SILENT, silent, sizeof silent - 1);
    else if (by_way(q))
        finish_impossible(q, "the host did not open the connection in time");
    else if (q->places[q->place].here)
        finish_prohibited(q, REPLY_NO_CONNECT);
    else {
        note(q, REPLY_NO_CONNECT, slow, sizeof slow - 1);
        finish(q);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct query *q = timer->data;
    mono_ms now = clock_mono();
    mono_ms half = mono_add(q->began, mono_since(q->deadline, q->began) / 2);
    if (q->begun && mono_reached(now, q->deadline)) {
        expire(q);
        return;
    }
    bool waits = mono_reached(now, half);
    if (q->begun && waits)
        ask_second(q);
    int64_t left = mono_since(waits ? q->deadline : half, now);
    /* Again where libuv, which counts from the beginning of the loop's turn, was early. */
    (void)uv_timer_start(timer, on_timer, left < 1 ? 1 : (uint64_t)left, 0);
    if (q->begun)
        return;
    q->begun = true;
    if (q->witness->count > WITNESS_QUERIES_MAX)
        finish_impossible(q, "the host is being asked already");
    else if (q->place_count == 0)
        finish_impossible(q, "the address is a Unix socket of this machine and no port is known");
    else
        go_on(q);
}

/* --- the outside --- */

static bool is_loopback(const char *host)
{
    return str_equal(host, LOOPBACK) || str_equal(host, "localhost");
}

static void add_place(struct query *q, const char *host, int port, bool tls)
{
    q->places[q->place_count++] = (struct place){.host = host, .port = port, .tls = tls};
}

/* Redis' own port, when it is another one than the configured port, is the one without TLS: a
 * server that has only the TLS port reports that one. */
static void set_places(struct query *q, int port)
{
    const struct witness *w = q->witness;
    const struct endpoint *e = w->endpoint;
    bool tls = e->tls != NULL;
    if (e->socket != NULL) {
        if (!w->remote)
            add_place(q, NULL, 0, tls);
        if (port > 0)
            add_place(q, LOOPBACK, port, false);
        return;
    }
    int own = port > 0 && port <= 65535 ? port : e->port;
    add_place(q, LOOPBACK, own, tls && own == e->port);
    if (own != e->port || !is_loopback(e->host))
        add_place(q, e->host, e->port, tls);
}

int witness_new(uv_loop_t *loop, const struct witness_way *way,
                const struct service_settings *service, witness_done *done, void *context,
                struct witness **ret, struct error *err)
{
    struct witness *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = endpoint_new(&service->redis, &w->endpoint, err);
    if (r < 0) {
        mem_free(w);
        return r;
    }
    w->loop = loop;
    w->remote = way != NULL;
    if (way != NULL)
        w->way = *way;
    w->done = done;
    w->context = context;
    *ret = w;
    return 0;
}

void witness_ask(struct witness *w, uint64_t id, int port, mono_ms deadline)
{
    /* Small, and without it no answer could be given at all. */
    struct query *q = mem_must(mem_calloc(1, sizeof *q));
    q->witness = w;
    q->id = id;
    q->began = clock_mono();
    q->deadline = deadline;
    set_places(q, port);
    (void)uv_timer_init(w->loop, &q->timer);
    q->timer.data = q;
    (void)uv_timer_start(&q->timer, on_timer, 0, 0);
    q->next = w->queries;
    w->queries = q;
    w->count++;
}

void witness_give_up(struct witness *w, const char *why)
{
    while (w->queries != NULL)
        finish_impossible(w->queries, why);
}

void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    while (w->queries != NULL)
        take_out(w->queries);
    endpoint_free(w->endpoint);
    mem_free(w);
}
