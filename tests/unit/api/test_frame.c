/* Frames: what goes in comes out, in any pieces; what is no frame is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"

static json_t *request(int64_t id, size_t padding)
{
    json_t *object = json_object();
    char *text = calloc(padding + 1, 1);
    memset(text, 'x', padding);
    assert_true(json_put_int(object, "id", id) && json_put_text(object, "op", "restart") &&
                json_put_text(object, "reason", text));
    free(text);
    return object;
}

static void a_frame_is_a_big_endian_length_and_its_object(void **state)
{
    (void)state;
    struct buf out = BUF_LIMIT(1000);
    json_t *object = json_object();
    assert_true(json_put_int(object, "id", 7));
    assert_int_equal(frame_write(object, &out, NULL), 0);
    assert_int_equal(out.length, 4 + 8);
    assert_memory_equal(out.data, "\0\0\0\x08{\"id\":7}", 12);
    json_decref(object);
    buf_free(&out);
}

static void frames_arrive_whole_whatever_the_pieces(void **state)
{
    (void)state;
    struct buf sent = BUF_LIMIT(100000);
    for (int64_t i = 0; i < 3; i++) {
        json_t *object = request(i, (size_t)i * 300);
        assert_int_equal(frame_write(object, &sent, NULL), 0);
        json_decref(object);
    }
    for (size_t piece = 1; piece <= sent.length; piece++) {
        struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
        int64_t taken = 0;
        for (size_t at = 0; at < sent.length; at += piece) {
            size_t length = sent.length - at < piece ? sent.length - at : piece;
            assert_int_equal(buf_append(&in, sent.data + at, length), 0);
            json_t *object = NULL;
            int r;
            while ((r = frame_read(&in, &object, NULL)) == 1) {
                assert_int_equal(json_int_or(object, "id", -1), taken++);
                json_decref(object);
            }
            assert_int_equal(r, 0);
        }
        assert_int_equal(taken, 3);
        assert_int_equal(in.length, 0);
        buf_free(&in);
    }
    buf_free(&sent);
}

static void the_largest_frame_passes_and_one_byte_more_does_not(void **state)
{
    (void)state;
    struct buf out = BUF_LIMIT(FRAME_BYTES_MAX * 2);
    struct error err = {0};
    json_t *object = request(1, 0);
    assert_int_equal(frame_write(object, &out, NULL), 0);
    size_t around = out.length - FRAME_HEADER;
    json_decref(object);
    buf_clear(&out);

    object = request(1, FRAME_MAX - around);
    assert_int_equal(frame_write(object, &out, &err), 0);
    assert_int_equal(out.length, FRAME_BYTES_MAX);
    json_decref(object);
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    assert_int_equal(buf_append(&in, out.data, out.length), 0);
    assert_int_equal(frame_read(&in, &object, &err), 1);
    json_decref(object);
    buf_free(&in);

    object = request(1, FRAME_MAX - around + 1);
    assert_int_equal(frame_write(object, &out, &err), -EMSGSIZE);
    assert_int_equal(out.length, FRAME_BYTES_MAX); /* what was there before */
    json_decref(object);
    buf_free(&out);
}

static void a_full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    json_t *object = request(1, 100);
    for (size_t limit = 3; limit < 120; limit++) {
        struct buf out = BUF_LIMIT(limit);
        assert_int_equal(buf_append(&out, "abc", 3), 0);
        assert_int_equal(frame_write(object, &out, NULL), -ENOBUFS);
        assert_string_equal(buf_text(&out), "abc");
        buf_free(&out);
    }
    json_decref(object);
}

static void lack_of_memory_is_an_error_and_leaves_the_buffer(void **state)
{
    (void)state;
    json_t *object = request(1, 3000);
    int r = -1;
    for (unsigned long n = 1; r < 0; n++) {
        struct buf out = BUF_LIMIT(100000);
        assert_int_equal(buf_append(&out, "abc", 3), 0);
        mem_fail_from(n);
        r = frame_write(object, &out, NULL);
        mem_fail_from(0);
        assert_int_equal(r, r == 0 ? 0 : -ENOMEM);
        if (r < 0)
            assert_string_equal(buf_text(&out), "abc");
        buf_free(&out);
    }
    json_decref(object);
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        int result;
    } rows[] = {
        {"\0\x10\0\1", 4, -EMSGSIZE}, /* one more than FRAME_MAX, before it is there */
        {"\xff\xff\xff\xff", 4, -EMSGSIZE},
        {"\0\0\0\0", 4, -EBADMSG}, /* nothing is no object */
        {"\0\0\0\2[]", 6, -EBADMSG},
        {"\0\0\0\4null", 8, -EBADMSG},
        {"\0\0\0\3{}x", 7, -EBADMSG},
        {"\0\0\0\x0d{\"a\":1,\"a\":2}", 17, -EBADMSG},
        {"\0\0\0\x0e{\"a\":\"\\u0000\"}", 18, -EBADMSG},
        {"\0\0\0\x09{\"a\":\"\xff\"}", 13, -EBADMSG},
        {"\0\0\0\3{}", 6, 0}, /* one byte is missing */
        {"\0\0\0", 3, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
        struct error err = {0};
        json_t *object = NULL;
        assert_int_equal(buf_append(&in, rows[i].bytes, rows[i].length), 0);
        assert_int_equal(frame_read(&in, &object, &err), rows[i].result);
        assert_null(object);
        if (rows[i].result < 0)
            assert_true(err.text[0] != '\0');
        buf_free(&in);
    }
}

static void only_an_object_can_be_sent(void **state)
{
    (void)state;
    struct buf out = BUF_LIMIT(100);
    json_t *array = json_array();
    assert_int_equal(frame_write(array, &out, NULL), -EINVAL);
    assert_int_equal(frame_write(NULL, &out, NULL), -EINVAL);
    assert_int_equal(out.length, 0);
    json_decref(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_a_big_endian_length_and_its_object),
        cmocka_unit_test(frames_arrive_whole_whatever_the_pieces),
        cmocka_unit_test(the_largest_frame_passes_and_one_byte_more_does_not),
        cmocka_unit_test(a_full_buffer_is_left_as_it_was),
        cmocka_unit_test(lack_of_memory_is_an_error_and_leaves_the_buffer),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(only_an_object_can_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
