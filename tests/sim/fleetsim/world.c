#include "world.h"

#include <stdio.h>
#include <string.h>

#define TROUBLE_EVERY_MS 9000
#define DEATH_EVERY_MS 30000
#define CURED_WITHIN_MS 40000
#define RATE_MAX 50000 /* millionths: far more than clocks differ, within the margin */

void world_say(const struct world *w, int e, const char *what, int service, int64_t number)
{
    if (w->trace)
        (void)printf("%8lld engine %d: %s, service %d, %lld\n", (long long)w->store.now, e + 1,
                     what, service, (long long)number);
}

static void promise(struct world *w, bool kept, const char *what, int service)
{
    if (!kept && w->failure[0] == '\0')
        (void)snprintf(w->failure, sizeof w->failure, "%s (service %d, at %lld)", what, service,
                       (long long)w->store.now);
}

/* A machine that stood still with all its clocks between the renewal and the command, and a lease
 * that the store took away although it was kept alive: nothing in the engine shows it. */
static bool stood_still(const struct world *w, const struct command *c)
{
    return w->engines[c->engine].stood_still >= c->guarded;
}

static bool excused(const struct world *w, const struct command *c)
{
    return c->stood_still || w->store.owners[c->service].revoked >= c->guarded;
}

void world_send(struct world *w, struct command c)
{
    c.used = true;
    c.stood_still = stood_still(w, &c);
    c.arrives = w->store.now + (chance_percent(&w->chance, 75)
                                    ? chance_between(&w->chance, 20, 300)
                                    : chance_between(&w->chance, 300, TENURE_ACT_MS - TURN_MS));
    promise(w, w->store.now - c.guarded <= TENURE_TTL_MS || c.stood_still,
            "a command that the store has not heard of", c.service);
    world_say(w, c.engine, "sends a command", c.service, c.fence);
    for (int i = 0; i < COMMANDS_MAX; i++)
        if (!w->commands[i].used) {
            w->commands[i] = c;
            w->acts++;
            return;
        }
    promise(w, false, "too many commands at once", c.service);
}

static void arrive(struct world *w)
{
    for (int i = 0; i < COMMANDS_MAX; i++) {
        struct command *c = &w->commands[i];
        if (!c->used || w->store.now < c->arrives)
            continue;
        c->used = false;
        if (w->store.owners[c->service].newest_fence != c->fence) {
            w->excused++;
            promise(w, excused(w, c), "a command after another tenure began", c->service);
        }
        w->dead[c->service] = false;
        w->dies[c->service] = w->store.now + chance_wait(&w->chance, DEATH_EVERY_MS);
    }
}

static void servers(struct world *w)
{
    for (int i = 0; i < SERVICES; i++)
        if (!w->dead[i] && w->store.now >= w->dies[i] &&
            w->store.now < TROUBLE_MS + PEACE_MS - CURED_WITHIN_MS) {
            w->dead[i] = true;
            w->died[i] = w->store.now;
        }
}

static void pause_engine(struct world *w, struct engine *g)
{
    g->paused_until = w->store.now + chance_between(&w->chance, 200, 30000);
    g->clock_stops = chance_percent(&w->chance, 40);
    if (g->clock_stops)
        g->stood_still = g->paused_until; /* until it ends, and all that is under way then */
}

static void trouble(struct world *w)
{
    struct chance *c = &w->chance;
    int e = (int)chance_between(c, 0, ENGINES - 1);
    struct engine *g = &w->engines[e];
    int64_t now = w->store.now;
    switch (chance_between(c, 0, 8)) {
    case 0:
        g->down = true;
        g->down_until = now + chance_between(c, 100, 60000);
        break;
    case 1:
    case 2:
        pause_engine(w, g);
        break;
    case 3:
        w->store.away_until = now + chance_between(c, 500, 40000);
        break;
    case 4:
        store_new_leader(&w->store, chance_between(c, 0, 3000));
        break;
    case 5:
        w->store.cut_until[e] = now + chance_between(c, 500, 30000);
        break;
    case 6:
        g->silent_until = now + chance_between(c, 500, 30000);
        break;
    case 7:
        if (chance_percent(c, 30))
            store_revoke_one(&w->store);
        else
            g->drained = !g->drained;
        break;
    default:
        w->store.stale_until[e] = now + chance_between(c, 500, 20000);
        break;
    }
}

