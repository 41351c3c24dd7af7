#include "web/forward.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "web/gzip.h"
#include "web/header.h"
#include "web/reply.h"

#define COOKIE_SECONDS 3600 /* of a login */
#define LINES_MAX 6144      /* a cookie holds a token of at most IDENTITY_TOKEN_MAX */

/* Lives until the engine has answered or the peer has gone. */
struct forwarded {
    struct router *router;
    struct request *request;
    enum operation_id operation;
    uint64_t id;
    struct buf text; /* pieces of a long text, packed where there is a `gzip` */
    struct gzip *gzip;
    bool overflow;
};

json_t *forward_frame(const char *op, const char *service, json_t *args,
                      const struct request_info *request, const struct given *given)
{
    json_t *frame = json_object();
    (void)json_put_text(frame, "op", op);
    if (service[0] != '\0')
        (void)json_put_text(frame, "service", service);
    (void)json_put(frame, "args", args);
    (void)json_put_text(frame, "source_ip", request->address);
    (void)json_put_text(frame, "request_id", request->id);
    if (given->token[0] != '\0') {
        json_t *credential = json_object();
        (void)json_put_text(credential, "token", given->token);
        (void)json_put_bool(credential, "cookie", given->cookie);
        if (given->csrf[0] != '\0')
            (void)json_put_text(credential, "csrf", given->csrf);
        (void)json_put(frame, "credential", credential);
    }
    return frame;
}

static void rate_lines(const json_t *rate, char *lines)
{
    if (rate == NULL)
        return;
    (void)str_append(lines, LINES_MAX,
                     "X-RateLimit-Limit: %" PRId64 "\r\nX-RateLimit-Remaining: %" PRId64
                     "\r\nX-RateLimit-Reset: %" PRId64 "\r\n",
                     json_int_or(rate, "limit", 0), json_int_or(rate, "remaining", 0),
                     json_int_or(rate, "reset", 0));
}

/* The token is the engine's own: base64url and dots. */
static void cookie_line(enum operation_id operation, int status, const json_t *body, char *lines)
{
    if ((operation == OP_LOGIN || operation == OP_RENEW) && status == 200)
        (void)str_append(lines, LINES_MAX,
                         "Set-Cookie: " ROUTER_COOKIE
                         "=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%d\r\n",
                         json_text_or(body, "token", ""), COOKIE_SECONDS);
    if (operation == OP_LOGOUT && status == 200)
        (void)str_append(lines, LINES_MAX,
                         "Set-Cookie: " ROUTER_COOKIE
                         "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0\r\n");
}

#define TYPE_MAX 64

/* The text type that the table names among the answers. */
static const char *text_type(enum operation_id operation, char ret[TYPE_MAX])
{
    const char *type = strstr(operations[operation].answer, "text/");
    if (type == NULL)
        type = "text/plain";
    const char *version = operation == OP_PROMETHEUS ? "; version=0.0.4" : "";
    (void)str_format(ret, TYPE_MAX, "%.*s%s; charset=utf-8", (int)strcspn(type, " "), type,
                     version);
    return ret;
}

static void add_piece(struct forwarded *f, const json_t *piece, bool end)
{
    const char *text = json_string_value(piece);
    size_t length = text == NULL ? 0 : json_string_length(piece);
    int r = f->gzip != NULL ? gzip_put(f->gzip, text, length, end, &f->text)
            : length > 0    ? buf_append(&f->text, text, length)
                            : 0;
    f->overflow = f->overflow || r < 0;
}

static void answer_text(struct forwarded *f, int status, const json_t *body, char *lines)
{
    add_piece(f, body, true);
    if (f->overflow) {
        reply_error(f->request, 500, "answer_too_long", "The answer is too long.", lines);
        return;
    }
    if (f->operation == OP_PROMETHEUS)
        (void)str_append(lines, LINES_MAX, "Vary: Accept-Encoding\r\n");
    if (f->gzip != NULL)
        (void)str_append(lines, LINES_MAX, "Content-Encoding: gzip\r\n");
    char type[TYPE_MAX];
    const struct answer answer = {.status = status,
                                  .type = text_type(f->operation, type),
                                  .lines = lines,
                                  .body = buf_text(&f->text),
                                  .length = f->text.length};
    request_answer(f->request, &answer);
}

static void finish(struct forwarded *f, const json_t *frame)
{
    char lines[LINES_MAX] = "Cache-Control: no-store\r\n";
    int status = (int)json_int_or(frame, "status", 500);
    json_t *body = json_object_get(frame, "body");
    rate_lines(json_object_get(frame, "rate"), lines);
    cookie_line(f->operation, status, body, lines);
    if (status == 401)
        (void)str_append(lines, LINES_MAX, "WWW-Authenticate: Bearer realm=\"resus\"\r\n");
    int64_t wait = json_int_or(body, "retry_after_seconds", -1);
    if (wait >= 0)
        (void)str_append(lines, LINES_MAX, "Retry-After: %" PRId64 "\r\n", wait);
    /* What was begun as text and failed is an error like any other. */
    if (json_is_string(body) || (f->text.length > 0 && status < 400))
        answer_text(f, status, body, lines);
    else
        reply_json(f->request, status, json_incref(body), lines);
    mem_wipe(lines, sizeof lines);
}

static void forwarded_free(struct forwarded *f)
{
    buf_free(&f->text);
    gzip_free(f->gzip);
    mem_free(f);
}

static void on_answer(void *context, const json_t *frame)
{
    struct forwarded *f = context;
    const json_t *line = json_object_get(frame, "line");
    if (line != NULL) {
        if (json_is_string(line))
            add_piece(f, line, false);
        else
            f->overflow = true;
        return;
    }
    request_info(f->request)->data = NULL;
    finish(f, frame);
    forwarded_free(f);
}

/* The figures alone: they are long, read often, and hold no secret whose length could be guessed from
 * the packed text. */
static bool wants_gzip(struct request *x, enum operation_id operation)
{
    return operation == OP_PROMETHEUS && reply_takes_gzip(x);
}

void forward(struct router *router, struct request *x, const struct route *route, json_t *args,
             const struct given *given)
{
    struct request_info *request = request_info(x);
    json_t *frame =
        forward_frame(operations[route->operation].name, route->service, args, request, given);
    struct forwarded *f = mem_calloc(1, sizeof *f);
    if (f != NULL) {
        f->router = router;
        f->request = x;
        f->operation = route->operation;
        f->text = BUF_LIMIT(SERVER_ANSWER_MAX);
        f->gzip = wants_gzip(x, f->operation) ? gzip_new() : NULL;
        f->id = engine_link_ask(router->link, frame, on_answer, f);
    } else {
        json_decref(frame);
    }
    if (f != NULL && f->id != 0) {
        request->data = f;
        return;
    }
    if (f != NULL)
        forwarded_free(f);
    reply_error(x, 503, "engine_busy", "The engine has too much to do now: try again.",
                "Retry-After: 1\r\n");
}

void forward_forget(struct router *router, struct request *x)
{
    struct forwarded *f = request_info(x)->data;
    if (f == NULL)
        return;
    engine_link_forget(router->link, f->id);
    forwarded_free(f);
}
