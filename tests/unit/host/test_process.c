/* The process controller with a real redis-server. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/facts.h"
#include "host/controller.h"
#include "host/process_account.h"
#include "host/process_facts.h"
#include "host/process_log.h"
#include "host/systemctl.h"
#include "io/clock.h"
#include "support/test_folder.h"

struct scene {
    char folder[64];
    struct service_settings service;
    uv_loop_t loop;
    uv_timer_t tick;
    struct controller *controller;
    unsigned answered, exited, starts; /* starts: answered ones */
    bool on_stack;
    enum host_end end;
    int exit_code;
    char out[65536], err[4096];
    struct error error;
    struct unit_facts unit;
    int number; /* of the next request */
    struct process_facts process;
};

static void on_done(void *context, uint64_t id, const struct host_result *r)
{
    struct scene *s = context;
    assert_false(s->on_stack);
    s->end = r->end;
    s->exit_code = r->exit_code;
    s->error = r->error;
    (void)str_copy(s->out, sizeof s->out, r->out);
    (void)str_copy(s->err, sizeof s->err, r->err);
    if (id == HOST_STATUS || id == HOST_SHOW || id == HOST_IS_ACTIVE)
        systemctl_parse_result((enum host_command)id, r, &s->unit);
    s->starts += id == HOST_START;
    if (id == HOST_PROCESS)
        process_facts_parse(r->out, r->out_length, s->number, &s->process);
    s->answered++;
}

static void on_exited(void *context)
{
    struct scene *s = context;
    s->exited++;
}

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void open_controller(struct scene *s, struct controller **ret)
{
    struct error err = {0};
    if (controller_open(&s->loop, NULL, &s->service, on_done, s, ret, &err) < 0)
        fail_msg("%s", err.text);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static struct scene *begin(void)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    (void)str_copy(s->folder, sizeof s->folder, "/tmp/resus-process-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    struct service_settings *v = &s->service;
    (void)str_copy(v->id, sizeof v->id, "redis");
    (void)str_copy(v->unit, sizeof v->unit, "redis-server");
    v->control = CONTROL_PROCESS;
    (void)str_copy(v->process.program, sizeof v->process.program, "redis-server");
    (void)str_copy(v->process.directory, sizeof v->process.directory, s->folder);
    (void)str_format(v->process.records, sizeof v->process.records, "%s/state/processes",
                     s->folder);
    (void)str_copy(v->redis.host, sizeof v->redis.host, "127.0.0.1");
    v->redis.port = free_port();
    assert_int_equal(uv_loop_init(&s->loop), 0);
    (void)uv_timer_init(&s->loop, &s->tick); /* keeps uv_run waiting */
    (void)uv_timer_start(&s->tick, on_tick, 100, 100);
    open_controller(s, &s->controller);
    return s;
}

static void ask(struct scene *s, struct controller *c, enum host_command command, int64_t ms)
{
    struct host_request request = {.id = (uint64_t)command,
                                   .command = command,
                                   .number = s->number == 0 ? 200 : s->number,
                                   .deadline = mono_add(clock_mono(), ms)};
    s->on_stack = true;
    c->ops->run(c, &request);
    s->on_stack = false;
}

static void wait_answers(struct scene *s, unsigned n)
{
    while (s->answered < n)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

static void run_on(struct scene *s, struct controller *c, enum host_command command)
{
    unsigned before = s->answered;
    ask(s, c, command, 20000);
    wait_answers(s, before + 1);
}

static void run(struct scene *s, enum host_command command)
{
    run_on(s, s->controller, command);
}

static void must(struct scene *s, enum host_command command)
{
    run(s, command);
    if (s->end != HOST_EXITED || s->exit_code != 0)
        fail_msg("%s: end %d code %d: %s", host_command_name(command), s->end, s->exit_code,
                 s->err);
}

static void wait_state(struct scene *s, enum unit_active active)
{
    do {
        (void)uv_run(&s->loop, UV_RUN_ONCE);
        run(s, HOST_STATUS);
    } while (s->unit.active != active);
}

static void end(struct scene *s)
{
    must(s, HOST_STOP);
    s->controller->ops->close(s->controller);
    uv_close((uv_handle_t *)&s->tick, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    const char *const argv[] = {"/bin/rm", "-rf", s->folder, NULL};
    test_run(argv);
    free(s);
}

static void test_start_status_restart_stop(void **state)
{
    (void)state;
    struct scene *s = begin();
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_INACTIVE);
    assert_int_equal(s->exit_code, 3);
    must(s, HOST_START);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_string_equal(s->unit.sub, "running");
    assert_true(s->unit.since.ms > 0);
    int64_t pid = s->unit.main_pid;
    assert_true(pid > 1);
    assert_int_equal(getsid((pid_t)pid), pid);
    must(s, HOST_START); /* it runs: nothing to do */
    run(s, HOST_SHOW);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_int_equal(s->unit.main_pid, pid);
    assert_int_equal(s->unit.can_reload, TRI_NO);
    run(s, HOST_IS_ACTIVE);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    must(s, HOST_RESTART);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_true(s->unit.main_pid != pid);
    must(s, HOST_STOP);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_INACTIVE);
    assert_int_equal(s->unit.result, RESULT_SUCCESS);
    must(s, HOST_STOP);
    run(s, HOST_JOURNAL);
    assert_non_null(strstr(s->out, "Ready to accept connections"));
    assert_non_null(strstr(s->out, "bye bye"));
    run(s, HOST_RELOAD);
    assert_int_equal(s->exit_code, 1);
    assert_true(host_reload_unsupported(s->err, strlen(s->err)));
    end(s);
}

static void test_a_killed_server_is_seen_and_not_started_again(void **state)
{
    (void)state;
    struct scene *s = begin();
    must(s, HOST_START);
    run(s, HOST_STATUS);
    assert_int_equal(kill((pid_t)s->unit.main_pid, SIGKILL), 0);
    wait_state(s, UNIT_FAILED);
    assert_int_equal(s->unit.result, RESULT_SIGNAL);
    assert_int_equal(s->unit.exit_signal, 9);
    assert_int_equal(s->unit.main_pid, 0);
    run(s, HOST_JOURNAL);
    assert_non_null(strstr(s->out, "code=killed, status=9/KILL"));
    must(s, HOST_RESET_FAILED);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_INACTIVE);
    end(s);
}

