/* Why the unit failed, as its log tells it. */
#ifndef RESUS_ENGINE_LAST_WORDS_H
#define RESUS_ENGINE_LAST_WORDS_H

#include "base/time.h"
#include "engine/port.h"
#include "engine/request.h"

struct service;

void last_words_ask(struct service *s, struct now now); /* once for each failure */
void last_words_forget(struct service *s);
void last_words_answered(struct service *s, enum purpose purpose, const struct host_outcome *o,
                         struct now now);

#endif
