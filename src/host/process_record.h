/* The record of a redis-server that Resus runs itself: which process it is, so that a daemon that
 * starts later finds it again. It lies in the state folder, where Redis writes nothing: an account
 * that can change it chooses the process that is stopped next. For the same reason the process
 * itself has to confirm everything: start time, account and program. Inside host/ only.
 *
 * Three lines: the process' line of /proc/PID/stat, the boot's id, "uid U device D inode I". */
#ifndef RESUS_HOST_PROCESS_RECORD_H
#define RESUS_HOST_PROCESS_RECORD_H

#include <sys/types.h>

#include "base/attr.h"
#include "host/process_run.h"

#define PROCESS_RECORD_MAX 1024 /* a line of stat is about 300 bytes, a boot id 37 */

/* In the child, before exec: async-signal-safe calls only. `identity` is its last line. */
int process_record_write(const struct process_files *files, const char *identity);
/* The last line for a program that will run as this account. False: there is no such program. */
bool process_record_identity(const char *program, uid_t uid, char *ret, size_t size) ATTR_MUST_USE;
/* Once more from the parent, when the process is up: a script has become another program. */
void process_record_renew(const struct process_files *files, pid_t pid, uid_t uid);
/* A pidfd of the process in the record, or -ESRCH. `ret_pid` is set also when that one has ended
 * since; otherwise 0. */
int process_record_find(const struct process_files *files, pid_t *ret_pid) ATTR_MUST_USE;

#endif
