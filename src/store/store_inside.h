/* Shared by the store's thread (store.c) and the queue in front of it (store_queue.c), and by
 * nobody else. */
#ifndef RESUS_STORE_STORE_INSIDE_H
#define RESUS_STORE_STORE_INSIDE_H

#include <sqlite3.h>

#include "store/audit.h"
#include "store/deliver.h"
#include "store/history.h"
#include "store/kept_recoveries.h"
#include "store/store.h"
#include "store/unsaved.h"
#include "store/worker.h"

enum job_kind {
    JOB_SAVE_SERVICE,
    JOB_SAVE_RECOVERY,
    JOB_SAVE_EVENT,
    JOB_SAVE_ACCOUNT,
    JOB_QUERY,
    JOB_THIN,
};

typedef int question(sqlite3 *db, const struct history_question *q, json_t **ret,
                     struct error *err);

struct job {
    struct delivery link; /* first: the queue's as well as the delivery's */
    enum job_kind kind;
    bool full; /* synchronous=FULL */
    bool spare, used;
    uint64_t id;
    uint64_t serial; /* JOB_SAVE_SERVICE, JOB_SAVE_RECOVERY: order of the saves */
    void *payload;   /* service_state, recovery_record, event_record, history_question, thin */
    char *text;      /* evidence or body */
    question *question;
    enum store_outcome outcome;
    json_t *rows;
    struct error error;
};

struct thin {
    wall_ms events_before, recoveries_before;
};

struct store {
    store_done *done;
    store_rows *rows;
    void *context;
    struct deliver *deliver;
    struct worker worker;

    /* under worker.lock */
    struct job *first, *last;
    size_t count;
    uint64_t serial;
    struct unsaved unsaved;
    struct kept_recoveries kept;
    size_t retrying, retrying_kept;  /* more of them, in the thread's hands */
    struct audit_anchor anchor;      /* seq 0 = none */
    bool anchor_waits;               /* it is not saved yet */
    struct audit_anchor anchor_kept; /* the one that is saved, seq 0 = none */
    struct error problem;
    struct job spares[STORE_SPARES_MAX];

    /* the thread's own, and store_load_service's: under db_lock */
    pthread_mutex_t db_lock;
    sqlite3 *db;
    sqlite3_stmt *save_state, *save_recovery, *save_event, *save_account;
    bool full; /* what `PRAGMA synchronous` was last set to */
    mono_ms retry_at;
    int kept_file;         /* -1 = there is no room for it */
    uint64_t kept_written; /* the changes of `kept` that are in the file */
};

/* The worker's lock. */
void store_lock(struct store *s);
void store_unlock(struct store *s);
/* Under it: behind the others. */
void store_put_job(struct store *s, struct job *job);
/* The job is over; gives it to the loop where somebody waits for it. */
void store_finish(struct store *s, struct job *job, enum store_outcome outcome,
                  const struct error *error);
enum store_outcome store_outcome_of(int code);

#endif
