/* login, logout, me, password */
#include <inttypes.h>

#include "accounts/account_json.h"
#include "accounts/login_attempts.h"
#include "accounts/roles.h"
#include "accounts/second_factor.h"
#include "accounts/session_life.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/account_answer.h"

/* ── refusals ── */

static const char *email_of(const struct call *call)
{
    return json_text_or(call->args, "email", "");
}

static bool throttled(struct handlers *h, struct call *call, const struct user *u)
{
    int limit = 0;
    int64_t wait =
        login_wait_ms(h->ports.accounts, call->user.source_ip, email_of(call), u, &limit);
    if (wait > 0)
        account_too_often(h, call, wait, limit);
    return wait > 0;
}

static void failed(struct handlers *h, struct call *call, struct user *u, const char *message,
                   const char *code)
{
    login_missed(h->ports.accounts, call->user.source_ip, email_of(call), u);
    account_refuse(h, call, AUDIT_AUTHENTICATION, 401, "Login failed", message, code);
}

/* ── login ── */

static void become(struct call *call, const struct accounts *a, const struct user *u)
{
    (void)str_format(call->user.id, sizeof call->user.id, "%" PRId64, u->number);
    (void)str_copy(call->user.email, sizeof call->user.email, u->email);
    (void)str_copy(call->user.role, sizeof call->user.role, access_name(user_role(a, u)));
}

static void let_in(struct handlers *h, struct call *call, struct user *u)
{
    struct accounts *a = h->ports.accounts;
    struct error err = {0};
    login_succeeded(a, call->user.source_ip, email_of(call));
    char jti[SESSION_JTI_SIZE];
    struct session *s = session_begin(a, u, call->user.source_ip, jti, &err);
    json_t *body = s == NULL ? NULL : session_welcome(a, u, s, jti, &err);
    mem_wipe(jti, sizeof jti);
    if (body == NULL && s != NULL) /* a session without a token is no login */
        account_remove(a, STORE_SESSION, s);
    if (body == NULL) {
        handlers_refuse(h, call, 503, "No login now", err.text, "login_failed");
        return;
    }
    bool told = u->codes_told != u->codes_missed;
    u->codes_told = u->codes_missed;
    u->codes_missed = 0;
    if (login_address_remember(u, call->user.source_ip) || told)
        (void)account_save(a, STORE_USER, u);
    become(call, a, u);
    account_done(h, call, NULL);
    call->answer(call, 200, body);
}

static void login_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_email(a, email_of(call));
    const char *code = json_text_or(call->args, "totp", NULL);
    (void)hash;
    if (throttled(h, call, u)) /* by those that began together with it: it tells nothing */
        return;
    if (u == NULL || !good || u->disabled || u->locked_until.ms > accounts_now(a).wall.ms) {
        failed(h, call, u, "E-mail address or password is wrong.", "invalid_credentials");
        return;
    }
    if (u->totp_on && code == NULL) {
        handlers_refuse(h, call, 401, "Second factor needed",
                        "Give the code of the authenticator app as `totp`.", "totp_required");
        return;
    }
    bool known = login_address_known(u, call->user.source_ip);
    int64_t wait = u->totp_on && !known ? second_factor_wait_ms(a, u) : 0;
    if (wait > 0) {
        account_too_often(h, call, wait, CODES_FREE);
        return;
    }
    if (u->totp_on && !second_factor_use(a, u, code)) {
        second_factor_missed(a, u, &call->user);
        failed(h, call, u, "The code is wrong or was used already.", "totp_invalid");
        return;
    }
    let_in(h, call, u);
}

static void login(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const char *email = email_of(call);
    const struct user *u = user_by_email(a, email);
    /* Whoever asks is nobody yet, but the line in the audit log says as whom. */
    (void)str_copy(call->user.email, sizeof call->user.email, email);
    if (!throttled(h, call, u))
        account_work(h, call,
                     login_address_known(u, call->user.source_ip) ? PASSWORD_KNOWN
                                                                  : PASSWORD_STRANGER,
                     u == NULL ? password_nobody : u->hash,
                     json_text_or(call->args, "password", ""), NULL, login_checked);
}

static void logout(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    struct session *s = session_by_jti(a, call->session);
    if (s == NULL) {
        call->answer(call, 200, handlers_success());
        return;
    }
    s->revoked = accounts_now(a).wall;
    account_changed(a);
    account_done(h, call, NULL);
    account_answer_saved(h, call, account_save(a, STORE_SESSION, s), handlers_success());
}

/* ── me ── */

static void me(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = user_by_number(a, call->user_number);
    json_t *body = u == NULL ? json_object() : own_user_json(a, u);
    if (u == NULL)
        (void)json_put_text(body, "id", call->user.id);
    (void)json_put_text(body, "email", call->user.email);
    (void)json_put_text(body, "role", access_name(call->access));
    if (call->services != NULL)
        (void)json_object_set(body, "services", (json_t *)call->services); /* jansson's reference */
    own_session_json(a, call->session, body);
    call->answer(call, 200, body);
}

/* ── password ── */

static void password_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_number(a, call->user_number);
    if (!account_password_good(h, call, u, good) || !account_code_good(h, call, u))
        return;
    if (hash[0] == '\0') {
        account_unhashed(h, call);
        return;
    }
    (void)str_copy(u->hash, sizeof u->hash, hash);
    u->changed = accounts_now(a).wall;
    u->codes_missed = 0;
    size_t ended = sessions_end(a, u, session_by_jti(a, call->session));
    account_changed(a);
    account_done(h, call, NULL);
    json_t *body = json_object();
    (void)json_put_bool(body, "success", true);
    (void)json_put_int(body, "sessions_ended", (int64_t)ended);
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

static void password_change(struct handlers *h, struct call *call)
{
    struct error err = {0};
    const struct user *u = account_own_user(h, call);
    const char *fresh = json_text_or(call->args, "new_password", "");
    if (u == NULL)
        return;
    if (password_check(fresh, u->email, &err) < 0)
        handlers_refuse(h, call, 400, "Weak password", err.text, "weak_password");
    else
        account_ask_password(h, call, u, fresh, password_checked);
}

static const struct handling rows[] = {
    {OP_LOGIN, .run = login, WRITES(AUTHENTICATION, LOW)},
    {OP_LOGOUT, .run = logout, WRITES(AUTHENTICATION, LOW)},
    {OP_ME, .run = me},
    {OP_PASSWORD, .run = password_change, WRITES(CONFIGURATION, MODERATE)},
    {0},
};

const struct resource resource_logins = {NEEDS_ACCOUNTS, rows};
