/* Keys poured from one real server into another one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backups/proof_server.h"
#include "base/str.h"
#include "restore/pour.h"
#include "support/redis_server.h"

#define MANY 3000
#define CONFIG "enable-debug-command yes"

struct world {
    uv_loop_t loop;
    struct redis_server source, target;
    struct redis_settings from, to;
    struct pour_result result;
};

static void on_poured(void *context, const struct pour_result *result)
{
    struct world *w = context;
    w->result = *result;
}

static void say(const struct redis_server *s, const char *line)
{
    assert_true(redis_server_say(s, line)[0] != '-');
}

static int set_up(void **context)
{
    static struct world w;
    w = (struct world){.result = {.restored = 0}};
    redis_server_prepare(&w.source);
    redis_server_prepare(&w.target);
    redis_server_start(&w.source, CONFIG);
    redis_server_start(&w.target, CONFIG);
    (void)str_copy(w.from.socket, sizeof w.from.socket, w.source.socket);
    (void)str_copy(w.to.socket, sizeof w.to.socket, w.target.socket);
    char line[64];
    (void)str_format(line, sizeof line, "DEBUG POPULATE %d", MANY);
    say(&w.source, line);
    say(&w.source, "SET both new");
    say(&w.source, "PEXPIREAT key:7 4102444800000");
    say(&w.source, "RPUSH list a b c");
    say(&w.target, "SET both old");
    say(&w.target, "SET other 1");
    *context = &w;
    return uv_loop_init(&w.loop);
}

static int tear_down(void **context)
{
    struct world *w = *context;
    redis_server_end(&w->source);
    redis_server_end(&w->target);
    return uv_loop_close(&w->loop);
}

static void pour(struct world *w, enum restore_mode mode, int64_t db, const char *pattern)
{
    struct pour *p = NULL;
    const struct pour_options options = {.permit = &permit_alone,
                                         .source = &w->from,
                                         .target = &w->to,
                                         .mode = mode,
                                         .db = db,
                                         .pattern = pattern,
                                         .silence_ms = 60000};
    assert_int_equal(pour_start(&w->loop, &options, on_poured, w, &p, NULL), 0);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
}

static void is(const struct world *w, const char *line, const char *reply)
{
    const char *said = redis_server_say(&w->target, line);
    if (!str_starts(said, reply))
        fail_msg("%s: %s", line, said);
}

static void exact_leaves_the_keys_of_the_backup_and_no_others(void **context)
{
    struct world *w = *context;
    pour(w, RESTORE_EXACT, -1, "");
    assert_string_equal(w->result.error.text, "");
    assert_int_equal(w->result.restored, MANY + 2);
    assert_int_equal(w->result.removed, 1);
    is(w, "EXISTS other", ":0");
    is(w, "GET both", "$3\r\nnew");
    is(w, "PEXPIRETIME key:7", ":4102444800000");
    is(w, "LLEN list", ":3");
    char digest[100];
    (void)str_copy(digest, sizeof digest, redis_server_say(&w->source, "DEBUG DIGEST"));
    is(w, "DEBUG DIGEST", digest);
}

static void overwrite_leaves_other_keys(void **context)
{
    struct world *w = *context;
    pour(w, RESTORE_OVERWRITE, -1, "");
    assert_int_equal(w->result.restored, MANY + 2);
    is(w, "GET both", "$3\r\nnew");
    is(w, "EXISTS other", ":1");
}

static void missing_changes_no_key_that_is_there(void **context)
{
    struct world *w = *context;
    pour(w, RESTORE_MISSING, -1, "");
    assert_int_equal(w->result.restored, MANY + 1);
    assert_int_equal(w->result.kept, 1);
    is(w, "GET both", "$3\r\nold");
}

static void a_pattern_takes_only_its_keys_also_when_others_are_removed(void **context)
{
    struct world *w = *context;
    say(&w->target, "SET lost:1 x");
    say(&w->source, "SET lost:2 y");
    pour(w, RESTORE_EXACT, -1, "lost:*");
    assert_int_equal(w->result.restored, 1);
    assert_int_equal(w->result.removed, 1);
    is(w, "EXISTS lost:1", ":0");
    is(w, "DBSIZE", ":3");
}

static void a_database_is_copied_alone(void **context)
{
    struct world *w = *context;
    say(&w->source, "MOVE list 5");
    pour(w, RESTORE_EXACT, 5, "");
    assert_int_equal(w->result.restored, 1);
    assert_int_equal(w->result.removed, 0);
    is(w, "DBSIZE", ":2");
    is(w, "MOVE other 5", ":1");
    pour(w, RESTORE_EXACT, 5, "");
    assert_int_equal(w->result.removed, 1);
}

static void large_values_arrive_whole(void **context)
{
    struct world *w = *context;
    say(&w->source, "FLUSHALL");
    say(&w->source, "SETRANGE large 20000000 x");
    for (int i = 0; i < 8; i++) {
        char line[64];
        (void)str_format(line, sizeof line, "SETRANGE l%d 3000000 x", i);
        say(&w->source, line);
    }
    pour(w, RESTORE_EXACT, -1, "");
    assert_string_equal(w->result.error.text, "");
    is(w, "STRLEN large", ":20000001");
    is(w, "DBSIZE", ":9");
}

static void a_target_without_room_ends_it_with_the_reason(void **context)
{
    struct world *w = *context;
    say(&w->target, "CONFIG SET maxmemory 1");
    pour(w, RESTORE_OVERWRITE, -1, "");
    assert_int_equal(w->result.error.code, -EIO);
    assert_non_null(strstr(w->result.error.text, "OOM"));
    is(w, "GET both", "$3\r\nold");
}

static void a_target_that_ends_is_an_error_and_no_hang(void **context)
{
    struct world *w = *context;
    redis_server_kill(&w->target);
    pour(w, RESTORE_OVERWRITE, -1, "");
    assert_int_not_equal(w->result.error.code, 0);
    assert_non_null(strstr(w->result.error.text, "Redis"));
}

static void a_cancelled_one_says_nothing_more(void **context)
{
    struct world *w = *context;
    struct pour *p = NULL;
    const struct pour_options options = {.permit = &permit_alone,
                                         .source = &w->from,
                                         .target = &w->to,
                                         .db = -1,
                                         .pattern = "",
                                         .silence_ms = 60000};
    w->result.restored = -1;
    assert_int_equal(pour_start(&w->loop, &options, on_poured, w, &p, NULL), 0);
    while (pour_so_far(p)->restored == 0 && uv_run(&w->loop, UV_RUN_ONCE) != 0)
        ;
    pour_cancel(p);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->result.restored, -1);
}

/* ── the right to change the target ── */

