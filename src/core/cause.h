/* The causes: one table says what each is called, how bad it is, whether a restart would help, what
 * Resus does about it by itself, which alert it belongs to, and what people read about it. Adding a cause
 * is adding a row, a rule in cause_judge() and a test row. */
#ifndef RESUS_CORE_CAUSE_H
#define RESUS_CORE_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"
#include "core/health.h"
#include "core/severity.h"

/* What stands before a line of evidence that was read from a log: not everybody may see it. */
#define CAUSE_LOG_EVIDENCE "log: "

enum cause {
    CAUSE_NONE, /* not judged yet */
    CAUSE_OK,
    CAUSE_LOADING,
    CAUSE_BUSY_SCRIPT,
    CAUSE_HUNG,
    CAUSE_BUSY_COMMAND,
    CAUSE_IO_BLOCKED,
    CAUSE_TRACED,
    CAUSE_FROZEN,
    CAUSE_PATH_BROKEN,
    CAUSE_CONNECTION_REFUSED,
    CAUSE_UNIT_STOPPED,
    CAUSE_STOPPED_ON_PURPOSE,
    CAUSE_UNIT_FAILED,
    CAUSE_CRASHED,
    CAUSE_OOM_KILLED,
    CAUSE_SYSTEMD_RESTARTING,
    CAUSE_START_LIMIT_HIT,
    CAUSE_START_TIMEOUT,
    CAUSE_STOP_HANGING,
    CAUSE_PERSISTENCE_FAILING,
    CAUSE_WRITES_REFUSED_MEMORY,
    CAUSE_WRITES_PAUSED,
    CAUSE_CLIENTS_EXHAUSTED,
    CAUSE_CONFIG_ERROR,
    CAUSE_PORT_IN_USE,
    CAUSE_DATA_CORRUPT,
    CAUSE_PERMISSION_DENIED,
    CAUSE_DISK_FULL,
    CAUSE_MODULE_MISSING,
    CAUSE_WRONG_INSTANCE,
    CAUSE_REPLICA_LINK_DOWN,
    CAUSE_ACCESS_REFUSED,
    CAUSE_CONTROL_LOST,
    CAUSE_DOWN_UNCONTROLLED,
    CAUSE_HOST_UNREACHABLE,
    CAUSE_SELF_DOUBT,
    CAUSE_MISCONFIGURED, /* found where its settings are used, not by cause_judge() */
    CAUSE_MEMORY_HIGH,
    CAUSE_CONNECTIONS_HIGH,
    CAUSE_LATENCY_HIGH,
    CAUSE_CPU_HIGH,
    CAUSE_ERRORS_HIGH,
    CAUSE_LOAD_HIGH,
    CAUSE_MEMORY_GROWING,
    CAUSE_SLOW_QUERIES,
    CAUSE_WATCHED_ELSEWHERE, /* said by the fleet, not by cause_judge() */
    CAUSE_COUNT
};

enum overall {
    OVERALL_UNKNOWN,
    OVERALL_HEALTHY,
    OVERALL_DEGRADED,
    OVERALL_CRITICAL,
    OVERALL_COUNT
};

enum restart_verdict {
    RESTART_UNNEEDED,
    RESTART_HELPS,
    RESTART_USELESS,
    RESTART_HARMFUL,
    RESTART_VERDICT_COUNT
};

/* What Resus does by itself. */
enum remedy {
    REMEDY_NONE,        /* nothing to do */
    REMEDY_WAIT,        /* wait while it progresses, then judge again */
    REMEDY_KILL_SCRIPT, /* SCRIPT KILL / FUNCTION KILL */
    REMEDY_LADDER,      /* soft, (standard,) hard: active but not answering */
    REMEDY_START,       /* after the grace: standard, then hard */
    REMEDY_RESTART,     /* hard */
    REMEDY_WINDOW,      /* wait out systemd's start limit (or reset-failed), then one start */
    REMEDY_BGSAVE,      /* a human; meanwhile BGSAVE is tried again now and then */
    REMEDY_HUMAN,       /* only a human can help: alert */
    REMEDY_PATIENCE,    /* hands off; a human when it lasts */
    REMEDY_OBSERVE,     /* we cannot know: hands off */
    REMEDY_COUNT
};

