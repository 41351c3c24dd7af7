/* The head of the audit log in the state database: one row. */
#ifndef RESUS_STORE_ANCHOR_H
#define RESUS_STORE_ANCHOR_H

#include <sqlite3.h>

#include "store/audit.h"

/* 1 found, 0 none, negative error: -EBADMSG when the row holds no head. */
int anchor_load(sqlite3 *db, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;
int anchor_save(sqlite3 *db, const struct audit_anchor *anchor, struct error *err) ATTR_MUST_USE;
/* Reads STATE_DIR/resus.db, whether the daemon runs or not. Returns 1 when found, 0 when there is
 * none (no database, or an older schema), or a negative error. */
int anchor_read(const char *state_dir, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;

#endif
