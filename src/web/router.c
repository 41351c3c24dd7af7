#include "web/router.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/error_body.h"
#include "api/openapi.h"
#include "api/route.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "web/followers.h"
#include "web/forward.h"
#include "web/gzip.h"
#include "web/header.h"
#include "web/reply.h"

#define LINKED_PAGES "/acknowledge/"
#define COOKIES_MAX SERVER_HEADER_VALUE_MAX

/* ── what the engine tells ── */

void router_setup(struct router *router, const json_t *setup)
{
    const json_t *limits = json_object_get(setup, "rate_limits");
    int own[RATE_CLASS_COUNT] = {0};
    own[RATE_STATUS] = (int)json_int_or(limits, "status", 0);
    own[RATE_HEALTH] = (int)json_int_or(limits, "health", 0);
    rate_set(router->rate, own);
    identities_setup(router->identities, setup);
    router->public_status = json_bool_or(setup, "public_status", true);
    router->some_public = json_bool_or(setup, "some_public", router->public_status);
    json_decref(router->private_services);
    router->private_services = json_incref(json_object_get(setup, "private_services"));
    router->metrics_anonymous = json_bool_or(setup, "metrics_anonymous", false);
}

void router_told(struct router *router, const json_t *frame)
{
    const json_t *event = json_object_get(frame, "event");
    const json_t *users = json_object_get(frame, "users");
    const json_t *revoked = json_object_get(frame, "revoked");
    if (users != NULL)
        identities_users(router->identities, users);
    if (revoked != NULL)
        identities_revoked(router->identities, revoked);
    if ((users != NULL || revoked != NULL) && router->followers != NULL)
        followers_look(router->followers);
    int service = event == NULL || router->snapshots == NULL
                      ? -1
                      : snapshots_find(router->snapshots, json_text_or(frame, "service", ""));
    if (service >= 0) {
        snapshots_event(router->snapshots, service);
        followers_event(router->followers, service, event);
    }
}

/* ── credentials ── */

/* False: the request was answered. */
static bool read_credential(struct request *x, bool in_query, struct given *given)
{
    char value[COOKIES_MAX];
    const struct request_info *request = request_info(x);
    struct error err = {0};
    if (request_header(x, HEADER_AUTHORIZATION, value, sizeof value)) {
        bool good = header_bearer(value, given->token, sizeof given->token);
        mem_wipe(value, sizeof value);
        if (!good)
            reply_login(x, "invalid_token", "The Authorization header holds no bearer token.");
        return good;
    }
    /* A caller that sends a credential is not taken for an anonymous one. */
    if (request_has_authorization(x)) {
        reply_login(x, "invalid_token", "The Authorization header is too long, or there twice.");
        return false;
    }
    if (in_query && route_token(request->query, strlen(request->query), given->token,
                                sizeof given->token, &err) < 0) {
        reply_error(x, 400, "bad_input", err.text, NULL);
        return false;
    }
    if (given->token[0] != '\0')
        return true;
    if (request_header(x, HEADER_COOKIE, value, sizeof value))
        given->cookie = header_cookie(value, ROUTER_COOKIE, given->token, sizeof given->token);
    mem_wipe(value, sizeof value);
    (void)request_header(x, HEADER_CSRF, given->csrf, sizeof given->csrf);
    return true;
}

/* Another site may not use the browser's cookie, nor open what needs none (`open_door`): a
 * WebSocket, or a login, whose cookie the browser would keep. A request without Origin is no
 * browser's cross-site request: those always say where they come from when they change something.
 */
static bool refuse_cross_site(struct request *x, const struct given *given, bool open_door)
{
    char origin[512];
    char host[512];
    const char *method = request_info(x)->method;
    bool unsafe = open_door || !str_equal(method, "GET");
    bool named = request_header(x, HEADER_ORIGIN, origin, sizeof origin) || origin[0] != '\0';
    if (!unsafe || !named || (!given->cookie && !open_door))
        return false;
    if (request_header(x, HEADER_HOST, host, sizeof host) &&
        header_same_origin(origin, request_info(x)->plain_http ? "http" : "https", host))
        return false;
    reply_error(x, 403, "cross_site", "The request comes from another site.", NULL);
    return true;
}

