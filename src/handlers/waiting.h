/* Calls that wait: for an answer of the store, a host or Redis, for a time, or for events. */
#ifndef RESUS_HANDLERS_WAITING_H
#define RESUS_HANDLERS_WAITING_H

#include "handlers/inside.h"

/* Parks the call until the answer with the returned ticket comes. */
uint64_t handlers_wait(struct handlers *h, struct call *call);
void handlers_wait_for(struct handlers *h, struct call *call, uint64_t id);
/* The call that waits for it, which no longer does; NULL = none. */
struct call *handlers_waited(struct handlers *h, uint64_t id);
void handlers_sleep(struct handlers *h, struct call *call, mono_ms until);
mono_ms handlers_next_waking(const struct handlers *h); /* MONO_NEVER: no call sleeps */
/* Until the client has gone; refused when HANDLERS_FOLLOWERS_MAX follow. */
void handlers_follow(struct handlers *h, struct call *call);
void list_remove(struct call **list, struct call *call);

#endif
