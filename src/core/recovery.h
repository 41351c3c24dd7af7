/* Progressive recovery of one service, as a state machine without clock and I/O:
 *
 *     idle ──▶ intent ──▶ acting ──▶ verifying ──▶ stable ──▶ idle
 *      │  ▲                              │            (60 s)
 *      │  │ grace: the unit was          │ failed
 *      ▼  │ stopped by others            ▼
 *     grace                       backoff, then intent of the next level,
 *                                 or exhausted: a human resets
 *
 * It leaves idle for a named cause on which two facts agree. A start that systemd refuses waits for
 * the window of its start limit.
 *
 * recovery_step() takes an event with the facts of the moment and answers with effects. The engine
 * carries them out, tags each action with its id, and feeds the outcome back; an outcome with an
 * old id is dropped here. */
#ifndef RESUS_CORE_RECOVERY_H
#define RESUS_CORE_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/breaker.h"
#include "core/cause.h"
#include "core/policy.h"

enum recovery_level { LEVEL_SOFT, LEVEL_STANDARD, LEVEL_HARD, LEVEL_HUMAN, RECOVERY_LEVEL_COUNT };
const char *recovery_level_word(enum recovery_level level); /* soft, standard, hard, critical */

/* What can be done to a service. RESET_FAILED_START is two commands of which the second is what
 * counts. */
enum recovery_action {
    ACTION_NONE,
    ACTION_RELOAD,
    ACTION_START,
    ACTION_RESTART,
    ACTION_RESET_FAILED_START,
    ACTION_KILL_SCRIPT,
    ACTION_BGSAVE,
    RECOVERY_ACTION_COUNT
};
const char *
recovery_action_word(enum recovery_action action); /* "restart", "script-kill" ... as audited */

#define RECOVERY_BIT(action) (1 << (action))

enum recovery_phase {
    PHASE_IDLE,
    PHASE_GRACE,     /* found stopped by others: announced, waiting */
    PHASE_WINDOW,    /* waiting out systemd's start limit */
    PHASE_BACKOFF,   /* an attempt failed: waiting before the next */
    PHASE_INTENT,    /* the intent line is on its way to the disk */
    PHASE_ACTING,    /* the command runs */
    PHASE_VERIFYING, /* it ended; is Redis back? */
    PHASE_STABLE,    /* success announced; watched for 60 s */
    PHASE_EXHAUSTED, /* attempts used up or breaker open: until an admin resets it */
    RECOVERY_PHASE_COUNT
};

enum recovery_event {
    EVENT_FACTS,        /* a new verdict */
    EVENT_WAKE,         /* the time asked for by EFFECT_WAKE has come */
    EVENT_INTENT_ENDED, /* the intent is durable, or could not be written (then it is in syslog and
                           memory) */
    EVENT_ACTION_ENDED, /* with action_end */
    EVENT_OPERATION_BEGAN, /* a person's operation takes over */
    EVENT_OPERATION_ENDED,
    EVENT_RESET, /* an admin resets attempts and breaker */
    RECOVERY_EVENT_COUNT
};

/* What was refused or never sent is no attempt: it counts for nothing (recovery_attempted()). */
enum action_end {
    ACTION_DONE,        /* the command said so */
    ACTION_FAILED,      /* the command said no */
    ACTION_NO_EFFECT,   /* it cannot do anything here: reload not applicable, start limit, no script
                           to kill */
    ACTION_UNKILLABLE,  /* the script has written: only a human may lose data */
    ACTION_UNKNOWN,     /* cut off or timed out mid-flight: unknown, never "failed" */
    ACTION_NOT_REACHED, /* nothing was sent */
    ACTION_REFUSED, /* the host or Redis does not let us: sudo, a masked or unknown unit, an ACL.
                       Nothing was done */
    ACTION_END_COUNT
};

/* Why nothing is done. The first that holds is reported. */
enum withheld {
    WITHHELD_NOT,
    WITHHELD_BREAKER_OPEN,
    WITHHELD_ATTEMPTS_EXHAUSTED,
    WITHHELD_DISABLED,
    WITHHELD_PAUSED,
    WITHHELD_MAINTENANCE,
    WITHHELD_STOPPED_ON_PURPOSE,
    WITHHELD_OPERATION_RUNNING,
    WITHHELD_BACKUP_RUNNING,
    WITHHELD_SELF_DOUBT,
    WITHHELD_OWNERSHIP_UNSURE,
    WITHHELD_HOST_UNREACHABLE,
    WITHHELD_CANNOT_ACT,
    WITHHELD_FAILOVER_RUNNING,
    WITHHELD_EMPTY_PRIMARY,
    WITHHELD_RESTART_USELESS,
    WITHHELD_RESTART_HARMFUL,
    WITHHELD_COUNT
};
const char *withheld_code(enum withheld reason);
const char *withheld_text(enum withheld reason);
/* The same where recovery is paused as well, which that reason would hide. */
const char *withheld_and_paused_text(enum withheld reason);

