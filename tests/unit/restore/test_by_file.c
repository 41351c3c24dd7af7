/* A restore by file with a real server: the ports stop and start it, the files are exchanged on a
 * worker, the keys are counted. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "backups/rdb_file.h"
#include "base/str.h"
#include "restore/files.h"
#include "restore/restore.h"
#include "restore/served.h"
#include "support/redis_server.h"

#define BACKUP TEST_DATA "/redis7.rdb"

struct world {
    uv_loop_t loop;
    struct redis_server server;
    const char *config;
    struct redis_settings redis;
    struct placement_place place;
    struct rdb_file backup;
    struct rdb_counts databases[2];
    struct restore *restore;
    struct restore_job saved; /* as the disk has it */
    enum restore_act asked, fail, silent, reported;
    struct error error;
    int starts, save_code;
    bool by_helper;
};

static void on_files(void *context, enum restore_event outcome, enum placement_result result,
                     const char *staged, const struct error *err)
{
    struct world *w = context;
    (void)result;
    restore_acted(w->restore, w->asked, outcome, staged, err);
}

static void on_served(void *context, int code, const struct error *err)
{
    struct world *w = context;
    restore_acted(w->restore, RESTORE_ACT_PROVE,
                  code == 0          ? RESTORE_OK
                  : code == -EBADMSG ? RESTORE_FAILED
                                     : RESTORE_UNKNOWN,
                  NULL, err);
}

static void files(struct world *w, enum files_work work)
{
    static const char *const helper[] = {"/usr/bin/env", "-C", NULL, HELPER, NULL};
    const char *command[ARRAY_LENGTH(helper)];
    memcpy(command, helper, sizeof command);
    command[2] = w->server.folder.path; /* where its settings are */
    const struct files_options options = {.permit = &permit_alone,
                                          .work = work,
                                          .place = w->by_helper ? NULL : &w->place,
                                          .helper = command,
                                          .name = "redis-server",
                                          .within_ms = 60000,
                                          .staged = w->saved.staged,
                                          .file = BACKUP,
                                          .bytes = w->backup.bytes,
                                          .sha256 = w->backup.sha256};
    assert_int_equal(files_start(&w->loop, &options, on_files, w, NULL), 0);
}

static void prove(struct world *w)
{
    struct served *s = NULL;
    const struct served_options options = {
        .redis = &w->redis, .databases = w->databases, .database_count = 2, .within_ms = 60000};
    assert_int_equal(served_start(&w->loop, &options, on_served, w, &s, NULL), 0);
}

static void start(struct world *w)
{
    if (w->server.pid == 0)
        redis_server_start(&w->server, w->config);
    w->starts++;
}

static void act(void *context, struct restore *r, enum restore_act act,
                const struct restore_job *job)
{
    struct world *w = context;
    assert_int_equal(job->state, w->saved.state); /* written down before it is done */
    w->asked = act;
    if (act == w->silent)
        return;
    if (act == w->fail) {
        struct error err = {.code = -EIO, .text = "by the test"};
        restore_acted(r, act, RESTORE_FAILED, NULL, &err);
        return;
    }
    if (act == RESTORE_ACT_STAGE)
        files(w, FILES_STAGE);
    else if (act == RESTORE_ACT_PLACE)
        files(w, job->place_aof ? FILES_PLACE_AOF : FILES_PLACE_RDB);
    else if (act == RESTORE_ACT_UNDO)
        files(w, FILES_UNDO);
    else if (act == RESTORE_ACT_PROVE)
        prove(w);
    if (act == RESTORE_ACT_STAGE || act == RESTORE_ACT_PLACE || act == RESTORE_ACT_UNDO ||
        act == RESTORE_ACT_PROVE)
        return;
    if (act == RESTORE_ACT_STOP && w->server.pid != 0)
        redis_server_kill(&w->server);
    else if (act == RESTORE_ACT_START || (act == RESTORE_ACT_START_OLD && job->was_running))
        start(w);
    restore_acted(r, act, RESTORE_OK, NULL, NULL);
}

static void save(void *context, struct restore *r, const struct restore_job *job)
{
    struct world *w = context;
    if (w->save_code == 0)
        w->saved = *job;
    restore_saved(r, w->save_code);
}

static void report(void *context, enum restore_act act, const struct restore_job *job,
                   const struct error *err)
{
    struct world *w = context;
    (void)job;
    w->reported = act;
    w->error = *err;
}

