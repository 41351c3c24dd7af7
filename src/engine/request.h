/* The requests of a service that have not been answered yet. Each has an id that is never used
 * twice, under which its answer comes back, and names the part that asked. */
#ifndef RESUS_ENGINE_REQUEST_H
#define RESUS_ENGINE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "engine/part.h"
#include "host/command.h"
#include "redis/client.h"

struct service;

#define REQUESTS_MAX 64 /* probes overlap, checks do not */

struct pending {
    uint64_t id; /* 0 = the place is free */
    enum part_id part;
    int purpose; /* a number of the part's own: what the answer is for */
    mono_ms asked;
    uint64_t action_id; /* the action or operation that it belongs to, 0 = none */
};

struct requests {
    struct pending pending[REQUESTS_MAX];
    int used; /* all places from here on are free */
    uint64_t last_id;
};

/* Returns the id for the request that the caller is about to send. When all places are taken, the
 * oldest request that belongs to no action or operation is given up. */
uint64_t request_begin(struct service *s, enum part_id part, int purpose, mono_ms asked);
uint64_t request_begin_action(struct service *s, enum part_id part, int purpose, mono_ms asked,
                              uint64_t action_id);
/* Takes the request out; all zero when the id is not known. */
struct pending request_end(struct service *s, uint64_t id);
/* Is `p` a request of the part for that purpose? */
bool request_is(const struct pending *p, enum part_id part, int purpose);
bool request_pending(const struct service *s, enum part_id part, int purpose);
mono_ms request_asked(const struct service *s, enum part_id part,
                      int purpose); /* newest; MONO_NEVER none */

/* On the kept connection. */
void request_redis(struct service *s, enum part_id part, int purpose, enum redis_request request,
                   int64_t limit_ms, struct now now);
/* A command that only reads; number: lines of a log, a process, else 0. */
void request_host(struct service *s, enum part_id part, int purpose, enum host_command command,
                  int number, bool with_sudo, struct now now);
void request_host_of(struct service *s, enum part_id part, int purpose, enum host_command command,
                     int number, bool with_sudo, uint64_t action_id, struct now now);

#endif