/* As Redis writes: so many lines at the end of the log. */
static void fill_log(const char *path, size_t bytes)
{
    static const char line[] = "1:M 10 Oct 2025 14:30:00.000 * one of very many lines\n";
    FILE *log = fopen(path, "a");
    assert_non_null(log);
    for (size_t written = 0; written < bytes; written += sizeof line - 1)
        assert_true(fputs(line, log) >= 0);
    assert_true(fputs("1:M 10 Oct 2025 14:30:00.000 # its last words\n", log) >= 0);
    assert_int_equal(fclose(log), 0);
}

static int64_t bytes_on_disk(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (int64_t)st.st_blocks * 512;
}

static void test_the_log_of_a_running_server_is_bounded_and_keeps_its_end(void **state)
{
    (void)state;
    struct scene *s = begin();
    char path[128];
    (void)str_format(path, sizeof path, "%s/redis.log", s->folder);
    must(s, HOST_START);
    for (int round = 0; round < 2; round++) {
        fill_log(path, PROCESS_LOG_MAX + PROCESS_LOG_MAX / 4);
        assert_true(bytes_on_disk(path) > PROCESS_LOG_MAX);
        while (bytes_on_disk(path) > PROCESS_LOG_MAX)
            run(s, HOST_STATUS);
        assert_true(bytes_on_disk(path) > PROCESS_LOG_MAX / 4);
        run(s, HOST_LOG_TAIL);
        assert_non_null(strstr(s->out, "one of very many lines\n1:M"));
        assert_non_null(strstr(s->out, "# its last words\n"));
    }
    must(s, HOST_STOP);
    run(s, HOST_LOG_TAIL);
    assert_non_null(strstr(s->out, "bye bye"));
    end(s);
}

static void test_the_end_of_a_server_is_told_at_once_and_seen_from_then_on(void **state)
{
    (void)state;
    struct scene *s = begin();
    s->controller->exited = on_exited;
    must(s, HOST_START);
    run(s, HOST_STATUS);
    assert_int_equal(kill((pid_t)s->unit.main_pid, SIGKILL), 0);
    while (s->exited == 0)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_FAILED);
    assert_int_equal(s->exited, 1);
    end(s);
}

