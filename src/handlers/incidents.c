/* incidents: what people see and do; acknowledging an alert */
#include "alerts/incidents.h"

#include <errno.h>

#include "alerts/alerts.h"
#include "alerts/maintenance.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/records.h"
#include "notify/text.h"

#define MINUTE_MS 60000

/* ── reading ── */

void incidents_list(struct handlers *h, struct call *call)
{
    const char *service = json_text_or(call->args, "service", NULL);
    int named;
    if (!handlers_named_service(h, call, &named))
        return;
    if (str_equal(json_text_or(call->args, "state", "open"), "open")) {
        records_answer(call, incidents_json(h->ports.alerts, service, true));
        return;
    }
    const struct record_query query = {.kind = RECORD_INCIDENT, .field = RECORD_BY_TIME};
    record_find(h->ports.store, handlers_wait(h, call), &query, NULL, NULL);
}

void incidents_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    records_answer_rows(h, call, rows, error, incidents_record_json);
}

/* Takes `incident`. */
static void answer_one(struct handlers *h, struct call *call, json_t *incident)
{
    json_t *seen = record_seen(h, call, incident,
                               "There is no such incident: resus incident list all shows them.");
    if (seen == NULL)
        return;
    if (call->operation == &operations[OP_POSTMORTEM]) {
        json_t *text = incidents_postmortem(seen);
        json_decref(seen);
        seen = text;
    }
    call->answer(call, 200, seen);
}

void incident_get(struct handlers *h, struct call *call)
{
    json_t *incident = incidents_one_json(h->ports.alerts, json_int_or(call->args, "n", 0));
    if (incident != NULL)
        answer_one(h, call, incident);
    else
        record_ask(h, call, RECORD_INCIDENT);
}

void incident_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    if (rows == NULL)
        rows_refuse(h, call, error);
    else
        answer_one(h, call, record_of(h, rows, incidents_record_json));
}

/* ── orders ── */

static void write_down(struct handlers *h, struct call *call, int64_t number, const char *text)
{
    char reason[AUDIT_REASON_MAX];
    (void)str_format(reason, sizeof reason, "%lld%s%s", (long long)number,
                     text == NULL || text[0] == '\0' ? "" : ": ", text == NULL ? "" : text);
    if (h->ports.accounts != NULL)
        account_done(h, call, reason);
}

/* The call waits for its save already: it is refused, or its answer is kept for then. */
static void end_order(struct handlers *h, struct call *call, int64_t result, int64_t number,
                      json_t *answer, const struct error *err)
{
    if (result >= 0) {
        write_down(h, call, number,
                   json_text_or(call->args, "text", json_text_or(call->args, "note", NULL)));
        call->kept = answer;
        return;
    }
    json_decref(answer);
    handlers_unwait(h, call);
    bool absent = result == -ENOENT;
    handlers_refuse(h, call, absent ? 404 : 409, absent ? "Not found" : "Refused", err->text,
                    absent ? "not_found" : "refused");
}

static enum incident_order_kind kind_of(const struct call *call)
{
    switch (call->operation - operations) {
    case OP_INCIDENT_TAKE:
        return ORDER_TAKE;
    case OP_INCIDENT_NOTE:
        return ORDER_NOTE;
    case OP_INCIDENT_UPDATE:
        return ORDER_UPDATE;
    case OP_INCIDENT_ACKNOWLEDGE:
        return ORDER_ACKNOWLEDGE;
    case OP_INCIDENT_ESCALATE:
        return ORDER_ESCALATE;
    default:
        return ORDER_SET;
    }
}

static json_t *texts_of(const json_t *args)
{
    static const char *const names[] = {"title",      "impact",     "summary",
                                        "root_cause", "resolution", "preventive_measures",
                                        "war_room"};
    json_t *texts = json_object();
    int64_t window = json_int_or(args, "window", -1);
    char number[24];
    (void)str_format(number, sizeof number, "%lld", (long long)window);
    if (window == 0) /* it is no longer tied to one */
        (void)json_put_null(texts, "window");
    else if (window > 0)
        (void)json_put_text(texts, "window", number);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *text = json_text_or(args, names[i], NULL);
        if (text != NULL)
            (void)json_put_text(texts, names[i], text);
    }
    return texts;
}

/* False: the order names something that is not there, and has been refused. */
static bool sound(struct handlers *h, struct call *call)
{
    int64_t window = json_int_or(call->args, "window", 0);
    const char *war_room = json_text_or(call->args, "war_room", "");
    JSON_CLEANUP json_t *shown = NULL;
    if (war_room[0] != '\0' && !text_link_good(war_room)) {
        handlers_refuse(h, call, 400, "Bad request",
                        "`war_room` is an address with http:// or https://.", "invalid");
        return false;
    }
    if (window > 0 && h->ports.maintenance != NULL)
        shown = maintenance_show(h->ports.maintenance, window, NULL);
    if (window > 0 && shown == NULL)
        handlers_refuse(h, call, 404, "Not found",
                        "There is no such window: resus maintenance list shows them.", "not_found");
    return window <= 0 || shown != NULL;
}

void incident_order(struct handlers *h, struct call *call)
{
    struct error err = {0};
    if (!sound(h, call))
        return;
    int64_t number = json_int_or(call->args, "n", 0);
    JSON_CLEANUP json_t *texts = texts_of(call->args);
    const struct incident_order order = {
        .kind = kind_of(call),
        .person = call->user.email,
        .text = json_text_or(call->args, "text", json_text_or(call->args, "note", NULL)),
        .next_ms = (int64_t)(json_real_or(call->args, "next_minutes", 0) * MINUTE_MS),
        .level = (int)json_int_or(call->args, "level", 0),
        .severity = severity_by_word(json_text_or(call->args, "severity", "")),
        .status = json_text_or(call->args, "status", NULL),
        .texts = texts,
        .save = handlers_wait(h, call),
    };
    int r = incidents_order(h->ports.alerts, number, &order, &err);
    end_order(h, call, r, number, r < 0 ? NULL : incidents_one_json(h->ports.alerts, number), &err);
}

void incident_begin(struct handlers *h, struct call *call)
{
    struct error err = {0};
    int service;
    if (!handlers_named_service(h, call, &service))
        return;
    int64_t number = incidents_open_by_hand(
        h->ports.alerts, service, severity_by_word(json_text_or(call->args, "severity", "")),
        json_text_or(call->args, "title", ""), call->user.email, handlers_wait(h, call), &err);
    end_order(h, call, number, number,
              number < 0 ? NULL : incidents_one_json(h->ports.alerts, number), &err);
}

void alert_acknowledge(struct handlers *h, struct call *call)
{
    struct error err = {0};
    int64_t number = json_int_or(call->args, "n", 0);
    int r = incidents_acknowledge_alert(h->ports.alerts, number, call->user.email,
                                        json_text_or(call->args, "note", NULL),
                                        handlers_wait(h, call), &err);
    end_order(h, call, r, number, r < 0 ? NULL : alerts_one_json(h->ports.alerts, number), &err);
}
