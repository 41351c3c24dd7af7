/* The simulated world around the engine: hosts with systemd and Redis, the ways to them, the disk,
 * people, and a daemon that can be killed at any step. One struct, one agenda, one source of
 * chance: nothing here reads a clock or a file. Times are milliseconds of the world's own, which
 * only runs forward; what the daemon's clocks say of it is clocks.c's. */
#ifndef RESUS_TESTS_SIM_SIM_H
#define RESUS_TESTS_SIM_SIM_H

#include "agenda.h"
#include "base/attr.h"
#include "base/buf.h"
#include "chance.h"
#include "engine/engine.h"

#define SIM_SERVICES_MAX 3
#define SIM_ASKS_MAX 64    /* requests to one Redis under way */
#define SIM_ERRANDS_MAX 64 /* commands on one host under way */
#define SIM_PEEKS_MAX 8    /* PINGs from one host */
#define SIM_JOBS_MAX 8     /* systemd jobs of one unit */
#define SIM_TROUBLES_MAX 64
#define SIM_PLAYED_OF 32 /* every 32nd seed plays its recordings again, and has events in full */
#define SIM_FOREIGN_PID 4194304 /* of a foreign Redis: above all of ours */
#define SIM_NEVER INT64_MAX
#define SIM_OUTSIDE (-1) /* a Redis that is no service of this world */
#define SIM_STARTS_MAX 5 /* systemd's default start limit: 5 in 10 s */

/* ── a host: systemd, the process, what is wrong with it ── */

enum process { PROCESS_NONE, PROCESS_BOOT, PROCESS_LOADING, PROCESS_UP, PROCESS_ENDING };
enum job_kind { JOB_START, JOB_STOP, JOB_RESTART };

struct job {
    enum job_kind kind;
    uint64_t serial;
};

struct unit {
    /* how it is set up */
    bool restarts; /* Restart=always */
    bool child;    /* the daemon is told at once that its process has ended */
    int64_t timeout_stop_ms, timeout_start_ms;
    bool start_pre; /* a command goes before each start, which a stop kills */
    bool can_reload, reload_heals;
    int64_t boot_ms, load_ms, exit_ms;
    int64_t limit_window_ms; /* StartLimitIntervalSec */
    int64_t script_shows_ms; /* busy-reply-threshold */
    bool persists, primary_with_replicas;
    bool accounts; /* systemd counts the processor time of the unit (CPUAccounting=) */
    /* systemd */
    enum unit_active active;
    const char *sub;
    enum unit_result result;
    enum unit_notice notice;
    int64_t pid, restarts_count, since;
    bool too_quickly;
    int64_t starts[SIM_STARTS_MAX];
    struct job jobs[SIM_JOBS_MAX];
    size_t job_count;
    bool job_stopping; /* the first job's stop is under way */
    enum log_class words;
    /* the process */
    enum process process;
    uint64_t generation; /* of the process; timers of an older one mean nothing */
    int64_t began, load_done_ms, load_tick;
    bool frozen;  /* it does nothing; `held` says what a look at the process shows */
    bool freezer; /* ... in the freezer of its control group, as systemd tells */
    enum task_state
        held; /* S: a real hang, or the freezer; T: a signal; D: a disk; t: a debugger */
    int64_t held_since, served_since; /* since when it is held; since when it serves again */
    bool deaf;                 /* its hang does not obey SIGTERM either: only SIGKILL ends it */
    int64_t writes_wait_until; /* CLIENT PAUSE n WRITE */
    bool reports_pauses;       /* in INFO, as Valkey; else only CLIENT LIST does */
    int64_t work_until;        /* a command without a script runs; 0 = none */
    int64_t work_since;        /* since when it has been without an answer */
    int64_t work_rest;         /* of a command that is held */
    int work_left;             /* commands of a burst that are to come */
    bool kill_waits;           /* a SIGKILL that the disk holds back */
    int work_percent;          /* of a core, while a command or script runs */
    bool starved;              /* ... and it would take all of it */
    int64_t child_until;       /* a child of it works: only the unit's processor time shows that */
    int64_t cpu, unit_cpu, clocked; /* processor time in hundredths of a millisecond, until when */
    int rate, unit_rate;            /* percent of a core since then */
    int64_t script_until;           /* 0 = no script */
    int64_t script_since;
    bool script_wrote, script_function;
    bool stuck;              /* its stop cannot save */
    int64_t relapse_ms;      /* it hangs so long after each start; 0 = it does not */
    int64_t kept_down_until; /* an automation wants it stopped */
    /* what is wrong */
    enum log_class bad_words; /* it does not start and says so; LOG_NONE = it starts */
    bool bad_start;           /* it does not start */
    bool save_fails, load_stalls, full, door_shut, failover;
    bool foreign;              /* a foreign process holds the port */
    enum host_command refused; /* what sudo does not allow; HOST_COMMAND_COUNT = nothing */
    bool local_next, local;    /* its next start, or this process, listens on loopback only */
    /* whom it follows (replication.c) */
    enum redis_role role;
    int primary;            /* of a replica or Sentinel: a service, or SIM_OUTSIDE */
    int successor;          /* of a primary that Sentinel gave up: whom it is to follow */
    bool answers_stale;     /* replica-serve-stale-data */
    bool link_cut, link_up; /* the way to its primary; the link on it */
    bool link_tried;        /* ... is on its way to be up */
    bool syncing;
    uint64_t link_serial;
    int64_t down_after_ms; /* of a Sentinel */
};

