#include "daemon/control.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/control_peer.h"
#include "daemon/control_socket.h"
#include "io/clock.h"
#include "io/log.h"

#define READ_CHUNK 65536

enum peer_state { PEER_LOOKING_UP, PEER_OPEN, PEER_REFUSED, PEER_CLOSING };

struct connection {
    uv_pipe_t pipe;
    uv_work_t lookup;
    struct control_server *server;
    enum peer_state state;
    bool lookup_running, handle_open;
    uid_t uid;
    gid_t gid;
    struct control_principal principal;
    struct buf in;
    struct call_record *calls;
    size_t call_count;
    struct connection *next;
};

struct call_record {
    struct control_call call;      /* first: the handler's pointer is this record's */
    struct connection *connection; /* NULL when the client is gone */
    json_t *request, *no_args;
    struct call_record *next;
};

struct control_server {
    uv_pipe_t pipe;
    struct control_socket socket;
    control_handler *handler;
    void *context;
    struct connection *connections;
    size_t count;
    bool closing, handle_open;
    char chunk[READ_CHUNK]; /* one read at a time on one loop */
};

struct outgoing {
    uv_write_t request;
    struct buf bytes;
};

static_assert(offsetof(struct call_record, call) == 0, "control_call is the record's head");

static void server_release(struct control_server *s)
{
    if (s->closing && !s->handle_open && s->connections == NULL)
        mem_free(s);
}

/* ---- the end of a connection -------------------------------------------------------------- */

static void connection_release(struct connection *c)
{
    if (c->handle_open || c->lookup_running)
        return;
    struct control_server *s = c->server;
    for (struct connection **at = &s->connections; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            s->count--;
            break;
        }
    buf_free(&c->in);
    mem_free(c);
    server_release(s);
}

/* Cancellations are told here, a loop turn after the drop: a handler that walks its followers and
 * pushes to each must not see the list change under its hands. */
static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    c->handle_open = false;
    struct call_record *calls = c->calls;
    c->calls = NULL;
    for (struct call_record *r = calls; r != NULL; r = r->next)
        r->connection = NULL;
    while (calls != NULL) {
        struct call_record *r = calls;
        calls = r->next; /* before the callback: it may answer, which frees the record */
        r->next = NULL;
        if (r->call.cancelled != NULL)
            r->call.cancelled(&r->call);
    }
    connection_release(c);
}

static void connection_drop(struct connection *c)
{
    if (c->state == PEER_CLOSING)
        return;
    c->state = PEER_CLOSING;
    uv_close((uv_handle_t *)&c->pipe, on_connection_closed);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
    struct outgoing *out = (struct outgoing *)request;
    struct connection *c = request->handle->data;
    buf_free(&out->bytes);
    mem_free(out);
    if (status < 0)
        connection_drop(c);
}

static void on_refusal_written(uv_write_t *request, int status)
{
    struct connection *c = request->handle->data;
    on_written(request, status);
    connection_drop(c);
}

/* Takes `bytes`. What cannot be sent any more ends the connection: a stream with a hole in it is of
 * no use to the reader. */
static void connection_write(struct connection *c, struct buf *bytes, uv_write_cb done)
{
    struct outgoing *out = mem_calloc(1, sizeof(*out));
    size_t waiting = uv_stream_get_write_queue_size((uv_stream_t *)&c->pipe);
    bool sent = false;
    if (out != NULL && bytes->length > 0 && waiting + bytes->length <= CONTROL_OUT_MAX) {
        out->bytes = *bytes;
        uv_buf_t piece = uv_buf_init(out->bytes.data, (unsigned)out->bytes.length);
        sent = uv_write(&out->request, (uv_stream_t *)&c->pipe, &piece, 1, done) == 0;
    }
    if (sent)
        return;
    mem_free(out);
    buf_free(bytes);
    log_info("control", "dropped the connection of %s: %zu bytes wait for a reader",
             c->principal.name, waiting);
    connection_drop(c);
}

