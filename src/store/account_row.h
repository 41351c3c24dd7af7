/* Rows of `account`: users, sessions, API tokens, requests for access. */
#ifndef RESUS_STORE_ACCOUNT_ROW_H
#define RESUS_STORE_ACCOUNT_ROW_H

#include "store/database.h"

extern const char account_row_sql[];
/* Without a body the row is deleted. */
int account_row_save(sqlite3 *db, sqlite3_stmt *save, const struct account_record *record,
                     struct error *err) ATTR_MUST_USE;
int account_row_load(sqlite3 *db, store_account_each *each, void *context,
                     struct error *err) ATTR_MUST_USE;

#endif
