/* A redis-server that Resus runs itself: started once and only once, found again after a crash of
 * the daemon. Inside host/ only.
 *
 * The process holds a lock (flock) on a file that it inherited, so that nobody can start a second
 * one, and wrote its own record before it became redis-server: there is no moment in which it runs
 * unrecorded. */
#ifndef RESUS_HOST_PROCESS_RUN_H
#define RESUS_HOST_PROCESS_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"
#include "host/process_account.h"
#include "settings/settings.h"

#define PROCESS_PATH_MAX (SETTINGS_PATH_MAX + 80)

struct process_files {
    char directory[SETTINGS_PATH_MAX], log[PROCESS_PATH_MAX]; /* Redis' folder */
    char pid[PROCESS_PATH_MAX], pid_new[PROCESS_PATH_MAX], lock[PROCESS_PATH_MAX]; /* ours */
    char old_pid[PROCESS_PATH_MAX], old_lock[PROCESS_PATH_MAX]; /* where 0.1.0 had them */
    char program[SETTINGS_PATH_MAX];
    uid_t uid; /* that it runs as */
};

/* Finds program and account; makes Redis' folder, which becomes its account's, and that of our
 * records. -EPERM when other accounts can change the program or write Redis' folder. */
int process_prepare(const struct process_settings *process, char ret_program[SETTINGS_PATH_MAX],
                    struct process_account *ret_account, struct error *err) ATTR_MUST_USE;

void process_files_set(struct process_files *files, const struct process_settings *process,
                       const char *program, uid_t uid, const char *id);

/* argv[0] is an absolute path. `ret_pidfd` is the caller's. -EBUSY when one runs already. */
int process_start(const struct process_files *files, const struct process_account *account,
                  const char *const *argv, pid_t *ret_pid, int *ret_pidfd,
                  struct error *err) ATTR_MUST_USE;
/* The one that runs already, or -ESRCH. The process of the record is told also when it has ended
 * since: `ret_pid` is then not 0 (0 when there is no record of this boot). */
int process_adopt(const struct process_files *files, pid_t *ret_pid, int *ret_pidfd) ATTR_MUST_USE;
/* It ended as it should: no record is left. */
void process_forget(const struct process_files *files);
/* `program` as it is when it has a slash, else found in child_path. -EPERM when other accounts can
 * change it. */
int process_find(const char *program, char ret[SETTINGS_PATH_MAX], struct error *err) ATTR_MUST_USE;

enum process_end { PROCESS_END_UNKNOWN, PROCESS_END_EXITED, PROCESS_END_SIGNALLED };
/* Of a process whose pidfd is readable. Unknown when it is no child of ours. */
enum process_end process_reap(int pidfd, int *ret_code);
int process_signal(int pidfd, int signal);

#endif
