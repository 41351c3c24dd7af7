/* What the outbox promises, with a real database: nothing leaves before it is stored, nothing that
 * was posted is lost by a kill, and no disk, receiver or flood holds up the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/outbox.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

#define SENT_MAX 4096
#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum { PAGER, CHAT, MAIL, CHANNELS };

struct sent {
    int channel;
    uint64_t delivery;
    char summary[128];
    bool repeat, not_stored, combined;
    int attempt;
};

struct bench {
    char folder[64], path[100];
    uv_loop_t loop;
    struct store *store;
    struct outbox *outbox;
    int64_t skew_ms;
    int64_t wall_ms; /* the wall clock is wrong by */
    struct sent sent[SENT_MAX];
    size_t sent_count, answered;
    size_t cancelled;
    int news[OUTBOX_DROPPED + 1];
    int ended[DELIVERY_STATE_COUNT];
    uint32_t current;                 /* generation of every thread */
    bool silent[CHANNELS];            /* these never answer */
    enum retry_class class[CHANNELS]; /* what the others answer */
    void (*on_send)(struct bench *b, const struct sent *sent);
    void (*on_news)(struct bench *b, const struct outbox_news *news);
    bool wake; /* stop the loop at the next sending */
    uv_async_t answers;
    uv_timer_t alive;
};

static const struct outbox_channel channels[CHANNELS] = {
    [PAGER] = {"pager", {true, DAY_MS}},
    [CHAT] = {"chat", {false, 3 * DAY_MS}},
    [MAIL] = {"mail", {false, 5 * DAY_MS}},
};

/* ── a world of channels ── */

static struct now bench_now(void *context)
{
    const struct bench *b = context;
    struct now now = clock_now();
    now.mono = mono_add(now.mono, b->skew_ms);
    now.wall = wall_add(now.wall, b->skew_ms + b->wall_ms);
    return now;
}

static void bench_send(void *context, int channel, uint64_t delivery, const json_t *message)
{
    struct bench *b = context;
    assert_true(b->sent_count < SENT_MAX);
    struct sent *sent = &b->sent[b->sent_count];
    *sent = (struct sent){.channel = channel,
                          .delivery = delivery,
                          .repeat = json_bool_or(message, "repeat", false),
                          .not_stored = json_bool_or(message, "not_stored", false),
                          .combined = json_bool_or(message, "combined", false),
                          .attempt = (int)json_int_or(message, "attempt", 0)};
    assert_int_equal(json_int_or(message, "delivery", 0), delivery);
    (void)str_copy(sent->summary, sizeof sent->summary, json_text_or(message, "summary", ""));
    b->sent_count++;
    if (b->on_send != NULL)
        b->on_send(b, sent);
    if (b->wake)
        uv_stop(&b->loop);
    (void)uv_async_send(&b->answers);
}

static void bench_cancel(void *context, int channel, uint64_t delivery)
{
    struct bench *b = context;
    (void)channel, (void)delivery;
    b->cancelled++;
}

static bool bench_is_stale(void *context, const char *thread, uint32_t generation)
{
    const struct bench *b = context;
    assert_true(thread[0] != '\0');
    return generation < b->current;
}

static void bench_news(void *context, const struct outbox_news *news)
{
    struct bench *b = context;
    b->news[news->kind]++;
    if (b->on_news != NULL)
        b->on_news(b, news);
    if (news->kind == OUTBOX_ENDED) {
        assert_non_null(news->record);
        b->ended[news->state]++;
        uv_stop(&b->loop);
    }
}

/* The channels answer in the loop, never on the sender's stack. */
static void on_answers(uv_async_t *handle)
{
    struct bench *b = handle->data;
    while (b->answered < b->sent_count) {
        const struct sent sent = b->sent[b->answered++];
        if (!b->silent[sent.channel] && b->outbox != NULL)
            outbox_answered(b->outbox, sent.delivery, b->class[sent.channel], 0, RETRY_AFTER_NONE,
                            "r-1", NULL);
    }
}

static void stay(uv_timer_t *timer)
{
    (void)timer;
}