struct right {
    struct world *w;
    enum permit_state state;
    int asked, good_after; /* looks until it is good; 0 = it stays as it is */
    int ended;
};

static enum permit_state look(void *context, int service, uint64_t number)
{
    struct right *r = context;
    (void)service, (void)number;
    if (r->good_after > 0 && ++r->asked >= r->good_after)
        r->state = PERMIT_GOOD;
    return r->state;
}

static void end_right(void *context, int service, uint64_t number)
{
    struct right *r = context;
    (void)service, (void)number;
    r->ended++;
}

static struct pour *pour_under(struct right *r, bool given)
{
    struct pour *p = NULL;
    const struct permit permit = {.look = look, .end = end_right, .context = r};
    const struct pour_options options = {.permit = given ? &permit : NULL,
                                         .source = &r->w->from,
                                         .target = &r->w->to,
                                         .mode = RESTORE_OVERWRITE,
                                         .db = -1,
                                         .pattern = "",
                                         .silence_ms = 60000};
    assert_int_equal(pour_start(&r->w->loop, &options, on_poured, r->w, &p, NULL), 0);
    return p;
}

static void without_a_permit_no_key_is_written(void **context)
{
    struct right r = {.w = *context, .state = PERMIT_GOOD};
    (void)pour_under(&r, false);
    (void)uv_run(&r.w->loop, UV_RUN_DEFAULT);
    assert_int_equal(r.w->result.error.code, -EPERM);
    is(r.w, "DBSIZE", ":2");
    is(r.w, "GET both", "$3\r\nold");
}

