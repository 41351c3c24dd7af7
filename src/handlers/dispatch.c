#include "handlers/handlers.h"

#include <errno.h>

#include "accounts/accounts.h"
#include "api/error_body.h"
#include "api/visible.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "engine/owned.h"
#include "handlers/account_answer.h"
#include "handlers/door.h"
#include "handlers/resources.h"

#define RESOURCE_MEMBER(name) &resource_##name,
static const struct resource *const resources[] = {RESOURCES(RESOURCE_MEMBER)};
#undef RESOURCE_MEMBER

static const struct handling *handling_of(const struct handlers *h, const struct call *call)
{
    return h->handlings[call->operation - operations];
}

const struct account_done *handlers_done(const struct handlers *h, const struct call *call)
{
    return &handling_of(h, call)->done;
}

int handlers_order(const struct handlers *h, const struct call *call)
{
    return handling_of(h, call)->order;
}

static bool is_there(const struct handlers_ports *ports, enum resource_needs needs)
{
    const void *const parts[] = {
        [NEEDS_NOTHING] = ports,
        [NEEDS_ACCOUNTS] = ports->accounts,
        [NEEDS_ALERTS] = ports->alerts,
        [NEEDS_WINDOWS] = ports->maintenance,
        [NEEDS_BACKUPS] = ports->backups,
        [NEEDS_RESTORES] = ports->restores,
        [NEEDS_PROCEDURES] = ports->procedures,
    };
    return parts[needs] != NULL;
}

/* The rows of every file, by operation; that none is missing is checked at each start. */
static int gather(struct handlers *h, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(resources); i++)
        for (const struct handling *row = resources[i]->rows; row->run != NULL; row++) {
            h->handlings[row->operation] = row;
            h->there[row->operation] = is_there(&h->ports, resources[i]->needs);
        }
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (h->handlings[i] == NULL)
            return error_set(err, -ENOSYS, "no file of src/handlers answers \"%s\"",
                             operations[i].name);
    return 0;
}

int handlers_new(struct engine *engine, const struct handlers_ports *ports, struct handlers **ret,
                 struct error *err)
{
    struct handlers *h = mem_calloc(1, sizeof *h);
    if (h == NULL)
        return error_set(err, -ENOMEM, "handlers: out of memory");
    h->engine = engine;
    h->ports = *ports;
    h->audits.loop = ports->loop;
    h->audits.now = ports->now;
    h->audits.context = ports->context;
    h->started = handlers_now(h).wall;
    if (gather(h, err) < 0) {
        mem_free(h);
        return err->code;
    }
    *ret = h;
    return 0;
}

void handlers_web_restarted(struct handlers *h)
{
    h->web_restarts++;
}

static void drop_all(struct call **list)
{
    while (*list != NULL) {
        struct call *call = *list;
        *list = call->next;
        call->next = NULL;
        call->answer(call, 503, NULL);
    }
}

void handlers_free(struct handlers *h)
{
    if (h == NULL)
        return;
    drop_all(&h->waiting);
    drop_all(&h->followers);
    drop_all(&h->sleepers);
    audit_readers_close(&h->audits);
    json_decref(h->openapi);
    mem_free(h);
}

void handlers_later(struct handlers *h)
{
    mono_ms now = handlers_now(h).mono;
    for (struct call *c = h->sleepers, *next; c != NULL; c = next) {
        next = c->next;
        if (!mono_reached(now, c->deadline))
            continue;
        list_remove(&h->sleepers, c);
        handling_of(h, c)->woken(h, c);
    }
    h->ports.later(h->ports.context, handlers_next_waking(h));
}

void handlers_message_answered(struct handlers *h)
{
    for (struct call *c = h->sleepers, *next; c != NULL; c = next) {
        next = c->next;
        const struct handling *handling = handling_of(h, c);
        if (handling->answered == NULL || !handling->answered(h, c))
            continue;
        list_remove(&h->sleepers, c);
        handling->woken(h, c);
    }
}

/* What changes a service is asked of its owner. A look at what is stored here, is answered. */
static bool refuse_elsewhere(struct handlers *h, struct call *call)
{
    bool changes = !str_equal(call->operation->method, "GET") &&
                   !str_equal(call->operation->method, "WS") &&
                   call->operation != &operations[OP_REFRESH];
    if (!changes || call->service < 0 || engine_owned_here(h->engine, call->service))
        return false;
    json_t *body = engine_owned_refusal(h->engine, call->service, handlers_now(h));
    fleet_put_owner(h, call->service, body);
    call->answer(call, 409, body);
    return true;
}

