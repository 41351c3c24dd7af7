/* The audit log when something takes lines away while Resus runs, when its file cannot be opened, and
 * when Resus stops before all lines are written. */
#include "audit_bench.h"

#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* ── a log that cannot be opened ── */

static void await_no_debt(struct bench *b)
{
    struct audit_state seen;
    do
        audit_look(b->audit, &seen);
    while ((seen.owed > 0 || seen.problem.code != 0) && sched_yield() == 0);
}

/* Lines fail, and the state says why, for the doctor. */
static void assert_unwritten(struct bench *b, const char *why)
{
    struct audit_state seen;
    uint64_t failed = b->failed;
    open_log(b);
    audit_look(b->audit, &seen);
    if (strstr(seen.problem.text, why) == NULL)
        fail_msg("\"%s\" is not in: %s", why, seen.problem.text);
    write_lines(b, 2);
    assert_int_equal(b->failed, failed + 2);
    audit_look(b->audit, &seen);
    assert_non_null(strstr(seen.problem.text, why));
    assert_int_equal(seen.owed, 2);
}

static void a_path_where_no_file_can_be_is_named(void **state)
{
    struct bench *b = *state;
    (void)str_copy(b->settings.file, sizeof b->settings.file, "/dev/null/x/audit.log");
    assert_unwritten(b, "/dev/null");
    close_log(b);
    (void)str_copy(b->settings.file, sizeof b->settings.file, "/dev/full");
    assert_unwritten(b, "not a regular file");
}

