/* What the book of maintenance windows promises, with a real database: windows open and end by
 * themselves, hold their services meanwhile, and a kill changes nothing of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/maintenance.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/smoke.h"
#include "io/clock.h"
#include "io/zone.h"
#include "redis/reply.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define TEXTS_MAX 64

enum { CACHE, QUEUE, SERVICES };

struct bench {
    char folder[64];
    uv_loop_t loop;
    struct store *store;
    struct maintenance *book;
    struct settings settings;
    struct service_settings services[SERVICES];
    struct window_settings window;
    int64_t skew_ms; /* of both clocks */
    bool doubts;
    int64_t held[SERVICES]; /* number of the window, 0 = none */
    const char *overall[SERVICES], *role[SERVICES];
    bool backed_up;
    bool canary, deaf; /* deaf: Redis does not answer */
    int checks, commands;
    char smoke_value[SMOKE_VALUE_SIZE];
    char texts[TEXTS_MAX][256];
    int news[MAINTENANCE_NEWS_COUNT], audited;
    uint64_t last_saved;
    uv_timer_t answer; /* of Redis */
    uint64_t asked;
    char command[8];
    uv_timer_t limit;
    bool late;
};

/* ── the world ── */

static struct now port_now(void *context)
{
    const struct bench *b = context;
    struct now now = clock_now();
    now.mono = mono_add(now.mono, b->skew_ms);
    now.wall = wall_add(now.wall, b->skew_ms);
    return now;
}

static const struct settings *port_settings(void *context)
{
    return &((struct bench *)context)->settings;
}

static bool port_doubts(void *context)
{
    return ((struct bench *)context)->doubts;
}

static uint64_t port_random(void *context)
{
    (void)context;
    return 7;
}

static void port_hold(void *context, int service, const struct engine_window *window)
{
    struct bench *b = context;
    b->held[service] = window == NULL ? 0 : window->number;
}

static json_t *port_look(void *context, int service)
{
    const struct bench *b = context;
    json_t *look = json_object();
    (void)json_put_text(look, "overall_status", b->overall[service]);
    (void)json_put_text(look, "cause", str_equal(b->overall[service], "healthy") ? "ok" : "oom");
    (void)json_put_text(look, "role", b->role[service]);
    (void)json_put_bool(look, "canary", b->canary);
    return look;
}

static wall_ms port_proved(void *context, int service)
{
    struct bench *b = context;
    (void)service;
    return b->backed_up ? wall_add(port_now(b).wall, -HOUR_MS) : WALL_NONE;
}

static void port_check(void *context, int service, uint64_t id)
{
    struct bench *b = context;
    (void)service;
    b->checks++;
    if (!b->deaf)
        maintenance_checked(b->book, id); /* on the caller's stack: the hardest way */
}

static void on_answer(uv_timer_t *timer)
{
    struct bench *b = timer->data;
    struct redis_reply reply = {.type = RESP_STATUS, .text = "OK", .length = 2};
    if (str_equal(b->command, "GET"))
        reply = (struct redis_reply){
            .type = RESP_BULK, .text = b->smoke_value, .length = strlen(b->smoke_value)};
    else if (str_equal(b->command, "DEL"))
        reply = (struct redis_reply){.type = RESP_INTEGER, .integer = 1};
    const struct redis_answer answer = {.id = b->asked, .request = REDIS_SMOKE, .reply = &reply};
    maintenance_redis_ended(b->book, &answer);
}

static void port_redis(void *context, int service, uint64_t id, enum redis_request request,
                       const char *const *args, bool fresh, mono_ms deadline)
{
    struct bench *b = context;
    (void)service, (void)fresh, (void)deadline;
    assert_int_equal(request, REDIS_SMOKE);
    b->commands++;
    b->asked = id;
    (void)str_copy(b->command, sizeof b->command, args[0]);
    if (str_equal(args[0], "SET"))
        (void)str_copy(b->smoke_value, sizeof b->smoke_value, args[2]);
    (void)uv_timer_start(&b->answer, on_answer, 0, 0);
}

