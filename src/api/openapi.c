#include "api/openapi.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "api/operations.h"
#include "api/schema.h"
#include "api/shapes.h"
#include "base/json.h"
#include "base/str.h"

#define API_VERSION "1" /* not the program's: strangers read this document */
#define SERVICE_PATTERN "^[a-z0-9][a-z0-9_-]{0,62}$"
#define TITLE_MAX 160
#define TEXT "text/plain"

static const char about[] =
    "Watches Redis services and brings them back. HTTPS, JSON, UTF-8; times are RFC 3339 in UTC, "
    "durations are numbers in the unit that their name ends with. Lists are {items, next_cursor}. "
    "Log in with POST /api/auth/login, then send the token as `Authorization: Bearer TOKEN`; "
    "browsers send the cookie, and with it `X-CSRF-Token` for every method but GET.";

static bool is_websocket(const struct operation *o)
{
    return str_equal(o->method, "WS");
}

static bool is_get(const struct operation *o)
{
    return str_equal(o->method, "GET") || is_websocket(o);
}

static bool in_path(const struct operation *o, const char *name)
{
    char braced[TITLE_MAX];
    return str_format(braced, sizeof braced, "{%s}", name) && strstr(o->path, braced) != NULL;
}

static json_t *reference(const char *kind, const char *name)
{
    char place[TITLE_MAX];
    json_t *ref = json_object();
    (void)str_format(place, sizeof place, "#/components/%s/%s", kind, name);
    (void)json_put_text(ref, "$ref", place);
    return ref;
}

/* ── what is asked ── */

static json_t *parameter(const char *name, const char *where, bool required, json_t *schema)
{
    json_t *p = json_object();
    (void)json_put_text(p, "name", name);
    (void)json_put_text(p, "in", where);
    (void)json_put_bool(p, "required", required);
    (void)json_put(p, "schema", schema);
    return p;
}

static json_t *parameters(const struct operation *o)
{
    json_t *list = json_array();
    if (in_path(o, "id"))
        (void)json_array_append_new(list, reference("parameters", "service"));
    for (const struct field *f = o->fields; f->name != NULL; f++) {
        if (in_path(o, f->name))
            (void)json_array_append_new(list, parameter(f->name, "path", true, schema_field(f)));
        else if (is_get(o))
            (void)json_array_append_new(list,
                                        parameter(f->name, "query", f->required, schema_field(f)));
    }
    return list;
}

static json_t *body_schema(const struct operation *o, bool *ret_required)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (const struct field *f = o->fields; f->name != NULL; f++) {
        if (in_path(o, f->name))
            continue;
        (void)json_put(properties, f->name, schema_field(f));
        if (f->required)
            (void)json_array_append_new(required, json_string(f->name));
    }
    *ret_required = json_array_size(required) > 0;
    json_t *schema = json_object();
    (void)json_put_text(schema, "type", "object");
    (void)json_put(schema, "properties", properties);
    if (*ret_required)
        (void)json_put(schema, "required", required);
    else
        json_decref(required);
    (void)json_put_bool(schema, "additionalProperties", false);
    return schema;
}

static json_t *content(const char *type, json_t *schema)
{
    json_t *media = json_object();
    json_t *types = json_object();
    (void)json_put(media, "schema", schema);
    (void)json_put(types, type, media);
    return types;
}

static json_t *request_body(const struct operation *o)
{
    bool required = false;
    json_t *schema = body_schema(o, &required);
    json_t *body = json_object();
    (void)json_put_bool(body, "required", required);
    (void)json_put(body, "content", content("application/json", schema));
    return body;
}

/* ── what is answered ── */

