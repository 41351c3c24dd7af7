/* The frames of a WebSocket that is open: each from three bytes (opcode and bits, form, length) and
 * its payload; the form says how the length is written, and whether the frame breaks the rules. */
#include <string.h>

#include "web_peer.h"

#define STREAM_MAX ((size_t)4 << 20)
#define UPGRADE                                                                                    \
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                 \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

enum { FORM_BARE = 1, FORM_16 = 2, FORM_64 = 4, FORM_HUGE = 8, FORM_CUT = 16 };

static void put(struct buf *out, const void *bytes, size_t length)
{
    PROMISE(buf_append(out, bytes, length) == 0);
}

static void put_frame(struct buf *out, struct input *in)
{
    unsigned char head[14] = {input_byte(in)};
    const unsigned char mask[4] = {0x5A, 0xC3, 0x01, 0xFF};
    unsigned form = input_byte(in);
    size_t length = (size_t)input_byte(in) * ((form & FORM_64) != 0 ? 300 : 1), used = 2;
    uint64_t told = (form & FORM_HUGE) != 0 ? UINT64_C(1) << (length % 64) : length;
    size_t more = (form & FORM_64) != 0 ? 8 : (form & FORM_16) != 0 || told > 125 ? 2 : 0;
    head[1] = (unsigned char)(more == 8 ? 127 : more == 2 ? 126 : told);
    if ((form & FORM_BARE) == 0)
        head[1] |= 0x80;
    for (size_t i = 0; i < more; i++)
        head[used++] = (unsigned char)(told >> (8 * (more - 1 - i)));
    put(out, head, used);
    put(out, mask, sizeof mask);
    for (size_t i = 0; i < length && (form & FORM_CUT) == 0; i++) {
        unsigned char byte = (unsigned char)(input_byte(in) ^ mask[i % sizeof mask]);
        put(out, &byte, 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct buf stream = BUF_LIMIT(STREAM_MAX);
    struct peer_record record;
    struct dice dice = {input_byte(&in)};
    put(&stream, UPGRADE, strlen(UPGRADE));
    for (int i = 0; in.left > 0 && i < 200; i++)
        put_frame(&stream, &in);
    bool calm = dice.state % 2 == 0;
    peer_run((struct input){stream.data, stream.length}, dice, calm, &record);
    /* Else the time for the request may have been over. */
    PROMISE(record.requests == 1 ? record.accepted == 1 : !calm && record.requests == 0);
    buf_free(&stream);
    return 0;
}
