#include "web/identity.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "api/link.h"
#include "api/token.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/str.h"

/* Tokens whose signature was found good: checking it again takes as long as everything else about a
 * request. By the token's digest; two that meet in one place push each other out. */
#define REMEMBERED_MAX 1024u
/* Reported to the engine at once; the others when they come again. */
#define USED_MAX LINK_USED_MAX

struct remembered {
    unsigned char digest[32];
    bool used;
    struct token_claims claims;
};

struct identities {
    struct token_keys keys;
    bool foreign;            /* tokens of another server may be good */
    json_t *used;            /* sessions that callers came with: session -> true; NULL = none */
    json_t *users, *revoked; /* revoked: an object, session -> true */
    struct remembered remembered[REMEMBERED_MAX];
};

struct identities *identities_new(void)
{
    return mem_calloc(1, sizeof(struct identities));
}

void identities_free(struct identities *w)
{
    if (w == NULL)
        return;
    json_decref(w->users);
    json_decref(w->revoked);
    json_decref(w->used);
    mem_free(w);
}

void identities_setup(struct identities *w, const json_t *setup)
{
    size_t i;
    json_t *key;
    struct token_keys keys = {0};
    json_array_foreach(json_object_get(setup, "token_keys"), i, key) {
        if (keys.count == TOKEN_KEYS_MAX)
            break;
        struct token_key *k = &keys.keys[keys.count++];
        (void)str_copy(k->kid, sizeof k->kid, json_text_or(key, "kid", ""));
        (void)str_copy(k->pem, sizeof k->pem, json_text_or(key, "pem", ""));
    }
    w->keys = keys;
    w->foreign = json_bool_or(setup, "foreign_tokens", false);
    memset(w->remembered, 0, sizeof w->remembered);
}

void identities_users(struct identities *w, const json_t *users)
{
    json_decref(w->users);
    w->users = json_incref((json_t *)users); /* only read */
}

void identities_revoked(struct identities *w, const json_t *revoked)
{
    size_t i;
    json_t *session;
    json_decref(w->revoked);
    w->revoked = json_object();
    json_array_foreach(revoked, i, session) {
        if (json_is_string(session))
            (void)json_object_set_new(w->revoked, json_string_value(session), json_true());
    }
}

/* The signature and the claims: 0, -ETIME or another error. */
static int check(struct identities *w, const char *token, wall_ms now, struct token_claims *ret)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = strlen(token);
    if (EVP_Digest(token, length, digest, NULL, EVP_sha256(), NULL) != 1)
        return token_check(&w->keys, token, length, now, ret, NULL);
    struct remembered *r = &w->remembered[(digest[0] | (unsigned)digest[1] << 8) % REMEMBERED_MAX];
    if (r->used && memcmp(r->digest, digest, sizeof r->digest) == 0 &&
        r->claims.expires_at > now.ms / 1000) {
        *ret = r->claims;
        return 0;
    }
    int result = token_check(&w->keys, token, length, now, ret, NULL);
    if (result == 0) {
        r->used = true;
        memcpy(r->digest, digest, sizeof r->digest);
        r->claims = *ret;
    }
    return result;
}

/* NULL: may not log in, or not with a token that old, or this one was revoked. */
static const json_t *user_of(const struct identities *w, const char *sub, const char *session,
                             int64_t issued_at)
{
    const json_t *user = json_object_get(w->users, sub);
    bool good = user != NULL && issued_at >= json_int_or(user, "not_before", 0) &&
                json_object_get(w->revoked, session) == NULL;
    return good ? user : NULL;
}

static void note_use(struct identities *w, const char *session)
{
    if (w->used == NULL)
        w->used = json_object();
    if (json_object_size(w->used) < USED_MAX)
        (void)json_object_set_new(w->used, session, json_true());
}

json_t *identities_take_used(struct identities *w)
{
    const char *session;
    json_t *ignored;
    if (w->used == NULL)
        return NULL;
    json_t *list = json_array();
    json_object_foreach(w->used, session, ignored) {
        (void)json_array_append_new(list, json_string(session));
    }
    json_decref(w->used);
    w->used = NULL;
    return list;
}

enum identity_verdict identity_of(struct identities *w, const char *token, const char *address,
                                  wall_ms now, struct identity *ret)
{
    struct token_claims claims;
    *ret = (struct identity){.access = ACCESS_ANONYMOUS};
    char network[NETWORK_TEXT_MAX];
    network_of(address, network, sizeof network);
    (void)str_format(ret->name, sizeof ret->name, "address:%s", network);
    if (token[0] == '\0')
        return IDENTITY_NOBODY;
    if (str_starts(token, API_TOKEN_PREFIX))
        return IDENTITY_OPAQUE;
    int r = check(w, token, now, &claims);
    if (r == -ETIME)
        return IDENTITY_EXPIRED;
    if (r < 0)
        return w->foreign ? IDENTITY_OPAQUE : IDENTITY_INVALID;
    token_session(claims.jti, ret->session);
    const json_t *user = user_of(w, claims.sub, ret->session, claims.issued_at);
    if (user == NULL)
        return IDENTITY_INVALID;
    note_use(w, ret->session);
    ret->access = access_by_name(json_text_or(user, "role", ""));
    (void)str_format(ret->name, sizeof ret->name, "user:%s", claims.sub);
    (void)str_copy(ret->sub, sizeof ret->sub, claims.sub);
    ret->issued_at = claims.issued_at;
    ret->expires_at = claims.expires_at;
    return IDENTITY_KNOWN;
}

bool identity_still_good(const struct identities *w, struct identity *identity, wall_ms now)
{
    const json_t *user = user_of(w, identity->sub, identity->session, identity->issued_at);
    if (user == NULL || identity->expires_at <= now.ms / 1000)
        return false;
    identity->access = access_by_name(json_text_or(user, "role", ""));
    return true;
}
