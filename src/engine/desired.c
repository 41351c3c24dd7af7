/* What a service shall be: running, or stopped by a person through Resus. */
#include "base/str.h"
#include "engine/service.h"

void desired_stop(struct service_state *state, const char *by, const char *reason, wall_ms at)
{
    state->stopped_on_purpose = true;
    state->stop_seen = STOP_UNSEEN;
    state->stopped_at = at;
    (void)str_copy(state->stopped_by, sizeof state->stopped_by, by);
    (void)str_copy(state->stopped_reason, sizeof state->stopped_reason, reason);
}

void desired_run(struct service_state *state)
{
    state->stopped_on_purpose = false;
    state->stop_seen = STOP_UNSEEN;
    state->stopped_at = WALL_NONE;
    state->stopped_by[0] = '\0';
    state->stopped_reason[0] = '\0';
}

void desired_keep(const struct service_state *state, struct desired *ret)
{
    ret->stopped_on_purpose = state->stopped_on_purpose;
    ret->stop_seen = state->stop_seen;
    ret->stopped_at = state->stopped_at;
    (void)str_copy(ret->stopped_by, sizeof ret->stopped_by, state->stopped_by);
    (void)str_copy(ret->stopped_reason, sizeof ret->stopped_reason, state->stopped_reason);
}

void desired_restore(struct service_state *state, const struct desired *before)
{
    state->stopped_on_purpose = before->stopped_on_purpose;
    state->stop_seen = before->stop_seen;
    state->stopped_at = before->stopped_at;
    (void)str_copy(state->stopped_by, sizeof state->stopped_by, before->stopped_by);
    (void)str_copy(state->stopped_reason, sizeof state->stopped_reason, before->stopped_reason);
}

/* Ended by a signal, though nothing stopped it through Resus. */
static bool killed(const struct unit_facts *unit)
{
    return unit->active == UNIT_FAILED &&
           (unit->result == RESULT_SIGNAL || unit->result == RESULT_CORE_DUMP ||
            unit->result == RESULT_OOM_KILL || unit->result == RESULT_WATCHDOG);
}

bool desired_ran_since(const struct service *s)
{
    return s->saved.stop_seen == STOP_SEEN_INACTIVE && killed(&s->sight.unit);
}

/* Only what was seen stopped can have been started: a stop that never took place stays desired. */
bool desired_stop_is_over(const struct service *s)
{
    enum stop_seen seen = s->saved.stop_seen;
    if (!s->saved.stopped_on_purpose || seen == STOP_UNSEEN || operation_running(s))
        return false;
    if (s->cause != CAUSE_STOPPED_ON_PURPOSE)
        return cause_serves(&s->sight);
    return desired_ran_since(s);
}

/* A unit that had failed before its stop stays failed. */
void desired_note_stopped(struct service *s)
{
    bool inactive = s->sight.unit.active == UNIT_INACTIVE;
    enum stop_seen seen = inactive ? STOP_SEEN_INACTIVE : STOP_SEEN_FAILED;
    if (s->cause != CAUSE_STOPPED_ON_PURPOSE || s->saved.stop_seen >= seen)
        return;
    s->saved.stop_seen = seen;
    record_state(s, 0, STORE_NORMAL);
}
