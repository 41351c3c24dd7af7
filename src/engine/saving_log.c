/* Why Redis cannot save: its log says it, INFO does not. Read while the cause lasts. */
#include "engine/saving_log.h"

#include "engine/service.h"

#define LINES 50
#define AGAIN_MS 60000

void saving_log_turn(struct service *s, struct now now)
{
    mono_ms *due = &s->watch.saving_log_due;
    if (s->cause != CAUSE_PERSISTENCE_FAILING) {
        s->sight.saving_log = (struct log_facts){0};
        *due = (mono_ms){0};
        return;
    }
    if (!mono_reached(now.mono, *due) || request_pending(s, FOR_SAVING_LOG))
        return;
    *due = mono_add(now.mono, AGAIN_MS);
    request_host(s, FOR_SAVING_LOG, HOST_JOURNAL, LINES, s->watch.journal_sudo, now);
    if (s->settings->commands_extended)
        request_host(s, FOR_SAVING_LOG, HOST_LOG_TAIL, LINES, false, now);
}

void saving_log_answered(struct service *s, const struct host_outcome *o)
{
    if (s->cause == CAUSE_PERSISTENCE_FAILING && o->saving.class != LOG_NONE)
        s->sight.saving_log = o->saving;
}
