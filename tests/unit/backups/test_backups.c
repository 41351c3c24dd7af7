/* The daemon's backups with a clock of the test's own: the schedule, retries, and what is removed. */
#include <errno.h>
#include <string.h>

#include "sample.h"

#include "backups/backups_copies.h"
#include "backups/backups_inside.h"
#include "backups/catalog.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "store/record.h"
#include "support/test_folder.h"

#define MANY 8
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define MINUTE_MS INT64_C(60000)
#define BEGUN INT64_C(1796000000000)

static struct test_folder root, kept;
static struct store *store;
static uv_loop_t loop;
static struct settings settings;
static struct service_settings service;
static struct backups *backups;
static int64_t clock_ms;
static int64_t booted_ms; /* what children take their deadline from goes on from here */
static int lines, failed_alerts, uncopied_alerts, drill_alerts, late_drill_alerts;
static struct copy_settings place;
static char copier[PATH_MAX];
static size_t begun_most;
static bool ended;
static int result;

static struct now port_now(void *context)
{
    (void)context;
    return (struct now){.mono = {booted_ms + clock_ms}, .wall = {BEGUN + clock_ms}};
}

/* Called for each new task, before those that have begun can end. */
static const struct settings *port_settings(void *context)
{
    size_t begun = 0;
    (void)context;
    for (size_t i = 0; backups != NULL && i < backups->count; i++)
        begun += backups->services[i].job != NULL && !backups->services[i].job->waiting;
    begun_most = begun > begun_most ? begun : begun_most;
    return &settings;
}

static const struct redis_tunnel *port_tunnel(void *context, int index)
{
    (void)context;
    (void)index;
    return NULL;
}

static const char *port_busy(void *context, int index)
{
    (void)context;
    (void)index;
    return NULL;
}

static bool elsewhere;

static bool port_elsewhere(void *context, int index)
{
    (void)context;
    (void)index;
    return elsewhere;
}

static bool port_troubled(void *context, int index)
{
    (void)context;
    (void)index;
    return false;
}

static void port_audit(void *context, const struct audit_line *line)
{
    (void)context;
    assert_int_equal(line->event, AUDIT_BACKUP);
    lines++;
}

static void port_publish(void *context, int index, json_t *body)
{
    (void)context;
    (void)index;
    json_decref(body);
}

static void port_report(void *context, int index, enum backups_trouble trouble, const char *text)
{
    (void)context;
    (void)index;
    failed_alerts += trouble == BACKUPS_FAILED && text != NULL;
    uncopied_alerts += trouble == BACKUPS_UNCOPIED && text != NULL;
    drill_alerts += trouble == BACKUPS_DRILL_FAILED && text != NULL;
    late_drill_alerts += trouble == BACKUPS_DRILL_OVERDUE && text != NULL;
}

static void on_done(void *context, uint64_t ticket, int r, const struct error *err)
{
    (void)context;
    (void)ticket;
    (void)err;
    ended = true;
    result = r;
}

static int set_up(void **state)
{
    (void)state;
    test_folder_make(&root);
    assert_int_equal(uv_loop_init(&loop), 0);
    settings = (struct settings){.services = &service, .service_count = 1};
    service = (struct service_settings){.backup = {.keep = {.minimum = 1}}};
    (void)str_copy(service.id, sizeof service.id, "redis");
    (void)str_copy(service.redis.socket, sizeof service.redis.socket, "/nowhere/redis.sock");
    (void)str_copy(service.backup.directory, sizeof service.backup.directory, root.path);
    (void)str_copy(service.backup.server, sizeof service.backup.server, "/nowhere/redis-server");
    clock_ms = 1;
    booted_ms = clock_mono().ms;
    lines = failed_alerts = uncopied_alerts = drill_alerts = late_drill_alerts = 0;
    test_folder_make(&kept);
    begun_most = 0;
    ended = elsewhere = false;
    return 0;
}

static void on_saved(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    (void)context;
    (void)id;
    (void)outcome;
    (void)error;
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context;
    (void)id;
    (void)error;
    json_decref(rows);
}

