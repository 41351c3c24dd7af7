/* Which engine of a fleet watches over a service and may act for it.
 *
 * Weights by hashing say who should own a service; the key in the store says who does. The answer
 * to a claim is never believed: one that timed out may be carried out seconds later. An engine owns
 * what the store shows under its own lease, and gives back what it should not have. Pure: the
 * caller keeps the view of the store, sends what `act` says, and reports the end. */
#ifndef RESUS_CORE_OWNERSHIP_H
#define RESUS_CORE_OWNERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/permit.h"
#include "core/tenure.h"

#define OWNERSHIP_SECOND_MS                                                                        \
    INT64_C(2000) /* each further engine in the order waits so much longer */
#define OWNERSHIP_WAIT_MAX_MS INT64_C(10000)
#define OWNERSHIP_SETTLED_MS INT64_C(60000) /* a member is handed a service after so long */
#define OWNERSHIP_RETRY_MS INT64_C(1000)    /* after a claim or a release whose end is not shown */

/* Where an engine stands in the order for a service: how many of the `count` members have a higher
 * weight. Equal names count as the engine itself. The same on every engine, whatever the order of
 * the list; when a member goes, only its own services move. */
size_t ownership_rank(const char *service, const char *engine, const char *const *members,
                      size_t count);

enum ownership_shown {
    OWNERSHIP_UNKNOWN, /* the store has not been read, or the view of it is too old */
    OWNERSHIP_NOBODY,
    OWNERSHIP_OURS,    /* under the lease of this tenure */
    OWNERSHIP_OF_PAST, /* this engine's name, under another lease: it ends with that */
    OWNERSHIP_OTHERS,
    OWNERSHIP_SHOWN_COUNT
};

/* What is known of one service. */
struct ownership_facts {
    enum ownership_shown shown;
    mono_ms since; /* since when it is shown so (boot clock) */
    bool able;     /* the service is configured here, and is reached or was not tried */
    size_t rank;   /* among the members that are able */
    bool settled;  /* the first in the order has been a member for OWNERSHIP_SETTLED_MS */
    bool drained;  /* this engine hands all over */
    bool busy;     /* a recovery, an operation or an incident is open here */
    mono_ms asked; /* the last claim or release was sent; MONO_NEVER = none */
};

enum ownership_act { OWNERSHIP_NO_ACT, OWNERSHIP_CLAIM, OWNERSHIP_RELEASE, OWNERSHIP_ACT_COUNT };

/* What to send now. */
enum ownership_act ownership_act(const struct ownership_facts *f, const struct tenure *t,
                                 mono_ms now);

/* When ownership_act() may say something else although nothing else changes. */
mono_ms ownership_due(const struct ownership_facts *f, const struct tenure *t, mono_ms now);

/* Whether a command may go out for the service. */
enum ownership_right {
    OWNERSHIP_RIGHT,       /* yes */
    OWNERSHIP_RENEW_FIRST, /* owner, but too little time is left: renew, and ask again */
    OWNERSHIP_UNSURE,      /* owner as far as is known, and the store does not answer */
    OWNERSHIP_NOT_OWNER,
    OWNERSHIP_RIGHT_COUNT
};
enum ownership_right ownership_right(enum ownership_shown shown, const struct tenure *t,
                                     mono_ms now);

/* Of a right that was given under a fence, while its change is under way: may the next write go out?
 * `same`: the service is still shown under that fence. A lease that may have ended ends it for good:
 * whoever owns the service by now does not wait for us. */
enum permit_state ownership_permit(bool same, enum ownership_shown shown, const struct tenure *t,
                                   mono_ms now);

/* From the decision for an action to its command: the time is looked at, the intent is written in a
 * transaction that fails if the service's key is not that of this tenure, the lease is renewed,
 * and the time is looked at again. Renewed after the transaction, because a machine that stood still
 * with all its clocks believes that its lease has longer to live: the transaction notices only one
 * that has ended. A release has to be guarded by the revision of the newest intent, so that one
 * that the store carries out late does not take the key from under an action. */
enum fence_phase {
    FENCE_LOOKING,  /* at the time left */
    FENCE_WRITING,  /* the intent */
    FENCE_RENEWING, /* the lease, by a request that began after the intent was written */
    FENCE_PHASE_COUNT
};

enum fence_event {
    FENCE_ENOUGH,   /* LOOKING: ownership_right() says yes. RENEWING: renewed, and it still does */
    FENCE_TOO_LATE, /* anything else */
    FENCE_WRITTEN,  /* the transaction was carried out */
    FENCE_REFUSED,  /* its comparison failed: another tenure has begun */
    FENCE_UNKNOWN,  /* any other end of a request. It may have been carried out */
    FENCE_EVENT_COUNT
};

enum fence_act {
    FENCE_NO_ACT,
    FENCE_WRITE,     /* the intent, guarded */
    FENCE_RENEW,     /* the lease, now */
    FENCE_SEND,      /* the command */
    FENCE_HANDS_OFF, /* nothing is sent; an intent that was written is closed as not sent */
    FENCE_ACT_COUNT
};

struct fence_step {
    enum fence_phase next;
    enum fence_act act;
};
struct fence_step fence_step(enum fence_phase phase, enum fence_event event);

#endif
