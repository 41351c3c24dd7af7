/* What Resus can see of one service, as plain data. Filled by redis/ and host/, judged by
 * core/cause. No pointers; foreign text is copied, cleaned and cut at FACT_TEXT_MAX before it gets
 * here (ARCHITECTURE.md, "The shape of a decision"). Numbers that were not reported are FACT_UNKNOWN.
 */
#ifndef RESUS_CORE_FACTS_H
#define RESUS_CORE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define FACT_TEXT_MAX 241     /* 240 bytes and the NUL */
#define MIB (1024.0 * 1024.0) /* sizes are bytes here, and shown in MiB */
#define FACT_UNKNOWN (-1)

enum tri { TRI_UNKNOWN = 0, TRI_NO, TRI_YES };

/* The answer to one PING, by its prefix word (field-notes 7.1; Valkey differs behind the word). The
 * order means nothing. */
enum reply_class {
    REPLY_NONE,       /* not asked yet, or the request was cancelled by us */
    REPLY_PONG,       /*  */
    REPLY_LOADING,    /* -LOADING */
    REPLY_BUSY,       /* -BUSY */
    REPLY_MISCONF,    /* -MISCONF */
    REPLY_MASTERDOWN, /* -MASTERDOWN */
    REPLY_NOAUTH,     /* -NOAUTH */
    REPLY_WRONGPASS, /* -WRONGPASS, or "-ERR invalid password" / "AUTH <password> called without" of
                        old servers */
    REPLY_NOPERM,    /* -NOPERM */
    REPLY_DENIED,    /* -DENIED: protected mode */
    REPLY_MAXCLIENTS, /* -ERR max number of clients ... */
    REPLY_OOM,        /* -OOM (never to PING; to our own writes) */
    REPLY_READONLY,   /* -READONLY */
    REPLY_UNKILLABLE, /* -UNKILLABLE: answer to SCRIPT KILL / FUNCTION KILL */
    REPLY_NOTBUSY,    /* -NOTBUSY: nothing left to kill */
    REPLY_ERROR,      /* any other error reply */
    REPLY_OTHER,   /* a reply that is neither PONG nor an error (for PING: not a Redis; for others:
                      success) */
    REPLY_GARBAGE, /* bytes that are no RESP: not a Redis */
    REPLY_REFUSED, /* ECONNREFUSED, or ENOENT of a Unix socket */
    REPLY_UNREACHABLE, /* EHOSTUNREACH, ENETUNREACH, name not found */
    REPLY_NO_CONNECT,  /* connect() did not finish in time */
    REPLY_SILENT,      /* connected, no reply in time */
    REPLY_CLOSED,      /* the peer closed or reset before the reply */
    REPLY_TLS_FAILED,  /* handshake or certificate */
    REPLY_CLASS_COUNT
};

struct probe_facts {
    enum reply_class reply;
    mono_ms asked;            /* when the request was written (or the connect begun) */
    mono_ms at;               /* when the answer, or the certainty that none comes, was there */
    int64_t latency_us;       /* request written to reply read; FACT_UNKNOWN without a reply */
    wall_ms certificate_ends; /* of the server, or of one above it in its chain; WALL_NONE: no TLS,
                                 or no handshake that got so far */
    char text[FACT_TEXT_MAX]; /* the reply line, or the system's words */
};

enum unit_active {
    UNIT_UNKNOWN,
    UNIT_ACTIVE,
    UNIT_RELOADING,
    UNIT_INACTIVE,
    UNIT_FAILED,
    UNIT_ACTIVATING,
    UNIT_DEACTIVATING,
    UNIT_NOT_FOUND, /* systemd does not know the unit */
    UNIT_ACTIVE_COUNT
};

enum unit_result {
    RESULT_UNKNOWN,
    RESULT_SUCCESS,
    RESULT_EXIT_CODE,
    RESULT_SIGNAL,
    RESULT_CORE_DUMP,
    RESULT_TIMEOUT,
    RESULT_OOM_KILL,
    RESULT_START_LIMIT,
    RESULT_PROTOCOL,
    RESULT_RESOURCES,
    RESULT_WATCHDOG,
    RESULT_OTHER,
    UNIT_RESULT_COUNT
};

/* What Redis itself tells systemd (sd_notify STATUS, field-notes 7.2). */
enum unit_notice {
    NOTICE_NONE,
    NOTICE_LOADING,     /* "Redis is loading..." */
    NOTICE_READY,       /* "Ready to accept connections..." */
    NOTICE_SAVING,      /* "Saving the final RDB snapshot" */
    NOTICE_CANNOT_EXIT, /* "Error trying to save the DB, can't exit." */
    NOTICE_OTHER,
    UNIT_NOTICE_COUNT
};

/* As many processes of a unit's control group are kept. */
#define UNIT_GROUP_MAX 64

