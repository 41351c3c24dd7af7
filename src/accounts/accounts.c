#include "accounts/accounts.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "accounts/book.h"
#include "accounts/book_json.h"
#include "accounts/note.h"
#include "accounts/roles.h"
#include "accounts/session_life.h"
#include "accounts/upkeep.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"
#include "io/log.h"

#define LAST_USED_EVERY_MS 60000 /* how often the last use of an API token is stored */

/* ── opening ── */

static void load_one(void *context, enum record_kind record, int64_t number, const json_t *body)
{
    struct accounts *a = context;
    void *item = NULL;
    enum store_account kind = STORE_USER;
    while (account_records[kind] != record)
        kind++;
    if (account_from_json(a, kind, number, body, &item) < 0) {
        log_error("accounts", "%s %" PRId64 " of the database is damaged and left out",
                  record_kinds[record].word, number);
        if (number > a->shelves[kind].last_number)
            a->shelves[kind].last_number = number;
        return;
    }
    if (kind == STORE_USER && ((struct user *)item)->totp_lost)
        log_warning("accounts",
                    "the second factor of %s cannot be opened with this " KEYRING_FILE
                    ": an admin must reset it",
                    ((struct user *)item)->email);
    if (shelf_put(&a->shelves[kind], item) < 0)
        account_free_item(kind, item);
}

static int load_all(struct accounts *a, struct error *err)
{
    int r = 0;
    for (int kind = 0; r == 0 && kind < (int)STORE_ACCOUNT_COUNT; kind++) {
        r = record_load(a->ports.store, account_records[kind], NULL, load_one, a, err);
        /* The last ones may have been removed. */
        int64_t last = record_last(a->ports.store, account_records[kind]);
        if (r == 0 && last > a->shelves[kind].last_number)
            a->shelves[kind].last_number = last;
    }
    return r;
}

static void hide_sessions(struct accounts *a)
{
    struct session *s;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->clear)
            (void)account_save(a, STORE_SESSION, s);
        s->clear = false;
    }
}

int accounts_open(const struct accounts_ports *ports, const char *state_dir, struct accounts **ret,
                  struct error *err)
{
    struct accounts *a = mem_calloc(1, sizeof *a);
    if (a == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    a->ports = *ports;
    int r = keyring_open(state_dir, accounts_now(a).wall, &a->keyring, err);
    if (r == 0)
        r = oidc_new(ports->loop, &a->oidc, err);
    if (r == 0)
        r = accounts_reconfigure(a, err);
    if (r == 0)
        r = throttle_new(&a->throttle, err);
    if (r == 0)
        r = password_work_new(ports->loop, &a->work, err);
    if (r == 0)
        r = load_all(a, err);
    if (r == 0)
        hide_sessions(a);
    if (r == 0)
        r = upkeep_start(a, err);
    if (r < 0) {
        accounts_close(a);
        return error_prefix(err, "accounts");
    }
    *ret = a;
    return 0;
}

int accounts_reconfigure(struct accounts *a, struct error *err)
{
    const struct settings *settings = a->ports.settings(a->ports.context);
    int r = security_watch_configure(&a->watch, &settings->security, err);
    if (r == 0)
        oidc_configure(a->oidc, &settings->oidc);
    account_changed(a);
    return r;
}

void accounts_close(struct accounts *a)
{
    if (a == NULL)
        return;
    password_work_free(a->work);
    upkeep_stop(a);
    for (int kind = 0; kind < (int)STORE_ACCOUNT_COUNT; kind++) {
        struct shelf *shelf = &a->shelves[kind];
        for (size_t i = 0; i < shelf->count; i++)
            account_free_item((enum store_account)kind, shelf->items[i]);
        mem_free(shelf->items);
    }
    security_watch_clear(&a->watch);
    oidc_close(a->oidc);
    keyring_free(a->keyring);
    throttle_free(a->throttle);
    mem_free(a);
}

int accounts_ensure(struct accounts *a, const char *email, enum access role, const char *password,
                    struct error *err)
{
    struct user *u = user_by_email(a, email);
    char hash[PASSWORD_HASH_SIZE];
    if (u != NULL && password_verify(u->hash, password))
        return 0;
    int r = password_hash(password, hash, err);
    if (r == 0 && u == NULL)
        r = account_add(a, STORE_USER, sizeof *u, USERS_MAX, &u, err);
    if (r < 0 || u == NULL)
        return r;
    if (u->email[0] == '\0') { /* a new one */
        (void)str_copy(u->email, sizeof u->email, email);
        u->role = role;
        u->created = accounts_now(a).wall;
    }
    memcpy(u->hash, hash, sizeof u->hash);
    u->changed = accounts_now(a).wall;
    (void)account_save(a, STORE_USER, u);
    return 0;
}

/* ── for the web process ── */

json_t *accounts_users_map(const struct accounts *a)
{
    json_t *map = json_object();
    const struct user *u;
    char sub[24];
    shelf_each(a, STORE_USER, u)
    {
        if (u->disabled)
            continue;
        json_t *row = json_object();
        (void)json_put_text(
            row, "role", access_name(user_needs_factor(a, u) ? ACCESS_ANONYMOUS : user_role(a, u)));
        (void)json_put_int(row, "not_before", u->not_before.ms / 1000);
        (void)str_format(sub, sizeof sub, "%" PRId64, u->number);
        (void)json_put(map, sub, row);
    }
    return map;
}

json_t *accounts_revoked(const struct accounts *a)
{
    json_t *list = json_array();
    const struct session *s;
    wall_ms now = accounts_now(a).wall;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->revoked.ms != 0 && s->expires.ms > now.ms)
            (void)json_array_append_new(list, json_string(s->id));
    }
    return list;
}

