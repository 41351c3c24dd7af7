#include "store/kept_rows.h"

#include "base/json.h"
#include "base/str.h"
#include "store/database.h"
#include "store/history.h"

#define COLUMNS "id, service, started_at, duration_seconds, cause, level, result, attempts, message"

/* A name is looked for in `temp` first, then in the database. */
static const char table[] =
    "CREATE TEMP TABLE kept (id TEXT NOT NULL, service TEXT NOT NULL, started_at INTEGER NOT NULL,"
    " duration_seconds REAL, cause TEXT NOT NULL, level TEXT NOT NULL, result TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, message TEXT NOT NULL, evidence TEXT, PRIMARY KEY (service, id));";
static const char insert[] =
    "INSERT INTO temp.kept (" COLUMNS ", evidence) VALUES (?,?,?,?,?,?,?,?,?,?)";
/* The rowid orders what began at the same time. */
static const char view[] =
    "CREATE TEMP VIEW recovery AS"
    " SELECT rowid AS rowid, " COLUMNS ", evidence FROM main.recovery AS m WHERE NOT EXISTS"
    " (SELECT 1 FROM temp.kept AS k WHERE k.service = m.service AND k.id = m.id)"
    " UNION ALL SELECT rowid + 4611686018427387904, " COLUMNS ", coalesce(evidence,"
    " (SELECT m.evidence FROM main.recovery AS m WHERE m.service = k.service AND m.id = k.id))"
    " FROM temp.kept AS k;";

static int fill(sqlite3 *db, const struct kept_recoveries *k, struct error *err)
{
    sqlite3_stmt *save = NULL;
    int r = database_prepare(db, insert, &save, err);
    for (const struct kept_recovery *one = k->first; r == 0 && one != NULL; one = one->next)
        r = history_save_recovery(db, save, &one->record, err);
    (void)sqlite3_finalize(save);
    return r;
}

int kept_rows_show(sqlite3 *db, const struct kept_recoveries *k, struct error *err)
{
    int r = database_run(db, table, err);
    if (r == 0)
        r = fill(db, k, err);
    if (r == 0)
        r = database_run(db, view, err);
    if (r < 0)
        kept_rows_hide(db);
    return r;
}

void kept_rows_hide(sqlite3 *db)
{
    (void)sqlite3_exec(db, "DROP VIEW IF EXISTS temp.recovery; DROP TABLE IF EXISTS temp.kept;",
                       NULL, NULL, NULL);
}

void kept_rows_mark(const struct kept_recoveries *k, json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        for (const struct kept_recovery *one = k->first; one != NULL; one = one->next)
            if (str_equal(json_text_or(row, "id", ""), one->record.id) &&
                str_equal(json_text_or(row, "service", ""), one->record.service))
                (void)json_put_bool(row, "stored", false);
    }
}
