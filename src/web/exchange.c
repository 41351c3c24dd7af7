/* One request and its answer, by the events of libwebsockets 4.1: it reads the head; the rules
 * about bodies are ours, because it takes a chunked one, a second Content-Length or none as
 * something to wait for. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "web/connection.h"
#include "web/header.h"

#define ARGUMENT_MAX 2048

/* ── what came ── */

struct exchange_request *exchange_request(struct exchange *x)
{
    return &x->request;
}

static bool copy_once(struct lws *wsi, enum lws_token_indexes token, char *to, size_t size)
{
    char second[2];
    to[0] = '\0';
    int length = lws_hdr_total_length(wsi, token);
    if (length <= 0 || (size_t)length >= size)
        return false;
    if (lws_hdr_copy_fragment(wsi, second, sizeof second, token, 1) != -1)
        return false;
    return lws_hdr_copy(wsi, to, (int)size, token) == length;
}

bool exchange_has_authorization(struct exchange *x)
{
    return lws_hdr_total_length(x->connection->wsi, WSI_TOKEN_HTTP_AUTHORIZATION) > 0;
}

bool exchange_header(struct exchange *x, enum server_header header, char *to, size_t size)
{
    static const char csrf[] = "x-csrf-token:";
    static const enum lws_token_indexes tokens[] = {
        [HEADER_AUTHORIZATION] = WSI_TOKEN_HTTP_AUTHORIZATION,
        [HEADER_COOKIE] = WSI_TOKEN_HTTP_COOKIE,
        [HEADER_CONTENT_TYPE] = WSI_TOKEN_HTTP_CONTENT_TYPE,
        [HEADER_ORIGIN] = WSI_TOKEN_ORIGIN,
        [HEADER_HOST] = WSI_TOKEN_HOST,
        [HEADER_ACCEPT_ENCODING] = WSI_TOKEN_HTTP_ACCEPT_ENCODING,
        [HEADER_IF_NONE_MATCH] = WSI_TOKEN_HTTP_IF_NONE_MATCH,
    };
    struct lws *wsi = x->connection->wsi;
    if (header != HEADER_CSRF)
        return copy_once(wsi, tokens[header], to, size);
    to[0] = '\0';
    int length = lws_hdr_custom_length(wsi, csrf, sizeof csrf - 1);
    return length > 0 && (size_t)length < size &&
           lws_hdr_custom_copy(wsi, to, (int)size, csrf, sizeof csrf - 1) == length;
}

/* libwebsockets hands the query out decoded and cut at "&"; it is encoded again so that there is
 * one reader of queries (api/route.h). */
static bool encode_argument(struct exchange *x, const char *argument, size_t length)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t at = strlen(x->query);
    bool equals = false;
    if (at > 0)
        x->query[at++] = '&';
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)argument[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-_.~:+", c) != NULL;
        if (c == '=' && !equals)
            plain = equals = true;
        if (at + 4 > sizeof x->query || c == '\0')
            return false;
        if (plain) {
            x->query[at++] = (char)c;
        } else {
            x->query[at++] = '%';
            x->query[at++] = hex[c >> 4];
            x->query[at++] = hex[c & 15];
        }
    }
    x->query[at] = '\0';
    return true;
}

static bool read_query(struct exchange *x)
{
    char argument[ARGUMENT_MAX];
    struct lws *wsi = x->connection->wsi;
    int whole = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS), seen = 0;
    for (int i = 0; lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        int length =
            lws_hdr_copy_fragment(wsi, argument, sizeof argument, WSI_TOKEN_HTTP_URI_ARGS, i);
        /* A "?" with nothing behind it becomes a slash in the library's hands. */
        bool nothing = whole == 1 && argument[0] == '/';
        bool good = length > 0 && (nothing || encode_argument(x, argument, (size_t)length));
        seen += length + (i > 0);
        mem_wipe(argument, sizeof argument); /* it may be a token */
        if (!good)
            return false;
    }
    /* Behind an empty part ("a=1&&b=2") nothing is handed out: it must not be passed over. */
    return seen == whole;
}

static const char *method_name(int method)
{
    static const char *const names[] = {
        [LWSHUMETH_GET] = "GET",         [LWSHUMETH_POST] = "POST",
        [LWSHUMETH_OPTIONS] = "OPTIONS", [LWSHUMETH_PUT] = "PUT",
        [LWSHUMETH_PATCH] = "PATCH",     [LWSHUMETH_DELETE] = "DELETE",
        [LWSHUMETH_CONNECT] = "CONNECT", [LWSHUMETH_HEAD] = "GET",
    };
    return method < 0 || (size_t)method >= ARRAY_LENGTH(names) ? NULL : names[method];
}

