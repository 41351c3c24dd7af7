/* Numbers out of foreign lines: strict, and not there when malformed. */
#ifndef RESUS_REDIS_NUMBER_H
#define RESUS_REDIS_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No number that a Redis means is larger; a thousand times it still fits an int64_t. */
#define NUMBER_MAX (INT64_C(1) << 53)

/* A decimal integer in `length` bytes. False, and `*ret` as it was, for other text. */
bool number_int(const char *text, size_t length, int64_t *ret);
/* A decimal number from 0 to NUMBER_MAX. */
bool number_real(const char *text, size_t length, double *ret);

#endif
