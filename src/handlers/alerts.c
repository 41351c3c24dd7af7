/* alerts, channels, and messages that people send */
#include "alerts/alerts.h"

#include <errno.h>

#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/records.h"

#define MESSAGE_WAIT_MS 10000

/* ── alerts ── */

static void alerts_list(struct handlers *h, struct call *call)
{
    const char *service = json_text_or(call->args, "service", NULL);
    const char *state = json_text_or(call->args, "state", "open");
    struct record_query query = {.kind = RECORD_ALERT,
                                 .field = RECORD_BY_TIME,
                                 .limit = service == NULL && call->services == NULL
                                              ? (int)records_limit(call)
                                              : STORE_QUERY_ROWS_MAX};
    int named;
    if (!handlers_named_service(h, call, &named))
        return;
    if (str_equal(state, "open")) {
        records_answer(call, alerts_open_json(h->ports.alerts, service));
        return;
    }
    if (str_equal(state, "resolved")) {
        query.field = RECORD_BY_STATE;
        (void)str_copy(query.value, sizeof query.value, state);
    }
    record_find(h->ports.store, handlers_wait(h, call), &query, NULL, NULL);
}

static void alerts_rows(struct handlers *h, struct call *call, json_t *rows,
                        const struct error *error)
{
    records_answer_rows(h, call, rows, error, alerts_record_json);
}

/* Takes `alert`. */
static void answer_one(struct handlers *h, struct call *call, json_t *alert)
{
    json_t *seen =
        record_seen(h, call, alert, "There is no such alert: resus alert list all shows them.");
    if (seen != NULL)
        call->answer(call, 200, seen);
}

static void alert_get(struct handlers *h, struct call *call)
{
    json_t *open = alerts_one_json(h->ports.alerts, json_int_or(call->args, "n", 0));
    if (open != NULL)
        answer_one(h, call, open);
    else
        record_ask(h, call, RECORD_ALERT);
}

static void alert_rows(struct handlers *h, struct call *call, json_t *rows,
                       const struct error *error)
{
    if (rows == NULL)
        rows_refuse(h, call, error);
    else
        answer_one(h, call, record_of(h, rows, alerts_record_json));
}

/* ── channels ── */

static void channels_list(struct handlers *h, struct call *call)
{
    handlers_answer_list(call, alerts_channels_json(h->ports.alerts));
}

/* ── messages ── */

static bool message_answered(const struct handlers *h, const struct call *call)
{
    bool answered = false;
    json_decref(alerts_deliveries(h->ports.alerts, call->number, &answered));
    return answered;
}

/* With what is known by now. */
static void message_woken(struct handlers *h, struct call *call)
{
    bool answered = false;
    bool success = true;
    json_t *deliveries = alerts_deliveries(h->ports.alerts, call->number, &answered);
    json_t *body = json_object();
    size_t i;
    const json_t *one;
    json_array_foreach(deliveries, i, one) {
        const char *state = json_text_or(one, "state", "");
        success = success && (str_equal(state, "delivered") || str_equal(state, "accepted"));
    }
    (void)json_put_int(body, "message", call->number);
    (void)json_put_bool(body, "success", success && i > 0);
    (void)json_put(body, "deliveries", deliveries);
    (void)json_put_wall(body, "timestamp", handlers_now(h).wall);
    call->answer(call, 200, body);
}

static void tell(struct handlers *h, struct call *call, const struct alerts_notice *notice)
{
    struct error err = {0};
    int64_t message = alerts_tell(h->ports.alerts, notice, &err);
    if (message < 0) {
        bool absent = notice->channel != NULL && message == -ENOENT;
        handlers_refuse(h, call, absent ? 404 : 409, absent ? "Not found" : "Not sent", err.text,
                        absent ? "not_found" : "not_sent");
        return;
    }
    call->number = message;
    handlers_sleep(h, call, mono_add(handlers_now(h).mono, MESSAGE_WAIT_MS));
}

static void notify_test(struct handlers *h, struct call *call)
{
    const struct alerts_notice notice = {.test = true,
                                         .channel = json_text_or(call->args, "channel", NULL),
                                         .author = call->user.email,
                                         .service = -1};
    tell(h, call, &notice);
}

static void notify_emergency(struct handlers *h, struct call *call)
{
    int service;
    if (!handlers_named_service(h, call, &service))
        return;
    const struct alerts_notice notice = {.message = json_text_or(call->args, "message", ""),
                                         .reason = json_text_or(call->args, "reason", ""),
                                         .author = call->user.email,
                                         .service = service};
    if (h->ports.accounts != NULL) {
        char text[OPERATION_REASON_MAX * 4 + 600];
        (void)str_format(text, sizeof text, "%s (%s)", notice.reason, notice.message);
        account_done(h, call, text);
    }
    tell(h, call, &notice);
}

static const struct handling rows[] = {
    {OP_NOTIFY_EMERGENCY, .run = notify_emergency, .woken = message_woken,
     .answered = message_answered, WRITES(INCIDENT, HIGH)},
    {OP_NOTIFY_TEST, .run = notify_test, .woken = message_woken, .answered = message_answered},
    {OP_CHANNELS, .run = channels_list},
    {OP_ALERTS, .run = alerts_list, .rows_ended = alerts_rows},
    {OP_ALERT, .run = alert_get, .rows_ended = alert_rows},
    {0},
};

const struct resource resource_alerts = {NEEDS_ALERTS, rows};
