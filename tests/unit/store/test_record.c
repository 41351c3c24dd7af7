/* What the records promise: a write is all or nothing, no number is given out twice, what is kept
 * reaches the disk in the end, and the accounts of older databases are records afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/kept_records.h"
#include "store/past_events.h"
#include "store/record.h"
#include "store/store.h"

struct bench {
    char folder[64], path[100];
    uv_loop_t loop;
    struct store *store;
    int outcomes[STORE_FAILED + 1];
    int total, wanted;
    json_t *rows; /* the last answer */
    struct error error;
    json_t *loaded; /* array of [kind, number, body] */
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-record-XXXXXX",
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
    json_decref(b->loaded);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    (void)umount(b->folder); /* left by a test that failed half-way */
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

static void count(struct bench *b)
{
    if (++b->total == b->wanted)
        uv_stop(&b->loop);
}

static void on_done(void *context, uint64_t id, enum store_outcome outcome,
                    const struct error *error)
{
    struct bench *b = context;
    (void)id;
    assert_int_equal(outcome == STORE_DURABLE, error == NULL);
    if (error != NULL)
        b->error = *error;
    b->outcomes[outcome]++;
    count(b);
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    struct bench *b = context;
    (void)id;
    assert_null(error);
    json_decref(b->rows);
    b->rows = json_incref(rows);
    count(b);
}

static void never_done(void *context, uint64_t id, enum store_outcome outcome,
                       const struct error *error)
{
    (void)context, (void)id, (void)outcome, (void)error;
    fail_msg("the store's own callback is not the one asked for");
}

static void never_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context, (void)id, (void)rows, (void)error;
    fail_msg("the store's own callback is not the one asked for");
}

static void open_store(struct bench *b)
{
    struct error err = {0};
    if (store_open(&b->loop, b->folder, never_done, never_rows, b, &b->store, &err) < 0)
        fail_msg("%s", err.text);
}

static void keep_alive(uv_timer_t *timer)
{
    (void)timer;
}

static void await(struct bench *b, int total)
{
    uv_timer_t alive;
    b->wanted = total;
    if (b->total >= total)
        return;
    assert_int_equal(uv_timer_init(&b->loop, &alive), 0);
    assert_int_equal(uv_timer_start(&alive, keep_alive, 3600000, 0), 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&alive, NULL);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->total, total);
}

static json_t *message(const char *service, const char *state, int64_t at, int64_t value)
{
    json_t *body = json_object();
    assert_true(json_put_text(body, "service", service) && json_put_text(body, "state", state) &&
                json_put_int(body, "at", at) && json_put_int(body, "value", value));
    return body;
}

/* Writes records that all have the same body, and waits for the end. */
static void write_records(struct bench *b, const struct record_change *changes, size_t size,
                          bool wait)
{
    record_write(b->store,
                 &(struct record_write){
                     .changes = changes, .count = size, .id = 7, .done = on_done, .context = b});
    if (wait)
        await(b, b->total + 1);
}

static void put(struct bench *b, enum record_kind kind, int64_t number, json_t *body)
{
    struct record_change change = {.kind = kind, .number = number, .body = body};
    write_records(b, &change, 1, true);
    json_decref(body);
}

static void on_each(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct bench *b = context;
    JSON_CLEANUP json_t *row = json_pack("[iIO?]", (int)kind, (json_int_t)number, body);
    assert_int_equal(json_array_append(b->loaded, row), 0);
}

static size_t load(struct bench *b, enum record_kind kind)
{
    struct error err = {0};
    json_decref(b->loaded);
    b->loaded = json_array();
    if (record_load(b->store, kind, NULL, on_each, b, &err) < 0)
        fail_msg("%s", err.text);
    return json_array_size(b->loaded);
}

static int64_t value_of(const struct bench *b, size_t i)
{
    return json_int_or(json_array_get(json_array_get(b->loaded, i), 2), "value", -1);
}

static int64_t number_of(const struct bench *b, size_t i)
{
    return json_integer_value(json_array_get(json_array_get(b->loaded, i), 1));
}

/* ── writing ── */

