/* Rows of recovery and event: saving, asking, thinning. */
#ifndef RESUS_STORE_HISTORY_H
#define RESUS_STORE_HISTORY_H

#include <jansson.h>

#include "store/database.h"
#include "store/past_events.h"

extern const char history_recovery_sql[];
extern const char history_event_sql[];

int history_save_recovery(sqlite3 *db, sqlite3_stmt *save, const struct recovery_record *record,
                          struct error *err) ATTR_MUST_USE;
int history_save_event(sqlite3 *db, sqlite3_stmt *save, const struct event_record *event,
                       struct error *err) ATTR_MUST_USE;

struct history_question {
    char service[SETTINGS_ID_MAX]; /* "" = all */
    wall_ms since;
    uint64_t since_seq;
    int limit;
};
/* Each gives an array of objects as store.h describes them. */
int history_recoveries(sqlite3 *db, const struct history_question *q, json_t **ret,
                       struct error *err) ATTR_MUST_USE;
int history_events(sqlite3 *db, const struct history_question *q, json_t **ret,
                   struct error *err) ATTR_MUST_USE;
int history_operations(sqlite3 *db, const struct history_question *q, json_t **ret,
                       struct error *err) ATTR_MUST_USE;
int history_summary(sqlite3 *db, const struct history_question *q, json_t **ret,
                    struct error *err) ATTR_MUST_USE;

/* As store_load_recoveries(). */
int history_recall(sqlite3 *db, const char *service, struct recovery_record *ret, int max,
                   struct error *err) ATTR_MUST_USE;

/* Deletes at most STORE_THIN_ROWS of each. 1 when there may be more, 0 when not. */
int history_thin(sqlite3 *db, wall_ms events_before, wall_ms recoveries_before,
                 struct error *err) ATTR_MUST_USE;

#endif
