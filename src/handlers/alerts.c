/* alerts, channels, and messages that people send */
#include "alerts/alerts.h"

#include <errno.h>

#include "api/visible.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/inside.h"
#include "store/record.h"

#define ALERTS_LIMIT 100
#define MESSAGE_WAIT_MS 10000

static void refuse(struct handlers *h, struct call *call, int status, const char *title,
                   const char *message, const char *code)
{
    call_refuse(call, status, title, message, code, handlers_now(h).wall);
}

/* ── alerts ── */

static bool may_see(const struct call *call, const json_t *alert)
{
    const char *service = json_text_or(alert, "service", NULL);
    return call->services == NULL || (service != NULL && call_sees(call, service));
}

/* Takes `alerts`; those that the asker may see. */
static void answer_list(struct call *call, json_t *alerts, int64_t limit)
{
    json_t *items = json_array();
    size_t i;
    json_t *alert;
    json_array_foreach(alerts, i, alert) {
        if ((int64_t)json_array_size(items) < limit && may_see(call, alert))
            (void)json_array_append_new(items, visible_people(alert, call->access));
    }
    json_decref(alerts);
    json_t *body = json_object();
    (void)json_put(body, "items", items);
    (void)json_put_null(body, "next_cursor");
    call->answer(call, 200, body);
}

static int64_t limit_of(const struct call *call)
{
    return json_int_or(call->args, "limit", ALERTS_LIMIT);
}

void alerts_list(struct handlers *h, struct call *call)
{
    const char *service = json_text_or(call->args, "service", NULL);
    const char *state = json_text_or(call->args, "state", "open");
    struct record_query query = {.kind = RECORD_ALERT,
                                 .field = RECORD_BY_TIME,
                                 .limit = service == NULL && call->services == NULL
                                              ? (int)limit_of(call)
                                              : STORE_QUERY_ROWS_MAX};
    if (service != NULL && engine_service_index(h->engine, service) < 0) {
        refuse(h, call, 404, "Not found", "There is no such service.", "not_found");
        return;
    }
    if (str_equal(state, "open")) {
        answer_list(call, alerts_open_json(h->ports.alerts, service), limit_of(call));
        return;
    }
    if (str_equal(state, "resolved")) {
        query.field = RECORD_BY_STATE;
        (void)str_copy(query.value, sizeof query.value, state);
    }
    record_find(h->ports.store, handlers_wait(h, call), &query, NULL, NULL);
}

void alerts_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    const char *service = json_text_or(call->args, "service", NULL);
    json_t *alerts = json_array();
    size_t i;
    const json_t *row;
    if (rows == NULL) {
        json_decref(alerts);
        rows_refuse(h, call, error);
        return;
    }
    json_array_foreach(rows, i, row) {
        const json_t *body = json_object_get(row, "body");
        if (service == NULL || str_equal(json_text_or(body, "service", ""), service))
            (void)json_array_append_new(
                alerts,
                alerts_record_json(h->ports.alerts, json_int_or(row, "number", 0), body, false));
    }
    answer_list(call, alerts, limit_of(call));
}

/* Takes `alert`. */
static void answer_one(struct handlers *h, struct call *call, json_t *alert)
{
    if (alert == NULL || !may_see(call, alert)) {
        json_decref(alert);
        refuse(h, call, 404, "Not found",
               "There is no such alert: resus alert list all shows them.", "not_found");
        return;
    }
    json_t *seen = visible_people(alert, call->access);
    json_decref(alert);
    call->answer(call, 200, seen);
}

void alert_get(struct handlers *h, struct call *call)
{
    int64_t n = json_int_or(call->args, "n", 0);
    json_t *open = alerts_one_json(h->ports.alerts, n);
    if (open != NULL)
        answer_one(h, call, open);
    else
        record_find(
            h->ports.store, handlers_wait(h, call),
            &(struct record_query){.kind = RECORD_ALERT, .field = RECORD_BY_NUMBER, .number = n},
            NULL, NULL);
}