static void keys_wait_until_the_permit_is_good_again(void **context)
{
    struct right r = {.w = *context, .state = PERMIT_WAIT, .good_after = 10};
    (void)pour_under(&r, true);
    (void)uv_run(&r.w->loop, UV_RUN_DEFAULT);
    assert_int_equal(r.w->result.error.code, 0);
    assert_int_equal(r.w->result.restored, MANY + 2);
    assert_int_equal(r.ended, 1);
}

static void a_permit_that_is_over_ends_it_between_two_keys(void **context)
{
    struct right r = {.w = *context, .state = PERMIT_GOOD};
    struct pour *p = pour_under(&r, true);
    while (pour_so_far(p)->restored == 0 && uv_run(&r.w->loop, UV_RUN_ONCE) != 0)
        ;
    r.state = PERMIT_OVER;
    (void)uv_run(&r.w->loop, UV_RUN_DEFAULT);
    assert_int_equal(r.w->result.error.code, -EPERM);
    assert_in_range(r.w->result.restored, 1, MANY);
    assert_int_equal(r.ended, 1);
}

/* The whole way: the file, a server of ours that serves it, the pour. */
struct served_file {
    struct world *w;
    struct proof_server *server;
    bool poured, ended;
    int64_t loaded;
};

static void on_file_poured(void *context, const struct pour_result *result)
{
    struct served_file *s = context;
    s->w->result = *result;
    s->poured = true;
    proof_server_cancel(s->server);
}

static void on_file_served(void *context, const struct redis_settings *redis,
                           const struct proof_server_result *result)
{
    struct served_file *s = context;
    struct pour *p = NULL;
    const struct pour_options options = {.permit = &permit_alone,
                                         .source = redis,
                                         .target = &s->w->to,
                                         .mode = RESTORE_OVERWRITE,
                                         .db = -1,
                                         .pattern = "",
                                         .silence_ms = 60000};
    assert_int_equal(result->loaded + result->expired, 4);
    s->loaded = result->loaded;
    assert_int_equal(pour_start(&s->w->loop, &options, on_file_poured, s, &p, NULL), 0);
}

static void on_file_ended(void *context, const struct proof_server_result *result)
{
    struct served_file *s = context;
    (void)result;
    s->ended = true;
}

static void a_backup_is_poured_from_a_server_of_our_own(void **context)
{
    struct world *w = *context;
    struct served_file s = {.w = w};
    const struct proof_server_options options = {.server = "redis-server",
                                                 .file = TEST_DATA "/redis7.rdb",
                                                 .folder = w->target.folder.path,
                                                 .databases = 16,
                                                 .within_ms = 60000,
                                                 .ready = on_file_served,
                                                 .serve_ms = 60000};
    assert_int_equal(proof_server_start(&w->loop, &options, on_file_ended, &s, &s.server, NULL), 0);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_true(s.poured && !s.ended);
    assert_int_equal(w->result.error.code, 0);
    assert_int_equal(w->result.restored, s.loaded);
    assert_true(s.loaded >= 2); /* two of the four have a TTL */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exact_leaves_the_keys_of_the_backup_and_no_others),
        TEST(overwrite_leaves_other_keys),
        TEST(missing_changes_no_key_that_is_there),
        TEST(a_pattern_takes_only_its_keys_also_when_others_are_removed),
        TEST(a_database_is_copied_alone),
        TEST(large_values_arrive_whole),
        TEST(a_target_without_room_ends_it_with_the_reason),
        TEST(a_target_that_ends_is_an_error_and_no_hang),
        TEST(a_backup_is_poured_from_a_server_of_our_own),
        TEST(a_cancelled_one_says_nothing_more),
        TEST(without_a_permit_no_key_is_written),
        TEST(keys_wait_until_the_permit_is_good_again),
        TEST(a_permit_that_is_over_ends_it_between_two_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
