/* What the daemon's three clocks say of the world's time. */
#include "sim.h"

#define JUMP_MS 2100 /* above what the engine takes for a jump: the clocks drift */
#define WALL_BEGIN_MS 1760000000000LL

int64_t clocks_mono(const struct sim *s)
{
    return s->now + s->mono_offset;
}

int64_t clocks_world_of(const struct sim *s, int64_t mono)
{
    if (mono == SIM_NEVER)
        return SIM_NEVER;
    int64_t at = mono - s->mono_offset;
    return at > s->now ? at : s->now;
}

struct now clocks_read(const struct sim *s)
{
    return (struct now){
        .mono = {clocks_mono(s)},
        .boot = {s->now + s->boot_offset},
        .wall = {WALL_BEGIN_MS + s->now + s->now / 1000 * s->drift_ppm / 1000 + s->wall_offset},
    };
}

struct now clocks_now(struct sim *s)
{
    s->entered = true;
    /* What was set and set back between two looks cannot be seen. */
    int64_t moved = s->wall_offset - s->wall_offset_seen;
    s->wall_offset_seen = s->wall_offset;
    if (moved > JUMP_MS || moved < -JUMP_MS)
        s->jolted = s->now;
    return clocks_read(s);
}
