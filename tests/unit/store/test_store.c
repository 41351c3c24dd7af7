#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/past_events.h"
#include "store/service_state.h"
#include "store/store.h"
#include "store/unsaved.h"
#include "store/worker.h"

#define IDS_MAX 20000

struct bench {
    char folder[64];
    uv_loop_t loop;
    struct store *store;
    int outcomes[STORE_FAILED + 1];
    int total, wanted;
    json_t *rows; /* the last answer */
    struct error error;
    unsigned char seen[IDS_MAX];
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    /* In memory where there is some: these tests flush thousands of times. */
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-store-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    assert_int_equal(uv_loop_init(&b->loop), 0);
    *state = b;
    return 0;
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char inner[512];
        if (str_equal(d->d_name, ".") || str_equal(d->d_name, ".."))
            continue;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, d->d_name);
        if (unlink(inner) < 0)
            remove_folder(inner);
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(path), 0);
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
    (void)umount(b->folder); /* left by a test that failed half-way */
    remove_folder(b->folder);
    free(b);
    return 0;
}

static void count(struct bench *b, uint64_t id)
{
    assert_true(id < IDS_MAX);
    assert_int_equal(b->seen[id], 0); /* exactly once */
    b->seen[id] = 1;
    if (++b->total == b->wanted)
        uv_stop(&b->loop);
}

static void on_done(void *context, uint64_t id, enum store_outcome outcome,
                    const struct error *error)
{
    struct bench *b = context;
    assert_int_equal(outcome == STORE_DURABLE, error == NULL);
    if (error != NULL)
        b->error = *error;
    b->outcomes[outcome]++;
    count(b, id);
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    struct bench *b = context;
    assert_int_equal(rows == NULL, error != NULL);
    json_decref(b->rows);
    b->rows = json_incref(rows);
    count(b, id);
}

static void open_store(struct bench *b)
{
    struct error err = {0};
    if (store_open(&b->loop, b->folder, on_done, on_rows, b, &b->store, &err) < 0)
        fail_msg("%s", err.text);
}

static void keep(uv_timer_t *timer)
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
    assert_int_equal(uv_timer_start(&alive, keep, 3600000, 0), 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&alive, NULL);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->total, total);
}

static struct service_state full_state(const char *id)
{
    struct service_state s = {
        .stopped_on_purpose = true,
        .stopped_by = "anna@example.org",
        .stopped_at = {1760106600123},
        .stopped_reason = "new memory",
        .stop_seen = STOP_SEEN_INACTIVE,
        .ever_answered = true,
        .address = "127.0.0.1:6379",
        .attempts = 2,
        .last_attempt_at = {1760106600456},
        .exhausted = true,
        .breaker_open = true,
        .breaker_opened_at = {1760106600789},
        .recoveries_at = {{30}, {20}, {10}},
        .paused_until = {1760109999000},
        .paused_by = "björn",
        .pause_reason = "disk \"swap\"; DROP TABLE event; --",
        .empty_primary = true,
        .role = "replica",
        .role_source = "10.0.0.1:6379",
        .role_run_id = "0123456789abcdef0123456789abcdef01234567",
        .role_keys = 20000,
        .event_seq = 77,
        .start_seconds = 2.5,
        .recovery_set = true,
        .recovery = recovery_policy_default(),
        .failure_threshold = 5,
    };
    s.recovery.max_attempts = 9;
    s.recovery.external_stop = EXTERNAL_STOP_RESPECT;
    s.recovery.backoff_multiplier = 1.5;
    (void)str_copy(s.id, sizeof s.id, id);
    return s;
}

