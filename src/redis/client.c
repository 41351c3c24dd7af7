#include "redis/client.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "redis/canary.h"
#include "redis/connection.h"
#include "redis/endpoint.h"
#include "redis/reply.h"
#include "redis/requests.h"

/* A kept connection that got no answer to its handshake or set-up stays, so that a stopped Redis is
 * not met with a new connection at every request, nor a slow one with a new key exchange; but one
 * whose other end forgot it (a proxy) is given up. */
#define SETUP_PATIENCE_MS 30000

enum request_state {
    REQUEST_WAITING, /* for its connection */
    REQUEST_SENT,
    REQUEST_DONE /* its completion waits to be delivered */
};

struct request {
    struct request *next;
    struct redis_client *client;
    uint64_t id;
    enum redis_request kind;
    enum request_state state;
    mono_ms began, deadline;
    struct connection *own; /* fresh: its connection; NULL on the kept one */
    bool fresh;
    struct buf command;
    int64_t sent_us;
    struct probe_facts probe;
    struct redis_reply *reply;
    struct canary *canary; /* of REDIS_CANARY; NULL else */
};

/* A request that was never made: too many, or no memory for it. Completed all the same. */
struct refused {
    uint64_t id;
    enum redis_request kind;
    const char *why;
};

struct redis_client {
    uv_loop_t *loop;
    uv_timer_t timer; /* the earliest deadline, or 0: completions from a caller's stack */
    mono_ms armed;    /* when it fires; MONO_NEVER = not running */
    struct endpoint *endpoint;
    struct redis_tunnel tunnel;
    struct redis_client_events events;
    struct connection *kept;
    mono_ms kept_since; /* opened */
    bool kept_was_ready;
    struct request *requests; /* waiting and sent, in order of asking */
    size_t request_count;
    struct request *done; /* in order of completion */
    struct refused refused[REDIS_PENDING_MAX];
    size_t refused_count;
    bool lost; /* to be reported after `done` */
    char lost_why[FACT_TEXT_MAX];
    int own_errors;  /* to be reported with the next answer */
    bool in_call;    /* a public function is on the stack */
    bool delivering; /* a completion is on the stack */
    bool freed;
};

static void append(struct request **list, struct request *q)
{
    while (*list != NULL)
        list = &(*list)->next;
    q->next = NULL;
    *list = q;
}

static void take_out(struct request **list, const struct request *q)
{
    while (*list != q)
        list = &(*list)->next;
    *list = q->next;
}

static void free_request(struct request *q)
{
    connection_free(q->own);
    buf_free(&q->command);
    reply_free(q->reply);
    mem_free(q->canary);
    mem_free(q);
}

static void on_timer(uv_timer_t *timer);

