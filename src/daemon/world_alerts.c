/* Alerts in the daemon: what reaches them, and from where. */
#include <assert.h>
#include <inttypes.h>

#include "alerts/incidents.h"
#include "base/json.h"
#include "base/str.h"
#include "daemon/world_inside.h"
#include "io/clock.h"

#define SELF_WATCH_MS 5000

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

/* What was done belongs into the timeline of the incident, with the one who did it. */
void world_acted(struct world *w, int service, const char *type, const json_t *body)
{
    bool recovery = str_equal(type, "auto_recovery");
    const char *end = json_text_or(body, recovery ? "status" : "result", "");
    if (w->alerts == NULL || (!recovery && !str_equal(type, "service_event")) ||
        (!str_equal(end, "success") && !str_equal(end, "failed") && !str_equal(end, "failure")))
        return;
    incidents_acted(w->alerts, service, recovery ? NULL : json_text_or(body, "user", NULL),
                    json_text_or(body, "message", ""));
}

/* Pages wait for the end of a maintenance window. */
static bool port_held(void *context, int service)
{
    const struct world *w = context;
    return service >= 0 && engine_maintained(w->engine, service);
}

static bool port_link_key(void *context, uint8_t ret[ACK_LINK_KEY_SIZE])
{
    static_assert(ACCOUNTS_LINK_KEY_SIZE == ACK_LINK_KEY_SIZE, "one size of the key");
    const struct world *w = context;
    if (w->accounts != NULL)
        accounts_link_key(w->accounts, ret);
    return w->accounts != NULL;
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
        .link_key = port_link_key,
        .held = port_held,
    };
    return alerts_open(&ports, w->settings, &w->alerts, err);
}

/* ── what others find ── */

void world_finding(void *context, const char *service, const char *rule, const char *message)
{
    const struct world *w = context;
    struct alert_report report = {.key = {.class = CLASS_SECURITY},
                                  .event = ALERT_BAD,
                                  .over = true,
                                  .severity = SEVERITY_P4,
                                  .summary = message};
    if (w->alerts == NULL)
        return;
    (void)str_copy(report.key.subject, sizeof report.key.subject, service);
    (void)str_copy(report.key.detail, sizeof report.key.detail, rule);
    alerts_report(w->alerts, &report);
}

void world_asked(void *context, const char *email, const char *text, int64_t number)
{
    const struct world *w = context;
    char title[300], command[64];
    if (w->alerts == NULL)
        return;
    (void)str_format(title, sizeof title, "%s asks for a higher role", email);
    (void)str_format(command, sizeof command, "resus access approve %" PRId64, number);
    alerts_news(w->alerts, &(struct alerts_news){.title = title,
                                                 .text = text,
                                                 .author = email,
                                                 .command = command,
                                                 .path = "/requests"});
}

static void report(struct world *w, const char *what, enum severity severity, bool bad,
                   const char *text)
{
    struct alert_report report = {.key = {.class = CLASS_SELF},
                                  .event = bad ? ALERT_BAD : ALERT_WELL,
                                  .severity = severity,
                                  .summary = text};
    (void)str_copy(report.key.detail, sizeof report.key.detail, what);
    alerts_report(w->alerts, &report);
}

void world_watch_self(struct world *w)
{
    mono_ms now = clock_mono();
    struct audit_state audit;
    struct store_state store;
    char text[ERROR_TEXT_MAX + 80];
    if (w->alerts == NULL || mono_since(now, w->self_watched) < SELF_WATCH_MS)
        return;
    w->self_watched = now;
    audit_look(w->audit, &audit);
    store_look(w->store, &store);
    (void)str_format(text, sizeof text, "The audit log cannot be written: %s", audit.problem.text);
    report(w, "audit", SEVERITY_P2, audit.problem.code != 0, text);
    report(w, "audit.room", SEVERITY_P3, audit.crowded.code != 0, audit.crowded.text);
    report(w, "audit.lines", SEVERITY_P2, audit.missing,
           "Lines of the audit log are missing or changed: resus audit verify names them.");
    (void)str_format(text, sizeof text, "The state database cannot be written: %s",
                     store.problem.text);
    report(w, "store", SEVERITY_P2, store.problem.code != 0, text);
}