static void assert_same(const struct service_state *a, const struct service_state *b)
{
    assert_string_equal(a->id, b->id);
    assert_int_equal(a->stopped_on_purpose, b->stopped_on_purpose);
    assert_string_equal(a->stopped_by, b->stopped_by);
    assert_int_equal(a->stopped_at.ms, b->stopped_at.ms);
    assert_string_equal(a->stopped_reason, b->stopped_reason);
    assert_int_equal(a->stop_seen, b->stop_seen);
    assert_int_equal(a->ever_answered, b->ever_answered);
    assert_string_equal(a->address, b->address);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->last_attempt_at.ms, b->last_attempt_at.ms);
    assert_int_equal(a->exhausted, b->exhausted);
    assert_int_equal(a->breaker_open, b->breaker_open);
    assert_int_equal(a->breaker_opened_at.ms, b->breaker_opened_at.ms);
    assert_memory_equal(a->recoveries_at, b->recoveries_at, sizeof a->recoveries_at);
    assert_int_equal(a->paused_until.ms, b->paused_until.ms);
    assert_string_equal(a->paused_by, b->paused_by);
    assert_string_equal(a->pause_reason, b->pause_reason);
    assert_int_equal(a->empty_primary, b->empty_primary);
    assert_string_equal(a->role, b->role);
    assert_string_equal(a->role_source, b->role_source);
    assert_string_equal(a->role_run_id, b->role_run_id);
    assert_int_equal(a->role_keys, b->role_keys);
    assert_int_equal(a->event_seq, b->event_seq);
    assert_true(a->start_seconds <= b->start_seconds && a->start_seconds >= b->start_seconds);
    assert_int_equal(a->recovery_set, b->recovery_set);
    assert_int_equal(a->recovery.enabled, b->recovery.enabled);
    assert_int_equal(a->recovery.max_attempts, b->recovery.max_attempts);
    assert_int_equal(a->recovery.retry_delay_ms, b->recovery.retry_delay_ms);
    assert_true(a->recovery.backoff_multiplier <= b->recovery.backoff_multiplier &&
                a->recovery.backoff_multiplier >= b->recovery.backoff_multiplier);
    assert_int_equal(a->recovery.external_stop, b->recovery.external_stop);
    assert_int_equal(a->recovery.external_stop_grace_ms, b->recovery.external_stop_grace_ms);
    assert_int_equal(a->recovery.breaker_recoveries, b->recovery.breaker_recoveries);
    assert_int_equal(a->recovery.breaker_window_ms, b->recovery.breaker_window_ms);
    assert_int_equal(a->failure_threshold, b->failure_threshold);
}

static void every_member_of_a_state_survives_a_restart(void **state)
{
    struct bench *b = *state;
    struct service_state wanted = full_state("redis");
    struct service_state got;
    struct error err = {0};
    struct stat st;
    open_store(b);
    assert_int_equal(store_load_service(b->store, "redis", &got, &err), 0);
    store_save_service(b->store, 1, STORE_FULL, &wanted);
    assert_int_equal(b->total, 0); /* never on the caller's stack */
    await(b, 1);
    assert_int_equal(b->outcomes[STORE_DURABLE], 1);
    close_store(b);
    open_store(b);
    assert_int_equal(store_load_service(b->store, "redis", &got, &err), 1);
    assert_true(got.event_seq > wanted.event_seq); /* a start gives out no number twice */
    wanted.event_seq = got.event_seq;
    assert_same(&got, &wanted);
    char path[100];
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    /* As version 0.1.0 left it. */
    close_store(b);
    assert_int_equal(chmod(path, 0640), 0);
    open_store(b);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void what_is_queued_is_saved_before_close_returns_and_the_last_state_wins(void **state)
{
    struct bench *b = *state;
    struct service_state s = full_state("redis");
    struct error err = {0};
    open_store(b);
    for (int i = 1; i <= 1000; i++) {
        s.attempts = i;
        store_save_service(b->store, (uint64_t)i, STORE_NORMAL, &s);
    }
    close_store(b);
    assert_int_equal(b->total, 0);
    open_store(b);
    assert_int_equal(store_load_service(b->store, "redis", &s, &err), 1);
    assert_int_equal(s.attempts, 1000);
}

static void save_event(struct bench *b, uint64_t id, const char *service, uint64_t seq, int64_t at)
{
    char body[200];
    (void)snprintf(body, sizeof body,
                   "{\"type\": \"service_event\", \"service\": \"%s\", \"seq\": %d}", service,
                   (int)seq);
    struct event_record e = {.seq = seq, .at = {at}, .type = "service_event", .body = body};
    (void)str_copy(e.service, sizeof e.service, service);
    store_save_event(b->store, id, &e);
}

static void a_query_sees_every_write_before_it_newest_first(void **state)
{
    struct bench *b = *state;
    open_store(b);
    for (int i = 1; i <= 20; i++)
        save_event(b, 0, i % 2 == 0 ? "a" : "b", (uint64_t)i, 1000 + i);
    store_query_events(b->store, 1, "a", 10, 3);
    await(b, 1);
    assert_int_equal(json_array_size(b->rows), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(b->rows, 0), "seq")), 20);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(b->rows, 2), "seq")), 16);
    store_query_events(b->store, 2, NULL, 0, 0);
    await(b, 2);
    assert_int_equal(json_array_size(b->rows), 20);
    store_query_events(b->store, 3, "nobody", UINT64_MAX, -5);
    await(b, 3);
    assert_int_equal(json_array_size(b->rows), 0);
}

