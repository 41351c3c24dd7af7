/* What the engine says: the state of services as JSON, figures about itself. */
#ifndef RESUS_ENGINE_QUERIES_H
#define RESUS_ENGINE_QUERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "core/health.h"
#include "core/recovery.h"
#include "engine/commands.h"
#include "redis/exposition.h"
#include "settings/settings.h"

struct engine;

/* ── JSON: a new reference, NULL for lack of memory ── */
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
/* Is the state unknown (503 in the API): host unreachable, self-doubt, before the first check? */
bool engine_cannot_tell(const struct engine *e, int service);
/* The id of a service on which an operation or an action of recovery is under way; NULL: none. */
const char *engine_at_work(const struct engine *e, struct now now);
/* Does a maintenance window hold the service? */
bool engine_maintained(const struct engine *e, int service);
/* Why the service is not watched; NULL = it is. Valid until the engine's next turn. */
const char *engine_problem(const struct engine *e, int service);

/* How late checks began, of all wake-ups of the last one to two minutes. */
struct engine_timing {
    int64_t wakeups;
    int64_t p50_ms, p99_ms, worst_ms; /* p50 and p99 are 1000 when they are more */
};
void engine_timing(const struct engine *e, struct engine_timing *ret);

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
    wall_ms certificate_ends;          /* of the server; WALL_NONE = not known, or no TLS */
    const struct canary_facts *canary; /* NULL = none, or none that is recent */
    double ping_ms;                    /* the newest answer took, < 0 unknown */
    bool recovery_enabled, breaker_open, needs_human, paused, stopped_on_purpose;
    int attempts;
    enum withheld withheld;
    bool guarded; /* a failure would be treated */
    wall_ms last_check;
};
void engine_figures(const struct engine *e, int service, struct now now,
                    struct engine_figures *ret);
/* What Redis reports. NULL = the process that answers now has not. Valid until the engine's
 * next turn. */
struct engine_reported {
    bool up; /* the newest PING was answered */
    const struct exposition *redis;
    const struct exposition_commands *commands;
    const struct exposition_cluster *cluster; /* NULL also where it is no node of one */
    wall_ms redis_at;                         /* when `redis` was read; WALL_NONE = never */
};
void engine_reported(const struct engine *e, int service, struct now now,
                     struct engine_reported *ret);
/* The figures of the service are being read. Whoever comes again within 25 s finds new ones of
 * Redis at the next time: they are asked for behind the reader's back, at most every 4 s. */
void engine_scraped(struct engine *e, int service, struct now now);

/* How late checks began, since the start: `below[i]` of `count` at most engine_late_bounds_ms[i].
 */
#define ENGINE_LATE_BUCKETS 8
extern const int64_t engine_late_bounds_ms[ENGINE_LATE_BUCKETS];
struct engine_lateness {
    uint64_t below[ENGINE_LATE_BUCKETS], count, sum_ms;
};
void engine_lateness(const struct engine *e, struct engine_lateness *ret);

#endif
