/* Seals of the audit log: a line of its own (maintenance, audit-seal) whose reason is
 *   key ID number N mac MAC
 * MAC = HMAC-SHA-256, in hex, of the text "resus-audit-seal N SEQ PREV" with the key of number N;
 * SEQ and PREV are the seal line's own, so that it covers every line before. The key of the next
 * number is the SHA-256 of this one, which is then wiped: an intruder can make later seals but
 * cannot replace earlier ones. ID = the first 16 hex digits of the SHA-256 of the text
 * "resus-audit-key" followed by the first key's bytes. */
#ifndef RESUS_STORE_AUDIT_SEAL_H
#define RESUS_STORE_AUDIT_SEAL_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "store/audit.h"

#define AUDIT_SEAL_NUMBER_MAX (UINT64_C(1) << 26) /* a century of minutes */

/* The key that makes the next seal. */
struct audit_seal {
    char id[AUDIT_KEY_ID_SIZE]; /* "" = no seals */
    uint64_t number;
    uint8_t key[AUDIT_KEY_BYTES];
};
/* What a seal line says. */
struct audit_seal_said {
    char id[AUDIT_KEY_ID_SIZE];
    uint64_t number;
    char mac[AUDIT_HASH_SIZE];
};

/* STATE_DIR/audit-seal.key (0600). No file: no seals, 0. */
int audit_seal_load(const char *state_dir, struct audit_seal *ret, struct error *err) ATTR_MUST_USE;
/* Replaces the file and overwrites the contents of the old one. */
int audit_seal_save(const char *state_dir, const struct audit_seal *seal,
                    struct error *err) ATTR_MUST_USE;
/* Number 0 with this key. */
void audit_seal_first(struct audit_seal *seal, const uint8_t key[AUDIT_KEY_BYTES]);
void audit_seal_next(struct audit_seal *seal);
/* The reason of the seal line with that seq and prev. */
void audit_seal_say(const struct audit_seal *seal, uint64_t seq, const char *prev, char *to,
                    size_t size);
/* -EINVAL: it says something else. */
int audit_seal_read(const char *text, struct audit_seal_said *ret) ATTR_MUST_USE;

/* A first key as `resus audit key` prints it: 64 hex digits and a newline. */
#define AUDIT_KEY_TEXT_SIZE (2 * AUDIT_KEY_BYTES + 1)
void audit_key_text(const uint8_t key[AUDIT_KEY_BYTES], char to[AUDIT_KEY_TEXT_SIZE]);
int audit_key_read(const char *path, uint8_t ret[AUDIT_KEY_BYTES], struct error *err) ATTR_MUST_USE;

#endif