/* ── the ways ── */

/* Unreachable: no route. Rejected: a reset for every new connection. Reset: the peer accepts and
 * then closes, as a proxy whose other side is gone. */
enum way { WAY_OPEN, WAY_SILENT, WAY_UNREACHABLE, WAY_REJECTED, WAY_RESET };

struct ask {
    bool used, settled, lost; /* lost: only its deadline is to come */
    uint64_t id, serial;
    enum redis_request request;
    bool fresh;
    int64_t asked, deadline; /* the deadline in the daemon's monotonic time */
    uint64_t generation;     /* of the process that has it in its socket, 0 = not sent */
    struct redis_answer answer;
};

struct errand {
    bool used, settled;
    uint64_t id, serial, job; /* job: of systemd, 0 = none */
    enum host_command command;
    int64_t began, deadline;
    bool reached;
    struct host_outcome outcome;
    char text[256]; /* what it printed */
    bool acts;
    bool over;  /* it has ended, but its answer was lost */
    int number; /* the process that is asked about */
};

/* A PING from the host itself. */
struct peek {
    bool used, settled;
    uint64_t id, serial;
    int64_t asked, deadline;
    uint64_t generation; /* of the process that it is connected to, 0 = none */
    struct witness_facts facts;
};

/* ── the daemon's disk ── */

enum disk_mood { DISK_WELL, DISK_FULL, DISK_HANGS };

struct pending_save {
    uint64_t id, life;
    int service;
    struct service_state state;
};

struct line {
    uint64_t id, life;
    int service;
    bool intent, automatic, durable_asked;
    char request_id[48], operation[48], reason[96];
};

struct disk {
    enum disk_mood store, audit;
    struct service_state durable[SIM_SERVICES_MAX]; /* what a start finds */
    bool unsaved[SIM_SERVICES_MAX];                 /* kept in memory for a better time */
    struct service_state kept[SIM_SERVICES_MAX];
    struct pending_save saves[256];
    size_t save_count;
    struct line lines[256]; /* on their way to the file, in order */
    size_t line_count;
    bool store_busy, audit_busy; /* an appointment is made */
};

/* ── what the promises need to know ── */

/* What the daemon was shown of the processor time of one process, by one source. */
struct cpu_seen {
    int64_t pid, asked;
    int64_t mark_asked, mark_ms; /* the look that the next one is compared with */
    int64_t compared, percent;   /* the newest comparison: since when, and its result */
    int64_t rises_since;         /* SIM_NEVER: the newest comparison shows no rise */
};

struct intent {
    bool open, durable, failed, automatic, ran;
    char request_id[48], operation[48], cause[40];
    int64_t allowed; /* attempts, when it was decided */
    int64_t pid;     /* of the process that a person's restart is to end; 0 = not known */
    int64_t told;    /* when it was given to the audit log */
    uint64_t life;   /* of the daemon that told it */
};

