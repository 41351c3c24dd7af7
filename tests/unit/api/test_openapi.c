/* The OpenAPI document: made of the two tables, complete, and without a reference to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "api/frame.h"
#include "api/openapi.h"
#include "api/operations.h"
#include "api/schema.h"
#include "base/json.h"
#include "base/str.h"

static json_t *document;

static int make(void **state)
{
    (void)state;
    document = openapi_document();
    return document == NULL ? -1 : 0;
}

static int drop(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

static const json_t *at(const json_t *from, const char *first, const char *second)
{
    const json_t *value = json_object_get(json_object_get(from, first), second);
    assert_non_null(value);
    return value;
}

static const json_t *described(enum operation_id id)
{
    static const struct {
        const char *method, *key;
    } keys[] = {
        {"GET", "get"}, {"WS", "get"}, {"POST", "post"}, {"PATCH", "patch"}, {"DELETE", "delete"}};
    const struct operation *o = &operations[id];
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (str_equal(keys[i].method, o->method))
            return at(json_object_get(document, "paths"), o->path, keys[i].key);
    fail_msg("no key for the method of %s", o->name);
    return NULL;
}

static void every_operation_is_described_once(void **state)
{
    (void)state;
    const char *path, *method;
    json_t *item, *operation;
    size_t count = 0;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const json_t *o = described((enum operation_id)i);
        assert_string_equal(json_text_or(o, "operationId", ""), operations[i].name);
        assert_string_equal(json_text_or(o, "summary", ""), operations[i].summary);
        assert_string_equal(json_text_or(o, "x-least-role", ""), access_name(operations[i].least));
    }
    json_object_foreach(json_object_get(document, "paths"), path, item)
        json_object_foreach(item, method, operation)
            count++;
    assert_int_equal(count, OPERATION_COUNT);
}

static void every_field_is_a_parameter_or_in_the_body(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++)
        for (const struct field *f = operations[i].fields; f->name != NULL; f++) {
            const json_t *o = described((enum operation_id)i);
            size_t k, found = 0;
            json_t *parameter;
            json_array_foreach(json_object_get(o, "parameters"), k, parameter)
                found += str_equal(json_text_or(parameter, "name", ""), f->name);
            const json_t *body = json_object_get(
                json_object_get(json_object_get(json_object_get(o, "requestBody"), "content"),
                                "application/json"),
                "schema");
            found += json_object_get(json_object_get(body, "properties"), f->name) != NULL;
            assert_int_equal(found, 1);
        }
}

/* Walks everything: what is referred to is there, and nothing is null. */
static void check_references(const json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;
    assert_false(json_is_null(value));
    json_array_foreach(value, i, inner)
        check_references(inner);
    json_object_foreach((json_t *)value, key, inner) {
        check_references(inner);
        if (!str_equal(key, "$ref"))
            continue;
        const char *to = json_string_value(inner);
        assert_true(str_starts(to, "#/components/"));
        to += strlen("#/components/");
        const char *slash = strchr(to, '/');
        assert_non_null(slash);
        char kind[64];
        assert_true(str_copy_n(kind, sizeof kind, to, (size_t)(slash - to)));
        assert_non_null(at(json_object_get(document, "components"), kind, slash + 1));
    }
}

static void what_is_referred_to_is_there(void **state)
{
    (void)state;
    check_references(document);
}

static void every_answer_names_shapes_that_exist(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const json_t *answers = json_object_get(described((enum operation_id)i), "responses");
        bool websocket = str_equal(operations[i].method, "WS");
        const char *status = websocket ? "101" : operations[i].begins ? "202" : "200";
        const json_t *good = json_object_get(answers, status);
        assert_non_null(good);
        if (!str_equal(status, "200"))
            assert_null(json_object_get(answers, "200"));
        const json_t *message = json_object_get(described((enum operation_id)i), "x-message");
        const char *type =
            str_starts(operations[i].answer, "text/") ? operations[i].answer : "application/json";
        const json_t *schema =
            websocket ? message
                      : json_object_get(json_object_get(json_object_get(good, "content"), type),
                                        "schema");
        assert_true(json_object_size(schema) == 1);
        assert_non_null(json_object_get(answers, "500"));
    }
}

