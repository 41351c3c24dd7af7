/* The folder of one service's backups, and how a backup is published:
 *
 *   ROOT/ID/.lock                        held while Resus writes here
 *   ROOT/ID/latest -> daily/20261129T023000Z
 *   ROOT/ID/{daily,manual}/latest -> 20261129T023000Z
 *   ROOT/ID/{daily,manual}/20261129T023000Z/{dump.rdb,manifest.json}
 *   ROOT/ID/{daily,manual}/.partial-20261129T023000Z/   under way, or left by a crash
 *
 * A backup is made in its partial folder and gets its name by one rename after everything is on
 * the disk: a backup with its name is complete. `latest` names the newest one that was proved by loading and is
 * not suspicious. Folders are 0700, files 0600. All calls block: for libuv's workers. */
#ifndef RESUS_BACKUPS_CATALOG_H
#define RESUS_BACKUPS_CATALOG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "backups/manifest.h"
#include "base/attr.h"
#include "base/error.h"

#define CATALOG_DUMP_FILE "dump.rdb"
#define CATALOG_BACKUPS_MAX 4096 /* of one service and kind that are looked at; more are an error */

struct catalog;

/* Makes what is missing, takes the lock and removes what a crash left. -EBUSY when another process
 * holds the lock. */
int catalog_open(const char *root, const char *service, struct catalog **ret,
                 struct error *err) ATTR_MUST_USE;
/* The same folder for reading alone: nothing is made, locked or removed, so that it does not get in
 * the way of a backup under way. For catalog_read(), catalog_list() and what they need. */
int catalog_peek(const char *root, const char *service, struct catalog **ret,
                 struct error *err) ATTR_MUST_USE;
/* Gives the lock back. Takes NULL. */
void catalog_close(struct catalog *s);
/* "ROOT/ID" */
const char *catalog_path(const struct catalog *s);

/* Makes the partial folder of a backup that begins at `at`; a name that is taken gives way to the
 * next second. Fills m->id and m->kind. */
int catalog_begin(struct catalog *s, enum backup_kind kind, wall_ms at, struct manifest *m,
                  char folder[PATH_MAX], struct error *err) ATTR_MUST_USE;
/* The same for a backup that comes back with its manifest: its id and kind hold. -EEXIST when it is
 * there. */
int catalog_begin_again(struct catalog *s, const struct manifest *m, char folder[PATH_MAX],
                        struct error *err) ATTR_MUST_USE;
/* Syncs the files and their folder, writes the manifest, renames, and points `latest` at it when it
 * is proved. The sum is the manifest's SHA-256, for the audit log. */
int catalog_publish(struct catalog *s, const struct manifest *m, char sha256[65],
                    struct error *err) ATTR_MUST_USE;
/* Removes the partial folder of a backup that failed. */
void catalog_drop(struct catalog *s, const struct manifest *m);

/* Writes the manifest of a published backup again (a later proof, a pin), and `latest` with it. */
int catalog_update(struct catalog *s, const struct manifest *m, char sha256[65],
                   struct error *err) ATTR_MUST_USE;
/* Removes a published backup and points `latest` at the one before. */
int catalog_remove(struct catalog *s, enum backup_kind kind, const char *id,
                   struct error *err) ATTR_MUST_USE;
int catalog_read(const struct catalog *s, enum backup_kind kind, const char *id,
                 struct manifest *ret, struct error *err) ATTR_MUST_USE;
/* The newest proved one of both kinds: 1, 0 when there is none. A damaged manifest counts as none,
 * and `err` says so. */
int catalog_latest(const struct catalog *s, struct manifest *ret, struct error *err) ATTR_MUST_USE;
/* Ids of published backups, oldest first; `*ret` is the caller's (mem_free). */
int catalog_list(const struct catalog *s, enum backup_kind kind, char (**ret)[MANIFEST_ID_SIZE],
                 size_t *ret_count, struct error *err) ATTR_MUST_USE;

#endif