struct told {
    enum reply_class reply;     /* the newest answer, by when it was asked */
    int64_t reply_asked, proof; /* proof: when the newest PONG was delivered */
    int64_t pong_asked;
    int64_t silences, silence_asked; /* failed probes in a row, apart; the newest that counted */
    int64_t failing;                 /* when the first of them was told */
    int64_t answered;                /* when any reply was delivered */
    struct unit_facts unit;
    int64_t unit_asked;
    wall_ms failed_of;       /* since when it says that it has */
    int64_t failed_asked;    /* when the first look that showed it so began */
    int64_t failed, stopped; /* since when the unit was shown so; SIM_NEVER = it is not */
    enum log_class log;
    int64_t log_at; /* when its exit log was read */
    int log_misses; /* how often they could not be, for this failure */
    int64_t announced;
    int64_t trouble; /* when the first of the failed probes was asked; SIM_NEVER = all is well */
    int64_t unwell;  /* when a failure that is treated was last believed in */
    int64_t script_shows_ms; /* as CONFIG told it */
    int64_t load_moved;      /* when INFO last told of a load that had moved, */
    double load_percent;     /* further than ever since the last command */
    bool stop_seen;          /* the unit was shown not to run, to this daemon or, as the disk knows,
                                to one before it */
    bool stop_begun; /* the unit was shown stopping in good order since it ran, and not for us */
    bool cancelled;  /* a stop ended our start, and the unit was not shown otherwise since */
    int64_t cancelled_at;
    bool failover;
    int64_t info_at;
    /* of the process, by a look at itself and by the unit's accounting */
    struct cpu_seen process, accounted;
    enum task_state state;
    int64_t tracer, state_asked;
    int64_t state_pid, state_first; /* the first look in a row that shows this process so */
    /* asked on the host */
    bool peek_possible;
    enum reply_class peek_reply;
    int64_t peek_asked;
    int64_t look_ms; /* how long the newest look at the host took */
};

#define SIM_RISE_PERCENT 20 /* of a core: a process that uses that works */
#define SIM_RECORDS_MAX 32

/* What the history has: each recovery under its own id. */
struct chronicle {
    char ids[SIM_RECORDS_MAX][32]; /* the newest */
    bool over[SIM_RECORDS_MAX];
    size_t next;
    uint64_t ended, life; /* recoveries that ended, in this life of the daemon */
    uint64_t by_systemd;  /* crashes that systemd healed */
};

struct witness {
    struct intent intent; /* the newest */
    struct told told;
    bool should_be_stopped; /* a person's stop was acknowledged and not taken back */
    int64_t stop_lasts;     /* since when a stop that the disk knows to be done goes on although it
                               serves; SIM_NEVER = it does not */
    int64_t others_started; /* when others last started it */
    bool paused;
    wall_ms paused_until;
    int64_t paused_seen;    /* when the daemon last said that it is paused */
    bool asked_during_load; /* the newest operation of a person was */
    int outstanding;        /* acting commands under way, of this life */
    int effective;          /* automatic actions since attempts were forgotten */
    int attempts;           /* as told to the store last */
    int64_t reset;          /* when a person last asked to forget them */
    int64_t acted;          /* when the newest automatic action went out */
    int64_t acted_end;      /* when the newest command that acts was heard to have ended */
    int64_t failed_end;     /* when the newest failed attempt of this failure was over */
    int64_t well_since;     /* health is claimed without a break; SIM_NEVER = it is not */
    int64_t asked;          /* when Redis was last asked anything */
    uint64_t last_seq, seq_life;
    bool seq_uncertain; /* a start found no disk to write to, and none has them since */
    int64_t ended[3];   /* recoveries that count for the breaker, newest first */
    int recovery_steps; /* that were not taken back */
    int64_t empty_told;
    bool known_empty;     /* the daemon was told that it is a primary that would come back empty */
    char alerted[40];     /* the cause that a human was called for and that is not over yet */
    bool ended_for_human; /* a recovery, in this step */
    bool needed;          /* a human is said to be needed: since a call of this life, or restored */
};

