/* What the web process is sent of a long text, with handlers that say what the test wants. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/web_link.h"

/* ── doubles ── */

static void (*handler)(struct call *call);

int accounts_identify(struct accounts *a, const struct credential *credential,
                      const char *source_ip, struct call *call, const char **ret_code,
                      const char **ret_message)
{
    (void)a, (void)credential, (void)ret_code, (void)ret_message;
    (void)str_copy(call->user.source_ip, sizeof call->user.source_ip, source_ip);
    return 0;
}

void handlers_dispatch(struct handlers *h, struct call *call, const char *service)
{
    (void)h, (void)service;
    handler(call);
}

void handlers_gone(struct handlers *h, struct call *call)
{
    (void)h, (void)call;
}

void accounts_used(struct accounts *a, const char *session)
{
    (void)a, (void)session;
}

json_t *handlers_service_list(struct handlers *h)
{
    (void)h;
    return json_object();
}

json_t *handlers_snapshot(struct handlers *h, int service)
{
    (void)h, (void)service;
    return json_object();
}

int engine_service_index(const struct engine *e, const char *id)
{
    (void)e, (void)id;
    return -1;
}

/* ── fixture ── */

static void never(void *context)
{
    (void)context;
    fail();
}

static void never_ended(void *context, const char *why)
{
    (void)context;
    fail_msg("%s", why);
}

/* Asks for /metrics, and reads until the one answer: it, and the pieces that came before. */
static json_t *ask(void (*handle)(struct call *call), struct buf *pieces)
{
    uv_loop_t loop;
    struct web_link *link = NULL;
    struct rate_limiter *rate = rate_new();
    struct error err = {0};
    int ends[2];
    handler = handle;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const struct web_link_options options = {
        .loop = &loop, .rate = rate, .ready = never, .ended = never_ended};
    assert_int_equal(web_link_open(&options, ends[0], &link, &err), 0);

    JSON_CLEANUP json_t *request = json_pack("{s:i, s:s}", "id", 1, "op", "prometheus");
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    assert_int_equal(frame_write(request, &bytes, &err), 0);
    assert_int_equal(send(ends[1], bytes.data, bytes.length, 0), (ssize_t)bytes.length);
    buf_clear(&bytes);

    json_t *frame = NULL;
    char chunk[65536];
    for (json_t *piece; frame == NULL;) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        struct pollfd either[] = {{.fd = ends[1], .events = POLLIN},
                                  {.fd = uv_backend_fd(&loop), .events = POLLIN}};
        assert_true(poll(either, 2, uv_backend_timeout(&loop)) >= 0);
        ssize_t n = recv(ends[1], chunk, sizeof chunk, MSG_DONTWAIT);
        if (n > 0)
            assert_int_equal(buf_append(&bytes, chunk, (size_t)n), 0);
        while (frame == NULL && frame_read(&bytes, &piece, &err) == 1) {
            json_t *line = json_object_get(piece, "line");
            if (line == NULL) {
                frame = piece;
                continue;
            }
            assert_int_equal(buf_append(pieces, json_string_value(line), json_string_length(line)),
                             0);
            json_decref(piece);
        }
    }
    buf_free(&bytes);
    web_link_close(link);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    (void)close(ends[1]);
    rate_free(rate);
    return frame;
}

/* ── promises ── */

static void in_two_pieces(struct call *call)
{
    call->push(call, json_string("one "));
    call->push(call, json_string("two "));
    call->answer(call, 200, json_string("end"));
}

static void with_one_too_long(struct call *call)
{
    static char text[FRAME_MAX];
    memset(text, '"', sizeof text - 1);
    call->push(call, json_string("one "));
    call->push(call, json_string(text));
    call->push(call, json_string("three"));
    call->answer(call, 200, json_string(""));
}

static void with_one_for_lack_of_memory(struct call *call)
{
    call->push(call, json_string("one "));
    call->push(call, NULL);
    call->answer(call, 200, json_string(""));
}

