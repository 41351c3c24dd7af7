/* Why Resus does not act on a service, in words and as JSON. Everybody may read it who may see the
 * service: it names no person. */
#ifndef RESUS_ENGINE_WITHHELD_H
#define RESUS_ENGINE_WITHHELD_H

#include <jansson.h>

#include "base/time.h"
#include "core/recovery.h"

struct service;

/* The reason in words: what the host said, where it is the one that refuses. Returns `ret`, of
 * FACT_TEXT_MAX bytes, or a text that stays. */
const char *withheld_words(const struct service *s, enum withheld reason, char *ret);
json_t *withheld_json(const struct service *s, enum withheld reason); /* null for NOT */
/* Why a failure would not be treated now, whatever it is; WITHHELD_NOT = it would be. */
enum withheld withheld_always(const struct service *s, struct now now);
json_t *withheld_always_json(const struct service *s, struct now now); /* null when it would be */
const char *withheld_breaker_words(const struct service *s, struct now now);

#endif
