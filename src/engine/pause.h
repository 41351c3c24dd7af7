/* The end of a pause of automatic recovery. */
#ifndef RESUS_ENGINE_PAUSE_H
#define RESUS_ENGINE_PAUSE_H

#include <stdbool.h>

#include "base/time.h"

struct service;

bool pause_turn(struct service *s, struct now now);
mono_ms pause_next(const struct service *s);

#endif
