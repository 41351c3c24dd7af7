/* What is said of a stop that was not made through Resus: what it has cost, when Resus undoes it.
 */
#include <inttypes.h>

#include "base/str.h"
#include "engine/stops.h"

/* "18:20:05" of "2026-11-29T18:20:05Z" */
#define CLOCK_AT 11
#define CLOCK_LENGTH 8

/* "" where nothing was to be saved. */
static void loss_text(const struct service *s, char *text, size_t size)
{
    const struct info_facts *i = &s->sight.info;
    bool keeps_nothing = i->save_points == TRI_NO && i->aof_enabled == TRI_NO;
    (void)str_copy(text, size, "");
    if (keeps_nothing)
        return;
    (void)str_copy(text, size,
                   "The stop was cut: the process was killed before its final save was done.");
    if (i->aof_enabled == TRI_YES)
        (void)str_append(text, size,
                         " The append-only file has the changes, but for about the last second.");
    else if (i->known && i->unsaved_changes > 0)
        (void)str_append(text, size,
                         " What was not saved is lost: %" PRId64 " changes when last counted.",
                         i->unsaved_changes);
    else
        (void)str_append(text, size, " What was not saved is lost.");
}

void stops_loss_text(const struct service *s, char *text, size_t size)
{
    (void)str_copy(text, size, "");
    if (cause_stop_was_cut(&s->sight))
        loss_text(s, text, size);
}

static void prevent_text(const struct service *s, char *text, size_t size)
{
    (void)str_append(text, size,
                     "Raise TimeoutStopSec above the duration of a save (systemctl edit %s).",
                     s->settings->unit);
}

void stops_advice_text(const struct service *s, const char *otherwise, char *text, size_t size)
{
    if (s->recovery.withheld == WITHHELD_EMPTY_PRIMARY)
        otherwise = withheld_text(WITHHELD_EMPTY_PRIMARY);
    (void)str_copy(text, size, "");
    if (cause_stop_was_cut(&s->sight) && s->cause == CAUSE_UNIT_STOPPED)
        prevent_text(s, text, size);
    (void)str_append(text, size, "%s%s", text[0] != '\0' ? " " : "", otherwise);
}

/* ── recovery's own restart ── */

void stops_restart_sent(struct service *s)
{
    const struct unit_facts *u = &s->sight.unit;
    s->cut_loss[0] = '\0';
    /* A process that Resus runs itself has no journal. */
    if (s->settings->control != CONTROL_PROCESS && unit_runs(u->active) && u->main_pid > 0)
        loss_text(s, s->cut_loss, sizeof s->cut_loss);
}

/* After a restart the unit's state is the new process's: only the journal knows of the old one. */
void stops_restart_ended(struct service *s, const struct host_outcome *o, struct now now)
{
    bool ran = o->end == HOST_EXITED || o->end == HOST_TIMED_OUT;
    if (o->command != HOST_RESTART || s->cut_loss[0] == '\0' || !ran ||
        o->duration_ms < STOP_CUT_MIN_MS)
        return;
    request_host(s, FOR_STOP_LOG, HOST_JOURNAL, STOP_LOG_LINES, s->watch.journal_sudo, now);
}

void stops_restart_log(struct service *s, const struct host_outcome *o, struct now now)
{
    if (o->end != HOST_EXITED || !o->log.stop_cut || s->cut_loss[0] == '\0')
        return;
    (void)str_format(s->stop_loss, sizeof s->stop_loss, "%s ", s->cut_loss);
    prevent_text(s, s->stop_loss, sizeof s->stop_loss);
    s->cut_loss[0] = '\0';
    recover_lost(s, now);
}

bool stops_waits(const struct service *s, struct now now)
{
    enum recovery_phase phase = s->recovery.phase;
    return (phase == PHASE_GRACE || phase == PHASE_BACKOFF || phase == PHASE_WINDOW) &&
           !mono_reached(now.mono, s->recovery.deadline);
}

int64_t stops_wait_seconds(const struct service *s, struct now now)
{
    int64_t ms = mono_since(s->recovery.deadline, now.mono);
    return ms <= 0 ? 0 : (ms + 999) / 1000;
}

void stops_wait_text(const struct service *s, struct now now, char *text, size_t size)
{
    char at[WALL_TEXT_SIZE];
    (void)wall_text(wall_add(now.wall, mono_since(s->recovery.deadline, now.mono)), at);
    bool grace = s->recovery.phase == PHASE_GRACE;
    bool window = s->recovery.phase == PHASE_WINDOW;
    (void)str_format(text, size, "Resus %s at %.*s UTC (in %" PRId64 " s)%s",
                     grace    ? "starts it"
                     : window ? "starts it, when systemd allows starts again,"
                              : "tries again",
                     CLOCK_LENGTH, at + CLOCK_AT, stops_wait_seconds(s, now),
                     grace ? ". To keep it stopped: resus stop --confirm STOP, or resus pause."
                           : ".");
}
