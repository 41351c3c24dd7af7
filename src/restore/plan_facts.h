/* The facts of a plan (core/restore_plan.h): what a manifest says of the backup, and what the server
 * that gets it answers. The facts of its host come from resus-restore-helper, or the settings. */
#ifndef RESUS_RESTORE_PLAN_FACTS_H
#define RESUS_RESTORE_PLAN_FACTS_H

#include "backups/manifest.h"
#include "backups/query.h"
#include "core/restore_plan.h"

#define PLAN_COMMANDS 8
extern const struct query_command plan_commands[PLAN_COMMANDS];

/* Where the names of the target's modules are kept while the facts are in use. */
struct plan_names {
    char modules[MANIFEST_MODULES_MAX][64];
};

/* `m` has to outlive the facts. By keys the version is the one of the server that serves the
 * backup, which is at least the file's: set `rdb_version` again when it is known. */
void plan_facts_of_backup(struct restore_plan_facts *f, const struct manifest *m);
/* `replies` to plan_commands as query_done gives them, or NULL: Redis does not answer. */
void plan_facts_of_target(struct restore_plan_facts *f, struct redis_reply *const *replies,
                          struct plan_names *names);
/* The RDB version of a server by its FUNCTION DUMP, or, before Redis 7, by its own version; -1 = not
 * known. Nothing is written for it. */
int64_t plan_rdb_version(const struct redis_reply *function_dump, int64_t major);

#endif
