/* A key set comes from a server elsewhere, a token from anybody who reaches the port. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "handlers/oidc_token.h"

#define TRUSTED                                                                                    \
    "{\"keys\": [{\"kty\": \"EC\", \"kid\": \"one\", \"crv\": \"P-256\", "                         \
    "\"x\": \"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\", "                                     \
    "\"y\": \"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwks *trusted;
    static const struct oidc_settings settings = {.issuer = "https://a",
                                                  .audience = "resus",
                                                  .role_claim = "a.roles",
                                                  .admin = "admin",
                                                  .viewer = "viewer"};
    struct oidc_claims claims;
    struct error err = {0};
    struct jwks *set = NULL;
    if (trusted == NULL && jwks_parse(TRUSTED, strlen(TRUSTED), &trusted, &err) < 0)
        __builtin_trap();
    if (jwks_parse((const char *)data, size, &set, &err) == 0) {
        if (jwks_count(set) == 0 || jwks_count(set) > JWKS_KEYS_MAX)
            __builtin_trap();
        jwks_free(set);
    }
    char *token = mem_calloc(1, size + 1);
    memcpy(token, data, size);
    /* Nobody has the private key: whatever is let in is a hole. */
    if (oidc_token_check(&settings, trusted, token, (wall_ms){1800000000000}, &claims, &err) == 0)
        __builtin_trap();
    mem_free(token);
    return 0;
}
