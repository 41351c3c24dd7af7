#include "api/frame.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"

#define FRAME_WRITE_FLAGS (JSON_COMPACT | JSON_WRITE_FLAGS)

struct sink {
    struct buf *out;
    size_t start; /* of the body */
    int error;
};

static int sink_take(const char *bytes, size_t length, void *context)
{
    struct sink *sink = context;
    sink->error = length > FRAME_MAX - (sink->out->length - sink->start)
                      ? -EMSGSIZE
                      : buf_append(sink->out, bytes, length);
    return sink->error;
}

int frame_write(const json_t *object, struct buf *out, struct error *err)
{
    size_t before = out->length;
    if (!json_is_object(object))
        return error_set(err, -EINVAL, "only a JSON object can be a frame");
    struct sink sink = {out, before + FRAME_HEADER, 0};
    int r = buf_append(out, "\0\0\0\0", FRAME_HEADER);
    if (r == 0 && json_dump_callback(object, sink_take, &sink, FRAME_WRITE_FLAGS) < 0)
        r = sink.error < 0 ? sink.error : -ENOMEM;
    if (r < 0) {
        if (out->length > before) {
            out->length = before;
            out->data[before] = '\0';
        }
        if (r == -EMSGSIZE)
            return error_set(err, r, "the message is larger than a frame's %d bytes", FRAME_MAX);
        return error_set_errno(err, r, "a frame could not be written");
    }
    size_t length = out->length - sink.start;
    for (size_t i = 0; i < FRAME_HEADER; i++)
        out->data[before + i] = (char)(unsigned char)(length >> (8 * (FRAME_HEADER - 1 - i)));
    return 0;
}

int frame_read_most(struct buf *in, size_t most, json_t **ret, struct error *err)
{
    size_t length = 0;
    if (in->length < FRAME_HEADER)
        return 0;
    for (size_t i = 0; i < FRAME_HEADER; i++)
        length = length << 8 | (unsigned char)in->data[i];
    if (length > most)
        return error_set(err, -EMSGSIZE, "a frame of %zu bytes was announced, %zu are taken",
                         length, most);
    if (in->length - FRAME_HEADER < length)
        return 0;
    json_error_t why;
    json_t *object = json_loadb(in->data + FRAME_HEADER, length, JSON_READ_FLAGS, &why);
    if (object == NULL && json_error_code(&why) == json_error_out_of_memory)
        return error_set(err, -ENOMEM, "no memory for a frame");
    if (!json_is_object(object)) {
        json_decref(object);
        return error_set(err, -EBADMSG, "a frame is not a JSON object%s%s",
                         object == NULL ? ": " : "", object == NULL ? why.text : "");
    }
    buf_consume(in, FRAME_HEADER + length);
    *ret = object;
    return 1;
}

int frame_read(struct buf *in, json_t **ret, struct error *err)
{
    return frame_read_most(in, FRAME_MAX, ret, err);
}
