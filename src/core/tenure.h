/* An engine's place in a fleet: one lease in the store (etcd), renewed while the engine lives.
 *
 * The lease ends by itself when its engine is gone, and then others take its services. So the
 * engine may act only while it knows that the lease cannot have ended: the time of that knowledge
 * is counted from before the last good request, on the clock that runs on through a suspend, and
 * never taken from an answer's date. Pure: the caller sends what `act` says and reports the end. */
#ifndef RESUS_CORE_TENURE_H
#define RESUS_CORE_TENURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"

#define TENURE_TTL_MS INT64_C(15000)        /* unless set otherwise */
#define TENURE_TTL_MIN_MS INT64_C(14000)    /* less leaves no room for an act and a renewal */
#define TENURE_MARGIN_MS INT64_C(2000)      /* the two clocks may differ in rate, and in rounding */
#define TENURE_RENEW_MS INT64_C(3000)       /* between a good renewal and the next */
#define TENURE_RETRY_MS INT64_C(1000)       /* after a failed request */
#define TENURE_ACT_MS INT64_C(9000)         /* so long may the bytes of a command be on their way */
#define TENURE_TIME_UNKNOWN ((mono_ms){-1}) /* `until` of a lease that was never good */

enum tenure_phase {
    TENURE_NONE,    /* no lease */
    TENURE_ASKING,  /* a lease was asked for */
    TENURE_JOINING, /* there is a lease; the member's key is being written under it */
    TENURE_HELD,    /* a member, and the lease is known to live */
    TENURE_UNSURE,  /* a member, but the lease may have ended: nothing is claimed, nothing acts */
    TENURE_LEAVING, /* the lease is being given back: its keys go at once */
    TENURE_PHASE_COUNT
};
const char *tenure_phase_word(enum tenure_phase phase); /* "held" */

enum tenure_event {
    TENURE_DUE,     /* tenure_due() was reached, and no request is out */
    TENURE_GRANTED, /* a lease was given */
    TENURE_JOINED,  /* the store shows the member's key under the lease */
    TENURE_RENEWED, /* a good answer: tenure_good() */
    TENURE_FAILED,  /* any other end of a request: refused, late, lost, wrong */
    TENURE_GONE,    /* the store has answered that there is no such lease */
    TENURE_LAPSED,  /* `until` was reached */
    TENURE_LEAVE,   /* the engine ends, or is removed from the fleet */
    TENURE_EVENT_COUNT
};

enum tenure_act {
    TENURE_NO_ACT,
    TENURE_ASK,    /* for a lease */
    TENURE_JOIN,   /* write the member's key under the lease */
    TENURE_RENEW,  /* keep the lease alive */
    TENURE_FORGET, /* the tenure is over: nothing is owned under it now */
    TENURE_REVOKE, /* give the lease back */
    TENURE_ACT_COUNT
};

struct tenure_step {
    enum tenure_phase next;
    enum tenure_act act;
};

/* The table alone. */
struct tenure_step tenure_cell(enum tenure_phase phase, enum tenure_event event);

struct tenure {
    enum tenure_phase phase;
    uint64_t term; /* the highest term of a leader of the store that was seen */
    mono_ms until; /* up to here the lease is known to live (boot clock) */
    mono_ms due;   /* when the next request is due; MONO_NEVER = one is out */
};

/* As at the start of an engine. */
void tenure_begin(struct tenure *t);

/* What an answer of the store says about the lease. */
struct tenure_answer {
    mono_ms asked;   /* just before the request was sent (boot clock) */
    int64_t ttl_ms;  /* 0 or less, or no such field: the lease is gone */
    uint64_t term;   /* of the leader that answered; 0 = the answer has none */
    bool understood; /* status 200, and a body of the form that is expected */
};

/* Which event an answer to a renewal is. An answer of a leader of the past is no answer: it may
 * keep alive what the present one has ended. */
enum tenure_event tenure_judge(const struct tenure *t, const struct tenure_answer *answer);

/* `answer` is that of the request with TENURE_GRANTED and TENURE_RENEWED, else NULL. */
enum tenure_act tenure_take(struct tenure *t, enum tenure_event event,
                            const struct tenure_answer *answer, mono_ms now);

/* When to call tenure_take() with TENURE_DUE or TENURE_LAPSED, whichever comes first. */
mono_ms tenure_due(const struct tenure *t);

/* May keys be claimed now? */
bool tenure_holds(const struct tenure *t, mono_ms now);

/* Is there time left for a command that is sent now to arrive before anybody else may own the
 * service? If not, renew first. */
bool tenure_may_act(const struct tenure *t, mono_ms now);

#endif
