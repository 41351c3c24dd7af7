#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "redis/client.h"
#include "redis/resp.h"

static const char stream[] = "+PONG\r\n-ERR no\r\n:-12\r\n$5\r\nhe\r\nl\r\n$-1\r\n*-1\r\n"
                             "*3\r\n:1\r\n*2\r\n+a\r\n$0\r\n\r\n$-1\r\n*0\r\n";
#define STREAM_REPLIES 8

static struct resp_reader *new_reader(void)
{
    struct resp_reader *r = NULL;
    assert_int_equal(resp_reader_new(&r, NULL), 0);
    return r;
}

static void check_reply(size_t i, const struct redis_reply *reply)
{
    static const enum resp_type types[STREAM_REPLIES] = {RESP_STATUS, RESP_ERROR, RESP_INTEGER,
                                                         RESP_BULK,   RESP_NULL,  RESP_NULL,
                                                         RESP_LIST,   RESP_LIST};
    assert_true(i < STREAM_REPLIES);
    assert_int_equal(reply->type, types[i]);
    if (i == 0)
        assert_string_equal(reply->text, "PONG");
    if (i == 1)
        assert_string_equal(reply->text, "ERR no");
    if (i == 2)
        assert_int_equal(reply->integer, -12);
    if (i == 3) {
        assert_int_equal(reply->length, 5);
        assert_memory_equal(reply->text, "he\r\nl", 6);
    }
    if (i == 6) {
        assert_int_equal(reply->count, 3);
        assert_int_equal(reply->items[0]->integer, 1);
        assert_int_equal(reply->items[1]->count, 2);
        assert_string_equal(reply->items[1]->items[0]->text, "a");
        assert_int_equal(reply->items[1]->items[1]->length, 0);
        assert_int_equal(reply->items[2]->type, RESP_NULL);
    }
}

static void take_all(struct resp_reader *r, size_t *seen)
{
    struct redis_reply *reply = NULL;
    struct error err;
    int n = 0;
    while ((n = resp_reader_next(r, &reply, &err)) == 1) {
        check_reply((*seen)++, reply);
        reply_free(reply);
    }
    assert_int_equal(n, 0);
}

static void replies_are_whole_however_they_are_cut(void **state)
{
    (void)state;
    size_t length = sizeof stream - 1;
    for (size_t cut = 0; cut <= length; cut++) {
        struct resp_reader *r = new_reader();
        size_t seen = 0;
        assert_int_equal(resp_reader_feed(r, stream, cut, NULL), 0);
        take_all(r, &seen);
        assert_int_equal(resp_reader_feed(r, stream + cut, length - cut, NULL), 0);
        take_all(r, &seen);
        assert_int_equal(seen, STREAM_REPLIES);
        resp_reader_free(r);
    }
}

static void byte_by_byte_gives_the_same(void **state)
{
    (void)state;
    struct resp_reader *r = new_reader();
    size_t seen = 0;
    for (size_t i = 0; i + 1 < sizeof stream; i++) {
        assert_int_equal(resp_reader_feed(r, stream + i, 1, NULL), 0);
        take_all(r, &seen);
    }
    assert_int_equal(seen, STREAM_REPLIES);
    resp_reader_free(r);
}

/* Feeds until the reader refuses or everything is in. */
static int outcome(const char *start, const char *repeat, size_t times)
{
    struct resp_reader *r = new_reader();
    struct redis_reply *reply = NULL;
    struct error err = {0};
    int result = resp_reader_feed(r, start, strlen(start), NULL);
    if (result == 0)
        result = resp_reader_next(r, &reply, &err);
    for (size_t i = 0; i < times && result == 0; i++) {
        result = resp_reader_feed(r, repeat, strlen(repeat), NULL);
        if (result == 0)
            result = resp_reader_next(r, &reply, &err);
    }
    if (result == 1)
        reply_free(reply);
    if (result < 0)
        assert_true(err.text[0] != '\0');
    resp_reader_free(r);
    return result;
}

