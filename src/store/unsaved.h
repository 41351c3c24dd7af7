/* The latest state of each service that the disk did not take: one a service, the newest by serial.
 * Not thread-safe. */
#ifndef RESUS_STORE_UNSAVED_H
#define RESUS_STORE_UNSAVED_H

#include "store/service_state.h"

struct unsaved_state {
    struct unsaved_state *next;
    uint64_t serial;
    struct service_state state;
};
struct unsaved { /* at most SETTINGS_SERVICES_MAX */
    struct unsaved_state *first;
    size_t count;
};

/* Keeps a copy unless a newer one is there. Without memory the state is not kept. */
void unsaved_keep(struct unsaved *u, const struct service_state *state, uint64_t serial);
/* A save with `serial` reached the disk: what is older is obsolete. */
void unsaved_done(struct unsaved *u, const char *id, uint64_t serial);
/* Moves what is newer than its own from `other` into `u`; `other` keeps the rest. */
void unsaved_merge(struct unsaved *u, struct unsaved *other);
void unsaved_free(struct unsaved *u);

#endif
