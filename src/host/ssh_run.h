/* Runs one command of the whitelist on a host, with a line and a file as its standard input, by a
 * session of its own. Blocks: for libuv's workers. */
#ifndef RESUS_HOST_SSH_RUN_H
#define RESUS_HOST_SSH_RUN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "host/command.h"
#include "settings/settings.h"

#define SSH_RUN_SILENCE_MS 30000 /* the network takes nothing for so long: the session is dead */

struct ssh_run {
    const struct ssh_settings *ssh;
    const char *unit;
    enum host_command command;
    const char *line; /* first, with its newline; "" = none */
    int fd;           /* then this file to its end; -1 = none */
    int64_t within_ms;
    const atomic_bool
        *stop; /* may be NULL. Before the command: -EINTR; while it runs: -ECANCELED */
};

struct ssh_ran {
    int status;      /* of its exit; -1: a signal ended it, or its end is not known */
    char *out, *err; /* the caller's, of `size` bytes each: NUL-terminated, cut */
    size_t size;
};

/* -ETIMEDOUT, -ECONNRESET or -ECANCELED: the command may have had its effect. With any other error
 * it was not begun. */
int ssh_run(const struct ssh_run *run, struct ssh_ran *ran, struct error *err) ATTR_MUST_USE;

#endif
