/* Shared by the files of the world, and by nobody else: world.c opens, closes and joins services to
 * their Redis and host; world_records.c carries what is written down. */
#ifndef RESUS_DAEMON_WORLD_INSIDE_H
#define RESUS_DAEMON_WORLD_INSIDE_H

#include "daemon/history.h"
#include "daemon/incidents.h"
#include "daemon/probe.h"
#include "daemon/world.h"
#include "handlers/accounts.h"
#include "redis/witness.h"
#include "store/audit.h"
#include "store/store.h"

#define COMMANDS_MAX 64 /* host commands under way of one service */

struct command_asked {
    uint64_t id;
    enum host_command command;
    int number;
};

struct place {
    struct world *world;
    int index;
    uv_timer_t timer;
    struct redis_client *redis;
    struct redis_tunnel tunnel;
    struct controller *controller;
    struct witness *witness;
    struct command_asked commands[COMMANDS_MAX];
    unsigned command_next;
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
    struct accounts *accounts;
    struct incidents *incidents;
    struct ssh_pool *ssh;
    struct prober *prober;
    uv_timer_t self, later, thin;
    bool timers;
    struct place *places;
    int count;
    void (*heard)(void *context, int service, const json_t *event); /* NULL = nobody listens */
    void *listener;
};

/* world_records.c: the store, the audit file, the histories and the accounts that rest on them. */
int world_open_records(struct world *w, struct error *err) ATTR_MUST_USE;
void world_fill_record_ports(struct engine_ports *ports);
void world_close_records(struct world *w);

#endif
