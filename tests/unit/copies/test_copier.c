/* One run of the copier against a folder: what is sent, what the rules remove there, what stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backups/catalog.h"
#include "base/mem.h"
#include "base/str.h"
#include "copies/copier.h"
#include "copies/store.h"
#include "io/file.h"
#include "support/test_folder.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define NOW INT64_C(1796000000000)
#define DATA "REDIS0010 and so on"

static struct test_folder root;
static char here[PATH_MAX], there[PATH_MAX];
static struct copy_job job;
static struct copy_report report;

static int set_up(void **state)
{
    (void)state;
    test_folder_make(&root);
    assert_true(str_format(here, sizeof here, "%s/here", root.path));
    assert_true(str_format(there, sizeof there, "%s/there", root.path));
    assert_int_equal(mkdir(here, 0700), 0);
    assert_int_equal(mkdir(there, 0700), 0);
    job = (struct copy_job){.keep = {.last = 2, .minimum = 1},
                            .target = {.type = COPY_FOLDER, .name = "nas"}};
    (void)str_copy(job.service, sizeof job.service, "redis");
    (void)str_copy(job.directory, sizeof job.directory, here);
    (void)str_copy(job.target.path, sizeof job.target.path, there);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(&root);
    return 0;
}

static void sum_of(const char *text, char ret[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    assert_int_equal(EVP_Digest(text, strlen(text), digest, &length, EVP_sha256(), NULL), 1);
    ret[0] = '\0';
    for (unsigned i = 0; i < length; i++)
        (void)str_append(ret, 65, "%02x", (unsigned)digest[i]);
}

/* A proved backup of so many days ago, whose manifest takes `change`; its id. */
static const char *publish(enum backup_kind kind, int days, void (*change)(struct manifest *))
{
    static char id[MANIFEST_ID_SIZE];
    struct manifest *m = mem_must(mem_calloc(1, sizeof *m));
    struct catalog *c = NULL;
    char folder[PATH_MAX];
    char path[PATH_MAX + 16];
    char sum[65];
    wall_ms at = {NOW - days * DAY_MS};
    *m = (struct manifest){.proved = PROOF_LOADED, .started = at, .finished = at, .file_count = 1};
    assert_int_equal(catalog_open(here, "redis", &c, NULL), 0);
    assert_int_equal(catalog_begin(c, kind, at, m, folder, NULL), 0);
    (void)str_copy(m->files[0].name, sizeof m->files[0].name, "dump.rdb");
    m->files[0].bytes = (int64_t)strlen(DATA);
    sum_of(DATA, m->files[0].sha256);
    if (change != NULL)
        change(m);
    assert_true(str_format(path, sizeof path, "%s/dump.rdb", folder));
    assert_int_equal(file_write_atomic(path, DATA, strlen(DATA), 0600, NULL), 0);
    assert_int_equal(catalog_publish(c, m, sum, NULL), 0);
    (void)str_copy(id, sizeof id, m->id);
    catalog_close(c);
    mem_free(m);
    return id;
}

static void run(void)
{
    copier_run(&job, NULL, &report);
}

/* As the daemon does it after a run. */
static void note(void)
{
    struct catalog *c = NULL;
    struct manifest *m = mem_must(mem_calloc(1, sizeof *m));
    char sum[65];
    assert_int_equal(catalog_open(here, "redis", &c, NULL), 0);
    for (size_t i = 0; i < report.count; i++) {
        const struct copy_outcome *o = &report.outcomes[i];
        if (catalog_read(c, o->kind, o->id, m, NULL) < 0)
            continue;
        manifest_note_copy(m, "nas",
                           o->state == COPY_REMOVED ? MANIFEST_COPY_REMOVED : MANIFEST_COPIED,
                           (wall_ms){NOW});
        assert_int_equal(catalog_update(c, m, sum, NULL), 0);
    }
    catalog_close(c);
    mem_free(m);
}

static size_t outcomes(enum copy_outcome_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < report.count; i++)
        count += report.outcomes[i].state == state;
    return count;
}

static size_t copies(enum backup_kind kind)
{
    const struct copy_options options = {.target = &job.target, .service = "redis"};
    struct copy_store *s = NULL;
    struct copy_ids ids = {0};
    assert_int_equal(copy_store_open(&options, &s, NULL), 0);
    assert_int_equal(copy_store_list(s, kind, &ids, NULL), 0);
    copy_store_close(s);
    mem_free(ids.ids);
    return ids.count;
}

static void run_until_done(void)
{
    do {
        run();
        assert_int_equal(report.error.code, 0);
        note();
    } while (report.more);
}

static void runs_send_the_newest_first_and_end_after_a_few(void **state)
{
    (void)state;
    job.keep.last = 100;
    for (int days = 0; days < COPY_UPLOADS_MAX + 2; days++)
        (void)publish(BACKUP_DAILY, days, NULL);
    run();
    assert_int_equal(outcomes(COPY_MADE), COPY_UPLOADS_MAX);
    assert_true(report.more);
    assert_true(strcmp(report.outcomes[0].id, report.outcomes[1].id) > 0);
    note();
    run();
    assert_int_equal(outcomes(COPY_MADE), 2);
    assert_false(report.more);
    note();
    run();
    assert_int_equal(report.count, 0);
}

