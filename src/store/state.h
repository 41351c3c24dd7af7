/* Rows of service_state. */
#ifndef RESUS_STORE_STATE_H
#define RESUS_STORE_STATE_H

#include "store/database.h"

extern const char state_save_sql[];
int state_save(sqlite3 *db, sqlite3_stmt *save, const struct service_state *state,
               struct error *err) ATTR_MUST_USE;
/* 1 found, 0 none. `event_seq` is at least the newest event's: a state that a power cut lost must
 * not give a number out twice. */
int state_load(sqlite3 *db, const char *id, struct service_state *ret,
               struct error *err) ATTR_MUST_USE;

#endif
