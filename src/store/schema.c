/* The tables, one step a version. A step that has been released is never changed: add another. */
#include <errno.h>
#include <stdio.h>

#include "store/database.h"

static const char *const steps[] = {
    /* 0 -> 1. Times are Unix milliseconds, 0 = none; booleans 0 and 1. */
    "CREATE TABLE service_state ("
    " id TEXT PRIMARY KEY NOT NULL,"
    " stopped_on_purpose INTEGER NOT NULL, stopped_by TEXT NOT NULL, stopped_at INTEGER NOT NULL,"
    " ever_answered INTEGER NOT NULL, address TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, last_attempt_at INTEGER NOT NULL, exhausted INTEGER NOT NULL,"
    " breaker_open INTEGER NOT NULL, breaker_opened_at INTEGER NOT NULL,"
    " recoveries_at TEXT NOT NULL," /* milliseconds, newest first, separated by blanks */
    " paused_until INTEGER NOT NULL, paused_by TEXT NOT NULL, pause_reason TEXT NOT NULL,"
    " event_seq INTEGER NOT NULL, start_seconds REAL NOT NULL,"
    " recovery_set INTEGER NOT NULL, enabled INTEGER NOT NULL, max_attempts INTEGER NOT NULL,"
    " retry_delay_ms INTEGER NOT NULL, backoff_multiplier REAL NOT NULL,"
    " external_stop INTEGER NOT NULL, external_stop_grace_ms INTEGER NOT NULL,"
    " breaker_recoveries INTEGER NOT NULL, breaker_window_ms INTEGER NOT NULL,"
    " failure_threshold INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE recovery ("
    " id TEXT PRIMARY KEY NOT NULL, service TEXT NOT NULL, started_at INTEGER NOT NULL,"
    " duration_seconds REAL, cause TEXT NOT NULL, level TEXT NOT NULL, result TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, message TEXT NOT NULL, evidence TEXT);"
    "CREATE INDEX recovery_by_service ON recovery (service, started_at);"
    "CREATE INDEX recovery_by_time ON recovery (started_at);"
    "CREATE TABLE event ("
    " service TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL,"
    " body TEXT NOT NULL, PRIMARY KEY (service, seq)) WITHOUT ROWID;"
    "CREATE INDEX event_by_time ON event (at);",
    /* 1 -> 2 */
    "ALTER TABLE service_state ADD COLUMN empty_primary INTEGER NOT NULL DEFAULT 0;",
    /* 2 -> 3. Accounts live in memory; SQL never looks into a body, so a new field needs no step.
     */
    ("CREATE TABLE account (kind INTEGER NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,"
     " PRIMARY KEY (kind, number)) WITHOUT ROWID;"),
    /* 3 -> 4: operations are few among many states */
    "CREATE INDEX event_operations ON event (service, at) WHERE type = 'service_event';",
    /* 4 -> 5: two services may use the same id. The order of the rows is kept: queries sort by it.
     */
    "CREATE TABLE recovery_of_service ("
    " id TEXT NOT NULL, service TEXT NOT NULL, started_at INTEGER NOT NULL,"
    " duration_seconds REAL, cause TEXT NOT NULL, level TEXT NOT NULL, result TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, message TEXT NOT NULL, evidence TEXT,"
    " PRIMARY KEY (service, id));"
    "INSERT INTO recovery_of_service SELECT id, service, started_at, duration_seconds, cause,"
    " level, result, attempts, message, evidence FROM recovery ORDER BY rowid;"
    "DROP TABLE recovery;"
    "ALTER TABLE recovery_of_service RENAME TO recovery;"
    "CREATE INDEX recovery_by_service ON recovery (service, started_at);"
    "CREATE INDEX recovery_by_time ON recovery (started_at);",
    /* 5 -> 6 */
    "ALTER TABLE service_state ADD COLUMN role TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE service_state ADD COLUMN role_source TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE service_state ADD COLUMN role_run_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE service_state ADD COLUMN role_keys INTEGER NOT NULL DEFAULT -1;",
    /* 6 -> 7: why a service was stopped, and whether it was seen to be */
    "ALTER TABLE service_state ADD COLUMN stopped_reason TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE service_state ADD COLUMN stop_seen INTEGER NOT NULL DEFAULT 0;",
    /* 7 -> 8: the last line of the audit log that is on disk */
    ("CREATE TABLE audit_anchor (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL,"
     " hash TEXT NOT NULL, file TEXT NOT NULL, at INTEGER NOT NULL);"),
    /* 8 -> 9: records of any kind (store/record_kinds.c); accounts are some of them. Times are Unix
     * milliseconds, 0 = none. */
    "CREATE TABLE record ("
    " kind TEXT NOT NULL, number INTEGER NOT NULL, service TEXT NOT NULL, state TEXT NOT NULL,"
    " at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID;"
    "CREATE INDEX record_by_time ON record (kind, at, number) WHERE at > 0;"
    "CREATE INDEX record_by_service ON record (kind, service, at, number) WHERE service <> '';"
    "CREATE INDEX record_by_state ON record (kind, state, at, number) WHERE state <> '';"
    /* the highest number of each kind that was given out or reserved */
    "CREATE TABLE record_number (kind TEXT PRIMARY KEY NOT NULL, last INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "INSERT INTO record SELECT CASE kind WHEN 0 THEN 'user' WHEN 1 THEN 'session'"
    " WHEN 2 THEN 'api_token' ELSE 'access_request' END, number, '', '', 0, body FROM account"
    " WHERE kind BETWEEN 0 AND 3;"
    "INSERT INTO record_number SELECT kind, max(number) FROM record GROUP BY kind;"
    "DROP TABLE account;",
    /* 9 -> 10: lines of the audit log that were never written, until a line reports them */
    ("CREATE TABLE audit_lost (id INTEGER PRIMARY KEY CHECK (id = 1), lines INTEGER NOT NULL,"
     " at INTEGER NOT NULL);"),
    /* 10 -> 11: another stop has ended a start of ours */
    "ALTER TABLE service_state ADD COLUMN start_cancelled INTEGER NOT NULL DEFAULT 0;",
};

int schema_version(void)
{
    return (int)ARRAY_LENGTH(steps);
}

static int read_version(sqlite3 *db, int *ret, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int r = database_prepare(db, "PRAGMA user_version", &statement, err);
    if (r < 0)
        return r;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *ret = sqlite3_column_int(statement, 0);
    else
        r = database_error(db, err, "database");
    (void)sqlite3_finalize(statement);
    return r;
}

static int migrate_one(sqlite3 *db, int from, struct error *err)
{
    char version[64];
    (void)snprintf(version, sizeof version, "PRAGMA user_version=%d", from + 1);
    int r = database_run(db, "BEGIN IMMEDIATE", err);
    if (r < 0)
        return r;
    r = database_run(db, steps[from], err);
    if (r == 0)
        r = database_run(db, version, err);
    if (r == 0)
        r = database_run(db, "COMMIT", err);
    if (r < 0)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

int schema_migrate(sqlite3 *db, const char *path, struct error *err)
{
    int version = 0;
    int r = read_version(db, &version, err);
    if (r == 0 && (version < 0 || version > schema_version()))
        return error_set(
            err, -EPROTO,
            "the database %s has schema version %d, this program knows %d: it was "
            "written by a newer Resus. Install that one, or put the backup from before "
            "the upgrade in its place",
            path, version, schema_version());
    while (r == 0 && version < schema_version()) {
        r = migrate_one(db, version, err);
        version++;
    }
    return r < 0 ? error_prefix(err, "cannot bring %s to schema version %d", path, version) : 0;
}