/* A wake-up that the daemon asked for. */
struct timer {
    int64_t due;     /* in monotonic time */
    int64_t planned; /* in the world's time: the appointment that looks at it */
    uint64_t serial; /* of that one */
};

struct service_world {
    struct unit unit;
    enum way redis_way, ssh_way;
    enum way door;                   /* what new connections to Redis meet; open ones stay */
    int64_t door_since, redis_since; /* when it, or the way to Redis, last changed */
    int loss_percent; /* of requests, of replies and of commands' answers: lost, or late */
    bool cuts;        /* the session is cut while a command runs */
    struct ask asks[SIM_ASKS_MAX];
    struct errand errands[SIM_ERRANDS_MAX];
    bool kept_up;
    uint64_t kept_generation;
    int64_t kept_arrives, kept_delivers; /* of the newest request on it */
    struct peek peeks[SIM_PEEKS_MAX];
    bool tunnel_forbidden; /* sshd permits no forwarding, */
    int64_t tunnel_since;  /* ... or does, since then */
    int64_t line_ms;       /* a slow line: its round trip */
    int64_t late_ms;       /* answers of commands come up to so much later, in any order */
    bool muddled;          /* process numbers are given to others at once */
    int64_t reloaded;      /* when its settings were last read */
    int64_t clear_since;   /* since when both ways are open, fast and lossless; SIM_NEVER */
    struct chronicle chronicle;
    struct { /* since when an action or an operation has not moved on */
        int64_t since;
        uint64_t serial;
    } stuck;
    struct witness witness;
    struct timer timer;
    int64_t hung, hang_limit; /* the same of a hang; within which something is to be done */
    int64_t crashed;          /* of a crash that nothing else befell; 0 = none (cure.c) */
    int64_t healing;          /* ... that systemd is to heal, */
    uint64_t healed;          /* and how many such the history had then */
    struct buf incident;      /* the lines of the one that is open */
    uint64_t incidents;       /* played again */
    int64_t asks_looked, errands_looked; /* when their deadlines are looked at next; 0 = not */
};

/* ── one run ── */

/* Which seeds record their incidents, and play them again: every SIM_PLAYED_OF-th does. To measure
 * what recording costs, none or all record, and nothing is played. */
enum recordings { RECORDINGS_PLAYED, RECORDINGS_NONE, RECORDINGS_ALL };

struct sim {
    struct chance chance;
    int64_t now, end, calm_end;
    uint64_t seed;
    bool trace, failed, calm, over;
    bool malice;     /* things happen just when an action is about to run */
    bool no_witness; /* nothing can be asked from a host */
    struct settings settings;
    struct service_settings *services; /* one of the banks: a reload brings the other */
    struct service_settings banks[2][SIM_SERVICES_MAX];
    int count;
    struct service_world worlds[SIM_SERVICES_MAX];
    struct disk disk;
    /* the daemon */
    struct engine *engine;
    uint64_t life; /* counts the daemon's starts */
    struct timer self_timer;
    int64_t deaf_until;   /* its loop is held up */
    int64_t asleep_until; /* ... by a suspend, in which monotonic time stands */
    int64_t jolted;       /* when it last had a reason to doubt itself */
    int64_t clock_set;    /* when the wall clock was last set */
    int64_t disk_sick;    /* when the store was last not well */
    uint64_t crash_at;    /* at this many calls of its ports */
    uint64_t calls;
    bool dying;
    bool entered; /* the engine was, in this step */
    /* its clocks */
    int64_t mono_offset, boot_offset, wall_offset;
    int64_t wall_offset_seen; /* when the daemon last looked */
    int64_t drift_ppm;
    /* the swarm: mean interval of each trouble, 0 = off */
    int64_t trouble_ms[SIM_TROUBLES_MAX];
    uint64_t steps;
    int turns; /* steps at this moment */
    uint64_t pids, serials;
    uint64_t operations;
    struct call *calls_open; /* people who wait for an answer (people.c) */
    uint64_t actions, alerts, crashes, faults, cures, hangs;
    uint64_t decisions; /* a fingerprint of all that the daemon asked of the world, and when */
    char failure[512];
    struct agenda agenda; /* behind all: a new run needs its counters at zero, not its megabytes */
    enum recordings recordings; /* of every run: not cleared */
};

