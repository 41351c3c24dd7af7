#include "engine/stops.h"

#include <inttypes.h>

#include "base/str.h"
#include "engine/service.h"

/* "18:20:05" of "2026-11-29T18:20:05Z" */
#define CLOCK_AT 11
#define CLOCK_LENGTH 8

void stops_cut_text(const struct service *s, char *text, size_t size)
{
    const struct info_facts *i = &s->observations.info;
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
    if (cause_stop_was_cut(&s->observations))
        stops_cut_text(s, text, size);
}

void stops_prevent_text(const struct service *s, char *text, size_t size)
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
    if (cause_stop_was_cut(&s->observations) && s->cause == CAUSE_UNIT_STOPPED)
        stops_prevent_text(s, text, size);
    (void)str_append(text, size, "%s%s", text[0] != '\0' ? " " : "", otherwise);
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
