/* Which backups stay, by rules as restic has them: the newest of so many hours, days, weeks, months,
 * the last so many, all within a time. Only trusted backups fill rules, so that useless ones
 * never displace a good one. Pure: the caller removes the backups that no rule keeps. */
#ifndef RESUS_CORE_RETENTION_H
#define RESUS_CORE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/* What fills no rule waits so long for a person, counted back from the newest trusted backup. */
#define RETENTION_UNDECIDED_MS (INT64_C(30) * 24 * 3600 * 1000)

enum retention_rule {
    RETENTION_LAST,
    RETENTION_HOURLY,
    RETENTION_DAILY,
    RETENTION_WEEKLY, /* from Monday */
    RETENTION_MONTHLY,
    RETENTION_WITHIN,
    RETENTION_MINIMUM,   /* one of the newest that were proved by loading */
    RETENTION_PINNED,    /* a person, a restore or a rescue keeps it for a time */
    RETENTION_UNDECIDED, /* suspicious, or its proof failed: a person decides */
    RETENTION_NO_RULES,  /* none is set, or no backup is trusted: nothing is removed */
    RETENTION_RULE_COUNT
};

const char *retention_rule_word(enum retention_rule rule); /* "daily" */

struct retention_policy {
    int last, hourly, daily, weekly, monthly; /* 0 = not set */
    int64_t within_ms;                        /* 0 = not set */
    int minimum;
};

struct retention_backup {
    wall_ms at;
    int utc_offset_seconds; /* of the configured zone at that time: buckets are local */
    bool loaded;            /* proved by loading, and not suspicious */
    bool fills;             /* loaded, or not provable for a named reason, and not suspicious */
    wall_ms pinned_until;   /* WALL_NONE = not pinned */
    unsigned kept_by;       /* filled: one bit (1u << enum retention_rule) a rule; 0 = it goes */
};

struct retention_plan {
    size_t kept, removed;
    bool refused; /* more than half would go: only when a person confirms it */
};

/* `backups` newest first, of one kind of one service. `within` and the buckets count from the newest
 * one that fills rules, not from now: a month without a success removes nothing. */
struct retention_plan retention_plan(const struct retention_policy *policy,
                                     struct retention_backup *backups, size_t count, wall_ms now);

#endif
