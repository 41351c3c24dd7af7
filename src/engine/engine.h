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
#include "engine/port.h"
#include "redis/exposition.h"
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
/* Before the askers go: everybody who waits for an answer is told 503 without a body. What is under
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

/* ── what people ask ── */
enum engine_operation {
    OPERATION_START,
    OPERATION_STOP,
    OPERATION_RESTART,
    OPERATION_RELOAD,
    ENGINE_OPERATION_COUNT
};
const char *engine_operation_word(enum engine_operation operation);

/* Answers exactly once: an HTTP status and a body (a new reference that the callee owns). Never on
 * the caller's stack, except engine_refuse()'s. */
typedef void engine_answer(void *context, int status, json_t *body);

struct engine_request {
    enum engine_operation operation;
    struct engine_user user;
    bool force, confirmation, emergency;
    char reason[AUDIT_REASON_MAX * 4];
    char message[512];
    engine_answer *answer;
    void *context;
};
void engine_operate(struct engine *e, int service, const struct engine_request *request,
                    struct now now);
/* One full check now; answers with {status: ..., health: ...}. Calls at the same time share one. */
void engine_refresh(struct engine *e, int service, engine_answer *answer, void *context,
                    struct now now);

/* Orders hold in memory at once. `order` is answered when they are on the disk: 200 without a body,
 * else 503 `not_stored`, and storing is tried again. NULL: nobody waits for that. It may be
 * answered on the caller's stack, as the last thing, when too many wait. */
struct engine_order {
    engine_answer *answer;
    void *context;
};
struct engine_setting {
    const char *key, *value;
};
/* Settings at run time: audited, persisted, published. All or none: a negative error for a bad
 * value, and then `order` is not answered. */
int engine_recovery_set(struct engine *e, int service, const struct engine_setting *settings,
                        size_t count, const struct engine_user *user,
                        const struct engine_order *order, struct now now,
                        struct error *err) ATTR_MUST_USE;
void engine_recovery_reset(struct engine *e, int service, const struct engine_user *user,
                           const char *reason, const struct engine_order *order, struct now now);
void engine_pause(struct engine *e, int service, int64_t for_ms, const struct engine_user *user,
                  const char *reason, const struct engine_order *order, struct now now);
void engine_resume(struct engine *e, int service, const struct engine_user *user,
                   const char *reason, const struct engine_order *order, struct now now);

/* A banner that is no service's own doing (`notice`): `kind` is a word such as
 * "security"; roles below `least_role` are not shown it. */
void engine_notice(struct engine *e, int service, const char *kind, const char *least_role,
                   const char *message, struct now now);

/* ── what it says; a new reference, NULL for lack of memory ── */
int engine_service_count(const struct engine *e);
int engine_service_index(const struct engine *e, const char *id); /* -1 none */
const struct service_settings *engine_settings(const struct engine *e, int service);
json_t *engine_services_json(const struct engine *e, struct now now);
json_t *engine_status_json(const struct engine *e, int service, struct now now);
json_t *engine_health_json(const struct engine *e, int service, struct now now);
json_t *engine_recovery_json(const struct engine *e, int service, struct now now);
json_t *engine_explain_json(const struct engine *e, int service, struct now now);
json_t *engine_preflight_json(const struct engine *e, int service, enum engine_operation operation,
                              struct now now);
/* [service_status, service_health] as they would be published now, under the last event's seq: what
 * a WebSocket begins with. */
json_t *engine_state_events(const struct engine *e, int service, struct now now);
/* Why the engine trusts nothing that it measured just now; NULL = it does. A static text. */
const char *engine_doubt(const struct engine *e, struct now now);
/* Can nothing be told (503 in the API): host unreachable, self-doubt, before the first check? */
bool engine_cannot_tell(const struct engine *e, int service);

/* New settings after a reload: services that stayed keep their state; others come and go with the
 * next start of the daemon. `settings` replaces the borrowed one. */
void engine_reconfigure(struct engine *e, const struct settings *settings, struct now now);
/* The settings of the service cannot be used: it is not watched and not acted on, and says why.
 * NULL: they can, and the watch begins (again). */
void engine_misconfigured(struct engine *e, int service, const char *why, struct now now);
/* Why the service is not watched; NULL = it is. Valid until the engine's next turn. */
const char *engine_problem(const struct engine *e, int service);
/* The connection to Redis or the controller of the service is a new one. Every request to the old
 * one has ended: REPLY_NONE; HOST_CUT_OFF when its effect is unknown, HOST_CANCELLED when it has
 * none. The service is probed at once. */
void engine_reopened(struct engine *e, int service, struct now now);

/* How late checks began, of all wake-ups of the last one to two minutes. */
struct engine_timing {
    int64_t wakeups;
    int64_t p50_ms, p99_ms, worst_ms; /* p50 and p99 are 1000 when they are more */
};
void engine_timing(const struct engine *e, struct engine_timing *ret);

/* Tells the users of a service (-1 = of all) something: an event `notice`, an audit line, and shown
 * in the status for half an hour. Returns how many services were told. */
#define ENGINE_NOTICES_MAX 16 /* the newest */
int engine_notify(struct engine *e, int service, const struct engine_user *user,
                  const char *message, struct now now);

/* The lowest used memory of each of the last hours as the store remembers it, oldest first,
 * negative = unknown; the last one belongs to Unix hour `hour`. So that a restart of ours forgets
 * no trend. */
void engine_seed_memory(struct engine *e, int service, int64_t hour,
                        const int64_t lows[HEALTH_HOURS]);

/* ── figures for /metrics ── */

/* Since the start of the daemon. */
struct engine_counters {
    uint64_t checks, failed_checks; /* PINGs that ended, and that no PONG ended */
    uint64_t recoveries[RECOVERY_LEVEL_COUNT][RECOVERY_END_COUNT];
    uint64_t succeeded[ENGINE_OPERATION_COUNT], failed[ENGINE_OPERATION_COUNT];
    uint64_t events;
};
struct engine_figures {
    struct engine_counters counters;
    enum overall overall;
    const char *status, *cause;        /* words */
    bool up;                           /* the newest PING was answered */
    bool figures_hold;                 /* ... and `redis` is of the process that answers now */
    wall_ms certificate_ends;          /* of the server; WALL_NONE = not known, or no TLS */
    const struct canary_facts *canary; /* NULL = none, or none that is recent */
    double ping_ms;                    /* the newest answer took, < 0 unknown */
    bool recovery_enabled, breaker_open, needs_human, paused, stopped_on_purpose;
    int attempts;
    enum withheld withheld;
    bool guarded; /* a failure would be treated */
    wall_ms last_check;
    const struct exposition *redis; /* as Redis last told; valid until the engine's next turn */
    wall_ms redis_at;               /* when; WALL_NONE = never */
};
void engine_figures(const struct engine *e, int service, struct now now,
                    struct engine_figures *ret);

/* How late checks began, since the start: `below[i]` of `count` at most engine_late_bounds_ms[i].
 */
#define ENGINE_LATE_BUCKETS 8
extern const int64_t engine_late_bounds_ms[ENGINE_LATE_BUCKETS];
struct engine_lateness {
    uint64_t below[ENGINE_LATE_BUCKETS], count, sum_ms;
};
void engine_lateness(const struct engine *e, struct engine_lateness *ret);

#endif
