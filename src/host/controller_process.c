/* control: process: Resus runs redis-server itself. It starts and stops when told, never by itself;
 * the process outlives the daemon (process_run.h). */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/facts.h"
#include "host/controller_kinds.h"
#include "host/fd_watch.h"
#include "host/process_facts.h"
#include "host/process_log.h"
#include "host/process_record.h"
#include "host/process_text.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/mailbox.h"

#define PROCESS_REQUESTS_MAX 256
#define READY_POLL_MS 20 /* how often a starting server's socket is tried */
#define PROBE_MS 500     /* an address of this machine answers sooner, or nobody is there */
#define WORDS_MAX 16
#define TELL_LINES 20 /* of the output, in the answer to a start that failed */

struct process_job {
    struct host_request request;
    mono_ms begun;
    bool goes_down; /* stop, or the first half of restart */
    bool spawned, signalled, cancelled, given_up;
    struct process_job *next;
};

struct process_controller {
    struct controller base;
    uv_loop_t *loop;
    struct mailbox *inbox;      /* every request takes a turn of the loop */
    struct process_job *posted; /* those in it */
    uv_timer_t timer;
    struct fd_watch *exit_watch;
    int pidfd;
    struct process_files files;
    struct process_account account;
    char unit[SETTINGS_UNIT_MAX];
    char program[SETTINGS_PATH_MAX], config_file[SETTINGS_PATH_MAX];
    char host[SETTINGS_HOST_MAX], port_text[8], socket[SETTINGS_PATH_MAX];
    struct sockaddr_storage address;
    socklen_t address_size;
    int probe_fd; /* a connection to the address that is being tried */
    struct fd_watch *probe_watch;
    mono_ms probe_begun;
    struct process_view view;
    struct process_job *queue; /* actions; the first is under way */
    size_t pending;
    bool closed;
};

static void step(struct process_controller *p);

static void set_state(struct process_controller *p, enum process_state state)
{
    p->view.state = state;
    p->view.since = clock_wall();
}

/* --- answers --- */

static void answer(struct process_controller *p, struct process_job *job, enum host_end end,
                   int exit_code, const struct buf *out, const struct buf *err)
{
    struct host_result result = {
        .end = end,
        .exit_code = exit_code,
        .out = out == NULL ? "" : buf_text(out),
        .out_length = out == NULL ? 0 : out->length,
        .err = err == NULL ? "" : buf_text(err),
        .err_length = err == NULL ? 0 : err->length,
        .duration_ms = mono_since(clock_mono(), job->begun),
    };
    if (end == HOST_NOT_REACHED)
        (void)error_set(&result.error, -EIO, "%s", result.err);
    uint64_t id = job->request.id;
    mem_free(job);
    p->pending--;
    p->base.done(p->base.context, id, &result);
}

/* The first action is over. */
static void finish_first(struct process_controller *p, enum host_end end, int exit_code,
                         const struct buf *err)
{
    struct process_job *job = p->queue;
    p->queue = job->next;
    answer(p, job, end, exit_code, NULL, err);
}

static void fail_first(struct process_controller *p, const char *text, bool with_log)
{
    struct buf err = BUF_LIMIT(HOST_OUTPUT_MAX);
    (void)buf_append_cut(&err, text, strlen(text));
    (void)buf_append_cut(&err, "\n", 1);
    if (with_log) {
        struct buf log = BUF_LIMIT(8192);
        process_log_tail(p->files.log, TELL_LINES, &log);
        (void)buf_append_cut(&err, log.data, log.length);
        buf_free(&log);
    }
    finish_first(p, HOST_EXITED, 1, &err);
    buf_free(&err);
}

