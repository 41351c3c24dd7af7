/* One service as the engine holds it: what is seen, what is decided, what is under way. Inside the
 * engine only. */
#ifndef RESUS_ENGINE_SERVICE_H
#define RESUS_ENGINE_SERVICE_H

#include "core/cause.h"
#include "core/health.h"
#include "core/preflight.h"
#include "core/recovery.h"
#include "core/tilt.h"
#include "engine/desired.h"
#include "engine/engine.h"
#include "engine/recording.h"

#define SERVICE_PENDING_MAX 64 /* requests under way: probes overlap, checks do not */
#define SERVICE_LATENCIES 64   /* newest PINGs */
#define SERVICE_WAITERS_MAX 16 /* callers sharing one refresh */
#define SERVICE_ORDERS_MAX 8   /* orders that wait for the disk */
#define SERVICE_EVIDENCE_MAX 16384

/* What an answer is for. */
enum purpose {
    FOR_NOTHING,
    FOR_PULSE,   /* PING on the kept connection */
    FOR_PROBE,   /* PING on a connection of its own */
    FOR_UNIT,    /* systemctl status / show */
    FOR_PROCESS, /* what the kernel says about the main process */
    FOR_WITNESS, /* PING from the Redis host itself */
    FOR_INFO,
    FOR_CONFIG,
    FOR_JOURNAL,
    FOR_LOG_FILE,
    FOR_ROLE_CLIENTS, /* CLIENT LIST after a change of the role */
    FOR_SAVING_LOG,   /* ... while Redis cannot save */
    FOR_RESTART_LOG,  /* the journal after a restart that was not ours */
    FOR_STOP_LOG,     /* ... and after one of recovery: how did the process before end? */
    FOR_ACTION,       /* recovery's host command or script kill */
    FOR_ACTION_2,     /* its second half: FUNCTION KILL, start after reset-failed */
    FOR_ACTION_SAVED, /* INFO persistence while its BGSAVE runs */
    FOR_INTENT,       /* recovery's intent line */
    FOR_SLOWLOG,      /* what kept Redis busy, when that is over */
    FOR_EVIDENCE,     /* INFO, SLOWLOG, CLIENT LIST before an action */
    FOR_OP_SAVE,      /* a person's operation: BGSAVE, */
    FOR_OP_SAVED,     /* INFO persistence while it saves, */
    FOR_OP_INTENT,
    FOR_OP_DESIRED,
    FOR_OP_COMMAND,
    FOR_OP_LOG,    /* the journal: how did the stop end? */
    FOR_SAMPLE,    /* INFO for the series */
    FOR_DEPENDENT, /* after it: is who depends on the service well again? */
    FOR_RIGHTS,    /* sudo -n -l */
    FOR_WISH,      /* what it shall be, when nobody waits for that to be on the disk */
};

struct pending {
    uint64_t id;
    enum purpose purpose;
    mono_ms asked;
    uint64_t action_id; /* the action or operation that it belongs to, 0 = none */
};

