#include "accounts/session_life.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "accounts/roles.h"
#include "base/network.h"
#include "base/str.h"

static const struct security_settings *limits(const struct accounts *a)
{
    return &a->ports.settings(a->ports.context)->security;
}

/* ── room ── */

/* The token of a session that has ended is refused because the session is remembered. To forget it
 * before its token has expired, all tokens of its user that are as old are refused. */
static void forget(struct accounts *a, struct session *s)
{
    struct user *u = user_by_number(a, s->user);
    wall_ms after = wall_add(s->issued, 1000);
    if (u != NULL && u->not_before.ms < after.ms) {
        u->not_before = after;
        (void)account_save(a, STORE_USER, u);
    }
    account_remove(a, STORE_SESSION, s);
    account_changed(a);
}

static struct session *oldest_of(const struct accounts *a, int64_t user, size_t *ret_count)
{
    struct session *s, *oldest = NULL;
    *ret_count = 0;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->user != user)
            continue;
        oldest = oldest == NULL ? s : oldest;
        (*ret_count)++;
    }
    return oldest;
}

/* Of the user who has the most: whoever filled the shelf is it. */
static struct session *oldest_of_most(const struct accounts *a)
{
    const struct user *u;
    struct session *found = NULL;
    size_t most = 0;
    shelf_each(a, STORE_USER, u)
    {
        size_t count = 0;
        struct session *oldest = oldest_of(a, u->number, &count);
        if (count > most) {
            most = count;
            found = oldest;
        }
    }
    return found;
}

static void end_oldest_of_user(struct accounts *a, const struct user *u)
{
    struct session *s, *oldest = NULL;
    size_t alive = 0;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->user != u->number || s->revoked.ms != 0)
            continue;
        alive++;
        oldest = oldest == NULL ? s : oldest;
    }
    if (alive < SESSIONS_OF_USER_MAX)
        return;
    session_revoke(a, oldest);
    account_changed(a);
}

static void end_oldest_of_network(struct accounts *a, const char *address)
{
    struct session *s, *oldest = NULL;
    size_t alive = 0;
    char network[NETWORK_TEXT_MAX], other[NETWORK_TEXT_MAX];
    network_of(address, network, sizeof network);
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->revoked.ms != 0)
            continue;
        network_of(s->address, other, sizeof other);
        if (!str_equal(network, other))
            continue;
        alive++;
        oldest = oldest == NULL ? s : oldest;
    }
    if (alive < SESSIONS_OF_NETWORK_MAX)
        return;
    session_revoke(a, oldest);
    account_changed(a);
}

static void make_room(struct accounts *a, const struct user *u, const char *address)
{
    size_t kept = 0;
    end_oldest_of_user(a, u);
    end_oldest_of_network(a, address);
    struct session *oldest = oldest_of(a, u->number, &kept);
    if (oldest != NULL && kept >= SESSIONS_KEPT_OF_USER_MAX)
        forget(a, oldest);
    if (a->shelves[STORE_SESSION].count >= SESSIONS_MAX && (oldest = oldest_of_most(a)) != NULL)
        forget(a, oldest);
}

/* ── life ── */

struct session *session_begin(struct accounts *a, struct user *u, const char *address,
                              char jti[SESSION_JTI_SIZE], struct error *err)
{
    struct session *s = NULL;
    uint8_t bytes[18];
    char random[32];
    make_room(a, u, address);
    if (account_add(a, STORE_SESSION, sizeof *s, SESSIONS_MAX, &s, err) < 0)
        return NULL;
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2base64(random, sizeof random, bytes, sizeof bytes,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    (void)str_format(jti, SESSION_JTI_SIZE, "%" PRId64 "-%s", s->number, random);
    token_session(jti, s->id);
    s->user = u->number;
    s->issued = session_token_time(a, u);
    s->ends = wall_add(s->issued, limits(a)->session_lifetime_ms);
    s->used = s->used_saved = s->issued;
    session_extend(a, s);
    (void)str_copy(s->address, sizeof s->address, address);
    (void)account_save(a, STORE_SESSION, s);
    return s;
}

wall_ms session_token_time(const struct accounts *a, const struct user *u)
{
    wall_ms now = accounts_now(a).wall;
    return (wall_ms){(now.ms > u->not_before.ms ? now.ms : u->not_before.ms) / 1000 * 1000};
}

void session_extend(struct accounts *a, struct session *s)
{
    wall_ms now = {accounts_now(a).wall.ms / 1000 * 1000};
    wall_ms hour = wall_add(now, TOKEN_SECONDS * INT64_C(1000));
    s->expires = hour.ms < s->ends.ms ? hour : s->ends;
}

static bool is_idle(const struct accounts *a, const struct session *s)
{
    return wall_since(accounts_now(a).wall, s->used) >= limits(a)->session_idle_ms;
}

bool session_use(struct accounts *a, struct session *s)
{
    wall_ms now = accounts_now(a).wall;
    if (is_idle(a, s)) {
        session_revoke(a, s);
        account_changed(a);
        return false;
    }
    s->used = now;
    if (wall_since(now, s->used_saved) >= SESSION_SAVE_USE_MS) {
        s->used_saved = now;
        (void)account_save(a, STORE_SESSION, s);
    }
    return true;
}

bool sessions_end_idle(struct accounts *a)
{
    struct session *s;
    bool ended = false;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->revoked.ms != 0 || !is_idle(a, s))
            continue;
        session_revoke(a, s);
        ended = true;
    }
    return ended;
}
