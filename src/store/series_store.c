#include "store/series_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/file.h"
#include "store/deliver.h"
#include "store/series_table.h"
#include "store/worker.h"

enum asked { ASKED_METRICS, ASKED_LEVELS, ASKED_LOWS };

struct question {
    struct delivery link; /* first: the queue's as well as the delivery's */
    enum asked asked;
    uint64_t id;
    struct series_question q;
    int64_t limit_seconds;
    json_t *answer;
    struct error error;
};

struct chunk { /* of samples, in the order they came */
    struct chunk *next;
    size_t count;
    struct series_sample samples[SERIES_BATCH_MAX];
};

struct outage_item {
    struct outage_item *next;
    struct outage_record record;
};

struct series_store {
    series_answer *answer;
    void *context;
    char path[SETTINGS_PATH_MAX];
    struct deliver *deliver;
    struct worker worker;

    /* under worker.lock */
    struct chunk *first_chunk, *last_chunk;
    struct outage_item *outages;
    struct question *first, *last;
    size_t samples, questions, outage_count;
    mono_ms flush_at; /* MONO_NEVER while nothing waits */
    struct series_figures figures;

    /* the thread's own, and upkeep's in tests: under db_lock */
    pthread_mutex_t db_lock;
    sqlite3 *db;
    mono_ms upkeep_at;
    int64_t upkeep_after;
};

static void lock(struct series_store *s)
{
    (void)pthread_mutex_lock(&s->worker.lock);
}

static void unlock(struct series_store *s)
{
    (void)pthread_mutex_unlock(&s->worker.lock);
}

static void drop_question(struct delivery *item)
{
    struct question *q = (struct question *)item;
    json_decref(q->answer);
    mem_free(q);
}

static void on_delivery(void *context, struct delivery *item)
{
    struct series_store *s = context;
    struct question *q = (struct question *)item;
    s->answer(s->context, q->id, q->answer, q->answer == NULL ? &q->error : NULL);
    drop_question(item);
}

/* ── the thread ── */

