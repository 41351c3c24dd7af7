/* A request of a stranger: method, path, query and body, each up to a line's end. Whatever it is,
 * it becomes arguments of a row or a sentence in UTF-8; a query's token is never among them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/route.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void arguments_of(const struct route *route, const char *query, size_t query_length,
                         const char *body, size_t body_length)
{
    const struct operation *row = &operations[route->operation];
    struct error err = {0};
    json_t *args = NULL;
    int r = route_args(route, query, query_length, body, body_length, &args, &err);
    if ((r == 0) != (args != NULL) || (r < 0 && err.text[0] == '\0') ||
        !str_utf8(err.text, strlen(err.text)))
        abort();
    if (r < 0)
        return;
    if (!json_is_object(args) ||
        (str_equal(row->method, "WS") && json_object_get(args, ROUTE_TOKEN_KEY) != NULL))
        abort();
    (void)!operation_check(row, args, &err);
    char *text = json_dumps(args, 0); /* fails for what is not UTF-8 */
    if (text == NULL)
        abort();
    free(text);
    json_decref(args);
}

static size_t piece(const char *text, size_t length)
{
    const char *end = memchr(text, '\n', length);
    return end == NULL ? length : (size_t)(end - text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", "WS", "PUT"};
    const char *text = (const char *)data;
    if (size == 0)
        return 0;
    const char *method = methods[data[0] % ARRAY_LENGTH(methods)];
    text++;
    size--;
    size_t path = piece(text, size);
    size_t behind = path < size ? path + 1 : path;
    const char *query = text + behind;
    size_t query_length = piece(query, size - behind);
    size_t body_at = behind + query_length + (behind + query_length < size);

    struct route route;
    struct error err = {0};
    char token[256] = "";
    int r = route_find(method, text, path, &route, &err);
    if (r < 0 && err.text[0] == '\0')
        abort();
    if (r == 0)
        arguments_of(&route, query, query_length, text + body_at, size - body_at);
    r = route_token(query, query_length, token, sizeof token, &err);
    if (r == 0 && !str_utf8(token, strlen(token)))
        abort();
    /* The same query and body for every row, whatever the path was. */
    for (int i = 0; i < OPERATION_COUNT; i++) {
        route = (struct route){.operation = (enum operation_id)i};
        bool by_query =
            str_equal(operations[i].method, "GET") || str_equal(operations[i].method, "WS");
        arguments_of(&route, query, by_query ? query_length : 0, text + body_at,
                     by_query ? 0 : size - body_at);
    }
    return 0;
}