/* Takes `frame` (NULL: memory was lacking, the connection ends). */
static void connection_send(struct connection *c, json_t *frame, uv_write_cb done)
{
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err = {0};
    if (frame != NULL && frame_write(frame, &bytes, &err) != 0) {
        log_error("control", "a frame could not be written: %s", err.text);
        buf_free(&bytes);
    }
    json_decref(frame);
    connection_write(c, &bytes, done);
}

/* {"id", "status", "body"}; takes `body`. */
static json_t *answer_frame(json_t *id, int status, json_t *body)
{
    json_t *frame = json_object();
    bool ok = json_put(frame, "id", id);
    ok = json_put_int(frame, "status", status) && ok;
    ok = json_put(frame, "body", body == NULL ? json_object() : body) && ok;
    if (ok)
        return frame;
    json_decref(frame);
    return NULL;
}

static json_t *error_body(const char *title, const char *code, const char *message)
{
    json_t *body = json_object();
    if (body != NULL && json_put_text(body, "error", title) &&
        json_put_text(body, "message", message) && json_put_text(body, "code", code) &&
        json_put_wall(body, "timestamp", clock_wall()) && json_put_null(body, "request_id"))
        return body;
    json_decref(body);
    return NULL;
}

/* Answers what no handler will see, and ends the connection. */
static void connection_refuse(struct connection *c, int status, const char *title, const char *code,
                              const char *message)
{
    c->state = PEER_REFUSED; /* what came behind it is not looked at */
    (void)uv_read_stop((uv_stream_t *)&c->pipe);
    connection_send(c, answer_frame(json_null(), status, error_body(title, code, message)),
                    on_refusal_written);
}

/* ---- calls --------------------------------------------------------------------------------- */

static void call_unlink(struct call_record *r)
{
    struct connection *c = r->connection;
    if (c == NULL)
        return;
    for (struct call_record **at = &c->calls; *at != NULL; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            c->call_count--;
            return;
        }
}

static json_t *too_long_body(void)
{
    return error_body("Answer too long", "answer_too_long",
                      "the answer is longer than a frame of 1 MiB: ask for fewer lines");
}

void control_answer(struct control_call *call, int status, json_t *body)
{
    struct call_record *r = (struct call_record *)call;
    struct connection *c = r->connection;
    if (c != NULL && c->state == PEER_OPEN) {
        json_t *frame = answer_frame(json_integer(call->id), status, body);
        struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
        struct error err = {0};
        int rc = frame == NULL ? -ENOMEM : frame_write(frame, &bytes, &err);
        json_decref(frame);
        if (rc != 0)
            buf_free(&bytes); /* an empty one ends the connection */
        if (rc == -EMSGSIZE)
            connection_send(c, answer_frame(json_integer(call->id), 500, too_long_body()),
                            on_written);
        else
            connection_write(c, &bytes, on_written);
    } else {
        json_decref(body);
    }
    call_unlink(r);
    json_decref(r->request);
    json_decref(r->no_args);
    mem_free(r);
}

void control_push(struct control_call *call, json_t *line)
{
    struct call_record *r = (struct call_record *)call;
    struct connection *c = r->connection;
    if (c == NULL || c->state != PEER_OPEN) {
        json_decref(line);
        return;
    }
    json_t *frame = json_object();
    bool ok = json_put_int(frame, "id", call->id);
    ok = json_put(frame, "line", line) && ok;
    if (!ok) {
        json_decref(frame);
        frame = NULL;
    }
    connection_send(c, frame, on_written);
}

static bool id_in_flight(const struct connection *c, int64_t id)
{
    for (const struct call_record *r = c->calls; r != NULL; r = r->next)
        if (r->call.id == id)
            return true;
    return false;
}

