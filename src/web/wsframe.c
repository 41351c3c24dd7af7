#include "web/wsframe.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#define MEANT "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, section 1.3 */
#define KEY_MAX 64

static bool is_known(unsigned opcode)
{
    return opcode <= WSFRAME_BINARY || (opcode >= WSFRAME_CLOSE && opcode <= WSFRAME_PONG);
}

int wsframe_read(const unsigned char *bytes, size_t length, struct wsframe *ret)
{
    if (length < 2)
        return 0;
    unsigned opcode = bytes[0] & 0x0F;
    bool whole = (bytes[0] & 0x80) != 0;
    bool control = opcode >= WSFRAME_CLOSE;
    uint64_t payload = bytes[1] & 0x7F;
    /* No extension was agreed on, so the three bits have no meaning; a client masks. */
    if ((bytes[0] & 0x70) != 0 || (bytes[1] & 0x80) == 0 || !is_known(opcode) ||
        (control && (!whole || payload > WSFRAME_CONTROL_MAX)))
        return -1002;
    size_t more = payload == 126 ? 2 : payload == 127 ? 8 : 0;
    size_t head = 2 + more + sizeof ret->mask;
    if (length < head)
        return 0;
    if (more > 0) {
        payload = 0;
        for (size_t i = 0; i < more; i++)
            payload = payload << 8 | bytes[2 + i];
    }
    if (payload > WSFRAME_LENGTH_MAX)
        return -1009;
    ret->opcode = (enum wsframe_opcode)opcode;
    ret->length = (size_t)payload;
    memcpy(ret->mask, bytes + 2 + more, sizeof ret->mask);
    return (int)head;
}

size_t wsframe_write(unsigned char *to, enum wsframe_opcode opcode, size_t length)
{
    to[0] = (unsigned char)(0x80 | opcode);
    size_t more = length <= WSFRAME_CONTROL_MAX ? 0 : length <= UINT16_MAX ? 2 : 8;
    to[1] = (unsigned char)(more == 0 ? length : more == 2 ? 126 : 127);
    for (size_t i = 0; i < more; i++)
        to[2 + i] = (unsigned char)((uint64_t)length >> (8 * (more - 1 - i)));
    return 2 + more;
}

void wsframe_accept(const char *key, size_t length, char to[WSFRAME_ACCEPT_SIZE])
{
    unsigned char text[KEY_MAX + sizeof MEANT];
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    size_t taken = length < KEY_MAX ? length : KEY_MAX;
    memcpy(text, key, taken);
    memcpy(text + taken, MEANT, sizeof MEANT - 1);
    (void)EVP_Digest(text, taken + sizeof MEANT - 1, digest, NULL, EVP_sha1(), NULL);
    (void)EVP_EncodeBlock((unsigned char *)to, digest, 20);
}
