/* A person's operation on one service, as a state machine without clock and I/O:
 *
 *     none ─▶ checking ─▶ saving ─▶ desiring ─▶ intent ─▶ running ─▶ verifying ─▶ ended ─▶ none
 *
 * Saving is left out when nothing is to be saved, desiring when the desired state stays what it is.
 * Every phase can lead to ended at once: the operation was refused, failed, or had nothing to do.
 *
 * operate_step() takes an event with the facts of the moment and answers with effects. The engine
 * carries them out in order and feeds the outcomes back; it sees to it that the answer to another
 * operation's step does not get here. */
#ifndef RESUS_CORE_OPERATE_H
#define RESUS_CORE_OPERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/cause.h"
#include "core/recovery.h"

enum operate_kind {
    OPERATE_START,
    OPERATE_STOP,
    OPERATE_RESTART,
    OPERATE_RELOAD,
    OPERATE_KIND_COUNT
};

enum operate_phase {
    OPERATE_NONE,
    OPERATE_CHECKING, /* the service is looked at */
    OPERATE_SAVING,   /* Redis saves, before it is stopped */
    OPERATE_DESIRING, /* the desired state is on its way to the disk */
    OPERATE_INTENT,   /* the intent line is on its way to the disk */
    OPERATE_RUNNING,  /* the command runs */
    OPERATE_VERIFYING,
    OPERATE_ENDED, /* its end is being reported */
    OPERATE_PHASE_COUNT
};
const char *operate_phase_word(enum operate_phase phase); /* "checking", as the API says */

enum operate_event {
    OPERATE_FACTS, /* new facts, or time has passed */
    OPERATE_LATE,  /* ... and the deadline of the phase has come: operate_step() makes one of it */
    OPERATE_SAVE_BEGUN,
    OPERATE_SAVE_REFUSED,
    OPERATE_SAVE_RUNS,
    OPERATE_SAVE_DONE,
    OPERATE_SAVE_FAILED,
    OPERATE_STORED, /* the desired state is on the disk */
    OPERATE_NOT_STORED,
    OPERATE_WRITTEN, /* the intent line is on the disk */
    OPERATE_NOT_WRITTEN,
    OPERATE_COMMAND_ENDED, /* with action_end */
    OPERATE_LOG_READ,      /* the journal, with stop_end */
    OPERATE_TOLD,          /* everybody knows of the end */
    OPERATE_EVENT_COUNT
};

/* How a stop ended, as far as it is known. */
enum stop_end {
    STOP_END_UNKNOWN,
    STOP_END_CLEAN,
    STOP_END_CUT, /* the process was killed before it had ended by itself */
    STOP_END_COUNT
};

struct operate_facts {
    /* before the command */
    bool looked;      /* all that was asked for when the operation began has been answered */
    bool unreachable; /* the host cannot be controlled */
    bool serves;      /* Redis does what it is for */
    bool proven;      /* ... and a PONG and an active unit prove it: it can be asked to save */
    bool stopped_on_purpose;
    bool ran_since; /* it has run since it was seen stopped, as desired */
    bool desired_unsaved;
    bool cannot_reload;
    bool allowed, should_save; /* by the pre-flight; of a reload they are not looked at */

    /* after it */
    mono_ms unit_asked, probe_asked, info_asked; /* when the newest of each was asked for */
    bool unit_stopped;                           /* inactive or failed */
    bool unit_killed;                            /* failed, by a signal or systemd's timeout */
    bool unit_unchanged;                         /* as it was when the command was sent */
    bool ready;              /* the newest new connection was answered as one may be */
    bool had_process;        /* the unit had a process when the command was sent */
    bool same_process;       /* ... which is still there */
    bool journal;            /* there is one, and it knows how a process has ended */
    bool final_save_matters; /* only a save at the end keeps the newest changes */
    bool confirmed;          /* `cause` is of a confirmed verdict */
    enum cause cause;
    int64_t progress; /* of a load, any rising number; FACT_UNKNOWN */
};

