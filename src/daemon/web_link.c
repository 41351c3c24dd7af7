#include "daemon/web_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "api/error_body.h"
#include "api/frame_pipe.h"
#include "api/link.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/log.h"

/* What a flood may cost the engine between two looks at its own timers. */
#define FRAMES_A_TURN_MAX 64
#define BYTES_A_TURN_MAX ((size_t)128 * 1024) /* and the frame that passes it */

enum link_state { LINK_OPEN, LINK_BROKEN, LINK_CLOSED };

struct web_call {
    struct call call;      /* first: the handlers' pointer is this one's */
    struct web_link *link; /* NULL: the link is gone */
    json_t *request, *no_args;
    int64_t id;
    struct rate_answer rate;
    int torn; /* why a piece could not be sent, 0 = all could: a text with a hole is none */
    struct web_call *next;
};

struct web_link {
    struct frame_pipe pipe;
    uv_timer_t breaker;   /* reports to the owner a loop turn later */
    uv_timer_t next_turn; /* frames of the chunk that this turn left */
    bool ready;
    struct web_link_options options;
    enum link_state state;
    int handles;
    char why[128];
    struct web_call *calls;
    size_t call_count;
    int left; /* frames that this turn may still take */
    char chunk[FRAME_PIPE_CHUNK];
};

/* ── the end ── */

