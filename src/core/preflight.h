/* What a start, restart or stop would cost, and what forbids it. */
#ifndef RESUS_CORE_PREFLIGHT_H
#define RESUS_CORE_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/time.h"
#include "core/cause.h"
#include "core/facts.h"

enum preflight_operation { PREFLIGHT_START, PREFLIGHT_RESTART, PREFLIGHT_STOP };

enum preflight_blocker {
    BLOCKER_SAVE_FAILING,  /* the last save failed: the stop would hang or lose data */
    BLOCKER_LOADING,       /* a restart would begin the load again */
    BLOCKER_STOP_HANGING,  /* another stop is already stuck in the queue */
    BLOCKER_BUSY_SCRIPT,   /* systemctl restart would hang behind the script */
    BLOCKER_EMPTY_PRIMARY, /* replicas would copy the emptiness */
    BLOCKER_FAILOVER,
    BLOCKER_STOP_CUT, /* systemd would kill Redis in its final save, which alone keeps the changes
                       */
    PREFLIGHT_BLOCKER_COUNT
};
enum preflight_warning {
    WARNING_CONNECTIONS,  /* 50 or more will drop */
    WARNING_NOTIFY_USERS, /* 100 or more: notify users first */
    WARNING_UNSAVED,      /* unsaved changes without persistence that would keep them */
    WARNING_REPLICAS,
    WARNING_NO_PERSISTENCE,
    WARNING_UNKNOWN,    /* Redis could not be asked: figures are missing */
    WARNING_STOP_LIMIT, /* a save takes long, and how long a stop may take is not known */
    PREFLIGHT_WARNING_COUNT
};
/* `ret`, or a static text. */
#define PREFLIGHT_TEXT_MAX 512
const char *preflight_blocker_text(enum preflight_blocker blocker, const char *unit,
                                   char ret[PREFLIGHT_TEXT_MAX]);
const char *preflight_warning_text(enum preflight_warning warning, const char *unit,
                                   char ret[PREFLIGHT_TEXT_MAX]);

#define PREFLIGHT_CONNECTIONS_WARN 50
#define PREFLIGHT_CONNECTIONS_NOTIFY 100

struct preflight {
    enum preflight_operation operation;
    bool blockers[PREFLIGHT_BLOCKER_COUNT];
    bool warnings[PREFLIGHT_WARNING_COUNT];
    bool allowed;                                                          /* no blocker */
    int64_t connections, unsaved_changes, last_save_age_seconds, replicas; /* FACT_UNKNOWN */
    enum tri saved_since_start; /* NO: there is no last save, and no age of it */
    enum tri last_save_ok;      /* of the last attempt; UNKNOWN when there was none */
    enum tri aof_enabled;
    double expected_downtime_seconds; /* < 0 unknown */
    bool should_save; /* persistence by RDB is on and changes are unsaved: BGSAVE first */
};

/* A save that takes this long may not fit into a stop whose limit is not known. */
#define PREFLIGHT_SAVE_LONG_SECONDS 10

struct preflight_facts {
    enum cause cause;
    const struct info_facts *info;
    bool figures; /* INFO is of the process that runs, and of now */
    const struct unit_facts *unit;
    wall_ms now;
    double start_seconds; /* mean duration of past starts, < 0 unknown */
    bool empty_primary;   /* as last seen, also by a daemon before this one */
    bool failover_running;
};
void preflight_judge(enum preflight_operation operation, const struct preflight_facts *facts,
                     struct preflight *ret);

#endif