static int begin(struct bench *b)
{
    (void)snprintf(b->path, sizeof b->path, "%s/resus.db", b->folder);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(uv_async_init(&b->loop, &b->answers, on_answers), 0);
    assert_int_equal(uv_timer_init(&b->loop, &b->alive), 0);
    assert_int_equal(uv_timer_start(&b->alive, stay, 3600000, 3600000), 0);
    b->answers.data = b;
    return 0;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-outbox-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    *state = b;
    return begin(b);
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

static void open_all(struct bench *b)
{
    struct error err = {0};
    if (store_open(&b->loop, b->folder, on_done, on_rows, b, &b->store, &err) < 0)
        fail_msg("%s", err.text);
    struct outbox_ports ports = {.context = b,
                                 .loop = &b->loop,
                                 .store = b->store,
                                 .channel = {bench_send, bench_cancel},
                                 .now = bench_now,
                                 .is_stale = bench_is_stale,
                                 .news = bench_news};
    if (outbox_open(&ports, channels, CHANNELS, &b->outbox, &err) < 0)
        fail_msg("%s", err.text);
}

static void close_all(struct bench *b)
{
    outbox_close(b->outbox);
    b->outbox = NULL;
    store_close(b->store, 10000);
    b->store = NULL;
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    close_all(b);
    uv_close((uv_handle_t *)&b->answers, NULL);
    uv_close((uv_handle_t *)&b->alive, NULL);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
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

/* ── steps ── */

static int64_t post_as(struct bench *b, enum lane_kind kind, int severity, const char *thread,
                       uint32_t to, uint32_t generation)
{
    struct error err = {0};
    JSON_CLEANUP json_t *facts = json_object();
    assert_true(json_put_text(facts, "summary", thread == NULL ? "plain" : thread));
    int64_t r = outbox_post(b->outbox,
                            &(struct outbox_post){.kind = kind,
                                                  .severity = severity,
                                                  .thread = thread,
                                                  .service = "redis",
                                                  .channels = to,
                                                  .generation = generation,
                                                  .facts = facts},
                            &err);
    assert_int_equal(r < 0, err.code < 0);
    return r;
}

static int64_t post(struct bench *b, enum lane_kind kind, int severity, const char *thread,
                    uint32_t to)
{
    return post_as(b, kind, severity, thread, to, 0);
}

static void await_sent(struct bench *b, size_t count)
{
    b->wake = true;
    while (b->sent_count < count)
        (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    b->wake = false;
}

static void await_ended(struct bench *b, enum delivery_state state, int count)
{
    while (b->ended[state] < count)
        (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

/* Lets time pass for the outbox alone. */
static void pass(struct bench *b, int64_t ms)
{
    b->skew_ms += ms;
    outbox_configure(b->outbox, channels, CHANNELS);
}

static int64_t ask(const struct bench *b, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(s, 0);
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

static void change(const struct bench *b, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ── the order of writing ── */

static void is_stored(struct bench *b, const struct sent *sent)
{
    char sql[200];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM record WHERE kind = 'delivery' AND number = %llu"
                   " AND state = 'sending'",
                   (unsigned long long)sent->delivery);
    assert_int_equal(ask(b, sql), 1);
    assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE kind = 'message'"), 1);
    assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE kind = 'user'"), 1);
}

static void a_message_its_deliveries_and_its_alert_are_stored_before_a_byte_leaves(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    open_all(b);
    b->on_send = is_stored;
    JSON_CLEANUP json_t *facts = json_pack("{s:s}", "summary", "it fell");
    JSON_CLEANUP json_t *alert = json_pack("{s:s}", "state", "firing");
    struct record_change with = {.kind = RECORD_USER, .number = 1, .body = alert};
    struct outbox_post p = {.kind = LANE_TRIGGER,
                            .severity = 1,
                            .thread = "resus/a/redis/availability/1",
                            .channels = 1U << PAGER | 1U << MAIL,
                            .facts = facts,
                            .with = &with,
                            .with_count = 1};
    assert_true(outbox_post(b->outbox, &p, &err) > 0);
    assert_int_equal(b->sent_count, 0);
    await_sent(b, 2);
    assert_string_equal(b->sent[0].summary, "it fell");
    assert_false(b->sent[0].not_stored);
    assert_false(b->sent[0].repeat);
    await_ended(b, DELIVERY_DELIVERED, 2);
    close_all(b);
    assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE state IN ('done', 'delivered')"), 3);
    with.body = NULL; /* no such record: nothing is posted */
    open_all(b);
    assert_int_equal(outbox_post(b->outbox, &p, &err), -ENOMEM);
    p.with_count = 0;
    p.facts = NULL;
    assert_int_equal(outbox_post(b->outbox, &p, &err), -EINVAL);
}

static void a_message_for_no_channel_is_stored(void **state)
{
    struct bench *b = *state;
    open_all(b);
    assert_true(post(b, LANE_TRIGGER, 3, "t", 0) > 0);
    close_all(b);
    assert_int_equal(
        ask(b, "SELECT count(*) FROM record WHERE kind = 'message' AND state = 'done'"), 1);
}

/* ── kills ── */

enum step { STEP_POSTED, STEP_STORED, STEP_SENT, STEP_ANSWERED, STEP_DONE };

static void die(struct bench *b, const struct sent *sent)
{
    (void)b, (void)sent;
    (void)raise(SIGKILL);
}

static void live_until(struct bench *b, enum step step)
{
    static const char all[] = "SELECT count(*) FROM record WHERE kind = 'delivery'";
    static const char done[] = "SELECT count(*) FROM record WHERE state = 'delivered'";
    open_all(b);
    int64_t all_before = ask(b, all), done_before = ask(b, done); /* of the lives before */
    (void)post(b, LANE_TRIGGER, 1, "t", 1U << PAGER);
    if (step == STEP_POSTED)
        die(b, NULL);
    if (step == STEP_STORED) { /* by the time the store has it */
        while (ask(b, all) == all_before)
            (void)uv_run(&b->loop, UV_RUN_NOWAIT);
        die(b, NULL);
    }
    if (step == STEP_SENT)
        b->on_send = die;
    b->silent[PAGER] = true;
    await_sent(b, 1);
    outbox_answered(b->outbox, b->sent[0].delivery, RETRY_DELIVERED, 202, -1, NULL, NULL);
    if (step == STEP_DONE)
        while (ask(b, done) == done_before)
            (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    die(b, NULL);
}

static void a_kill_at_any_step_loses_nothing_and_repeats_under_the_same_id(void **state)
{
    struct bench *b = *state;
    for (int step = STEP_POSTED; step <= STEP_DONE; step++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct bench *mine = calloc(1, sizeof *mine);
            (void)str_copy(mine->folder, sizeof mine->folder, b->folder);
            (void)begin(mine);
            live_until(mine, (enum step)step);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        int64_t queued = 0;
        if (access(b->path, F_OK) == 0)
            queued = ask(b, "SELECT count(*) FROM record WHERE kind = 'delivery'"
                            " AND state IN ('queued', 'sending')");
        size_t before = b->sent_count;
        int delivered = b->ended[DELIVERY_DELIVERED];
        open_all(b);
        /* What is not waited for may have been stored in time. */
        if (step != STEP_POSTED && step != STEP_ANSWERED)
            assert_int_equal(queued, step != STEP_DONE);
        if (queued > 0) {
            int64_t id = ask(b, "SELECT number FROM record WHERE kind = 'delivery'"
                                " AND state IN ('queued', 'sending')");
            await_ended(b, DELIVERY_DELIVERED, delivered + 1);
            assert_int_equal(b->sent_count, before + 1);
            assert_int_equal(b->sent[before].delivery, id);
            if (step >= STEP_SENT)
                assert_true(b->sent[before].repeat);
        }
        close_all(b);
        assert_int_equal(b->sent_count, before + (queued > 0));
        assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE kind = 'delivery'"
                                " AND state <> 'delivered'"),
                         0);
        assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE kind = 'message'"
                                " AND state = 'open'"),
                         0);
    }
}

static void what_ended_while_the_daemon_was_down_is_resolved_or_never_sent(void **state)
{
    struct bench *b = *state;
    b->silent[PAGER] = b->silent[CHAT] = true;
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "sent", 1U << PAGER | 1U << CHAT);
    await_sent(b, 2);
    (void)post(b, LANE_TRIGGER, 1, "queued", 1U << PAGER | 1U << CHAT); /* behind it */
    close_all(b);
    b->silent[PAGER] = b->silent[CHAT] = false;
    b->sent_count = b->answered = 0;
    open_all(b);
    (void)post(b, LANE_RESOLVE, 1, "sent", 1U << PAGER | 1U << CHAT);
    (void)post(b, LANE_RESOLVE, 1, "queued", 1U << PAGER | 1U << CHAT);
    await_ended(b, DELIVERY_DELIVERED, 3);
    assert_int_equal(b->sent_count, 3); /* two resolves of what may have arrived, one for chat */
    for (size_t i = 0; i < 3; i++) {
        assert_true(b->sent[i].combined);
        if (str_equal(b->sent[i].summary, "queued"))
            assert_int_equal(b->sent[i].channel, CHAT);
    }
    assert_int_equal(b->ended[DELIVERY_SUPERSEDED], 5);
}

/* ── how long a message is of use ── */

static void await_answers(struct bench *b)
{
    while (b->answered < b->sent_count)
        (void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

static void a_clock_set_forward_between_two_lives_expires_nothing_but_what_has_a_date(void **state)
{
    struct bench *b = *state;
    b->class[PAGER] = b->class[CHAT] = RETRY_LATER;
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "t", 1U << PAGER);
    (void)post(b, LANE_ANNOUNCE, 0, NULL, 1U << CHAT);
    await_sent(b, 2);
    await_answers(b);
    close_all(b);
    b->wall_ms = 9 * DAY_MS;
    b->class[PAGER] = b->class[CHAT] = RETRY_DELIVERED;
    open_all(b);
    await_ended(b, DELIVERY_DELIVERED, 1);
    await_ended(b, DELIVERY_EXPIRED, 1);
    assert_int_equal(b->sent_count, 3);
    assert_int_equal(b->sent[2].channel, PAGER);
    assert_int_equal(b->sent[2].delivery, b->sent[0].delivery);
}

static void a_clock_set_forward_before_the_end_of_a_life_expires_nothing(void **state)
{
    struct bench *b = *state;
    b->class[PAGER] = RETRY_LATER;
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "t", 1U << PAGER);
    await_sent(b, 1);
    await_answers(b);
    b->wall_ms = 9 * DAY_MS;
    pass(b, 1000);
    close_all(b);
    b->class[PAGER] = RETRY_DELIVERED;
    open_all(b);
    pass(b, 60000);
    await_ended(b, DELIVERY_DELIVERED, 1);
    assert_int_equal(b->ended[DELIVERY_EXPIRED], 0);
}

/* Two messages for a receiver that is away: of a channel that fails only the first is tried. */
static void a_start_gives_no_new_life_to_what_has_nearly_expired(void **state)
{
    struct bench *b = *state;
    b->class[PAGER] = RETRY_LATER;
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "tried", 1U << PAGER);
    (void)post(b, LANE_TRIGGER, 1, "behind", 1U << PAGER);
    for (int hour = 0; hour < 23; hour++) {
        await_answers(b);
        pass(b, DAY_MS / 24);
    }
    await_answers(b);
    close_all(b);
    open_all(b);
    pass(b, DAY_MS / 12 + 60000);
    await_ended(b, DELIVERY_EXPIRED, 2);
    assert_int_equal(b->ended[DELIVERY_DELIVERED], 0);
}

/* Its record had the time of its end alone. */
static void what_the_version_before_has_left_lives_on(void **state)
{
    struct bench *b = *state;
    b->class[PAGER] = RETRY_LATER;
    open_all(b);
    (void)post(b, LANE_RESOLVE, 1, "t", 1U << PAGER);
    await_sent(b, 1);
    await_answers(b);
    close_all(b);
    change(b, "UPDATE record SET body = json_remove(body, '$.saved_at') WHERE kind = 'delivery'");
    b->wall_ms = 9 * DAY_MS;
    b->class[PAGER] = RETRY_DELIVERED;
    open_all(b);
    await_ended(b, DELIVERY_DELIVERED, 1);
    assert_int_equal(b->ended[DELIVERY_EXPIRED], 0);
}

/* ── a disk that is no help ── */

static void a_disk_that_hangs_delays_a_page_by_a_moment_only(void **state)
{
    struct bench *b = *state;
    struct outbox_state look;
    sqlite3 *db;
    open_all(b);
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    (void)post(b, LANE_TRIGGER, 1, "t", 1U << PAGER);
    await_sent(b, 1);
    assert_true(b->sent[0].not_stored);
    assert_int_equal(b->news[OUTBOX_NOT_STORED], 1);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    await_ended(b, DELIVERY_DELIVERED, 1);
    outbox_look(b->outbox, &look);
    assert_int_equal(look.unstored, 0);
    close_all(b);
    assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE state IN ('done', 'delivered')"), 2);
}

static void a_full_disk_keeps_no_page_back_and_is_caught_up_with(void **state)
{
    struct bench *b = *state;
    struct outbox_state look;
    struct store_state store;
    if (mount("tmpfs", b->folder, "tmpfs", 0, "size=600k") < 0)
        skip(); /* needs root */
    b->silent[PAGER] = b->silent[MAIL] = true;
    open_all(b);
    sqlite3 *db; /* fills it */
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 10000);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE fill (a)", NULL, NULL, NULL), SQLITE_OK);
    while (sqlite3_exec(db, "INSERT INTO fill VALUES (randomblob(3000))", NULL, NULL, NULL) ==
           SQLITE_OK)
        ;
    (void)sqlite3_close(db);
    char thread[16];
    for (int i = 0; i < 400; i++) { /* more than there is room for */
        (void)snprintf(thread, sizeof thread, "t%d", i);
        int64_t r = post(b, LANE_TRIGGER, i == 7 ? 1 : 3, thread, 1U << PAGER);
        assert_true(r > 0 || r == -ENOBUFS);
        (void)uv_run(&b->loop, UV_RUN_NOWAIT);
        do /* the store has answered */
            outbox_look(b->outbox, &look);
        while (look.unstored < look.messages && uv_run(&b->loop, UV_RUN_NOWAIT) >= 0);
    }
    assert_true(look.messages <= OUTBOX_UNSTORED_MAX);
    assert_true(look.dropped >= 400 - OUTBOX_UNSTORED_MAX);
    assert_int_equal(b->news[OUTBOX_DROPPED], look.dropped);
    await_sent(b, 1);
    assert_true(b->sent[0].not_stored);
    outbox_answered(b->outbox, b->sent[0].delivery, RETRY_DELIVERED, 202, -1, NULL, NULL);
    await_sent(b, 2);
    assert_string_equal(b->sent[1].summary, "t7"); /* the P1 was not dropped and goes next */
    assert_int_equal(mount("tmpfs", b->folder, "tmpfs", MS_REMOUNT, "size=30m"), 0);
    do
        store_look(b->store, &store);
    while (store.records > 0 && uv_run(&b->loop, UV_RUN_NOWAIT) >= 0);
    close_all(b);
    assert_int_equal(
        ask(b, "SELECT count(*) FROM record WHERE kind = 'message' AND state = 'open'"),
        look.messages - 1);
    assert_int_equal(umount(b->folder), 0);
}