static const struct restore_ports ports = {.save = save, .act = act, .report = report};

static void open_restore(struct world *w)
{
    struct restore_ports own = ports;
    own.context = w;
    w->reported = RESTORE_ACT_NONE;
    assert_int_equal(
        restore_new(&w->loop, &own, &restore_limits_default, &w->saved, &w->restore, NULL), 0);
}

static void run_until_reported(struct world *w)
{
    while (w->reported == RESTORE_ACT_NONE && uv_run(&w->loop, UV_RUN_ONCE) != 0)
        ;
}

static void set_up(struct world *w, const char *config, bool aof)
{
    *w = (struct world){.config = config, .saved = {.place_aof = aof, .was_running = true}};
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(rdb_file_read(BACKUP, &w->backup, NULL), 0);
    w->databases[0] = (struct rdb_counts){.db = 0, .keys = 2, .expires = 1};
    w->databases[1] = (struct rdb_counts){.db = 3, .keys = 2, .expires = 1};
    redis_server_prepare(&w->server);
    start(w);
    (void)redis_server_say(&w->server, "SET old 1");
    if (!aof)
        (void)redis_server_say(&w->server, "SAVE");
    placement_defaults(&w->place);
    w->place.reserve_bytes = 1;
    (void)str_copy(w->place.dir, sizeof w->place.dir, w->server.folder.path);
    (void)str_copy(w->redis.socket, sizeof w->redis.socket, w->server.socket);
    open_restore(w);
}

static void tear_down(struct world *w)
{
    restore_free(w->restore);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    redis_server_end(&w->server);
}

/* A server accepts connections before it has loaded. */
static bool has(struct world *w, const char *key)
{
    char line[64];
    const char *said = "-LOADING";
    (void)str_format(line, sizeof line, "EXISTS %s", key);
    while (str_starts(said, "-LOADING"))
        said = redis_server_say(&w->server, line);
    if (said[0] != ':')
        fail_msg("%s: %s", line, said);
    return str_starts(said, ":1");
}

static void to_the_end(const char *config, bool aof, bool by_helper)
{
    struct world w;
    set_up(&w, config, aof);
    w.by_helper = by_helper;
    if (by_helper) {
        char path[200];
        (void)str_format(path, sizeof path, "%s/restore-helper.conf", w.server.folder.path);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        (void)fprintf(f, "[redis-server]\ndir %s\nreserve_bytes 1\n", w.server.folder.path);
        assert_int_equal(fclose(f), 0);
    }
    assert_int_equal(restore_order(w.restore, RESTORE_BEGIN, NULL), 0);
    run_until_reported(&w);
    if (w.reported != RESTORE_ACT_FINISH)
        fail_msg("%s: %s", restore_act_word(w.reported), w.error.text);
    assert_false(has(&w, "old"));
    w.reported = RESTORE_ACT_NONE;
    assert_int_equal(restore_order(w.restore, RESTORE_UNDO, NULL), 0);
    run_until_reported(&w);
    assert_int_equal(w.reported, RESTORE_ACT_UNDONE);
    assert_true(has(&w, "old"));
    assert_int_equal(restore_order(w.restore, RESTORE_UNDO, &w.error), -EBUSY);
    assert_int_equal(w.saved.state, RESTORE_UNDONE);
    tear_down(&w);
}

static void a_restore_is_proved_and_can_be_undone(void **context)
{
    (void)context;
    to_the_end(NULL, false, false);
}

static void a_restore_into_an_append_only_file_is_proved_and_can_be_undone(void **context)
{
    (void)context;
    to_the_end("appendonly yes\nappendfsync always", true, false); /* it is stopped by a kill */
}

static void the_helper_exchanges_the_files_as_well(void **context)
{
    (void)context;
    to_the_end(NULL, false, true);
    to_the_end("appendonly yes\nappendfsync always", true, true);
}

static void keys_that_are_missing_undo_it(void **context)
{
    (void)context;
    struct world w;
    set_up(&w, NULL, false);
    w.databases[1].keys = 4; /* more than the file has */
    assert_int_equal(restore_order(w.restore, RESTORE_BEGIN, NULL), 0);
    run_until_reported(&w);
    assert_int_equal(w.reported, RESTORE_ACT_UNDONE);
    assert_non_null(strstr(w.error.text, "database 3 has 1 keys, the backup has 4"));
    assert_true(has(&w, "old"));
    tear_down(&w);
}

