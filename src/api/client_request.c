#include "api/client_request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define VALUE_MAX 1024 /* bytes of one value of a query, not yet encoded */
#define NAME_MAX_BYTES 63

static bool by_query(const struct operation *o)
{
    return str_equal(o->method, "GET") || str_equal(o->method, "WS");
}

static bool in_path(const struct operation *o, const char *name)
{
    char braced[NAME_MAX_BYTES + 3];
    return str_format(braced, sizeof braced, "{%s}", name) && strstr(o->path, braced) != NULL;
}

/* A scalar as text; false for what has none. */
static bool text_of(const json_t *value, char *to, size_t size)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return str_copy(to, size, json_string_value(value));
    case JSON_INTEGER:
        return str_format(to, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return str_format(to, size, "%.6f", json_real_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return str_copy(to, size, json_is_true(value) ? "true" : "false");
    default:
        return false;
    }
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static int encode(struct buf *to, const char *text)
{
    int r = 0;
    for (; r == 0 && *text != '\0'; text++)
        r = is_plain(*text) ? buf_append(to, text, 1)
                            : buf_printf(to, "%%%02X", (unsigned)(unsigned char)*text);
    return r;
}

static int put_path(const struct operation *o, const char *service, const json_t *args,
                    struct buf *target, struct error *err)
{
    char value[VALUE_MAX], name[NAME_MAX_BYTES + 1];
    const char *p = o->path;
    while (*p != '\0') {
        size_t plain = strcspn(p, "{");
        if (buf_append(target, p, plain) < 0)
            return error_set(err, -ENOBUFS, "the request is too long");
        p += plain;
        if (*p == '\0')
            break;
        size_t length = strcspn(p + 1, "}");
        (void)str_copy_n(name, sizeof name, p + 1, length);
        const json_t *given = json_object_get(args, name);
        bool is_service = o->on_service && str_equal(name, "id");
        bool there = is_service ? service != NULL && str_copy(value, sizeof value, service)
                                : given != NULL && text_of(given, value, sizeof value);
        if (!there || value[0] == '\0')
            return error_set(err, -EINVAL, "%s needs %s", o->name, is_service ? "a service" : name);
        if (encode(target, value) < 0)
            return error_set(err, -ENOBUFS, "the request is too long");
        p += length + 2;
    }
    return 0;
}

static int put_query(const struct operation *o, const json_t *args, struct buf *target,
                     struct error *err)
{
    const char *name;
    json_t *given;
    char value[VALUE_MAX];
    const char *join = "?";
    json_object_foreach((json_t *)args, name, given) /* the macro's iterator is not const */
    {
        if (json_is_null(given) || in_path(o, name))
            continue;
        if (!text_of(given, value, sizeof value))
            return error_set(err, -EINVAL, "`%s` cannot stand in a query", name);
        int r = buf_append(target, join, 1);
        if (r == 0)
            r = encode(target, name);
        if (r == 0)
            r = buf_append(target, "=", 1);
        if (r == 0)
            r = encode(target, value);
        if (r < 0)
            return error_set(err, r, "the request is too long");
        join = "&";
    }
    return 0;
}

static int put_body(const struct operation *o, const json_t *args, struct buf *body,
                    struct error *err)
{
    json_t *fields JSON_CLEANUP = json_object();
    const char *name;
    json_t *given;
    json_object_foreach((json_t *)args, name, given)
        if (!in_path(o, name)) {
            if (json_object_set(fields, name, given) < 0)
                return error_set(err, -ENOMEM, "no memory for a request");
        }
    char *text = json_dumps(fields, JSON_COMPACT | JSON_WRITE_FLAGS);
    if (text == NULL)
        return error_set(err, -ENOMEM, "no memory for a request");
    int r = buf_append(body, text, strlen(text));
    mem_wipe(text, strlen(text)); /* it may hold a password */
    free(text);
    return r < 0 ? error_set(err, r, "the request is too long") : 0;
}

int client_request_make(const struct operation *o, const char *service, const json_t *args,
                        struct buf *target, struct buf *body, struct error *err)
{
    int r = put_path(o, service, args, target, err);
    if (r < 0)
        return r;
    return by_query(o) ? put_query(o, args, target, err) : put_body(o, args, body, err);
}
