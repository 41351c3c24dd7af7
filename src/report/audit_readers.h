/* Reading the audit log for people, on a libuv worker: a gigabyte of it may take seconds, and the
 * watch waits for none of them. One reading at a time; the others queue. */
#ifndef RESUS_REPORT_AUDIT_READERS_H
#define RESUS_REPORT_AUDIT_READERS_H

#include <stdatomic.h>
#include <uv.h>

#include "api/call.h"
#include "report/audit_reading.h"

#define AUDIT_READERS_MAX 16

struct audit_readers {
    uv_loop_t *loop;
    struct now (*now)(void *context);
    void *context;
    struct audit_job *first; /* it runs */
    size_t count;
};

struct audit_job {
    uv_work_t work;                /* first */
    struct audit_readers *readers; /* NULL: no caller waits for it now */
    struct call *call;
    struct audit_job *next;
    atomic_bool stop;

    struct audit_question question; /* with its own copies: a reload frees the settings */
    char user[256], operation[64];

    int result;
    struct audit_answer answer;
    size_t exported, exported_bytes;
    struct error error;
};

/* A reading whose question the caller fills in. NULL: too many wait, and the call was refused. */
struct audit_job *audit_readers_job(struct audit_readers *r, struct call *call);
/* Answers the call of the job when its turn has come. */
void audit_readers_ask(struct audit_readers *r, struct audit_job *j);
/* Answers the calls with 503. A reading under way ends soon, and frees itself on the loop. */
void audit_readers_close(struct audit_readers *r);

#endif