static void a_failure_before_the_exchange_releases_the_service(void **context)
{
    static const enum restore_act acts[] = {RESTORE_ACT_GUARD, RESTORE_ACT_STAGE, RESTORE_ACT_STOP};
    (void)context;
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
        struct world w;
        set_up(&w, NULL, false);
        w.fail = acts[i];
        assert_int_equal(restore_order(w.restore, RESTORE_BEGIN, NULL), 0);
        run_until_reported(&w);
        assert_int_equal(w.reported, RESTORE_ACT_RELEASE);
        assert_string_equal(w.error.text, "by the test");
        assert_true(has(&w, "old"));
        tear_down(&w);
    }
}

static void nothing_is_done_that_the_disk_does_not_take(void **context)
{
    (void)context;
    struct world w;
    set_up(&w, NULL, false);
    w.save_code = -ENOSPC;
    assert_int_equal(restore_order(w.restore, RESTORE_BEGIN, NULL), 0);
    run_until_reported(&w);
    assert_int_equal(w.reported, RESTORE_ACT_RELEASE);
    assert_int_equal(w.asked, RESTORE_ACT_NONE);
    tear_down(&w);
}

/* Resus ends while the act is under way; the next one reads the job. */
static void killed_in(enum restore_act silent, enum restore_event order, enum restore_act end)
{
    struct world w;
    set_up(&w, NULL, false);
    w.silent = silent;
    assert_int_equal(restore_order(w.restore, RESTORE_BEGIN, NULL), 0);
    while (w.asked != silent && uv_run(&w.loop, UV_RUN_ONCE) != 0)
        ;
    restore_free(w.restore);
    w.silent = RESTORE_ACT_NONE;
    open_restore(&w);
    assert_int_equal(restore_order(w.restore, RESTORE_RESTARTED, NULL), 0);
    run_until_reported(&w);
    if (w.reported == RESTORE_ACT_HOLD) {
        w.reported = RESTORE_ACT_NONE;
        assert_int_equal(restore_order(w.restore, order, NULL), 0);
        run_until_reported(&w);
    }
    assert_int_equal(w.reported, end);
    assert_int_equal(has(&w, "old"), end != RESTORE_ACT_FINISH);
    tear_down(&w);
}

static void a_restart_of_resus_releases_resumes_or_undoes(void **context)
{
    (void)context;
    killed_in(RESTORE_ACT_STAGE, RESTORE_RESUME, RESTORE_ACT_RELEASE);
    killed_in(RESTORE_ACT_STOP, RESTORE_RESUME, RESTORE_ACT_RELEASE);
    killed_in(RESTORE_ACT_PLACE, RESTORE_RESUME, RESTORE_ACT_FINISH);
    killed_in(RESTORE_ACT_PLACE, RESTORE_UNDO, RESTORE_ACT_UNDONE);
    killed_in(RESTORE_ACT_PROVE, RESTORE_RESUME, RESTORE_ACT_FINISH);
    killed_in(RESTORE_ACT_PROVE, RESTORE_UNDO, RESTORE_ACT_UNDONE);
}

static void without_a_permit_no_file_is_exchanged(void **context)
{
    (void)context;
    struct world w;
    struct error err = {0};
    set_up(&w, NULL, false);
    for (int work = FILES_STAGE; work < FILES_FACTS; work++) {
        const struct files_options options = {.work = (enum files_work)work,
                                              .place = &w.place,
                                              .staged = "",
                                              .file = "",
                                              .sha256 = ""};
        assert_int_equal(files_start(&w.loop, &options, on_files, &w, &err), -EPERM);
    }
    assert_true(has(&w, "old"));
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_is_proved_and_can_be_undone),
        cmocka_unit_test(without_a_permit_no_file_is_exchanged),
        cmocka_unit_test(a_restore_into_an_append_only_file_is_proved_and_can_be_undone),
        cmocka_unit_test(the_helper_exchanges_the_files_as_well),
        cmocka_unit_test(keys_that_are_missing_undo_it),
        cmocka_unit_test(a_failure_before_the_exchange_releases_the_service),
        cmocka_unit_test(nothing_is_done_that_the_disk_does_not_take),
        cmocka_unit_test(a_restart_of_resus_releases_resumes_or_undoes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
