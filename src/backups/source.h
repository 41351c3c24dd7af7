/* The facts of the server that is copied, as its manifest has them. A user without a right leaves a
 * gap: the copy needs none of them. */
#ifndef RESUS_BACKUPS_SOURCE_H
#define RESUS_BACKUPS_SOURCE_H

#include "backups/manifest.h"
#include "backups/query.h"

#define SOURCE_COMMANDS 5
extern const struct query_command source_commands[SOURCE_COMMANDS]; /* the first one is INFO */

/* Fills m->source (but for address and replid), live_before and the way there. `replies` as
 * query_done gives them, or NULL. */
void source_before(struct manifest *m, const struct redis_settings *redis,
                   struct redis_reply *const *replies);
/* Fills live_after and the cost. Says whether the replication id is another than the copy's. */
bool source_after(struct manifest *m, const struct redis_reply *info);

#endif
