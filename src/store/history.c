#include "store/history.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "io/log.h"

const char history_recovery_sql[] =
    "INSERT INTO recovery (id, service, started_at, duration_seconds, cause, level, result,"
    " attempts, message, evidence) VALUES (?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (service, id) DO UPDATE SET started_at = excluded.started_at,"
    " duration_seconds = excluded.duration_seconds, cause = excluded.cause, level = excluded.level,"
    " result = excluded.result, attempts = excluded.attempts, message = excluded.message,"
    " evidence = coalesce(excluded.evidence, evidence)";
const char history_event_sql[] =
    "INSERT OR REPLACE INTO event (service, seq, at, type, body) VALUES (?,?,?,?,?)";

static int bind_text(sqlite3_stmt *s, int at, const char *text)
{
    return text == NULL ? sqlite3_bind_null(s, at)
                        : sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

int history_save_recovery(sqlite3 *db, sqlite3_stmt *save, const struct recovery_record *record,
                          struct error *err)
{
    int failed =
        bind_text(save, 1, record->id) | bind_text(save, 2, record->service) |
        sqlite3_bind_int64(save, 3, record->started_at.ms) |
        (record->duration_seconds >= 0 ? sqlite3_bind_double(save, 4, record->duration_seconds)
                                       : sqlite3_bind_null(save, 4)) |
        bind_text(save, 5, record->cause) | bind_text(save, 6, record->level) |
        bind_text(save, 7, record->result) | sqlite3_bind_int(save, 8, record->attempts) |
        bind_text(save, 9, record->message) | bind_text(save, 10, record->evidence);
    if (failed != SQLITE_OK) {
        (void)sqlite3_clear_bindings(save);
        return error_set(err, -ENOMEM, "out of memory");
    }
    return database_step(db, save, err);
}

int history_save_event(sqlite3 *db, sqlite3_stmt *save, const struct event_record *event,
                       struct error *err)
{
    int failed = bind_text(save, 1, event->service) |
                 sqlite3_bind_int64(save, 2, (int64_t)event->seq) |
                 sqlite3_bind_int64(save, 3, event->at.ms) | bind_text(save, 4, event->type) |
                 bind_text(save, 5, event->body == NULL ? "{}" : event->body);
    if (failed != SQLITE_OK) {
        (void)sqlite3_clear_bindings(save);
        return error_set(err, -ENOMEM, "out of memory");
    }
    return database_step(db, save, err);
}

/* One row as an object, NULL without memory. */
typedef json_t *row_object(sqlite3_stmt *statement);

/* One service or all of them: an index serves the one or the other. ?1 service, ?2 since (time or
 * seq), ?3 limit. */
struct query {
    const char *one, *all;
};

static int ask(sqlite3 *db, const struct query *query, const struct history_question *q,
               int64_t since, row_object *object, json_t **ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    const char *sql = q->service[0] == '\0' ? query->all : query->one;
    int r = database_prepare(db, sql, &s, err);
    if (r < 0)
        return r;
    int limit = q->limit > 0 && q->limit < STORE_QUERY_ROWS_MAX ? q->limit : STORE_QUERY_ROWS_MAX;
    JSON_CLEANUP json_t *rows = json_array();
    int code = bind_text(s, 1, q->service) | sqlite3_bind_int64(s, 2, since) |
               sqlite3_bind_int(s, 3, limit);
    bool memory = rows != NULL && code == SQLITE_OK;
    while (memory && (code = sqlite3_step(s)) == SQLITE_ROW)
        memory = json_array_append_new(rows, object(s)) == 0;
    if (!memory)
        r = error_set(err, -ENOMEM, "out of memory");
    else if (code != SQLITE_DONE)
        r = database_error(db, err, "cannot read the history");
    (void)sqlite3_finalize(s);
    if (r == 0)
        *ret = json_incref(rows);
    return r;
}

static const char *column(sqlite3_stmt *s, int i)
{
    return (const char *)sqlite3_column_text(s, i);
}

static bool put_seconds(json_t *o, const char *key, sqlite3_stmt *s, int i)
{
    return sqlite3_column_type(s, i) == SQLITE_NULL
               ? json_put_null(o, key)
               : json_put(o, key, json_rounded(sqlite3_column_double(s, i), 3));
}

static json_t *recovery_object(sqlite3_stmt *s)
{
    json_t *o = json_object();
    const char *evidence = column(s, 9);
    const char *level = column(s, 5); /* "" where Resus did nothing */
    json_t *parsed = evidence == NULL ? NULL : json_loads(evidence, JSON_DECODE_ANY, NULL);
    bool ok = json_put_text(o, "id", column(s, 0)) && json_put_text(o, "service", column(s, 1)) &&
              json_put_wall(o, "started_at", (wall_ms){sqlite3_column_int64(s, 2)}) &&
              put_seconds(o, "duration_seconds", s, 3) && json_put_text(o, "cause", column(s, 4)) &&
              json_put_text(o, "recovery_level", level[0] == '\0' ? NULL : level) &&
              json_put_text(o, "result", column(s, 6)) &&
              json_put_int(o, "attempts", sqlite3_column_int64(s, 7)) &&
              json_put_text(o, "message", column(s, 8)) &&
              json_put(o, "evidence", parsed != NULL ? json_incref(parsed) : json_null()) &&
              json_put_bool(o, "stored", true);
    json_decref(parsed);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

#define RECOVERY_COLUMNS                                                                           \
    "SELECT id, service, started_at, duration_seconds, cause, level, result, attempts, message,"   \
    " evidence FROM recovery "
#define RECOVERY_ORDER " AND started_at >= ?2 ORDER BY started_at DESC, rowid DESC LIMIT ?3"

int history_recoveries(sqlite3 *db, const struct history_question *q, json_t **ret,
                       struct error *err)
{
    static const struct query query = {
        .one = RECOVERY_COLUMNS "WHERE service = ?1" RECOVERY_ORDER,
        .all = RECOVERY_COLUMNS "WHERE ?1 = ''" RECOVERY_ORDER,
    };
    return ask(db, &query, q, q->since.ms, recovery_object, ret, err);
}

static json_t *event_object(sqlite3_stmt *s)
{
    const char *body = column(s, 0);
    json_t *o = body == NULL ? NULL : json_loads(body, 0, NULL);
    if (json_is_object(o))
        return o;
    json_decref(o);
    o = json_object(); /* a body that was never JSON still shows that something was */
    if (json_put_text(o, "type", column(s, 1)) && json_put_text(o, "service", column(s, 2)) &&
        json_put_wall(o, "timestamp", (wall_ms){sqlite3_column_int64(s, 3)}) &&
        json_put_int(o, "seq", sqlite3_column_int64(s, 4)))
        return o;
    json_decref(o);
    return NULL;
}

#define EVENT_COLUMNS "SELECT body, type, service, at, seq FROM event "

int history_events(sqlite3 *db, const struct history_question *q, json_t **ret, struct error *err)
{
    int64_t since = q->since_seq > INT64_MAX ? INT64_MAX : (int64_t)q->since_seq;
    static const struct query query = {
        .one = EVENT_COLUMNS "WHERE service = ?1 AND seq > ?2 ORDER BY seq DESC LIMIT ?3",
        .all = EVENT_COLUMNS "WHERE ?1 = '' AND seq > ?2 ORDER BY at DESC, seq DESC LIMIT ?3",
    };
    return ask(db, &query, q, since, event_object, ret, err);
}

int history_operations(sqlite3 *db, const struct history_question *q, json_t **ret,
                       struct error *err)
{
    static const struct query query = {
        .one = EVENT_COLUMNS "WHERE service = ?1 AND type = 'service_event' AND at >= ?2"
                             " ORDER BY at DESC LIMIT ?3",
        .all = EVENT_COLUMNS "WHERE ?1 = '' AND type = 'service_event' AND at >= ?2"
                             " ORDER BY at DESC, seq DESC LIMIT ?3",
    };
    return ask(db, &query, q, q->since.ms, event_object, ret, err);
}

static json_t *summary_object(sqlite3_stmt *s)
{
    json_t *o = json_object();
    int64_t count = sqlite3_column_int64(s, 1);
    int64_t successes = sqlite3_column_int64(s, 2);
    bool ok =
        json_put_wall(o, "since", (wall_ms){sqlite3_column_int64(s, 0)}) &&
        json_put_int(o, "count", count) && json_put_int(o, "successes", successes) &&
        (count > 0 ? json_put(o, "success_rate", json_rounded((double)successes / (double)count, 4))
                   : json_put_null(o, "success_rate")) &&
        put_seconds(o, "mean_seconds", s, 3) && put_seconds(o, "max_seconds", s, 4) &&
        json_put_text(o, "commonest_level", column(s, 5)) &&
        json_put_wall(o, "last_recovery", (wall_ms){sqlite3_column_int64(s, 6)});
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

/* Of two levels as common as each other the later used one is named. */
#define SUMMARY_FROM "WITH r AS (SELECT * FROM recovery WHERE "
#define SUMMARY_OF                                                                                 \
    " AND started_at >= ?2 AND result IN ('success', 'failed', 'needs_human'))"                    \
    " SELECT ?2, count(*), sum(result = 'success'), avg(duration_seconds), max(duration_seconds)," \
    " (SELECT level FROM r GROUP BY level ORDER BY count(*) DESC, max(started_at) DESC LIMIT 1),"  \
    " max(started_at) FROM r LIMIT ?3"

int history_summary(sqlite3 *db, const struct history_question *q, json_t **ret, struct error *err)
{
    static const struct query query = {
        .one = SUMMARY_FROM "service = ?1" SUMMARY_OF,
        .all = SUMMARY_FROM "?1 = ''" SUMMARY_OF,
    };
    return ask(db, &query, q, q->since.ms, summary_object, ret, err);
}

static bool row_recovery(sqlite3_stmt *s, struct recovery_record *ret)
{
    bool known = sqlite3_column_type(s, 2) != SQLITE_NULL;
    *ret = (struct recovery_record){
        .started_at = {sqlite3_column_int64(s, 1)},
        .duration_seconds = known ? sqlite3_column_double(s, 2) : -1,
        .attempts = sqlite3_column_int(s, 6),
    };
    return str_copy(ret->id, sizeof ret->id, column(s, 0)) &&
           str_copy(ret->cause, sizeof ret->cause, column(s, 3)) &&
           str_copy(ret->level, sizeof ret->level, column(s, 4)) &&
           str_copy(ret->result, sizeof ret->result, column(s, 5));
}

/* Those that a dead daemon left open. */
static int close_interrupted(sqlite3 *db, const char *service, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db,
                             "UPDATE main.recovery SET result = 'interrupted'"
                             " WHERE service = ?1 AND result = 'running'",
                             &s, err);
    if (r < 0)
        return r;
    r = bind_text(s, 1, service) == SQLITE_OK ? database_step(db, s, err)
                                              : error_set(err, -ENOMEM, "out of memory");
    (void)sqlite3_finalize(s);
    return r;
}

int history_recall(sqlite3 *db, const char *service, struct recovery_record *ret, int max,
                   struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = close_interrupted(db, service, err);
    if (r < 0) /* a full disk: what was before is known all the same */
        log_warning("store", "the interrupted recovery stays open: %s", err->text);
    r = database_prepare(
        db,
        "SELECT id, started_at, duration_seconds, cause, level, result, attempts"
        " FROM recovery WHERE service = ?1 AND result NOT IN ('running', '', '" HISTORY_BY_SYSTEMD
        "')"
        " ORDER BY started_at DESC, rowid DESC LIMIT ?2",
        &s, err);
    if (r < 0)
        return r;
    int count = 0;
    int code = bind_text(s, 1, service) | sqlite3_bind_int(s, 2, max);
    while (code == SQLITE_OK && count < max && (code = sqlite3_step(s)) == SQLITE_ROW) {
        code = SQLITE_OK;
        count += row_recovery(s, &ret[count]);
    }
    r = code == SQLITE_OK || code == SQLITE_DONE
            ? count
            : database_error(db, err, "cannot read the history");
    (void)sqlite3_finalize(s);
    return r;
}

static int delete_some(sqlite3 *db, const char *sql, wall_ms before, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db, sql, &s, err);
    if (r < 0)
        return r;
    (void)sqlite3_bind_int64(s, 1, before.ms);
    (void)sqlite3_bind_int(s, 2, STORE_THIN_ROWS);
    r = database_step(db, s, err);
    (void)sqlite3_finalize(s);
    return r < 0 ? r : sqlite3_changes(db) >= STORE_THIN_ROWS;
}

int history_thin(sqlite3 *db, wall_ms events_before, wall_ms recoveries_before, struct error *err)
{
    int events = delete_some(db,
                             "DELETE FROM event WHERE (service, seq) IN"
                             " (SELECT service, seq FROM event WHERE at < ? LIMIT ?)",
                             events_before, err);
    if (events < 0)
        return events;
    int recoveries = delete_some(db,
                                 "DELETE FROM recovery WHERE rowid IN"
                                 " (SELECT rowid FROM recovery WHERE started_at < ? LIMIT ?)",
                                 recoveries_before, err);
    return recoveries < 0 ? recoveries : events | recoveries;
}
