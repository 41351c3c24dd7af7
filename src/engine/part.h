/* The parts of the engine. A part does one job for every service, in a file of its own; engine.c has
 * the table of all of them, and calls them in the order of their rows. A new part is an id here, a
 * row there, and a struct in service.h for what it keeps.
 *
 * A part asks the world by request_begin() and a port, and names itself in the request. The answer
 * comes back to its `answered`, with a number that only the part knows the meaning of. */
#ifndef RESUS_ENGINE_PART_H
#define RESUS_ENGINE_PART_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/port.h"

struct pending;
struct service;

enum part_id {
    PART_NONE, /* of an answer that no part waits for */
    PART_STATE,
    PART_PAUSE,
    PART_WATCH,
    PART_EVIDENCE,
    PART_ROLE_WATCH,
    PART_PAUSED_WRITES,
    PART_EXIT_LOG,
    PART_LONG_COMMAND,
    PART_REFRESH,
    PART_RECOVER,
    PART_OPERATE,
    PART_SAMPLE,
    PART_REPORTED,
    PART_OTHER_RESTART,
    PART_SAVING_LOG,
    PART_FOLLOW_UP,
    PART_SAVING,
    PART_ORDERS,
    PART_GUARD,
    PART_PUBLISH,
    PART_ALERTS,
    PART_COUNT
};

/* An answer of the world; the pointer of its kind is set, the others are NULL. */
struct part_answer {
    const struct redis_answer *redis;
    const struct host_outcome *host;
    const struct witness_outcome *witness;
    const struct probe_outcome *probe;
    enum store_outcome stored;  /* of a save */
    enum audit_outcome audited; /* of an audit line */
};

/* NULL where a part has nothing to do. */
struct part {
    const char *name;
    /* Before the state of the service is restored; negative without memory. */
    int (*init)(struct service *s, struct now now);
    /* The engine starts. */
    void (*start)(struct service *s, struct now now);
    /* The service is woken: does what is due. True: what is seen has changed, judge it. */
    bool (*turn)(struct service *s, struct now now);
    /* When to be woken; MONO_NEVER = not. Asked after everything that enters the engine. */
    mono_ms (*next)(const struct service *s);
    /* An answer to a request of the part. True: what is seen has changed, judge it. */
    bool (*answered)(struct service *s, const struct pending *p, const struct part_answer *a,
                     struct now now);
    /* ... and it was judged. */
    void (*after_answer)(struct service *s, const struct pending *p, struct now now);
    /* There is a new verdict, which may be the same as before. */
    void (*judged)(struct service *s, struct now now);
    /* Those who wait for an answer of the part are about to go: 503 without a body. */
    void (*forsake)(struct service *s);
    void (*free)(struct service *s);
};

const char *part_name(enum part_id part); /* engine.c */

#endif
