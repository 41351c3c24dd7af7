#include "handlers/password_work.h"

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

struct password_work {
    uv_loop_t *loop;
    struct job *running; /* in the worker's hands */
    struct job *first, *last;
    size_t waiting;
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

static void start_next(struct password_work *w)
{
    struct job *job = w->first;
    if (w->running != NULL || job == NULL)
        return;
    w->first = job->next;
    if (w->first == NULL)
        w->last = NULL;
    w->waiting--;
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
    for (struct job *job = w->first, *next; job != NULL; job = next) {
        next = job->next;
        job->call->answer(job->call, 503, NULL);
        free_job(job);
    }
    w->first = NULL;
    w->closed = true;
    if (w->running == NULL)
        mem_free(w);
    else
        w->running->call->answer(w->running->call, 503, NULL);
}

int password_work_do(struct password_work *w, const char *hash, const char *password,
                     const char *fresh, password_done *done, struct call *call)
{
    if (w->waiting >= PASSWORD_WORK_MAX)
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
    if (w->last == NULL)
        w->first = job;
    else
        w->last->next = job;
    w->last = job;
    w->waiting++;
    start_next(w);
    return 0;
}