/* When each look is due, and the doubt in which looks come quickly. */
struct watch {
    mono_ms pulse_due, full_due, unit_due, performance_due, round_due;
    bool full_spread, performance_spread; /* the second one was put at its own place */
    mono_ms round_began;
    int quick_rounds;        /* of the 10, 30, 100 ms after a loss */
    mono_ms counted_failure; /* asked-time of the newest probe counted as failed */
    mono_ms counted_busy, counted_mismatch;
    mono_ms look_until;               /* after an action: look every few ms until then */
    bool log_asked;                   /* for this failure of the unit */
    bool log_heard;                   /* ... and something of it could be read */
    int log_misses;                   /* ... and how often in a row nothing could */
    char log_refused[FACT_TEXT_MAX];  /* a log that the host does not let us read; "" = none */
    wall_ms log_of;                   /* since when the unit had failed then */
    struct log_facts words;           /* the last words that were read, */
    wall_ms words_of;                 /* ... and since when the unit had failed with them */
    bool journal_sudo;                /* the variant that showed lines */
    bool config_refused;              /* CONFIG GET is not ours to use */
    char info_refused[FACT_TEXT_MAX]; /* what Redis answered when INFO is not ours to use; "" */
    mono_ms answered;                 /* when any reply was last read; 0 = never */
    mono_ms figures_from;             /* figures asked for before belong to another process */
    mono_ms process_ended;            /* ... and those from before the unit was seen ended */
    mono_ms figures_tried;            /* when new ones were last asked for out of turn */
    mono_ms oom_rose;                 /* when a write was last seen to be refused for memory */
    wall_ms certificate_ends;         /* of the server's chain; WALL_NONE = not known, or no TLS */
    mono_ms shut_counted;             /* asked-time of the fresh connection counted as shut out */
    mono_ms info_asked;               /* when the newest INFO that is known was asked for */
    mono_ms saving_log_due;           /* when it is read again why Redis cannot save */
    mono_ms proven;                   /* when the newest PONG came */
    mono_ms auto_restart_at;          /* when systemd was last seen to restart the unit by itself */
    wall_ms last_check;               /* newest full look */
    wall_ms last_command;             /* newest successful command */
    int64_t unit_ms, performance_ms;  /* how long the last ones took, FACT_UNKNOWN */
    int64_t usual_look_ms;            /* a command on the host usually takes, FACT_UNKNOWN */
    mono_ms witness_asked;
    int64_t latency_us[SERVICE_LATENCIES];
    unsigned latency_next, latency_count;
};

/* The unit's process, and a restart of it that Resus did not cause (other_restart.c). */
struct other_restart {
    int64_t process, restarts; /* newest main process and NRestarts; 0 and FACT_UNKNOWN: none yet */
    mono_ms seen;              /* when they were asked for */
    bool open;                 /* a restart is being explained: */
    mono_ms since;             /* the old process was last seen then, */
    mono_ms noticed;           /* the new one first then */
    int64_t restarts_before;
    bool systemd;                        /* systemd did it, by what the unit shows */
    enum unit_result result;             /* seen while systemd waited to restart it */
    bool log_asked, log_read, other_way; /* other_way: with sudo instead of without, or without */
    struct restart_facts log;
};

/* The host's words and ours around them, with a unit's name: the remedy comes last. */
#define GUARD_TEXT_MAX (FACT_TEXT_MAX * 2)

/* May Resus act on the host at all? What sudo lists, and what the host refused. */
struct guard {
    mono_ms due;                  /* when the rights are looked at next; MONO_NEVER = not yet */
    enum tri rights;              /* all that recovery needs, by the last look */
    int missing;                  /* RECOVERY_BIT()s of what sudo does not list */
    mono_ms back;                 /* when what was missing was listed again */
    char listed[GUARD_TEXT_MAX];  /* what is missing, in words; "" = nothing */
    char refused[GUARD_TEXT_MAX]; /* what the host refused, in words; "" = nothing */
    enum host_command refused_command;
    char script[GUARD_TEXT_MAX]; /* why Redis did not let us end its script, until it is well; "" */
};

enum sample_state {
    SAMPLE_UP,
    SAMPLE_DOWN,
    SAMPLE_PLANNED,
    SAMPLE_CANNOT_SAY,
    SAMPLE_PENDING /* silent, and not known yet why */
};

#define SAMPLE_LATENCIES 128 /* newest PINGs of a step */

/* The step of the series that is under way. */
struct sampler {
    mono_ms due;
    int64_t phase_ms; /* its place in the step */
    enum sample_state state;
    mono_ms accounted; /* until when time is booked */
    int64_t state_ms[SERIES_STATE_COUNT];
    int64_t latency_us[SAMPLE_LATENCIES], worst_us;
    unsigned latency_next, latency_count;
    int64_t pings, fast_pings;
    struct info_facts figures, before; /* newest, and of the step before */
    wall_ms figures_at;
    bool outage, outage_confirmed;
    mono_ms outage_began;
    enum cause outage_cause;
    mono_ms last_outage_ended; /* 0 = none yet */
    struct outage_record last_outage;
};

