/* Why Redis cannot save, as its log tells it. */
#ifndef RESUS_ENGINE_SAVING_LOG_H
#define RESUS_ENGINE_SAVING_LOG_H

#include "base/time.h"
#include "engine/port.h"

struct service;

void saving_log_turn(struct service *s, struct now now);
void saving_log_answered(struct service *s, const struct host_outcome *o);

#endif
