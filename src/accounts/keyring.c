#include "accounts/keyring.h"

#include <assert.h>
#include <errno.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "settings/settings.h"

#define PRIVATE_MAX 512
#define ID_BYTES 9
#define CONTEXT "resuslog" /* crypto_kdf's, eight bytes */
#define SUBKEY_CSRF 1
#define SUBKEY_SEAL 2
#define SUBKEY_LINK 3

static_assert(KEYRING_SEAL_ROOM == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                       crypto_aead_xchacha20poly1305_ietf_ABYTES,
              "nonce and tag");
static_assert(sizeof CONTEXT - 1 == crypto_kdf_CONTEXTBYTES, "the context has its size");

struct keyring {
    char path[SETTINGS_PATH_MAX];
    struct token_keys public; /* newest first, as `private` and `created` are */
    char private[TOKEN_KEYS_MAX][PRIVATE_MAX];
    wall_ms created[TOKEN_KEYS_MAX];
    uint8_t secret[crypto_kdf_KEYBYTES];
};

static int read_bio(BIO *bio, char *to, size_t size)
{
    const char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    if (length <= 0 || !str_copy_n(to, size, data, (size_t)length))
        return -EIO;
    return 0;
}

static int export_key(EVP_PKEY *key, char *private, size_t private_size, char *public,
                      size_t public_size)
{
    BIO *secret = BIO_new(BIO_s_secmem()), *open = BIO_new(BIO_s_mem());
    int r = -EIO;
    if (secret != NULL && open != NULL && PEM_write_bio_PUBKEY(open, key) == 1 &&
        (private == NULL || PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1))
        r = read_bio(open, public, public_size);
    if (r == 0 && private != NULL)
        r = read_bio(secret, private, private_size);
    BIO_free(secret);
    BIO_free(open);
    return r;
}

