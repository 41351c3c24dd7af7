/* events: the stored ones, those to come, and notices to users, which are events */
#include "accounts/book.h"
#include "accounts/book_json.h"
#include "api/visible.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"

#define EVENTS_LIMIT 100

static void events_get(struct handlers *h, struct call *call)
{
    const char *id = call->service < 0 ? NULL : engine_settings(h->engine, call->service)->id;
    int64_t since = json_int_or(call->args, "since", 0);
    int limit = (int)json_int_or(call->args, "limit", EVENTS_LIMIT);
    store_query_events(h->ports.store, handlers_wait(h, call), id, (uint64_t)since, limit);
}

/* Who sees some of the services only may get fewer than there are: of the newest rows, theirs. */
static void events_all(struct handlers *h, struct call *call)
{
    store_query_events(h->ports.store, handlers_wait(h, call), NULL, 0, STORE_QUERY_ROWS_MAX);
}

bool event_may_see(const struct call *call, const json_t *event)
{
    const char *least = json_text_or(event, "least_role", NULL);
    return (least == NULL || call->access >= access_by_name(least)) &&
           call_sees(call, json_text_or(event, "service", ""));
}

static void events_rows(struct handlers *h, struct call *call, json_t *rows,
                        const struct error *error)
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

static void events_follow(struct handlers *h, struct call *call)
{
    handlers_follow(h, call);
}

/* ── a banner for the users of one service, or of all ── */

static void notify_post(struct handlers *h, struct call *call)
{
    struct now now = handlers_now(h);
    const char *id = json_text_or(call->args, "service", NULL);
    int service = id == NULL ? call->service : engine_service_index(h->engine, id);
    if (id != NULL && (service < 0 || !call_sees(call, id))) {
        call_refuse(call, 404, "Not found", "There is no such service.", "not_found", now.wall);
        return;
    }
    if (service < 0 && call->services != NULL) {
        call_refuse(call, 403, "Service needed",
                    "This token is for some services only: name the service.", "forbidden",
                    now.wall);
        return;
    }
    int told = engine_notify(h->engine, service, &call->user,
                             json_text_or(call->args, "message", ""), now);
    json_t *body = json_object();
    (void)json_put_bool(body, "success", true);
    (void)json_put_text(body, "service",
                        service < 0 ? NULL : engine_settings(h->engine, service)->id);
    (void)json_put_int(body, "services", told);
    (void)json_put_wall(body, "timestamp", now.wall);
    call->answer(call, 200, body);
}

static const struct handling rows[] = {
    {OP_EVENTS, .run = events_get, .rows_ended = events_rows},
    {OP_EVENTS_ALL, .run = events_all, .rows_ended = events_rows},
    {OP_EVENTS_FOLLOW, .run = events_follow},
    {OP_NOTIFY, .run = notify_post},
    {0},
};

const struct resource resource_events = {NEEDS_NOTHING, rows};
