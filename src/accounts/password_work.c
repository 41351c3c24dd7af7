#include "accounts/password_work.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct job {
    uv_work_t work; /* first */
    struct password_work *owner;
    struct call *call;
    password_done *done;
    char hash[PASSWORD_HASH_SIZE], fresh_hash[PASSWORD_HASH_SIZE];
    char *password, *fresh;
    bool good;
    struct job *next;
};

struct queue {
    struct job *first, *last;
    size_t waiting;
};

struct password_work {
    uv_loop_t *loop;
    struct job *running; /* in the worker's hands */
    struct queue queues[PASSWORD_QUEUE_COUNT];
    bool closed;
};

static void wipe_text(char *text)
{
    if (text != NULL)
        mem_wipe(text, strlen(text));
    mem_free(text);
}

static void free_job(struct job *job)
{
    wipe_text(job->password);
    wipe_text(job->fresh);
    mem_wipe(job->hash, sizeof job->hash);
    mem_wipe(job->fresh_hash, sizeof job->fresh_hash);
    mem_free(job);
}

int password_work_new(uv_loop_t *loop, struct password_work **ret, struct error *err)
{
    struct password_work *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    w->loop = loop;
    *ret = w;
    return 0;
}

static void on_worker(uv_work_t *work)
{
    struct job *job = (struct job *)work;
    job->good = job->hash[0] == '\0' || password_verify(job->hash, job->password);
    if (job->good && job->fresh != NULL && password_hash(job->fresh, job->fresh_hash, NULL) < 0)
        job->fresh_hash[0] = '\0';
}

static void on_loop(uv_work_t *work, int status);

static void enqueue(struct queue *q, struct job *job)
{
    if (q->last == NULL)
        q->first = job;
    else
        q->last->next = job;
    q->last = job;
    q->waiting++;
}

/* NULL: nobody waits. */
static struct job *dequeue(struct password_work *w)
{
    struct queue *q = &w->queues[PASSWORD_KNOWN];
    if (q->first == NULL)
        q = &w->queues[PASSWORD_STRANGER];
    struct job *job = q->first;
    if (job == NULL)
        return NULL;
    q->first = job->next;
    if (q->first == NULL)
        q->last = NULL;
    q->waiting--;
    job->next = NULL;
    return job;
}

static bool crowded(const struct queue *q, const char *hash)
{
    size_t same = 0;
    for (const struct job *job = q->first; job != NULL; job = job->next)
        same += str_equal(job->hash, hash);
    return same >= PASSWORD_SAME_MAX;
}

static void start_next(struct password_work *w)
{
    struct job *job = w->running == NULL ? dequeue(w) : NULL;
    if (job == NULL)
        return;
    w->running = job;
    (void)uv_queue_work(w->loop, &job->work, on_worker, on_loop); /* fails only without callbacks */
}

static void on_loop(uv_work_t *work, int status)
{
    struct job *job = (struct job *)work;
    struct password_work *w = job->owner;
    (void)status;
    w->running = NULL;
    if (w->closed) {
        free_job(job);
        mem_free(w);
        return;
    }
    start_next(w);
    job->done(job->call, job->good, job->fresh_hash);
    free_job(job);
}

void password_work_free(struct password_work *w)
{
    if (w == NULL)
        return;
    for (struct job *job = dequeue(w); job != NULL; job = dequeue(w)) {
        job->call->answer(job->call, 503, NULL);
        free_job(job);
    }
    w->closed = true;
    if (w->running == NULL)
        mem_free(w);
    else
        w->running->call->answer(w->running->call, 503, NULL);
}

int password_work_do(struct password_work *w, enum password_queue queue, const char *hash,
                     const char *password, const char *fresh, password_done *done,
                     struct call *call)
{
    if (queue == PASSWORD_KNOWN && hash != NULL && crowded(&w->queues[queue], hash))
        queue = PASSWORD_STRANGER;
    if (w->queues[queue].waiting >= PASSWORD_WORK_MAX)
        return -EBUSY;
    struct job *job = mem_calloc(1, sizeof *job);
    if (job == NULL)
        return -ENOMEM;
    job->owner = w;
    job->call = call;
    job->done = done;
    (void)str_copy(job->hash, sizeof job->hash, hash);
    job->password = mem_strdup(password == NULL ? "" : password);
    job->fresh = fresh == NULL ? NULL : mem_strdup(fresh);
    if (job->password == NULL || (fresh != NULL && job->fresh == NULL)) {
        free_job(job);
        return -ENOMEM;
    }
    enqueue(&w->queues[queue], job);
    start_next(w);
    return 0;
}
