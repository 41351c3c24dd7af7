/* The canary of a service: when its key may be written, and what the last write met. */
#ifndef RESUS_ENGINE_CANARY_H
#define RESUS_ENGINE_CANARY_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/port.h"

struct service;

struct canary_seen {
    bool known;
    mono_ms at;
    struct canary_facts facts;
};

bool canary_wanted(const struct service *s, struct now now);
void canary_note(struct service *s, const struct redis_answer *a, struct now now);
/* Does another node of the cluster hold the key? An application would go there. */
bool canary_redirected(const struct service *s);
/* The newest result, NULL while there is none that still says something. */
const struct canary_facts *canary_newest(const struct service *s, struct now now);

#endif
