/* The queue in front of the store's thread: writes and questions, copied, bounded, never waited
 * for. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "store/store_inside.h"

struct job *store_new_job(struct store *s, enum job_kind kind, uint64_t id)
{
    struct job *job = mem_calloc(1, sizeof *job);
    if (job == NULL) {
        store_lock(s);
        for (size_t i = 0; job == NULL && i < STORE_SPARES_MAX; i++)
            if (!s->spares[i].used)
                job = &s->spares[i];
        if (job != NULL)
            *job = (struct job){.spare = true, .used = true};
        store_unlock(s);
    }
    if (job != NULL) {
        job->kind = kind;
        job->id = id;
    }
    return job;
}

void store_refuse(struct store *s, struct job *job, int code, const char *why)
{
    struct error err;
    (void)error_set(&err, code, "not stored: %s", why);
    store_finish(s, job, store_outcome_of(code), &err);
}

/* Takes the job with a copy of its payload. */
static void queue(struct store *s, struct job *job, const void *payload, size_t size,
                  const char *text)
{
    job->payload = mem_calloc(1, size);
    job->text = text == NULL ? NULL : mem_strndup(text, STORE_BODY_MAX + 1);
    if (job->payload == NULL || (text != NULL && job->text == NULL)) {
        store_refuse(s, job, -ENOMEM, "out of memory");
        return;
    }
    if (text != NULL && strlen(job->text) > STORE_BODY_MAX) {
        store_refuse(s, job, -EMSGSIZE, "the text is too long");
        return;
    }
    memcpy(job->payload, payload, size);
    if (job->kind == JOB_SAVE_RECOVERY)
        ((struct recovery_record *)job->payload)->evidence = job->text;
    else if (job->kind == JOB_SAVE_EVENT)
        ((struct event_record *)job->payload)->body = job->text;
    store_queue_job(s, job);
}

void store_queue_job(struct store *s, struct job *job)
{
    store_lock(s);
    bool full = s->count >= STORE_QUEUE_MAX;
    job->serial = ++s->serial;
    if (full && job->kind == JOB_SAVE_SERVICE)
        unsaved_keep(&s->unsaved, job->payload, job->serial);
    else if (full && job->kind == JOB_SAVE_RECOVERY)
        kept_recoveries_keep(&s->kept, job->payload, job->serial);
    else if (full && job->kind == JOB_SAVE_RECORDS)
        kept_records_keep(&s->kept_records, job->payload, job->serial);
    else if (full && job->kind == JOB_RESERVE)
        records_reserved(s, job->payload, -EBUSY);
    if (!full) {
        store_put_job(s, job);
        (void)pthread_cond_signal(&s->worker.wake);
    }
    store_unlock(s);
    if (full)
        store_refuse(s, job, -EBUSY, "the queue is full: the disk is stuck");
}

void store_save_service(struct store *s, uint64_t id, enum store_class class,
                        const struct service_state *state)
{
    struct job *job = store_new_job(s, JOB_SAVE_SERVICE, id);
    if (job == NULL)
        return;
    job->full = class == STORE_FULL;
    queue(s, job, state, sizeof *state, NULL);
}

void store_save_recovery(struct store *s, uint64_t id, const struct recovery_record *record)
{
    struct job *job = store_new_job(s, JOB_SAVE_RECOVERY, id);
    if (job == NULL)
        return;
    queue(s, job, record, sizeof *record, record->evidence);
}

void store_save_event(struct store *s, uint64_t id, const struct event_record *event)
{
    struct job *job = store_new_job(s, JOB_SAVE_EVENT, id);
    if (job == NULL)
        return;
    queue(s, job, event, sizeof *event, event->body);
}

static void ask(struct store *s, uint64_t id, question *asked, const char *service,
                struct history_question *q)
{
    struct job *job = store_new_job(s, JOB_QUERY, id);
    if (job == NULL)
        return;
    (void)str_copy(q->service, sizeof q->service, service);
    job->question = asked;
    queue(s, job, q, sizeof *q, NULL);
}

void store_query_recoveries(struct store *s, uint64_t id, const char *service, wall_ms since,
                            int limit)
{
    ask(s, id, history_recoveries, service,
        &(struct history_question){.since = since, .limit = limit});
}

void store_query_events(struct store *s, uint64_t id, const char *service, uint64_t since_seq,
                        int limit)
{
    ask(s, id, history_events, service,
        &(struct history_question){.since_seq = since_seq, .limit = limit});
}

void store_query_operations(struct store *s, uint64_t id, const char *service, wall_ms since,
                            int limit)
{
    ask(s, id, history_operations, service,
        &(struct history_question){.since = since, .limit = limit});
}

void store_query_recovery_summary(struct store *s, uint64_t id, const char *service, wall_ms since)
{
    ask(s, id, history_summary, service, &(struct history_question){.since = since});
}

void store_thin(struct store *s, wall_ms before, wall_ms recoveries_before)
{
    struct job *job = store_new_job(s, JOB_THIN, 0);
    if (job == NULL)
        return;
    struct thin t = {before, recoveries_before, clock_wall()};
    queue(s, job, &t, sizeof t, NULL);
}
