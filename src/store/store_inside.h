/* Shared by the store's thread (store.c) and the queue in front of it (store_queue.c)
 * alone. */
#ifndef RESUS_STORE_STORE_INSIDE_H
#define RESUS_STORE_STORE_INSIDE_H

#include <sqlite3.h>

#include "store/audit.h"
#include "store/deliver.h"
#include "store/history.h"
#include "store/kept_file.h"
#include "store/kept_records.h"
#include "store/kept_recoveries.h"
#include "store/past_events.h"
#include "store/record_row.h"
#include "store/service_state.h"
#include "store/store.h"
#include "store/unsaved.h"
#include "store/worker.h"

enum job_kind {
    JOB_SAVE_SERVICE,
    JOB_SAVE_RECOVERY,
    JOB_SAVE_EVENT,
    JOB_SAVE_RECORDS,
    JOB_RESERVE,
    JOB_QUERY, /* from here on: not a save */
    JOB_FIND,
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
    uint64_t serial; /* order of the saves */
    void *payload;   /* service_state, recovery_record, event_record, record_batch, reserve,
                        history_question, record_query, thin */
    char *text;      /* evidence or body */
    question *question;
    store_done *done; /* NULL = the store's, as for the next one */
    store_rows *on_rows;
    void *context;
    enum store_outcome outcome;
    json_t *rows;
    struct error error;
};

struct thin {
    wall_ms events_before, recoveries_before, now;
};

struct reserve {
    enum record_kind kind;
    int64_t last;
};

struct record_numbers {
    int64_t last;     /* given out, or seen in a write */
    int64_t reserved; /* on disk: a start goes on above it */
    bool reserving;
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
    struct kept_records kept_records;
    size_t retrying, retrying_kept, retrying_records; /* more of them, in the thread's hands */
    struct record_numbers numbers[RECORD_KIND_COUNT];
    struct audit_anchor anchor;      /* seq 0 = none */
    bool anchor_waits;               /* it is not saved yet */
    struct audit_anchor anchor_kept; /* the one that is saved, seq 0 = none */
    struct error problem;
    struct job spares[STORE_SPARES_MAX];

    /* the thread's own, and store_load_service's: under db_lock */
    pthread_mutex_t db_lock;
    sqlite3 *db;
    sqlite3_stmt *save_state, *save_recovery, *save_event;
    struct record_statements records;
    bool full; /* what `PRAGMA synchronous` was last set to */
    mono_ms retry_at;
    struct kept_file kept_file;
    uint64_t kept_written; /* the changes of `kept` that are in the file */
};

/* The worker's lock. */
void store_lock(struct store *s);
void store_unlock(struct store *s);
/* A job, one of the spares when there is no memory; NULL when those are used, too. */
struct job *store_new_job(struct store *s, enum job_kind kind, uint64_t id);
/* Completes a job that was never queued. */
void store_refuse(struct store *s, struct job *job, int code, const char *why);
/* Queues a job with its payload, or refuses it when the queue is full. */
void store_queue_job(struct store *s, struct job *job);
/* Under the lock: behind the others. */
void store_put_job(struct store *s, struct job *job);
/* The job is over; gives it to the loop where a caller waits for it. */
void store_finish(struct store *s, struct job *job, enum store_outcome outcome,
                  const struct error *error);
enum store_outcome store_outcome_of(int code);

/* Under db_lock: a transaction, which store_end() commits or, with an error, takes back. */
int store_begin(struct store *s, bool full, struct error *err) ATTR_MUST_USE;
int store_end(struct store *s, int r, struct error *err) ATTR_MUST_USE;
/* store_anchor.c: saves the anchor that waits. */
void store_write_anchor(struct store *s);

/* record.c, for the thread. Under db_lock: */
int records_open(struct store *s, struct error *err) ATTR_MUST_USE;
int records_save(struct store *s, const struct record_batch *batch,
                 struct error *err) ATTR_MUST_USE;
int records_save_kept(struct store *s, const struct kept_records *kept, uint64_t before,
                      struct error *err) ATTR_MUST_USE;
int records_reserve(struct store *s, const struct reserve *wanted, struct error *err) ATTR_MUST_USE;
void records_close(struct store *s);
/* Under the lock. */
void records_reserved(struct store *s, const struct reserve *wanted, int r);
/* Takes what waits for the disk, and gives back what is not stored: all from serial `stored`. */
void records_take_kept(struct store *s, struct kept_records *ret);
void records_give_back(struct store *s, struct kept_records *kept, uint64_t stored);

#endif