static void test_a_server_that_cannot_start_says_why(void **state)
{
    (void)state;
    struct scene *s = begin();
    s->controller->ops->close(s->controller);
    (void)str_format(s->service.process.config_file, sizeof s->service.process.config_file,
                     "%s/bad.conf", s->folder);
    FILE *f = fopen(s->service.process.config_file, "w");
    assert_non_null(f);
    (void)fputs("bogus-directive yes\n", f);
    (void)fclose(f);
    open_controller(s, &s->controller);
    run(s, HOST_START);
    assert_int_equal(s->end, HOST_EXITED);
    assert_int_equal(s->exit_code, 1);
    assert_non_null(strstr(s->err, "bogus-directive"));
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_FAILED);
    assert_int_equal(s->unit.result, RESULT_EXIT_CODE);
    assert_int_equal(s->unit.exit_status, 1);
    end(s);
}

static void test_a_given_up_command_says_whether_it_was_begun(void **state)
{
    (void)state;
    struct scene *s = begin();
    ask(s, s->controller, HOST_START, 20000);
    assert_int_equal(s->controller->ops->give_up(s->controller, HOST_START), HOST_CANCELLED);
    run(s, HOST_STATUS);
    assert_int_equal(s->answered, 1); /* the start was not answered, and not done */
    assert_int_not_equal(s->unit.active, UNIT_ACTIVE);
    ask(s, s->controller, HOST_START, 20000);
    do
        run(s, HOST_STATUS);
    while (s->unit.active == UNIT_INACTIVE);
    if (s->starts == 0) {
        assert_int_equal(s->controller->ops->give_up(s->controller, HOST_START), HOST_CUT_OFF);
        wait_state(s, UNIT_ACTIVE); /* it comes all the same */
    }
    end(s);
}

static void test_a_foreign_server_at_the_address_is_not_ours(void **state)
{
    (void)state;
    struct scene *s = begin();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)s->service.redis.port)};
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    run(s, HOST_START);
    assert_int_equal(s->exit_code, 1);
    assert_non_null(strstr(s->err, "did not start"));
    close(fd);
    end(s);
}

static void test_a_running_server_is_adopted_and_never_started_twice(void **state)
{
    (void)state;
    struct scene *s = begin();
    struct controller *second; /* opened before: it does not know yet */
    open_controller(s, &second);
    must(s, HOST_START);
    run(s, HOST_STATUS);
    int64_t pid = s->unit.main_pid;
    run_on(s, second, HOST_START);
    assert_int_equal(s->exit_code, 0);
    run_on(s, second, HOST_STATUS);
    assert_int_equal(s->unit.main_pid, pid);
    s->controller->ops->close(s->controller); /* as if the daemon had gone */
    s->controller = second;
    open_controller(s, &second);
    run_on(s, second, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_int_equal(s->unit.main_pid, pid);
    second->ops->close(second);
    /* without its pid file the lock still tells */
    char path[128];
    (void)str_format(path, sizeof path, "%s/redis.pid", s->service.process.records);
    char kept[128];
    (void)str_format(kept, sizeof kept, "%s/kept", s->folder);
    assert_int_equal(rename(path, kept), 0);
    int port = s->service.redis.port;
    s->service.redis.port = free_port();
    open_controller(s, &second);
    run_on(s, second, HOST_START);
    assert_int_equal(s->exit_code, 1);
    assert_non_null(strstr(s->err, "runs already"));
    second->ops->close(second);
    s->service.redis.port = port;
    end(s);
}

/* A stranger's daemon: the server is the child of a process that is gone. */
static void test_an_adopted_server_ends_with_an_unknown_status(void **state)
{
    (void)state;
    struct scene *s = begin();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0); /* or it would become our child */
    s->controller->ops->close(s->controller);
    (void)uv_run(&s->loop, UV_RUN_NOWAIT);
    pid_t daemon = fork();
    assert_true(daemon >= 0);
    if (daemon == 0) {
        (void)uv_loop_fork(&s->loop);
        open_controller(s, &s->controller);
        must(s, HOST_START);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(daemon, &status, 0), daemon);
    assert_int_equal(status, 0);
    open_controller(s, &s->controller);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_int_equal(kill((pid_t)s->unit.main_pid, SIGKILL), 0);
    wait_state(s, UNIT_FAILED);
    assert_int_equal(s->unit.result, RESULT_UNKNOWN);
    assert_int_equal(s->unit.exit_signal, FACT_UNKNOWN);
    struct controller *next; /* a daemon that starts only now sees that it is no clean stop */
    open_controller(s, &next);
    run_on(s, next, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_FAILED);
    next->ops->close(next);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    end(s);
}