static void a_lost_state_does_not_give_an_event_number_out_twice(void **state)
{
    struct bench *b = *state;
    struct service_state s = full_state("redis");
    struct error err = {0};
    open_store(b);
    store_save_service(b->store, 1, STORE_NORMAL, &s);
    save_event(b, 2, "redis", 99, 1);
    await(b, 2);
    assert_int_equal(store_load_service(b->store, "redis", &s, &err), 1);
    assert_int_equal(s.event_seq, 99);
}

static void save_recovery(struct bench *b, const char *id, int64_t at, double seconds,
                          const char *level, const char *result)
{
    struct recovery_record r = {.service = "redis",
                                .started_at = {at},
                                .duration_seconds = seconds,
                                .cause = "crashed",
                                .attempts = 1,
                                .message = "it \xff fell",
                                .evidence = "[\"unit failed\"]"};
    (void)str_copy(r.id, sizeof r.id, id);
    (void)str_copy(r.level, sizeof r.level, level);
    (void)str_copy(r.result, sizeof r.result, result);
    store_save_recovery(b->store, 0, &r);
}

static void recoveries_are_updated_by_id_listed_and_summed(void **state)
{
    struct bench *b = *state;
    open_store(b);
    save_recovery(b, "r1", 1000, -1, "soft", "");
    save_recovery(b, "r1", 1000, 2, "soft", "success");
    save_recovery(b, "r2", 2000, 4, "hard", "success");
    save_recovery(b, "r3", 3000, 6, "hard", "failed");
    save_recovery(b, "r4", 4000, -1, "soft", "interrupted");
    store_query_recoveries(b->store, 1, "redis", (wall_ms){2000}, 100);
    await(b, 1);
    assert_int_equal(json_array_size(b->rows), 3);
    const json_t *last = json_array_get(b->rows, 2);
    assert_string_equal(json_string_value(json_object_get(last, "id")), "r2");
    assert_string_equal(json_string_value(json_object_get(last, "recovery_level")), "hard");
    assert_string_equal(json_string_value(json_object_get(last, "message")), "it ? fell");
    assert_true(json_is_array(json_object_get(last, "evidence")));
    assert_true(json_is_null(json_object_get(json_array_get(b->rows, 0), "duration_seconds")));
    store_query_recovery_summary(b->store, 2, "redis", WALL_NONE);
    await(b, 2);
    const json_t *sum = json_array_get(b->rows, 0);
    assert_int_equal(json_integer_value(json_object_get(sum, "count")), 3);
    assert_int_equal(json_integer_value(json_object_get(sum, "successes")), 2);
    assert_true(json_number_value(json_object_get(sum, "mean_seconds")) > 3.99);
    assert_string_equal(json_string_value(json_object_get(sum, "commonest_level")), "hard");
    store_query_recovery_summary(b->store, 3, "other", WALL_NONE);
    await(b, 3);
    sum = json_array_get(b->rows, 0);
    assert_int_equal(json_integer_value(json_object_get(sum, "count")), 0);
    assert_true(json_is_null(json_object_get(sum, "success_rate")));
    assert_true(json_is_null(json_object_get(sum, "commonest_level")));
}

