/* events: the stored ones, and those to come */
#include "base/json.h"
#include "handlers/inside.h"

#define EVENTS_LIMIT 100

void events_get(struct handlers *h, struct call *call)
{
    const char *id = call->service < 0 ? NULL : engine_settings(h->engine, call->service)->id;
    int64_t since = json_int_or(call->args, "since", 0);
    int limit = (int)json_int_or(call->args, "limit", EVENTS_LIMIT);
    store_query_events(h->ports.store, handlers_wait(h, call), id, (uint64_t)since, limit);
}

void events_follow(struct handlers *h, struct call *call)
{
    handlers_follow(h, call);
}