struct recovery_facts {
    struct verdict verdict;
    bool well; /* proven: PONG and unit active, asked after the last action ended */
    enum unit_active unit;
    wall_ms unit_since; /* of that state, by the host's clock; WALL_NONE */
    enum tri can_reload;
    bool never_started;    /* Resus runs it, has not started it yet, and no one has stopped it */
    bool may_reset_failed; /* commands: extended, or a controller that can */
    int64_t progress;      /* of a load, any rising number; FACT_UNKNOWN */
    mono_ms learned;       /* the older of the two facts behind the verdict */
    int refused;           /* RECOVERY_BIT()s of what the account lacks the right to, as listed */
    mono_ms rights_back;   /* when such rights were last seen to be back; 0 = never */
    bool call_due;         /* the cause has lasted so long that a human should know */
    bool stopped;          /* a signal stopped the process: it cannot reload */
    /* conditions that withhold */
    bool needs_person; /* no restart helps, and only a person does, whatever the cause's row says */
    bool paused, maintenance, stopped_on_purpose, operation_running, backup_running, tilt,
        host_unreachable, failover_running, empty_primary;
    bool ownership_unsure; /* of a fleet: another engine may own the service by now */
};

struct recovery_input {
    enum recovery_event event;
    uint64_t action_id;  /* of INTENT_ENDED and ACTION_ENDED */
    enum action_end end; /* of ACTION_ENDED */
    wall_ms wall;
    struct recovery_facts facts;
};

struct recovery {
    enum recovery_phase phase;
    mono_ms deadline;          /* of the phase, MONO_NEVER = none */
    enum cause cause;          /* being treated */
    enum recovery_level level; /* of the action under way or the last one */
    enum recovery_level floor; /* the least level the next attempt may use */
    enum recovery_action action;
    uint64_t action_id; /* of the action under way; ids are never used twice */
    mono_ms action_began, action_ended;
    wall_ms unit_since; /* as the action began: a start that systemd refused leaves it */
    int refusals;       /* of starts in a row, by systemd's start limit */
    enum action_end action_end;
    bool open;    /* a recovery with a history entry is under way */
    bool stepped; /* an attempt was made: it counts for the breaker */
    mono_ms opened_at;
    int attempts;         /* that took effect; reset after 60 s healthy */
    mono_ms last_attempt; /* end of it; MONO_NEVER when there is none to wait for */
    mono_ms well_since;   /* MONO_NEVER while not well */
    int64_t progress;     /* the furthest seen while verifying */
    mono_ms progress_at;
    mono_ms waiting_at;       /* when a load or systemd's own work last made progress; MONO_NEVER */
    int64_t waiting_progress; /* the furthest of it */
    enum cause alerted;       /* the cause that a human was last called for; CAUSE_NONE */
    bool needs_human;
    bool attempted_useless_reload; /* the unit has no reload: its refusal was just reported */
    int refused;                   /* RECOVERY_BIT()s of what the host refused to do */
    mono_ms refused_at;            /* ... last */
    int refused_tries;             /* ... so many times since Redis was last well */
    int relapses;                  /* attempts that helped, but for less than the stability watch */
    int bgsave_tries;
    mono_ms bgsave_at;      /* not before */
    enum withheld withheld; /* the reason reported last */
    struct breaker breaker;
};

enum effect_kind {
    EFFECT_OPEN,       /* a recovery begins: history entry, notification "started" */
    EFFECT_SKIP,       /* `level`, `action` cannot help, `skip` says why: audit line, event */
    EFFECT_SAVE,       /* persist attempts and breaker (before acting) */
    EFFECT_EVIDENCE,   /* capture what the action destroys; at most 1 s, not waited for by core */
    EFFECT_INTENT,     /* write the intent line, then EVENT_INTENT_ENDED with action_id */
    EFFECT_RUN,        /* run `action`, then EVENT_ACTION_ENDED with action_id */
    EFFECT_OUTCOME,    /* write the outcome line of action_id: `success`, action_end */
    EFFECT_LOOK,       /* start a round of checks now */
    EFFECT_SUCCEEDED,  /* verified: notification with level, duration */
    EFFECT_TAKEN_BACK, /* it failed again within the stability watch */
    EFFECT_FAILED,     /* attempts used up: notification, disabled until reset */
    EFFECT_ENDED,      /* close the history entry: `end` */
    EFFECT_BREAKER,    /* the breaker opened */
    EFFECT_HUMAN,      /* call a human for `cause` */
    EFFECT_HUMAN_OVER, /* the cause a human was called for is gone */
    EFFECT_ANNOUNCE,   /* found stopped by others: will be started at `at` */
    EFFECT_WITHHELD,   /* `withheld` is new: say why nothing is done */
    EFFECT_CHANGED,    /* phase changed: publish */
    EFFECT_KIND_COUNT
};

