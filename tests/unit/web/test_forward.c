/* The engine's answers on their way to the client, with an engine that says what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "web/forward.h"

/* ── doubles ── */

struct request {
    struct request_info info;
    int answers, status;
    bool text; /* not JSON */
    bool packed;
    struct buf body;
};

static struct {
    engine_link_answer *answer;
    void *context;
} engine;

uint64_t engine_link_ask(struct engine_link *link, json_t *request, engine_link_answer *answer,
                         void *context)
{
    (void)link;
    json_decref(request);
    engine.answer = answer;
    engine.context = context;
    return 1;
}

void engine_link_forget(struct engine_link *link, uint64_t id)
{
    (void)link, (void)id;
}

static const char *accepted = "";

bool request_header(struct request *x, enum server_header header, char *to, size_t size)
{
    (void)x;
    assert_int_equal(header, HEADER_ACCEPT_ENCODING);
    return str_copy(to, size, accepted) && to[0] != '\0';
}

struct request_info *request_info(struct request *x)
{
    return &x->info;
}

void request_answer(struct request *x, const struct answer *answer)
{
    x->answers++;
    x->status = answer->status;
    x->packed =
        answer->lines != NULL && strstr(answer->lines, "Content-Encoding: gzip\r\n") != NULL;
    x->text = answer->type != NULL && str_starts(answer->type, "text/plain");
    assert_int_equal(buf_append(&x->body, answer->body, answer->length), 0);
}

/* ── fixture ── */

static struct router router;

/* Takes `frame`. */
static void engine_says(json_t *frame)
{
    assert_non_null(frame);
    engine.answer(engine.context, frame);
    json_decref(frame);
}

static void ask_for_metrics(struct request *x)
{
    static const struct given nobody;
    static const struct route route = {.operation = OP_PROMETHEUS};
    *x = (struct request){
        .info = {.method = "GET", .path = "/metrics", .address = "127.0.0.1", .id = "a"},
        .body = BUF_LIMIT(SERVER_ANSWER_MAX)};
    forward(&router, x, &route, json_object(), &nobody);
    assert_int_equal(x->answers, 0);
}

static void assert_error(struct request *x, int status, const char *code)
{
    JSON_CLEANUP json_t *body =
        json_loadb(buf_text(&x->body), x->body.length, JSON_READ_FLAGS, NULL);
    assert_int_equal(x->answers, 1);
    assert_int_equal(x->status, status);
    assert_false(x->text);
    assert_string_equal(json_text_or(body, "code", ""), code);
    buf_free(&x->body);
}

/* ── promises ── */

static void pieces_of_a_text_are_one_answer(void **state)
{
    (void)state;
    struct request x;
    ask_for_metrics(&x);
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "one "));
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "two "));
    engine_says(json_pack("{s:i, s:i, s:s}", "id", 1, "status", 200, "body", "end"));
    assert_int_equal(x.answers, 1);
    assert_int_equal(x.status, 200);
    assert_true(x.text);
    assert_string_equal(buf_text(&x.body), "one two end");
    buf_free(&x.body);
}

static void a_text_that_fails_midway_is_an_error_and_nothing_of_it_is_told(void **state)
{
    (void)state;
    struct request x;
    ask_for_metrics(&x);
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "one "));
    engine_says(json_pack("{s:i, s:i, s:{s:s, s:s}}", "id", 1, "status", 500, "body", "error",
                          "Cannot", "code", "audit_unreadable"));
    assert_error(&x, 500, "audit_unreadable");
}

static void a_piece_that_is_no_text_makes_the_answer_an_error(void **state)
{
    (void)state;
    struct request x;
    ask_for_metrics(&x);
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "one "));
    engine_says(json_pack("{s:i, s:n}", "id", 1, "line"));
    engine_says(json_pack("{s:i, s:i, s:s}", "id", 1, "status", 200, "body", ""));
    assert_error(&x, 500, "answer_too_long");
}

static void a_text_longer_than_an_answer_may_be_is_an_error(void **state)
{
    (void)state;
    struct request x;
    size_t length = 1000000;
    char *text = mem_calloc(1, length + 1);
    memset(text, 'x', length);
    ask_for_metrics(&x);
    for (size_t sent = 0; sent <= SERVER_ANSWER_MAX; sent += length)
        engine_says(json_pack("{s:i, s:s}", "id", 1, "line", text));
    engine_says(json_pack("{s:i, s:i, s:s}", "id", 1, "status", 200, "body", ""));
    assert_error(&x, 500, "answer_too_long");
    mem_free(text);
}

static void unpack(const struct buf *packed, char *text, size_t size)
{
    z_stream z = {.next_in = (Bytef *)packed->data,
                  .avail_in = (uInt)packed->length,
                  .next_out = (Bytef *)text,
                  .avail_out = (uInt)size - 1};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    text[z.total_out] = '\0';
    assert_int_equal(inflateEnd(&z), Z_OK);
}

static void figures_are_packed_for_who_takes_it(void **state)
{
    (void)state;
    struct request x;
    char text[64];
    accepted = "br, gzip;q=0.8";
    ask_for_metrics(&x);
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "one "));
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "two "));
    engine_says(json_pack("{s:i, s:i, s:s}", "id", 1, "status", 200, "body", ""));
    assert_int_equal(x.status, 200);
    assert_true(x.packed);
    unpack(&x.body, text, sizeof text);
    assert_string_equal(text, "one two ");
    buf_free(&x.body);
    ask_for_metrics(&x); /* an error is not */
    engine_says(json_pack("{s:i, s:s}", "id", 1, "line", "one "));
    engine_says(json_pack("{s:i, s:n}", "id", 1, "line"));
    engine_says(json_pack("{s:i, s:i, s:s}", "id", 1, "status", 200, "body", ""));
    assert_false(x.packed);
    assert_error(&x, 500, "answer_too_long");
    accepted = "gzip;q=0";
    ask_for_metrics(&x);
    engine_says(json_pack("{s:i, s:i, s:s}", "id", 1, "status", 200, "body", "as it is"));
    assert_false(x.packed);
    assert_string_equal(buf_text(&x.body), "as it is");
    buf_free(&x.body);
    accepted = "";
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_a_text_are_one_answer),
        cmocka_unit_test(a_text_that_fails_midway_is_an_error_and_nothing_of_it_is_told),
        cmocka_unit_test(a_piece_that_is_no_text_makes_the_answer_an_error),
        cmocka_unit_test(figures_are_packed_for_who_takes_it),
        cmocka_unit_test(a_text_longer_than_an_answer_may_be_is_an_error),
    };
    return cmocka_run_group_tests_name("web/forward", tests, NULL, NULL);
}
