/* The engine: the watch, recovery and operations of every service in one process. Decisions are
 * core's; the world is behind port tables (port.h). One thread, no clock of its own. */
#ifndef RESUS_ENGINE_ENGINE_H
#define RESUS_ENGINE_ENGINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/user.h"
#include "base/error.h"
#include "core/health.h"
#include "core/recovery.h"
#include "engine/commands.h"
#include "engine/port.h"
#include "engine/queries.h"
#include "settings/settings.h"

struct engine;

/* `settings` is borrowed and must outlive the engine. `saved` holds service_count states as loaded
 * from the store (all zero with the id set where none was). */
int engine_new(const struct settings *settings, const struct engine_ports *ports,
               const struct service_state *saved, struct now now, struct engine **ret,
               struct error *err) ATTR_MUST_USE;
/* What was before this start, newest first; between engine_new and engine_start. */
#define ENGINE_RECALL_MAX 64
void engine_recall(struct engine *e, int service, const struct recovery_record *newest_first,
                   size_t count);
/* Begins to watch: first checks are spread over a second. */
void engine_start(struct engine *e, struct now now);
/* Before the askers go: every caller that waits for an answer gets 503 without a body. What is under
 * way goes on as long as the engine is turned. */
void engine_end(struct engine *e);
/* Runs no completion. Takes NULL. */
void engine_free(struct engine *e);

/* ── what the world tells ── */
void engine_wake(struct engine *e, int service, struct now now);
void engine_redis_ended(struct engine *e, int service, const struct redis_answer *answer,
                        struct now now);
/* Error replies to requests that were not the engine's. */
void engine_own_errors(struct engine *e, int service, int count);
void engine_redis_lost(struct engine *e, int service, const char *why, struct now now);
/* A hint: the process of the unit has ended, a look will find it so. */
void engine_process_ended(struct engine *e, int service, struct now now);
void engine_host_ended(struct engine *e, int service, const struct host_outcome *outcome,
                       struct now now);
void engine_witness_ended(struct engine *e, int service, const struct witness_outcome *outcome,
                          struct now now);
void engine_save_ended(struct engine *e, int service, uint64_t id, enum store_outcome outcome,
                       struct now now);
void engine_audit_ended(struct engine *e, int service, uint64_t id, enum audit_outcome outcome,
                        struct now now);
void engine_probe_ended(struct engine *e, int service, const struct probe_outcome *outcome,
                        struct now now);

/* ── reloads ── */
/* New settings after a reload: services that stayed keep their state; others come and go with the
 * next start of the daemon. `settings` replaces the borrowed one. */
void engine_reconfigure(struct engine *e, const struct settings *settings, struct now now);
/* The settings of the service cannot be used: it is not watched and not acted on, and says why.
 * NULL: they can, and the watch begins (again). */
void engine_misconfigured(struct engine *e, int service, const char *why, struct now now);
/* The connection to Redis or the controller of the service is a new one. Every request to the old
 * one has ended: REPLY_NONE; HOST_CUT_OFF when its effect is unknown, HOST_CANCELLED when it has
 * none. The service is probed at once. */
void engine_reopened(struct engine *e, int service, struct now now);

/* The lowest used memory of each of the last hours as the store remembers it, oldest first,
 * negative = unknown; the last one belongs to Unix hour `hour`. So that a restart of ours forgets
 * no trend. */
void engine_seed_memory(struct engine *e, int service, int64_t hour,
                        const int64_t lows[HEALTH_HOURS]);

#endif
