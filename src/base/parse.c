#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Reads digits at *p into *ret; at least one (-EINVAL), at most 18 so that
 * nothing overflows (-ERANGE); always reads them all. */
static int digits(const char **p, int64_t *ret)
{
    int64_t v = 0;
    int n = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++, n++)
        if (n < 18)
            v = v * 10 + (**p - '0');
    if (n == 0)
        return -EINVAL;
    if (n > 18)
        return -ERANGE;
    *ret = v;
    return 0;
}

int parse_int(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
    const char *p = text;
    int64_t v;
    int sign = *p == '-' ? -1 : 1;
    if (*p == '-')
        p++;
    int r = digits(&p, &v);
    if (r == -EINVAL || *p != '\0')
        return error_set(err, -EINVAL, "\"%.40s\" is not a whole number", text);
    if (r == 0)
        v *= sign;
    if (r < 0 || v < min || v > max)
        return error_set(err, -ERANGE, "%.40s is out of range: %" PRId64 " to %" PRId64, text, min,
                         max);
    *ret = v;
    return 0;
}

int parse_double(const char *text, double min, double max, double *ret, struct error *err)
{
    const char *p = text;
    int64_t whole;
    int sign = *p == '-' ? -1 : 1;
    if (*p == '-')
        p++;
    int r = digits(&p, &whole);
    if (r == -EINVAL)
        return error_set(err, -EINVAL, "\"%.40s\" is not a number", text);
    double v = r == -ERANGE ? HUGE_VAL : (double)whole;
    if (*p == '.') {
        p++;
        if (*p == '\0')
            return error_set(err, -EINVAL, "\"%.40s\" is not a number", text);
        for (double scale = 0.1; *p >= '0' && *p <= '9'; p++, scale /= 10)
            v += (*p - '0') * scale;
    }
    if (*p != '\0')
        return error_set(err, -EINVAL, "\"%.40s\" is not a number", text);
    v *= sign;
    if (v < min || v > max)
        return error_set(err, -ERANGE, "%.40s is out of range: %g to %g", text, min, max);
    *ret = v;
    return 0;
}

int parse_duration(const char *text, int64_t *ret_ms, struct error *err)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    const char *p = text;
    int64_t total = 0;
    size_t next = 0; /* units must fall */
    int64_t v;
    int r = digits(&p, &v);
    if (r != -EINVAL && *p == '\0') {
        if (r == -ERANGE || v > INT64_MAX / 1000)
            return error_set(err, -ERANGE, "%.40s is too long a time", text);
        *ret_ms = v * 1000;
        return 0;
    }
    bool bad = *text == '\0';
    for (p = text; *p != '\0' && !bad;) {
        r = digits(&p, &v);
        size_t letters = strspn(p, "dhms");
        size_t u = r == -EINVAL ? ARRAY_LENGTH(units) : next;
        while (u < ARRAY_LENGTH(units) &&
               (strlen(units[u].name) != letters || strncmp(p, units[u].name, letters) != 0))
            u++;
        bad = u == ARRAY_LENGTH(units); /* also a number without its unit: "1h30" */
        if (bad)
            break;
        if (r == -ERANGE || v > (INT64_MAX - total) / units[u].ms)
            return error_set(err, -ERANGE, "%.40s is too long a time", text);
        total += v * units[u].ms;
        next = u + 1;
        p += letters;
    }
    if (bad)
        return error_set(err, -EINVAL,
                         "\"%.40s\" is not a time: write it like 250ms, 30s, 5m, 2h or 1h30m",
                         text);
    *ret_ms = total;
    return 0;
}

int parse_size(const char *text, int64_t *ret_bytes, struct error *err)
{
    static const struct {
        const char *name;
        int shift;
    } units[] = {{"", 0},   {"b", 0},   {"k", 10}, {"kb", 10},
                 {"m", 20}, {"mb", 20}, {"g", 30}, {"gb", 30}};
    const char *p = text;
    int64_t v;
    int r = digits(&p, &v);
    if (r != -EINVAL)
        for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
            if (strcasecmp(p, units[i].name) == 0) {
                if (r == -ERANGE || v > INT64_MAX >> units[i].shift)
                    return error_set(err, -ERANGE, "%.40s is too large a size", text);
                *ret_bytes = v << units[i].shift;
                return 0;
            }
    return error_set(err, -EINVAL, "\"%.40s\" is not a size: write it like 100MB or 4gb", text);
}