struct cause_row {
    const char *code; /* stable: people build on it */
    enum overall overall;
    enum restart_verdict restart;
    enum remedy remedy;
    enum alert_class alert_class; /* whose alert it is */
    enum severity severity;       /* of that alert */
    const char *summary;          /* one sentence: what is wrong */
    const char *advice;           /* one sentence: what a person should do; "" = nothing */
};

const struct cause_row *cause_row(enum cause cause);
const char *overall_word(enum overall overall);
const char *restart_word(enum restart_verdict verdict);
/* CAUSE_NONE when the code is unknown. */
enum cause cause_by_code(const char *code);
/* Is this one of the figures against limits (CAUSE_MEMORY_HIGH to CAUSE_SLOW_QUERIES), and over its
 * limit? */
bool cause_figure_bad(const struct health_levels *levels, enum cause cause);

/* All that is seen of one service at one moment. Facts that were asked for before `probing_since`
 * do not count for a conclusion that recovery would act on. */
struct observations {
    struct probe_facts kept;  /* newest answer on the kept connection */
    struct probe_facts fresh; /* newest answer on a connection of its own */
    struct unit_facts unit;
    struct process_facts process, process_before; /* newest look, and the one it is compared with */
    struct process_facts group, group_before;     /* the same of the unit's control group: only its
                                                     processor time */
    mono_ms stirred;        /* the newest look at a process that did something; 0 = none */
    mono_ms refused;        /* when a connection was last refused; 0 = never */
    mono_ms refusing_since; /* when the first refusal in a row was heard; 0 = the newest is none */
    mono_ms slow_look;      /* when a command on the host last took unusually long; 0 = never */
    struct witness_facts witness; /* newest answer from the Redis host itself */
    bool witness_proven; /* Redis was answered there before: only then is no answer a fact */
    mono_ms witness_answers_since; /* the first answer in a row there in this silence, */
    mono_ms witness_refuses_since; /* ... and the first refusal */
    struct info_facts info;
    struct pause_facts pause;
    bool in_group; /* the process of `info` is in the unit's control group */
    struct log_facts log;
    struct log_facts saving_log; /* why Redis cannot save, while it cannot */
    bool log_read;               /* the journal was read since the unit was seen to have failed */
    mono_ms probing_since;   /* when something first looked wrong; MONO_NEVER while nothing does */
    mono_ms last_answer;     /* when any reply was last read */
    mono_ms unit_same_since; /* since when every look has shown the unit and its main process so */
    int64_t failed_probes;   /* probes in a row, confirm_interval apart, that nothing answered */
    mono_ms failing_since;   /* when the first of them was heard to have failed */
    mono_ms enough_asked;    /* when the one was asked that made them enough, or the newest until
                                they are; the first that waits after others were refused */
    int64_t busy_replies;    /* BUSY in a row, confirm_interval apart */
    int64_t shut_out;   /* fresh connections in a row that failed although the open one answered
                           in between */
    int64_t mismatches; /* looks in a row at which Redis answered while its unit did not run */
    bool ever_answered; /* a PONG was seen at this address at some time */
    bool stopped_on_purpose;
    bool start_tried;      /* a start of ours did not help against this failure */
    bool loading_seen;     /* since the unit's last start */
    bool stop_begun;       /* the unit was seen stopping in good order since it last ran, and not
                              by a command of ours */
    bool start_cancelled;  /* another stop has ended a start of ours, and it has not run since */
    mono_ms unready_since; /* since when Redis serves while its unit is still starting; 0 */
    bool never_ready;      /* it served, and its unit has not become active since */
    bool look_cut;         /* the newest look at the unit ended with its session, and the one before
                              reached the host */
    bool role_changed;     /* a primary has become a replica, and no failover explains it */
    bool systemd_restarts; /* systemd was seen to restart the unit by itself */
    bool oom_errors_rising;
    bool tilt;
    struct health_levels levels;
    int64_t failure_threshold;                           /* policy */
    int64_t confirm_interval_ms;                         /* policy */
    int64_t probe_timeout_ms;                            /* policy: of one PING */
    int64_t blind_hang_ms, busy_alert_ms, busy_limit_ms; /* policy; a limit of 0 = never */
};

