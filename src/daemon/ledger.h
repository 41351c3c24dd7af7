/* What was asked of a service's Redis and host and has no answer yet. Every request passes through
 * here on its way out and every answer on its way in, so that a connection or controller that goes
 * away leaves no request behind: whatever is still listed then is ended by the owner. */
#ifndef RESUS_DAEMON_LEDGER_H
#define RESUS_DAEMON_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "host/controller.h"
#include "redis/client.h"

struct ledger_entry {
    uint64_t id;
    bool of_host; /* a host command; otherwise a request to Redis */
    enum host_command command;
    int number;
    enum redis_request request;
    mono_ms asked;
    enum host_end end; /* of a host command that lost its controller */
    struct ledger_entry *next;
};

/* In order of asking. All zero is an empty one. Its size is bounded by the limits of what carries
 * the requests: REDIS_PENDING_MAX of a client, the queues of a controller. */
struct ledger {
    struct ledger_entry *first, *last;
};

/* Small, and without it no answer could be given: ends the program without memory. */
void ledger_redis(struct ledger *l, uint64_t id, enum redis_request request, mono_ms asked);
void ledger_host(struct ledger *l, uint64_t id, enum host_command command, int number,
                 mono_ms asked);
/* Takes the request out. False: it was ended already, and this answer comes too late. */
bool ledger_settle(struct ledger *l, uint64_t id, struct ledger_entry *ret);
/* Does it wait for its answer? */
bool ledger_waits(const struct ledger *l, uint64_t id);
/* Takes out the one that waits longest. False: none is left. */
bool ledger_next(struct ledger *l, struct ledger_entry *ret);
/* Takes out all host commands, or all requests to Redis. */
struct ledger ledger_take(struct ledger *l, bool of_host);
/* Puts `more` after what is there; `more` is empty then. */
void ledger_join(struct ledger *l, struct ledger *more);
/* Asks the controller for the end of each host command, and that no answer comes. NULL: there is
 * none, and nothing was sent. */
void ledger_give_up(struct ledger *l, struct controller *c);
void ledger_clear(struct ledger *l);

/* The answers of requests that lost their carrier: nothing is known of what they did. */
void ledger_lost_redis(const struct ledger_entry *e, const char *why, struct redis_answer *ret);
void ledger_lost_host(const struct ledger_entry *e, const char *why, struct host_result *ret);

#endif