/* sim.c */
void sim_say(struct sim *s, int service, const char *format, ...) ATTR_PRINTF(3, 4);
/* A promise is broken: the first one is kept and ends the run. */
void sim_broken(struct sim *s, int service, const char *format, ...) ATTR_PRINTF(3, 4);
void sim_at(struct sim *s, int64_t at, agenda_act *act, int service, uint64_t id);
void sim_input(struct sim *s, int64_t at, agenda_act *act, int service, uint64_t id);
bool sim_run(uint64_t seed, bool trace, struct sim *s); /* false: a promise was broken */

/* clocks.c */
/* Asked for in order to enter the engine, and only then. */
struct now clocks_now(struct sim *s);
struct now clocks_read(const struct sim *s); /* without entering it: what it would say now */
int64_t clocks_mono(const struct sim *s);
/* When the world reaches this moment of the daemon's monotonic time. */
int64_t clocks_world_of(const struct sim *s, int64_t mono);

/* unit.c: systemd and the process */
void unit_init(struct sim *s, int service);
uint64_t unit_job(struct sim *s, int service, enum job_kind kind);
void unit_kill(struct sim *s, int service, enum unit_result result);
void unit_exit(struct sim *s, int service);        /* the process ends by itself, cleanly */
void unit_resume_exit(struct sim *s, int service); /* what kept it from ending is gone */
bool unit_reset_failed(struct sim *s, int service);
void unit_facts(const struct sim *s, int service, bool extended, struct unit_facts *ret);

/* process.c: what the process does with its time, and what the kernel says of it */
void process_clock(struct sim *s, int service);                /* after every change of that */
bool process_works(const struct sim *s, const struct unit *u); /* a command or script runs */
void process_facts(struct sim *s, int service, int64_t pid, struct process_facts *ret);
int64_t process_unit_ms(const struct sim *s, const struct unit *u);
void process_work(struct sim *s, int service);   /* a long command begins, or several */
void process_freeze(struct sim *s, int service); /* it hangs, or a signal stops it */
void process_stop(struct sim *s, int service);   /* a signal stops it */
void process_hold(struct sim *s, int service);   /* a disk or a debugger holds it */
void process_hang(struct sim *s, int service);   /* ... for good, in state S */
void process_pause_writes(struct sim *s, int service);
void process_child(struct sim *s, int service);   /* a child saves */
void process_release(struct sim *s, int service); /* what held it is over */

/* on_host.c: PING from the host itself */
void on_host_ask(struct sim *s, int service, uint64_t id, int port, int64_t deadline);
void on_host_cut(struct sim *s, int service);
void on_host_forget(struct sim *s, int service);

/* reload.c: new settings */
void reload_settings(struct sim *s, int service);

/* It loads what it has, or what its primary sent. */
void unit_load(struct sim *s, int service);

/* replication.c */
void replication_init(struct sim *s, int service);
void replication_plan(struct sim *s);
void replication_changed(struct sim *s); /* a process, a link or a role has */
void replication_loaded(struct sim *s, int service);
int64_t replication_replicas(const struct sim *s, int service); /* as INFO tells it */

/* server.c: what Redis answers */
void server_ask(struct sim *s, int service, uint64_t id, enum redis_request request, bool fresh,
                int64_t deadline);
void server_changed(struct sim *s, int service); /* look again at those who wait */
void server_died(struct sim *s, int service);    /* its connections are closed */
void server_forget(struct sim *s, int service);  /* the daemon is gone */
void server_way_changed(struct sim *s, int service);
void server_cut(struct sim *s, int service); /* our side of its connections is closed */
/* Would a PING be answered by a client that gets to it? REPLY_NONE = not now. */
enum reply_class server_on_host(struct sim *s, int service);
int64_t server_load_progress(const struct sim *s, int service);

