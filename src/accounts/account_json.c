#include "accounts/account_json.h"

#include <inttypes.h>

#include "accounts/book_json.h"
#include "accounts/roles.h"
#include "accounts/session_life.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

json_t *user_json(const struct accounts *a, const struct user *u)
{
    json_t *o = json_object();
    const struct access_request *grant = user_grant(a, u);
    (void)json_put_int(o, "id", u->number);
    (void)json_put_text(o, "email", u->email);
    (void)json_put_text(o, "role", access_name(u->role));
    (void)json_put_bool(o, "disabled", u->disabled);
    (void)json_put_bool(o, "totp", u->totp_on);
    (void)json_put_wall(o, "created_at", u->created);
    (void)json_put_wall(o, "changed_at", u->changed);
    (void)json_put_wall(o, "locked_until",
                        u->locked_until.ms > accounts_now(a).wall.ms ? u->locked_until : WALL_NONE);
    (void)json_put_text(o, "granted_role", grant == NULL ? NULL : access_name(grant->wanted));
    (void)json_put_wall(o, "grant_ends_at", grant == NULL ? WALL_NONE : grant->ends);
    return o;
}

json_t *access_request_json(const struct accounts *a, const struct access_request *r)
{
    json_t *o = json_object();
    const struct user *u = user_by_number(a, r->user);
    (void)json_put_int(o, "id", r->number);
    (void)json_put_int(o, "user_id", r->user);
    (void)json_put_text(o, "email", u == NULL ? NULL : u->email);
    (void)json_put_text(o, "current_role", access_name(r->had));
    (void)json_put_text(o, "requested_role", access_name(r->wanted));
    (void)json_put_text(o, "justification", r->justification);
    (void)json_put_int(o, "duration_seconds", r->duration_s);
    (void)json_put_text(o, "state", request_state_names[r->state]);
    (void)json_put_wall(o, "created_at", r->created);
    (void)json_put_wall(o, "decided_at", r->decided);
    (void)json_put_text(o, "decided_by", r->decided_by[0] == '\0' ? NULL : r->decided_by);
    (void)json_put_text(o, "note", r->note[0] == '\0' ? NULL : r->note);
    (void)json_put_wall(o, "ends_at", r->ends);
    return o;
}

json_t *api_token_json(const struct api_token *t)
{
    json_t *o = json_object();
    (void)json_put_int(o, "id", t->number);
    (void)json_put_text(o, "name", t->name);
    (void)json_put_text(o, "role", access_name(t->role));
    (void)json_put(o, "services", t->services == NULL ? json_null() : json_incref(t->services));
    (void)json_put_text(o, "begins_with", t->shown);
    (void)json_put_bool(o, "disabled", t->disabled);
    (void)json_put_wall(o, "created_at", t->created);
    (void)json_put_text(o, "created_by", t->created_by);
    (void)json_put_wall(o, "expires_at", t->expires);
    (void)json_put_wall(o, "last_used", t->last_used);
    return o;
}

json_t *api_tokens_made_by(const struct accounts *a, const char *email)
{
    const struct api_token *t;
    json_t *items = json_array();
    shelf_each(a, STORE_API_TOKEN, t)
    {
        if (api_token_works(t, accounts_now(a).wall) && str_equal(t->created_by, email))
            (void)json_array_append_new(items, api_token_json(t));
    }
    return items;
}

json_t *session_json(const struct session *s, bool current)
{
    json_t *o = json_object();
    (void)json_put_int(o, "id", s->number);
    (void)json_put_wall(o, "issued_at", s->issued);
    (void)json_put_wall(o, "expires_at", s->expires);
    (void)json_put_text(o, "address", s->address);
    (void)json_put_bool(o, "current", current);
    return o;
}

/* ── logins ── */

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

void own_session_json(struct accounts *a, const char *jti, json_t *body)
{
    char csrf[KEYRING_CSRF_SIZE];
    const struct session *s = session_by_jti(a, jti);
    if (s == NULL)
        return;
    keyring_csrf(a->keyring, jti, csrf);
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

json_t *own_user_json(const struct accounts *a, const struct user *u)
{
    json_t *body = json_object();
    (void)json_put_int(body, "id", u->number);
    (void)json_put_text(body, "own_role", access_name(u->role));
    (void)json_put_bool(body, "totp", u->totp_on);
    (void)json_put_int(body, "recovery_codes_left", (int64_t)u->recovery_count);
    (void)json_put_int(body, "wrong_codes", u->codes_told);
    (void)json_put_bool(body, "totp_setup_required", user_needs_factor(a, u));
    put_grant(a, u, body);
    return body;
}
