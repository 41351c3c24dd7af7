#include "base/time.h"

#include <errno.h>
#include <stdio.h>

#include "base/date.h"

#define WALL_MIN_S (-62167219200LL) /* 0000-01-01 */
#define WALL_MAX_S 253402300799LL   /* 9999-12-31T23:59:59 */

char *wall_text(wall_ms t, char buffer[WALL_TEXT_SIZE])
{
    int64_t s = t.ms / 1000 - (t.ms % 1000 < 0);
    if (s < WALL_MIN_S)
        s = WALL_MIN_S;
    if (s > WALL_MAX_S)
        s = WALL_MAX_S;
    int64_t days = date_days_of_seconds(s);
    unsigned rest = (unsigned)(s - days * 86400);
    char date[DATE_TEXT_SIZE];
    (void)snprintf(buffer, WALL_TEXT_SIZE, "%sT%02u:%02u:%02uZ",
                   date_text(date_of_days(days), date), rest / 3600 % 100, rest / 60 % 60,
                   rest % 60);
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
    if (d > date_month_length((int)y, (int)mo))
        return -EINVAL;
    int64_t days = date_days((struct date){(int)y, (int)mo, (int)d});
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