static void garbage_is_refused(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\r\n",
        "\x15\x03\x01",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "*2000000000\r\n",
        "*65537\r\n",
        ":twelve\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "%1\r\n+a\r\n+b\r\n",
        ">1\r\n+a\r\n",
        ",1.5\r\n",
        "#t\r\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(garbage); i++)
        assert_int_equal(outcome(garbage[i], "", 0), -EPROTO);
}

static void endless_replies_are_refused_at_the_cap(void **state)
{
    (void)state;
    char *block = malloc(16385);
    assert_non_null(block);
    memset(block, 'x', 16384);
    block[16384] = '\0';
    /* a line without an end, a bulk of a gigabyte, a list of bulks */
    assert_int_equal(outcome("+", block, 5), -EPROTO);
    assert_int_equal(outcome("$1000000000\r\n", block, 2 + REDIS_REPLY_BYTES_MAX / 16384), -EPROTO);
    assert_int_equal(outcome("*2\r\n$1000000000\r\n", block, 2 + REDIS_REPLY_BYTES_MAX / 16384),
                     -EPROTO);
    free(block);
}

static void elements_are_counted_over_all_levels(void **state)
{
    (void)state;
    assert_int_equal(outcome("*60000\r\n",
                             "*10\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"
                             ":1\r\n:1\r\n:1\r\n",
                             60000),
                     -EPROTO);
    assert_int_equal(outcome("*65535\r\n", ":1\r\n", 65535), 1);
}

static void the_caps_are_for_one_reply(void **state)
{
    (void)state;
    struct resp_reader *r = new_reader();
    for (int i = 0; i < 200000; i++) {
        struct redis_reply *reply = NULL;
        assert_int_equal(resp_reader_feed(r, "*2\r\n+a\r\n+b\r\n+PONG\r\n", 19, NULL), 0);
        assert_int_equal(resp_reader_next(r, &reply, NULL), 1);
        reply_free(reply);
        assert_int_equal(resp_reader_next(r, &reply, NULL), 1);
        reply_free(reply);
    }
    resp_reader_free(r);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    for (unsigned long n = 1; n < 40; n++) {
        struct resp_reader *r = new_reader();
        struct redis_reply *reply = NULL;
        struct error err = {0};
        int result = resp_reader_feed(r, stream, sizeof stream - 1, &err);
        mem_fail_from(n);
        while (result == 0 && (result = resp_reader_next(r, &reply, &err)) == 1) {
            reply_free(reply);
            result = 0;
            if (mem_count() >= 20)
                break;
        }
        mem_fail_from(0);
        assert_true(result == -ENOMEM || result == 0);
        resp_reader_free(r);
    }
    mem_fail_from(1);
    struct resp_reader *none = NULL;
    assert_int_equal(resp_reader_new(&none, NULL), -ENOMEM);
    mem_fail_from(0);
}

static void commands_are_arrays_of_bulks(void **state)
{
    (void)state;
    static const char *const words[] = {"SCAN", "0", ""};
    struct buf b = BUF_LIMIT(64);
    assert_int_equal(resp_command(&b, words, 3), 0);
    assert_string_equal(buf_text(&b), "*3\r\n$4\r\nSCAN\r\n$1\r\n0\r\n$0\r\n\r\n");
    assert_int_equal(resp_command(&b, words, 3), 0);
    assert_int_equal(resp_command(&b, words, 3), -ENOBUFS);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_whole_however_they_are_cut),
        cmocka_unit_test(byte_by_byte_gives_the_same),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(endless_replies_are_refused_at_the_cap),
        cmocka_unit_test(elements_are_counted_over_all_levels),
        cmocka_unit_test(the_caps_are_for_one_reply),
        cmocka_unit_test(every_failed_allocation_is_an_error),
        cmocka_unit_test(commands_are_arrays_of_bulks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
