/* Requests: what the command line makes of an operation is what the router reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "api/client_request.h"
#include "api/route.h"
#include "base/json.h"
#include "base/str.h"

#define AWKWARD "a b&c=d/?#%+\"\\\xc3\xa4~"

/* Something that the field takes; in a path a word of letters and digits. */
static json_t *example(const struct operation *o, const struct field *f)
{
    char in_path[64];
    (void)str_format(in_path, sizeof in_path, "{%s}", f->name);
    bool word = f->type == FIELD_TEXT || f->type == FIELD_SECRET;
    if (word && strstr(o->path, in_path) != NULL)
        return json_string("1234567");
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
        return json_string(f->max < (int64_t)strlen(AWKWARD) ? "1234567" : AWKWARD);
    case FIELD_INT:
        return json_integer(f->min + 1);
    case FIELD_REAL:
        return json_real((double)f->min + 0.5);
    case FIELD_BOOL:
        return json_true();
    case FIELD_CHOICE:
        return json_string(f->choices[0]);
    case FIELD_DURATION:
        return json_string("2h");
    case FIELD_TIME:
        return json_string("2025-10-10T14:30:00+02:00");
    case FIELD_OBJECT:
        return json_object();
    case FIELD_TEXTS:
        return json_pack("[s]", AWKWARD);
    }
    return NULL;
}

static void what_is_asked_for_arrives(const struct operation *o, const json_t *args)
{
    struct buf target = BUF_LIMIT(8192), body = BUF_LIMIT(65536);
    struct error err = {0};
    struct route route;
    json_t *read = NULL;
    assert_int_equal(
        client_request_make(o, o->on_service ? "redis-2" : NULL, args, &target, &body, &err), 0);
    const char *text = buf_text(&target);
    size_t path = strcspn(text, "?");
    const char *query = text[path] == '?' ? text + path + 1 : "";
    assert_int_equal(route_find(o->method, text, path, &route, &err), 0);
    assert_string_equal(operations[route.operation].name, o->name);
    assert_string_equal(route.service, o->on_service ? "redis-2" : "");
    assert_int_equal(
        route_args(&route, query, strlen(query), buf_text(&body), body.length, &read, &err), 0);
    assert_int_equal(operation_check(o, read, &err), 0);
    assert_true(json_equal(read, args));
    json_decref(read);
    buf_free(&target);
    buf_free(&body);
}

static void every_operation_arrives_with_all_its_fields_or_only_the_needed(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++)
        for (int all = 0; all < 2; all++) {
            json_t *args = json_object();
            for (const struct field *f = operations[i].fields; f->name != NULL; f++)
                if (all || f->required)
                    assert_true(json_put(args, f->name, example(&operations[i], f)));
            what_is_asked_for_arrives(&operations[i], args);
            json_decref(args);
        }
}

static void what_has_no_place_in_a_request_is_refused(void **state)
{
    (void)state;
    struct buf target = BUF_LIMIT(8192), body = BUF_LIMIT(100);
    struct error err = {0};
    assert_int_equal(client_request_make(&operations[OP_STATUS], NULL, NULL, &target, &body, &err),
                     -EINVAL);
    assert_int_equal(client_request_make(&operations[OP_STATUS], "", NULL, &target, &body, &err),
                     -EINVAL);
    assert_int_equal(
        client_request_make(&operations[OP_TOKEN_REVOKE], NULL, NULL, &target, &body, &err),
        -EINVAL);
    assert_non_null(strstr(err.text, "n"));
    json_t *args = json_pack("{s:[]}", "user");
    assert_int_equal(client_request_make(&operations[OP_AUDIT], NULL, args, &target, &body, &err),
                     -EINVAL);
    json_decref(args);
    struct buf small = BUF_LIMIT(10);
    assert_int_equal(client_request_make(&operations[OP_SERVICES], NULL, NULL, &small, &body, &err),
                     -ENOBUFS);
    buf_free(&small);
    buf_free(&target);
    buf_free(&body);
}

static void a_services_name_cannot_leave_its_place(void **state)
{
    (void)state;
    struct buf target = BUF_LIMIT(8192), body = BUF_LIMIT(100);
    struct route route;
    assert_int_equal(
        client_request_make(&operations[OP_STATUS], "../users?x=/", NULL, &target, &body, NULL), 0);
    assert_string_equal(buf_text(&target), "/api/services/..%2Fusers%3Fx%3D%2F/status");
    assert_int_equal(route_find("GET", target.data, target.length, &route, NULL), -ENOENT);
    buf_free(&target);
    buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_arrives_with_all_its_fields_or_only_the_needed),
        cmocka_unit_test(what_has_no_place_in_a_request_is_refused),
        cmocka_unit_test(a_services_name_cannot_leave_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
