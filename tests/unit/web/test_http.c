/* The head of a request is read one way or refused: what two readers could read in two ways is the
 * stuff of smuggled requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "web/http.h"

#define LIMIT 8192
#define HOST "Host: x\r\n"

static int read_text(const char *text, struct http_head *ret)
{
    return http_read(text, strlen(text), LIMIT, ret);
}

static void assert_text(struct http_text text, const char *wanted)
{
    assert_non_null(text.at);
    assert_int_equal(text.length, strlen(wanted));
    assert_memory_equal(text.at, wanted, text.length);
}

static void a_request_is_read_up_to_its_empty_line(void **state)
{
    (void)state;
    static const char request[] = "PATCH /a/b?c=d&e=%20 HTTP/1.1\r\nhOST:x\r\n"
                                  "Cookie: \t a=b; c=d \t\r\nX-Other: \xc3\xa9\r\n\r\nbody";
    struct http_head head;
    assert_int_equal(read_text(request, &head), (int)strlen(request) - 4);
    assert_text(head.method, "PATCH");
    assert_text(head.path, "/a/b");
    assert_text(head.query, "c=d&e=%20");
    assert_text(head.fields[FIELD_HOST], "x");
    assert_text(head.fields[FIELD_COOKIE], "a=b; c=d");
    assert_null(head.fields[FIELD_ORIGIN].at);
    assert_false(head.old);
}

static void every_part_of_a_request_asks_for_more(void **state)
{
    (void)state;
    static const char request[] = "GET /a?b HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n";
    struct http_head head;
    for (size_t i = 0; i < sizeof request - 1; i++)
        assert_int_equal(http_read(request, i, LIMIT, &head), 0);
    assert_int_equal(read_text(request, &head), (int)sizeof request - 1);
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        " GET / HTTP/1.1\r\n" HOST "\r\n",
        "get / HTTP/1.1\r\n" HOST "\r\n",
        "GET  / HTTP/1.1\r\n" HOST "\r\n",
        "GET /  HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1 \r\n" HOST "\r\n",
        "GET / HTTP/1.2\r\n" HOST "\r\n",
        "GET / HTTP/2.0\r\n" HOST "\r\n",
        "GET / http/1.1\r\n" HOST "\r\n",
        "GET /a b HTTP/1.1\r\n" HOST "\r\n",
        "GET /a\tb HTTP/1.1\r\n" HOST "\r\n",
        "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n",
        "GET /#a HTTP/1.1\r\n" HOST "\r\n",
        "GET * HTTP/1.1\r\n" HOST "\r\n",
        "GET http://x/ HTTP/1.1\r\n" HOST "\r\n",
        "CONNECT x:443 HTTP/1.1\r\n" HOST "\r\n",
        "AMETHODTHATISLONG / HTTP/1.1\r\n" HOST "\r\n",
        "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
        "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": nameless\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\x0b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\x7f\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A(b): c\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Origin: a\r\norigin: b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    };
    struct http_head head;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        if (read_text(bad[i], &head) != -400)
            fail_msg("was read: %s", bad[i]);
    static const char nul[] = "GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n";
    assert_int_equal(http_read(nul, sizeof nul - 1, LIMIT, &head), -400);
    static const char early[] = "GET /\0a HTTP/1.1\r\n" HOST "\r\n";
    assert_int_equal(http_read(early, sizeof early - 1, LIMIT, &head), -400);
}

static void an_old_request_needs_no_host_and_lists_may_come_twice(void **state)
{
    (void)state;
    struct http_head head;
    assert_true(read_text("GET / HTTP/1.0\r\n\r\n", &head) > 0);
    assert_true(head.old);
    assert_true(read_text("GET / HTTP/1.1\r\n" HOST "Cookie: a=b\r\nCookie: c=d\r\n\r\n", &head) >
                0);
    assert_true(head.twice[FIELD_COOKIE]);
}

static void a_head_has_its_limit(void **state)
{
    (void)state;
    static char long_line[LIMIT + 100];
    struct http_head head;
    memset(long_line, 'a', sizeof long_line);
    assert_int_equal(http_read(long_line, LIMIT - 1, LIMIT, &head), 0);
    assert_int_equal(http_read(long_line, sizeof long_line, LIMIT, &head), -414);
    memcpy(long_line, "GET / HTTP/1.1\r\n", 16);
    assert_int_equal(http_read(long_line, sizeof long_line, LIMIT, &head), -431);
    /* An end past the limit is none. */
    memcpy(long_line + LIMIT - 2, "\r\n\r\n", 4);
    assert_int_equal(http_read(long_line, sizeof long_line, LIMIT, &head), -431);
}

static void lists_are_searched_by_whole_words(void **state)
{
    (void)state;
    static const char list[] = "keep-alive ,\tUpgrade";
    struct http_text text = {list, sizeof list - 1};
    assert_true(http_lists(text, "upgrade"));
    assert_true(http_lists(text, "keep-alive"));
    assert_false(http_lists(text, "keep"));
    assert_false(http_lists(text, "close"));
    assert_false(http_lists((struct http_text){NULL, 0}, "close"));
    assert_false(http_lists((struct http_text){",,", 2}, "close"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_up_to_its_empty_line),
        cmocka_unit_test(every_part_of_a_request_asks_for_more),
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(an_old_request_needs_no_host_and_lists_may_come_twice),
        cmocka_unit_test(a_head_has_its_limit),
        cmocka_unit_test(lists_are_searched_by_whole_words),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