void alert_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    const json_t *row = json_array_get(rows, 0);
    if (rows == NULL)
        rows_refuse(h, call, error);
    else
        answer_one(h, call,
                   row == NULL ? NULL
                               : alerts_record_json(h->ports.alerts, json_int_or(row, "number", 0),
                                                    json_object_get(row, "body"), true));
}

/* ── channels ── */

void channels_list(struct handlers *h, struct call *call)
{
    json_t *body = json_object();
    (void)json_put(body, "items", alerts_channels_json(h->ports.alerts));
    (void)json_put_null(body, "next_cursor");
    call->answer(call, 200, body);
}

/* What is wrong with the channels, for the doctor. Nothing is sent. */
void channels_judge(const struct handlers *h, json_t *items)
{
    JSON_CLEANUP json_t *channels = alerts_channels_json(h->ports.alerts);
    const char *unwell = alerts_unwell(h->ports.alerts);
    size_t i;
    const json_t *c;
    json_array_foreach(channels, i, c) {
        const char *name = json_text_or(c, "name", "");
        const char *state = json_text_or(c, "state", "");
        char check[96], fix[160], why[OUTGOING_ERROR_MAX];
        enum try_end end = alerts_try_end(h->ports.alerts, name, why);
        (void)str_format(check, sizeof check, "channel %s", name);
        (void)str_format(fix, sizeof fix, "see its address and key, then: resus notify test %s",
                         name);
        if (end == TRY_UNUSABLE)
            doctor_put(items, check, FINDING_FAIL,
                       "fix the file, then: resus serve --check, and reload", "%s", why);
        else if (str_equal(state, "failing") || str_equal(state, "retrying"))
            doctor_put(items, check, FINDING_FAIL, fix, "messages do not arrive: %s",
                       json_text_or(c, "last_error", "no answer"));
        else if (end == TRY_UNREACHED)
            doctor_put(items, check, FINDING_FAIL,
                       "see its address, its proxy and `ca_file`, DNS, and the firewall between",
                       "its server cannot be reached: %s", why);
        else if (str_equal(state, "unused"))
            doctor_put(items, check, FINDING_PASS, NULL, "%snothing was sent since the start",
                       end == TRY_REACHED ? "its server can be reached; " : "");
        else
            doctor_put(items, check, FINDING_PASS, NULL, "the last message arrived");
    }
    if (unwell != NULL && json_array_size(channels) > 0)
        doctor_put(items, "alerts", FINDING_WARNING, "see the other findings",
                   "the heartbeat is withheld: %s", unwell);
}

/* ── messages ── */

bool message_answered(const struct handlers *h, const struct call *call)
{
    bool answered = false;
    json_decref(alerts_deliveries(h->ports.alerts, call->number, &answered));
    return answered;
}

/* With what is known by now. */
void message_woken(struct handlers *h, struct call *call)
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
        refuse(h, call, absent ? 404 : 409, absent ? "Not found" : "Not sent", err.text,
               absent ? "not_found" : "not_sent");
        return;
    }
    call->number = message;
    handlers_sleep(h, call, mono_add(handlers_now(h).mono, MESSAGE_WAIT_MS));
}

void notify_test(struct handlers *h, struct call *call)
{
    const struct alerts_notice notice = {.test = true,
                                         .channel = json_text_or(call->args, "channel", NULL),
                                         .author = call->user.email,
                                         .service = -1};
    tell(h, call, &notice);
}

void notify_emergency(struct handlers *h, struct call *call)
{
    const char *id = json_text_or(call->args, "service", NULL);
    int service = id == NULL ? -1 : engine_service_index(h->engine, id);
    const struct alerts_notice notice = {.message = json_text_or(call->args, "message", ""),
                                         .reason = json_text_or(call->args, "reason", ""),
                                         .author = call->user.email,
                                         .service = service};
    if (id != NULL && service < 0) {
        refuse(h, call, 404, "Not found", "There is no such service.", "not_found");
        return;
    }
    if (h->ports.accounts != NULL) {
        char text[OPERATION_REASON_MAX * 4 + 600];
        (void)str_format(text, sizeof text, "%s (%s)", notice.reason, notice.message);
        account_done(h, call, text);
    }
    tell(h, call, &notice);
}
