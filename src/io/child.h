/* A child process that runs one command to its end: argv (no shell), no input, both outputs caught
 * and cut, a deadline, and exactly one completion on the loop, never on the caller's stack. */
#ifndef RESUS_IO_CHILD_H
#define RESUS_IO_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define CHILD_OUTPUT_MAX (4 * 1024 * 1024) /* of what may be asked for */

enum child_end {
    CHILD_EXITED,
    CHILD_SIGNALLED,
    CHILD_TIMED_OUT /* it was sent SIGTERM, and SIGKILL a while later, and may still be there: its
                       effect is unknown */
};

struct child_result {
    enum child_end end;
    int exit_code, signal;
    const char *out, *err; /* NUL-terminated, valid during the callback */
    size_t out_length, err_length;
    bool truncated;
};

typedef void child_done(void *context, const struct child_result *result);

struct child_options {
    const char *const *argv;        /* the program is looked up in child_path; NULL at the end */
    const char *const *environment; /* NULL: only LC_ALL=C and child_path */
    size_t output_max;              /* of each output */
    mono_ms deadline;
    bool group; /* of its own: signals reach what it started, too, which ends with it */
};

/* The PATH of children, never the caller's. */
extern const char child_path[];

struct child;

/* -ENOENT and the like when it cannot be started: no completion then. The strings are not kept. */
int child_start(uv_loop_t *loop, const struct child_options *options, child_done *done,
                void *context, struct child **ret, struct error *err) ATTR_MUST_USE;
/* Sends the signal to the process, whose end is then a completion as any other. Nothing once it has
 * ended. */
void child_signal(struct child *child, int signal);
/* Sends SIGTERM to the process; no completion follows. The handle may not be used afterwards; after
 * a completion it may not be used either. Takes NULL. */
void child_abandon(struct child *child);

#endif
