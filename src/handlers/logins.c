/* login, logout, me, password */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "accounts/roles.h"
#include "accounts/second_factor.h"
#include "accounts/session_life.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"
#include "handlers/account_answer.h"

/* A person who mistypes never meets these; who guesses does. The rules of the account and of the
 * address are mild, because anybody can fail as anybody, and many may share an address: they slow
 * guessing down without keeping an owner out. Of an account and an address that it has logged in
 * from before, the pair's own rule counts alone. */
static const struct throttle_rule pair_rule = {.free = 5, .longest_ms = 900000};
static const struct throttle_rule address_rule = {.free = 20, .longest_ms = 60000};
static const struct throttle_rule account_rule = {.free = 10, .longest_ms = 30000};

struct throttle_keys {
    char pair[400], address[100], account[300];
};

static void lower(const char *text, char *to, size_t size)
{
    (void)str_copy(to, size, text);
    for (char *p = to; *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
}

static void keys_of(const struct call *call, struct throttle_keys *k)
{
    char email[256], network[NETWORK_TEXT_MAX];
    lower(json_text_or(call->args, "email", ""), email, sizeof email);
    network_of(call->user.source_ip, network, sizeof network);
    (void)str_format(k->pair, sizeof k->pair, "pair|%s|%s", network, email);
    (void)str_format(k->address, sizeof k->address, "address|%s", network);
    (void)str_format(k->account, sizeof k->account, "account|%s", email);
}

/* Where it stands among them, KNOWN_ADDRESSES_MAX = nowhere. An IPv6 host changes its address
 * within its network. */
static size_t known_at(const struct user *u, const char *address)
{
    char network[NETWORK_TEXT_MAX], known[NETWORK_TEXT_MAX];
    size_t at = 0;
    network_of(address, network, sizeof network);
    for (; at < KNOWN_ADDRESSES_MAX; at++) {
        network_of(u->known[at], known, sizeof known);
        if (known[0] != '\0' && str_equal(known, network))
            break;
    }
    return at;
}

static bool address_known(const struct user *u, const char *address)
{
    return u != NULL && known_at(u, address) < KNOWN_ADDRESSES_MAX;
}

static bool remember_address(struct user *u, const char *address)
{
    size_t at = known_at(u, address);
    if (at == 0)
        return false;
    at = at < KNOWN_ADDRESSES_MAX ? at : KNOWN_ADDRESSES_MAX - 1;
    memmove(u->known[1], u->known[0], at * sizeof u->known[0]);
    network_of(address, u->known[0], ADDRESS_SIZE);
    return true;
}

/* ── refusals ── */

static bool throttled(struct handlers *h, struct call *call, const struct user *u)
{
    struct accounts *a = h->ports.accounts;
    mono_ms now = accounts_now(a).mono;
    struct throttle_keys k;
    keys_of(call, &k);
    bool known = address_known(u, call->user.source_ip);
    int64_t pair = throttle_wait_ms(a->throttle, k.pair, &pair_rule, now);
    int64_t address = known ? 0 : throttle_wait_ms(a->throttle, k.address, &address_rule, now);
    int64_t account = known ? 0 : throttle_wait_ms(a->throttle, k.account, &account_rule, now);
    if (pair == 0 && address == 0 && account == 0)
        return false;
    const struct throttle_rule *rule = &pair_rule;
    int64_t wait = pair;
    if (address > wait) {
        wait = address;
        rule = &address_rule;
    }
    if (account > wait) {
        wait = account;
        rule = &account_rule;
    }
    account_too_often(h, call, wait, rule->free);
    return true;
}

static void lock_out(struct accounts *a, struct user *u, int failures)
{
    const struct security_settings *s = &a->ports.settings(a->ports.context)->security;
    if (u == NULL || s->lockout_failures == 0 || failures < s->lockout_failures ||
        user_is_last_admin(a, u))
        return;
    u->locked_until = wall_add(accounts_now(a).wall, s->lockout_ms);
    (void)account_save(a, STORE_USER, u);
}

static void failed(struct handlers *h, struct call *call, struct user *u, const char *message,
                   const char *code)
{
    struct accounts *a = h->ports.accounts;
    mono_ms now = accounts_now(a).mono;
    struct throttle_keys k;
    keys_of(call, &k);
    (void)throttle_failed(a->throttle, k.pair, now);
    (void)throttle_failed(a->throttle, k.address, now);
    lock_out(a, u, throttle_failed(a->throttle, k.account, now));
    account_refuse(h, call, AUDIT_AUTHENTICATION, 401, "Login failed", message, code);
}

/* ── the answer ── */

static json_t *user_short(const struct accounts *a, const struct user *u)
{
    json_t *o = json_object();
    (void)json_put_int(o, "id", u->number);
    (void)json_put_text(o, "email", u->email);
    (void)json_put_text(o, "role", access_name(user_role(a, u)));
    return o;
}

json_t *session_welcome(struct accounts *a, const struct user *u, const struct session *s,
                        const char *jti, struct error *err)
{
    struct token_claims claims = {.role = user_role(a, u),
                                  .issued_at = session_token_time(a, u).ms / 1000,
                                  .expires_at = s->expires.ms / 1000};
    char token[TOKEN_MAX + 1], csrf[KEYRING_CSRF_SIZE];
    (void)str_format(claims.sub, sizeof claims.sub, "%" PRId64, u->number);
    (void)str_copy(claims.email, sizeof claims.email, u->email);
    (void)str_copy(claims.jti, sizeof claims.jti, jti);
    if (keyring_sign(a->keyring, &claims, token, err) < 0)
        return NULL;
    keyring_csrf(a->keyring, jti, csrf);
    json_t *body = json_object();
    (void)json_put_text(body, "token", token);
    (void)json_put_text(body, "token_type", "Bearer");
    (void)json_put_wall(body, "expires_at", s->expires);
    (void)json_put_text(body, "csrf_token", csrf);
    (void)json_put(body, "user", user_short(a, u));
    (void)json_put_bool(body, "totp_setup_required", user_needs_factor(a, u));
    mem_wipe(token, sizeof token);
    return body;
}

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
    struct throttle_keys k;
    keys_of(call, &k);
    throttle_forget(a->throttle, k.pair);
    throttle_forget(a->throttle, k.account);
    char jti[SESSION_JTI_SIZE];
    struct session *s = session_begin(a, u, call->user.source_ip, jti, &err);
    json_t *body = s == NULL ? NULL : session_welcome(a, u, s, jti, &err);
    mem_wipe(jti, sizeof jti);
    if (body == NULL && s != NULL) /* a session without a token is no login */
        account_remove(a, STORE_SESSION, s);
    if (body == NULL) {
        call_refuse(call, 503, "No login now", err.text, "login_failed", handlers_now(h).wall);
        return;
    }
    bool told = u->codes_told != u->codes_missed;
    u->codes_told = u->codes_missed;
    u->codes_missed = 0;
    if (remember_address(u, call->user.source_ip) || told)
        (void)account_save(a, STORE_USER, u);
    become(call, a, u);
    account_done(h, call, NULL);
    call->answer(call, 200, body);
}

