/* Alerts in the daemon: what they are told, and by whom. */
#include "daemon/world_inside.h"
#include "io/clock.h"

static struct now alerts_clock(void *context)
{
    (void)context;
    return clock_now();
}

static void on_answered(void *context)
{
    const struct world *w = context;
    if (w->handlers != NULL)
        handlers_message_answered(w->handlers);
}

static void port_judged(void *context, int service)
{
    const struct world *w = context;
    if (w->alerts != NULL)
        alerts_judged(w->alerts, service);
}

void world_fill_alert_ports(struct engine_ports *ports)
{
    ports->judged = port_judged;
}

int world_open_alerts(struct world *w, struct error *err)
{
    const struct alerts_ports ports = {
        .context = w,
        .loop = w->loop,
        .store = w->store,
        .engine = w->engine,
        .now = alerts_clock,
        .answered = on_answered,
    };
    return alerts_open(&ports, w->settings, &w->alerts, err);
}
