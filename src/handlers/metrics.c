/* metrics: the series of a service for graphs, with its limits and what happened meanwhile */
#include <string.h>

#include "api/visible.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"

#define HOUR_MS (3600LL * 1000)
#define KEPT_MS (90 * 24 * HOUR_MS)
#define MARKS_MAX 500 /* of each kind */

enum { STEP_SERIES, STEP_RECOVERIES, STEP_OPERATIONS };

/* Bits of the names in "memory_bytes,connections"; false when one is unknown. */
static bool read_names(const char *text, uint64_t *ret, char *bad, size_t size)
{
    char name[64];
    *ret = 0;
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        bool known = false;
        if (str_copy_n(name, sizeof name, text, length))
            for (int i = 0; i < SERIES_COUNT; i++)
                if (str_equal(series_kinds[i].name, name)) {
                    *ret |= (uint64_t)1 << i;
                    known = true;
                }
        if (!known) {
            (void)str_copy_n(bad, size, text, length);
            return false;
        }
        text += length + (text[length] == ',' ? 1 : 0);
    }
    return true;
}

static wall_ms time_or(const struct call *call, const char *field, wall_ms otherwise)
{
    wall_ms t;
    const char *text = json_text_or(call->args, field, NULL);
    return text != NULL && wall_parse(text, &t) == 0 ? t : otherwise;
}

static void refuse(struct handlers *h, struct call *call, const char *message)
{
    call_refuse(call, 400, "Bad input", message, "bad_input", handlers_now(h).wall);
}

static bool read_question(struct handlers *h, struct call *call, struct series_question *q)
{
    char bad[64];
    char text[160];
    wall_ms now = handlers_now(h).wall;
    *q = (struct series_question){.now = now, .step = json_int_or(call->args, "step", 0)};
    q->to = time_or(call, "to", now);
    q->from = time_or(call, "from", wall_add(q->to, -HOUR_MS));
    (void)str_copy(q->service, sizeof q->service, engine_settings(h->engine, call->service)->id);
    if (wall_since(q->to, q->from) <= 0) {
        refuse(h, call, "`from` must be before `to`");
        return false;
    }
    if (!read_names(json_text_or(call->args, "series", NULL), &q->wanted, bad, sizeof bad)) {
        (void)str_format(text, sizeof text, "`series`: there is none called \"%s\"", bad);
        refuse(h, call, text);
        return false;
    }
    /* Nothing older is kept, and nothing newer is there yet. */
    if (wall_since(now, q->from) > KEPT_MS)
        q->from = wall_add(now, -KEPT_MS);
    if (wall_since(q->to, now) > HOUR_MS)
        q->to = wall_add(now, HOUR_MS);
    if (wall_since(q->to, q->from) <= 0)
        q->to = wall_add(q->from, 1000);
    return true;
}

void metrics_get(struct handlers *h, struct call *call)
{
    struct series_question q;
    if (h->ports.series == NULL) {
        call_refuse(call, 503, "No history", "The history of figures could not be opened.",
                    "no_history", handlers_now(h).wall);
        return;
    }
    if (!read_question(h, call, &q))
        return;
    call->number = STEP_SERIES;
    call->seen = q.from;
    call->kept = NULL;
    series_store_ask(h->ports.series, handlers_wait(h, call), &q);
}

static void put_limit(json_t *limits, const char *name, const json_t *metric)
{
    json_t *one = json_object();
    static const char *const keys[] = {"warning", "critical", "max"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        json_t *value = json_object_get(metric, keys[i]);
        if (value != NULL)
            (void)json_object_set(one, keys[i], value);
    }
    (void)json_put(limits, name, one);
}

/* The limits that hold now, in the units of health's gauges. */
static json_t *limits_json(struct handlers *h, struct call *call)
{
    JSON_CLEANUP json_t *health = engine_health_json(h->engine, call->service, handlers_now(h));
    const json_t *checks = json_object_get(health, "health_checks");
    const json_t *metrics = json_object_get(json_object_get(checks, "performance"), "metrics");
    const char *name;
    json_t *metric;
    json_t *limits = json_object();
    json_object_foreach((json_t *)metrics, name, metric) {
        put_limit(limits, name, metric);
    }
    return limits;
}

static void add_mark(json_t *marks, const char *kind, const json_t *from, const char *const *keys)
{
    json_t *mark = json_object();
    (void)json_put_text(mark, "kind", kind);
    for (size_t i = 0; keys[i] != NULL; i += 2) {
        json_t *value = json_object_get(from, keys[i + 1]);
        bool none = json_is_null(value) && str_equal(keys[i], "level"); /* Resus did nothing */
        if (value != NULL && !none)
            (void)json_object_set(mark, keys[i], value);
    }
    (void)json_array_append_new(marks, mark);
}

static void add_marks(struct call *call, const json_t *rows)
{
    static const char *const of_recovery[] = {"at",
                                              "started_at",
                                              "duration_seconds",
                                              "duration_seconds",
                                              "level",
                                              "recovery_level",
                                              "result",
                                              "result",
                                              "cause",
                                              "cause",
                                              NULL};
    static const char *const of_operation[] = {
        "at",     "timestamp",        "operation",        "event", "user", "user", "result",
        "result", "duration_seconds", "duration_seconds", NULL};
    json_t *marks = json_object_get(call->kept, "marks");
    bool recoveries = call->number == STEP_RECOVERIES;
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        /* The end of an operation repeats its beginning and adds the result. */
        if (!recoveries && str_equal(json_text_or(row, "result", ""), "started"))
            continue;
        JSON_CLEANUP json_t *seen = visible_people(row, call->access);
        add_mark(marks, recoveries ? "recovery" : "operation", seen,
                 recoveries ? of_recovery : of_operation);
    }
}

void metrics_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    const char *id = engine_settings(h->engine, call->service)->id;
    if (rows == NULL) {
        rows_refuse(h, call, error);
        return;
    }
    if (call->number == STEP_SERIES) {
        call->kept = json_incref(rows);
        (void)json_put(call->kept, "limits", limits_json(h, call));
        (void)json_put(call->kept, "marks", json_array());
        call->number = STEP_RECOVERIES;
        store_query_recoveries(h->ports.store, handlers_wait(h, call), id, call->seen, MARKS_MAX);
        return;
    }
    add_marks(call, rows);
    if (call->number == STEP_RECOVERIES) {
        call->number = STEP_OPERATIONS;
        store_query_operations(h->ports.store, handlers_wait(h, call), id, call->seen, MARKS_MAX);
        return;
    }
    json_t *body = call->kept;
    call->kept = NULL;
    (void)json_put_text(body, "service", id);
    call->answer(call, 200, body);
}
