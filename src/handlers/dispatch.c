#include "handlers/handlers.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "accounts/accounts.h"
#include "alerts/alerts.h"
#include "api/error_body.h"
#include "api/visible.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "engine/owned.h"
#include "handlers/account_answer.h"
#include "handlers/door.h"
#include "handlers/resources.h"

static const struct {
    handler *run;
    host_handler *host_ended;
    redis_handler *redis_ended;
    witness_handler *witness_ended;
    rows_handler *rows_ended; /* NULL: the rows are the answer, under `items` */
    handler *woken;           /* of those that sleep between two steps */
    bool of_accounts;         /* nothing without them */
    bool of_alerts;           /* likewise */
    bool of_windows;          /* likewise */
    bool of_backups;          /* likewise */
    bool of_restores;         /* likewise */
    bool of_procedures;       /* likewise */
    struct account_done done; /* the audit line once it is done */
} table[] = {
    [OP_SERVICES] = {services_list},
    [OP_STATUS] = {service_status},
    [OP_HEALTH] = {service_health},
    [OP_START] = {operate},
    [OP_STOP] = {operate},
    [OP_RESTART] = {operate},
    [OP_RELOAD] = {operate},
    [OP_REFRESH] = {service_refresh},
    [OP_PREFLIGHT] = {service_preflight},
    [OP_LOGS] = {logs_get, .host_ended = logs_host_ended},
    [OP_LOGS_FOLLOW] = {logs_follow, .host_ended = logs_host_ended, .woken = logs_woken},
    [OP_RECOVERY_STATUS] = {recovery_status, .rows_ended = recovery_status_rows},
    [OP_RECOVERY_SET] = {recovery_set, .rows_ended = recovery_status_rows},
    [OP_RECOVERY_RESET] = {recovery_reset, .rows_ended = recovery_status_rows},
    [OP_RECOVERY_HISTORY] = {recovery_history, .rows_ended = recovery_history_rows},
    [OP_EXPLAIN] = {recovery_explain},
    [OP_PAUSE] = {recovery_pause, .rows_ended = recovery_status_rows},
    [OP_RESUME] = {recovery_resume, .rows_ended = recovery_status_rows},
    [OP_EVENTS] = {events_get, .rows_ended = events_rows},
    [OP_EVENTS_ALL] = {events_all, .rows_ended = events_rows},
    [OP_EVENTS_FOLLOW] = {events_follow},
    [OP_INSPECT] = {inspect_get, .redis_ended = inspect_redis_ended},
    [OP_DOCTOR] = {doctor_run, .host_ended = doctor_host_ended, .redis_ended = doctor_redis_ended,
                   .witness_ended = doctor_witness_ended, .woken = doctor_woken},
    [OP_AUDIT] = {audit_get},
    [OP_AUDIT_REPORT] = {audit_report_get},
    [OP_AUDIT_VERIFY] = {audit_verify_get},
    [OP_AUDIT_KEY] = {audit_key_post, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH}},
    [OP_METRICS] = {metrics_get, .rows_ended = metrics_rows},
    [OP_SLO] = {slo_get, .rows_ended = slo_rows},
    [OP_DIAGNOSIS] = {diagnosis_get},
    [OP_BUNDLE] = {bundle_get, .host_ended = bundle_host_ended, .redis_ended = bundle_redis_ended,
                   .rows_ended = bundle_rows},
    [OP_NOTIFY] = {notify_post},
    [OP_NOTIFY_EMERGENCY] = {notify_emergency, .woken = message_woken,
                             .done = {AUDIT_INCIDENT, AUDIT_RISK_HIGH}, .of_alerts = true},
    [OP_NOTIFY_TEST] = {notify_test, .woken = message_woken, .of_alerts = true},
    [OP_CHANNELS] = {channels_list, .of_alerts = true},
    [OP_ALERTS] = {alerts_list, .rows_ended = alerts_rows, .of_alerts = true},
    [OP_ALERT] = {alert_get, .rows_ended = alert_rows, .of_alerts = true},
    [OP_ALERT_ACKNOWLEDGE] = {alert_acknowledge, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                              .of_alerts = true},
    [OP_INCIDENTS] = {incidents_list, .rows_ended = incidents_rows, .of_alerts = true},
    [OP_INCIDENT] = {incident_get, .rows_ended = incident_rows, .of_alerts = true},
    [OP_INCIDENT_OPEN] = {incident_begin, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                          .of_alerts = true},
    [OP_INCIDENT_SET] = {incident_order, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                         .of_alerts = true},
    [OP_INCIDENT_TAKE] = {incident_order, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                          .of_alerts = true},
    [OP_INCIDENT_NOTE] = {incident_order, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                          .of_alerts = true},
    [OP_INCIDENT_UPDATE] = {incident_order, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                            .of_alerts = true},
    [OP_INCIDENT_ACKNOWLEDGE] = {incident_order, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                                 .of_alerts = true},
    [OP_INCIDENT_ESCALATE] = {incident_order, .done = {AUDIT_INCIDENT, AUDIT_RISK_LOW},
                              .of_alerts = true},
    [OP_POSTMORTEM] = {incident_get, .rows_ended = incident_rows, .of_alerts = true},
    [OP_LINK_SHOW] = {link_show, .of_alerts = true},
    [OP_LINK_ACKNOWLEDGE] = {link_acknowledge, .done = {AUDIT_INCIDENT, AUDIT_RISK_MODERATE},
                             .of_alerts = true},
    [OP_KEY_ROTATE] = {key_rotate},
    [OP_LOGIN] = {login, .done = {AUDIT_AUTHENTICATION, AUDIT_RISK_LOW}, .of_accounts = true},
    [OP_LOGOUT] = {logout, .done = {AUDIT_AUTHENTICATION, AUDIT_RISK_LOW}, .of_accounts = true},
    [OP_RENEW] = {session_renew, .of_accounts = true},
    [OP_ME] = {me, .of_accounts = true},
    [OP_PASSWORD] = {password_change, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_MODERATE},
                     .of_accounts = true},
    [OP_SESSIONS] = {sessions_list, .of_accounts = true},
    [OP_SESSION_REVOKE] = {session_end, .done = {AUDIT_AUTHENTICATION, AUDIT_RISK_LOW},
                           .of_accounts = true},
    [OP_TOTP_BEGIN] = {totp_begin, .of_accounts = true},
    [OP_TOTP_CONFIRM] = {totp_confirm, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_LOW},
                         .of_accounts = true},
    [OP_TOTP_DISABLE] = {totp_disable, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_MODERATE},
                         .of_accounts = true},
    [OP_USERS] = {users_list, .of_accounts = true},
    [OP_USER_ADD] = {user_add, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH}, .of_accounts = true},
    [OP_USER_SET] = {user_set, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH}, .of_accounts = true},
    [OP_TOKENS] = {tokens_list, .of_accounts = true},
    [OP_TOKEN_ADD] = {token_add, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH},
                      .of_accounts = true},
    [OP_TOKEN_SET] = {token_set, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH},
                      .of_accounts = true},
    [OP_TOKEN_REVOKE] = {token_revoke, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_MODERATE},
                         .of_accounts = true},
    [OP_ACCESS_REQUESTS] = {access_list, .of_accounts = true},
    [OP_ACCESS_REQUEST] = {access_request, .done = {AUDIT_AUTHORIZATION, AUDIT_RISK_MODERATE},
                           .of_accounts = true},
    [OP_ACCESS_APPROVE] = {access_approve, .done = {AUDIT_AUTHORIZATION, AUDIT_RISK_HIGH},
                           .of_accounts = true},
    [OP_ACCESS_REJECT] = {access_reject, .done = {AUDIT_AUTHORIZATION, AUDIT_RISK_HIGH},
                          .of_accounts = true},
    [OP_FLEET] = {fleet_get},
    [OP_FLEET_DIFF] = {fleet_get_diff},
    [OP_FLEET_DRAIN] = {fleet_drain, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH}},
    [OP_FLEET_UNDRAIN] = {fleet_undrain, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH}},
    [OP_FLEET_REMOVE] = {fleet_remove, .done = {AUDIT_CONFIGURATION, AUDIT_RISK_HIGH}},
    [OP_MAINTENANCE] = {maintenance_get, .of_windows = true},
    [OP_MAINTENANCE_SHOW] = {maintenance_get_one, .of_windows = true},
    [OP_MAINTENANCE_PLAN] = {maintenance_post, .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                             .of_windows = true},
    [OP_MAINTENANCE_SET] = {maintenance_patch, .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                            .of_windows = true},
    [OP_MAINTENANCE_CANCEL] = {maintenance_orders, .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                               .of_windows = true},
    [OP_MAINTENANCE_BEGIN] = {maintenance_orders, .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                              .of_windows = true},
    [OP_MAINTENANCE_END] = {maintenance_orders, .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                            .of_windows = true},
    [OP_MAINTENANCE_EXTEND] = {maintenance_orders, .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                               .of_windows = true},
    [OP_MAINTENANCE_CHECKLIST] = {maintenance_tick,
                                  .done = {AUDIT_MAINTENANCE, AUDIT_RISK_MODERATE},
                                  .of_windows = true},
    [OP_CALENDAR] = {calendar_get, .of_windows = true},
    [OP_BACKUP_OVERVIEW] = {backup_overview_get, .of_backups = true},
    [OP_BACKUPS] = {backups_get, .of_backups = true},
    [OP_BACKUP] = {backup_get, .of_backups = true},
    [OP_BACKUP_STATUS] = {backup_status_get, .woken = backup_status_woken, .of_backups = true},
    [OP_BACKUP_CREATE] = {backup_task, .of_backups = true},
    [OP_BACKUP_VERIFY] = {backup_task, .of_backups = true},
    [OP_BACKUP_ACCEPT] = {backup_change, .of_backups = true},
    [OP_BACKUP_PIN] = {backup_change, .of_backups = true},
    [OP_BACKUP_UNPIN] = {backup_change, .of_backups = true},
    [OP_BACKUP_DELETE] = {backup_change, .of_backups = true},
    [OP_BACKUP_PRUNABLE] = {backup_prunable_get, .of_backups = true},
    [OP_BACKUP_PRUNE] = {backup_change, .of_backups = true},
    [OP_BACKUP_COPY] = {backup_copy, .of_backups = true},
    [OP_BACKUP_ELSEWHERE] = {backup_elsewhere, .of_backups = true},
    [OP_BACKUP_FETCH] = {backup_task, .of_backups = true},
    [OP_BACKUP_REBUILD] = {backup_rebuild_sheet, .of_backups = true},
    [OP_BACKUP_DRILLS] = {backup_drills_get, .of_backups = true},
    [OP_BACKUP_DRILL] = {backup_task, .of_backups = true},
    [OP_PROCEDURES] = {procedures_get, .of_procedures = true},
    [OP_PROCEDURE_SHOW] = {procedure_get, .woken = procedure_woken, .of_procedures = true},
    [OP_PROCEDURE_BEGIN] = {procedure_post, .of_procedures = true},
    [OP_PROCEDURE_ORDER] = {procedure_order, .of_procedures = true},
    [OP_PROCEDURE_CHECKLIST] = {procedure_tick, .of_procedures = true},
    [OP_RESTORE_PLAN] = {restore_order_post, .of_restores = true},
    [OP_RESTORE] = {restore_order_post, .of_restores = true},
    [OP_RESTORES] = {restores_get, .of_restores = true},
    [OP_RESTORE_SHOW] = {restore_get, .woken = restore_woken, .of_restores = true},
    [OP_RESTORE_UNDO] = {restore_change, .of_restores = true},
    [OP_RESTORE_RESUME] = {restore_change, .of_restores = true},
    [OP_RESTORE_CANCEL] = {restore_change, .of_restores = true},
    [OP_PROMETHEUS] = {prometheus_get, .woken = prometheus_woken},
    [OP_HEALTHZ] = {healthz_get},
    [OP_READYZ] = {readyz_get},
    [OP_OPENAPI] = {openapi_get},
    [OP_TIMING] = {timing_get},
    [OP_VERSION] = {version_get},
};
static_assert(ARRAY_LENGTH(table) == OPERATION_COUNT, "a handler for every operation");