/* ── login ── */

static void login_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_email(a, json_text_or(call->args, "email", ""));
    const char *code = json_text_or(call->args, "totp", NULL);
    (void)hash;
    if (throttled(h, call, u)) /* by those that began together with it: it tells nothing */
        return;
    if (u == NULL || !good || u->disabled || u->locked_until.ms > accounts_now(a).wall.ms) {
        failed(h, call, u, "E-mail address or password is wrong.", "invalid_credentials");
        return;
    }
    if (u->totp_on && code == NULL) {
        call_refuse(call, 401, "Second factor needed",
                    "Give the code of the authenticator app as `totp`.", "totp_required",
                    handlers_now(h).wall);
        return;
    }
    bool known = address_known(u, call->user.source_ip);
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

void login(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const char *email = json_text_or(call->args, "email", "");
    const struct user *u = user_by_email(a, email);
    /* Whoever asks is nobody yet, but the line in the audit log says as whom. */
    (void)str_copy(call->user.email, sizeof call->user.email, email);
    if (!throttled(h, call, u))
        account_work(h, call,
                     address_known(u, call->user.source_ip) ? PASSWORD_KNOWN : PASSWORD_STRANGER,
                     u == NULL ? password_nobody : u->hash,
                     json_text_or(call->args, "password", ""), NULL, login_checked);
}

void logout(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    struct session *s = session_by_jti(a, call->session);
    json_t *body = json_object();
    (void)json_put_bool(body, "success", true);
    if (s == NULL) {
        call->answer(call, 200, body);
        return;
    }
    s->revoked = accounts_now(a).wall;
    account_changed(a);
    account_done(h, call, NULL);
    account_answer_saved(h, call, account_save(a, STORE_SESSION, s), body);
}

/* ── me ── */

static void put_session(struct accounts *a, const struct call *call, json_t *body)
{
    char csrf[KEYRING_CSRF_SIZE];
    const struct session *s = session_by_jti(a, call->session);
    if (s == NULL)
        return;
    keyring_csrf(a->keyring, call->session, csrf);
    (void)json_put_text(body, "csrf_token", csrf);
    (void)json_put_wall(body, "expires_at", s->expires);
    (void)json_put_wall(body, "session_ends_at", s->ends);
    (void)json_put_int(body, "session", s->number);
}

static void put_grant(const struct accounts *a, const struct user *u, json_t *body)
{
    const struct access_request *grant = user_grant(a, u);
    if (grant == NULL || grant->wanted <= u->role) {
        (void)json_put_null(body, "grant");
        return;
    }
    json_t *o = json_object();
    (void)json_put_text(o, "role", access_name(grant->wanted));
    (void)json_put_wall(o, "ends_at", grant->ends);
    (void)json_put(body, "grant", o);
}

void me(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = user_by_number(a, call->user_number);
    json_t *body = json_object();
    if (u == NULL) {
        (void)json_put_text(body, "id", call->user.id);
    } else {
        (void)json_put_int(body, "id", u->number);
        (void)json_put_text(body, "own_role", access_name(u->role));
        (void)json_put_bool(body, "totp", u->totp_on);
        (void)json_put_int(body, "recovery_codes_left", (int64_t)u->recovery_count);
        (void)json_put_int(body, "wrong_codes", u->codes_told);
        (void)json_put_bool(body, "totp_setup_required", user_needs_factor(a, u));
        put_grant(a, u, body);
    }
    (void)json_put_text(body, "email", call->user.email);
    (void)json_put_text(body, "role", access_name(call->access));
    if (call->services != NULL)
        (void)json_object_set(body, "services", (json_t *)call->services); /* jansson's reference */
    put_session(a, call, body);
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
        call_refuse(call, 503, "No memory", "The password could not be hashed: try again.", "busy",
                    handlers_now(h).wall);
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

void password_change(struct handlers *h, struct call *call)
{
    struct error err = {0};
    const struct user *u = account_own_user(h, call);
    const char *fresh = json_text_or(call->args, "new_password", "");
    if (u == NULL)
        return;
    if (password_check(fresh, u->email, &err) < 0)
        call_refuse(call, 400, "Weak password", err.text, "weak_password", handlers_now(h).wall);
    else
        account_ask_password(h, call, u, fresh, password_checked);
}