static void handle_closed(struct web_link *link)
{
    if (--link->handles > 0)
        return;
    struct web_call *calls = link->calls;
    link->calls = NULL;
    for (struct web_call *c = calls; c != NULL; c = c->next)
        c->link = NULL;
    while (calls != NULL) {
        struct web_call *c = calls;
        calls = c->next; /* before it is called: it may answer, which frees it */
        c->next = NULL;
        handlers_gone(link->options.handlers, &c->call);
    }
    mem_free(link);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_pipe_closed(void *context)
{
    handle_closed(context);
}

static void on_broken(uv_timer_t *timer)
{
    struct web_link *link = timer->data;
    link->options.ended(link->options.context, link->why);
}

static void link_break(struct web_link *link, const char *why)
{
    if (link->state != LINK_OPEN)
        return;
    link->state = LINK_BROKEN;
    (void)str_copy(link->why, sizeof link->why, why);
    frame_pipe_stop(&link->pipe);
    (void)uv_timer_start(&link->breaker, on_broken, 0, 0);
}

void web_link_close(struct web_link *link)
{
    if (link == NULL || link->state == LINK_CLOSED)
        return;
    link->state = LINK_CLOSED;
    uv_close((uv_handle_t *)&link->breaker, on_timer_closed);
    uv_close((uv_handle_t *)&link->next_turn, on_timer_closed);
    frame_pipe_close(&link->pipe);
}

/* ── writing ── */

/* -EMSGSIZE: the frame is too long, nothing was sent. Takes `frame`. */
static int link_send(struct web_link *link, json_t *frame)
{
    int r = frame_pipe_send(&link->pipe, frame);
    if (r == -ENOBUFS)
        link_break(link, "it does not read what the engine sends");
    else if (r < 0 && r != -EMSGSIZE)
        link_break(link, r == -ENOMEM ? "out of memory" : uv_strerror(r));
    return r == -EMSGSIZE ? r : 0;
}

void web_link_send(struct web_link *link, json_t *frame)
{
    if (link_send(link, frame) == -EMSGSIZE)
        log_error("web", "a message to the web process is too long: not sent");
}

/* ── answers ── */

static json_t *rate_json(const struct rate_answer *rate)
{
    json_t *body = json_object();
    (void)json_put_int(body, "limit", rate->limit);
    (void)json_put_int(body, "remaining", rate->remaining);
    (void)json_put_int(body, "reset", rate->reset);
    return body;
}

static json_t *answer_frame(const struct web_call *c, int status, json_t *body)
{
    json_t *frame = json_object();
    (void)json_put_int(frame, "id", c->id);
    (void)json_put_int(frame, "status", status);
    (void)json_put(frame, "body", body == NULL ? json_object() : body);
    if (c->rate.limited)
        (void)json_put(frame, "rate", rate_json(&c->rate));
    return frame;
}

static void unlink_call(struct web_call *c)
{
    if (c->link == NULL)
        return;
    for (struct web_call **at = &c->link->calls; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            c->link->call_count--;
            return;
        }
}

static json_t *torn_frame(const struct web_call *c, int why)
{
    bool long_one = why == -EMSGSIZE;
    return answer_frame(c, 500,
                        error_body(long_one ? "Answer too long" : "Answer incomplete",
                                   long_one
                                       ? "A part of the answer is longer than 1 MiB: ask for less."
                                       : "Out of memory.",
                                   long_one ? "answer_too_long" : "out_of_memory", clock_wall()));
}

static void answer(struct call *call, int status, json_t *body)
{
    struct web_call *c = call->owner;
    if (c->link == NULL || (c->torn < 0 && status < 400))
        json_decref(body);
    else
        c->torn = link_send(c->link, answer_frame(c, status, body));
    if (c->link != NULL && c->torn < 0)
        (void)link_send(c->link, torn_frame(c, c->torn));
    unlink_call(c);
    if (call->operation != NULL && call->args != NULL)
        call_wipe_secrets(call);
    if (call->free_data != NULL)
        call->free_data(call);
    json_decref(call->kept);
    json_decref(c->request);
    json_decref(c->no_args);
    mem_free(c);
}

static void push(struct call *call, json_t *line)
{
    struct web_call *c = call->owner;
    if (c->link == NULL) {
        json_decref(line);
        return;
    }
    json_t *frame = json_object();
    bool ok = json_put_int(frame, "id", c->id);
    ok = json_put(frame, "line", line) && ok;
    int r = ok ? link_send(c->link, frame) : -ENOMEM;
    if (!ok)
        json_decref(frame);
    if (r < 0 && c->torn == 0)
        c->torn = r;
}

/* ── requests ── */

static void refuse_identity(struct web_call *c, int status, const char *code, const char *message)
{
    call_refuse(&c->call, status, status == 403 ? "Forbidden" : "Unauthorized", message, code,
                clock_wall());
}

/* 0, or the status of the refusal. */
static int identify(struct web_call *c, const char **ret_code, const char **ret_message)
{
    const json_t *given = json_object_get(c->request, "credential");
    const struct credential credential = {
        .token = json_string_value(json_object_get(given, "token")),
        .cookie = json_bool_or(given, "cookie", false),
        .csrf = json_string_value(json_object_get(given, "csrf")),
    };
    return accounts_identify(c->link->options.accounts, &credential,
                             json_text_or(c->request, "source_ip", ""), &c->call, ret_code,
                             ret_message);
}

/* False: over the limit, and answered. */
static bool count_call(struct web_call *c)
{
    char who[sizeof c->call.user.id + 16];
    char network[NETWORK_TEXT_MAX];
    const struct engine_user *user = &c->call.user;
    bool nobody = c->call.access == ACCESS_ANONYMOUS;
    network_of(user->source_ip, network, sizeof network);
    (void)str_format(who, sizeof who, "%s:%s", nobody ? "address" : "user",
                     nobody ? network : user->id);
    rate_count(c->link->options.rate, c->call.operation->rate, who, clock_now(), &c->rate);
    if (!c->rate.refused)
        return true;
    c->call.answer(&c->call, 429, error_body_rate(&c->rate, clock_wall()));
    return false;
}

static void snapshot(struct web_call *c, const char *service)
{
    const struct web_link_options *o = &c->link->options;
    int index = service == NULL ? -1 : engine_service_index(o->engine, service);
    if (index < 0)
        call_refuse(&c->call, 404, "Not found", "There is no such service.", "not_found",
                    clock_wall());
    else
        c->call.answer(&c->call, 200, handlers_snapshot(o->handlers, index));
}

static void dispatch(struct web_call *c)
{
    const char *op = json_text_or(c->request, "op", "");
    const char *service = json_string_value(json_object_get(c->request, "service"));
    const char *code = NULL;
    const char *message = NULL;
    if (str_equal(op, "snapshot")) {
        snapshot(c, service);
        return;
    }
    if (str_equal(op, "service_list")) {
        c->call.answer(&c->call, 200, handlers_service_list(c->link->options.handlers));
        return;
    }
    int index = operation_by_name(op);
    if (index < 0) {
        call_refuse(&c->call, 404, "Not found", "There is no such operation.", "not_found",
                    clock_wall());
        return;
    }
    c->call.operation = &operations[index];
    int status = identify(c, &code, &message);
    if (status != 0) {
        refuse_identity(c, status, code, message);
        return;
    }
    if (count_call(c))
        handlers_dispatch(c->link->options.handlers, &c->call, service);
}

static void cancel(struct web_link *link, int64_t id)
{
    for (struct web_call *c = link->calls; c != NULL; c = c->next)
        if (c->id == id) {
            handlers_gone(link->options.handlers, &c->call);
            return;
        }
}

static void note_ready(struct web_link *link)
{
    if (link->ready) {
        link_break(link, "it reported twice that it is ready");
        return;
    }
    link->ready = true;
    link->options.ready(link->options.context);
}

/* The most that it can do with this is to keep a session from ending early that it knows. */
static void note_used(struct web_link *link, const json_t *used)
{
    size_t i;
    json_t *session;
    if (!json_is_array(used) || json_array_size(used) > LINK_USED_MAX) {
        link_break(link, "it named too many sessions at once");
        return;
    }
    json_array_foreach(used, i, session) {
        if (json_is_string(session))
            accounts_used(link->options.accounts, json_string_value(session));
    }
}

/* An address of a client, which the audit log repeats; questions of the web process itself have
 * none. */
static bool plain_address(const json_t *request)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    const char *address = json_text_or(request, "source_ip", "");
    return address[0] == '\0' || inet_pton(AF_INET, address, bytes) == 1 ||
           inet_pton(AF_INET6, address, bytes) == 1;
}

