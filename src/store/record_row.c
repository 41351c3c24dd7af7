#include "store/record_row.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/database.h"

/* ── a change, checked ── */

/* An indexed text: the member `key`, "" when it is absent or null. */
static int copy_index(const json_t *body, const char *key, char to[RECORD_INDEX_MAX],
                      struct error *err)
{
    const json_t *value = key == NULL ? NULL : json_object_get(body, key);
    to[0] = '\0';
    if (value == NULL || json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return error_set(err, -EINVAL, "the member %s of a record is not a text", key);
    return str_copy(to, RECORD_INDEX_MAX, json_string_value(value))
               ? 0
               : error_set(err, -EMSGSIZE, "the member %s of a record is longer than %d bytes", key,
                           RECORD_INDEX_MAX - 1);
}

static int copy_time(const json_t *body, const char *key, wall_ms *ret, struct error *err)
{
    const json_t *value = key == NULL ? NULL : json_object_get(body, key);
    if (value == NULL || json_is_null(value))
        return 0;
    if (json_is_integer(value))
        ret->ms = json_integer_value(value);
    else if (!json_is_string(value) || wall_parse(json_string_value(value), ret) < 0)
        return error_set(err, -EINVAL, "the member %s of a record is not a time", key);
    return 0;
}

static int fill_row(struct record_row *row, const struct record_change *change, struct error *err)
{
    if (change->kind < 0 || change->kind >= RECORD_KIND_COUNT || change->number <= 0)
        return error_set(err, -EINVAL, "not a record: kind %d, number %lld", (int)change->kind,
                         (long long)change->number);
    const struct record_kind_row *kind = &record_kinds[change->kind];
    row->kind = change->kind;
    row->number = change->number;
    if (change->remove)
        return 0;
    if (change->body == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = copy_index(change->body, kind->service, row->service, err);
    if (r == 0)
        r = copy_index(change->body, kind->state, row->state, err);
    if (r == 0)
        r = copy_time(change->body, kind->time, &row->at, err);
    if (r < 0)
        return error_prefix(err, "%s %lld", kind->word, (long long)row->number);
    row->body = json_dumps(change->body, JSON_WRITE_FLAGS | JSON_COMPACT);
    if (row->body == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (strlen(row->body) > STORE_BODY_MAX)
        return error_set(err, -EMSGSIZE, "%s %lld is larger than %d bytes", kind->word,
                         (long long)row->number, STORE_BODY_MAX);
    return 0;
}

struct record_batch *record_batch_new(const struct record_change *changes, size_t count,
                                      struct error *err)
{
    if (count == 0 || count > RECORD_BATCH_MAX) {
        (void)error_set(err, -EINVAL, "a write of %zu records: 1 to %d are allowed", count,
                        RECORD_BATCH_MAX);
        return NULL;
    }
    struct record_batch *batch = mem_calloc(1, sizeof *batch + count * sizeof batch->rows[0]);
    if (batch == NULL) {
        (void)error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    batch->count = count;
    for (size_t i = 0; i < count; i++)
        if (fill_row(&batch->rows[i], &changes[i], err) < 0) {
            record_batch_free(batch);
            return NULL;
        }
    return batch;
}

void record_batch_free(struct record_batch *batch)
{
    for (size_t i = 0; batch != NULL && i < batch->count; i++) {
        char *body = batch->rows[i].body;
        if (body != NULL)
            mem_wipe(body, strlen(body));
        mem_free(body);
    }
    mem_free(batch);
}

/* ── saving ── */

int record_row_prepare(sqlite3 *db, struct record_statements *ret, struct error *err)
{
    int r = database_prepare(db,
                             "INSERT INTO record (kind, number, service, state, at, body)"
                             " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, number) DO UPDATE SET"
                             " service = excluded.service, state = excluded.state,"
                             " at = excluded.at, body = excluded.body",
                             &ret->put, err);
    if (r == 0)
        r = database_prepare(db, "DELETE FROM record WHERE kind = ? AND number = ?", &ret->remove,
                             err);
    if (r == 0)
        r = database_prepare(db,
                             "INSERT INTO record_number (kind, last) VALUES (?, ?)"
                             " ON CONFLICT (kind) DO UPDATE SET last = max(last, excluded.last)",
                             &ret->number, err);
    return r;
}

void record_row_finish(struct record_statements *statements)
{
    (void)sqlite3_finalize(statements->put);
    (void)sqlite3_finalize(statements->remove);
    (void)sqlite3_finalize(statements->number);
}

/* Binds what a row is known by, and steps the statement. */
static int step(sqlite3 *db, sqlite3_stmt *s, const struct record_row *row, struct error *err)
{
    if (sqlite3_bind_text(s, 1, record_kinds[row->kind].word, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(s, 2, row->number) != SQLITE_OK) {
        int r = database_error(db, err, "database");
        (void)sqlite3_clear_bindings(s);
        return r;
    }
    return database_step(db, s, err);
}

int record_row_save(sqlite3 *db, const struct record_statements *statements,
                    const struct record_row *row, struct error *err)
{
    if (row->body == NULL)
        return step(db, statements->remove, row, err);
    sqlite3_stmt *put = statements->put;
    if ((sqlite3_bind_text(put, 3, row->service, -1, SQLITE_STATIC) |
         sqlite3_bind_text(put, 4, row->state, -1, SQLITE_STATIC) |
         sqlite3_bind_int64(put, 5, row->at.ms) |
         sqlite3_bind_text(put, 6, row->body, -1, SQLITE_STATIC)) != SQLITE_OK) {
        int r = database_error(db, err, "database");
        (void)sqlite3_clear_bindings(put);
        return r;
    }
    int r = step(db, put, row, err);
    return r < 0 ? r : step(db, statements->number, row, err);
}

/* ── reading ── */

static int bind_kind(sqlite3 *db, sqlite3_stmt *s, enum record_kind kind, struct error *err)
{
    return sqlite3_bind_text(s, 1, record_kinds[kind].word, -1, SQLITE_STATIC) == SQLITE_OK
               ? 0
               : database_error(db, err, "database");
}

static json_t *body_of(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    json_t *body = text == NULL ? NULL : json_loads(text, JSON_READ_FLAGS, NULL);
    if (json_is_object(body))
        return body;
    json_decref(body);
    return NULL;
}

int record_row_load(sqlite3 *db, enum record_kind kind, const char *state, record_each *each,
                    void *context, struct error *err)
{
    static const char all[] = "SELECT number, body FROM record WHERE kind = ?1 ORDER BY number";
    static const char some[] = "SELECT number, body FROM record WHERE kind = ?1 AND state <> ''"
                               " AND state = ?2 ORDER BY number";
    sqlite3_stmt *s = NULL;
    int code;
    int r = database_prepare(db, state == NULL ? all : some, &s, err);
    if (r == 0 && state != NULL && sqlite3_bind_text(s, 2, state, -1, SQLITE_STATIC) != SQLITE_OK)
        r = database_error(db, err, "database");
    if (r == 0)
        r = bind_kind(db, s, kind, err);
    if (r < 0) {
        (void)sqlite3_finalize(s);
        return r;
    }
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        JSON_CLEANUP json_t *body = body_of(s, 1);
        each(context, kind, sqlite3_column_int64(s, 0), body);
    }
    if (code != SQLITE_DONE)
        r = database_error(db, err, "cannot read the records");
    (void)sqlite3_finalize(s);
    return r;
}

#define FIND "SELECT number, at, body FROM record WHERE kind = ?1 AND at >= ?3 AND "
/* The term that says so lets SQLite use the index, which leaves out rows without the member. */
#define PAGE " AND (at, number) < (?4, ?5) ORDER BY at DESC, number DESC LIMIT ?6"

static const char *const find_sql[RECORD_FIELD_COUNT] = {
    [RECORD_BY_TIME] = FIND "at > 0 AND ?2 IS NOT NULL" PAGE,
    [RECORD_BY_SERVICE] = FIND "service <> '' AND service = ?2" PAGE,
    [RECORD_BY_STATE] = FIND "state <> '' AND state = ?2" PAGE,
    [RECORD_BY_NUMBER] = "SELECT number, at, body FROM record WHERE kind = ?1 AND number = ?7",
};

static bool append_found(json_t *rows, sqlite3_stmt *s)
{
    JSON_CLEANUP json_t *row = json_object();
    json_t *body = body_of(s, 2);
    return row != NULL && json_put_int(row, "number", sqlite3_column_int64(s, 0)) &&
           json_put_int(row, "at", sqlite3_column_int64(s, 1)) &&
           json_put(row, "body", body == NULL ? json_null() : body) &&
           json_array_append(rows, row) == 0;
}

static int bind_query(sqlite3 *db, sqlite3_stmt *s, const struct record_query *q, struct error *err)
{
    bool first = q->before.at.ms == 0 && q->before.number == 0;
    int limit = q->limit > 0 && q->limit < STORE_QUERY_ROWS_MAX ? q->limit : STORE_QUERY_ROWS_MAX;
    int failed = sqlite3_bind_text(s, 2, q->value, -1, SQLITE_STATIC) |
                 sqlite3_bind_int64(s, 3, q->since.ms) |
                 sqlite3_bind_int64(s, 4, first ? INT64_MAX : q->before.at.ms) |
                 sqlite3_bind_int64(s, 5, first ? INT64_MAX : q->before.number) |
                 sqlite3_bind_int(s, 6, limit);
    if (q->field == RECORD_BY_NUMBER)
        failed |= sqlite3_bind_int64(s, 7, q->number);
    return failed == SQLITE_OK ? bind_kind(db, s, q->kind, err)
                               : database_error(db, err, "database");
}

int record_row_find(sqlite3 *db, const struct record_query *q, json_t **ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    JSON_CLEANUP json_t *rows = json_array();
    int r = database_prepare(db, find_sql[q->field], &s, err);
    if (r == 0)
        r = bind_query(db, s, q, err);
    int code = SQLITE_DONE;
    bool memory = rows != NULL;
    while (r == 0 && memory && (code = sqlite3_step(s)) == SQLITE_ROW)
        memory = append_found(rows, s);
    if (r == 0 && !memory)
        r = error_set(err, -ENOMEM, "out of memory");
    else if (r == 0 && code != SQLITE_DONE)
        r = database_error(db, err, "cannot read the records");
    (void)sqlite3_finalize(s);
    if (r == 0)
        *ret = json_incref(rows);
    return r;
}

/* ── numbers ── */

int record_row_last(sqlite3 *db, enum record_kind kind, int64_t *ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r =
        database_prepare(db,
                         "SELECT max(coalesce((SELECT last FROM record_number WHERE kind = ?1), 0),"
                         " coalesce((SELECT max(number) FROM record WHERE kind = ?1), 0))",
                         &s, err);
    if (r == 0)
        r = bind_kind(db, s, kind, err);
    if (r == 0 && sqlite3_step(s) == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    else if (r == 0)
        r = database_error(db, err, "cannot read the numbers of records");
    (void)sqlite3_finalize(s);
    return r;
}

int record_row_reserve(sqlite3 *db, enum record_kind kind, int64_t last, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(
        db, "INSERT OR REPLACE INTO record_number (kind, last) VALUES (?1, ?2)", &s, err);
    if (r == 0)
        r = step(db, s, &(struct record_row){.kind = kind, .number = last}, err);
    (void)sqlite3_finalize(s);
    return r;
}

/* ── retention ── */

/* ?1 kind, ?2 the limit, ?3 rows at most, ?4 to ?7 live states. */
#define THIN                                                                                       \
    "DELETE FROM record WHERE kind = ?1 AND number IN (SELECT number FROM record"                  \
    " WHERE kind = ?1 AND at > 0 AND state NOT IN (?4, ?5, ?6, ?7)"

static int delete_some(sqlite3 *db, const char *sql, enum record_kind kind, int64_t limit,
                       struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db, sql, &s, err);
    if (r == 0)
        r = bind_kind(db, s, kind, err);
    int failed = r == 0 ? sqlite3_bind_int64(s, 2, limit) | sqlite3_bind_int(s, 3, STORE_THIN_ROWS)
                        : SQLITE_OK;
    for (int i = 0; r == 0 && i < RECORD_LIVE_MAX; i++) {
        /* Not a state of any record. */
        const char *state = record_kinds[kind].live[i];
        static const char none[] = "\x01";
        failed |= sqlite3_bind_text(s, 4 + i, state == NULL ? none : state, -1, SQLITE_STATIC);
    }
    if (r == 0)
        r = failed == SQLITE_OK ? database_step(db, s, err) : database_error(db, err, "database");
    (void)sqlite3_finalize(s);
    return r < 0 ? r : sqlite3_changes(db) >= STORE_THIN_ROWS;
}

int record_row_thin(sqlite3 *db, wall_ms now, struct error *err)
{
    int more = 0;
    for (int kind = 0; kind < (int)RECORD_KIND_COUNT; kind++) {
        const struct record_kind_row *row = &record_kinds[kind];
        int r = row->keep_ms == 0
                    ? 0
                    : delete_some(db, THIN " AND at < ?2 ORDER BY at LIMIT ?3)",
                                  (enum record_kind)kind, wall_add(now, -row->keep_ms).ms, err);
        more |= r;
        if (r >= 0 && row->keep_max != 0)
            r = delete_some(db, THIN " ORDER BY at DESC, number DESC LIMIT ?3 OFFSET ?2)",
                            (enum record_kind)kind, row->keep_max, err);
        if (r < 0)
            return r;
        more |= r;
    }
    return more;
}
