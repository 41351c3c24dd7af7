/* Records between the loop and the store's thread: writes and questions on their way in, the
 * numbers, and what waits in memory for the disk. */
#include "store/record.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "io/clock.h"
#include "io/log.h"
#include "store/store_inside.h"

/* ── writing ── */

static bool is_strict(const struct record_batch *batch)
{
    bool full = false;
    for (size_t i = 0; i < batch->count; i++)
        full |= record_kinds[batch->rows[i].kind].class == STORE_FULL;
    return full;
}

/* Numbers that their owner chose by itself count as given out. */
static void note_numbers(struct store *s, const struct record_batch *batch)
{
    store_lock(s);
    for (size_t i = 0; i < batch->count; i++) {
        struct record_numbers *numbers = &s->numbers[batch->rows[i].kind];
        if (batch->rows[i].number > numbers->last)
            numbers->last = batch->rows[i].number;
    }
    store_unlock(s);
}

void record_write(struct store *s, const struct record_write *write)
{
    struct job *job = store_new_job(s, JOB_SAVE_RECORDS, write->id);
    struct error err = {0};
    if (job == NULL)
        return;
    job->done = write->done;
    job->context = write->context;
    struct record_batch *batch = record_batch_new(write->changes, write->count, &err);
    if (batch == NULL) {
        store_refuse(s, job, err.code, err.text);
        return;
    }
    job->payload = batch;
    job->full = write->full || is_strict(batch);
    note_numbers(s, batch);
    store_queue_job(s, job);
}

int record_check(const struct record_change *changes, size_t count, struct error *err)
{
    struct error why = {0};
    struct record_batch *batch = record_batch_new(changes, count, &why);
    record_batch_free(batch);
    if (batch != NULL)
        return 0;
    return error_set(err, why.code, "%s", why.text);
}

void record_find(struct store *s, uint64_t id, const struct record_query *query, store_rows *rows,
                 void *context)
{
    struct job *job = store_new_job(s, JOB_FIND, id);
    if (job == NULL)
        return;
    job->on_rows = rows;
    job->context = context;
    job->payload = mem_calloc(1, sizeof *query);
    if (job->payload == NULL) {
        store_refuse(s, job, -ENOMEM, "out of memory");
        return;
    }
    memcpy(job->payload, query, sizeof *query);
    store_queue_job(s, job);
}

int record_load(struct store *s, enum record_kind kind, const char *state, record_each *each,
                void *context, struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = record_row_load(s->db, kind, state, each, context, err);
    (void)pthread_mutex_unlock(&s->db_lock);
    return r;
}

/* ── numbers ── */

static void reserve_more(struct store *s, enum record_kind kind, int64_t last)
{
    struct reserve wanted = {.kind = kind, .last = last + record_kinds[kind].numbers_ahead};
    struct job *job = store_new_job(s, JOB_RESERVE, 0);
    if (job != NULL)
        job->payload = mem_calloc(1, sizeof wanted);
    if (job == NULL || job->payload == NULL) {
        store_lock(s);
        s->numbers[kind].reserving = false;
        store_unlock(s);
        if (job != NULL)
            store_refuse(s, job, -ENOMEM, "out of memory");
        return;
    }
    memcpy(job->payload, &wanted, sizeof wanted);
    job->full = true;
    store_queue_job(s, job);
}

int64_t record_next(struct store *s, enum record_kind kind)
{
    int64_t ahead = record_kinds[kind].numbers_ahead;
    store_lock(s);
    struct record_numbers *n = &s->numbers[kind];
    int64_t next = n->last + 1;
    /* The disk takes no reservation. Numbers from the clock are above all that an earlier run gave
     * out, and the next run will not get there before its clock does. */
    int64_t from_clock = clock_wall().ms * 1000;
    if (ahead > 0 && next > n->reserved && from_clock > next)
        next = from_clock;
    n->last = next;
    bool more = ahead > 0 && next + ahead / 2 > n->reserved && !n->reserving;
    n->reserving |= more;
    store_unlock(s);
    if (more)
        reserve_more(s, kind, next);
    return next;
}

int64_t record_last(struct store *s, enum record_kind kind)
{
    store_lock(s);
    int64_t last = s->numbers[kind].last;
    store_unlock(s);
    return last;
}

int records_reserve(struct store *s, const struct reserve *wanted, struct error *err)
{
    return record_row_reserve(s->db, wanted->kind, wanted->last, err);
}

void records_reserved(struct store *s, const struct reserve *wanted, int r)
{
    struct record_numbers *n = &s->numbers[wanted->kind];
    n->reserving = false;
    if (r == 0)
        n->reserved = wanted->last;
}

/* Stores how far each kind's numbers go: up to what is reserved, or what was given out. */
static int store_numbers(struct store *s, bool reserved, struct error *err)
{
    int r = store_begin(s, true, err);
    for (int kind = 0; r == 0 && kind < (int)RECORD_KIND_COUNT; kind++) {
        const struct record_numbers *n = &s->numbers[kind];
        int64_t ahead = reserved ? record_kinds[kind].numbers_ahead : 0;
        if (record_kinds[kind].numbers_ahead > 0)
            r = record_row_reserve(s->db, (enum record_kind)kind, n->last + ahead, err);
    }
    return store_end(s, r, err);
}

int records_open(struct store *s, struct error *err)
{
    struct error ignored = {0};
    int r = 0;
    for (int kind = 0; r == 0 && kind < (int)RECORD_KIND_COUNT; kind++)
        r = record_row_last(s->db, (enum record_kind)kind, &s->numbers[kind].last, err);
    if (r < 0)
        return r;
    bool done = store_numbers(s, true, &ignored) == 0;
    if (!done)
        log_warning("store", "cannot reserve the numbers of messages: %s", ignored.text);
    for (int kind = 0; done && kind < (int)RECORD_KIND_COUNT; kind++)
        s->numbers[kind].reserved = s->numbers[kind].last + record_kinds[kind].numbers_ahead;
    return 0;
}

void records_close(struct store *s)
{
    struct error err = {0};
    if (store_numbers(s, false, &err) < 0)
        log_debug("store", "reserved numbers stay reserved: %s", err.text);
}

/* ── saving ── */

int records_save(struct store *s, const struct record_batch *batch, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < batch->count; i++)
        r = record_row_save(s->db, &s->records, &batch->rows[i], err);
    return r;
}

int records_save_kept(struct store *s, const struct kept_records *kept, uint64_t before,
                      struct error *err)
{
    int r = 0;
    for (const struct kept_record *k = kept->first; r == 0 && k != NULL; k = k->next)
        if (k->serial < before)
            r = record_row_save(s->db, &s->records, &k->row, err);
    return r;
}

void records_take_kept(struct store *s, struct kept_records *ret)
{
    store_lock(s);
    *ret = s->kept_records;
    s->kept_records = (struct kept_records){.dropped = ret->dropped};
    ret->dropped = 0;
    s->retrying_records = ret->count;
    store_unlock(s);
}

void records_give_back(struct store *s, struct kept_records *kept, uint64_t stored)
{
    store_lock(s);
    kept_records_drop(kept, stored);
    kept_records_merge(&s->kept_records, kept);
    s->retrying_records = 0;
    store_unlock(s);
}
