/* The control socket: shapes of requests, hostile peers, limits, credentials, cancellation. The
 * server's loop and the clients share one thread: the loop is turned until what was promised is
 * there. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "daemon/bounded_log.h"
#include "daemon/control.h"
#include "io/file.h"
#include "io/log.h"

#define KEPT_MAX 64

struct world {
    char folder[64], path[128], monitor[128];
    uv_loop_t loop;
    struct control_server *server;
    struct control_call *kept[KEPT_MAX]; /* of op "keep" */
    size_t kept_count, calls, cancelled;
    struct control_principal last;
    bool child_ended;
    uv_signal_t child_signal;
};

static void on_cancelled(struct control_call *call)
{
    struct world *w = call->data;
    w->cancelled++;
    for (size_t i = 0; i < w->kept_count; i++)
        if (w->kept[i] == call)
            w->kept[i] = w->kept[--w->kept_count];
    control_answer(call, 499, NULL);
}

/* echo: answers at once. keep: answers when the test says so. flood: pushes 1 KB lines until told
 * otherwise. big: an answer past the frame's limit. */
static void handle(void *context, struct control_call *call)
{
    struct world *w = context;
    w->calls++;
    w->last = call->principal;
    if (str_equal(call->op, "keep")) {
        assert_true(w->kept_count < KEPT_MAX);
        w->kept[w->kept_count++] = call;
        call->data = w;
        call->cancelled = on_cancelled;
    } else if (str_equal(call->op, "big")) {
        char *text = malloc(FRAME_MAX + 1);
        memset(text, 'x', FRAME_MAX);
        text[FRAME_MAX] = '\0';
        control_answer(call, 200, json_pack("{s:s}", "text", text));
        free(text);
    } else {
        control_answer(call, 200,
                       json_pack("{s:s,s:s?,s:O}", "op", call->op, "service", call->service, "args",
                                 (json_t *)call->args));
    }
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)str_copy(w->folder, sizeof(w->folder), "/tmp/resus-control-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    assert_int_equal(chmod(w->folder, 0755), 0);
    (void)str_format(w->path, sizeof(w->path), "%s/run/control.sock", w->folder);
    assert_true(control_monitor_path(w->path, w->monitor, sizeof(w->monitor)));
    assert_int_equal(uv_loop_init(&w->loop), 0);
    struct error err = {0};
    if (control_open(&w->loop, w->path, handle, w, &w->server, &err) != 0)
        fail_msg("%s", err.text);
    *state = w;
    return 0;
}

static void close_server(struct world *w)
{
    control_close(w->server);
    w->server = NULL;
    while (uv_run(&w->loop, UV_RUN_DEFAULT) != 0)
        ;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    close_server(w);
    for (size_t i = 0; i < w->kept_count; i++)
        control_answer(w->kept[i], 200, NULL);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    char run[128];
    (void)str_format(run, sizeof(run), "%s/run", w->folder);
    assert_int_equal(rmdir(run), 0); /* the socket is gone */
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
    return 0;
}

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)str_copy(address.sun_path, sizeof(address.sun_path), path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -errno;
    }
    return fd;
}

