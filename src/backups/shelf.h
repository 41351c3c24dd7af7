/* The published backups of one service in memory, as the catalog on the disk has them: the disk is
 * the truth, and the shelf is read again after each change. The calls that take a catalog block. */
#ifndef RESUS_BACKUPS_SHELF_H
#define RESUS_BACKUPS_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backups/catalog.h"
#include "backups/manifest.h"
#include "base/attr.h"
#include "base/error.h"
#include "core/retention.h"

struct backup_shelf_entry {
    char id[MANIFEST_ID_SIZE];
    enum backup_kind kind;
    char reason[256], by[128];
    char address[320], role[16], server[16], version[32]; /* of the Redis that was copied */
    wall_ms started, finished;
    int64_t bytes, keys;
    enum proof_level proved;
    /* of the newest check */
    enum proof_verdict verdict;
    enum proof_reason why;
    wall_ms checked;
    char text[PROOF_TEXT_MAX];
    unsigned suspicious;  /* 1u << enum backup_suspicion; without those that were accepted */
    wall_ms accepted_at;  /* WALL_NONE = never */
    wall_ms pinned_until; /* WALL_NONE = not pinned */
    unsigned kept_by;     /* 1u << enum retention_rule; of manual ones: pinned and minimum only */
    size_t copy_count;
    struct manifest_copy copies[MANIFEST_COPIES_MAX];
    bool sealed;
    bool damaged; /* its manifest cannot be read: `text` says why */
};

struct backup_shelf {
    struct backup_shelf_entry *items; /* newest first */
    size_t count;
    size_t removable; /* scheduled ones that no rule keeps */
    bool refused;     /* more than half would go at once: a person has to confirm it */
};

/* Reads every manifest and applies the rules in the zone of that name. */
int backup_shelf_load(const struct catalog *catalog, const struct retention_policy *policy,
                      const char *zone_name, wall_ms now, struct backup_shelf *ret,
                      struct error *err) ATTR_MUST_USE;
/* The same for backups that are elsewhere: one call for each manifest, then the rules. */
int backup_shelf_add(struct backup_shelf *s, const struct manifest *m,
                     struct error *err) ATTR_MUST_USE;
int backup_shelf_judge(struct backup_shelf *s, const struct retention_policy *policy,
                       const char *zone_name, wall_ms now, struct error *err) ATTR_MUST_USE;
void backup_shelf_free(struct backup_shelf *s);
/* NULL = there is none. */
const struct backup_shelf_entry *backup_shelf_find(const struct backup_shelf *s, const char *id);
/* The newest one that was proved by loading and is not suspicious; NULL = there is none. */
const struct backup_shelf_entry *backup_shelf_latest(const struct backup_shelf *s);
/* The newest scheduled one; NULL = there is none. */
const struct backup_shelf_entry *backup_shelf_scheduled(const struct backup_shelf *s);
/* Proved by loading, and not suspicious. */
bool backup_shelf_trusted(const struct backup_shelf_entry *e);

#endif
