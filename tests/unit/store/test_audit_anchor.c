/* The audit log cannot be cut, rewritten or flooded away unnoticed. */
#include "audit_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"
#include "store/audit_line.h"
#include "store/audit_seal.h"

#define KILLED 9

/* A kill of the process before that call which makes a change durable; 0 = none. These stand in front
 * of the C library's. */
static atomic_int kill_at;

static void count_down(void)
{
    if (atomic_load(&kill_at) > 0 && atomic_fetch_sub(&kill_at, 1) == 1)
        _exit(KILLED);
}

int fdatasync(int fd)
{
    count_down();
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    count_down();
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    count_down();
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The finding names what is missing, before the start, at the start and ever after. */
static void assert_found(struct bench *b, const char *why)
{
    struct audit_verdict v = verify(b);
    assert_false(v.intact);
    if (strstr(v.why, why) == NULL)
        fail_msg("\"%s\" is not in: %s", why, v.why);
    open_log(b);
    if (strstr(finding(b), why) == NULL)
        fail_msg("\"%s\" is not in: %s", why, finding(b));
    write_lines(b, 3);
    assert_false(verify(b).intact);
    close_log(b);
    assert_false(verify(b).intact);
    open_log(b); /* the next start has nothing new to find */
    assert_string_equal(finding(b), "");
    close_log(b);
    assert_false(verify(b).intact);
}

/* ── what an intruder does to the file ── */

/* The line that holds `from` says `to` instead ("" = it is gone), and all hashes are recomputed. */
static void rewrite(const char *path, const char *from, const char *to)
{
    char *text = read_text(path);
    struct buf out = BUF_LIMIT(64 << 20);
    struct buf body = BUF_LIMIT(1 << 20);
    char prev[AUDIT_HASH_SIZE] = AUDIT_HASH_NONE;
    uint64_t seq = 0;
    bool changed = false;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
        char *end = strstr(line, "\"seq\": ");
        char *hit = changed ? NULL : strstr(line, from);
        assert_non_null(end);
        *end = '\0';
        buf_clear(&body);
        if (hit == NULL) {
            assert_int_equal(buf_printf(&body, "%s", line), 0);
        } else {
            changed = true;
            if (to[0] == '\0')
                continue;
            *hit = '\0';
            assert_int_equal(buf_printf(&body, "%s%s%s", line, to, hit + strlen(from)), 0);
        }
        assert_int_equal(audit_line_seal(body.data, body.length, ++seq, prev, &out, prev), 0);
        assert_int_equal(buf_append(&out, "\n", 1), 0);
    }
    assert_true(changed);
    write_text(path, buf_text(&out));
    buf_free(&out);
    buf_free(&body);
    mem_free(text);
}

static void a_head_is_kept_with_each_durable_line(void **state)
{
    struct bench *b = *state;
    struct audit_anchor anchor;
    have_lines(b, 9);
    anchor = kept(b);
    assert_int_equal(anchor.head.seq, 9);
    assert_string_equal(anchor.file, b->settings.file);
    assert_string_equal(anchor.head.hash, verify(b).last_hash);
    assert_intact(b);
    open_log(b);
    assert_string_equal(finding(b), "");
    write_lines(b, 1);
    assert_true(store_anchor(b->store, &anchor)); /* before the completion */
    assert_int_equal(anchor.head.seq, 10);
}

static void lines_that_nobody_waits_for_are_kept_within_a_second(void **state)
{
    struct bench *b = *state;
    struct audit_anchor anchor;
    struct audit_line line = {.event = AUDIT_AUTHENTICATION, .operation = "login"};
    open_log(b);
    audit_append(b->audit, 0, &line, false);
    while (!store_anchor(b->store, &anchor) || anchor.head.seq < 1)
        (void)sched_yield();
    close_log(b);
    assert_intact(b);
}

