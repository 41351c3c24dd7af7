#include "api/route.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"

#define VALUES_MAX 2 /* {id} and one more */

/* Where the values of a pattern stand in a path. */
struct values {
    size_t count;
    const char *name[VALUES_MAX], *text[VALUES_MAX];
    size_t name_length[VALUES_MAX], length[VALUES_MAX];
};

static bool value_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static bool value_good(const char *text, size_t length)
{
    bool dots = length <= 2;
    for (size_t i = 0; dots && i < length; i++)
        dots = text[i] == '.';
    return length > 0 && length <= ROUTE_VALUE_MAX && !dots;
}

static bool matches(const char *pattern, const char *path, const char *end, struct values *ret)
{
    struct values found;
    found.count = 0;
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (path == end || *pattern != *path)
                return false;
            pattern++;
            path++;
            continue;
        }
        const char *name = pattern + 1, *start = path;
        const char *close = strchr(name, '}');
        if (close == NULL || found.count == VALUES_MAX)
            return false;
        while (path < end && value_byte(*path))
            path++;
        if (!value_good(start, (size_t)(path - start)))
            return false;
        found.name[found.count] = name;
        found.name_length[found.count] = (size_t)(close - name);
        found.text[found.count] = start;
        found.length[found.count++] = (size_t)(path - start);
        pattern = close + 1;
    }
    if (path != end)
        return false;
    *ret = found;
    return true;
}

static const struct field *field_named(const struct operation *row, const char *name, size_t length)
{
    for (const struct field *f = row->fields; f->name != NULL; f++)
        if (strlen(f->name) == length && memcmp(f->name, name, length) == 0)
            return f;
    return NULL;
}

static void keep_values(const struct operation *row, const struct values *values, struct route *ret)
{
    for (size_t i = 0; i < values->count; i++) {
        const struct field *f = field_named(row, values->name[i], values->name_length[i]);
        char *to = f == NULL ? ret->service : ret->value;
        (void)str_copy_n(to, ROUTE_VALUE_MAX + 1, values->text[i], values->length[i]);
        if (f != NULL)
            ret->in_path = f;
    }
}

int route_find(const char *method, const char *path, size_t length, struct route *ret,
               struct error *err)
{
    struct values values;
    bool websocket = false;
    memset(ret, 0, sizeof *ret);
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct operation *row = &operations[i];
        if (!matches(row->path, path, path + length, &values))
            continue;
        if (str_equal(row->method, method)) {
            ret->operation = (enum operation_id)i;
            ret->allow[0] = '\0';
            keep_values(row, &values, ret);
            return 0;
        }
        websocket = websocket || str_equal(row->method, "WS");
        (void)str_append(ret->allow, sizeof ret->allow, "%s%s", ret->allow[0] == '\0' ? "" : ", ",
                         str_equal(row->method, "WS") ? "GET" : row->method);
    }
    if (websocket && str_equal(method, "GET"))
        return error_set(err, -EINVAL, "this path speaks WebSocket: ask for an upgrade");
    if (ret->allow[0] != '\0')
        return error_set(err, -ENOTSUP, "this path takes %s", ret->allow);
    return error_set(err, -ENOENT, "there is nothing at this path");
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes into `to`, which holds `length` + 1 bytes. */
static int decode(const char *text, size_t length, bool plus_is_blank, char *to, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < length ? hex(text[i + 1]) : -1;
            int low = high < 0 ? -1 : hex(text[i + 2]);
            if (low < 0)
                return error_set(err, -EINVAL, "the query has a %% without two hex digits");
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || (unsigned char)c == 0x7F)
            return error_set(err, -EINVAL, "the query has a control character");
        to[n++] = c;
    }
    to[n] = '\0';
    if (!str_utf8(to, n))
        return error_set(err, -EINVAL, "the query is not UTF-8");
    return 0;
}

/* One `key=value` of a query, not yet decoded. */
struct pair {
    const char *key, *value;
    size_t key_length, value_length;
};