static void port_announce(void *context, const struct maintenance_news *news)
{
    struct bench *b = context;
    assert_true(news->text[0] != '\0' && json_is_object(news->facts));
    assert_int_equal(record_check(&news->row, 1, NULL), 0);
    b->news[news->kind]++;
    int count = 0;
    while (count + 1 < TEXTS_MAX && b->texts[count][0] != '\0')
        count++;
    (void)str_copy(b->texts[count], sizeof b->texts[count], news->text);
}

static void port_audit(void *context, const struct audit_line *line)
{
    assert_int_equal(line->event, AUDIT_MAINTENANCE);
    ((struct bench *)context)->audited++;
}

static void port_saved(void *context, uint64_t id, enum store_outcome outcome,
                       const struct error *error)
{
    (void)error;
    assert_int_equal(outcome, STORE_DURABLE);
    ((struct bench *)context)->last_saved = id;
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

/* ── the bench ── */

static void open_book(struct bench *b)
{
    const struct maintenance_ports ports = {
        .context = b,
        .loop = &b->loop,
        .now = port_now,
        .settings = port_settings,
        .doubts = port_doubts,
        .random = port_random,
        .hold = port_hold,
        .look = port_look,
        .proved = port_proved,
        .check = port_check,
        .redis = port_redis,
        .announce = port_announce,
        .audit = port_audit,
        .saved = port_saved,
    };
    struct maintenance_ports with = ports;
    struct error err = {0};
    if (store_open(&b->loop, b->folder, on_done, on_rows, b, &b->store, &err) < 0)
        fail_msg("%s", err.text);
    with.store = b->store;
    if (maintenance_open(&with, &b->book, &err) < 0)
        fail_msg("%s", err.text);
    memset(b->held, 0, sizeof b->held);
    maintenance_start(b->book);
}

static void close_book(struct bench *b)
{
    maintenance_close(b->book);
    store_close(b->store, 5000);
    (void)uv_timer_stop(&b->answer);
    (void)uv_timer_stop(&b->limit);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    b->book = NULL;
}

static void again(struct bench *b)
{
    close_book(b);
    open_book(b);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    (void)str_format(b->folder, sizeof b->folder, "%s/resus-windows-XXXXXX",
                     access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(b->folder) == NULL)
        return -1;
    (void)uv_loop_init(&b->loop);
    (void)uv_timer_init(&b->loop, &b->answer);
    (void)uv_timer_init(&b->loop, &b->limit);
    b->answer.data = b->limit.data = b;
    for (int i = 0; i < SERVICES; i++) {
        (void)str_copy(b->services[i].id, sizeof b->services[i].id, i == CACHE ? "cache" : "queue");
        b->overall[i] = "healthy";
        b->role[i] = "primary";
    }
    b->settings.services = b->services;
    b->settings.service_count = SERVICES;
    (void)str_copy(b->settings.server.name, sizeof b->settings.server.name, "resus-1");
    b->settings.maintenance.policy = (struct window_policy){{48, 24, 1}, 3};
    *state = b;
    open_book(b);
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    char path[100];
    static const char *const files[] = {"resus.db", "resus.db-wal", "resus.db-shm"};
    close_book(b);
    uv_close((uv_handle_t *)&b->answer, NULL);
    uv_close((uv_handle_t *)&b->limit, NULL);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        (void)str_format(path, sizeof path, "%s/%s", b->folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(b->folder);
    free(b);
    return 0;
}

static void on_late(uv_timer_t *timer)
{
    ((struct bench *)timer->data)->late = true;
}

/* Runs the loop until the window is in that state. */
static void until(struct bench *b, int64_t number, const char *wanted)
{
    b->late = false;
    (void)uv_timer_start(&b->limit, on_late, 20000, 0);
    for (;;) {
        JSON_CLEANUP json_t *window = maintenance_show(b->book, number, NULL);
        if (str_equal(json_text_or(window, "state", ""), wanted))
            break;
        if (b->late)
            fail_msg("window %lld is %s, not %s", (long long)number,
                     json_text_or(window, "state", "?"), wanted);
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&b->limit);
}

static void saved(struct bench *b, uint64_t id)
{
    b->late = false;
    (void)uv_timer_start(&b->limit, on_late, 20000, 0);
    while (b->last_saved != id && !b->late)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    (void)uv_timer_stop(&b->limit);
    assert_int_equal(b->last_saved, id);
}

static const struct engine_user alice = {.id = "1", .email = "alice@example.org", .role = "admin"};

static int64_t plan_for(struct bench *b, int64_t in_ms, int64_t length_ms, const char *service)
{
    struct service_patterns services = {.count = 1};
    struct error err = {0};
    wall_ms starts = wall_add(port_now(b).wall, in_ms);
    (void)str_copy(services.patterns[0], sizeof services.patterns[0], service);
    const struct maintenance_wish wish = {.title = "work",
                                          .services = &services,
                                          .impact = WINDOW_OUTAGE,
                                          .starts = starts,
                                          .ends = wall_add(starts, length_ms)};
    int64_t number = maintenance_plan(b->book, &wish, &alice, 1, &err);
    if (number < 0)
        fail_msg("%s", err.text);
    saved(b, 1);
    return number;
}

static int order(struct bench *b, int64_t number, enum window_event event, int64_t ms)
{
    struct error err = {0};
    return maintenance_order(b->book, number, event, ms, 2, &err);
}

static void pass(struct bench *b, int64_t ms)
{
    b->skew_ms += ms;
    maintenance_reload(b->book); /* a turn now, not when the real timer is due */
}

/* ── promises ── */

static void a_window_is_announced_opens_and_ends_by_itself(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, 72 * HOUR_MS, 2 * HOUR_MS, "cache");
    until(b, n, "planned");
    pass(b, 25 * HOUR_MS);
    until(b, n, "announced");
    assert_int_equal(b->news[MAINTENANCE_ANNOUNCED], 1);
    pass(b, 47 * HOUR_MS + 1000);
    until(b, n, "open");
    assert_int_equal(b->held[CACHE], n);
    assert_int_equal(b->held[QUEUE], 0);
    b->overall[CACHE] = "critical";
    pass(b, 2 * HOUR_MS);
    until(b, n, "ended");
    assert_int_equal(b->held[CACHE], 0);
    assert_int_equal(b->news[MAINTENANCE_SUMMARY], 1);
    JSON_CLEANUP json_t *window = maintenance_show(b->book, n, NULL);
    assert_string_equal(json_text_or(window, "verified", ""), "not_well");
    assert_non_null(
        strstr(json_text_or(window, "summary", ""), "cache: critical (oom), was healthy"));
}

static void a_start_inside_a_window_holds_its_services_again(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "*");
    assert_int_equal(order(b, n, WINDOW_BEGIN, 0), 0);
    saved(b, 2);
    int told = b->news[MAINTENANCE_BEGINS];
    again(b);
    assert_int_equal(b->held[CACHE], n);
    assert_int_equal(b->held[QUEUE], n);
    until(b, n, "open");
    assert_int_equal(b->news[MAINTENANCE_BEGINS], told); /* nobody is told again */
    pass(b, HOUR_MS + 1000);
    until(b, n, "ended");
    again(b);
    until(b, n, "ended");
    assert_int_equal(b->held[CACHE], 0);
    assert_int_equal(b->news[MAINTENANCE_SUMMARY], 1);
}

