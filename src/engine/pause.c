#include "engine/pause.h"

#include "engine/event.h"
#include "engine/record.h"
#include "engine/service.h"
#include "engine/state.h"

bool pause_turn(struct service *s, struct now now)
{
    wall_ms until = s->saved.paused_until;
    if (until.ms == WALL_NONE.ms || wall_since(until, now.wall) > 0)
        return false;
    state_end_pause(s);
    state_store(s, 0, STORE_FULL);
    record_setting(s, "pause-ended", NULL, "The pause ended by itself.", now);
    event_notice(s, "The pause of automatic recovery has ended.", now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    return false;
}

mono_ms pause_next(const struct service *s)
{
    const struct now *last = &s->engine->tilt.last;
    wall_ms until = s->saved.paused_until;
    return until.ms == WALL_NONE.ms ? MONO_NEVER
                                    : mono_add(last->mono, wall_since(until, last->wall));
}
