/* Routes: every row of the table is found by its path and by nothing else, and what stands in a
 * query or body becomes arguments or a sentence that says what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/route.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static int find(const char *method, const char *path, struct route *ret)
{
    struct error err = {0};
    memset(ret, 0x55, sizeof *ret);
    int r = route_find(method, path, strlen(path), ret, &err);
    assert_int_equal(r < 0, err.text[0] != '\0');
    return r;
}

/* Puts something fitting for the values of a pattern. */
static void example_of(const struct operation *row, char *to, size_t size)
{
    to[0] = '\0';
    for (const char *p = row->path; *p != '\0'; p++) {
        if (*p != '{') {
            assert_true(str_append(to, size, "%c", *p));
            continue;
        }
        if (str_starts(p, "{id}"))
            assert_true(str_append(to, size, "redis-2_b"));
        else if (str_starts(p, "{n}"))
            assert_true(str_append(to, size, "42"));
        else
            assert_true(str_append(to, size, "slowlog"));
        p = strchr(p, '}');
    }
}

static void every_row_is_found_by_its_own_path(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        char path[256];
        struct route route;
        example_of(&operations[i], path, sizeof path);
        assert_int_equal(find(operations[i].method, path, &route), 0);
        assert_string_equal(operations[route.operation].name, operations[i].name);
        assert_string_equal(route.service, operations[i].on_service ? "redis-2_b" : "");
        assert_string_equal(route.allow, "");
    }
}

static void no_two_rows_answer_one_request(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++)
        for (int k = 0; k < OPERATION_COUNT; k++) {
            char path[256];
            struct route route;
            example_of(&operations[i], path, sizeof path);
            int r = find(operations[k].method, path, &route);
            if (r == 0 && str_equal(operations[k].method, operations[i].method))
                assert_int_equal(route.operation, i);
        }
}

static void every_value_of_a_path_is_the_service_or_a_field(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++)
        for (const char *p = strchr(operations[i].path, '{'); p != NULL; p = strchr(p + 1, '{')) {
            bool known = str_starts(p, "{id}") && operations[i].on_service;
            for (const struct field *f = operations[i].fields; f->name != NULL; f++) {
                char braced[80];
                assert_true(str_format(braced, sizeof braced, "{%s}", f->name));
                known = known || (str_starts(p, braced) && f->required);
            }
            assert_true(known);
        }
}

static void tricks_with_paths_lead_nowhere(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "api/services",
        "/api",
        "/api/",
        "/api/services/",
        "//api/services",
        "/api//services",
        "/api/./services",
        "/api/../api/services",
        "/api/services/redis",
        "/api/services/redis/",
        "/api/services/redis/status/",
        "/api/services/redis//status",
        "/api/services//status",
        "/api/services/./status",
        "/api/services/../status",
        "/api/services/redis/../redis/status",
        "/api/services/redis%2fstatus",
        "/api/services/%72edis/status",
        "/api/services/redis%00/status",
        "/api/services/redis/status%00",
        "/api/services/redis/%73tatus",
        "/api/services/redis/status;a=b",
        "/api/services/redis/statusx",
        "/api/services/redis/statu",
        "/api/services/redis /status",
        "/api/services/re\xc3\xa4is/status",
        "/api/services/redis\\status",
        "/API/services/redis/status",
        "/api/services/redis/STATUS",
        "/api/services/{id}/status",
        "/api/users/",
        "/api/users/1/2",
        "/healthz/",
        "/healthz.json",
        "/openapi.json/",
        "/api/services/"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */
        "/status",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        struct route route;
        assert_int_equal(find("GET", paths[i], &route), -ENOENT);
        assert_string_equal(route.allow, "");
    }
    struct route route;
    struct error err;
    static const char nul[] = "/api/services\0/redis/status";
    assert_int_equal(route_find("GET", nul, sizeof nul - 1, &route, &err), -ENOENT);
    /* No byte behind the length is looked at. */
    assert_int_equal(route_find("GET", "/api/servicesX", 13, &route, &err), 0);
    assert_int_equal(route.operation, OP_SERVICES);
}

