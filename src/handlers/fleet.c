/* The fleet: who is there, who owns what, and handing over. */
#include "fleet/fleet.h"

#include <errno.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/resources.h"
#include "handlers/waiting.h"

static bool there(struct handlers *h, struct call *call)
{
    if (h->ports.fleet != NULL)
        return true;
    handlers_refuse(h, call, 404, "No fleet",
                    "This engine is alone: `fleet` in its settings makes it one of several.",
                    "no_fleet");
    return false;
}

static void fleet_get(struct handlers *h, struct call *call)
{
    bool all = call->services == NULL; /* a token's scope says which services it may know of */
    if (there(h, call))
        call->answer(call, 200, fleet_status_json(h->ports.fleet, all));
}

static void fleet_get_diff(struct handlers *h, struct call *call)
{
    if (there(h, call))
        call->answer(call, 200, fleet_diff_json(h->ports.fleet));
}

void fleet_put_owner(const struct handlers *h, int service, json_t *body)
{
    const char *url = h->ports.fleet == NULL ? NULL : fleet_owner_url(h->ports.fleet, service);
    char text[SETTINGS_URL_MAX + 256];
    if (url == NULL)
        return;
    (void)str_format(text, sizeof text, "%s Ask it at %s.", json_text_or(body, "message", ""), url);
    (void)json_put_text(body, "owner_url", url);
    (void)json_put_text(body, "message", text);
}

/* The asker may be gone when the answer of etcd comes. */
struct asked {
    struct handlers *handlers;
    uint64_t ticket;
};

static void on_ordered(void *context, int result, const char *why)
{
    struct asked *a = context;
    struct handlers *h = a->handlers;
    struct call *call = handlers_waited(h, a->ticket);
    mem_free(a);
    if (call == NULL)
        return;
    static const struct refusal own[] = {{-EBUSY, 409, "The engine lives", "engine_alive"}};
    if (result == -ENOENT || result == -EBUSY)
        handlers_refuse_error(h, call, result, why, own, ARRAY_LENGTH(own), "store_away");
    else if (result < 0)
        handlers_refuse(h, call, 503, "etcd does not answer", why, "store_away");
    else {
        char text[OPERATION_REASON_MAX * 4 + 128];
        (void)str_format(text, sizeof text, "engine %s: %s", json_text_or(call->args, "name", ""),
                         json_text_or(call->args, "reason", ""));
        account_done(h, call, text);
        call->answer(call, 200, fleet_status_json(h->ports.fleet, call->services == NULL));
    }
}

static void fleet_change(struct handlers *h, struct call *call)
{
    struct asked *a = there(h, call) ? mem_must(mem_calloc(1, sizeof *a)) : NULL;
    if (a == NULL)
        return;
    *a = (struct asked){h, handlers_wait(h, call)};
    fleet_order(h->ports.fleet, (enum fleet_order)handlers_order(h, call),
                json_text_or(call->args, "name", ""), on_ordered, a);
}

static const struct handling rows[] = {
    {OP_FLEET, .run = fleet_get},
    {OP_FLEET_DIFF, .run = fleet_get_diff},
    {OP_FLEET_DRAIN, .run = fleet_change, .order = FLEET_DRAIN, WRITES(CONFIGURATION, HIGH)},
    {OP_FLEET_UNDRAIN, .run = fleet_change, .order = FLEET_UNDRAIN, WRITES(CONFIGURATION, HIGH)},
    {OP_FLEET_REMOVE, .run = fleet_change, .order = FLEET_REMOVE, WRITES(CONFIGURATION, HIGH)},
    {0},
};

const struct resource resource_fleet = {NEEDS_NOTHING, rows};