/* Says what is wrong with the shape of a request, or NULL. */
static const char *request_fault(const struct connection *c, const json_t *request)
{
    const json_t *service = json_object_get(request, "service");
    const json_t *args = json_object_get(request, "args");
    if (!json_is_integer(json_object_get(request, "id")))
        return "\"id\" must be an integer";
    if (!json_is_string(json_object_get(request, "op")))
        return "\"op\" must be the name of an operation";
    if (service != NULL && !json_is_null(service) && !json_is_string(service))
        return "\"service\" must be the id of a service";
    if (args != NULL && !json_is_null(args) && !json_is_object(args))
        return "\"args\" must be an object";
    if (id_in_flight(c, json_integer_value(json_object_get(request, "id"))))
        return "\"id\" is in use by a request that is still running";
    return NULL;
}

/* Takes `request`. */
static void connection_request(struct connection *c, json_t *request)
{
    const char *fault = request_fault(c, request);
    if (fault != NULL) {
        connection_refuse(c, 400, "Bad request", "bad_request", fault);
        json_decref(request);
        return;
    }
    int64_t id = json_integer_value(json_object_get(request, "id"));
    struct call_record *r = c->call_count < CONTROL_CALLS_MAX ? mem_calloc(1, sizeof(*r)) : NULL;
    json_t *no_args = r == NULL ? NULL : json_object();
    if (no_args == NULL) {
        mem_free(r);
        json_decref(request);
        connection_send(c,
                        answer_frame(json_integer(id), 429,
                                     error_body("Too many requests", "too_many_in_flight",
                                                "too many requests are in flight on this "
                                                "connection: wait for an answer")),
                        on_written);
        return;
    }
    const json_t *args = json_object_get(request, "args");
    *r = (struct call_record){
        .call = {.id = id,
                 .op = json_string_value(json_object_get(request, "op")),
                 .service = json_string_value(json_object_get(request, "service")),
                 .args = json_is_object(args) ? args : no_args,
                 .principal = c->principal},
        .connection = c,
        .request = request,
        .no_args = no_args,
        .next = c->calls,
    };
    c->calls = r;
    c->call_count++;
    c->server->handler(c->server->context, &r->call);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    (void)suggested;
    struct connection *c = handle->data;
    *ret = uv_buf_init(c->server->chunk, sizeof(c->server->chunk));
}

static void take_bytes(struct connection *c, const char *bytes, size_t length)
{
    size_t taken = 0;
    while (taken < length && c->state == PEER_OPEN) {
        /* The buffer holds one frame of full length: feed what fits, take frames out, go on. */
        size_t room = c->in.limit - c->in.length;
        size_t left = length - taken;
        size_t piece = left < room ? left : room;
        if (buf_append(&c->in, bytes + taken, piece) != 0) {
            connection_drop(c);
            return;
        }
        taken += piece;
        json_t *request = NULL;
        struct error err = {0};
        int got = 0;
        while (c->state == PEER_OPEN && (got = frame_read(&c->in, &request, &err)) == 1)
            connection_request(c, request);
        if (c->state == PEER_OPEN && got < 0) {
            connection_refuse(c, 400, "Bad request", "bad_frame", err.text);
            return;
        }
    }
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *bytes)
{
    struct connection *c = stream->data;
    if (length < 0)
        connection_drop(c);
    if (length <= 0)
        return;
    take_bytes(c, bytes->base, (size_t)length);
    mem_wipe(bytes->base, (size_t)length); /* a frame may hold a password */
}

/* ---- arrival ------------------------------------------------------------------------------- */

static size_t viewers(const struct control_server *s)
{
    size_t n = 0;
    for (const struct connection *c = s->connections; c != NULL; c = c->next)
        n += c->state == PEER_OPEN && c->principal.access == ACCESS_VIEWER;
    return n;
}

static void lookup_work(uv_work_t *work)
{
    struct connection *c = work->data;
    control_peer(c->uid, c->gid, &c->principal);
}