static int end(struct series_store *s, int r, struct error *err)
{
    if (r == 0)
        r = database_run(s->db, "COMMIT", err);
    if (r < 0 && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

struct waiting {
    struct chunk *chunks;
    struct outage_item *outages;
    size_t samples;
};

static struct waiting take_waiting(struct series_store *s)
{
    struct waiting w = {s->first_chunk, s->outages, s->samples};
    s->first_chunk = s->last_chunk = NULL;
    s->outages = NULL;
    s->samples = s->outage_count = 0;
    s->flush_at = MONO_NEVER;
    return w;
}

static void free_waiting(struct waiting *w)
{
    for (struct chunk *next; w->chunks != NULL; w->chunks = next) {
        next = w->chunks->next;
        mem_free(w->chunks);
    }
    for (struct outage_item *next; w->outages != NULL; w->outages = next) {
        next = w->outages->next;
        mem_free(w->outages);
    }
}

/* What the disk does not take is lost: it is a graph's gap, and no reason to keep memory. */
static void write_waiting(struct series_store *s, struct waiting *w)
{
    struct error err = {0};
    if (w->chunks == NULL && w->outages == NULL)
        return;
    (void)pthread_mutex_lock(&s->db_lock);
    int r = database_run(s->db, "BEGIN IMMEDIATE", &err);
    if (r == 0) {
        for (struct chunk *c = w->chunks; r == 0 && c != NULL; c = c->next)
            r = series_table_add(s->db, c->samples, c->count, &err);
        for (struct outage_item *o = w->outages; r == 0 && o != NULL; o = o->next)
            r = series_table_add_outage(s->db, &o->record, &err);
        r = end(s, r, &err);
    }
    (void)pthread_mutex_unlock(&s->db_lock);
    struct stat file = {0};
    bool known = stat(s->path, &file) == 0;
    lock(s);
    s->figures.problem = err;
    s->figures.bytes = known ? (int64_t)file.st_size : -1;
    if (r == 0)
        s->figures.written += w->samples;
    else
        s->figures.dropped += w->samples;
    unlock(s);
    free_waiting(w);
}

static void answer_question(struct series_store *s, struct question *q)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = q->asked == ASKED_METRICS ? series_ask_metrics(s->db, &q->q, &q->answer, &q->error)
            : q->asked == ASKED_LEVELS
                ? series_ask_levels(s->db, &q->q, q->limit_seconds, &q->answer, &q->error)
                : series_ask_lows(s->db, &q->q, &q->answer, &q->error);
    (void)pthread_mutex_unlock(&s->db_lock);
    (void)r; /* `answer` is NULL then */
    deliver_post(s->deliver, &q->link);
}

static int upkeep_bite(struct series_store *s, wall_ms now, struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = database_run(s->db, "BEGIN IMMEDIATE", err);
    if (r == 0) {
        r = series_table_upkeep(s->db, now, &s->upkeep_after, err);
        r = end(s, r, err);
    }
    (void)pthread_mutex_unlock(&s->db_lock);
    return r;
}

/* One bite: what has been asked meanwhile goes first. */
static void upkeep(struct series_store *s)
{
    struct error err = {0};
    if (upkeep_bite(s, clock_wall(), &err) < 0) {
        lock(s);
        s->figures.problem = err;
        unlock(s);
        s->upkeep_after = 0;
    }
    if (s->upkeep_after == 0)
        s->upkeep_at = mono_add(clock_mono(), SERIES_UPKEEP_MS);
}

static struct question *take_question(struct series_store *s)
{
    struct question *q = s->first;
    if (q == NULL)
        return NULL;
    s->first = (struct question *)q->link.next;
    if (s->first == NULL)
        s->last = NULL;
    s->questions--;
    return q;
}

/* Under the lock. */
static void wait_for_work(struct series_store *s)
{
    while (!s->worker.stop && s->first == NULL && s->samples < SERIES_BATCH_MAX) {
        int64_t wait_ms = mono_since(mono_min(s->flush_at, s->upkeep_at), clock_mono());
        if (wait_ms <= 0)
            return;
        worker_wait(&s->worker, wait_ms);
    }
}

static void run(void *context)
{
    struct series_store *s = context;
    lock(s);
    for (;;) {
        wait_for_work(s);
        struct question *q = take_question(s);
        bool flush = q != NULL || s->worker.stop || s->samples >= SERIES_BATCH_MAX ||
                     mono_reached(clock_mono(), s->flush_at);
        struct waiting w = flush ? take_waiting(s) : (struct waiting){0};
        bool stop = s->worker.stop;
        unlock(s);
        write_waiting(s, &w);
        if (q != NULL)
            answer_question(s, q);
        else if (!stop && mono_reached(clock_mono(), s->upkeep_at))
            upkeep(s);
        lock(s);
        if (stop && s->first == NULL)
            break;
    }
    unlock(s);
    (void)pthread_mutex_lock(&s->db_lock);
    (void)sqlite3_close(s->db); /* here: its checkpoint may meet a dead disk */
    s->db = NULL;
    (void)pthread_mutex_unlock(&s->db_lock);
}

/* ── the API ── */

static int open_file(struct series_store *s, const char **ret_note, struct error *err)
{
    char aside[SETTINGS_PATH_MAX + 16];
    int r = database_open_as(s->path, series_table_migrate, &s->db, err);
    if (r != -EILSEQ)
        return r;
    (void)str_format(aside, sizeof aside, "%s.damaged", s->path);
    if (rename(s->path, aside) < 0)
        return r;
    for (int i = 0; i < 2; i++) {
        (void)str_format(aside, sizeof aside, "%s%s", s->path, i == 0 ? "-wal" : "-shm");
        (void)remove(aside);
    }
    *ret_note = "the file of the series was damaged: it is series.db.damaged now, and a new one is "
                "begun";
    return database_open_as(s->path, series_table_migrate, &s->db, err);
}

int series_store_open(uv_loop_t *loop, const char *state_dir, series_answer *answer, void *context,
                      struct series_store **ret, const char **ret_note, struct error *err)
{
    struct series_store *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->answer = answer;
    s->context = context;
    s->flush_at = MONO_NEVER;
    s->upkeep_at = mono_add(clock_mono(), SERIES_UPKEEP_MS);
    s->figures.bytes = -1;
    (void)pthread_mutex_init(&s->db_lock, NULL);
    int r = str_format(s->path, sizeof s->path, "%s/series.db", state_dir)
                ? file_make_folders(state_dir, 0750, err)
                : error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    *ret_note = NULL;
    if (r == 0)
        r = open_file(s, ret_note, err);
    if (r == 0)
        r = deliver_new(loop, on_delivery, s, drop_question, &s->deliver, err);
    if (r == 0) {
        r = worker_start(&s->worker, "resus-series", run, s, err);
        if (r < 0) {
            deliver_close(s->deliver);
            deliver_free(s->deliver);
        }
    }
    if (r < 0) {
        (void)sqlite3_close(s->db);
        (void)pthread_mutex_destroy(&s->db_lock);
        mem_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

/* Under the lock. */
static bool put_sample(struct series_store *s, const struct series_sample *sample)
{
    struct chunk *c = s->last_chunk;
    if (s->samples >= SERIES_WAITING_MAX)
        return false;
    if (c == NULL || c->count == SERIES_BATCH_MAX) {
        struct chunk *more = mem_calloc(1, sizeof *more);
        if (more == NULL)
            return false;
        if (c == NULL)
            s->first_chunk = more;
        else
            c->next = more;
        s->last_chunk = c = more;
    }
    c->samples[c->count++] = *sample;
    s->samples++;
    if (s->flush_at.ms == MONO_NEVER.ms)
        s->flush_at = mono_add(clock_mono(), SERIES_FLUSH_MS);
    return true;
}

void series_store_add(struct series_store *s, const struct series_sample *sample)
{
    lock(s);
    bool first = s->samples == 0;
    if (!put_sample(s, sample))
        s->figures.dropped++;
    if (first || s->samples == SERIES_BATCH_MAX)
        (void)pthread_cond_signal(&s->worker.wake);
    unlock(s);
}

void series_store_outage(struct series_store *s, const struct outage_record *outage)
{
    struct outage_item *item = mem_calloc(1, sizeof *item);
    if (item == NULL)
        return;
    item->record = *outage;
    lock(s);
    bool room = s->outage_count < SERIES_WAITING_MAX;
    if (room) {
        struct outage_item **last = &s->outages; /* a later one replaces an earlier one */
        while (*last != NULL)
            last = &(*last)->next;
        *last = item;
        s->outage_count++;
        if (s->flush_at.ms == MONO_NEVER.ms)
            s->flush_at = mono_add(clock_mono(), SERIES_FLUSH_MS);
        (void)pthread_cond_signal(&s->worker.wake);
    }
    unlock(s);
    if (!room)
        mem_free(item);
}

void series_store_look(struct series_store *s, struct series_figures *ret)
{
    lock(s);
    *ret = s->figures;
    ret->waiting = s->samples;
    unlock(s);
}

static void ask(struct series_store *s, enum asked asked, uint64_t id,
                const struct series_question *question, int64_t limit_seconds)
{
    struct question *q = mem_calloc(1, sizeof *q);
    if (q == NULL)
        return;
    q->asked = asked;
    q->id = id;
    q->q = *question;
    q->limit_seconds = limit_seconds;
    lock(s);
    bool full = s->questions >= SERIES_QUESTIONS_MAX;
    if (!full) {
        if (s->last == NULL)
            s->first = q;
        else
            s->last->link.next = &q->link;
        s->last = q;
        s->questions++;
        (void)pthread_cond_signal(&s->worker.wake);
    }
    unlock(s);
    if (!full)
        return;
    (void)error_set(&q->error, -EBUSY, "too many questions wait for the series");
    deliver_post(s->deliver, &q->link);
}

void series_store_ask(struct series_store *s, uint64_t id, const struct series_question *question)
{
    ask(s, ASKED_METRICS, id, question, 0);
}

void series_store_ask_levels(struct series_store *s, uint64_t id,
                             const struct series_question *question, int64_t limit_seconds)
{
    ask(s, ASKED_LEVELS, id, question, limit_seconds);
}

void series_store_ask_lows(struct series_store *s, uint64_t id,
                           const struct series_question *question)
{
    ask(s, ASKED_LOWS, id, question, 0);
}

int series_store_upkeep(struct series_store *s, wall_ms now, struct error *err)
{
    lock(s);
    struct waiting w = take_waiting(s);
    unlock(s);
    write_waiting(s, &w);
    s->upkeep_after = 0;
    int r = 0;
    do
        r = upkeep_bite(s, now, err);
    while (r == 0 && s->upkeep_after != 0);
    return r;
}

void series_store_close(struct series_store *s, int64_t wait_ms)
{
    if (s == NULL)
        return;
    deliver_close(s->deliver);
    if (!worker_stop(&s->worker, wait_ms))
        return; /* a dead disk holds the thread, and it holds this memory */
    worker_free(&s->worker);
    for (struct question *q; (q = take_question(s)) != NULL;)
        drop_question(&q->link);
    struct waiting w = take_waiting(s);
    free_waiting(&w);
    deliver_free(s->deliver);
    (void)pthread_mutex_destroy(&s->db_lock);
    mem_free(s);
}
