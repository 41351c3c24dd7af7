/* The facts of a plan from a real server and a manifest; a restore on disk and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "restore/helper_facts.h"
#include "restore/job_json.h"
#include "restore/plan_facts.h"
#include "support/redis_server.h"

struct asked {
    struct restore_plan_facts facts;
    struct plan_names names;
};

static void on_replies(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct asked *a = context;
    assert_null(err);
    plan_facts_of_target(&a->facts, replies, &a->names);
}

static void ask(const char *config, struct asked *a)
{
    struct redis_server server;
    struct redis_settings redis = {.port = 0};
    struct query *q = NULL;
    uv_loop_t loop;
    redis_server_prepare(&server);
    redis_server_start(&server, config);
    (void)redis_server_say(&server, "SET a 1");
    (void)str_copy(redis.socket, sizeof redis.socket, server.socket);
    const struct query_options options = {
        .redis = &redis, .commands = plan_commands, .count = PLAN_COMMANDS, .within_ms = 60000};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(query_start(&loop, &options, on_replies, a, &q, NULL), 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    redis_server_end(&server);
}

static void a_server_says_what_it_can_hold(void **context)
{
    (void)context;
    static struct asked a;
    a = (struct asked){.facts = {.aof_start = RESTORE_YES}};
    ask("maxmemory 100mb\ndatabases 4\nappendonly yes", &a);
    assert_true(a.facts.answers && !a.facts.replica && !a.facts.cluster && !a.facts.valkey);
    assert_int_equal(a.facts.maxmemory_bytes, 104857600);
    assert_int_equal(a.facts.databases, 4);
    assert_int_equal(a.facts.aof, RESTORE_YES);
    assert_int_equal(a.facts.target_keys, 1);
    assert_int_equal(a.facts.target_module_count, 0);
    assert_true(a.facts.target_major >= 6);
    if (a.facts.target_major == 7)
        assert_in_range(a.facts.target_rdb_version, 10, 11);
}

static void on_refused(void *context, struct redis_reply *const *replies, const struct error *err)
{
    int *code = context;
    *code = replies == NULL ? err->code : 0;
}

static int change(const char *const words[3], const struct permit *permit)
{
    struct redis_server server;
    struct redis_settings redis = {.port = 0};
    struct query *q = NULL;
    uv_loop_t loop;
    int code = 1;
    redis_server_prepare(&server);
    redis_server_start(&server, "");
    (void)str_copy(redis.socket, sizeof redis.socket, server.socket);
    const struct query_command commands[] = {{{"INFO"}}, {{words[0], words[1], words[2], "7"}}};
    const struct query_options options = {
        .redis = &redis, .commands = commands, .count = 2, .within_ms = 60000, .permit = permit};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(query_start(&loop, &options, on_refused, &code, &q, NULL), 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    redis_server_end(&server);
    return code;
}

static void what_is_not_known_to_read_needs_a_permit(void **context)
{
    static const char *const set[] = {"CONFIG", "SET", "slowlog-max-len"};
    static const char *const rewrite[] = {"CONFIG", "REWRITE", NULL};
    static const char *const flush[] = {"FLUSHALL", NULL, NULL};
    const struct permit none = {0};
    (void)context;
    assert_int_equal(change(set, NULL), -EPERM);
    assert_int_equal(change(set, &none), -EPERM);
    assert_int_equal(change(rewrite, NULL), -EPERM);
    assert_int_equal(change(flush, NULL), -EPERM);
    assert_int_equal(change(set, &permit_alone), 0);
}

static void a_server_that_does_not_answer_leaves_all_unknown(void **context)
{
    (void)context;
    struct plan_names names;
    struct restore_plan plan;
    struct restore_plan_facts f = {.method = RESTORE_BY_FILE, .proved = true, .can_place = true};
    plan_facts_of_target(&f, NULL, &names);
    restore_plan(&f, &plan);
    assert_true((plan.blockers >> RESTORE_BLOCKED_VERSION_UNKNOWN & 1) != 0);
    assert_true((plan.blockers >> RESTORE_BLOCKED_AOF_UNKNOWN & 1) != 0);
}

static void versions_before_functions_are_known_by_the_server(void **context)
{
    (void)context;
    char dump[] = "\x0c\x00"
                  "12345678";
    const struct redis_reply error = {.type = RESP_ERROR, .text = dump, .length = 3};
    const struct redis_reply eight = {.type = RESP_BULK, .text = dump, .length = 10};
    assert_int_equal(plan_rdb_version(&eight, 8), 12);
    assert_int_equal(plan_rdb_version(&error, 6), 9);
    assert_int_equal(plan_rdb_version(&error, 7), RESTORE_UNKNOWN_VALUE); /* without the right */
}

static void a_manifest_says_what_the_backup_needs(void **context)
{
    (void)context;
    static struct manifest m;
    m = (struct manifest){.proved = PROOF_LOADED,
                          .rdb_version = 10,
                          .file_count = 1,
                          .database_count = 3,
                          .databases = {{0, 4, 2}, {9, 1, 0}, {12, 0, 0}},
                          .used_memory_bytes = 77};
    m.files[0].bytes = 219;
    struct restore_plan_facts f = {.proved = false};
    plan_facts_of_backup(&f, &m);
    assert_true(f.proved);
    assert_int_equal(f.keys, 5);
    assert_int_equal(f.highest_db, 9);
    assert_int_equal(f.bytes, 219);
    assert_int_equal(f.used_memory_bytes, 77);
}

