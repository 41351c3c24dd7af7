/* The frames of a WebSocket's client are read as RFC 6455 has them, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "web/wsframe.h"

static void a_head_is_read_when_all_of_it_is_there(void **state)
{
    (void)state;
    static const unsigned char text[] = {0x81, 0x85, 1, 2, 3, 4, 'x'};
    static const unsigned char middle[] = {0x82, 0xFE, 0x01, 0x00, 1, 2, 3, 4};
    static const unsigned char large[] = {0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4};
    struct wsframe frame;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(wsframe_read(text, i, &frame), 0);
    assert_int_equal(wsframe_read(text, sizeof text, &frame), 6);
    assert_int_equal(frame.opcode, WSFRAME_TEXT);
    assert_int_equal(frame.length, 5);
    assert_memory_equal(frame.mask, "\1\2\3\4", 4);
    assert_int_equal(wsframe_read(middle, sizeof middle, &frame), 8);
    assert_int_equal(frame.length, 256);
    assert_int_equal(wsframe_read(large, sizeof large, &frame), 14);
    assert_int_equal(frame.length, 65536);
}

static void wrong_frames_are_refused_with_their_code(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[14];
        int result;
    } rows[] = {
        {{0x81, 0x05}, -1002},                                     /* not masked */
        {{0xC1, 0x85}, -1002},                                     /* compressed */
        {{0xFF, 0xFF}, -1002},                                     /* no such opcode */
        {{0x83, 0x80}, -1002},                                     /* the same */
        {{0x08, 0x80}, -1002},                                     /* a control frame in parts */
        {{0x89, 0xFE}, -1002},                                     /* and a long one */
        {{0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4}, -1009}, /* 65537 */
        {{0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, -1009},
    };
    struct wsframe frame;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(wsframe_read(rows[i].bytes, sizeof rows[i].bytes, &frame), rows[i].result);
}

static void ours_have_the_shortest_head(void **state)
{
    (void)state;
    unsigned char bytes[WSFRAME_HEAD_MAX];
    assert_int_equal(wsframe_write(bytes, WSFRAME_TEXT, 125), 2);
    assert_memory_equal(bytes, "\x81\x7d", 2);
    assert_int_equal(wsframe_write(bytes, WSFRAME_TEXT, 126), 4);
    assert_memory_equal(bytes, "\x81\x7e\x00\x7e", 4);
    assert_int_equal(wsframe_write(bytes, WSFRAME_CLOSE, 65535), 4);
    assert_memory_equal(bytes, "\x88\x7e\xff\xff", 4);
    assert_int_equal(wsframe_write(bytes, WSFRAME_TEXT, 65536), 10);
    assert_memory_equal(bytes, "\x81\x7f\0\0\0\0\0\1\0\0", 10);
}

static void the_key_of_the_standard_has_its_answer(void **state)
{
    (void)state;
    static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
    char accept[WSFRAME_ACCEPT_SIZE];
    wsframe_accept(key, sizeof key - 1, accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_when_all_of_it_is_there),
        cmocka_unit_test(wrong_frames_are_refused_with_their_code),
        cmocka_unit_test(ours_have_the_shortest_head),
        cmocka_unit_test(the_key_of_the_standard_has_its_answer),
    };
    return cmocka_run_group_tests_name("wsframe", tests, NULL, NULL);
}