static void every_shape_is_referred_to(void **state)
{
    (void)state;
    char *text = json_dumps(document, JSON_COMPACT);
    assert_non_null(text);
    for (const struct shape *shape = shapes; shape->name != NULL; shape++) {
        char wanted[128];
        assert_true(str_format(wanted, sizeof wanted, "#/components/schemas/%s\"", shape->name));
        if (strstr(text, wanted) == NULL)
            fail_msg("no answer has the shape %s", shape->name);
    }
    free(text);
}

static void every_type_of_a_shape_is_known(void **state)
{
    (void)state;
    for (const struct shape *shape = shapes; shape->name != NULL; shape++)
        for (const struct shape_member *m = shape->members; m->name != NULL; m++) {
            json_t *schema = schema_type(m->type);
            if (schema == NULL)
                fail_msg("%s.%s has the unknown type %s", shape->name, m->name, m->type);
            json_decref(schema);
        }
}

static void types_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *type, *schema; /* NULL: unknown */
    } rows[] = {
        {"text", "{\"type\":\"string\"}"},
        {"whole?", "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}"},
        {"[truth]", "{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}"},
        {"{number}", "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}"},
        {"[{anything}]",
         "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"additionalProperties\":{}}}"},
        {"=a|b", "{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}"},
        {"time", "{\"type\":\"string\",\"format\":\"date-time\"}"},
        {"Status", "{\"$ref\":\"#/components/schemas/Status\"}"},
        {"", NULL},
        {"?", NULL},
        {"Nothing", NULL},
        {"[Nothing]", NULL},
        {"[]", NULL},
        {"[text", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *schema = schema_type(rows[i].type);
        assert_int_equal(schema != NULL, rows[i].schema != NULL);
        char *text = schema == NULL ? NULL : json_dumps(schema, JSON_COMPACT);
        if (text != NULL)
            assert_string_equal(text, rows[i].schema);
        free(text);
        json_decref(schema);
    }
}

static void fields_have_the_bounds_of_the_table(void **state)
{
    (void)state;
    static const char *const few[] = {"one", "two", NULL};
    const struct {
        struct field field;
        const char *schema;
    } rows[] = {
        {{.name = "f", .type = FIELD_INT, .min = 1, .max = 10},
         "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10}"},
        {{.name = "f", .type = FIELD_INT, .min = 1, .max = INT64_MAX},
         "{\"type\":\"integer\",\"minimum\":1}"},
        {{.name = "f", .type = FIELD_REAL, .max = 3},
         "{\"type\":\"number\",\"minimum\":0,\"maximum\":3}"},
        {{.name = "f", .type = FIELD_BOOL}, "{\"type\":\"boolean\"}"},
        {{.name = "f", .type = FIELD_CHOICE, .choices = few},
         "{\"type\":\"string\",\"enum\":[\"one\",\"two\"]}"},
        {{.name = "f", .type = FIELD_SECRET, .min = 1, .max = 9},
         "{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,\"format\":\"password\"}"},
        {{.name = "f", .type = FIELD_TEXTS, .min = 1, .max = 9},
         "{\"type\":\"array\",\"maxItems\":64,\"items\":{\"type\":\"string\",\"minLength\":1,"
         "\"maxLength\":9}}"},
        {{.name = "f", .type = FIELD_OBJECT}, "{\"type\":\"object\"}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *schema = schema_field(&rows[i].field);
        char *text = json_dumps(schema, JSON_COMPACT);
        assert_string_equal(text, rows[i].schema);
        free(text);
        json_decref(schema);
    }
}

static void it_fits_into_a_frame(void **state)
{
    (void)state;
    char *text = json_dumps(document, 0);
    assert_non_null(text);
    assert_true(strlen(text) < FRAME_MAX / 2);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_described_once),
        cmocka_unit_test(every_field_is_a_parameter_or_in_the_body),
        cmocka_unit_test(what_is_referred_to_is_there),
        cmocka_unit_test(every_answer_names_shapes_that_exist),
        cmocka_unit_test(every_shape_is_referred_to),
        cmocka_unit_test(every_type_of_a_shape_is_known),
        cmocka_unit_test(types_are_read_as_they_are_written),
        cmocka_unit_test(fields_have_the_bounds_of_the_table),
        cmocka_unit_test(it_fits_into_a_frame),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
