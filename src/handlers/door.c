#include "handlers/door.h"

#include <errno.h>

#include "accounts/book.h"
#include "api/error_body.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"

static enum access least_of(const struct handlers *h, const struct operation *operation,
                            int service)
{
    const struct accounts *a = h->ports.accounts;
    const struct settings *s = a == NULL ? NULL : a->ports.settings(a->ports.context);
    if (s == NULL)
        return operation->least;
    bool open = s->server.public_status;
    if (operation == &operations[OP_SERVICES]) /* it lists those that are public */
        open = settings_some_public(s);
    else if (operation->on_service && service >= 0)
        open = settings_status_public(s, engine_settings(h->engine, service));
    return operation_least(operation, open, s->metrics_anonymous);
}

/* `permissions` can tighten or widen between operator and admin; viewers never operate. */
static enum access needed(const struct handlers *h, const struct call *call)
{
    if (call->operation->act == ACT_NONE || call->service < 0)
        return least_of(h, call->operation, call->service);
    const struct service_settings *s = engine_settings(h->engine, call->service);
    const bool operator_may[OPERATION_ACT_COUNT] = {
        [ACT_START] = s->start_operator,
        [ACT_STOP] = s->stop_operator,
        [ACT_RESTART] = s->restart_operator,
        [ACT_RELOAD] = s->restart_operator,
    };
    return operator_may[call->operation->act] ? ACCESS_OPERATOR : ACCESS_ADMIN;
}

static bool find_service(struct handlers *h, struct call *call, const char *id)
{
    char text[200];
    wall_ms now = handlers_now(h).wall;
    call->service = -1;
    if (id == NULL && (!call->operation->on_service || call->operation->or_all))
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
    (void)str_format(text, sizeof text, "There is no service \"%s\": resus services lists them.",
                     id);
    call_refuse(call, 404, "Not found", text, "not_found", now);
    return false;
}

/* A caller without a login may get one: 401. */
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
    handlers_refuse(h, call, 403, "Permission denied", text, "temporary_role");
}

bool door_outlasts_grant(struct handlers *h, struct call *call, wall_ms ends)
{
    char until[WALL_TEXT_SIZE];
    char text[200];
    if (call->granted_until.ms == WALL_NONE.ms || ends.ms <= call->granted_until.ms)
        return false;
    (void)str_format(text, sizeof text,
                     "Your role %s ends with its grant at %s, and this would last longer: ask for "
                     "less, or an administrator whose role is permanent.",
                     access_name(call->access), wall_text(call->granted_until, until));
    account_permission_refused(h, call, "longer than the grant");
    handlers_refuse(h, call, 403, "Permission denied", text, "temporary_role");
    return true;
}

static bool in_scope(const struct handlers *h, const struct call *call, int service)
{
    return call->services == NULL ||
           (service >= 0 && call_sees(call, engine_settings(h->engine, service)->id));
}

/* A service that the asker names beside an operation on none is no reason to let him in. */
static bool scope_good(struct handlers *h, struct call *call)
{
    const char *named = json_text_or(call->args, "service", NULL);
    int service = call->operation->on_service ? call->service
                  : named != NULL             ? engine_service_index(h->engine, named)
                                              : -1;
    if (in_scope(h, call, service) || call->operation->open_to_scoped)
        return true;
    account_permission_refused(h, call, "not in the token's scope");
    handlers_refuse(
        h, call, 403, "Permission denied",
        "This token is for other services: ask an administrator for one that includes it.",
        "out_of_scope");
    return false;
}

static void refuse_without_factor(struct handlers *h, struct call *call)
{
    account_permission_refused(h, call, "the role needs a second factor");
    handlers_refuse(
        h, call, 403, "Second factor needed",
        "Your role needs two-factor login: set it up first, in the console under Settings "
        "(POST /api/auth/totp, then /api/auth/totp/confirm).",
        "totp_setup_required");
}

/* What a person orders has a line in the audit log, or does not happen: refused while the log cannot
 * be written, and while old lines would have to be removed before audit.keep_days. */
static bool room_for_line(struct handlers *h, struct call *call)
{
    struct audit_state audit = {0};
    const struct operation *o = call->operation;
    bool reads = str_equal(o->method, "GET") || str_equal(o->method, "WS");
    if (reads || (o->least < ACCESS_OPERATOR && !o->by_link) || h->ports.audit_look == NULL)
        return true;
    h->ports.audit_look(h->ports.context, &audit);
    if (audit.problem.code != 0) {
        bool full = audit.problem.code == -ENOSPC || audit.problem.code == -EDQUOT;
        char text[ERROR_TEXT_MAX + 100];
        (void)str_format(text, sizeof text,
                         "The audit log cannot be written, so nothing was done: %s",
                         audit.problem.text);
        handlers_refuse(h, call, 503, full ? "Audit log full" : "Not stored", text,
                        full ? "audit_full" : "not_stored");
        return false;
    }
    if (audit.crowded.code == 0)
        return true;
    handlers_refuse(h, call, 503, "Audit log full", audit.crowded.text, "audit_full");
    return false;
}

bool door_lets_in(struct handlers *h, struct call *call, const char *service)
{
    struct error err = {0};
    wall_ms now = handlers_now(h).wall;
    if (!find_service(h, call, service))
        return false;
    enum access least = needed(h, call);
    if (call->access < least) {
        refuse_role(h, call, least);
        return false;
    }
    if (call->needs_factor && call->operation->least != ACCESS_ANONYMOUS &&
        !call->operation->before_factor) {
        refuse_without_factor(h, call);
        return false;
    }
    if (call->needs_factor && call->operation->least == ACCESS_ANONYMOUS)
        call->access = ACCESS_ANONYMOUS; /* and no more than anybody sees of it */
    if (call->operation->permanent && call->granted_until.ms != WALL_NONE.ms) {
        refuse_temporary(h, call);
        return false;
    }
    if (operation_check(call->operation, call->args, &err) < 0) {
        call_refuse(call, 400, "Bad input", err.text, "bad_input", now);
        return false;
    }
    return scope_good(h, call) && room_for_line(h, call);
}