const struct account_done *handlers_done(const struct operation *operation)
{
    return &table[operation - operations].done;
}

int handlers_new(struct engine *engine, const struct handlers_ports *ports, struct handlers **ret,
                 struct error *err)
{
    struct handlers *h = mem_calloc(1, sizeof *h);
    if (h == NULL)
        return error_set(err, -ENOMEM, "handlers: out of memory");
    h->engine = engine;
    h->ports = *ports;
    h->started = handlers_now(h).wall;
    *ret = h;
    return 0;
}

void handlers_web_restarted(struct handlers *h)
{
    h->web_restarts++;
}

static void drop_all(struct call **list)
{
    while (*list != NULL) {
        struct call *call = *list;
        *list = call->next;
        call->next = NULL;
        call->answer(call, 503, NULL);
    }
}

void handlers_free(struct handlers *h)
{
    if (h == NULL)
        return;
    drop_all(&h->waiting);
    drop_all(&h->followers);
    drop_all(&h->sleepers);
    audits_close(h);
    json_decref(h->openapi);
    mem_free(h);
}

void handlers_later(struct handlers *h)
{
    mono_ms now = handlers_now(h).mono;
    for (struct call *c = h->sleepers, *next; c != NULL; c = next) {
        next = c->next;
        if (!mono_reached(now, c->deadline))
            continue;
        list_remove(&h->sleepers, c);
        table[c->operation - operations].woken(h, c);
    }
    h->ports.later(h->ports.context, handlers_next_waking(h));
}

