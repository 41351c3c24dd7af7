/* Restarts of the unit that Resus did not cause. */
#ifndef RESUS_ENGINE_OTHER_RESTART_H
#define RESUS_ENGINE_OTHER_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "engine/part.h"

struct service;

/* The unit's process, and a restart of it that Resus did not cause. */
struct other_restart {
    int64_t process, restarts; /* newest main process and NRestarts; 0 and FACT_UNKNOWN: none yet */
    mono_ms seen;              /* when they were asked for */
    bool open;                 /* a restart is being explained: */
    mono_ms since;             /* the old process was last seen then, */
    mono_ms noticed;           /* the new one first then */
    mono_ms due;               /* when no more is waited for, or MONO_NEVER */
    int64_t restarts_before;
    bool unrecorded;                     /* the unit was seen down, and systemd knew of no stop */
    bool systemd;                        /* systemd did it, by what the unit shows */
    enum unit_result result;             /* seen while systemd waited to restart it */
    bool log_asked, log_read, other_way; /* other_way: with sudo instead of without, or without */
    struct restart_facts log;
};

int other_restart_init(struct service *s, struct now now);
bool other_restart_turn(struct service *s, struct now now);
mono_ms other_restart_next(const struct service *s);
void other_restart_unit(struct service *s, const struct unit_facts *unit, struct now now);
bool other_restart_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                            struct now now);
void other_restart_judged(struct service *s, struct now now); /* explains it, when it can */

#endif
