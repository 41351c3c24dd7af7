/* Records that the disk did not take, for kinds that are kept: the newest change of each by serial.
 * Not thread-safe. */
#ifndef RESUS_STORE_KEPT_RECORDS_H
#define RESUS_STORE_KEPT_RECORDS_H

#include "store/record_row.h"

struct kept_record {
    struct kept_record *next; /* a younger one */
    uint64_t serial;
    struct record_row row; /* with a body of its own */
};
struct kept_records { /* oldest first; at most RECORD_KEPT_MAX, RECORD_KEPT_BYTES_MAX */
    struct kept_record *first;
    size_t count, bytes;
    size_t dropped; /* the disk did not take them, and there was no room here */
};

/* Keeps copies of those rows whose kind is kept, unless a newer one is there. */
void kept_records_keep(struct kept_records *k, const struct record_batch *batch, uint64_t serial);
/* A batch with `serial` reached the disk: older changes of its records are obsolete. */
void kept_records_done(struct kept_records *k, const struct record_batch *batch, uint64_t serial);
/* Removes what has a serial below `before`. */
void kept_records_drop(struct kept_records *k, uint64_t before);
/* Moves what is newer than its own from `other`, which is older as a whole, and empties that. */
void kept_records_merge(struct kept_records *k, struct kept_records *other);
void kept_records_free(struct kept_records *k);

#endif