static void send_text(int fd, const char *json)
{
    size_t n = strlen(json);
    unsigned char head[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                             (unsigned char)(n >> 8), (unsigned char)n};
    assert_int_equal(send(fd, head, 4, MSG_NOSIGNAL), 4);
    assert_int_equal(send(fd, json, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Turns the loop until a frame or the end of the stream (NULL) is there. */
static json_t *next_frame(struct world *w, int fd, struct buf *in)
{
    char chunk[65536];
    for (;;) {
        json_t *frame = NULL;
        struct error err = {0};
        int rc = frame_read(in, &frame, &err);
        if (rc < 0)
            fail_msg("%s", err.text);
        if (rc == 1)
            return frame;
        ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return NULL;
        if (n > 0)
            assert_int_equal(buf_append(in, chunk, (size_t)n), 0);
        else
            (void)uv_run(&w->loop, UV_RUN_ONCE);
    }
}

static json_t *ask(struct world *w, int fd, const char *json)
{
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    send_text(fd, json);
    json_t *frame = next_frame(w, fd, &in);
    buf_free(&in);
    return frame;
}

static void expect_status(json_t *frame, int64_t id, int status, const char *code)
{
    assert_non_null(frame);
    assert_int_equal(json_int_or(frame, "status", 0), status);
    assert_int_equal(json_int_or(frame, "id", -1), id);
    if (code != NULL)
        assert_string_equal(json_text_or(json_object_get(frame, "body"), "code", ""), code);
    json_decref(frame);
}

/* ---- what works ----------------------------------------------------------------------------- */

static void a_request_is_answered_with_its_id_and_parts(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path);
    json_t *frame =
        ask(w, fd, "{\"id\": 7, \"op\": \"echo\", \"service\": \"r\", \"args\": {\"a\": 1}}");
    const json_t *body = json_object_get(frame, "body");
    assert_int_equal(json_int_or(frame, "id", 0), 7);
    assert_string_equal(json_text_or(body, "service", ""), "r");
    assert_int_equal(json_int_or(json_object_get(body, "args"), "a", 0), 1);
    json_decref(frame);
    frame = ask(w, fd, "{\"id\": 8, \"op\": \"echo\", \"args\": null}");
    assert_int_equal(json_object_size(json_object_get(json_object_get(frame, "body"), "args")), 0);
    json_decref(frame);
    assert_int_equal(w->last.access, ACCESS_ADMIN);
    assert_int_equal(w->last.uid, geteuid());
    (void)close(fd);
}

static void answers_may_come_in_another_order_than_requests(void **state)
{
    struct world *w = *state;
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    int fd = dial(w->path);
    send_text(fd, "{\"id\": 1, \"op\": \"keep\"}");
    expect_status(ask(w, fd, "{\"id\": 2, \"op\": \"echo\"}"), 2, 200, NULL);
    assert_int_equal(w->kept_count, 1);
    struct control_call *call = w->kept[--w->kept_count];
    control_push(call, json_pack("{s:s}", "phase", "loading"));
    control_answer(call, 202, NULL);
    json_t *line = next_frame(w, fd, &in);
    assert_string_equal(json_text_or(json_object_get(line, "line"), "phase", ""), "loading");
    json_decref(line);
    expect_status(next_frame(w, fd, &in), 1, 202, NULL);
    buf_free(&in);
    (void)close(fd);
}

static void a_request_cut_at_every_byte_is_still_one_request(void **state)
{
    struct world *w = *state;
    static const char json[] = "{\"id\": 3, \"op\": \"echo\"}";
    char bytes[4 + sizeof(json) - 1] = {0, 0, 0, sizeof(json) - 1};
    memcpy(bytes + 4, json, sizeof(json) - 1);
    int fd = dial(w->path);
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    expect_status(ask(w, fd, "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(send(fd, bytes + i, 1, MSG_NOSIGNAL), 1);
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    }
    expect_status(next_frame(w, fd, &in), 3, 200, NULL);
    assert_int_equal(w->calls, 2);
    buf_free(&in);
    (void)close(fd);
}

static void many_requests_in_one_write_are_all_answered(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path);
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    for (int i = 0; i < 100; i++) {
        char json[64];
        (void)str_format(json, sizeof(json), "{\"id\": %d, \"op\": \"echo\"}", i);
        send_text(fd, json);
    }
    for (int i = 0; i < 100; i++)
        expect_status(next_frame(w, fd, &in), i, 200, NULL);
    buf_free(&in);
    (void)close(fd);
}

/* ---- hostile peers -------------------------------------------------------------------------- */

static void expect_refused(struct world *w, int fd, int status, const char *code)
{
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    json_t *frame = next_frame(w, fd, &in);
    assert_non_null(frame);
    assert_true(json_is_null(json_object_get(frame, "id")));
    assert_int_equal(json_int_or(frame, "status", 0), status);
    assert_string_equal(json_text_or(json_object_get(frame, "body"), "code", ""), code);
    json_decref(frame);
    assert_null(next_frame(w, fd, &in)); /* and closed */
    buf_free(&in);
    (void)close(fd);
}

static void a_frame_longer_than_the_limit_ends_the_connection(void **state)
{
    struct world *w = *state;
    static const unsigned char heads[][4] = {{0, 0x10, 0, 1}, {0xFF, 0xFF, 0xFF, 0xFF}};
    for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
        int fd = dial(w->path);
        assert_int_equal(send(fd, heads[i], 4, MSG_NOSIGNAL), 4);
        expect_refused(w, fd, 400, "bad_frame");
    }
    assert_int_equal(w->calls, 0);
}

static void what_is_no_request_is_refused_and_never_handled(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *json, *code;
    } rows[] = {
        {"{", "bad_frame"},
        {"[1]", "bad_frame"},
        {"\xff\xfe", "bad_frame"},
        {"{\"id\": 1, \"id\": 2, \"op\": \"echo\"}", "bad_frame"},
        {"{}", "bad_request"},
        {"{\"id\": \"1\", \"op\": \"echo\"}", "bad_request"},
        {"{\"id\": 1.5, \"op\": \"echo\"}", "bad_request"},
        {"{\"id\": 1}", "bad_request"},
        {"{\"id\": 1, \"op\": 3}", "bad_request"},
        {"{\"id\": 1, \"op\": \"echo\", \"service\": 4}", "bad_request"},
        {"{\"id\": 1, \"op\": \"echo\", \"args\": [1]}", "bad_request"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        int fd = dial(w->path);
        send_text(fd, rows[i].json);
        send_text(fd, "{\"id\": 7, \"op\": \"echo\"}"); /* nothing after a bad line counts */
        expect_refused(w, fd, 400, rows[i].code);
    }
    assert_int_equal(w->calls, 0);
}

static void an_id_in_flight_cannot_be_used_twice(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path);
    send_text(fd, "{\"id\": 1, \"op\": \"keep\"}");
    send_text(fd, "{\"id\": 1, \"op\": \"echo\"}");
    expect_refused(w, fd, 400, "bad_request");
    while (w->cancelled == 0)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
}