enum skip_reason {
    SKIP_NO_RELOAD,
    SKIP_ALREADY_ACTIVE,
    SKIP_START_LIMIT,
    SKIP_NOTHING_TO_KILL,
    SKIP_REFUSED,
    SKIP_PROCESS_STOPPED,
    SKIP_REASON_COUNT
};
const char *skip_text(enum skip_reason reason);

enum recovery_end {
    END_SUCCESS,
    END_FAILED,
    END_SUPERSEDED,
    END_BY_ITSELF,
    END_HUMAN,
    RECOVERY_END_COUNT
};
const char *recovery_end_word(enum recovery_end end);

struct effect {
    enum effect_kind kind;
    enum recovery_level level;
    enum recovery_action action;
    uint64_t action_id;
    enum cause cause;
    enum action_end action_end;
    enum skip_reason skip;
    enum recovery_end end;
    enum withheld withheld;
    bool success;
    mono_ms at;
};

/* The worst cell: a failed attempt that uses the attempts up and opens the breaker, with skips
 * before it. The exhaustive test asserts it. */
#define RECOVERY_EFFECTS_MAX 16
struct recovery_effects {
    struct effect items[RECOVERY_EFFECTS_MAX];
    size_t count;
    mono_ms wake; /* when to send EVENT_WAKE next; MONO_NEVER = not */
};

#define RECOVERY_INTENT_WAIT_MS 250 /* a log that does not answer in time does not stop recovery */
#define RECOVERY_ACTION_LIMIT_MS                                                                   \
    95000 /* above the host's own deadline of 90 s: the engine always reports earlier */
#define RECOVERY_VERIFY_SOFT_MS 5000   /* PING within 5 s */
#define RECOVERY_VERIFY_START_MS 30000 /* a start without progress */
#define RECOVERY_VERIFY_FAILED_MS 2000 /* the command failed: one more look at the facts */
#define RECOVERY_STALL_MS                                                                          \
    120000 /* a load that makes no progress for this long is stuck: a human                        \
            */
#define RECOVERY_BLIND_WAIT_MS 900000 /* ... or whose progress cannot be seen (70 GB: 10 min) */
#define RECOVERY_STABLE_MS 60000      /* a failure within it takes the success back */
#define RECOVERY_WINDOW_MS 11000      /* systemd's default StartLimitIntervalSec=10s and a second */
/* Starts that systemd refused are no attempts; but a limit that does not end is no reason to
 * try forever. */
#define RECOVERY_REFUSALS_MAX 3
/* What the host refused is tried again after this, doubled each time up to 64 times it. */
#define RECOVERY_REFUSED_MS 60000
#define RECOVERY_REFUSED_DOUBLED_MAX 6
#define RECOVERY_BGSAVE_MS 60000 /* first pause between BGSAVE tries, doubled up to 16 times it */

void recovery_init(struct recovery *r);
/* Action ids continue after this one (unique over restarts: the engine begins at random). */
void recovery_seed(struct recovery *r, uint64_t last_action_id);
void recovery_step(struct recovery *r, const struct recovery_policy *policy,
                   const struct recovery_input *input, mono_ms now, struct recovery_effects *out);

/* Why an action for this verdict would be withheld now; WITHHELD_NOT = it would be done. */
enum withheld recovery_withheld(const struct recovery *r, const struct recovery_policy *policy,
                                const struct recovery_facts *facts);
/* What would be done for the verdict now, without doing it. Returns ACTION_NONE when
 * nothing. */
enum recovery_action recovery_plan(const struct recovery *r, const struct recovery_facts *facts,
                                   enum recovery_level *ret_level);
/* Has the host refused this action, or is it known to lack the right to it? */
bool recovery_refused(const struct recovery *r, const struct recovery_facts *facts,
                      enum recovery_action action);
/* Was something done, or may it have been? */
bool recovery_attempted(enum action_end end);
/* Did Redis say that its script cannot be killed, and does a human know? */
bool recovery_gave_up(const struct recovery *r, const struct recovery_facts *facts);
/* An action that must not be interfered with is under way: a person's operation gets 409. */
bool recovery_holds(const struct recovery *r, const struct recovery_facts *facts);
const char *recovery_phase_word(enum recovery_phase phase);

#endif
