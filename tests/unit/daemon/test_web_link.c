/* What the web process is sent of a long text, with handlers that say what the test wants. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
    (void)a, (void)credential, (void)source_ip, (void)call, (void)ret_code, (void)ret_message;
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

json_t *call_error(const char *title, const char *message, const char *code, wall_ms now)
{
    (void)title, (void)message, (void)now;
    return json_pack("{s:s}", "code", code);
}

void call_refuse(struct call *call, int status, const char *title, const char *message,
                 const char *code, wall_ms now)
{
    call->answer(call, status, call_error(title, message, code, now));
}

void call_wipe_secrets(const struct call *call)
{
    (void)call;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_goes_out_in_pieces_and_ends_with_one_answer),
        cmocka_unit_test(a_text_with_a_piece_that_could_not_be_sent_is_an_error),
    };
    return cmocka_run_group_tests_name("daemon/web_link", tests, NULL, NULL);
}
