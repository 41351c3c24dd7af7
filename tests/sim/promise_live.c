/* The promises of liveness: what is left when the faults are over. */
#include "sim.h"

#include "engine/service.h"
#include "engine/snapshot.h"

/* A pause that clocks set back made longer is not long over: there is a grace, and a load. */
#define RESUMED_MS 900000

static bool explained(const struct sim *s, int service)
{
    const struct service *inside = &s->engine->services[service];
    const struct witness *w = &s->worlds[service].witness;
    /* An address that has never answered is no evidence against Redis: hands off, and the doctor.
     */
    return !inside->observations.ever_answered || inside->saved.stopped_on_purpose ||
           !inside->recovery_policy.enabled || s->now - w->paused_seen < RESUMED_MS ||
           (inside->recovery_policy.external_stop == EXTERNAL_STOP_RESPECT &&
            inside->cause == CAUSE_UNIT_STOPPED);
}

void promise_live(struct sim *s)
{
    for (int i = 0; i < s->count && !s->failed; i++) {
        const struct unit *u = &s->worlds[i].unit;
        if (s->engine == NULL) {
            sim_broken(s, i, "the daemon does not run at the end");
            return;
        }
        const struct service *inside = &s->engine->services[i];
        enum overall overall = snapshot_overall(inside, clocks_read(s));
        bool serves = u->process == PROCESS_UP && u->active == UNIT_ACTIVE && !u->frozen;
        if (serves && overall != OVERALL_HEALTHY && overall != OVERALL_DEGRADED)
            sim_broken(s, i, "all is well, but it is said to be %s (%s)", overall_word(overall),
                       cause_row(inside->cause)->code);
        if (!serves && overall == OVERALL_HEALTHY)
            sim_broken(s, i, "it does not serve, but is said to be healthy");
        if (serves || explained(s, i))
            continue;
        if (!inside->recovery.needs_human)
            sim_broken(s, i, "neither cured nor a human called: %s, unit %s/%s, phase %s",
                       cause_row(inside->cause)->code, unit_active_word(u->active), u->sub,
                       recovery_phase_word(inside->recovery.phase));
        else if (s->worlds[i].witness.alerted[0] == '\0')
            sim_broken(s, i, "a human is needed but was not called");
    }
}
