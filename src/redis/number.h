/* Numbers out of foreign lines: strict, and not there when malformed. */
#ifndef RESUS_REDIS_NUMBER_H
#define RESUS_REDIS_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal integer in `length` bytes. False, and `*ret` as it was, when they are none. */
bool number_int(const char *text, size_t length, int64_t *ret);
/* A decimal number >= 0. */
bool number_real(const char *text, size_t length, double *ret);

#endif
