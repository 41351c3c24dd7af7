/* Events: what every reader receives, under numbers that rise without a gap. */
#ifndef RESUS_ENGINE_EVENT_H
#define RESUS_ENGINE_EVENT_H

#include <jansson.h>

#include "base/time.h"
#include "core/recovery.h"
#include "engine/commands.h"

struct service;

/* Takes the reference to `body`; NULL, for lack of memory, publishes nothing. */
void event_publish(struct service *s, const char *type, json_t *body, struct now now);
void event_notice(struct service *s, const char *message, struct now now);
void event_recovery(struct service *s, enum recovery_level level, const char *status,
                    const char *message, struct now now);
/* A step of a person's operation; duration_seconds < 0: it has none yet. */
void event_operation(struct service *s, const char *operation, const struct engine_user *user,
                     const char *result, const char *message, double duration_seconds,
                     struct now now);

#endif