json_t *accounts_token_keys(const struct accounts *a)
{
    const struct token_keys *keys = keyring_public(a->keyring);
    json_t *list = json_array();
    for (size_t i = 0; i < keys->count; i++) {
        json_t *key = json_object();
        (void)json_put_text(key, "kid", keys->keys[i].kid);
        (void)json_put_text(key, "pem", keys->keys[i].pem);
        (void)json_array_append_new(list, key);
    }
    return list;
}

void accounts_used(struct accounts *a, const char *session)
{
    struct session *s = session_by_id(a, session);
    if (s != NULL && s->revoked.ms == 0)
        (void)session_use(a, s);
}

void accounts_watch(struct accounts *a, void (*changed)(void *context), void *context)
{
    a->changed = changed;
    a->changed_context = context;
}

/* ── who is it? ── */

struct refusal {
    int status;
    const char *code, *message;
};
static const struct refusal forged = {401, "invalid_token", "The token is not valid: log in."};
/* It was good once: looks the same outside, but is no attempt. */
static const struct refusal ended = {401, "invalid_token", "The token is not valid: log in."};
static const struct refusal expired = {401, "token_expired",
                                       "The login has expired: log in again."};
static const struct refusal idle = {401, "token_expired",
                                    "The login was not used for too long: log in again."};
static const struct refusal no_csrf = {
    403, "csrf_required",
    "With a cookie this needs the header X-CSRF-Token, as login and /api/auth/me give it."};

/* The user is known; what the user may do is not. */
static const struct refusal no_role = {
    403, "no_role", "The login is good, but gives no role here. Contact an administrator."};

static void set_user(struct call *call, const char *id, const char *email, enum access access)
{
    call->access = access;
    (void)str_copy(call->user.id, sizeof call->user.id, id);
    (void)str_copy(call->user.email, sizeof call->user.email, email);
    (void)str_copy(call->user.role, sizeof call->user.role, access_name(access));
}

static bool unsafe(const struct operation *operation)
{
    return !str_equal(operation->method, "GET") && !str_equal(operation->method, "WS");
}

static bool csrf_good(const struct accounts *a, const char *jti, const char *given)
{
    char wanted[KEYRING_CSRF_SIZE], padded[KEYRING_CSRF_SIZE] = "";
    keyring_csrf(a->keyring, jti, wanted);
    if (given == NULL || !str_copy(padded, sizeof padded, given))
        return false;
    return sodium_memcmp(wanted, padded, strlen(wanted) + 1) == 0;
}

void accounts_link_key(const struct accounts *a, uint8_t ret[ACCOUNTS_LINK_KEY_SIZE])
{
    static_assert(ACCOUNTS_LINK_KEY_SIZE == KEYRING_LINK_SIZE, "one size of the key");
    keyring_link_key(a->keyring, ret);
}