/* shell.c: commands on the host */
void shell_run(struct sim *s, int service, const struct host_request *request);
void shell_job_ended(struct sim *s, int service, uint64_t serial, bool ok);
void shell_job_cancelled(struct sim *s, int service, uint64_t serial); /* before its end */
void shell_way_changed(struct sim *s, int service);
void shell_supersede(struct sim *s, int service); /* what still runs has no owner now */
void shell_cut(struct sim *s, int service);       /* our side of its session is closed */
void shell_forget(struct sim *s, int service);

/* disk.c: the store and the audit log */
void disk_save(struct sim *s, int service, uint64_t id, const struct service_state *state);
void disk_audit(struct sim *s, int service, uint64_t id, const struct audit_line *line,
                bool durable);
void disk_mood_changed(struct sim *s);
void disk_load(struct sim *s);          /* a start reads it */
void disk_crash(struct sim *s);         /* what was not durable is gone */
void disk_close_intents(struct sim *s); /* as the daemon does at its start */

/* daemon.c */
void daemon_start(struct sim *s);
void daemon_stop(struct sim *s);
void daemon_kill(struct sim *s, int64_t down_ms);
void daemon_stall(struct sim *s, int64_t ms);
void daemon_suspend(struct sim *s, int64_t ms);
/* Everything that enters the engine goes through here. */
bool daemon_alive(const struct sim *s);

/* incident.c: what the daemon records of an incident, played again when it is over */
void incident_line(struct sim *s, int service, uint64_t number, const char *line, bool last);
void incident_forget(struct sim *s); /* the daemon is gone: what it has written is played */

/* cure.c: a crash that nothing else befalls */
void cure_crash(struct sim *s, int service);              /* the process is about to die */
void cure_hang(struct sim *s, int service, bool stopped); /* ... to hang until it is restarted */
void cure_disturbed(struct sim *s, int service);          /* something else happens; -1 = to all */
void cure_step(struct sim *s, int service);

/* trouble.c and people.c */
void trouble_plan(struct sim *s);
void trouble_end(struct sim *s);
void people_operate(struct sim *s, int service);
void people_tweak(struct sim *s, int service);
int64_t trouble_duration(struct sim *s);
void trouble_at_intent(struct sim *s, int service); /* at the worst moment */
void people_forget(struct sim *s);                  /* the daemon is gone: nobody is answered */
void people_outside(struct sim *s, int service);

/* witness.c: what the daemon was told */
struct told witness_told_nothing(void);
bool witness_loads(const struct sim *s, int service);
bool witness_stopped(const struct told *told);
void witness_probe(struct sim *s, int service, const struct ask *a);
void witness_unit(struct sim *s, int service, int64_t began, const struct unit_facts *unit);
void witness_info(struct sim *s, int service, const struct ask *a);
void witness_process(struct sim *s, int service, int64_t began, const struct process_facts *p);
void witness_peek(struct sim *s, int service, int64_t asked, const struct witness_facts *facts);
void witness_log(struct sim *s, int service, const struct log_facts *log);

/* promise.c */
void promise_intent(struct sim *s, int service, const struct audit_line *line);
void promise_intent_durable(struct sim *s, int service, const char *request_id, bool durable);
void promise_outcome(struct sim *s, int service, const char *request_id, bool success);
void promise_action(struct sim *s, int service, const char *word, bool *ret_automatic);
void promise_state(struct sim *s, int service, const struct service_state *state);
void promise_record(struct sim *s, int service, const struct recovery_record *record);
void promise_event(struct sim *s, int service, uint64_t seq, const char *type, json_t *body);
void promise_alert(struct sim *s, int service, const char *reason);
void promise_stop_ended(struct sim *s, int service);
void promise_announced(struct sim *s, int service);
void promise_started(struct sim *s); /* an engine has just read its state */
void promise_info(struct sim *s, int service, const struct info_facts *info);
void promise_killed(struct sim *s);
void promise_step(struct sim *s);
/* promise_alive.c: a Redis that works, or that others reach, is left alone */
void promise_alive(struct sim *s, int service, const char *word);
/* promise_watch.c: nothing hangs in the engine, and the history has what was told */
void promise_written(struct sim *s, int service, const struct recovery_record *record);
void promise_minute(struct sim *s);
void promise_live(struct sim *s);

#endif
