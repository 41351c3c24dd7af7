/* A store like etcd with three nodes, in virtual time: one ordered history of changes, leases that
 * end late but never early (but for one fault), watches, and answers that are lost, late, or of a
 * leader of the past. Times are real milliseconds; engines see their own clocks only. */
#ifndef RESUS_TESTS_SIM_FLEETSIM_STORE_H
#define RESUS_TESTS_SIM_FLEETSIM_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "../chance.h"

#define ENGINES 3
#define SERVICES 4
#define LEASES_MAX 1024
#define CHANGES_MAX 8192
#define ASKS_MAX 256
#define NEVER INT64_MAX

enum ask_kind { ASK_GRANT, ASK_JOIN, ASK_RENEW, ASK_REVOKE, ASK_CLAIM, ASK_RELEASE, ASK_INTENT };

struct ask {
    bool used;
    bool carried_out;
    bool awaited;  /* by the engine that sent it */
    bool of_fence; /* a renewal for an action on `service` */
    enum ask_kind kind;
    int engine, service;
    int64_t lease, fence, intent; /* intent: of a release, the last one that its engine knows */
    int64_t sent_clock;           /* the engine's */
    int64_t arrives, answers;     /* NEVER: lost */
    /* the answer */
    bool ok, stale; /* stale: of a leader of the past, who changed nothing */
    int64_t ttl, revision;
    uint64_t term;
};

struct lease {
    bool alive;
    int engine;
    int64_t ends;
};

struct owner {
    int64_t lease; /* 0 = nobody */
    int64_t fence; /* the revision that made it */
    int64_t newest_fence, last_intent_fence, intent;
    int64_t revoked; /* when a lease that was kept alive took it away, last */
};

struct change {
    int64_t at;
    int service; /* -1 = the member `engine` */
    int engine;
    int64_t lease, fence;
};

struct store {
    struct chance *chance;
    int64_t now, revision, last_lease;
    uint64_t term;
    int64_t away_until; /* no majority, or no leader */
    int percent_lost, percent_late;
    int64_t cut_until[ENGINES]; /* the network of an engine */
    int64_t stale_until[ENGINES];
    struct lease leases[LEASES_MAX];
    struct owner owners[SERVICES];
    struct ask asks[ASKS_MAX];
    struct change changes[CHANGES_MAX];
    int change_count;
    const char *broken; /* a promise about what the store was told */
};

void store_begin(struct store *s, struct chance *chance);

/* False: too many are out. */
bool store_ask(struct store *s, struct ask ask);

/* Leases end, requests arrive. */
void store_turn(struct store *s);

/* A leader stuck on its disk ends a lease that is kept alive. */
void store_revoke_one(struct store *s);

/* A new leader: terms rise and the time of every lease starts again. */
void store_new_leader(struct store *s, int64_t away_ms);

#endif
