/* Shared by the files of the world alone: world.c opens, closes and joins services to
 * their Redis and host; world_records.c carries what is written down. */
#ifndef RESUS_DAEMON_WORLD_INSIDE_H
#define RESUS_DAEMON_WORLD_INSIDE_H

#include "accounts/accounts.h"
#include "alerts/alerts.h"
#include "alerts/maintenance.h"
#include "backups/backups.h"
#include "base/permit.h"
#include "daemon/audit_news.h"
#include "daemon/history.h"
#include "daemon/incidents.h"
#include "daemon/ledger.h"
#include "daemon/probe.h"
#include "daemon/world.h"
#include "fleet/fleet.h"
#include "procedures/procedures.h"
#include "redis/witness.h"
#include "restore/restores.h"
#include "sshkeys/sshkeys.h"
#include "store/audit.h"
#include "store/past_events.h"
#include "store/service_state.h"
#include "store/store.h"

/* The engine's newest question of the witness. */
struct witness_question {
    uint64_t id;
    int port;
    mono_ms deadline;
    bool titled;                  /* the process has been asked, too, where it listens */
    struct witness_facts refused; /* what the port said before */
};

/* A state that the store or the fleet has answered for, and the other has not yet. */
struct half_saved {
    uint64_t id;
    bool by_fleet;
    enum store_outcome outcome;
};

/* The command of a fleet's owner that is under way, and the right under which it went out. */
struct let_through {
    uint64_t id, right; /* 0 = none */
};

struct place {
    struct world *world;
    int index;
    uv_timer_t timer;
    struct redis_client *redis;
    struct redis_tunnel tunnel;
    struct controller *controller;
    struct witness *witness;
    struct witness_question question;
    struct ledger asked;  /* of Redis and the host, without an answer yet */
    struct error problem; /* why the service cannot be watched; code 0 = it is, with both ends */
    bool dormant;         /* another engine of the fleet owns it: there are no ends */
    struct let_through let_through;
    struct half_saved halves[FLEET_SAVES_MAX];
    size_t half_count;
    char stored[32]; /* status and health of the service_status that was stored last */
};

struct world {
    uv_loop_t *loop;
    const struct settings *settings;
    struct engine *engine;
    struct handlers *handlers;
    struct store *store;
    struct history history;
    struct audit *audit;
    struct audit_news news;
    struct accounts *accounts;
    struct incidents *incidents;
    struct alerts *alerts;
    struct maintenance *maintenance;
    struct backups *backups;
    struct restores *restores;
    struct procedures *procedures;
    struct fleet *fleet; /* NULL = this engine is alone */
    mono_ms self_watched;
    struct ssh_pool *ssh;
    struct sshkeys *keys;
    struct prober *prober;
    uv_timer_t self, later, thin;
    uv_timer_t refuse; /* answers what was asked of a service that is misconfigured */
    bool timers;
    struct error refused; /* why the last reload was; code 0 = it was not */
    struct place *places;
    int count;
    void (*heard)(void *context, int service, const json_t *event); /* NULL = no listener */
    void *listener;
};

/* A service's connection and controller; of a reload only what changes, the other one is NULL. */
struct ends {
    struct redis_client *redis;
    struct controller *controller;
    struct witness *witness; /* with either of them */
    struct ledger lost;      /* what was asked of those that these replace */
    struct error problem;    /* why there is neither */
};

/* world.c */
int place_open_redis(struct world *w, int index, const struct service_settings *s, struct ends *ret,
                     struct error *err) ATTR_MUST_USE;
int place_open_controller(struct world *w, int index, const struct service_settings *s,
                          struct ends *ret, struct error *err) ATTR_MUST_USE;
/* All of them, or none and the problem, with its place in the file. */
void place_open(struct world *w, int index, const struct settings *settings, struct ends *ret);
/* Takes what place_open() gave. */
void place_take(struct place *p, const struct ends *made);
void place_close_ends(struct ends *e);
/* Ends each of them once, as not known. */
void place_end_lost(struct place *p, struct ledger *lost, const char *why);
bool world_needs_ssh(const struct settings *settings);
/* The port of engine and handlers: a command on the service's host. */
void world_command(void *context, int service, const struct host_request *request);
/* What waits for a service without ends is answered on a later turn of the loop. */
void world_refuse_soon(struct world *w);

/* ... a request of Redis, without the engine's bookkeeping; 64 random bits */
void world_redis(void *context, int service, uint64_t id, enum redis_request request,
                 const char *const *args, bool fresh, mono_ms deadline);
uint64_t world_random(void *context);

/* world_backups.c */
int world_open_backups(struct world *w, struct error *err) ATTR_MUST_USE;
/* What is under way on the service that copies and restores wait for; NULL = nothing. */
const char *world_busy(const struct world *w, int service);
/* world_restores.c */
int world_open_procedures(struct world *w, struct error *err) ATTR_MUST_USE;
int world_open_restores(struct world *w, struct error *err) ATTR_MUST_USE;
/* world_maintenance.c */
int world_open_maintenance(struct world *w, struct error *err) ATTR_MUST_USE;

/* world_fleet.c */
int world_open_fleet(struct world *w, struct error *err) ATTR_MUST_USE;
void world_start_fleet(struct world *w);
/* The store has a state; the answer waits for etcd. False: there is no fleet. */
bool world_fleet_saved(struct world *w, int service, uint64_t id, enum store_outcome outcome);
/* What changes a service waits for the right to go out. False: it need not. */
bool world_fleet_command(struct place *p, const struct host_request *request);
bool world_fleet_redis(struct place *p, uint64_t id, enum redis_request request, bool fresh,
                       mono_ms deadline);
/* The port of whatever else changes a service. */
void world_permit(void *context, int service, const char *what, permit_done *done,
                  void *done_context);
/* What was asked has ended, however. */
void world_fleet_ended(struct place *p, const struct ledger_entry *asked);

/* world_witness.c */
int place_open_witness(struct world *w, int index, const struct service_settings *s,
                       struct ends *ret, struct error *err) ATTR_MUST_USE;
/* The port of engine and handlers: PING from the Redis host itself. */
void world_witness(void *context, int service, uint64_t id, int port, mono_ms deadline);
void witness_title_ended(struct place *p, uint64_t id, const struct host_result *r);
/* Nothing is left that could answer the question. */
void witness_lost(struct place *p, uint64_t id, const char *why);

/* world_records.c: the store, the audit file, the histories and the accounts that rest on them. */
int world_open_records(struct world *w, struct error *err) ATTR_MUST_USE;
void world_fill_record_ports(struct engine_ports *ports);
void world_close_records(struct world *w);
/* world_alerts.c */
/* A port of the accounts: a finding of the security watch. */
void world_acted(struct world *w, int service, const char *type, const json_t *body);
void world_finding(void *context, const char *service, const char *rule, const char *message);
/* accounts_ports.asked */
void world_asked(void *context, const char *email, const char *text, int64_t number);
/* The audit log and the state database, now and then: what is wrong with them is an alert. */
void world_watch_self(struct world *w);
void world_fill_alert_ports(struct engine_ports *ports);
int world_open_alerts(struct world *w, struct error *err) ATTR_MUST_USE;
/* world_keys.c */
int world_open_keys(struct world *w, struct error *err) ATTR_MUST_USE;

#endif
