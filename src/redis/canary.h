/* The canary: SET, GET and DEL of one key, as an application does it, on a connection that has just
 * answered PING. It meets what a PING does not: OOM, READONLY, NOREPLICAS, CLUSTERDOWN, NOPERM. */
#ifndef RESUS_REDIS_CANARY_H
#define RESUS_REDIS_CANARY_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "core/facts.h"
#include "redis/reply.h"

#define CANARY_KEY_MAX 128
#define CANARY_LIFE_SECONDS "60" /* of a key whose DEL did not come through */

enum canary_step { CANARY_SET, CANARY_GET, CANARY_DEL, CANARY_STEP_COUNT };

struct canary {
    char key[CANARY_KEY_MAX];
    enum canary_step step; /* whose reply is awaited */
    bool under_way;
    int64_t began_us;
    struct canary_facts facts;
};

/* Appends the command of this step. */
int canary_command(const struct canary *c, struct buf *to) ATTR_MUST_USE;
void canary_begin(struct canary *c, int64_t now_us);
/* True when another command follows. */
bool canary_take(struct canary *c, const struct redis_reply *reply, int64_t now_us);
/* It came to no end: no reply in time, or the connection closed. */
void canary_fail(struct canary *c, enum reply_class why, const char *text, size_t length);

#endif
