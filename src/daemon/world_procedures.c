/* Guided procedures in the daemon: what they ask of the engine and the audit log. */
#include "base/json.h"
#include "base/str.h"
#include "core/cause.h"
#include "daemon/world_inside.h"
#include "engine/alert_facts.h"
#include "engine/queries.h"
#include "io/clock.h"

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

static const struct settings *port_settings(void *context)
{
    const struct world *w = context;
    return w->settings;
}

static const struct redis_tunnel *port_tunnel(void *context, int service)
{
    const struct world *w = context;
    return &w->places[service].tunnel;
}

static const char *port_busy(void *context, int service)
{
    const struct world *w = context;
    return w->restores != NULL && restores_holds(w->restores, service) ? "a restore"
                                                                       : world_busy(w, service);
}

/* A confirmed trouble with Redis itself: what a change of it may have caused. */
static const char *port_unwell(void *context, int service, char *to, size_t size)
{
    const struct world *w = context;
    struct verdict verdict = engine_verdict(w->engine, service);
    const struct cause_row *row = cause_row(verdict.cause);
    if (!verdict.confirmed || row->alert_class != CLASS_AVAILABILITY)
        return NULL;
    (void)str_copy(to, size, row->summary);
    return to;
}

static void port_audit(void *context, const struct audit_line *line)
{
    struct world *w = context;
    audit_append(w->audit, 0, line, false);
}

static void port_publish(void *context, int service, json_t *body)
{
    struct world *w = context;
    engine_tell(w->engine, service, "service_event", body, clock_now());
}

int world_open_procedures(struct world *w, struct error *err)
{
    const struct procedures_ports ports = {
        .context = w,
        .loop = w->loop,
        .backups = w->backups,
        .store = w->store,
        .now = port_now,
        .settings = port_settings,
        .tunnel = port_tunnel,
        .busy = port_busy,
        .permit = world_permit,
        .unwell = port_unwell,
        .audit = port_audit,
        .publish = port_publish,
    };
    return procedures_open(&ports, &w->procedures, err);
}
