/* A copy of the state folder while the daemon runs, and back. The databases are copied by SQLite's
 * own backup, which sees one moment; other files are only ever replaced as wholes.
 *
 * Left out: backups of Redis (they have copies of their own), records of running processes, locks,
 * and the sealing key of the audit log, with which a thief of the copy could forge later seals. */
#ifndef RESUS_STORE_STATE_COPY_H
#define RESUS_STORE_STATE_COPY_H

#include <jansson.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define STATE_COPY_FORMAT 1
#define STATE_COPY_FILES_MAX 100000
#define STATE_COPY_DEPTH_MAX 8
#define STATE_COPY_MANIFEST "manifest.json"

/* Makes the folder `to` (0700), which must not exist, with a copy of `state_dir` and a manifest:
 * {"format", "version", "schema", "made_at", "files": [{"path", "bytes", "sha256"}]}. After a
 * failure `to` is not there. `ret_manifest` is the caller's. -EEXIST. */
int state_copy_make(const char *state_dir, const char *to, wall_ms now, json_t **ret_manifest,
                    struct error *err) ATTR_MUST_USE;
/* Verifies `from`, then fills `state_dir`, which must be missing or without a file in it; files get
 * the owner of `state_dir` where that one is there. -EEXIST (not empty), -EILSEQ (not what the
 * manifest says), -ENOTSUP (of a newer program). After a failure what was written is removed. */
int state_copy_restore(const char *from, const char *state_dir, json_t **ret_manifest,
                       struct error *err) ATTR_MUST_USE;

#endif
