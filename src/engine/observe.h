/* Answers to the watch become observations (core/cause.h). */
#ifndef RESUS_ENGINE_OBSERVE_H
#define RESUS_ENGINE_OBSERVE_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"
#include "engine/request.h"

bool observe_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                      struct now now);
/* What follows when an answer was judged: of the watch, and of the parts that look more closely. */
void observe_after_answer(struct service *s, const struct pending *p, struct now now);

/* A command of ours has ended: what it says beside its success. */
void observe_command(struct service *s, const struct host_outcome *o, struct now now);

/* The kept connection is gone. */
void observe_redis_lost(struct service *s, const char *why, struct now now);
/* A process of our own has ended, and not by a command of ours. */
void observe_process_ended(struct service *s, struct now now);

#endif