/* The shapes of "Status or LimitedStatus or text/plain", without the text. */
static json_t *answer_schema(const char *answer)
{
    char name[TITLE_MAX];
    json_t *list = json_array();
    for (const char *next = answer; next != NULL; answer = next + strlen(" or ")) {
        next = strstr(answer, " or ");
        size_t length = next == NULL ? strlen(answer) : (size_t)(next - answer);
        (void)str_copy_n(name, sizeof name, answer, length);
        if (!str_equal(name, TEXT))
            (void)json_array_append_new(list, schema_type(name));
        if (next == NULL)
            break;
    }
    if (json_array_size(list) < 2) {
        json_t *only = json_incref(json_array_get(list, 0));
        json_decref(list);
        return only;
    }
    json_t *either = json_object();
    (void)json_put(either, "anyOf", list);
    return either;
}

static json_t *answer_content(const struct operation *o)
{
    if (str_starts(o->answer, "text/"))
        return content(o->answer, schema_type("text"));
    json_t *schema = answer_schema(o->answer);
    json_t *types = schema == NULL ? json_object() : content("application/json", schema);
    if (strstr(o->answer, TEXT) != NULL) {
        JSON_CLEANUP json_t *text = content(TEXT, schema_type("text"));
        (void)json_object_update(types, text);
    }
    return types;
}

static json_t *headers(const struct operation *o)
{
    static const char *const limited[] = {"X-RateLimit-Limit", "X-RateLimit-Remaining",
                                          "X-RateLimit-Reset"};
    json_t *list = json_object();
    (void)json_put(list, "X-Request-Id", reference("headers", "X-Request-Id"));
    for (size_t i = 0; i < ARRAY_LENGTH(limited) && o->rate != RATE_NONE; i++)
        (void)json_put(list, limited[i], reference("headers", limited[i]));
    return list;
}

static void put_answer(json_t *responses, const struct operation *o, const char *status,
                       const char *description, json_t *shape)
{
    json_t *answer = json_object();
    (void)json_put_text(answer, "description", description);
    (void)json_put(answer, "headers", headers(o));
    if (shape != NULL)
        (void)json_put(answer, "content", shape);
    (void)json_put(responses, status, answer);
}

static bool has_field(const struct operation *o, const char *name)
{
    for (const struct field *f = o->fields; f->name != NULL; f++)
        if (str_equal(f->name, name))
            return true;
    return false;
}

/* What a path or a field names need not be there, nor a fleet. */
static bool may_miss(const struct operation *o)
{
    return o->on_service || str_starts(o->path, "/api/fleet") || has_field(o, "service") ||
           (o->fields->name != NULL && in_path(o, o->fields->name));
}

/* Whoever guesses passwords has to wait, too. */
static bool may_be_too_often(const struct operation *o)
{
    return o->rate != RATE_NONE || o == &operations[OP_LOGIN] || has_field(o, "current_password");
}

