/* What Redis' reply to a step of the smoke test means (core/smoke.h). */
#ifndef RESUS_REDIS_SMOKE_REPLY_H
#define RESUS_REDIS_SMOKE_REPLY_H

#include "core/smoke.h"
#include "redis/reply.h"

/* `reply` answers the command of the current step; NULL = none came. */
enum smoke_answer smoke_reply(const struct smoke *smoke, const struct redis_reply *reply);

#endif