static int read_text(struct process_controller *p, const struct host_request *request,
                     struct buf *out)
{
    switch (request->command) {
    case HOST_STATUS:
        return process_text_status(&p->view, out);
    case HOST_SHOW:
        return process_text_show(&p->view, out);
    case HOST_IS_ACTIVE:
        return process_text_is_active(&p->view, out);
    case HOST_JOURNAL:
    case HOST_LOG_TAIL:
        out->limit -= 128; /* room for the last sentence */
        process_log_tail(p->files.log, host_lines_rounded(request->number), out);
        out->limit += 128;
        return request->command == HOST_JOURNAL ? process_text_end(&p->view, out) : 0;
    case HOST_PROCESS: /* our child and no other */
        return p->view.state == PROCESS_DOWN || request->number != (int)p->view.pid
                   ? -ESRCH
                   : process_facts_read(p->view.pid, out);
    default:
        return -EINVAL;
    }
}

static void answer_read(struct process_controller *p, struct process_job *job)
{
    struct buf out = BUF_LIMIT(HOST_OUTPUT_MAX);
    if (p->view.state == PROCESS_UP)
        process_log_bound(p->loop, p->files.log);
    bool state_asked =
        job->request.command == HOST_STATUS || job->request.command == HOST_IS_ACTIVE;
    int r = read_text(p, &job->request, &out);
    if (r == -ESRCH) /* `cat` fails */
        answer(p, job, HOST_EXITED, 1, NULL, NULL);
    else if (r < 0)
        answer(p, job, HOST_NOT_REACHED, 0, NULL, NULL);
    else /* systemctl's own exit codes */
        answer(p, job, HOST_EXITED, state_asked && p->view.state != PROCESS_UP ? 3 : 0, &out, NULL);
    buf_free(&out);
}

/* --- is it up? --- */

static void on_probe_ready(void *context, int status, int events)
{
    (void)status, (void)events;
    step(context);
}

static enum tri end_probe(struct process_controller *p, enum tri result)
{
    fd_watch_close(p->probe_watch);
    p->probe_watch = NULL;
    if (p->probe_fd >= 0)
        close(p->probe_fd);
    p->probe_fd = -1;
    return result;
}

static enum tri begin_probe(struct process_controller *p)
{
    p->probe_fd = socket(p->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->probe_fd < 0)
        return TRI_NO;
    if (connect(p->probe_fd, (const struct sockaddr *)&p->address, p->address_size) == 0)
        return end_probe(p, TRI_YES);
    if (errno != EINPROGRESS ||
        fd_watch_new(p->loop, p->probe_fd, on_probe_ready, p, &p->probe_watch) < 0)
        return end_probe(p, TRI_NO);
    fd_watch_set(p->probe_watch, UV_WRITABLE);
    p->probe_begun = clock_mono();
    return TRI_UNKNOWN;
}

/* Does anybody accept connections at the service's address? Unknown: ask again, the loop will be
 * woken. */
