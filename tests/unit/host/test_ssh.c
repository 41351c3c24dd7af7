/* The SSH controller against a real sshd. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/facts.h"
#include "host/process_facts.h"
#include "host/ssh_link.h"
#include "io/clock.h"
#include "sshd_fixture.h"

#define ANSWERS_MAX 64

struct answer {
    unsigned times;
    enum host_end end;
    int exit_code, signal;
    size_t out_length;
    bool truncated;
    int64_t duration_ms;
    char out[4096], err[256];
    struct error error;
};

struct scene {
    struct sshd_fixture sshd;
    uv_loop_t loop;
    struct ssh_pool *pool;
    struct controller *controller;
    struct answer answers[ANSWERS_MAX];
    unsigned answered;
    bool on_stack; /* inside a call into the controller */
};

static void on_done(void *context, uint64_t id, const struct host_result *r)
{
    struct scene *s = context;
    assert_false(s->on_stack);
    assert_true(id < ANSWERS_MAX);
    struct answer *a = &s->answers[id];
    a->times++;
    a->end = r->end;
    a->exit_code = r->exit_code;
    a->signal = r->signal;
    a->out_length = r->out_length;
    a->truncated = r->truncated;
    a->duration_ms = r->duration_ms;
    a->error = r->error;
    (void)str_copy(a->out, sizeof a->out, r->out);
    (void)str_copy(a->err, sizeof a->err, r->err);
    s->answered++;
}

static struct scene *begin(const char *sshd_config)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    sshd_fixture_start(&s->sshd, sshd_config);
    assert_int_equal(uv_loop_init(&s->loop), 0);
    struct error err = {0};
    assert_int_equal(ssh_pool_new(&s->loop, &s->pool, &err), 0);
    return s;
}

static void open_controller(struct scene *s)
{
    struct error err = {0};
    if (controller_open(&s->loop, s->pool, &s->sshd.service, on_done, s, &s->controller, &err) < 0)
        fail_msg("%s", err.text);
}

static void end(struct scene *s)
{
    if (s->controller != NULL)
        s->controller->ops->close(s->controller);
    ssh_pool_free(s->pool);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    sshd_fixture_end(&s->sshd);
    free(s);
}

static void ask(struct scene *s, uint64_t id, int64_t deadline_ms)
{
    struct host_request request = {.id = id,
                                   .command = HOST_STATUS,
                                   .number = 50,
                                   .deadline = mono_add(clock_mono(), deadline_ms)};
    s->on_stack = true;
    s->controller->ops->run(s->controller, &request);
    s->on_stack = false;
}

static void keep_loop(uv_timer_t *timer)
{
    (void)timer; /* a loop without handles of its own would not wait */
}

static void wait_answers(struct scene *s, unsigned n)
{
    uv_timer_t timer;
    (void)uv_timer_init(&s->loop, &timer);
    (void)uv_timer_start(&timer, keep_loop, 50, 50);
    while (s->answered < n)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&s->loop, UV_RUN_NOWAIT);
}

/* One command to a unit whose name says what the script does. */
static const struct answer *one(struct scene *s, const char *unit, int64_t deadline_ms)
{
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, unit);
    if (s->controller != NULL)
        s->controller->ops->close(s->controller);
    s->controller = NULL;
    open_controller(s);
    s->answers[0].times = 0;
    unsigned before = s->answered;
    ask(s, 0, deadline_ms);
    wait_answers(s, before + 1);
    assert_int_equal(s->answers[0].times, 1);
    return &s->answers[0];
}

static void test_command_is_answered_with_output_and_exit_code(void **state)
{
    (void)state;
    struct scene *s = begin("");
    const struct answer *a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_EXITED);
    assert_int_equal(a->exit_code, 0);
    assert_string_equal(a->out, "said: systemctl status ok\n");
    assert_int_equal(ssh_pool_state(s->pool, &s->sshd.service.ssh), TRI_YES);
    a = one(s, "three", 10000);
    assert_int_equal(a->end, HOST_EXITED);
    assert_int_equal(a->exit_code, 3);
    assert_string_equal(a->out, "out\n");
    assert_string_equal(a->err, "err\n");
    a = one(s, "signal", 10000);
    assert_int_equal(a->end, HOST_SIGNALLED);
    assert_int_equal(a->signal, 15);
    end(s);
}

