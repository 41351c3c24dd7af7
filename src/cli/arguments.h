/* Reading the command line: options anywhere, checked against the verb's row before anything is
 * done. */
#ifndef RESUS_CLI_ARGUMENTS_H
#define RESUS_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define ARGUMENTS_WORDS_MAX 3        /* `procedure config SERVICE NAME VALUE` */
#define ARGUMENTS_ASSIGNMENTS_MAX 16 /* KEY=VALUE words of `recovery set` */

enum option_id {
    OPTION_AT,
    OPTION_CHECK,
    OPTION_CONFIRM,
    OPTION_CONTINUE,
    OPTION_DB,
    OPTION_DIR,
    OPTION_DRY_RUN,
    OPTION_EMERGENCY,
    OPTION_EXPIRES,
    OPTION_FAILED,
    OPTION_FINGERPRINT,
    OPTION_FOLLOW,
    OPTION_FOR,
    OPTION_FORCE,
    OPTION_FROM,
    OPTION_GROUP,
    OPTION_IMPACT,
    OPTION_KEY,
    OPTION_LEVEL,
    OPTION_LINES,
    OPTION_MATCH,
    OPTION_MESSAGE,
    OPTION_METHOD,
    OPTION_MODE,
    OPTION_NOTE,
    OPTION_OPERATION,
    OPTION_OUTPUT,
    OPTION_OWN_PASSWORD,
    OPTION_PASSWORD_FILE,
    OPTION_PLACE,
    OPTION_PORT,
    OPTION_REASON,
    OPTION_ROLE,
    OPTION_SERVICES,
    OPTION_SEVERITY,
    OPTION_SINCE,
    OPTION_STATE,
    OPTION_TAG,
    OPTION_TIMEOUT,
    OPTION_TITLE,
    OPTION_TO,
    OPTION_TOTP,
    OPTION_TYPE,
    OPTION_UNDO,
    OPTION_UNGUARDED,
    OPTION_UNIT,
    OPTION_UNPROVED,
    OPTION_UNTIL,
    OPTION_USER,
    OPTION_WITH_ARGUMENTS,
    OPTION_COUNT
};
#define OPTION_BIT(id) (UINT64_C(1) << (id))

struct option_row {
    const char *name;     /* "--reason" */
    const char *letter;   /* "-f", NULL = none */
    const char *argument; /* "TEXT", NULL = a flag */
    const char *help;
    const char *values; /* what it can be, with blanks between: for the shell; NULL = anything */
};
extern const struct option_row option_rows[OPTION_COUNT];

/* An option that every verb takes. */
struct global_row {
    const char *name;
    const char *argument; /* NULL = a flag */
    const char *help;     /* "" = it says it itself */
    bool remote;          /* of a daemon elsewhere: not for verbs that ask none */
    size_t place;         /* its member of struct invocation */
};
#define GLOBAL_COUNT 9
extern const struct global_row global_rows[GLOBAL_COUNT];

struct verb;

/* What was asked for. Points into argv. */
struct invocation {
    const struct verb *verb; /* NULL: none named */
    bool json, help, version;
    const char *config;  /* --config, NULL = not given */
    const char *context; /* --context; after context_choose() the context that is used */
    const char *url, *token_file, *ca_file, *pin; /* of a daemon elsewhere; NULL = not given */
    const char *sub; /* "status" of `recovery status`, the verb of `help VERB`, the file of `replay
                      * FILE`; NULL = none */
    const char *service;               /* NULL = the only one */
    const char *options[OPTION_COUNT]; /* NULL = not given; "" for flags */
    const char *assignments[ARGUMENTS_ASSIGNMENTS_MAX];
    size_t assignment_count;
    const char *words[ARGUMENTS_WORDS_MAX]; /* of verbs that take some; they check how many */
    size_t word_count;
};

/* 0, or -EINVAL with the line of why. `ret` is filled as far as it was read, so that the caller can
 * say which verb's usage to show. */
int arguments_parse(int argc, char **argv, struct invocation *ret, struct error *err);

static inline bool arguments_has(const struct invocation *in, enum option_id id)
{
    return in->options[id] != NULL;
}

#endif