static enum tri accepts(struct process_controller *p)
{
    if (p->probe_fd < 0)
        return begin_probe(p);
    struct pollfd ready = {.fd = p->probe_fd, .events = POLLOUT};
    int code = 0;
    socklen_t size = sizeof code;
    if (poll(&ready, 1, 0) == 1 &&
        getsockopt(p->probe_fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code != EINPROGRESS)
        return end_probe(p, code == 0 ? TRI_YES : TRI_NO);
    if (mono_since(clock_mono(), p->probe_begun) > PROBE_MS)
        return end_probe(p, TRI_NO);
    return TRI_UNKNOWN;
}

/* --- the process --- */

static void on_exit_seen(void *context, int status, int events)
{
    struct process_controller *p = context;
    (void)status, (void)events;
    p->view.stopped = p->view.state == PROCESS_STOPPING;
    p->view.end = process_reap(p->pidfd, &p->view.code);
    if (p->view.end == PROCESS_END_UNKNOWN)
        p->view.code = 0;
    if (p->view.stopped || (p->view.end == PROCESS_END_EXITED && p->view.code == 0))
        process_forget(&p->files);
    fd_watch_close(p->exit_watch);
    p->exit_watch = NULL;
    close(p->pidfd);
    p->pidfd = -1;
    (void)end_probe(p, TRI_NO);
    set_state(p, PROCESS_DOWN);
    log_info("process", "%s: pid %d ended", p->unit, (int)p->view.pid);
    step(p);
    if (p->base.exited != NULL)
        p->base.exited(p->base.context);
}

static int watch_process(struct process_controller *p, pid_t pid, int pidfd,
                         enum process_state state)
{
    int r = fd_watch_new(p->loop, pidfd, on_exit_seen, p, &p->exit_watch);
    if (r < 0) {
        close(pidfd);
        return r;
    }
    fd_watch_set(p->exit_watch, UV_READABLE);
    p->pidfd = pidfd;
    p->view.pid = pid;
    p->view.end = PROCESS_END_UNKNOWN;
    p->view.stopped = false;
    set_state(p, state);
    return 0;
}

static void adopt(struct process_controller *p)
{
    pid_t pid;
    int pidfd;
    if (p->pidfd >= 0 || process_adopt(&p->files, &pid, &pidfd) < 0)
        return;
    if (watch_process(p, pid, pidfd, PROCESS_UP) == 0)
        log_info("process", "%s: pid %d runs already", p->unit, (int)pid);
}

static void spawn(struct process_controller *p)
{
    (void)end_probe(p, TRI_NO);
    const char *argv[WORDS_MAX];
    size_t n = 0;
    argv[n++] = p->program;
    if (p->config_file[0] != '\0') {
        argv[n++] = p->config_file;
    } else if (p->socket[0] != '\0') {
        argv[n++] = "--port", argv[n++] = "0";
        argv[n++] = "--unixsocket", argv[n++] = p->socket;
    } else {
        argv[n++] = "--port", argv[n++] = p->port_text;
        argv[n++] = "--bind", argv[n++] = p->host;
    }
    argv[n++] = "--daemonize", argv[n++] = "no";
    argv[n++] = "--supervised", argv[n++] = "no";
    argv[n++] = "--dir", argv[n++] = p->files.directory;
    argv[n] = NULL;
    struct error err = {0};
    pid_t pid;
    int pidfd;
    int r = process_start(&p->files, &p->account, argv, &pid, &pidfd, &err);
    if (r == 0)
        r = watch_process(p, pid, pidfd, PROCESS_STARTING);
    p->queue->spawned = true;
    if (r < 0)
        fail_first(p, err.text[0] != '\0' ? err.text : uv_strerror(r), false);
}

static void set_up(struct process_controller *p)
{
    process_record_renew(&p->files, p->view.pid, p->account.uid);
    set_state(p, PROCESS_UP);
}

/* --- actions --- */

/* False: it waits. */
static bool begin_up(struct process_controller *p)
{
    adopt(p); /* another daemon may have started it meanwhile */
    if (p->view.state != PROCESS_DOWN)
        return true;
    enum tri taken = accepts(p);
    if (taken == TRI_UNKNOWN)
        return false;
    if (taken == TRI_YES)
        fail_first(p,
                   "the address is answered by a process that Resus did not start: stop that one "
                   "first",
                   false);
    else
        spawn(p);
    return true;
}

/* Moves the first action on by one step; false: it waits. */
static bool advance(struct process_controller *p, struct process_job *job)
{
    if (p->view.state == PROCESS_STARTING && accepts(p) == TRI_YES)
        set_up(p);
    if (p->view.state == PROCESS_DOWN) {
        bool restart = job->request.command == HOST_RESTART && job->goes_down;
        job->goes_down = job->goes_down && !restart;
        if (job->goes_down)
            finish_first(p, HOST_EXITED, 0, NULL);
        else if (job->spawned)
            fail_first(p, "the server ended before it accepted connections; its last lines:", true);
        else
            return begin_up(p);
        return true;
    }
    if (job->goes_down) {
        if (job->signalled)
            return false;
        job->signalled = true;
        (void)process_signal(p->pidfd, SIGTERM);
        (void)process_signal(p->pidfd, SIGCONT); /* a stopped process reads no SIGTERM */
        set_state(p, PROCESS_STOPPING);
        return true;
    }
    if (p->view.state != PROCESS_UP)
        return false;
    finish_first(p, HOST_EXITED, 0, NULL);
    return true;
}

static void drop_cancelled(struct process_controller *p)
{
    for (struct process_job **at = &p->queue; *at != NULL;) {
        struct process_job *job = *at;
        if (!job->cancelled || job->spawned || job->signalled) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        answer(p, job, HOST_CANCELLED, 0, NULL, NULL);
    }
}

static void on_timer(uv_timer_t *timer)
{
    step(timer->data);
}

static void step(struct process_controller *p)
{
    drop_cancelled(p);
    while (p->queue != NULL) {
        struct process_job *job = p->queue;
        if (mono_reached(clock_mono(), job->request.deadline)) {
            /* What was begun goes on: its effect is not known yet. */
            bool begun = job->spawned || job->signalled;
            struct buf err = BUF_LIMIT(256);
            (void)buf_append_cut(&err, "the deadline passed before anything was done", 44);
            finish_first(p, begun ? HOST_TIMED_OUT : HOST_NOT_REACHED, 0, begun ? NULL : &err);
            buf_free(&err);
        } else if (!advance(p, job)) {
            break;
        }
    }
    if (p->closed) /* by the callback of an answer */
        return;
    if (p->view.state == PROCESS_STARTING && p->queue == NULL && accepts(p) == TRI_YES)
        set_up(p); /* its start was given up, and yet it came */
    int64_t wait =
        p->queue == NULL ? INT64_MAX : mono_since(p->queue->request.deadline, clock_mono());
    if ((p->view.state == PROCESS_STARTING || p->probe_fd >= 0) && wait > READY_POLL_MS)
        wait = READY_POLL_MS;
    uv_update_time(p->loop);
    if (wait == INT64_MAX)
        (void)uv_timer_stop(&p->timer);
    else
        (void)uv_timer_start(&p->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

/* --- requests --- */

static void answer_reload(struct process_controller *p, struct process_job *job)
{
    struct buf err = BUF_LIMIT(512);
    (void)!process_text_no_reload(&p->view, &err);
    answer(p, job, HOST_EXITED, 1, NULL, &err);
    buf_free(&err);
}

static void take_out(struct process_job **list, struct process_job *job)
{
    while (*list != job)
        list = &(*list)->next;
    *list = job->next;
    job->next = NULL;
}

static void on_request(void *context, void *item)
{
    struct process_controller *p = context;
    struct process_job *job = item;
    if (p->closed) {
        mem_free(job);
        return;
    }
    take_out(&p->posted, job);
    if (job->given_up) {
        mem_free(job);
        p->pending--;
        return;
    }
    adopt(p);
    switch (job->request.command) {
    case HOST_START:
    case HOST_STOP:
    case HOST_RESTART: {
        job->goes_down = job->request.command != HOST_START;
        struct process_job **at = &p->queue;
        while (*at != NULL)
            at = &(*at)->next;
        *at = job;
        step(p);
        return;
    }
    case HOST_RELOAD:
        answer_reload(p, job);
        return;
    case HOST_RESET_FAILED:
        if (p->view.state == PROCESS_DOWN) {
            p->view.pid = 0;
            process_forget(&p->files);
        }
        answer(p, job, HOST_EXITED, 0, NULL, NULL);
        return;
    default:
        answer_read(p, job);
    }
}

static void run(struct controller *c, const struct host_request *request)
{
    struct process_controller *p = (struct process_controller *)c;
    /* Small, and without it no answer could be given at all. */
    struct process_job *job = mem_must(mem_calloc(1, sizeof *job));
    job->request = *request;
    job->begun = clock_mono();
    job->next = p->posted;
    p->posted = job;
    p->pending++;
    int r = mailbox_post(p->inbox, job);
    assert(r == 0); /* more requests than the engine may have under way */
    (void)r;
}

static void cancel(struct controller *c, uint64_t id)
{
    struct process_controller *p = (struct process_controller *)c;
    for (struct process_job *job = p->queue; job != NULL; job = job->next)
        if (job->request.id == id)
            job->cancelled = true;
    uv_update_time(p->loop);
    if (p->queue != NULL)
        (void)uv_timer_start(&p->timer, on_timer, 0, 0);
}

static enum host_end give_up(struct controller *c, uint64_t id)
{
    struct process_controller *p = (struct process_controller *)c;
    for (struct process_job *job = p->posted; job != NULL; job = job->next)
        if (job->request.id == id) {
            job->given_up = true;
            return HOST_CANCELLED;
        }
    for (struct process_job *job = p->queue; job != NULL; job = job->next) {
        if (job->request.id != id)
            continue;
        enum host_end end = job->spawned || job->signalled ? HOST_CUT_OFF : HOST_CANCELLED;
        take_out(&p->queue, job);
        mem_free(job);
        p->pending--;
        return end;
    }
    return HOST_CUT_OFF;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct process_controller *p = handle->data;
    mem_free(p);
}

static void close_controller(struct controller *c)
{
    struct process_controller *p = (struct process_controller *)c;
    p->closed = true;
    mailbox_close(p->inbox);
    for (struct process_job *job = p->queue, *next; job != NULL; job = next) {
        next = job->next;
        mem_free(job);
    }
    p->queue = NULL;
    (void)end_probe(p, TRI_UNKNOWN);
    fd_watch_close(p->exit_watch); /* the process goes on */
    if (p->pidfd >= 0)
        close(p->pidfd);
    uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

/* --- opening --- */

static int set_address(struct process_controller *p, const struct redis_settings *redis,
                       struct error *err)
{
    (void)str_format(p->port_text, sizeof p->port_text, "%d", redis->port);
    (void)str_copy(p->socket, sizeof p->socket, redis->socket);
    (void)str_copy(p->host, sizeof p->host,
                   str_equal(redis->host, "localhost") ? "127.0.0.1" : redis->host);
    struct sockaddr_un *local = (struct sockaddr_un *)&p->address;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&p->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&p->address;
    if (p->socket[0] != '\0') {
        local->sun_family = AF_UNIX;
        p->address_size = sizeof *local;
        if (!str_copy(local->sun_path, sizeof local->sun_path, p->socket))
            return error_set(err, -EINVAL, "the socket's path is longer than %zu characters",
                             sizeof local->sun_path - 1);
        return 0;
    }
    if (uv_ip4_addr(p->host, redis->port, v4) == 0)
        p->address_size = sizeof *v4;
    else if (uv_ip6_addr(p->host, redis->port, v6) == 0)
        p->address_size = sizeof *v6;
    else
        return error_set(err, -EINVAL,
                         "control: process needs an `address` by number, such as 127.0.0.1:6379");
    return 0;
}

int controller_process_open(uv_loop_t *loop, const struct service_settings *service,
                            struct controller **ret, struct error *err)
{
    static const struct controller_ops ops = {
        .run = run, .cancel = cancel, .give_up = give_up, .close = close_controller};
    char program[SETTINGS_PATH_MAX];
    struct process_account account;
    int r = process_prepare(&service->process, program, &account, err);
    if (r < 0)
        return r;
    struct process_controller *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r = set_address(p, &service->redis, err);
    if (r == 0)
        r = mailbox_new(loop, PROCESS_REQUESTS_MAX, on_request, p, &p->inbox, err);
    if (r < 0) {
        mem_free(p);
        return r;
    }
    p->base.ops = &ops;
    p->loop = loop;
    p->pidfd = -1;
    p->probe_fd = -1;
    p->account = account;
    process_files_set(&p->files, &service->process, program, account.uid, service->id);
    (void)str_copy(p->unit, sizeof p->unit, service->unit);
    (void)str_copy(p->program, sizeof p->program, program);
    (void)str_copy(p->config_file, sizeof p->config_file, service->process.config_file);
    p->view.unit = p->unit;
    p->view.program = p->program;
    set_state(p, PROCESS_DOWN);
    (void)uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    adopt(p);
    if (p->view.state == PROCESS_DOWN) { /* it may have died while no daemon looked: failed */
        int none;
        (void)!process_adopt(&p->files, &p->view.pid, &none);
    }
    *ret = &p->base;
    return 0;
}