/* ── floods and receivers ── */

static void of_ten_thousand_alerts_a_chat_gets_a_digest_and_the_pager_its_p1(void **state)
{
    struct bench *b = *state;
    struct outbox_state look;
    open_all(b);
    for (int i = 0; i < 10000; i++) {
        char thread[40];
        (void)snprintf(thread, sizeof thread, "resus/a/redis-%d/availability/1", i);
        assert_true(post(b, LANE_TRIGGER, i == 9000 ? 1 : 3, thread,
                         1U << CHAT | (i == 9000 ? 1U << PAGER : 0)) > 0);
        outbox_look(b->outbox, &look);
        assert_true(look.messages <= LANES_DIGEST_OVER + 2);
    }
    await_ended(b, DELIVERY_DELIVERED, LANES_DIGEST_OVER + 2);
    int severe = 0;
    for (size_t i = 0; i < b->sent_count; i++)
        severe += str_equal(b->sent[i].summary, "resus/a/redis-9000/availability/1");
    assert_int_equal(severe, 2);
    assert_int_equal(b->sent_count, LANES_DIGEST_OVER + 2);
    pass(b, LANES_DIGEST_MS);
    await_ended(b, DELIVERY_DELIVERED, LANES_DIGEST_OVER + 3);
    const struct sent *digest = &b->sent[b->sent_count - 1];
    assert_string_equal(digest->summary, "9989 messages in one: 9989 began");
    outbox_look(b->outbox, &look);
    assert_int_equal(look.messages, 0);
    assert_int_equal(look.dropped, 0);
    close_all(b);
    assert_int_equal(
        ask(b, "SELECT count(*) FROM record WHERE kind = 'message' AND state = 'done'"), 10001);
}