static void peace(struct world *w)
{
    w->store.percent_lost = w->store.percent_late = 0;
    w->store.away_until = 0;
    for (int e = 0; e < ENGINES; e++) {
        struct engine *g = &w->engines[e];
        g->paused_until = g->silent_until = g->down_until = 0;
        w->store.cut_until[e] = w->store.stale_until[e] = 0;
    }
    w->engines[0].drained = false; /* one engine has to do the work */
}

static void run_clock(struct engine *g)
{
    g->part += TURN_MS * (1000000 + g->rate);
    g->clock += g->part / 1000000;
    g->part %= 1000000;
}

/* A stale answer only to who has seen the present leader: one that nobody could know of has to be
 * stopped by the transaction, and is no renewal. */
static void engines(struct world *w)
{
    for (int e = 0; e < ENGINES; e++) {
        struct engine *g = &w->engines[e];
        bool paused = w->store.now < g->paused_until;
        if (g->tenure.term < w->store.term)
            w->store.stale_until[e] = 0;
        if (!paused || !g->clock_stops)
            run_clock(g);
        if (g->down && w->store.now >= g->down_until) {
            g->down = false;
            engine_start(w, e);
        }
        if (!paused && !g->down)
            engine_turn(w, e);
    }
}

static void ended_well(struct world *w)
{
    for (int i = 0; i < SERVICES; i++) {
        const struct owner *o = &w->store.owners[i];
        promise(w, o->lease != 0, "nobody owns a service in peace", i);
        if (o->lease == 0)
            return;
        const struct engine *g = &w->engines[w->store.leases[o->lease].engine];
        promise(w, !g->drained, "a drained engine still owns a service", i);
        promise(w, g->lease == o->lease && g->tenure.phase == TENURE_HELD,
                "the owner does not know that it is", i);
        promise(w, !w->dead[i], "a server was not cured in peace", i);
    }
}

bool world_run(uint64_t seed, bool trace, struct world *w)
{
    memset(w, 0, sizeof *w);
    w->chance.state = seed;
    w->trace = trace;
    store_begin(&w->store, &w->chance);
    for (int e = 0; e < ENGINES; e++) {
        struct engine *g = &w->engines[e];
        g->clock = chance_between(&w->chance, 1000, 1000000);
        g->rate = chance_between(&w->chance, -RATE_MAX, RATE_MAX);
        g->stood_still = -1;
        engine_start(w, e);
    }
    for (int i = 0; i < SERVICES; i++) {
        w->store.owners[i].revoked = -1;
        w->dies[i] = chance_wait(&w->chance, DEATH_EVERY_MS);
    }
    w->next_trouble = chance_wait(&w->chance, TROUBLE_EVERY_MS);
    for (; w->store.now < TROUBLE_MS + PEACE_MS && w->failure[0] == '\0'; w->store.now += TURN_MS) {
        if (w->store.now == TROUBLE_MS)
            peace(w);
        if (w->store.now < TROUBLE_MS && w->store.now >= w->next_trouble) {
            trouble(w);
            w->next_trouble = w->store.now + chance_wait(&w->chance, TROUBLE_EVERY_MS);
        }
        servers(w);
        store_turn(&w->store);
        engines(w);
        arrive(w);
        promise(w, w->store.broken == NULL, w->store.broken != NULL ? w->store.broken : "", -1);
    }
    if (w->failure[0] == '\0')
        ended_well(w);
    return w->failure[0] == '\0';
}
