/* A stream of frames from a stranger in odd pieces, and every object in it as the arguments of
 * every operation. The first byte says how it is cut; in its upper half (from 128) the bytes are
 * those of the stream, else each line becomes a frame. */
#include "api/frame.h"
#include "api/operations.h"
#include "support.h"

#define STREAM_MAX ((size_t)4 << 20)

static void take(json_t *object)
{
    struct buf out = BUF_LIMIT((size_t)FRAME_BYTES_MAX * 8);
    struct error err = {0};
    json_t *again = NULL;
    /* Not the same object: reals are written with 15 digits, and the largest then overflow. */
    if (frame_write(object, &out, &err) == 0)
        PROMISE(frame_read(&out, &again, &err) != 0);
    json_decref(again);
    buf_free(&out);
    for (int i = 0; i < OPERATION_COUNT; i++)
        PROMISE(operation_check(&operations[i], object, &err) == 0 || err.text[0] != '\0');
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf stream = BUF_LIMIT(STREAM_MAX), in = BUF_LIMIT(FRAME_BYTES_MAX);
    struct input given = input_of(data, size);
    struct error err = {0};
    uint8_t mode = input_byte(&given);
    struct dice dice = {mode & 0x7F};
    frames_of_lines(mode < 128, given, &stream);
    struct input rest = {stream.data, stream.length};
    int r = 1;
    while (rest.left > 0 && r >= 0) {
        struct input piece = input_piece(&rest, &dice);
        json_t *object = NULL;
        r = buf_append(&in, piece.at, piece.left) == 0 ? 1 : -1;
        while (r == 1 && (r = frame_read(&in, &object, &err)) == 1)
            take(object);
    }
    buf_free(&stream);
    buf_free(&in);
    return 0;
}