static void ten_thousand_pages_take_no_more_room_and_leave_the_severe_ones(void **state)
{
    struct bench *b = *state;
    struct outbox_state look;
    b->silent[PAGER] = true;
    open_all(b);
    int refused = 0;
    for (int i = 0; i < 10000; i++) {
        char thread[40];
        (void)snprintf(thread, sizeof thread, "t%d", i);
        int64_t r = post(b, LANE_TRIGGER, i % 100 == 0 ? 1 : 2 + i % 3, thread, 1U << PAGER);
        refused += r == -ENOBUFS;
        outbox_look(b->outbox, &look);
        assert_true(look.messages <= OUTBOX_MESSAGES_MAX);
    }
    assert_int_equal(look.dropped, 10000 - OUTBOX_MESSAGES_MAX);
    assert_true(refused > 0);
    b->silent[PAGER] = false;
    await_sent(b, 1);
    (void)uv_async_send(&b->answers);
    await_sent(b, 100);
    for (size_t i = 1; i < 100; i++) { /* the first P1 of all came first */
        int number = atoi(b->sent[i].summary + 1);
        assert_int_equal(number % 100, 0);
    }
    await_ended(b, DELIVERY_DELIVERED, OUTBOX_MESSAGES_MAX);
}

static void a_receiver_that_hangs_delays_no_other_and_is_given_up(void **state)
{
    struct bench *b = *state;
    b->silent[PAGER] = true;
    open_all(b);
    char thread[16];
    for (int i = 0; i < 5; i++) {
        (void)snprintf(thread, sizeof thread, "t%d", i);
        (void)post(b, LANE_TRIGGER, 1, thread, 1U << PAGER | 1U << MAIL);
    }
    await_ended(b, DELIVERY_DELIVERED, 5);
    assert_int_equal(b->sent_count, 6);
    pass(b, LANES_ANSWER_MS);
    assert_int_equal(b->cancelled, 1);
    struct sent *page = NULL;
    for (size_t i = 0; i < 6; i++)
        if (b->sent[i].channel == PAGER)
            page = &b->sent[i];
    outbox_answered(b->outbox, page->delivery, RETRY_DELIVERED, 202, -1, NULL, NULL); /* too late */
    await_sent(b, 7);
    assert_int_equal(b->ended[DELIVERY_DELIVERED], 5);
    b->silent[PAGER] = false;
    pass(b, LANES_ANSWER_MS);
    await_ended(b, DELIVERY_DELIVERED, 8);
    bool again = false;
    for (size_t i = 6; i < b->sent_count; i++)
        again |= b->sent[i].delivery == page->delivery && b->sent[i].repeat;
    assert_true(again);
}

