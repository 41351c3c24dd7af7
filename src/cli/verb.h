/* The table of verbs: help, usage lines, the shell's completion and the man pages are made of it. */
#ifndef RESUS_CLI_VERB_H
#define RESUS_CLI_VERB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/arguments.h"

struct settings;
struct service_settings;

/* Verbs of one group stand under one heading of `resus help` and on one man page. */
enum verb_group {
    GROUP_WATCH,
    GROUP_OPERATE,
    GROUP_ALERTS,
    GROUP_BACKUPS,
    GROUP_ACCOUNTS,
    GROUP_SETUP,
    GROUP_COUNT
};

struct verb_group_row {
    const char *name;    /* of the man page: resus-NAME(1) */
    const char *heading; /* "Look" */
    const char *summary; /* what its verbs do, in one line */
};
extern const struct verb_group_row verb_groups[GROUP_COUNT];

struct verb {
    const char *name;
    enum verb_group group;
    const char *usage; /* behind "resus " */
    const char *summary;
    const char *more;        /* further lines of `resus help VERB`, NULL = none */
    const char *const *subs; /* words that must follow, NULL at the end; NULL = none */
    bool sub_may_lack;       /* such a word may follow, or another one */
    bool service;            /* takes [SERVICE] */
    bool assignments;        /* `set` takes KEY=VALUE words */
    bool free_word;          /* `help VERB`, `replay FILE` */
    bool local;              /* asks no daemon: takes no --url */
    bool words;              /* takes up to ARGUMENTS_WORDS_MAX of its own */
    uint64_t options;        /* OPTION_BIT()s */
    int (*run)(const struct invocation *in);
};

extern const struct verb verbs[];
extern const size_t verb_count;

const struct verb *verb_by_name(const char *name); /* NULL = none */
const char *verb_nearest(const char *name);        /* "did you mean", or NULL */

/* verb_watch.c */
int verb_check(const struct invocation *in);
int verb_status(const struct invocation *in);
int verb_health(const struct invocation *in);
int verb_refresh(const struct invocation *in);
/* verb_overview.c */
int verb_list(const struct invocation *in);
/* The overview of `services` (borrowed), which is the body of that operation; exit status. */
int verb_overview_show(const struct invocation *in, const json_t *services);
/* verb_top.c */
int verb_top(const struct invocation *in);
/* verb_journal.c */
int verb_logs(const struct invocation *in);
int verb_events(const struct invocation *in);
/* verb_operate.c */
int verb_start(const struct invocation *in);
int verb_stop(const struct invocation *in);
int verb_restart(const struct invocation *in);
int verb_reload(const struct invocation *in);
int verb_preflight(const struct invocation *in);
int verb_pause(const struct invocation *in);
int verb_resume(const struct invocation *in);
/* verb_recovery.c */
int verb_recovery(const struct invocation *in);
/* verb_completion.c */
int verb_completion(const struct invocation *in);
/* verb_inspect.c */
int verb_inspect(const struct invocation *in);
int verb_doctor(const struct invocation *in);
/* verb_report.c */
int verb_slo(const struct invocation *in);
int verb_diagnose(const struct invocation *in);
int verb_bundle(const struct invocation *in);
/* verb_audit.c */
int verb_audit(const struct invocation *in);
/* verb_audit_remote.c: exit statuses; the newest lines, at most `wanted`, behind `items`. */
struct audit_filter;
int verb_audit_remote_list(const struct invocation *in, const struct audit_filter *filter,
                           size_t wanted, json_t *items);
/* verb_audit_verify.c; `settings` NULL: a daemon is asked. */
struct settings;
int verb_audit_verify(const struct invocation *in, const struct settings *settings);
int verb_audit_key(const struct invocation *in);
int verb_audit_remote_review(const struct invocation *in, const struct audit_filter *filter);
/* verb_user.c */
int verb_user(const struct invocation *in);
int verb_token(const struct invocation *in);
int verb_access(const struct invocation *in);
/* verb_alert.c */
int verb_alert(const struct invocation *in);
int verb_notify(const struct invocation *in);
int verb_procedure(const struct invocation *in); /* verb_procedure.c */
/* verb_backup.c */
int verb_backup(const struct invocation *in);
/* verb_seal.c */
int verb_key_backup(const struct invocation *in);
int verb_backup_unseal(const struct invocation *in);
bool verb_is_backup(const char *word); /* 20261129T023000Z */
/* verb_restore.c */
int verb_restore(const struct invocation *in);
/* verb_fleet.c */
int verb_fleet(const struct invocation *in);
/* verb_maintenance.c */
int verb_maintenance(const struct invocation *in);
/* verb_incident.c */
int verb_incident(const struct invocation *in);
/* verb_state.c */
int verb_state(const struct invocation *in);
/* verb_context.c */
int verb_context(const struct invocation *in);
/* verb_version.c */
int verb_version(const struct invocation *in);
/* verb_key.c */
int verb_key(const struct invocation *in);
/* Whether `service` can use its SSH key, as keyfile_check() tells it: for the account that the
 * daemon runs as, which is the owner of its state folder when root asks. */
int verb_key_of(const struct settings *settings, const struct service_settings *service,
                struct error *err);
/* verb_local.c: what needs no running daemon */
int verb_serve(const struct invocation *in);
int verb_demo(const struct invocation *in);
int verb_sudoers(const struct invocation *in);
/* verb_setup.c */
int verb_setup(const struct invocation *in);
/* verb_replay.c */
int verb_replay(const struct invocation *in);
/* verb_help.c */
int verb_help(const struct invocation *in);

#endif