static void test_twenty_commands_at_once_share_one_session(void **state)
{
    (void)state;
    struct scene *s = begin("");
    open_controller(s);
    for (unsigned i = 0; i < 20; i++)
        ask(s, i, 20000);
    wait_answers(s, 20);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(s->answers[i].times, 1);
        assert_int_equal(s->answers[i].end, HOST_EXITED);
        assert_string_equal(s->answers[i].out, "said: systemctl status ok\n");
    }
    assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), 1);
    end(s);
}

static void test_a_host_with_few_channels_still_answers_all(void **state)
{
    (void)state;
    struct scene *s = begin("MaxSessions 2");
    open_controller(s);
    for (unsigned i = 0; i < 20; i++)
        ask(s, i, 20000);
    wait_answers(s, 20);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(s->answers[i].times, 1);
        if (s->answers[i].end != HOST_EXITED)
            fail_msg("%u: end %d: %s", i, (int)s->answers[i].end, s->answers[i].error.text);
    }
    end(s);
}

static void test_a_host_that_opens_no_channel_is_not_reached(void **state)
{
    (void)state;
    struct scene *s = begin("MaxSessions 0");
    open_controller(s);
    for (unsigned i = 0; i < 4; i++)
        ask(s, i, 20000);
    wait_answers(s, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(s->answers[i].end, HOST_NOT_REACHED);
        assert_non_null(strstr(s->answers[i].error.text, "opens no channel"));
    }
    end(s);
}

static void test_output_is_cut_at_the_cap_and_the_command_still_ends(void **state)
{
    (void)state;
    struct scene *s = begin("");
    const struct answer *a = one(s, "big", 20000);
    assert_int_equal(a->end, HOST_EXITED);
    assert_true(a->truncated);
    assert_int_equal(a->out_length, HOST_OUTPUT_MAX);
    assert_string_equal(a->err, "told\n");
    a = one(s, "huge", 30000);
    assert_int_equal(a->end, HOST_EXITED);
    assert_int_equal(a->out_length, HOST_OUTPUT_MAX);
    end(s);
}

static void test_deadline_after_sending_is_unknown_and_the_session_goes_on(void **state)
{
    (void)state;
    struct scene *s = begin("");
    const struct answer *a = one(s, "hang", 1500);
    assert_int_equal(a->end, HOST_TIMED_OUT);
    assert_string_equal(a->out, "begun\n");
    assert_true(a->duration_ms >= 1500);
    a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_EXITED);
    end(s);
}

static void test_four_hung_commands_make_a_new_session(void **state)
{
    (void)state;
    struct scene *s = begin("");
    assert_int_equal(one(s, "ok", 10000)->end, HOST_EXITED);
    struct controller *keep = s->controller; /* holds the session while units change */
    s->controller = NULL;
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "hang");
    open_controller(s);
    unsigned before = s->answered;
    for (unsigned i = 0; i < 4; i++)
        ask(s, i, 1000);
    wait_answers(s, before + 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(s->answers[i].end, HOST_TIMED_OUT);
    assert_int_equal(one(s, "ok", 10000)->end, HOST_EXITED);
    assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), 2);
    keep->ops->close(keep);
    end(s);
}

static void test_a_session_killed_in_flight_cuts_off(void **state)
{
    (void)state;
    struct scene *s = begin("");
    const struct answer *a = one(s, "kill", 10000);
    assert_int_equal(a->end, HOST_CUT_OFF);
    assert_true(a->error.code < 0);
    assert_true(a->duration_ms < 9000);
    a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_EXITED);
    end(s);
}

/* Until sshd has told of so many logins: nobody asks for a session, the link wants one by itself.
 */
static void wait_logins(struct scene *s, unsigned n)
{
    struct pollfd log = {.fd = s->sshd.log_fd, .events = POLLIN};
    while (sshd_fixture_logged(&s->sshd, "Accepted publickey") < n)
        assert_true(poll(&log, 1, -1) == 1 && (log.revents & POLLIN) != 0);
}

static void test_a_host_that_logs_in_and_hangs_up_is_asked_less_and_less_often(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "kill");
    open_controller(s);
    mono_ms hung_up = {0};
    for (unsigned brief = 1; brief <= 5; brief++) {
        hung_up = clock_mono();
        ask(s, brief, 10000);
        wait_answers(s, brief);
        assert_int_equal(s->answers[brief].end, HOST_CUT_OFF);
        wait_logins(s, brief + 1);
    }
    /* After the fifth: 200 ms, doubled four times, and at least half of that. */
    assert_true(mono_since(clock_mono(), hung_up) >= 1600);
    end(s);
}