static void records_come_back_after_a_restart_by_number(void **state)
{
    struct bench *b = *state;
    open_store(b);
    put(b, RECORD_MESSAGE, 2, message("redis", "open", 20, 2));
    put(b, RECORD_MESSAGE, 1, message("redis", "open", 10, 1));
    put(b, RECORD_DELIVERY, 1, message("mail", "queued", 10, 5));
    put(b, RECORD_MESSAGE, 2, message("redis", "done", 20, 3));
    struct record_change gone = {.kind = RECORD_MESSAGE, .number = 1, .remove = true};
    write_records(b, &gone, 1, true);
    write_records(b, &gone, 1, true); /* not there: no error */
    assert_int_equal(b->outcomes[STORE_DURABLE], 6);
    close_store(b);
    open_store(b);
    assert_int_equal(load(b, RECORD_MESSAGE), 1);
    assert_int_equal(number_of(b, 0), 2);
    assert_int_equal(value_of(b, 0), 3);
    assert_int_equal(load(b, RECORD_DELIVERY), 1);
    assert_int_equal(load(b, RECORD_USER), 0);
}

static void a_write_is_all_or_nothing_and_hurts_no_other(void **state)
{
    struct bench *b = *state;
    JSON_CLEANUP json_t *good = message("redis", "open", 1, 1);
    JSON_CLEANUP json_t *bad = json_pack("{s:i}", "service", 5);
    JSON_CLEANUP json_t *late = json_pack("{s:s}", "at", "yesterday");
    char text[RECORD_INDEX_MAX + 1];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    JSON_CLEANUP json_t *longer = message(text, "open", 1, 1);
    JSON_CLEANUP json_t *huge = message("redis", "open", 1, 1);
    char *fill = calloc(1, STORE_BODY_MAX + 1);
    memset(fill, 'x', STORE_BODY_MAX);
    assert_true(json_put_text(huge, "fill", fill));
    free(fill);
    struct record_change changes[RECORD_BATCH_MAX + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++)
        changes[i] = (struct record_change){
            .kind = RECORD_MESSAGE, .number = 100 + (int64_t)i, .body = good};
    const json_t *const broken[] = {bad, late, longer, huge, NULL};
    open_store(b);
    put(b, RECORD_MESSAGE, 1, message("redis", "open", 1, 1));
    for (size_t i = 0; i < ARRAY_LENGTH(broken); i++) {
        changes[2].body = broken[i];
        write_records(b, changes, 3, false);
        assert_int_equal(b->total, 1 + (int)i); /* never on the caller's stack */
        await(b, b->total + 1);
        assert_true(b->error.text[0] != '\0');
    }
    changes[2].body = good;
    changes[2].number = 0;
    write_records(b, changes, 3, true);
    changes[2].number = 102;
    write_records(b, changes, ARRAY_LENGTH(changes), true);
    write_records(b, changes, 0, true);
    assert_int_equal(b->outcomes[STORE_FAILED], 8);
    assert_int_equal(load(b, RECORD_MESSAGE), 1);
    write_records(b, changes, RECORD_BATCH_MAX, true);
    assert_int_equal(load(b, RECORD_MESSAGE), 1 + RECORD_BATCH_MAX);
}

static void a_kill_leaves_no_half_of_a_write(void **state)
{
    struct bench *b = *state;
    for (int round = 1; round <= 6; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct bench *mine = calloc(1, sizeof *mine);
            (void)str_copy(mine->folder, sizeof mine->folder, b->folder);
            (void)uv_loop_init(&mine->loop);
            open_store(mine);
            for (int64_t i = 1;; i++) {
                json_t *body = message("redis", "open", 1, i);
                struct record_change changes[] = {
                    {.kind = RECORD_MESSAGE, .number = 1, .body = body},
                    {.kind = RECORD_DELIVERY, .number = 1, .body = body},
                    {.kind = RECORD_DELIVERY, .number = 2, .body = body}};
                write_records(mine, changes, 3, true);
                json_decref(body);
                if (write(pipes[1], &i, sizeof i) != sizeof i)
                    _exit(1);
            }
        }
        (void)close(pipes[1]);
        int64_t told = 0;
        int64_t last = 0;
        for (int i = 0; i < round * 3; i++)
            assert_int_equal(read(pipes[0], &last, sizeof last), sizeof last);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(pipes[0], &told, sizeof told) == sizeof told)
            last = told;
        (void)close(pipes[0]);
        open_store(b);
        assert_int_equal(load(b, RECORD_MESSAGE), 1);
        int64_t value = value_of(b, 0);
        assert_true(value == last || value == last + 1);
        assert_int_equal(load(b, RECORD_DELIVERY), 2);
        assert_int_equal(value_of(b, 0), value);
        assert_int_equal(value_of(b, 1), value);
        close_store(b);
    }
}

