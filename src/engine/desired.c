#include "engine/desired.h"

#include "engine/service.h"
#include "engine/state.h"

/* Ended by a signal, though nothing stopped it through Resus. */
static bool killed(const struct unit_facts *unit)
{
    return unit->active == UNIT_FAILED &&
           (unit->result == RESULT_SIGNAL || unit->result == RESULT_CORE_DUMP ||
            unit->result == RESULT_OOM_KILL || unit->result == RESULT_WATCHDOG);
}

bool desired_ran_since(const struct service *s)
{
    return s->saved.stop_seen == STOP_SEEN_INACTIVE && killed(&s->observations.unit);
}

/* Only what was seen stopped can have been started: a stop that never took place stays desired. */
bool desired_stop_is_over(const struct service *s)
{
    enum stop_seen seen = s->saved.stop_seen;
    if (!s->saved.stopped_on_purpose || seen == STOP_UNSEEN || operation_running(s))
        return false;
    if (s->cause != CAUSE_STOPPED_ON_PURPOSE)
        return cause_serves(&s->observations);
    return desired_ran_since(s);
}

/* A unit that had failed before its stop stays failed. */
void desired_note_stopped(struct service *s)
{
    bool inactive = s->observations.unit.active == UNIT_INACTIVE;
    enum stop_seen seen = inactive ? STOP_SEEN_INACTIVE : STOP_SEEN_FAILED;
    if (s->cause != CAUSE_STOPPED_ON_PURPOSE || s->saved.stop_seen >= seen)
        return;
    state_note_stop_seen(s, seen);
}