/* A form of another site cannot send this type without asking first. */
static bool refuse_type(struct request *x, const struct given *given)
{
    char type[128];
    const struct request_info *request = request_info(x);
    if (!given->cookie || request->body_length == 0 ||
        (request_header(x, HEADER_CONTENT_TYPE, type, sizeof type) && header_is_json(type)))
        return false;
    reply_error(x, 415, "unsupported_media_type", "The body must be application/json.", NULL);
    return true;
}

/* ── answers from copies ── */

/* False: refused and answered. */
static bool count_call(struct router *router, struct request *x, enum rate_class class,
                       const struct identity *identity, char *lines)
{
    struct rate_answer rate = {0};
    rate_count(router->rate, class, identity->name, clock_now(), &rate);
    if (!rate.limited)
        return true;
    (void)str_append(lines, REPLY_LINES_MAX,
                     "X-RateLimit-Limit: %d\r\nX-RateLimit-Remaining: %d\r\n"
                     "X-RateLimit-Reset: %" PRId64 "\r\n",
                     rate.limit, rate.remaining, rate.reset);
    if (!rate.refused)
        return true;
    (void)str_append(lines, REPLY_LINES_MAX, "Retry-After: %d\r\n", rate.retry_after_seconds);
    reply_json(x, 429, error_body_rate(&rate, clock_wall()), lines);
    return false;
}

static void answer_copy(struct router *router, struct request *x, const struct route *route,
                        const struct identity *identity, json_t *args)
{
    char lines[REPLY_LINES_MAX] = "";
    int service = -1;
    enum operation_copy copy = operations[route->operation].copy;
    enum snapshot_kind kind = copy == COPY_STATUS   ? SNAPSHOT_STATUS
                              : copy == COPY_HEALTH ? SNAPSHOT_HEALTH
                                                    : SNAPSHOT_LIST;
    if (kind != SNAPSHOT_LIST) {
        service = snapshots_find(router->snapshots, route->service);
        if (service < 0) {
            reply_error(x, 404, "not_found", "There is no such service.", NULL);
            return;
        }
        if (!count_call(router, x, operations[route->operation].rate, identity, lines))
            return;
    }
    snapshots_answer(router->snapshots, x, kind, service, identity->access, args, lines);
}

/* ── operations ── */

/* Where some services are private, one that is not there looks like those. */
static bool is_public(const struct router *router, const char *service)
{
    size_t i;
    json_t *id;
    if (json_array_size(router->private_services) == 0)
        return true;
    json_array_foreach(router->private_services, i, id) {
        if (str_equal(json_string_value(id), service))
            return false;
    }
    return router->snapshots != NULL && snapshots_find(router->snapshots, service) >= 0;
}

static bool is_open_to_all(const struct router *router, const struct route *route)
{
    const struct operation *o = &operations[route->operation];
    bool open = router->public_status;
    if (route->operation == OP_SERVICES)
        open = router->some_public;
    else if (o->on_service)
        open = is_public(router, route->service);
    return operation_least(o, open, router->metrics_anonymous) == ACCESS_ANONYMOUS;
}

/* False: answered. */
static bool admit(struct router *router, struct request *x, const struct route *route,
                  const struct given *given, struct identity *ret,
                  enum identity_verdict *ret_verdict)
{
    const char *address = request_info(x)->address;
    *ret_verdict = identity_of(router->identities, given->token, address, clock_wall(), ret);
    if (given->cookie && *ret_verdict == IDENTITY_OPAQUE) /* only our own logins are cookies */
        *ret_verdict = IDENTITY_INVALID;
    /* A browser sends its cookie along whether it is good or not: what is open to all stays open to
     * it. A bearer token is meant, and its refusal is what the caller has to hear. */
    if (given->cookie && (*ret_verdict == IDENTITY_EXPIRED || *ret_verdict == IDENTITY_INVALID) &&
        is_open_to_all(router, route))
        *ret_verdict = identity_of(router->identities, "", address, clock_wall(), ret);
    switch (*ret_verdict) {
    case IDENTITY_EXPIRED:
        reply_login(x, "token_expired", "The login has expired: log in again.");
        return false;
    case IDENTITY_INVALID:
        reply_login(x, "invalid_token", "The token is not valid.");
        return false;
    case IDENTITY_NOBODY:
        if (is_open_to_all(router, route))
            return true;
        reply_login(x, "login_required", "This needs a login.");
        return false;
    default:
        return true;
    }
}