static void lines_are_written_in_order_once_the_log_can_be_opened(void **state)
{
    struct bench *b = *state;
    char folder[80];
    (void)snprintf(folder, sizeof folder, "%s/log", b->folder);
    (void)snprintf(b->settings.file, sizeof b->settings.file, "%s/audit.log", folder);
    write_text(folder, "");
    assert_unwritten(b, "folder");
    assert_int_equal(unlink(folder), 0);
    await_no_debt(b);
    write_lines(b, 1);
    assert_intact(b);
    assert_int_equal(verify(b).lines, 3);
    assert_int_equal(b->failed, 2);
    close_log(b);
    assert_int_equal(unlink(b->settings.file), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_log_that_others_can_change_is_not_written(void **state)
{
    struct bench *b = *state;
    have_lines(b, 1);
    assert_int_equal(chmod(b->settings.file, 0666), 0);
    assert_unwritten(b, "run: chmod o-w");
    assert_int_equal(chmod(b->settings.file, 0640), 0);
    await_no_debt(b);
    assert_intact(b);
    close_log(b);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(b->settings.file, 12345, 0), 0);
    assert_unwritten(b, "belongs to user 12345");
    assert_int_equal(chown(b->settings.file, 0, 0), 0);
    audit_reopen(b->audit); /* systemctl reload */
    await_no_debt(b);
    assert_intact(b);
    assert_int_equal(verify(b).lines, 5);
}

/* ── what an intruder does while Resus runs ── */

static void assert_found_running(struct bench *b, const char *why)
{
    struct audit_state seen;
    int news = b->news;
    write_lines(b, 1);
    audit_look(b->audit, &seen);
    assert_true(seen.missing);
    if (strstr(finding(b), why) == NULL)
        fail_msg("\"%s\" is not in: %s", why, finding(b));
    while (b->news == news)
        turn(b);
    assert_says(b, why);
    assert_false(verify(b).intact);
    close_log(b);
    open_log(b);
    assert_string_equal(finding(b), ""); /* the next start has nothing new to find */
}

static void lines_cut_off_while_it_runs_are_found_at_the_next_line(void **state)
{
    struct bench *b = *state;
    open_log(b);
    write_lines(b, 9);
    cut_lines(b, 5);
    assert_found_running(b, "another program cut the audit log while Resus ran: the audit log ends "
                            "at seq 5");
}

static void half_a_line_left_by_a_cut_spoils_no_later_line(void **state)
{
    struct bench *b = *state;
    struct stat st;
    open_log(b);
    write_lines(b, 9);
    assert_int_equal(stat(b->settings.file, &st), 0);
    assert_int_equal(truncate(b->settings.file, st.st_size - 20), 0);
    assert_found_running(b, "the audit log ends at seq 8");
}

static void an_emptied_file_is_found_while_it_runs(void **state)
{
    struct bench *b = *state;
    open_log(b);
    write_lines(b, 9);
    assert_int_equal(truncate(b->settings.file, 0), 0);
    assert_found_running(b, "the audit log is empty, but the last line written was seq 9");
}

static void a_deleted_file_is_found_while_it_runs(void **state)
{
    struct bench *b = *state;
    open_log(b);
    write_lines(b, 9);
    assert_int_equal(unlink(b->settings.file), 0);
    assert_found_running(b, "another program deleted the audit log while Resus ran");
}

static void append(struct bench *b, int count)
{
    struct audit_line line = {.event = AUDIT_AUTHENTICATION, .operation = "login"};
    uint64_t wanted = b->done + (uint64_t)count;
    for (int i = 0; i < count; i++)
        audit_append(b->audit, ++b->next_id, &line, false);
    await(b, wanted);
}

/* Its lines are still in memory, until the flush a second later. */
static void a_cut_of_lines_that_are_not_flushed_loses_none(void **state)
{
    struct bench *b = *state;
    struct audit_anchor anchor;
    open_log(b);
    write_lines(b, 3);
    append(b, 4);
    cut_lines(b, 5);
    bool flushed = store_anchor(b->store, &anchor) && anchor.head.seq > 3;
    write_lines(b, 1);
    if (flushed) /* a slow machine: the cut came too late for this test */
        return;
    assert_intact(b);
    assert_string_equal(finding(b), "");
    assert_int_equal(verify(b).lines, 8);
}

/* logrotate's `copytruncate`: the lines stand in the copy. */
static void a_cut_of_lines_that_were_copied_before_is_no_finding(void **state)
{
    struct bench *b = *state;
    char copy[SETTINGS_PATH_MAX + 20];
    (void)snprintf(copy, sizeof copy, "%s.1", b->settings.file);
    open_log(b);
    write_lines(b, 9);
    char *text = read_text(b->settings.file);
    write_text(copy, text);
    mem_free(text);
    assert_int_equal(truncate(b->settings.file, 0), 0);
    write_lines(b, 1);
    assert_string_equal(finding(b), "");
    assert_intact(b);
}

/* ── what could not be written before the end ── */

static void lines_lost_at_the_end_are_the_first_line_of_the_next_start(void **state)
{
    struct bench *b = *state;
    have_lines(b, 2);
    assert_int_equal(chmod(b->settings.file, 0666), 0); /* is not written */
    open_log(b);
    append(b, 3);
    close_log(b);
    open_log(b); /* nor does this start find it writable: nothing is forgotten */
    append(b, 2);
    close_log(b);
    assert_int_equal(chmod(b->settings.file, 0640), 0);
    open_log(b);
    write_lines(b, 1);
    close_log(b);
    assert_intact(b);
    char *text = read_text(b->settings.file);
    const char *first = strchr(strchr(text, '\n') + 1, '\n') + 1;
    const char *said = strstr(first, "5 lines could not be written before Resus stopped at ");
    assert_true(said != NULL && said < strchr(first, '\n'));
    mem_free(text);
    open_log(b); /* it is said once */
    write_lines(b, 1);
    close_log(b);
    text = read_text(b->settings.file);
    assert_null(strstr(strstr(text, "could not be written") + 1, "could not be written"));
    mem_free(text);
}

static void lines_lost_before_there_was_a_log_are_reported_too(void **state)
{
    struct bench *b = *state;
    char file[SETTINGS_PATH_MAX];
    (void)str_copy(file, sizeof file, b->settings.file);
    (void)snprintf(b->settings.file, sizeof b->settings.file, "%s/none", b->folder);
    assert_int_equal(mkdir(b->settings.file, 0700), 0); /* no file */
    open_log(b);
    append(b, 3);
    close_log(b);
    assert_int_equal(rmdir(b->settings.file), 0);
    open_log(b);
    close_log(b);
    assert_says(b, "3 lines could not be written before Resus stopped at ");
    assert_int_equal(unlink(b->settings.file), 0);
    (void)str_copy(b->settings.file, sizeof b->settings.file, file);
}

static void a_log_that_is_opened_late_is_checked_as_at_a_start(void **state)
{
    struct bench *b = *state;
    have_lines(b, 9);
    cut_lines(b, 5);
    assert_int_equal(chmod(b->settings.file, 0666), 0);
    open_log(b);
    append(b, 1);
    assert_string_equal(finding(b), "");
    int news = b->news;
    assert_int_equal(chmod(b->settings.file, 0640), 0);
    while (b->news == news)
        turn(b);
    assert_non_null(strstr(finding(b), "the audit log ends at seq 5"));
    close_log(b);
    assert_says(b, "the audit log ends at seq 5");
}

/* The fixture was made by the version before. */
static void a_database_of_schema_9_keeps_its_head(void **state)
{
    struct bench *b = *state;
    struct audit_anchor anchor = {0};
    struct error err = {0};
    char path[200];
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    char *script = read_text(TEST_DATA "/schema-9.sql");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    mem_free(script);
    assert_int_equal(anchor_read(b->folder, &anchor, &err),
                     1); /* `audit verify` before the start */
    assert_int_equal(anchor.head.seq, 2);
    for (uint64_t lost = 0; lost <= 7; lost += 7) {
        open_store(b);
        assert_int_equal(store_load_anchor(b->store, &anchor, &err), 1);
        assert_int_equal(anchor.head.seq, 2);
        assert_int_equal(anchor.lost, lost);
        anchor.lost = 7;
        store_save_anchor(b->store, &anchor);
        close_log(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_where_no_file_can_be_is_named),
        TEST(lines_are_written_in_order_once_the_log_can_be_opened),
        TEST(a_log_that_others_can_change_is_not_written),
        TEST(lines_cut_off_while_it_runs_are_found_at_the_next_line),
        TEST(half_a_line_left_by_a_cut_spoils_no_later_line),
        TEST(an_emptied_file_is_found_while_it_runs),
        TEST(a_deleted_file_is_found_while_it_runs),
        TEST(a_cut_of_lines_that_are_not_flushed_loses_none),
        TEST(a_cut_of_lines_that_were_copied_before_is_no_finding),
        TEST(lines_lost_at_the_end_are_the_first_line_of_the_next_start),
        TEST(lines_lost_before_there_was_a_log_are_reported_too),
        TEST(a_log_that_is_opened_late_is_checked_as_at_a_start),
        TEST(a_database_of_schema_9_keeps_its_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
