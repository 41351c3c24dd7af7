/* What the history of recoveries promises: each service has its own, none is lost while the disk
 * refuses writes, and a database of version 0.1.0 keeps its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "store/database.h"
#include "store/kept_file.h"
#include "store/kept_recoveries.h"
#include "store/past_events.h"
#include "store/record.h"
#include "store/service_state.h"
#include "store/store.h"

#define STARTS 40

/* The disk of these tests: stands in front of the C library's. A write of the kept recoveries that
 * is torn, as by a power cut. */
static bool torn;

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, torn ? size / 2 : size, at);
}

/* A file system that cannot exchange two names. */
static bool no_exchange;

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (!no_exchange)
        return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    errno = EINVAL;
    return -1;
}

struct bench {
    char folder[64], path[100];
    uv_loop_t loop;
    struct store *store;
    json_t *rows; /* the last answer */
    int accounts[RECORD_KIND_COUNT];
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-recoveries-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->path, sizeof b->path, "%s/resus.db", b->folder);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    *state = b;
    return 0;
}

static void close_store(struct bench *b)
{
    store_close(b->store, 10000);
    b->store = NULL;
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    close_store(b);
    json_decref(b->rows);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    DIR *dir = opendir(b->folder);
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
    struct bench *b = context;
    (void)id;
    (void)outcome;
    (void)error;
    uv_stop(&b->loop);
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    struct bench *b = context;
    (void)id;
    assert_null(error);
    json_decref(b->rows);
    b->rows = json_incref(rows);
    uv_stop(&b->loop);
}

static void open_store(struct bench *b)
{
    struct error err = {0};
    if (store_open(&b->loop, b->folder, on_done, on_rows, b, &b->store, &err) < 0)
        fail_msg("%s", err.text);
}

static void keep_alive(uv_timer_t *timer)
{
    (void)timer;
}

