#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"
#include "store/database.h"
#include "store/deliver.h"
#include "store/history.h"
#include "store/kept_file.h"
#include "store/kept_rows.h"
#include "store/state.h"
#include "store/store_inside.h"
#include "store/unsaved.h"
#include "store/worker.h"

void store_lock(struct store *s)
{
    (void)pthread_mutex_lock(&s->worker.lock);
}

void store_unlock(struct store *s)
{
    (void)pthread_mutex_unlock(&s->worker.lock);
}

static void free_payload(struct job *job)
{
    if (job->kind == JOB_SAVE_RECORDS)
        record_batch_free(job->payload);
    else
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
        store_lock(s);
        job->used = false;
        store_unlock(s);
    }
}

static bool is_question(const struct job *job)
{
    return job->kind == JOB_QUERY || job->kind == JOB_FIND;
}

static void on_delivery(void *context, struct delivery *item)
{
    struct store *s = context;
    struct job *job = (struct job *)item;
    const struct error *err = job->outcome == STORE_DURABLE ? NULL : &job->error;
    if (job->on_rows != NULL)
        job->on_rows(job->context, job->id, job->rows, job->rows == NULL ? &job->error : NULL);
    else if (is_question(job))
        s->rows(s->context, job->id, job->rows, job->rows == NULL ? &job->error : NULL);
    else if (job->done != NULL)
        job->done(job->context, job->id, job->outcome, err);
    else
        s->done(s->context, job->id, job->outcome, err);
    release(s, job);
}

static bool wanted(const struct job *job)
{
    return is_question(job) || job->done != NULL || job->id != 0;
}

void store_finish(struct store *s, struct job *job, enum store_outcome outcome,
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

enum store_outcome store_outcome_of(int code)
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
    if (job->kind == JOB_SAVE_RECORDS)
        return records_save(s, job->payload, err);
    if (job->kind == JOB_RESERVE)
        return records_reserve(s, job->payload, err);
    return history_save_event(s->db, s->save_event, job->payload, err);
}

int store_begin(struct store *s, bool full, struct error *err)
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

