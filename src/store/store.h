/* SQLite (WAL) behind one worker thread with a bounded queue: what must survive (architecture.md,
 * "State that survives"). The engine reads once at start and never waits for the disk afterwards;
 * queries of history go through the same thread. */
#ifndef RESUS_STORE_STORE_H
#define RESUS_STORE_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"

/* Numbers of events that each start skips: as many may have been given out just before a crash. */
#define STORE_EVENTS_SKIPPED 1000
#define STORE_QUEUE_MAX 8192
#define STORE_BATCH_MAX 256  /* writes in one transaction */
#define STORE_RETRY_MS 1000  /* how often states that could not be saved are tried again */
#define STORE_SPARES_MAX 16  /* completions that need no memory when there is none */
#define STORE_THIN_ROWS 500  /* deleted in one transaction */
#define STORE_BODY_MAX 65536 /* bytes of an event's body or a recovery's evidence */
#define STORE_RECOVERY_TIMES_MAX 8
#define STORE_QUERY_ROWS_MAX 1000
#define HISTORY_BY_SYSTEMD                                                                         \
    "by_systemd" /* a result: Resus did nothing, systemd restarted the unit */
#define STORE_RECOVERIES_KEPT_MAX                                                                  \
    64 /* recoveries that wait in memory for the disk to come back                                 \
        */

enum store_class {
    STORE_NORMAL, /* synchronous=NORMAL: attempts, breaker, history; may lose the last moments of a
                     power cut */
    STORE_FULL,   /* synchronous=FULL: desired state, settings: on disk when the completion comes */
};
enum store_outcome {
    STORE_DURABLE,   /* committed, as durable as its class asks */
    STORE_BUSY,      /* the queue is full, or another process keeps the database locked */
    STORE_FULL_DISK, /* no space, quota or file size limit */
    STORE_FAILED
};

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
    bool empty_primary; /* Redis last said: primary, with replicas, without persistence */
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

struct recovery_record {
    char service[SETTINGS_ID_MAX];
    char id[SETTINGS_ID_MAX + 24]; /* request id of its first action's audit lines */
    wall_ms started_at;
    double duration_seconds;               /* < 0 while it runs */
    char cause[32], level[16], result[16]; /* running, recovery_end_word() or interrupted */
    int attempts;
    char message[512];
    char *evidence; /* JSON text, NULL = none; copied */
};

struct event_record {
    char service[SETTINGS_ID_MAX];
    uint64_t seq; /* per service, survives restarts */
    wall_ms at;
    char type[32]; /* service_status | service_health | service_event | auto_recovery | notice */
    char *body;    /* the JSON object as pushed; copied */
};

/* What an account record is of. The numbers stand in the database. */
enum store_account {
    STORE_USER,
    STORE_SESSION,
    STORE_API_TOKEN,
    STORE_ACCESS_REQUEST,
    STORE_ACCOUNT_COUNT
};

struct account_record {
    enum store_account kind;
    int64_t number; /* unique within its kind, never given out twice */
    bool remove;    /* the row goes; else without a body nothing is changed, and that is told */
    char *body;     /* a JSON object that the store does not look into; copied */
};
typedef void store_account_each(void *context, enum store_account kind, int64_t number,
                                const char *body);

struct store;
typedef void store_done(void *context, uint64_t id, enum store_outcome outcome,
                        const struct error *error);
/* `rows` is an array, freed after the callback; NULL with an error. */
typedef void store_rows(void *context, uint64_t id, json_t *rows, const struct error *error);

/* Opens or creates `state_dir`/resus.db (0600, folder 0750), migrates, starts the thread. A
 * database of a newer version is an error that says so. */
int store_open(uv_loop_t *loop, const char *state_dir, store_done *done, store_rows *rows,
               void *context, struct store **ret, struct error *err) ATTR_MUST_USE;
