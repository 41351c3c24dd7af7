/* Reading the audit log for people, on a libuv worker: a gigabyte of it may take
 * seconds, the watch waits for none of them. One reading at a time; the others queue. */
#ifndef RESUS_HANDLERS_AUDITS_H
#define RESUS_HANDLERS_AUDITS_H

#include "handlers/handlers.h"

#define AUDITS_WAITING_MAX 16

struct audit_job;
struct audit_jobs {
    struct audit_job *first; /* the first one runs */
    size_t count;
};

/* Answers the calls with 503. A reading under way ends soon, and frees itself on the loop. */
void audits_close(struct handlers *h);

#endif
