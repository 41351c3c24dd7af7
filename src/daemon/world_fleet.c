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
    half_saved(context, service, id, true, good ? STORE_DURABLE : STORE_AWAY);
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

/* What is not named here is an act. The canary and the smoke test write a key of their own that
 * expires, whoever owns the service. */
static bool only_reads(enum redis_request request)
{
    switch (request) {
    case REDIS_PING:
    case REDIS_INFO:
    case REDIS_CONFIG:
    case REDIS_SLOWLOG:
    case REDIS_CLIENT_LIST:
    case REDIS_COMMANDSTATS:
    case REDIS_CLUSTER_INFO:
    case REDIS_LASTSAVE_INFO:
    case REDIS_SCAN:
    case REDIS_MEMORY_USAGE:
    case REDIS_TYPE:
    case REDIS_CONFIG_GET:
    case REDIS_TIME:
    case REDIS_ACL_WHOAMI:
    case REDIS_ACL_DRYRUN:
    case REDIS_CANARY:
    case REDIS_STRANGER_PING:
    case REDIS_SMOKE:
        return true;
    default:
        return false;
    }
}

static void refuse_held(const struct held *h, const char *why)
{
    struct place *p = h->place;
    struct ledger_entry asked;
    struct ledger one = {0};
    if (!ledger_settle(&p->asked, h->id, &asked))
        return; /* it has ended otherwise */
    if (h->of_host)
        ledger_host(&one, asked.id, asked.command, asked.number, asked.asked);
    else
        ledger_redis(&one, asked.id, asked.request, asked.asked);
    ledger_give_up(&one, NULL); /* nothing was sent */
    place_end_lost(p, &one, why);
}

static void on_may(void *context, int service, uint64_t right, const char *why)
{
    struct held *h = context;
    struct place *p = h->place;
    struct world *w = p->world;
    bool there = h->of_host ? p->controller != NULL : p->redis != NULL;
    bool goes = right != 0 && there && ledger_waits(&p->asked, h->id);
    if (goes)
        p->let_through = (struct let_through){.id = h->id, .right = right};
    if (goes && h->of_host)
        p->controller->ops->run(p->controller, &h->command);
    else if (goes)
        redis_client_request(p->redis, h->id, h->request, NULL, h->fresh, h->deadline);
    else
        refuse_held(h, why[0] != '\0' ? why : p->problem.text);
    if (right != 0 && !goes)
        fleet_acted(w->fleet, service, right, true);
    mem_free(h);
}

bool world_fleet_command(struct place *p, const struct host_request *request)
{
    struct world *w = p->world;
    if (w->fleet == NULL || !host_command_acts(request->command))
        return false;
    struct held *h = mem_must(mem_calloc(1, sizeof *h));
    *h = (struct held){.place = p, .of_host = true, .id = request->id, .command = *request};
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
    if (w->fleet == NULL || only_reads(request))
        return false;
    struct held *h = mem_must(mem_calloc(1, sizeof *h));
    *h = (struct held){
        .place = p, .id = id, .request = request, .fresh = fresh, .deadline = deadline};
    fleet_guard(w->fleet, p->index, words[request] == NULL ? "a command" : words[request], on_may,
                h);
    return true;
}

void world_fleet_ended(struct place *p, const struct ledger_entry *asked)
{
    struct world *w = p->world;
    if (w->fleet == NULL || p->let_through.right == 0 || p->let_through.id != asked->id)
        return;
    fleet_acted(w->fleet, p->index, p->let_through.right, true);
    p->let_through = (struct let_through){0};
}

/* ── permits: what the other floors change ── */

struct asking {
    struct world *world;
    permit_done *done;
    void *context;
};

static enum permit_state look_at_right(void *context, int service, uint64_t right)
{
    const struct world *w = context;
    return w->fleet == NULL ? PERMIT_OVER : fleet_right(w->fleet, service, right);
}

/* Also after the fleet was closed: a worker ends when it ends. */
static void end_right(void *context, int service, uint64_t right)
{
    struct world *w = context;
    if (w->fleet != NULL)
        fleet_acted(w->fleet, service, right, false);
}

static void on_right(void *context, int service, uint64_t right, const char *why)
{
    struct asking *a = context;
    const struct permit permit = {.look = look_at_right,
                                  .end = end_right,
                                  .context = a->world,
                                  .service = service,
                                  .number = right};
    a->done(a->context, right == 0 ? NULL : &permit, why);
    mem_free(a);
}

void world_permit(void *context, int service, const char *what, permit_done *done,
                  void *done_context)
{
    struct world *w = context;
    if (w->settings->fleet.etcd.count == 0) {
        done(done_context, &permit_alone, "");
        return;
    }
    if (w->fleet == NULL) {
        done(done_context, NULL, "Resus is stopping");
        return;
    }
    struct asking *a = mem_must(mem_calloc(1, sizeof *a));
    *a = (struct asking){w, done, done_context};
    fleet_guard(w->fleet, service, what, on_right, a);
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
