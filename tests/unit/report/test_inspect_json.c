/* What a look into Redis makes of what Redis says: of old servers that say less, and of numbers
 * that no Redis means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "redis/reply.h"
#include "report/inspect_json.h"

static json_t *shown(enum redis_request request, const char *text)
{
    const struct redis_answer a = {.request = request, .text = text, .text_length = strlen(text)};
    json_t *items = inspect_json(&a, false);
    assert_int_equal(json_array_size(items), 1);
    return items;
}

static void what_an_old_redis_does_not_tell_is_null_and_no_number(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *clients =
        shown(REDIS_CLIENT_LIST, "id=3 addr=127.0.0.1:5 fd=7 name= age=9 idle=2 db=0 cmd=get\n");
    const json_t *client = json_array_get(clients, 0);
    assert_int_equal(json_int_or(client, "age_seconds", -5), 9);
    assert_true(json_is_null(json_object_get(client, "memory_bytes")));
    JSON_CLEANUP json_t *commands =
        shown(REDIS_COMMANDSTATS, "cmdstat_get:calls=3,usec=12,usec_per_call=4.00\r\n");
    const json_t *command = json_array_get(commands, 0);
    assert_int_equal(json_int_or(command, "calls", -5), 3);
    assert_true(json_is_null(json_object_get(command, "rejected")));
    assert_true(json_is_null(json_object_get(command, "failed")));
}

static const char *slow_at(int64_t seconds, json_t **ret)
{
    struct redis_reply id = {.type = RESP_INTEGER, .integer = 1};
    struct redis_reply at = {.type = RESP_INTEGER, .integer = seconds};
    struct redis_reply took = {.type = RESP_INTEGER, .integer = INT64_MAX};
    struct redis_reply words = {.type = RESP_LIST};
    struct redis_reply *members[] = {&id, &at, &took, &words};
    struct redis_reply entry = {.type = RESP_LIST, .items = members, .count = 4};
    struct redis_reply *entries[] = {&entry};
    struct redis_reply list = {.type = RESP_LIST, .items = entries, .count = 1};
    const struct redis_answer a = {.request = REDIS_SLOWLOG, .reply = &list};
    *ret = inspect_json(&a, false);
    return json_text_or(json_array_get(*ret, 0), "timestamp", "");
}

static void a_slow_command_of_no_possible_time_is_shown_at_the_end_of_time(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{1760104800, "2025-10-10T14:00:00Z"},
                {INT64_MAX, "9999-12-31T23:59:59Z"},
                {INT64_MAX / 1000 + 1, "9999-12-31T23:59:59Z"},
                {INT64_MIN, "0000-01-01T00:00:00Z"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        JSON_CLEANUP json_t *items = NULL;
        assert_string_equal(slow_at(rows[i].seconds, &items), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_old_redis_does_not_tell_is_null_and_no_number),
        cmocka_unit_test(a_slow_command_of_no_possible_time_is_shown_at_the_end_of_time),
    };
    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