void handlers_dispatch(struct handlers *h, struct call *call, const char *service)
{
    if (!door_lets_in(h, call, service))
        return;
    if (refuse_elsewhere(h, call))
        return;
    if (call->operation->noted)
        account_read(h, call);
    if (!h->there[call->operation - operations])
        handlers_refuse(h, call, 404, "Not found", "Not available here.", "not_found");
    else
        handling_of(h, call)->run(h, call);
}

/* ── answers ── */

json_t *rows_list(json_t *rows)
{
    json_t *body = json_object();
    (void)json_put(body, "items", json_incref(rows));
    (void)json_put_null(body, "next_cursor");
    return body;
}

void rows_refuse(struct handlers *h, struct call *call, const struct error *error)
{
    handlers_refuse(h, call, 500, "Cannot read the history",
                    error != NULL && error->code != 0 ? error->text : "out of memory",
                    "store_failed");
}

void handlers_rows(struct handlers *h, uint64_t id, json_t *rows, const struct error *error)
{
    struct call *call = handlers_waited(h, id);
    if (call == NULL)
        return;
    rows_handler *ended = handling_of(h, call)->rows_ended;
    if (ended != NULL)
        ended(h, call, rows, error);
    else if (rows == NULL)
        rows_refuse(h, call, error);
    else
        call->answer(call, 200, rows_list(rows));
}

void handlers_saved(struct handlers *h, uint64_t id, enum store_outcome outcome,
                    const struct error *error)
{
    struct call *call = handlers_waited(h, id);
    if (ticket_is_of(id, TICKET_ACCOUNTS))
        accounts_saved(h->ports.accounts, id, outcome);
    if (call == NULL)
        return;
    json_t *body = call->kept;
    call->kept = NULL;
    if (outcome == STORE_DURABLE) {
        call->answer(call, 200, body);
        return;
    }
    char text[ERROR_TEXT_MAX + 100];
    (void)str_format(text, sizeof text,
                     "It holds from now on, but is not stored yet (%s); that is tried again.",
                     error == NULL ? "the disk does not take it" : error->text);
    json_decref(body);
    handlers_refuse(h, call, 503, "Not stored", text, "not_stored");
}

void handlers_audited(struct handlers *h, uint64_t id, enum audit_outcome outcome,
                      const struct error *error)
{
    struct call *call = handlers_waited(h, id);
    if (call == NULL)
        return;
    json_t *body = call->kept;
    call->kept = NULL;
    if (outcome == AUDIT_DURABLE) {
        call->answer(call, 200, body);
        return;
    }
    json_decref(body);
    handlers_refuse(h, call, 503, "Not stored",
                    error == NULL ? "The audit log could not be written." : error->text,
                    "not_stored");
}

void handlers_host_ended(struct handlers *h, int service, uint64_t id,
                         const struct host_result *result)
{
    (void)service;
    struct call *call = handlers_waited(h, id);
    if (call != NULL)
        handling_of(h, call)->host_ended(h, call, result);
}

void handlers_redis_ended(struct handlers *h, int service, const struct redis_answer *answer)
{
    (void)service;
    struct call *call = handlers_waited(h, answer->id);
    if (call != NULL)
        handling_of(h, call)->redis_ended(h, call, answer);
}

void handlers_witness_ended(struct handlers *h, int service, uint64_t id,
                            const struct witness_facts *facts)
{
    (void)service;
    struct call *call = handlers_waited(h, id);
    if (call != NULL)
        handling_of(h, call)->witness_ended(h, call, facts);
}

void handlers_reopened(struct handlers *h, int service)
{
    for (struct call *c = h->waiting, *next; c != NULL; c = next) {
        next = c->next;
        const struct handling *row = handling_of(h, c);
        bool asks_outside = row->host_ended != NULL || row->redis_ended != NULL;
        if (c->service != service || !asks_outside)
            continue;
        list_remove(&h->waiting, c);
        call_refuse(c, 503, "Interrupted",
                    "The configuration was read again meanwhile: repeat the request.", "reloaded",
                    handlers_now(h).wall);
    }
}

void handlers_event(struct handlers *h, int service, const json_t *event)
{
    for (struct call *c = h->followers, *next; c != NULL; c = next) {
        next = c->next;
        if ((c->service >= 0 && c->service != service) || !event_may_see(c, event))
            continue;
        JSON_CLEANUP json_t *seen = visible_event(event, c->access);
        c->push(c, json_deep_copy(seen));
    }
}