static void test_a_silent_host_is_noticed_in_about_ten_seconds(void **state)
{
    (void)state;
    struct scene *s = begin("");
    assert_int_equal(one(s, "ok", 10000)->end, HOST_EXITED);
    const struct answer *a = one(s, "freeze", 60000);
    assert_int_equal(a->end, HOST_CUT_OFF);
    assert_non_null(strstr(a->error.text, "no byte from the host"));
    assert_true(a->duration_ms < 20000);
    end(s);
}

static void test_an_idle_session_is_kept_by_keepalives(void **state)
{
    (void)state;
    /* sshd ends a client that says nothing for 2 s; ours answers its requests too */
    struct scene *s = begin("ClientAliveInterval 1\nClientAliveCountMax 2");
    assert_int_equal(one(s, "hang", 7000)->end, HOST_TIMED_OUT);
    assert_int_equal(one(s, "ok", 5000)->end, HOST_EXITED);
    end(s);
}

static void test_no_sshd_is_not_reached_at_once(void **state)
{
    (void)state;
    struct scene *s = begin("");
    sshd_fixture_stop_listener(&s->sshd);
    const struct answer *a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_NOT_REACHED);
    assert_non_null(strstr(a->error.text, "refused"));
    assert_true(a->duration_ms < 5000);
    assert_int_equal(ssh_pool_state(s->pool, &s->sshd.service.ssh), TRI_NO);
    sshd_fixture_resume_listener(&s->sshd);
    a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_EXITED);
    end(s);
}

static void test_a_deadline_before_sending_is_not_reached(void **state)
{
    (void)state;
    struct scene *s = begin("");
    const struct answer *a = one(s, "ok", 0);
    assert_int_equal(a->end, HOST_NOT_REACHED);
    assert_non_null(strstr(a->error.text, "deadline"));
    end(s);
}

static void write_known_hosts(struct scene *s, const char *public_key_of)
{
    char path[512];
    char line[512] = "";
    if (public_key_of != NULL) {
        (void)str_format(path, sizeof path, "%s/%s", s->sshd.folder, public_key_of);
        FILE *in = fopen(path, "r");
        assert_non_null(in);
        assert_non_null(fgets(line, sizeof line, in));
        (void)fclose(in);
    }
    FILE *out = fopen(s->sshd.service.ssh.known_hosts, "w");
    assert_non_null(out);
    if (public_key_of != NULL)
        (void)fprintf(out, "[127.0.0.1]:%d %s", s->sshd.port, line);
    (void)fclose(out);
}

static void test_a_changed_host_key_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct scene *s = begin("");
    write_known_hosts(s, "stranger.pub");
    const struct answer *a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_NOT_REACHED);
    assert_non_null(strstr(a->error.text, "CHANGED"));
    assert_non_null(strstr(a->error.text, s->sshd.service.ssh.known_hosts));
    assert_non_null(strstr(a->error.text, "ssh-keygen -R '[127.0.0.1]:"));
    end(s);
}

static void test_an_unknown_host_is_refused_with_the_remedy(void **state)
{
    (void)state;
    struct scene *s = begin("");
    write_known_hosts(s, NULL);
    const struct answer *a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_NOT_REACHED);
    assert_non_null(strstr(a->error.text, "ssh-keyscan -p"));
    assert_non_null(strstr(a->error.text, "SHA256:"));
    assert_int_equal(unlink(s->sshd.service.ssh.known_hosts), 0);
    a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_NOT_REACHED);
    assert_non_null(strstr(a->error.text, "ssh-keyscan -p"));
    end(s);
}

static void test_a_key_the_host_does_not_know_is_told(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_format(s->sshd.service.ssh.key, sizeof s->sshd.service.ssh.key, "%s/stranger",
                     s->sshd.folder);
    const struct answer *a = one(s, "ok", 10000);
    assert_int_equal(a->end, HOST_NOT_REACHED);
    assert_non_null(strstr(a->error.text, "refused the key"));
    assert_non_null(strstr(a->error.text, "authorized_keys"));
    end(s);
}

