/* The written form of a rule: "first Sun 01:00-05:00". */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "core/schedule.h"

#define SHOWN_MAX 64 /* bytes of a wrong text in a message */
#define DAY_MINUTES (24 * 60)

static const char *const nth_words[] = {"first", "second", "third", "fourth"};
static_assert(ARRAY_LENGTH(nth_words) == SCHEDULE_NTH_MAX, "a word for every week");

static int fault(const char *text, const char *at, struct error *err, const char *wanted)
{
    char shown[SHOWN_MAX];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    return error_set(err, -EINVAL, "\"%s\", column %zu: %s", shown, (size_t)(at - text) + 1,
                     wanted);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A whole word before a blank or the end, in any case. */
static bool take_word(const char **p, const char *word)
{
    const char *c = *p;
    for (; *word != '\0'; word++, c++)
        if (lower(*c) != *word)
            return false;
    if (*c != ' ' && *c != '\0')
        return false;
    *p = c;
    return true;
}

static void skip_blanks(const char **p)
{
    *p += strspn(*p, " ");
}

/* "Mon-Fri,Sun" */
static bool take_days(const char **p, bool days[WEEKDAY_COUNT])
{
    for (;;) {
        int from;
        int to;
        if (!date_read_weekday(p, &from))
            return false;
        to = from;
        if (**p == '-') {
            (*p)++;
            if (!date_read_weekday(p, &to))
                return false;
        }
        for (int day = from;; day = (day + 1) % WEEKDAY_COUNT) {
            days[day] = true;
            if (day == to)
                break;
        }
        if (**p != ',')
            return true;
        (*p)++;
        skip_blanks(p);
    }
}

static bool take_number(const char **p, int max, int *ret)
{
    int value = 0;
    const char *c = *p;
    for (; *c >= '0' && *c <= '9'; c++) {
        value = value * 10 + (*c - '0');
        if (value > max)
            return false;
    }
    if (c == *p || value == 0)
        return false;
    *p = c;
    *ret = value;
    return true;
}

/* "last day", "last Fri", "first Sun": what stands after the ordinal. */
static int parse_nth(const char *text, const char **p, struct schedule *s, struct error *err)
{
    skip_blanks(p);
    if (s->nth == SCHEDULE_LAST && take_word(p, "day")) {
        s->kind = SCHEDULE_MONTH_DAY;
        s->month_day = SCHEDULE_LAST;
        s->nth = 0;
        return 0;
    }
    s->kind = SCHEDULE_NTH_WEEKDAY;
    return date_read_weekday(p, &s->weekday)
               ? 0
               : fault(text, *p, err, "one weekday from Mon to Sun is wanted here");
}

static int parse_month_day(const char *text, const char **p, struct schedule *s, struct error *err)
{
    skip_blanks(p);
    s->kind = SCHEDULE_MONTH_DAY;
    return take_number(p, SCHEDULE_MONTH_DAY_MAX, &s->month_day)
               ? 0
               : fault(text, *p, err,
                       "a day from 1 to 28 is wanted here, which every month has; \"last day\" is "
                       "the end of the month");
}

static int parse_days(const char *text, const char **p, struct schedule *s, struct error *err)
{
    for (int i = 0; i < SCHEDULE_NTH_MAX; i++)
        if (take_word(p, nth_words[i])) {
            s->nth = i + 1;
            return parse_nth(text, p, s, err);
        }
    if (take_word(p, "last")) {
        s->nth = SCHEDULE_LAST;
        return parse_nth(text, p, s, err);
    }
    if (take_word(p, "day"))
        return parse_month_day(text, p, s, err);
    if (**p >= '0' && **p <= '9') {
        s->kind = SCHEDULE_ONCE;
        return date_read(p, &s->date) ? 0
                                      : fault(text, *p, err,
                                              "a date that exists is wanted here, such as "
                                              "2026-12-24");
    }
    s->kind = SCHEDULE_WEEKLY;
    return take_days(p, s->days)
               ? 0
               : fault(text, *p, err,
                       "a weekday from Mon to Sun is wanted here, or first to fourth, last, day or "
                       "a date; write it like \"Sun 02:00-04:00\" or \"first Sun 01:00-05:00\"");
}

/* "02:00", up to 24:00 */
static bool take_time(const char **p, int *ret)
{
    const char *t = *p;
    for (int i = 0; i < 5; i++)
        if (i == 2 ? t[i] != ':' : t[i] < '0' || t[i] > '9')
            return false;
    int minutes = (t[3] - '0') * 10 + t[4] - '0';
    int time = ((t[0] - '0') * 10 + t[1] - '0') * 60 + minutes;
    if (minutes > 59 || time > DAY_MINUTES)
        return false;
    *p += 5;
    *ret = time;
    return true;
}

static int parse_times(const char *text, const char **p, struct schedule *s, struct error *err)
{
    int end;
    const char *start_at = *p;
    if (!take_time(p, &s->start_minute) || s->start_minute == DAY_MINUTES)
        return fault(text, start_at, err, "a time from 00:00 to 23:59 is wanted here");
    if (**p != '-')
        return fault(text, *p, err, "\"-\" and the end are wanted here, as in 02:00-04:00");
    (*p)++;
    const char *end_at = *p;
    if (!take_time(p, &end))
        return fault(text, end_at, err, "a time from 00:00 to 24:00 is wanted here");
    if (end == s->start_minute)
        return fault(text, end_at, err,
                     "it would end when it begins; a whole day is written 00:00-24:00");
    s->minutes =
        end > s->start_minute ? end - s->start_minute : end + DAY_MINUTES - s->start_minute;
    return **p == '\0' ? 0 : fault(text, *p, err, "nothing is wanted after the end");
}

int schedule_parse(const char *text, struct schedule *ret, struct error *err)
{
    struct schedule s = {0};
    const char *p = text;
    int r = parse_days(text, &p, &s, err);
    if (r < 0)
        return r;
    if (*p != ' ')
        return fault(text, p, err, "a blank and the time are wanted here, as in Sun 02:00-04:00");
    skip_blanks(&p);
    r = parse_times(text, &p, &s, err);
    if (r < 0)
        return r;
    *ret = s;
    return 0;
}

/* "Mon-Fri,Sun": runs of three and more are ranges. */
static void days_text(const bool days[WEEKDAY_COUNT], char *to, size_t size)
{
    for (int day = 0; day < WEEKDAY_COUNT; day++) {
        if (!days[day])
            continue;
        int last = day;
        while (last + 1 < WEEKDAY_COUNT && days[last + 1])
            last++;
        (void)str_append(to, size, "%s%s", to[0] == '\0' ? "" : ",", weekday_names[day]);
        if (last >= day + 2) {
            (void)str_append(to, size, "-%s", weekday_names[last]);
            day = last;
        }
    }
}

char *schedule_text(const struct schedule *s, char buffer[SCHEDULE_TEXT_SIZE])
{
    char date[DATE_TEXT_SIZE];
    int end = s->start_minute + s->minutes;
    if (end > DAY_MINUTES)
        end -= DAY_MINUTES;
    buffer[0] = '\0';
    switch (s->kind) {
    case SCHEDULE_ONCE:
        (void)str_append(buffer, SCHEDULE_TEXT_SIZE, "%s", date_text(s->date, date));
        break;
    case SCHEDULE_WEEKLY:
        days_text(s->days, buffer, SCHEDULE_TEXT_SIZE);
        break;
    case SCHEDULE_NTH_WEEKDAY:
        (void)str_append(buffer, SCHEDULE_TEXT_SIZE, "%s %s",
                         s->nth == SCHEDULE_LAST ? "last" : nth_words[s->nth - 1],
                         weekday_names[s->weekday]);
        break;
    case SCHEDULE_MONTH_DAY:
        if (s->month_day == SCHEDULE_LAST)
            (void)str_append(buffer, SCHEDULE_TEXT_SIZE, "last day");
        else
            (void)str_append(buffer, SCHEDULE_TEXT_SIZE, "day %d", s->month_day);
        break;
    case SCHEDULE_KIND_COUNT:
        break;
    }
    (void)str_append(buffer, SCHEDULE_TEXT_SIZE, " %02d:%02d-%02d:%02d", s->start_minute / 60,
                     s->start_minute % 60, end / 60, end % 60);
    return buffer;
}