static void requests_past_the_limit_are_told_to_wait(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path);
    for (int i = 0; i < CONTROL_CALLS_MAX; i++) {
        char json[64];
        (void)str_format(json, sizeof(json), "{\"id\": %d, \"op\": \"keep\"}", i);
        send_text(fd, json);
    }
    expect_status(ask(w, fd, "{\"id\": 99, \"op\": \"echo\"}"), 99, 429, "too_many_in_flight");
    assert_int_equal(w->kept_count, CONTROL_CALLS_MAX);
    struct control_call *first = w->kept[--w->kept_count];
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    control_answer(first, 200, NULL);
    json_decref(next_frame(w, fd, &in));
    expect_status(ask(w, fd, "{\"id\": 100, \"op\": \"echo\"}"), 100, 200, NULL);
    buf_free(&in);
    (void)close(fd);
}

static void an_answer_past_the_limit_becomes_an_error_that_says_so(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path);
    expect_status(ask(w, fd, "{\"id\": 1, \"op\": \"big\"}"), 1, 500, "answer_too_long");
    (void)close(fd);
}

static void a_reader_that_does_not_read_is_dropped(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path), other = dial(w->path);
    send_text(fd, "{\"id\": 1, \"op\": \"keep\"}");
    while (w->kept_count == 0)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    char text[1025];
    memset(text, 'x', 1024);
    text[1024] = '\0';
    size_t pushed = 0;
    while (w->cancelled == 0) {
        /* Never from inside a push: the handler may be walking its followers. */
        for (int i = 0; i < 100 && w->kept_count == 1; i++, pushed++) {
            control_push(w->kept[0], json_pack("{s:s}", "text", text));
            assert_int_equal(w->cancelled, 0);
        }
        (void)uv_run(&w->loop, UV_RUN_NOWAIT);
        assert_true(pushed * 1024 < 2 * (size_t)CONTROL_OUT_MAX);
    }
    expect_status(ask(w, other, "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    (void)close(fd);
    (void)close(other);
}

static void a_client_that_leaves_cancels_its_calls_once(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path), other = dial(w->path);
    for (int i = 0; i < 3; i++) {
        char json[64];
        (void)str_format(json, sizeof(json), "{\"id\": %d, \"op\": \"keep\"}", i);
        send_text(fd, json);
    }
    send_text(other, "{\"id\": 1, \"op\": \"keep\"}");
    while (w->kept_count < 4)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    (void)close(fd);
    while (w->cancelled < 3)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->kept_count, 1); /* the other's stays */
    expect_status(ask(w, other, "{\"id\": 2, \"op\": \"echo\"}"), 2, 200, NULL);
    assert_int_equal(w->cancelled, 3);
    (void)close(other);
}