static void a_kill_while_the_services_are_verified_verifies_them_again(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    assert_int_equal(order(b, n, WINDOW_BEGIN, 0), 0);
    b->deaf = true;
    assert_int_equal(order(b, n, WINDOW_FINISH, 0), 0);
    until(b, n, "verifying");
    while (b->checks == 0)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    assert_int_equal(b->held[CACHE], n);
    again(b);
    assert_int_equal(b->held[CACHE], n);
    b->deaf = false;
    until(b, n, "ended");
    assert_int_equal(b->checks, 2);
    JSON_CLEANUP json_t *window = maintenance_show(b->book, n, NULL);
    assert_string_equal(json_text_or(window, "verified", ""), "well");
}

static void a_check_that_never_answers_ends_the_window_unverified(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    b->deaf = true;
    assert_int_equal(order(b, n, WINDOW_BEGIN, 0), 0);
    assert_int_equal(order(b, n, WINDOW_FINISH, 0), 0);
    while (b->checks == 0)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    pass(b, WINDOW_VERIFY_MAX_MS + 1000);
    until(b, n, "ended");
    assert_int_equal(b->held[CACHE], 0);
    JSON_CLEANUP json_t *window = maintenance_show(b->book, n, NULL);
    assert_string_equal(json_text_or(window, "verified", ""), "unverified");
}