enum operation_phase {
    OP_PHASE_NONE,
    OP_PHASE_CHECKING,
    OP_PHASE_SAVING,
    OP_PHASE_DECIDING, /* desired state on its way to the disk */
    OP_PHASE_INTENT,
    OP_PHASE_RUNNING,
    OP_PHASE_VERIFYING,
    OP_PHASE_COUNT
};

/* How a stop ended, as far as it is known. */
enum stop_end {
    STOP_END_UNKNOWN,
    STOP_END_CLEAN,
    STOP_END_CUT /* the process was killed before it had ended by itself */
};

struct operation {
    enum operation_phase phase;
    uint64_t serial; /* an answer to an operation before is not for this one */
    struct engine_request request;
    char id[32];
    mono_ms began, deadline, command_ended;
    wall_ms since;
    struct info_facts before; /* INFO before: connections, uptime, pid */
    bool was_well;
    enum action_end end;
    int64_t process; /* of the unit, before the command: 0 = none or not known */
    int exit_code;
    char error[FACT_TEXT_MAX];
    bool answered;         /* 202 was given already */
    int64_t load_progress; /* the farthest that a load was seen, */
    mono_ms load_moved;    /* ... and when; 0 = none was */
    bool desired_changed;
    struct desired desired_before;
    mono_ms log_asked;      /* 0 = not asked */
    bool log_read;          /* the journal, for how a stop ended */
    enum stop_end stop_end; /* of the process before */
    int64_t unsaved;        /* changes that no save had when the command was sent */
    mono_ms command_sent;
    wall_ms unit_since_before; /* of the unit's state when the command was sent */
    enum unit_active unit_before;
};

/* What Redis' configuration was at the last look (config_watch.c). */
struct config_seen {
    bool any;
    int64_t maxmemory, maxclients; /* -1 unknown */
    enum tri aof, save_points;
    char policy[24];
};

/* What is known of an entry of affected_services. */
struct dependent {
    bool asked, looked;
    bool well; /* seen well since the success that is followed up */
    int http_status;
    char error[FACT_TEXT_MAX]; /* of the last look; "" = it was well */
    wall_ms checked_at;
};

struct after {
    struct dependent *dependents; /* as many as affected_services has */
    size_t count, next;           /* next: to be asked in this look */
    char what[32];                /* what is followed up, "" = nothing */
    mono_ms began, due;
    wall_ms began_wall;
    size_t looks, under_way;
    uint64_t serial;
};

/* What the last canary met. */
struct canary_seen {
    bool known;
    mono_ms at;
    struct canary_facts facts;
};

/* The long command that keeps Redis busy, and what is known of the last one. */
struct long_command {
    bool seen;
    mono_ms since; /* the last answer before it */
    int64_t pid, silent_ms;
    wall_ms ended; /* WALL_NONE = there was none */
    char text[FACT_TEXT_MAX * 2];
    const char *advice;
};

struct service {
    struct engine *engine;
    int index;
    const struct service_settings *settings;
    struct watch_policy watch_policy;
    struct recovery_policy recovery_policy;
    struct watch watch;
    struct sight sight;
    struct health_state health;
    struct pending pending[SERVICE_PENDING_MAX];
    int pending_used; /* none is under way from this place on */
    uint64_t last_id;

    struct verdict verdict; /* the last one, confirmed or not */
    enum cause cause;       /* the last confirmed one */
    wall_ms cause_since;
    enum cause cause_logged; /* the one that the log told last */
    char *misconfigured;     /* why it cannot be watched; NULL = it can */
    bool judged;             /* a first confirmed verdict exists */
    bool unproven;           /* the newest proof of health is too old to claim it */

