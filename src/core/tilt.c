#include "core/tilt.h"

static enum tilt_reason look(const struct tilt *t, struct now now, mono_ms due)
{
    if (t->begun) {
        int64_t mono = mono_since(now.mono, t->last.mono);
        int64_t boot = mono_since(now.boot, t->last.boot);
        int64_t wall = wall_since(now.wall, t->last.wall);
        if (mono < 0)
            return TILT_BACKWARDS;
        if (boot - mono > TILT_JUMP_MS)
            return TILT_SUSPENDED;
        if (wall - boot > TILT_JUMP_MS || boot - wall > TILT_JUMP_MS)
            return TILT_WALL_JUMP;
    }
    if (due.ms != MONO_NEVER.ms && mono_since(now.mono, due) > TILT_LATE_MS)
        return TILT_LATE;
    return TILT_NONE;
}

enum tilt_reason tilt_turn(struct tilt *t, struct now now, mono_ms due)
{
    enum tilt_reason reason = look(t, now, due);
    t->last = now;
    t->begun = true;
    if (reason != TILT_NONE) {
        t->until = mono_add(now.mono, TILT_REST_MS);
        t->reason = reason;
    }
    return reason;
}

bool tilt_active(const struct tilt *t, mono_ms now)
{
    return t->reason != TILT_NONE && !mono_reached(now, t->until);
}

const char *tilt_text(enum tilt_reason reason)
{
    switch (reason) {
    case TILT_LATE:
        return "its loop was held up";
    case TILT_WALL_JUMP:
        return "the system's clock was set";
    case TILT_SUSPENDED:
        return "the machine was suspended";
    case TILT_BACKWARDS:
        return "the monotonic clock went backwards";
    case TILT_NONE:
        break;
    }
    return "all is well";
}
