/* What is asked of the series: graphs, service levels, the lows of memory. */
#include <errno.h>
#include <math.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/series_table.h"

#define HOUR_SECONDS 3600
#define DAY_MS (86400LL * 1000)

static const int level_days[] = {1, 7, 30, 90};

/* ── graphs ── */

struct graph {
    int64_t start, step; /* seconds */
    size_t count;
    struct series_row *points;
};

static void add_point(void *context, int64_t at, int64_t step, const struct series_row *row)
{
    struct graph *g = context;
    (void)step;
    if (at < g->start)
        return;
    size_t i = (size_t)((at - g->start) / g->step);
    if (i < g->count)
        series_row_add(&g->points[i], row);
}

enum part { PART_MIN, PART_MEAN, PART_MAX };

static json_t *number(double value, int64_t scale)
{
    if (scale == 1 && value == floor(value))
        return json_integer((json_int_t)value);
    double scaled = value / (double)scale;
    return json_rounded(scaled, scale == 1000 ? 3 : 2);
}

static json_t *column(const struct graph *g, enum series series, enum part part)
{
    json_t *values = json_array();
    for (size_t i = 0; i < g->count; i++) {
        const struct series_cell *c = &g->points[i].cells[series];
        double value = part == PART_MIN   ? (double)c->min
                       : part == PART_MAX ? (double)c->max
                                          : (double)c->sum / (double)(c->count > 0 ? c->count : 1);
        json_t *item = c->count == 0 ? json_null() : number(value, series_kinds[series].scale);
        (void)json_array_append_new(values, item);
    }
    return values;
}

static json_t *series_object(const struct graph *g, uint64_t wanted)
{
    json_t *all = json_object();
    for (int i = 0; i < SERIES_COUNT; i++) {
        if (wanted != 0 && (wanted >> i & 1) == 0)
            continue;
        json_t *one = json_object();
        (void)json_put_text(one, "unit", series_kinds[i].unit);
        if (g->step == SERIES_STEP_SECONDS) {
            (void)json_put(one, "values", column(g, (enum series)i, PART_MEAN));
        } else {
            (void)json_put(one, "min", column(g, (enum series)i, PART_MIN));
            (void)json_put(one, "mean", column(g, (enum series)i, PART_MEAN));
            (void)json_put(one, "max", column(g, (enum series)i, PART_MAX));
        }
        (void)json_put(all, series_kinds[i].name, one);
    }
    return all;
}

static json_t *states_object(const struct graph *g)
{
    static const char *const names[] = {
        [SERIES_UP] = "up",
        [SERIES_DOWN] = "down",
        [SERIES_PLANNED] = "planned",
        [SERIES_CANNOT_SAY] = "unknown",
    };
    json_t *states = json_object();
    for (int state = 0; state < SERIES_STATE_COUNT; state++) {
        json_t *values = json_array();
        for (size_t i = 0; i < g->count; i++) {
            const struct series_row *p = &g->points[i];
            (void)json_array_append_new(
                values,
                p->steps == 0 ? json_null() : json_rounded((double)p->state_ms[state] / 1000.0, 3));
        }
        (void)json_put(states, names[state], values);
    }
    return states;
}

static int outages_array(sqlite3 *db, const struct series_question *q, json_t **ret,
                         struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db,
                             "SELECT began, ended, cause, ended_by FROM outage WHERE service ="
                             " (SELECT id FROM service WHERE name = ?1) AND ended >= ?2"
                             " AND began < ?3 ORDER BY ended DESC LIMIT ?4",
                             &s, err);
    if (r < 0)
        return r;
    (void)sqlite3_bind_text(s, 1, q->service, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, q->from.ms);
    (void)sqlite3_bind_int64(s, 3, q->to.ms);
    (void)sqlite3_bind_int(s, 4, SERIES_OUTAGES_MAX);
    json_t *items = json_array();
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t began = sqlite3_column_int64(s, 0);
        int64_t ended = sqlite3_column_int64(s, 1);
        json_t *item = json_object();
        (void)json_put_wall(item, "began", (wall_ms){began});
        (void)json_put_wall(item, "ended", (wall_ms){ended});
        (void)json_put(item, "duration_seconds", json_rounded((double)(ended - began) / 1000.0, 3));
        (void)json_put_text(item, "cause", (const char *)sqlite3_column_text(s, 2));
        (void)json_put_text(item, "ended_by", (const char *)sqlite3_column_text(s, 3));
        (void)json_array_insert_new(items, 0, item); /* oldest first */
    }
    if (code == SQLITE_DONE)
        *ret = items;
    else
        r = database_error(db, err, "cannot read the outages");
    (void)sqlite3_finalize(s);
    if (r < 0)
        json_decref(items);
    return r;
}