static void another_method_is_told_which_would_do(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *allow;
        int result;
    } rows[] = {
        {"POST", "/api/services", "GET", -ENOTSUP},
        {"DELETE", "/api/services/redis/auto-recovery", "GET, PATCH", -ENOTSUP},
        {"GET", "/api/services/redis/restart", "POST", -ENOTSUP},
        {"PUT", "/api/users", "GET, POST", -ENOTSUP},
        {"GET", "/api/users/7", "PATCH", -ENOTSUP},
        {"OPTIONS", "/healthz", "GET", -ENOTSUP},
        {"HEAD", "/healthz", "GET", -ENOTSUP},
        {"get", "/healthz", "GET", -ENOTSUP},
        {"", "/healthz", "GET", -ENOTSUP},
        {"WS", "/healthz", "GET", -ENOTSUP},
        {"POST", "/ws/services/redis/status", "GET", -ENOTSUP},
        {"GET", "/ws/services/redis/status", "GET", -EINVAL},
        {"POST", "/nowhere", "", -ENOENT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct route route;
        assert_int_equal(find(rows[i].method, rows[i].path, &route), rows[i].result);
        assert_string_equal(route.allow, rows[i].allow);
    }
}

/* The arguments as text with sorted keys, or the error's text. */
static int args_of(const char *method, const char *path, const char *query, const char *body,
                   char *to, size_t size)
{
    struct route route;
    struct error err = {0};
    json_t *args = NULL;
    assert_int_equal(find(method, path, &route), 0);
    int r = route_args(&route, query, strlen(query), body, strlen(body), &args, &err);
    if (r < 0) {
        assert_null(args);
        assert_true(str_copy(to, size, err.text));
        return r;
    }
    assert_true(json_is_object(args));
    char *text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(text);
    assert_true(str_copy(to, size, text));
    free(text);
    json_decref(args);
    return r;
}

#define LOGS "/api/services/redis/logs"
#define AUDIT "/api/audit"