static json_t *responses(const struct operation *o)
{
    json_t *list = json_object();
    bool has_body = !is_get(o);
    if (is_websocket(o))
        put_answer(list, o, "101", "A WebSocket: text frames, one object each.", NULL);
    else if (o->begins)
        put_answer(list, o, "202", "It has begun.", answer_content(o));
    else
        put_answer(list, o, "200", "Done.", answer_content(o));
    if (o->act != ACT_NONE)
        put_answer(list, o, "202", "It goes on: Redis still loads its data.", answer_content(o));
    if (o->copy != COPY_NONE && o->copy != COPY_DOCUMENT)
        put_answer(list, o, "304", "It is still what If-None-Match names by its ETag.", NULL);
    const struct {
        bool applies;
        const char *status;
    } failures[] = {
        {true, "400"},
        /* A credential that is no longer good is refused wherever it comes. */
        {true, "401"},
        /* A token may be for other services, a login elsewhere give no role here. */
        {true, "403"},
        {may_miss(o), "404"},
        {has_body || o->of_user, "409"},
        {has_body, "411"},
        {has_body, "413"},
        {has_body, "415"},
        {o->act != ACT_NONE || o->planned, "422"},
        {may_be_too_often(o), "429"},
        {true, "500"},
        {true, "503"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(failures); i++)
        if (failures[i].applies)
            (void)json_put(list, failures[i].status, reference("responses", failures[i].status));
    return list;
}

/* ── who may ── */

static void add_scheme(json_t *list, bool bearer, bool csrf)
{
    json_t *one = json_object();
    (void)json_put(one, bearer ? "bearer" : "cookie", json_array());
    if (!bearer && csrf)
        (void)json_put(one, "csrf", json_array());
    (void)json_array_append_new(list, one);
}

static json_t *security(const struct operation *o)
{
    json_t *list = json_array();
    if (o->least == ACCESS_ANONYMOUS)
        (void)json_array_append_new(list, json_object());
    add_scheme(list, true, false);
    add_scheme(list, false, !is_get(o));
    return list;
}

/* ── the parts of the document ── */

static const char *const rate_words[RATE_CLASS_COUNT] = {
    [RATE_START] = "start",     [RATE_STOP] = "stop",     [RATE_RESTART] = "restart",
    [RATE_STATUS] = "status",   [RATE_HEALTH] = "health", [RATE_LOGS] = "logs",
    [RATE_REFRESH] = "refresh", [RATE_NOTIFY] = "notify", [RATE_TASK] = "task",
    [RATE_WRITE] = "write",
};

/* The part of the path that says what it is about. */
static json_t *tags(const struct operation *o)
{
    static const char *const parts[] = {"services", "auth",   "users",        "tokens",
                                        "audit",    "access", "notifications"};
    const char *tag = "daemon";
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        const char *at = strstr(o->path, parts[i]);
        if (at != NULL && at[-1] == '/') {
            tag = parts[i];
            break;
        }
    }
    json_t *list = json_array();
    (void)json_array_append_new(list, json_string(tag));
    return list;
}

static json_t *operation_object(const struct operation *o)
{
    json_t *object = json_object();
    json_t *asked = parameters(o);
    (void)json_put_text(object, "operationId", o->name);
    (void)json_put_text(object, "summary", o->summary);
    (void)json_put(object, "tags", tags(o));
    (void)json_put_text(object, "x-least-role", access_name(o->least));
    if (o->rate != RATE_NONE)
        (void)json_put_text(object, "x-rate-limit", rate_words[o->rate]);
    if (o->budget_ms > 0)
        (void)json_put_int(object, "x-budget-ms", o->budget_ms);
    if (is_websocket(o)) {
        (void)json_put_bool(object, "x-websocket", true);
        (void)json_put(object, "x-message", answer_schema(o->answer));
    }
    if (json_array_size(asked) > 0)
        (void)json_put(object, "parameters", asked);
    else
        json_decref(asked);
    if (!is_get(o))
        (void)json_put(object, "requestBody", request_body(o));
    (void)json_put(object, "responses", responses(o));
    (void)json_put(object, "security", security(o));
    return object;
}

static json_t *paths(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        const struct operation *o = &operations[i];
        char method[16];
        (void)str_copy(method, sizeof method, is_websocket(o) ? "GET" : o->method);
        for (char *c = method; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
        json_t *path = json_object_get(all, o->path);
        if (path == NULL) {
            path = json_object();
            (void)json_put(all, o->path, path);
        }
        (void)json_put(path, method, operation_object(o));
    }
    return all;
}

static json_t *header(const char *description, const char *type)
{
    json_t *h = json_object();
    (void)json_put_text(h, "description", description);
    (void)json_put(h, "schema", schema_type(type));
    return h;
}

