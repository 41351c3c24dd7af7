/* The tables of series.db: writing, merging, asking. For the series' own files, and used by one
 * thread at a time. Times are Unix seconds there. */
#ifndef RESUS_STORE_SERIES_TABLE_H
#define RESUS_STORE_SERIES_TABLE_H

#include "store/database.h"
#include "store/series_store.h"

#define SERIES_SERVICES_BITE 50 /* services whose rows are moved in one transaction */
#define SERIES_MERGE_ROWS 4000  /* rows of a service merged in one transaction */

int series_table_migrate(sqlite3 *db, const char *path, struct error *err) ATTR_MUST_USE;
int series_table_add(sqlite3 *db, const struct series_sample *samples, size_t count,
                     struct error *err) ATTR_MUST_USE;
int series_table_add_outage(sqlite3 *db, const struct outage_record *outage,
                            struct error *err) ATTR_MUST_USE;
/* Moves and merges what is due of SERIES_SERVICES_BITE services after number `*after`, inside the
 * caller's transaction; `*after` becomes the last of them, 0 when that were all. */
int series_table_upkeep(sqlite3 *db, wall_ms now, int64_t *after, struct error *err) ATTR_MUST_USE;

/* Calls `each` for every row of a service with from <= at < to (seconds), tier by tier. */
typedef void series_each(void *context, int64_t at, int64_t step, const struct series_row *row);
int series_table_rows(sqlite3 *db, const char *service, int64_t from, int64_t to, series_each *each,
                      void *context, struct error *err) ATTR_MUST_USE;

/* series_ask.c: the answers as series_store.h describes them. */
int series_ask_metrics(sqlite3 *db, const struct series_question *q, json_t **ret,
                       struct error *err) ATTR_MUST_USE;
int series_ask_levels(sqlite3 *db, const struct series_question *q, int64_t limit_seconds,
                      json_t **ret, struct error *err) ATTR_MUST_USE;
int series_ask_lows(sqlite3 *db, const struct series_question *q, json_t **ret,
                    struct error *err) ATTR_MUST_USE;

#endif
