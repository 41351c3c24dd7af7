#include "store/anchor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "store/database.h"

/* A head that no log can have would poison the chain that goes on from it. */
static bool is_head(const struct audit_head *head)
{
    return head->seq > 0 && head->seq <= INT64_MAX / 2 &&
           strspn(head->hash, "0123456789abcdef") == AUDIT_HASH_SIZE - 1;
}

int anchor_load(sqlite3 *db, struct audit_anchor *ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    struct audit_anchor found = {0};
    int r =
        database_prepare(db, "SELECT seq, hash, file, at FROM audit_anchor WHERE id = 1", &s, err);
    if (r < 0)
        return r;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        const char *hash = (const char *)sqlite3_column_text(s, 1);
        const char *file = (const char *)sqlite3_column_text(s, 2);
        found.head.seq = (uint64_t)sqlite3_column_int64(s, 0);
        (void)str_copy(found.head.hash, sizeof found.head.hash, hash);
        (void)str_copy(found.file, sizeof found.file, file);
        found.at.ms = sqlite3_column_int64(s, 3);
        r = is_head(&found.head)
                ? 1
                : error_set(err, -EBADMSG, "the recorded head of the audit log is damaged");
    } else if (code != SQLITE_DONE) {
        r = database_error(db, err, "database");
    }
    (void)sqlite3_finalize(s);
    if (r == 1)
        *ret = found;
    return r;
}

int anchor_load_lost(sqlite3 *db, struct audit_anchor *ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db, "SELECT lines, at FROM audit_lost WHERE id = 1", &s, err);
    if (r < 0)
        return r;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW && sqlite3_column_int64(s, 0) > 0) {
        ret->lost = (uint64_t)sqlite3_column_int64(s, 0);
        ret->lost_at.ms = sqlite3_column_int64(s, 1);
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        r = database_error(db, err, "database");
    }
    (void)sqlite3_finalize(s);
    return r;
}

static int save_head(sqlite3 *db, const struct audit_anchor *anchor, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db,
                             "INSERT INTO audit_anchor (id, seq, hash, file, at)"
                             " VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                             " seq = excluded.seq, hash = excluded.hash, file = excluded.file,"
                             " at = excluded.at",
                             &s, err);
    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(s, 1, (int64_t)anchor->head.seq);
    (void)sqlite3_bind_text(s, 2, anchor->head.hash, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(s, 3, anchor->file, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 4, anchor->at.ms);
    r = database_step(db, s, err);
    (void)sqlite3_finalize(s);
    return r;
}

static int save_lost(sqlite3 *db, const struct audit_anchor *anchor, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db,
                             anchor->lost == 0 ? "DELETE FROM audit_lost"
                                               : "INSERT OR REPLACE INTO audit_lost (id, lines, at)"
                                                 " VALUES (1, ?, ?)",
                             &s, err);
    if (r < 0)
        return r;
    if (anchor->lost > 0) {
        (void)sqlite3_bind_int64(s, 1, (int64_t)anchor->lost);
        (void)sqlite3_bind_int64(s, 2, anchor->lost_at.ms);
    }
    r = database_step(db, s, err);
    (void)sqlite3_finalize(s);
    return r;
}

int anchor_save(sqlite3 *db, const struct audit_anchor *anchor, struct error *err)
{
    int r = anchor->head.seq == 0 ? 0 : save_head(db, anchor, err);
    return r < 0 ? r : save_lost(db, anchor, err);
}

static bool has_table(sqlite3 *db)
{
    sqlite3_stmt *s = NULL;
    bool has = sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE name = 'audit_anchor'", -1,
                                  &s, NULL) == SQLITE_OK &&
               sqlite3_step(s) == SQLITE_ROW;
    (void)sqlite3_finalize(s);
    return has;
}

int anchor_read(const char *state_dir, struct audit_anchor *ret, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    sqlite3 *db = NULL;
    if (!str_format(path, sizeof path, "%s/resus.db", state_dir))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    if (access(path, F_OK) < 0)
        return errno == ENOENT ? 0 : error_set_errno(err, -errno, "cannot open %s", path);
    /* Not read-only: SQLite cannot read a WAL database read-only unless another process has it
     * open. */
    int r = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        r = db == NULL ? error_set(err, -ENOMEM, "out of memory")
                       : database_error(db, err, "cannot open the database");
    } else {
        (void)sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
        r = has_table(db) ? anchor_load(db, ret, err) : 0;
    }
    (void)sqlite3_close(db);
    return r < 0 ? error_prefix(err, "%s", path) : r;
}
