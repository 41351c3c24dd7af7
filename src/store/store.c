#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"
#include "store/account_row.h"
#include "store/database.h"
#include "store/deliver.h"
#include "store/history.h"
#include "store/state.h"
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

struct job {
    struct delivery link; /* first: the queue's as well as the delivery's */
    enum job_kind kind;
    bool full; /* synchronous=FULL */
    bool spare, used;
    uint64_t id;
    uint64_t serial; /* JOB_SAVE_SERVICE: order of the saves */
    void *payload;   /* service_state, recovery_record, event_record, history_question, thin */
    char *text;      /* evidence or body */
    history_query *question;
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
    size_t retrying; /* more of them, in the thread's hands */
    struct error problem;
    struct job spares[STORE_SPARES_MAX];

    /* the thread's own, and store_load_service's: under db_lock */
    pthread_mutex_t db_lock;
    sqlite3 *db;
    sqlite3_stmt *save_state, *save_recovery, *save_event, *save_account;
    bool full; /* what `PRAGMA synchronous` was last set to */
    mono_ms retry_at;
};

static void lock(struct store *s)
{
    (void)pthread_mutex_lock(&s->worker.lock);
}

static void unlock(struct store *s)
{
    (void)pthread_mutex_unlock(&s->worker.lock);
}

static void free_payload(struct job *job)
{
    mem_free(job->payload);
    mem_free(job->text);
    job->payload = NULL;
    job->text = NULL;
}

/* Spares are the store's: dropped only at the end. */
static void drop_job(struct delivery *item)
{
    struct job *job = (struct job *)item;
    free_payload(job);
    json_decref(job->rows);
    if (!job->spare)
        mem_free(job);
}

static void release(struct store *s, struct job *job)
{
    bool spare = job->spare;
    drop_job(&job->link);
    if (spare) {
        lock(s);
        job->used = false;
        unlock(s);
    }
}

static void on_delivery(void *context, struct delivery *item)
{
    struct store *s = context;
    struct job *job = (struct job *)item;
    if (job->kind == JOB_QUERY)
        s->rows(s->context, job->id, job->rows, job->rows == NULL ? &job->error : NULL);
    else
        s->done(s->context, job->id, job->outcome,
                job->outcome == STORE_DURABLE ? NULL : &job->error);
    release(s, job);
}

static bool wanted(const struct job *job)
{
    return job->kind == JOB_QUERY || job->id != 0;
}

static void finish(struct store *s, struct job *job, enum store_outcome outcome,
                   const struct error *error)
{
    free_payload(job);
    job->outcome = outcome;
    if (error != NULL)
        job->error = *error;
    if (wanted(job))
        deliver_post(s->deliver, &job->link);
    else
        release(s, job);
}

static enum store_outcome outcome_of(int code)
{
    switch (code) {
    case 0:
        return STORE_DURABLE;
    case -ENOSPC:
        return STORE_FULL_DISK;
    case -EBUSY:
        return STORE_BUSY;
    default:
        return STORE_FAILED;
    }
}

/* --- the thread --- */

static int save_one(struct store *s, const struct job *job, struct error *err)
{
    if (job->kind == JOB_SAVE_SERVICE)
        return state_save(s->db, s->save_state, job->payload, err);
    if (job->kind == JOB_SAVE_RECOVERY)
        return history_save_recovery(s->db, s->save_recovery, job->payload, err);
    if (job->kind == JOB_SAVE_ACCOUNT)
        return account_row_save(s->db, s->save_account, job->payload, err);
    return history_save_event(s->db, s->save_event, job->payload, err);
}

static int begin(struct store *s, bool full, struct error *err)
{
    if (full != s->full) {
        int r = database_run(s->db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                             err);
        if (r < 0)
            return r;
        s->full = full;
    }
    return database_run(s->db, "BEGIN IMMEDIATE", err);
}