void handlers_message_answered(struct handlers *h)
{
    for (struct call *c = h->sleepers, *next; c != NULL; c = next) {
        next = c->next;
        handler *woken = table[c->operation - operations].woken;
        bool due = (woken == message_woken && message_answered(h, c)) ||
                   (woken == doctor_woken && alerts_tried(h->ports.alerts));
        if (!due)
            continue;
        list_remove(&h->sleepers, c);
        woken(h, c);
    }
}

/* What changes a service is asked of its owner. A look at what is stored here, is answered. */
static bool refuse_elsewhere(struct handlers *h, struct call *call)
{
    bool changes = !str_equal(call->operation->method, "GET") &&
                   !str_equal(call->operation->method, "WS") &&
                   call->operation != &operations[OP_REFRESH];
    if (!changes || call->service < 0 || engine_owned_here(h->engine, call->service))
        return false;
    json_t *body = engine_owned_refusal(h->engine, call->service, handlers_now(h));
    fleet_put_owner(h, call->service, body);
    call->answer(call, 409, body);
    return true;
}

void handlers_dispatch(struct handlers *h, struct call *call, const char *service)
{
    size_t row = (size_t)(call->operation - operations);
    if (!door_lets_in(h, call, service))
        return;
    if (refuse_elsewhere(h, call))
        return;
    if (call->operation->noted)
        account_read(h, call);
    if (table[row].run == NULL || (table[row].of_accounts && h->ports.accounts == NULL) ||
        (table[row].of_alerts && h->ports.alerts == NULL) ||
        (table[row].of_windows && h->ports.maintenance == NULL) ||
        (table[row].of_backups && h->ports.backups == NULL) ||
        (table[row].of_restores && h->ports.restores == NULL) ||
        (table[row].of_procedures && h->ports.procedures == NULL))
        handlers_refuse(h, call, 404, "Not found", "Not available here.", "not_found");
    else
        table[row].run(h, call);
}

