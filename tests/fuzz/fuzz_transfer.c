/* The answer to PSYNC. The first byte cuts the stream, the second one says what it is: 0, the bytes as
 * they are; otherwise they are the inside of an RDB whose head, end and mark are made here, and which
 * has to arrive as it is. */
#include <string.h>

#include "backups/transfer.h"
#include "base/mem.h"
#include "placement/crc64.h"
#include "support.h"

#define MARK "0123456789abcdef0123456789abcdef01234567"
#define REPLY "\n+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 7\r\n"
#define STREAM_MAX ((size_t)8 << 20)

static int keep(void *context, const unsigned char *bytes, size_t length, struct error *err)
{
    (void)err;
    PROMISE(length > 0 && buf_append(context, bytes, length) == 0);
    return 0;
}

static void put(struct buf *out, const void *bytes, size_t length)
{
    PROMISE(buf_append(out, bytes, length) == 0);
}

/* Returns where the RDB begins. */
static size_t make(struct buf *out, struct input in, bool by_mark)
{
    struct buf rdb = BUF_LIMIT(STREAM_MAX);
    unsigned char end[9] = {0xff};
    put(&rdb, "REDIS0010\xfe", 10);
    put(&rdb, in.at, in.left);
    put(&rdb, end, 1);
    uint64_t crc = crc64(0, rdb.data, rdb.length);
    for (int i = 0; i < 8; i++)
        end[1 + i] = (unsigned char)(crc >> 8 * i);
    put(&rdb, end + 1, 8);
    if (by_mark)
        PROMISE(buf_printf(out, REPLY "$EOF:" MARK "\r\n") == 0);
    else
        PROMISE(buf_printf(out, REPLY "$%zu\r\n", rdb.length) == 0);
    size_t at = out->length;
    put(out, rdb.data, rdb.length);
    put(out, MARK, strlen(MARK));
    buf_free(&rdb);
    return at;
}

static int run(struct transfer *t, struct buf *got, struct input in, struct dice *d)
{
    *t = (struct transfer){.sink = keep, .context = got};
    while (in.left > 0) {
        struct input piece = input_piece(&in, d);
        char *bytes = input_text(piece);
        int r = transfer_feed(t, bytes, piece.left, NULL);
        mem_free(bytes);
        if (r < 0)
            return r;
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct dice cut = {.state = input_byte(&in)};
    struct dice none = {0};
    uint8_t mode = input_byte(&in);
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    struct buf got = BUF_LIMIT(STREAM_MAX);
    struct buf again = BUF_LIMIT(STREAM_MAX);
    struct transfer a;
    struct transfer b;
    size_t at = 0;
    if (mode == 0)
        put(&stream, in.at, in.left);
    else
        at = make(&stream, in, mode % 2 == 0);
    struct input all = {buf_text(&stream), stream.length};
    int r = run(&a, &got, all, &cut);
    PROMISE(run(&b, &again, all, &none) == r && a.phase == b.phase);
    PROMISE(transfer_bytes(&a) == got.length);
    if (r == 0)
        PROMISE(got.length == again.length &&
                memcmp(buf_text(&got), buf_text(&again), got.length) == 0);
    if (a.phase == TRANSFER_WHOLE)
        PROMISE(rdb_end_whole(rdb_tail_end(&a.tail)));
    if (mode != 0)
        PROMISE(r == 0 && a.phase == TRANSFER_WHOLE &&
                memcmp(got.data, stream.data + at, got.length) == 0);
    buf_free(&stream);
    buf_free(&got);
    buf_free(&again);
    return 0;
}