static void the_same_rules_hold_there_and_what_went_is_not_sent_again(void **state)
{
    (void)state;
    job.keep.last = 100;
    for (int days = 0; days < 4; days++)
        (void)publish(BACKUP_DAILY, days, NULL);
    (void)publish(BACKUP_MANUAL, 9, NULL);
    run_until_done();
    job.keep.last = 3;
    run();
    assert_int_equal(outcomes(COPY_REMOVED), 1);
    note();
    assert_int_equal(copies(BACKUP_DAILY), 3);
    assert_int_equal(copies(BACKUP_MANUAL), 1);
    run();
    assert_int_equal(report.count, 0);
}

/* The disk with the backups is lost, and Resus begins again: the copies are all there is. */
static void a_loss_here_removes_no_copy(void **state)
{
    char lost[PATH_MAX];
    (void)state;
    job.keep = (struct retention_policy){.daily = 30, .minimum = 3};
    for (int days = 0; days < 10; days++)
        (void)publish(BACKUP_DAILY, 10 + days, NULL);
    run_until_done();
    assert_true(str_format(lost, sizeof lost, "%s/lost", root.path));
    assert_int_equal(rename(here, lost), 0);
    assert_int_equal(mkdir(here, 0700), 0);
    job.keep = (struct retention_policy){.last = 1, .minimum = 1};
    (void)publish(BACKUP_DAILY, 0, NULL);
    job.keep.minimum = 3;
    run_until_done();
    assert_int_equal(copies(BACKUP_DAILY), 11);
    assert_non_null(strstr(report.note, "none was removed"));
}

static void a_pinned_backup_stays_there_too(void **state)
{
    char id[MANIFEST_ID_SIZE];
    struct catalog *c = NULL;
    struct manifest *m = mem_must(mem_calloc(1, sizeof *m));
    char sum[65];
    (void)state;
    job.keep.last = 100;
    (void)str_copy(id, sizeof id, publish(BACKUP_DAILY, 5, NULL));
    for (int days = 0; days < 3; days++)
        (void)publish(BACKUP_DAILY, days, NULL);
    run_until_done();
    /* Pinned after it was copied: the manifest there does not say so. */
    assert_int_equal(catalog_open(here, "redis", &c, NULL), 0);
    assert_int_equal(catalog_read(c, BACKUP_DAILY, id, m, NULL), 0);
    m->pinned_until = (wall_ms){4102444800000};
    assert_int_equal(catalog_update(c, m, sum, NULL), 0);
    catalog_close(c);
    mem_free(m);
    job.keep.last = 3;
    run_until_done();
    assert_int_equal(copies(BACKUP_DAILY), 4);
}

static void spoil(struct manifest *m)
{
    m->files[0].sha256[0] = m->files[0].sha256[0] == 'f' ? 'e' : 'f';
}

static void a_damaged_backup_holds_up_no_other(void **state)
{
    (void)state;
    (void)publish(BACKUP_DAILY, 0, spoil);
    (void)publish(BACKUP_DAILY, 1, NULL);
    run();
    assert_int_equal(report.error.code, -EBADMSG);
    assert_int_equal(outcomes(COPY_MADE), 1);
    assert_int_equal(copies(BACKUP_DAILY), 1);
}

static void a_write_that_fails_leaves_no_file(void **state)
{
    struct rlimit before;
    char path[PATH_MAX];
    (void)state;
    (void)publish(BACKUP_DAILY, 0, NULL);
    run_until_done(); /* the marker and the folders are there */
    const char *id = publish(BACKUP_MANUAL, 0, NULL);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit little = {.rlim_cur = 7, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    run();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(report.error.code, -EFBIG);
    assert_true(str_format(path, sizeof path, "%s/redis/manual/%s/dump.rdb.part", there, id));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(copies(BACKUP_MANUAL), 0);
    run();
    assert_int_equal(outcomes(COPY_MADE), 1);
}

static void a_job_and_a_report_are_read_again(void **state)
{
    static struct copy_job again;
    static struct copy_report read;
    (void)state;
    job.known = true;
    json_t *o = copy_job_json(&job);
    char *text = json_dumps(o, 0);
    assert_int_equal(copy_job_read(text, strlen(text), &again, NULL), 0);
    assert_memory_equal(&again.keep, &job.keep, sizeof job.keep);
    assert_string_equal(again.target.path, job.target.path);
    assert_true(again.known);
    free(text);
    json_decref(o);
    report = (struct copy_report){.more = true};
    (void)error_set(&report.error, -ENOSPC, "full");
    assert_true(copy_report_add(&report, COPY_MADE, BACKUP_MANUAL, "20261129T023000Z"));
    o = copy_report_json(&report);
    text = json_dumps(o, 0);
    assert_int_equal(copy_report_read(text, strlen(text), &read, NULL), 0);
    assert_int_equal(read.count, 1);
    assert_int_equal(read.outcomes[0].kind, BACKUP_MANUAL);
    assert_int_equal(read.error.code, -ENOSPC);
    assert_true(read.more);
    free(text);
    json_decref(o);
    assert_true(copy_report_read("{}", 2, &read, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_send_the_newest_first_and_end_after_a_few, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_same_rules_hold_there_and_what_went_is_not_sent_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_loss_here_removes_no_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pinned_backup_stays_there_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_backup_holds_up_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_that_fails_leaves_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_and_a_report_are_read_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
