/* Two-factor login and the sessions of the user who asks. */
#include "accounts/account_json.h"
#include "accounts/second_factor.h"
#include "accounts/session_life.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"

static void begin_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_number(a, call->user_number);
    (void)hash;
    if (!account_password_good(h, call, u, good))
        return;
    if (u->totp_on) {
        handlers_refuse(h, call, 409, "Already on",
                        "Two-factor login is on already: switch it off first.", "totp_on");
        return;
    }
    json_t *body = second_factor_begin(u);
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

static void totp_begin(struct handlers *h, struct call *call)
{
    const struct user *u = account_own_user(h, call);
    if (u != NULL)
        account_ask_password(h, call, u, NULL, begin_checked);
}

static void totp_confirm(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    struct user *u = account_own_user(h, call);
    if (u == NULL)
        return;
    wall_ms now = handlers_now(h).wall;
    int64_t step = u->totp_begun && !u->totp_lost
                       ? totp_step(u->totp_secret, json_text_or(call->args, "totp", ""), now, 0)
                       : 0;
    if (!u->totp_begun || u->totp_on) {
        call_refuse(call, 409, "Not begun", "Two-factor login is not being set up.",
                    "totp_not_begun", now);
        return;
    }
    if (step == 0) {
        account_refuse(h, call, AUDIT_AUTHENTICATION, 400, "Wrong code",
                       "The code is not right: check the clock of the phone.", "totp_invalid");
        return;
    }
    u->totp_on = true;
    account_changed(a); /* it may do now what its role needs a second factor for */
    u->totp_begun = false;
    u->totp_step = step;
    json_t *body = json_object();
    (void)json_put_bool(body, "totp", true);
    (void)json_put(body, "recovery_codes", second_factor_new_codes(u));
    account_done(h, call, "two-factor login is on");
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

static void disable_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_number(a, call->user_number);
    (void)hash;
    if (!account_password_good(h, call, u, good) || !account_code_good(h, call, u))
        return;
    totp_clear(u);
    account_changed(a);
    account_done(h, call, "two-factor login is off");
    json_t *body = json_object();
    (void)json_put_bool(body, "totp", false);
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

static void totp_disable(struct handlers *h, struct call *call)
{
    const struct user *u = account_own_user(h, call);
    if (u != NULL)
        account_ask_password(h, call, u, NULL, disable_checked);
}

/* ── the sessions of the user who asks ── */

static void sessions_list(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    const struct session *s;
    json_t *items = json_array();
    wall_ms now = accounts_now(a).wall;
    if (u == NULL) {
        json_decref(items);
        return;
    }
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->user != u->number || s->revoked.ms != 0 || s->expires.ms <= now.ms)
            continue;
        bool current = s == session_by_jti(a, call->session);
        (void)json_array_append_new(items, session_json(s, current));
    }
    handlers_answer_list(call, items);
}

static void session_end(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    if (u == NULL)
        return;
    struct session *s = shelf_find(&a->shelves[STORE_SESSION], json_int_or(call->args, "n", 0));
    if (s == NULL || s->user != u->number || s->revoked.ms != 0) {
        handlers_refuse(h, call, 404, "Not found", "You have no such session.", "not_found");
        return;
    }
    s->revoked = accounts_now(a).wall;
    account_changed(a);
    account_done(h, call, NULL);
    account_answer_saved(h, call, account_save(a, STORE_SESSION, s), handlers_success());
}

static void session_renew(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    struct session *s = u == NULL ? NULL : session_by_jti(a, call->session);
    struct error err = {0};
    if (s == NULL) {
        if (u != NULL)
            handlers_refuse(h, call, 404, "Not found", "This login has ended.", "not_found");
        return;
    }
    wall_ms before = s->expires;
    session_extend(a, s);
    json_t *body = session_welcome(a, u, s, call->session, &err);
    if (body == NULL) {
        s->expires = before; /* as long as the token that the caller has */
        handlers_refuse(h, call, 503, "Not renewed", err.text, "login_failed");
        return;
    }
    account_answer_saved(h, call, account_save(a, STORE_SESSION, s), body);
}

static const struct handling rows[] = {
    {OP_TOTP_BEGIN, .run = totp_begin},
    {OP_TOTP_CONFIRM, .run = totp_confirm, WRITES(CONFIGURATION, LOW)},
    {OP_TOTP_DISABLE, .run = totp_disable, WRITES(CONFIGURATION, MODERATE)},
    {OP_RENEW, .run = session_renew},
    {OP_SESSIONS, .run = sessions_list},
    {OP_SESSION_REVOKE, .run = session_end, WRITES(AUTHENTICATION, LOW)},
    {0},
};

const struct resource resource_own_account = {NEEDS_ACCOUNTS, rows};
