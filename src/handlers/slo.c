/* slo: service levels and what is left of the error budget */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "report/service_levels.h"

#define DAY_MS (86400LL * 1000)

enum { STEP_LEVELS, STEP_RECOVERIES };

void slo_get(struct handlers *h, struct call *call)
{
    struct series_question q = {.now = handlers_now(h).wall};
    if (h->ports.series == NULL) {
        call_refuse(call, 503, "No history", "The history of figures could not be opened.",
                    "no_history", q.now);
        return;
    }
    (void)str_copy(q.service, sizeof q.service, engine_settings(h->engine, call->service)->id);
    call->number = STEP_LEVELS;
    call->seen = q.now;
    series_store_ask_levels(h->ports.series, handlers_wait(h, call), &q,
                            LEVELS_MANUAL_TARGET_SECONDS);
}

void slo_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
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
