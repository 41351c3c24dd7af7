#include "store/series_table.h"

#include <errno.h>
#include <stdio.h>

#include "base/attr.h"

/* Samples are appended to `recent`, all services in turn, and moved every ten minutes to `point`,
 * where the rows of a service lie together: written there at once, each sample would rewrite a page
 * of its own. */
static const char schema[] =
    "CREATE TABLE service (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);"
    "CREATE TABLE recent (service INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE TABLE point (service INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL,"
    " data BLOB NOT NULL, PRIMARY KEY (service, step, at)) WITHOUT ROWID;"
    "CREATE TABLE outage (service INTEGER NOT NULL, began INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, cause TEXT NOT NULL, ended_by TEXT NOT NULL);" /* milliseconds */
    "CREATE INDEX outage_by_service ON outage (service, ended);"
    "PRAGMA user_version=1;";
#define SCHEMA_VERSION 1

#define SERVICE_ID "(SELECT id FROM service WHERE name = ?1)"

/* A statement for the length of a function. */
static void finalize(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
}
#define STATEMENT ATTR_CLEANUP(finalize) sqlite3_stmt

int series_table_migrate(sqlite3 *db, const char *path, struct error *err)
{
    STATEMENT *s = NULL;
    int r = database_prepare(db, "PRAGMA user_version", &s, err);
    if (r < 0)
        return r;
    if (sqlite3_step(s) != SQLITE_ROW)
        return database_error(db, err, "cannot read the version of the series");
    int version = sqlite3_column_int(s, 0);
    (void)sqlite3_reset(s);
    if (version > SCHEMA_VERSION)
        return error_set(err, -EPROTO, "%s was written by a newer Resus", path);
    return version == SCHEMA_VERSION ? 0 : database_run(db, schema, err);
}

static int make_service(sqlite3 *db, sqlite3_stmt *insert, const char *name, struct error *err)
{
    (void)sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC);
    return database_step(db, insert, err);
}