static json_t *failure_responses(void)
{
    static const struct {
        const char *status, *description;
    } rows[] = {
        {"400", "Bad input; the message names the field."},
        {"401", "Not logged in, or no longer: WWW-Authenticate says how."},
        {"403", "Not allowed to this role or token, or the CSRF token is missing."},
        {"404", "There is none."},
        {"409", "It cannot be now: another operation runs, or it stands otherwise already."},
        {"411", "Content-Length is missing: chunked bodies are not taken."},
        {"413", "The body is larger than 64 KiB."},
        {"415", "With a cookie only application/json is taken."},
        {"422", "Blocked: details.blockers says by what; admins may force."},
        {"429", "Too many calls: Retry-After says when."},
        {"500", "It failed; details has the command's exit_code and stderr."},
        {"503", "The host cannot be reached, or nothing can be told now."},
    };
    json_t *list = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *answer = json_object();
        json_t *sent = json_object();
        (void)json_put_text(answer, "description", rows[i].description);
        (void)json_put(sent, "X-Request-Id", reference("headers", "X-Request-Id"));
        if (str_equal(rows[i].status, "429"))
            (void)json_put(sent, "Retry-After", reference("headers", "Retry-After"));
        if (str_equal(rows[i].status, "401"))
            (void)json_put(sent, "WWW-Authenticate", reference("headers", "WWW-Authenticate"));
        (void)json_put(answer, "headers", sent);
        (void)json_put(answer, "content", content("application/json", schema_type("Error")));
        (void)json_put(list, rows[i].status, answer);
    }
    return list;
}

static json_t *scheme(const char *type, const char *place, const char *name)
{
    json_t *s = json_object();
    (void)json_put_text(s, "type", type);
    (void)json_put_text(s, place == NULL ? "scheme" : "in", place == NULL ? name : place);
    if (place != NULL)
        (void)json_put_text(s, "name", name);
    return s;
}

static json_t *security_schemes(void)
{
    json_t *list = json_object();
    (void)json_put(list, "bearer", scheme("http", NULL, "bearer"));
    (void)json_put(list, "cookie", scheme("apiKey", "cookie", "__Host-resus"));
    (void)json_put(list, "csrf", scheme("apiKey", "header", "X-CSRF-Token"));
    return list;
}

static json_t *header_components(void)
{
    json_t *list = json_object();
    (void)json_put(list, "X-Request-Id", header("Names this request in the audit file.", "text"));
    (void)json_put(list, "X-RateLimit-Limit", header("Calls a minute.", "whole"));
    (void)json_put(list, "X-RateLimit-Remaining", header("What is left of them.", "whole"));
    (void)json_put(list, "X-RateLimit-Reset",
                   header("When the window starts again: Unix time.", "whole"));
    (void)json_put(list, "Retry-After", header("Seconds.", "whole"));
    (void)json_put(list, "WWW-Authenticate", header("How to log in.", "text"));
    return list;
}

static json_t *components(void)
{
    json_t *schemas = json_object();
    for (const struct shape *shape = shapes; shape->name != NULL; shape++)
        (void)json_put(schemas, shape->name, schema_shape(shape));
    json_t *pattern = schema_type("text");
    (void)json_put_text(pattern, "pattern", SERVICE_PATTERN);
    json_t *asked = json_object();
    (void)json_put(asked, "service", parameter("id", "path", true, pattern));
    json_t *all = json_object();
    (void)json_put(all, "schemas", schemas);
    (void)json_put(all, "parameters", asked);
    (void)json_put(all, "headers", header_components());
    (void)json_put(all, "responses", failure_responses());
    (void)json_put(all, "securitySchemes", security_schemes());
    return all;
}

json_t *openapi_document(void)
{
    json_t *license = json_object();
    (void)json_put_text(license, "name", "Apache 2.0");
    (void)json_put_text(license, "identifier", "Apache-2.0");
    json_t *info = json_object();
    (void)json_put_text(info, "title", "Resus");
    (void)json_put_text(info, "version", API_VERSION);
    (void)json_put_text(info, "description", about);
    (void)json_put(info, "license", license);
    json_t *here = json_object();
    (void)json_put_text(here, "url", "/");
    json_t *servers = json_array();
    (void)json_array_append_new(servers, here);
    json_t *document = json_object();
    (void)json_put_text(document, "openapi", "3.1.0");
    (void)json_put(document, "info", info);
    (void)json_put(document, "servers", servers);
    (void)json_put(document, "paths", paths());
    (void)json_put(document, "components", components());
    return document;
}
