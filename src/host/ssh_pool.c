#include "host/ssh_pool.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/mailbox.h"

struct ssh_pool {
    struct mailbox *in;     /* to the SSH thread */
    struct mailbox *out;    /* back */
    struct ssh_link *links; /* grows only: a link is kept for its next user */
    struct ssh_job *jobs;   /* under way, all of them */
    size_t pending;
    uint64_t serial;
    struct ssh_job *spare[SSH_SPARE_JOBS];
    struct ssh_job *stop; /* made at the start, so that the end needs no memory */
    bool closing;
    struct ssh_thread thread;
    uv_thread_t id;
};

static void free_job(struct ssh_job *job)
{
    if (job->fd >= 0)
        close(job->fd);
    buf_free(&job->out);
    buf_free(&job->err);
    mem_free(job);
}

static void init_job(struct ssh_job *job, enum ssh_job_kind kind, struct ssh_link *link)
{
    *job = (struct ssh_job){.kind = kind,
                            .link = link,
                            .fd = -1,
                            .out = BUF_LIMIT(HOST_OUTPUT_MAX),
                            .err = BUF_LIMIT(HOST_OUTPUT_MAX)};
}

static struct ssh_job *new_job(enum ssh_job_kind kind, struct ssh_link *link)
{
    struct ssh_job *job = mem_calloc(1, sizeof *job);
    if (job != NULL)
        init_job(job, kind, link);
    return job;
}

static void free_spare(struct ssh_pool *pool)
{
    for (size_t i = 0; i < SSH_SPARE_JOBS; i++)
        mem_free(pool->spare[i]);
    mem_free(pool->stop);
}

static int make_spare(struct ssh_pool *pool)
{
    pool->stop = new_job(SSH_JOB_STOP, NULL);
    bool ok = pool->stop != NULL;
    for (size_t i = 0; i < SSH_SPARE_JOBS; i++) {
        pool->spare[i] = new_job(SSH_JOB_COMMAND, NULL);
        ok = ok && pool->spare[i] != NULL;
    }
    return ok ? 0 : -ENOMEM;
}

/* --- the SSH thread --- */

static void run_thread(void *context)
{
    struct ssh_pool *pool = context;
    (void)uv_run(&pool->thread.loop, UV_RUN_DEFAULT);
}

static void on_posted(void *context, void *item)
{
    struct ssh_pool *pool = context;
    struct ssh_job *job = item;
    switch (job->kind) {
    case SSH_JOB_COMMAND:
    case SSH_JOB_TUNNEL:
        ssh_link_submit(job->link, job);
        return;
    case SSH_JOB_CANCEL:
        ssh_link_cancel(job->link, job->serial);
        break;
    case SSH_JOB_HANG_UP:
        ssh_link_hang_up(job->link);
        break;
    case SSH_JOB_WAKE:
        ssh_link_wake(job->link);
        break;
    case SSH_JOB_RETIRE:
        ssh_link_retire(job->link);
        break;
    case SSH_JOB_STOP:
        for (struct ssh_link *link = pool->links; link != NULL; link = link->next)
            ssh_link_shut(link);
        mailbox_close(pool->in);
        break;
    }
    free_job(job);
}

static void post_back(void *context, struct ssh_job *job)
{
    struct ssh_pool *pool = context;
    /* Cannot be full: it holds every job that is under way. */
    int r = mailbox_post(pool->out, job);
    assert(r == 0);
    (void)r;
}

/* --- the engine's thread --- */

static void unlink_job(struct ssh_pool *pool, struct ssh_job *job)
{
    if (job->engine_previous != NULL)
        job->engine_previous->engine_next = job->engine_next;
    else
        pool->jobs = job->engine_next;
    if (job->engine_next != NULL)
        job->engine_next->engine_previous = job->engine_previous;
    pool->pending--;
}

static void on_answer(void *context, void *item)
{
    struct ssh_pool *pool = context;
    struct ssh_job *job = item;
    unlink_job(pool, job);
    if (job->owner != NULL && !pool->closing)
        job->deliver(job->owner, job);
    for (size_t i = 0; i < SSH_SPARE_JOBS; i++)
        if (pool->spare[i] == NULL) {
            pool->spare[i] = new_job(SSH_JOB_COMMAND, NULL);
            break;
        }
    free_job(job);
}

static int open_boxes(struct ssh_pool *pool, uv_loop_t *loop, struct error *err)
{
    /* Twice the jobs: cancellations travel beside them. */
    int r = mailbox_new(&pool->thread.loop, 2 * SSH_PENDING_MAX, on_posted, pool, &pool->in, err);
    if (r < 0)
        return r;
    mailbox_keep_alive(pool->in, true);
    r = mailbox_new(loop, 2 * SSH_PENDING_MAX, on_answer, pool, &pool->out, err);
    if (r < 0)
        return r;
    r = uv_thread_create(&pool->id, run_thread, pool);
    return r < 0 ? error_set(err, r, "ssh: thread: %s", uv_strerror(r)) : 0;
}

