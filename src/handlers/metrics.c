/* metrics: the series of a service for graphs, with its limits and what happened meanwhile */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "report/metrics_json.h"
#include "report/service_levels.h"

#define MARKS_MAX 500 /* of each kind */

enum { STEP_SERIES, STEP_LEVELS = STEP_SERIES, STEP_RECOVERIES, STEP_OPERATIONS };

static void metrics_get(struct handlers *h, struct call *call)
{
    struct series_question q = {0};
    struct error err = {0};
    if (!handlers_has_history(h, call))
        return;
    (void)str_copy(q.service, sizeof q.service, engine_settings(h->engine, call->service)->id);
    if (metrics_question(call->args, handlers_now(h).wall, &q, &err) < 0) {
        handlers_refuse(h, call, 400, "Bad input", err.text, "bad_input");
        return;
    }
    call->number = STEP_SERIES;
    call->seen = q.from;
    call->kept = NULL;
    series_store_ask(h->ports.series, handlers_wait(h, call), &q);
}

static void metrics_rows(struct handlers *h, struct call *call, json_t *rows,
                         const struct error *error)
{
    const char *id = engine_settings(h->engine, call->service)->id;
    if (rows == NULL) {
        rows_refuse(h, call, error);
        return;
    }
    if (call->number == STEP_SERIES) {
        call->kept = json_incref(rows);
        JSON_CLEANUP json_t *health = engine_health_json(h->engine, call->service, handlers_now(h));
        (void)json_put(call->kept, "limits", metrics_limits_json(health));
        (void)json_put(call->kept, "marks", json_array());
        call->number = STEP_RECOVERIES;
        store_query_recoveries(h->ports.store, handlers_wait(h, call), id, call->seen, MARKS_MAX);
        return;
    }
    metrics_add_marks(json_object_get(call->kept, "marks"), rows, call->number == STEP_RECOVERIES,
                      call->access);
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

/* ── service levels ── */

#define DAY_MS (86400LL * 1000)

static void slo_get(struct handlers *h, struct call *call)
{
    struct series_question q = {.now = handlers_now(h).wall};
    if (!handlers_has_history(h, call))
        return;
    (void)str_copy(q.service, sizeof q.service, engine_settings(h->engine, call->service)->id);
    call->number = STEP_LEVELS;
    call->seen = q.now;
    series_store_ask_levels(h->ports.series, handlers_wait(h, call), &q,
                            LEVELS_MANUAL_TARGET_SECONDS);
}

static void slo_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    const char *id = engine_settings(h->engine, call->service)->id;
    if (rows == NULL) {
        rows_refuse(h, call, error);
        return;
    }
    if (call->number == STEP_LEVELS) {
        call->kept = json_incref(rows);
        call->number = STEP_RECOVERIES;
        store_query_recoveries(h->ports.store, handlers_wait(h, call), id,
                               wall_add(call->seen, -LEVELS_DAYS_MAX * DAY_MS),
                               STORE_QUERY_ROWS_MAX);
        return;
    }
    json_t *body = json_object();
    (void)json_put_text(body, "service", id);
    (void)json_put_wall(body, "until", call->seen);
    (void)json_put(body, "windows", service_levels_json(call->kept, rows, call->seen));
    call->answer(call, 200, body);
}

static const struct handling rows[] = {
    {OP_METRICS, .run = metrics_get, .rows_ended = metrics_rows},
    {OP_SLO, .run = slo_get, .rows_ended = slo_rows},
    {0},
};

const struct resource resource_metrics = {NEEDS_NOTHING, rows};
