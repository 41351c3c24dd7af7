#include "daemon/control.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/error_body.h"
#include "api/frame_pipe.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/bounded_log.h"
#include "daemon/control_door.h"
#include "daemon/control_names.h"
#include "daemon/control_peer.h"
#include "io/clock.h"
#include "io/log.h"

enum peer_state { PEER_NAMELESS, PEER_OPEN, PEER_REFUSED, PEER_CLOSING };

struct connection {
    struct frame_pipe pipe;
    struct control_server *server;
    enum peer_state state;
    struct control_principal principal;
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
    struct control_door *admins, *monitors;
    gid_t admin_group, monitor_group;
    struct control_names *names;
    control_handler *handler;
    void *context;
    struct connection *connections;
    size_t count;
    int doors; /* open ones */
    bool closing;
    struct bounded_log log;
    uv_loop_t *loop;
    char chunk[FRAME_PIPE_CHUNK]; /* one read at a time on one loop */
};

static_assert(offsetof(struct call_record, call) == 0, "control_call is the record's head");

static void server_release(struct control_server *s)
{
    if (s->closing && s->doors == 0 && s->connections == NULL)
        mem_free(s);
}

/* ---- the end of a connection -------------------------------------------------------------- */

static void connection_release(struct connection *c)
{
    struct control_server *s = c->server;
    for (struct connection **at = &s->connections; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            s->count--;
            break;
        }
    mem_free(c);
    server_release(s);
}

/* Cancellations are reported here, a loop turn after the drop: a handler that walks its followers and
 * pushes to each must not see the list change under its hands. */
