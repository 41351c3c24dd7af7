/* The head of the audit log as the state database keeps it: one row. */
#ifndef RESUS_STORE_ANCHOR_H
#define RESUS_STORE_ANCHOR_H

#include <sqlite3.h>

#include "store/audit.h"

/* 1 found, 0 none, negative error. */
int anchor_load(sqlite3 *db, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;
int anchor_save(sqlite3 *db, const struct audit_anchor *anchor, struct error *err) ATTR_MUST_USE;
/* From STATE_DIR/resus.db, beside a daemon or without one; changes nothing. 1 found, 0 none (no
 * database, or one of an older Resus), negative error. */
int anchor_read(const char *state_dir, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;

#endif
