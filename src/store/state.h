/* Rows of service_state. */
#ifndef RESUS_STORE_STATE_H
#define RESUS_STORE_STATE_H

#include "store/database.h"
#include "store/service_state.h"

extern const char state_save_sql[];
int state_save(sqlite3 *db, sqlite3_stmt *save, const struct service_state *state,
               struct error *err) ATTR_MUST_USE;
/* At every start, before anything is read: the numbers of events go on STORE_EVENTS_SKIPPED after
 * the saved one, or after the time in milliseconds. A disk that takes nothing does not hinder the
 * start; then the clock alone keeps the numbers apart (engine). */
void state_reserve_events(sqlite3 *db);
/* 1 found, 0 none. `event_seq` is at least the newest event's: a state that a power cut lost must
 * not give a number out twice. */
int state_load(sqlite3 *db, const char *id, struct service_state *ret,
               struct error *err) ATTR_MUST_USE;

#endif
