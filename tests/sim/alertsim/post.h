/* What is on its way to the receivers: the lanes of core in virtual time, and receivers that are away for
 * days, hang, take a message and say that they did not, ask for time, or refuse one for good. */
#ifndef RESUS_TESTS_SIM_ALERTSIM_POST_H
#define RESUS_TESTS_SIM_ALERTSIM_POST_H

#include "core/lanes.h"

#define SLOTS_LIMIT 16
#define PARCELS_MAX 16384 /* deliveries are known by their number, this many back */
#define KEYS_KEPT 64      /* episodes of a slot that a receiver remembers */

enum mood { MOOD_UP, MOOD_AWAY, MOOD_HANGS, MOOD_LIES, MOOD_BUSY, MOOD_REFUSES, MOOD_COUNT };

/* What a delivery is about. */
struct parcel {
    uint64_t id;
    bool call;        /* of an escalation; else of an alert */
    int of;           /* subject, or slot */
    uint64_t episode; /* of an alert */
    uint64_t generation;
    int64_t posted; /* world time */
    bool confirmed; /* that it was delivered is on the disk */
};

struct key_seen {
    uint64_t episode;
    uint64_t trigger, resolve; /* deliveries that brought them, 0 = none */
    bool doubt; /* an attempt to bring it had no answer: only the daemon believes that it has it */
    bool excused; /* it was sent while the disk took nothing, or refused for good, or too old */
};

struct receiver {
    enum mood mood, only;     /* only: it is always so, until all is well; MOOD_UP = none */
    int64_t changes_at, mean; /* mean 0: always up */
    int64_t away_from, away_until;
    int64_t free_at;         /* its lane had an answer, or the daemon began */
    int64_t up_ms, ready_ms; /* up for; something was ready and was not sent for */
    struct key_seen keys[SLOTS_LIMIT][KEYS_KEPT];
};

/* An answer that is on its way. */
struct answer_due {
    uint64_t delivery; /* 0 = none */
    int64_t at;
    enum retry_class class;
};

#endif