static void ask_process(struct scene *s, uint64_t id, int pid)
{
    struct host_request request = {.id = id,
                                   .command = HOST_PROCESS,
                                   .number = pid,
                                   .deadline = mono_add(clock_mono(), 20000)};
    s->on_stack = true;
    s->controller->ops->run(s->controller, &request);
    s->on_stack = false;
}

static void test_a_process_of_the_host_is_read_with_the_extended_commands(void **state)
{
    (void)state;
    struct scene *s = begin("");
    open_controller(s);
    ask_process(s, 0, getpid());
    wait_answers(s, 1);
    assert_int_equal(s->answers[0].end, HOST_NOT_REACHED);
    assert_non_null(strstr(s->answers[0].error.text, "commands: extended"));
    s->controller->ops->close(s->controller);
    s->sshd.service.commands_extended = true;
    open_controller(s);
    ask_process(s, 1, getpid());
    ask_process(s, 2, 1);
    ask_process(s, 3, HOST_PID_MAX);
    wait_answers(s, 4);
    assert_int_equal(s->answers[1].end, HOST_EXITED);
    assert_int_equal(s->answers[1].exit_code, 0);
    struct process_facts p;
    process_facts_parse(s->answers[1].out, strlen(s->answers[1].out), getpid(), &p);
    assert_int_equal(p.pid, getpid());
    assert_true(p.state != TASK_UNKNOWN && p.cpu_ms >= 0);
    assert_int_equal(p.tracer_pid, 0);
    assert_int_equal(s->answers[2].end, HOST_NOT_REACHED); /* process 1 is no Redis */
    assert_int_equal(s->answers[3].end, HOST_EXITED);
    assert_int_equal(s->answers[3].exit_code, 1);
    end(s);
}

static void test_a_queued_command_can_be_cancelled_and_a_sent_one_not(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "hang");
    open_controller(s);
    for (unsigned i = 0; i < 9; i++) /* eight channels: the ninth waits */
        ask(s, i, 4000);
    s->controller->ops->cancel(s->controller, 8);
    wait_answers(s, 1);
    assert_int_equal(s->answers[8].end, HOST_CANCELLED);
    wait_answers(s, 9);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(s->answers[i].end, HOST_TIMED_OUT);
    end(s);
}

static void test_a_given_up_command_is_never_sent_late_and_says_whether_it_was(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "ok");
    open_controller(s);
    ask(s, 0, 10000);
    /* The session is not open yet: nothing was sent. */
    assert_int_equal(s->controller->ops->give_up(s->controller, 0), HOST_CANCELLED);
    ask(s, 1, 10000);
    wait_answers(s, 1);
    assert_int_equal(s->answers[1].end, HOST_EXITED);
    assert_int_equal(s->answers[0].times, 0);
    s->controller->ops->close(s->controller);
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "hang");
    open_controller(s);
    for (unsigned i = 2; i < 11; i++) /* eight channels: the ninth waits */
        ask(s, i, i == 2 ? 2000 : 60000);
    wait_answers(s, 2); /* those beside the first one were sent with it */
    assert_int_equal(s->answers[2].end, HOST_TIMED_OUT);
    for (unsigned i = 3; i < 10; i++)
        assert_int_equal(s->controller->ops->give_up(s->controller, i), HOST_CUT_OFF);
    assert_int_equal(s->controller->ops->give_up(s->controller, 10), HOST_CANCELLED);
    end(s);
}

static void test_closing_drops_what_is_pending_without_answers(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "hang");
    open_controller(s);
    for (unsigned i = 0; i < 12; i++)
        ask(s, i, 30000);
    s->controller->ops->close(s->controller);
    s->controller = NULL;
    assert_int_equal(one(s, "ok", 10000)->end, HOST_EXITED);
    assert_int_equal(s->answered, 1);
    end(s);
}

static void test_freeing_the_pool_with_work_under_way_ends_cleanly(void **state)
{
    (void)state;
    struct scene *s = begin("");
    open_controller(s);
    for (unsigned i = 0; i < 12; i++)
        ask(s, i, 30000);
    end(s); /* the sanitizers judge */
}

