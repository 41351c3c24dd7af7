#include "handlers/records.h"

#include "api/visible.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/waiting.h"

#define RECORDS_LIMIT 100

int64_t records_limit(const struct call *call)
{
    return json_int_or(call->args, "limit", RECORDS_LIMIT);
}

static bool may_see(const struct call *call, const json_t *one)
{
    const char *service = json_text_or(one, "service", NULL);
    return call->services == NULL || (service != NULL && call_sees(call, service));
}

void records_answer(struct call *call, json_t *list)
{
    json_t *items = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) {
        if ((int64_t)json_array_size(items) < records_limit(call) && may_see(call, one))
            (void)json_array_append_new(items, visible_people(one, call->access));
    }
    json_decref(list);
    handlers_answer_list(call, items);
}

void records_answer_rows(struct handlers *h, struct call *call, const json_t *rows,
                         const struct error *error, record_json *shown)
{
    const char *service = json_text_or(call->args, "service", NULL);
    json_t *list = json_array();
    size_t i;
    const json_t *row;
    if (rows == NULL) {
        json_decref(list);
        rows_refuse(h, call, error);
        return;
    }
    json_array_foreach(rows, i, row) {
        const json_t *body = json_object_get(row, "body");
        if (service == NULL || str_equal(json_text_or(body, "service", ""), service))
            (void)json_array_append_new(
                list, shown(h->ports.alerts, json_int_or(row, "number", 0), body, false));
    }
    records_answer(call, list);
}

json_t *record_seen(struct handlers *h, struct call *call, json_t *one, const char *absent)
{
    if (one == NULL || !may_see(call, one)) {
        json_decref(one);
        handlers_refuse(h, call, 404, "Not found", absent, "not_found");
        return NULL;
    }
    json_t *seen = visible_people(one, call->access);
    json_decref(one);
    return seen;
}

void record_ask(struct handlers *h, struct call *call, enum record_kind kind)
{
    const struct record_query query = {
        .kind = kind, .field = RECORD_BY_NUMBER, .number = json_int_or(call->args, "n", 0)};
    record_find(h->ports.store, handlers_wait(h, call), &query, NULL, NULL);
}

json_t *record_of(const struct handlers *h, const json_t *rows, record_json *shown)
{
    const json_t *row = json_array_get(rows, 0);
    return row == NULL ? NULL
                       : shown(h->ports.alerts, json_int_or(row, "number", 0),
                               json_object_get(row, "body"), true);
}