/* Puts a new key first; the last falls out where there is no room. */
static int add_key(struct keyring *k, wall_ms now, struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    struct token_key public = {0};
    char private[PRIVATE_MAX];
    uint8_t id[ID_BYTES];
    int r = key == NULL ? -EIO
                        : export_key(key, private, sizeof private, public.pem, sizeof public.pem);
    EVP_PKEY_free(key);
    if (r < 0)
        return error_set(err, r, "cannot make a key that signs logins");
    randombytes_buf(id, sizeof id);
    (void)sodium_bin2base64(public.kid, sizeof public.kid, id, sizeof id,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    size_t keep = k->public.count < TOKEN_KEYS_MAX ? k->public.count : TOKEN_KEYS_MAX - 1;
    memmove(&k->public.keys[1], &k->public.keys[0], keep * sizeof k->public.keys[0]);
    memmove(&k->private[1], &k -> private[0], keep * sizeof k->private[0]);
    memmove(&k->created[1], &k->created[0], keep * sizeof k->created[0]);
    k->public.keys[0] = public;
    memcpy(k->private[0], private, sizeof private);
    k->created[0] = now;
    k->public.count = keep + 1;
    mem_wipe(private, sizeof private);
    return 0;
}

/* ── the file ── */

static int save(const struct keyring *k, struct error *err)
{
    char secret[sizeof k->secret * 2 + 1];
    (void)sodium_bin2hex(secret, sizeof secret, k->secret, sizeof k->secret);
    JSON_CLEANUP json_t *file = json_object();
    json_t *keys = json_array();
    (void)json_put_text(file, "secret", secret);
    for (size_t i = 0; i < k->public.count; i++) {
        json_t *key = json_object();
        (void)json_put_text(key, "kid", k->public.keys[i].kid);
        (void)json_put_wall(key, "created", k->created[i]);
        (void)json_put_text(key, "private", k->private[i]);
        (void)json_array_append_new(keys, key);
    }
    (void)json_put(file, "keys", keys);
    char *text = json_dumps(file, JSON_WRITE_FLAGS | JSON_INDENT(1));
    mem_wipe(secret, sizeof secret);
    if (text == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = file_write_atomic(k->path, text, strlen(text), 0600, err);
    mem_wipe(text, strlen(text));
    mem_free(text);
    return r;
}

static int read_key(struct keyring *k, const json_t *item)
{
    size_t n = k->public.count;
    const char *private = json_text_or(item, "private", "");
    if (n >= TOKEN_KEYS_MAX || !str_copy(k->private[n], PRIVATE_MAX, private) ||
        !str_copy(k->public.keys[n].kid, sizeof k->public.keys[n].kid,
                  json_text_or(item, "kid", "")) ||
        wall_parse(json_text_or(item, "created", ""), &k->created[n]) < 0)
        return -EINVAL;
    BIO *bio = BIO_new_mem_buf(private, -1);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    int r = key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC
                ? -EINVAL
                : export_key(key, NULL, 0, k->public.keys[n].pem, sizeof k->public.keys[n].pem);
    BIO_free(bio);
    EVP_PKEY_free(key);
    if (r == 0)
        k->public.count++;
    return r;
}

static int parse(struct keyring *k, const struct buf *text)
{
    JSON_CLEANUP json_t *file = json_loadb(buf_text(text), text->length, JSON_READ_FLAGS, NULL);
    const char *secret = json_text_or(file, "secret", "");
    size_t i, length = 0;
    json_t *item;
    if (sodium_hex2bin(k->secret, sizeof k->secret, secret, strlen(secret), NULL, &length, NULL) !=
            0 ||
        length != sizeof k->secret)
        return -EINVAL;
    json_array_foreach(json_object_get(file, "keys"), i, item) {
        if (read_key(k, item) < 0)
            return -EINVAL;
    }
    return k->public.count == 0 ? -EINVAL : 0;
}

static int load_or_make(struct keyring *k, wall_ms now, struct error *err)
{
    if (access(k->path, F_OK) != 0 && errno == ENOENT) {
        randombytes_buf(k->secret, sizeof k->secret);
        int r = add_key(k, now, err);
        return r < 0 ? r : save(k, err);
    }
    struct buf text = BUF_LIMIT(KEYRING_FILE_MAX);
    int r = file_read_secret(k->path, &text, err);
    if (r == 0 && parse(k, &text) < 0)
        r = error_set(err, -EINVAL,
                      "%s is damaged: put it back from a backup, or remove it (all logins end and "
                      "two-factor logins must be set up again)",
                      k->path);
    buf_free(&text);
    return r;
}

int keyring_open(const char *state_dir, wall_ms now, struct keyring **ret, struct error *err)
{
    if (sodium_init() < 0)
        return error_set(err, -EIO, "libsodium does not start");
    struct keyring *k = mem_calloc(1, sizeof *k);
    if (k == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = str_format(k->path, sizeof k->path, "%s/" KEYRING_FILE, state_dir)
                ? load_or_make(k, now, err)
                : error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    if (r < 0) {
        keyring_free(k);
        return r;
    }
    *ret = k;
    return 0;
}

struct keyring *keyring_copy(const struct keyring *k)
{
    struct keyring *copy = mem_calloc(1, sizeof *copy);
    if (copy != NULL)
        *copy = *k;
    return copy;
}

void keyring_free(struct keyring *k)
{
    if (k == NULL)
        return;
    mem_wipe(k, sizeof *k);
    mem_free(k);
}

/* ── rotation ── */

bool keyring_rotation_due(const struct keyring *k, wall_ms now)
{
    return wall_since(now, k->created[0]) >= KEYRING_ROTATE_SECONDS * 1000;
}

int keyring_rotate(const struct keyring *k, wall_ms now, struct keyring **ret, struct error *err)
{
    struct keyring *fresh = keyring_copy(k);
    if (fresh == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    /* A key has signed until its successor came, so its last token lives an hour from then on. */
    while (fresh->public.count > 1 && wall_since(now, fresh->created[fresh->public.count - 2]) >
                                          (TOKEN_SECONDS + TOKEN_SKEW_SECONDS) * INT64_C(1000))
        fresh->public.count--;
    int r = add_key(fresh, now, err);
    if (r == 0)
        r = save(fresh, err);
    if (r < 0) {
        keyring_free(fresh);
        return r;
    }
    *ret = fresh;
    return 0;
}

const struct token_keys *keyring_public(const struct keyring *k)
{
    return &k->public;
}

/* ── tokens ── */

int keyring_sign(const struct keyring *k, const struct token_claims *c, char ret[TOKEN_MAX + 1],
                 struct error *err)
{
    jwt_t *jwt = NULL;
    const char *pem = k->private[0];
    if (jwt_new(&jwt) != 0)
        return error_set(err, -ENOMEM, "out of memory");
    int bad = jwt_add_header(jwt, "kid", k->public.keys[0].kid);
    bad |= jwt_add_grant(jwt, "iss", TOKEN_ISSUER);
    bad |= jwt_add_grant(jwt, "sub", c->sub);
    bad |= jwt_add_grant(jwt, "email", c->email);
    bad |= jwt_add_grant(jwt, "role", access_name(c->role));
    bad |= jwt_add_grant(jwt, "jti", c->jti);
    bad |= jwt_add_grant_int(jwt, "iat", (long)c->issued_at);
    bad |= jwt_add_grant_int(jwt, "nbf", (long)c->issued_at);
    bad |= jwt_add_grant_int(jwt, "exp", (long)c->expires_at);
    bad |= jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)pem, (int)strlen(pem));
    char *text = bad == 0 ? jwt_encode_str(jwt) : NULL;
    int r = text != NULL && str_copy(ret, TOKEN_MAX + 1, text)
                ? 0
                : error_set(err, -EIO, "a login token could not be signed");
    if (text != NULL)
        mem_wipe(text, strlen(text));
    mem_free(text);
    jwt_free(jwt);
    return r;
}

static void derive(const struct keyring *k, uint64_t which, uint8_t *key, size_t size)
{
    (void)crypto_kdf_derive_from_key(key, size, which, CONTEXT, k->secret);
}

void keyring_csrf(const struct keyring *k, const char *jti, char ret[KEYRING_CSRF_SIZE])
{
    uint8_t key[crypto_auth_hmacsha256_KEYBYTES], mac[crypto_auth_hmacsha256_BYTES];
    derive(k, SUBKEY_CSRF, key, sizeof key);
    (void)crypto_auth_hmacsha256(mac, (const uint8_t *)jti, strlen(jti), key);
    (void)sodium_bin2base64(ret, KEYRING_CSRF_SIZE, mac, sizeof mac,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    mem_wipe(key, sizeof key);
}

void keyring_link_key(const struct keyring *k, uint8_t ret[KEYRING_LINK_SIZE])
{
    derive(k, SUBKEY_LINK, ret, KEYRING_LINK_SIZE);
}

void keyring_seal(const struct keyring *k, int64_t number, const uint8_t *plain, size_t length,
                  uint8_t *sealed)
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    derive(k, SUBKEY_SEAL, key, sizeof key);
    randombytes_buf(sealed, nonce);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + nonce, NULL, plain, length,
                                                     (const uint8_t *)&number, sizeof number, NULL,
                                                     sealed, key);
    mem_wipe(key, sizeof key);
}

int keyring_unseal(const struct keyring *k, int64_t number, const uint8_t *sealed, size_t length,
                   uint8_t *plain)
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    size_t nonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    if (length < KEYRING_SEAL_ROOM)
        return -EACCES;
    derive(k, SUBKEY_SEAL, key, sizeof key);
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + nonce,
                                                         length - nonce, (const uint8_t *)&number,
                                                         sizeof number, sealed, key);
    mem_wipe(key, sizeof key);
    return bad == 0 ? 0 : -EACCES;
}
