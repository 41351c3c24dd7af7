/* How long a person's operation waits for a load: as long as it gets further than ever. systemd
 * ends a load that takes longer than TimeoutStartSec and begins it again, without end. */
#include "engine/service.h"

#define MOVES_WITHIN_MS 120000

/* INFO of the process that the command has started; FACT_UNKNOWN without one. */
static int64_t percent_hundredths(const struct service *s)
{
    const struct info_facts *i = &s->sight.info;
    bool ours = s->watch.info_asked.ms >= s->operation.command_ended.ms;
    bool loads = i->known && i->loading == TRI_YES && i->loading_percent >= 0;
    return ours && loads ? (int64_t)(i->loading_percent * 100) : FACT_UNKNOWN;
}

bool operation_load_moves(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    int64_t progress = percent_hundredths(s);
    if (o->load_moved.ms == 0) {
        o->load_moved = now.mono;
        o->load_progress = FACT_UNKNOWN;
    }
    if (progress > o->load_progress) {
        o->load_moved = now.mono;
        o->load_progress = progress;
    }
    int64_t limit_ms = o->load_progress == FACT_UNKNOWN ? RECOVERY_BLIND_WAIT_MS : MOVES_WITHIN_MS;
    return mono_since(now.mono, o->load_moved) < limit_ms;
}
