/* Notices that commands that write wait, while PING and reads are answered. */
#ifndef RESUS_ENGINE_PAUSED_WRITES_H
#define RESUS_ENGINE_PAUSED_WRITES_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"

struct pending;
struct service;

struct paused_writes {
    bool refused; /* CLIENT LIST is not ours to use */
};

void paused_writes_watch(struct service *s, struct now now); /* after an INFO */
bool paused_writes_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                            struct now now);

#endif