static void recoveries_before_a_start_are_recalled_newest_first(void **state)
{
    struct bench *b = *state;
    struct recovery_record past[3];
    struct error err = {0};
    open_store(b);
    assert_int_equal(store_load_recoveries(b->store, "redis", past, 3, &err), 0);
    save_recovery(b, "r1", 1000, 2, "soft", "success");
    save_recovery(b, "r2", 2000, 4, "hard", "needs_human");
    save_recovery(b, "r3", 3000, 6, "hard", "by_itself");
    save_recovery(b, "r4", 4000, -1, "standard", "running");
    close_store(b);
    open_store(b);
    assert_int_equal(store_load_recoveries(b->store, "other", past, 3, &err), 0);
    assert_int_equal(store_load_recoveries(b->store, "redis", past, 3, &err), 3);
    assert_string_equal(past[0].id, "r4");
    assert_string_equal(past[0].result, "interrupted");
    assert_string_equal(past[0].level, "standard");
    assert_true(past[0].duration_seconds < 0);
    assert_string_equal(past[1].result, "by_itself");
    assert_int_equal(past[2].started_at.ms, 2000);
    assert_true(past[2].duration_seconds > 3.9);
    store_query_recovery_summary(b->store, 1, "redis", WALL_NONE);
    await(b, 1);
    const json_t *sum = json_array_get(b->rows, 0);
    assert_int_equal(json_integer_value(json_object_get(sum, "count")), 2);
    assert_int_equal(json_integer_value(json_object_get(sum, "successes")), 1);
}

static void thinning_takes_only_what_is_older_however_much(void **state)
{
    struct bench *b = *state;
    open_store(b);
    for (int i = 1; i <= 3 * STORE_THIN_ROWS; i++)
        save_event(b, 0, "a", (uint64_t)i, i);
    save_recovery(b, "old", 10, 1, "soft", "success");
    save_recovery(b, "new", 20, 1, "soft", "success");
    store_thin(b->store, (wall_ms){3 * STORE_THIN_ROWS - 4}, (wall_ms){15});
    uint64_t id = 0;
    do { /* it works bite by bite */
        store_query_events(b->store, ++id, "a", 0, 1000);
        await(b, (int)id);
    } while (json_array_size(b->rows) > 5);
    assert_int_equal(json_array_size(b->rows), 5);
    store_query_recoveries(b->store, ++id, NULL, WALL_NONE, 0);
    await(b, (int)id);
    assert_int_equal(json_array_size(b->rows), 1);
}

static int try_open(struct bench *b, struct error *err)
{
    struct store *s = NULL;
    int r = store_open(&b->loop, b->folder, on_done, on_rows, b, &s, err);
    if (r == 0)
        store_close(s, 10000);
    else
        assert_null(s);
    return r;
}

static void a_newer_schema_is_refused_with_the_reason(void **state)
{
    struct bench *b = *state;
    char path[100];
    struct error err = {0};
    sqlite3 *db;
    assert_int_equal(try_open(b, &err), 0);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=999", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(try_open(b, &err), -EPROTO);
    assert_non_null(strstr(err.text, "newer Resus"));
    assert_non_null(strstr(err.text, path));
}

static void a_damaged_database_is_named_and_left_alone(void **state)
{
    struct bench *b = *state;
    char path[100];
    struct error err = {0};
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 20000; i++)
        (void)fputs("garbage", f);
    (void)fclose(f);
    assert_int_equal(try_open(b, &err), -EILSEQ);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, ".recover"));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 140000);
    assert_int_equal(unlink(path), 0);

    open_store(b); /* a page in the middle */
    for (int i = 1; i <= 2000; i++)
        save_event(b, 0, "a", (uint64_t)i, i);
    close_store(b);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (int page = 3; page < 12; page++)
        assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, (off_t)page * 4096), 8);
    (void)close(fd);
    assert_int_equal(try_open(b, &err), -EILSEQ);
}