static void
test_a_command_is_complete_when_its_channel_closes_not_at_the_end_of_output(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "late");
    open_controller(s);
    ask(s, 0, 20000);
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "ok");
    struct controller *late = s->controller;
    open_controller(s);
    ask(s, 1, 20000);
    wait_answers(s, 1);
    assert_int_equal(s->answers[1].times, 1);
    assert_int_equal(s->answers[0].times, 0);
    uv_timer_t timer;
    (void)uv_timer_init(&s->loop, &timer);
    (void)uv_timer_start(&timer, keep_loop, 50, 50);
    while (s->answered < 2) { /* the reader may not have opened it yet: offer again */
        sshd_fixture_release(&s->sshd);
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&timer, NULL);
    assert_int_equal(s->answers[0].end, HOST_EXITED);
    assert_int_equal(s->answers[0].exit_code, 4);
    late->ops->close(late);
    end(s);
}

struct stream {
    int fd;
    unsigned times;
    struct error error;
};

static void on_stream(void *context, int fd, const struct error *error)
{
    struct stream *stream = context;
    stream->fd = fd;
    stream->times++;
    if (error != NULL)
        stream->error = *error;
}

static void open_stream(struct scene *s, struct stream *stream, int port)
{
    *stream = (struct stream){.fd = -1};
    ssh_tunnel_open(s->pool, &s->sshd.service.ssh, "127.0.0.1", port, mono_add(clock_mono(), 10000),
                    on_stream, stream);
    assert_int_equal(stream->times, 0);
    uv_timer_t timer;
    (void)uv_timer_init(&s->loop, &timer);
    (void)uv_timer_start(&timer, keep_loop, 50, 50);
    while (stream->times == 0)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&s->loop, UV_RUN_NOWAIT);
}

#define STREAM_BYTES (8 * 1024 * 1024)

/* The far end: sends back what comes, until its end. */
static void echo(void *context)
{
    int fd = accept(*(int *)context, NULL, NULL);
    static char part[65536];
    ssize_t n;
    while (fd >= 0 && (n = recv(fd, part, sizeof part, 0)) > 0)
        for (ssize_t at = 0; at < n;) {
            ssize_t sent = send(fd, part + at, (size_t)(n - at), MSG_NOSIGNAL);
            if (sent <= 0)
                break;
            at += sent;
        }
    close(fd);
}