int series_table_add(sqlite3 *db, const struct series_sample *samples, size_t count,
                     struct error *err)
{
    STATEMENT *service = NULL;
    STATEMENT *insert = NULL;
    unsigned char bytes[SERIES_ROW_MAX];
    int r = database_prepare(db, "INSERT OR IGNORE INTO service (name) VALUES (?)", &service, err);
    if (r == 0)
        r = database_prepare(
            db, "INSERT INTO recent (service, at, data) VALUES (" SERVICE_ID ", ?2, ?3)", &insert,
            err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct series_row row;
        series_row_of(&samples[i], &row);
        size_t length = series_row_pack(&row, bytes);
        r = make_service(db, service, samples[i].service, err);
        if (r < 0)
            break;
        (void)sqlite3_bind_text(insert, 1, samples[i].service, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(insert, 2, samples[i].at.ms / 1000);
        (void)sqlite3_bind_blob(insert, 3, bytes, (int)length, SQLITE_STATIC);
        r = database_step(db, insert, err);
    }
    return r;
}

int series_table_add_outage(sqlite3 *db, const struct outage_record *outage, struct error *err)
{
    STATEMENT *service = NULL;
    STATEMENT *insert = NULL;
    STATEMENT *before = NULL;
    int r = database_prepare(db, "INSERT OR IGNORE INTO service (name) VALUES (?)", &service, err);
    if (r == 0)
        r = make_service(db, service, outage->service, err);
    if (r == 0)
        r = database_prepare(
            db, "DELETE FROM outage WHERE service = " SERVICE_ID " AND ended = ?3 AND began = ?2",
            &before, err);
    if (r == 0) {
        (void)sqlite3_bind_text(before, 1, outage->service, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(before, 2, outage->began.ms);
        (void)sqlite3_bind_int64(before, 3, outage->ended.ms);
        r = database_step(db, before, err);
    }
    if (r == 0)
        r = database_prepare(db, "INSERT INTO outage VALUES (" SERVICE_ID ", ?2, ?3, ?4, ?5)",
                             &insert, err);
    if (r < 0)
        return r;
    (void)sqlite3_bind_text(insert, 1, outage->service, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(insert, 2, outage->began.ms);
    (void)sqlite3_bind_int64(insert, 3, outage->ended.ms);
    (void)sqlite3_bind_text(insert, 4, outage->cause, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(insert, 5, outage->ended_by, -1, SQLITE_STATIC);
    return database_step(db, insert, err);
}

/* ── merging ── */

static int run_ranged(sqlite3 *db, const char *sql, int64_t low, int64_t high, int64_t third,
                      struct error *err)
{
    STATEMENT *s = NULL;
    int r = database_prepare(db, sql, &s, err);
    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(s, 1, low);
    (void)sqlite3_bind_int64(s, 2, high);
    (void)sqlite3_bind_int64(s, 3, third);
    return database_step(db, s, err);
}

static bool unpack_column(sqlite3_stmt *s, int column, struct series_row *ret)
{
    const unsigned char *bytes = sqlite3_column_blob(s, column);
    int length = sqlite3_column_bytes(s, column);
    return bytes != NULL && length > 0 && series_row_unpack(bytes, (size_t)length, ret);
}

struct merge {
    sqlite3 *db;
    sqlite3_stmt *read, *write;
    int64_t service, step; /* of the coarser rows */
    int64_t at;            /* of the one under way */
    struct series_row row;
};

/* Adds to a coarser row that is there already: what comes late is not lost. */
static int put_merged(struct merge *m, struct error *err)
{
    unsigned char bytes[SERIES_ROW_MAX];
    struct series_row before;
    if (m->row.steps == 0)
        return 0;
    (void)sqlite3_bind_int64(m->read, 1, m->service);
    (void)sqlite3_bind_int64(m->read, 2, m->step);
    (void)sqlite3_bind_int64(m->read, 3, m->at);
    if (sqlite3_step(m->read) == SQLITE_ROW && unpack_column(m->read, 0, &before))
        series_row_add(&m->row, &before);
    (void)sqlite3_reset(m->read);
    size_t length = series_row_pack(&m->row, bytes);
    (void)sqlite3_bind_int64(m->write, 1, m->service);
    (void)sqlite3_bind_int64(m->write, 2, m->step);
    (void)sqlite3_bind_int64(m->write, 3, m->at);
    (void)sqlite3_bind_blob(m->write, 4, bytes, (int)length, SQLITE_STATIC);
    m->row = (struct series_row){0};
    return database_step(m->db, m->write, err);
}

static int merge_rows(struct merge *m, sqlite3_stmt *fine, int64_t *last, struct error *err)
{
    int code;
    int r = 0;
    struct series_row row;
    while (r == 0 && (code = sqlite3_step(fine)) == SQLITE_ROW) {
        int64_t at = sqlite3_column_int64(fine, 0);
        int64_t bucket = at / m->step * m->step;
        if (bucket != m->at)
            r = put_merged(m, err);
        m->at = bucket;
        *last = at;
        if (unpack_column(fine, 1, &row)) /* else it is lost already */
            series_row_add(&m->row, &row);
    }
    if (r == 0 && code != SQLITE_DONE)
        r = database_error(m->db, err, "cannot read the series");
    return r == 0 ? put_merged(m, err) : r;
}

static int merge_tier(sqlite3 *db, int64_t service, int tier, wall_ms now, struct error *err)
{
    STATEMENT *fine = NULL;
    STATEMENT *read = NULL;
    STATEMENT *write = NULL;
    STATEMENT *forget = NULL;
    const struct series_tier *from = &series_tiers[tier];
    struct merge m = {.db = db, .service = service, .step = series_tiers[tier + 1].seconds};
    int64_t cut = wall_add(now, -from->keep_ms).ms / 1000 / m.step * m.step;
    int64_t last = -1;
    int r = database_prepare(db,
                             "SELECT at, data FROM point WHERE service = ? AND step = ? AND at < ?"
                             " ORDER BY at LIMIT ?",
                             &fine, err);
    if (r == 0)
        r = database_prepare(db, "SELECT data FROM point WHERE service = ? AND step = ? AND at = ?",
                             &read, err);
    if (r == 0)
        r = database_prepare(db, "INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?)", &write, err);
    if (r == 0)
        r = database_prepare(db, "DELETE FROM point WHERE service = ? AND step = ? AND at <= ?",
                             &forget, err);
    if (r < 0)
        return r;
    m.read = read;
    m.write = write;
    (void)sqlite3_bind_int64(fine, 1, service);
    (void)sqlite3_bind_int64(fine, 2, from->seconds);
    (void)sqlite3_bind_int64(fine, 3, cut);
    (void)sqlite3_bind_int(fine, 4, SERIES_MERGE_ROWS);
    r = merge_rows(&m, fine, &last, err);
    (void)sqlite3_reset(fine);
    if (r < 0 || last < 0)
        return r;
    (void)sqlite3_bind_int64(forget, 1, service);
    (void)sqlite3_bind_int64(forget, 2, from->seconds);
    (void)sqlite3_bind_int64(forget, 3, last);
    return database_step(db, forget, err);
}

static int upkeep_service(sqlite3 *db, int64_t service, wall_ms now, struct error *err)
{
    int r = 0;
    for (int i = 0; r == 0 && i + 1 < SERIES_TIERS; i++)
        r = merge_tier(db, service, i, now, err);
    const struct series_tier *oldest = &series_tiers[SERIES_TIERS - 1];
    int64_t cut = wall_add(now, -oldest->keep_ms).ms;
    if (r == 0)
        r = run_ranged(db, "DELETE FROM point WHERE service = ?1 AND step = ?2 AND at < ?3",
                       service, oldest->seconds, cut / 1000, err);
    if (r == 0)
        r = run_ranged(db, "DELETE FROM outage WHERE service = ?1 AND ended < ?2 AND ?3 = 0",
                       service, cut, 0, err);
    return r;
}

/* Two samples of the same step (the clock was set back) become one row. */
static int move_recent(sqlite3 *db, int64_t low, int64_t high, struct error *err)
{
    int r = run_ranged(db,
                       "INSERT OR IGNORE INTO point SELECT service, ?3, at, data FROM recent"
                       " WHERE service BETWEEN ?1 AND ?2 ORDER BY service, at",
                       low, high, SERIES_STEP_SECONDS, err);
    return r < 0 ? r
                 : run_ranged(db, "DELETE FROM recent WHERE service BETWEEN ?1 AND ?2 AND ?3 = 0",
                              low, high, 0, err);
}

int series_table_upkeep(sqlite3 *db, wall_ms now, int64_t *after, struct error *err)
{
    int64_t ids[SERIES_SERVICES_BITE];
    int count = 0;
    {
        STATEMENT *s = NULL;
        int r = database_prepare(db, "SELECT id FROM service WHERE id > ? ORDER BY id LIMIT ?", &s,
                                 err);
        if (r < 0)
            return r;
        (void)sqlite3_bind_int64(s, 1, *after);
        (void)sqlite3_bind_int(s, 2, SERIES_SERVICES_BITE);
        while (count < SERIES_SERVICES_BITE && sqlite3_step(s) == SQLITE_ROW)
            ids[count++] = sqlite3_column_int64(s, 0);
    }
    int r = count == 0 ? 0 : move_recent(db, ids[0], ids[count - 1], err);
    for (int i = 0; r == 0 && i < count; i++)
        r = upkeep_service(db, ids[i], now, err);
    *after = count < SERIES_SERVICES_BITE ? 0 : ids[count - 1];
    return r;
}

/* ── reading ── */

static int read_rows(sqlite3 *db, sqlite3_stmt *s, int64_t step, series_each *each, void *context,
                     struct error *err)
{
    int code;
    struct series_row row;
    while ((code = sqlite3_step(s)) == SQLITE_ROW)
        if (unpack_column(s, 1, &row))
            each(context, sqlite3_column_int64(s, 0), step, &row);
    return code == SQLITE_DONE ? 0 : database_error(db, err, "cannot read the series");
}

int series_table_rows(sqlite3 *db, const char *service, int64_t from, int64_t to, series_each *each,
                      void *context, struct error *err)
{
    static const char kept[] = "SELECT at, data FROM point WHERE service = " SERVICE_ID
                               " AND step = ?4 AND at >= ?2 AND at < ?3 ORDER BY at";
    static const char recent[] = "SELECT at, data FROM recent WHERE service = " SERVICE_ID
                                 " AND at >= ?2 AND at < ?3 AND ?4 > 0 ORDER BY at";
    int r = 0;
    for (int i = SERIES_TIERS; r == 0 && i >= 0; i--) {
        STATEMENT *s = NULL;
        int64_t step = i == 0 ? SERIES_STEP_SECONDS : series_tiers[i - 1].seconds;
        r = database_prepare(db, i == 0 ? recent : kept, &s, err);
        if (r < 0)
            break;
        (void)sqlite3_bind_text(s, 1, service, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, 2, from);
        (void)sqlite3_bind_int64(s, 3, to);
        (void)sqlite3_bind_int64(s, 4, step);
        r = read_rows(db, s, step, each, context, err);
    }
    return r;
}