static void connections_past_the_limit_are_told_so(void **state)
{
    struct world *w = *state;
    int fds[CONTROL_CONNECTIONS_MAX];
    const size_t most = geteuid() == 0 ? CONTROL_CONNECTIONS_MAX : CONTROL_ACCOUNT_MAX;
    for (size_t i = 0; i < most; i++) {
        fds[i] = dial(w->path);
        expect_status(ask(w, fds[i], "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    }
    expect_refused(w, dial(w->path), 503, "too_many_connections");
    (void)close(fds[0]);
    (void)uv_run(&w->loop, UV_RUN_ONCE);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
    fds[0] = dial(w->path);
    expect_status(ask(w, fds[0], "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    for (size_t i = 0; i < most; i++)
        (void)close(fds[i]);
}

static void a_closed_server_cancels_and_late_answers_are_harmless(void **state)
{
    struct world *w = *state;
    int fd = dial(w->path);
    send_text(fd, "{\"id\": 1, \"op\": \"keep\"}");
    while (w->kept_count == 0)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    w->kept[0]->cancelled = NULL; /* a handler that does not care */
    close_server(w);
    control_push(w->kept[0], json_object());
    control_answer(w->kept[--w->kept_count], 200, json_object());
    assert_int_equal(recv(fd, (char[1]){0}, 1, MSG_DONTWAIT), 0);
    (void)close(fd);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void a_socket_in_use_is_left_alone(void **state)
{
    struct world *w = *state;
    struct control_server *second = NULL;
    struct error err = {0};
    assert_int_equal(control_open(&w->loop, w->path, handle, w, &second, &err), -EADDRINUSE);
    assert_null(second);
    int fd = dial(w->path);
    expect_status(ask(w, fd, "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    (void)close(fd);
}

static void a_stale_socket_is_taken_over_and_another_file_is_not(void **state)
{
    struct world *w = *state;
    char path[160];
    struct control_server *server = NULL;
    struct error err = {0};
    (void)str_format(path, sizeof(path), "%s/stale.sock", w->folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)str_copy(address.sun_path, sizeof(address.sun_path), path);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(dead); /* the file stays: nobody answers */
    assert_int_equal(control_open(&w->loop, path, handle, w, &server, &err), 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0007, 0);
    control_close(server);
    assert_int_equal(access(path, F_OK), -1);
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    (void)close(file);
    assert_int_equal(control_open(&w->loop, path, handle, w, &server, &err), -EEXIST);
    assert_int_equal(unlink(path), 0);
}

static void the_sockets_are_closed_to_accounts_outside_the_groups(void **state)
{
    struct world *w = *state;
    struct stat status;
    assert_string_equal(strrchr(w->monitor, '/'), "/monitor.sock");
    assert_int_equal(stat(w->path, &status), 0);
    assert_int_equal(status.st_mode & 0007, 0);
    assert_int_equal(stat(w->monitor, &status), 0);
    assert_int_equal(status.st_mode & 0007, 0);
    char other[128];
    assert_true(control_monitor_path("/run/a/second.sock", other, sizeof other));
    assert_string_equal(other, "/run/a/second.sock.monitor");
    /* A test runs without the groups, or is not root: the daemon's own account may connect. */
    int fd = dial(w->path);
    expect_status(ask(w, fd, "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    (void)close(fd);
}

static void the_socket_for_monitors_gives_reading_and_no_more(void **state)
{
    struct world *w = *state;
    int fd = dial(w->monitor);
    expect_status(ask(w, fd, "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    assert_int_equal(w->last.access, ACCESS_VIEWER);
    (void)close(fd);
}

static void a_path_that_does_not_fit_is_an_error(void **state)
{
    struct world *w = *state;
    char path[200];
    struct control_server *server = NULL;
    struct error err = {0};
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(control_open(&w->loop, path, handle, w, &server, &err), -ENAMETOOLONG);
    assert_int_equal(control_open(&w->loop, "relative.sock", handle, w, &server, &err), -EINVAL);
}

/* ---- who may -------------------------------------------------------------------------------- */

static void access_follows_uid_and_groups(void **state)
{
    (void)state;
    const gid_t none = (gid_t)-1, admin = 500, monitor = 501;
    const gid_t both[] = {7, 501, 500}, watching[] = {7, 501}, others[] = {7, (gid_t)-1};
    assert_int_equal(control_access(0, 9, NULL, 0, none, none), ACCESS_ADMIN);
    assert_int_equal(control_access(9, 9, NULL, 0, none, none), ACCESS_ADMIN);
    assert_int_equal(control_access(8, 9, both, 3, admin, monitor), ACCESS_ADMIN);
    assert_int_equal(control_access(8, 9, watching, 2, admin, monitor), ACCESS_VIEWER);
    assert_int_equal(control_access(8, 9, others, 2, admin, monitor), ACCESS_ANONYMOUS);
    /* A machine without the groups: nobody is in them, whatever number a peer brings. */
    assert_int_equal(control_access(8, 9, others, 2, none, none), ACCESS_ANONYMOUS);
}

static void on_child(uv_signal_t *signal, int number)
{
    (void)number;
    ((struct world *)signal->data)->child_ended = true;
}

static void watch_children(struct world *w)
{
    w->child_ended = false;
    assert_int_equal(uv_signal_init(&w->loop, &w->child_signal), 0);
    w->child_signal.data = w;
    assert_int_equal(uv_signal_start(&w->child_signal, on_child, SIGCHLD), 0);
}

static void unwatch_children(struct world *w)
{
    uv_close((uv_handle_t *)&w->child_signal, NULL);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT); /* closed: the handle may be used again */
}

static void become(uid_t uid, gid_t group)
{
    if (setgroups(1, &group) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(uid, uid, uid) != 0)
        _exit(1);
}

#define NO_LEAVE 13

/* Asks as another user, who is in this group, from a child process: 20 = answered with 200,
 * NO_LEAVE = the file's mode was in the way. */
static int status_as(struct world *w, const char *path, uid_t uid, gid_t group)
{
    int status = 0;
    watch_children(w);
    pid_t child = fork();
    if (child == 0) {
        unsigned char head[4];
        char text[4096] = {0};
        become(uid, group);
        int fd = dial(path);
        if (fd < 0)
            _exit(fd == -EACCES ? NO_LEAVE : 2);
        static const char request[] = "\0\0\0\x14{\"id\":1,\"op\":\"echo\"}";
        (void)send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
        if (recv(fd, head, 4, MSG_WAITALL) != 4 || recv(fd, text, sizeof(text) - 1, 0) <= 0)
            _exit(3);
        json_t *answer = json_loads(text, 0, NULL);
        int64_t got = json_int_or(answer, "status", 0);
        const char *why = json_text_or(json_object_get(answer, "body"), "message", "");
        _exit(got == 200 ? 20 : got == 403 && strstr(why, "group resus-admin") != NULL ? 43 : 4);
    }
    while (!w->child_ended)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(waitpid(child, &status, 0), child);
    unwatch_children(w);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_stranger_cannot_connect(void **state)
{
    if (geteuid() != 0)
        skip();
    struct world *w = *state;
    assert_int_equal(status_as(w, w->path, 65534, 65534), NO_LEAVE);
    assert_int_equal(status_as(w, w->monitor, 65534, 65534), NO_LEAVE);
    assert_int_equal(w->calls, 0);
}

static void a_stranger_is_refused_by_the_daemon_where_the_mode_was_opened(void **state)
{
    if (geteuid() != 0)
        skip();
    struct world *w = *state;
    assert_int_equal(chmod(w->path, 0666), 0);
    assert_int_equal(status_as(w, w->path, 65534, 65534), 43);
    assert_int_equal(w->calls, 0);
}

static bool private_mounts;

#define ADMINS 64001
#define MONITORS 64002

/* The two groups in an /etc/group that this process alone sees, and a server that was opened with
 * them. */
static bool groups_in_place(struct world *w)
{
    char path[160];
    static const char text[] = "root:x:0:\nresus-admin:x:64001:\nresus-monitor:x:64002:\n";
    struct error err = {0};
    (void)str_format(path, sizeof(path), "%s/group", w->folder);
    bool ok = private_mounts && file_write_atomic(path, text, sizeof(text) - 1, 0644, &err) == 0 &&
              mount(path, "/etc/group", NULL, MS_BIND, NULL) == 0;
    (void)unlink(path);
    if (!ok)
        return false;
    close_server(w);
    assert_int_equal(control_open(&w->loop, w->path, handle, w, &w->server, &err), 0);
    return true;
}

static void members_of_the_groups_get_their_access(void **state)
{
    struct world *w = *state;
    if (!groups_in_place(w))
        skip();
    struct stat status;
    assert_int_equal(stat(w->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(status.st_gid, ADMINS);
    assert_int_equal(stat(w->monitor, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    assert_int_equal(status.st_gid, MONITORS);
    assert_int_equal(status_as(w, w->path, 65534, ADMINS), 20);
    assert_int_equal(w->last.access, ACCESS_ADMIN);
    assert_string_equal(w->last.name, "nobody");
    assert_int_equal(status_as(w, w->monitor, 65534, ADMINS), NO_LEAVE);
    assert_int_equal(status_as(w, w->monitor, 54321, MONITORS), 20);
    assert_int_equal(w->last.access, ACCESS_VIEWER);
    assert_string_equal(w->last.name, "uid:54321");
    assert_int_equal(status_as(w, w->path, 54321, MONITORS), NO_LEAVE);
    assert_int_equal(status_as(w, w->path, 54321, 54321), NO_LEAVE);
    assert_int_equal(umount("/etc/group"), 0);
}

/* This process connects as another account; who is asked for is who it was at that moment. */
static int dial_as(const char *path, uid_t uid, gid_t group)
{
    assert_int_equal(setgroups(1, &group), 0);
    assert_int_equal(seteuid(uid), 0);
    int fd = dial(path);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    return fd;
}

static int answered(struct world *w, int fd)
{
    assert_true(fd >= 0);
    expect_status(ask(w, fd, "{\"id\": 1, \"op\": \"echo\"}"), 1, 200, NULL);
    return fd;
}

static void an_account_has_its_places_and_root_keeps_its_own(void **state)
{
    struct world *w = *state;
    if (!groups_in_place(w))
        skip();
    int fds[CONTROL_CONNECTIONS_MAX];
    size_t count = 0;
    const size_t open_to_all = CONTROL_CONNECTIONS_MAX - CONTROL_ROOT_PLACES;
    for (; count < CONTROL_ACCOUNT_MAX; count++)
        fds[count] = answered(w, dial_as(w->path, 50000, ADMINS));
    expect_refused(w, dial_as(w->path, 50000, ADMINS), 503, "too_many_connections");
    for (; count < open_to_all; count++)
        fds[count] =
            answered(w, dial_as(w->path, (uid_t)(50000 + count / CONTROL_ACCOUNT_MAX), ADMINS));
    expect_refused(w, dial_as(w->path, 60000, ADMINS), 503, "too_many_connections");
    for (; count < CONTROL_CONNECTIONS_MAX; count++)
        fds[count] = answered(w, dial(w->path));
    expect_refused(w, dial(w->path), 503, "too_many_connections");
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
    assert_int_equal(umount("/etc/group"), 0);
}

/* ---- floods --------------------------------------------------------------------------------- */

#define FLOODERS 4
#define CALLS_OF_ROOT 100

/* Connects without end, and holds on to as many connections as it gets. */
static pid_t flood(const char *path, gid_t group)
{
    int held[64];
    size_t count = 0;
    pid_t child = fork();
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    become(65534, group);
    for (;;) {
        int fd = dial(path);
        if (fd < 0)
            continue;
        if (count < ARRAY_LENGTH(held))
            held[count++] = fd;
        else
            (void)close(fd);
        for (size_t i = 0; i < count; i++)
            if (recv(held[i], (char[512]){0}, 512, MSG_DONTWAIT) > 0) {
                (void)close(held[i]);
                held[i] = held[--count];
            }
    }
}

static size_t lines_in(int fd)
{
    char text[65536];
    size_t lines = 0;
    ssize_t n = 0;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    while ((n = read(fd, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    return lines;
}

/* Other accounts connect in a loop at `path`; root's calls are answered all the while, and the log
 * stays short. */
static void root_gets_through(struct world *w, const char *path, gid_t group)
{
    pid_t children[FLOODERS];
    int log = open(w->folder, O_TMPFILE | O_RDWR, 0600);
    assert_true(log >= 0);
    log_set_fd(log);
    for (size_t i = 0; i < FLOODERS; i++)
        children[i] = flood(path, group);
    for (int i = 0; i < CALLS_OF_ROOT; i++) {
        assert_int_equal(status_as(w, w->path, 0, 0), 20);
        assert_int_equal(w->last.uid, 0);
    }
    for (size_t i = 0; i < FLOODERS; i++) {
        assert_int_equal(kill(children[i], SIGKILL), 0);
        assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
    }
    log_set_fd(STDERR_FILENO);
    assert_true(lines_in(log) <= 2 * BOUNDED_LOG_LINES_MAX + 1); /* a minute may begin meanwhile */
    (void)close(log);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void strangers_that_connect_in_a_loop_hinder_nobody(void **state)
{
    if (geteuid() != 0)
        skip();
    struct world *w = *state;
    root_gets_through(w, w->path, 65534);
    assert_int_equal(w->calls, CALLS_OF_ROOT);
}

static void members_that_connect_in_a_loop_do_not_hinder_root(void **state)
{
    struct world *w = *state;
    if (!groups_in_place(w))
        skip();
    root_gets_through(w, w->monitor, MONITORS);
    root_gets_through(w, w->path, ADMINS);
    assert_int_equal(umount("/etc/group"), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    /* Before the first thread: a namespace is a thread's own. */
    private_mounts = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_request_is_answered_with_its_id_and_parts),
        IN_WORLD(answers_may_come_in_another_order_than_requests),
        IN_WORLD(a_request_cut_at_every_byte_is_still_one_request),
        IN_WORLD(many_requests_in_one_write_are_all_answered),
        IN_WORLD(a_frame_longer_than_the_limit_ends_the_connection),
        IN_WORLD(what_is_no_request_is_refused_and_never_handled),
        IN_WORLD(an_id_in_flight_cannot_be_used_twice),
        IN_WORLD(requests_past_the_limit_are_told_to_wait),
        IN_WORLD(an_answer_past_the_limit_becomes_an_error_that_says_so),
        IN_WORLD(a_reader_that_does_not_read_is_dropped),
        IN_WORLD(a_client_that_leaves_cancels_its_calls_once),
        IN_WORLD(connections_past_the_limit_are_told_so),
        IN_WORLD(a_closed_server_cancels_and_late_answers_are_harmless),
        IN_WORLD(a_socket_in_use_is_left_alone),
        IN_WORLD(a_stale_socket_is_taken_over_and_another_file_is_not),
        IN_WORLD(a_path_that_does_not_fit_is_an_error),
        cmocka_unit_test(access_follows_uid_and_groups),
        IN_WORLD(the_sockets_are_closed_to_accounts_outside_the_groups),
        IN_WORLD(the_socket_for_monitors_gives_reading_and_no_more),
        IN_WORLD(a_stranger_cannot_connect),
        IN_WORLD(a_stranger_is_refused_by_the_daemon_where_the_mode_was_opened),
        IN_WORLD(members_of_the_groups_get_their_access),
        IN_WORLD(an_account_has_its_places_and_root_keeps_its_own),
        IN_WORLD(strangers_that_connect_in_a_loop_hinder_nobody),
        IN_WORLD(members_that_connect_in_a_loop_do_not_hinder_root),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