static void a_receiver_that_is_away_is_tried_until_it_is_back(void **state)
{
    struct bench *b = *state;
    struct outbox_channel_state look;
    b->class[MAIL] = RETRY_LATER;
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "t", 1U << MAIL);
    for (int attempt = 1; attempt <= RETRY_FAILING; attempt++) {
        await_sent(b, (size_t)attempt);
        assert_int_equal(b->sent[attempt - 1].attempt, attempt);
        assert_int_equal(b->sent[attempt - 1].delivery, b->sent[0].delivery);
        assert_false(b->sent[attempt - 1].repeat);
        while (b->answered < b->sent_count)
            (void)uv_run(&b->loop, UV_RUN_NOWAIT);
        outbox_look_channel(b->outbox, MAIL, &look);
        assert_int_equal(look.failures, attempt);
        pass(b, 3600000);
    }
    assert_int_equal(b->news[OUTBOX_CHANNEL_FAILS], 1);
    assert_true(look.failing);
    b->class[MAIL] = RETRY_ACCEPTED;
    await_ended(b, DELIVERY_ACCEPTED, 1);
    assert_int_equal(b->news[OUTBOX_CHANNEL_WORKS], 1);
    outbox_look_channel(b->outbox, MAIL, &look);
    assert_false(look.failing);
    assert_true(look.delivered_at.ms > 0);
    assert_int_equal(look.waiting, 0);
    close_all(b);
    assert_int_equal(ask(b, "SELECT json_array_length(body, '$.tries') FROM record"
                            " WHERE kind = 'delivery'"),
                     RETRY_FAILING + 1);
}

