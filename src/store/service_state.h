/* What recovery must not forget of a service: one row each in the state database. */
#ifndef RESUS_STORE_SERVICE_STATE_H
#define RESUS_STORE_SERVICE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"
#include "store/store.h"

#define STORE_RECOVERY_TIMES_MAX 8

/* How a service that was to be stopped has been seen since. The order is that of what it proves. */
enum stop_seen {
    STOP_UNSEEN,
    STOP_SEEN_FAILED,
    STOP_SEEN_INACTIVE /* one that has failed later has run in between */
};

/* One row per service: what recovery must not forget. Wall times; monotonic ones do not survive. */
struct service_state {
    char id[SETTINGS_ID_MAX];
    bool stopped_on_purpose;
    char stopped_by[256];
    wall_ms stopped_at;
    char stopped_reason[512];
    enum stop_seen stop_seen;
    bool ever_answered; /* a PONG was seen at `address` */
    char address[SETTINGS_HOST_MAX + 16];
    bool start_cancelled; /* another stop has ended a start of ours, and it has not run since */
    bool empty_primary;   /* Redis last said: primary, with replicas, without persistence */
    char role[12], role_source[96], role_run_id[48]; /* primary or replica, of whom; "" unknown */
    int64_t role_keys;                               /* keys it had then, -1 unknown */
    int attempts;
    wall_ms last_attempt_at;
    bool exhausted; /* attempts used up, or breaker open: auto-recovery off until an admin resets it
                     */
    bool breaker_open;
    wall_ms breaker_opened_at;
    wall_ms recoveries_at[STORE_RECOVERY_TIMES_MAX]; /* newest first, WALL_NONE behind */
    wall_ms paused_until;                            /* WALL_NONE = not paused */
    char paused_by[256], pause_reason[512];
    uint64_t event_seq;   /* no seq above this was given out; ahead of the events themselves */
    double start_seconds; /* smoothed duration of past starts, < 0 unknown (expected downtime) */
    bool recovery_set;    /* the next four were changed at run time and beat the file */
    struct recovery_policy recovery;
    int64_t failure_threshold;
};

/* Before the loop runs: the state of one service; 1 found, 0 none, negative error. */
int store_load_service(struct store *s, const char *id, struct service_state *ret,
                       struct error *err) ATTR_MUST_USE;
/* Whatever the outcome, the latest state of each service is not lost: what could not be saved is
 * kept in memory (one a service) and saved, durably, when the disk is back. */
void store_save_service(struct store *s, uint64_t id, enum store_class class,
                        const struct service_state *state);

#endif
