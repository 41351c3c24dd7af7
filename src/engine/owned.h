/* Which services this engine owns, where several engines share them (a fleet). Without a fleet it
 * owns all, and nothing here is called. */
#ifndef RESUS_ENGINE_OWNED_H
#define RESUS_ENGINE_OWNED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "store/service_state.h"

struct engine;
struct service;

#define OWNED_NAME_MAX 64

struct owned {
    bool
        elsewhere; /* another engine's, or without an owner: not watched, and nothing is done for it */
    bool unsure;                /* watched, and nothing is done for it by itself */
    bool fleet;                 /* there is one: the next two are said to people */
    char owner[OWNED_NAME_MAX]; /* "" = none */
    int64_t fence;              /* rises with each change of the owner; 0 = not known */
};

/* Said of the owner, whoever it is; also for one that is not ours. */
struct engine_owner {
    const char *name;
    int64_t fence;
};

/* The service is ours from now on. It begins as at a start of the daemon: nothing that was seen of it
 * before counts, and `state` is what the owner before stored (NULL = what is known here). */
int engine_own(struct engine *e, int service, const struct service_state *state,
               const struct engine_owner *owner, struct now now);
/* It is not. Those who wait for an operation are answered 503. */
int engine_elsewhere(struct engine *e, int service, const struct engine_owner *owner,
                     struct now now);
/* It may be another engine's by now, or is certain again. */
void engine_unsure(struct engine *e, int service, bool unsure, struct now now);
/* Is something under way that should not change hands? */
bool engine_owned_busy(const struct engine *e, int service);
/* Who to ask instead: the body of a 409. */
json_t *engine_owned_refusal(const struct engine *e, int service, struct now now);
bool engine_owned_here(const struct engine *e, int service);

json_t *owned_refusal(const struct service *s, struct now now);
/* `owner` and `fence`, where there is a fleet. */
void owned_put(const struct service *s, json_t *body);

#endif