static void lines_cut_off_are_found(void **state)
{
    struct bench *b = *state;
    have_lines(b, 9);
    cut_lines(b, 5);
    assert_found(b, "the audit log ends at seq 5");
    open_log(b);
    close_log(b);
    assert_non_null(strstr(verify(b).why, "seq 10 follows seq 5: lines are missing"));
}

static void an_emptied_file_is_found(void **state)
{
    struct bench *b = *state;
    have_lines(b, 9);
    cut_lines(b, 0);
    assert_found(b, "the audit log is empty, but the last line written was seq 9");
}

static void a_deleted_file_is_found(void **state)
{
    struct bench *b = *state;
    have_lines(b, 9);
    assert_int_equal(unlink(b->settings.file), 0);
    assert_found(b, "9 lines are missing");
}

static void a_line_that_was_changed_with_all_hashes_made_anew_is_found(void **state)
{
    struct bench *b = *state;
    have_lines(b, 9);
    rewrite(b->settings.file, "user-1", "user-2");
    assert_found(b, "hash");
}

static void a_file_of_another_log_is_found_even_when_it_is_longer(void **state)
{
    struct bench *b = *state;
    char other[200];
    have_lines(b, 12);
    (void)snprintf(other, sizeof other, "%s/other", b->folder);
    assert_int_equal(rename(b->settings.file, other), 0);
    rewrite(other, "user-1", "user-2");
    (void)snprintf(other, sizeof other, "%s/resus.db", b->folder);
    assert_int_equal(unlink(other), 0);
    have_lines(b, 9);
    (void)snprintf(other, sizeof other, "%s/other", b->folder);
    assert_int_equal(rename(other, b->settings.file), 0);
    assert_found(b, "the line with seq 9 is not the line that was written");
}

static void two_files_that_were_exchanged_are_found(void **state)
{
    struct bench *b = *state;
    char first[SETTINGS_PATH_MAX + 20], second[SETTINGS_PATH_MAX + 20], aside[200];
    b->settings.max_size = 4000;
    have_lines(b, 20);
    (void)snprintf(first, sizeof first, "%s.1", b->settings.file);
    (void)snprintf(second, sizeof second, "%s.2", b->settings.file);
    assert_intact(b);
    (void)snprintf(aside, sizeof aside, "%s/aside", b->folder);
    assert_int_equal(rename(first, aside), 0);
    assert_int_equal(rename(second, first), 0);
    assert_int_equal(rename(aside, second), 0);
    assert_false(verify(b).intact);
    assert_int_equal(rename(b->settings.file, second), 0); /* an old file as the newest */
    assert_int_equal(rename(first, b->settings.file), 0);
    struct audit_verdict v = verify(b);
    assert_false(v.intact);
}

/* ── what is no fault ── */

/* The machine died after the line and before the anchor, or the database took nothing for long. */
static void a_file_that_is_ahead_of_what_was_kept_is_no_finding(void **state)
{
    struct bench *b = *state;
    char path[200], saved[200];
    b->settings.max_size = 4000;
    have_lines(b, 3);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    (void)snprintf(saved, sizeof saved, "%s/saved.db", b->folder);
    for (int ahead = 1; ahead < 30; ahead += 7) {
        struct error err = {0};
        struct buf old = BUF_LIMIT(16 << 20);
        assert_int_equal(file_read(path, &old, &err), 0);
        have_lines(b, ahead); /* rotates, too */
        assert_int_equal(file_write_atomic(path, old.data, old.length, 0600, &err), 0);
        buf_free(&old);
        assert_intact(b);
        open_log(b);
        assert_string_equal(finding(b), "");
        close_log(b);
    }
    assert_intact(b);
}

static void a_machine_without_a_kept_head_is_no_finding(void **state)
{
    struct bench *b = *state;
    char path[200];
    have_lines(b, 4);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    assert_int_equal(unlink(path), 0);
    open_log(b);
    assert_string_equal(finding(b), "");
    close_log(b);
    assert_intact(b); /* it is kept from now on, without a new line */
}

