/* The sentences about a cause, with the names of the service and what was seen of it. */
#ifndef RESUS_ENGINE_WORDS_H
#define RESUS_ENGINE_WORDS_H

#include <jansson.h>

#include "core/cause.h"

struct service;

const char *words_summary(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX]);
const char *words_advice(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX]);
/* Appends what the host or Redis has refused us. */
void words_refusals(const struct service *s, json_t *array);

#endif
