/* The files of an SSH key that is exchanged. Every step leaves one whole key under the configured
 * name, so that a kill between any two loses none:
 *
 *   FILE.new.part   while it is written
 *   FILE.new        the new key, whole; not in use
 *   FILE            the key in use
 *   FILE.old-DATE   the key that was in use before
 *
 * No step writes over a file that is there. They wait for the disk: call them on a worker. */
#ifndef RESUS_HOST_KEYPAIR_H
#define RESUS_HOST_KEYPAIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"

#define KEYPAIR_BASE64_MAX 4096 /* an RSA 16384 key takes 2.8 KB */
#define KEYPAIR_RSA_BITS 4096
#define KEYPAIR_TAIL 43 /* characters at the end of the public half that no other key shares */

enum keypair_kind { KEYPAIR_ED25519, KEYPAIR_RSA };

struct keypair_public {
    char type[32]; /* "ssh-ed25519" */
    char base64[KEYPAIR_BASE64_MAX];
    char fingerprint[64]; /* "SHA256:..." */
};

/* The public half of a private key that Resus may use (keyfile.h). */
int keypair_read(const char *path, struct keypair_public *ret, struct error *err) ATTR_MUST_USE;
/* The end of the base64 text: enough to find the line in authorized_keys. */
const char *keypair_tail(const struct keypair_public *public);

/* A first key: FILE, mode 600, of that owner. -EEXIST when FILE is there. */
int keypair_create(const char *path, enum keypair_kind kind, uid_t owner, gid_t group,
                   struct error *err) ATTR_MUST_USE;

/* "FILE.new" */
void keypair_fresh_path(const char *path, char ret[SETTINGS_PATH_MAX]);
/* "FILE.old-20251010" */
void keypair_old_path(const char *path, wall_ms now, char ret[SETTINGS_PATH_MAX]);

/* FILE.new.part: mode 600, with the owner of FILE. What is left of an earlier try is replaced. */
int keypair_write_part(const char *path, enum keypair_kind kind, struct error *err) ATTR_MUST_USE;
/* FILE.new.part becomes FILE.new. -EEXIST when there is a FILE.new. */
int keypair_place_new(const char *path, struct error *err) ATTR_MUST_USE;
/* FILE gets `old` as a second name. -EEXIST when another file has it. */
int keypair_keep_old(const char *path, const char *old, struct error *err) ATTR_MUST_USE;
/* FILE.new takes the name FILE, in one step. */
int keypair_put_new(const char *path, struct error *err) ATTR_MUST_USE;
/* FILE.pub, where there is one, is that of FILE again: OpenSSH's client reads it first. */
int keypair_put_public(const char *path, const char *comment, struct error *err) ATTR_MUST_USE;
/* Overwrites and removes a key that is not in use: never the file that is FILE as well. */
int keypair_wipe(const char *path, const char *unused, struct error *err) ATTR_MUST_USE;

bool keypair_has_fresh(const char *path);
/* Is `old` there, and another file than FILE? */
bool keypair_has_old(const char *path, const char *old);
/* Removes what a killed step left: FILE.new.part, and a second name of the key in use. True: there
 * was something. */
bool keypair_clean(const char *path, const char *old);

#endif
