/* The checksum at the end of an RDB file: CRC-64 with the polynomial of Jones, reflected, no initial
 * value and no final one. Eight bytes a step: about 1.5 GB/s, so it may run on the loop. */
#ifndef RESUS_PLACEMENT_CRC64_H
#define RESUS_PLACEMENT_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc` (0 at the start). */
uint64_t crc64(uint64_t crc, const void *bytes, size_t length);

#endif
