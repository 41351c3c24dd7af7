/* What a service takes over from the daemon that ran before. */
#ifndef RESUS_ENGINE_RESTORE_H
#define RESUS_ENGINE_RESTORE_H

#include "base/time.h"
#include "store/service_state.h"

struct service;

void restore_service(struct service *s, const struct service_state *saved, struct now now);

#endif