static void a_restore_is_read_as_it_was_written(void **context)
{
    (void)context;
    struct restore_job back;
    for (int s = 0; s < RESTORE_STATE_COUNT; s++) {
        const struct restore_job job = {.state = (enum restore_state)s,
                                        .staged = "20261129T023000.123Z",
                                        .place_aof = s % 2 == 0,
                                        .was_running = s % 3 == 0};
        json_t *json = job_json(&job);
        assert_non_null(json);
        assert_int_equal(job_read(json, &back, NULL), 0);
        assert_int_equal(back.state, job.state);
        assert_string_equal(back.staged, job.staged);
        assert_int_equal(back.place_aof, job.place_aof);
        assert_int_equal(back.was_running, job.was_running);
        assert_true(json_put_text(json, "staged", "../../etc"));
        assert_int_equal(job_read(json, &back, NULL), -EBADMSG);
        json_decref(json);
    }
}

/* ── the helper's answer: foreign text ── */

#define ANSWER                                                                                     \
    "{\"free_bytes\": 100, \"reserve_bytes\": 10, \"max_bytes\": 90, \"dump_bytes\": 5, "          \
    "\"aof_bytes\": -1, \"manifest\": false, \"running\": true, \"newest_aside\": \"\", \"dir\": " \
    "\"/var/lib/redis\", \"dbfilename\": \"dump.rdb\", \"appenddirname\": \"appendonlydir\", "     \
    "\"appendfilename\": \"appendonly.aof\", \"config\": [[\"dir\", \"/var/lib/redis\"], "         \
    "[\"databases\", \"4\"]], \"appendonly\": true}"

static void count_line(void *context, const char *name, const char *value)
{
    int *count = context;
    (void)name;
    (void)value;
    (*count)++;
}

static int read_answer(const char *text, struct placement_place *place, struct error *err)
{
    struct placement_facts facts;
    enum redis_conf_aof aof = REDIS_CONF_AOF_UNKNOWN;
    int count = 0;
    int r = helper_facts_read(text, place, &facts, &aof, count_line, &count, err);
    if (r == 0) {
        assert_int_equal(facts.free_bytes, 100);
        assert_true(facts.running);
        assert_int_equal(aof, REDIS_CONF_AOF_ON);
        assert_int_equal(count, 2);
    }
    return r;
}

static void the_helpers_answer_is_read_and_each_wrong_member_is_named(void **context)
{
    static const struct {
        const char *from, *to, *named;
    } rows[] = {
        {"\"free_bytes\": 100", "\"free_bytes\": -1", "free_bytes"},
        {"\"free_bytes\": 100", "\"free_bytes\": 1e3", "free_bytes"},
        {"\"dir\": \"/var/lib/redis\"", "\"dir\": \"/var/../etc\"", "dir"},
        {"dump.rdb", "../dump.rdb", "dbfilename"},
        {"appendonlydir", "", "appenddirname"},
        {"\"running\": true", "\"running\": 1", "running"},
        {"\"newest_aside\": \"\"", "\"newest_aside\": \"..\"", "newest_aside"},
        {"\"appendonly\": true", "\"appendonly\": \"yes\"", "appendonly"},
        {"[\"databases\", \"4\"]", "[\"databases\", 4]", "config"},
        {"[\"databases\", \"4\"]", "\"databases\"", "config"},
        {"[[\"dir\", \"/var/lib/redis\"]", "[[\"dir\", \"/elsewhere\"]", "let both say the same"},
        {"true}", "true", ""},
    };
    (void)context;
    struct placement_place place = {.bytes_max = 0};
    struct error err = {0};
    assert_int_equal(read_answer(ANSWER, &place, &err), 0);
    assert_string_equal(place.dir, "/var/lib/redis");
    assert_int_equal(place.reserve_bytes, 10);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char text[1024];
        const char *at = strstr(ANSWER, rows[i].from);
        assert_non_null(at);
        assert_true(str_format(text, sizeof text, "%.*s%s%s", (int)(at - ANSWER), ANSWER,
                               rows[i].to, at + strlen(rows[i].from)));
        assert_true(read_answer(text, &place, &err) < 0);
        assert_non_null(strstr(err.text, rows[i].named));
    }
    assert_true(read_answer("", &place, &err) < 0);
    assert_true(read_answer("[]", &place, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_to_read_needs_a_permit),
        cmocka_unit_test(the_helpers_answer_is_read_and_each_wrong_member_is_named),
        cmocka_unit_test(a_server_says_what_it_can_hold),
        cmocka_unit_test(a_server_that_does_not_answer_leaves_all_unknown),
        cmocka_unit_test(versions_before_functions_are_known_by_the_server),
        cmocka_unit_test(a_manifest_says_what_the_backup_needs),
        cmocka_unit_test(a_restore_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