static void a_key_is_written_only_on_a_primary_whose_settings_allow_it(void **state)
{
    struct bench *b = *state;
    static const struct {
        bool canary;
        const char *role, *smoke;
        int commands;
    } rows[] = {{false, "primary", "off", 0},
                {true, "replica", "skipped", 0},
                {true, "primary", "passed", 3}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        b->canary = rows[i].canary;
        b->role[CACHE] = rows[i].role;
        b->commands = 0;
        int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
        assert_int_equal(order(b, n, WINDOW_BEGIN, 0), 0);
        assert_int_equal(order(b, n, WINDOW_FINISH, 0), 0);
        until(b, n, "ended");
        JSON_CLEANUP json_t *window = maintenance_show(b->book, n, NULL);
        const json_t *after = json_object_get(json_object_get(window, "after"), "cache");
        assert_string_equal(json_text_or(after, "smoke", ""), rows[i].smoke);
        assert_int_equal(b->commands, rows[i].commands);
        assert_string_equal(json_text_or(window, "verified", ""), "well");
    }
}

static void a_service_is_released_when_the_last_window_ends(void **state)
{
    struct bench *b = *state;
    int64_t one = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    int64_t all = plan_for(b, HOUR_MS, 2 * HOUR_MS, "*");
    assert_int_equal(order(b, one, WINDOW_BEGIN, 0), 0);
    assert_int_equal(order(b, all, WINDOW_BEGIN, 0), 0);
    assert_int_equal(b->held[CACHE], all); /* the one that ends later is shown */
    assert_int_equal(order(b, all, WINDOW_FINISH, 0), 0);
    until(b, all, "ended");
    assert_int_equal(b->held[CACHE], one);
    assert_int_equal(b->held[QUEUE], 0);
    assert_int_equal(order(b, one, WINDOW_FINISH, 0), 0);
    until(b, one, "ended");
    assert_int_equal(b->held[CACHE], 0);
}

static void
rules_of_the_settings_are_planned_once_and_a_cancelled_date_stays_cancelled(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    b->window = (struct window_settings){.name = "nightly"};
    assert_int_equal(schedule_parse("Mon-Sun 02:00-03:00", &b->window.schedule, &err), 0);
    b->settings.maintenance.windows = &b->window;
    b->settings.maintenance.window_count = 1;
    maintenance_reload(b->book);
    (void)uv_run(&b->loop, UV_RUN_ONCE);
    JSON_CLEANUP json_t *list = maintenance_list(b->book, NULL, 500, NULL);
    size_t count = json_array_size(json_object_get(list, "items"));
    assert_in_range(count, SCHEDULE_HORIZON_DAYS - 1, SCHEDULE_HORIZON_DAYS + 2);
    int64_t last = json_int_or(json_array_get(json_object_get(list, "items"), count - 1), "id", 0);
    assert_int_equal(order(b, last, WINDOW_CANCEL, 0), 0);
    saved(b, 2);
    again(b);
    until(b, last, "cancelled");
    JSON_CLEANUP json_t *later = maintenance_list(b->book, NULL, 500, NULL);
    assert_int_equal(json_array_size(json_object_get(later, "items")), count);
    b->settings.maintenance.window_count = 0;
    maintenance_reload(b->book);
    (void)uv_run(&b->loop, UV_RUN_ONCE);
    JSON_CLEANUP json_t *waiting = maintenance_list(b->book, "planned", 500, NULL);
    assert_int_equal(json_array_size(json_object_get(waiting, "items")), 0);
}