    struct recovery recovery;
    mono_ms recovery_wake;
    struct recording recording;
    char recovery_id[SETTINGS_ID_MAX + 24]; /* of the open or last recovery */
    int recovery_actions;                   /* of it: those that took effect or failed */
    wall_ms recovery_began;
    mono_ms recovery_began_mono;
    enum cause recovery_cause;
    char recovery_words[CAUSE_WORDS_MAX]; /* the sentence about it */
    wall_ms action_began_wall;
    struct {
        bool any;
        wall_ms at;
        double duration_seconds;
        enum recovery_level level;
        enum recovery_end end;
        int attempts;
    } last_recovery;
    char action_error[FACT_TEXT_MAX];       /* what the last action's command said */
    char command_failed[FACT_TEXT_MAX * 2]; /* the last command that failed, until Redis is well */
    bool first_start;                       /* what is recovered was not started yet */
    char stop_loss[FACT_TEXT_MAX]; /* what the stop that is being undone has cost, "" = nothing */
    char cut_loss[FACT_TEXT_MAX];  /* what recovery's own restart costs if its stop is cut */
    json_t *evidence;              /* texts such as "unit: failed"; NULL = none yet */
    size_t evidence_bytes;
    wall_ms recovery_times[ENGINE_RECALL_MAX]; /* newest first; those before the start recalled */

    struct operation operation;
    mono_ms watch_after_until; /* 15 minutes after an operation */
    bool watch_after_told;
    struct after after;
    struct {
        mono_ms due; /* when its end is asked for again */
        enum purpose purpose;
        uint64_t belongs_to;
    } saving;

    struct guard guard;
    struct long_command long_command;
    struct sampler sampler;
    struct other_restart other_restart;
    struct canary_seen canary;
    bool silence_shown, figures_shown; /* as published last */
    struct exposition exposition;
    struct engine_counters counters;
    struct config_seen config_seen;
    bool role_asked; /* who made it a replica was looked for */

    struct service_state saved;
    bool wish_unsaved;  /* the disk may have another wish than `saved` */
    uint64_t event_seq; /* given out last; saved.event_seq is ahead of it */

    struct order {
        uint64_t id;           /* of the save that is waited for */
        engine_answer *answer; /* NULL = free */
        void *context;
        mono_ms deadline;
    } orders[SERVICE_ORDERS_MAX];
    struct {
        engine_answer *answer;
        void *context;
    } waiters[SERVICE_WAITERS_MAX];
    int waiter_count;
    mono_ms refresh_deadline;
    char status_shown[16], overall_shown[16]; /* as published last */
    mono_ms publish_due;
    mono_ms wake_due; /* the wake-up asked for last */
};

/* How late wake-ups came, counted by whole milliseconds; the last place holds all that is later. */
#define LATENESS_MS_MAX 1000
struct lateness {
    uint32_t counts[LATENESS_MS_MAX + 1];
    uint32_t count;
    int64_t worst_ms;
};

struct notice {
    int service; /* -1 = all */
    wall_ms at;
    char text[512 * 4], user[256];
};

struct engine {
    const struct settings *settings;
    struct engine_ports ports;
    struct tilt tilt;
    mono_ms self_due;
    struct service *services;
    int count;
    struct lateness late[2]; /* of this period and of the one before */
    mono_ms late_until;      /* end of this period */
    struct engine_lateness all_late;
    struct notice notices[ENGINE_NOTICES_MAX];
    unsigned notice_next;
};

/* engine.c */
void engine_look_at_clocks(struct engine *e, struct now now); /* before anything that enters */
/* How late our wake-ups are: so many per cent of those of the last minute or two were not later. */
int64_t engine_late_ms(const struct engine *e, int percent);

/* watch.c */
void watch_init(struct service *s, struct now now);
void watch_settings(struct service *s, struct now now); /* its intervals have changed */
void watch_turn(struct service *s,
                struct now now); /* does what is due, asks for the next wake-up */
