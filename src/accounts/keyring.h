/* The daemon's own secrets: the ES256 keys that sign login tokens and one secret from which CSRF
 * tokens and the seal of TOTP secrets are derived. They stand in `state_dir`/login-keys.json
 * (0600), not in the database: that one is backed up and looked into by people, and whoever reads
 * it must not be able to make a token or a second factor. */
#ifndef RESUS_ACCOUNTS_KEYRING_H
#define RESUS_ACCOUNTS_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "api/token.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define KEYRING_FILE "login-keys.json"
#define KEYRING_FILE_MAX 16384
#define KEYRING_ROTATE_SECONDS (INT64_C(30) * 86400)
#define KEYRING_SEAL_ROOM 40 /* what a seal adds: nonce and tag */

struct keyring;

/* Reads the file, or makes it at the first start. A damaged file is an error that says what its
 * removal costs; it is never replaced. */
int keyring_open(const char *state_dir, wall_ms now, struct keyring **ret,
                 struct error *err) ATTR_MUST_USE;
struct keyring *keyring_copy(const struct keyring *k) ATTR_MUST_USE; /* NULL: no memory */
void keyring_free(struct keyring *k);                                /* wipes; takes NULL */

bool keyring_rotation_due(const struct keyring *k, wall_ms now);
/* A ring with a new signing key and without those whose tokens have all expired, written to the
 * file. `k` is only read: call it on a worker. */
int keyring_rotate(const struct keyring *k, wall_ms now, struct keyring **ret,
                   struct error *err) ATTR_MUST_USE;

/* The public keys, the signing one first. */
const struct token_keys *keyring_public(const struct keyring *k);
/* Signs; `issuer` and `nbf` are added. `ret` holds TOKEN_MAX + 1. */
int keyring_sign(const struct keyring *k, const struct token_claims *claims,
                 char ret[TOKEN_MAX + 1], struct error *err) ATTR_MUST_USE;

#define KEYRING_CSRF_SIZE 48
void keyring_csrf(const struct keyring *k, const char *jti, char ret[KEYRING_CSRF_SIZE]);
/* The key of the links in messages. */
#define KEYRING_LINK_SIZE 32
void keyring_link_key(const struct keyring *k, uint8_t ret[KEYRING_LINK_SIZE]);
/* Secret bytes for the database and back, bound to `number`. `sealed` holds length +
 * KEYRING_SEAL_ROOM. -EACCES: not sealed by this ring. */
void keyring_seal(const struct keyring *k, int64_t number, const uint8_t *plain, size_t length,
                  uint8_t *sealed);
int keyring_unseal(const struct keyring *k, int64_t number, const uint8_t *sealed, size_t length,
                   uint8_t *plain) ATTR_MUST_USE;

#endif
