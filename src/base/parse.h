/* Strict reading of numbers, durations and sizes: the whole text or nothing, no blanks, no locale,
 * no octal. */
#ifndef RESUS_BASE_PARSE_H
#define RESUS_BASE_PARSE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

/* A decimal integer within min..max. -EINVAL or -ERANGE; `err` says what is wanted. */
int parse_int(const char *text, int64_t min, int64_t max, int64_t *ret,
              struct error *err) ATTR_MUST_USE;
/* A decimal number such as 12, 0.5, 1.25 within min..max (no exponent, no inf, no nan). */
int parse_double(const char *text, double min, double max, double *ret,
                 struct error *err) ATTR_MUST_USE;
/* "250ms", "30s", "5m", "2h", "7d" or a sum of falling units such as "1h30m"; a bare number is
 * seconds. Milliseconds. */
int parse_duration(const char *text, int64_t *ret_ms, struct error *err) ATTR_MUST_USE;
/* "100MB", "4gb", "512k", "1024" (bytes): powers of 1024 as Redis has them, letters in any case. */
int parse_size(const char *text, int64_t *ret_bytes, struct error *err) ATTR_MUST_USE;

#endif
