/* What core/operate decides from. */
#include "engine/desired.h"
#include "engine/service.h"
#include "engine/snapshot.h"

/* All that was asked for when the operation began. */
static bool looked(const struct service *s)
{
    const struct observations *t = &s->observations;
    mono_ms began = s->operation.core.began;
    bool figures =
        !t->info.known || t->info.at.ms >= began.ms || !cause_proven_well(t); /* else none come */
    return t->unit.asked.ms >= began.ms && t->fresh.asked.ms >= began.ms && figures;
}

static bool killed(const struct unit_facts *unit)
{
    return unit->active == UNIT_FAILED &&
           (unit->result == RESULT_TIMEOUT || unit->result == RESULT_SIGNAL ||
            unit->result == RESULT_OOM_KILL || unit->result == RESULT_CORE_DUMP);
}

static bool unit_unchanged(const struct service *s)
{
    const struct operation *o = &s->operation;
    const struct unit_facts *u = &s->observations.unit;
    if (u->active != o->unit_before || u->since.ms != o->unit_since_before.ms)
        return false;
    switch (u->active) {
    case UNIT_FAILED: /* it may have failed again */
        return u->since.ms != WALL_NONE.ms;
    case UNIT_INACTIVE:
    case UNIT_NOT_FOUND:
        return true;
    case UNIT_ACTIVE:
        return o->process == 0 || u->main_pid == o->process;
    default:
        return false;
    }
}

bool operation_final_save_matters(const struct service *s)
{
    const struct info_facts *before = &s->operation.before;
    return before->aof_enabled != TRI_YES && before->save_points != TRI_NO;
}

static int64_t load_progress(const struct info_facts *i)
{
    bool loads = i->known && i->loading == TRI_YES && i->loading_percent >= 0;
    return loads ? (int64_t)(i->loading_percent * 100) : FACT_UNKNOWN;
}

/* Before the command only: afterwards nothing is left to be refused. */
static void add_preflight(const struct service *s, struct now now, struct operate_facts *f)
{
    const struct operation *o = &s->operation;
    bool before = o->core.phase == OPERATE_CHECKING || o->core.phase == OPERATE_SAVING ||
                  o->core.phase == OPERATE_INTENT;
    struct preflight p;
    if (!before || o->request.operation == OPERATION_RELOAD)
        return;
    snapshot_preflight(s, o->request.operation, now, &p);
    f->allowed = p.allowed;
    f->should_save = p.should_save;
}

void operation_facts(const struct service *s, struct now now, struct operate_facts *f)
{
    const struct observations *t = &s->observations;
    const struct operation *o = &s->operation;
    *f = (struct operate_facts){
        .looked = looked(s),
        .unreachable = t->unit.control_reached == TRI_NO,
        .serves = cause_serves(t),
        .proven = cause_proven_well(t),
        .stopped_on_purpose = s->saved.stopped_on_purpose,
        .ran_since = desired_ran_since(s),
        .desired_unsaved = s->desired_unsaved,
        .cannot_reload = t->unit.can_reload == TRI_NO,
        .unit_asked = t->unit.asked,
        .probe_asked = t->fresh.asked,
        .info_asked = t->info.asked,
        .unit_stopped = t->unit.active == UNIT_INACTIVE || t->unit.active == UNIT_FAILED,
        .unit_killed = killed(&t->unit),
        .unit_unchanged = unit_unchanged(s),
        .ready = t->fresh.reply == REPLY_PONG || t->fresh.reply == REPLY_MASTERDOWN,
        .had_process = o->process > 0,
        .same_process = o->process > 0 && t->unit.main_pid == o->process,
        .journal = s->settings->control != CONTROL_PROCESS,
        .final_save_matters = operation_final_save_matters(s),
        .confirmed = s->verdict.confirmed,
        .cause = s->cause,
        .progress = load_progress(&t->info),
    };
    add_preflight(s, now, f);
}
