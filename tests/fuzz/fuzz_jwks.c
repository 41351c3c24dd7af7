/* A key set comes from a server elsewhere. The first byte says how it is made: 0, the bytes are the
 * set; otherwise the rest is the numbers of a key, in the form and length that one has, and what
 * stands behind them is a signature. */
#include <string.h>

#include "accounts/jwks.h"
#include "support.h"

#define RSA_BYTES 256
#define TEXT "header.payload"

static void verify(const struct jwks *set, struct input signature)
{
    static const char *const algorithms[] = {"RS256", "ES256", "none", "HS256", ""};
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
        PROMISE(jwks_verify(set, "one", algorithms[i], TEXT, strlen(TEXT),
                            (const uint8_t *)signature.at, signature.left) < 0);
}

static void put_number(struct buf *out, const char *name, struct input *in, size_t length,
                       uint8_t first, uint8_t last)
{
    uint8_t bytes[RSA_BYTES * 5] = {0};
    size_t given = length < in->left ? length : in->left;
    if (given > 0)
        memcpy(bytes, in->at, given);
    in->at += given;
    in->left -= given;
    bytes[0] |= first;
    bytes[length - 1] |= last;
    PROMISE(buf_printf(out, ", \"%s\": \"", name) == 0);
    base64url(bytes, length, out);
    PROMISE(buf_append(out, "\"", 1) == 0);
}

/* Of RSA 2048 to 10240 bits; of EC a point that is on the curve (the signer's), or any. */
static void put_key(struct buf *out, uint8_t mode, struct input *in)
{
    uint8_t point[64];
    if (mode % 3 == 0) {
        PROMISE(buf_printf(out, "\"kty\": \"RSA\"") == 0);
        put_number(out, "n", in, RSA_BYTES * (size_t)(1 + mode / 64), 0x80, 1);
        put_number(out, "e", in, 1 + mode / 16 % 4, 1, 1);
        return;
    }
    PROMISE(buf_printf(out, "\"kty\": \"EC\", \"crv\": \"P-256\"") == 0);
    signer_public_point(point);
    struct input given = {(const char *)point, sizeof point};
    if (mode % 3 == 1)
        given = (struct input){in->at, in->left < sizeof point ? in->left : sizeof point};
    put_number(out, "x", &given, 32, 0, 0);
    put_number(out, "y", &given, 32, 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct jwks *set = NULL;
    struct input in = input_of(data, size);
    struct buf text = BUF_LIMIT((size_t)4 << 20);
    uint8_t mode = input_byte(&in);
    if (mode == 0) {
        PROMISE(buf_append(&text, in.at, in.left) == 0);
    } else {
        PROMISE(buf_printf(&text, "{\"keys\": [{\"kid\": \"one\", ") == 0);
        put_key(&text, mode, &in);
        PROMISE(buf_printf(&text, "}]}") == 0);
    }
    int r = jwks_parse(buf_text(&text), text.length, &set, &err);
    PROMISE(r == 0 ? jwks_count(set) > 0 && jwks_count(set) <= JWKS_KEYS_MAX : err.text[0] != '\0');
    if (r == 0)
        verify(set, in);
    jwks_free(set);
    buf_free(&text);
    return 0;
}
