#include "redis/number.h"

#include "base/parse.h"
#include "base/str.h"

#define DIGITS_MAX 32

bool number_int(const char *text, size_t length, int64_t *ret)
{
    char digits[DIGITS_MAX];
    return str_copy_n(digits, sizeof digits, text, length) &&
           parse_int(digits, INT64_MIN, INT64_MAX, ret, NULL) == 0;
}

bool number_real(const char *text, size_t length, double *ret)
{
    char digits[DIGITS_MAX];
    return str_copy_n(digits, sizeof digits, text, length) &&
           parse_double(digits, 0, (double)NUMBER_MAX, ret, NULL) == 0;
}
