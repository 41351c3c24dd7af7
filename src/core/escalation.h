/* Who is called for an incident, and when, as a state machine without clock and I/O.
 *
 * Two clocks run at the same time. Unacknowledged: P1 calls levels 1 and 2 at once and again after
 * 5 min, P2 calls level 1 at once and level 2 after 15 min. Unresolved: levels 2, 3 and 4 after
 * their times. What recurs goes straight to level 3, a risk of data loss or a breach to level 4.
 * P3 and P4 call no level: their routes are enough.
 *
 *     off ──▶ calling ◀──▶ acknowledged          an acknowledgement stops both clocks; it ends after
 *                │  ▲                            30 min (P1) or 2 h without an update, and they go
 *                ▼  │                            on where they stood
 *              paused: it is mitigated
 *
 * Each change of state raises the generation. Each call carries its own, and is dropped at
 * sending when escalation_current() says that it is an older one. */
#ifndef RESUS_CORE_ESCALATION_H
#define RESUS_CORE_ESCALATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/incident.h"
#include "core/route.h"
#include "core/severity.h"

#define ESCALATION_LEVELS 4
#define ESCALATION_NAME_SIZE 64
#define ESCALATION_AGAIN_MS 300000   /* P1, unacknowledged: levels 1 and 2 again */
#define ESCALATION_P2_MS 900000      /* P2, unacknowledged: level 2 */
#define ESCALATION_ACK_P1_MS 1800000 /* an acknowledgement holds for so long */
#define ESCALATION_ACK_MS 7200000    /* ... of anything less */
#define ESCALATION_WARN_MS 300000    /* before its end it is warned */
#define ESCALATION_OVERDUE_MS 300000 /* a step so late is an alert of Resus about itself */

struct escalation_level {
    char name[ESCALATION_NAME_SIZE];
    channel_set channels; /* empty: no contact */
    int64_t after_ms;     /* unresolved for so long; of level 1 it means nothing */
};

/* Copied when the incident opens: a reload changes nothing that has begun. */
struct escalation_policy {
    struct escalation_level levels[ESCALATION_LEVELS];
    size_t count;
};
/* 30 min, 2 h, 4 h; no contacts. */
struct escalation_policy escalation_policy_default(void);

enum escalation_state {
    ESCALATION_OFF,
    ESCALATION_CALLING,
    ESCALATION_ACKNOWLEDGED,
    ESCALATION_PAUSED,
    ESCALATION_STATE_COUNT
};
const char *escalation_state_word(enum escalation_state state); /* "acknowledged" */

enum escalation_event {
    ESCALATION_BEGIN,     /* the incident opened, or was reopened after its end */
    ESCALATION_WAKE,      /* the time asked for has come */
    ESCALATION_RATE,      /* severity, or one of the reasons to go straight up, changed */
    ESCALATION_ACK,       /* by a person */
    ESCALATION_UPDATE,    /* a status update: extends the acknowledgement */
    ESCALATION_UP,        /* reminders were not answered: one level up */
    ESCALATION_ASK,       /* a person asks for `level` or, 0, for the next one. Called in every
                             state but off, whatever the severity and the window */
    ESCALATION_MITIGATED, /* the alerts are over */
    ESCALATION_BAD_AGAIN, /* ... and are back */
    ESCALATION_END,       /* resolved */
    ESCALATION_EVENT_COUNT
};

struct escalation_input {
    enum escalation_event event;
    const struct escalation_policy *policy; /* of BEGIN */
    enum severity severity;                 /* at every event */
    bool recurs;                            /* the same cause for the third time in 7 days */
    bool data_at_risk, breach;
    /* A maintenance window is open, or the clock is in doubt: both clocks stop, nothing is called.
     * When it changes, a WAKE says so. */
    bool held;
    channel_set dead; /* channels that fail now */
    int level;        /* of ASK: 1 to 4, 0 = the one after the highest that was called */
};