static struct exchange *exchange_new(struct connection *c)
{
    struct server *s = c->server;
    struct exchange *x = s->spare == NULL ? mem_calloc(1, sizeof *x) : s->spare;
    if (x == NULL)
        return NULL;
    s->spare = NULL;
    memset(x, 0, offsetof(struct exchange, path));
    x->path[0] = x->query[0] = '\0';
    x->connection = c;
    x->began = clock_mono();
    x->body = BUF_LIMIT(SERVER_BODY_MAX);
    (void)str_format(x->id, sizeof x->id, "%s%" PRIx64, c->server->id_prefix,
                     ++c->server->requests);
    x->request.id = x->id;
    x->request.path = x->path;
    x->request.query = x->query;
    x->request.address = c->address;
    x->request.body = "";
    c->exchange = x;
    return x;
}

void exchange_free(struct exchange *x)
{
    if (x == NULL)
        return;
    struct server *s = x->connection->server;
    mem_wipe(x->query, strlen(x->query)); /* it may hold a token */
    buf_free(&x->body);
    buf_free(&x->out);
    if (s->spare == NULL)
        s->spare = x;
    else
        mem_free(x);
}

void exchange_drop(struct connection *c)
{
    struct exchange *x = c->exchange;
    if (x == NULL)
        return;
    c->exchange = NULL;
    if (x->state == EXCHANGE_ASKED)
        c->server->events.gone(c->server->events.context, x);
    exchange_free(x);
}

/* ── the answer ── */

/* The answer is whole. -1 when the connection is to be closed. */
static int done_with(struct connection *c)
{
    struct exchange *x = c->exchange;
    bool close = x->close_after;
    c->exchange = NULL;
    exchange_free(x);
    return close || lws_http_transaction_completed(c->wsi) != 0 ? -1 : 0;
}

static int write_small(struct connection *c)
{
    int n = lws_write(c->wsi, c->server->small + LWS_PRE, c->exchange->small, LWS_WRITE_HTTP_FINAL);
    return n < 0 ? -1 : done_with(c);
}

static int write_piece(struct connection *c)
{
    struct exchange *x = c->exchange;
    /* libwebsockets writes no header before HTTP bytes of h1: the buffer's own start will do. */
    size_t left = x->out.length - x->written;
    size_t piece = left < WRITE_MAX ? left : WRITE_MAX;
    bool last = piece == left;
    int n = lws_write(c->wsi, (unsigned char *)x->out.data + x->written, piece,
                      last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
    if (n < 0)
        return -1;
    x->written += piece;
    if (last)
        return done_with(c);
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SERVER_HEAD_SECONDS);
    (void)lws_callback_on_writable(c->wsi);
    return 0;
}

/* False: for lack of memory, or a head that is too long. */
static bool compose(struct exchange *x, const struct answer *answer)
{
    struct server *s = x->connection->server;
    char head[HEAD_MAX];
    size_t head_length = head_write(head, sizeof head, x, answer, s->hsts);
    bool has_body = !x->request.head && answer->status != 304 && answer->length > 0;
    size_t body_length = has_body ? answer->length : 0;
    if (head_length == 0)
        return false;
    if (x->on_stack && head_length + body_length <= WRITE_MAX) {
        memcpy(s->small + LWS_PRE, head, head_length);
        if (has_body)
            memcpy(s->small + LWS_PRE + head_length, answer->body, body_length);
        x->small = head_length + body_length;
        return true;
    }
    x->out = BUF_LIMIT(SERVER_ANSWER_MAX + HEAD_MAX);
    return buf_append(&x->out, head, head_length) == 0 &&
           (!has_body || buf_append(&x->out, answer->body, body_length) == 0);
}

void exchange_answer(struct exchange *x, const struct answer *answer)
{
    x->state = EXCHANGE_WRITING;
    x->close_after = x->close_after || answer->close;
    if (!compose(x, answer))
        buf_free(&x->out); /* the peer sees the connection end */
    if (!x->on_stack)
        (void)lws_callback_on_writable(x->connection->wsi);
}

int exchange_writable(struct connection *c)
{
    const struct exchange *x = c->exchange;
    if (x == NULL || x->state != EXCHANGE_WRITING)
        return 0;
    if (x->small > 0)
        return write_small(c);
    return x->out.length == 0 ? -1 : write_piece(c);
}

/* Hands the request over. What was answered meanwhile goes out at once. */
static int ask(struct connection *c)
{
    struct exchange *x = c->exchange;
    x->state = EXCHANGE_ASKED;
    x->on_stack = true;
    c->server->events.request(c->server->events.context, x);
    x->on_stack = false;
    if (x->state == EXCHANGE_WRITING)
        return exchange_writable(c);
    lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SERVER_ANSWER_SECONDS);
    return 0;
}

/* ── refusals that need no handler ── */

