/* The two times, as types that cannot be mixed: `mono_ms` for intervals and deadlines
 * (CLOCK_MONOTONIC), `wall_ms` for people and files (Unix time). Nothing below the loop reads a
 * clock: one `struct now` per loop turn is handed down. */
#ifndef RESUS_BASE_TIME_H
#define RESUS_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t ms;
} mono_ms;

typedef struct {
    int64_t ms;
} wall_ms;

struct now {
    mono_ms mono;
    mono_ms boot; /* CLOCK_BOOTTIME: runs on through a suspend; mono does not */
    wall_ms wall;
};

#define MONO_NEVER ((mono_ms){INT64_MAX})
#define WALL_NONE ((wall_ms){0})

static inline mono_ms mono_add(mono_ms t, int64_t ms)
{
    return (mono_ms){ms > 0 && t.ms > INT64_MAX - ms ? INT64_MAX : t.ms + ms};
}
static inline int64_t mono_since(mono_ms now, mono_ms then)
{
    return now.ms - then.ms;
}
static inline bool mono_reached(mono_ms now, mono_ms deadline)
{
    return now.ms >= deadline.ms;
}
static inline mono_ms mono_min(mono_ms a, mono_ms b)
{
    return a.ms < b.ms ? a : b;
}
static inline mono_ms mono_max(mono_ms a, mono_ms b)
{
    return a.ms > b.ms ? a : b;
}
static inline wall_ms wall_add(wall_ms t, int64_t ms)
{
    return (wall_ms){t.ms + ms};
}
static inline int64_t wall_since(wall_ms now, wall_ms then)
{
    return now.ms - then.ms;
}

#define WALL_TEXT_SIZE 32
/* RFC 3339 UTC in whole seconds with Z: "2025-10-10T14:30:00Z". `buffer` holds
 * WALL_TEXT_SIZE. Returns buffer. Years outside 0..9999 are clamped. */
char *wall_text(wall_ms t, char buffer[WALL_TEXT_SIZE]);
/* Reads that form (fractions of a second and numeric offsets are taken too). 0 or -EINVAL. */
int wall_parse(const char *text, wall_ms *ret_time);

#define DURATION_TEXT_SIZE 32
/* For people: "0.3 s", "42 s", "5 min 3 s", "1 d 4 h". Returns buffer. */
char *duration_text(int64_t ms, char buffer[DURATION_TEXT_SIZE]);

#endif
