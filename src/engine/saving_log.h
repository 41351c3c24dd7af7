/* Why Redis cannot save, as its log tells it. */
#ifndef RESUS_ENGINE_SAVING_LOG_H
#define RESUS_ENGINE_SAVING_LOG_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"

struct service;

void saving_log_judged(struct service *s, struct now now); /* asks while the cause lasts */
bool saving_log_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                         struct now now);

#endif