/* Packed once, at the first request for it. False without memory. */
static bool pack_document(struct router *router)
{
    struct buf *packed = &router->openapi_packed;
    if (packed->length > 0)
        return true;
    *packed = BUF_LIMIT(SERVER_ANSWER_MAX);
    struct gzip *z = gzip_new();
    int r =
        z == NULL ? -ENOMEM : gzip_put(z, router->openapi, strlen(router->openapi), true, packed);
    gzip_free(z);
    if (r < 0)
        buf_free(packed);
    return r == 0;
}

/* It is the same for everybody and needs no engine: strangers shall not keep that one busy. */
static void answer_document(struct router *router, struct request *x)
{
    json_t *document JSON_CLEANUP = router->openapi == NULL ? openapi_document() : NULL;
    if (router->openapi == NULL && document != NULL)
        router->openapi = json_dumps(document, JSON_WRITE_FLAGS);
    bool packed = router->openapi != NULL && reply_takes_gzip(x) && pack_document(router);
    const char *body = packed ? buf_text(&router->openapi_packed) : router->openapi;
    size_t length = packed ? router->openapi_packed.length : body == NULL ? 0 : strlen(body);
    const struct answer answer = {.status = body == NULL ? 500 : 200,
                                  .lines =
                                      packed ? "Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n"
                                             : "Vary: Accept-Encoding\r\n",
                                  .body = body,
                                  .length = length};
    request_answer(x, &answer);
}

static void serve_operation(struct router *router, struct request *x, const struct route *route,
                            struct given *given)
{
    const struct request_info *request = request_info(x);
    struct identity identity;
    enum identity_verdict verdict;
    struct error err = {0};
    json_t *args = NULL;
    /* A cookie that is no longer valid must not stand in the way of a new login. */
    if (route->operation == OP_LOGIN)
        *given = (struct given){0};
    if (operations[route->operation].by_link && given->cookie)
        *given = (struct given){0};
    if (refuse_cross_site(x, given, route->operation == OP_LOGIN) || refuse_type(x, given) ||
        !admit(router, x, route, given, &identity, &verdict))
        return;
    enum operation_copy copy = operations[route->operation].copy;
    bool copied = copy != COPY_NONE && verdict != IDENTITY_OPAQUE;
    int r = route_args(route, request->query, strlen(request->query), request->body,
                       request->body_length, &args, &err);
    if (r == 0 && copied && (r = operation_check(&operations[route->operation], args, &err)) < 0)
        json_decref(args);
    if (r < 0) {
        reply_error(x, route_http_status(r), r == -EMSGSIZE ? "body_too_large" : "bad_input",
                    err.text, NULL);
        return;
    }
    if (copied) {
        if (copy == COPY_DOCUMENT)
            answer_document(router, x);
        else
            answer_copy(router, x, route, &identity, args);
        json_decref(args);
        return;
    }
    forward(router, x, route, args, given);
}

static void refuse_route(struct request *x, int r, const struct route *route,
                         const struct error *err)
{
    char lines[64 + ROUTE_ALLOW_MAX];
    (void)str_format(lines, sizeof lines, "Allow: %s\r\n", route->allow);
    if (r == -ENOTSUP)
        reply_error(x, 405, "method_not_allowed", "The path is there, the method is not.", lines);
    else if (r == -ENOENT)
        reply_error(x, 404, "not_found", "There is no such path.", NULL);
    else
        reply_error(x, 400, "bad_request", err->text, NULL);
}