static void a_database_that_takes_nothing_stops_no_line_and_is_no_finding_later(void **state)
{
    struct bench *b = *state;
    char path[200];
    sqlite3 *other;
    have_lines(b, 4);
    (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
    open_log(b);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(other, 60000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    write_lines(b, 5); /* returns: nobody waits for the database */
    assert_int_equal(b->failed, 0);
    assert_true(kept(b).head.seq < 9);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    while (kept(b).head.seq < 9)
        (void)sched_yield();
    close_log(b);
    assert_intact(b);
}

static void another_file_in_the_settings_is_no_finding(void **state)
{
    struct bench *b = *state;
    have_lines(b, 4);
    char old[SETTINGS_PATH_MAX];
    (void)str_copy(old, sizeof old, b->settings.file);
    (void)snprintf(b->settings.file, sizeof b->settings.file, "%s/moved.log", b->folder);
    open_log(b);
    assert_string_equal(finding(b), "");
    close_log(b);
    char *text = read_text(b->settings.file);
    assert_non_null(strstr(text, "audit-file-changed"));
    assert_non_null(strstr(text, old));
    mem_free(text);
    assert_intact(b);
}

/* ── from a head on ── */

static void a_head_that_was_told_is_looked_for(void **state)
{
    struct bench *b = *state;
    struct audit_head head, wrong;
    struct audit_verdict v;
    struct error err = {0};
    char text[100];
    have_lines(b, 4);
    (void)snprintf(text, sizeof text, "4:%s", verify(b).last_hash);
    assert_int_equal(audit_head_read(text, &head, &err), 0);
    have_lines(b, 4);
    struct audit_check check = {.from = &head};
    assert_int_equal(audit_verify(b->settings.file, &check, &v, &err), 0);
    assert_true(v.intact);
    assert_int_equal(v.lines, 5);
    assert_int_equal(v.first_seq, 4);
    wrong = head;
    wrong.seq = 5;
    check.from = &wrong;
    assert_int_equal(audit_verify(b->settings.file, &check, &v, &err), 0);
    assert_false(v.intact);
    assert_int_equal(v.bad_line, 5);
    wrong.seq = 77;
    assert_int_equal(audit_verify(b->settings.file, &check, &v, &err), 0);
    assert_false(v.intact);
    check.from = &head;
    assert_int_equal(unlink(b->settings.file), 0);
    assert_int_equal(audit_verify(b->settings.file, &check, &v, &err), 0);
    assert_false(v.intact);
    static const char *const bad[] = {"", "4", "4:", ":", "0:ab", "x:ab", "4:AB"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(audit_head_read(bad[i], &head, &err), -EINVAL);
}

/* ── seals ── */

static const uint8_t first_key[AUDIT_KEY_BYTES] = {7, 7, 7};
static const uint8_t second_key[AUDIT_KEY_BYTES] = {9, 9};

static void rekey(struct bench *b)
{
    struct audit_line line = {.event = AUDIT_CONFIGURATION, .operation = "audit-key"};
    uint64_t wanted = b->done + 1;
    audit_rekey(b->audit, ++b->next_id, first_key, &line);
    await(b, wanted);
    assert_int_equal(b->failed, 0);
}

static void await_seal(struct bench *b, uint64_t number)
{
    struct audit_state state;
    do
        audit_look(b->audit, &state);
    while (state.seal_number < number || state.reported.seq == 0);
}

static struct audit_verdict verify_seals(struct bench *b, const uint8_t *key)
{
    const struct audit_check check = {.key = key};
    struct audit_verdict v = {0};
    struct error err = {0};
    if (audit_verify(b->settings.file, &check, &v, &err) < 0)
        fail_msg("%s", err.text);
    return v;
}

/* Five seals, each behind some lines. */
static void have_seals(struct bench *b)
{
    b->guard.report_ms = 1;
    open_log(b);
    rekey(b);
    for (uint64_t i = 1; i <= 5; i++) {
        write_lines(b, 2);
        await_seal(b, i);
    }
    close_log(b);
}

static void seals_are_verified_with_the_first_key_alone(void **state)
{
    struct bench *b = *state;
    static const uint8_t other[AUDIT_KEY_BYTES] = {8};
    have_lines(b, 2); /* before there was a key */
    have_seals(b);
    struct audit_verdict v = verify_seals(b, first_key);
    if (!v.intact)
        fail_msg("line %llu: %s", (unsigned long long)v.bad_line, v.why);
    assert_true(v.seals >= 6);
    assert_int_equal(v.sealed_seq, v.last_seq); /* the end of the daemon is sealed as well */
    assert_int_equal(v.other_seals, 0);
    v = verify_seals(b, other);
    assert_false(v.intact);
    assert_non_null(strstr(v.why, "the log has no seal made with this key"));
    have_seals(b); /* a new row; the same key: its numbers begin again */
    v = verify_seals(b, first_key);
    assert_false(v.intact);
}

static void a_changed_line_does_not_fit_its_seal_whatever_hashes_say(void **state)
{
    struct bench *b = *state;
    have_seals(b);
    rewrite(b->settings.file, "user-1", "user-2");
    assert_true(verify_seals(b, NULL).intact); /* the chain alone says nothing */
    struct audit_verdict v = verify_seals(b, first_key);
    assert_false(v.intact);
    assert_non_null(strstr(v.why, "the seal does not match"));
}

static void a_seal_that_was_taken_out_is_missed(void **state)
{
    struct bench *b = *state;
    have_seals(b);
    rewrite(b->settings.file, "number 3 mac", "");
    assert_true(verify_seals(b, NULL).intact);
    assert_false(verify_seals(b, first_key).intact);
}

/* Who holds the machine has the key of the next seal; those before are gone. */
static void the_key_in_the_state_folder_opens_no_older_seal(void **state)
{
    struct bench *b = *state;
    struct audit_seal now, past;
    struct error err = {0};
    struct stat st;
    char path[200], text[AUDIT_KEY_TEXT_SIZE];
    have_seals(b);
    assert_int_equal(audit_seal_load(b->folder, &now, &err), 0);
    assert_true(now.number >= 6);
    audit_seal_first(&past, first_key);
    assert_string_equal(now.id, past.id);
    (void)snprintf(path, sizeof path, "%s/audit-seal.key", b->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    char *file = read_text(path);
    while (past.number < now.number) {
        audit_key_text(past.key, text);
        assert_null(strstr(file, text));
        audit_seal_next(&past);
    }
    assert_memory_equal(past.key, now.key, sizeof now.key);
    mem_free(file);
}

/* Ended between the seal's line and the new key: the number is used twice. */
static void two_seals_with_one_number_are_no_finding(void **state)
{
    struct bench *b = *state;
    struct audit_seal before;
    struct error err = {0};
    have_seals(b);
    assert_int_equal(audit_seal_load(b->folder, &before, &err), 0);
    have_lines(b, 1);
    assert_int_equal(audit_seal_save(b->folder, &before, &err), 0);
    have_lines(b, 1);
    struct audit_verdict v = verify_seals(b, first_key);
    if (!v.intact)
        fail_msg("line %llu: %s", (unsigned long long)v.bad_line, v.why);
}

static void a_damaged_key_stops_no_line(void **state)
{
    struct bench *b = *state;
    char path[200];
    struct audit_state seen;
    have_seals(b);
    (void)snprintf(path, sizeof path, "%s/audit-seal.key", b->folder);
    write_text(path, "{\"id\": 3}");
    open_log(b);
    write_lines(b, 2);
    audit_look(b->audit, &seen);
    assert_int_not_equal(seen.upkeep.code, 0);
    assert_string_equal(seen.seal_key, "");
    rekey(b); /* the remedy */
    audit_look(b->audit, &seen);
    assert_string_not_equal(seen.seal_key, "");
}

/* A full or missing disk under the state folder: lines and seals go on with the key that is there.
 */
static void a_key_that_cannot_be_stored_stops_no_seal(void **state)
{
    struct bench *b = *state;
    char keys[100], away[100], file[200];
    struct audit_state seen;
    (void)snprintf(keys, sizeof keys, "%s/keys", b->folder);
    (void)snprintf(away, sizeof away, "%s/away", b->folder);
    (void)snprintf(file, sizeof file, "%s/audit-seal.key", keys);
    assert_int_equal(mkdir(keys, 0700), 0);
    b->guard.state_dir = keys;
    b->guard.report_ms = 1;
    open_log(b);
    rekey(b);
    await_seal(b, 0);
    assert_int_equal(rename(keys, away), 0);
    do {
        write_lines(b, 1);
        audit_look(b->audit, &seen);
    } while (seen.upkeep.code == 0);
    write_lines(b, 5);
    assert_int_equal(b->failed, 0);
    assert_int_equal(rename(away, keys), 0);
    do {
        write_lines(b, 1);
        audit_look(b->audit, &seen);
    } while (seen.upkeep.code != 0 || seen.seal_number < 2);
    close_log(b);
    struct audit_verdict v = verify_seals(b, first_key);
    if (!v.intact)
        fail_msg("line %llu: %s", (unsigned long long)v.bad_line, v.why);
    assert_int_equal(v.sealed_seq, v.last_seq);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(keys), 0);
}

/* In a process that is killed before its call `at`. Returns false when it came to the end. */
static bool rekey_and_die(struct bench *b, int at)
{
    struct audit_line line = {
        .event = AUDIT_CONFIGURATION, .operation = "audit-key", .reason = "the second key"};
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct error err = {0};
        if (uv_loop_fork(&b->loop) < 0 ||
            audit_open(&b->loop, &b->settings, &b->guard, on_done, b, &b->audit, &err) < 0)
            _exit(1);
        atomic_store(&kill_at, at);
        uint64_t wanted = b->done + 1;
        audit_rekey(b->audit, ++b->next_id, second_key, &line);
        while (b->done < wanted)
            turn(b);
        _exit(b->failed == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == KILLED;
}

static void a_kill_at_any_point_of_a_new_key_leaves_seals_that_verify(void **state)
{
    struct bench *b = *state;
    bool killed = true;
    for (int at = 1; killed; at++) {
        char path[200];
        have_seals(b);
        killed = rekey_and_die(b, at);
        have_lines(b, 1); /* sealed with the key that is there */
        struct audit_verdict v = verify_seals(b, first_key);
        if (!v.intact)
            fail_msg("killed at %d, line %llu: %s", at, (unsigned long long)v.bad_line, v.why);
        if (v.other_seals > 0)
            assert_says(b, "the second key"); /* a line says that the key has changed */
        else
            assert_int_equal(v.sealed_seq, v.last_seq);
        if (!killed)
            assert_true(verify_seals(b, second_key).seals > 0);
        assert_int_equal(unlink(b->settings.file), 0);
        (void)snprintf(path, sizeof path, "%s/resus.db", b->folder);
        assert_int_equal(unlink(path), 0);
        (void)snprintf(path, sizeof path, "%s/audit-seal.key", b->folder);
        assert_int_equal(unlink(path), 0);
    }
}

static void what_is_no_seal_is_not_read_as_one(void **state)
{
    (void)state;
    struct audit_seal_said said;
    struct audit_seal seal;
    char text[200];
    audit_seal_first(&seal, first_key);
    audit_seal_say(&seal, 5, AUDIT_HASH_NONE, text, sizeof text);
    assert_int_equal(audit_seal_read(text, &said), 0);
    assert_string_equal(said.id, seal.id);
    for (size_t length = strlen(text); length-- > 0;) {
        text[length] = '\0';
        assert_int_equal(audit_seal_read(text, &said), -EINVAL);
    }
    static const char *const bad[] = {"key 0123456789abcdef number -1 mac ", "number 1", "key  "};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(audit_seal_read(bad[i], &said), -EINVAL);
}

/* ── what is old enough to go ── */

static int old_files(struct bench *b)
{
    int count = 0;
    for (int i = 1; i <= 100; i++) {
        char path[SETTINGS_PATH_MAX + 20];
        (void)snprintf(path, sizeof path, "%s.%d", b->settings.file, i);
        count += access(path, F_OK) == 0;
    }
    return count;
}

static void age(struct bench *b, int index, int days)
{
    char path[SETTINGS_PATH_MAX + 20];
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 0}};
    (void)snprintf(path, sizeof path, "%s.%d", b->settings.file, index);
    times[1].tv_sec = (time_t)(clock_wall().ms / 1000 - (int64_t)days * 86400);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void young_lines_are_kept_and_the_want_of_room_is_told(void **state)
{
    struct bench *b = *state;
    struct audit_state seen;
    b->settings.max_size = 4000;
    b->settings.backup_count = 2;
    b->settings.keep_days = 30;
    open_log(b);
    write_lines(b, 100); /* written in spite of all */
    audit_look(b->audit, &seen);
    assert_int_equal(seen.crowded.code, -EDQUOT);
    assert_non_null(strstr(seen.crowded.text, "backup_count"));
    while (b->news == 0)
        turn(b);
    assert_int_equal(verify(b).first_seq, 1);
    close_log(b);
    int files = old_files(b);
    assert_true(files > 5);
    for (int i = 1; i <= files; i++)
        age(b, i, 31);
    b->guard.report_ms = 10;
    open_log(b); /* looks by itself */
    do
        audit_look(b->audit, &seen);
    while (seen.crowded.code != 0 || old_files(b) > 2);
    write_lines(b, 1);
    close_log(b);
    assert_intact(b);
    assert_int_equal(old_files(b), 2);
    assert_says(b, " to make room: seq 1 to ");
}

static void what_is_removed_at_a_rotation_is_named(void **state)
{
    struct bench *b = *state;
    b->settings.max_size = 4000;
    b->settings.backup_count = 2;
    have_lines(b, 100);
    struct audit_verdict v = verify(b);
    char wanted[60];
    assert_int_equal(old_files(b), 2);
    (void)snprintf(wanted, sizeof wanted, " to %llu", (unsigned long long)v.first_seq - 1);
    assert_says(b, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_head_is_kept_with_each_durable_line),
        TEST(lines_that_nobody_waits_for_are_kept_within_a_second),
        TEST(lines_cut_off_are_found),
        TEST(an_emptied_file_is_found),
        TEST(a_deleted_file_is_found),
        TEST(a_line_that_was_changed_with_all_hashes_made_anew_is_found),
        TEST(a_file_of_another_log_is_found_even_when_it_is_longer),
        TEST(two_files_that_were_exchanged_are_found),
        TEST(a_file_that_is_ahead_of_what_was_kept_is_no_finding),
        TEST(a_machine_without_a_kept_head_is_no_finding),
        TEST(a_database_that_takes_nothing_stops_no_line_and_is_no_finding_later),
        TEST(another_file_in_the_settings_is_no_finding),
        TEST(a_head_that_was_told_is_looked_for),
        TEST(seals_are_verified_with_the_first_key_alone),
        TEST(a_changed_line_does_not_fit_its_seal_whatever_hashes_say),
        TEST(a_seal_that_was_taken_out_is_missed),
        TEST(the_key_in_the_state_folder_opens_no_older_seal),
        TEST(two_seals_with_one_number_are_no_finding),
        TEST(a_damaged_key_stops_no_line),
        TEST(a_key_that_cannot_be_stored_stops_no_seal),
        TEST(a_kill_at_any_point_of_a_new_key_leaves_seals_that_verify),
        TEST(what_is_no_seal_is_not_read_as_one),
        TEST(young_lines_are_kept_and_the_want_of_room_is_told),
        TEST(what_is_removed_at_a_rotation_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