/* As an alert about the channel itself does. */
static void post_elsewhere(struct bench *b, const struct outbox_news *news)
{
    if (news->kind == OUTBOX_CHANNEL_FAILS) {
        assert_int_equal(news->channel, CHAT);
        assert_true(post(b, LANE_TRIGGER, 2, "channel", 1U << MAIL) > 0);
    } else if (news->kind == OUTBOX_ENDED) {
        assert_true(post(b, LANE_ANNOUNCE, 4, "ended", 0) > 0);
    }
}

static void a_report_about_a_message_may_post_another(void **state)
{
    struct bench *b = *state;
    b->class[CHAT] = RETRY_FINAL;
    b->on_news = post_elsewhere;
    open_all(b);
    char thread[16];
    for (int i = 0; i < RETRY_FAILING; i++) {
        (void)snprintf(thread, sizeof thread, "t%d", i);
        (void)post(b, LANE_TRIGGER, 1, thread, 1U << CHAT | 1U << PAGER);
    }
    await_ended(b, DELIVERY_DELIVERED, RETRY_FAILING + 1);
    await_ended(b, DELIVERY_DEAD, RETRY_FAILING);
    assert_int_equal(b->news[OUTBOX_CHANNEL_FAILS], 1);
    close_all(b);
    assert_int_equal(
        ask(b, "SELECT count(*) FROM record WHERE kind = 'message' AND state = 'done'"),
        RETRY_FAILING + 1 + 2 * RETRY_FAILING + 1);
}

