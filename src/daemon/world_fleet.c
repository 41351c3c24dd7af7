/* The fleet's ports: services that come and go, states that are stored twice, and commands that wait
 * for the right to go out. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/world_inside.h"
#include "engine/owned.h"
#include "io/clock.h"
#include "io/log.h"

/* ── coming and going ── */

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

/* Closes what reaches the service; what was asked of it ends as not known. */
static void close_ends(struct place *p, const char *why)
{
    struct ends old = {.redis = p->redis, .controller = p->controller, .witness = p->witness};
    struct ledger lost = ledger_take(&p->asked, false);
    struct ledger commands = ledger_take(&p->asked, true);
    if (old.redis == NULL && old.controller == NULL && old.witness == NULL) {
        ledger_give_up(&commands, NULL);
    } else {
        ledger_give_up(&commands, old.controller);
        handlers_reopened(p->world->handlers, p->index);
    }
    ledger_join(&lost, &commands);
    p->redis = NULL;
    p->controller = NULL;
    p->witness = NULL;
    place_end_lost(p, &lost, why);
    if (old.witness != NULL)
        witness_give_up(old.witness, why);
    place_close_ends(&old);
}

static void port_own(void *context, int service, const struct service_state *state, int64_t fence)
{
    struct world *w = context;
    struct place *p = &w->places[service];
    const struct engine_owner owner = {w->settings->fleet.name, fence};
    p->dormant = false;
    if (p->redis == NULL) {
        struct ends made;
        place_open(w, service, w->settings, &made);
        place_take(p, &made);
    }
    if (engine_own(w->engine, service, state, &owner, clock_now()) < 0)
        log_error("fleet", "%s: out of memory", w->settings->services[service].id);
    if (p->problem.code != 0)
        engine_misconfigured(w->engine, service, p->problem.text, clock_now());
}

static void port_elsewhere(void *context, int service, const char *name, int64_t fence)
{
    struct world *w = context;
    struct place *p = &w->places[service];
    const struct engine_owner owner = {name, fence};
    p->dormant = true;
    if (engine_elsewhere(w->engine, service, &owner, clock_now()) < 0)
        log_error("fleet", "%s: out of memory", w->settings->services[service].id);
    (void)error_set(&p->problem, -EPERM, "the service is not owned by this engine of the fleet");
    close_ends(p, p->problem.text);
}

static void port_unsure(void *context, int service, bool unsure)
{
    struct world *w = context;
    engine_unsure(w->engine, service, unsure, clock_now());
}

static bool port_busy(void *context, int service)
{
    const struct world *w = context;
    return engine_owned_busy(w->engine, service) ||
           (w->restores != NULL && restores_holds(w->restores, service));
}

/* ── states are stored here and in etcd ── */

/* The answer of one of the two waits for the other; the worse of them is given. */
static void half_saved(struct world *w, int service, uint64_t id, bool by_fleet,
                       enum store_outcome outcome)
{
    struct place *p = &w->places[service];
    for (size_t i = 0; i < p->half_count; i++) {
        struct half_saved *h = &p->halves[i];
        if (h->id != id || h->by_fleet == by_fleet)
            continue;
        enum store_outcome worse = h->outcome != STORE_DURABLE ? h->outcome : outcome;
        *h = p->halves[--p->half_count];
        engine_save_ended(w->engine, service, id, worse, clock_now());
        return;
    }
    if (p->half_count == ARRAY_LENGTH(p->halves)) { /* of requests that are long given up */
        memmove(&p->halves[0], &p->halves[1], sizeof p->halves - sizeof p->halves[0]);
        p->half_count--;
    }
    p->halves[p->half_count++] = (struct half_saved){id, by_fleet, outcome};
}

static void port_saved(void *context, int service, uint64_t id, bool good)
{
    half_saved(context, service, id, true, good ? STORE_DURABLE : STORE_FAILED);
}

bool world_fleet_saved(struct world *w, int service, uint64_t id, enum store_outcome outcome)
{
    if (w->fleet == NULL)
        return false;
    half_saved(w, service, id, false, outcome);
    return true;
}

/* ── commands wait for the right to go out ── */

