/* What the watch of a service is doing: questions that many files ask. */
#include "engine/service.h"

bool watch_is_probing(const struct service *s)
{
    return s->observations.probing_since.ms != MONO_NEVER.ms;
}

/* Is a command of ours at work on the unit? A quick look would find it in between, and each costs
 * the host a process that the restart then has to share the machine with. The
 * end of the command asks for a look. */
bool watch_at_work(const struct service *s)
{
    return s->recovery.phase == PHASE_INTENT || s->recovery.phase == PHASE_ACTING ||
           s->operation.core.phase == OPERATE_RUNNING;
}

mono_ms watch_next(const struct service *s)
{
    const struct watch *w = &s->watch;
    if (s->misconfigured != NULL)
        return MONO_NEVER;
    mono_ms at =
        mono_min(mono_min(w->pulse_due, w->full_due), mono_min(w->unit_due, w->performance_due));
    return mono_min(at, w->round_due);
}
