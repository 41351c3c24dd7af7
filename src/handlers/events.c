/* events: the stored ones, and those to come */
#include "accounts/book.h"
#include "accounts/book_json.h"
#include "api/visible.h"
#include "base/json.h"
#include "handlers/resources.h"

#define EVENTS_LIMIT 100

void events_get(struct handlers *h, struct call *call)
{
    const char *id = call->service < 0 ? NULL : engine_settings(h->engine, call->service)->id;
    int64_t since = json_int_or(call->args, "since", 0);
    int limit = (int)json_int_or(call->args, "limit", EVENTS_LIMIT);
    store_query_events(h->ports.store, handlers_wait(h, call), id, (uint64_t)since, limit);
}

/* Who sees some of the services only may get fewer than there are: of the newest rows, theirs. */
void events_all(struct handlers *h, struct call *call)
{
    store_query_events(h->ports.store, handlers_wait(h, call), NULL, 0, STORE_QUERY_ROWS_MAX);
}

bool event_may_see(const struct call *call, const json_t *event)
{
    const char *least = json_text_or(event, "least_role", NULL);
    return (least == NULL || call->access >= access_by_name(least)) &&
           call_sees(call, json_text_or(event, "service", ""));
}

void events_rows(struct handlers *h, struct call *call, json_t *rows, const struct error *error)
{
    JSON_CLEANUP json_t *seen = json_array();
    size_t limit = (size_t)json_int_or(call->args, "limit", EVENTS_LIMIT);
    size_t i;
    json_t *event;
    if (rows == NULL) {
        rows_refuse(h, call, error);
        return;
    }
    json_array_foreach(rows, i, event) {
        if (json_array_size(seen) < limit && event_may_see(call, event))
            (void)json_array_append_new(seen, visible_event(event, call->access));
    }
    call->answer(call, 200, rows_list(seen));
}

void events_follow(struct handlers *h, struct call *call)
{
    handlers_follow(h, call);
}
