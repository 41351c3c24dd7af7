/* What is inside of a sealed backup, in a file of its own while a proof or a restore needs it: mode
 * 600, in the folder of the service's backups (700). It is overwritten before it is removed, and
 * locked while it is in use: one that a killed Resus left is not, and catalog_open() wipes it. All
 * calls block. */
#ifndef RESUS_BACKUPS_OPENED_H
#define RESUS_BACKUPS_OPENED_H

#include <limits.h>

#include "backups/manifest.h"
#include "backups/seal.h"
#include "base/attr.h"
#include "base/error.h"
#include "settings/backup_settings.h"

#define OPENED_PREFIX ".partial-opened"           /* of the file's name */
#define OPENED_RESERVE_BYTES (INT64_C(256) << 20) /* of the disk that stay free */

struct opened {
    char path[PATH_MAX]; /* "" = none */
    int fd;              /* holds the lock */
    struct seal_sums sums;
};

/* A secret key that opens the file, from beside the public key of a recipient. -ENOKEY: there is
 * none on this machine. The caller wipes it. */
int opened_key(const struct recipient_settings *recipients, size_t count,
               const struct manifest_file *file, struct seal_secret *ret,
               struct error *err) ATTR_MUST_USE;
/* -EBADMSG: damaged, or not what the manifest says; -ENOSPC. After a failure nothing is left. */
int opened_make(const char *folder, const char *name, const char *sealed,
                const struct manifest_file *file, const struct seal_secret *key, struct opened *ret,
                struct error *err) ATTR_MUST_USE;
/* Does nothing when no file was made. */
void opened_wipe(struct opened *o);
/* One that was left; nothing when it is in use. Never follows a link. */
void opened_sweep(int folder, const char *name);

#endif
