/* control: ssh. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/controller_kinds.h"
#include "host/keyfile.h"
#include "host/ssh_pool.h"
#include "io/clock.h"

struct ssh_controller {
    struct controller base;
    struct ssh_pool *pool;
    struct ssh_settings ssh;
    struct controller_unit unit;
};

static void deliver(void *owner, struct ssh_job *job)
{
    struct ssh_controller *s = owner;
    struct host_result result = {
        .end = job->end,
        .exit_code = job->exit_code,
        .signal = job->signal,
        .out = buf_text(&job->out),
        .out_length = job->out.length,
        .err = buf_text(&job->err),
        .err_length = job->err.length,
        .truncated = job->truncated,
        .duration_ms = mono_since(clock_mono(), job->begun),
        .error = job->error,
    };
    s->base.done(s->base.context, job->id, &result);
}

static void run(struct controller *c, const struct host_request *request)
{
    struct ssh_controller *s = (struct ssh_controller *)c;
    struct ssh_job *job = ssh_pool_job(s->pool, SSH_JOB_COMMAND, &s->ssh);
    struct host_argv argv;
    job->owner = s;
    job->deliver = deliver;
    job->id = request->id;
    job->deadline = request->deadline;
    int r = job->error.code;
    if (r == 0)
        r = controller_unit_argv(&s->unit, request, &argv, &job->error);
    if (r < 0 || host_command_line(&argv, job->line, sizeof job->line, &job->error) < 0)
        assert(job->error.code < 0);
    ssh_pool_send(s->pool, job); /* with an error in it, it comes back at once */
}

static void cancel(struct controller *c, uint64_t id)
{
    struct ssh_controller *s = (struct ssh_controller *)c;
    ssh_pool_cancel(s->pool, s, id);
}

static enum host_end give_up(struct controller *c, uint64_t id)
{
    struct ssh_controller *s = (struct ssh_controller *)c;
    return ssh_pool_give_up(s->pool, s, id);
}

static void close_controller(struct controller *c)
{
    struct ssh_controller *s = (struct ssh_controller *)c;
    ssh_pool_disown(s->pool, s);
    ssh_pool_leave(s->pool, &s->ssh);
    mem_free(s);
}

int controller_ssh_open(uv_loop_t *loop, struct ssh_pool *pool,
                        const struct service_settings *service, struct controller **ret,
                        struct error *err)
{
    static const struct controller_ops ops = {
        .run = run, .cancel = cancel, .give_up = give_up, .close = close_controller};
    (void)loop; /* the pool has it */
    if (pool == NULL)
        return error_set(err, -EINVAL, "control: ssh needs the SSH thread");
    int r = keyfile_check(service->ssh.key, err);
    if (r < 0)
        return r;
    struct ssh_controller *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r = ssh_pool_join(pool, &service->ssh, err);
    if (r < 0) {
        mem_free(s);
        return r;
    }
    s->base.ops = &ops;
    s->pool = pool;
    s->ssh = service->ssh;
    controller_unit_set(&s->unit, service, str_equal(service->ssh.user, "root"));
    *ret = &s->base;
    return 0;
}