static void queries_become_arguments_of_the_rows_types(void **state)
{
    (void)state;
    static const struct {
        const char *path, *query, *args;
    } rows[] = {
        {LOGS, "", "{}"},
        {LOGS, "lines=50", "{\"lines\":50}"},
        {LOGS, "lines=50&level=error", "{\"level\":\"error\",\"lines\":50}"},
        {LOGS, "%6cines=5%30", "{\"lines\":50}"},
        {LOGS, "since=2025-10-10T14:30:00Z", "{\"since\":\"2025-10-10T14:30:00Z\"}"},
        {LOGS, "since=2025-10-10T14:30:00+02:00", "{\"since\":\"2025-10-10T14:30:00+02:00\"}"},
        {LOGS, "since=2025-10-10T14%3A30%3A00%2B02%3A00",
         "{\"since\":\"2025-10-10T14:30:00+02:00\"}"},
        {AUDIT, "user=a+b%2Bc%20d", "{\"user\":\"a b+c d\"}"},
        {AUDIT, "user=%C3%A4%E2%82%AC", "{\"user\":\"\xc3\xa4\xe2\x82\xac\"}"},
        {AUDIT, "user=a=b", "{\"user\":\"a=b\"}"},
        {AUDIT, "user=", "{\"user\":\"\"}"},
        {AUDIT, "limit=999999999999999999", "{\"limit\":999999999999999999}"},
        {"/api/services/redis/inspect/slowlog", "", "{\"what\":\"slowlog\"}"},
        {"/metrics", "service=redis", "{\"service\":\"redis\"}"},
        /* not of the type: left as it is, for the table's check to name */
        {LOGS, "lines=many", "{\"lines\":\"many\"}"},
        {LOGS, "lines=+5", "{\"lines\":\" 5\"}"},
        {LOGS, "lines=5.0", "{\"lines\":\"5.0\"}"},
        {LOGS, "lines=9223372036854775808", "{\"lines\":\"9223372036854775808\"}"},
        {LOGS, "lines=", "{\"lines\":\"\"}"},
        {LOGS, "nonsense=1", "{\"nonsense\":\"1\"}"},
        {LOGS, "token=1", "{\"token\":\"1\"}"},
        /* a client's own, against caches */
        {LOGS, "_cb=1700&lines=50&_t=1", "{\"lines\":50}"},
        {LOGS, "_=%ZZ", "{}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char got[512];
        assert_int_equal(args_of("GET", rows[i].path, rows[i].query, "", got, sizeof got), 0);
        assert_string_equal(got, rows[i].args);
    }
}

static void values_become_numbers_and_truths_as_their_fields_say(void **state)
{
    (void)state;
    static const struct {
        enum field_type type;
        const char *value, *args;
    } rows[] = {
        {FIELD_REAL, "1.5", "{\"f\":1.5}"},     {FIELD_REAL, "1e5", "{\"f\":\"1e5\"}"},
        {FIELD_BOOL, "true", "{\"f\":true}"},   {FIELD_BOOL, "false", "{\"f\":false}"},
        {FIELD_BOOL, "yes", "{\"f\":\"yes\"}"}, {FIELD_TEXT, "true", "{\"f\":\"true\"}"},
        {FIELD_INT, "-7", "{\"f\":-7}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct field f = {.name = "f", .type = rows[i].type};
        struct route route = {.operation = OP_STATUS, .in_path = &f};
        json_t *args = NULL;
        assert_true(str_copy(route.value, sizeof route.value, rows[i].value));
        assert_int_equal(route_args(&route, "", 0, "", 0, &args, NULL), 0);
        char *text = json_dumps(args, JSON_COMPACT);
        assert_string_equal(text, rows[i].args);
        free(text);
        json_decref(args);
    }
}

static void a_malformed_query_is_refused_and_not_echoed(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "lines",
        "lines&level=error",
        "=5",
        "&",
        "&lines=5",
        "lines=5&",
        "lines=5&&level=x",
        "lines=%",
        "lines=%5",
        "lines=%5g",
        "lines=%zz",
        "lines=5%",
        "lines=%00",
        "lines=a%0d",
        "lines=a%0Ab",
        "lines=%7f",
        "lines=%1b",
        "lines=%ff",
        "lines=%c0%80",
        "lines=%ed%a0%80",
        "lines=%c3",
        "lines=\xff",
        "lines=\n",
        "%00=5",
        "%ff=5",
        "lines=5&lines=5",
        "lines=5&%6Cines=6",
        "xEcHo=1&xEcHo=2",
        "lines=xEcHo%",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(queries); i++) {
        char got[512];
        assert_int_equal(args_of("GET", LOGS, queries[i], "", got, sizeof got), -EINVAL);
        assert_null(strstr(got, "xEcHo"));
        assert_true(str_utf8(got, strlen(got)));
    }
    char got[512];
    assert_int_equal(args_of("GET", LOGS, "lines=5&lines=6", "", got, sizeof got), -EINVAL);
    assert_non_null(strstr(got, "`lines` twice"));
}

static void a_query_may_be_as_long_as_its_limit_and_no_longer(void **state)
{
    (void)state;
    static char query[ROUTE_QUERY_MAX + 2], got[ROUTE_QUERY_MAX + 100];
    memset(query, 'a', ROUTE_QUERY_MAX + 1);
    memcpy(query, "user=", 5);
    query[ROUTE_QUERY_MAX] = '\0';
    assert_int_equal(args_of("GET", AUDIT, query, "", got, sizeof got), 0);
    query[ROUTE_QUERY_MAX] = 'a';
    assert_int_equal(args_of("GET", AUDIT, query, "", got, sizeof got), -EINVAL);
}

static void bodies_are_one_json_object_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body, *args; /* NULL: refused */
        const char *says;
    } rows[] = {
        {"", "{}", NULL},
        {"{}", "{}", NULL},
        {" \r\n\t{ } \n", "{}", NULL},
        {"{\"reason\":\"x\",\"force\":true}", "{\"force\":true,\"reason\":\"x\"}", NULL},
        {"{\"reason\":null}", "{\"reason\":null}", NULL},
        {"{\"reason\":\"\\u00e4\"}", "{\"reason\":\"\xc3\xa4\"}", NULL},
        {"{\"nonsense\":1}", "{\"nonsense\":1}", NULL}, /* the table's check names it */
        {" ", NULL, "not JSON"},
        {"[]", NULL, "object"},
        {"null", "{}", NULL},
        {"[null]", NULL, "object"},
        {"true", NULL, "object"},
        {"1", NULL, "object"},
        {"\"secret\"", NULL, "object"},
        {"{", NULL, "not JSON"},
        {"{}}", NULL, "not JSON"},
        {"{} {}", NULL, "not JSON"},
        {"{\"reason\":}", NULL, "not JSON"},
        {"{\"reason\":'x'}", NULL, "not JSON"},
        {"{reason:\"x\"}", NULL, "not JSON"},
        {"{\"reason\":\"x\",}", NULL, "not JSON"},
        {"{\"reason\":\"secret\nline\"}", NULL, "not JSON"},
        {"{\"reason\":01}", NULL, "not JSON"},
        {"{\"reason\":NaN}", NULL, "not JSON"},
        {"/* */{}", NULL, "not JSON"},
        {"\xef\xbb\xbf{}", NULL, "not JSON"},
        {"reason=secret&force=true", NULL, "not JSON"},
        {"{\"reason\":\"x\",\"reason\":\"x\"}", NULL, "twice"},
        {"{\"reason\":\"x\",\"re\\u0061son\":\"y\"}", NULL, "twice"},
        {"{\"a\":{\"b\":1,\"b\":1}}", NULL, "twice"},
        {"{\"reason\":\"\\u0000\"}", NULL, "NUL"},
        {"{\"re\\u0000ason\":1}", NULL, "NUL"},
        {"{\"reason\":\"\xff\"}", NULL, "UTF-8"},
        {"{\"reason\":\"\xc0\x80\"}", NULL, "UTF-8"},
        {"{\"reason\":\"\\ud800\"}", NULL, ""},
        {"{\"reason\":1e999}", NULL, "too large"},
        {"{\"reason\":99999999999999999999}", NULL, "too large"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char got[512];
        int r = args_of("POST", "/api/services/redis/restart", "", rows[i].body, got, sizeof got);
        assert_int_equal(r, rows[i].args == NULL ? -EINVAL : 0);
        if (r == 0)
            assert_string_equal(got, rows[i].args);
        else
            assert_non_null(strstr(got, rows[i].says));
        assert_null(strstr(got, "secret"));
    }
}