static const struct refusal *by_session(struct accounts *a, const struct credential *c,
                                        struct call *call)
{
    struct token_claims claims;
    struct error err = {0};
    int r = token_check(keyring_public(a->keyring), c->token, strlen(c->token),
                        accounts_now(a).wall, &claims, &err);
    if (r < 0) {
        log_debug("accounts", "%s", err.text);
        return r == -ETIME ? &expired : &forged;
    }
    struct session *s = session_by_jti(a, claims.jti);
    const struct user *u = s == NULL ? NULL : user_by_number(a, s->user);
    char sub[24];
    (void)str_format(sub, sizeof sub, "%" PRId64, u == NULL ? 0 : u->number);
    if (u == NULL || s->revoked.ms != 0 || u->disabled || !str_equal(sub, claims.sub) ||
        claims.issued_at * 1000 < u->not_before.ms / 1000 * 1000)
        return &ended;
    if (!session_use(a, s))
        return &idle;
    if (c->cookie && unsafe(call->operation) && !csrf_good(a, claims.jti, c->csrf))
        return &no_csrf;
    set_user(call, sub, u->email, user_role(a, u));
    if (call->access > u->role)
        call->granted_until = user_grant(a, u)->ends;
    call->needs_factor = user_needs_factor(a, u);
    (void)str_copy(call->answerable, sizeof call->answerable, u->email);
    call->user_number = u->number;
    (void)str_copy(call->session, sizeof call->session, claims.jti);
    return NULL;
}

static const struct refusal *by_api_token(struct accounts *a, const char *token, struct call *call)
{
    uint8_t digest[DIGEST_SIZE];
    struct api_token *t, *found = NULL;
    char id[32];
    wall_ms now = accounts_now(a).wall;
    (void)crypto_hash_sha256(digest, (const uint8_t *)token, strlen(token));
    shelf_each(a, STORE_API_TOKEN, t)
    {
        if (sodium_memcmp(t->digest, digest, sizeof digest) == 0)
            found = t;
    }
    if (found == NULL)
        return &forged;
    if (found->revoked || found->disabled)
        return &ended;
    if (found->expires.ms != 0 && now.ms >= found->expires.ms)
        return &expired;
    found->last_used = now;
    if (wall_since(now, found->last_saved) >= LAST_USED_EVERY_MS) {
        found->last_saved = now;
        (void)account_save(a, STORE_API_TOKEN, found);
    }
    (void)str_format(id, sizeof id, "token:%" PRId64, found->number);
    set_user(call, id, found->name, found->role);
    (void)str_copy(call->answerable, sizeof call->answerable, found->created_by);
    call->services = found->services;
    return NULL;
}

static const struct refusal *by_login_server(struct accounts *a, const char *token,
                                             struct call *call)
{
    struct oidc_claims claims;
    struct error err = {0};
    char id[sizeof call->user.id];
    int r = oidc_check(a->oidc, token, accounts_now(a).wall, &claims, &err);
    if (r < 0) {
        log_debug("accounts", "%s", err.text);
        return r == -ETIME ? &expired : r == -EPERM ? &no_role : &forged;
    }
    (void)str_format(id, sizeof id, "oidc:%s", claims.sub);
    bool own = claims.email[0] != '\0' && user_by_email(a, claims.email) == NULL;
    set_user(call, id, own ? claims.email : id, claims.role);
    return NULL;
}

/* Ours are known by their key; whatever else has the shape may be another server's. */
static const struct refusal *by_token(struct accounts *a, const struct credential *c,
                                      struct call *call)
{
    if (str_starts(c->token, API_TOKEN_PREFIX) && !c->cookie)
        return by_api_token(a, c->token, call);
    const struct refusal *refused = by_session(a, c, call);
    return refused == &forged && !c->cookie && oidc_trusts_anybody(a->oidc)
               ? by_login_server(a, c->token, call)
               : refused;
}

int accounts_identify(struct accounts *a, const struct credential *credential,
                      const char *source_ip, struct call *call, const char **ret_code,
                      const char **ret_message)
{
    const struct refusal *refused = NULL;
    if (!network_plain(source_ip, call->user.source_ip, sizeof call->user.source_ip))
        (void)str_copy(call->user.source_ip, sizeof call->user.source_ip, source_ip);
    call->user_number = 0;
    call->session[0] = '\0';
    call->services = NULL;
    call->answerable[0] = '\0';
    call->granted_until = WALL_NONE;
    call->needs_factor = false;
    set_user(call, "anonymous", "anonymous", ACCESS_ANONYMOUS);
    if (credential == NULL || credential->token == NULL)
        return 0;
    refused = by_token(a, credential, call);
    if (refused == NULL)
        return 0;
    if (refused == &forged || refused == &no_csrf || refused == &no_role)
        account_audit_bounded(a, &(struct account_note){.event = AUDIT_AUTHENTICATION,
                                                        .operation = call->operation->name,
                                                        .user = &call->user,
                                                        .error = refused->code,
                                                        .request_id = call->request_id,
                                                        .risk = AUDIT_RISK_MODERATE});
    *ret_code = refused->code;
    *ret_message = refused->message;
    return refused->status;
}