static void a_text_goes_out_in_pieces_and_ends_with_one_answer(void **state)
{
    (void)state;
    struct buf pieces = BUF_LIMIT(1024);
    JSON_CLEANUP json_t *frame = ask(in_two_pieces, &pieces);
    assert_int_equal(json_int_or(frame, "status", 0), 200);
    assert_string_equal(buf_text(&pieces), "one two ");
    assert_string_equal(json_text_or(frame, "body", ""), "end");
    buf_free(&pieces);
}

static void a_text_with_a_piece_that_could_not_be_sent_is_an_error(void **state)
{
    (void)state;
    static void (*const handles[])(struct call *) = {with_one_too_long,
                                                     with_one_for_lack_of_memory};
    static const char *const codes[] = {"answer_too_long", "out_of_memory"};
    for (size_t i = 0; i < ARRAY_LENGTH(handles); i++) {
        struct buf pieces = BUF_LIMIT(1024);
        JSON_CLEANUP json_t *frame = ask(handles[i], &pieces);
        assert_int_equal(json_int_or(frame, "status", 0), 500);
        assert_string_equal(json_text_or(json_object_get(frame, "body"), "code", ""), codes[i]);
        buf_free(&pieces);
    }
}

/* ── a web process that was taken over ── */

struct hostile {
    uv_loop_t loop;
    struct web_link *link;
    struct rate_limiter *rate;
    int end, ready;
    char why[128];
};

static int answered;

static void count_calls(struct call *call)
{
    answered++;
    call->answer(call, 200, json_string(""));
}

static void on_hostile_ready(void *context)
{
    struct hostile *h = context;
    h->ready++;
}

static void on_hostile_ended(void *context, const char *why)
{
    struct hostile *h = context;
    (void)str_copy(h->why, sizeof h->why, why);
}

static void open_hostile(struct hostile *h)
{
    struct error err = {0};
    int ends[2];
    *h = (struct hostile){.rate = rate_new()};
    handler = count_calls;
    answered = 0;
    assert_int_equal(uv_loop_init(&h->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const struct web_link_options options = {.loop = &h->loop,
                                             .rate = h->rate,
                                             .context = h,
                                             .ready = on_hostile_ready,
                                             .ended = on_hostile_ended};
    assert_int_equal(web_link_open(&options, ends[0], &h->link, &err), 0);
    h->end = ends[1];
}

static void close_hostile(struct hostile *h)
{
    web_link_close(h->link);
    (void)uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&h->loop), 0);
    (void)close(h->end);
    rate_free(h->rate);
}

/* `times` the same frame in one piece. */
static void send_frames(const struct hostile *h, const char *text, int times)
{
    struct buf bytes = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err = {0};
    JSON_CLEANUP json_t *frame = json_loads(text, 0, NULL);
    for (int i = 0; i < times; i++)
        assert_int_equal(frame_write(frame, &bytes, &err), 0);
    assert_int_equal(send(h->end, bytes.data, bytes.length, 0), (ssize_t)bytes.length);
    buf_free(&bytes);
}

/* What an earlier turn left, and as much that is new. */
#define MOST_OF_A_TURN 128

static void a_flood_is_taken_a_piece_a_turn_and_no_frame_is_lost(void **state)
{
    (void)state;
    const int sent = 500;
    struct hostile h;
    open_hostile(&h);
    send_frames(&h, "{\"id\": 1, \"op\": \"prometheus\", \"source_ip\": \"192.0.2.1\"}", sent);
    while (answered < sent) {
        int before = answered;
        (void)uv_run(&h.loop, UV_RUN_NOWAIT);
        assert_true(answered - before <= MOST_OF_A_TURN);
    }
    assert_string_equal(h.why, "");
    close_hostile(&h);
}