/* Takes the pair at the front of *rest. */
static int next_pair(const char **rest, size_t *length, struct pair *ret, struct error *err)
{
    const char *end = memchr(*rest, '&', *length);
    size_t piece = end == NULL ? *length : (size_t)(end - *rest);
    const char *equals = memchr(*rest, '=', piece);
    if (equals == NULL || equals == *rest || (end != NULL && piece + 1 == *length))
        return error_set(err, -EINVAL, "the query must be key=value, joined by &");
    *ret = (struct pair){*rest, equals + 1, (size_t)(equals - *rest),
                         piece - (size_t)(equals + 1 - *rest)};
    *rest += piece + (end != NULL);
    *length -= piece + (end != NULL);
    return 0;
}

static json_t *typed(const struct field *f, const char *text)
{
    int64_t whole;
    double real;
    if (f != NULL && f->type == FIELD_INT &&
        parse_int(text, INT64_MIN, INT64_MAX, &whole, NULL) == 0)
        return json_integer(whole);
    if (f != NULL && f->type == FIELD_REAL && parse_double(text, -1e15, 1e15, &real, NULL) == 0)
        return json_real(real);
    if (f != NULL && f->type == FIELD_BOOL && str_equal(text, "true"))
        return json_true();
    if (f != NULL && f->type == FIELD_BOOL && str_equal(text, "false"))
        return json_false();
    return json_string(text);
}

static int put_pair(const struct operation *row, const struct pair *pair, json_t *args,
                    struct error *err)
{
    char key[ROUTE_QUERY_MAX + 1], value[ROUTE_QUERY_MAX + 1];
    int r = decode(pair->key, pair->key_length, true, key, err);
    if (r < 0)
        return r;
    const struct field *f = field_named(row, key, strlen(key));
    r = decode(pair->value, pair->value_length, f == NULL || f->type != FIELD_TIME, value, err);
    if (r < 0)
        return r;
    bool is_token = operation_takes_query_token(row) && str_equal(key, ROUTE_TOKEN_KEY);
    if (json_object_get(args, key) != NULL)
        r = error_set(err, -EINVAL, "the query names %s%s%s twice", f == NULL ? "" : "`",
                      f == NULL ? "a field" : f->name, f == NULL ? "" : "`");
    else if (!is_token && !json_put(args, key, typed(f, value)))
        r = error_set(err, -ENOMEM, "no memory for a query");
    mem_wipe(value, strlen(value)); /* it may be a token */
    return r;
}

static bool takes_query(const struct operation *row)
{
    return str_equal(row->method, "GET") || str_equal(row->method, "WS");
}

