/* The SQLite file itself: opening, checking, migrating, small statements. For the store's own files
 * only; used by one thread at a time. */
#ifndef RESUS_STORE_DATABASE_H
#define RESUS_STORE_DATABASE_H

#include <sqlite3.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "store/store.h"

#define DATABASE_BUSY_MS 2000 /* another process (sqlite3 shell, a backup) holds the write lock */

/* Opens or creates PATH (0600) and brings its schema up to date. A damaged file is an error that
 * names the remedy, never replaced; a newer schema is refused. */
int database_open(const char *path, sqlite3 **ret, struct error *err) ATTR_MUST_USE;
/* A file with another schema, which `migrate` brings up to date. It is not read from end to end
 * first: it may be large, and holds nothing that a decision needs. */
typedef int database_migrate(sqlite3 *db, const char *path, struct error *err);
int database_open_as(const char *path, database_migrate *migrate, sqlite3 **ret,
                     struct error *err) ATTR_MUST_USE;

/* Fills `err` with what SQLite says; returns a negative errno value: -ENOSPC disk full, -EBUSY,
 * -EILSEQ damaged, -EINVAL this statement alone, -ENOMEM, -EIO and others. */
int database_error(sqlite3 *db, struct error *err, const char *doing);
int database_run(sqlite3 *db, const char *sql, struct error *err) ATTR_MUST_USE;
/* Steps a statement that returns no rows and resets it. */
int database_step(sqlite3 *db, sqlite3_stmt *statement, struct error *err) ATTR_MUST_USE;
int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret,
                     struct error *err) ATTR_MUST_USE;

/* schema.c */
int schema_migrate(sqlite3 *db, const char *path, struct error *err) ATTR_MUST_USE;
/* The newest version this program knows. */
int schema_version(void);

#endif