int store_end(struct store *s, int r, struct error *err)
{
    if (r == 0)
        r = database_run(s->db, "COMMIT", err);
    if (r < 0 && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

/* What waits for the disk goes first: a write may rely on what an earlier one changed. */
static int save_all(struct store *s, const struct kept_records *kept, struct job **jobs,
                    size_t count, struct error *err)
{
    bool full = kept->first != NULL;
    for (size_t i = 0; i < count; i++)
        full |= jobs[i]->full;
    int r = store_begin(s, full, err);
    if (r < 0)
        return r;
    r = records_save_kept(s, kept, jobs[0]->serial, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = save_one(s, jobs[i], err);
    return store_end(s, r, err);
}

/* A record that SQLite itself refuses (-EINVAL) would be refused again each time. */
static bool worth_keeping(int r)
{
    return r < 0 && r != -EINVAL;
}

/* What the file has is what `kept` has. The thread's, and store_open's. */
static void write_kept(struct store *s)
{
    struct kept_recoveries kept;
    store_lock(s);
    uint64_t changes = s->kept.changes;
    bool changed = changes != s->kept_written;
    kept_recoveries_copy(changed ? &s->kept : &(struct kept_recoveries){0}, &kept);
    store_unlock(s);
    if (changed && !kept_file_write(&s->kept_file, &kept) && kept.count > 0)
        log_warning("store",
                    "%zu recoveries wait for the disk in memory only: they are lost to the history "
                    "when Resus ends before the disk is back; the audit log has them",
                    kept.count);
    s->kept_written = changes;
    kept_recoveries_free(&kept);
}

static void settle(struct store *s, struct job *job, int r, const struct error *err)
{
    store_lock(s);
    if (r < 0)
        s->problem = *err;
    else
        s->problem = (struct error){0};
    if (job->kind == JOB_SAVE_SERVICE && r < 0)
        unsaved_keep(&s->unsaved, job->payload, job->serial);
    else if (job->kind == JOB_SAVE_SERVICE)
        unsaved_done(&s->unsaved, ((struct service_state *)job->payload)->id, job->serial);
    else if (job->kind == JOB_SAVE_RECOVERY && worth_keeping(r))
        kept_recoveries_keep(&s->kept, job->payload, job->serial);
    else if (job->kind == JOB_SAVE_RECOVERY)
        kept_recoveries_done(&s->kept, job->payload, job->serial);
    else if (job->kind == JOB_SAVE_RECORDS && worth_keeping(r))
        kept_records_keep(&s->kept_records, job->payload, job->serial);
    else if (job->kind == JOB_SAVE_RECORDS)
        kept_records_done(&s->kept_records, job->payload, job->serial);
    else if (job->kind == JOB_RESERVE)
        records_reserved(s, job->payload, r);
    store_unlock(s);
}

static void save_jobs(struct store *s, struct job **jobs, size_t count)
{
    struct error err = {0};
    struct kept_records kept;
    records_take_kept(s, &kept);
    (void)pthread_mutex_lock(&s->db_lock);
    int r = save_all(s, &kept, jobs, count, &err);
    (void)pthread_mutex_unlock(&s->db_lock);
    records_give_back(s, &kept, r < 0 ? 0 : jobs[0]->serial);
    if (r == -EINVAL && count > 1) { /* one of them cannot be saved: the others can */
        for (size_t i = 0; i < count; i++)
            save_jobs(s, &jobs[i], 1);
        return;
    }
    for (size_t i = 0; i < count; i++)
        settle(s, jobs[i], r, &err);
    write_kept(s); /* before anybody hears how it ended */
    for (size_t i = 0; i < count; i++)
        store_finish(s, jobs[i], store_outcome_of(r), &err);
    if (r < 0)
        s->retry_at = mono_add(clock_mono(), STORE_RETRY_MS);
    else
        s->retry_at = clock_mono(); /* the disk is back, if it was away */
}

static int save_again(struct store *s, const struct unsaved *states,
                      const struct kept_recoveries *recoveries, const struct kept_records *records,
                      struct error *err)
{
    int r = store_begin(s, true, err);
    for (struct unsaved_state *u = states->first; r == 0 && u != NULL; u = u->next)
        r = state_save(s->db, s->save_state, &u->state, err);
    for (struct kept_recovery *k = recoveries->first; r == 0 && k != NULL; k = k->next)
        r = history_save_recovery(s->db, s->save_recovery, &k->record, err);
    if (r == 0)
        r = records_save_kept(s, records, UINT64_MAX, err);
    return store_end(s, r, err);
}

static bool owes(const struct store *s)
{
    return s->unsaved.first != NULL || s->kept.first != NULL || s->kept_records.first != NULL;
}

static bool is_wanted(const struct store *s)
{
    return owes(s) || s->anchor_waits;
}

/* Takes what waits and gives back what is not stored under db_lock: whoever reads under it finds a
 * recovery among the rows or among those that wait. */
static void retry_unsaved(struct store *s)
{
    struct error err = {0};
    (void)pthread_mutex_lock(&s->db_lock);
    store_lock(s);
    struct unsaved mine = s->unsaved;
    struct kept_recoveries recoveries = s->kept;
    bool any = owes(s);
    s->unsaved = (struct unsaved){0};
    s->kept = (struct kept_recoveries){0};
    s->retrying = mine.count;
    s->retrying_kept = recoveries.count;
    store_unlock(s);
    if (!any) {
        (void)pthread_mutex_unlock(&s->db_lock);
        return;
    }
    struct kept_records records;
    records_take_kept(s, &records);
    int r = save_again(s, &mine, &recoveries, &records, &err);
    records_give_back(s, &records, r < 0 ? 0 : UINT64_MAX);
    if (r < 0)
        s->retry_at = mono_add(clock_mono(), STORE_RETRY_MS);
    store_lock(s);
    s->problem = err;
    bool same = r < 0 && s->kept.first == NULL;
    if (r < 0)
        unsaved_merge(&s->unsaved, &mine);
    if (worth_keeping(r))
        kept_recoveries_merge(&s->kept, &recoveries);
    s->retrying = s->retrying_kept = 0;
    s->kept.changes = s->kept_written + !same;
    store_unlock(s);
    (void)pthread_mutex_unlock(&s->db_lock);
    write_kept(s);
    unsaved_free(&mine);
    kept_recoveries_free(&recoveries);
}

/* Under db_lock: until hide_kept(), `recovery` is what is stored and what waits for the disk. */
static int show_kept(struct store *s, struct kept_recoveries *kept, struct error *err)
{
    store_lock(s);
    kept_recoveries_copy(&s->kept, kept);
    store_unlock(s);
    return kept->first == NULL ? 0 : kept_rows_show(s->db, kept, err);
}

static void hide_kept(struct store *s, struct kept_recoveries *kept)
{
    if (kept->first != NULL)
        kept_rows_hide(s->db);
    kept_recoveries_free(kept);
}

static void answer_find(struct store *s, struct job *job)
{
    struct error err = {0};
    (void)pthread_mutex_lock(&s->db_lock);
    int r = record_row_find(s->db, job->payload, &job->rows, &err);
    (void)pthread_mutex_unlock(&s->db_lock);
    store_finish(s, job, store_outcome_of(r), &err);
}

static void answer(struct store *s, struct job *job)
{
    struct error err = {0};
    struct kept_recoveries kept;
    (void)pthread_mutex_lock(&s->db_lock);
    int r = show_kept(s, &kept, &err);
    if (r == 0)
        r = job->question(s->db, job->payload, &job->rows, &err);
    if (r == 0 && job->question == history_recoveries)
        kept_rows_mark(&kept, job->rows);
    hide_kept(s, &kept);
    (void)pthread_mutex_unlock(&s->db_lock);
    store_finish(s, job, store_outcome_of(r), &err);
}

void store_put_job(struct store *s, struct job *job)
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
    int r = store_begin(s, false, &err);
    if (r == 0) {
        r = history_thin(s->db, t->events_before, t->recoveries_before, &err);
        int more = r < 0 ? r : record_row_thin(s->db, t->now, &err);
        r = more < 0 ? more : r | more;
        int ended = store_end(s, r < 0 ? r : 0, &err);
        r = ended < 0 ? ended : r;
    }
    (void)pthread_mutex_unlock(&s->db_lock);
    store_lock(s);
    bool again = r == 1 && !s->worker.stop;
    if (again)
        store_put_job(s, job);
    store_unlock(s);
    if (!again)
        store_finish(s, job, store_outcome_of(r < 0 ? r : 0), &err);
}

static void close_database(struct store *s)
{
    (void)sqlite3_finalize(s->save_state);
    (void)sqlite3_finalize(s->save_recovery);
    (void)sqlite3_finalize(s->save_event);
    record_row_finish(&s->records);
    kept_file_close(&s->kept_file);
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
        if (is_wanted(s)) {
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
    store_lock(s);
    while (wait_for_work(s)) {
        struct job *batch[STORE_BATCH_MAX];
        struct job *other = NULL;
        size_t count = 0;
        while (count < STORE_BATCH_MAX && s->first != NULL && s->first->kind < JOB_QUERY)
            batch[count++] = take_job(s);
        if (count == 0)
            other = take_job(s);
        store_unlock(s);
        if (count > 0)
            save_jobs(s, batch, count);
        if (other != NULL && other->kind == JOB_QUERY)
            answer(s, other);
        else if (other != NULL && other->kind == JOB_FIND)
            answer_find(s, other);
        else if (other != NULL)
            thin(s, other);
        store_lock(s);
        /* With an empty queue only: an older save in it would undo the newer state. */
        if (s->first == NULL && owes(s) && mono_reached(clock_mono(), s->retry_at)) {
            store_unlock(s);
            retry_unsaved(s);
            store_lock(s);
        }
        if (s->anchor_waits && mono_reached(clock_mono(), s->retry_at)) {
            store_unlock(s);
            store_write_anchor(s);
            store_lock(s);
        }
    }
    store_unlock(s);
    retry_unsaved(s);
    store_write_anchor(s);
    (void)pthread_mutex_lock(&s->db_lock);
    records_close(s);
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
        r = record_row_prepare(s->db, &s->records, err);
    if (r == 0)
        r = records_open(s, err);
    if (r < 0)
        return r;
    state_reserve_events(s->db);
    kept_file_open(&s->kept_file, state_dir, &s->kept);
    s->serial = s->kept.count;
    s->kept_written = s->kept.changes;
    return 0;
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
    s->kept_file.spare = -1;
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

int store_load_recoveries(struct store *s, const char *service, struct recovery_record *ret,
                          int max, struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    struct kept_recoveries kept;
    int r = show_kept(s, &kept, err);
    if (r == 0)
        r = history_recall(s->db, service, ret, max, err);
    hide_kept(s, &kept);
    (void)pthread_mutex_unlock(&s->db_lock);
    return r;
}

void store_look(struct store *s, struct store_state *ret)
{
    store_lock(s);
    *ret = (struct store_state){.unsaved = s->unsaved.count + s->retrying,
                                .recoveries = s->kept.count + s->retrying_kept,
                                .records = s->kept_records.count + s->retrying_records,
                                .records_dropped = s->kept_records.dropped,
                                .problem = s->problem};
    store_unlock(s);
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
    kept_recoveries_free(&s->kept);
    kept_records_free(&s->kept_records);
    deliver_free(s->deliver);
    (void)pthread_mutex_destroy(&s->db_lock);
    mem_free(s);
}
