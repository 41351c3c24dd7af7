/* A copy of the state folder: what is in it, and what is not put back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "io/file.h"
#include "store/database.h"
#include "store/state_copy.h"

static const wall_ms now = {1760106600000};

struct world {
    char folder[64], state[96], copy[96], fresh[96];
    sqlite3 *db; /* open, with its newest rows in the log beside it, as in a running daemon */
};

static void put(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[256];
    struct error err = {0};
    (void)str_format(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_make_folder_of(path, 0700, &err), 0);
    assert_int_equal(file_write_atomic(path, text, strlen(text), mode, &err), 0);
}

static bool is_there(const char *folder, const char *name)
{
    char path[256];
    struct stat info;
    (void)str_format(path, sizeof path, "%s/%s", folder, name);
    return lstat(path, &info) == 0;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char path[160];
    struct error err = {0};
    (void)str_copy(w->folder, sizeof w->folder, "/tmp/resus-copy-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)str_format(w->state, sizeof w->state, "%s/state", w->folder);
    (void)str_format(w->copy, sizeof w->copy, "%s/copy", w->folder);
    (void)str_format(w->fresh, sizeof w->fresh, "%s/fresh", w->folder);
    (void)str_format(path, sizeof path, "%s/resus.db", w->state);
    assert_int_equal(mkdir(w->state, 0750), 0);
    assert_int_equal(database_open(path, &w->db, &err), 0);
    assert_int_equal(database_run(w->db, "PRAGMA wal_autocheckpoint=0", &err), 0);
    assert_int_equal(database_run(w->db, "CREATE TABLE proof (word TEXT)", &err), 0);
    assert_int_equal(database_run(w->db, "INSERT INTO proof VALUES ('newest')", &err), 0);
    put(w->state, "login-keys.json", "{}", 0600);
    put(w->state, "tls/key.pem", "secret", 0600);
    put(w->state, "incidents/redis-1.jsonl", "line\n", 0640);
    put(w->state, "backups/redis/daily/1/dump.rdb", "data", 0600);
    put(w->state, "processes/redis.pid", "1", 0600);
    put(w->state, "audit-seal.key", "seal", 0600);
    put(w->state, "daemon.lock", "", 0600);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    (void)sqlite3_close(w->db);
    remove_tree(w->folder);
    assert_int_equal(access(w->folder, F_OK), -1);
    free(w);
    return 0;
}

static int make(struct world *w, struct error *err)
{
    JSON_CLEANUP json_t *manifest = NULL;
    return state_copy_make(w->state, w->copy, now, &manifest, err);
}

static int restore(struct world *w, struct error *err)
{
    JSON_CLEANUP json_t *manifest = NULL;
    return state_copy_restore(w->copy, w->fresh, &manifest, err);
}

static void the_newest_row_of_an_open_database_comes_back(void **state)
{
    struct world *w = *state;
    char path[160];
    struct error err = {0};
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    assert_int_equal(make(w, &err), 0);
    assert_false(is_there(w->copy, "resus.db-wal"));
    assert_int_equal(restore(w, &err), 0);
    (void)str_format(path, sizeof path, "%s/resus.db", w->fresh);
    assert_int_equal(database_open(path, &db, &err), 0);
    assert_int_equal(database_prepare(db, "SELECT word FROM proof", &rows, &err), 0);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(rows, 0), "newest");
    (void)sqlite3_finalize(rows);
    (void)sqlite3_close(db);
    assert_true(is_there(w->fresh, "tls/key.pem"));
    assert_true(is_there(w->fresh, "incidents/redis-1.jsonl"));
}

static void what_belongs_to_a_process_or_must_not_be_copied_stays_out(void **state)
{
    static const char *const out[] = {"backups", "processes", "audit-seal.key", "daemon.lock"};
    struct world *w = *state;
    struct error err = {0};
    struct stat info;
    assert_int_equal(make(w, &err), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(out); i++)
        assert_false(is_there(w->copy, out[i]));
    assert_int_equal(stat(w->copy, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(make(w, &err), -EEXIST);
    assert_true(is_there(w->copy, "manifest.json")); /* the one that was there is untouched */
}

static void a_copy_that_was_changed_or_is_of_a_newer_program_is_not_restored(void **state)
{
    static const struct {
        const char *name, *text;
        int code;
    } rows[] = {
        {"login-keys.json", "{ }", -EILSEQ},
        {"login-keys.json", "[]", -EILSEQ},
        {"manifest.json", "{}", -EILSEQ},
        {"manifest.json", "no JSON", -EILSEQ},
        {"manifest.json",
         "{\"format\": 1, \"schema\": 1, \"files\": [{\"path\": \"../x\", \"bytes\": 0, "
         "\"sha256\": \"\"}]}",
         -EILSEQ},
        {"manifest.json", "{\"format\": 1, \"schema\": 1, \"files\": [{\"path\": \"/etc/x\"}]}",
         -EILSEQ},
        {"manifest.json", "{\"format\": 1, \"schema\": 1, \"files\": [1]}", -EILSEQ},
        {"manifest.json", "{\"format\": 1, \"schema\": 9999, \"files\": []}", -ENOTSUP},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error err = {0};
        assert_int_equal(make(w, &err), 0);
        put(w->copy, rows[i].name, rows[i].text, 0600);
        if (restore(w, &err) != rows[i].code)
            fail_msg("row %zu: %d %s", i, err.code, err.text);
        assert_false(is_there(w->fresh, "login-keys.json"));
        assert_false(is_there(w->folder, "x"));
        remove_tree(w->copy);
        remove_tree(w->fresh);
    }
}

static void a_state_folder_with_a_file_in_it_is_left_alone(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    assert_int_equal(make(w, &err), 0);
    put(w->fresh, "tls/key.pem", "mine", 0600);
    assert_int_equal(restore(w, &err), -EEXIST);
    assert_non_null(strstr(err.text, "tls/key.pem is there"));
    assert_false(is_there(w->fresh, "resus.db"));
}

static void a_copy_that_fails_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct error err = {0};
    put(w->state, "other.db", "this is no database, and it is longer than its header would be",
        0600);
    assert_true(make(w, &err) < 0);
    assert_false(is_there(w->folder, "copy"));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_newest_row_of_an_open_database_comes_back),
        IN_WORLD(what_belongs_to_a_process_or_must_not_be_copied_stays_out),
        IN_WORLD(a_copy_that_was_changed_or_is_of_a_newer_program_is_not_restored),
        IN_WORLD(a_state_folder_with_a_file_in_it_is_left_alone),
        IN_WORLD(a_copy_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests_name("state_copy", tests, NULL, NULL);
}
