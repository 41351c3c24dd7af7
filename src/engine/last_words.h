/* Why the unit failed, as its log tells it. */
#ifndef RESUS_ENGINE_LAST_WORDS_H
#define RESUS_ENGINE_LAST_WORDS_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"
#include "engine/request.h"

struct service;

void last_words_ask(struct service *s, struct now now); /* once for each failure */
void last_words_forget(struct service *s);
bool last_words_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                         struct now now);

#endif