static void nothing_is_due_while_the_clock_is_in_doubt(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    b->doubts = true;
    pass(b, HOUR_MS + MINUTE_MS);
    (void)uv_run(&b->loop, UV_RUN_ONCE);
    until(b, n, "announced");
    assert_int_equal(b->held[CACHE], 0);
    b->doubts = false;
    maintenance_reload(b->book);
    until(b, n, "open");
}

static void a_window_without_a_daemon_is_missed_and_told(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    close_book(b);
    b->skew_ms += 3 * HOUR_MS;
    open_book(b);
    until(b, n, "ended");
    assert_int_equal(b->news[MAINTENANCE_MISSED], 1);
    assert_int_equal(b->held[CACHE], 0);
}

static void refused_orders_change_and_store_nothing(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    struct error err = {0};
    JSON_CLEANUP json_t *before = maintenance_show(b->book, n, NULL);
    assert_int_equal(order(b, n, WINDOW_FINISH, 0), -EBUSY);
    assert_int_equal(order(b, n, WINDOW_EXTEND, MINUTE_MS), -EBUSY);
    assert_int_equal(order(b, n + 1, WINDOW_BEGIN, 0), -ENOENT);
    const struct maintenance_wish past = {
        .title = "x", .impact = -1, .starts = {1000}, .ends = {2000}};
    assert_int_equal(maintenance_change(b->book, n, &past, 3, &err), -EINVAL);
    assert_int_equal(maintenance_plan(b->book, &past, &alice, 3, &err), -EINVAL);
    assert_int_equal(maintenance_mark(b->book, n, 99, true, &alice, NULL, 3, &err), -ENOENT);
    JSON_CLEANUP json_t *after = maintenance_show(b->book, n, NULL);
    assert_true(json_equal(before, after));
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->last_saved, 1);
}

static void a_ticked_item_survives_a_start(void **state)
{
    struct bench *b = *state;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    struct error err = {0};
    assert_int_equal(maintenance_mark(b->book, n, 3, true, &alice, "on disk", 9, &err), 0);
    saved(b, 9);
    again(b);
    JSON_CLEANUP json_t *window = maintenance_show(b->book, n, NULL);
    const json_t *item = json_array_get(json_object_get(window, "checklist"), 2);
    assert_true(json_bool_or(item, "done", false));
    assert_string_equal(json_text_or(item, "user", ""), alice.email);
    assert_string_equal(json_text_or(item, "note", ""), "on disk");
}

/* The numbers of the items that are done, as a set, and who ticked each. */
static uint64_t done_items(struct bench *b, int64_t n, const char *who)
{
    JSON_CLEANUP json_t *window = maintenance_show(b->book, n, NULL);
    const json_t *item;
    uint64_t done = 0;
    size_t i;
    json_array_foreach(json_object_get(window, "checklist"), i, item) {
        if (json_bool_or(item, "done", false) && str_equal(json_text_or(item, "user", ""), who)) {
            assert_true(json_text_or(item, "note", "")[0] != '\0');
            done |= UINT64_C(1) << json_int_or(item, "item", 0);
        }
    }
    return done;
}