static void arm(struct redis_client *c, mono_ms at)
{
    if (c->freed || at.ms >= c->armed.ms)
        return;
    int64_t left = mono_since(at, clock_mono());
    c->armed = at;
    /* libuv counts from the beginning of the loop's turn: the callback looks at the clock. */
    (void)uv_timer_start(&c->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
}

/* The only way a request ends. */
static void finish(struct redis_client *c, struct request *q, enum reply_class class,
                   const char *text)
{
    assert(q->state != REQUEST_DONE);
    const struct connection *connection = q->fresh ? q->own : c->kept;
    if (q->canary != NULL && q->canary->under_way) { /* its PING was answered */
        canary_fail(q->canary, class, text, strlen(text));
        class = REPLY_PONG;
        text = "PONG";
    }
    q->state = REQUEST_DONE;
    if (connection != NULL)
        q->probe.certificate_ends = connection_certificate_ends(connection);
    q->probe.reply = class;
    q->probe.at = clock_mono();
    (void)str_copy_clean(q->probe.text, sizeof q->probe.text, text, strlen(text));
    if (q->own != NULL)
        c->own_errors += connection_take_errors(q->own);
    else if (c->kept != NULL)
        c->own_errors += connection_take_errors(c->kept);
    connection_free(q->own);
    q->own = NULL;
    take_out(&c->requests, q);
    c->request_count--;
    append(&c->done, q);
}

static void set_reply_text(struct request *q)
{
    const struct redis_reply *reply = q->reply;
    bool line = reply->type == RESP_STATUS || reply->type == RESP_ERROR;
    if (line || (reply->type == RESP_BULK && q->kind == REDIS_PING))
        (void)str_copy_clean(q->probe.text, sizeof q->probe.text, reply->text, reply->length);
    else if (reply->type == RESP_INTEGER)
        (void)str_format(q->probe.text, sizeof q->probe.text, "%lld", (long long)reply->integer);
}

static void finish_with_reply(struct redis_client *c, struct request *q, struct redis_reply *reply)
{
    int64_t now_us = clock_mono_us();
    finish(c, q, reply_classify(reply), "");
    q->probe.latency_us = now_us - q->sent_us;
    q->reply = reply;
    set_reply_text(q);
}

static void finish_kept(struct redis_client *c, enum reply_class class, const char *text)
{
    struct request *next = NULL;
    for (struct request *q = c->requests; q != NULL; q = next) {
        next = q->next;
        if (!q->fresh)
            finish(c, q, class, text);
    }
}

static void fill_answer(const struct request *q, struct redis_answer *answer)
{
    const struct redis_reply *reply = q->reply;
    facts_info_reset(&answer->info);
    answer->id = q->id;
    answer->request = q->kind;
    answer->probe = q->probe;
    if (q->canary != NULL)
        answer->canary = q->canary->facts;
    if (reply == NULL)
        return;
    answer->reply = reply;
    if (reply->type == RESP_BULK) {
        answer->text = reply->text;
        answer->text_length = reply->length;
    }
    if (reply->type == RESP_BULK && (q->kind == REDIS_INFO || q->kind == REDIS_LASTSAVE_INFO))
        info_parse(reply->text, reply->length, &answer->info);
    else if (q->kind == REDIS_CONFIG)
        info_parse_config(reply, &answer->info);
    if (answer->info.known) {
        answer->info.at = q->probe.at;
        answer->info.at_wall = clock_wall();
    }
}

static bool has_news(const struct redis_client *c)
{
    return c->done != NULL || c->refused_count > 0 || c->lost;
}

static void deliver_refused(struct redis_client *c)
{
    struct refused first = c->refused[0];
    c->refused_count--;
    memmove(c->refused, c->refused + 1, c->refused_count * sizeof c->refused[0]);
    struct redis_answer answer = {.id = first.id, .request = first.kind};
    facts_info_reset(&answer.info);
    answer.probe.asked = answer.probe.at = clock_mono();
    answer.probe.latency_us = FACT_UNKNOWN;
    (void)str_copy(answer.probe.text, sizeof answer.probe.text, first.why);
    c->events.answer(c->events.context, &answer);
}

static void deliver_first(struct redis_client *c)
{
    struct request *q = c->done;
    struct redis_answer answer = {0};
    c->done = q->next;
    fill_answer(q, &answer);
    answer.own_errors = c->own_errors;
    c->own_errors = 0;
    c->events.answer(c->events.context, &answer);
    free_request(q);
}

/* Reports what is done, unless a caller's call or another completion is on the stack: then the timer
 * or that completion's loop does. The client may be freed in any of the callbacks. */
static void deliver(struct redis_client *c)
{
    if (c->freed || c->delivering || !has_news(c))
        return;
    if (c->in_call) {
        arm(c, clock_mono());
        return;
    }
    c->delivering = true;
    /* A caller that asks again in its answer must not hold the loop forever. */
    for (int i = 0; i < REDIS_PENDING_MAX && !c->freed && has_news(c); i++) {
        if (c->done != NULL) {
            deliver_first(c);
        } else if (c->refused_count > 0) {
            deliver_refused(c);
        } else {
            c->lost = false;
            c->events.lost(c->events.context, c->lost_why);
        }
    }
    c->delivering = false;
    if (!c->freed && has_news(c))
        arm(c, clock_mono());
}

static bool send_request(struct redis_client *c, struct connection *connection, struct request *q)
{
    q->probe.asked = clock_mono();
    q->sent_us = clock_mono_us();
    if (connection_send(connection, q->command.data, q->command.length, q) < 0) {
        finish(c, q, REPLY_NONE, "cannot send: too much is waiting to be sent");
        return false;
    }
    q->state = REQUEST_SENT;
    buf_free(&q->command);
    return true;
}

static void send_waiting(struct redis_client *c)
{
    struct request *next = NULL;
    for (struct request *q = c->requests; q != NULL && c->kept != NULL; q = next) {
        next = q->next;
        if (q->fresh || q->state != REQUEST_WAITING)
            continue;
        if (!connection_has_room(c->kept))
            return;
        (void)send_request(c, c->kept, q);
    }
}

static void drop_kept(struct redis_client *c)
{
    connection_free(c->kept);
    c->kept = NULL;
    c->kept_was_ready = false;
}

static void on_kept_ready(void *context)
{
    struct redis_client *c = context;
    c->kept_was_ready = true;
    send_waiting(c);
    deliver(c);
}

static void on_kept_reply(void *context, void *tag, struct redis_reply *reply)
{
    struct redis_client *c = context;
    finish_with_reply(c, tag, reply);
    send_waiting(c);
    deliver(c);
}

static void on_kept_ended(void *context, enum reply_class class, const char *why)
{
    struct redis_client *c = context;
    if (c->kept_was_ready) {
        c->lost = true;
        (void)str_copy_clean(c->lost_why, sizeof c->lost_why, why, strlen(why));
    }
    finish_kept(c, class, why);
    drop_kept(c);
    deliver(c);
}

static void on_fresh_ready(void *context)
{
    struct request *q = context;
    struct redis_client *c = q->client;
    if (!send_request(c, q->own, q))
        deliver(c);
}

static void send_canary(struct redis_client *c, struct request *q)
{
    ATTR_CLEANUP(buf_free) struct buf command = BUF_LIMIT(REQUEST_BYTES_MAX);
    if (canary_command(q->canary, &command) < 0 ||
        connection_send(q->own, command.data, command.length, q) < 0)
        finish(c, q, REPLY_NONE, "cannot send: out of memory");
}

/* The PING was answered, or a step of the canary. Takes the reply. */
static void take_canary(struct redis_client *c, struct request *q, struct redis_reply *reply)
{
    int64_t now_us = clock_mono_us();
    bool more = true;
    if (q->canary->under_way) {
        more = canary_take(q->canary, reply, now_us);
    } else {
        q->probe.latency_us = now_us - q->sent_us;
        canary_begin(q->canary, now_us);
    }
    reply_free(reply);
    if (more)
        send_canary(c, q);
    else
        finish(c, q, REPLY_PONG, "PONG");
}

static void on_fresh_reply(void *context, void *tag, struct redis_reply *reply)
{
    (void)tag;
    struct request *q = context;
    struct redis_client *c = q->client;
    bool canary =
        q->canary != NULL && (q->canary->under_way || reply_classify(reply) == REPLY_PONG);
    if (canary)
        take_canary(c, q, reply);
    else
        finish_with_reply(c, q, reply);
    deliver(c);
}

static void on_fresh_ended(void *context, enum reply_class class, const char *why)
{
    struct request *q = context;
    struct redis_client *c = q->client;
    finish(c, q, class, why);
    deliver(c);
}

static void expire(struct redis_client *c, struct request *q)
{
    const char *text = NULL;
    enum reply_class class =
        connection_late(q->fresh ? q->own : c->kept, q->began, q->deadline, &text);
    if (!q->fresh && c->kept != NULL)
        connection_forget(c->kept, q); /* its late reply is swallowed in its turn */
    finish(c, q, class, text);
}

static bool kept_is_waited_for(const struct redis_client *c)
{
    for (const struct request *q = c->requests; q != NULL; q = q->next)
        if (!q->fresh)
            return true;
    return false;
}

/* A connect that no request waits for would only be found again, late, in the kernel's slow
 * repetitions: the next request starts afresh. */
static void give_up_connecting(struct redis_client *c, mono_ms now)
{
    if (c->kept == NULL || kept_is_waited_for(c))
        return;
    enum connection_stage stage = connection_stage(c->kept);
    if (stage == CONNECTION_READY)
        return;
    bool talking = stage == CONNECTION_HANDSHAKE || stage == CONNECTION_SETUP;
    if (!talking || mono_since(now, c->kept_since) > SETUP_PATIENCE_MS)
        drop_kept(c);
}

static void on_timer(uv_timer_t *timer)
{
    struct redis_client *c = timer->data;
    mono_ms now = clock_mono();
    mono_ms earliest = MONO_NEVER;
    struct request *next = NULL;
    bool expired = false;
    c->armed = MONO_NEVER;
    for (struct request *q = c->requests; q != NULL; q = next) {
        next = q->next;
        if (mono_reached(now, q->deadline)) {
            expire(c, q);
            expired = true;
        } else {
            earliest = mono_min(earliest, q->deadline);
        }
    }
    if (expired)
        give_up_connecting(c, now);
    arm(c, earliest);
    deliver(c);
}

int redis_client_new(uv_loop_t *loop, const struct redis_tunnel *tunnel,
                     const struct service_settings *service,
                     const struct redis_client_events *events, struct redis_client **ret,
                     struct error *err)
{
    if (service->redis.via == VIA_SSH && tunnel == NULL)
        return error_set(err, -EINVAL, "redis: via ssh needs an SSH session");
    struct redis_client *c = mem_calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(err, -ENOMEM, "redis: out of memory");
    int r = endpoint_new(&service->redis, &c->endpoint, err);
    if (r < 0) {
        mem_free(c);
        (void)error_prefix(err, "redis");
        return r;
    }
    c->loop = loop;
    if (tunnel != NULL)
        c->tunnel = *tunnel;
    c->events = *events;
    c->armed = MONO_NEVER;
    (void)uv_timer_init(loop, &c->timer); /* cannot fail */
    c->timer.data = c;
    *ret = c;
    return 0;
}

static void open_kept(struct redis_client *c, mono_ms deadline)
{
    const struct connection_events events = {
        .context = c,
        .ready = on_kept_ready,
        .reply = on_kept_reply,
        .ended = on_kept_ended,
    };
    struct error err = {0};
    if (connection_new(c->loop, c->endpoint, &c->tunnel, CONNECTION_KEPT, &events, &c->kept, &err) <
        0) {
        finish_kept(c, REPLY_NONE, err.text);
        return;
    }
    c->kept_since = clock_mono();
    connection_open(c->kept, deadline);
}

static void open_fresh(struct redis_client *c, struct request *q)
{
    const struct connection_events events = {
        .context = q,
        .ready = on_fresh_ready,
        .reply = on_fresh_reply,
        .ended = on_fresh_ended,
    };
    struct error err = {0};
    enum connection_kind kind =
        q->kind == REDIS_STRANGER_PING ? CONNECTION_STRANGER : CONNECTION_FRESH;
    if (connection_new(c->loop, c->endpoint, &c->tunnel, kind, &events, &q->own, &err) < 0)
        finish(c, q, REPLY_NONE, err.text);
    else
        connection_open(q->own, q->deadline);
}

/* The caller may have no more than REDIS_PENDING_MAX of these in one turn of the loop. */
static void refuse(struct redis_client *c, uint64_t id, enum redis_request kind, const char *why)
{
    assert(c->refused_count < REDIS_PENDING_MAX);
    c->refused[c->refused_count++] = (struct refused){.id = id, .kind = kind, .why = why};
    arm(c, clock_mono());
}

static struct request *new_request(struct redis_client *c, uint64_t id, enum redis_request kind,
                                   const char *const *args, mono_ms deadline)
{
    struct request *q = NULL;
    if (c->request_count == REDIS_PENDING_MAX) {
        refuse(c, id, kind, "too many requests wait for this Redis");
        return NULL;
    }
    bool canary = kind == REDIS_CANARY;
    q = mem_calloc(1, sizeof *q);
    if (q != NULL) {
        q->command = BUF_LIMIT(REQUEST_BYTES_MAX);
        q->canary = canary ? mem_calloc(1, sizeof *q->canary) : NULL;
    }
    if (q == NULL ||
        (canary && (q->canary == NULL || args == NULL ||
                    !str_copy(q->canary->key, sizeof q->canary->key, args[0]))) ||
        request_format(kind, canary ? NULL : args, &q->command) < 0) {
        if (q != NULL)
            free_request(q);
        refuse(c, id, kind, "no memory for the request, or it is too long");
        return NULL;
    }
    q->client = c;
    q->id = id;
    q->kind = kind;
    q->deadline = deadline;
    q->began = q->probe.asked = clock_mono();
    q->probe.latency_us = FACT_UNKNOWN;
    append(&c->requests, q);
    c->request_count++;
    return q;
}

void redis_client_request(struct redis_client *c, uint64_t id, enum redis_request request,
                          const char *const *args, bool fresh, mono_ms deadline)
{
    struct request *q = new_request(c, id, request, args, deadline);
    if (q == NULL)
        return;
    bool outer = c->in_call;
    c->in_call = true;
    q->fresh = fresh || request == REDIS_STRANGER_PING || request == REDIS_CANARY;
    if (q->fresh)
        open_fresh(c, q);
    else if (c->kept == NULL)
        open_kept(c, deadline);
    else
        send_waiting(c);
    c->in_call = outer;
    arm(c, has_news(c) ? clock_mono() : deadline);
}

void redis_client_cancel(struct redis_client *c, uint64_t id)
{
    for (struct request *q = c->requests; q != NULL; q = q->next) {
        if (q->id != id)
            continue;
        if (!q->fresh && c->kept != NULL)
            connection_forget(c->kept, q);
        finish(c, q, REPLY_NONE, "cancelled");
        arm(c, clock_mono());
        return;
    }
}

bool redis_client_connected(const struct redis_client *c)
{
    return c->kept != NULL && connection_stage(c->kept) == CONNECTION_READY;
}

void redis_client_disconnect(struct redis_client *c)
{
    drop_kept(c);
    finish_kept(c, REPLY_NONE, "disconnected by Resus");
    if (has_news(c))
        arm(c, clock_mono());
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct redis_client *c = handle->data;
    endpoint_free(c->endpoint);
    mem_free(c);
}

static void free_list(struct request *list)
{
    while (list != NULL) {
        struct request *q = list;
        list = q->next;
        free_request(q);
    }
}

void redis_client_free(struct redis_client *c)
{
    if (c == NULL || c->freed)
        return;
    c->freed = true;
    drop_kept(c);
    free_list(c->requests);
    free_list(c->done);
    c->requests = c->done = NULL;
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
