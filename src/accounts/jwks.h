/* A JSON Web Key Set (RFC 7517): the public keys of a login server elsewhere. Only what can verify
 * RS256 and ES256 is taken; a key is good for one of them alone, by its type, whatever a token
 * claims. */
#ifndef RESUS_ACCOUNTS_JWKS_H
#define RESUS_ACCOUNTS_JWKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

#define JWKS_BYTES_MAX 65536
#define JWKS_KEYS_MAX 16 /* more are passed over */
#define JWKS_KID_MAX 128
#define JWKS_RSA_BITS_MIN 2048
#define JWKS_RSA_BITS_MAX 8192

struct jwks;

/* Keys of other types, for encryption, without a `kid` or too weak are passed over. -EINVAL: no key
 * set, or no key in it is of use. */
int jwks_parse(const char *text, size_t length, struct jwks **ret, struct error *err) ATTR_MUST_USE;
void jwks_free(struct jwks *set); /* takes NULL */
size_t jwks_count(const struct jwks *set);
/* Is `signature` (as it stands in a token) that of `text` by the key `kid` with `algorithm`?
 * -ENOKEY: there is no such key; -EACCES: it is not, or the key is not for that algorithm. */
int jwks_verify(const struct jwks *set, const char *kid, const char *algorithm, const char *text,
                size_t length, const uint8_t *signature, size_t signature_length) ATTR_MUST_USE;

#endif
