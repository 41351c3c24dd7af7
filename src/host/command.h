/* The whitelist: every command that can ever reach a host is one row here. The same
 * table makes the argv, the sudoers file (`resus sudoers`) and the doctor's
 * proof. argv only: nothing is ever joined into a shell string but by ssh's own exec request, and
 * there every word is checked against [A-Za-z0-9@._/=,:-].
 *
 * Commands that need rights name the program by the path of the sudoers lines (`sudo -n
 * /bin/systemctl start UNIT`); the others are the runbook's words (`systemctl status UNIT`). */
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
    HOST_PROCESS,      /* cat /proc/PID/stat /proc/PID/status */
    /* not among the runbook's seven: it only reads, and sudo answers it without a sudoers line of
       its own */
    HOST_SUDO_LIST, /* sudo -n -l */
    /* restore_helper: sudo -u redis /usr/lib/resus/resus-restore-helper WORD UNIT */
    HOST_HELPER_FACTS,
    HOST_HELPER_STAGE,
    HOST_HELPER_PLACE_RDB,
    HOST_HELPER_PLACE_AOF,
    HOST_HELPER_UNDO,
    HOST_HELPER_DROP,
    HOST_COMMAND_COUNT
};

#define HOST_ARGV_MAX 12
#define HOST_LINES_MAX 1000
#define HOST_PID_MAX 4194304 /* the kernel's own limit on 64-bit systems */

struct host_argv {
    const char *words[HOST_ARGV_MAX + 1]; /* NULL at the end; points into storage or constants */
    char storage[1600];
};

/* Builds the argv for a command. `unit` and `log_file` are checked ([A-Za-z0-9@._-], at most 128;
 * an absolute path of plain characters without ".."). `number` is the number of lines where the
 * command has lines: 1..HOST_LINES_MAX, rounded up to 50, 200 or 1000 (the sudoers lines are
 * exact); for HOST_PROCESS it is the process, 2..HOST_PID_MAX; otherwise it is ignored. `use_sudo`:
 * commands that need rights get `sudo -n`, false when we are root there already; HOST_JOURNAL gets
 * sudo only when it is true (it is tried without first). */
int host_command_argv(enum host_command command, const char *unit, const char *log_file, int number,
                      bool use_sudo, struct host_argv *ret, struct error *err) ATTR_MUST_USE;

/* The argv as one line for ssh's exec request, every word checked (nothing needs quoting), or
 * -EINVAL. */
int host_command_line(const struct host_argv *argv, char *ret, size_t size,
                      struct error *err) ATTR_MUST_USE;

/* The number of lines that is asked for in truth: 50, 200 or 1000. */
int host_lines_rounded(int lines);

bool host_command_extended(enum host_command command); /* needs commands: extended */
bool host_command_acts(enum host_command command);     /* changes the host */
const char *host_command_name(enum host_command command);

/* A valid unit name for the whitelist, else -EINVAL with the remedy. */
int host_check_unit(const char *unit, struct error *err) ATTR_MUST_USE;

/* Is this systemd's refusal of `reload` for a unit that has no ExecReload ("Job type reload is not
 * applicable")? `text` is the command's stderr. */
bool host_reload_unsupported(const char *text, size_t length);
/* Does systemctl say that its job was cancelled ("Job for redis.service canceled.")? A start or
 * restart that is under way gives way to nothing but a stop. */
bool host_job_cancelled(const char *text, size_t length);

/* What a command needs of sudo: the doctor compares it with what sudo allows. */
enum host_need {
    HOST_NEED_NONE,    /* runs without sudo; a sudoers line for it (the runbook's `status`) gives
                          nothing that the account cannot do already */
    HOST_NEED_JOURNAL, /* unless the account may read the journal by itself */
    HOST_NEED_ALWAYS
};

#define HOST_RIGHTS_MAX 24
#define HOST_RIGHT_LINE_MAX 1280
struct host_right {
    enum host_need need;
    bool extended;                  /* needed with `commands: extended` only */
    bool restores;                  /* needed with `restore_helper` only */
    const char *run_as;             /* "root", or the owner of the log */
    char line[HOST_RIGHT_LINE_MAX]; /* "/bin/systemctl start redis-server" */
};

/* Every command line of one service that may stand behind NOPASSWD, extended ones as well. Returns
 * how many; 0 when a name is not plain. */
size_t host_rights(const char *unit, const char *log_file,
                   struct host_right ret[HOST_RIGHTS_MAX]) ATTR_MUST_USE;

/* Appends the sudoers file: exact lines only, no wildcard. -EINVAL when a name is not plain. */
int host_sudoers(const char *user, const char *unit, const char *log_file, bool extended,
                 bool restores, struct buf *out) ATTR_MUST_USE;

#endif
