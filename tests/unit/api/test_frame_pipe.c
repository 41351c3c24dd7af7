/* Frames over a socket pair: whatever the cuts, each frame comes once and in order; what cannot go on
 * is reported once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/frame.h"
#include "api/frame_pipe.h"
#include "base/json.h"
#include "base/str.h"

struct bench {
    uv_loop_t loop;
    struct frame_pipe pipe;
    char chunk[FRAME_PIPE_CHUNK];
    int peer;
    int64_t frames, last;
    int64_t pause_at, stop_at; /* frames; 0 = never */
    int ended, drained, closed;
    enum frame_pipe_end end;
    char why[256];
};

static void on_frame(void *context, json_t *frame)
{
    struct bench *b = context;
    b->frames++;
    assert_int_equal(json_int_or(frame, "n", -1), b->last + 1);
    b->last++;
    json_decref(frame);
    if (b->frames == b->pause_at)
        frame_pipe_pause(&b->pipe);
    if (b->frames == b->stop_at)
        frame_pipe_stop(&b->pipe);
}

static void on_ended(void *context, enum frame_pipe_end end, const char *why)
{
    struct bench *b = context;
    b->ended++;
    b->end = end;
    (void)str_copy(b->why, sizeof b->why, why);
}

static void on_drained(void *context)
{
    struct bench *b = context;
    b->drained++;
}

static void on_closed(void *context)
{
    struct bench *b = context;
    b->closed++;
}