static void a_full_disk_is_told_and_the_latest_state_is_saved_later(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    if (mount("tmpfs", b->folder, "tmpfs", 0, "size=400k") < 0)
        skip(); /* needs root */
    open_store(b);
    char body[8000];
    memset(body, ' ', sizeof body);
    memcpy(body, "{}", 2);
    body[sizeof body - 1] = '\0';
    int n = 0;
    while (b->outcomes[STORE_FULL_DISK] == 0) {
        n++;
        struct event_record e = {.service = "x", .seq = (uint64_t)n, .at = {n}, .body = body};
        store_save_event(b->store, (uint64_t)n, &e);
        await(b, n);
        assert_int_equal(b->outcomes[STORE_FAILED], 0);
    }
    char services[3][8] = {"a", "b", "c"};
    for (int round = 1; round <= 4; round++)
        for (int i = 0; i < 3; i++) {
            struct service_state s = full_state(services[i]);
            s.attempts = round;
            store_save_service(b->store, (uint64_t)++n, i == 0 ? STORE_FULL : STORE_NORMAL, &s);
            await(b, n);
        }
    struct store_state look;
    store_look(b->store, &look);
    assert_true(look.unsaved > 0);
    assert_int_equal(mount("tmpfs", b->folder, "tmpfs", MS_REMOUNT, "size=4m"), 0);
    do
        store_look(b->store, &look);
    while (look.unsaved > 0 && sched_yield() == 0);
    assert_int_equal(look.problem.code, 0);
    close_store(b);
    open_store(b);
    for (int i = 0; i < 3; i++) {
        struct service_state s;
        assert_int_equal(store_load_service(b->store, services[i], &s, &err), 1);
        assert_int_equal(s.attempts, 4);
    }
    close_store(b);
    assert_int_equal(umount(b->folder), 0);
}

static void a_locked_database_completes_with_busy_and_is_saved_later(void **state)
{
    struct bench *b = *state;
    char path[100];
    sqlite3 *db;
    struct store_state look;
    struct service_state s = full_state("redis");
    open_store(b);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    store_save_service(b->store, 1, STORE_NORMAL, &s);
    await(b, 1);
    assert_int_equal(b->outcomes[STORE_BUSY], 1);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    do
        store_look(b->store, &look);
    while (look.unsaved > 0 && sched_yield() == 0);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(store_load_service(b->store, "redis", &s, NULL), 1);
}

static void a_kill_after_a_full_completion_loses_nothing(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    for (int round = 1; round <= 8; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct bench *mine = calloc(1, sizeof *mine);
            (void)str_copy(mine->folder, sizeof mine->folder, b->folder);
            (void)uv_loop_init(&mine->loop);
            open_store(mine);
            struct service_state s = full_state("redis");
            for (int i = 1;; i++) {
                s.attempts = i;
                store_save_service(mine->store, (uint64_t)i, STORE_FULL, &s);
                await(mine, i);
                if (write(pipes[1], &i, sizeof i) != sizeof i)
                    _exit(1);
            }
        }
        (void)close(pipes[1]);
        int told = 0;
        int last = 0;
        for (int i = 0; i < round * 3; i++)
            assert_int_equal(read(pipes[0], &last, sizeof last), sizeof last);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        while (read(pipes[0], &told, sizeof told) == sizeof told)
            last = told;
        (void)close(pipes[0]);
        struct service_state s;
        open_store(b);
        assert_int_equal(store_load_service(b->store, "redis", &s, &err), 1);
        assert_true(s.attempts == last || s.attempts == last + 1);
        close_store(b);
    }
}

static void lack_of_memory_completes_with_failed_and_a_long_body_is_refused(void **state)
{
    struct bench *b = *state;
    struct service_state s = full_state("redis");
    struct error err = {0};
    open_store(b);
    for (unsigned long n = 1; n <= 4; n++) {
        mem_fail_from(n);
        store_save_service(b->store, n, STORE_NORMAL, &s);
        mem_fail_from(0);
        await(b, (int)n);
    }
    assert_true(b->outcomes[STORE_FAILED] >= 2);
    char *body = malloc(STORE_BODY_MAX + 10);
    memset(body, 'x', STORE_BODY_MAX + 10);
    body[STORE_BODY_MAX + 9] = '\0';
    struct event_record e = {.service = "redis", .seq = 1, .body = body};
    store_save_event(b->store, 5, &e);
    await(b, 5);
    assert_non_null(strstr(b->error.text, "too long"));
    free(body);
    close_store(b);
    for (unsigned long n = 1; n < 5; n++) {
        mem_fail_from(n);
        int r = try_open(b, &err);
        mem_fail_from(0);
        assert_true(r == 0 || r == -ENOMEM);
    }
}

