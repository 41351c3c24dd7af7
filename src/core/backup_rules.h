/* Rules that make a backup suspicious although it was made without an error: data were lost before
 * it was made, or its key count does not match the server's. A suspicious backup is kept and
 * reported, but is never `latest`. Pure. */
#ifndef RESUS_CORE_BACKUP_RULES_H
#define RESUS_CORE_BACKUP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A server that writes while it is copied has other counts before, after and at the fork. Below
 * this many keys a share means nothing. */
#define BACKUP_LIVE_TOLERANCE_PERCENT 5
#define BACKUP_LIVE_TOLERANCE_KEYS 10
#define BACKUP_KEYS_UNKNOWN INT64_C(-1)

enum backup_suspicion {
    BACKUP_NOW_EMPTY,    /* no key; the last one had some */
    BACKUP_FEWER_KEYS,   /* less than half of the last one */
    BACKUP_FEWER_BYTES,  /* likewise */
    BACKUP_OUTSIDE_LIVE, /* outside the counts of the server before and after */
    BACKUP_SUSPICION_COUNT
};

struct backup_figures {
    int64_t keys, bytes;             /* of the RDB */
    int64_t live_before, live_after; /* keys of the server; BACKUP_KEYS_UNKNOWN */
};

/* One bit (1u << enum backup_suspicion) each; 0 = none. `last` is the newest trusted backup of the
 * service, NULL = there is none. */
unsigned backup_suspicions(const struct backup_figures *now, const struct backup_figures *last);

/* May a person say that it was meant? Other counts than the server's are no one's intention. */
bool backup_suspicion_acceptable(enum backup_suspicion suspicion);

const char *backup_suspicion_word(enum backup_suspicion suspicion); /* "fewer_keys" */
/* A sentence with the figures and the next step. `last` as above. */
void backup_suspicion_text(enum backup_suspicion suspicion, const struct backup_figures *now,
                           const struct backup_figures *last, char *to, size_t size);

#endif
