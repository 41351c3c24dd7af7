#include "base/time.h"

#include <errno.h>
#include <stdio.h>

/* Days since 1970-01-01 of a civil date and back: the usual era arithmetic (400-year eras of 146097
 * days, years that begin in March), so that no time zone data and no allocation is needed. */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (m + (m > 2 ? -3U : 9U)) + 2) / 5 + d - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t days, int64_t *y, unsigned *m, unsigned *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int64_t)yoe + era * 400 + (*m <= 2);
}

#define WALL_MIN_S (-62167219200LL) /* 0000-01-01 */
#define WALL_MAX_S 253402300799LL   /* 9999-12-31T23:59:59 */

char *wall_text(wall_ms t, char buffer[WALL_TEXT_SIZE])
{
    int64_t s = t.ms / 1000 - (t.ms % 1000 < 0);
    if (s < WALL_MIN_S)
        s = WALL_MIN_S;
    if (s > WALL_MAX_S)
        s = WALL_MAX_S;
    int64_t days = s >= 0 ? s / 86400 : -((-s + 86399) / 86400);
    unsigned rest = (unsigned)(s - days * 86400);
    int64_t y;
    unsigned m;
    unsigned d;
    civil_from_days(days, &y, &m, &d);
    (void)snprintf(buffer, WALL_TEXT_SIZE, "%04d-%02u-%02uT%02u:%02u:%02uZ", (int)y % 10000,
                   m % 100, d % 100, rest / 3600 % 100, rest / 60 % 60, rest % 60);
    return buffer;
}

static int digits(const char **p, int n, int64_t *ret)
{
    int64_t v = 0;
    for (int i = 0; i < n; i++) {
        if (**p < '0' || **p > '9')
            return -EINVAL;
        v = v * 10 + (**p - '0');
        (*p)++;
    }
    *ret = v;
    return 0;
}

static int expect(const char **p, char c)
{
    if (**p != c)
        return -EINVAL;
    (*p)++;
    return 0;
}

static bool leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int parse_zone(const char **p, int64_t *ret_offset_s)
{
    if (**p == 'Z') {
        (*p)++;
        *ret_offset_s = 0;
        return 0;
    }
    int64_t h;
    int64_t m;
    int64_t sign = **p == '-' ? -1 : 1;
    if (**p != '+' && **p != '-')
        return -EINVAL;
    (*p)++;
    if (digits(p, 2, &h) < 0 || h > 23)
        return -EINVAL;
    if (**p == ':')
        (*p)++;
    if (digits(p, 2, &m) < 0 || m > 59)
        return -EINVAL;
    *ret_offset_s = sign * (h * 3600 + m * 60);
    return 0;
}

int wall_parse(const char *text, wall_ms *ret_time)
{
    static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *p = text;
    int64_t y, mo, d, h, mi, s, ms = 0, offset_s;
    if (digits(&p, 4, &y) < 0 || expect(&p, '-') < 0 || digits(&p, 2, &mo) < 0 ||
        expect(&p, '-') < 0 || digits(&p, 2, &d) < 0 || (*p != 'T' && *p != 't' && *p != ' '))
        return -EINVAL;
    p++;
    if (digits(&p, 2, &h) < 0 || expect(&p, ':') < 0 || digits(&p, 2, &mi) < 0 ||
        expect(&p, ':') < 0 || digits(&p, 2, &s) < 0)
        return -EINVAL;
    if (*p == '.') {
        p++;
        if (*p < '0' || *p > '9')
            return -EINVAL;
        for (int64_t scale = 100; *p >= '0' && *p <= '9'; p++, scale /= 10)
            ms += (*p - '0') * scale;
    }
    if (parse_zone(&p, &offset_s) < 0 || *p != '\0')
        return -EINVAL;
    if (mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 60)
        return -EINVAL;
    if (d > month_days[mo - 1] + (mo == 2 && leap(y)))
        return -EINVAL;
    int64_t days = days_from_civil(y, (unsigned)mo, (unsigned)d);
    *ret_time = (wall_ms){(days * 86400 + h * 3600 + mi * 60 + s - offset_s) * 1000 + ms};
    return 0;
}

char *duration_text(int64_t ms, char buffer[DURATION_TEXT_SIZE])
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t u = ms < 0 ? (uint64_t)0 - (uint64_t)ms : (uint64_t)ms;
    uint64_t s = u / 1000;
    if (u < 1000)
        (void)snprintf(buffer, DURATION_TEXT_SIZE, "%s%.2g s", sign, (double)u / 1000.0);
    else if (u < 10000)
        (void)snprintf(buffer, DURATION_TEXT_SIZE, "%s%.1f s", sign, (double)u / 1000.0);
    else if (s < 60)
        (void)snprintf(buffer, DURATION_TEXT_SIZE, "%s%u s", sign, (unsigned)s);
    else if (s < 3600)
        (void)snprintf(buffer, DURATION_TEXT_SIZE, "%s%u min %u s", sign, (unsigned)(s / 60),
                       (unsigned)(s % 60));
    else if (s < 86400)
        (void)snprintf(buffer, DURATION_TEXT_SIZE, "%s%u h %u min", sign, (unsigned)(s / 3600),
                       (unsigned)(s / 60 % 60));
    else
        (void)snprintf(buffer, DURATION_TEXT_SIZE, "%s%llu d %u h", sign,
                       (unsigned long long)(s / 86400), (unsigned)(s / 3600 % 24));
    return buffer;
}
