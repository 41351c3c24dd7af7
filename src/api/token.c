#include "api/token.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define SHA256_BYTES 32
#define NUMBER_DIGITS 19 /* of an int64_t */

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define ALGORITHM "ES256"

static int refuse(struct error *err, const char *why)
{
    return error_set(err, -EACCES, "login token refused: %s", why);
}

/* Three parts of base64url, none empty: nothing else reaches the library. */
static bool shaped(const char *text, size_t length)
{
    size_t dots = 0, part = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.') {
            if (part == 0)
                return false;
            dots++;
            part = 0;
            continue;
        }
        if (text[i] == '\0' || strchr(ALPHABET, text[i]) == NULL)
            return false;
        part++;
    }
    return dots == 2 && part > 0;
}

/* The library would take whatever algorithm the header names, with the public key as the secret of
 * an HMAC: the header is read first, and only ES256 and a key of ours are looked at further. */
static int find_key(const struct token_keys *keys, const char *text, const struct token_key **ret,
                    struct error *err)
{
    jwt_t *unchecked = NULL;
    int r = 0;
    if (jwt_decode(&unchecked, text, NULL, 0) != 0)
        return refuse(err, "it cannot be read");
    const char *alg = jwt_get_header(unchecked, "alg");
    const char *kid = jwt_get_header(unchecked, "kid");
    const struct token_key *found = NULL;
    for (size_t i = 0; i < keys->count && kid != NULL; i++)
        if (str_equal(keys->keys[i].kid, kid))
            found = &keys->keys[i];
    if (alg == NULL || !str_equal(alg, ALGORITHM))
        r = refuse(err, "its algorithm is not " ALGORITHM);
    else if (found == NULL)
        r = refuse(err, "it is signed by no key of ours");
    else
        *ret = found;
    jwt_free(unchecked);
    return r;
}

static bool made_of(const char *text, const char *allowed, size_t size)
{
    return text != NULL && text[0] != '\0' && strlen(text) < size &&
           text[strspn(text, allowed)] == '\0';
}

static int read_role(jwt_t *jwt, enum access *ret, struct error *err)
{
    const char *role = jwt_get_grant(jwt, "role");
    *ret = access_by_name(role);
    return *ret == ACCESS_ANONYMOUS ? refuse(err, "it names no role") : 0;
}

static int read_times(jwt_t *jwt, wall_ms now, struct token_claims *c, struct error *err)
{
    int64_t seconds = now.ms / 1000;
    int64_t not_before = jwt_get_grant_int(jwt, "nbf");
    c->issued_at = jwt_get_grant_int(jwt, "iat");
    c->expires_at = jwt_get_grant_int(jwt, "exp");
    if (c->issued_at <= 0 || not_before <= 0 || c->expires_at <= c->issued_at ||
        c->expires_at - c->issued_at > TOKEN_SECONDS)
        return refuse(err, "its times make no sense");
    if (c->issued_at > seconds + TOKEN_SKEW_SECONDS || not_before > seconds + TOKEN_SKEW_SECONDS)
        return refuse(err, "it is not valid yet");
    if (seconds >= c->expires_at)
        return error_set(err, -ETIME, "login token refused: it has expired");
    return 0;
}

static int read_claims(jwt_t *jwt, wall_ms now, struct token_claims *ret, struct error *err)
{
    struct token_claims c = {0};
    const char *issuer = jwt_get_grant(jwt, "iss"), *sub = jwt_get_grant(jwt, "sub"),
               *jti = jwt_get_grant(jwt, "jti"), *email = jwt_get_grant(jwt, "email");
    if (issuer == NULL || !str_equal(issuer, TOKEN_ISSUER))
        return refuse(err, "another program issued it");
    if (!made_of(sub, "0123456789", sizeof c.sub) || !made_of(jti, ALPHABET, sizeof c.jti) ||
        email == NULL || !str_copy(c.email, sizeof c.email, email))
        return refuse(err, "it does not say whose it is");
    (void)str_copy(c.sub, sizeof c.sub, sub);
    (void)str_copy(c.jti, sizeof c.jti, jti);
    int r = read_role(jwt, &c.role, err);
    if (r == 0)
        r = read_times(jwt, now, &c, err);
    if (r == 0)
        *ret = c;
    return r;
}

int token_check(const struct token_keys *keys, const char *text, size_t length, wall_ms now,
                struct token_claims *ret, struct error *err)
{
    char copy[TOKEN_MAX + 1];
    const struct token_key *key = NULL;
    jwt_t *jwt = NULL;
    if (length > TOKEN_MAX || !shaped(text, length))
        return refuse(err, "it is no token");
    memcpy(copy, text, length);
    copy[length] = '\0';
    int r = find_key(keys, copy, &key, err);
    if (r == 0 && (key == NULL || jwt_decode(&jwt, copy, (const unsigned char *)key->pem,
                                             (int)strlen(key->pem)) != 0))
        r = refuse(err, "its signature is wrong");
    if (r == 0 && jwt_get_alg(jwt) != JWT_ALG_ES256)
        r = refuse(err, "its algorithm is not " ALGORITHM);
    if (r == 0)
        r = read_claims(jwt, now, ret, err);
    jwt_free(jwt);
    mem_wipe(copy, sizeof copy);
    return r;
}

void token_session(const char *jti, char ret[TOKEN_SESSION_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    size_t digits = strspn(jti, "0123456789");
    ret[0] = '\0';
    if (digits == 0 || digits > NUMBER_DIGITS || jti[digits] != '-' ||
        EVP_Digest(jti, strlen(jti), digest, NULL, EVP_sha256(), NULL) != 1)
        return;
    (void)str_copy_n(ret, TOKEN_SESSION_SIZE, jti, digits + 1);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        (void)str_append(ret, TOKEN_SESSION_SIZE, "%02x", digest[i]);
}
