/* auto-recovery: status, settings, reset, history, explanation, pause */
#include "api/visible.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/door.h"
#include "handlers/resources.h"
#include "report/recovery_evidence.h"

#define HISTORY_LIMIT 50
#define METRICS_MS 86400000 /* the figures are those of 24 hours */
#define SETTINGS_MAX 16     /* the operation has fewer fields than that */

/* ── metrics ── */

static void ask_metrics(struct handlers *h, struct call *call)
{
    const char *id = engine_settings(h->engine, call->service)->id;
    store_query_recovery_summary(h->ports.store, handlers_wait(h, call), id,
                                 wall_add(handlers_now(h).wall, -METRICS_MS));
}

/* A store that cannot be read costs the figures, not the answer. */
static void put_metrics(json_t *body, json_t *rows)
{
    json_t *summary = json_array_get(rows, 0);
    (void)json_put(body, "metrics", summary != NULL ? json_incref(summary) : json_null());
}

/* ── what it is and what it shall be ── */

static void recovery_status(struct handlers *h, struct call *call)
{
    ask_metrics(h, call);
}

static void recovery_status_rows(struct handlers *h, struct call *call, json_t *rows,
                                 const struct error *error)
{
    (void)error;
    json_t *body = engine_recovery_json(h->engine, call->service, handlers_now(h));
    put_metrics(body, rows);
    call->answer(call, 200, body);
}

static void value_text(const json_t *value, char *text, size_t size)
{
    if (json_is_string(value))
        (void)str_copy(text, size, json_string_value(value));
    else if (json_is_boolean(value))
        (void)str_copy(text, size, json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value))
        (void)str_format(text, size, "%lld", (long long)json_integer_value(value));
    else
        (void)str_format(text, size, "%.6g", json_number_value(value));
}

/* null is as if it were left out, here as everywhere (operation_check). */
static bool is_setting(const char *key, const json_t *value)
{
    return !str_equal(key, "reason") && !json_is_null(value);
}

/* An order is confirmed once it is on the disk. */
static void stored(void *context, int status, json_t *body)
{
    struct call *call = context;
    struct handlers *h = call->data;
    if (status == 200)
        recovery_status(h, call);
    else
        call->answer(call, status, body);
}

static struct engine_order order_of(struct handlers *h, struct call *call)
{
    call->data = h;
    return (struct engine_order){stored, call};
}

static void recovery_set(struct handlers *h, struct call *call)
{
    struct engine_setting settings[SETTINGS_MAX];
    char texts[SETTINGS_MAX][64];
    size_t count = 0;
    struct error err = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)call->args, key, value) {
        if (!is_setting(key, value) || count == SETTINGS_MAX)
            continue;
        value_text(value, texts[count], sizeof texts[count]);
        settings[count] = (struct engine_setting){key, texts[count]};
        count++;
    }
    struct engine_order order = order_of(h, call);
    if (engine_recovery_set(h->engine, call->service, settings, count, &call->user, &order,
                            handlers_now(h), &err) < 0)
        handlers_refuse(h, call, 400, "Bad input", err.text, "bad_input");
}

static void recovery_reset(struct handlers *h, struct call *call)
{
    struct engine_order order = order_of(h, call);
    engine_recovery_reset(h->engine, call->service, &call->user,
                          json_text_or(call->args, "reason", ""), &order, handlers_now(h));
}

static void recovery_history(struct handlers *h, struct call *call)
{
    const char *id = engine_settings(h->engine, call->service)->id;
    int limit = (int)json_int_or(call->args, "limit", HISTORY_LIMIT);
    store_query_recoveries(h->ports.store, handlers_wait(h, call), id, WALL_NONE, limit);
}

/* First the list, then its figures. */
static void recovery_history_rows(struct handlers *h, struct call *call, json_t *rows,
                                  const struct error *error)
{
    json_t *body = call->kept;
    if (body != NULL) {
        call->kept = NULL;
        put_metrics(body, rows);
        call->answer(call, 200, body);
    } else if (rows == NULL) {
        rows_refuse(h, call, error);
    } else {
        recovery_evidence_cut(rows, call->access);
        call->kept = rows_list(rows);
        ask_metrics(h, call);
    }
}

static void recovery_explain(struct handlers *h, struct call *call)
{
    JSON_CLEANUP json_t *whole = engine_explain_json(h->engine, call->service, handlers_now(h));
    call->answer(call, 200, visible_cause(whole, call->access));
}

static void recovery_pause(struct handlers *h, struct call *call)
{
    int64_t seconds = json_int_or(call->args, "for_seconds", 7200);
    struct engine_order order = order_of(h, call);
    if (door_outlasts_grant(h, call, wall_add(handlers_now(h).wall, seconds * 1000)))
        return;
    engine_pause(h->engine, call->service, seconds * 1000, &call->user,
                 json_text_or(call->args, "reason", ""), &order, handlers_now(h));
}

static void recovery_resume(struct handlers *h, struct call *call)
{
    struct engine_order order = order_of(h, call);
    engine_resume(h->engine, call->service, &call->user, json_text_or(call->args, "reason", ""),
                  &order, handlers_now(h));
}

static const struct handling rows[] = {
    {OP_RECOVERY_STATUS, .run = recovery_status, .rows_ended = recovery_status_rows},
    {OP_RECOVERY_SET, .run = recovery_set, .rows_ended = recovery_status_rows},
    {OP_RECOVERY_RESET, .run = recovery_reset, .rows_ended = recovery_status_rows},
    {OP_RECOVERY_HISTORY, .run = recovery_history, .rows_ended = recovery_history_rows},
    {OP_EXPLAIN, .run = recovery_explain},
    {OP_PAUSE, .run = recovery_pause, .rows_ended = recovery_status_rows},
    {OP_RESUME, .run = recovery_resume, .rows_ended = recovery_status_rows},
    {0},
};

const struct resource resource_recoveries = {NEEDS_NOTHING, rows};
