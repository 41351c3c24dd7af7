#include "io/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/clock.h"

#define KILL_AFTER_MS 5000 /* from SIGTERM to SIGKILL; sudo hands on the first, not the second */

const char child_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

enum { HANDLES = 4 }; /* process, two pipes, timer */

struct child {
    uv_process_t process;
    uv_pipe_t out_pipe, err_pipe;
    uv_timer_t timer;
    struct buf out, err;
    child_done *done; /* NULL once completed or abandoned */
    void *context;
    bool exited, truncated, group;
    int open_pipes, open_handles;
    int64_t exit_code;
    int signal;
    char chunk[8192];
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    if (--c->open_handles > 0)
        return;
    buf_free(&c->out);
    buf_free(&c->err);
    mem_free(c);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_handle_closed);
}

static void close_pipes(struct child *c)
{
    close_handle((uv_handle_t *)&c->out_pipe);
    close_handle((uv_handle_t *)&c->err_pipe);
}

/* The process is gone: nothing keeps the rest. */
static void close_all(struct child *c)
{
    close_pipes(c);
    close_handle((uv_handle_t *)&c->timer);
    close_handle((uv_handle_t *)&c->process);
}

static void complete(struct child *c, enum child_end end)
{
    child_done *done = c->done;
    c->done = NULL;
    if (done == NULL)
        return;
    struct child_result result = {
        .end = end,
        .exit_code = (int)c->exit_code,
        .signal = c->signal,
        .out = buf_text(&c->out),
        .err = buf_text(&c->err),
        .out_length = c->out.length,
        .err_length = c->err.length,
        .truncated = c->truncated,
    };
    done(c->context, &result);
}

static void ended(struct child *c)
{
    complete(c, c->signal != 0 ? CHILD_SIGNALLED : CHILD_EXITED);
    close_all(c);
}

static void send_signal(struct child *c, int signal)
{
    if (c->group)
        (void)kill(-c->process.pid, signal);
    else
        (void)uv_process_kill(&c->process, signal);
}

static void on_kill_time(uv_timer_t *timer)
{
    send_signal(timer->data, SIGKILL);
}

static void end_process(struct child *c)
{
    close_pipes(c);
    send_signal(c, SIGTERM);
    (void)uv_timer_start(&c->timer, on_kill_time, KILL_AFTER_MS, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    struct child *c = timer->data;
    if (c->exited) { /* a grandchild holds the pipes open */
        ended(c);
        return;
    }
    complete(c, CHILD_TIMED_OUT);
    end_process(c);
}

static void on_exit(uv_process_t *process, int64_t exit_code, int signal)
{
    struct child *c = process->data;
    c->exited = true;
    c->exit_code = exit_code;
    c->signal = signal;
    if (c->group) /* what it started would hold the pipes open */
        send_signal(c, SIGKILL);
    if (c->done == NULL)
        close_all(c);
    else if (c->open_pipes == 0)
        ended(c);
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct child *c = handle->data;
    (void)suggested;
    *buf = uv_buf_init(c->chunk, sizeof c->chunk); /* one read at a time on a loop */
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child *c = stream->data;
    struct buf *to = stream == (uv_stream_t *)&c->out_pipe ? &c->out : &c->err;
    if (n > 0 && !buf_append_cut(to, buf->base, (size_t)n))
        c->truncated = true;
    if (n >= 0)
        return;
    (void)uv_read_stop(stream);
    if (--c->open_pipes == 0 && c->exited)
        ended(c);
}

static int spawn(struct child *c, const struct child_options *options)
{
    static const char *const bare[] = {
        "LC_ALL=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->out_pipe},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->err_pipe},
    };
    const char *const *environment = options->environment == NULL ? bare : options->environment;
    uv_process_options_t o = {
        .exit_cb = on_exit,
        .flags = options->group ? UV_PROCESS_DETACHED : 0,
        .file = options->argv[0],
        .args = (char **)(uintptr_t)options->argv, /* libuv writes to neither */
        .env = (char **)(uintptr_t)environment,
        .stdio = stdio,
        .stdio_count = 3,
    };
    return uv_spawn(c->process.loop, &c->process, &o);
}

int child_start(uv_loop_t *loop, const struct child_options *options, child_done *done,
                void *context, struct child **ret, struct error *err)
{
    struct child *c = mem_calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(err, -ENOMEM, "%s: out of memory", options->argv[0]);
    size_t max = options->output_max < CHILD_OUTPUT_MAX ? options->output_max : CHILD_OUTPUT_MAX;
    c->out = BUF_LIMIT(max);
    c->err = BUF_LIMIT(max);
    c->process.data = c->out_pipe.data = c->err_pipe.data = c->timer.data = c;
    c->open_handles = HANDLES;
    c->process.loop = loop;
    c->group = options->group;
    (void)uv_pipe_init(loop, &c->out_pipe, 0);
    (void)uv_pipe_init(loop, &c->err_pipe, 0);
    (void)uv_timer_init(loop, &c->timer);
    int r = spawn(c, options);
    if (r < 0) {
        close_all(c);
        return error_set(err, r, "cannot run %s: %s", options->argv[0], uv_strerror(r));
    }
    c->done = done;
    c->context = context;
    c->open_pipes = 2;
    (void)uv_read_start((uv_stream_t *)&c->out_pipe, on_buffer, on_read);
    (void)uv_read_start((uv_stream_t *)&c->err_pipe, on_buffer, on_read);
    if (options->deadline.ms != MONO_NEVER.ms) {
        int64_t wait = mono_since(options->deadline, clock_mono());
        uv_update_time(loop);
        (void)uv_timer_start(&c->timer, on_deadline, wait > 0 ? (uint64_t)wait : 0, 0);
    }
    *ret = c;
    return 0;
}

void child_signal(struct child *child, int signal)
{
    if (!child->exited)
        send_signal(child, signal);
}

void child_abandon(struct child *child)
{
    if (child == NULL || child->done == NULL)
        return;
    child->done = NULL;
    if (child->exited)
        close_all(child);
    else
        end_process(child);
}
