/* Why the unit failed, according to its log. */
#ifndef RESUS_ENGINE_EXIT_LOG_H
#define RESUS_ENGINE_EXIT_LOG_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"
#include "engine/request.h"

struct service;

void exit_log_ask(struct service *s, struct now now); /* once for each failure */
void exit_log_forget(struct service *s);
bool exit_log_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                       struct now now);

#endif
