/* One request and its answer. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "api/error_body.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "web/connection.h"
#include "web/header.h"
#include "web/reply.h"
#include "web/wsframe.h"

#define WS_KEY_LENGTH 24 /* 16 bytes in base64 */

/* ── what came ── */

struct request_info *request_info(struct request *x)
{
    return &x->info;
}

static bool copy_field(const struct http_head *head, enum http_field field, char *to, size_t size)
{
    struct http_text text = head->fields[field];
    to[0] = '\0';
    if (text.at == NULL || text.length == 0 || head->twice[field] || text.length >= size)
        return false;
    memcpy(to, text.at, text.length);
    to[text.length] = '\0';
    return true;
}

bool request_has_authorization(struct request *x)
{
    const struct http_head *head = &x->connection->server->head;
    return x->on_stack && head->fields[FIELD_AUTHORIZATION].at != NULL;
}

bool request_header(struct request *x, enum server_header header, char *to, size_t size)
{
    static const enum http_field fields[] = {
        [HEADER_AUTHORIZATION] = FIELD_AUTHORIZATION,
        [HEADER_COOKIE] = FIELD_COOKIE,
        [HEADER_CSRF] = FIELD_CSRF,
        [HEADER_CONTENT_TYPE] = FIELD_CONTENT_TYPE,
        [HEADER_ORIGIN] = FIELD_ORIGIN,
        [HEADER_HOST] = FIELD_HOST,
        [HEADER_ACCEPT] = FIELD_ACCEPT,
        [HEADER_ACCEPT_ENCODING] = FIELD_ACCEPT_ENCODING,
        [HEADER_IF_NONE_MATCH] = FIELD_IF_NONE_MATCH,
    };
    if (x->on_stack)
        return copy_field(&x->connection->server->head, fields[header], to, size);
    to[0] = '\0';
    return header == HEADER_IF_NONE_MATCH && x->if_none_match[0] != '\0' &&
           str_copy(to, size, x->if_none_match);
}

