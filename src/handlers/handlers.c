#include "handlers/handlers.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "accounts/accounts.h"
#include "api/error_body.h"
#include "api/visible.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "handlers/account_answer.h"
#include "handlers/inside.h"

static const struct {
    handler *run;
    void (*host_ended)(struct handlers *h, struct call *call, const struct host_result *result);
    void (*redis_ended)(struct handlers *h, struct call *call, const struct redis_answer *answer);
    /* NULL: the rows are the answer, under `items`. `rows` is NULL with an error. */
    void (*rows_ended)(struct handlers *h, struct call *call, json_t *rows,
                       const struct error *error);
} table[] = {
    [OP_SERVICES] = {services_list, NULL, NULL},
    [OP_STATUS] = {service_status, NULL, NULL},
    [OP_HEALTH] = {service_health, NULL, NULL},
    [OP_START] = {operate, NULL, NULL},
    [OP_STOP] = {operate, NULL, NULL},
    [OP_RESTART] = {operate, NULL, NULL},
    [OP_RELOAD] = {operate, NULL, NULL},
    [OP_REFRESH] = {service_refresh, NULL, NULL},
    [OP_PREFLIGHT] = {service_preflight, NULL, NULL},
    [OP_LOGS] = {logs_get, logs_host_ended, NULL},
    [OP_LOGS_FOLLOW] = {logs_follow, logs_host_ended, NULL},
    [OP_RECOVERY_STATUS] = {recovery_status, .rows_ended = recovery_status_rows},
    [OP_RECOVERY_SET] = {recovery_set, .rows_ended = recovery_status_rows},
    [OP_RECOVERY_RESET] = {recovery_reset, .rows_ended = recovery_status_rows},
    [OP_RECOVERY_HISTORY] = {recovery_history, .rows_ended = recovery_history_rows},
    [OP_EXPLAIN] = {recovery_explain, NULL, NULL},
    [OP_PAUSE] = {recovery_pause, .rows_ended = recovery_status_rows},
    [OP_RESUME] = {recovery_resume, .rows_ended = recovery_status_rows},
    [OP_EVENTS] = {events_get, .rows_ended = events_rows},
    [OP_EVENTS_FOLLOW] = {events_follow, NULL, NULL},
    [OP_INSPECT] = {inspect_get, NULL, inspect_redis_ended},
    [OP_DOCTOR] = {doctor_run, doctor_host_ended, doctor_redis_ended},
    [OP_AUDIT] = {audit_get, NULL, NULL},
    [OP_AUDIT_REPORT] = {audit_report_get, NULL, NULL},
    [OP_AUDIT_VERIFY] = {audit_verify_get, NULL, NULL},
    [OP_AUDIT_KEY] = {audit_key_post, NULL, NULL},
    [OP_METRICS] = {metrics_get, .rows_ended = metrics_rows},
    [OP_SLO] = {slo_get, .rows_ended = slo_rows},
    [OP_DIAGNOSIS] = {diagnosis_get, NULL, NULL},
    [OP_BUNDLE] = {bundle_get, bundle_host_ended, bundle_redis_ended, bundle_rows},
    [OP_NOTIFY] = {notify_post, NULL, NULL},
    [OP_NOTIFY_EMERGENCY] = {notify_emergency, NULL, NULL},
    [OP_NOTIFY_TEST] = {notify_test, NULL, NULL},
    [OP_CHANNELS] = {channels_list, NULL, NULL},
    [OP_ALERTS] = {alerts_list, .rows_ended = alerts_rows},
    [OP_ALERT] = {alert_get, .rows_ended = alert_rows},
    [OP_ALERT_ACKNOWLEDGE] = {alert_acknowledge, NULL, NULL},
    [OP_INCIDENTS] = {incidents_list, .rows_ended = incidents_rows},
    [OP_INCIDENT] = {incident_get, .rows_ended = incident_rows},
    [OP_INCIDENT_OPEN] = {incident_begin, NULL, NULL},
    [OP_INCIDENT_SET] = {incident_order, NULL, NULL},
    [OP_INCIDENT_TAKE] = {incident_order, NULL, NULL},
    [OP_INCIDENT_NOTE] = {incident_order, NULL, NULL},
    [OP_INCIDENT_UPDATE] = {incident_order, NULL, NULL},
    [OP_INCIDENT_ACKNOWLEDGE] = {incident_order, NULL, NULL},
    [OP_POSTMORTEM] = {incident_get, .rows_ended = incident_rows},
    [OP_KEY_ROTATE] = {key_rotate, NULL, NULL},
    [OP_LOGIN] = {login, NULL, NULL},
    [OP_LOGOUT] = {logout, NULL, NULL},
    [OP_RENEW] = {session_renew, NULL, NULL},
    [OP_ME] = {me, NULL, NULL},
    [OP_PASSWORD] = {password_change, NULL, NULL},
    [OP_SESSIONS] = {sessions_list, NULL, NULL},
    [OP_SESSION_REVOKE] = {session_end, NULL, NULL},
    [OP_TOTP_BEGIN] = {totp_begin, NULL, NULL},
    [OP_TOTP_CONFIRM] = {totp_confirm, NULL, NULL},
    [OP_TOTP_DISABLE] = {totp_disable, NULL, NULL},
    [OP_USERS] = {users_list, NULL, NULL},
    [OP_USER_ADD] = {user_add, NULL, NULL},
    [OP_USER_SET] = {user_set, NULL, NULL},
    [OP_TOKENS] = {tokens_list, NULL, NULL},
    [OP_TOKEN_ADD] = {token_add, NULL, NULL},
    [OP_TOKEN_SET] = {token_set, NULL, NULL},
    [OP_TOKEN_REVOKE] = {token_revoke, NULL, NULL},
    [OP_ACCESS_REQUESTS] = {access_list, NULL, NULL},
    [OP_ACCESS_REQUEST] = {access_request, NULL, NULL},
    [OP_ACCESS_APPROVE] = {access_approve, NULL, NULL},
    [OP_ACCESS_REJECT] = {access_reject, NULL, NULL},
    [OP_PROMETHEUS] = {prometheus_get, NULL, NULL},
    [OP_HEALTHZ] = {healthz_get, NULL, NULL},
    [OP_READYZ] = {readyz_get, NULL, NULL},
    [OP_OPENAPI] = {openapi_get, NULL, NULL},
    [OP_TIMING] = {timing_get, NULL, NULL},
    [OP_VERSION] = {version_get, NULL, NULL},
};
static_assert(ARRAY_LENGTH(table) == OPERATION_COUNT, "a handler for every operation");

