/* The journal of restores: what is written is read back, also by a later version. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "restore/restores_inside.h"

static struct entry sample(void)
{
    struct entry e = {
        .state = RESTORES_HELD,
        .service = "redis",
        .source = "other",
        .backup = "20261129T023000Z",
        .method = RESTORE_BY_FILE,
        .mode = RESTORE_EXACT,
        .db = -1,
        .user = {.id = "u1", .email = "a@example.org", .role = "admin", .source_ip = "192.0.2.1"},
        .reason = "lost",
        .began = {1796000000000},
        .keys = 7,
        .keys_before = -1,
        .safety = "20261130T023000Z",
        .text = "Resus ended meanwhile",
        .restored = 1,
        .kept = 2,
        .expired = 3,
        .removed = 4,
        .orders = 2,
        .job = {.state = RESTORE_START_HELD,
                .staged = "20261129T023000.123Z",
                .place_aof = true,
                .was_running = true}};
    placement_defaults(&e.place);
    (void)str_copy(e.place.dir, sizeof e.place.dir, "/var/lib/redis");
    (void)str_copy(e.place.dump, sizeof e.place.dump, "data.rdb");
    e.database_count = 2;
    e.databases = mem_must(mem_calloc(2, sizeof e.databases[0]));
    e.databases[0] = (struct rdb_counts){0, 4, 2};
    e.databases[1] = (struct rdb_counts){9, 3, 0};
    return e;
}

static void a_restore_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct entry e = sample();
    struct entry back = {.state = RESTORES_RUNNING};
    JSON_CLEANUP json_t *body = entry_body(&e);
    assert_non_null(body);
    assert_string_equal(json_text_or(body, "phase", ""), "open");
    assert_int_equal(entry_read(&back, body, NULL), 0);
    assert_int_equal(back.state, e.state);
    assert_int_equal(back.job.state, RESTORE_START_HELD);
    assert_string_equal(back.job.staged, e.job.staged);
    assert_true(back.job.place_aof && back.job.was_running);
    assert_string_equal(back.place.dir, e.place.dir);
    assert_string_equal(back.place.dump, "data.rdb");
    assert_string_equal(back.place.aof_folder, e.place.aof_folder);
    assert_int_equal(back.place.reserve_bytes, e.place.reserve_bytes);
    assert_string_equal(back.user.email, e.user.email);
    assert_string_equal(back.safety, e.safety);
    assert_int_equal(back.orders, 2);
    assert_int_equal(back.keys_before, -1);
    assert_int_equal(back.removed, 4);
    assert_int_equal(back.database_count, 2);
    assert_memory_equal(back.databases, e.databases, 2 * sizeof e.databases[0]);
    mem_free(e.databases);
    mem_free(back.databases);
}

/* A restore that is over may be forgotten for its age, an open one may not. */
static void only_what_is_over_is_not_open(void **state)
{
    (void)state;
    struct entry e = sample();
    for (int i = 0; i < RESTORES_STATE_COUNT; i++) {
        e.state = (enum restores_state)i;
        JSON_CLEANUP json_t *body = entry_body(&e);
        assert_string_equal(json_text_or(body, "phase", ""), i < RESTORES_DONE ? "open" : "over");
    }
    mem_free(e.databases);
}

static void words_of_a_later_version_are_refused(void **state)
{
    static const char *const keys[] = {"state", "method", "mode"};
    (void)state;
    struct entry e = sample();
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        struct entry back = {.state = RESTORES_RUNNING};
        JSON_CLEANUP json_t *body = entry_body(&e);
        assert_true(json_put_text(body, keys[i], "by magic"));
        assert_int_equal(entry_read(&back, body, NULL), -EBADMSG);
        mem_free(back.databases);
    }
    mem_free(e.databases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_is_read_as_it_was_written),
        cmocka_unit_test(only_what_is_over_is_not_open),
        cmocka_unit_test(words_of_a_later_version_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
