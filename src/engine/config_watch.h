/* Notices changes of Redis' own configuration, as far as the checks read it anyway. */
#ifndef RESUS_ENGINE_CONFIG_WATCH_H
#define RESUS_ENGINE_CONFIG_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"

struct service;

/* What it was at the last look. */
struct config_seen {
    bool any;
    int64_t maxmemory, maxclients; /* -1 unknown */
    enum tri aof, save_points;
    char policy[24];
};

void config_watch(struct service *s, struct now now); /* after an INFO or CONFIG GET */

#endif
