/* Self-doubt, like Sentinel's TILT: when the loop was held up for more than 2 s or the
 * clocks moved against each other, nothing that was measured can be trusted; Resus only observes
 * for 30 s. */
#ifndef RESUS_CORE_TILT_H
#define RESUS_CORE_TILT_H

#include <stdbool.h>

#include "base/time.h"

#define TILT_LATE_MS 2000  /* a wake-up that comes this much too late */
#define TILT_JUMP_MS 2000  /* wall or boot time against monotonic time between two turns */
#define TILT_REST_MS 30000 /* observe this long */

enum tilt_reason { TILT_NONE, TILT_LATE, TILT_WALL_JUMP, TILT_SUSPENDED, TILT_BACKWARDS };

struct tilt {
    struct now last;
    bool begun;
    mono_ms until; /* in self-doubt until then */
    enum tilt_reason reason;
};

/* One loop turn that should have happened at `due` (MONO_NEVER: none was due). Returns the reason
 * if this turn starts (or prolongs) self-doubt, else TILT_NONE. */
enum tilt_reason tilt_turn(struct tilt *t, struct now now, mono_ms due);
bool tilt_active(const struct tilt *t, mono_ms now);
const char *tilt_text(enum tilt_reason reason);

#endif