/* Until the store has reported something. */
static void await(struct bench *b)
{
    uv_timer_t alive;
    assert_int_equal(uv_timer_init(&b->loop, &alive), 0);
    assert_int_equal(uv_timer_start(&alive, keep_alive, 3600000, 0), 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&alive, NULL);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

static void save(struct bench *b, uint64_t number, const char *service, const char *id, int64_t at,
                 const char *result)
{
    struct recovery_record r = {.started_at = {at},
                                .duration_seconds = 1,
                                .cause = "crashed",
                                .level = "hard",
                                .attempts = 1};
    (void)str_copy(r.service, sizeof r.service, service);
    (void)str_copy(r.id, sizeof r.id, id);
    (void)str_copy(r.result, sizeof r.result, result);
    store_save_recovery(b->store, number, &r);
}

/* The rows of one service, as "id:result id:result", newest first. */
static const char *history(struct bench *b, const char *service)
{
    static char text[4096];
    size_t i;
    json_t *row;
    store_query_recoveries(b->store, 1, service, WALL_NONE, 0);
    await(b);
    text[0] = '\0';
    json_array_foreach(b->rows, i, row)
        (void)str_append(text, sizeof text, "%s%s:%s", i == 0 ? "" : " ",
                         json_text_or(row, "id", "?"), json_text_or(row, "result", "?"));
    return text;
}

static void services_with_the_same_ids_have_a_history_each(void **state)
{
    struct bench *b = *state;
    open_store(b);
    save(b, 0, "first", "r-1", 1000, "success");
    save(b, 0, "second", "r-1", 1001, "failed");
    save(b, 0, "second", "r-2", 1002, "running");
    save(b, 0, "first", "r-2", 1003, "success");
    save(b, 0, "second", "r-2", 1002, "success");
    assert_string_equal(history(b, "first"), "r-2:success r-1:success");
    assert_string_equal(history(b, "second"), "r-2:success r-1:failed");
}

/* Until a ROLLBACK of what it gives back, the database takes nothing of the store, as on a full disk. */
static sqlite3 *refuse_writes(const struct bench *b)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 60000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void recoveries_are_written_when_the_disk_is_back(void **state)
{
    struct bench *b = *state;
    struct store_state look;
    open_store(b);
    sqlite3 *db = refuse_writes(b);
    save(b, 1, "redis", "r-1", 1000, "running");
    await(b);
    save(b, 2, "redis", "r-1", 1000, "success");
    await(b);
    save(b, 3, "redis", "r-2", 2000, "failed");
    await(b);
    store_look(b->store, &look);
    assert_int_equal(look.recoveries, 2);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    do
        store_look(b->store, &look);
    while (look.recoveries > 0 && sched_yield() == 0);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_string_equal(history(b, "redis"), "r-2:failed r-1:success");
}

static bool stored(struct bench *b, size_t row)
{
    return json_bool_or(json_array_get(b->rows, row), "stored", false);
}

static void what_waits_for_the_disk_is_in_the_history_and_marked(void **state)
{
    struct bench *b = *state;
    struct store_state look;
    open_store(b);
    save(b, 0, "redis", "r-1", 1000, "success");
    save(b, 0, "redis", "r-3", 3000, "running");
    assert_string_equal(history(b, "redis"), "r-3:running r-1:success");
    assert_true(stored(b, 0) && stored(b, 1));
    sqlite3 *db = refuse_writes(b);
    save(b, 1, "redis", "r-3", 3000, "failed");
    await(b);
    save(b, 2, "redis", "r-2", 2000, "success");
    await(b);
    save(b, 0, "other", "r-4", 4000, "success");
    assert_string_equal(history(b, "redis"), "r-3:failed r-2:success r-1:success");
    assert_true(!stored(b, 0) && !stored(b, 1) && stored(b, 2));
    store_query_recovery_summary(b->store, 3, "redis", WALL_NONE);
    await(b);
    assert_int_equal(json_int_or(json_array_get(b->rows, 0), "count", 0), 3);
    assert_int_equal(json_int_or(json_array_get(b->rows, 0), "successes", 0), 2);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    do
        store_look(b->store, &look);
    while (look.recoveries > 0 && sched_yield() == 0);
    assert_string_equal(history(b, "redis"), "r-3:failed r-2:success r-1:success");
    assert_true(stored(b, 0) && stored(b, 1));
    assert_string_equal(history(b, "other"), "r-4:success");
}

static void copy_file(const struct bench *b, const char *from, const char *to)
{
    static char bytes[262144];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", b->folder, from);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t length = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    (void)snprintf(path, sizeof path, "%s/%s", b->folder, to);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

/* As after a kill: the database has nothing of it, the file has. */
static void what_waits_for_the_disk_survives_a_kill_of_the_daemon(void **state)
{
    struct bench *b = *state;
    struct recovery_record past[4];
    struct error err = {0};
    open_store(b);
    sqlite3 *db = refuse_writes(b);
    save(b, 1, "redis", "r-1", 1000, "success");
    await(b);
    save(b, 2, "redis", "r-2", 2000, "running");
    await(b);
    copy_file(b, "kept-recoveries", "kept");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    close_store(b);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM recovery", NULL, NULL, NULL), SQLITE_OK);
    copy_file(b, "kept", "kept-recoveries");
    /* The disk is full still. */
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    open_store(b);
    assert_int_equal(store_load_recoveries(b->store, "redis", past, 4, &err), 2);
    assert_string_equal(past[0].result, "interrupted");
    assert_string_equal(history(b, "redis"), "r-2:interrupted r-1:success");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    close_store(b);
    open_store(b); /* they are stored, and wait no longer */
    assert_string_equal(history(b, "redis"), "r-2:interrupted r-1:success");
    assert_true(stored(b, 0) && stored(b, 1));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The thread stores what waited while a caller reads: before, during or after, nothing is missing. */
static void what_waited_is_seen_at_every_moment_of_its_being_stored(void **state)
{
    struct bench *b = *state;
    struct recovery_record past[4];
    struct error err = {0};
    open_store(b);
    sqlite3 *db = refuse_writes(b);
    save(b, 1, "redis", "r-1", 1000, "success");
    await(b);
    copy_file(b, "kept-recoveries", "kept");
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < STARTS; i++) {
        close_store(b);
        assert_int_equal(sqlite3_exec(db, "DELETE FROM recovery", NULL, NULL, NULL), SQLITE_OK);
        copy_file(b, "kept", "kept-recoveries");
        open_store(b);
        for (int look = 0; look < 20; look++)
            assert_int_equal(store_load_recoveries(b->store, "redis", past, 4, &err), 1);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void keep_one(struct kept_recoveries *k, const char *id, uint64_t serial)
{
    struct recovery_record r = {.service = "redis", .result = "success"};
    (void)str_copy(r.id, sizeof r.id, id);
    kept_recoveries_keep(k, &r, serial);
}

static size_t kept_on_disk(const struct bench *b)
{
    struct kept_recoveries found = {0};
    struct kept_file file;
    kept_file_open(&file, b->folder, &found);
    size_t count = found.count;
    kept_file_close(&file);
    kept_recoveries_free(&found);
    return count;
}

static void a_torn_write_leaves_what_was_kept_before(void **state)
{
    struct bench *b = *state;
    struct kept_recoveries k = {0};
    struct kept_file file;
    kept_file_open(&file, b->folder, &k);
    keep_one(&k, "r-1", 1);
    keep_one(&k, "r-2", 2);
    assert_true(kept_file_write(&file, &k));
    assert_int_equal(kept_on_disk(b), 2);
    keep_one(&k, "r-3", 3);
    torn = true;
    assert_false(kept_file_write(&file, &k));
    torn = false;
    assert_int_equal(kept_on_disk(b), 2);
    for (int i = 0; i < 3; i++) {
        assert_true(kept_file_write(&file, &k));
        assert_int_equal(kept_on_disk(b), 3);
    }
    kept_file_close(&file);
    kept_recoveries_free(&k);
}

static void a_file_system_without_exchange_keeps_them_too(void **state)
{
    no_exchange = true;
    a_torn_write_leaves_what_was_kept_before(state);
    no_exchange = false;
}

static void a_damaged_file_is_no_recovery(void **state)
{
    struct bench *b = *state;
    char path[128];
    open_store(b);
    close_store(b);
    (void)snprintf(path, sizeof path, "%s/kept-recoveries", b->folder);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    (void)fprintf(f, "%08x %d\n", 7, 60);
    assert_int_equal(fclose(f), 0);
    open_store(b);
    assert_string_equal(history(b, "redis"), "");
}

static void a_newer_row_is_not_undone_by_one_that_waited(void **state)
{
    struct bench *b = *state;
    struct store_state look;
    open_store(b);
    sqlite3 *db = refuse_writes(b);
    save(b, 1, "redis", "r-1", 1000, "running");
    await(b);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    save(b, 2, "redis", "r-1", 1000, "success");
    await(b);
    do
        store_look(b->store, &look);
    while (look.recoveries > 0 && sched_yield() == 0);
    assert_string_equal(history(b, "redis"), "r-1:success");
}

static void so_many_are_kept_and_the_oldest_goes_first(void **state)
{
    (void)state;
    struct kept_recoveries k = {0};
    struct recovery_record r = {.service = "redis", .result = "running", .evidence = "[\"seen\"]"};
    for (uint64_t i = 1; i <= STORE_RECOVERIES_KEPT_MAX + 2; i++) {
        (void)str_format(r.id, sizeof r.id, "r-%d", (int)i);
        kept_recoveries_keep(&k, &r, i);
    }
    assert_int_equal(k.count, STORE_RECOVERIES_KEPT_MAX);
    assert_string_equal(k.first->record.id, "r-3");
    (void)str_copy(r.result, sizeof r.result, "success");
    r.evidence = NULL; /* the evidence that was there stays */
    (void)str_copy(r.id, sizeof r.id, "r-4");
    kept_recoveries_keep(&k, &r, 100);
    assert_int_equal(k.count, STORE_RECOVERIES_KEPT_MAX);
    (void)str_copy(r.id, sizeof r.id, "r-3");
    kept_recoveries_done(&k, &r, 100);
    assert_int_equal(k.count, STORE_RECOVERIES_KEPT_MAX - 1);
    struct kept_recoveries other = {0};
    kept_recoveries_merge(&other, &k);
    assert_int_equal(k.count, 0);
    struct kept_recovery *last = other.first;
    while (last->next != NULL)
        last = last->next;
    assert_string_equal(last->record.id, "r-4");
    assert_string_equal(last->record.result, "success");
    assert_string_equal(last->record.evidence, "[\"seen\"]");
    kept_recoveries_free(&other);
}

/* ── a database of version 0.1.0 ── */

static void make_old_database(const struct bench *b)
{
    static char sql[262144];
    sqlite3 *db;
    FILE *f = fopen(TEST_DATA "/version-0.1.0.sql", "r");
    assert_non_null(f);
    size_t length = fread(sql, 1, sizeof sql - 1, f);
    assert_true(length > 0 && length < sizeof sql - 1);
    (void)fclose(f);
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 60000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void count_account(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct bench *b = context;
    assert_true(number > 0);
    assert_true(json_is_object(body));
    b->accounts[kind]++;
}

static void a_database_of_version_0_1_0_keeps_what_is_in_it(void **state)
{
    struct bench *b = *state;
    struct service_state s;
    struct error err = {0};
    make_old_database(b);
    open_store(b);
    assert_string_equal(history(b, "first"), "r-1a2286b8d1301:success");
    assert_string_equal(history(b, "second"), "r-1a2286b8d1302:success");
    assert_true(json_is_array(json_object_get(json_array_get(b->rows, 0), "evidence")));
    save(b, 0, "second", "r-1a2286b8d1301", 1, "failed"); /* an id of the other service */
    assert_string_equal(history(b, "first"), "r-1a2286b8d1301:success");
    store_query_events(b->store, 3, "first", 0, 0);
    await(b);
    assert_true(json_array_size(b->rows) > 3);
    assert_int_equal(store_load_service(b->store, "first", &s, &err), 1);
    assert_true(s.ever_answered);
    assert_int_equal(store_load_service(b->store, "second", &s, &err), 1);
    assert_true(s.stopped_on_purpose);
    assert_string_equal(s.pause_reason, "fixture");
    for (int kind = 0; kind < (int)RECORD_KIND_COUNT; kind++)
        assert_int_equal(
            record_load(b->store, (enum record_kind)kind, NULL, count_account, b, &err), 0);
    assert_int_equal(b->accounts[RECORD_USER], 3);
    assert_int_equal(b->accounts[RECORD_SESSION], 1);
    assert_int_equal(b->accounts[RECORD_API_TOKEN], 1);
    assert_int_equal(b->accounts[RECORD_ACCESS_REQUEST], 1);
    assert_int_equal(record_last(b->store, RECORD_USER), 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(services_with_the_same_ids_have_a_history_each),
        TEST(recoveries_are_written_when_the_disk_is_back),
        TEST(what_waits_for_the_disk_is_in_the_history_and_marked),
        TEST(what_waits_for_the_disk_survives_a_kill_of_the_daemon),
        TEST(what_waited_is_seen_at_every_moment_of_its_being_stored),
        TEST(a_torn_write_leaves_what_was_kept_before),
        TEST(a_file_system_without_exchange_keeps_them_too),
        TEST(a_damaged_file_is_no_recovery),
        TEST(a_newer_row_is_not_undone_by_one_that_waited),
        cmocka_unit_test(so_many_are_kept_and_the_oldest_goes_first),
        TEST(a_database_of_version_0_1_0_keeps_what_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