/* Of those that sleep between two steps. */
static woken_handler *const woken[OPERATION_COUNT] = {
    [OP_LOGS_FOLLOW] = logs_woken,
    [OP_NOTIFY_EMERGENCY] = message_woken,
    [OP_NOTIFY_TEST] = message_woken,
    [OP_PROMETHEUS] = prometheus_woken,
};

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

/* ── lists of calls that wait ── */

void list_remove(struct call **list, struct call *call)
{
    for (struct call **p = list; *p != NULL; p = &(*p)->next)
        if (*p == call) {
            *p = call->next;
            call->next = NULL;
            return;
        }
}

static void list_add(struct call **list, struct call *call)
{
    call->next = *list;
    *list = call;
}

uint64_t handlers_wait(struct handlers *h, struct call *call)
{
    call->ask = ticket_pack((struct ticket){.owner = TICKET_HANDLERS, .number = ++h->last_id});
    list_add(&h->waiting, call);
    return call->ask;
}

void handlers_wait_for(struct handlers *h, struct call *call, uint64_t id)
{
    call->ask = id;
    list_add(&h->waiting, call);
}

static struct call *waited(struct handlers *h, uint64_t id)
{
    for (struct call *c = h->waiting; c != NULL; c = c->next)
        if (c->ask == id) {
            list_remove(&h->waiting, c);
            return c;
        }
    return NULL;
}