static void what_is_known_is_ticked_with_its_evidence_and_a_persons_word_stays(void **state)
{
    struct bench *b = *state;
    enum { PLANNED = 1, NOTIFIED, BACKUP, HEALTHY = 11, SMOKE, NOTICE = 15 };
    const uint64_t bit = 1, before = bit << PLANNED | bit << NOTIFIED;
    struct error err = {0};
    b->canary = true;
    int64_t n = plan_for(b, HOUR_MS, HOUR_MS, "cache");
    until(b, n, "announced");
    assert_int_equal(done_items(b, n, "Resus"), before);
    assert_int_equal(maintenance_mark(b->book, n, NOTICE, false, &alice, "not yet", 9, &err), 0);
    b->backed_up = true;
    assert_int_equal(order(b, n, WINDOW_BEGIN, 0), 0);
    until(b, n, "open");
    assert_int_equal(done_items(b, n, "Resus"), before | bit << BACKUP);
    again(b);
    assert_int_equal(order(b, n, WINDOW_FINISH, 0), 0);
    until(b, n, "ended");
    assert_int_equal(done_items(b, n, "Resus"),
                     before | bit << BACKUP | bit << HEALTHY | bit << SMOKE);
    assert_int_equal(done_items(b, n, alice.email), 0);
}

/* A process of its own is killed at its `steps`-th turn; a start then finds a window that is whole.
 */
