#include "store/state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"

/* The order of the columns is the order of bind() and of the SELECT below. */
#define COLUMNS                                                                                    \
    "id, stopped_on_purpose, stopped_by, stopped_at, ever_answered, address, attempts, "           \
    "last_attempt_at, exhausted, breaker_open, breaker_opened_at, recoveries_at, paused_until, "   \
    "paused_by, pause_reason, event_seq, start_seconds, recovery_set, enabled, max_attempts, "     \
    "retry_delay_ms, backoff_multiplier, external_stop, external_stop_grace_ms, "                  \
    "breaker_recoveries, breaker_window_ms, failure_threshold, empty_primary, "                    \
    "stopped_reason, stop_seen, role, role_source, role_run_id, role_keys, start_cancelled"

const char state_save_sql[] =
    "INSERT OR REPLACE INTO service_state (" COLUMNS ") VALUES "
    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char load_sql[] = "SELECT " COLUMNS ", (SELECT coalesce(max(seq), 0) FROM event"
                               " WHERE service = service_state.id) FROM service_state WHERE id = ?";

struct binder {
    sqlite3_stmt *statement;
    int next;
    int code; /* the first failure */
};

static void note(struct binder *b, int code)
{
    if (b->code == SQLITE_OK)
        b->code = code;
}

static void bind_int(struct binder *b, int64_t value)
{
    note(b, sqlite3_bind_int64(b->statement, b->next++, value));
}

static void bind_text(struct binder *b, const char *text)
{
    note(b, sqlite3_bind_text(b->statement, b->next++, text, -1, SQLITE_TRANSIENT));
}

static void bind_real(struct binder *b, double value)
{
    note(b, sqlite3_bind_double(b->statement, b->next++, value));
}

static void times_text(const wall_ms times[STORE_RECOVERY_TIMES_MAX], char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < STORE_RECOVERY_TIMES_MAX && times[i].ms != 0; i++)
        (void)str_append(text, size, "%s%" PRId64, i == 0 ? "" : " ", times[i].ms);
}

static void times_read(const char *text, wall_ms times[STORE_RECOVERY_TIMES_MAX])
{
    for (size_t i = 0; i < STORE_RECOVERY_TIMES_MAX; i++) {
        char *end;
        times[i].ms = strtoll(text, &end, 10);
        text = end;
    }
}

int state_save(sqlite3 *db, sqlite3_stmt *save, const struct service_state *s, struct error *err)
{
    struct binder b = {save, 1, SQLITE_OK};
    char times[STORE_RECOVERY_TIMES_MAX * 24];
    times_text(s->recoveries_at, times, sizeof times);
    bind_text(&b, s->id);
    bind_int(&b, s->stopped_on_purpose);
    bind_text(&b, s->stopped_by);
    bind_int(&b, s->stopped_at.ms);
    bind_int(&b, s->ever_answered);
    bind_text(&b, s->address);
    bind_int(&b, s->attempts);
    bind_int(&b, s->last_attempt_at.ms);
    bind_int(&b, s->exhausted);
    bind_int(&b, s->breaker_open);
    bind_int(&b, s->breaker_opened_at.ms);
    bind_text(&b, times);
    bind_int(&b, s->paused_until.ms);
    bind_text(&b, s->paused_by);
    bind_text(&b, s->pause_reason);
    bind_int(&b, (int64_t)s->event_seq);
    bind_real(&b, s->start_seconds);
    bind_int(&b, s->recovery_set);
    bind_int(&b, s->recovery.enabled);
    bind_int(&b, s->recovery.max_attempts);
    bind_int(&b, s->recovery.retry_delay_ms);
    bind_real(&b, s->recovery.backoff_multiplier);
    bind_int(&b, s->recovery.external_stop);
    bind_int(&b, s->recovery.external_stop_grace_ms);
    bind_int(&b, s->recovery.breaker_recoveries);
    bind_int(&b, s->recovery.breaker_window_ms);
    bind_int(&b, s->failure_threshold);
    bind_int(&b, s->empty_primary);
    bind_text(&b, s->stopped_reason);
    bind_int(&b, s->stop_seen);
    bind_text(&b, s->role);
    bind_text(&b, s->role_source);
    bind_text(&b, s->role_run_id);
    bind_int(&b, s->role_keys);
    bind_int(&b, s->start_cancelled);
    assert(b.next - 1 == sqlite3_bind_parameter_count(save));
    if (b.code != SQLITE_OK) {
        int r = database_error(db, err, "database");
        (void)sqlite3_clear_bindings(save);
        return r;
    }
    return database_step(db, save, err);
}

