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

static void incidents_list(struct handlers *h, struct call *call)
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

static void incidents_rows(struct handlers *h, struct call *call, json_t *rows,
                           const struct error *error)
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

static void incident_get(struct handlers *h, struct call *call)
{
    json_t *incident = incidents_one_json(h->ports.alerts, json_int_or(call->args, "n", 0));
    if (incident != NULL)
        answer_one(h, call, incident);
    else
        record_ask(h, call, RECORD_INCIDENT);
}

static void incident_rows(struct handlers *h, struct call *call, json_t *rows,
                          const struct error *error)
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

static void incident_order(struct handlers *h, struct call *call)
{
    struct error err = {0};
    if (!sound(h, call))
        return;
    int64_t number = json_int_or(call->args, "n", 0);
    JSON_CLEANUP json_t *texts = incidents_texts(call->args);
    const struct incident_order order = {
        .kind = (enum incident_order_kind)handlers_order(h, call),
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

static void incident_begin(struct handlers *h, struct call *call)
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

static void alert_acknowledge(struct handlers *h, struct call *call)
{
    struct error err = {0};
    int64_t number = json_int_or(call->args, "n", 0);
    int r = incidents_acknowledge_alert(h->ports.alerts, number, call->user.email,
                                        json_text_or(call->args, "note", NULL),
                                        handlers_wait(h, call), &err);
    end_order(h, call, r, number, r < 0 ? NULL : alerts_one_json(h->ports.alerts, number), &err);
}

static const struct handling rows[] = {
    {OP_ALERT_ACKNOWLEDGE, .run = alert_acknowledge, WRITES(INCIDENT, LOW)},
    {OP_INCIDENTS, .run = incidents_list, .rows_ended = incidents_rows},
    {OP_INCIDENT, .run = incident_get, .rows_ended = incident_rows},
    {OP_INCIDENT_OPEN, .run = incident_begin, WRITES(INCIDENT, LOW)},
    {OP_INCIDENT_SET, .run = incident_order, .order = ORDER_SET, WRITES(INCIDENT, LOW)},
    {OP_INCIDENT_TAKE, .run = incident_order, .order = ORDER_TAKE, WRITES(INCIDENT, LOW)},
    {OP_INCIDENT_NOTE, .run = incident_order, .order = ORDER_NOTE, WRITES(INCIDENT, LOW)},
    {OP_INCIDENT_UPDATE, .run = incident_order, .order = ORDER_UPDATE, WRITES(INCIDENT, LOW)},
    {OP_INCIDENT_ACKNOWLEDGE, .run = incident_order, .order = ORDER_ACKNOWLEDGE,
     WRITES(INCIDENT, LOW)},
    {OP_INCIDENT_ESCALATE, .run = incident_order, .order = ORDER_ESCALATE, WRITES(INCIDENT, LOW)},
    {OP_POSTMORTEM, .run = incident_get, .rows_ended = incident_rows},
    {0},
};

const struct resource resource_incidents = {NEEDS_ALERTS, rows};