static void a_full_queue_is_busy_and_keeps_the_newest_state(void **state)
{
    struct bench *b = *state;
    char path[100];
    sqlite3 *db;
    struct service_state s = full_state("redis");
    open_store(b);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    /* The thread waits for the lock with at most one batch in its hands. */
    int n = STORE_QUEUE_MAX + STORE_BATCH_MAX + 500;
    for (int i = 1; i <= n; i++) {
        s.attempts = i;
        store_save_service(b->store, (uint64_t)i, STORE_NORMAL, &s);
    }
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    await(b, n);
    assert_true(b->outcomes[STORE_BUSY] >= 500);
    struct store_state look;
    do
        store_look(b->store, &look);
    while (look.unsaved > 0 && sched_yield() == 0);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(store_load_service(b->store, "redis", &s, NULL), 1);
    assert_int_equal(s.attempts, n);
}

static void unsaved_keeps_the_newest_of_each(void **state)
{
    (void)state;
    struct unsaved u = {0};
    struct unsaved other = {0};
    struct service_state s = full_state("a");
    unsaved_keep(&u, &s, 5);
    s.attempts = 100;
    unsaved_keep(&u, &s, 4); /* older: ignored */
    assert_int_equal(u.first->state.attempts, 2);
    unsaved_done(&u, "a", 5); /* not newer than itself */
    assert_int_equal(u.count, 1);
    unsaved_keep(&other, &s, 3);
    s = full_state("b");
    unsaved_keep(&other, &s, 3);
    unsaved_merge(&u, &other);
    assert_int_equal(u.count, 2);
    assert_int_equal(other.count, 1);
    unsaved_done(&u, "a", 6);
    assert_int_equal(u.count, 1);
    assert_string_equal(u.first->state.id, "b");
    unsaved_free(&u);
    unsaved_free(&other);
}

static void hang(void *context)
{
    const int *from = context;
    char byte;
    /* Until the test lets go: a disk that does not answer. */
    assert_true(read(*from, &byte, 1) == 1);
}

/* Its exit() would run the libraries' last acts while the thread still uses them. */
static void a_thread_that_hangs_is_known_to_whoever_ends_the_program(void **state)
{
    static struct worker worker;
    int ends[2];
    struct error err = {0};
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(worker_start(&worker, "hangs", hang, &ends[0], &err), 0);
    assert_false(worker_left_behind());
    assert_false(worker_stop(&worker, 1));
    assert_true(worker_left_behind());
    assert_int_equal(write(ends[1], "x", 1), 1);
    (void)pthread_mutex_lock(&worker.lock);
    while (!worker.finished)
        (void)pthread_cond_wait(&worker.ended, &worker.lock);
    (void)pthread_mutex_unlock(&worker.lock);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_member_of_a_state_survives_a_restart),
        TEST(what_is_queued_is_saved_before_close_returns_and_the_last_state_wins),
        TEST(a_query_sees_every_write_before_it_newest_first),
        TEST(a_lost_state_does_not_give_an_event_number_out_twice),
        TEST(recoveries_are_updated_by_id_listed_and_summed),
        TEST(recoveries_before_a_start_are_recalled_newest_first),
        TEST(thinning_takes_only_what_is_older_however_much),
        TEST(a_newer_schema_is_refused_with_the_reason),
        TEST(a_damaged_database_is_named_and_left_alone),
        TEST(a_full_disk_is_told_and_the_latest_state_is_saved_later),
        TEST(a_locked_database_completes_with_busy_and_is_saved_later),
        TEST(a_kill_after_a_full_completion_loses_nothing),
        TEST(lack_of_memory_completes_with_failed_and_a_long_body_is_refused),
        TEST(a_full_queue_is_busy_and_keeps_the_newest_state),
        cmocka_unit_test(unsaved_keeps_the_newest_of_each),
        cmocka_unit_test(a_thread_that_hangs_is_known_to_whoever_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
