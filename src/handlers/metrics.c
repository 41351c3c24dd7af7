/* metrics: the series of a service for graphs, with its limits and what happened meanwhile */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "report/metrics_json.h"

#define HOUR_MS (3600LL * 1000)
#define KEPT_MS (90 * 24 * HOUR_MS)
#define MARKS_MAX 500 /* of each kind */

enum { STEP_SERIES, STEP_RECOVERIES, STEP_OPERATIONS };

static wall_ms time_or(const struct call *call, const char *field, wall_ms otherwise)
{
    wall_ms t;
    const char *text = json_text_or(call->args, field, NULL);
    return text != NULL && wall_parse(text, &t) == 0 ? t : otherwise;
}

static void refuse(struct handlers *h, struct call *call, const char *message)
{
    handlers_refuse(h, call, 400, "Bad input", message, "bad_input");
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
    if (!metrics_names(json_text_or(call->args, "series", NULL), &q->wanted, bad, sizeof bad)) {
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
        handlers_refuse(h, call, 503, "No history", "The history of figures could not be opened.",
                        "no_history");
        return;
    }
    if (!read_question(h, call, &q))
        return;
    call->number = STEP_SERIES;
    call->seen = q.from;
    call->kept = NULL;
    series_store_ask(h->ports.series, handlers_wait(h, call), &q);
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