static void a_kill_at_any_turn_leaves_a_window_that_goes_on(void **state)
{
    struct bench *b = *state;
    close_book(b);
    for (int steps = 1; steps <= 12; steps++) {
        pid_t child = fork();
        if (child == 0) {
            struct bench *mine = *state;
            (void)uv_loop_fork(&mine->loop);
            open_book(mine);
            int64_t n = plan_for(mine, HOUR_MS, HOUR_MS, "cache");
            (void)order(mine, n, WINDOW_BEGIN, 0);
            (void)order(mine, n, WINDOW_FINISH, 0);
            for (int i = 0; i < steps; i++)
                (void)uv_run(&mine->loop, UV_RUN_NOWAIT);
            _exit(0); /* nothing is closed, nothing flushed */
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    open_book(b);
    JSON_CLEANUP json_t *list = maintenance_list(b->book, NULL, 500, NULL);
    size_t i;
    const json_t *window;
    assert_int_equal(json_array_size(json_object_get(list, "items")), 12);
    json_array_foreach(json_object_get(list, "items"), i, window) {
        int64_t n = json_int_or(window, "id", 0);
        if (!str_equal(json_text_or(window, "state", ""), "ended") &&
            !str_equal(json_text_or(window, "state", ""), "verifying"))
            (void)order(b, n, WINDOW_CANCEL, 0); /* not begun; an open one is refused, and ended */
        (void)order(b, n, WINDOW_FINISH, 0);
    }
    b->late = false;
    (void)uv_timer_start(&b->limit, on_late, 20000, 0);
    while (!b->late && b->held[CACHE] != 0)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    assert_false(b->late);
    (void)uv_timer_stop(&b->limit);
}

/* Of all windows: how many are in that state, and do all of these begin at that hour of UTC? */
static size_t in_state(struct bench *b, const char *state, const char *hour)
{
    JSON_CLEANUP json_t *list = maintenance_list(b->book, state, 500, NULL);
    const json_t *window;
    size_t i;
    json_array_foreach(json_object_get(list, "items"), i, window)
        assert_memory_equal(json_text_or(window, "starts_at", "                   ") + 11, hour, 5);
    return json_array_size(json_object_get(list, "items"));
}

/* The time of day "HH:MM" of minutes since midnight; those of the day before are negative. */
static const char *time_of_day(char out[static 6], int64_t minutes)
{
    enum { DAY = 24 * 60 };
    int64_t of_day = (minutes % DAY + DAY) % DAY;
    (void)str_format(out, 6, "%02d:%02d", (int)(of_day / 60), (int)(of_day % 60));
    return out;
}

/* An update of tzdata that gives a zone other rules: here Kolkata's file gets those of Tokyo, for
 * this process alone. Neither has summer time. The windows begin in about 12 hours by Kolkata's
 * rules, and 3.5 hours earlier by Tokyo's: the same dates are announced by both. */
static void move_the_windows(struct bench *b)
{
    struct error err = {0};
    enum { KOLKATA = 5 * 60 + 30, TOKYO = 9 * 60 };
    static const char zone[] = ZONE_FOLDER "/Asia/Kolkata", other[] = ZONE_FOLDER "/Asia/Tokyo";
    char from[6], to[6], before[6], after[6], rule[32], start[16];
    int64_t local = port_now(b).wall.ms / MINUTE_MS + INT64_C(12) * 60 + KOLKATA;
    (void)str_format(rule, sizeof rule, "Mon-Sun %s-%s", time_of_day(from, local),
                     time_of_day(to, local + 60));
    (void)time_of_day(before, local - KOLKATA);
    (void)str_format(start, sizeof start, " %s UTC", time_of_day(after, local - TOKYO));
    b->window = (struct window_settings){.name = "nightly"};
    assert_int_equal(schedule_parse(rule, &b->window.schedule, &err), 0);
    b->settings.maintenance.windows = &b->window;
    b->settings.maintenance.window_count = 1;
    (void)str_copy(b->settings.maintenance.timezone, sizeof b->settings.maintenance.timezone,
                   "Asia/Kolkata");
    pass(b, 0);
    while (b->news[MAINTENANCE_ANNOUNCED] == 0)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    size_t planned = in_state(b, "planned", before);
    size_t announced = in_state(b, "announced", before);
    int reports = b->news[MAINTENANCE_ANNOUNCED];
    assert_true(planned > 50 && announced == 2 && reports == 2);
    assert_int_equal(mount(other, zone, NULL, MS_BIND, NULL), 0);
    pass(b, 0);
    while (b->news[MAINTENANCE_ANNOUNCED] == reports)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    assert_int_equal(umount(zone), 0);
    assert_true(in_state(b, "planned", after) >= planned);
    assert_int_equal(in_state(b, "announced", after), announced);
    assert_int_equal(b->news[MAINTENANCE_ANNOUNCED], reports + (int)announced);
    assert_int_equal(strncmp(b->texts[reports], "Changed: ", 9), 0);
    assert_non_null(strstr(b->texts[reports], start));
}

/* At every hour of a day: what is announced must not depend on when the test runs. */
static void
changed_rules_of_a_zone_move_the_windows_and_announce_the_announced_ones_again(void **state)
{
    if (access(ZONE_FOLDER "/Asia/Kolkata", R_OK) < 0 ||
        access(ZONE_FOLDER "/Asia/Tokyo", R_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        skip(); /* needs root and tzdata */
    for (int hours = 0; hours < 24; hours++) {
        struct bench *b = *state;
        pass(b, hours * HOUR_MS);
        move_the_windows(b);
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_window_is_announced_opens_and_ends_by_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_start_inside_a_window_holds_its_services_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_kill_while_the_services_are_verified_verifies_them_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_check_that_never_answers_ends_the_window_unverified,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_is_written_only_on_a_primary_whose_settings_allow_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_service_is_released_when_the_last_window_ends, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            rules_of_the_settings_are_planned_once_and_a_cancelled_date_stays_cancelled, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            changed_rules_of_a_zone_move_the_windows_and_announce_the_announced_ones_again, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_due_while_the_clock_is_in_doubt, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_window_without_a_daemon_is_missed_and_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refused_orders_change_and_store_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_known_is_ticked_with_its_evidence_and_a_persons_word_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ticked_item_survives_a_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kill_at_any_turn_leaves_a_window_that_goes_on, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("maintenance", tests, NULL, NULL);
}