static void a_body_may_be_as_large_and_as_deep_as_its_limits(void **state)
{
    (void)state;
    static char body[ROUTE_BODY_MAX + 2], got[ROUTE_BODY_MAX + 100];
    memset(body, 'a', ROUTE_BODY_MAX);
    memcpy(body, "{\"reason\":\"", 11);
    memcpy(body + ROUTE_BODY_MAX - 2, "\"}", 3);
    assert_int_equal(args_of("POST", "/api/services/redis/restart", "", body, got, sizeof got), 0);
    memcpy(body + ROUTE_BODY_MAX - 2, "a\"}", 4);
    assert_int_equal(args_of("POST", "/api/services/redis/restart", "", body, got, sizeof got),
                     -EMSGSIZE);
    for (size_t depth = ROUTE_DEPTH_MAX; depth <= ROUTE_DEPTH_MAX + 1; depth++) {
        size_t n = 0;
        memcpy(body, "{\"a\":", 5);
        n = 5;
        for (size_t i = 1; i < depth; i++)
            body[n++] = '[';
        for (size_t i = 1; i < depth; i++)
            body[n++] = ']';
        memcpy(body + n, "}", 2);
        assert_int_equal(args_of("POST", "/api/services/redis/restart", "", body, got, sizeof got),
                         depth <= ROUTE_DEPTH_MAX ? 0 : -EINVAL);
    }
    /* Brackets in a text are no depth. */
    assert_int_equal(args_of("POST", "/api/services/redis/restart", "",
                             "{\"reason\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\\\"}", got,
                             sizeof got),
                     0);
}

static void fields_stand_where_they_belong(void **state)
{
    (void)state;
    char got[512];
    assert_int_equal(args_of("GET", LOGS, "", "{}", got, sizeof got), -EINVAL);
    assert_non_null(strstr(got, "no body"));
    assert_int_equal(args_of("WS", "/ws/services/redis/logs", "", "{}", got, sizeof got), -EINVAL);
    assert_int_equal(
        args_of("POST", "/api/services/redis/restart", "force=true", "", got, sizeof got), -EINVAL);
    assert_non_null(strstr(got, "no query"));
    assert_int_equal(args_of("PATCH", "/api/users/7", "", "{\"role\":\"admin\"}", got, sizeof got),
                     0);
    assert_string_equal(got, "{\"n\":7,\"role\":\"admin\"}");
    assert_int_equal(args_of("DELETE", "/api/tokens/999999999999999999", "", "", got, sizeof got),
                     0);
    assert_string_equal(got, "{\"n\":999999999999999999}");
    assert_int_equal(args_of("DELETE", "/api/tokens/abc", "", "", got, sizeof got), 0);
    assert_string_equal(got, "{\"n\":\"abc\"}");
    assert_int_equal(args_of("PATCH", "/api/users/7", "", "{\"n\":8}", got, sizeof got), -EINVAL);
    assert_non_null(strstr(got, "`n`"));
    assert_int_equal(args_of("PATCH", "/api/users/7", "", "{\"n\":null}", got, sizeof got),
                     -EINVAL);
    assert_int_equal(
        args_of("GET", "/api/services/redis/inspect/info", "what=slowlog", "", got, sizeof got),
        -EINVAL);
}