static void an_acknowledged_escalation_sends_nothing_any_longer(void **state)
{
    struct bench *b = *state;
    b->silent[MAIL] = true;
    open_all(b);
    (void)post_as(b, LANE_TRIGGER, 1, "first", 1U << MAIL, 1);
    await_sent(b, 1);
    (void)post_as(b, LANE_REMINDER, 1, "first", 1U << MAIL, 1);
    (void)post_as(b, LANE_REMINDER, 1, "second", 1U << MAIL, 2);
    (void)post(b, LANE_RESOLVE, 1, "third", 1U << MAIL);
    b->current = 2; /* the acknowledgement */
    b->silent[MAIL] = false;
    outbox_answered(b->outbox, b->sent[0].delivery, RETRY_DELIVERED, 250, -1, NULL, NULL);
    await_ended(b, DELIVERY_DELIVERED, 3);
    assert_int_equal(b->ended[DELIVERY_STALE], 1);
    assert_int_equal(b->sent_count, 3);
}

/* ── reloads and memory ── */

static void a_reload_cancels_and_repeats_nothing_but_what_has_no_channel(void **state)
{
    static const struct outbox_channel fewer[] = {{"mail", {false, DAY_MS}},
                                                  {"pager", {true, DAY_MS}}};
    struct bench *b = *state;
    memset(b->silent, true, sizeof b->silent);
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "t", 7);
    await_sent(b, 3);
    outbox_configure(b->outbox, fewer, 2);
    assert_int_equal(b->cancelled, 1);
    assert_int_equal(b->ended[DELIVERY_DEAD], 1);
    for (size_t i = 0; i < 3; i++)
        outbox_answered(b->outbox, b->sent[i].delivery, RETRY_DELIVERED, 0, -1, NULL, NULL);
    assert_int_equal(b->ended[DELIVERY_DELIVERED], 2);
    assert_int_equal(b->sent_count, 3);
    (void)post(b, LANE_UPDATE, 1, "t", 1U << 1);
    await_sent(b, 4);
    assert_int_equal(b->sent[3].channel, 1);
    outbox_configure(b->outbox, NULL, 0);
    close_all(b);
    open_all(b); /* mail and pager by name */
    assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE state IN ('open', 'sending')"), 0);
}

