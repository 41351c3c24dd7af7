#include "core/preflight.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"

static const char *const blocker_texts[] = {
    [BLOCKER_SAVE_FAILING] =
        "Redis cannot save to disk: its stop would hang or lose data. Fix the disk first.",
    [BLOCKER_LOADING] = "Redis is loading: a restart would begin the load again.",
    [BLOCKER_STOP_HANGING] =
        "A stop of this unit already hangs: a further one would wait behind it.",
    [BLOCKER_BUSY_SCRIPT] = "A script runs: systemctl would hang behind it. Kill the script first.",
    [BLOCKER_EMPTY_PRIMARY] = "This primary has replicas but no persistence: started empty, it "
                              "would wipe them. Fail over "
                              "to a replica first.",
    [BLOCKER_FAILOVER] = "A failover is under way.",
    [BLOCKER_STOP_CUT] =
        "The last save took longer than systemd lets a stop take (TimeoutStopSec): the final save "
        "would be cut, and what was not saved before it would be lost. Raise TimeoutStopSec "
        "(systemctl edit %U), then stop it.",
};
static_assert(ARRAY_LENGTH(blocker_texts) == PREFLIGHT_BLOCKER_COUNT, "a text for every blocker");

static const char *const warning_texts[] = {
    [WARNING_CONNECTIONS] = "Connections will drop.",
    [WARNING_NOTIFY_USERS] = "Many connections will drop: notify users first.",
    [WARNING_UNSAVED] = "Unsaved changes would be lost: nothing saves them.",
    [WARNING_REPLICAS] = "Replicas will lose their primary for the time.",
    [WARNING_NO_PERSISTENCE] = "Persistence is off: the data set will be empty afterwards.",
    [WARNING_UNKNOWN] = "Redis could not be asked: figures are missing.",
    [WARNING_STOP_LIMIT] =
        "A save takes long, and with these commands Resus cannot see how long systemd lets a stop "
        "take. Compare TimeoutStopSec (systemctl show %U -p TimeoutStopUSec): a shorter one cuts "
        "the final save.",
};
static_assert(ARRAY_LENGTH(warning_texts) == PREFLIGHT_WARNING_COUNT, "a text for every warning");

/* %U is the unit. */
static const char *with_unit(const char *text, const char *unit, char ret[PREFLIGHT_TEXT_MAX])
{
    const char *at = strstr(text, "%U");
    if (at == NULL)
        return text;
    (void)str_copy_n(ret, PREFLIGHT_TEXT_MAX, text, (size_t)(at - text));
    size_t used = strlen(ret);
    (void)str_copy(ret + used, PREFLIGHT_TEXT_MAX - used, unit);
    used += strlen(ret + used);
    (void)str_copy(ret + used, PREFLIGHT_TEXT_MAX - used, at + 2);
    return ret;
}

const char *preflight_blocker_text(enum preflight_blocker blocker, const char *unit,
                                   char ret[PREFLIGHT_TEXT_MAX])
{
    return with_unit(blocker_texts[blocker], unit, ret);
}

const char *preflight_warning_text(enum preflight_warning warning, const char *unit,
                                   char ret[PREFLIGHT_TEXT_MAX])
{
    return with_unit(warning_texts[warning], unit, ret);
}

/* Redis ends with a save. Where an append-only file is kept, too, a save that is cut loses nothing.
 * */
static void judge_final_save(const struct info_facts *info, const struct unit_facts *unit,
                             struct preflight *ret)
{
    bool saves = info->known && info->save_points == TRI_YES && info->aof_enabled != TRI_YES;
    if (!saves || info->last_save_seconds < 0)
        return;
    if (unit->timeout_stop_us < 0)
        ret->warnings[WARNING_STOP_LIMIT] = info->last_save_seconds >= PREFLIGHT_SAVE_LONG_SECONDS;
    else
        ret->blockers[BLOCKER_STOP_CUT] =
            info->last_save_seconds > 0 &&
            info->last_save_seconds >= unit->timeout_stop_us / 1000000;
}