static mono_ms next_waking(const struct handlers *h)
{
    mono_ms at = MONO_NEVER;
    for (const struct call *c = h->sleepers; c != NULL; c = c->next)
        at = mono_min(at, c->deadline);
    return at;
}

void handlers_sleep(struct handlers *h, struct call *call, mono_ms until)
{
    call->deadline = until;
    list_add(&h->sleepers, call);
    h->ports.later(h->ports.context, next_waking(h));
}

void handlers_later(struct handlers *h)
{
    mono_ms now = handlers_now(h).mono;
    for (struct call *c = h->sleepers, *next; c != NULL; c = next) {
        next = c->next;
        if (!mono_reached(now, c->deadline))
            continue;
        list_remove(&h->sleepers, c);
        woken[c->operation - operations](h, c);
    }
    h->ports.later(h->ports.context, next_waking(h));
}

void handlers_follow(struct handlers *h, struct call *call)
{
    int count = 0;
    for (const struct call *c = h->followers; c != NULL; c = c->next)
        count++;
    if (count >= HANDLERS_FOLLOWERS_MAX) {
        call_refuse(call, 503, "Too many followers",
                    "As many followers of events as can be are there already.", "busy",
                    handlers_now(h).wall);
        return;
    }
    list_add(&h->followers, call);
}

/* ── the door ── */

static enum access least_of(const struct handlers *h, const struct operation *operation)
{
    const struct accounts *a = h->ports.accounts;
    const struct settings *s = a == NULL ? NULL : a->ports.settings(a->ports.context);
    if (s != NULL && s->metrics_anonymous && operation == &operations[OP_PROMETHEUS])
        return ACCESS_ANONYMOUS;
    if (s != NULL && !s->server.public_status && operation->least == ACCESS_ANONYMOUS &&
        !operation->always_open)
        return ACCESS_VIEWER;
    return operation->least;
}

/* `permissions` can tighten or widen between operator and admin; viewers never operate. */
static enum access needed(const struct handlers *h, const struct call *call)
{
    enum access least = least_of(h, call->operation);
    if (call->service < 0)
        return least;
    const struct service_settings *s = engine_settings(h->engine, call->service);
    switch (call->operation - operations) {
    case OP_START:
        return s->start_operator ? ACCESS_OPERATOR : ACCESS_ADMIN;
    case OP_STOP:
        return s->stop_operator ? ACCESS_OPERATOR : ACCESS_ADMIN;
    case OP_RESTART:
    case OP_RELOAD:
        return s->restart_operator ? ACCESS_OPERATOR : ACCESS_ADMIN;
    default:
        return least;
    }
}

static bool find_service(struct handlers *h, struct call *call, const char *id)
{
    char text[200];
    wall_ms now = handlers_now(h).wall;
    call->service = -1;
    if (!call->operation->on_service && id == NULL)
        return true;
    if (id == NULL && engine_service_count(h->engine) == 1)
        call->service = 0;
    else if (id != NULL)
        call->service = engine_service_index(h->engine, id);
    if (call->service >= 0)
        return true;
    if (id == NULL) {
        call_refuse(call, 400, "Service needed", "There are several services: name one.",
                    "service_required", now);
        return false;
    }
    (void)str_format(text, sizeof text, "There is no service \"%s\".", id);
    call_refuse(call, 404, "Not found", text, "not_found", now);
    return false;
}

