#include "accounts/api_token.h"

#include <sodium.h>
#include <string.h>

#include "accounts/roles.h"
#include "base/mem.h"
#include "base/str.h"

#define SECRET_BYTES 32
#define SHOWN_CHARACTERS 10 /* prefix and four letters: to know a token by */

size_t api_tokens_live(const struct accounts *a)
{
    const struct api_token *t;
    size_t count = 0;
    shelf_each(a, STORE_API_TOKEN, t)
    {
        count += !t->revoked;
    }
    return count;
}

json_t *api_token_make(struct api_token *t)
{
    uint8_t bytes[SECRET_BYTES];
    char text[sizeof API_TOKEN_PREFIX +
              sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)] =
        API_TOKEN_PREFIX;
    size_t prefix = strlen(API_TOKEN_PREFIX);
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2base64(text + prefix, sizeof text - prefix, bytes, sizeof bytes,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    (void)crypto_hash_sha256(t->digest, (const uint8_t *)text, strlen(text));
    (void)str_copy_n(t->shown, sizeof t->shown, text, SHOWN_CHARACTERS);
    json_t *shown = json_string(text);
    mem_wipe(bytes, sizeof bytes);
    mem_wipe(text, sizeof text);
    return shown;
}

wall_ms api_token_ending(const struct accounts *a, int64_t within_ms, char *name, size_t size)
{
    const struct api_token *t;
    wall_ms now = accounts_now(a).wall;
    wall_ms soon = wall_add(now, within_ms);
    wall_ms first = WALL_NONE;
    shelf_each(a, STORE_API_TOKEN, t)
    {
        bool ends = t->expires.ms != WALL_NONE.ms && t->expires.ms < soon.ms &&
                    t->last_used.ms != WALL_NONE.ms && api_token_works(t, now);
        if (ends && (first.ms == WALL_NONE.ms || t->expires.ms < first.ms)) {
            (void)str_format(name, size, "%lld (%s)", (long long)t->number, t->name);
            first = t->expires;
        }
    }
    return first;
}
