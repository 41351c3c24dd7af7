/* Drills: when the newest proved backup is loaded once more, as if its data were needed now, to know
 * how long that takes. Decided by a table of how the last drill ended x whether there is a proved
 * backup. Pure: the caller has the clock and what happened so far. */
#ifndef RESUS_CORE_DRILL_H
#define RESUS_CORE_DRILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define DRILL_AFTER_START_MS (INT64_C(30) * 60 * 1000) /* the first one, or one that was missed */
#define DRILL_RETRY_COUNT 3 /* from the last one on the wait is the same */
extern const int64_t drill_retry_ms[DRILL_RETRY_COUNT]; /* 1 h, 6 h, 24 h */

enum drill_last { DRILL_NEVER, DRILL_PASSED, DRILL_FAILED, DRILL_LAST_COUNT };

struct drill_times {
    int64_t every_ms;  /* 0 = none is scheduled */
    int64_t spread_ms; /* of this service: see backup_spread_ms() */
    bool there;        /* a proved backup */
    enum drill_last last;
    wall_ms begun;  /* the daemon's start */
    wall_ms passed; /* the newest drill that passed began; WALL_NONE = none did */
    wall_ms tried;  /* FAILED: the last one ended */
    int failures;   /* FAILED: in a row, at least 1 */
};

/* WALL_NONE = none will be; a time in the past: now. */
wall_ms drill_due(const struct drill_times *t);
/* How old the newest drill that passed may become: a period and a seventh of it, 8 days for a weekly
 * one; 0 = without limit. */
int64_t drill_age_limit_ms(const struct drill_times *t);
/* Is it too old? Without a proved backup no drill is: that is another trouble. */
bool drill_overdue(const struct drill_times *t, wall_ms now);

#endif
