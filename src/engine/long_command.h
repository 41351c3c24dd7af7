/* The command that kept Redis busy: SLOWLOG is read once when it is over. */
#ifndef RESUS_ENGINE_LONG_COMMAND_H
#define RESUS_ENGINE_LONG_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "engine/part.h"

struct pending;
struct service;

struct long_command {
    bool seen;
    mono_ms since; /* the last answer before it */
    int64_t pid, silent_ms;
    wall_ms ended; /* WALL_NONE = there was none */
    char text[FACT_TEXT_MAX * 2];
    const char *advice;
};

void long_command_judged(struct service *s, struct now now);
bool long_command_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                           struct now now);

#endif
