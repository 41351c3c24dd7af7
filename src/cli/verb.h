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
    bool contexts;           /* changes which daemon is asked, and asks none */
    bool daemon;             /* goes on without its output, unless it only checks */
    bool plugin;             /* of a monitoring system: each failure is one line and status 3 */
    bool words;              /* takes up to ARGUMENTS_WORDS_MAX of its own */
    uint64_t options;        /* TAKES() joined by | */
    int (*run)(const struct invocation *in);
};
#define TAKES(name) OPTION_BIT(OPTION_##name)

/* Each LIST(NAME) is an array `verbs_NAME` of verb_NAME.c with an empty row at its end; in the order of
 * `resus help`. `refresh` is in verb_watch.c. */
/* clang-format off */
#define VERB_LISTS(LIST) \
    LIST(watch) \
    LIST(overview) \
    LIST(top) \
    LIST(check) \
    LIST(refresh) \
    LIST(operate) \
    LIST(journal) \
    LIST(recovery) \
    LIST(pause) \
    LIST(doctor) \
    LIST(report) \
    LIST(inspect) \
    LIST(audit) \
    LIST(alert) \
    LIST(incident) \
    LIST(notify) \
    LIST(user) \
    LIST(maintenance) \
    LIST(fleet) \
    LIST(backup) \
    LIST(procedure) \
    LIST(state) \
    LIST(restore) \
    LIST(sudoers) \
    LIST(key) \
    LIST(replay) \
    LIST(setup) \
    LIST(local) \
    LIST(context) \
    LIST(version) \
    LIST(completion) \
    LIST(help)
/* clang-format on */

#define VERB_LIST_DECLARE(name) extern const struct verb verbs_##name[];
VERB_LISTS(VERB_LIST_DECLARE)
#undef VERB_LIST_DECLARE

size_t verb_count(void);
const struct verb *verb_at(size_t i);              /* below verb_count() */
const struct verb *verb_by_name(const char *name); /* NULL = none */
const char *verb_nearest(const char *name);        /* "did you mean", or NULL */

/* ── what one file of verbs offers to another ── */

/* verb_overview.c: the overview of `services` (borrowed), which is the body of that operation; exit
 * status. */
int verb_overview_show(const struct invocation *in, const json_t *services);
int verb_overview_list(const struct invocation *in); /* `list`; `top` without a terminal */
/* verb_audit_remote.c: exit statuses; the newest lines, at most `wanted`, after `items`. */
struct audit_filter;
int verb_audit_remote_list(const struct invocation *in, const struct audit_filter *filter,
                           size_t wanted, json_t *items);
int verb_audit_remote_review(const struct invocation *in, const struct audit_filter *filter);
/* verb_audit_verify.c; `settings` NULL: a daemon is asked. */
int verb_audit_verify(const struct invocation *in, const struct settings *settings);
int verb_audit_key(const struct invocation *in);
/* verb_seal.c */
int verb_key_backup(const struct invocation *in);
int verb_backup_unseal(const struct invocation *in);
bool verb_is_backup(const char *word); /* verb_backup.c: 20261129T023000Z */
/* verb_key.c: whether `service` can use its SSH key, as keyfile_check() tells it: for the account that
 * the daemon runs as, which is the owner of its state folder when root asks. */
int verb_key_of(const struct settings *settings, const struct service_settings *service,
                struct error *err);

#endif