/* ── answers ── */

json_t *rows_list(json_t *rows)
{
    json_t *body = json_object();
    (void)json_put(body, "items", json_incref(rows));
    (void)json_put_null(body, "next_cursor");
    return body;
}

void rows_refuse(struct handlers *h, struct call *call, const struct error *error)
{
    handlers_refuse(h, call, 500, "Cannot read the history",
                    error != NULL && error->code != 0 ? error->text : "out of memory",
                    "store_failed");
}

void handlers_rows(struct handlers *h, uint64_t id, json_t *rows, const struct error *error)
{
    struct call *call = handlers_waited(h, id);
    if (call == NULL)
        return;
    size_t row = (size_t)(call->operation - operations);
    if (table[row].rows_ended != NULL)
        table[row].rows_ended(h, call, rows, error);
    else if (rows == NULL)
        rows_refuse(h, call, error);
    else
        call->answer(call, 200, rows_list(rows));
}

void handlers_saved(struct handlers *h, uint64_t id, enum store_outcome outcome,
                    const struct error *error)
{
    struct call *call = handlers_waited(h, id);
    if (ticket_is_of(id, TICKET_ACCOUNTS))
        accounts_saved(h->ports.accounts, id, outcome);
    if (call == NULL)
        return;
    json_t *body = call->kept;
    call->kept = NULL;
    if (outcome == STORE_DURABLE) {
        call->answer(call, 200, body);
        return;
    }
    char text[ERROR_TEXT_MAX + 100];
    (void)str_format(text, sizeof text,
                     "It holds from now on, but is not stored yet (%s); that is tried again.",
                     error == NULL ? "the disk does not take it" : error->text);
    json_decref(body);
    handlers_refuse(h, call, 503, "Not stored", text, "not_stored");
}

