#include "accounts/jwks.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define NUMBER_MAX (JWKS_RSA_BITS_MAX / 8)
#define P256_BYTES 32
#define DER_MAX 80 /* of an ECDSA signature */

struct key {
    char kid[JWKS_KID_MAX];
    const char *algorithm; /* the one it is for */
    EVP_PKEY *public;
};

struct jwks {
    size_t count;
    struct key keys[JWKS_KEYS_MAX];
};

/* ── reading ── */

/* The bytes of a member in base64url; their number, 0 = none, or not well-formed. */
static size_t read_bytes(const json_t *item, const char *name, uint8_t *to, size_t size)
{
    const char *text = json_text_or(item, name, "");
    size_t length = 0;
    if (sodium_base642bin(to, size, text, strlen(text), NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return 0;
    return length;
}

/* NULL when the parameters make no key. */
static EVP_PKEY *make(const char *type, OSSL_PARAM_BLD *parts)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *read_rsa(const json_t *item)
{
    uint8_t bytes[NUMBER_MAX], exponent[4];
    size_t length = read_bytes(item, "n", bytes, sizeof bytes);
    size_t exponent_length = read_bytes(item, "e", exponent, sizeof exponent);
    BIGNUM *n = BN_bin2bn(bytes, (int)length, NULL);
    BIGNUM *e = BN_bin2bn(exponent, (int)exponent_length, NULL);
    OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    bool strong = n != NULL && e != NULL && BN_num_bits(n) >= JWKS_RSA_BITS_MIN && BN_is_odd(n) &&
                  BN_is_odd(e) && !BN_is_one(e);
    if (strong && parts != NULL && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = make("RSA", parts);
    OSSL_PARAM_BLD_free(parts);
    BN_free(n);
    BN_free(e);
    return key;
}

/* OpenSSL refuses a point that is not on the curve. */
static EVP_PKEY *read_ec(const json_t *item)
{
    uint8_t point[1 + 2 * P256_BYTES] = {4};
    OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (parts != NULL && str_equal(json_text_or(item, "crv", ""), "P-256") &&
        read_bytes(item, "x", point + 1, P256_BYTES) == P256_BYTES &&
        read_bytes(item, "y", point + 1 + P256_BYTES, P256_BYTES) == P256_BYTES &&
        OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        key = make("EC", parts);
    OSSL_PARAM_BLD_free(parts);
    return key;
}

static const struct key *find(const struct jwks *set, const char *kid)
{
    for (size_t i = 0; i < set->count; i++)
        if (str_equal(set->keys[i].kid, kid))
            return &set->keys[i];
    return NULL;
}

static void read_key(struct jwks *set, const json_t *item)
{
    static const struct {
        const char *type, *algorithm;
        EVP_PKEY *(*read)(const json_t *item);
    } kinds[] = {{"RSA", "RS256", read_rsa}, {"EC", "ES256", read_ec}};
    const char *kid = json_text_or(item, "kid", "");
    struct key key = {0};
    if (set->count == JWKS_KEYS_MAX || kid[0] == '\0' || !str_copy(key.kid, sizeof key.kid, kid) ||
        find(set, kid) != NULL || !str_equal(json_text_or(item, "use", "sig"), "sig"))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (str_equal(json_text_or(item, "kty", ""), kinds[i].type) &&
            str_equal(json_text_or(item, "alg", kinds[i].algorithm), kinds[i].algorithm)) {
            key.algorithm = kinds[i].algorithm;
            key.public = kinds[i].read(item);
        }
    if (key.public != NULL)
        set->keys[set->count++] = key;
}

int jwks_parse(const char *text, size_t length, struct jwks **ret, struct error *err)
{
    json_error_t why;
    if (length > JWKS_BYTES_MAX)
        return error_set(err, -EINVAL, "a key set of more than %d bytes", JWKS_BYTES_MAX);
    JSON_CLEANUP json_t *body = json_loadb(text, length, JSON_READ_FLAGS, &why);
    const json_t *keys = json_object_get(body, "keys");
    if (!json_is_array(keys))
        return error_set(err, -EINVAL, "it is no key set: %s",
                         body == NULL ? why.text : "`keys` is missing");
    struct jwks *set = mem_calloc(1, sizeof *set);
    if (set == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < json_array_size(keys); i++)
        read_key(set, json_array_get(keys, i));
    if (set->count == 0) {
        jwks_free(set);
        return error_set(err, -EINVAL,
                         "no key in it is of use (RSA of %d bits or P-256, each with "
                         "its `kid`)",
                         JWKS_RSA_BITS_MIN);
    }
    *ret = set;
    return 0;
}

void jwks_free(struct jwks *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        EVP_PKEY_free(set->keys[i].public);
    mem_free(set);
}

size_t jwks_count(const struct jwks *set)
{
    return set->count;
}

/* ── verifying ── */

/* A token has r and s side by side, OpenSSL wants them in DER; its length, 0 = no signature. */
static size_t to_der(const uint8_t *signature, size_t length, uint8_t *der)
{
    ECDSA_SIG *pair = length == (size_t)2 * P256_BYTES ? ECDSA_SIG_new() : NULL;
    if (pair == NULL)
        return 0;
    BIGNUM *r = BN_bin2bn(signature, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + P256_BYTES, P256_BYTES, NULL);
    int written = 0;
    if (r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        uint8_t *at = der;
        written = i2d_ECDSA_SIG(pair, NULL) <= DER_MAX ? i2d_ECDSA_SIG(pair, &at) : 0;
    }
    ECDSA_SIG_free(pair);
    return written > 0 ? (size_t)written : 0;
}

int jwks_verify(const struct jwks *set, const char *kid, const char *algorithm, const char *text,
                size_t length, const uint8_t *signature, size_t signature_length)
{
    uint8_t der[DER_MAX];
    const struct key *key = find(set, kid);
    if (key == NULL)
        return -ENOKEY;
    if (!str_equal(key->algorithm, algorithm))
        return -EACCES;
    if (str_equal(algorithm, "ES256")) {
        signature_length = to_der(signature, signature_length, der);
        signature = der;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context != NULL && signature_length > 0 &&
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->public) == 1 &&
        EVP_DigestVerify(context, signature, signature_length, (const uint8_t *)text, length) == 1;
    EVP_MD_CTX_free(context);
    return good ? 0 : -EACCES;
}
