/* The keys that backups are sealed with: pairs of curve25519. The public half seals, the secret half
 * opens. As text, one line each, with a check so that a slip in typing is noticed:
 *
 *   resus-public-key-1 HEX (64 digits of the key, 8 of the check) [comment]
 *   resus-secret-key-1 HEX (likewise)
 *
 * A secret key's file is 0600. It is wiped from memory after use. */
#ifndef RESUS_BACKUPS_SEAL_KEY_H
#define RESUS_BACKUPS_SEAL_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "backups/manifest.h"
#include "base/attr.h"
#include "base/error.h"

#define SEAL_KEY_BYTES 32
#define SEAL_KEY_TEXT_SIZE 128 /* of a line, without the comment */
#define SEAL_KEY_FILE_MAX 4096

struct seal_public {
    unsigned char key[SEAL_KEY_BYTES];
    char id[MANIFEST_KEY_ID_SIZE]; /* names it in the head of a sealed file and in the manifest */
};

struct seal_secret {
    unsigned char key[SEAL_KEY_BYTES];
    struct seal_public public;
};

/* A new pair. */
int seal_secret_make(struct seal_secret *ret, struct error *err) ATTR_MUST_USE;
void seal_secret_wipe(struct seal_secret *s);

void seal_public_text(const struct seal_public *p, char ret[SEAL_KEY_TEXT_SIZE]);
void seal_secret_text(const struct seal_secret *s, char ret[SEAL_KEY_TEXT_SIZE]); /* wipe it */

/* -EBADMSG: no such line. Blanks around it, and a comment after it, do not matter. */
int seal_public_parse(const char *text, struct seal_public *ret, struct error *err) ATTR_MUST_USE;
int seal_secret_parse(const char *text, struct seal_secret *ret, struct error *err) ATTR_MUST_USE;

/* A file that others could change would seal backups for them: it must belong to root or us. */
int seal_public_load(const char *path, struct seal_public *ret, struct error *err) ATTR_MUST_USE;
int seal_secret_load(const char *path, struct seal_secret *ret, struct error *err) ATTR_MUST_USE;

/* The secret key beside a public one: NAME.key beside NAME.pub. -ENOENT: there is none, which is as
 * it should be on a machine that only seals. */
int seal_secret_beside(const char *public_path, struct seal_secret *ret,
                       struct error *err) ATTR_MUST_USE;

#endif
