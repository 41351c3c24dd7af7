/* The folder of one service's backups, and how a backup comes to its name:
 *
 *   ROOT/ID/.lock                        held while Resus writes here
 *   ROOT/ID/latest -> daily/20261129T023000Z
 *   ROOT/ID/{daily,manual}/latest -> 20261129T023000Z
 *   ROOT/ID/{daily,manual}/20261129T023000Z/{dump.rdb,manifest.json}
 *   ROOT/ID/{daily,manual}/.partial-20261129T023000Z/   under way, or left by a crash
 *
 * A backup is made in its partial folder and gets its name by one rename after all of it is on the
 * disk: what has its name is whole. `latest` names the newest one that was proved by loading and is
 * not suspicious. Folders are 0700, files 0600. All calls block: for libuv's workers. */
#ifndef RESUS_BACKUPS_SHELF_H
#define RESUS_BACKUPS_SHELF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "backups/manifest.h"
#include "base/attr.h"
#include "base/error.h"

#define SHELF_DUMP_FILE "dump.rdb"
#define SHELF_BACKUPS_MAX 4096 /* of one service and kind that are looked at; more are an error */

struct shelf;

/* Makes what is missing, takes the lock and removes what a crash left. -EBUSY when another process
 * holds the lock. */
int shelf_open(const char *root, const char *service, struct shelf **ret,
               struct error *err) ATTR_MUST_USE;
/* Gives the lock back. Takes NULL. */
void shelf_close(struct shelf *s);
/* "ROOT/ID" */
const char *shelf_path(const struct shelf *s);

/* Makes the partial folder of a backup that begins at `at`; a name that is taken gives way to the
 * next second. Fills m->id and m->kind. */
int shelf_begin(struct shelf *s, enum backup_kind kind, wall_ms at, struct manifest *m,
                char folder[PATH_MAX], struct error *err) ATTR_MUST_USE;
/* Syncs the files and their folder, writes the manifest, renames, and points `latest` at it when it
 * is proved. The sum is the manifest's SHA-256, for the audit log. */
int shelf_publish(struct shelf *s, const struct manifest *m, char sha256[65],
                  struct error *err) ATTR_MUST_USE;
/* Removes the partial folder of a backup that failed. */
void shelf_drop(struct shelf *s, const struct manifest *m);

/* Writes the manifest of a published backup again (a later proof, a pin), and `latest` with it. */
int shelf_update(struct shelf *s, const struct manifest *m, char sha256[65],
                 struct error *err) ATTR_MUST_USE;
int shelf_read(const struct shelf *s, enum backup_kind kind, const char *id, struct manifest *ret,
               struct error *err) ATTR_MUST_USE;
/* The newest proved one of both kinds: 1, 0 when there is none. A damaged manifest counts as none,
 * and `err` says so. */
int shelf_latest(const struct shelf *s, struct manifest *ret, struct error *err) ATTR_MUST_USE;
/* Ids of published backups, oldest first; `*ret` is the caller's (mem_free). */
int shelf_list(const struct shelf *s, enum backup_kind kind, char (**ret)[MANIFEST_ID_SIZE],
               size_t *ret_count, struct error *err) ATTR_MUST_USE;

#endif