struct unit_facts {
    enum unit_active active; /* UNIT_UNKNOWN: could not be read */
    mono_ms at;              /* when it was learned */
    mono_ms asked;
    char sub[32]; /* "running", "dead", "auto-restart", "start", "stop-sigterm" ... */
    enum unit_result result;
    enum unit_notice notice;
    bool frozen;               /* by its control group's freezer, or about to be, or to be let go */
    bool masked;               /* systemd refuses to start it until it is unmasked */
    bool removed;              /* it runs, but its file is gone: systemd cannot start it again */
    bool repeated_too_quickly; /* the status or journal says "Start request repeated too quickly" */
    enum tri
        can_reload; /* from `show`; unknown with the default commands until a reload was refused */
    enum tri
        control_reached; /* did the command reach the host, and was it run? NO: text says why */
    bool control_denied; /* ... because the host, which was reached, refuses us */
    int64_t main_pid;    /* 0 = none, FACT_UNKNOWN */
    int64_t exit_status; /* of the main process, FACT_UNKNOWN */
    int64_t exit_signal; /* number, FACT_UNKNOWN */
    int64_t restarts;    /* NRestarts, FACT_UNKNOWN */
    wall_ms since;       /* "Active: ... since", or WALL_NONE: none, or in an unknown zone */
    bool undated;        /* systemd keeps no time of its last change */
    int64_t timeout_start_us; /* FACT_UNKNOWN; INT64_MAX = infinity */
    int64_t timeout_stop_us;
    int64_t
        cpu_ms; /* processor time of the unit since it started; FACT_UNKNOWN without accounting */
    int group_count;               /* 0 = its control group was not listed */
    int32_t group[UNIT_GROUP_MAX]; /* the processes in it */
    char id[64];                   /* its name to systemd, with the suffix; "" = unknown */
    char text[FACT_TEXT_MAX];      /* the Active: line, or why nothing is known */
};

/* State letter of /proc/PID/stat. */
enum task_state {
    TASK_UNKNOWN,
    TASK_RUNNING,  /* R */
    TASK_SLEEPING, /* S, I */
    TASK_BLOCKED,  /* D: waits for a disk; not even SIGKILL ends it */
    TASK_STOPPED,  /* T: by a signal */
    TASK_TRACED,   /* t: by a debugger */
    TASK_ENDED,    /* Z, X */
    TASK_STATE_COUNT
};

/* What the host's kernel says about the main process of the unit. */
struct process_facts {
    int64_t pid; /* of which process; 0 = nothing is known */
    mono_ms asked, at;
    enum task_state state;
    int64_t cpu_ms;     /* processor time used since it started, user and system; FACT_UNKNOWN */
    int64_t tracer_pid; /* 0 = none; FACT_UNKNOWN */
};

/* The answer to a PING that was sent from the Redis host itself, to distinguish a dead Redis from a broken
 * path to it. */
struct witness_facts {
    mono_ms asked, at;
    bool possible;          /* false: not asked there, `text` says why; an answer was heard here */
    bool paused;            /* PING waits, but a faulty command is refused: CLIENT PAUSE */
    enum reply_class reply; /* any answer, also an error, proves that Redis works */
    char address[64];       /* where on that host, such as 127.0.0.1:6379 */
    char text[FACT_TEXT_MAX];
};

/* A log line that names a cause (field-notes 7.3). */
enum log_class {
    LOG_NONE,
    LOG_CONFIG_ERROR,
    LOG_PORT_IN_USE,
    LOG_DATA_CORRUPT,
    LOG_PERMISSION_DENIED,
    LOG_DISK_FULL,
    LOG_MODULE_MISSING,
    LOG_OUT_OF_MEMORY,
    LOG_CRASH,       /* bug report, assertion */
    LOG_SAVE_FAILED, /* background save or AOF write failed */
    LOG_CANNOT_EXIT, /* final save failed, shutdown refused */
    LOG_SLOW_SCRIPT,
    LOG_START_LIMIT,   /* systemd: Start request repeated too quickly */
    LOG_START_TIMEOUT, /* systemd: start operation timed out */
    LOG_STOP_TIMEOUT,  /* systemd: killed, because it had not ended in time */
    LOG_OOM_KILL,      /* systemd or kernel: oom-kill */
    LOG_CLEAN_EXIT,    /* "ready to exit, bye bye", "Deactivated successfully" */
    LOG_READY,         /* "Ready to accept connections" */
    LOG_CLASS_COUNT
};

struct log_facts {
    enum log_class class; /* the weightiest line since the unit's last start */
    char line[FACT_TEXT_MAX];
    bool stop_cut; /* the last stop in the log ended by SIGKILL, also before the last start */
};