/* Whoever is nobody yet may become somebody by logging in: 401. */
static void refuse_role(struct handlers *h, struct call *call, enum access least)
{
    char text[200];
    bool nobody = call->access == ACCESS_ANONYMOUS;
    (void)str_format(text, sizeof text,
                     nobody ? "%s needs the role %s: log in."
                            : "%s needs the role %s; yours is %s. Contact an administrator.",
                     call->operation->name, access_name(least), access_name(call->access));
    account_permission_refused(h, call, text);
    const struct role_refusal refusal = {
        .title = nobody ? "Login required" : "Permission denied",
        .message = text,
        .code = nobody ? "login_required" : "permission_denied",
        .least = least,
        .has = call->access,
    };
    call->answer(call, nobody ? 401 : 403, error_body_role(&refusal, handlers_now(h).wall));
}

static void refuse_temporary(struct handlers *h, struct call *call)
{
    char text[200];
    (void)str_format(text, sizeof text,
                     "Your role %s ends with its grant, and what this makes would not: ask an "
                     "administrator whose role is permanent.",
                     access_name(call->access));
    account_permission_refused(h, call, "the role is temporary");
    call_refuse(call, 403, "Permission denied", text, "temporary_role", handlers_now(h).wall);
}

static bool in_scope(const struct handlers *h, const struct call *call, int service)
{
    return call->services == NULL ||
           (service >= 0 && call_sees(call, engine_settings(h->engine, service)->id));
}

/* What an API token for some services may ask besides: what is about no service, and lists that are
 * cut to its own. */
static bool open_to_scoped(const struct operation *operation)
{
    switch (operation - operations) {
    case OP_SERVICES:
    case OP_ALERTS:
    case OP_ALERT:
    case OP_INCIDENTS:
    case OP_INCIDENT:
    case OP_POSTMORTEM:
    case OP_ME:
    case OP_HEALTHZ:
    case OP_READYZ:
    case OP_OPENAPI:
    case OP_TIMING:
    case OP_VERSION:
        return true;
    default:
        return false;
    }
}

/* A service that the asker names beside an operation on none is no reason to let him in. */
static bool scope_good(struct handlers *h, struct call *call)
{
    const char *named = json_text_or(call->args, "service", NULL);
    int service = call->operation->on_service ? call->service
                  : named != NULL             ? engine_service_index(h->engine, named)
                                              : -1;
    if (in_scope(h, call, service) || open_to_scoped(call->operation))
        return true;
    account_permission_refused(h, call, "not in the token's scope");
    call_refuse(call, 403, "Permission denied",
                "This token is for other services: ask an administrator for one that includes it.",
                "out_of_scope", handlers_now(h).wall);
    return false;
}

static void refuse_without_factor(struct handlers *h, struct call *call)
{
    account_permission_refused(h, call, "the role needs a second factor");
    call_refuse(call, 403, "Second factor needed",
                "Your role needs two-factor login: set it up first, in the console under Settings "
                "(POST /api/auth/totp, then /api/auth/totp/confirm).",
                "totp_setup_required", handlers_now(h).wall);
}

/* When old lines would have to be removed before audit.keep_days, people's operations are refused
 * instead. */
static bool room_for_line(struct handlers *h, struct call *call)
{
    struct audit_state audit = {0};
    const struct operation *o = call->operation;
    bool reads = str_equal(o->method, "GET") || str_equal(o->method, "WS");
    if (reads || o->least < ACCESS_OPERATOR || h->ports.audit_look == NULL)
        return true;
    h->ports.audit_look(h->ports.context, &audit);
    if (audit.crowded.code == 0)
        return true;
    call_refuse(call, 503, "Audit log full", audit.crowded.text, "audit_full",
                handlers_now(h).wall);
    return false;
}

