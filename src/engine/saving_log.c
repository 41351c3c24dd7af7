/* Why Redis cannot save: its log says it, INFO does not. Read while the cause lasts. */
#include "engine/saving_log.h"

#include "engine/service.h"

enum { LOG }; /* what its requests are for */

#define LINES 50
#define AGAIN_MS 60000

void saving_log_judged(struct service *s, struct now now)
{
    mono_ms *due = &s->watch.saving_log_due;
    if (s->cause != CAUSE_PERSISTENCE_FAILING) {
        s->observations.saving_log = (struct log_facts){0};
        *due = (mono_ms){0};
        return;
    }
    if (!mono_reached(now.mono, *due) || request_pending(s, PART_SAVING_LOG, LOG))
        return;
    *due = mono_add(now.mono, AGAIN_MS);
    request_host(s, PART_SAVING_LOG, LOG, HOST_JOURNAL, LINES, s->watch.journal_sudo, now);
    if (s->settings->commands_extended)
        request_host(s, PART_SAVING_LOG, LOG, HOST_LOG_TAIL, LINES, false, now);
}

bool saving_log_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                         struct now now)
{
    const struct log_facts *found = &a->host->saving;
    (void)p, (void)now;
    if (s->cause == CAUSE_PERSISTENCE_FAILING && found->class != LOG_NONE)
        s->observations.saving_log = *found;
    return true;
}
