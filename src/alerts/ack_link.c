#include "alerts/ack_link.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define NUMBER_BYTES 5
#define HEAD_BYTES (2 * NUMBER_BYTES)
#define MAC_BYTES 24
#define PURPOSE "resus acknowledge"

static_assert(ACK_LINK_KEY_SIZE == crypto_generichash_KEYBYTES, "the size of the key");
static_assert(ACK_LINK_SIZE >= sodium_base64_ENCODED_LEN(HEAD_BYTES + MAC_BYTES,
                                                         sodium_base64_VARIANT_URLSAFE_NO_PADDING),
              "room for a link");

static void put_number(unsigned char *to, int64_t value)
{
    for (int i = NUMBER_BYTES - 1; i >= 0; i--, value >>= 8)
        to[i] = (unsigned char)(value & 0xFF);
}

static int64_t number_at(const unsigned char *from)
{
    int64_t value = 0;
    for (int i = 0; i < NUMBER_BYTES; i++)
        value = value << 8 | from[i];
    return value;
}

static void sign(const uint8_t *key, const char *channel, const unsigned char *head,
                 unsigned char mac[MAC_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key, ACK_LINK_KEY_SIZE, MAC_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)PURPOSE, sizeof PURPOSE);
    (void)crypto_generichash_update(&state, head, HEAD_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)channel, strlen(channel));
    (void)crypto_generichash_final(&state, mac, MAC_BYTES);
}

char *ack_link_write(const uint8_t key[ACK_LINK_KEY_SIZE], const char *channel,
                     const struct ack_link *link, char ret[ACK_LINK_SIZE])
{
    unsigned char bytes[HEAD_BYTES + MAC_BYTES];
    put_number(bytes, link->incident);
    put_number(bytes + NUMBER_BYTES, link->expires.ms / 1000);
    sign(key, channel, bytes, bytes + HEAD_BYTES);
    return sodium_bin2base64(ret, ACK_LINK_SIZE, bytes, sizeof bytes,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int ack_link_read(const uint8_t key[ACK_LINK_KEY_SIZE], const char *channel, const char *text,
                  wall_ms now, struct ack_link *ret)
{
    unsigned char bytes[HEAD_BYTES + MAC_BYTES], mac[MAC_BYTES];
    const char *end = NULL;
    size_t length = 0;
    if (sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &length, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        length != sizeof bytes || *end != '\0')
        return -EINVAL;
    sign(key, channel, bytes, mac);
    if (sodium_memcmp(mac, bytes + HEAD_BYTES, sizeof mac) != 0)
        return -EINVAL;
    *ret = (struct ack_link){number_at(bytes), {number_at(bytes + NUMBER_BYTES) * 1000}};
    return now.ms < ret->expires.ms ? 0 : -ETIME;
}