int ssh_pool_new(uv_loop_t *loop, struct ssh_pool **ret, struct error *err)
{
    struct ssh_pool *pool = mem_calloc(1, sizeof *pool);
    if (pool == NULL)
        return error_set(err, -ENOMEM, "ssh: out of memory");
    pool->thread.finish = post_back;
    pool->thread.context = pool;
    int r = make_spare(pool);
    if (r == 0)
        r = uv_loop_init(&pool->thread.loop);
    if (r < 0) {
        free_spare(pool);
        mem_free(pool);
        return error_set(err, r, "ssh: %s", uv_strerror(r));
    }
    r = open_boxes(pool, loop, err);
    if (r == 0) {
        *ret = pool;
        return 0;
    }
    mailbox_close(pool->out);
    mailbox_close(pool->in);
    (void)uv_run(&pool->thread.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&pool->thread.loop);
    free_spare(pool);
    mem_free(pool);
    return r;
}

/* Posting to the SSH thread fails only when the box is full, and it is never full: see
 * ssh_pool_send; the stop and hang-ups fit into the other half. */
static void post(struct ssh_pool *pool, struct ssh_job *job)
{
    if (mailbox_post(pool->in, job) < 0)
        free_job(job);
}

void ssh_pool_free(struct ssh_pool *pool)
{
    if (pool == NULL)
        return;
    pool->closing = true;
    int r = mailbox_post(pool->in, pool->stop);
    assert(r == 0);
    pool->stop = NULL;
    (void)r;
    (void)uv_thread_join(&pool->id);
    r = uv_loop_close(&pool->thread.loop);
    assert(r == 0);
    mailbox_close(pool->out); /* delivers what is there to on_answer, which frees it */
    while (pool->jobs != NULL) {
        struct ssh_job *job = pool->jobs;
        unlink_job(pool, job);
        free_job(job);
    }
    while (pool->links != NULL) {
        struct ssh_link *link = pool->links;
        pool->links = link->next;
        mem_free(link);
    }
    free_spare(pool);
    mem_free(pool);
}

static bool same_target(const struct ssh_settings *a, const struct ssh_settings *b)
{
    return settings_same_login(a, b) && str_equal(a->key, b->key) &&
           str_equal(a->known_hosts, b->known_hosts);
}

static struct ssh_link *find(struct ssh_pool *pool, const struct ssh_settings *settings)
{
    for (struct ssh_link *link = pool->links; link != NULL; link = link->next)
        if (!link->retired && same_target(&link->settings, settings))
            return link;
    return NULL;
}

static struct ssh_link *make(struct ssh_pool *pool, const struct ssh_settings *ssh)
{
    struct ssh_link *link = mem_calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->thread = &pool->thread;
    link->settings = *ssh;
    (void)str_format(link->name, sizeof link->name, "%s@%s:%d", ssh->user, ssh->host, ssh->port);
    atomic_init(&link->reached, TRI_UNKNOWN);
    link->next = pool->links;
    pool->links = link;
    return link;
}

static struct ssh_link *find_or_make(struct ssh_pool *pool, const struct ssh_settings *ssh)
{
    struct ssh_link *link = find(pool, ssh);
    return link != NULL ? link : make(pool, ssh);
}

int ssh_pool_join(struct ssh_pool *pool, const struct ssh_settings *ssh, struct error *err)
{
    struct ssh_link *link = find_or_make(pool, ssh);
    if (link == NULL)
        return error_set(err, -ENOMEM, "ssh: out of memory");
    link->users++;
    return 0;
}

void ssh_pool_leave(struct ssh_pool *pool, const struct ssh_settings *ssh)
{
    struct ssh_link *link = find(pool, ssh);
    assert(link != NULL && link->users > 0);
    link->users--;
    struct ssh_job *job = link->users == 0 ? new_job(SSH_JOB_HANG_UP, link) : NULL;
    if (job != NULL)
        post(pool, job);
}

/* `link` takes no new work. Where controllers use it, a successor is dialled at once; tunnels alone
 * open one when they need it. Without memory all stays as it is: the new key holds from the next
 * session on. */