void handlers_audited(struct handlers *h, uint64_t id, enum audit_outcome outcome,
                      const struct error *error)
{
    struct call *call = handlers_waited(h, id);
    if (call == NULL)
        return;
    json_t *body = call->kept;
    call->kept = NULL;
    if (outcome == AUDIT_DURABLE) {
        call->answer(call, 200, body);
        return;
    }
    json_decref(body);
    handlers_refuse(h, call, 503, "Not stored",
                    error == NULL ? "The audit log could not be written." : error->text,
                    "not_stored");
}

void handlers_host_ended(struct handlers *h, int service, uint64_t id,
                         const struct host_result *result)
{
    (void)service;
    struct call *call = handlers_waited(h, id);
    if (call != NULL)
        table[call->operation - operations].host_ended(h, call, result);
}

void handlers_redis_ended(struct handlers *h, int service, const struct redis_answer *answer)
{
    (void)service;
    struct call *call = handlers_waited(h, answer->id);
    if (call != NULL)
        table[call->operation - operations].redis_ended(h, call, answer);
}

void handlers_witness_ended(struct handlers *h, int service, uint64_t id,
                            const struct witness_facts *facts)
{
    (void)service;
    struct call *call = handlers_waited(h, id);
    if (call != NULL)
        table[call->operation - operations].witness_ended(h, call, facts);
}

void handlers_reopened(struct handlers *h, int service)
{
    for (struct call *c = h->waiting, *next; c != NULL; c = next) {
        next = c->next;
        size_t row = (size_t)(c->operation - operations);
        bool asks_outside = table[row].host_ended != NULL || table[row].redis_ended != NULL;
        if (c->service != service || !asks_outside)
            continue;
        list_remove(&h->waiting, c);
        call_refuse(c, 503, "Interrupted",
                    "The configuration was read again meanwhile: repeat the request.", "reloaded",
                    handlers_now(h).wall);
    }
}

void handlers_event(struct handlers *h, int service, const json_t *event)
{
    for (struct call *c = h->followers, *next; c != NULL; c = next) {
        next = c->next;
        if ((c->service >= 0 && c->service != service) || !event_may_see(c, event))
            continue;
        JSON_CLEANUP json_t *seen = visible_event(event, c->access);
        c->push(c, json_deep_copy(seen));
    }
}
