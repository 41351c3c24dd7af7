/* What recovery decides from: the verdict, and what is known beside it. */
#include "engine/recovery_facts.h"

#include "core/evidence.h"
#include "core/silence.h"
#include "engine/service.h"

#define FAILOVER_LIMIT_MS 180000 /* sentinel.conf's failover-timeout */

/* How far the process before the action had come is no mark for the one after it: a load would seem
 * to stand until it has passed that. */
static int64_t load_progress(const struct service *s)
{
    const struct info_facts *i = &s->observations.info;
    if (i->asked.ms < s->recovery.action_ended.ms)
        return FACT_UNKNOWN;
    if (i->known && i->loading == TRI_YES && i->loading_percent >= 0)
        return (int64_t)(i->loading_percent * 100);
    return FACT_UNKNOWN;
}

/* Redis said so when it was last asked. One that has been silent since cannot report the end. */
static bool failover_running(const struct service *s, struct now now)
{
    const struct info_facts *i = &s->observations.info;
    return i->failover == FAILOVER_RUNNING && mono_since(now.mono, i->at) < FAILOVER_LIMIT_MS;
}

bool recovery_facts_empty_primary(const struct service *s)
{
    return s->saved.empty_primary || cause_empty_primary(&s->observations.info);
}

static bool host_unreachable(const struct service *s)
{
    return s->observations.unit.control_reached == TRI_NO;
}

/* Nothing has ended yet, as far as anybody knows. */
static bool never_started(const struct service *s)
{
    const struct unit_facts *u = &s->observations.unit;
    return s->settings->control == CONTROL_PROCESS && !s->observations.ever_answered &&
           u->active == UNIT_INACTIVE && u->exit_status < 0 && u->exit_signal < 0;
}

/* A command of recovery that a person took over from may still be at work on the host. */
static bool command_left_behind(const struct service *s)
{
    return s->recovery.phase != PHASE_ACTING &&
           (request_pending(s, PART_RECOVER, RECOVER_ACTION) ||
            request_pending(s, PART_RECOVER, RECOVER_ACTION_2));
}

/* By sudo, and by systemd of a unit that runs without a file or masked. */
static int refused(const struct service *s)
{
    const struct guard *g = &s->guard;
    bool starts = g->unit[0] == '\0' || !unit_runs(s->observations.unit.active);
    return g->missing | (starts ? 0 : RECOVERY_BIT(ACTION_START) | RECOVERY_BIT(ACTION_RESTART));
}

void recovery_facts_now(const struct service *s, struct now now, struct recovery_facts *f)
{
    const struct observations *observations = &s->observations;
    mono_ms probed = mono_max(observations->kept.asked, observations->fresh.asked);
    *f = (struct recovery_facts){
        .verdict = s->verdict,
        .well = s->verdict.confirmed && cause_serves(observations),
        .unit = observations->unit.active,
        .unit_since = observations->unit.since,
        .can_reload = observations->unit.can_reload,
        .never_started = never_started(s),
        .may_reset_failed =
            s->settings->commands_extended || s->settings->control == CONTROL_SYSTEMD,
        .progress = load_progress(s),
        .learned = mono_min(probed, observations->unit.asked),
        .needs_person =
            s->verdict.cause == CAUSE_ACCESS_REFUSED && cause_certificate_expired(observations),
        .call_due = silence_call_due(observations, s->verdict.cause, now.mono),
        .stopped = evidence_activity(observations, now.mono) == ACTIVITY_STOPPED,
        .paused = s->saved.paused_until.ms != 0 && wall_since(s->saved.paused_until, now.wall) > 0,
        .maintenance = s->maintained.held,
        .stopped_on_purpose = s->saved.stopped_on_purpose,
        .operation_running = operation_running(s) || command_left_behind(s),
        .backup_running = restoring_withholds(s),
        .tilt = observations->tilt,
        .host_unreachable = host_unreachable(s),
        .failover_running = failover_running(s, now),
        .empty_primary = recovery_facts_empty_primary(s),
        .ownership_unsure = s->owned.unsure,
        .refused = refused(s),
        .rights_back = s->guard.back,
    };
}
