#include "accounts/roles.h"

const struct access_request *user_grant(const struct accounts *a, const struct user *u)
{
    const struct access_request *best = NULL, *r;
    wall_ms now = accounts_now(a).wall;
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        if (r->user == u->number && r->state == REQUEST_APPROVED && r->ends.ms > now.ms &&
            (best == NULL || r->wanted > best->wanted ||
             (r->wanted == best->wanted && r->ends.ms > best->ends.ms)))
            best = r;
    }
    return best;
}

enum access user_role(const struct accounts *a, const struct user *u)
{
    const struct access_request *grant = user_grant(a, u);
    return grant != NULL && grant->wanted > u->role ? grant->wanted : u->role;
}

bool user_needs_factor(const struct accounts *a, const struct user *u)
{
    const struct role_set *set = &a->ports.settings(a->ports.context)->security.require_totp;
    const bool needed[] = {[ACCESS_VIEWER] = set->viewer,
                           [ACCESS_OPERATOR] = set->operator,
                           [ACCESS_ADMIN] = set->admin };
    return !u->totp_on && needed[user_role(a, u)];
}

bool user_is_last_admin(const struct accounts *a, const struct user *u)
{
    const struct user *other;
    if (u->disabled || u->role != ACCESS_ADMIN)
        return false;
    shelf_each(a, STORE_USER, other)
    {
        if (other != u && !other->disabled && other->role == ACCESS_ADMIN)
            return false;
    }
    return true;
}

void session_revoke(struct accounts *a, struct session *s)
{
    if (s->revoked.ms != 0)
        return;
    s->revoked = accounts_now(a).wall;
    (void)account_save(a, STORE_SESSION, s);
}

size_t sessions_end(struct accounts *a, const struct user *u, const struct session *except)
{
    struct session *s;
    size_t count = 0;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->user != u->number || s->revoked.ms != 0 || s == except)
            continue;
        session_revoke(a, s);
        count++;
    }
    return count;
}

bool api_token_works(const struct api_token *t, wall_ms now)
{
    return !t->revoked && !t->disabled && (t->expires.ms == WALL_NONE.ms || t->expires.ms > now.ms);
}