void watch_doubt(struct service *s, const char *why, struct now now); /* NULL: not worth a line */
bool watch_at_work(const struct service *s); /* is a command of ours under way? */
void watch_look(struct service *s,
                struct now now); /* a round of checks now and every few ms for a while */
void watch_begin_round(struct service *s, struct now now);
void watch_plan_round(struct service *s, struct now now);
bool watch_in_doubt(const struct service *s);
void watch_ask_again(struct service *s, struct now now); /* on the open connection */
void watch_refresh(struct service *s, struct now now);
mono_ms watch_next(const struct service *s);

/* config_watch.c */
void config_watch(struct service *s, struct now now);

/* role_watch.c */
void role_watch(struct service *s, struct now now);
void role_clients(struct service *s, const struct redis_answer *a, struct now now);
void role_accept(struct service *s); /* what it is now is what it shall be */

/* observe.c: answers become observations */
void observe_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                   struct now now);
void observe_host(struct service *s, const struct pending *p, const struct host_outcome *o,
                  struct now now);

/* evidence.c: what the Redis host shows while Redis does not answer here */
void evidence_ask(struct service *s, struct now now);     /* what is missing and not under way */
void evidence_prove(struct service *s, struct now now);   /* while all is well */
void evidence_overdue(struct service *s, struct now now); /* an answer that has not come */
void evidence_unit(struct service *s, const struct host_outcome *o, mono_ms asked, struct now now);
void evidence_process(struct service *s, const struct host_outcome *o, mono_ms asked,
                      struct now now);
void observe_witness(struct service *s, const struct pending *p, const struct witness_outcome *o,
                     struct now now);
bool evidence_process_offered(const struct service *s);
void evidence_texts(const struct service *s, struct now now, json_t *array);
/* Would an action now be one for a hang of which not all was seen? `why` names what is missing. */
bool evidence_blind(const struct service *s, struct now now, const char **ret_why);

/* long_command.c */
void long_command_judged(struct service *s, struct now now);
void long_command_answered(struct service *s, const struct redis_answer *a, struct now now);

/* latency.c: the newest PING times; < 0 unknown */
void latency_note(struct service *s, int64_t us);
double latency_ms(const struct service *s, double percentile);
double latency_of_redis_ms(const struct service *s, double percentile); /* without our lateness */
double latency_last_ms(const struct service *s);

/* sample.c */
void sample_init(struct service *s, struct now now);
void sample_account(struct service *s, struct now now); /* books the time until now */
void sample_ping(struct service *s, int64_t us);
void sample_figures(struct service *s, const struct redis_answer *a, struct now now);
void sample_turn(struct service *s, struct now now); /* ends the step when it is due */
/* The newest outage, when it ended after `since`. */
bool sample_last_outage(const struct service *s, mono_ms since, wall_ms *ret_began,
                        double *ret_seconds);
/* The newest outage was this, whatever it was recorded as; a short one counts then, too. */
void sample_name_outage(struct service *s, enum cause cause, const char *ended_by);

/* other_restart.c */
void other_restart_unit(struct service *s, const struct unit_facts *unit, struct now now);
void other_restart_log(struct service *s, const struct host_outcome *o, struct now now);
void other_restart_turn(struct service *s, struct now now);

/* current.c: what holds now, and what is only remembered */
/* For how long Redis has answered nothing although it was asked; FACT_UNKNOWN = it answers. */
int64_t current_silence_ms(const struct service *s, struct now now);
/* Is what INFO said last of the process that runs, however old it is? */
bool current_process_info(const struct service *s);
/* Is INFO of the process that answers at the address now? */
bool current_info(const struct service *s, struct now now);
bool current_figures(const struct service *s, struct now now); /* ... and of the unit's process? */
void current_forget_figures(struct service *s, mono_ms from);  /* they may be another process's */
void current_want_figures(struct service *s,
                          struct now now);               /* a PONG came: where there are none */
