/* When the next scheduled backup of a service begins, and when backups are overdue. Pure: the caller
 * has the clock, the time zone and what was made so far. */
#ifndef RESUS_CORE_BACKUP_PLAN_H
#define RESUS_CORE_BACKUP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "base/zone_table.h"

#define BACKUP_SPREAD_MS (INT64_C(10) * 60 * 1000)  /* starts are spread over so long */
#define BACKUP_CATCH_UP_MS (INT64_C(5) * 60 * 1000) /* after the daemon's start */
#define BACKUP_RETRY_COUNT 4                        /* from the last one on the wait is the same */
extern const int64_t backup_retry_ms[BACKUP_RETRY_COUNT]; /* 1, 5, 15, 60 min */

struct backup_times {
    int minute;        /* of the day, counted from 1; 0 = no daily backup */
    int64_t every_ms;  /* 0 = none */
    int64_t spread_ms; /* of this service, below BACKUP_SPREAD_MS */
    wall_ms made;      /* the newest scheduled backup began; WALL_NONE = none is there */
    wall_ms begun;     /* the daemon's start */
    wall_ms tried;     /* the last failed try since then ended */
    int failures;      /* in a row, since then */
};

/* WALL_NONE = none is scheduled. A time in the past: now. */
wall_ms backup_due(const struct backup_times *t, const struct zone_table *zone, wall_ms now);
/* How old the newest proved backup may become: a period and a twelfth of it, 26 h for a daily one;
 * 0 = without limit. */
int64_t backup_age_limit_ms(const struct backup_times *t);
/* Is the newest proved backup (WALL_NONE = there is none) too old? */
bool backup_overdue(const struct backup_times *t, wall_ms proved, wall_ms now);
/* The share of BACKUP_SPREAD_MS of a service, by its name. */
int64_t backup_spread_ms(const char *service);

#endif
