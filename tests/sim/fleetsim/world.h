/* Three engines, a store and four services with servers that die: what must never happen, and what
 * must happen once peace has come. */
#ifndef RESUS_TESTS_SIM_FLEETSIM_WORLD_H
#define RESUS_TESTS_SIM_FLEETSIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ownership.h"
#include "store.h"

#define TURN_MS 20
#define TROUBLE_MS INT64_C(300000)
#define PEACE_MS INT64_C(180000)
#define COMMANDS_MAX 64

/* What an engine knows of a service. */
struct known {
    int64_t lease, fence, intent;
    int owner;
    mono_ms since, asked;
    enum fence_phase fence_at;
    bool acting;
    int64_t guarded; /* real time at which the intent was carried out, for the promise alone */
    int64_t command_until; /* own clock: nothing is sent before */
    int64_t writes_until,
        writes_fence; /* a change of many writes, as a restore; 0 = none is under way */
};

struct engine {
    struct tenure tenure;
    int64_t clock, part; /* its own boot clock, and what is left of a whole millisecond */
    int64_t rate;        /* millionths that it runs fast (+) or slow (-) */
    int64_t down_until, paused_until;
    bool down, clock_stops; /* of the pause */
    int64_t renewed;     /* when the store renewed its lease, last (real), for the promise alone */
    int64_t stood_still; /* when a pause with stopped clocks began, last (real) */
    int64_t lease;
    int watched; /* changes of the store that it has seen */
    int64_t silent_until, view_clock;
    bool view;
    bool drained;
    int64_t member_lease[ENGINES], member_since[ENGINES]; /* own clock */
    struct known known[SERVICES];
};

struct command {
    bool used;
    bool stood_still; /* the engine, with all its clocks, before it was sent */
    int engine, service;
    int64_t fence, guarded, arrives;
};

struct world {
    struct chance chance;
    struct store store;
    struct engine engines[ENGINES];
    bool dead[SERVICES]; /* the server is down */
    int64_t dies[SERVICES], died[SERVICES];
    struct command commands[COMMANDS_MAX];
    bool trace;
    int64_t next_trouble;
    uint64_t acts, writes, takeovers, excused, handed_over;
    char failure[160];
};

/* False: a promise was broken; `failure` says which. */
bool world_run(uint64_t seed, bool trace, struct world *w);

/* One turn of an engine that runs. */
void engine_turn(struct world *w, int e);
void engine_start(struct world *w, int e);
void world_say(const struct world *w, int e, const char *what, int service, int64_t number);
/* A command leaves the engine for the server's host. */
void world_send(struct world *w, struct command c);

#endif
