/* What the daemon records of an incident has to give the same decisions when it is played again. */
#include "sim.h"

#include <string.h>

#include "engine/recording.h"

static void play(struct sim *s, int service)
{
    struct buf *lines = &s->worlds[service].incident;
    struct replay report;
    struct error err = {0};
    if (lines->length == 0)
        return;
    if (recording_replay(buf_text(lines), lines->length, NULL, NULL, &report, &err) < 0)
        sim_broken(s, service, "its recording cannot be played: %s", err.text);
    else if (report.different)
        sim_broken(s, service, "its recording plays differently: %s", report.difference);
    s->worlds[service].incidents++;
    buf_clear(lines);
}

void incident_line(struct sim *s, int service, uint64_t number, const char *line, bool last)
{
    struct service_world *w = &s->worlds[service];
    (void)number;
    if (s->recordings == RECORDINGS_ALL)
        return; /* it was written: that is what is measured */
    w->incident.limit = RECORDING_BYTES_MAX;
    if (line != NULL &&
        (buf_append(&w->incident, line, strlen(line)) < 0 || buf_append(&w->incident, "\n", 1) < 0))
        sim_broken(s, service, "the recording of an incident is too long");
    if (last)
        play(s, service);
}

void incident_forget(struct sim *s)
{
    for (int i = 0; i < s->count; i++) {
        play(s, i);
        buf_free(&s->worlds[i].incident);
    }
}