/* A command, or a request to Redis, that changes what runs. */
struct held {
    struct place *place;
    bool of_host;
    struct host_request command;
    uint64_t id;
    enum redis_request request;
    bool fresh;
    mono_ms deadline;
};

static bool acts_on_host(enum host_command command)
{
    return command == HOST_START || command == HOST_STOP || command == HOST_RESTART ||
           command == HOST_RELOAD || command == HOST_RESET_FAILED;
}

static bool acts_on_redis(enum redis_request request)
{
    return request == REDIS_SCRIPT_KILL || request == REDIS_FUNCTION_KILL ||
           request == REDIS_BGSAVE;
}

static void refuse_held(const struct held *h, const char *why)
{
    struct place *p = h->place;
    struct ledger_entry asked;
    struct ledger one = {0};
    if (!ledger_settle(&p->asked, h->of_host ? h->command.id : h->id, &asked))
        return; /* it has ended otherwise */
    if (h->of_host)
        ledger_host(&one, asked.id, asked.command, asked.number, asked.asked);
    else
        ledger_redis(&one, asked.id, asked.request, asked.asked);
    ledger_give_up(&one, NULL); /* nothing was sent */
    place_end_lost(p, &one, why);
}

static void on_may(void *context, int service, bool may, const char *why)
{
    struct held *h = context;
    struct place *p = h->place;
    struct world *w = p->world;
    bool there = h->of_host ? p->controller != NULL : p->redis != NULL;
    bool waits = ledger_waits(&p->asked, h->of_host ? h->command.id : h->id);
    if (may && there && waits && h->of_host)
        p->controller->ops->run(p->controller, &h->command);
    else if (may && there && waits)
        redis_client_request(p->redis, h->id, h->request, NULL, h->fresh, h->deadline);
    else
        refuse_held(h, why[0] != '\0' ? why : p->problem.text);
    if (may && !(there && waits))
        fleet_acted(w->fleet, service);
    mem_free(h);
}

bool world_fleet_command(struct place *p, const struct host_request *request)
{
    struct world *w = p->world;
    if (w->fleet == NULL || !acts_on_host(request->command))
        return false;
    struct held *h = mem_must(mem_calloc(1, sizeof *h));
    *h = (struct held){.place = p, .of_host = true, .command = *request};
    fleet_guard(w->fleet, p->index, host_command_name(request->command), on_may, h);
    return true;
}

bool world_fleet_redis(struct place *p, uint64_t id, enum redis_request request, bool fresh,
                       mono_ms deadline)
{
    static const char *const words[REDIS_REQUEST_COUNT] = {[REDIS_SCRIPT_KILL] = "script-kill",
                                                           [REDIS_FUNCTION_KILL] = "function-kill",
                                                           [REDIS_BGSAVE] = "bgsave"};
    struct world *w = p->world;
    if (w->fleet == NULL || !acts_on_redis(request))
        return false;
    struct held *h = mem_must(mem_calloc(1, sizeof *h));
    *h = (struct held){
        .place = p, .id = id, .request = request, .fresh = fresh, .deadline = deadline};
    fleet_guard(w->fleet, p->index, words[request], on_may, h);
    return true;
}

void world_fleet_ended(struct place *p, const struct ledger_entry *asked)
{
    struct world *w = p->world;
    if (w->fleet != NULL &&
        (asked->of_host ? acts_on_host(asked->command) : acts_on_redis(asked->request)))
        fleet_acted(w->fleet, p->index);
}

/* ── opening ── */

int world_open_fleet(struct world *w, struct error *err)
{
    const struct fleet_ports ports = {.context = w,
                                      .now = port_now,
                                      .own = port_own,
                                      .elsewhere = port_elsewhere,
                                      .unsure = port_unsure,
                                      .busy = port_busy,
                                      .saved = port_saved};
    if (w->settings->fleet.etcd.count == 0)
        return 0;
    return fleet_open(w->loop, w->settings, &ports, &w->fleet, err);
}

void world_start_fleet(struct world *w)
{
    for (int i = 0; w->fleet != NULL && i < w->count; i++)
        port_elsewhere(w, i, "", 0);
    if (w->fleet != NULL)
        fleet_start(w->fleet);
}