/* What the journal says about the newest start of the unit. */
struct restart_facts {
    bool by_systemd;           /* systemd restarted it by itself, after the process had ended: */
    bool out_of_memory;        /* the kernel killed it */
    char ended[FACT_TEXT_MAX]; /* systemd's line about its end, "" = not seen */
};

enum redis_role { ROLE_UNKNOWN, ROLE_PRIMARY, ROLE_REPLICA, ROLE_SENTINEL };
enum failover_state { FAILOVER_NONE, FAILOVER_RUNNING };

/* INFO, and the few CONFIG GET values that judge it. FACT_UNKNOWN / TRI_UNKNOWN where the server
 * did not say. */
struct info_facts {
    bool known;
    mono_ms asked, at;
    wall_ms at_wall;
    char version[32];
    bool valkey;
    int64_t process_id, uptime_seconds;
    int64_t tcp_port; /* where it listens itself, also behind a proxy; 0 = at no TCP port */
    char run_id[48];
    int64_t used_memory, used_memory_rss, used_memory_peak, maxmemory, system_memory;
    bool evicts; /* maxmemory_policy other than noeviction */
    char maxmemory_policy[24];
    double fragmentation_ratio; /* < 0 unknown */
    int64_t connected_clients, maxclients, blocked_clients, rejected_connections;
    int64_t ops_per_second, commands_processed, connections_received, evicted_keys, expired_keys;
    int64_t keyspace_hits, keyspace_misses;
    int64_t error_replies;  /* total_error_replies; FACT_UNKNOWN before 6.2 */
    int64_t errors_excused; /* errorstat_MOVED + ASK + NOSCRIPT, and LOADING and BUSY: the load and
                               the script are reported by themselves */
    int64_t errors_oom;     /* errorstat_OOM */
    double cpu_seconds;     /* used_cpu_sys + used_cpu_user of the process; < 0 unknown */
    enum tri loading, async_loading;
    double loading_percent; /* < 0 unknown */
    int64_t loading_bytes, loading_eta_seconds;
    int64_t unsaved_changes, last_save_unix;
    enum tri last_save_ok, save_running, aof_enabled, aof_write_ok;
    int64_t last_save_seconds;     /* rdb_last_bgsave_time_sec */
    int64_t server_time_us, saves; /* rdb_saves: since its start, failed ones too; from 7.0 */
    enum tri save_points;          /* CONFIG GET save: any? */
    enum redis_role role;
    int64_t connected_replicas;
    enum tri master_link_up, master_sync; /* master_sync: a transfer of all data is under way */
    bool sync_seen;                       /* ... at some look since the link went down */
    char master_host[64];
    int64_t master_port, master_link_down_seconds;
    int64_t master_sync_left_bytes;
    int64_t full_syncs; /* that replicas of this one have begun */
    enum tri cluster;
    enum failover_state failover; /* INFO master_failover_state, or a Sentinel's view */
    int64_t busy_threshold_ms; /* CONFIG GET busy-reply-threshold / lua-time-limit; FACT_UNKNOWN */
    int64_t slowlog_length;
    int64_t keys;    /* over all databases */
    enum tri paused; /* does it report that clients are paused? Valkey says so from 8.1 on */
    int64_t pause_left_ms;
};

/* Commands that write wait, while PING and reads are answered: CLIENT PAUSE n WRITE, a failover. */
struct pause_facts {
    bool writes_wait;
    char text[FACT_TEXT_MAX]; /* how that is known */
};

/* What an application's write met: SET, GET and DEL of one key on a connection of its own. */
struct canary_facts {
    bool tried;             /* the connection got in, and the write was sent */
    enum reply_class reply; /* REPLY_PONG: all three succeeded; else the first that did not */
    int64_t latency_us;     /* from the write to the end; FACT_UNKNOWN when it failed */
    char step[8];           /* the command that failed */
    char text[FACT_TEXT_MAX];
};

/* Everything unknown: what a struct starts from. */
void facts_info_reset(struct info_facts *info);
void facts_unit_reset(struct unit_facts *unit);

/* Has this process saved its data to an RDB file since it began? Redis' time of the last save is
 * the process' start until then, and its word for it "ok". */
enum tri facts_saved_since_start(const struct info_facts *info);

/* Short stable words for output and recordings: "PONG", "LOADING" ...; "active", "auto-restart"...;
 * "signal" ... */
const char *reply_class_word(enum reply_class reply);
const char *unit_active_word(enum unit_active active);
const char *unit_result_word(enum unit_result result);
const char *log_class_word(enum log_class class);
/* Is the process known to be in the unit's control group? */
bool facts_unit_has(const struct unit_facts *unit, int64_t process);
/* Active or reloading: the unit's process is there. */
bool unit_runs(enum unit_active active);
/* Did any server process answer at all (even with an error)? */
bool reply_answered(enum reply_class reply);

#endif
