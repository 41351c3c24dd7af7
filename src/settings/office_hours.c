#include "settings/office_hours.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static bool read_day(const char **p, int *ret)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (int i = 0; i < 7; i++)
        if (strncasecmp(*p, names[i], 3) == 0) {
            *p += 3;
            *ret = i;
            return true;
        }
    return false;
}

static bool read_days(const char **p, bool days[7])
{
    for (;;) {
        int from;
        int to;
        if (!read_day(p, &from))
            return false;
        to = from;
        if (**p == '-') {
            (*p)++;
            if (!read_day(p, &to))
                return false;
        }
        for (int day = from;; day = (day + 1) % 7) {
            days[day] = true;
            if (day == to)
                break;
        }
        if (**p != ',')
            return true;
        (*p)++;
        *p += strspn(*p, " ");
    }
}

static bool read_time(const char **p, int *ret)
{
    const char *t = *p;
    for (int i = 0; i < 5; i++)
        if (i == 2 ? t[i] != ':' : t[i] < '0' || t[i] > '9')
            return false;
    int hours = (t[0] - '0') * 10 + t[1] - '0';
    int minutes = (t[3] - '0') * 10 + t[4] - '0';
    *p += 5;
    *ret = hours * 60 + minutes;
    return minutes < 60 && *ret <= 24 * 60;
}

int office_hours_parse(const char *text, struct office_hours *ret, struct error *err)
{
    struct office_hours h = {0};
    const char *p = text;
    bool ok = read_days(&p, h.days) && *p == ' ';
    p += ok ? strspn(p, " ") : 0;
    ok = ok && read_time(&p, &h.from) && h.from < 24 * 60 && *p++ == '-' && read_time(&p, &h.to) &&
         *p == '\0' && h.from != h.to;
    if (!ok)
        return error_set(err, -EINVAL,
                         "\"%.64s\" are no business hours: write them like Mon-Fri 08:00-18:00",
                         text);
    *ret = h;
    return 0;
}

bool office_hours_hold(const struct office_hours *hours, const struct zone *zone, wall_ms t)
{
    int64_t local_s = t.ms / 1000 + zone_offset_s(zone, t);
    int64_t days = local_s / 86400 - (local_s % 86400 < 0);
    int minute = (int)((local_s - days * 86400) / 60);
    int day = (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    if (hours->from < hours->to)
        return hours->days[day] && minute >= hours->from && minute < hours->to;
    return (hours->days[day] && minute >= hours->from) ||
           (hours->days[(day + 6) % 7] && minute < hours->to);
}
