/* The ends of an operation, in words. */
#ifndef RESUS_ENGINE_OPERATION_END_H
#define RESUS_ENGINE_OPERATION_END_H

#include "base/time.h"
#include "core/operate.h"

struct service;

/* Answers the caller, writes the line of the outcome, publishes; afterwards no operation runs. */
void operation_end(struct service *s, enum operate_end end, struct now now);

#endif
