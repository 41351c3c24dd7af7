/* A database of a version before keeps what its services shall be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "store/anchor.h"
#include "store/service_state.h"
#include "store/store.h"

struct bench {
    char folder[64];
    uv_loop_t loop;
    struct store *store;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/resus-state-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    assert_int_equal(uv_loop_init(&b->loop), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    assert_int_equal(uv_loop_close(&b->loop), 0);
    DIR *dir = opendir(b->folder);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char inner[512];
        (void)snprintf(inner, sizeof inner, "%s/%s", b->folder, d->d_name);
        (void)unlink(inner);
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(b->folder), 0);
    free(b);
    return 0;
}

static void on_done(void *context, uint64_t id, enum store_outcome outcome,
                    const struct error *error)
{
    (void)context, (void)id, (void)outcome, (void)error;
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context, (void)id, (void)rows, (void)error;
}

static void open_store(struct bench *b)
{
    struct error err = {0};
    if (store_open(&b->loop, b->folder, on_done, on_rows, b, &b->store, &err) < 0)
        fail_msg("%s", err.text);
}

static void close_store(struct bench *b)
{
    store_close(b->store, 10000);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

static void lay_fixture(struct bench *b, const char *name)
{
    static char sql[262144];
    char path[300];
    sqlite3 *db;
    (void)snprintf(path, sizeof path, TEST_DATA "/%s", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t length = fread(sql, 1, sizeof sql - 1, f);
    assert_true(length > 0 && length < sizeof sql - 1);
    sql[length] = '\0';
    (void)fclose(f);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Version 0.1.0 did not store whether a stop was seen: the next look tells it. */
static void a_stop_of_the_version_before_is_kept_and_not_seen_yet(void **state)
{
    struct bench *b = *state;
    struct service_state got;
    struct error err = {0};
    lay_fixture(b, "version-0.1.0.sql");
    open_store(b);
    assert_int_equal(store_load_service(b->store, "second", &got, &err), 1);
    assert_true(got.stopped_on_purpose);
    assert_string_equal(got.stopped_by, "root");
    assert_int_equal(got.stopped_at.ms, 1795974470929);
    assert_string_equal(got.stopped_reason, "");
    assert_int_equal(got.stop_seen, STOP_UNSEEN);
    assert_string_equal(got.pause_reason, "fixture");
    assert_int_equal(got.attempts, 2);
    assert_int_equal(store_load_service(b->store, "first", &got, &err), 1);
    assert_false(got.stopped_on_purpose);
    got.stopped_on_purpose = true;
    got.stop_seen = STOP_SEEN_FAILED;
    (void)str_copy(got.stopped_reason, sizeof got.stopped_reason, "new memory");
    store_save_service(b->store, 0, STORE_FULL, &got);
    close_store(b);
    open_store(b);
    assert_int_equal(store_load_service(b->store, "first", &got, &err), 1);
    assert_int_equal(got.stop_seen, STOP_SEEN_FAILED);
    assert_string_equal(got.stopped_reason, "new memory");
    close_store(b);
}

/* Schema 10 did not keep that a start was cancelled. */
static void a_database_of_schema_10_knows_of_no_start_that_was_cancelled(void **state)
{
    struct bench *b = *state;
    struct service_state got;
    struct error err = {0};
    lay_fixture(b, "schema-10.sql");
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        open_store(b);
        assert_int_equal(store_load_service(b->store, "cache", &got, &err), 1);
        assert_int_equal(got.start_cancelled, cancelled);
        assert_int_equal(got.attempts, 1);
        assert_true(got.empty_primary);
        assert_string_equal(got.role, "primary");
        assert_int_equal(got.role_keys, -1);
        assert_true(got.event_seq > 1796034001000);
        got.start_cancelled = true;
        store_save_service(b->store, 0, STORE_FULL, &got);
        close_store(b);
    }
}

/* Version 0.1.0 recorded no head of the audit log. */
static void the_version_before_has_no_head_of_the_audit_log_and_takes_one(void **state)
{
    struct bench *b = *state;
    struct audit_anchor got = {0}, first = {.head.seq = 41, .at = {1795974470929}};
    struct error err = {0};
    lay_fixture(b, "version-0.1.0.sql");
    assert_int_equal(anchor_read(b->folder, &got, &err), 0); /* before the migration */
    open_store(b);
    assert_int_equal(store_load_anchor(b->store, &got, &err), 0);
    assert_false(store_anchor(b->store, &got));
    memset(first.head.hash, 'a', sizeof first.head.hash - 1);
    (void)str_copy(first.file, sizeof first.file, "/var/log/resus/audit.log");
    store_save_anchor(b->store, &first);
    close_store(b);
    open_store(b);
    assert_int_equal(store_load_anchor(b->store, &got, &err), 1);
    assert_memory_equal(&got, &first, sizeof got);
    close_store(b);
    assert_int_equal(anchor_read(b->folder, &got, &err), 1);
    assert_int_equal(got.head.seq, 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_version_before_has_no_head_of_the_audit_log_and_takes_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_database_of_schema_10_knows_of_no_start_that_was_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_of_the_version_before_is_kept_and_not_seen_yet,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