void handlers_dispatch(struct handlers *h, struct call *call, const char *service)
{
    struct error err = {0};
    wall_ms now = handlers_now(h).wall;
    if (!find_service(h, call, service))
        return;
    enum access least = needed(h, call);
    if (call->access < least) {
        refuse_role(h, call, least);
        return;
    }
    if (call->needs_factor && call->operation->least != ACCESS_ANONYMOUS &&
        !call->operation->before_factor) {
        refuse_without_factor(h, call);
        return;
    }
    if (call->needs_factor && call->operation->least == ACCESS_ANONYMOUS)
        call->access = ACCESS_ANONYMOUS; /* and no more than anybody sees of it */
    if (call->operation->permanent && call->granted) {
        refuse_temporary(h, call);
        return;
    }
    if (operation_check(call->operation, call->args, &err) < 0) {
        call_refuse(call, 400, "Bad input", err.text, "bad_input", now);
        return;
    }
    if (!scope_good(h, call) || !room_for_line(h, call))
        return;
    if (call->operation->noted)
        account_read(h, call);
    size_t row = (size_t)(call->operation - operations);
    bool of_accounts = row >= OP_LOGIN && row <= OP_ACCESS_REJECT;
    bool of_alerts = row >= OP_NOTIFY_EMERGENCY && row <= OP_POSTMORTEM;
    if (table[row].run == NULL || (of_accounts && h->ports.accounts == NULL) ||
        (of_alerts && h->ports.alerts == NULL))
        call_refuse(call, 404, "Not found", "Not available here.", "not_found", now);
    else
        table[row].run(h, call);
}

void handlers_gone(struct handlers *h, struct call *call)
{
    call->gone = true;
    for (struct call *c = h->followers; c != NULL; c = c->next)
        if (c == call) {
            list_remove(&h->followers, call);
            call->answer(call, 499, NULL);
            return;
        }
    for (struct call *c = h->sleepers; c != NULL; c = c->next)
        if (c == call) {
            list_remove(&h->sleepers, call);
            call->answer(call, 499, NULL);
            return;
        }
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
    call_refuse(call, 500, "Cannot read the history",
                error != NULL && error->code != 0 ? error->text : "out of memory", "store_failed",
                handlers_now(h).wall);
}

void handlers_rows(struct handlers *h, uint64_t id, json_t *rows, const struct error *error)
{
    struct call *call = waited(h, id);
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
    struct call *call = waited(h, id);
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
    call_refuse(call, 503, "Not stored", text, "not_stored", handlers_now(h).wall);
}

void handlers_audited(struct handlers *h, uint64_t id, enum audit_outcome outcome,
                      const struct error *error)
{
    struct call *call = waited(h, id);
    if (call == NULL)
        return;
    json_t *body = call->kept;
    call->kept = NULL;
    if (outcome == AUDIT_DURABLE) {
        call->answer(call, 200, body);
        return;
    }
    json_decref(body);
    call_refuse(call, 503, "Not stored",
                error == NULL ? "The audit log could not be written." : error->text, "not_stored",
                handlers_now(h).wall);
}

struct accounts *handlers_accounts(struct handlers *h)
{
    return h->ports.accounts;
}

void handlers_host_ended(struct handlers *h, int service, uint64_t id,
                         const struct host_result *result)
{
    (void)service;
    struct call *call = waited(h, id);
    if (call != NULL)
        table[call->operation - operations].host_ended(h, call, result);
}

void handlers_redis_ended(struct handlers *h, int service, const struct redis_answer *answer)
{
    (void)service;
    struct call *call = waited(h, answer->id);
    if (call != NULL)
        table[call->operation - operations].redis_ended(h, call, answer);
}

void handlers_witness_ended(struct handlers *h, int service, uint64_t id,
                            const struct witness_facts *facts)
{
    (void)service;
    struct call *call = waited(h, id);
    if (call != NULL) /* the doctor alone asks */
        doctor_witness_ended(h, call, facts);
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

void handlers_message_answered(struct handlers *h)
{
    for (struct call *c = h->sleepers, *next; c != NULL; c = next) {
        next = c->next;
        size_t row = (size_t)(c->operation - operations);
        if (woken[row] != message_woken || !message_answered(h, c))
            continue;
        list_remove(&h->sleepers, c);
        message_woken(h, c);
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
