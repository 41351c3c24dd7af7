/* The copier: a process that the daemon starts for one service and one place (`resus copy-out JOB`,
 * no verb for people). It sends what waits, applies the rules of `keep` there, prints a report
 * (backups/copy_job.h) and ends. A place that hangs ends the copier, and nothing else. */
#ifndef RESUS_COPIES_COPIER_H
#define RESUS_COPIES_COPIER_H

#include "backups/copy_job.h"

#define COPIER_WORD "copy-out"
#define COPIER_STALL_SECONDS 120 /* without a byte: SIGALRM ends the process */

/* One run. What failed is in the report. `alive` may be NULL. */
void copier_run(const struct copy_job *job, void (*alive)(void), struct copy_report *ret);

/* The process: `job` is JSON. Prints the report; the exit status is 0 when it could. */
int copier_main(const char *job);

#endif