void current_publish(struct service *s, struct now now); /* when silence or figures begin or end */
/* Whole days until the certificate ends, when that is soon enough to warn; FACT_UNKNOWN else. */
#define CERTIFICATE_WARNING_DAYS 7
int64_t current_certificate_days(const struct service *s, struct now now);
/* What it says when it is to be warned of; false = nothing to say. */
bool current_certificate_text(const struct service *s, struct now now, char *text, size_t size);

/* canary.c */
bool canary_wanted(const struct service *s, struct now now);
void canary_note(struct service *s, const struct redis_answer *a, struct now now);
/* Does another node of the cluster hold the key? An application would go there. */
bool canary_redirected(const struct service *s);
/* The newest result, NULL while there is none that still says something. */
const struct canary_facts *canary_newest(const struct service *s, struct now now);

/* judge.c */
void judge(struct service *s, struct now now);
/* Also of a Redis that is down, and was asked by a daemon that has died since. */
bool judge_empty_primary(const struct service *s);
void judge_facts(const struct service *s, struct now now, struct recovery_facts *f);

/* recover.c */
void recover_event(struct service *s, enum recovery_event event, uint64_t action_id,
                   enum action_end end, struct now now);
void recover_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                   struct now now);
void recover_lost(struct service *s, struct now now); /* its restart has: stop_loss */
void recover_host(struct service *s, const struct pending *p, const struct host_outcome *o,
                  struct now now);
void recover_gather(struct service *s, struct now now); /* capture.c */
void recover_capture(struct service *s, const char *what, const char *text, size_t length);
enum action_end recover_end_of(const struct host_outcome *o);
/* Keeps what a failed command said until one succeeds or Redis is well. */
void recover_note_command(struct service *s, const char *word, const struct host_outcome *o);

/* restore.c */
void restore_service(struct service *s, const struct service_state *saved, struct now now);

/* operation.c */
bool operation_running(const struct service *s);
void operation_forsake(struct service *s);              /* whoever waits for its end is told 503 */
void operation_turn(struct service *s, struct now now); /* new facts or time */
void operation_redis(struct service *s, const struct pending *p, const struct redis_answer *a,
                     struct now now);
void operation_host(struct service *s, const struct host_outcome *o, struct now now);
void operation_log(struct service *s, const struct host_outcome *o, struct now now);
void operation_saved(struct service *s, enum store_outcome outcome, struct now now);
void operation_audited(struct service *s, enum audit_outcome outcome, struct now now);
bool operation_load_moves(struct service *s, struct now now); /* operation_load.c */
mono_ms operation_next(const struct service *s);
const char *operation_phase_word(enum operation_phase phase);

/* after.c */
int after_init(struct service *s) ATTR_MUST_USE; /* negative without memory */
void after_free(struct service *s);
void after_settings(struct service *s, const struct service_settings *old);
/* An operation acted and is over; what its answer says of dependents goes into `body`. */
void after_operation(struct service *s, bool success, json_t *body, struct now now);
void after_success(struct service *s, const char *what, struct now now);
void after_turn(struct service *s, struct now now);
void after_probed(struct service *s, const struct pending *p, const struct probe_outcome *o,
                  struct now now);
mono_ms after_next(const struct service *s);
json_t *after_json(const struct service *s);

/* guard.c: can Resus act at all, and if not, why? */
void guard_init(struct service *s);
void guard_control(struct service *s, enum tri reached, struct now now); /* by a look at the unit */
void guard_turn(struct service *s, struct now now);
void guard_look(struct service *s, struct now now); /* at the rights, now */
mono_ms guard_next(const struct service *s);
void guard_rights(struct service *s, const struct host_outcome *o, struct now now);
void guard_refused(struct service *s, const struct host_outcome *o, struct now now);
void guard_redis_refused(struct service *s, const char *words); /* to end a script; "" = not */
void guard_facts(const struct service *s, struct recovery_facts *f);
/* The reason in words: what the host said, where it is the one that refuses. */
/* `ret`, of FACT_TEXT_MAX bytes, or a text that stays. */
const char *guard_withheld_text(const struct service *s, enum withheld reason, char *ret);
/* Why a failure would not be treated now, whatever it is; WITHHELD_NOT = it would be. */
enum withheld guard_reason(const struct service *s, struct now now);
json_t *guard_withheld_json(const struct service *s, enum withheld reason); /* null for NOT */
json_t *guard_json(const struct service *s, struct now now); /* null when it is guarded */
const char *guard_summary(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX]);
const char *guard_opened_text(const struct service *s, struct now now); /* of the breaker */
const char *guard_advice(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX]);
void guard_evidence(const struct service *s, json_t *array);