/* A script without end: the server reads no SIGTERM while it runs. Returns its client's connection.
 */
static int block_by_script(struct scene *s)
{
    static const char script[] =
        "EVAL \"redis.log(redis.LOG_WARNING, 'blocked now'); while true do end\" 0\r\n";
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)s->service.redis.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(write(fd, script, sizeof script - 1), sizeof script - 1);
    do {
        run(s, HOST_JOURNAL);
    } while (strstr(s->out, "blocked now") == NULL);
    return fd;
}

static void test_a_stop_that_does_not_end_is_unknown_at_its_deadline(void **state)
{
    (void)state;
    struct scene *s = begin();
    must(s, HOST_START);
    run(s, HOST_STATUS);
    pid_t pid = (pid_t)s->unit.main_pid;
    int client = block_by_script(s);
    unsigned before = s->answered;
    ask(s, s->controller, HOST_STOP, 300);
    wait_answers(s, before + 1);
    assert_int_equal(s->end, HOST_TIMED_OUT);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_DEACTIVATING);
    assert_int_equal(kill(pid, SIGKILL), 0);
    wait_state(s, UNIT_INACTIVE);
    close(client);
    end(s);
}

/* As systemd does it: SIGTERM, then SIGCONT, or it would never read the first. */
static void ask_about(struct scene *s, int64_t pid)
{
    s->number = (int)pid;
    run(s, HOST_PROCESS);
    s->number = 0;
    assert_int_equal(s->end, HOST_EXITED);
}

static void test_the_process_of_the_server_and_no_other_is_reported(void **state)
{
    (void)state;
    struct scene *s = begin();
    ask_about(s, getpid()); /* there is no server yet */
    assert_int_equal(s->exit_code, 1);
    assert_int_equal(s->process.pid, 0);
    must(s, HOST_START);
    run(s, HOST_STATUS);
    int64_t pid = s->unit.main_pid;
    ask_about(s, pid);
    assert_int_equal(s->exit_code, 0);
    assert_int_equal(s->process.pid, pid);
    assert_true(s->process.state != TASK_UNKNOWN && s->process.cpu_ms >= 0);
    assert_int_equal(s->process.tracer_pid, 0);
    ask_about(s, getpid());
    assert_int_equal(s->exit_code, 1);
    assert_int_equal(s->process.pid, 0);
    must(s, HOST_STOP);
    ask_about(s, pid);
    assert_int_equal(s->exit_code, 1);
    end(s);
}

static void test_a_frozen_server_is_restarted(void **state)
{
    (void)state;
    struct scene *s = begin();
    must(s, HOST_START);
    run(s, HOST_STATUS);
    int64_t pid = s->unit.main_pid;
    assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
    siginfo_t stopped;
    assert_int_equal(waitid(P_PID, (id_t)pid, &stopped, WSTOPPED | WNOWAIT), 0);
    ask_about(s, pid);
    assert_int_equal(s->process.state, TASK_STOPPED);
    must(s, HOST_RESTART);
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_true(s->unit.main_pid != pid);
    must(s, HOST_STOP);
    end(s);
}

/* ---- records ------------------------------------------------------------------------------- */

static size_t read_file(const char *path, char *to, size_t size)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(to, 1, size - 1, f);
    to[n] = '\0';
    (void)fclose(f);
    return n;
}