static void what_a_lost_channel_left_behind_is_dead_at_the_next_start(void **state)
{
    struct bench *b = *state;
    memset(b->silent, true, sizeof b->silent);
    open_all(b);
    (void)post(b, LANE_TRIGGER, 1, "t", 1U << MAIL);
    await_sent(b, 1);
    close_all(b);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE record SET body = json_set(body, '$.channel', 'gone')"
                                  " WHERE kind = 'delivery'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    open_all(b);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    close_all(b);
    assert_int_equal(b->sent_count, 1);
    assert_int_equal(ask(b, "SELECT count(*) FROM record WHERE state IN ('dead', 'done')"), 2);
}

static void lack_of_memory_is_reported_and_leaves_the_outbox_in_order(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    open_all(b);
    JSON_CLEANUP json_t *facts = json_pack("{s:s}", "summary", "it fell");
    struct outbox_post p = {.kind = LANE_TRIGGER, .severity = 1, .channels = 7, .facts = facts};
    for (unsigned long n = 1; n <= 8; n++) {
        mem_fail_from(n);
        int64_t r = outbox_post(b->outbox, &p, &err);
        mem_fail_from(0);
        assert_true(r > 0 || r == -ENOMEM);
        (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    }
    int64_t last = outbox_post(b->outbox, &p, &err);
    assert_true(last > 0);
    int delivered = b->ended[DELIVERY_DELIVERED];
    await_ended(b, DELIVERY_DELIVERED, delivered + 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_its_deliveries_and_its_alert_are_stored_before_a_byte_leaves),
        TEST(a_message_for_no_channel_is_stored),
        TEST(a_kill_at_any_step_loses_nothing_and_repeats_under_the_same_id),
        TEST(what_ended_while_the_daemon_was_down_is_resolved_or_never_sent),
        TEST(a_clock_set_forward_between_two_lives_expires_nothing_but_what_has_a_date),
        TEST(a_clock_set_forward_before_the_end_of_a_life_expires_nothing),
        TEST(a_start_gives_no_new_life_to_what_has_nearly_expired),
        TEST(what_the_version_before_has_left_lives_on),
        TEST(a_disk_that_hangs_delays_a_page_by_a_moment_only),
        TEST(a_full_disk_keeps_no_page_back_and_is_caught_up_with),
        TEST(of_ten_thousand_alerts_a_chat_gets_a_digest_and_the_pager_its_p1),
        TEST(ten_thousand_pages_take_no_more_room_and_leave_the_severe_ones),
        TEST(a_receiver_that_hangs_delays_no_other_and_is_given_up),
        TEST(a_receiver_that_is_away_is_tried_until_it_is_back),
        TEST(a_report_about_a_message_may_post_another),
        TEST(an_acknowledged_escalation_sends_nothing_any_longer),
        TEST(a_reload_cancels_and_repeats_nothing_but_what_has_no_channel),
        TEST(what_a_lost_channel_left_behind_is_dead_at_the_next_start),
        TEST(lack_of_memory_is_reported_and_leaves_the_outbox_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