static void lack_of_memory_completes_and_changes_nothing(void **state)
{
    struct bench *b = *state;
    JSON_CLEANUP json_t *body = message("redis", "open", 1, 1);
    struct record_change change = {.kind = RECORD_MESSAGE, .number = 1, .body = body};
    open_store(b);
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_from(n);
        write_records(b, &change, 1, false);
        mem_fail_from(0);
        await(b, (int)n);
    }
    assert_int_equal(b->outcomes[STORE_FAILED], 2);
    assert_int_equal(load(b, RECORD_MESSAGE), 0);
}

/* ── asking ── */

static void find(struct bench *b, struct record_query q, const char *value)
{
    (void)str_copy(q.value, sizeof q.value, value);
    q.kind = RECORD_MESSAGE;
    record_find(b->store, 3, &q, on_rows, b);
    await(b, b->total + 1);
}

static int64_t found(const struct bench *b, size_t i, const char *key)
{
    return json_int_or(json_array_get(b->rows, i), key, -1);
}

static void pages_are_newest_first_and_meet_without_gap_or_repeat(void **state)
{
    struct bench *b = *state;
    open_store(b);
    for (int i = 1; i <= 30; i++) /* three at each time */
        put(b, RECORD_MESSAGE, i,
            message(i % 2 == 0 ? "a" : "b", i > 25 ? "open" : "done", 1000 + i / 3, i));
    for (int field = 0; field < (int)RECORD_BY_NUMBER; field++) {
        const char *const values[] = {"", "a", "done"};
        const size_t wanted[] = {30, 15, 25};
        struct record_query q = {.field = (enum record_field)field, .limit = 4};
        size_t seen = 0;
        int64_t last_at = INT64_MAX;
        int64_t last_number = INT64_MAX;
        for (;;) {
            find(b, q, values[field]);
            size_t size = json_array_size(b->rows);
            for (size_t i = 0; i < size; i++) {
                int64_t at = found(b, i, "at");
                int64_t number = found(b, i, "number");
                assert_true(at < last_at || (at == last_at && number < last_number));
                last_at = at;
                last_number = number;
                const json_t *body = json_object_get(json_array_get(b->rows, i), "body");
                assert_int_equal(json_int_or(body, "value", 0), number);
            }
            seen += size;
            if (size < 4)
                break;
            q.before = (struct record_cursor){{last_at}, last_number};
        }
        assert_int_equal(seen, wanted[field]);
    }
    find(b, (struct record_query){.field = RECORD_BY_SERVICE, .since = {1009}}, "b");
    assert_int_equal(json_array_size(b->rows), 2); /* 27 and 29 */
    find(b, (struct record_query){.field = RECORD_BY_STATE}, "none");
    assert_int_equal(json_array_size(b->rows), 0);
}

static void a_record_is_found_by_its_number_with_a_time_or_without(void **state)
{
    struct bench *b = *state;
    open_store(b);
    put(b, RECORD_MESSAGE, 7, message("a", "open", 1000, 7));
    put(b, RECORD_MESSAGE, 8, message("a", "open", 0, 8));
    put(b, RECORD_USER, 9, message("a", "open", 1000, 9));
    for (int64_t n = 7; n <= 8; n++) {
        find(b, (struct record_query){.field = RECORD_BY_NUMBER, .number = n}, "");
        assert_int_equal(json_array_size(b->rows), 1);
        assert_int_equal(found(b, 0, "number"), n);
    }
    find(b, (struct record_query){.field = RECORD_BY_NUMBER, .number = 9}, ""); /* of a user */
    assert_int_equal(json_array_size(b->rows), 0);
}

static void a_time_in_words_is_a_time(void **state)
{
    struct bench *b = *state;
    open_store(b);
    put(b, RECORD_MESSAGE, 1,
        json_pack("{s:s, s:s}", "service", "redis", "at", "2026-11-29T10:00:00Z"));
    find(b, (struct record_query){.field = RECORD_BY_TIME}, "");
    assert_int_equal(found(b, 0, "at"), 1795946400000);
}

/* ── retention ── */