/* To read one costs by its length, and what holds the loop up are bytes. */
static void long_frames_are_taken_fewer_a_turn(void **state)
{
    (void)state;
    const int sent = 6;
    static char text[32 * 1024];
    struct hostile h;
    int most = 0;
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "{\"id\": 1, \"op\": \"prometheus\", \"source_ip\": "
                                 "\"192.0.2.1\", \"args\": {\"x\": [[]");
    while (at + 8 < sizeof text)
        at += (size_t)snprintf(text + at, sizeof text - at, ",[]");
    (void)snprintf(text + at, sizeof text - at, "]}}");
    open_hostile(&h);
    send_frames(&h, text, sent);
    while (answered < sent) {
        int before = answered;
        (void)uv_run(&h.loop, UV_RUN_NOWAIT);
        most = answered - before > most ? answered - before : most;
    }
    assert_in_range(most, 1, sent - 1);
    assert_string_equal(h.why, "");
    close_hostile(&h);
}

static void a_frame_longer_than_a_request_can_be_ends_the_link(void **state)
{
    (void)state;
    static const char head[] = {0, 8, 0, 0, '{'}; /* half a mebibyte is announced */
    struct hostile h;
    open_hostile(&h);
    assert_int_equal(send(h.end, head, sizeof head, 0), (ssize_t)sizeof head);
    for (int turns = 0; turns < 100 && h.why[0] == '\0'; turns++)
        (void)uv_run(&h.loop, UV_RUN_NOWAIT);
    assert_non_null(strstr(h.why, "a frame of 524288 bytes was announced"));
    close_hostile(&h);
}

static void one_ipv6_host_has_the_limit_of_one_address(void **state)
{
    (void)state;
    struct hostile h;
    char frame[160];
    open_hostile(&h);
    for (int i = 1; i <= 2 * OPERATION_REFRESHES_A_MINUTE; i++) {
        (void)snprintf(frame, sizeof frame,
                       "{\"id\": %d, \"op\": \"refresh\", \"source_ip\": \"2001:db8::%x\"}", i, i);
        send_frames(&h, frame, 1);
    }
    send_frames(&h, "{\"id\": 100, \"op\": \"refresh\", \"source_ip\": \"2001:db8:0:1::1\"}", 1);
    while (answered <= OPERATION_REFRESHES_A_MINUTE)
        (void)uv_run(&h.loop, UV_RUN_ONCE);
    assert_int_equal(answered, OPERATION_REFRESHES_A_MINUTE + 1);
    close_hostile(&h);
}

static void what_a_sound_web_process_never_sends_ends_the_link(void **state)
{
    (void)state;
    static const struct {
        const char *frame, *why;
        int times;
    } rows[] = {
        {"{\"ready\": true}", "it reported twice that it is ready", 2},
        {"{\"id\": 1, \"op\": \"status\", \"source_ip\": \"local\"}",
         "it sent a client address that is not an address", 1},
        {"{\"id\": 1, \"op\": \"status\", \"source_ip\": \"192.0.2.1 (root)\"}",
         "it sent a client address that is not an address", 1},
        {"{\"used\": 5}", "it named too many sessions at once", 1},
        {"{\"op\": \"status\"}", "it sent a message without a number", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct hostile h;
        open_hostile(&h);
        send_frames(&h, rows[i].frame, rows[i].times);
        while (h.why[0] == '\0')
            (void)uv_run(&h.loop, UV_RUN_ONCE);
        assert_string_equal(h.why, rows[i].why);
        assert_int_equal(answered, 0);
        assert_true(h.ready <= 1);
        close_hostile(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_goes_out_in_pieces_and_ends_with_one_answer),
        cmocka_unit_test(a_text_with_a_piece_that_could_not_be_sent_is_an_error),
        cmocka_unit_test(a_flood_is_taken_a_piece_a_turn_and_no_frame_is_lost),
        cmocka_unit_test(long_frames_are_taken_fewer_a_turn),
        cmocka_unit_test(a_frame_longer_than_a_request_can_be_ends_the_link),
        cmocka_unit_test(one_ipv6_host_has_the_limit_of_one_address),
        cmocka_unit_test(what_a_sound_web_process_never_sends_ends_the_link),
    };
    return cmocka_run_group_tests_name("daemon/web_link", tests, NULL, NULL);
}
