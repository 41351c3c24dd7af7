/* Recoveries that wait for the disk, in the answers about the history. For the store's thread. */
#ifndef RESUS_STORE_KEPT_ROWS_H
#define RESUS_STORE_KEPT_ROWS_H

#include <jansson.h>
#include <sqlite3.h>

#include "store/kept_recoveries.h"

/* Until kept_rows_hide(), `recovery` is the table with these in it. In memory: the disk may be
 * full. Nothing is written in between. */
int kept_rows_show(sqlite3 *db, const struct kept_recoveries *k, struct error *err) ATTR_MUST_USE;
void kept_rows_hide(sqlite3 *db);
/* Marks those of the rows that are not stored yet. */
void kept_rows_mark(const struct kept_recoveries *k, json_t *rows);

#endif