/* Before the loop runs: the state of one service; 1 found, 0 none, negative error. */
int store_load_service(struct store *s, const char *id, struct service_state *ret,
                       struct error *err) ATTR_MUST_USE;
/* Before the loop runs: the newest recoveries of one service that are over, newest first, without
 * service, message and evidence; their number, at most `max`, or a negative error. One that a dead
 * daemon left open is over, too: `interrupted`. */
int store_load_recoveries(struct store *s, const char *service, struct recovery_record *ret,
                          int max, struct error *err) ATTR_MUST_USE;

/* Before the loop runs: every account record, by kind and number. */
int store_load_accounts(struct store *s, store_account_each *each, void *context,
                        struct error *err) ATTR_MUST_USE;

/* Queue writes. id 0: no completion wanted. A full queue completes with STORE_BUSY. Whatever the
 * outcome, the latest state of each service is not lost: what could not be saved is kept in memory
 * (one a service) and saved, durably, when the disk is back. So are the newest
 * STORE_RECOVERIES_KEPT_MAX recoveries. Events are not kept. */
void store_save_service(struct store *s, uint64_t id, enum store_class class,
                        const struct service_state *state);
void store_save_recovery(struct store *s, uint64_t id,
                         const struct recovery_record *record); /* by service and id: insert or
                                                                   update */
void store_save_event(struct store *s, uint64_t id, const struct event_record *event);
void store_save_account(struct store *s, uint64_t id,
                        const struct account_record *record); /* STORE_FULL; not kept either */

struct audit_anchor;
/* Before the loop runs: the recorded head of the audit log. 1 found, 0 none, or a negative error.
 */
int store_load_anchor(struct store *s, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;
/* From any thread, without waiting: saved with STORE_NORMAL. A newer anchor replaces one that is
 * not saved yet. A failed save is retried. */
void store_save_anchor(struct store *s, const struct audit_anchor *anchor);
/* From any thread: the newest anchor, saved or not. Returns false when there is none. */
bool store_anchor(struct store *s, struct audit_anchor *ret);
/* From any thread: the newest saved anchor, seq 0 = none. */
void store_kept_anchor(struct store *s, struct audit_anchor *ret);

/* What stands between memory and disk; from any thread, at once. */
struct store_state {
    size_t unsaved;       /* services whose latest state waits for the disk */
    size_t recoveries;    /* recoveries that wait for it */
    struct error problem; /* of the last write, code 0 = none */
};
void store_look(struct store *s, struct store_state *ret);

/* Queue queries; answered by store_rows with objects as the API shows them, newest first. limit <=
 * STORE_QUERY_ROWS_MAX (0 = that). `service` NULL = all. They see every write queued before.
 * recoveries: {id, service, started_at, duration_seconds, cause, recovery_level, result, attempts,
 * message, evidence, stored}, with those that wait for the disk (stored: false). events: the bodies
 * with seq > since_seq. summary: one object {since, count, successes, success_rate,
 * mean_seconds, max_seconds, commonest_level, last_recovery}, over those that acted and are over
 * (success, failed or needs_human). */
void store_query_recoveries(struct store *s, uint64_t id, const char *service, wall_ms since,
                            int limit);
void store_query_events(struct store *s, uint64_t id, const char *service, uint64_t since_seq,
                        int limit);
void store_query_recovery_summary(struct store *s, uint64_t id, const char *service, wall_ms since);
/* The service_event events since a time, as bodies. */
void store_query_operations(struct store *s, uint64_t id, const char *service, wall_ms since,
                            int limit);
/* Deletes events older than `before` and recoveries older than `recoveries_before`. */
void store_thin(struct store *s, wall_ms before, wall_ms recoveries_before);

/* Writes what is queued (bounded by wait_ms), joins, frees; outstanding completions are dropped. A
 * thread that a dead disk holds is left behind with its memory. Not from within a callback; the
 * loop must run once more before it is closed. */
void store_close(struct store *s, int64_t wait_ms);

#endif