/* All of it is persistent (escalation_save). Counting from 0, levels[n] is level n+1. */
struct escalation {
    struct escalation_policy policy;
    enum escalation_state state;
    enum severity severity;
    uint64_t generation;
    bool mitigated;                        /* while acknowledged: then its end pauses */
    bool warned;                           /* that the acknowledgement ends */
    bool held;                             /* at the last step */
    bool running;                          /* the clocks run: calling, P1 or P2, and not held */
    enum severity rated;                   /* the worst that was called for; none = nothing yet */
    bool recurs, data_at_risk, breach;     /* already called for */
    unsigned called;                       /* bit n: level n was called since BEGIN */
    int unresolved_level;                  /* that the unresolved clock calls next */
    mono_ms unacked_due, unresolved_due;   /* while running; MONO_NEVER = no step is left */
    int64_t unacked_left, unresolved_left; /* while stopped; -1 = no step is left */
    mono_ms ack_until;                     /* MONO_NEVER */
    mono_ms next_at;                       /* of the earliest step; MONO_NEVER */
};

enum escalation_effect_kind {
    ESCALATION_CALL,      /* message to `channels`: level `level` */
    ESCALATION_SKIPPED,   /* entry: `level` has no contact, or only dead channels */
    ESCALATION_UNREACHED, /* entry, self alert: no level is left that can be called */
    ESCALATION_ACKED,     /* entry */
    ESCALATION_ACK_WARN,  /* message to whoever acknowledged: it ends in 5 min */
    ESCALATION_ACK_ENDED, /* entry, message: it goes on where it stood */
    ESCALATION_STORE,     /* something persistent changed */
    ESCALATION_EFFECT_COUNT
};

enum escalation_why {
    ESCALATION_WHY_OPENED,
    ESCALATION_WHY_UNACKED,
    ESCALATION_WHY_UNRESOLVED,
    ESCALATION_WHY_WORSE,
    ESCALATION_WHY_RECURS,
    ESCALATION_WHY_DATA,
    ESCALATION_WHY_BREACH,
    ESCALATION_WHY_NO_UPDATE,
    ESCALATION_WHY_ASKED,
    ESCALATION_WHY_COUNT
};
const char *escalation_why_word(enum escalation_why why);

struct escalation_effect {
    enum escalation_effect_kind kind;
    enum escalation_why why;
    int level; /* from 0 */
    channel_set channels;
    uint64_t generation;
};

/* The worst step comes after a long sleep: both clocks and every reason to go straight up, and each
 * call skips levels first. */
#define ESCALATION_EFFECTS_MAX 24
struct escalation_effects {
    struct escalation_effect items[ESCALATION_EFFECTS_MAX];
    size_t count;
    mono_ms wake; /* MONO_NEVER = none */
};

void escalation_init(struct escalation *e);
void escalation_step(struct escalation *e, const struct escalation_input *input, mono_ms now,
                     struct escalation_effects *out);
/* What an effect of the incident means here. Returns false when it means nothing. */
bool escalation_event_of(const struct incident_effect *effect, enum escalation_state state,
                         enum escalation_event *ret_event);
/* May an ESCALATION_CALL of this generation still be sent? */
bool escalation_current(const struct escalation *e, uint64_t generation);
/* The auditor: a step is more than 5 min late. Never true while held. */
bool escalation_overdue(const struct escalation *e, mono_ms now);
void escalation_channels_moved(struct escalation *e, const int8_t to[ROUTE_CHANNELS_MAX]);

struct escalation_saved {
    struct escalation escalation; /* its mono times mean nothing */
    wall_ms unacked_due, unresolved_due, ack_until;
};
void escalation_save(const struct escalation *e, struct now now, struct escalation_saved *ret);
/* A step that fell due meanwhile is taken at the next ESCALATION_WAKE. */
void escalation_load(struct escalation *e, const struct escalation_saved *saved, struct now now);

#endif