/* A name that begins with _ is the client's own, as a number against caches, and passed over. */
static int read_query(const struct operation *row, const char *query, size_t length, json_t *args,
                      struct error *err)
{
    if (length > ROUTE_QUERY_MAX)
        return error_set(err, -EINVAL, "the query is longer than %d bytes", ROUTE_QUERY_MAX);
    for (struct pair pair = {0}; length > 0;) {
        int r = next_pair(&query, &length, &pair, err);
        if (r == 0 && pair.key != NULL && pair.key[0] == '_')
            continue;
        if (r == 0 && !takes_query(row))
            r = error_set(err, -EINVAL, "a %s takes no query: its fields stand in the body",
                          row->method);
        if (r == 0)
            r = put_pair(row, &pair, args, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int route_token(const char *query, size_t query_length, char *to, size_t size, struct error *err)
{
    char token[ROUTE_QUERY_MAX + 1] = "";
    bool seen = false;
    int r = query_length > ROUTE_QUERY_MAX
                ? error_set(err, -EINVAL, "the query is longer than %d bytes", ROUTE_QUERY_MAX)
                : 0;
    for (struct pair pair = {0}; r == 0 && query_length > 0;) {
        r = next_pair(&query, &query_length, &pair, err);
        if (r < 0 || pair.key_length != strlen(ROUTE_TOKEN_KEY) ||
            memcmp(pair.key, ROUTE_TOKEN_KEY, pair.key_length) != 0)
            continue;
        r = seen ? error_set(err, -EINVAL, "the query names `" ROUTE_TOKEN_KEY "` twice")
                 : decode(pair.value, pair.value_length, true, token, err);
        seen = true;
    }
    if (r == 0 && strlen(token) >= size)
        r = error_set(err, -EMSGSIZE, "the token is too long");
    if (r == 0)
        (void)str_copy(to, size, token);
    mem_wipe(token, sizeof token);
    return r;
}

/* How deep objects and arrays stand in each other; an over-estimate for what is not JSON. */
static size_t depth_of(const char *body, size_t length)
{
    size_t depth = 0, deepest = 0;
    bool text = false;
    for (size_t i = 0; i < length; i++) {
        if (text && body[i] == '\\')
            i++;
        else if (body[i] == '"')
            text = !text;
        else if (!text && (body[i] == '{' || body[i] == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!text && (body[i] == '}' || body[i] == ']') && depth > 0)
            depth--;
    }
    return deepest;
}

/* jansson's own sentences quote the body, and a body may hold a password. */
static int not_json(const json_error_t *why, struct error *err)
{
    /* Without a line when not even the reader could be made. */
    if (why->line < 0 || json_error_code(why) == json_error_out_of_memory)
        return error_set(err, -ENOMEM, "no memory for a body");
    switch (json_error_code(why)) {
    case json_error_duplicate_key:
        return error_set(err, -EINVAL, "the body names a field twice (line %d)", why->line);
    case json_error_invalid_utf8:
        return error_set(err, -EINVAL, "the body is not UTF-8");
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return error_set(err, -EINVAL, "the body has a NUL character (line %d)", why->line);
    case json_error_numeric_overflow:
        return error_set(err, -EINVAL, "the body has a number that is too large (line %d)",
                         why->line);
    default:
        return error_set(err, -EINVAL, "the body is not JSON (line %d, column %d)", why->line,
                         why->column);
    }
}

static int read_body(const char *body, size_t length, json_t **ret, struct error *err)
{
    json_error_t why;
    if (length > ROUTE_BODY_MAX)
        return error_set(err, -EMSGSIZE, "the body is larger than %d bytes", ROUTE_BODY_MAX);
    if (depth_of(body, length) > ROUTE_DEPTH_MAX)
        return error_set(err, -EINVAL, "the body is nested deeper than %d levels", ROUTE_DEPTH_MAX);
    json_t *object = json_loadb(body, length, JSON_READ_FLAGS | JSON_DECODE_ANY, &why);
    if (object == NULL)
        return not_json(&why, err);
    if (json_is_null(object)) { /* clients that always send a body have nothing to say */
        json_decref(object);
        object = json_object();
        if (object == NULL)
            return error_set(err, -ENOMEM, "no memory for arguments");
    }
    if (!json_is_object(object)) {
        json_decref(object);
        return error_set(err, -EINVAL, "the body must be a JSON object");
    }
    *ret = object;
    return 0;
}

static int put_path_value(const struct route *route, json_t *args, struct error *err)
{
    const struct field *f = route->in_path;
    if (f == NULL)
        return 0;
    if (json_object_get(args, f->name) != NULL)
        return error_set(err, -EINVAL, "`%s` stands in the path and nowhere else", f->name);
    if (!json_put(args, f->name, typed(f, route->value)))
        return error_set(err, -ENOMEM, "no memory for a path");
    return 0;
}

int route_args(const struct route *route, const char *query, size_t query_length, const char *body,
               size_t body_length, json_t **ret, struct error *err)
{
    const struct operation *row = &operations[route->operation];
    if (takes_query(row) && body_length > 0)
        return error_set(err, -EINVAL, "a GET takes no body: its fields stand in the query");
    json_t *args JSON_CLEANUP = NULL;
    int r = 0;
    if (body_length > 0)
        r = read_body(body, body_length, &args, err);
    else if ((args = json_object()) == NULL)
        r = error_set(err, -ENOMEM, "no memory for arguments");
    if (r == 0)
        r = read_query(row, query, query_length, args, err);
    if (r == 0)
        r = put_path_value(route, args, err);
    if (r < 0)
        return r;
    *ret = json_incref(args);
    return 0;
}

int route_http_status(int r)
{
    switch (r) {
    case 0:
        return 200;
    case -EINVAL:
        return 400;
    case -ENOENT:
        return 404;
    case -ENOTSUP:
        return 405;
    case -EMSGSIZE:
        return 413;
    default:
        return 500;
    }
}
