/* Replies of Redis as items, in pieces and in one: the same items. */
#include "base/buf.h"
#include "base/mem.h"
#include "restore/wire.h"
#include "support.h"

static int digest(void *context, const struct wire_item *item)
{
    uint64_t *sum = context;
    PROMISE(item->text != NULL || item->length == 0);
    *sum = *sum * 31 + (uint64_t)item->type;
    *sum = *sum * 31 + (uint64_t)item->number;
    for (size_t i = 0; i < item->length; i++)
        *sum = *sum * 31 + (unsigned char)item->text[i];
    return 0;
}

static int feed(struct input in, struct dice *d, uint64_t *sum)
{
    struct wire w = {.rest = BUF_LIMIT(WIRE_BULK_MAX + WIRE_LINE_MAX)};
    int r = 0;
    while (in.left > 0 && r == 0) {
        struct input piece = input_piece(&in, d);
        char *bytes = input_text(piece);
        r = wire_feed(&w, bytes, piece.left, digest, sum, NULL);
        mem_free(bytes);
    }
    buf_free(&w.rest);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct dice none = {0};
    struct dice cut = {.state = input_byte(&in)};
    uint64_t whole = 0;
    uint64_t pieces = 0;
    int r = feed(in, &none, &whole);
    PROMISE(feed(in, &cut, &pieces) == r);
    PROMISE(whole == pieces);
    return 0;
}
