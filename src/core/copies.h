/* Copies of backups at other places: what is done about each backup, and when a place is visited
 * next. Pure: the copier and the daemon have the facts. */
#ifndef RESUS_CORE_COPIES_H
#define RESUS_CORE_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* A place is looked through so often although nothing waits: what was taken away there is sent
 * again. */
#define COPIES_LOOK_MS (INT64_C(24) * 3600 * 1000)
/* A backup that waited so long for its copy is reported. */
#define COPIES_LATE_MS (INT64_C(24) * 3600 * 1000)

/* One backup and one place. */
struct copies_facts {
    bool damaged;       /* its manifest cannot be read, or its last proof failed */
    bool noted_copied;  /* the manifest here says that a copy is there */
    bool noted_removed; /* it says that the rules removed the copy */
    bool there;         /* a whole copy is there */
};

enum copies_step {
    COPIES_NOTHING,
    COPIES_SEND,
    COPIES_SEND_AGAIN, /* the copy has gone */
    COPIES_NOTE        /* it is there and not yet noted */
};

enum copies_step copies_step(const struct copies_facts *f);

/* Does the backup wait for a copy at the place, as far as is known here? */
bool copies_waits(const struct copies_facts *f);

struct copies_times {
    bool waiting;  /* a backup waits for its copy */
    bool more;     /* the last run ended before all was sent */
    int failures;  /* runs in a row */
    mono_ms ended; /* of the last run; MONO_NEVER = none yet */
};

/* When the next run begins. `random` spreads what follows a failure. */
mono_ms copies_due(const struct copies_times *t, mono_ms now, uint32_t random);

#endif
