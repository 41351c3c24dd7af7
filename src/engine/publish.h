/* Publishes the status and health of a service: on every change, and again at an interval. */
#ifndef RESUS_ENGINE_PUBLISH_H
#define RESUS_ENGINE_PUBLISH_H

#include <stdbool.h>

#include "base/time.h"

struct service;

/* What was published last. */
struct publishing {
    char status[16], overall[16];
    bool silence, figures;
    mono_ms due; /* of the next one without a change; 0 before the engine starts */
};

void publish_status(struct service *s, struct now now);
void publish_health(struct service *s, struct now now);
/* Both, when Redis has fallen silent, answers again, or its figures have come. */
void publish_changes(struct service *s, struct now now);
/* The status, when it differs from the one that was published last; both, when health is no longer
 * proven. */
void publish_judged(struct service *s, struct now now);

void publish_start(struct service *s, struct now now);
bool publish_turn(struct service *s, struct now now);
mono_ms publish_next(const struct service *s);

#endif
