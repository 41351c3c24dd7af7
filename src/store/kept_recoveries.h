/* Recoveries that the disk did not take, oldest first, one for each service and id. Not
 * thread-safe. */
#ifndef RESUS_STORE_KEPT_RECOVERIES_H
#define RESUS_STORE_KEPT_RECOVERIES_H

#include "store/past_events.h"

struct kept_recovery {
    struct kept_recovery *next;
    uint64_t serial;
    struct recovery_record record; /* its evidence is owned */
};
struct kept_recoveries { /* at most STORE_RECOVERIES_KEPT_MAX */
    struct kept_recovery *first;
    size_t count;
    uint64_t changes; /* counts them */
};

/* Keeps a copy unless a newer one is there. With too many, the oldest is dropped; without memory
 * the record is not kept. */
void kept_recoveries_keep(struct kept_recoveries *k, const struct recovery_record *record,
                          uint64_t serial);
/* A save with `serial` reached the disk: an older copy is obsolete. */
void kept_recoveries_done(struct kept_recoveries *k, const struct recovery_record *record,
                          uint64_t serial);
/* Moves what is newer than its own from `other` into `k`, and frees the rest of `other`. */
void kept_recoveries_merge(struct kept_recoveries *k, struct kept_recoveries *other);
/* A copy; without memory some of it is missing. */
void kept_recoveries_copy(const struct kept_recoveries *k, struct kept_recoveries *ret);
void kept_recoveries_free(struct kept_recoveries *k);

#endif
