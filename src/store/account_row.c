#include "store/account_row.h"

const char account_row_sql[] =
    "INSERT OR REPLACE INTO account (kind, number, body) VALUES (?, ?, ?)";

static int delete_row(sqlite3 *db, const struct account_record *record, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int r =
        database_prepare(db, "DELETE FROM account WHERE kind = ? AND number = ?", &statement, err);
    if (r < 0)
        return r;
    if (sqlite3_bind_int(statement, 1, (int)record->kind) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 2, record->number) != SQLITE_OK)
        r = database_error(db, err, "database");
    else
        r = database_step(db, statement, err);
    (void)sqlite3_finalize(statement);
    return r;
}

int account_row_save(sqlite3 *db, sqlite3_stmt *save, const struct account_record *record,
                     struct error *err)
{
    if (record->remove)
        return delete_row(db, record, err);
    if (sqlite3_bind_int(save, 1, (int)record->kind) != SQLITE_OK ||
        sqlite3_bind_int64(save, 2, record->number) != SQLITE_OK ||
        sqlite3_bind_text(save, 3, record->body, -1, SQLITE_TRANSIENT) != SQLITE_OK) {
        int r = database_error(db, err, "database");
        (void)sqlite3_clear_bindings(save);
        return r;
    }
    return database_step(db, save, err);
}

int account_row_load(sqlite3 *db, store_account_each *each, void *context, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int code;
    int r = database_prepare(db, "SELECT kind, number, body FROM account ORDER BY kind, number",
                             &statement, err);
    if (r < 0)
        return r;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int kind = sqlite3_column_int(statement, 0);
        const unsigned char *body = sqlite3_column_text(statement, 2);
        if (kind >= 0 && kind < (int)STORE_ACCOUNT_COUNT && body != NULL)
            each(context, (enum store_account)kind, sqlite3_column_int64(statement, 1),
                 (const char *)body);
    }
    if (code != SQLITE_DONE)
        r = database_error(db, err, "cannot read the accounts");
    (void)sqlite3_finalize(statement);
    return r;
}