/* Takes `request`. The web process is not believed more than a stranger: what has no shape breaks
 * the link. */
static void take_request(struct web_link *link, json_t *request)
{
    const json_t *id = json_object_get(request, "id");
    const json_t *args = json_object_get(request, "args");
    if (json_is_true(json_object_get(request, "ready"))) {
        note_ready(link);
    } else if (json_object_get(request, "used") != NULL) {
        note_used(link, json_object_get(request, "used"));
    } else if (!json_is_integer(id)) {
        link_break(link, "it sent a message without a number");
    } else if (!plain_address(request)) {
        link_break(link, "it sent a client address that is not an address");
    } else if (json_is_true(json_object_get(request, "cancel"))) {
        cancel(link, json_integer_value(id));
    } else {
        struct web_call *c = link->call_count < LINK_CALLS_MAX ? mem_calloc(1, sizeof *c) : NULL;
        if (c == NULL || (c->no_args = json_object()) == NULL) {
            mem_free(c);
            json_decref(request);
            link_break(link, "it asks for more than it may at once");
            return;
        }
        c->link = link;
        c->request = request;
        c->id = json_integer_value(id);
        c->next = link->calls;
        link->calls = c;
        link->call_count++;
        struct call *call = &c->call;
        call->owner = c;
        call->answer = answer;
        call->push = push;
        call->service = -1;
        call->operation = &operations[OP_STATUS];
        call->args = json_is_object(args) ? args : c->no_args;
        (void)str_copy(call->request_id, sizeof call->request_id,
                       json_text_or(request, "request_id", ""));
        dispatch(c);
        return;
    }
    json_decref(request);
}

/* ── reading ── */

static void on_next_turn(uv_timer_t *timer)
{
    struct web_link *link = timer->data;
    if (link->state != LINK_OPEN)
        return;
    link->left = FRAMES_A_TURN_MAX;
    if (frame_pipe_start(&link->pipe) < 0)
        link_break(link, "it cannot be read");
}

static void on_frame(void *context, json_t *frame)
{
    struct web_link *link = context;
    take_request(link, frame);
    bool more = --link->left > 0 && link->pipe.taken < BYTES_A_TURN_MAX;
    if (more || link->state != LINK_OPEN)
        return;
    frame_pipe_pause(&link->pipe);
    (void)uv_timer_start(&link->next_turn, on_next_turn, 1, 0);
}

static void on_ended(void *context, enum frame_pipe_end end, const char *why)
{
    link_break(context, end == FRAME_PIPE_ENDED ? "it ended" : why);
}

int web_link_open(const struct web_link_options *options, int fd, struct web_link **ret,
                  struct error *err)
{
    static const struct frame_pipe_events events = {
        .frame = on_frame, .ended = on_ended, .closed = on_pipe_closed};
    struct web_link *link = mem_calloc(1, sizeof *link);
    if (link == NULL) {
        (void)close(fd);
        return error_set(err, -ENOMEM, "out of memory");
    }
    link->options = *options;
    link->breaker.data = link->next_turn.data = link;
    link->handles = 3;
    link->left = FRAMES_A_TURN_MAX;
    (void)uv_timer_init(options->loop, &link->breaker);
    (void)uv_timer_init(options->loop, &link->next_turn);
    const struct frame_pipe_options pipe = {.events = &events,
                                            .context = link,
                                            .chunk = link->chunk,
                                            .in_max = LINK_REQUEST_BYTES_MAX,
                                            .out_max = LINK_OUT_MAX};
    int r = frame_pipe_open(&link->pipe, options->loop, fd, &pipe, err);
    if (r == 0)
        r = frame_pipe_start(&link->pipe);
    if (r < 0) {
        web_link_close(link);
        return error_set(err, r, "the socket to the web process: %s", uv_strerror(r));
    }
    *ret = link;
    return 0;
}