/* last_words.c: why the unit failed, as its log tells it */
void last_words_ask(struct service *s, struct now now); /* once for each failure */
void last_words_forget(struct service *s);
void last_words_answered(struct service *s, enum purpose purpose, const struct host_outcome *o,
                         struct now now);

/* saving_log.c */
void saving_log_turn(struct service *s, struct now now);
void saving_log_answered(struct service *s, const struct host_outcome *o);

/* saving.c */
enum saving { SAVING_RUNS, SAVING_DONE, SAVING_FAILED };
bool saving_begun(const struct redis_answer *a);        /* the reply to BGSAVE */
enum saving saving_of(const struct redis_answer *info); /* one that does not tell: it runs */
/* Asks now, for `purpose` of the operation or action; later, when the answer was "it runs". */
void saving_follow(struct service *s, enum purpose purpose, uint64_t belongs_to, struct now now);
void saving_follow_on(struct service *s, struct now now);
void saving_turn(struct service *s, struct now now);
mono_ms saving_next(const struct service *s);

/* record.c: audit lines, events, persisted state */
uint64_t request_begin(struct service *s, enum purpose purpose, mono_ms asked);
struct pending request_end(struct service *s, uint64_t id); /* FOR_NOTHING: it is not known */
uint64_t request_begin_action(struct service *s, enum purpose purpose, mono_ms asked,
                              uint64_t action_id);
#define HOST_LOOK_LIMIT_MS 10000 /* then the host does not answer */
/* A command that only reads; number: lines of a log, a process, else 0. */
void request_host(struct service *s, enum purpose purpose, enum host_command command, int number,
                  bool with_sudo, struct now now);
void request_host_of(struct service *s, enum purpose purpose, enum host_command command, int number,
                     bool with_sudo, uint64_t action_id, struct now now);
bool request_pending(const struct service *s, enum purpose purpose);
mono_ms request_asked(const struct service *s, enum purpose purpose); /* newest; MONO_NEVER none */
void record_state(struct service *s, uint64_t id, enum store_class class);
void record_wish(struct service *s, struct now now); /* stopped_on_purpose has changed */
void record_line_init(const struct service *s, struct audit_line *line, enum audit_event event,
                      const char *operation, const struct engine_user *user, struct now now);
void record_setting(struct service *s, const char *operation, const struct engine_user *user,
                    const char *reason, struct now now);
void record_event(struct service *s, const char *type, json_t *body,
                  struct now now); /* steals body */
void record_status(struct service *s, struct now now);
void record_health(struct service *s, struct now now);
void record_auto_recovery(struct service *s, enum recovery_level level, const char *status,
                          const char *message, struct now now);
void record_service_event(struct service *s, const char *event, const struct engine_user *user,
                          const char *result, const char *message, double duration_seconds,
                          struct now now);
void record_notice(struct service *s, const char *message, struct now now);
void service_log(const struct service *s, bool warning, const char *format, ...) ATTR_PRINTF(3, 4);
void service_schedule(struct service *s);

/* snapshot.c */
const char *snapshot_status(const struct service *s); /* running, stopped ... */
enum overall snapshot_overall(const struct service *s);
enum withheld snapshot_withheld(const struct service *s, const struct recovery_facts *f);
void snapshot_preflight(const struct service *s, enum engine_operation operation, struct now now,
                        struct preflight *ret);

#endif
