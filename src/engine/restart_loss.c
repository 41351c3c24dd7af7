/* A restart by recovery ends a process that may not get the time for its final save. Its journal
 * shows whether data was lost. */
#include "engine/restart_loss.h"

#include "base/str.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/service.h"
#include "engine/stops.h"

void restart_loss_sent(struct service *s)
{
    const struct unit_facts *u = &s->observations.unit;
    s->recovering.cut_loss[0] = '\0';
    /* A process that Resus runs itself has no journal. */
    if (s->settings->control != CONTROL_PROCESS && unit_runs(u->active) && u->main_pid > 0)
        stops_cut_text(s, s->recovering.cut_loss, sizeof s->recovering.cut_loss);
}

/* After a restart the unit's state is the new process's: only the journal knows of the old one. */
void restart_loss_ended(struct service *s, const struct host_outcome *o, struct now now)
{
    bool ran = o->end == HOST_EXITED || o->end == HOST_TIMED_OUT;
    if (o->command != HOST_RESTART || s->recovering.cut_loss[0] == '\0' || !ran ||
        o->duration_ms < STOP_CUT_MIN_MS)
        return;
    request_host(s, PART_RECOVER, RECOVER_STOP_LOG, HOST_JOURNAL, STOP_LOG_LINES,
                 s->watch.journal_sudo, now);
}

/* The journal often answers after the success: the record is written again then. */
static void report(struct service *s, struct now now)
{
    struct audit_line line;
    char text[FACT_TEXT_MAX + 64];
    (void)str_format(text, sizeof text, "The restart by Resus lost data. %s",
                     s->recovering.stop_loss);
    service_log(s, true, "%s", text);
    event_notice(s, text, now);
    record_line_init(s, &line, AUDIT_INCIDENT, "restart-lost-data", NULL, now);
    (void)str_copy(line.request_id, sizeof line.request_id, s->recovering.id);
    (void)str_copy(line.reason, sizeof line.reason, text);
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
    if (!s->recovery.open && s->recovering.last.any)
        recover_save_history(s, recovery_end_word(s->recovering.last.end),
                             s->recovering.last.duration_seconds, s->recovering.actions);
}

void restart_loss_log(struct service *s, const struct host_outcome *o, struct now now)
{
    if (o->end != HOST_EXITED || !o->log.stop_cut || s->recovering.cut_loss[0] == '\0')
        return;
    (void)str_format(s->recovering.stop_loss, sizeof s->recovering.stop_loss, "%s ",
                     s->recovering.cut_loss);
    stops_prevent_text(s, s->recovering.stop_loss, sizeof s->recovering.stop_loss);
    s->recovering.cut_loss[0] = '\0';
    report(s, now);
}
