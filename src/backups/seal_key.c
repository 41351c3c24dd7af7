#include "backups/seal_key.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/trust.h"

#define PUBLIC_WORD "resus-public-key-1"
#define SECRET_WORD "resus-secret-key-1"
#define CHECK_BYTES 4
#define HEX_DIGITS ((size_t)2 * (SEAL_KEY_BYTES + CHECK_BYTES))
#define ID_BYTES 8

_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES &&
                   SEAL_KEY_BYTES == crypto_box_SECRETKEYBYTES,
               "both halves have 32 bytes");
_Static_assert(MANIFEST_KEY_ID_SIZE == 2 * ID_BYTES + 1, "16 digits");

static int started(struct error *err)
{
    return sodium_init() < 0 ? error_set(err, -EIO, "libsodium does not start") : 0;
}

static void check_of(const char *word, const unsigned char key[SEAL_KEY_BYTES],
                     unsigned char ret[CHECK_BYTES])
{
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, key, SEAL_KEY_BYTES, (const unsigned char *)word,
                             strlen(word));
    memcpy(ret, hash, CHECK_BYTES);
    sodium_memzero(hash, sizeof hash);
}

static void name_public(struct seal_public *p)
{
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof hash, p->key, sizeof p->key, NULL, 0);
    (void)sodium_bin2hex(p->id, sizeof p->id, hash, ID_BYTES);
}

int seal_secret_make(struct seal_secret *ret, struct error *err)
{
    int r = started(err);
    if (r < 0)
        return r;
    (void)crypto_box_keypair(ret->public.key, ret->key);
    name_public(&ret->public);
    return 0;
}

void seal_secret_wipe(struct seal_secret *s)
{
    mem_wipe(s, sizeof *s);
}

/* ── as text ── */

static void write_line(const char *word, const unsigned char key[SEAL_KEY_BYTES],
                       char ret[SEAL_KEY_TEXT_SIZE])
{
    unsigned char both[SEAL_KEY_BYTES + CHECK_BYTES];
    size_t begin = strlen(word) + 1;
    memcpy(both, key, SEAL_KEY_BYTES);
    check_of(word, key, both + SEAL_KEY_BYTES);
    (void)str_format(ret, SEAL_KEY_TEXT_SIZE, "%s ", word);
    (void)sodium_bin2hex(ret + begin, SEAL_KEY_TEXT_SIZE - begin, both, sizeof both);
    mem_wipe(both, sizeof both);
}

void seal_public_text(const struct seal_public *p, char ret[SEAL_KEY_TEXT_SIZE])
{
    write_line(PUBLIC_WORD, p->key, ret);
}

void seal_secret_text(const struct seal_secret *s, char ret[SEAL_KEY_TEXT_SIZE])
{
    write_line(SECRET_WORD, s->key, ret);
}

static int parse_line(const char *text, const char *word, const char *other,
                      unsigned char key[SEAL_KEY_BYTES], struct error *err)
{
    unsigned char both[SEAL_KEY_BYTES + CHECK_BYTES];
    unsigned char check[CHECK_BYTES];
    size_t length = 0;
    text += strspn(text, " \t\r\n");
    if (str_starts(text, other))
        return error_set(err, -EBADMSG, "this is %s, and the other half of the pair is needed",
                         str_equal(other, SECRET_WORD) ? "a secret key" : "a public key");
    if (!str_starts(text, word))
        return error_set(err, -EBADMSG, "no key: it must begin with `%s `", word);
    text += strlen(word);
    text += strspn(text, " \t");
    const char *end = text + strspn(text, "0123456789abcdefABCDEF");
    bool whole = (size_t)(end - text) == HEX_DIGITS &&
                 (*end == '\0' || isspace((unsigned char)*end)) &&
                 sodium_hex2bin(both, sizeof both, text, HEX_DIGITS, NULL, &length, NULL) == 0;
    check_of(word, both, check);
    bool right = whole && sodium_memcmp(check, both + SEAL_KEY_BYTES, sizeof check) == 0;
    if (right)
        memcpy(key, both, SEAL_KEY_BYTES);
    mem_wipe(both, sizeof both);
    if (!whole)
        return error_set(err, -EBADMSG, "not a whole key: %zu hexadecimal digits are needed",
                         HEX_DIGITS);
    return right ? 0 : error_set(err, -EBADMSG, "a digit of the key is wrong: its check differs");
}

int seal_public_parse(const char *text, struct seal_public *ret, struct error *err)
{
    struct seal_public p = {0};
    int r = started(err);
    if (r == 0)
        r = parse_line(text, PUBLIC_WORD, SECRET_WORD, p.key, err);
    if (r < 0)
        return r;
    name_public(&p);
    *ret = p;
    return 0;
}

int seal_secret_parse(const char *text, struct seal_secret *ret, struct error *err)
{
    struct seal_secret s = {0};
    int r = started(err);
    if (r == 0)
        r = parse_line(text, SECRET_WORD, PUBLIC_WORD, s.key, err);
    if (r < 0)
        return r;
    if (crypto_scalarmult_base(s.public.key, s.key) != 0)
        r = error_set(err, -EBADMSG, "no key of curve25519");
    name_public(&s.public);
    if (r == 0)
        *ret = s;
    seal_secret_wipe(&s);
    return r;
}

/* ── from files ── */

int seal_public_load(const char *path, struct seal_public *ret, struct error *err)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(SEAL_KEY_FILE_MAX);
    int r = trust_check(path, NULL, err);
    if (r == 0)
        r = file_read(path, &text, err);
    if (r < 0)
        return r;
    r = seal_public_parse(buf_text(&text), ret, err);
    if (r < 0)
        (void)error_prefix(err, "%s", path);
    return r;
}

int seal_secret_load(const char *path, struct seal_secret *ret, struct error *err)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(SEAL_KEY_FILE_MAX);
    int r = file_read_secret(path, &text, err);
    if (r < 0)
        return r;
    r = seal_secret_parse(buf_text(&text), ret, err);
    if (r < 0)
        (void)error_prefix(err, "%s", path);
    return r;
}

int seal_secret_beside(const char *public_path, struct seal_secret *ret, struct error *err)
{
    static const char public_end[] = ".pub";
    char path[PATH_MAX];
    size_t length = strlen(public_path);
    if (length < sizeof public_end || !str_equal(public_path + length - 4, public_end) ||
        !str_format(path, sizeof path, "%.*s.key", (int)(length - 4), public_path))
        return error_set(err, -ENOENT, "%s does not end in .pub", public_path);
    return seal_secret_load(path, ret, err);
}
