/* One incident of a service, as a state machine without clock and I/O:
 *
 *     none ──▶ investigating ◀──▶ mitigated ──▶ resolved ──▶ closed
 *                  it is bad      alerts over    15 min,      post-mortem
 *                                                or by hand   kept or waived
 *
 * An alert that fires opens it; a person may, too. At most one of a service is investigating or
 * mitigated. Where a person took command or opened it, only people resolve and close it. An
 * alert that fires within half an hour after the end reopens it; later there is a new incident.
 *
 * Effects that are entries of the timeline say so; the caller numbers and stores them. */
#ifndef RESUS_CORE_INCIDENT_H
#define RESUS_CORE_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/severity.h"

#define INCIDENT_STABLE_MS 900000     /* mitigated for 15 min: resolved */
#define INCIDENT_REOPEN_MS 1800000    /* resolved for less than 30 min: the same incident */
#define INCIDENT_ASK_MS 86400000      /* a commander is asked daily whether it is over */
#define INCIDENT_CLOSE_MS 86400000    /* resolved without a commander: closed after a day */
#define INCIDENT_UPDATE_P1_MS 900000  /* a status update is due every 15 min */
#define INCIDENT_UPDATE_P2_MS 1800000 /* ... 30 min; P3 and P4: none */
#define INCIDENT_UPDATE_LEAST_MS 1000 /* what a person may promise instead */
#define INCIDENT_UPDATE_MOST_MS 86400000
/* The first answer of a person, and the end. "Immediate" is the time after which a P1 calls again. */
#define INCIDENT_RESPOND_P1_MS 300000
#define INCIDENT_RESPOND_P2_MS 900000
#define INCIDENT_RESPOND_P3_MS 3600000
#define INCIDENT_SOLVE_P1_MS INT64_C(3600000)
#define INCIDENT_SOLVE_P2_MS INT64_C(14400000)
#define INCIDENT_SOLVE_P3_MS INT64_C(86400000)
#define INCIDENT_SOLVE_P4_MS INT64_C(604800000)
#define INCIDENT_REMIND_MS 300000 /* between two reminders */
#define INCIDENT_REMINDERS 3      /* unanswered, the next level is called */

#define INCIDENT_PERSON_SIZE 64

enum incident_status {
    INCIDENT_NONE,
    INCIDENT_INVESTIGATING,
    INCIDENT_MITIGATED,
    INCIDENT_RESOLVED,
    INCIDENT_CLOSED,
    INCIDENT_STATUS_COUNT
};
const char *incident_status_word(enum incident_status status);  /* "investigating" */
enum incident_status incident_status_by_word(const char *word); /* INCIDENT_NONE when unknown */

enum incident_event {
    INCIDENT_ALERTS,   /* `severity`: the worst of the service's alerts that fire or flap and are
                          not well now; SEVERITY_NONE when there is none. Also opens it */
    INCIDENT_WAKE,     /* the time asked for has come */
    INCIDENT_OPEN,     /* by hand, with `severity` */
    INCIDENT_TAKE,     /* `person` is commander from now on */
    INCIDENT_UPDATE,   /* a status update was given; `next_ms` until the next, 0 = the usual */
    INCIDENT_SEVERITY, /* by hand */
    INCIDENT_MITIGATE, /* by hand */
    INCIDENT_RESOLVE,  /* by hand */
    INCIDENT_CLOSE,    /* by hand: `postmortem` */
    INCIDENT_EVENT_COUNT
};

enum postmortem { POSTMORTEM_NONE, POSTMORTEM_KEPT, POSTMORTEM_WAIVED };

struct incident_input {
    enum incident_event event;
    enum severity severity;
    const char *person; /* who does it; NULL for what happens by itself */
    int64_t next_ms;
    enum postmortem postmortem;
    bool held; /* a maintenance window is open, or the clock is in doubt: reminders wait. When
                  it ends, a WAKE says so */
};

