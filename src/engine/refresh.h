/* Callers that wait for one full check; those at the same time share it. */
#ifndef RESUS_ENGINE_REFRESH_H
#define RESUS_ENGINE_REFRESH_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/commands.h"

struct service;

#define REFRESH_WAITERS_MAX 16

struct refresh {
    struct {
        engine_answer *answer;
        void *context;
    } waiters[REFRESH_WAITERS_MAX];
    int count;
    mono_ms deadline;
};

/* False: too many wait, and this caller has been answered. */
bool refresh_begin(struct service *s, engine_answer *answer, void *context, struct now now);
void refresh_answer(struct service *s, struct now now); /* whoever waits, when all was looked at */
void refresh_forsake(struct service *s); /* the callers are answered 503 without a body */

#endif