struct operate_input {
    enum operate_event event;
    enum action_end action_end; /* of COMMAND_ENDED */
    enum stop_end stop_end;     /* of LOG_READ; STOP_END_UNKNOWN = it could not be read */
    struct operate_facts facts;
};

struct operate {
    enum operate_phase phase;
    mono_ms deadline; /* of the phase, MONO_NEVER = none */
    enum operate_kind kind;
    bool force;
    mono_ms began, command_sent, command_ended; /* 0 = not yet */
    bool desired_changed;
    enum action_end action_end;
    bool answered;         /* the caller knows that Redis loads */
    int64_t load_progress; /* the farthest that a load was seen, */
    mono_ms load_moved;    /* ... and when; 0 = none was */
    mono_ms log_asked;     /* 0 = not yet */
    bool log_read;
    enum stop_end stop_end; /* of the process before */
};

enum operate_end {
    OPERATE_DONE,
    OPERATE_ALREADY_RUNNING,
    OPERATE_ALREADY_STOPPED,
    OPERATE_BLOCKED, /* by the pre-flight, also just before the command */
    OPERATE_CANNOT_RELOAD,
    OPERATE_HOST_UNREACHABLE,
    OPERATE_END_SAVE_LATE,
    OPERATE_END_SAVE_REFUSED,
    OPERATE_END_SAVE_FAILED,
    OPERATE_END_NOT_STORED,
    OPERATE_END_NOT_WRITTEN,
    OPERATE_NOT_REACHED,    /* the command was never sent */
    OPERATE_REFUSED,        /* the host does not let us */
    OPERATE_WITHOUT_EFFECT, /* the command ended, and all is as it was */
    OPERATE_DATA_LOST,
    OPERATE_FAILED, /* for the cause that is seen */
    OPERATE_END_COUNT
};

enum operate_effect_kind {
    OPERATE_KEEP_FIGURES, /* of the process that the command may end */
    OPERATE_SAVE,
    OPERATE_FOLLOW_SAVE, /* ask whether it is over */
    OPERATE_FOLLOW_ON,   /* ... again, in a moment */
    OPERATE_TAKE_OVER,   /* recovery gives way */
    OPERATE_DESIRE,      /* set the desired state and store it */
    OPERATE_TAKE_BACK,   /* ... as it was before, because nothing was done */
    OPERATE_DESIRED,     /* it is on the disk */
    OPERATE_WRITE_INTENT,
    OPERATE_RUN,
    OPERATE_LOOK,     /* start a round of checks now */
    OPERATE_READ_LOG, /* how did the process before end? */
    OPERATE_SAY_LOADING,
    OPERATE_END, /* `end`; then OPERATE_TOLD */
    OPERATE_EFFECT_KIND_COUNT
};

struct operate_effect {
    enum operate_effect_kind kind;
    enum operate_end end;
};

#define OPERATE_EFFECTS_MAX 4 /* the exhaustive test asserts it */
struct operate_effects {
    struct operate_effect items[OPERATE_EFFECTS_MAX];
    size_t count;
};

#define OPERATE_CHECK_LIMIT_MS 7000 /* a look at the service: PING 5 s and the unit */
#define OPERATE_SAVE_LIMIT_MS 60000
#define OPERATE_DISK_LIMIT_MS 5000
#define OPERATE_COMMAND_LIMIT_MS 95000 /* above the host's own deadline of 90 s */
#define OPERATE_VERIFY_LIMIT_MS 30000  /* then the caller hears that Redis loads, if it does */
#define OPERATE_STALL_MS 120000        /* a load that gets no further for this long is given up */
#define OPERATE_LOG_LIMIT_MS 5000

/* Only from OPERATE_NONE. The caller starts a round of checks. */
void operate_begin(struct operate *o, enum operate_kind kind, bool force, mono_ms now);
void operate_step(struct operate *o, const struct operate_input *input, mono_ms now,
                  struct operate_effects *out);

#endif
