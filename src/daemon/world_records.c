#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "daemon/world_inside.h"
#include "io/clock.h"
#include "io/log.h"

#define CLOSE_WAIT_MS 3000

static_assert(SETTINGS_SERVICES_MAX <= TICKET_PART_MAX, "a service is a part of a ticket");

/* The engine's id says which of a service's requests it is; the store and the audit log serve all. */
static uint64_t pack_id(int service, uint64_t id)
{
    const struct ticket ticket = {.owner = TICKET_ENGINE, .part = service, .number = id};
    return id == 0 ? 0 : ticket_pack(ticket);
}

static void port_save(void *context, int service, uint64_t id, enum store_class class,
                      const struct service_state *state)
{
    struct world *w = context;
    store_save_service(w->store, pack_id(service, id), class, state);
    if (w->fleet != NULL)
        fleet_save(w->fleet, service, id, state);
}

static void port_record(void *context, const struct recovery_record *record)
{
    struct world *w = context;
    store_save_recovery(w->store, 0, record);
}

static void port_audit(void *context, int service, uint64_t id, const struct audit_line *line,
                       bool durable)
{
    struct world *w = context;
    audit_append(w->audit, pack_id(service, id), line, durable);
    accounts_see(w->accounts, line);
}

static void on_saved(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct world *w = context;
    if (outcome != STORE_DURABLE)
        log_error("store", "%s",
                  error != NULL && error->code != 0 ? error->text : "a write failed");
    struct ticket ticket = ticket_read(id);
    if (ticket.owner == TICKET_ACCOUNTS || ticket.owner == TICKET_HANDLERS)
        handlers_saved(w->handlers, id, outcome, error);
    else if (id != 0 && !world_fleet_saved(w, ticket.part, ticket.number, outcome))
        engine_save_ended(w->engine, ticket.part, ticket.number, outcome, clock_now());
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    struct world *w = context;
    handlers_rows(w->handlers, id, rows, error);
}

static void on_audited(void *context, uint64_t id, enum audit_outcome outcome,
                       const struct error *error)
{
    struct world *w = context;
    if (outcome == AUDIT_FAILED)
        log_error("audit", "%s",
                  error != NULL && error->code != 0 ? error->text : "a line could not be written");
    if (id == 0)
        return;
    struct ticket ticket = ticket_read(id);
    if (ticket.owner == TICKET_HANDLERS) {
        handlers_audited(w->handlers, id, outcome, error);
        return;
    }
    log_debug("audit", "an intent is written");
    engine_audit_ended(w->engine, ticket.part, ticket.number, outcome, clock_now());
}

/* A snapshot that repeats what is stored: it would fill the history with "running, healthy", two a
 * minute. */
static bool periodic(struct place *p, const char *type, const json_t *body)
{
    char said[sizeof p->stored];
    if (str_equal(type, "service_health"))
        return true;
    if (!str_equal(type, "service_status"))
        return false;
    (void)str_format(said, sizeof said, "%s/%s", json_text_or(body, "status", ""),
                     json_text_or(body, "overall_status", ""));
    if (str_equal(said, p->stored))
        return true;
    (void)str_copy(p->stored, sizeof p->stored, said);
    return false;
}

static void port_publish(void *context, int service, uint64_t seq, const char *type, json_t *body,
                         wall_ms at)
{
    struct world *w = context;
    struct event_record record = {.seq = seq, .at = at};
    (void)str_copy(record.service, sizeof record.service, w->settings->services[service].id);
    (void)str_copy(record.type, sizeof record.type, type);
    handlers_event(w->handlers, service, body);
    if (w->heard != NULL)
        w->heard(w->listener, service, body);
    if (periodic(&w->places[service], type, body))
        return;
    record.body = json_dumps(body, JSON_WRITE_FLAGS);
    if (record.body != NULL)
        store_save_event(w->store, 0, &record);
    mem_free(record.body);
    world_acted(w, service, type, body); /* may publish the next event: last */
}

static void port_sample(void *context, const struct series_sample *sample)
{
    struct world *w = context;
    history_sample(&w->history, sample);
}

static void port_outage(void *context, const struct outage_record *outage)
{
    struct world *w = context;
    history_outage(&w->history, outage);
}

static void port_incident(void *context, int service, uint64_t number, const char *line, bool last)
{
    struct world *w = context;
    incidents_line(w->incidents, service, number, line, last);
}

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

/* ── accounts ── */

static void port_account_audit(void *context, const struct audit_line *line)
{
    struct world *w = context;
    audit_append(w->audit, 0, line, false);
}

static void port_notice(void *context, const char *service, const char *kind, const char *message)
{
    struct world *w = context;
    for (int i = 0; i < w->count; i++)
        if (service == NULL || str_equal(w->settings->services[i].id, service))
            engine_notice(w->engine, i, kind, access_name(ACCESS_ADMIN), message, clock_now());
}

static const struct settings *port_settings(void *context)
{
    const struct world *w = context;
    return w->settings;
}

static int open_accounts(struct world *w, struct error *err)
{
    struct accounts_ports ports = {
        .context = w,
        .now = port_now,
        .audit = port_account_audit,
        .notice = port_notice,
        .asked = world_asked,
        .finding = world_finding,
        .settings = port_settings,
        .store = w->store,
        .loop = w->loop,
    };
    return accounts_open(&ports, w->settings->server.state_dir, &w->accounts, err);
}

/* ── all of them ── */

int world_open_records(struct world *w, struct error *err)
{
    const char *folder = w->settings->server.state_dir;
    int r = store_open(w->loop, folder, on_saved, on_rows, w, &w->store, err);
    if (r < 0)
        return r;
    history_open(&w->history, w->loop, folder);
    struct audit_guard guard;
    r = audit_news_open(w, &guard, err);
    if (r >= 0)
        r = audit_open(w->loop, &w->settings->audit, &guard, on_audited, w, &w->audit, err);
    if (r >= 0)
        r = open_accounts(w, err);
    if (r >= 0)
        r = incidents_open(w->loop, w->settings, &w->incidents, err);
    return r;
}

void world_fill_record_ports(struct engine_ports *ports)
{
    ports->save = port_save;
    ports->record = port_record;
    ports->audit = port_audit;
    ports->publish = port_publish;
    ports->sample = port_sample;
    ports->outage = port_outage;
    ports->incident = port_incident;
}

void world_close_records(struct world *w)
{
    incidents_close(w->incidents);
    w->incidents = NULL;
    if (w->audit != NULL) /* before the store, which keeps its last head */
        audit_close(w->audit, CLOSE_WAIT_MS);
    audit_news_close(w);
    if (w->store != NULL)
        store_close(w->store, CLOSE_WAIT_MS);
    history_close(&w->history, CLOSE_WAIT_MS);
    w->store = NULL;
    w->audit = NULL;
}
