/* The beginning of an RDB file, in pieces and in one: the same is read. The end and the counts behind
 * any place are looked at as well. */
#include <string.h>

#include "backups/rdb_head.h"
#include "base/mem.h"
#include "base/str.h"
#include "support.h"

static int read_head(struct input in, struct dice *d, struct rdb_head *h, struct rdb_tail *t)
{
    int r = 0;
    *h = (struct rdb_head){0};
    *t = (struct rdb_tail){0};
    while (in.left > 0) {
        struct input piece = input_piece(&in, d);
        char *bytes = input_text(piece);
        if (r == 0)
            r = rdb_head_feed(h, bytes, piece.left, NULL);
        rdb_tail_feed(t, bytes, piece.left);
        mem_free(bytes);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct dice none = {0};
    struct dice cut = {.state = input_byte(&in)};
    struct rdb_head a;
    struct rdb_head b;
    struct rdb_tail ta;
    struct rdb_tail tb;
    int r = read_head(in, &none, &a, &ta);
    PROMISE(read_head(in, &cut, &b, &tb) == r);
    PROMISE(a.step == b.step && a.version == b.version && a.functions == b.functions);
    PROMISE(str_equal(a.server_version, b.server_version) && str_equal(a.magic, b.magic));
    PROMISE(a.used_memory_bytes == b.used_memory_bytes && a.used_memory_bytes >= 0);
    PROMISE(ta.bytes == tb.bytes && ta.crc == tb.crc && rdb_tail_end(&ta) == rdb_tail_end(&tb));
    PROMISE(str_utf8(a.server_version, strlen(a.server_version)));
    for (size_t at = 0; at < in.left && at < 64; at++) {
        struct rdb_counts counts = {0};
        if (rdb_counts_read((const unsigned char *)in.at + at, in.left - at, &counts) == 0)
            PROMISE(counts.keys >= 0 && counts.expires >= 0);
    }
    return 0;
}
