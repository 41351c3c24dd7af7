#include "core/preflight.h"

#include <assert.h>

#include "base/attr.h"

static const char *const blocker_texts[] = {
    [BLOCKER_SAVE_FAILING] =
        "Redis cannot save to disk: its stop would hang or lose data. Mend the disk first.",
    [BLOCKER_LOADING] = "Redis is loading: a restart would begin the load again.",
    [BLOCKER_STOP_HANGING] =
        "A stop of this unit already hangs: a further one would wait behind it.",
    [BLOCKER_BUSY_SCRIPT] = "A script runs: systemctl would hang behind it. Kill the script first.",
    [BLOCKER_EMPTY_PRIMARY] =
        "A primary without persistence that has replicas would wipe them. Fail over first.",
    [BLOCKER_FAILOVER] = "A failover is under way.",
};
static_assert(ARRAY_LENGTH(blocker_texts) == PREFLIGHT_BLOCKER_COUNT, "a text for every blocker");

static const char *const warning_texts[] = {
    [WARNING_CONNECTIONS] = "Connections will drop.",
    [WARNING_NOTIFY_USERS] = "Many connections will drop: notify users first.",
    [WARNING_UNSAVED] = "Unsaved changes would be lost: nothing saves them.",
    [WARNING_REPLICAS] = "Replicas will lose their primary for the time.",
    [WARNING_NO_PERSISTENCE] = "Persistence is off: the data set will be empty afterwards.",
    [WARNING_UNKNOWN] = "Redis could not be asked: figures are old or missing.",
};
static_assert(ARRAY_LENGTH(warning_texts) == PREFLIGHT_WARNING_COUNT, "a text for every warning");

const char *preflight_blocker_text(enum preflight_blocker blocker)
{
    return blocker_texts[blocker];
}

const char *preflight_warning_text(enum preflight_warning warning)
{
    return warning_texts[warning];
}

void preflight_judge(enum preflight_operation operation, enum cause cause,
                     const struct info_facts *info, wall_ms now, double start_seconds,
                     struct preflight *ret)
{
    bool rdb = info->save_points == TRI_YES;
    bool aof = info->aof_enabled == TRI_YES;
    bool known = info->known;
    bool answers = cause_row(cause)->overall == OVERALL_HEALTHY ||
                   cause_row(cause)->overall == OVERALL_DEGRADED;
    *ret = (struct preflight){
        .operation = operation,
        .connections = known ? info->connected_clients : FACT_UNKNOWN,
        .unsaved_changes = known ? info->unsaved_changes : FACT_UNKNOWN,
        .last_save_age_seconds =
            known && info->last_save_unix > 0 ? now.ms / 1000 - info->last_save_unix : FACT_UNKNOWN,
        .replicas = known ? info->connected_replicas : FACT_UNKNOWN,
        .last_save_ok = info->last_save_ok,
        .aof_enabled = info->aof_enabled,
        .expected_downtime_seconds = start_seconds,
        .should_save = known && rdb && info->unsaved_changes > 0,
    };
    ret->blockers[BLOCKER_SAVE_FAILING] =
        cause == CAUSE_PERSISTENCE_FAILING ||
        (known && answers && (info->last_save_ok == TRI_NO || info->aof_write_ok == TRI_NO));
    /* A stop ends a load at once and loses nothing (field notes 7.4). */
    ret->blockers[BLOCKER_LOADING] = operation == PREFLIGHT_RESTART && cause == CAUSE_LOADING;
    ret->blockers[BLOCKER_STOP_HANGING] = cause == CAUSE_STOP_HANGING;
    ret->blockers[BLOCKER_BUSY_SCRIPT] = cause == CAUSE_BUSY_SCRIPT;
    ret->blockers[BLOCKER_FAILOVER] = info->failover == FAILOVER_RUNNING;
    ret->blockers[BLOCKER_EMPTY_PRIMARY] =
        operation == PREFLIGHT_RESTART && cause_empty_primary(info);
    ret->warnings[WARNING_CONNECTIONS] = ret->connections >= PREFLIGHT_CONNECTIONS_WARN;
    ret->warnings[WARNING_NOTIFY_USERS] = ret->connections >= PREFLIGHT_CONNECTIONS_NOTIFY;
    ret->warnings[WARNING_UNSAVED] = known && !rdb && !aof && info->unsaved_changes > 0;
    ret->warnings[WARNING_NO_PERSISTENCE] = known && !aof && info->save_points == TRI_NO;
    ret->warnings[WARNING_REPLICAS] = ret->replicas > 0;
    ret->warnings[WARNING_UNKNOWN] = !known || !answers;
    ret->allowed = true;
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        if (ret->blockers[i])
            ret->allowed = false;
}
