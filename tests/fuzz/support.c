#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define P256_BYTES 32

void promise_broken(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
    abort();
}

/* ── an input ── */

uint32_t dice_throw(struct dice *d, uint32_t sides)
{
    if (d->state == 0 || sides == 0)
        return 0;
    /* xorshift32 */
    d->state ^= d->state << 13;
    d->state ^= d->state >> 17;
    d->state ^= d->state << 5;
    return d->state % sides;
}

struct input input_of(const uint8_t *data, size_t size)
{
    return (struct input){(const char *)data, size};
}

static struct input take(struct input *in, size_t length)
{
    struct input front = {in->at, length};
    if (length > 0)
        in->at += length;
    in->left -= length;
    return front;
}

uint8_t input_byte(struct input *in)
{
    return in->left == 0 ? 0 : (uint8_t)*take(in, 1).at;
}

struct input input_until(struct input *in, char end)
{
    const char *found = in->left == 0 ? NULL : memchr(in->at, end, in->left);
    struct input front = take(in, found == NULL ? in->left : (size_t)(found - in->at));
    (void)take(in, found == NULL ? 0 : 1);
    return front;
}

struct input input_section(struct input *in)
{
    struct input section = *in;
    while (in->left > 0) {
        const char *begin = in->at;
        struct input line = input_until(in, '\n');
        if (line.left == 2 && memcmp(line.at, "--", 2) == 0) {
            section.left = (size_t)(begin - section.at);
            return section;
        }
    }
    return section;
}

struct input input_piece(struct input *in, struct dice *d)
{
    /* Mostly a few bytes, now and then thousands. */
    uint32_t most = dice_throw(d, 4) == 0 ? 4096 : 24;
    size_t length = d->state == 0 ? in->left : 1 + (size_t)dice_throw(d, most);
    return take(in, length < in->left ? length : in->left);
}

char *input_text(struct input in)
{
    char *copy = mem_must(mem_calloc(1, in.left + 1));
    if (in.left > 0)
        memcpy(copy, in.at, in.left);
    return copy;
}

bool input_starts(struct input in, const char *word)
{
    return in.left >= strlen(word) && memcmp(in.at, word, strlen(word)) == 0;
}

void frames_of_lines(bool lines, struct input in, struct buf *out)
{
    if (!lines)
        PROMISE(buf_append(out, in.at, in.left) == 0);
    while (lines && in.left > 0) {
        struct input body = input_until(&in, '\n');
        char head[4]; /* length, greatest first */
        for (size_t i = 0; i < sizeof head; i++)
            head[i] = (char)(body.left >> (8 * (sizeof head - 1 - i)));
        PROMISE(buf_append(out, head, sizeof head) == 0);
        PROMISE(buf_append(out, body.at, body.left) == 0);
    }
}

/* ── files ── */

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_path(const char *name, char ret[128])
{
    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof folder, "%s/resus-fuzz-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* fsync is free */
        PROMISE(mkdtemp(folder) != NULL);
        (void)atexit(remove_folder);
    }
    (void)snprintf(ret, 128, "%s%s%.50s", folder, name[0] == '\0' ? "" : "/", name);
    return ret;
}

void fuzz_write(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    PROMISE(fd >= 0 && (length == 0 || write(fd, bytes, length) == (ssize_t)length));
    (void)close(fd);
}

/* ── tokens ── */

static EVP_PKEY *signer(void)
{
    static EVP_PKEY *key;
    if (key == NULL)
        key = EVP_EC_gen("P-256");
    PROMISE(key != NULL);
    return key;
}

const char *signer_public_pem(void)
{
    static char pem[512];
    BIO *bio = BIO_new(BIO_s_mem());
    PROMISE(bio != NULL && PEM_write_bio_PUBKEY(bio, signer()) == 1);
    PROMISE(BIO_read(bio, pem, sizeof pem - 1) > 0);
    BIO_free(bio);
    return pem;
}

void signer_public_point(uint8_t ret[64])
{
    uint8_t point[1 + 2 * P256_BYTES];
    size_t length = 0;
    PROMISE(EVP_PKEY_get_octet_string_param(signer(), "pub", point, sizeof point, &length) == 1);
    PROMISE(length == sizeof point && point[0] == 4);
    memcpy(ret, point + 1, 2 * (size_t)P256_BYTES);
}

void base64url(const void *bytes, size_t length, struct buf *out)
{
    size_t room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = mem_must(mem_calloc(1, room));
    (void)sodium_bin2base64(text, room, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    PROMISE(buf_append(out, text, strlen(text)) == 0);
    mem_free(text);
}

void signer_token(struct input head, struct input payload, uint8_t spoil, struct buf *out)
{
    uint8_t der[128], raw[2 * P256_BYTES] = {0};
    size_t length = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    base64url(head.at, head.left, out);
    PROMISE(buf_append(out, ".", 1) == 0);
    base64url(payload.at, payload.left, out);
    PROMISE(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer()) == 1 &&
            EVP_DigestSign(context, der, &length, (const uint8_t *)out->data, out->length) == 1);
    EVP_MD_CTX_free(context);
    const uint8_t *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)length);
    PROMISE(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, P256_BYTES) > 0 &&
            BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + P256_BYTES, P256_BYTES) > 0);
    ECDSA_SIG_free(pair);
    raw[spoil % sizeof raw] ^= spoil;
    PROMISE(buf_append(out, ".", 1) == 0);
    base64url(raw, sizeof raw, out);
}
