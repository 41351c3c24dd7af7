/* The right to change a service: its Redis or its host. Every carrier of a change takes a permit and
 * looks at it before each write, so that no change can leave without one. Reading needs none.
 *
 * The daemon alone gives permits: at once where the engine is alone, and in a fleet only to the
 * owner of the service (daemon/world_permit.c). */
#ifndef RESUS_BASE_PERMIT_H
#define RESUS_BASE_PERMIT_H

#include <stdint.h>

enum permit_state {
    PERMIT_OVER, /* nothing may be sent under it; it does not become good again */
    PERMIT_WAIT, /* nothing may be sent now */
    PERMIT_GOOD,
};

/* Copied freely; ended once. All zeros: no right. */
struct permit {
    enum permit_state (*look)(void *context, int service, uint64_t number);
    void (*end)(void *context, int service, uint64_t number); /* NULL = nothing to give back */
    void *context;
    int service;
    uint64_t number;
};

/* The answer to a request for one: once, also on the caller's stack. `permit` NULL: it was refused,
 * and `why` is for people. Who gets one ends it. */
typedef void permit_done(void *context, const struct permit *permit, const char *why);

/* PERMIT_OVER for NULL, too. */
enum permit_state permit_look(const struct permit *permit);
/* The change is over, however it ended. Takes NULL, and one that has ended. */
void permit_end(struct permit *permit);
/* Of an engine that is alone. */
extern const struct permit permit_alone;

#endif