struct verdict {
    enum cause cause;
    bool confirmed; /* false: something looks wrong but it is too early to say what; `cause` is the
                       suspicion */
};

/* How long a script may run before Redis answers BUSY, unless CONFIG says otherwise (redis.conf
 * busy-reply-threshold), and how long after that a reply may be on its way. */
#define CAUSE_BUSY_THRESHOLD_MS 5000
#define CAUSE_BUSY_MARGIN_MS 500
/* As many refused connections, with an answer on the open one before each but the first. */
#define CAUSE_SHUT_OUT_REFUSALS 2
/* A stop that takes longer than this while Redis still serves is hanging. Above redis'
 * shutdown-timeout of 10 s. */
#define CAUSE_STOP_DEADLINE_MS 30000
/* ... and while Redis says that it saves: as long as ten minutes. */
#define CAUSE_SAVE_DEADLINE_MS 600000

/* A unit that is still starting so long after Redis has answered waits for a ready message that
 * does not come. */
#define CAUSE_READY_LIMIT_MS 5000
/* Redis refuses and the host cannot be controlled: a host that boots looks so for a while. */
#define CAUSE_UNCONTROLLED_MS 10000

/* A look at the unit is given up after this long: then the host does not answer. */
#define CAUSE_LOOK_LIMIT_MS 10000

struct verdict cause_judge(const struct observations *observations, mono_ms now);

/* Did the handshake fail because the certificate of Redis has expired? */
bool cause_certificate_expired(const struct observations *observations);

/* The sentences of cause_row(), where what is seen allows one that says more. `address` is where
 * Redis was asked, `here` says that it runs on this machine, `own` that Resus runs it without systemd.
 * Returns `ret`, or a static text. */
#define CAUSE_WORDS_MAX (FACT_TEXT_MAX * 2)
struct cause_place {
    const char *unit, *address;
    bool here, own;
};
const char *cause_summary(enum cause cause, const struct observations *observations,
                          struct cause_place place, char ret[CAUSE_WORDS_MAX]);
const char *cause_advice(enum cause cause, const struct observations *observations,
                         struct cause_place place, char ret[CAUSE_WORDS_MAX]);

/* The answer that counts: the newer of the two connections; a fresh one that was refused at the
 * door counts as long as no later fresh one got in, because the kept connection does not pass that
 * door again. Never NULL; reply is REPLY_NONE while nothing was asked. */
const struct probe_facts *cause_probe(const struct observations *observations);

/* Is INFO's process another than the unit's main process? Only an INFO that was asked for since the unit
 * has its present process is compared: the one before may have answered, and be heard late. Process
 * 1 is a container's own numbering, and never is. */
bool cause_beside_main(const struct observations *observations);
/* ... and none that the main process has started: a wrapper that waits for Redis is no stranger.
 */
bool cause_other_process(const struct observations *observations);

/* Do new connections fail while the open one is answered? Not one of the refusals that Redis itself
 * words (those are in cause_probe()). */
bool cause_shut_out(const struct observations *observations);

/* Did Redis and systemd agree that all is well, with facts no older than probing? (PONG, and the
 * unit is active.) */
bool cause_proven_well(const struct observations *observations);

/* ... or lacks it nothing but its primary, as a replica that serves no stale data (MASTERDOWN)?
 * What a start can do for it is done. */
bool cause_serves(const struct observations *observations);

/* A stop that systemd cuts takes at least this long: TimeoutStopSec is given in seconds. */
#define STOP_CUT_MIN_MS 1000
/* Did a stop that was not ours end by SIGKILL, before Redis had done its final save? */
bool cause_stop_was_cut(const struct observations *observations);

/* The unit does not run and systemd does not say since when: the host has booted, or nothing refers
 * to the unit (it is not enabled), so that systemd forgot it. */
bool cause_stop_unrecorded(const struct unit_facts *unit);

/* A primary without persistence that had replicas when last seen: started empty it would wipe
 * them. What could not be read counts as "no persistence" when replicas were there. */
bool cause_empty_primary(const struct info_facts *info);

#endif
