#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/stream.h"
#include "support/peer.h"

static uv_loop_t loop;
static struct peer *peer;

/* What one stream told. */
struct told {
    struct stream *stream;
    bool opened, ended, close_on_data;
    enum stream_end end;
    struct error why;
    struct buf data;
};

static void on_opened(void *context)
{
    struct told *t = context;
    t->opened = true;
    uv_stop(&loop);
}

static void on_data(void *context, const char *bytes, size_t length)
{
    struct told *t = context;
    assert_true(length > 0);
    assert_int_equal(buf_append(&t->data, bytes, length), 0);
    if (t->close_on_data) {
        stream_close(t->stream);
        t->stream = NULL;
    }
    uv_stop(&loop);
}

static void on_ended(void *context, enum stream_end end, const struct error *why)
{
    struct told *t = context;
    assert_false(t->ended);
    t->ended = true;
    t->end = end;
    t->why = *why;
    uv_stop(&loop);
}

static void open_stream(struct told *t)
{
    const struct stream_events events = {t, on_opened, on_data, on_ended};
    t->data = BUF_LIMIT(1024 * 1024);
    stream_open(t->stream, &events);
    assert_false(t->opened || t->ended); /* never on the caller's stack */
}

static void run_until(const bool *what)
{
    while (!*what)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void finish(struct told *t)
{
    stream_close(t->stream);
    t->stream = NULL;
    buf_free(&t->data);
}

static int start(void **state)
{
    (void)state;
    return uv_loop_init(&loop);
}

static int end(void **state)
{
    (void)state;
    if (peer != NULL)
        peer_free(peer);
    peer = NULL;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static void connect_to_peer(struct told *t, const struct peer_script *script)
{
    peer = peer_new(&loop, script);
    assert_int_equal(stream_tcp_new(&loop, "127.0.0.1", peer_port(peer), &t->stream, NULL), 0);
    open_stream(t);
    run_until(&t->opened);
    assert_int_equal(stream_state(t->stream), STREAM_OPEN);
}

static void bytes_go_both_ways_and_the_end_is_told_last(void **state)
{
    (void)state;
    const struct peer_script script = {.lines = {"answer"}};
    struct told t = {0};
    connect_to_peer(&t, &script);
    assert_int_equal(stream_write(t.stream, "*", 1), 0);
    while (t.data.length < 6)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_string_equal(buf_text(&t.data), "answer");
    peer_say(peer, "last", 4);
    while (t.data.length < 10)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    peer_hang_up(peer);
    run_until(&t.ended);
    assert_int_equal(t.end, STREAM_END_CLOSED);
    assert_int_equal(stream_write(t.stream, "x", 1), -ENOTCONN);
    finish(&t);
}

static void what_the_peer_said_before_a_reset_is_still_read(void **state)
{
    (void)state;
    const struct peer_script script = {.greeting = "-ERR full\r\n", .close_after_greeting = true};
    for (int i = 0; i < 50; i++) {
        struct told t = {0};
        connect_to_peer(&t, &script);
        for (int w = 0; w < 5; w++) { /* met by a reset once the peer is gone */
            int r = t.ended ? 0 : stream_write(t.stream, "ping", 4);
            assert_true(r == 0);
            (void)uv_run(&loop, UV_RUN_NOWAIT);
        }
        run_until(&t.ended);
        assert_int_equal(t.end, STREAM_END_CLOSED);
        assert_string_equal(buf_text(&t.data), "-ERR full\r\n");
        finish(&t);
        peer_free(peer);
        peer = NULL;
    }
}

static void a_stream_may_be_closed_in_its_event(void **state)
{
    (void)state;
    const struct peer_script script = {.greeting = "hello"};
    struct told t = {.close_on_data = true};
    peer = peer_new(&loop, &script);
    assert_int_equal(stream_tcp_new(&loop, "127.0.0.1", peer_port(peer), &t.stream, NULL), 0);
    open_stream(&t);
    while (t.stream != NULL)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_false(t.ended);
    finish(&t);
}

static void a_stream_may_be_closed_at_any_stage(void **state)
{
    (void)state;
    const struct peer_script script = {0};
    struct told t = {0};
    peer = peer_new(&loop, &script);
    assert_int_equal(stream_tcp_new(&loop, "localhost", peer_port(peer), &t.stream, NULL), 0);
    finish(&t); /* never opened */
    assert_int_equal(stream_tcp_new(&loop, "localhost", peer_port(peer), &t.stream, NULL), 0);
    open_stream(&t);
    assert_int_equal(stream_state(t.stream), STREAM_RESOLVING);
    finish(&t);
    assert_int_equal(stream_tcp_new(&loop, "127.0.0.1", peer_port(peer), &t.stream, NULL), 0);
    open_stream(&t);
    assert_int_equal(stream_state(t.stream), STREAM_CONNECTING);
    finish(&t);
    stream_close(NULL);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    assert_false(t.opened || t.ended);
}

static void output_past_the_limit_is_refused(void **state)
{
    (void)state;
    int pair[2];
    struct told t = {0};
    char *block = calloc(1, 65536);
    assert_non_null(block);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(stream_fd_new(&loop, pair[0], &t.stream, NULL), 0);
    open_stream(&t);
    run_until(&t.opened);
    int r = 0;
    size_t sent = 0;
    while ((r = stream_write(t.stream, block, 65536)) == 0)
        sent += 65536;
    assert_int_equal(r, -ENOBUFS);
    /* what was taken arrives, whole */
    size_t got = 0;
    while (got < sent) {
        ssize_t n = recv(pair[1], block, 65536, MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(got, sent);
    assert_int_equal(stream_write(t.stream, block, 65536), 0);
    finish(&t);
    assert_int_equal(close(pair[1]), 0);
    free(block);
}

/* A reader that pauses the stream makes the peer wait, and loses nothing. */
static void a_paused_stream_reads_nothing_until_it_goes_on(void **state)
{
    (void)state;
    int pair[2];
    struct told t = {0};
    static char block[65536];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(stream_fd_new(&loop, pair[0], &t.stream, NULL), 0);
    open_stream(&t);
    run_until(&t.opened);
    stream_pause(t.stream, true);
    size_t sent = 0;
    for (ssize_t n = 0; n >= 0; sent += n > 0 ? (size_t)n : 0) {
        n = send(pair[1], block, sizeof block, MSG_DONTWAIT);
        assert_true(n > 0 || errno == EAGAIN);
        (void)uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_true(sent > 0);
    assert_int_equal(t.data.length, 0);
    assert_int_equal(stream_write(t.stream, "x", 1), 0); /* the other way is open */
    assert_int_equal(recv(pair[1], block, 1, 0), 1);
    assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
    stream_pause(t.stream, false);
    run_until(&t.ended);
    assert_int_equal(t.data.length, sent);
    stream_pause(t.stream, true); /* too late to mean anything */
    finish(&t);
    assert_int_equal(close(pair[1]), 0);
}

static void check_end(struct told *t, enum stream_end wanted)
{
    open_stream(t);
    run_until(&t->ended);
    assert_int_equal(t->end, wanted);
    assert_true(t->why.code < 0 && t->why.text[0] != '\0');
    finish(t);
}

static void failures_are_told_apart(void **state)
{
    (void)state;
    struct told refused = {0};
    struct told absent = {0};
    struct told nameless = {0};
    struct told long_path = {0};
    char path[300];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(stream_tcp_new(&loop, "127.0.0.1", 1, &refused.stream, NULL), 0);
    check_end(&refused, STREAM_END_REFUSED);
    assert_int_equal(stream_unix_new(&loop, "/nonexistent/s", &absent.stream, NULL), 0);
    check_end(&absent, STREAM_END_REFUSED);
    assert_int_equal(stream_unix_new(&loop, path, &long_path.stream, NULL), 0);
    check_end(&long_path, STREAM_END_UNREACHABLE);
    assert_int_equal(stream_tcp_new(&loop, "no-such-host.invalid", 1, &nameless.stream, NULL), 0);
    check_end(&nameless, STREAM_END_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_go_both_ways_and_the_end_is_told_last, start, end),
        cmocka_unit_test_setup_teardown(what_the_peer_said_before_a_reset_is_still_read, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_stream_may_be_closed_in_its_event, start, end),
        cmocka_unit_test_setup_teardown(a_stream_may_be_closed_at_any_stage, start, end),
        cmocka_unit_test_setup_teardown(output_past_the_limit_is_refused, start, end),
        cmocka_unit_test_setup_teardown(a_paused_stream_reads_nothing_until_it_goes_on, start, end),
        cmocka_unit_test_setup_teardown(failures_are_told_apart, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
