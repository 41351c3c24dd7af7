/* Backups in the daemon: what they ask of the engine, the audit log and alerts. */
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "core/cause.h"
#include "daemon/world_inside.h"
#include "engine/alert_facts.h"
#include "engine/queries.h"
#include "host/command.h"
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

static bool port_elsewhere(void *context, int service)
{
    const struct world *w = context;
    return w->places[service].dormant;
}

static bool port_troubled(void *context, int service)
{
    const struct world *w = context;
    struct verdict verdict = engine_verdict(w->engine, service);
    return verdict.confirmed && cause_row(verdict.cause)->alert_class == CLASS_AVAILABILITY;
}

const char *world_busy(const struct world *w, int service)
{
    struct now now = clock_now();
    if (w->places[service].dormant)
        return "the engine of the fleet that owns it";
    JSON_CLEANUP json_t *status = engine_status_json(w->engine, service, now);
    JSON_CLEANUP json_t *recovery = engine_recovery_json(w->engine, service, now);
    if (json_is_object(json_object_get(status, "operation")))
        return "an operation on Redis";
    return str_equal(json_text_or(recovery, "state", ""), "recovering") ? "a recovery of Redis"
                                                                        : NULL;
}

static const char *port_busy(void *context, int service)
{
    const struct world *w = context;
    return w->restores != NULL && restores_holds(w->restores, service) ? "a restore"
                                                                       : world_busy(w, service);
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

static void port_report(void *context, int service, enum backups_trouble trouble, const char *text)
{
    struct world *w = context;
    struct alert_report report = {
        .key = {.class = CLASS_BACKUP},
        .event = text != NULL ? ALERT_BAD : ALERT_WELL,
        .severity = trouble == BACKUPS_SUSPICIOUS || trouble == BACKUPS_UNCOPIED ? SEVERITY_P3
                                                                                 : SEVERITY_P2,
        .summary = text};
    if (w->alerts == NULL || (w->places[service].dormant && text != NULL))
        return; /* the engine that owns the service makes its backups */
    (void)str_copy(report.key.subject, sizeof report.key.subject,
                   w->settings->services[service].id);
    (void)str_copy(report.key.detail, sizeof report.key.detail, backups_trouble_word(trouble));
    alerts_report(w->alerts, &report);
}

/* ── what is known of a host ── */

static json_t *ssh_json(const struct ssh_settings *ssh)
{
    json_t *o = json_object();
    (void)json_put_text(o, "host", ssh->host);
    (void)json_put_int(o, "port", ssh->port);
    (void)json_put_text(o, "user", ssh->user);
    (void)json_put_text(o, "key", ssh->key);
    (void)json_put_text(o, "known_hosts", ssh->known_hosts);
    return o;
}

#define SUDOERS_BYTES_MAX 65536
static const char *const control_words[] = {
    [CONTROL_SYSTEMD] = "systemd", [CONTROL_SSH] = "ssh", [CONTROL_PROCESS] = "process"};

/* As `resus sudoers` prints it. */
static void put_sudoers(json_t *o, const struct service_settings *service)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(SUDOERS_BYTES_MAX);
    bool good = service->control == CONTROL_SSH &&
                host_sudoers(service->ssh.user, service->unit, service->log_file,
                             service->commands_extended, service->restore_helper, &text) == 0;
    (void)json_put_text(o, "sudoers", good ? buf_text(&text) : NULL);
}

static json_t *port_known(void *context, int service)
{
    const struct world *w = context;
    const struct service_settings *s = &w->settings->services[service];
    json_t *o = json_object();
    (void)json_put_text(o, "service", s->id);
    (void)json_put_text(o, "name", s->name);
    (void)json_put_text(o, "vm_name", s->vm_name);
    (void)json_put_text(o, "unit", s->unit);
    (void)json_put_text(o, "control", control_words[s->control]);
    (void)json_put(o, "ssh", s->control == CONTROL_SSH ? ssh_json(&s->ssh) : json_null());
    put_sudoers(o, s);
    (void)json_put_text(o, "config_file",
                        s->control == CONTROL_PROCESS ? s->process.config_file : NULL);
    (void)json_put(o, "status", engine_status_json(w->engine, service, clock_now()));
    return o;
}

int world_open_backups(struct world *w, struct error *err)
{
    const struct backups_ports ports = {
        .context = w,
        .loop = w->loop,
        .store = w->store,
        .copier = "/proc/self/exe",
        .now = port_now,
        .settings = port_settings,
        .tunnel = port_tunnel,
        .known = port_known,
        .busy = port_busy,
        .elsewhere = port_elsewhere,
        .troubled = port_troubled,
        .audit = port_audit,
        .publish = port_publish,
        .report = port_report,
    };
    return backups_open(&ports, &w->backups, err);
}
