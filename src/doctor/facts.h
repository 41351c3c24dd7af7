/* The doctor: what it saw, and what it says about that. examination.c asks the questions and fills
 * the facts; the other files judge them and ask nothing. */
#ifndef RESUS_DOCTOR_FACTS_H
#define RESUS_DOCTOR_FACTS_H

#include <jansson.h>

#include "core/facts.h"
#include "host/controller.h"
#include "host/sudo_list.h"
#include "host/unit_file.h"
#include "redis/client.h"
#include "redis/reply.h"
#include "sshkeys/sshkeys.h"
#include "store/audit.h"

/* What our Redis user should be allowed. */
enum doctor_command {
    DOCTOR_INFO,
    DOCTOR_CONFIG_GET,
    DOCTOR_CLIENT_LIST,
    DOCTOR_SLOWLOG_GET,
    DOCTOR_SCRIPT_KILL,
    DOCTOR_FUNCTION_KILL,
    DOCTOR_BGSAVE,
    DOCTOR_COMMAND_COUNT
};

#define DOCTOR_DRYRUN_WORDS 3
struct doctor_command_row {
    const char *name;                           /* "CONFIG GET" */
    const char *rule;                           /* "+config|get" */
    const char *without;                        /* what is missed without it */
    const char *words[DOCTOR_DRYRUN_WORDS + 1]; /* for ACL DRYRUN */
};
extern const struct doctor_command_row doctor_commands[DOCTOR_COMMAND_COUNT];

/* One look by a host command. */
struct doctor_look {
    bool asked;
    enum host_end end;
    int exit_code;
    size_t lines, redis_lines; /* of a log */
    char error[FACT_TEXT_MAX]; /* first line of stderr, or why the host was not reached */
};

/* What the daemon knows about itself, for the doctor. */
struct doctor_self {
    const struct settings *settings;
    struct audit_state audit;
    bool admin_group, monitor_group; /* are the groups of the control socket in /etc/group? */
    bool sockets_grouped;            /* may their members connect? */
    struct error trust; /* the first file or folder that other accounts can change; code 0: none */
    int64_t state_bytes_free; /* of the disk under server.state_dir; -1 = cannot be told */
    int64_t pid;
    const char *reload_refused; /* why the last reload of the settings was; NULL = it was not */
    bool by_systemd;            /* systemd started this process */
    bool no_new_privileges;     /* sudo cannot work */
    const char *confined_for;   /* kind of control that the unit's drop-in names; NULL = none */
};

struct doctor_facts {
    const struct service_settings *service;
    bool on_host;       /* systemd and its journal are part of it: control is not process */
    bool login_refused; /* the account logs in, and the host runs none of its commands */
    bool root;          /* no sudo needed there */
    struct now now;

    struct doctor_look status, active, process, sudo_list, journal, journal_sudo, log_file;
    int64_t command_ms; /* of a command on the open session; FACT_UNKNOWN */
    struct unit_facts unit;
    struct unit_file unit_file;
    struct process_facts main_process; /* as the host's kernel describes it; pid 0: not known */
    struct witness_facts witness;      /* a PING from the host itself */
    bool witness_asked;
    struct sudo_list sudo;
    bool overcommit_off, huge_pages; /* as Redis itself said at its last start */

    struct probe_facts ping;
    enum reply_class stranger; /* what a PING without a password is told; REPLY_NONE: not known */
    struct info_facts info;
    char redis_user[64];
    char log_path[SETTINGS_PATH_MAX], bind[512], protected_mode[8]; /* CONFIG GET */
    bool log_path_known, bind_known;
    enum tri allowed[DOCTOR_COMMAND_COUNT];
    int64_t clock_ahead_ms; /* the host's clock against ours */
    bool clock_known;

    struct doctor_self self;
    const struct settings *settings;
    const char *misconfigured; /* why the service is not watched; NULL = it is */
    /* Who stopped it through Resus, when and why; "" = nobody, it shall run. */
    char stopped_by[256], stopped_at[WALL_TEXT_SIZE], stop_reason[AUDIT_REASON_MAX];
    bool recovery_enabled, recovery_paused, breaker_open, attempts_exhausted;
    char key_error[ERROR_TEXT_MAX]; /* "" = good */
    struct sshkeys_note key_note;   /* what is left to do about a key that is being exchanged */
    bool out_of_time;               /* not everything was asked */
    char token[280]; /* the API token that expires next, within two weeks; "" = none */
    wall_ms token_expires;
};

enum finding_status { FINDING_PASS, FINDING_WARNING, FINDING_FAIL, FINDING_UNKNOWN };

/* Appends {"check", "status", "message", "fix"}; `fix` NULL = nothing to fix. */
void doctor_put(json_t *items, const char *check, enum finding_status status, const char *fix,
                const char *format, ...) ATTR_PRINTF(5, 6);

/* Stopped through Resus, and seen stopped. */
bool doctor_stopped(const struct doctor_facts *f);

void doctor_judge_self(const struct doctor_facts *f, json_t *items);     /* judge_self.c */
void doctor_judge_host(const struct doctor_facts *f, json_t *items);     /* judge_host.c */
void doctor_judge_evidence(const struct doctor_facts *f, json_t *items); /* judge_evidence.c */
void doctor_judge_rights(const struct doctor_facts *f, json_t *items);   /* judge_rights.c */
void doctor_judge_logs(const struct doctor_facts *f, json_t *items);     /* judge_host.c */
void doctor_judge_redis(const struct doctor_facts *f, json_t *items);    /* judge_redis.c */
void doctor_judge_data(const struct doctor_facts *f, json_t *items);     /* judge_redis.c */
/* All of them, in this order. */
json_t *doctor_judge(const struct doctor_facts *f);

#endif
