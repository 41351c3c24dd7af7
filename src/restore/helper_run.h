/* Runs resus-restore-helper once, by a command such as `/usr/bin/sudo -n -u redis HELPER`, with a
 * line and a file as its input. Blocks: for libuv's workers. */
#ifndef RESUS_RESTORE_HELPER_RUN_H
#define RESUS_RESTORE_HELPER_RUN_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

#define HELPER_WORDS_MAX 12
#define HELPER_OUT_MAX 32768 /* the facts have redis.conf in them */

struct helper_run {
    const char *const *argv; /* without a path it is looked up in child_path; NULL at the end */
    const char *line;        /* first, with its newline; "" = none */
    int fd;                  /* then this file to its end; -1 = none */
    int64_t within_ms;       /* it is killed then */
};

struct helper_ran {
    int status;               /* of its exit; -1: it was killed */
    char out[HELPER_OUT_MAX]; /* NUL-terminated, cut */
    char err[HELPER_OUT_MAX];
};

/* -ENOENT and the like when it cannot be started; -ETIMEDOUT when it was killed: its effect is unknown. */
int helper_run(const struct helper_run *run, struct helper_ran *ret,
               struct error *err) ATTR_MUST_USE;

#endif
