/* The bodies of refusals: what was refused, why, and what to do. New references. */
#ifndef RESUS_ENGINE_REFUSAL_H
#define RESUS_ENGINE_REFUSAL_H

#include <jansson.h>

#include "base/time.h"

struct service;

json_t *refusal_body(const char *title, const char *message, const char *code, struct now now);
/* 409: `what` runs since `since`, by `who`. */
json_t *refusal_busy(const struct service *s, const char *who, const char *what, wall_ms since,
                     struct now now);
/* 400: a stop must be confirmed; names the services that depend on it. */
json_t *refusal_unconfirmed(const struct service *s, struct now now);

#endif
