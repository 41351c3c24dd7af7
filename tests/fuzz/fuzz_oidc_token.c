/* Tokens that name a login server elsewhere, with the key that it signs with. Input as in
 * fuzz_token.c. */
#include <string.h>

#include "accounts/oidc_token.h"
#include "base/str.h"
#include "support.h"

#define NOW_S INT64_C(1800000000)

static struct jwks *trusted_keys(void)
{
    static struct jwks *keys;
    uint8_t point[64];
    struct error err;
    struct buf set = BUF_LIMIT(1024);
    if (keys != NULL)
        return keys;
    signer_public_point(point);
    PROMISE(buf_printf(&set, "{\"keys\": [{\"kty\": \"EC\", \"kid\": \"one\", \"crv\": \"P-256\", "
                             "\"x\": \"") == 0);
    base64url(point, 32, &set);
    PROMISE(buf_printf(&set, "\", \"y\": \"") == 0);
    base64url(point + 32, 32, &set);
    PROMISE(buf_printf(&set, "\"}]}") == 0);
    PROMISE(jwks_parse(set.data, set.length, &keys, &err) == 0);
    buf_free(&set);
    return keys;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct oidc_settings settings = {.issuer = "https://a",
                                                  .audience = "resus",
                                                  .role_claim = "a.roles",
                                                  .admin = "admin",
                                                  .operator= "operator",
                                                  .viewer = "viewer"};
    struct input in = input_of(data, size);
    struct buf token = BUF_LIMIT((size_t)4 << 20);
    struct oidc_claims claims = {0};
    struct error err = {0};
    uint8_t mode = input_byte(&in);
    if (mode % 2 == 1) {
        struct input head = input_until(&in, '\n');
        signer_token(head, in, mode & 0xFE, &token);
    } else {
        PROMISE(buf_append(&token, in.at, in.left) == 0);
    }
    int r = oidc_token_check(&settings, trusted_keys(), buf_text(&token), (wall_ms){NOW_S * 1000},
                             &claims, &err);
    PROMISE(r == 0 || err.text[0] != '\0');
    if (r == 0) {
        PROMISE(mode == 1);
        PROMISE(claims.role >= ACCESS_VIEWER && claims.role <= ACCESS_ADMIN);
        PROMISE(claims.sub[0] != '\0' && str_utf8(claims.sub, strlen(claims.sub)));
        PROMISE(claims.email[0] != '\0' && str_utf8(claims.email, strlen(claims.email)));
    }
    buf_free(&token);
    return 0;
}
