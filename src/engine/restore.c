#include "engine/restore.h"

#include "base/str.h"
#include "engine/service.h"
#include "engine/state.h"

/* Action ids begin at random: none is used again after a restart of Resus, whatever disk and clock
 * were then, and no two services count in step. They rise by one, and fit into the 53 bits of a JSON
 * number. */
static uint64_t first_action_id(const struct service *s)
{
    const struct engine_ports *ports = &s->engine->ports;
    return ports->random(ports->context) >> 12;
}

void restore_service(struct service *s, const struct service_state *saved, struct now now)
{
    struct recovery *r = &s->recovery;
    char address[SETTINGS_HOST_MAX + 16];
    if (s->settings->redis.socket[0] != '\0')
        (void)str_copy(address, sizeof address, s->settings->redis.socket);
    else
        (void)str_format(address, sizeof address, "%s:%d", s->settings->redis.host,
                         s->settings->redis.port);
    state_take_over(s, saved, address, now);
    s->observations.start_cancelled = saved->start_cancelled;
    s->observations.ever_answered = saved->ever_answered && str_equal(saved->address, address);
    if (saved->recovery_set) {
        s->recovery_policy = saved->recovery;
        s->watch_policy.failure_threshold = saved->failure_threshold;
    }
    r->attempts = saved->attempts;
    r->breaker.open = saved->breaker_open;
    r->breaker.opened_at = saved->breaker_opened_at;
    for (int i = 0; i < BREAKER_TIMES_MAX; i++)
        r->breaker.times[i] = saved->recoveries_at[i];
    if (saved->exhausted || saved->breaker_open) {
        r->phase = PHASE_EXHAUSTED;
        r->needs_human = true;
    }
    if (saved->attempts > 0)
        r->last_attempt = now.mono; /* it was not long ago: wait the delay before the next */
    recovery_seed(r, first_action_id(s));
}