/* As version 0.1.0 wrote it: the process' line of stat and the boot's id, then what a test adds. */
static void write_record(const char *path, pid_t pid, const char *more)
{
    char proc[64], text[2048], boot[64];
    (void)str_format(proc, sizeof proc, "/proc/%d/stat", (int)pid);
    (void)read_file(proc, text, sizeof text);
    (void)read_file("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, "%s%s%s", text, boot, more) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static pid_t innocent(void)
{
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/bin/sleep", "sleep", "600", NULL);
        _exit(127);
    }
    char path[64], name[64] = "";
    (void)str_format(path, sizeof path, "/proc/%d/comm", (int)child);
    while (strcmp(name, "sleep\n") != 0)
        (void)read_file(path, name, sizeof name);
    return child;
}

static void reopen(struct scene *s)
{
    s->controller->ops->close(s->controller);
    open_controller(s, &s->controller);
}

static void test_a_forged_record_never_ends_another_process(void **state)
{
    (void)state;
    struct scene *s = begin();
    char old[256], ours[256], more[128];
    struct stat st;
    (void)str_format(old, sizeof old, "%s/redis.pid", s->folder);
    (void)str_format(ours, sizeof ours, "%s/redis.pid", s->service.process.records);
    assert_int_equal(stat("/bin/sleep", &st), 0);
    (void)str_format(more, sizeof more, "uid %u device %ju inode %ju\n", (unsigned)geteuid() + 1,
                     (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    const struct {
        const char *path, *more;
    } forged[] = {
        {old, ""},                                  /* another program */
        {ours, ""},                                 /* no identity */
        {ours, "uid 0 device 1 inode 1\n"},         /* another program */
        {ours, more},                               /* another account */
        {ours, "uid 0 device 1 inode 99999999999"}, /* cut */
    };
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        pid_t child = innocent();
        write_record(forged[i].path, child, forged[i].more);
        reopen(s);
        run(s, HOST_STATUS);
        assert_int_not_equal(s->unit.active, UNIT_ACTIVE);
        must(s, HOST_STOP);
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it lives */
        must(s, HOST_RESTART);
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        must(s, HOST_STOP);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    end(s);
}

static void test_a_record_that_others_may_have_written_is_not_believed(void **state)
{
    (void)state;
    struct scene *s = begin();
    char path[256];
    must(s, HOST_START);
    run(s, HOST_STATUS);
    pid_t pid = (pid_t)s->unit.main_pid;
    (void)str_format(path, sizeof path, "%s/redis.pid", s->service.process.records);
    struct controller *second;
    assert_int_equal(chmod(path, 0666), 0);
    open_controller(s, &second);
    run_on(s, second, HOST_STATUS);
    assert_int_not_equal(s->unit.main_pid, pid);
    second->ops->close(second);
    assert_int_equal(chmod(path, 0600), 0);
    open_controller(s, &second);
    run_on(s, second, HOST_STATUS);
    assert_int_equal(s->unit.main_pid, pid);
    second->ops->close(second);
    end(s);
}

/* Version 0.1.0 kept record and lock in Redis' folder. */
static void test_a_server_of_version_0_1_0_is_taken_over_once(void **state)
{
    (void)state;
    struct scene *s = begin();
    char old[256], ours[256], lock[256], old_lock[256];
    (void)str_format(old, sizeof old, "%s/redis.pid", s->folder);
    (void)str_format(old_lock, sizeof old_lock, "%s/redis.lock", s->folder);
    (void)str_format(ours, sizeof ours, "%s/redis.pid", s->service.process.records);
    (void)str_format(lock, sizeof lock, "%s/redis.lock", s->service.process.records);
    must(s, HOST_START);
    run(s, HOST_STATUS);
    pid_t pid = (pid_t)s->unit.main_pid;
    write_record(old, pid, "");
    assert_int_equal(unlink(ours), 0);
    assert_int_equal(rename(lock, old_lock), 0);
    struct controller *second;
    open_controller(s, &second);
    run_on(s, second, HOST_STATUS);
    assert_int_equal(s->unit.active, UNIT_ACTIVE);
    assert_int_equal(s->unit.main_pid, pid);
    assert_int_equal(access(old, F_OK), -1);
    assert_int_equal(access(ours, F_OK), 0);
    /* Its lock still holds for a daemon that finds no record at all. */
    struct controller *third;
    int port = s->service.redis.port;
    s->service.redis.port = free_port();
    assert_int_equal(unlink(ours), 0);
    open_controller(s, &third);
    run_on(s, third, HOST_START);
    assert_int_equal(s->exit_code, 1);
    assert_non_null(strstr(s->err, "runs already"));
    third->ops->close(third);
    s->service.redis.port = port;
    run_on(s, second, HOST_STOP);
    assert_int_equal(s->exit_code, 0);
    run_on(s, second, HOST_START); /* under the new lock */
    assert_int_equal(s->exit_code, 0);
    assert_int_equal(access(old_lock, F_OK), -1);
    assert_int_equal(access(lock, F_OK), 0);
    run_on(s, second, HOST_STOP);
    s->controller->ops->close(s->controller);
    s->controller = second;
    end(s);
}

/* A script that becomes redis-server, and a program that is replaced while it runs (an upgrade). */
static void test_a_server_is_found_again_whatever_became_of_its_file(void **state)
{
    (void)state;
    struct scene *s = begin();
    char program[256], copy[512];
    (void)str_format(program, sizeof program, "%s/program", s->folder);
    FILE *f = fopen(program, "w");
    assert_non_null(f);
    (void)fputs("#!/bin/sh\nexec redis-server \"$@\"\n", f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(program, 0755), 0);
    (void)str_copy(s->service.process.program, sizeof s->service.process.program, program);
    (void)str_format(copy, sizeof copy, "cp /usr/bin/redis-server %s", program);
    const char *const argv[] = {"/bin/sh", "-c", copy, NULL};
    for (int i = 0; i < 2; i++) {
        reopen(s);
        must(s, HOST_START);
        run(s, HOST_STATUS);
        int64_t pid = s->unit.main_pid;
        assert_int_equal(unlink(program), 0);
        test_run(argv);
        reopen(s);
        run(s, HOST_STATUS);
        assert_int_equal(s->unit.active, UNIT_ACTIVE);
        assert_int_equal(s->unit.main_pid, pid);
        must(s, HOST_STOP);
    }
    end(s);
}

/* ---- another account, folders of others ---------------------------------------------------- */

static void run_as_nobody(struct scene *s)
{
    assert_int_equal(chmod(s->folder, 0755), 0);
    (void)str_copy(s->service.process.user, sizeof s->service.process.user, "nobody");
    (void)str_format(s->service.process.directory, sizeof s->service.process.directory,
                     "%s/of-nobody", s->folder);
    reopen(s);
}

static void test_redis_runs_as_the_account_that_is_named(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct scene *s = begin();
    run_as_nobody(s);
    must(s, HOST_START);
    run(s, HOST_STATUS);
    int64_t pid = s->unit.main_pid;
    char path[64], status[8192];
    (void)str_format(path, sizeof path, "/proc/%d/status", (int)pid);
    (void)read_file(path, status, sizeof status);
    assert_non_null(strstr(status, "\nUid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(status, "\nGid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(status, "\nGroups:\t65534 \n"));
    assert_non_null(strstr(status, "\nCapEff:\t0000000000000000\n"));
    assert_non_null(strstr(status, "\nNoNewPrivs:\t1\n"));
    reopen(s); /* the next daemon finds it */
    run(s, HOST_STATUS);
    assert_int_equal(s->unit.main_pid, pid);
    must(s, HOST_RESTART);
    struct stat st;
    assert_int_equal(stat(s->service.process.records, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_equal(st.st_mode & 0077, 0); /* no place for Redis */
    end(s);
}

static void expect_refused(struct scene *s, const char *words)
{
    struct controller *second = NULL;
    struct error err = {0};
    assert_true(controller_open(&s->loop, NULL, &s->service, on_done, s, &second, &err) < 0);
    if (strstr(err.text, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, err.text);
}

static void test_an_account_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct scene *s = begin();
    (void)str_copy(s->service.process.user, sizeof s->service.process.user, "no-such-account");
    expect_refused(s, "useradd --system no-such-account");
    end(s);
}

static void test_without_the_rights_another_account_is_refused(void **state)
{
    (void)state;
    struct process_account account;
    struct error err = {0};
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setresuid(54321, 54321, 54321) != 0)
            _exit(1);
        int r = process_account_find("nobody", &account, &err);
        _exit(r == -EPERM && strstr(err.text, "run Resus as root") != NULL ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_a_folder_that_others_can_write_is_refused(void **state)
{
    (void)state;
    struct scene *s = begin();
    assert_int_equal(chmod(s->folder, 0777), 0);
    expect_refused(s, "chmod o-w ");
    assert_int_equal(chmod(s->folder, 0700), 0);
    end(s);
}

static void test_a_folder_that_the_account_cannot_enter_is_named(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct scene *s = begin();
    run_as_nobody(s);
    assert_int_equal(chmod(s->folder, 0700), 0);
    run(s, HOST_START);
    assert_int_equal(s->exit_code, 1);
    assert_non_null(strstr(s->err, "as user nobody: make `process.directory`"));
    end(s);
}

static void test_a_log_that_leads_elsewhere_is_not_written(void **state)
{
    (void)state;
    struct scene *s = begin();
    char log[256], other[256];
    (void)str_format(log, sizeof log, "%s/redis.log", s->folder);
    (void)str_format(other, sizeof other, "%s/precious", s->folder);
    FILE *f = fopen(other, "w");
    assert_non_null(f);
    (void)fclose(f);
    for (int hard = 0; hard < 2; hard++) {
        assert_int_equal(hard ? link(other, log) : symlink(other, log), 0);
        run(s, HOST_START);
        assert_int_equal(s->exit_code, 1);
        assert_int_equal(unlink(log), 0);
    }
    struct stat st;
    assert_int_equal(stat(other, &st), 0);
    assert_int_equal(st.st_size, 0);
    must(s, HOST_START);
    end(s);
}

/* A test that fails leaves by a jump: its server comes back to us, and ends here. */
static void end_orphans(void)
{
    char path[64];
    char text[1024] = "";
    (void)str_format(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "r");
    if (f != NULL && fgets(text, sizeof text, f) == NULL)
        text[0] = '\0';
    if (f != NULL)
        (void)fclose(f);
    for (char *p = text; *p != '\0';) {
        long pid = strtol(p, &p, 10);
        p += strspn(p, " \n");
        if (pid > 1 && kill((pid_t)pid, SIGKILL) == 0)
            (void)waitpid((pid_t)pid, NULL, 0);
    }
}

int main(void)
{
    if (access("/usr/bin/redis-server", X_OK) != 0) {
        (void)printf("1..0 # SKIP redis-server is not installed\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_status_restart_stop),
        cmocka_unit_test(test_a_killed_server_is_seen_and_not_started_again),
        cmocka_unit_test(test_the_log_of_a_running_server_is_bounded_and_keeps_its_end),
        cmocka_unit_test(test_the_end_of_a_server_is_told_at_once_and_seen_from_then_on),
        cmocka_unit_test(test_a_server_that_cannot_start_says_why),
        cmocka_unit_test(test_a_given_up_command_says_whether_it_was_begun),
        cmocka_unit_test(test_a_foreign_server_at_the_address_is_not_ours),
        cmocka_unit_test(test_a_running_server_is_adopted_and_never_started_twice),
        cmocka_unit_test(test_an_adopted_server_ends_with_an_unknown_status),
        cmocka_unit_test(test_a_stop_that_does_not_end_is_unknown_at_its_deadline),
        cmocka_unit_test(test_the_process_of_the_server_and_no_other_is_reported),
        cmocka_unit_test(test_a_frozen_server_is_restarted),
        cmocka_unit_test(test_a_forged_record_never_ends_another_process),
        cmocka_unit_test(test_a_record_that_others_may_have_written_is_not_believed),
        cmocka_unit_test(test_a_server_of_version_0_1_0_is_taken_over_once),
        cmocka_unit_test(test_a_server_is_found_again_whatever_became_of_its_file),
        cmocka_unit_test(test_redis_runs_as_the_account_that_is_named),
        cmocka_unit_test(test_an_account_that_does_not_exist_is_refused),
        cmocka_unit_test(test_without_the_rights_another_account_is_refused),
        cmocka_unit_test(test_a_folder_that_others_can_write_is_refused),
        cmocka_unit_test(test_a_folder_that_the_account_cannot_enter_is_named),
        cmocka_unit_test(test_a_log_that_leads_elsewhere_is_not_written),
    };
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    end_orphans();
    return failed;
}
