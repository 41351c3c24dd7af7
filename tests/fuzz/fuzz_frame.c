/* A stream of frames from a stranger, and every object in it as the arguments of every operation.
 */
#include <stdint.h>
#include <stdlib.h>

#include "api/frame.h"
#include "api/operations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf in = BUF_LIMIT(FRAME_BYTES_MAX);
    struct error err;
    json_t *object = NULL;
    if (buf_append(&in, data, size) < 0)
        return 0;
    while (frame_read(&in, &object, &err) == 1) {
        struct buf out = BUF_LIMIT((size_t)FRAME_BYTES_MAX * 8);
        json_t *again = NULL;
        /* Not the same object: reals are written with 15 digits, and the largest then overflow. */
        if (frame_write(object, &out, &err) == 0 && frame_read(&out, &again, &err) == 0)
            abort();
        json_decref(again);
        buf_free(&out);
        for (int i = 0; i < OPERATION_COUNT; i++)
            if (operation_check(&operations[i], object, &err) < 0 && err.text[0] == '\0')
                abort();
        json_decref(object);
    }
    buf_free(&in);
    return 0;
}
