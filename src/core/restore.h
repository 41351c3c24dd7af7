/* A restore by file, as one table of state and event. A restore by replication is a second table, in
 * core/restore_replicate.c: its states are REPLICATE_...
 *
 *   planned ─▶ guarding ─▶ staging ─▶ stopping ─▶ placing ─▶ starting ─▶ proving ─▶ done
 *                 │           │          │           │          │           │         │
 *                 ▼           ▼          ▼           └──────────┴─────┬─────┘ failed  │ undo
 *              released ◀──────── returning                          ▼               │
 *                                         undo_stopping ◀────────────────────────────┘
 *                                               └─▶ undoing ─▶ undo_starting ─▶ undone
 *
 * Until `placing` the data of the server are untouched: a failure releases the service as it was.
 * From then on a failure undoes the restore. By replication:
 *
 *   planned ─▶ guarding ─▶ loading ─▶ copying ─▶ detaching ─▶ done
 *                 │           │          any end ─┘ │   │ it has neither data
 *                 ▼           ▼                     │   ▼
 *              released ◀──────── it has the old ───┘  undo_loading ─▶ undo_copying ─▶
 *                                                      undo_detaching ─▶ undone
 *
 * Whatever comes of `copying`, the server is made independent again and asked which data it has: the
 * copy, those from before, or neither. Of neither the safety backup is copied in the same way.
 *
 * When the outcome of an act is not known, or Resus ended
 * meanwhile, the restore waits in a held state until a person orders `resume` or `undo`.
 *
 * Pure: the caller writes the state down before it carries out the act, and reports how it went. Every
 * act may be repeated. */
#ifndef RESUS_CORE_RESTORE_H
#define RESUS_CORE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

enum restore_state {
    RESTORE_PLANNED,
    RESTORE_GUARDING,  /* a safety backup of the data in use is being made */
    RESTORE_STAGING,   /* the backup is being copied onto the disk of the server */
    RESTORE_STOPPING,  /* the data are still the old ones */
    RESTORE_PLACING,   /* the old files are kept aside, the backup takes their place */
    RESTORE_STARTING,  /* with the backup */
    RESTORE_PROVING,   /* the keys that the server serves are compared with the backup */
    RESTORE_RETURNING, /* the untouched data are started again */
    RESTORE_PLACE_HELD,
    RESTORE_RESUMING, /* stops the server once more before placing goes on */
    RESTORE_START_HELD,
    RESTORE_PROOF_HELD,
    RESTORE_UNDO_STOPPING,
    RESTORE_UNDOING, /* the old files get their names back */
    RESTORE_UNDO_STARTING,
    RESTORE_UNDO_HELD,
    RESTORE_NEEDS_HUMAN, /* an undo failed: both data are on the disk */
    RESTORE_DONE,
    RESTORE_UNDONE,
    RESTORE_RELEASED, /* ended before the data were touched */
    /* by replication */
    REPLICATE_PLANNED,
    REPLICATE_GUARDING,
    REPLICATE_LOADING,   /* a server of our own loads the backup, and a way to it is opened */
    REPLICATE_COPYING,   /* the server is its replica */
    REPLICATE_DETACHING, /* the server is made independent, and asked which data it has */
    REPLICATE_HELD,
    REPLICATE_UNDO_LOADING, /* the same with the safety backup */
    REPLICATE_UNDO_COPYING,
    REPLICATE_UNDO_DETACHING,
    REPLICATE_UNDO_HELD,
    REPLICATE_NEEDS_HUMAN,
    REPLICATE_DONE,
    REPLICATE_UNDONE,
    REPLICATE_RELEASED, /* the server has the data from before */
    RESTORE_STATE_COUNT
};

enum restore_event {
    RESTORE_BEGIN,
    RESTORE_BEGIN_UNGUARDED, /* Redis does not answer: there is nothing to back up */
    RESTORE_OK,              /* the act under way succeeded */
    RESTORE_FAILED,          /* it failed */
    RESTORE_UNKNOWN,         /* its outcome is not known: no answer, the link is cut */
    RESTORE_RESTARTED,       /* Resus ended and the state was read from the journal */
    RESTORE_RESUME,          /* orders of a person */
    RESTORE_UNDO,
    RESTORE_CANCEL,
    RESTORE_HAS_OLD,     /* the server is independent and serves what it served before the copy */
    RESTORE_HAS_NEITHER, /* it is independent and serves neither that nor the copy */
    RESTORE_EVENT_COUNT
};

enum restore_act {
    RESTORE_ACT_NONE,
    RESTORE_ACT_GUARD,
    RESTORE_ACT_STAGE,
    RESTORE_ACT_STOP,
    RESTORE_ACT_PLACE,
    RESTORE_ACT_START,
    RESTORE_ACT_PROVE,
    RESTORE_ACT_UNDO,
    RESTORE_ACT_START_OLD, /* nothing when the server was down before the restore */
    RESTORE_ACT_LOAD,      /* a server of our own loads the backup */
    RESTORE_ACT_LOAD_OLD,  /* and here the safety backup */
    RESTORE_ACT_COPY,      /* the server follows it until it has the data */
    RESTORE_ACT_DETACH,    /* OK: it is independent and serves what was copied */
    RESTORE_ACT_FINISH,    /* it ended well: save, watch, report */
    RESTORE_ACT_RELEASE,   /* end the act under way, remove the staged copy, report */
    RESTORE_ACT_UNDONE,    /* report */
    RESTORE_ACT_HOLD,      /* report that a person has to order resume or undo */
    RESTORE_ACT_CALL,      /* report that the undo failed: a person has to look */
    RESTORE_REFUSE_BUSY,
    RESTORE_REFUSE_LATE,    /* too late to cancel: undo it */
    RESTORE_REFUSE_NOTHING, /* there is nothing to resume or undo */
    RESTORE_REFUSE_OVER,    /* it has ended */
    RESTORE_ACT_COUNT
};

struct restore_step {
    enum restore_state next;
    enum restore_act act;
};

#define RESTORE_FILE_STATES REPLICATE_PLANNED /* the states before are of a restore by file */
#define RESTORE_FILE_EVENTS RESTORE_HAS_OLD   /* and the events before occur there */

/* What is known of a server that was made independent again. */
struct replicate_seen {
    bool was_copied; /* its history begins with that of the server of the backup */
    bool complete;   /* it has the keys of the backup */
    int64_t keys, keys_before, expires_before;
};
/* Which data does it serve? OK, HAS_OLD or HAS_NEITHER. */
enum restore_event replicate_found(const struct replicate_seen *seen);

/* Of a restore by replication; restore_step() takes both. */
struct restore_step replicate_step(enum restore_state state, enum restore_event event);
struct restore_step restore_step(enum restore_state state, enum restore_event event);

/* Is the outcome of an act awaited? */
bool restore_busy(enum restore_state state);
/* Does it wait for a person? */
bool restore_held(enum restore_state state);
/* Has it ended? A restore that is done can still be undone. */
bool restore_over(enum restore_state state);
/* Is recovery withheld: may a start by recovery disturb the restore? Not while the data in use and
 * the backup are only copied: a Redis that dies then is healed. By replication a start is harmless, so
 * that it is withheld only while the restore acts. */
bool restore_withholds(enum restore_state state);
/* Did the act change nothing, because the order was refused? */
bool restore_refused(enum restore_act act);

const char *restore_state_word(enum restore_state state); /* "placing" */
const char *restore_event_word(enum restore_event event); /* "ok" */
const char *restore_act_word(enum restore_act act);       /* "place" */
/* Why an order was refused, as a sentence. */
const char *restore_refusal_text(enum restore_act act);

#endif
