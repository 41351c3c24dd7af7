/* Login tokens come from anybody who reaches the port. */
#include <stdint.h>
#include <string.h>

#include "api/token.h"

static const struct token_keys keys = {
    .count = 1,
    .keys = {{.kid = "one",
              .pem = "-----BEGIN PUBLIC KEY-----\n"
                     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMKBCTNIcKUSDii11ySs3526iDZ8A\n"
                     "iTo7Tu6KPAqv7D7gS2XpJFbZiItSs3m9+9Ue6GnvHw/GW2ZZaVtszggXIw==\n"
                     "-----END PUBLIC KEY-----\n"}}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct token_claims claims;
    struct error err;
    /* Nobody has the private key: whatever is let in is a hole. */
    if (token_check(&keys, (const char *)data, size, (wall_ms){1800000000000}, &claims, &err) == 0)
        __builtin_trap();
    return 0;
}