static size_t count_wanted(uint64_t wanted)
{
    size_t count = (size_t)__builtin_popcountll(wanted);
    return wanted == 0 || count > SERIES_COUNT ? SERIES_COUNT : count;
}

int series_ask_metrics(sqlite3 *db, const struct series_question *q, json_t **ret,
                       struct error *err)
{
    struct graph g = {.step =
                          series_step(q->from, q->to, q->now, q->step, count_wanted(q->wanted))};
    json_t *outages = NULL;
    g.start = q->from.ms / 1000 / g.step * g.step;
    int64_t end = (q->to.ms + 999) / 1000;
    g.count = end > g.start ? (size_t)((end - g.start + g.step - 1) / g.step) : 0;
    g.points = mem_calloc(g.count + 1, sizeof g.points[0]);
    if (g.points == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = series_table_rows(db, q->service, g.start, end, add_point, &g, err);
    if (r == 0)
        r = outages_array(db, q, &outages, err);
    if (r == 0) {
        json_t *body = json_object();
        json_t *times = json_array();
        for (size_t i = 0; i < g.count; i++)
            (void)json_array_append_new(times, json_integer(g.start + (int64_t)i * g.step));
        (void)json_put_wall(body, "from", (wall_ms){g.start * 1000});
        (void)json_put_wall(body, "to", q->to);
        (void)json_put_int(body, "step_seconds", g.step);
        (void)json_put(body, "times", times);
        (void)json_put(body, "states", states_object(&g));
        (void)json_put(body, "series", series_object(&g, q->wanted));
        (void)json_put(body, "outages", outages);
        *ret = body;
    }
    mem_free(g.points);
    return r;
}

/* ── service levels ── */

struct level {
    int64_t from; /* seconds */
    int64_t state_ms[SERIES_STATE_COUNT];
    int64_t pings, fast_pings;
    int64_t first; /* the oldest step seen, INT64_MAX = none */
};

static void add_level(void *context, int64_t at, int64_t step, const struct series_row *row)
{
    struct level *levels = context;
    (void)step;
    for (size_t i = 0; i < ARRAY_LENGTH(level_days); i++) {
        struct level *l = &levels[i];
        if (at < l->from)
            continue;
        for (int s = 0; s < SERIES_STATE_COUNT; s++)
            l->state_ms[s] += row->state_ms[s];
        l->pings += row->pings;
        l->fast_pings += row->fast_pings;
        if (at < l->first)
            l->first = at;
    }
}

static void put_seconds(json_t *o, const char *key, int64_t ms)
{
    (void)json_put(o, key, json_rounded((double)ms / 1000.0, 3));
}

static json_t *longest(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL
               ? json_null()
               : json_rounded((double)sqlite3_column_int64(s, column) / 1000.0, 3);
}

static json_t *outages_object(sqlite3_stmt *s)
{
    json_t *hand = json_object();
    (void)json_put_int(hand, "count", sqlite3_column_int64(s, 2));
    (void)json_put_int(hand, "within", sqlite3_column_int64(s, 3));
    (void)json_put(hand, "longest_seconds", longest(s, 4));
    json_t *body = json_object();
    (void)json_put_int(body, "count", sqlite3_column_int64(s, 0));
    (void)json_put(body, "longest_seconds", longest(s, 1));
    (void)json_put(body, "operation", hand);
    return body;
}

/* Counted where they are: a service that comes and goes has more of them than any list holds. */
static int level_outages(sqlite3 *db, const struct series_question *q, int64_t from_ms,
                         int64_t limit_seconds, json_t **ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = database_prepare(db,
                             "SELECT count(*), max(ended - began), total(ended_by = 'operation'),"
                             " total(ended_by = 'operation' AND ended - began < ?4),"
                             " max(CASE ended_by WHEN 'operation' THEN ended - began END)"
                             " FROM outage WHERE service = (SELECT id FROM service WHERE name = ?1)"
                             " AND ended >= ?2 AND began < ?3",
                             &s, err);
    if (r < 0)
        return r;
    (void)sqlite3_bind_text(s, 1, q->service, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, from_ms);
    (void)sqlite3_bind_int64(s, 3, q->to.ms);
    (void)sqlite3_bind_int64(s, 4, limit_seconds * 1000);
    if (sqlite3_step(s) == SQLITE_ROW)
        *ret = outages_object(s);
    else
        r = database_error(db, err, "cannot count the outages");
    (void)sqlite3_finalize(s);
    return r;
}

/* Takes `outages`. */
static json_t *level_object(const struct level *l, int days, json_t *outages, wall_ms now)
{
    int64_t known = 0;
    for (int s = 0; s < SERIES_STATE_COUNT; s++)
        known += l->state_ms[s];
    int64_t since_first = l->first == INT64_MAX ? 0 : now.ms - l->first * 1000;
    json_t *o = json_object();
    (void)json_put_int(o, "days", days);
    (void)json_put_wall(o, "since", l->first == INT64_MAX ? WALL_NONE : (wall_ms){l->first * 1000});
    put_seconds(o, "up_seconds", l->state_ms[SERIES_UP]);
    put_seconds(o, "down_seconds", l->state_ms[SERIES_DOWN]);
    put_seconds(o, "planned_seconds", l->state_ms[SERIES_PLANNED]);
    put_seconds(o, "unknown_seconds", l->state_ms[SERIES_CANNOT_SAY]);
    put_seconds(o, "unwatched_seconds", since_first > known ? since_first - known : 0);
    (void)json_put_int(o, "pings", l->pings);
    (void)json_put_int(o, "fast_pings", l->fast_pings);
    (void)json_put(o, "outages", outages);
    return o;
}

int series_ask_levels(sqlite3 *db, const struct series_question *q, int64_t limit_seconds,
                      json_t **ret, struct error *err)
{
    struct level levels[ARRAY_LENGTH(level_days)] = {0};
    struct series_question all = *q;
    int64_t end = q->now.ms / 1000 + SERIES_STEP_SECONDS;
    for (size_t i = 0; i < ARRAY_LENGTH(level_days); i++) {
        /* Whole steps: a row that began before the first whole one is left out. */
        levels[i].from = wall_add(q->now, -level_days[i] * DAY_MS).ms / 1000;
        levels[i].first = INT64_MAX;
    }
    all.from = wall_add(q->now, -level_days[ARRAY_LENGTH(level_days) - 1] * DAY_MS);
    all.to = (wall_ms){end * 1000};
    int r = series_table_rows(db, q->service, all.from.ms / 1000, end, add_level, levels, err);
    json_t *items = json_array();
    for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(level_days); i++) {
        json_t *outages = NULL;
        r = level_outages(db, &all, levels[i].from * 1000, limit_seconds, &outages, err);
        if (r == 0)
            (void)json_array_append_new(items,
                                        level_object(&levels[i], level_days[i], outages, q->now));
    }
    if (r < 0)
        json_decref(items);
    else
        *ret = items;
    return r;
}