static void a_websockets_token_is_taken_out_of_its_query(void **state)
{
    (void)state;
    static const struct {
        const char *query, *token; /* NULL: refused */
    } rows[] = {
        {"", ""},
        {"since=5", ""},
        {"token=", ""},
        {"token=abc.def-_", "abc.def-_"},
        {"since=5&token=a%2Eb", "a.b"},
        {"token=123456789012345", "123456789012345"},
        {"token=1234567890123456", NULL},
        {"token=a&token=a", NULL},
        {"token=%", NULL},
        {"token=%00", NULL},
        {"token", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char token[16] = "untouched", got[512];
        struct error err = {0};
        int r = route_token(rows[i].query, strlen(rows[i].query), token, sizeof token, &err);
        assert_int_equal(r == 0, rows[i].token != NULL);
        assert_string_equal(token, r == 0 ? rows[i].token : "untouched");
        if (r == 0) {
            assert_int_equal(
                args_of("WS", "/ws/services/redis/status", rows[i].query, "", got, sizeof got), 0);
            assert_null(strstr(got, "token"));
        }
    }
}

static unsigned allocations_left;

static void *scarce(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left--;
    return malloc(size);
}

static void lack_of_memory_is_an_error_like_another(void **state)
{
    (void)state;
    static const char query[] = "since=2025-10-10T14:30:00Z&lines=5",
                      body[] = "{\"role\":\"admin\"}";
    struct route get, patch;
    assert_int_equal(find("GET", LOGS, &get), 0);
    assert_int_equal(find("PATCH", "/api/users/7", &patch), 0);
    json_set_alloc_funcs(scarce, free);
    for (int with_body = 0; with_body < 2; with_body++) {
        int r = -1;
        for (unsigned n = 0; r < 0 && n < 100; n++) {
            json_t *args = NULL;
            struct error err = {0};
            allocations_left = n;
            r = with_body ? route_args(&patch, "", 0, body, sizeof body - 1, &args, &err)
                          : route_args(&get, query, sizeof query - 1, "", 0, &args, &err);
            /* jansson does not always say why. */
            assert_true(r == 0 || r == -ENOMEM || with_body);
            assert_int_equal(r == 0, args != NULL);
            json_decref(args);
        }
        assert_int_equal(r, 0);
    }
    json_set_alloc_funcs(malloc, free);
}

static void each_refusal_has_its_http_status(void **state)
{
    (void)state;
    assert_int_equal(route_http_status(0), 200);
    assert_int_equal(route_http_status(-EINVAL), 400);
    assert_int_equal(route_http_status(-ENOENT), 404);
    assert_int_equal(route_http_status(-ENOTSUP), 405);
    assert_int_equal(route_http_status(-EMSGSIZE), 413);
    assert_int_equal(route_http_status(-ENOMEM), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_own_path),
        cmocka_unit_test(no_two_rows_answer_one_request),
        cmocka_unit_test(every_value_of_a_path_is_the_service_or_a_field),
        cmocka_unit_test(tricks_with_paths_lead_nowhere),
        cmocka_unit_test(another_method_is_told_which_would_do),
        cmocka_unit_test(queries_become_arguments_of_the_rows_types),
        cmocka_unit_test(values_become_numbers_and_truths_as_their_fields_say),
        cmocka_unit_test(a_malformed_query_is_refused_and_not_echoed),
        cmocka_unit_test(a_query_may_be_as_long_as_its_limit_and_no_longer),
        cmocka_unit_test(bodies_are_one_json_object_or_nothing),
        cmocka_unit_test(a_body_may_be_as_large_and_as_deep_as_its_limits),
        cmocka_unit_test(fields_stand_where_they_belong),
        cmocka_unit_test(a_websockets_token_is_taken_out_of_its_query),
        cmocka_unit_test(lack_of_memory_is_an_error_like_another),
        cmocka_unit_test(each_refusal_has_its_http_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