static void what_is_old_or_too_much_goes_and_what_is_open_stays(void **state)
{
    struct bench *b = *state;
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
    int64_t now = (int64_t)t.tv_sec * 1000;
    int64_t old = now - record_kinds[RECORD_MESSAGE].keep_ms - 60000;
    open_store(b);
    put(b, RECORD_MESSAGE, 1, message("a", "open", old, 1));
    put(b, RECORD_MESSAGE, 2, message("a", "done", old, 2));
    put(b, RECORD_MESSAGE, 3, message("a", "done", now, 3));
    put(b, RECORD_USER, 1, message("a", "done", old, 4)); /* no limit */
    store_thin(b->store, WALL_NONE, WALL_NONE);
    find(b, (struct record_query){.field = RECORD_BY_TIME}, ""); /* after it in the queue */
    assert_int_equal(json_array_size(b->rows), 2);
    assert_int_equal(found(b, 0, "number"), 3);
    assert_int_equal(found(b, 1, "number"), 1);
    assert_int_equal(load(b, RECORD_USER), 1);
}

static void of_too_many_the_newest_stay(void **state)
{
    struct bench *b = *state;
    int64_t keep = record_kinds[RECORD_MESSAGE].keep_max;
    char sql[500];
    sqlite3 *db;
    open_store(b);
    close_store(b);
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld)"
                   " INSERT INTO record SELECT 'message', i, 'a', iif(i = 3, 'open', 'done'),"
                   " strftime('%%s', 'now') * 1000 + i, '{}' FROM n",
                   (long long)keep + 2 * STORE_THIN_ROWS + 10);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    open_store(b);
    store_thin(b->store, WALL_NONE, WALL_NONE);
    size_t left;
    do
        left = load(b, RECORD_MESSAGE);
    while (left > (size_t)keep + 1);
    assert_int_equal(left, keep + 1); /* the open one is not counted */
    assert_int_equal(number_of(b, 0), 3);
    assert_int_equal(number_of(b, 1), 2 * STORE_THIN_ROWS + 11);
}

/* ── numbers ── */

static void numbers_go_on_after_a_restart_and_after_the_last_was_removed(void **state)
{
    struct bench *b = *state;
    open_store(b);
    int64_t first = record_next(b->store, RECORD_MESSAGE);
    assert_int_equal(first, 1);
    assert_int_equal(record_next(b->store, RECORD_MESSAGE), 2);
    put(b, RECORD_USER, 5, message("a", "", 1, 1));
    struct record_change gone = {.kind = RECORD_USER, .number = 5, .remove = true};
    write_records(b, &gone, 1, true);
    close_store(b);
    open_store(b);
    assert_int_equal(record_last(b->store, RECORD_USER), 5);
    assert_int_equal(record_next(b->store, RECORD_USER), 6);
    assert_int_equal(record_next(b->store, RECORD_MESSAGE), 3); /* no gap */
}

static void no_number_is_given_out_twice_however_the_daemon_ends(void **state)
{
    struct bench *b = *state;
    int64_t highest = 0;
    for (int round = 0; round < 4; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct bench *mine = calloc(1, sizeof *mine);
            (void)str_copy(mine->folder, sizeof mine->folder, b->folder);
            (void)uv_loop_init(&mine->loop);
            open_store(mine);
            int64_t lowest = record_next(mine->store, RECORD_DELIVERY);
            int64_t number = lowest;
            for (int64_t i = 0; i < 700 * (round + 1); i++) /* none of them is stored */
                number = record_next(mine->store, RECORD_DELIVERY);
            int64_t both[] = {lowest, number};
            (void)!write(pipes[1], both, sizeof both);
            (void)raise(SIGKILL);
        }
        (void)close(pipes[1]);
        int64_t both[2];
        assert_int_equal(read(pipes[0], both, sizeof both), sizeof both);
        assert_int_equal(waitpid(child, NULL, 0), child);
        (void)close(pipes[0]);
        assert_true(both[0] > highest);
        assert_true(both[1] > both[0]);
        highest = both[1];
    }
}

