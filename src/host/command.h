/* The whitelist: every command that can ever reach a host is one row here (rows D7, contract
 * section 3). The same table makes the argv, the sudoers file (`resus sudoers`) and the doctor's
 * proof. argv only: nothing is ever joined into a shell string but by ssh's own exec request, and
 * there every word is checked against [A-Za-z0-9@._/=,-]. */
#ifndef RESUS_HOST_COMMAND_H
#define RESUS_HOST_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

enum host_command {
    /* the runbook's seven */
    HOST_START,     /* sudo systemctl start UNIT */
    HOST_STOP,      /* sudo systemctl stop UNIT */
    HOST_RESTART,   /* sudo systemctl restart UNIT */
    HOST_RELOAD,    /* sudo systemctl reload UNIT */
    HOST_STATUS,    /* systemctl status UNIT */
    HOST_IS_ACTIVE, /* systemctl is-active UNIT */
    HOST_JOURNAL,   /* journalctl -u UNIT -n N --no-pager -o json (then with sudo) */
    /* commands: extended */
    HOST_SHOW,         /* systemctl show UNIT -p LIST */
    HOST_RESET_FAILED, /* sudo systemctl reset-failed UNIT */
    HOST_LOG_TAIL,     /* sudo -u redis tail -n N LOG_FILE */
    HOST_COMMAND_COUNT
};

#define HOST_ARGV_MAX 12
#define HOST_LINES_MAX 1000

struct host_argv {
    const char *words[HOST_ARGV_MAX + 1]; /* NULL at the end; points into storage or constants */
    char storage[1600];
};

/* Builds the argv for a command. `unit` and `log_file` are checked ([A-Za-z0-9@._-], at most 128;
 * an absolute path of plain characters without ".."), `lines` must be 1..HOST_LINES_MAX where the
 * command has lines and is rounded up to 50, 200 or 1000 (the sudoers lines are exact). `local`:
 * paths for this machine as root (no sudo). */
int host_command_argv(enum host_command command, const char *unit, const char *log_file, int lines,
                      bool use_sudo, struct host_argv *ret, struct error *err) ATTR_MUST_USE;

bool host_command_extended(enum host_command command); /* needs commands: extended */
bool host_command_acts(
    enum host_command command); /* changes the host (start..reload, reset-failed) */
const char *host_command_name(enum host_command command);

/* A valid unit name for the whitelist, else -EINVAL with the remedy. */
int host_check_unit(const char *unit, struct error *err) ATTR_MUST_USE;

/* Appends the sudoers file: exact lines only, no wildcard. */
int host_sudoers(const char *user, const char *unit, const char *log_file, bool extended,
                 struct buf *out) ATTR_MUST_USE;

#endif
