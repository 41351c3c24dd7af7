/* What recovery decides from: the verdict, and what is known beside it. */
#ifndef RESUS_ENGINE_RECOVERY_FACTS_H
#define RESUS_ENGINE_RECOVERY_FACTS_H

#include <stdbool.h>

#include "base/time.h"
#include "core/recovery.h"

struct service;

void recovery_facts_now(const struct service *s, struct now now, struct recovery_facts *ret);
/* Also of a Redis that is down, and was asked by a daemon that has died since. */
bool recovery_facts_empty_primary(const struct service *s);

#endif
