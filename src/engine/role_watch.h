/* Notices that Redis has become a replica, or the replica of another primary. */
#ifndef RESUS_ENGINE_ROLE_WATCH_H
#define RESUS_ENGINE_ROLE_WATCH_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"

struct pending;
struct service;

struct role_watch {
    bool asked; /* the clients were asked for: is Sentinel among them? */
};

void role_watch(struct service *s, struct now now); /* after an INFO, or news of the unit */
bool role_watch_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                         struct now now);
void role_watch_accept(struct service *s); /* what it is now is what it shall be */

#endif
