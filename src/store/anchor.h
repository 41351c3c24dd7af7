/* The head of the audit log in the state database: one row. */
#ifndef RESUS_STORE_ANCHOR_H
#define RESUS_STORE_ANCHOR_H

#include <sqlite3.h>
#include <stdbool.h>

#include "store/audit.h"

/* 1 found, 0 none, negative error: -EBADMSG when the row holds no head. */
int anchor_load(sqlite3 *db, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;
/* The number of lost lines and when they were lost; 0 without any. */
int anchor_load_lost(sqlite3 *db, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;
/* Without a head (seq 0) only the lost lines. */
int anchor_save(sqlite3 *db, const struct audit_anchor *anchor, struct error *err) ATTR_MUST_USE;
/* Reads STATE_DIR/resus.db, whether the daemon runs or not. Returns 1 when found, 0 when there is
 * none (no database, or an older schema), or a negative error. */
int anchor_read(const char *state_dir, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;

struct store;
/* Before the loop runs: the recorded head of the audit log. 1 found, 0 none, or a negative error.
 * `ret->lost` in any case. */
int store_load_anchor(struct store *s, struct audit_anchor *ret, struct error *err) ATTR_MUST_USE;
/* From any thread, without waiting: saved with STORE_NORMAL. A newer anchor replaces one that is
 * not saved yet. A failed save is retried. */
void store_save_anchor(struct store *s, const struct audit_anchor *anchor);
/* From any thread: the newest anchor, saved or not. Returns false when there is none. */
bool store_anchor(struct store *s, struct audit_anchor *ret);
/* From any thread: the newest saved anchor, seq 0 = none. */
void store_kept_anchor(struct store *s, struct audit_anchor *ret);

#endif
