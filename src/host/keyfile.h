/* The private key of an SSH account: who may read it and how strong it is. */
#ifndef RESUS_HOST_KEYFILE_H
#define RESUS_HOST_KEYFILE_H

#include <libssh/libssh.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"

#define KEYFILE_SIZE_MAX (64 * 1024) /* an RSA 16384 key in PEM is 13 KB */
#define KEYFILE_RSA_BITS_MIN 4096    /* a shorter key is refused */

/* A regular file of ours, readable by its owner alone, without a passphrase, Ed25519 or RSA of at
 * least KEYFILE_RSA_BITS_MIN bits. Otherwise -EPERM, -EINVAL or errno, and the error names the
 * command that fixes it. */
int keyfile_check(const char *path, struct error *err) ATTR_MUST_USE;

/* The same for a daemon that runs as `owner`: root looks at it beforehand. */
int keyfile_check_for(const char *path, uid_t owner, struct error *err) ATTR_MUST_USE;

/* The same, and gives the key: ssh_key_free() it. */
int keyfile_load(const char *path, ssh_key *ret, struct error *err) ATTR_MUST_USE;

#endif
