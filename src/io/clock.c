#include "io/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct now clock_now(void)
{
    return (struct now){
        .mono = clock_mono(),
        .boot = {read_us(CLOCK_BOOTTIME) / 1000},
        .wall = clock_wall(),
    };
}

mono_ms clock_mono(void)
{
    return (mono_ms){read_us(CLOCK_MONOTONIC) / 1000};
}

wall_ms clock_wall(void)
{
    return (wall_ms){read_us(CLOCK_REALTIME) / 1000};
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}