static int end(struct store *s, int r, struct error *err)
{
    if (r == 0)
        r = database_run(s->db, "COMMIT", err);
    if (r < 0 && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

static int save_all(struct store *s, struct job **jobs, size_t count, struct error *err)
{
    bool full = false;
    for (size_t i = 0; i < count; i++)
        full |= jobs[i]->full;
    int r = begin(s, full, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = save_one(s, jobs[i], err);
    return end(s, r, err);
}

static void settle(struct store *s, struct job *job, int r, const struct error *err)
{
    lock(s);
    if (r < 0)
        s->problem = *err;
    else
        s->problem = (struct error){0};
    if (job->kind == JOB_SAVE_SERVICE && r < 0)
        unsaved_keep(&s->unsaved, job->payload, job->serial);
    else if (job->kind == JOB_SAVE_SERVICE)
        unsaved_done(&s->unsaved, ((struct service_state *)job->payload)->id, job->serial);
    unlock(s);
    finish(s, job, outcome_of(r), err);
}

static void save_jobs(struct store *s, struct job **jobs, size_t count)
{
    struct error err = {0};
    (void)pthread_mutex_lock(&s->db_lock);
    int r = save_all(s, jobs, count, &err);
    (void)pthread_mutex_unlock(&s->db_lock);
    if (r == -EINVAL && count > 1) { /* one of them cannot be saved: the others can */
        for (size_t i = 0; i < count; i++)
            save_jobs(s, &jobs[i], 1);
        return;
    }
    for (size_t i = 0; i < count; i++)
        settle(s, jobs[i], r, &err);
    if (r < 0)
        s->retry_at = mono_add(clock_mono(), STORE_RETRY_MS);
    else
        s->retry_at = clock_mono(); /* the disk is back, if it was away */
}

static void retry_unsaved(struct store *s)
{
    struct error err = {0};
    lock(s);
    struct unsaved mine = s->unsaved;
    s->unsaved = (struct unsaved){0};
    s->retrying = mine.count;
    unlock(s);
    if (mine.first == NULL)
        return;
    (void)pthread_mutex_lock(&s->db_lock);
    int r = begin(s, true, &err);
    for (struct unsaved_state *u = mine.first; r == 0 && u != NULL; u = u->next)
        r = state_save(s->db, s->save_state, &u->state, &err);
    r = end(s, r, &err);
    (void)pthread_mutex_unlock(&s->db_lock);
    if (r < 0)
        s->retry_at = mono_add(clock_mono(), STORE_RETRY_MS);
    lock(s);
    s->problem = err;
    if (r < 0)
        unsaved_merge(&s->unsaved, &mine);
    s->retrying = 0;
    unlock(s);
    unsaved_free(&mine);
}

static void answer(struct store *s, struct job *job)
{
    struct error err = {0};
    (void)pthread_mutex_lock(&s->db_lock);
    int r = job->question(s->db, job->payload, &job->rows, &err);
    (void)pthread_mutex_unlock(&s->db_lock);
    finish(s, job, outcome_of(r), &err);
}

static void put_job(struct store *s, struct job *job)
{
    job->link.next = NULL;
    if (s->last == NULL)
        s->first = job;
    else
        s->last->link.next = &job->link;
    s->last = job;
    s->count++;
}

/* A bite at a time: what has been queued meanwhile goes first. */
static void thin(struct store *s, struct job *job)
{
    const struct thin *t = job->payload;
    struct error err = {0};
    (void)pthread_mutex_lock(&s->db_lock);
    int r = begin(s, false, &err);
    if (r == 0) {
        r = history_thin(s->db, t->events_before, t->recoveries_before, &err);
        int ended = end(s, r < 0 ? r : 0, &err);
        r = ended < 0 ? ended : r;
    }
    (void)pthread_mutex_unlock(&s->db_lock);
    lock(s);
    bool again = r == 1 && !s->worker.stop;
    if (again)
        put_job(s, job);
    unlock(s);
    if (!again)
        finish(s, job, outcome_of(r < 0 ? r : 0), &err);
}

static void close_database(struct store *s)
{
    (void)sqlite3_finalize(s->save_state);
    (void)sqlite3_finalize(s->save_recovery);
    (void)sqlite3_finalize(s->save_event);
    (void)sqlite3_finalize(s->save_account);
    (void)sqlite3_close(s->db);
}

static struct job *take_job(struct store *s)
{
    struct job *job = s->first;
    if (job == NULL)
        return NULL;
    s->first = (struct job *)job->link.next;
    if (s->first == NULL)
        s->last = NULL;
    s->count--;
    return job;
}

/* Under the lock. Returns false when it is time to end. */
static bool wait_for_work(struct store *s)
{
    while (!s->worker.stop && s->first == NULL) {
        int64_t wait_ms = -1;
        if (s->unsaved.first != NULL) {
            wait_ms = mono_since(s->retry_at, clock_mono());
            if (wait_ms <= 0)
                return true;
        }
        worker_wait(&s->worker, wait_ms);
    }
    return s->first != NULL;
}

static void run(void *context)
{
    struct store *s = context;
    lock(s);
    while (wait_for_work(s)) {
        struct job *batch[STORE_BATCH_MAX];
        struct job *other = NULL;
        size_t count = 0;
        while (count < STORE_BATCH_MAX && s->first != NULL && s->first->kind < JOB_QUERY)
            batch[count++] = take_job(s);
        if (count == 0)
            other = take_job(s);
        unlock(s);
        if (count > 0)
            save_jobs(s, batch, count);
        if (other != NULL && other->kind == JOB_QUERY)
            answer(s, other);
        else if (other != NULL)
            thin(s, other);
        lock(s);
        /* With an empty queue only: an older save in it would undo the newer state. */
        if (s->first == NULL && s->unsaved.first != NULL &&
            mono_reached(clock_mono(), s->retry_at)) {
            unlock(s);
            retry_unsaved(s);
            lock(s);
        }
    }
    unlock(s);
    retry_unsaved(s);
    (void)pthread_mutex_lock(&s->db_lock);
    close_database(s); /* here and not in store_close: its checkpoint may meet a dead disk */
    (void)pthread_mutex_unlock(&s->db_lock);
}

/* --- the API --- */

static int open_database(struct store *s, const char *state_dir, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    if (!str_format(path, sizeof path, "%s/resus.db", state_dir))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    int r = file_make_folders(state_dir, 0750, err);
    if (r == 0)
        r = database_open(path, &s->db, err);
    if (r == 0)
        r = database_prepare(s->db, state_save_sql, &s->save_state, err);
    if (r == 0)
        r = database_prepare(s->db, history_recovery_sql, &s->save_recovery, err);
    if (r == 0)
        r = database_prepare(s->db, history_event_sql, &s->save_event, err);
    if (r == 0)
        r = database_prepare(s->db, account_row_sql, &s->save_account, err);
    if (r == 0)
        state_reserve_events(s->db);
    return r;
}

int store_open(uv_loop_t *loop, const char *state_dir, store_done *done, store_rows *rows,
               void *context, struct store **ret, struct error *err)
{
    struct store *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->done = done;
    s->rows = rows;
    s->context = context;
    s->retry_at = clock_mono();
    (void)pthread_mutex_init(&s->db_lock, NULL);
    int r = open_database(s, state_dir, err);
    if (r == 0)
        r = deliver_new(loop, on_delivery, s, drop_job, &s->deliver, err);
    if (r == 0) {
        r = worker_start(&s->worker, "resus-store", run, s, err);
        if (r < 0) {
            deliver_close(s->deliver);
            deliver_free(s->deliver);
        }
    }
    if (r < 0) {
        close_database(s);
        (void)pthread_mutex_destroy(&s->db_lock);
        mem_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int store_load_service(struct store *s, const char *id, struct service_state *ret,
                       struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = state_load(s->db, id, ret, err);
    (void)pthread_mutex_unlock(&s->db_lock);
    return r;
}

int store_load_accounts(struct store *s, store_account_each *each, void *context, struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = account_row_load(s->db, each, context, err);
    (void)pthread_mutex_unlock(&s->db_lock);
    return r;
}

int store_load_recoveries(struct store *s, const char *service, struct recovery_record *ret,
                          int max, struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = history_recall(s->db, service, ret, max, err);
    (void)pthread_mutex_unlock(&s->db_lock);
    return r;
}

void store_look(struct store *s, struct store_state *ret)
{
    lock(s);
    *ret = (struct store_state){.unsaved = s->unsaved.count + s->retrying, .problem = s->problem};
    unlock(s);
}

static struct job *new_job(struct store *s, enum job_kind kind, uint64_t id)
{
    struct job *job = mem_calloc(1, sizeof *job);
    if (job == NULL) {
        lock(s);
        for (size_t i = 0; job == NULL && i < STORE_SPARES_MAX; i++)
            if (!s->spares[i].used)
                job = &s->spares[i];
        if (job != NULL)
            *job = (struct job){.spare = true, .used = true};
        unlock(s);
    }
    if (job != NULL) {
        job->kind = kind;
        job->id = id;
    }
    return job;
}

static void refuse(struct store *s, struct job *job, int code, const char *why)
{
    struct error err;
    (void)error_set(&err, code, "not stored: %s", why);
    finish(s, job, outcome_of(code), &err);
}

/* Takes the job with a copy of its payload. */
static void queue(struct store *s, struct job *job, const void *payload, size_t size,
                  const char *text)
{
    job->payload = mem_calloc(1, size);
    job->text = text == NULL ? NULL : mem_strndup(text, STORE_BODY_MAX + 1);
    if (job->payload == NULL || (text != NULL && job->text == NULL)) {
        refuse(s, job, -ENOMEM, "out of memory");
        return;
    }
    if (text != NULL && strlen(job->text) > STORE_BODY_MAX) {
        refuse(s, job, -EMSGSIZE, "the text is too long");
        return;
    }
    memcpy(job->payload, payload, size);
    if (job->kind == JOB_SAVE_RECOVERY)
        ((struct recovery_record *)job->payload)->evidence = job->text;
    else if (job->kind == JOB_SAVE_EVENT)
        ((struct event_record *)job->payload)->body = job->text;
    else if (job->kind == JOB_SAVE_ACCOUNT)
        ((struct account_record *)job->payload)->body = job->text;
    lock(s);
    bool full = s->count >= STORE_QUEUE_MAX;
    if (job->kind == JOB_SAVE_SERVICE) {
        job->serial = ++s->serial;
        if (full)
            unsaved_keep(&s->unsaved, job->payload, job->serial);
    }
    if (!full) {
        put_job(s, job);
        (void)pthread_cond_signal(&s->worker.wake);
    }
    unlock(s);
    if (full)
        refuse(s, job, -EBUSY, "the queue is full: the disk is stuck");
}

void store_save_service(struct store *s, uint64_t id, enum store_class class,
                        const struct service_state *state)
{
    struct job *job = new_job(s, JOB_SAVE_SERVICE, id);
    if (job == NULL)
        return;
    job->full = class == STORE_FULL;
    queue(s, job, state, sizeof *state, NULL);
}

void store_save_recovery(struct store *s, uint64_t id, const struct recovery_record *record)
{
    struct job *job = new_job(s, JOB_SAVE_RECOVERY, id);
    if (job == NULL)
        return;
    queue(s, job, record, sizeof *record, record->evidence);
}

void store_save_event(struct store *s, uint64_t id, const struct event_record *event)
{
    struct job *job = new_job(s, JOB_SAVE_EVENT, id);
    if (job == NULL)
        return;
    queue(s, job, event, sizeof *event, event->body);
}

void store_save_account(struct store *s, uint64_t id, const struct account_record *record)
{
    struct job *job = new_job(s, JOB_SAVE_ACCOUNT, id);
    if (job == NULL)
        return;
    job->full = true;
    queue(s, job, record, sizeof *record, record->body);
}

void store_ask(struct store *s, uint64_t id, history_query *asked, const char *service,
               struct history_question *q)
{
    struct job *job = new_job(s, JOB_QUERY, id);
    if (job == NULL)
        return;
    (void)str_copy(q->service, sizeof q->service, service);
    job->question = asked;
    queue(s, job, q, sizeof *q, NULL);
}

void store_thin(struct store *s, wall_ms before, wall_ms recoveries_before)
{
    struct job *job = new_job(s, JOB_THIN, 0);
    if (job == NULL)
        return;
    struct thin t = {before, recoveries_before};
    queue(s, job, &t, sizeof t, NULL);
}

void store_close(struct store *s, int64_t wait_ms)
{
    if (s == NULL)
        return;
    deliver_close(s->deliver);
    if (!worker_stop(&s->worker, wait_ms))
        return; /* a dead disk holds the thread, and it holds this memory */
    worker_free(&s->worker);
    for (struct job *job; (job = take_job(s)) != NULL;)
        drop_job(&job->link);
    unsaved_free(&s->unsaved);
    deliver_free(s->deliver);
    (void)pthread_mutex_destroy(&s->db_lock);
    mem_free(s);
}