static int set_up(void **state)
{
    static const struct frame_pipe_events events = {
        .frame = on_frame, .ended = on_ended, .drained = on_drained, .closed = on_closed};
    struct bench *b = calloc(1, sizeof *b);
    struct error err = {0};
    int ends[2];
    assert_non_null(b);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    b->peer = ends[1];
    const struct frame_pipe_options options = {
        .events = &events, .context = b, .chunk = b->chunk, .out_max = 3 * FRAME_MAX};
    assert_int_equal(frame_pipe_open(&b->pipe, &b->loop, ends[0], &options, &err), 0);
    assert_int_equal(frame_pipe_start(&b->pipe), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    if (!b->pipe.closing)
        frame_pipe_close(&b->pipe);
    if (b->peer >= 0)
        (void)close(b->peer);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    int closed = b->closed;
    assert_int_equal(uv_loop_close(&b->loop), 0);
    free(b);
    assert_int_equal(closed, 1);
    return 0;
}

static void turn(struct bench *b)
{
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

static void peer_sends(struct bench *b, const char *bytes, size_t length)
{
    while (length > 0 && b->ended == 0) {
        ssize_t n = send(b->peer, bytes, length, MSG_NOSIGNAL);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
        turn(b);
    }
    turn(b);
}

/* Frames {"n": first} and so on, each padded to `padding` bytes. */
static struct buf numbered(int64_t first, int count, size_t padding)
{
    struct buf bytes = BUF_LIMIT((size_t)64 << 20);
    char *text = malloc(padding + 1);
    struct error err;
    assert_non_null(text);
    memset(text, 'x', padding);
    text[padding] = '\0';
    for (int i = 0; i < count; i++) {
        json_t *frame JSON_CLEANUP = json_pack("{s:I, s:s}", "n", (json_int_t)first + i, "p", text);
        assert_int_equal(frame_write(frame, &bytes, &err), 0);
    }
    free(text);
    return bytes;
}

static void frames_come_in_order_wherever_they_are_cut(void **state)
{
    struct bench *b = *state;
    struct buf bytes = numbered(1, 7, 20);
    for (size_t cut = 1; cut < bytes.length; cut++) {
        b->last = 0;
        peer_sends(b, bytes.data, cut);
        peer_sends(b, bytes.data + cut, bytes.length - cut);
        assert_int_equal(b->last, 7);
    }
    buf_free(&bytes);
    assert_int_equal(b->ended, 0);
}

static void frames_that_fill_the_buffer_are_taken(void **state)
{
    struct bench *b = *state;
    struct buf bytes = numbered(1, 3, FRAME_MAX - 100);
    peer_sends(b, bytes.data, bytes.length);
    while (b->last < 3)
        turn(b);
    buf_free(&bytes);
}

static void a_pause_keeps_what_was_read(void **state)
{
    struct bench *b = *state;
    struct buf bytes = numbered(1, 9, 10);
    b->pause_at = 2;
    peer_sends(b, bytes.data, bytes.length);
    for (int i = 0; i < 5; i++)
        turn(b);
    assert_int_equal(b->last, 2);
    b->pause_at = 6;
    assert_int_equal(frame_pipe_start(&b->pipe), 0);
    assert_int_equal(b->last, 6);
    assert_int_equal(frame_pipe_start(&b->pipe), 0);
    assert_int_equal(b->last, 9);
    buf_free(&bytes);
    bytes = numbered(10, 1, 10);
    peer_sends(b, bytes.data, bytes.length);
    assert_int_equal(b->last, 10);
    buf_free(&bytes);
}

static void after_a_stop_nothing_is_taken_and_nothing_kept(void **state)
{
    struct bench *b = *state;
    struct buf bytes = numbered(1, 5, 10);
    static const char zeros[FRAME_PIPE_CHUNK];
    b->stop_at = 2;
    peer_sends(b, bytes.data, bytes.length);
    for (int i = 0; i < 5; i++)
        turn(b);
    assert_int_equal(b->last, 2);
    assert_memory_equal(b->chunk, zeros, sizeof zeros);
    assert_int_equal(frame_pipe_start(&b->pipe), 0);
    turn(b);
    assert_int_equal(b->last, 2);
    buf_free(&bytes);
}

static void bytes_that_were_taken_are_wiped(void **state)
{
    struct bench *b = *state;
    static const char zeros[FRAME_PIPE_CHUNK];
    struct buf bytes = numbered(1, 1, 10);
    peer_sends(b, bytes.data, bytes.length);
    assert_int_equal(b->last, 1);
    assert_memory_equal(b->chunk, zeros, sizeof zeros);
    buf_free(&bytes);
}

static void what_is_no_frame_ends_reading_and_can_be_answered(void **state)
{
    struct bench *b = *state;
    char got[64] = "";
    peer_sends(b, "\0\0\0\2[]", 6);
    assert_int_equal(b->ended, 1);
    assert_int_equal(b->end, FRAME_PIPE_BAD_FRAME);
    assert_non_null(strstr(b->why, "not a JSON object"));
    assert_int_equal(frame_pipe_send(&b->pipe, json_pack("{s:i}", "status", 400)), 0);
    while (b->drained == 0)
        turn(b);
    assert_int_equal(recv(b->peer, got, sizeof got, 0), 4 + (int)strlen("{\"status\":400}"));
}

static void a_frame_that_is_announced_too_long_ends_reading(void **state)
{
    struct bench *b = *state;
    peer_sends(b, "\177\377\377\377", 4);
    assert_int_equal(b->ended, 1);
    assert_int_equal(b->end, FRAME_PIPE_BAD_FRAME);
}

static void the_end_of_the_other_side_is_reported_once(void **state)
{
    struct bench *b = *state;
    (void)close(b->peer);
    b->peer = -1;
    while (b->ended == 0)
        turn(b);
    assert_int_equal(b->end, FRAME_PIPE_ENDED);
    assert_int_equal(frame_pipe_send(&b->pipe, json_object()), -EPIPE);
    turn(b);
    assert_int_equal(b->ended, 1);
}

static void a_frame_too_long_to_send_leaves_the_pipe_as_it_was(void **state)
{
    struct bench *b = *state;
    char *text = calloc(1, FRAME_MAX + 1);
    char got[64];
    assert_non_null(text);
    memset(text, 'x', FRAME_MAX);
    assert_int_equal(frame_pipe_send(&b->pipe, json_pack("{s:s}", "p", text)), -EMSGSIZE);
    free(text);
    assert_int_equal(frame_pipe_waiting(&b->pipe), 0);
    assert_int_equal(frame_pipe_send(&b->pipe, json_object()), 0);
    while (b->drained == 0)
        turn(b);
    assert_int_equal(recv(b->peer, got, sizeof got, 0), 6);
}

static void no_more_waits_for_a_reader_than_may(void **state)
{
    struct bench *b = *state;
    char *text = calloc(1, FRAME_MAX / 2 + 1);
    int r = 0, sent = 0;
    assert_non_null(text);
    memset(text, 'x', FRAME_MAX / 2);
    while ((r = frame_pipe_send(&b->pipe, json_pack("{s:s}", "p", text))) == 0)
        sent++;
    free(text);
    assert_int_equal(r, -ENOBUFS);
    assert_true(sent >= 6 && sent <= 8); /* and what the kernel holds */
    assert_true(frame_pipe_waiting(&b->pipe) <= 3 * FRAME_MAX);
}

static void no_memory_for_a_frame_is_an_error(void **state)
{
    struct bench *b = *state;
    assert_int_equal(frame_pipe_send(&b->pipe, NULL), -ENOMEM);
}

static void after_closing_nothing_is_sent(void **state)
{
    struct bench *b = *state;
    frame_pipe_close(&b->pipe);
    assert_int_equal(frame_pipe_send(&b->pipe, json_object()), -EPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        TEST(frames_come_in_order_wherever_they_are_cut),
        TEST(frames_that_fill_the_buffer_are_taken),
        TEST(a_pause_keeps_what_was_read),
        TEST(after_a_stop_nothing_is_taken_and_nothing_kept),
        TEST(bytes_that_were_taken_are_wiped),
        TEST(what_is_no_frame_ends_reading_and_can_be_answered),
        TEST(a_frame_that_is_announced_too_long_ends_reading),
        TEST(the_end_of_the_other_side_is_reported_once),
        TEST(a_frame_too_long_to_send_leaves_the_pipe_as_it_was),
        TEST(no_more_waits_for_a_reader_than_may),
        TEST(no_memory_for_a_frame_is_an_error),
        TEST(after_closing_nothing_is_sent),
    };
    return cmocka_run_group_tests_name("api/frame_pipe", tests, NULL, NULL);
}
