/* A stranger's bytes on a connection, as many requests and frames as they are. The first byte is
 * the seed of how they are cut and of what happens meanwhile. Without anything happening, the same
 * requests must come out however the bytes are cut: no other reader's idea of their borders can
 * smuggle one in. */
#include "web_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct peer_record whole, cut;
    struct dice dice = {input_byte(&in)};
    peer_run(in, (struct dice){0}, true, &whole);
    peer_run(in, dice, true, &cut);
    PROMISE(whole.seen == cut.seen && whole.requests == cut.requests);
    PROMISE(whole.accepted == cut.accepted);
    if (dice.state != 0)
        peer_run(in, dice, false, &cut);
    return 0;
}
