#include "chance.h"

#include <math.h>

/* splitmix64 (Sebastiano Vigna, public domain). */
uint64_t chance_draw(struct chance *c)
{
    uint64_t z = c->state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

int64_t chance_between(struct chance *c, int64_t low, int64_t high)
{
    return low + (int64_t)(chance_draw(c) % (uint64_t)(high - low + 1));
}

bool chance_percent(struct chance *c, int percent)
{
    return chance_between(c, 0, 99) < percent;
}

int64_t chance_wait(struct chance *c, int64_t mean_ms)
{
    double uniform = (double)((chance_draw(c) >> 11) + 1) / 9007199254740993.0;
    double wait = -log(uniform) * (double)mean_ms;
    return wait < 1 ? 1 : (int64_t)wait;
}