static const char *method_name(struct http_text method)
{
    static const char *const names[] = {"GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (http_is(method, names[i]))
            return names[i];
    return http_is(method, "HEAD") ? "GET" : NULL;
}

static struct request *request_new(struct connection *c)
{
    struct server *s = c->server;
    struct request *x = s->spare == NULL ? mem_calloc(1, sizeof *x) : s->spare;
    if (x == NULL)
        return NULL;
    s->spare = NULL;
    memset(x, 0, offsetof(struct request, path));
    x->path[0] = x->query[0] = x->if_none_match[0] = '\0';
    x->connection = c;
    (void)str_format(x->id, sizeof x->id, "%s%" PRIx64, s->id_prefix, ++s->requests);
    x->info.id = x->id;
    x->info.path = x->path;
    x->info.query = x->query;
    x->info.address = x->address;
    (void)str_copy(x->address, sizeof x->address, c->address);
    x->info.body = "";
    c->request = x;
    return x;
}

static void request_free(struct request *x)
{
    struct server *s = x->connection->server;
    mem_wipe(x->query, strlen(x->query)); /* it may hold a token */
    buf_free(&x->rest);
    if (s->spare == NULL)
        s->spare = x;
    else
        mem_free(x);
}

void request_drop(struct connection *c)
{
    struct request *x = c->request;
    if (x == NULL)
        return;
    c->request = NULL;
    if (!x->answered && !x->accepted)
        c->server->events.gone(c->server->events.context, x);
    request_free(x);
}

/* ── the answer ── */

/* The first record into the server's `small`, the rest of a long one behind it. False: for lack of
 * memory, or a head that is too long. */
static bool compose(struct request *x, const struct answer *answer)
{
    struct server *s = x->connection->server;
    size_t head = head_write(s->small, HEAD_MAX, x, answer, s->hsts && !x->info.plain_http);
    bool has_body = !x->info.head && answer->status != 304 && answer->length > 0;
    size_t length = has_body ? answer->length : 0;
    size_t first = length < RECORD_MAX - head ? length : RECORD_MAX - head;
    if (head == 0)
        return false;
    if (first > 0)
        memcpy(s->small + head, answer->body, first);
    x->small = head + first;
    x->rest.limit = SERVER_ANSWER_MAX;
    return first == length ||
           buf_append(&x->rest, (const char *)answer->body + first, length - first) == 0;
}

void request_written(struct connection *c)
{
    if (c->close_after) {
        connection_close(c);
        return;
    }
    c->state = CONNECTION_WAITING;
    c->deadline = mono_add(clock_mono(), (int64_t)SERVER_IDLE_SECONDS * 1000);
}

/* What was composed goes out; the request is over. */
static void send_answer(struct connection *c)
{
    struct request *x = c->request;
    bool good = x->small > 0 && connection_write(c, c->server->small, x->small) &&
                (x->rest.length == 0 || connection_write(c, x->rest.data, x->rest.length));
    c->close_after = x->close_after;
    c->request = NULL;
    request_free(x);
    c->state = CONNECTION_WRITING;
    if (!good)
        connection_break(c); /* the peer sees the connection end */
    else if (c->out.length == 0)
        request_written(c);
    else
        c->deadline = mono_add(clock_mono(), (int64_t)SERVER_HEAD_SECONDS * 1000);
}

void request_answer(struct request *x, const struct answer *answer)
{
    struct connection *c = x->connection;
    x->answered = true;
    x->close_after = x->close_after || answer->close;
    if (!compose(x, answer))
        x->small = 0;
    if (x->on_stack)
        return;
    send_answer(c);
    connection_again(c); /* the next request may be there already */
}

void request_accept(struct request *x, void *data)
{
    struct connection *c = x->connection;
    x->accepted = true;
    if (websocket_new(c, data) == NULL)
        c->server->events.unopened(c->server->events.context, data);
}

static void open_websocket(struct connection *c)
{
    struct request *x = c->request;
    char head[256];
    bool good = c->websocket != NULL &&
                str_format(head, sizeof head,
                           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                           x->accept) &&
                connection_write(c, head, strlen(head));
    c->request = NULL;
    request_free(x);
    if (good)
        websocket_open(c);
    else
        connection_end(c);
}

/* Hands the request over. What was answered meanwhile goes out at once. */
static void ask(struct connection *c)
{
    struct request *x = c->request;
    struct server *s = c->server;
    c->state = CONNECTION_ASKED;
    c->deadline = mono_add(clock_mono(), (int64_t)SERVER_ANSWER_SECONDS * 1000);
    x->on_stack = true;
    s->events.request(s->events.context, x);
    if (x->accepted) {
        open_websocket(c);
        return;
    }
    if (!x->answered)
        (void)copy_field(&s->head, FIELD_IF_NONE_MATCH, x->if_none_match, sizeof x->if_none_match);
    x->on_stack = false;
    if (x->answered)
        send_answer(c);
}

/* ── refusals that need no handler ── */

static void refuse(struct connection *c, int status, const char *error, const char *code,
                   const char *message)
{
    struct request *x = c->request;
    x->on_stack = true;
    x->close_after = true;
    reply_json(x, status, error_body(error, message, code, clock_wall()), NULL);
    send_answer(c);
}

static void refuse_head(struct connection *c, int status)
{
    if (status == 414)
        refuse(c, 414, "URI too long", "bad_request", "The request line is too long.");
    else if (status == 431)
        refuse(c, 431, "Headers too large", "bad_request",
               "A request's headers may have 8192 bytes.");
    else
        refuse(c, 400, "Bad request", "bad_request", "The request cannot be read.");
}

/* False: the request was refused. */
static bool read_length(struct connection *c, size_t *ret, bool *ret_given)
{
    const struct http_head *head = &c->server->head;
    char text[24];
    size_t length = 0;
    *ret_given = head->fields[FIELD_CONTENT_LENGTH].at != NULL;
    if (head->fields[FIELD_TRANSFER_ENCODING].at != NULL) {
        refuse(c, 411, "Length required", "length_required",
               "A body needs a Content-Length; chunked ones are not taken.");
        return false;
    }
    if (*ret_given && (!copy_field(head, FIELD_CONTENT_LENGTH, text, sizeof text) ||
                       !header_length(text, &length))) {
        refuse(c, 400, "Bad request", "bad_request", "Content-Length must be one whole number.");
        return false;
    }
    if (length > SERVER_BODY_MAX) {
        refuse(c, 413, "Content too large", "body_too_large", "A body may have 65536 bytes.");
        return false;
    }
    *ret = length;
    return true;
}

/* A path that two readers could take for two places is none. Nothing that is served has a name
 * that would need an encoded byte. */
static bool is_plain_path(const char *path)
{
    if (strchr(path, '%') != NULL || strchr(path, '\\') != NULL || strstr(path, "//") != NULL)
        return false;
    for (const char *at = path; (at = strstr(at, "/.")) != NULL; at += 2) {
        const char *behind = at + 2 + (at[2] == '.');
        if (*behind == '/' || *behind == '\0')
            return false;
    }
    return true;
}

/* False: the request was refused. */
static bool read_target(struct connection *c, struct request *x)
{
    const struct http_head *head = &c->server->head;
    x->info.method = method_name(head->method);
    x->info.head = http_is(head->method, "HEAD");
    if (x->info.method == NULL) {
        refuse(c, 405, "Method not allowed", "method_not_allowed", "There is no such method.");
        return false;
    }
    bool fits = str_copy_n(x->path, sizeof x->path, head->path.at, head->path.length);
    if (!fits || !is_plain_path(x->path)) {
        refuse(c, 404, "Not found", "not_found", "There is no such page.");
        return false;
    }
    if (head->query.at != NULL &&
        !str_copy_n(x->query, sizeof x->query, head->query.at, head->query.length)) {
        refuse(c, 414, "URI too long", "bad_request", "The query is too long.");
        return false;
    }
    return true;
}

/* ── upgrades ── */

/* Other protocols may be asked for and need not be taken: that is a plain request then. */
static bool is_upgrade(const struct http_head *head)
{
    return http_lists(head->fields[FIELD_UPGRADE], "websocket") &&
           http_lists(head->fields[FIELD_CONNECTION], "upgrade");
}

/* False: the request was refused. */
static bool read_upgrade(struct connection *c, struct request *x)
{
    const struct http_head *head = &c->server->head;
    struct http_text key = head->fields[FIELD_WS_KEY];
    if (head->old || !http_is(head->method, "GET") || key.length != WS_KEY_LENGTH ||
        !http_is(head->fields[FIELD_WS_VERSION], "13")) {
        refuse(c, 400, "Bad request", "bad_request", "This is no WebSocket's opening.");
        return false;
    }
    wsframe_accept(key.at, key.length, x->accept);
    x->info.method = "WS";
    x->close_after = true;
    return true;
}

/* ── events ── */

/* The whole request is there, or all that is needed to refuse it. */
static void begin(struct connection *c, struct request *x, const char *body, size_t length,
                  bool given)
{
    const struct http_head *head = &c->server->head;
    const struct proxies *proxies = &c->server->proxies;
    proxies_client(proxies, head, c->address, x->address);
    x->info.plain_http = proxies_plain_http(proxies, head, c->address);
    if (!read_target(c, x) || (is_upgrade(head) && !read_upgrade(c, x)))
        return;
    /* Another reader on the way might take what follows for this one's body. */
    if (!given && !str_equal(x->info.method, "GET"))
        x->close_after = true;
    if (head->old || http_lists(head->fields[FIELD_CONNECTION], "close"))
        x->close_after = true;
    if (length > 0) {
        x->info.body = body;
        x->info.body_length = length;
    }
    ask(c);
}

static void wait_for_body(struct connection *c, size_t need)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct request *x = c->request;
    c->request = NULL;
    request_free(x);
    c->state = CONNECTION_BODY;
    c->need = need;
    c->deadline = mono_add(clock_mono(), SERVER_BODY_MS);
    if (http_is(c->server->head.fields[FIELD_EXPECT], "100-continue"))
        (void)connection_write(c, go_on, sizeof go_on - 1);
}

size_t request_input(struct connection *c, const char *bytes, size_t length)
{
    size_t blank = 0;
    size_t body = 0;
    bool given = false;
    if (c->state == CONNECTION_BODY && length < c->need)
        return 0;
    while (c->state == CONNECTION_WAITING && blank < length &&
           (bytes[blank] == '\r' || bytes[blank] == '\n'))
        blank++; /* empty lines between two requests */
    if (blank > 0)
        return blank;
    int head = http_read(bytes, length, SERVER_HEAD_MAX, &c->server->head);
    if (head == 0) {
        if (c->state == CONNECTION_WAITING)
            c->deadline = mono_add(clock_mono(), (int64_t)SERVER_HEAD_SECONDS * 1000);
        c->state = CONNECTION_HEAD;
        return 0;
    }
    struct request *x = request_new(c);
    if (x == NULL) {
        connection_end(c);
        return length;
    }
    if (head < 0) {
        refuse_head(c, -head);
        return length;
    }
    if (!read_length(c, &body, &given))
        return length;
    if (length - (size_t)head < body) {
        wait_for_body(c, (size_t)head + body);
        return 0;
    }
    begin(c, x, bytes + head, body, given);
    return (size_t)head + body;
}