static void judge_blockers(const struct preflight_facts *f, bool answers, struct preflight *ret)
{
    const struct info_facts *info = f->info;
    bool empty = f->empty_primary || cause_empty_primary(info);
    ret->blockers[BLOCKER_FAILOVER] = f->failover_running;
    ret->blockers[BLOCKER_STOP_HANGING] = f->cause == CAUSE_STOP_HANGING;
    if (ret->operation == PREFLIGHT_START) {
        /* What runs is not started: a script, a load or a failing save are no danger to it. */
        ret->blockers[BLOCKER_EMPTY_PRIMARY] = empty && !unit_runs(f->unit->active);
        return;
    }
    ret->blockers[BLOCKER_SAVE_FAILING] =
        f->cause == CAUSE_PERSISTENCE_FAILING ||
        (info->known && answers && (info->last_save_ok == TRI_NO || info->aof_write_ok == TRI_NO));
    ret->blockers[BLOCKER_BUSY_SCRIPT] = f->cause == CAUSE_BUSY_SCRIPT;
    if (unit_runs(f->unit->active))
        judge_final_save(info, f->unit, ret);
    if (ret->operation == PREFLIGHT_STOP)
        return; /* a stop ends a load at once and loses nothing */
    ret->blockers[BLOCKER_LOADING] = f->cause == CAUSE_LOADING;
    ret->blockers[BLOCKER_EMPTY_PRIMARY] = empty;
}

static void judge_warnings(const struct preflight_facts *f, bool answers, struct preflight *ret)
{
    const struct info_facts *info = f->info;
    bool none = info->known && info->aof_enabled != TRI_YES && info->save_points == TRI_NO;
    bool starts = ret->operation == PREFLIGHT_START; /* that it does not answer is why */
    ret->warnings[WARNING_UNKNOWN] = !info->known || (!answers && !starts);
    ret->warnings[WARNING_NO_PERSISTENCE] = none;
    if (starts)
        return;
    ret->warnings[WARNING_CONNECTIONS] = ret->connections >= PREFLIGHT_CONNECTIONS_WARN;
    ret->warnings[WARNING_NOTIFY_USERS] = ret->connections >= PREFLIGHT_CONNECTIONS_NOTIFY;
    ret->warnings[WARNING_UNSAVED] = info->known && info->save_points != TRI_YES &&
                                     info->aof_enabled != TRI_YES && ret->unsaved_changes > 0;
    ret->warnings[WARNING_REPLICAS] = ret->replicas > 0;
}

void preflight_judge(enum preflight_operation operation, const struct preflight_facts *f,
                     struct preflight *ret)
{
    const struct info_facts *info = f->info;
    bool known = info->known;
    bool answers = cause_row(f->cause)->overall == OVERALL_HEALTHY ||
                   cause_row(f->cause)->overall == OVERALL_DEGRADED;
    enum tri saved = f->figures ? facts_saved_since_start(info) : TRI_UNKNOWN;
    *ret = (struct preflight){
        .operation = operation,
        .connections = f->figures ? info->connected_clients : FACT_UNKNOWN,
        .unsaved_changes = f->figures ? info->unsaved_changes : FACT_UNKNOWN,
        .saved_since_start = saved,
        .last_save_age_seconds = f->figures && saved != TRI_NO && info->last_save_unix > 0
                                     ? f->now.ms / 1000 - info->last_save_unix
                                     : FACT_UNKNOWN,
        .replicas = f->figures ? info->connected_replicas : FACT_UNKNOWN,
        .last_save_ok = !f->figures || (saved == TRI_NO && info->last_save_ok == TRI_YES)
                            ? TRI_UNKNOWN
                            : info->last_save_ok,
        .aof_enabled = f->figures ? info->aof_enabled : TRI_UNKNOWN,
        .expected_downtime_seconds = f->start_seconds,
        .should_save = operation != PREFLIGHT_START && known && info->save_points == TRI_YES &&
                       info->unsaved_changes > 0,
    };
    judge_blockers(f, answers, ret);
    judge_warnings(f, answers, ret);
    ret->allowed = true;
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        if (ret->blockers[i])
            ret->allowed = false;
}