/* All of it is persistent (incident_save). */
struct incident {
    enum incident_status status;
    enum severity severity; /* rises by itself, falls by hand or when it is mitigated */
    enum severity worst;    /* that it had */
    enum severity alerts;   /* the worst alert at the last step */
    bool by_hand;           /* a person opened it, and no alert has fired since */
    char commander[INCIDENT_PERSON_SIZE];
    wall_ms opened, mitigated, resolved, closed; /* for people; WALL_NONE */
    mono_ms stable_since;                        /* no alert since then; MONO_NEVER */
    mono_ms resolved_at;                         /* MONO_NEVER */
    mono_ms ask_due;    /* the commander is asked whether it is over; MONO_NEVER */
    mono_ms update_due; /* MONO_NEVER */
    int64_t update_ms;  /* the wait that led to it */
    mono_ms remind_due; /* MONO_NEVER */
    int reminders;      /* given since the last update */
    enum postmortem postmortem;
};

enum incident_effect_kind {
    INCIDENT_OPENED,     /* entry; first notice, and escalation begins */
    INCIDENT_REOPENED,   /* entry; it is bad again: from mitigated or resolved */
    INCIDENT_STATUS,     /* entry: `status` */
    INCIDENT_RATED,      /* entry: `severity` */
    INCIDENT_COMMAND,    /* entry: a commander, the first one or by handing over */
    INCIDENT_UPDATED,    /* entry */
    INCIDENT_REMINDER,   /* message to the commander, or to whoever is called: an update is due */
    INCIDENT_UNANSWERED, /* entry; the reminders were not answered: call the next level */
    INCIDENT_ASK_OVER,   /* message to the commander: is it over? */
    INCIDENT_RESOLUTION, /* message: the resolution notice */
    INCIDENT_ANOTHER,    /* it is over for too long: open a new incident for this event */
    INCIDENT_REFUSED,    /* `refusal`: nothing was changed */
    INCIDENT_STORE,      /* something persistent changed */
    INCIDENT_EFFECT_COUNT
};

enum incident_refusal {
    INCIDENT_REFUSE_NOT,
    INCIDENT_REFUSE_NOT_OPEN,   /* there is none, or it is over */
    INCIDENT_REFUSE_OPEN,       /* it has to be resolved first */
    INCIDENT_REFUSE_POSTMORTEM, /* neither kept nor waived */
    INCIDENT_REFUSE_BAD,        /* its alerts still fire */
    INCIDENT_REFUSE_VALUE,      /* severity, person or minutes out of bounds */
    INCIDENT_REFUSE_CLOSED,
    INCIDENT_REFUSE_LEVEL, /* there is no such level of escalation */
    INCIDENT_REFUSAL_COUNT
};
const char *incident_refusal_text(enum incident_refusal refusal); /* with the remedy */

struct incident_effect {
    enum incident_effect_kind kind;
    enum incident_status status;
    enum severity severity;
    enum incident_refusal refusal;
    int reminders;
};

#define INCIDENT_EFFECTS_MAX 8
struct incident_effects {
    struct incident_effect items[INCIDENT_EFFECTS_MAX];
    size_t count;
    mono_ms wake; /* MONO_NEVER = none */
};

void incident_init(struct incident *i);
void incident_step(struct incident *i, const struct incident_input *input, struct now now,
                   struct incident_effects *out);
bool incident_open(const struct incident *i); /* investigating or mitigated */
/* The usual time between two status updates; 0 = none is due. */
int64_t incident_update_every_ms(enum severity severity);
/* Within which time a person answers, and it is over; 0 = there is no target. */
int64_t incident_respond_within_ms(enum severity severity);
int64_t incident_solve_within_ms(enum severity severity);

struct incident_saved {
    struct incident incident; /* its mono times mean nothing */
    wall_ms stable_since, resolved_at, ask_due, update_due, remind_due;
};
void incident_save(const struct incident *i, struct now now, struct incident_saved *ret);
void incident_load(struct incident *i, const struct incident_saved *saved, struct now now);

#endif