static sqlite3 *lock_database(const struct bench *b)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void unlock_database(sqlite3 *db)
{
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void without_a_reservation_numbers_rise_above_those_of_any_other_run(void **state)
{
    struct bench *b = *state;
    open_store(b);
    close_store(b);
    sqlite3 *db = lock_database(b);
    open_store(b); /* reserves nothing: the database is locked */
    int64_t number = record_next(b->store, RECORD_MESSAGE);
    assert_true(number > record_kinds[RECORD_MESSAGE].numbers_ahead * 1000);
    assert_true(record_next(b->store, RECORD_MESSAGE) > number);
    unlock_database(db);
}

/* ── a disk that takes nothing ── */

static void what_is_kept_reaches_the_disk_when_it_is_back(void **state)
{
    struct bench *b = *state;
    struct store_state look;
    if (mount("tmpfs", b->folder, "tmpfs", 0, "size=500k") < 0)
        skip(); /* needs root */
    open_store(b);
    char body[8000];
    memset(body, ' ', sizeof body);
    memcpy(body, "{}", 2);
    body[sizeof body - 1] = '\0';
    for (int n = 1; b->outcomes[STORE_FULL_DISK] == 0; n++) { /* fills the disk */
        json_t *record = message("x", "done", n, n);
        assert_true(json_put_text(record, "fill", body));
        put(b, RECORD_SESSION, n, record);
    }
    struct record_change changes[] = {
        {.kind = RECORD_MESSAGE, .number = 1, .body = message("redis", "open", 1, 1)},
        {.kind = RECORD_USER, .number = 1, .body = message("redis", "", 1, 1)}};
    char wide[3000];
    memset(wide, 'y', sizeof wide);
    wide[sizeof wide - 1] = '\0';
    assert_true(json_put_text((json_t *)(uintptr_t)changes[0].body, "fill", wide));
    int failed = b->outcomes[STORE_FULL_DISK];
    for (int i = 1; i <= 50; i++) {
        assert_true(json_put_int((json_t *)(uintptr_t)changes[0].body, "value", i));
        write_records(b, changes, 2, true);
    }
    assert_int_equal(b->outcomes[STORE_FULL_DISK], failed + 50);
    store_look(b->store, &look);
    assert_int_equal(look.records, 1); /* the newest state of the one that is kept */
    assert_int_equal(mount("tmpfs", b->folder, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    do
        store_look(b->store, &look);
    while ((look.records > 0 || look.problem.code != 0) && sched_yield() == 0);
    assert_int_equal(load(b, RECORD_USER), 0);
    assert_int_equal(load(b, RECORD_MESSAGE), 1);
    assert_int_equal(value_of(b, 0), 50);
    json_decref((json_t *)(uintptr_t)changes[0].body);
    json_decref((json_t *)(uintptr_t)changes[1].body);
    close_store(b);
    assert_int_equal(umount(b->folder), 0);
}

static void an_older_write_in_the_queue_does_not_undo_a_newer_one_that_was_kept(void **state)
{
    struct bench *b = *state;
    struct store_state look;
    open_store(b);
    sqlite3 *db = lock_database(b);
    int n = STORE_QUEUE_MAX + STORE_BATCH_MAX + 50;
    for (int i = 1; i <= n; i++) {
        JSON_CLEANUP json_t *body = message("redis", "open", 1, i);
        struct record_change change = {.kind = RECORD_MESSAGE, .number = 1, .body = body};
        write_records(b, &change, 1, false);
    }
    unlock_database(db);
    await(b, n);
    assert_true(b->outcomes[STORE_BUSY] >= 50);
    do
        store_look(b->store, &look);
    while (look.records > 0 && sched_yield() == 0);
    assert_int_equal(load(b, RECORD_MESSAGE), 1);
    assert_int_equal(value_of(b, 0), n);
}

static void keep_row(struct kept_records *k, enum record_kind kind, int64_t number, uint64_t serial,
                     size_t bytes)
{
    struct record_batch *batch = mem_calloc(1, sizeof *batch + sizeof batch->rows[0]);
    batch->count = 1;
    batch->rows[0] = (struct record_row){.kind = kind, .number = number};
    if (bytes > 0) {
        batch->rows[0].body = mem_calloc(1, bytes + 1);
        memset(batch->rows[0].body, 'x', bytes);
    }
    kept_records_keep(k, batch, serial);
    record_batch_free(batch);
}

static void kept_are_the_newest_of_each_within_the_limits(void **state)
{
    (void)state;
    struct kept_records k = {0};
    struct kept_records other = {0};
    keep_row(&k, RECORD_USER, 1, 1, 10); /* not a kind that is kept */
    assert_int_equal(k.count, 0);
    keep_row(&k, RECORD_MESSAGE, 1, 5, 10);
    keep_row(&k, RECORD_MESSAGE, 1, 4, 20); /* older: ignored */
    assert_int_equal(k.bytes, 10);
    keep_row(&k, RECORD_MESSAGE, 1, 6, 0); /* a removal replaces it */
    assert_int_equal(k.count, 1);
    assert_int_equal(k.bytes, 0);
    keep_row(&other, RECORD_MESSAGE, 1, 2, 10);
    keep_row(&other, RECORD_MESSAGE, 2, 3, 10);
    kept_records_merge(&k, &other);
    assert_int_equal(k.count, 2);
    assert_int_equal(other.count, 0);
    assert_int_equal(k.first->row.number, 2); /* the oldest first */
    kept_records_drop(&k, 6);
    assert_int_equal(k.count, 1);
    for (int64_t i = 10; i < 10 + RECORD_KEPT_MAX; i++)
        keep_row(&k, RECORD_DELIVERY, i, (uint64_t)i, 10);
    assert_int_equal(k.count, RECORD_KEPT_MAX);
    assert_int_equal(k.dropped, 1);
    for (int64_t i = 1; i <= 200; i++)
        keep_row(&k, RECORD_MESSAGE, 5000 + i, 5000 + (uint64_t)i, STORE_BODY_MAX);
    assert_true(k.bytes <= RECORD_KEPT_BYTES_MAX);
    assert_true(k.count >= 100);
    kept_records_free(&k);
}

/* ── older databases ── */

static void lay_fixture(const struct bench *b, const char *name)
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
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    /* To compare with afterwards. */
    assert_int_equal(
        sqlite3_exec(db, "CREATE TABLE before AS SELECT * FROM account", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t ask_number(const struct bench *b, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(s, 0);
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

static void check_migration(struct bench *b, const char *fixture)
{
    static const char *const words[] = {"user", "session", "api_token", "access_request"};
    int64_t all = 0;
    lay_fixture(b, fixture);
    open_store(b);
    close_store(b);
    assert_int_equal(ask_number(b, "SELECT count(*) FROM sqlite_schema WHERE name = 'account'"), 0);
    for (int kind = 0; kind < 4; kind++) {
        char sql[300];
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM before AS old JOIN record AS new ON"
                       " new.kind = '%s' AND new.number = old.number AND new.body = old.body"
                       " WHERE old.kind = %d",
                       words[kind], kind);
        int64_t same = ask_number(b, sql);
        assert_true(same > 0); /* the fixture has some of each */
        all += same;
    }
    assert_int_equal(ask_number(b, "SELECT count(*) FROM before"), all);
    assert_int_equal(ask_number(b, "SELECT count(*) FROM record"), all);
    open_store(b);
    assert_int_equal(load(b, RECORD_USER), 3);
    assert_int_equal(record_next(b->store, RECORD_USER), 4);
}

static void the_accounts_of_version_0_1_0_are_records(void **state)
{
    check_migration(*state, "version-0.1.0.sql");
}

static void the_accounts_of_schema_8_are_records(void **state)
{
    check_migration(*state, "schema-8.sql");
}

static void a_damaged_body_is_reported_to_its_owner(void **state)
{
    struct bench *b = *state;
    sqlite3 *db;
    open_store(b);
    put(b, RECORD_MESSAGE, 1, message("a", "open", 1, 1));
    close_store(b);
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE record SET body = '[1'", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    open_store(b);
    assert_int_equal(load(b, RECORD_MESSAGE), 1);
    assert_true(json_is_null(json_array_get(json_array_get(b->loaded, 0), 2)));
    find(b, (struct record_query){.field = RECORD_BY_TIME}, "");
    assert_true(json_is_null(json_object_get(json_array_get(b->rows, 0), "body")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_come_back_after_a_restart_by_number),
        TEST(a_write_is_all_or_nothing_and_hurts_no_other),
        TEST(a_kill_leaves_no_half_of_a_write),
        TEST(lack_of_memory_completes_and_changes_nothing),
        TEST(pages_are_newest_first_and_meet_without_gap_or_repeat),
        TEST(a_record_is_found_by_its_number_with_a_time_or_without),
        TEST(a_time_in_words_is_a_time),
        TEST(what_is_old_or_too_much_goes_and_what_is_open_stays),
        TEST(of_too_many_the_newest_stay),
        TEST(numbers_go_on_after_a_restart_and_after_the_last_was_removed),
        TEST(no_number_is_given_out_twice_however_the_daemon_ends),
        TEST(without_a_reservation_numbers_rise_above_those_of_any_other_run),
        TEST(what_is_kept_reaches_the_disk_when_it_is_back),
        TEST(an_older_write_in_the_queue_does_not_undo_a_newer_one_that_was_kept),
        cmocka_unit_test(kept_are_the_newest_of_each_within_the_limits),
        TEST(the_accounts_of_version_0_1_0_are_records),
        TEST(the_accounts_of_schema_8_are_records),
        TEST(a_damaged_body_is_reported_to_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
