/* Rows of `record` and `record_number`, for the store's own files. Used under db_lock. */
#ifndef RESUS_STORE_RECORD_ROW_H
#define RESUS_STORE_RECORD_ROW_H

#include <sqlite3.h>

#include "store/record.h"

/* A change as it waits in the queue: checked, with its body as text. */
struct record_row {
    enum record_kind kind;
    int64_t number;
    wall_ms at;
    char service[RECORD_INDEX_MAX], state[RECORD_INDEX_MAX];
    char *body; /* NULL = remove */
};
struct record_batch {
    size_t count;
    struct record_row rows[];
};
/* Checks and copies. NULL with an error. */
struct record_batch *record_batch_new(const struct record_change *changes, size_t count,
                                      struct error *err) ATTR_MUST_USE;
/* Wipes the bodies: an account's holds secrets. Takes NULL. */
void record_batch_free(struct record_batch *batch);

struct record_statements {
    sqlite3_stmt *put, *remove, *number;
};
int record_row_prepare(sqlite3 *db, struct record_statements *ret, struct error *err) ATTR_MUST_USE;
void record_row_finish(struct record_statements *statements);
int record_row_save(sqlite3 *db, const struct record_statements *statements,
                    const struct record_row *row, struct error *err) ATTR_MUST_USE;
int record_row_load(sqlite3 *db, enum record_kind kind, const char *state, record_each *each,
                    void *context, struct error *err) ATTR_MUST_USE;
int record_row_find(sqlite3 *db, const struct record_query *query, json_t **ret,
                    struct error *err) ATTR_MUST_USE;

/* The highest number that was given out or reserved, 0 = none. */
int record_row_last(sqlite3 *db, enum record_kind kind, int64_t *ret,
                    struct error *err) ATTR_MUST_USE;
/* Numbers up to `last` are given out or reserved. */
int record_row_reserve(sqlite3 *db, enum record_kind kind, int64_t last,
                       struct error *err) ATTR_MUST_USE;

/* Deletes some of what is older than its kind is kept, or too many. 1 when there may be more. */
int record_row_thin(sqlite3 *db, wall_ms now, struct error *err) ATTR_MUST_USE;

#endif