static void open_backups(void)
{
    assert_int_equal(store_open(&loop, kept.path, on_saved, on_rows, NULL, &store, NULL), 0);
    const struct backups_ports ports = {
        .loop = &loop,
        .store = store,
        .copier = copier,
        .now = port_now,
        .settings = port_settings,
        .tunnel = port_tunnel,
        .busy = port_busy,
        .elsewhere = port_elsewhere,
        .troubled = port_troubled,
        .audit = port_audit,
        .publish = port_publish,
        .report = port_report,
    };
    assert_int_equal(backups_open(&ports, &backups, NULL), 0);
    backups_start(backups);
}

static void close_backups(void)
{
    backups_close(backups);
    backups = NULL;
    store_close(store, 10000);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static int tear_down(void **state)
{
    (void)state;
    close_backups();
    assert_int_equal(uv_loop_close(&loop), 0);
    test_folder_remove(&root);
    test_folder_remove(&kept);
    return 0;
}

static uint64_t failures(void)
{
    struct backups_figures f;
    (void)backups_figures(backups, 0, &f);
    return f.failed;
}

static void until_failures(uint64_t count)
{
    while (failures() < count)
        (void)uv_run(&loop, UV_RUN_ONCE);
}

static void until_loaded(int64_t count)
{
    int64_t seen = -1;
    while (seen != count) {
        (void)uv_run(&loop, UV_RUN_ONCE);
        JSON_CLEANUP json_t *status = backups_status(backups, 0);
        seen = json_int_or(status, "count", -1);
    }
}

static void a_missed_backup_is_caught_up_and_a_failed_one_tried_again(void **state)
{
    static const int64_t waits[] = {1, 5, 15};
    (void)state;
    service.backup.every_ms = DAY_MS;
    open_backups();
    clock_ms += 5 * MINUTE_MS;
    until_failures(1);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(failed_alerts, 0);
        clock_ms += waits[i] * MINUTE_MS;
        until_failures(i + 2);
    }
    assert_true(failed_alerts > 0);
    assert_int_equal(lines, 4);
    JSON_CLEANUP json_t *status = backups_status(backups, 0);
    assert_string_equal(json_text_or(json_object_get(status, "last"), "cause", ""), "unreachable");
}

