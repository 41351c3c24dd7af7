#include "accounts/oidc_token.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define PART_MAX TOKEN_FOREIGN_MAX

static int refuse(struct error *err, const char *why)
{
    return error_set(err, -EACCES, "token of the login server refused: %s", why);
}

static bool decode(const char *text, size_t length, uint8_t *to, size_t *ret_length)
{
    return sodium_base642bin(to, PART_MAX, text, length, NULL, ret_length, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* A new reference, NULL = no JSON object. */
static json_t *decode_object(const char *text, size_t length)
{
    uint8_t bytes[PART_MAX];
    size_t count = 0;
    json_t *object = decode(text, length, bytes, &count)
                         ? json_loadb((const char *)bytes, count, JSON_READ_FLAGS, NULL)
                         : NULL;
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* The signature first: what an unsigned token says is looked at no further than to find its key. */
static int verify(const struct jwks *keys, const char *token, const char *payload,
                  const char *signature, struct error *err)
{
    uint8_t bytes[PART_MAX];
    size_t length = 0;
    JSON_CLEANUP json_t *head = decode_object(token, (size_t)(payload - token - 1));
    if (head == NULL || !decode(signature, strlen(signature), bytes, &length))
        return refuse(err, "it cannot be read");
    /* An extension that must be understood, and none is. */
    if (json_object_get(head, "crit") != NULL)
        return refuse(err, "its header asks for more than is known here");
    int r = jwks_verify(keys, json_text_or(head, "kid", ""), json_text_or(head, "alg", ""), token,
                        (size_t)(signature - token - 1), bytes, length);
    if (r == -ENOKEY)
        return error_set(err, r, "token of the login server refused: its key is not known");
    return r < 0 ? refuse(err, "its signature is wrong") : 0;
}

/* Who asked for a token with a list of audiences is its `azp`: it is meant for us when that is us,
 * or when nobody else is in the list and it is not said. */
static bool is_for(const json_t *claims, const char *audience)
{
    const json_t *aud = json_object_get(claims, "aud");
    const json_t *party = json_object_get(claims, "azp");
    if (json_is_string(aud))
        return str_equal(json_string_value(aud), audience);
    bool named = party == NULL ? json_array_size(aud) == 1
                               : str_equal(json_text_or(claims, "azp", ""), audience);
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        if (one != NULL && str_equal(one, audience))
            return named;
    }
    return false;
}

/* An address that is only claimed could be anybody's. */
static void read_email(const json_t *claims, char *to, size_t size)
{
    const char *email = json_text_or(claims, "email", "");
    if (!json_is_true(json_object_get(claims, "email_verified")) || strchr(email, '@') == NULL ||
        !str_copy_clean(to, size, email, strlen(email)) || !str_equal(to, email))
        to[0] = '\0';
}

/* Seconds; -1 = not there or no number. Some servers write them with a fraction. */
static int64_t seconds_of(const json_t *claims, const char *name)
{
    const json_t *value = json_object_get(claims, name);
    double number = json_is_number(value) ? json_number_value(value) : -1;
    return number >= 0 && number < 1e12 ? (int64_t)number : -1;
}

static int check_times(const json_t *claims, wall_ms now, struct error *err)
{
    int64_t seconds = now.ms / 1000, expires = seconds_of(claims, "exp");
    static const char *const begins[] = {"nbf", "iat"};
    if (expires < 0 || expires > seconds + OIDC_LIFETIME_SECONDS)
        return refuse(err, "it does not expire within a day");
    for (size_t i = 0; i < ARRAY_LENGTH(begins); i++) {
        bool there = json_object_get(claims, begins[i]) != NULL;
        int64_t begin = seconds_of(claims, begins[i]);
        if (there && (begin < 0 || begin > seconds + TOKEN_SKEW_SECONDS))
            return refuse(err, "it is not valid yet");
    }
    if (seconds >= expires)
        return error_set(err, -ETIME, "token of the login server refused: it has expired");
    return 0;
}

/* A claim by its name, or by a path such as realm_access.roles; borrowed. */
static const json_t *find_claim(const json_t *claims, const char *path)
{
    char part[sizeof((struct oidc_settings *)NULL)->role_claim];
    const json_t *at = json_object_get(claims, path);
    if (at != NULL)
        return at;
    at = claims;
    for (const char *rest = path; at != NULL && *rest != '\0';) {
        size_t length = strcspn(rest, ".");
        (void)str_copy_n(part, sizeof part, rest, length);
        at = json_object_get(at, part);
        rest += length + (rest[length] == '.');
    }
    return at;
}

static bool holds(const json_t *claim, const char *word)
{
    if (word[0] == '\0')
        return false;
    if (json_is_string(claim))
        return str_equal(json_string_value(claim), word);
    for (size_t i = 0; i < json_array_size(claim); i++) {
        const char *one = json_string_value(json_array_get(claim, i));
        if (one != NULL && str_equal(one, word))
            return true;
    }
    return false;
}

/* The highest that it names; ACCESS_ANONYMOUS = none. */
static enum access role_of(const struct oidc_settings *settings, const json_t *claims)
{
    const json_t *claim = find_claim(claims, settings->role_claim);
    if (holds(claim, settings->admin))
        return ACCESS_ADMIN;
    if (holds(claim, settings->operator))
        return ACCESS_OPERATOR;
    return holds(claim, settings->viewer) ? ACCESS_VIEWER : ACCESS_ANONYMOUS;
}

static int read_claims(const struct oidc_settings *settings, const json_t *claims, wall_ms now,
                       struct oidc_claims *ret, struct error *err)
{
    struct oidc_claims c = {0};
    const char *sub = json_text_or(claims, "sub", "");
    if (!str_equal(json_text_or(claims, "iss", ""), settings->issuer))
        return refuse(err, "another server issued it");
    if (!is_for(claims, settings->audience))
        return refuse(err, "it is for another program");
    int r = check_times(claims, now, err);
    if (r < 0)
        return r;
    /* Cut off, two people could be one. */
    if (sub[0] == '\0' || !str_copy_clean(c.sub, sizeof c.sub, sub, strlen(sub)) ||
        !str_equal(c.sub, sub))
        return refuse(err, "it does not say whose it is");
    read_email(claims, c.email, sizeof c.email);
    c.role = role_of(settings, claims);
    if (c.role == ACCESS_ANONYMOUS)
        return error_set(err, -EPERM, "token of the login server: it gives no role");
    *ret = c;
    return 0;
}

int oidc_token_check(const struct oidc_settings *settings, const struct jwks *keys,
                     const char *token, wall_ms now, struct oidc_claims *ret, struct error *err)
{
    const char *payload = strchr(token, '.');
    const char *signature = payload == NULL ? NULL : strchr(++payload, '.');
    if (signature == NULL || strlen(token) > TOKEN_FOREIGN_MAX || strchr(++signature, '.') != NULL)
        return refuse(err, "it is no token");
    int r = verify(keys, token, payload, signature, err);
    if (r < 0)
        return r;
    JSON_CLEANUP json_t *claims = decode_object(payload, (size_t)(signature - payload - 1));
    return claims == NULL ? refuse(err, "it cannot be read")
                          : read_claims(settings, claims, now, ret, err);
}
