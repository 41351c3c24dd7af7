/* How late the engine's wake-ups came: of this period and the one before, and since the start. */
#ifndef RESUS_ENGINE_LATENESS_H
#define RESUS_ENGINE_LATENESS_H

#include <stdint.h>

#include "base/time.h"
#include "engine/queries.h"

/* Counted by whole milliseconds; the last place holds all that is later. */
#define LATENESS_MS_MAX 1000

struct lateness_period {
    uint32_t counts[LATENESS_MS_MAX + 1];
    uint32_t count;
    int64_t worst_ms;
};

struct lateness {
    struct lateness_period current, before;
    mono_ms until; /* end of this period */
    struct engine_lateness all;
};

void lateness_start(struct lateness *l, struct now now);
void lateness_note(struct lateness *l, int64_t late_ms);
void lateness_turn(struct lateness *l, struct now now); /* begins the next period when it is due */
/* So many per cent of the wake-ups of the last one to two periods were not later. */
int64_t lateness_ms(const struct lateness *l, int percent);

#endif
