#include "api/schema.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "core/retry.h"

#define TYPE_MAX 160 /* bytes of a type in shapes.h's words */
#define DURATION_PATTERN "^([0-9]+(ms|s|m|h|d)?)+$"

static json_t *object_of_type(const char *type)
{
    json_t *schema = json_object();
    (void)json_put_text(schema, "type", type);
    return schema;
}

/* Bounds that are no bounds are left out: a reader would take them for meant. */
static void put_bounds(json_t *schema, const char *low, const char *high, const struct field *f)
{
    (void)json_put_int(schema, low, f->min);
    if (f->max < INT64_MAX)
        (void)json_put_int(schema, high, f->max);
}

static json_t *choices(const char *const *words)
{
    json_t *schema = object_of_type("string");
    json_t *list = json_array();
    for (size_t i = 0; words[i] != NULL; i++)
        (void)json_array_append_new(list, json_string(words[i]));
    (void)json_put(schema, "enum", list);
    return schema;
}

static json_t *text(const struct field *f)
{
    json_t *schema = object_of_type("string");
    put_bounds(schema, "minLength", "maxLength", f);
    return schema;
}

static json_t *number(const char *type, const struct field *f)
{
    json_t *schema = object_of_type(type);
    put_bounds(schema, "minimum", "maximum", f);
    return schema;
}

static json_t *duration(const struct field *f)
{
    json_t *schema = json_object();
    json_t *either = json_array();
    json_t *written = object_of_type("string");
    (void)json_put_text(written, "pattern", DURATION_PATTERN);
    (void)json_array_append_new(either, number("number", f));
    (void)json_array_append_new(either, written);
    (void)json_put(schema, "anyOf", either);
    return schema;
}

json_t *schema_field(const struct field *f)
{
    json_t *schema;
    switch (f->type) {
    case FIELD_TEXT:
        return text(f);
    case FIELD_SECRET:
        schema = text(f);
        (void)json_put_text(schema, "format", "password");
        return schema;
    case FIELD_TEXTS:
        schema = object_of_type("array");
        (void)json_put_int(schema, "maxItems", OPERATION_TEXTS_MAX);
        (void)json_put(schema, "items", text(f));
        return schema;
    case FIELD_INT:
        return number("integer", f);
    case FIELD_REAL:
        return number("number", f);
    case FIELD_BOOL:
        return object_of_type("boolean");
    case FIELD_CHOICE:
        return choices(f->choices);
    case FIELD_DURATION:
        return duration(f);
    case FIELD_TIME:
        schema = object_of_type("string");
        (void)json_put_text(schema, "format", "date-time");
        return schema;
    case FIELD_OBJECT:
        return object_of_type("object");
    }
    return NULL;
}

static bool is_shape(const char *name)
{
    for (const struct shape *shape = shapes; shape->name != NULL; shape++)
        if (str_equal(shape->name, name))
            return true;
    return false;
}

static json_t *reference(const char *name)
{
    char place[TYPE_MAX + 32];
    json_t *schema = json_object();
    (void)str_format(place, sizeof place, "#/components/schemas/%s", name);
    (void)json_put_text(schema, "$ref", place);
    return schema;
}

static json_t *words(const char *list)
{
    json_t *schema = object_of_type("string");
    json_t *array = json_array();
    for (const char *end; *list != '\0'; list = *end == '|' ? end + 1 : end) {
        end = list + strcspn(list, "|");
        (void)json_array_append_new(array, json_stringn(list, (size_t)(end - list)));
    }
    (void)json_put(schema, "enum", array);
    return schema;
}

/* "[text]" or "{text}": the type between, NULL for any other text. */
static json_t *within(const char *type, size_t length)
{
    char inner[TYPE_MAX];
    (void)str_copy_n(inner, sizeof inner, type + 1, length - 2);
    return schema_type(inner);
}

static json_t *plain_type(const char *type)
{
    size_t length = strlen(type);
    bool list = length > 2 && type[0] == '[' && type[length - 1] == ']';
    bool map = length > 2 && type[0] == '{' && type[length - 1] == '}';
    json_t *schema = NULL;
    if (list || map) {
        json_t *inner = within(type, length);
        schema = inner == NULL ? NULL : object_of_type(list ? "array" : "object");
        if (inner != NULL)
            (void)json_put(schema, list ? "items" : "additionalProperties", inner);
    } else if (type[0] == '=') {
        schema = words(type + 1);
    } else if (str_equal(type, "text")) {
        schema = object_of_type("string");
    } else if (str_equal(type, "time")) {
        schema = object_of_type("string");
        (void)json_put_text(schema, "format", "date-time");
    } else if (str_equal(type, "whole")) {
        schema = object_of_type("integer");
    } else if (str_equal(type, "number")) {
        schema = object_of_type("number");
    } else if (str_equal(type, "truth")) {
        schema = object_of_type("boolean");
    } else if (str_equal(type, "anything")) {
        schema = json_object();
    } else if (str_equal(type, "channel_type")) {
        schema = choices(channel_words);
    } else if (is_shape(type)) {
        schema = reference(type);
    }
    return schema;
}

static json_t *or_null(json_t *schema)
{
    json_t *either = json_object();
    json_t *list = json_array();
    (void)json_array_append_new(list, schema);
    (void)json_array_append_new(list, object_of_type("null"));
    (void)json_put(either, "anyOf", list);
    return either;
}

json_t *schema_type(const char *type)
{
    char plain[TYPE_MAX];
    size_t length = strlen(type);
    if (length == 0 || length >= sizeof plain)
        return NULL;
    bool nullable = type[length - 1] == '?';
    (void)str_copy_n(plain, sizeof plain, type, length - nullable);
    json_t *schema = plain_type(plain);
    return schema == NULL || !nullable ? schema : or_null(schema);
}

json_t *schema_shape(const struct shape *shape)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    for (const struct shape_member *m = shape->members; m->name != NULL; m++) {
        char name[TYPE_MAX];
        size_t length = strlen(m->name);
        bool optional = length > 0 && m->name[length - 1] == '?';
        (void)str_copy_n(name, sizeof name, m->name, length - optional);
        json_t *schema = schema_type(m->type);
        if (m->about != NULL)
            (void)json_put_text(schema, "description", m->about);
        (void)json_put(properties, name, schema);
        if (!optional)
            (void)json_array_append_new(required, json_string(name));
    }
    json_t *schema = object_of_type("object");
    (void)json_put_text(schema, "description", shape->about);
    (void)json_put(schema, "properties", properties);
    if (json_array_size(required) > 0)
        (void)json_put(schema, "required", required);
    else
        json_decref(required);
    return schema;
}