void state_reserve_events(sqlite3 *db)
{
    char reserve[256];
    struct error err = {0};
    (void)str_format(reserve, sizeof reserve,
                     "UPDATE service_state SET event_seq = max(event_seq,"
                     " strftime('%%s', 'now') * 1000,"
                     " (SELECT coalesce(max(seq), 0) FROM event WHERE service = service_state.id))"
                     " + %d",
                     STORE_EVENTS_SKIPPED);
    if (database_run(db, reserve, &err) < 0)
        return; /* as the header says */
}

struct reader {
    sqlite3_stmt *statement;
    int next;
};

static int64_t get_int(struct reader *r)
{
    return sqlite3_column_int64(r->statement, r->next++);
}

static double get_real(struct reader *r)
{
    return sqlite3_column_double(r->statement, r->next++);
}

static const char *get_text(struct reader *r)
{
    const unsigned char *text = sqlite3_column_text(r->statement, r->next++);
    return text == NULL ? "" : (const char *)text;
}

/* A number of a later version says nothing here. */
static enum stop_seen stop_seen_of(int64_t number)
{
    return number == STOP_SEEN_FAILED || number == STOP_SEEN_INACTIVE ? (enum stop_seen)number
                                                                      : STOP_UNSEEN;
}

static void read_row(sqlite3_stmt *statement, struct service_state *s)
{
    struct reader r = {statement, 0};
    (void)str_copy(s->id, sizeof s->id, get_text(&r));
    s->stopped_on_purpose = get_int(&r) != 0;
    (void)str_copy(s->stopped_by, sizeof s->stopped_by, get_text(&r));
    s->stopped_at.ms = get_int(&r);
    s->ever_answered = get_int(&r) != 0;
    (void)str_copy(s->address, sizeof s->address, get_text(&r));
    s->attempts = (int)get_int(&r);
    s->last_attempt_at.ms = get_int(&r);
    s->exhausted = get_int(&r) != 0;
    s->breaker_open = get_int(&r) != 0;
    s->breaker_opened_at.ms = get_int(&r);
    times_read(get_text(&r), s->recoveries_at);
    s->paused_until.ms = get_int(&r);
    (void)str_copy(s->paused_by, sizeof s->paused_by, get_text(&r));
    (void)str_copy(s->pause_reason, sizeof s->pause_reason, get_text(&r));
    s->event_seq = (uint64_t)get_int(&r);
    s->start_seconds = get_real(&r);
    s->recovery_set = get_int(&r) != 0;
    s->recovery.enabled = get_int(&r) != 0;
    s->recovery.max_attempts = get_int(&r);
    s->recovery.retry_delay_ms = get_int(&r);
    s->recovery.backoff_multiplier = get_real(&r);
    s->recovery.external_stop =
        get_int(&r) == EXTERNAL_STOP_RESPECT ? EXTERNAL_STOP_RESPECT : EXTERNAL_STOP_RECOVER;
    s->recovery.external_stop_grace_ms = get_int(&r);
    s->recovery.breaker_recoveries = get_int(&r);
    s->recovery.breaker_window_ms = get_int(&r);
    s->failure_threshold = get_int(&r);
    s->empty_primary = get_int(&r) != 0;
    (void)str_copy(s->stopped_reason, sizeof s->stopped_reason, get_text(&r));
    s->stop_seen = stop_seen_of(get_int(&r));
    (void)str_copy(s->role, sizeof s->role, get_text(&r));
    (void)str_copy(s->role_source, sizeof s->role_source, get_text(&r));
    (void)str_copy(s->role_run_id, sizeof s->role_run_id, get_text(&r));
    s->role_keys = get_int(&r);
    s->start_cancelled = get_int(&r) != 0;
    uint64_t newest = (uint64_t)get_int(&r);
    if (newest > s->event_seq)
        s->event_seq = newest;
}

int state_load(sqlite3 *db, const char *id, struct service_state *ret, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int r = database_prepare(db, load_sql, &statement, err);
    if (r < 0)
        return r;
    struct service_state s = {0};
    int code = sqlite3_bind_text(statement, 1, id, -1, SQLITE_TRANSIENT);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        read_row(statement, &s);
    else if (code != SQLITE_DONE)
        r = database_error(db, err, "cannot read the state of a service");
    (void)sqlite3_finalize(statement);
    if (r < 0 || code == SQLITE_DONE)
        return r;
    *ret = s;
    return 1;
}
