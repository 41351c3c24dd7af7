/* CONFIG GET's answer: names and values, a line each, or without an end (an odd one). They become
 * the bytes of a reply, which come in pieces. The first byte says how it is cut. */
#include "redis/reply.h"
#include "redis/resp.h"
#include "support.h"

#define STREAM_MAX ((size_t)4 << 20)

static void put_list(struct input in, struct buf *out)
{
    struct input count = in;
    int lines = 0;
    for (; count.left > 0; lines++)
        (void)input_until(&count, '\n');
    PROMISE(buf_printf(out, "*%d\r\n", lines) == 0);
    while (in.left > 0) {
        struct input line = input_until(&in, '\n');
        PROMISE(buf_printf(out, "$%zu\r\n", line.left) == 0);
        PROMISE(buf_append(out, line.at, line.left) == 0 && buf_append(out, "\r\n", 2) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    struct resp_reader *reader = NULL;
    struct redis_reply *reply = NULL;
    struct info_facts info;
    struct error err;
    struct dice dice = {input_byte(&in)};
    put_list(in, &stream);
    PROMISE(resp_reader_new(&reader, &err) == 0);
    struct input rest = {stream.data, stream.length};
    int r = 0;
    while (rest.left > 0 && r == 0) {
        struct input piece = input_piece(&rest, &dice);
        r = resp_reader_feed(reader, piece.at, piece.left, &err);
        if (r == 0)
            r = resp_reader_next(reader, &reply, &err);
    }
    facts_info_reset(&info);
    if (r == 1) {
        PROMISE(reply->type == RESP_LIST);
        info_parse_config(reply, &info);
        reply_free(reply);
    }
    resp_reader_free(reader);
    buf_free(&stream);
    return 0;
}