static int listener(int *ret_port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    assert_int_equal(listen(fd, 8), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

/* Sends and receives at once, so that both ways are under pressure. */
static void pump_stream(int fd)
{
    size_t sent = 0;
    size_t got = 0;
    static unsigned char part[30000];
    while (got < STREAM_BYTES) {
        struct pollfd p = {.fd = fd,
                           .events = (short)(POLLIN | (sent < STREAM_BYTES ? POLLOUT : 0))};
        assert_true(poll(&p, 1, 30000) == 1);
        if ((p.revents & POLLOUT) != 0) {
            size_t n = sizeof part < STREAM_BYTES - sent ? sizeof part : STREAM_BYTES - sent;
            for (size_t i = 0; i < n; i++)
                part[i] = (unsigned char)((sent + i) * 31 >> 3);
            ssize_t r = send(fd, part, n, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += r > 0 ? (size_t)r : 0;
        }
        if ((p.revents & (POLLIN | POLLHUP)) != 0) {
            ssize_t r = recv(fd, part, sizeof part, MSG_DONTWAIT);
            assert_true(r > 0);
            for (ssize_t i = 0; i < r; i++)
                if (part[i] != (unsigned char)((got + (size_t)i) * 31 >> 3))
                    fail_msg("byte %zu is another", got + (size_t)i);
            got += (size_t)r;
        }
    }
}

static void test_a_tunnel_carries_megabytes_both_ways_unchanged(void **state)
{
    (void)state;
    struct scene *s = begin("");
    open_controller(s);
    int port;
    int fd = listener(&port);
    uv_thread_t thread;
    assert_int_equal(uv_thread_create(&thread, echo, &fd), 0);
    struct stream stream;
    open_stream(s, &stream, port);
    assert_true(stream.fd >= 0);
    pump_stream(stream.fd);
    close(stream.fd); /* the far end sees it, or the thread would never end */
    assert_int_equal(uv_thread_join(&thread), 0);
    close(fd);
    open_stream(s, &stream, port); /* the listener is closed */
    assert_int_equal(stream.fd, -1);
    assert_non_null(strstr(stream.error.text, "no way to 127.0.0.1"));
    assert_int_equal(stream.times, 1);
    end(s);
}

static void test_a_tunnels_end_is_seen_when_the_far_end_closes(void **state)
{
    (void)state;
    struct scene *s = begin("");
    open_controller(s);
    int port;
    int fd = listener(&port);
    struct stream stream;
    open_stream(s, &stream, port);
    int far = accept(fd, NULL, NULL);
    assert_true(far >= 0);
    assert_int_equal(send(far, "last words", 10, 0), 10);
    close(far);
    char text[32];
    size_t n = 0;
    for (ssize_t r = 1; r != 0;) {
        struct pollfd p = {.fd = stream.fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 30000), 1);
        r = recv(stream.fd, text + n, sizeof text - n, 0);
        assert_true(r >= 0);
        n += (size_t)r;
    }
    assert_int_equal(n, 10);
    close(stream.fd);
    close(fd);
    end(s);
}

static const struct stream *try_stream(struct scene *s, struct stream *stream, int port)
{
    if (s->controller == NULL)
        open_controller(s);
    open_stream(s, stream, port);
    assert_int_equal(stream->times, 1);
    return stream;
}

static void test_a_tunnel_that_is_not_permitted_is_told_from_one_that_is_refused(void **state)
{
    (void)state;
    static const char *const configs[] = {"AllowTcpForwarding no", "DisableForwarding yes",
                                          "PermitOpen 127.0.0.1:1"};
    struct stream stream;
    int port;
    int fd = listener(&port);
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct scene *s = begin(configs[i]);
        (void)try_stream(s, &stream, port);
        assert_int_equal(stream.fd, -1);
        assert_int_equal(stream.error.code, -EACCES);
        assert_non_null(strstr(stream.error.text, "permitopen"));
        assert_int_equal(one(s, "ok", 10000)->end, HOST_EXITED); /* commands go on */
        end(s);
    }
    close(fd);
    struct scene *s = begin("");
    (void)try_stream(s, &stream, port);
    assert_int_equal(stream.error.code, -ECONNREFUSED);
    assert_non_null(strstr(stream.error.text, "no way to 127.0.0.1"));
    end(s);
}

static void test_a_tunnel_takes_no_session_from_commands(void **state)
{
    (void)state;
    struct scene *s = begin("MaxSessions 1");
    struct stream streams[3];
    int port;
    int fd = listener(&port);
    for (int i = 0; i < 3; i++) {
        (void)try_stream(s, &streams[i], port);
        assert_true(streams[i].fd >= 0);
    }
    assert_int_equal(one(s, "ok", 10000)->end, HOST_EXITED);
    for (int i = 0; i < 3; i++)
        close(streams[i].fd);
    close(fd);
    end(s);
}

static void test_an_sshd_that_refuses_says_nothing_about_the_place(void **state)
{
    (void)state;
    struct scene *s = begin("");
    struct stream stream;
    sshd_fixture_stop_listener(&s->sshd);
    (void)try_stream(s, &stream, 1);
    assert_int_equal(stream.fd, -1);
    assert_int_equal(stream.error.code, -ENOTCONN);
    assert_non_null(strstr(stream.error.text, "refused"));
    end(s);
}

/* sshd's connect() hangs where the backlog is full: its answer takes minutes. */
static int fill_backlog(int port, int fds[8])
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    int n = 0;
    for (; n < 8; n++) {
        fds[n] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd p = {.fd = fds[n], .events = POLLOUT};
        (void)connect(fds[n], (struct sockaddr *)&a, sizeof a);
        if (poll(&p, 1, 300) == 0)
            return n + 1;
    }
    return n;
}

