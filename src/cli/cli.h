/* The command line: verbs to operations to text or JSON. */
#ifndef RESUS_CLI_CLI_H
#define RESUS_CLI_CLI_H

/* Exit statuses of every verb but `check` (whose are 0 healthy, 1 degraded, 2 critical, 3 unknown
 * and every error). 64 is EX_USAGE of sysexits.h. */
enum cli_status {
    CLI_DONE = 0,
    CLI_REFUSED = 1, /* refused or failed; also: findings, a broken chain */
    CLI_BAD_CONFIG = 2,
    CLI_UNREACHABLE = 3,
    CLI_USAGE = 64
};

/* Runs one command line and returns the exit status. Writes to stdout and stderr. */
int cli_main(int argc, char **argv);

struct invocation;
/* The exit status of a verb that would end with `status`, now that its output is written or lost.
 */
int cli_after_output(const struct invocation *in, int status);

#endif
