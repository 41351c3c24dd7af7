#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/str.h"
#include "io/file.h"

static int code_of(int sqlite_code)
{
    switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EILSEQ;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return -EINVAL;
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return -EACCES;
    default:
        return -EIO;
    }
}

int database_error(sqlite3 *db, struct error *err, const char *doing)
{
    int code = code_of(sqlite3_extended_errcode(db));
    int system = sqlite3_system_errno(db);
    if (code == -EIO && (system == ENOSPC || system == EDQUOT || system == EFBIG))
        code = -ENOSPC;
    return error_set(err, code, "%s: %s", doing, sqlite3_errmsg(db));
}

int database_run(sqlite3 *db, const char *sql, struct error *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return database_error(db, err, "database");
}

int database_step(sqlite3 *db, sqlite3_stmt *statement, struct error *err)
{
    int code = sqlite3_step(statement);
    int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : database_error(db, err, "database");
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return r;
}

int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct error *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) == SQLITE_OK)
        return 0;
    return database_error(db, err, "database");
}

static int damaged(const char *path, const char *how, struct error *err)
{
    return error_set(err, -EILSEQ,
                     "the database %s is damaged (%s). It is left as it is: put a backup in its "
                     "place, or save what can be read with: sqlite3 %s .recover | sqlite3 %s.saved "
                     "&& mv %s.saved %s (remove %s-wal and %s-shm)",
                     path, how, path, path, path, path, path, path);
}

static int refuse_damage(sqlite3 *db, const char *path, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    char how[120] = "";
    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        (void)str_copy(how, sizeof how, text == NULL ? "out of memory" : (const char *)text);
    } else {
        int r = database_error(db, err, "database");
        (void)str_copy(how, sizeof how, sqlite3_errmsg(db));
        if (r != -EILSEQ) {
            (void)sqlite3_finalize(statement);
            return error_set(err, r, "cannot read the database %s: %s", path, how);
        }
    }
    (void)sqlite3_finalize(statement);
    return str_equal(how, "ok") ? 0 : damaged(path, how, err);
}

/* Version 0.1.0 made its databases readable by a group. */
static int narrow_existing(const char *path, struct error *err)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        char part[PATH_MAX];
        if (!str_format(part, sizeof part, "%s%s", path, parts[i]))
            return error_set(err, -ENAMETOOLONG, "the path %s is too long", path);
        if (chmod(part, 0600) < 0 && errno != ENOENT)
            return error_set_errno(err, -errno, "cannot set the mode of %s", part);
    }
    return 0;
}

/* Password hashes and sessions are for the daemon alone. SQLite gives -wal and -shm the mode of the
 * main file, so that one is made first. */
static int make_file(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == EEXIST
                   ? narrow_existing(path, err)
                   : error_set_errno(err, -errno, "cannot create the database %s", path);
    (void)close(fd);
    return file_sync_folder(path, err);
}

static int configure(sqlite3 *db, const char *path, database_migrate *migrate, struct error *err)
{
    /* journal_size_limit: a -wal that one burst blew up shrinks again. cache_size: 2 MiB. */
    static const char settings[] = "PRAGMA journal_mode=WAL;"
                                   "PRAGMA temp_store=MEMORY;" /* the disk may be full */
                                   "PRAGMA synchronous=NORMAL;"
                                   "PRAGMA foreign_keys=ON;"
                                   "PRAGMA trusted_schema=OFF;"
                                   "PRAGMA journal_size_limit=8388608;"
                                   "PRAGMA cache_size=-2048;";
    (void)sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
    (void)sqlite3_extended_result_codes(db, 1);
    int r = migrate == schema_migrate ? refuse_damage(db, path, err) : 0;
    if (r == 0 && (r = database_run(db, settings, err)) < 0)
        (void)error_prefix(err, "%s", path);
    return r < 0 ? r : migrate(db, path, err);
}

int database_open(const char *path, sqlite3 **ret, struct error *err)
{
    return database_open_as(path, schema_migrate, ret, err);
}

int database_open_as(const char *path, database_migrate *migrate, sqlite3 **ret, struct error *err)
{
    int r = make_file(path, err);
    if (r < 0)
        return r;
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        r = db == NULL ? error_set(err, -ENOMEM, "out of memory")
                       : error_set(err, code_of(sqlite3_extended_errcode(db)),
                                   "cannot open the database %s: %s", path, sqlite3_errmsg(db));
        (void)sqlite3_close(db);
        return r;
    }
    r = configure(db, path, migrate, err);
    if (r < 0) {
        (void)sqlite3_close(db);
        return r;
    }
    *ret = db;
    return 0;
}
