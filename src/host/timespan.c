#include "host/timespan.h"

#include <string.h>

#include "base/attr.h"
#include "base/parse.h"
#include "base/str.h"
#include "core/facts.h"

#define PART_MAX 24 /* characters of "123456.789s" */
#define WHOLE_MAX 1000000000

static const struct {
    const char *name;
    int64_t us;
} units[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", 1000000},
    {"min", 60 * 1000000LL},
    {"h", 3600 * 1000000LL},
    {"d", 86400 * 1000000LL},
    {"w", 7 * 86400 * 1000000LL},
    {"month", 2629800 * 1000000LL}, /* systemd's: 30.4375 days */
    {"y", 31557600 * 1000000LL},
};

static int64_t unit_us(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (str_equal(name, units[i].name))
            return units[i].us;
    return FACT_UNKNOWN;
}

/* The digits after the point: a fraction of `unit`. */
static bool fraction_us(const char *digits, size_t length, int64_t unit, int64_t *ret)
{
    int64_t part = unit;
    *ret = 0;
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        part /= 10;
        *ret += part * (digits[i] - '0');
    }
    return true;
}

/* "2.345s" */
static bool part_us(const char *text, size_t length, int64_t *ret)
{
    char part[PART_MAX] = "";
    char whole[PART_MAX] = "";
    if (length >= sizeof part || !str_copy_n(part, sizeof part, text, length))
        return false;
    size_t digits = strspn(part, "0123456789");
    size_t point = part[digits] == '.';
    size_t after = point == 0 ? 0 : strspn(part + digits + 1, "0123456789");
    int64_t unit = unit_us(part + digits + point + after);
    int64_t n = 0;
    int64_t fraction = 0;
    (void)str_copy_n(whole, sizeof whole, part, digits);
    if (unit == FACT_UNKNOWN || parse_int(whole, 0, WHOLE_MAX, &n, NULL) < 0)
        return false;
    if (point == 1 && !fraction_us(part + digits + 1, after, unit, &fraction))
        return false;
    return !__builtin_mul_overflow(n, unit, ret) && !__builtin_add_overflow(*ret, fraction, ret);
}

int64_t timespan_us(const char *text, size_t length)
{
    if (length == 8 && memcmp(text, "infinity", 8) == 0)
        return INT64_MAX;
    if (length == 1 && text[0] == '0')
        return 0;
    int64_t total = 0;
    for (size_t at = 0; at <= length;) {
        const char *blank = at == length ? NULL : memchr(text + at, ' ', length - at);
        size_t n = blank == NULL ? length - at : (size_t)(blank - (text + at));
        int64_t us = 0;
        if (!part_us(text + at, n, &us) || __builtin_add_overflow(total, us, &total))
            return FACT_UNKNOWN;
        at += n + 1;
    }
    return total;
}