static bool is_api(const char *path)
{
    static const char *const roots[] = {
        "/api",     "/ws",           "/metrics",         "/healthz",    "/readyz",
        "/version", "/openapi.json", "/maintenance.ics", "/acknowledge"};
    for (size_t i = 0; i < ARRAY_LENGTH(roots); i++) {
        size_t length = strlen(roots[i]);
        if (str_starts(path, roots[i]) && (path[length] == '\0' || path[length] == '/'))
            return true;
    }
    return false;
}

/* ── WebSockets ── */

static void refuse_role(struct request *x, const struct identity *identity, enum access least)
{
    const struct role_refusal refusal = {
        .title = "Permission denied",
        .message = "Your role may not do this. Contact an administrator.",
        .code = "permission_denied",
        .least = least,
        .has = identity->access,
    };
    reply_json(x, 403, error_body_role(&refusal, clock_wall()), NULL);
}

static void serve_upgrade(struct router *router, struct request *x, const struct route *route,
                          const struct given *given)
{
    const struct request_info *request = request_info(x);
    const struct operation *operation = &operations[route->operation];
    struct identity identity;
    enum identity_verdict verdict;
    struct error err = {0};
    json_t *args = NULL;
    /* A token that the caller gives is no credential that a browser adds by itself. */
    bool given_token = given->token[0] != '\0' && !given->cookie;
    if (refuse_cross_site(x, given, !given_token) ||
        !admit(router, x, route, given, &identity, &verdict))
        return;
    if (verdict == IDENTITY_KNOWN && identity.access < operation->least) {
        refuse_role(x, &identity, operation->least);
        return;
    }
    int service = snapshots_find(router->snapshots, route->service);
    if (service < 0) {
        reply_error(x, 404, "not_found", "There is no such service.", NULL);
        return;
    }
    int r = route_args(route, request->query, strlen(request->query), "", 0, &args, &err);
    if (r == 0 && (r = operation_check(operation, args, &err)) < 0)
        json_decref(args);
    if (r < 0)
        reply_error(x, 400, "bad_input", err.text, NULL);
    else
        followers_accept(router->followers, x, route, service, args, given,
                         verdict == IDENTITY_KNOWN ? &identity : NULL);
}

/* ── the door ── */

/* A link of a message, opened by a browser: those say that they want a page. */
static bool opens_page(struct request *x)
{
    char accept[512];
    return str_starts(request_info(x)->path, LINKED_PAGES) &&
           request_header(x, HEADER_ACCEPT, accept, sizeof accept) &&
           header_accepts(accept, "text/html");
}

void router_request(void *context, struct request *x)
{
    struct router *router = context;
    struct request_info *request = request_info(x);
    struct route route;
    struct given given = {0};
    struct error err = {0};
    bool ws = str_equal(request->method, "WS");
    if (!is_api(request->path)) {
        static_files_answer(router->files, x);
        return;
    }
    request->page = opens_page(x);
    int r = route_find(request->method, request->path, strlen(request->path), &route, &err);
    if (r < 0)
        refuse_route(x, r, &route, &err);
    else if (read_credential(x, operation_takes_query_token(&operations[route.operation]),
                             &given)) {
        if (ws)
            serve_upgrade(router, x, &route, &given);
        else
            serve_operation(router, x, &route, &given);
    }
    mem_wipe(&given, sizeof given);
}

void router_gone(void *context, struct request *x)
{
    struct router *router = context;
    forward_forget(router, x);
    snapshots_forget(router->snapshots, x);
}

void router_opened(void *context, struct websocket *c)
{
    const struct router *router = context;
    followers_opened(router->followers, c);
}

void router_closed(void *context, struct websocket *c)
{
    const struct router *router = context;
    followers_closed(router->followers, c);
}

void router_unopened(void *context, void *data)
{
    (void)context;
    followers_unopened(data);
}
