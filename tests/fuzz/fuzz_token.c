/* Login tokens come from anybody who reaches the port. The first byte says what the rest is: even,
 * the bytes of a token; odd, a line with its head and one with its claims, which are signed. Its
 * upper bits spoil the signature. */
#include <string.h>

#include "api/token.h"
#include "base/str.h"
#include "support.h"

#define NOW_S INT64_C(1800000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct token_keys keys;
    struct input in = input_of(data, size);
    struct buf token = BUF_LIMIT((size_t)4 << 20);
    struct token_claims claims = {0};
    struct error err = {0};
    uint8_t mode = input_byte(&in);
    bool is_signed = mode % 2 == 1;
    if (keys.count == 0) {
        keys.count = 1;
        (void)str_copy(keys.keys[0].kid, sizeof keys.keys[0].kid, "one");
        PROMISE(str_copy(keys.keys[0].pem, sizeof keys.keys[0].pem, signer_public_pem()));
    }
    if (is_signed) {
        struct input head = input_until(&in, '\n');
        signer_token(head, in, mode & 0xFE, &token);
    } else {
        PROMISE(buf_append(&token, in.at, in.left) == 0);
    }
    int r =
        token_check(&keys, buf_text(&token), token.length, (wall_ms){NOW_S * 1000}, &claims, &err);
    PROMISE(r == 0 || err.text[0] != '\0');
    if (r == 0) {
        /* Nobody else has the private key: whatever is let in is a hole. */
        PROMISE(mode == 1);
        PROMISE(claims.role >= ACCESS_VIEWER && claims.role <= ACCESS_ADMIN);
        PROMISE(claims.sub[0] != '\0' && strspn(claims.sub, "0123456789") == strlen(claims.sub));
        PROMISE(claims.jti[0] != '\0' && claims.issued_at <= NOW_S + TOKEN_SKEW_SECONDS);
        PROMISE(claims.expires_at > NOW_S && claims.expires_at <= NOW_S + 2 * TOKEN_SECONDS);
    }
    buf_free(&token);
    return 0;
}
