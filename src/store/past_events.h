/* What has happened: recoveries and events, written as they happen and asked for by people. */
#ifndef RESUS_STORE_PAST_EVENTS_H
#define RESUS_STORE_PAST_EVENTS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"
#include "store/store.h"

#define HISTORY_BY_SYSTEMD                                                                         \
    "by_systemd" /* a result: Resus did nothing, systemd restarted the unit */
#define STORE_RECOVERIES_KEPT_MAX                                                                  \
    64 /* recoveries that wait in memory for the disk to come back                                 \
        */

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

/* Before the loop runs: the newest recoveries of one service that are over, newest first, without
 * service, message and evidence; their number, at most `max`, or a negative error. One that a dead
 * daemon left open is over, too: `interrupted`. */
int store_load_recoveries(struct store *s, const char *service, struct recovery_record *ret,
                          int max, struct error *err) ATTR_MUST_USE;

/* By service and id: insert or update. The newest STORE_RECOVERIES_KEPT_MAX that could not be saved
 * are kept in memory and saved when the disk is back. */
void store_save_recovery(struct store *s, uint64_t id, const struct recovery_record *record);
/* Not kept when it cannot be saved. */
void store_save_event(struct store *s, uint64_t id, const struct event_record *event);

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

#endif
