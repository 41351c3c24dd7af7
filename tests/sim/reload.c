/* New settings at any moment. What hangs on a carrier that the new settings replace ends with "not
 * known", each request once. */
#include "sim.h"

#include <string.h>

#include "base/str.h"

static void cut(struct sim *s, int service)
{
    server_cut(s, service);
    shell_cut(s, service);
    on_host_cut(s, service);
}

static void reopened(struct sim *s, int service, uint64_t id)
{
    (void)id;
    engine_reopened(s->engine, service, clocks_now(s));
}

void reload_settings(struct sim *s, int service)
{
    static const int64_t pulses[] = {1000, 5000, 0};
    struct chance *c = &s->chance;
    if (!daemon_alive(s))
        return;
    struct service_settings *other = s->services == s->banks[0] ? s->banks[1] : s->banks[0];
    memcpy(other, s->services, sizeof s->banks[0]);
    struct service_settings *set = &other[service];
    bool carriers = chance_percent(c, 70); /* it is reached in another way, too */
    if (chance_percent(c, 50))
        set->watch.pulse_interval_ms = pulses[chance_between(c, 0, 2)];
    if (carriers && chance_percent(c, 50))
        set->commands_extended = !set->commands_extended;
    sim_say(s, service, "new settings%s: pulse %lld ms, %s commands",
            carriers ? " and connections" : "", (long long)set->watch.pulse_interval_ms,
            set->commands_extended ? "extended" : "default");
    s->services = other;
    s->settings.services = other;
    s->worlds[service].reloaded = s->now;
    if (carriers)
        cut(s, service);
    engine_reconfigure(s->engine, &s->settings, clocks_now(s));
    if (carriers && !s->dying)
        sim_input(s, s->now, reopened, service, 0);
}