static int refuse(struct connection *c, int status, const char *error, const char *code,
                  const char *message)
{
    struct exchange *x = c->exchange;
    char body[512];
    char now[WALL_TEXT_SIZE];
    (void)str_format(body, sizeof body,
                     "{\"error\": \"%s\", \"message\": \"%s\", \"code\": \"%s\", \"timestamp\": "
                     "\"%s\", \"request_id\": \"%s\"}",
                     error, message, code, wall_text(clock_wall(), now), x->id);
    struct answer answer = {.status = status, .body = body, .length = strlen(body), .close = true};
    x->on_stack = true;
    exchange_answer(x, &answer);
    return exchange_writable(c);
}

/* The body's length from the head. -1: the request was refused (`ret_result` is libwebsockets'). */
static int body_length(struct connection *c, size_t *ret, bool *ret_given, int *ret_result)
{
    char text[24];
    size_t length = 0;
    struct lws *wsi = c->wsi;
    *ret_given = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        *ret_result = refuse(c, 411, "Length required", "length_required",
                             "A body needs a Content-Length; chunked ones are not taken.");
        return -1;
    }
    if (*ret_given && (!copy_once(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
                       !header_length(text, &length))) {
        *ret_result = refuse(c, 400, "Bad request", "bad_request",
                             "Content-Length must be one whole number.");
        return -1;
    }
    if (length > SERVER_BODY_MAX) {
        *ret_result =
            refuse(c, 413, "Content too large", "body_too_large", "A body may have 65536 bytes.");
        return -1;
    }
    *ret = length;
    return 0;
}

/* ── events ── */

static int read_target(struct connection *c, struct exchange *x)
{
    char *uri = NULL;
    int uri_length = 0;
    int method = lws_http_get_uri_and_method(c->wsi, &uri, &uri_length);
    x->request.method = method_name(method);
    x->request.head = method == LWSHUMETH_HEAD;
    if (x->request.method == NULL || uri == NULL || uri_length <= 0 || uri[0] != '/')
        return 400;
    if ((size_t)uri_length >= sizeof x->path)
        return 404;
    (void)str_copy_n(x->path, sizeof x->path, uri, (size_t)uri_length);
    return read_query(x) ? 0 : 400;
}

int exchange_begin(struct connection *c)
{
    size_t length = 0;
    bool given = false;
    int result = 0;
    exchange_drop(c);
    struct exchange *x = exchange_new(c);
    if (x == NULL)
        return -1;
    int status = read_target(c, x);
    if (status == 404)
        return refuse(c, 404, "Not found", "not_found", "There is no such page.");
    if (status != 0)
        return refuse(c, 400, "Bad request", "bad_request",
                      "The request line or its query cannot be read.");
    if (body_length(c, &length, &given, &result) < 0)
        return result;
    if (length > 0) /* exchange_body and exchange_body_done follow */
        return 0;
    /* Without a length libwebsockets would wait for a body until the connection ends. */
    if (!given && !str_equal(x->request.method, "GET"))
        x->close_after = true;
    return ask(c);
}

int exchange_body(struct connection *c, const char *bytes, size_t length)
{
    struct exchange *x = c->exchange;
    if (x == NULL || x->state != EXCHANGE_READING)
        return length == 0 ? 0 : -1;
    if (mono_since(clock_mono(), x->began) > SERVER_BODY_MS)
        return -1;
    if (length > 0 && buf_append(&x->body, bytes, length) < 0)
        return refuse(c, 413, "Content too large", "body_too_large",
                      "A body may have 65536 bytes.");
    return 0;
}

int exchange_body_done(struct connection *c)
{
    struct exchange *x = c->exchange;
    if (x == NULL || x->state != EXCHANGE_READING)
        return 0;
    x->request.body = buf_text(&x->body);
    x->request.body_length = x->body.length;
    return ask(c);
}

/* ── upgrades ── */

void exchange_accept(struct exchange *x, void *data)
{
    struct connection *c = x->connection;
    struct conversation *talk = mem_calloc(1, sizeof *talk);
    x->state = EXCHANGE_ACCEPTED;
    if (talk == NULL)
        return;
    talk->connection = c;
    talk->data = data;
    talk->last = &talk->first;
    c->conversation = talk;
}

int exchange_upgrade(struct connection *c)
{
    exchange_drop(c);
    struct exchange *x = exchange_new(c);
    if (x == NULL)
        return -1;
    if (read_target(c, x) != 0)
        return refuse(c, 400, "Bad request", "bad_request", "The request cannot be read."), -1;
    x->request.method = "WS";
    x->state = EXCHANGE_ASKED;
    x->on_stack = true;
    x->close_after = true;
    c->server->events.request(c->server->events.context, x);
    bool accepted = x->state == EXCHANGE_ACCEPTED && c->conversation != NULL;
    if (x->state == EXCHANGE_WRITING)
        (void)exchange_writable(c);
    else if (c->exchange == x) {
        c->exchange = NULL;
        exchange_free(x);
    }
    return accepted ? 0 : -1;
}
