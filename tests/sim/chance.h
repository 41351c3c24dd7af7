/* Seeded chance: the same numbers on every machine, forever. */
#ifndef RESUS_TESTS_SIM_CHANCE_H
#define RESUS_TESTS_SIM_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

uint64_t chance_draw(struct chance *c);
/* low <= result <= high */
int64_t chance_between(struct chance *c, int64_t low, int64_t high);
bool chance_percent(struct chance *c, int percent);
/* A waiting time of a thing that happens every `mean_ms` on average; at least 1. */
int64_t chance_wait(struct chance *c, int64_t mean_ms);

#endif