static void on_closed(void *context)
{
    struct connection *c = context;
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
    frame_pipe_close(&c->pipe);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* After a refusal nothing more is to be said. */
static void on_drained(void *context)
{
    struct connection *c = context;
    if (c->state == PEER_REFUSED)
        connection_drop(c);
}

/* Takes `frame` (NULL: memory was lacking). -EMSGSIZE: it is too long, nothing was sent. What cannot
 * be sent otherwise ends the connection: a stream with a gap is of no use to the reader. */
static int connection_send(struct connection *c, json_t *frame)
{
    size_t waiting = frame_pipe_waiting(&c->pipe);
    int r = frame_pipe_send(&c->pipe, frame);
    if (r >= 0 || r == -EMSGSIZE || c->state == PEER_CLOSING)
        return r;
    bounded_log_warning(
        &c->server->log, "control", "dropped the connection of %s: %s, %zu bytes wait for it",
        c->principal.name, r == -ENOBUFS ? "it does not read" : uv_strerror(r), waiting);
    connection_drop(c);
    return r;
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

static json_t *failure(const char *title, const char *code, const char *message)
{
    json_t *body = error_body(title, message, code, clock_wall());
    (void)json_put_null(body, "request_id");
    return body;
}

/* Answers what no handler will see, and ends the connection. */
static void connection_refuse(struct connection *c, int status, const char *title, const char *code,
                              const char *message)
{
    c->state = PEER_REFUSED; /* what came behind it is not looked at */
    frame_pipe_stop(&c->pipe);
    if (connection_send(c, answer_frame(json_null(), status, failure(title, code, message))) < 0)
        connection_drop(c);
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
    return failure("Answer too long", "answer_too_long",
                   "the answer is longer than a frame of 1 MiB: ask for fewer lines");
}

void control_answer(struct control_call *call, int status, json_t *body)
{
    struct call_record *r = (struct call_record *)call;
    struct connection *c = r->connection;
    if (c != NULL && c->state == PEER_OPEN) {
        int64_t id = call->id;
        if (connection_send(c, answer_frame(json_integer(id), status, body)) == -EMSGSIZE)
            (void)connection_send(c, answer_frame(json_integer(id), 500, too_long_body()));
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
    if (connection_send(c, frame) == -EMSGSIZE)
        connection_drop(c);
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
        (void)connection_send(c, answer_frame(json_integer(id), 429,
                                              failure("Too many requests", "too_many_in_flight",
                                                      "too many requests are in flight on this "
                                                      "connection: wait for an answer")));
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

static void on_frame(void *context, json_t *frame)
{
    connection_request(context, frame);
}

static void on_ended(void *context, enum frame_pipe_end end, const char *why)
{
    struct connection *c = context;
    if (end == FRAME_PIPE_BAD_FRAME && c->state == PEER_OPEN)
        connection_refuse(c, 400, "Bad request", "bad_frame", why);
    else
        connection_drop(c);
}

/* ---- arrival ------------------------------------------------------------------------------- */

/* Answers on a descriptor that becomes no connection, as far as it can be said at once. */
static void turn_away(int fd, int status, const char *title, const char *code, const char *message)
{
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err = {0};
    json_t *frame = answer_frame(json_null(), status, failure(title, code, message));
    if (frame != NULL && frame_write(frame, &bytes, &err) == 0)
        (void)send(fd, bytes.data, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    json_decref(frame);
    buf_free(&bytes);
    (void)close(fd);
}

static void open_for_requests(struct connection *c)
{
    c->state = PEER_OPEN;
    if (frame_pipe_start(&c->pipe) < 0)
        connection_drop(c);
}

static void greet(struct connection *c)
{
    const char *name = control_names_get(c->server->names, c->principal.uid);
    if (name == NULL)
        return;
    (void)str_copy(c->principal.name, sizeof(c->principal.name), name);
    open_for_requests(c);
}

static void on_name_found(void *context)
{
    struct control_server *s = context;
    for (struct connection *c = s->connections, *next; c != NULL; c = next) {
        next = c->next;
        if (c->state == PEER_NAMELESS)
            greet(c);
    }
}

/* Why there is no place for the peer, or NULL. Root has places of its own. */
static const char *no_place(const struct control_server *s, const struct control_peer *peer)
{
    size_t viewers = 0, same = 0;
    for (const struct connection *c = s->connections; c != NULL; c = c->next) {
        viewers += c->principal.access == ACCESS_VIEWER;
        same += c->principal.uid == peer->uid;
    }
    if (peer->uid != 0 && same >= CONTROL_ACCOUNT_MAX)
        return "too many programs of this account are connected to the control socket: close some "
               "and try again";
    if (peer->access == ACCESS_VIEWER && viewers >= CONTROL_VIEWERS_MAX)
        return "too many viewers are connected to the control socket";
    if (s->count >= CONTROL_CONNECTIONS_MAX - (peer->uid == 0 ? 0 : CONTROL_ROOT_PLACES))
        return "too many programs are connected to the control socket: close some and try again";
    return NULL;
}

static void take(struct control_server *s, int fd, const struct control_peer *peer)
{
    static const struct frame_pipe_events events = {
        .frame = on_frame, .ended = on_ended, .drained = on_drained, .closed = on_closed};
    struct connection *c = mem_calloc(1, sizeof(*c));
    struct error err = {0};
    if (c == NULL) {
        (void)close(fd);
        return;
    }
    c->server = s;
    c->principal.access = peer->access;
    c->principal.uid = peer->uid;
    c->next = s->connections;
    s->connections = c;
    s->count++;
    const struct frame_pipe_options options = {
        .events = &events, .context = c, .chunk = s->chunk, .out_max = CONTROL_OUT_MAX};
    if (frame_pipe_open(&c->pipe, s->loop, fd, &options, &err) < 0)
        connection_drop(c);
    else
        greet(c);
}

static void arrived(struct control_server *s, int fd, enum access most)
{
    struct control_peer peer = {0};
    char text[512];
    if (control_peer(fd, s->admin_group, s->monitor_group, &peer) != 0) {
        (void)close(fd);
        return;
    }
    /* The file's mode has kept it out already, unless that was changed. */
    if (peer.access == ACCESS_ANONYMOUS) {
        (void)str_format(text, sizeof(text),
                         "user %lu may not speak to the daemon: it needs group %s (everything) or "
                         "%s (reading only); as root: usermod -aG %s USER",
                         (unsigned long)peer.uid, CONTROL_ADMIN_GROUP, CONTROL_MONITOR_GROUP,
                         CONTROL_ADMIN_GROUP);
        bounded_log_warning(&s->log, "control",
                            "refused user %lu: in neither " CONTROL_ADMIN_GROUP
                            " nor " CONTROL_MONITOR_GROUP,
                            (unsigned long)peer.uid);
        turn_away(fd, 403, "Not allowed", "group_required", text);
        return;
    }
    peer.access = peer.access < most ? peer.access : most;
    const char *why = no_place(s, &peer);
    if (why != NULL) {
        bounded_log_warning(&s->log, "control", "refused a connection of user %lu: %s",
                            (unsigned long)peer.uid, why);
        turn_away(fd, 503, "Too many connections", "too_many_connections", why);
        return;
    }
    take(s, fd, &peer);
}

static void on_admin(void *context, int fd)
{
    arrived(context, fd, ACCESS_ADMIN);
}

static void on_monitor(void *context, int fd)
{
    arrived(context, fd, ACCESS_VIEWER);
}

/* ---- the server ---------------------------------------------------------------------------- */

static void on_door_closed(void *context)
{
    struct control_server *s = context;
    s->doors--;
    server_release(s);
}

static void tell_closed_groups(bool admins, bool monitors)
{
    if (!admins)
        log_info("control",
                 "only root and this account may use the command line: there is no "
                 "group " CONTROL_ADMIN_GROUP ", or this process may not give a socket to it");
    if (!monitors)
        log_info("control",
                 "no monitoring agents on the control socket: there is no "
                 "group " CONTROL_MONITOR_GROUP ", or this process may not give a socket to it");
}

static int open_doors(struct control_server *s, const char *path, struct error *err)
{
    char beside[sizeof(((struct sockaddr_un *)0)->sun_path)];
    bool admins = false, monitors = false;
    const struct control_door_options usual = {.path = path, .group = s->admin_group};
    const struct control_door_options reading = {
        .path = beside, .group = s->monitor_group, .budget = CONTROL_VIEWER_ACCEPTS};
    if (!control_monitor_path(path, beside, sizeof beside))
        return error_set(err, -ENAMETOOLONG,
                         "control socket %s: the path is too long (at most %zu bytes)", path,
                         sizeof beside - sizeof ".monitor");
    int rc = control_door_open(s->loop, &usual, on_admin, s, &s->admins, &admins, err);
    if (rc < 0)
        return rc;
    s->doors++;
    rc = control_door_open(s->loop, &reading, on_monitor, s, &s->monitors, &monitors, err);
    if (rc < 0)
        return rc;
    s->doors++;
    tell_closed_groups(admins, monitors);
    return 0;
}

int control_open(uv_loop_t *loop, const char *path, control_handler *handler, void *context,
                 struct control_server **ret, struct error *err)
{
    struct control_server *s = mem_calloc(1, sizeof(*s));
    if (s != NULL)
        s->names = control_names_new(loop, on_name_found, s);
    if (s == NULL || s->names == NULL) {
        mem_free(s);
        return error_set(err, -ENOMEM, "control socket: out of memory");
    }
    s->loop = loop;
    s->handler = handler;
    s->context = context;
    s->admin_group = control_group(CONTROL_ADMIN_GROUP);
    s->monitor_group = control_group(CONTROL_MONITOR_GROUP);
    int rc = open_doors(s, path, err);
    if (rc < 0) {
        control_close(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void control_close(struct control_server *s)
{
    if (s == NULL || s->closing)
        return;
    s->closing = true;
    control_names_close(s->names);
    for (struct connection *c = s->connections; c != NULL; c = c->next)
        connection_drop(c);
    if (s->admins != NULL)
        control_door_close(s->admins, on_door_closed);
    if (s->monitors != NULL)
        control_door_close(s->monitors, on_door_closed);
    server_release(s);
}