static void renew(struct ssh_pool *pool, struct ssh_link *link)
{
    struct ssh_job *retire = new_job(SSH_JOB_RETIRE, link);
    struct ssh_job *wake = new_job(SSH_JOB_WAKE, NULL);
    struct ssh_link *fresh = NULL;
    bool ok = retire != NULL && wake != NULL;
    if (ok && link->users > 0) {
        fresh = make(pool, &link->settings);
        ok = fresh != NULL;
    }
    if (!ok) {
        mem_free(retire);
        mem_free(wake);
        return;
    }
    link->retired = true;
    post(pool, retire);
    if (fresh == NULL) {
        mem_free(wake);
        return;
    }
    fresh->users = link->users;
    link->users = 0;
    atomic_store(&fresh->reached, atomic_load(&link->reached));
    wake->link = fresh;
    post(pool, wake);
}

void ssh_pool_renew(struct ssh_pool *pool, const char *key)
{
    for (struct ssh_link *link = pool->links; link != NULL; link = link->next)
        if (!link->retired && str_equal(link->settings.key, key))
            renew(pool, link); /* the new one stands before it in the list */
}

static struct ssh_job *take_spare(struct ssh_pool *pool)
{
    for (size_t i = 0; i < SSH_SPARE_JOBS; i++) {
        struct ssh_job *job = pool->spare[i];
        pool->spare[i] = NULL;
        if (job != NULL)
            return job;
    }
    return NULL;
}

struct ssh_job *ssh_pool_job(struct ssh_pool *pool, enum ssh_job_kind kind,
                             const struct ssh_settings *ssh)
{
    struct ssh_link *link = find_or_make(pool, ssh);
    struct ssh_job *job = new_job(kind, link);
    bool short_of_memory = job == NULL || link == NULL;
    if (job == NULL) {
        job = mem_must(take_spare(pool));
        init_job(job, kind, link);
    }
    if (short_of_memory)
        (void)error_set(&job->error, -ENOMEM, "ssh: out of memory");
    job->serial = ++pool->serial;
    job->begun = clock_mono();
    job->engine_next = pool->jobs;
    if (pool->jobs != NULL)
        pool->jobs->engine_previous = job;
    pool->jobs = job;
    pool->pending++;
    return job;
}

void ssh_pool_send(struct ssh_pool *pool, struct ssh_job *job)
{
    if (job->error.code == 0 && pool->pending > SSH_PENDING_MAX)
        (void)error_set(&job->error, -EBUSY, "ssh: more than %d commands are under way",
                        SSH_PENDING_MAX);
    if (job->error.code == 0 && mailbox_post(pool->in, job) == 0)
        return;
    if (job->error.code == 0)
        (void)error_set(&job->error, -EBUSY, "ssh: the SSH thread takes no more work");
    job->end = HOST_NOT_REACHED;
    post_back(pool, job);
}

static void post_cancel(struct ssh_pool *pool, const struct ssh_job *job)
{
    /* `serial` and `link` are written before the job is sent and only read after. */
    struct ssh_job *cancel = new_job(SSH_JOB_CANCEL, job->link);
    if (cancel == NULL)
        return; /* it ends by its deadline */
    cancel->serial = job->serial;
    post(pool, cancel);
}

void ssh_pool_cancel(struct ssh_pool *pool, const void *owner, uint64_t id)
{
    for (struct ssh_job *job = pool->jobs; job != NULL; job = job->engine_next) {
        if (job->owner != owner || job->id != id)
            continue;
        post_cancel(pool, job);
        return;
    }
}

/* The SSH thread may be about to send it: whoever moves the job out of JOB_WAITS decides. */
static enum host_end give_up(struct ssh_job *job)
{
    int expected = JOB_WAITS;
    job->owner = NULL;
    return atomic_compare_exchange_strong(&job->step, &expected, JOB_GIVEN_UP) ? HOST_CANCELLED
                                                                               : HOST_CUT_OFF;
}

enum host_end ssh_pool_give_up(struct ssh_pool *pool, const void *owner, uint64_t id)
{
    for (struct ssh_job *job = pool->jobs; job != NULL; job = job->engine_next) {
        if (job->owner != owner || job->id != id)
            continue;
        enum host_end end = give_up(job);
        if (end == HOST_CANCELLED)
            post_cancel(pool, job); /* so that it does not hold a place in the queue */
        return end;
    }
    return HOST_CUT_OFF;
}

void ssh_pool_disown(struct ssh_pool *pool, const void *owner)
{
    for (struct ssh_job *job = pool->jobs; job != NULL; job = job->engine_next)
        if (job->owner == owner)
            (void)give_up(job);
}

int ssh_pool_state(struct ssh_pool *pool, const struct ssh_settings *ssh)
{
    const struct ssh_link *link = pool == NULL ? NULL : find(pool, ssh);
    return link == NULL ? TRI_UNKNOWN : atomic_load(&link->reached);
}