static void test_tunnels_that_sshd_never_answers_keep_none_from_commands_and_others(void **state)
{
    (void)state;
    struct scene *s = begin("");
    struct stream streams[SSH_TUNNELS_UNANSWERED + 1];
    struct stream stream;
    int fds[8];
    int port;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 0), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    int filled = fill_backlog(ntohs(a.sin_port), fds);
    assert_true(filled < 8);
    open_controller(s);
    ask(s, 0, 20000);
    wait_answers(s, 1);
    for (size_t i = 0; i <= SSH_TUNNELS_UNANSWERED; i++) {
        streams[i] = (struct stream){.fd = -1};
        ssh_tunnel_try(s->pool, &s->sshd.service.ssh, "127.0.0.1", ntohs(a.sin_port),
                       mono_add(clock_mono(), 300), on_stream, &streams[i]);
        uv_timer_t timer;
        (void)uv_timer_init(&s->loop, &timer);
        (void)uv_timer_start(&timer, keep_loop, 20, 20);
        while (streams[i].times == 0)
            (void)uv_run(&s->loop, UV_RUN_ONCE);
        uv_close((uv_handle_t *)&timer, NULL);
        (void)uv_run(&s->loop, UV_RUN_NOWAIT);
        assert_int_equal(streams[i].fd, -1);
    }
    assert_int_equal(streams[0].error.code, -ETIMEDOUT);
    assert_int_equal(streams[SSH_TUNNELS_UNANSWERED].error.code, -ENOTCONN);
    assert_non_null(strstr(streams[SSH_TUNNELS_UNANSWERED].error.text, "too many"));
    ask(s, 1, 20000);
    wait_answers(s, 2);
    assert_int_equal(s->answers[1].end, HOST_EXITED);
    int other = listener(&port);
    (void)try_stream(s, &stream, port);
    assert_true(stream.fd >= 0);
    close(stream.fd);
    close(other);
    close(fd);
    for (int i = 0; i < filled; i++)
        close(fds[i]);
    end(s);
}

static void test_a_forgotten_tunnel_is_not_delivered(void **state)
{
    (void)state;
    struct scene *s = begin("");
    open_controller(s);
    int port;
    int fd = listener(&port);
    struct stream gone = {.fd = -1};
    ssh_tunnel_open(s->pool, &s->sshd.service.ssh, "127.0.0.1", port, mono_add(clock_mono(), 10000),
                    on_stream, &gone);
    ssh_tunnel_forget(s->pool, &gone);
    ask(s, 0, 10000);
    wait_answers(s, 1);
    assert_int_equal(gone.times, 0);
    close(fd);
    end(s);
}

#define TEST(f) cmocka_unit_test(f)

int main(void)
{
    if (!sshd_fixture_available()) {
        (void)printf("1..0 # SKIP sshd is not installed (package openssh-server)\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        TEST(test_command_is_answered_with_output_and_exit_code),
        TEST(test_twenty_commands_at_once_share_one_session),
        TEST(test_a_host_with_few_channels_still_answers_all),
        TEST(test_a_host_that_opens_no_channel_is_not_reached),
        TEST(test_output_is_cut_at_the_cap_and_the_command_still_ends),
        TEST(test_deadline_after_sending_is_unknown_and_the_session_goes_on),
        TEST(test_four_hung_commands_make_a_new_session),
        TEST(test_a_session_killed_in_flight_cuts_off),
        TEST(test_a_host_that_logs_in_and_hangs_up_is_asked_less_and_less_often),
        TEST(test_a_silent_host_is_noticed_in_about_ten_seconds),
        TEST(test_an_idle_session_is_kept_by_keepalives),
        TEST(test_no_sshd_is_not_reached_at_once),
        TEST(test_a_deadline_before_sending_is_not_reached),
        TEST(test_a_changed_host_key_is_refused_with_the_remedy),
        TEST(test_an_unknown_host_is_refused_with_the_remedy),
        TEST(test_a_key_the_host_does_not_know_is_told),
        TEST(test_a_process_of_the_host_is_read_with_the_extended_commands),
        TEST(test_a_queued_command_can_be_cancelled_and_a_sent_one_not),
        TEST(test_a_given_up_command_is_never_sent_late_and_says_whether_it_was),
        TEST(test_closing_drops_what_is_pending_without_answers),
        TEST(test_freeing_the_pool_with_work_under_way_ends_cleanly),
        TEST(test_a_tunnel_carries_megabytes_both_ways_unchanged),
        TEST(test_a_tunnels_end_is_seen_when_the_far_end_closes),
        TEST(test_a_tunnel_that_is_not_permitted_is_told_from_one_that_is_refused),
        TEST(test_a_tunnel_takes_no_session_from_commands),
        TEST(test_an_sshd_that_refuses_says_nothing_about_the_place),
        TEST(test_tunnels_that_sshd_never_answers_keep_none_from_commands_and_others),
        TEST(test_a_forgotten_tunnel_is_not_delivered),
        TEST(test_a_command_is_complete_when_its_channel_closes_not_at_the_end_of_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