static void pin(const char *id)
{
    const struct backups_order order = {
        .task = BACKUPS_PIN, .id = id, .until = {BEGUN + DAY_MS}, .done = on_done};
    ended = false;
    assert_int_equal(backups_order(backups, 0, &order, NULL, NULL), 0);
    while (!ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(result, 0);
}

static void publish_old(int days, unsigned suspicious)
{
    struct manifest *m = mem_must(mem_calloc(1, sizeof *m));
    struct catalog *c = NULL;
    char folder[PATH_MAX];
    char sum[65];
    wall_ms at = {BEGUN - days * DAY_MS};
    *m = (struct manifest){
        .proved = PROOF_LOADED, .started = at, .finished = at, .suspicious = suspicious};
    assert_int_equal(catalog_open(root.path, "redis", &c, NULL), 0);
    assert_int_equal(catalog_begin(c, BACKUP_DAILY, at, m, folder, NULL), 0);
    assert_int_equal(catalog_publish(c, m, sum, NULL), 0);
    catalog_close(c);
    mem_free(m);
}

/* A pin in between says nothing about why there is no new backup. */
static void a_failure_is_told_until_a_backup_is_made(void **state)
{
    char id[MANIFEST_ID_SIZE];
    (void)state;
    service.backup.every_ms = DAY_MS;
    publish_old(3, 0);
    assert_true(manifest_id_of((wall_ms){BEGUN - 3 * DAY_MS}, id));
    open_backups();
    until_loaded(1);
    clock_ms += 5 * MINUTE_MS;
    until_failures(1);
    pin(id);
    JSON_CLEANUP json_t *status = backups_status(backups, 0);
    const json_t *failure = json_object_get(status, "failure");
    const char *why = json_text_or(failure, "message", "");
    assert_string_equal(json_text_or(json_object_get(status, "last"), "task", ""), "pin");
    assert_string_equal(json_text_or(failure, "task", ""), "create");
    assert_string_equal(json_text_or(failure, "cause", ""), "unreachable");
    assert_non_null(strstr(why, "/nowhere/"));
    assert_non_null(strstr(json_text_or(status, "problem", ""), why));
    assert_true(json_int_or(status, "free_bytes", -1) > 0);
}

static void a_prune_removes_what_no_rule_keeps_and_nothing_else(void **state)
{
    const struct backups_order order = {.task = BACKUPS_PRUNE, .done = on_done};
    (void)state;
    service.backup.keep = (struct retention_policy){.last = 2, .minimum = 1};
    publish_old(1, 1u << BACKUP_FEWER_KEYS);
    for (int days = 2; days < 7; days++)
        publish_old(days, 0);
    open_backups();
    until_loaded(6);
    assert_int_equal(backups_order(backups, 0, &order, NULL, NULL), 0);
    while (!ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(result, 0);
    JSON_CLEANUP json_t *list = backups_list(backups, 0, NULL, 100);
    const json_t *items = json_object_get(list, "items");
    assert_int_equal(json_array_size(items), 3);
    assert_int_equal(json_array_size(json_object_get(json_array_get(items, 0), "suspicious")), 1);
    assert_true(json_bool_or(json_array_get(items, 1), "latest", false));
}

static void an_order_names_what_it_cannot_do(void **state)
{
    struct backups_order order = {
        .task = BACKUPS_REMOVE, .id = "20990101T000000Z", .done = on_done};
    struct error err = {0};
    char id[MANIFEST_ID_SIZE];
    (void)state;
    publish_old(1, 0);
    open_backups();
    until_loaded(1);
    assert_int_equal(backups_order(backups, 0, &order, NULL, &err), -ENOENT);
    assert_true(manifest_id_of((wall_ms){BEGUN - DAY_MS}, id));
    order.id = id;
    assert_int_equal(backups_order(backups, 0, &order, NULL, &err), -EPERM);
    assert_non_null(strstr(err.text, "backup.minimum"));
    order.task = BACKUPS_PIN;
    order.until = (wall_ms){BEGUN + DAY_MS};
    assert_int_equal(backups_order(backups, 0, &order, NULL, &err), 0);
    assert_int_equal(backups_order(backups, 0, &order, NULL, &err), -EBUSY);
    assert_non_null(strstr(err.text, "pin runs since"));
    while (!ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
}

/* Their steps take workers that look names up and check passwords, too: a folder on a server that
 * hangs must not hold all of them. */
static void folders_are_read_one_at_a_time(void **state)
{
    static struct service_settings many[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        many[i] = service;
        (void)str_format(many[i].id, sizeof many[i].id, "redis%d", i);
    }
    settings = (struct settings){.services = many, .service_count = MANY};
    open_backups();
    for (size_t loaded = 0; loaded < MANY;) {
        assert_true(uv_run(&loop, UV_RUN_ONCE) != 0);
        loaded = 0;
        for (int i = 0; i < MANY; i++)
            loaded += backups->services[i].loaded;
    }
    assert_int_equal(begun_most, 1);
    assert_int_equal(backups->running + backups->changing, 0);
}

/* ── drills ── */

static int64_t drills(void)
{
    JSON_CLEANUP json_t *list = backups_drills(backups, 0);
    return (int64_t)json_array_size(json_object_get(list, "items"));
}

static void until_drills(int64_t count)
{
    while (drills() < count)
        (void)uv_run(&loop, UV_RUN_ONCE);
}

/* Its data are missing: each drill fails. */
static void a_drill_runs_by_the_schedule_and_again_when_it_failed_and_is_kept(void **state)
{
    (void)state;
    service.backup.every_ms = 100 * DAY_MS;
    service.backup.drill_ms = 7 * DAY_MS;
    publish_old(3, 0);
    open_backups();
    until_loaded(1);
    clock_ms += 29 * MINUTE_MS;
    (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(drills(), 0);
    clock_ms += 11 * MINUTE_MS; /* spread over ten minutes */
    until_drills(1);
    assert_true(drill_alerts > 0);
    clock_ms += 60 * MINUTE_MS;
    until_drills(2);
    JSON_CLEANUP json_t *status = backups_status(backups, 0);
    const json_t *last = json_object_get(json_object_get(status, "drill"), "last");
    assert_string_equal(json_text_or(last, "result", ""), "cannot_tell");
    assert_true(json_is_null(json_object_get(last, "rto_seconds")));
    assert_non_null(strstr(json_text_or(status, "problem", ""), "drill"));
    close_backups();
    open_backups();
    assert_int_equal(drills(), 2);
}

static void the_schedule_is_the_owners_alone(void **state)
{
    (void)state;
    service.backup.every_ms = 100 * DAY_MS;
    service.backup.drill_ms = 7 * DAY_MS;
    publish_old(3, 0);
    elsewhere = true;
    open_backups();
    until_loaded(1);
    clock_ms += 60 * DAY_MS;
    for (int turns = 0; turns < 3; turns++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(drills(), 0);
    assert_int_equal(failed_alerts + drill_alerts + late_drill_alerts, 0);
    json_t *status = backups_status(backups, 0);
    assert_true(json_is_null(json_object_get(status, "next_at")));
    assert_true(json_is_null(json_object_get(status, "problem")));
    json_decref(status);
    publish_old(2, 0); /* by the owner before, in the same folder */
    elsewhere = false;
    until_loaded(2);
    until_drills(1);
}

static void no_drill_runs_without_a_proved_backup_or_when_it_is_off(void **state)
{
    struct backups_order order = {.task = BACKUPS_DRILL, .done = on_done};
    struct error err = {0};
    (void)state;
    service.backup.every_ms = 100 * DAY_MS;
    publish_old(3, 1u << BACKUP_FEWER_KEYS);
    open_backups();
    until_loaded(1);
    assert_int_equal(backups_order(backups, 0, &order, NULL, &err), -ENOENT);
    assert_non_null(strstr(err.text, "resus backup create redis"));
    JSON_CLEANUP json_t *status = backups_status(backups, 0);
    const json_t *drill = json_object_get(status, "drill");
    assert_true(json_is_null(json_object_get(drill, "every_seconds")));
    assert_true(json_is_null(json_object_get(drill, "next_at")));
    assert_int_equal(drill_alerts + late_drill_alerts, 0);
}

/* ── copies ── */

/* A place `nas`, whose copier is a script with these lines. */
static void use_copier(const char *script)
{
    char text[1024];
    place = (struct copy_settings){.name = "nas", .type = COPY_FOLDER};
    settings.copies = &place;
    settings.copy_count = 1;
    service.backup.copy_count = 1;
    (void)str_format(text, sizeof text, "#!/bin/sh\necho run >>%s/runs\n%s\n", root.path, script);
    test_folder_write(&root, "copier", text, 0700);
    (void)str_copy(copier, sizeof copier, test_folder_path(&root, "copier"));
}

static size_t runs(void)
{
    struct buf text = BUF_LIMIT(4096);
    size_t count = 0;
    if (file_read(test_folder_path(&root, "runs"), &text, NULL) == 0)
        for (const char *p = buf_text(&text); *p != '\0'; p++)
            count += *p == '\n';
    buf_free(&text);
    return count;
}

static const struct copying *nas(void)
{
    return backups->services[0].copies[0];
}

static void a_copier_that_hangs_holds_up_no_task_and_no_end(void **state)
{
    const struct backups_order order = {.task = BACKUPS_PRUNE, .done = on_done};
    (void)state;
    publish_old(1, 0);
    use_copier("exec sleep 1000");
    open_backups();
    until_loaded(1);
    while (runs() == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(backups_order(backups, 0, &order, NULL, NULL), 0);
    while (!ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(result, 0);
    assert_non_null(nas()->child);
} /* and tear_down() does not wait for it */

static void a_place_that_fails_is_tried_again_later_and_reported_after_a_day(void **state)
{
    (void)state;
    publish_old(0, 0);
    use_copier("echo '{\"outcomes\": [], \"more\": false, \"code\": -28, \"error\": \"full\"}'");
    open_backups();
    until_loaded(1);
    while (nas()->failures < 1)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(nas()->text, "full");
    assert_int_equal(lines, 1);
    int64_t wait = mono_since(nas()->next_at, (mono_ms){booted_ms + clock_ms});
    assert_true(wait >= 4000 && wait <= 6000);
    clock_ms += 6000;
    while (nas()->failures < 2)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(runs(), 2);
    assert_int_equal(lines, 1); /* the same failure is written down once */
    assert_int_equal(uncopied_alerts, 0);
    clock_ms += DAY_MS + MINUTE_MS;
    while (uncopied_alerts == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_non_null(strstr(backups_unwell(backups, 0), "wait for a copy at nas"));
}

static void what_a_copier_did_is_noted_in_the_manifest(void **state)
{
    char id[MANIFEST_ID_SIZE];
    char script[512];
    (void)state;
    publish_old(1, 0);
    assert_true(manifest_id_of((wall_ms){BEGUN - DAY_MS}, id));
    (void)str_format(script, sizeof script,
                     "echo '{\"outcomes\": [{\"state\": \"made\", \"kind\": \"daily\", \"id\": "
                     "\"%s\", \"manifest_sha256\": \"\"}]}'",
                     id);
    use_copier(script);
    open_backups();
    until_loaded(1);
    while (backups->services[0].shelf.items[0].copy_count == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(backups->services[0].shelf.items[0].copies[0].target, "nas");
    assert_int_equal(lines, 1);
    while (backups_copying(backups, 0))
        (void)uv_run(&loop, UV_RUN_ONCE);
    JSON_CLEANUP json_t *status = backups_status(backups, 0);
    const json_t *first = json_array_get(json_object_get(status, "copies"), 0);
    assert_string_equal(json_text_or(first, "state", ""), "up_to_date");
    assert_int_equal(runs(), 1);
}

/* What is printed by a copier of another version, or one that dies. */
static void nonsense_of_a_copier_is_a_failure(void **state)
{
    (void)state;
    publish_old(0, 0);
    use_copier("echo nonsense; kill -ALRM $$");
    open_backups();
    until_loaded(1);
    while (nas()->failures < 1)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_non_null(strstr(nas()->text, "no byte in two minutes"));
}

/* A restore reads a folder of backups: it takes the place of another task, not one more worker. */
static void a_restore_reads_in_the_place_of_another_task(void **state)
{
    struct backups_order order = {.task = BACKUPS_PIN, .done = on_done};
    char id[MANIFEST_ID_SIZE];
    (void)state;
    publish_old(1, 0);
    open_backups();
    until_loaded(1);
    assert_true(manifest_id_of((wall_ms){BEGUN - DAY_MS}, id));
    order.id = id;
    assert_true(backups_worker_take(backups));
    assert_false(backups_worker_take(backups));
    assert_int_equal(backups_order(backups, 0, &order, NULL, NULL), 0);
    for (int i = 0; i < 3; i++)
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_false(ended);
    assert_string_equal(backups->services[0].job->waits_for, "other backups");
    backups_worker_give(backups);
    while (!ended)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(result, 0);
    assert_true(backups_worker_take(backups));
    backups_worker_give(backups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missed_backup_is_caught_up_and_a_failed_one_tried_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_told_until_a_backup_is_made, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_prune_removes_what_no_rule_keeps_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_order_names_what_it_cannot_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_drill_runs_by_the_schedule_and_again_when_it_failed_and_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_schedule_is_the_owners_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_drill_runs_without_a_proved_backup_or_when_it_is_off,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(folders_are_read_one_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copier_that_hangs_holds_up_no_task_and_no_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_place_that_fails_is_tried_again_later_and_reported_after_a_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_copier_did_is_noted_in_the_manifest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nonsense_of_a_copier_is_a_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restore_reads_in_the_place_of_another_task, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