static void lookup_done(uv_work_t *work, int status)
{
    struct connection *c = work->data;
    c->lookup_running = false;
    if (c->state == PEER_CLOSING) {
        connection_release(c);
        return;
    }
    char text[512];
    if (status != 0 || c->principal.access == ACCESS_ANONYMOUS) {
        (void)str_format(text, sizeof(text),
                         "user %s (uid %lu) may not speak to the daemon: it needs group "
                         "%s (everything) or %s (reading only); as root: usermod -aG %s %s",
                         c->principal.name, (unsigned long)c->uid, CONTROL_ADMIN_GROUP,
                         CONTROL_MONITOR_GROUP, CONTROL_ADMIN_GROUP, c->principal.name);
        log_warning("control",
                    "refused user %s (uid %lu): in neither " CONTROL_ADMIN_GROUP
                    " nor " CONTROL_MONITOR_GROUP,
                    c->principal.name, (unsigned long)c->uid);
        connection_refuse(c, 403, "Not allowed", "group_required", text);
        return;
    }
    if (c->principal.access == ACCESS_VIEWER && viewers(c->server) >= CONTROL_VIEWERS_MAX) {
        connection_refuse(c, 503, "Too many connections", "too_many_connections",
                          "too many viewers are connected to the control socket");
        return;
    }
    c->state = PEER_OPEN;
    if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
        connection_drop(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control_server *s = listener->data;
    struct connection *c = status == 0 ? mem_calloc(1, sizeof(*c)) : NULL;
    if (c == NULL)
        return;
    if (uv_pipe_init(listener->loop, &c->pipe, 0) != 0) {
        mem_free(c);
        return;
    }
    c->pipe.data = c;
    c->lookup.data = c;
    c->server = s;
    c->handle_open = true;
    c->in = BUF_LIMIT(FRAME_BYTES_MAX);
    c->next = s->connections;
    s->connections = c;
    s->count++;
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);
    uv_os_fd_t fd = -1;
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 ||
        uv_fileno((uv_handle_t *)&c->pipe, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        connection_drop(c);
        return;
    }
    c->uid = peer.uid;
    c->gid = peer.gid;
    if (s->count > CONTROL_CONNECTIONS_MAX) {
        connection_refuse(c, 503, "Too many connections", "too_many_connections",
                          "too many programs are connected to the control socket: close some and "
                          "try again");
        return;
    }
    c->lookup_running = uv_queue_work(listener->loop, &c->lookup, lookup_work, lookup_done) == 0;
    if (!c->lookup_running)
        connection_drop(c);
}

/* ---- the server ---------------------------------------------------------------------------- */

static void on_server_closed(uv_handle_t *handle)
{
    struct control_server *s = handle->data;
    s->handle_open = false;
    server_release(s);
}

int control_open(uv_loop_t *loop, const char *path, control_handler *handler, void *context,
                 struct control_server **ret, struct error *err)
{
    struct control_server *s = mem_calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(err, -ENOMEM, "control socket: out of memory");
    int fd = control_socket_bind(path, &s->socket, err);
    if (fd < 0) {
        mem_free(s);
        return fd;
    }
    int rc = uv_pipe_init(loop, &s->pipe, 0);
    if (rc != 0) {
        (void)close(fd);
        control_socket_remove(&s->socket);
        mem_free(s);
        return error_set(err, rc, "control socket: %s", uv_strerror(rc));
    }
    s->pipe.data = s;
    s->handle_open = true;
    s->handler = handler;
    s->context = context;
    rc = uv_pipe_open(&s->pipe, fd);
    if (rc != 0)
        (void)close(fd);
    else
        rc = uv_listen((uv_stream_t *)&s->pipe, CONTROL_CONNECTIONS_MAX, on_connection);
    if (rc != 0) {
        control_close(s);
        return error_set(err, rc, "control socket %s: %s", path, uv_strerror(rc));
    }
    *ret = s;
    return 0;
}

void control_close(struct control_server *s)
{
    if (s == NULL || s->closing)
        return;
    s->closing = true;
    control_socket_remove(&s->socket);
    for (struct connection *c = s->connections; c != NULL; c = c->next)
        connection_drop(c);
    uv_close((uv_handle_t *)&s->pipe, on_server_closed);
}
