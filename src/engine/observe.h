/* Answers to the watch become observations (core/cause.h). */
#ifndef RESUS_ENGINE_OBSERVE_H
#define RESUS_ENGINE_OBSERVE_H

#include "base/time.h"
#include "engine/port.h"
#include "engine/request.h"

void observe_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                   struct now now);
void observe_host(struct service *s, const struct pending *p, const struct host_outcome *o,
                  struct now now);

#endif
