/* Times that outlive the process. A running machine counts on the monotonic clock; on the disk a
 * time is wall time. A time that is read back is never further away than the delay that it stands for, so a
 * clock that was set in between can delay a machine by one such delay at most. */
#ifndef RESUS_CORE_PERSISTED_H
#define RESUS_CORE_PERSISTED_H

#include "base/time.h"

/* A moment, past or to come, as wall time. MONO_NEVER is WALL_NONE. */
static inline wall_ms persisted_time(mono_ms t, struct now now)
{
    return t.ms == MONO_NEVER.ms ? WALL_NONE : wall_add(now.wall, mono_since(t, now.mono));
}

/* A past moment read back: at most `limit_ms` ago, and never in the future. */
static inline mono_ms persisted_since(wall_ms t, struct now now, int64_t limit_ms)
{
    if (t.ms == WALL_NONE.ms)
        return MONO_NEVER;
    int64_t ago = wall_since(now.wall, t);
    ago = ago < 0 ? 0 : ago > limit_ms ? limit_ms : ago;
    return (mono_ms){now.mono.ms - ago};
}

/* A deadline read back: now at the earliest, and `length_ms`, its full delay, from now at the
 * latest. */
static inline mono_ms persisted_due(wall_ms t, struct now now, int64_t length_ms)
{
    if (t.ms == WALL_NONE.ms)
        return MONO_NEVER;
    int64_t left = wall_since(t, now.wall);
    left = left < 0 ? 0 : left > length_ms ? length_ms : left;
    return mono_add(now.mono, left);
}

/* The end of a wait that counts only while there is a daemon, read back: as far away as it was when it was
 * written, by the same clock, at `written`; `length_ms` at most. Time without a daemon does not count, because it
 * looks the same as a clock that was set forward. */
static inline mono_ms persisted_rest(wall_ms end, wall_ms written, struct now now,
                                     int64_t length_ms)
{
    return persisted_due(end, (struct now){.mono = now.mono, .wall = written}, length_ms);
}

#endif
