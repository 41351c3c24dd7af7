/* A guided procedure, an update of Redis or a change of its settings, as a table of phase x event:
 *
 *   checking ─▶ guarding ─▶ rehearsing ─▶ ready ─▶ applying ─▶ verifying ─▶ watching ─▶ done
 *      │  ▲         │            │          │                     │            │
 *      ▼  │         ▼            ▼          ▼                     ▼            ▼
 *     blocked ◀─────┴────────────┘      cancelled             needs_human ─▶ undoing ─▶ undone
 *
 * Resus does the steps that it can (checks, safety backup, rehearsal, CONFIG SET, verification, the
 * watch); people do the rest and tick it. A phase that was under way when Resus ended is entered again:
 * each is such that twice is as good as once, but for a value that is being set: whether it holds is
 * looked up. Pure. */
#ifndef RESUS_CORE_PROCEDURE_H
#define RESUS_CORE_PROCEDURE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/checklist.h"

#define PROCEDURE_WATCH_MS (INT64_C(30) * 60 * 1000)

enum procedure_kind {
    PROCEDURE_UPDATE, /* another version; people install it */
    PROCEDURE_CONFIG, /* another value of a setting; Resus sets it */
    PROCEDURE_KIND_COUNT
};
const char *procedure_kind_word(enum procedure_kind kind); /* "update" */

enum procedure_phase {
    PROCEDURE_CHECKING,
    PROCEDURE_BLOCKED, /* nothing was changed: something stands in the way */
    PROCEDURE_GUARDING,
    PROCEDURE_REHEARSING, /* UPDATE: the new version loads the safety backup */
    PROCEDURE_READY,      /* a person's turn */
    PROCEDURE_APPLYING,   /* CONFIG */
    PROCEDURE_VERIFYING,
    PROCEDURE_WATCHING,
    PROCEDURE_NEEDS_HUMAN, /* it was changed, and something is wrong */
    PROCEDURE_UNDOING,     /* CONFIG */
    PROCEDURE_DONE,
    PROCEDURE_UNDONE,
    PROCEDURE_CANCELLED,
    PROCEDURE_PHASE_COUNT
};
const char *procedure_phase_word(enum procedure_phase phase); /* "checking" */
/* Is it over? A value that was set can be taken back all the same. */
bool procedure_over(enum procedure_phase phase);
/* Does Resus work in it? */
bool procedure_works(enum procedure_phase phase);

enum procedure_event {
    PROCEDURE_GOOD,    /* the work of the phase ended well */
    PROCEDURE_BAD,     /* ... badly: what it was to change is as before */
    PROCEDURE_UNKNOWN, /* ... and how is not known */
    PROCEDURE_TROUBLE, /* the service is not well */
    PROCEDURE_TIME,    /* PROCEDURE_WATCH_MS are over */
    PROCEDURE_RESTART, /* Resus has started */
    /* orders of people */
    PROCEDURE_GO,      /* CONFIG: set it; UPDATE: it is installed */
    PROCEDURE_RECHECK, /* look again */
    PROCEDURE_ACCEPT,  /* go on all the same; WATCHING: it was watched for long enough */
    PROCEDURE_UNDO,    /* CONFIG: set the value of before; UPDATE: it was rolled back */
    PROCEDURE_CANCEL,
    PROCEDURE_EVENT_COUNT
};
const char *procedure_event_word(enum procedure_event event); /* "go" */

struct procedure_step {
    bool refused; /* an order that does not fit: nothing changes */
    bool entered; /* `phase` begins, also when it is the same one again */
    enum procedure_phase phase;
};
struct procedure_step procedure_event(enum procedure_kind kind, enum procedure_phase phase,
                                      enum procedure_event event);

/* The items of its checklist. */
void procedure_checklist(enum procedure_kind kind, struct checklist *ret);
/* The item (from 1) that is done once the phase ended well; 0 = none. */
int procedure_item(enum procedure_kind kind, enum procedure_phase phase);

/* May this setting be changed from here? False without a reason: it is no name of a setting. `secret`:
 * its value is one. */
bool procedure_may_set(const char *name, bool secret, const char **ret_why);

#endif