/* ── lows of memory ── */

struct lows {
    int64_t first_hour;
    int64_t bytes[SERIES_LOWS_HOURS];
};

static void add_low(void *context, int64_t at, int64_t step, const struct series_row *row)
{
    struct lows *l = context;
    const struct series_cell *c = &row->cells[SERIES_MEMORY];
    int64_t i = at / HOUR_SECONDS - l->first_hour;
    (void)step;
    if (c->count == 0 || i < 0 || i >= SERIES_LOWS_HOURS)
        return;
    if (l->bytes[i] < 0 || c->min < l->bytes[i])
        l->bytes[i] = c->min;
}

int series_ask_lows(sqlite3 *db, const struct series_question *q, json_t **ret, struct error *err)
{
    int64_t hour = q->now.ms / 1000 / HOUR_SECONDS;
    struct lows l = {.first_hour = hour - SERIES_LOWS_HOURS + 1};
    for (int i = 0; i < SERIES_LOWS_HOURS; i++)
        l.bytes[i] = SERIES_UNKNOWN;
    int r = series_table_rows(db, q->service, l.first_hour * HOUR_SECONDS,
                              (hour + 1) * HOUR_SECONDS, add_low, &l, err);
    if (r < 0)
        return r;
    json_t *body = json_object();
    json_t *lows = json_array();
    for (int i = 0; i < SERIES_LOWS_HOURS; i++)
        (void)json_array_append_new(lows, l.bytes[i] < 0 ? json_null() : json_integer(l.bytes[i]));
    (void)json_put_text(body, "service", q->service);
    (void)json_put_int(body, "hour", hour);
    (void)json_put(body, "lows", lows);
    *ret = body;
    return 0;
}
