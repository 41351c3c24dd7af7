#include "placement/crc64.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#define POLYNOMIAL_REFLECTED UINT64_C(0x95ac9329ac4bc9b5)
#define SLICES 8

/* slice[k][b]: the effect of byte b when k more bytes follow it. */
static uint64_t slice[SLICES][256];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void make(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ POLYNOMIAL_REFLECTED : crc >> 1;
        slice[0][b] = crc;
    }
    for (unsigned b = 0; b < 256; b++)
        for (int k = 1; k < SLICES; k++)
            slice[k][b] = slice[k - 1][b] >> 8 ^ slice[0][slice[k - 1][b] & 0xff];
}

uint64_t crc64(uint64_t crc, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    (void)pthread_once(&made, make);
    for (; length >= SLICES; length -= SLICES, p += SLICES) {
        uint64_t word = 0;
        memcpy(&word, p, sizeof word);
        crc ^= le64toh(word);
        crc = slice[7][crc & 0xff] ^ slice[6][crc >> 8 & 0xff] ^ slice[5][crc >> 16 & 0xff] ^
              slice[4][crc >> 24 & 0xff] ^ slice[3][crc >> 32 & 0xff] ^ slice[2][crc >> 40 & 0xff] ^
              slice[1][crc >> 48 & 0xff] ^ slice[0][crc >> 56];
    }
    for (; length > 0; length--)
        crc = crc >> 8 ^ slice[0][(crc ^ *p++) & 0xff];
    return crc;
}
