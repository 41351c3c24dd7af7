/* control: systemd (this machine): the whitelist's argv as children; what the kernel reports about
 * a process is read without one, whichever list of commands is set. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/controller_kinds.h"
#include "host/process_facts.h"
#include "io/child.h"
#include "io/clock.h"
#include "io/mailbox.h"

#define RUNNING_MAX 32 /* commands of one service at once */

struct systemd_controller;

struct local_job {
    struct systemd_controller *controller; /* NULL: closed, nobody waits */
    uint64_t id;
    mono_ms begun;
    struct child *child;
    struct error error; /* it could not be run */
    bool read;          /* HOST_PROCESS: answered without a child */
    int read_code;
    struct buf out;
    struct local_job *next; /* of the controller's */
};

struct systemd_controller {
    struct controller base;
    uv_loop_t *loop;
    struct mailbox *ready; /* what needs no child */
    struct controller_unit unit;
    struct local_job *jobs;
    size_t running;
};

static void forget(struct systemd_controller *s, struct local_job *job)
{
    struct local_job **at = &s->jobs;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    s->running--;
}

static void on_done(void *context, const struct child_result *child)
{
    static const enum host_end ends[] = {
        [CHILD_EXITED] = HOST_EXITED,
        [CHILD_SIGNALLED] = HOST_SIGNALLED,
        [CHILD_TIMED_OUT] = HOST_TIMED_OUT,
    };
    struct local_job *job = context;
    struct systemd_controller *s = job->controller;
    struct host_result result = {
        .end = ends[child->end],
        .exit_code = child->exit_code,
        .signal = child->signal,
        .out = child->out,
        .out_length = child->out_length,
        .err = child->err,
        .err_length = child->err_length,
        .truncated = child->truncated,
        .duration_ms = mono_since(clock_mono(), job->begun),
    };
    uint64_t id = job->id;
    forget(s, job);
    mem_free(job);
    s->base.done(s->base.context, id, &result);
}

static void free_job(struct local_job *job)
{
    buf_free(&job->out);
    mem_free(job);
}

/* What needed no child, a turn of the loop later: a refusal, or what was read of /proc. */
static void on_ready(void *context, void *item)
{
    struct local_job *job = item;
    struct systemd_controller *s = job->controller;
    (void)context;
    if (s != NULL) {
        struct host_result result = {
            .end = job->read ? HOST_EXITED : HOST_NOT_REACHED,
            .exit_code = job->read_code < 0 ? 1 : 0, /* as `cat` has it */
            .out = buf_text(&job->out),
            .out_length = job->out.length,
            .err = job->read_code < 0 ? uv_strerror(job->read_code) : "",
            .duration_ms = mono_since(clock_mono(), job->begun),
            .error = job->error,
        };
        result.err_length = strlen(result.err);
        forget(s, job);
        s->base.done(s->base.context, job->id, &result);
    }
    free_job(job);
}

static void read_process(struct local_job *job, int64_t pid)
{
    job->out = BUF_LIMIT(PROCESS_FACTS_MAX);
    job->read = true;
    job->read_code = process_facts_read(pid, &job->out);
}

static void run(struct controller *c, const struct host_request *request)
{
    struct systemd_controller *s = (struct systemd_controller *)c;
    /* Small, and without it no answer could be given at all. */
    struct local_job *job = mem_must(mem_calloc(1, sizeof *job));
    *job = (struct local_job){
        .controller = s, .id = request->id, .begun = clock_mono(), .next = s->jobs};
    s->jobs = job;
    s->running++;
    struct host_argv argv;
    struct child_options options = {
        .argv = argv.words, .output_max = HOST_OUTPUT_MAX, .deadline = request->deadline};
    int r = 0;
    if (s->running > RUNNING_MAX)
        r = error_set(&job->error, -EBUSY, "%d commands are running already", RUNNING_MAX);
    else if (mono_reached(job->begun, request->deadline))
        r = error_set(&job->error, -ETIMEDOUT, "the deadline passed before the command was run");
    else if (request->command == HOST_PROCESS)
        read_process(job, request->number);
    else
        r = controller_unit_argv(&s->unit, request, &argv, &job->error);
    if (r == 0 && request->command != HOST_PROCESS &&
        child_start(s->loop, &options, on_done, job, &job->child, &job->error) == 0)
        return;
    r = mailbox_post(s->ready, job);
    assert(r == 0); /* it holds one for every job the engine may have under way */
    (void)r;
}

static void cancel(struct controller *c, uint64_t id)
{
    (void)c, (void)id; /* what is begun ends by itself, and everything is begun at once */
}

static void close_controller(struct controller *c)
{
    struct systemd_controller *s = (struct systemd_controller *)c;
    for (struct local_job *job = s->jobs, *next; job != NULL; job = next) {
        next = job->next;
        job->controller = NULL;
        if (job->child == NULL)
            continue; /* it waits in `ready` */
        child_abandon(job->child);
        mem_free(job);
    }
    mailbox_close(s->ready);
    mem_free(s);
}

#define READY_MAX 1024

int controller_systemd_open(uv_loop_t *loop, const struct service_settings *service,
                            struct controller **ret, struct error *err)
{
    static const struct controller_ops ops = {
        .run = run, .cancel = cancel, .close = close_controller};
    struct systemd_controller *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = mailbox_new(loop, READY_MAX, on_ready, s, &s->ready, err);
    if (r < 0) {
        mem_free(s);
        return r;
    }
    s->base.ops = &ops;
    s->loop = loop;
    controller_unit_set(&s->unit, service, geteuid() == 0);
    *ret = &s->base;
    return 0;
}
