#include "base/date.h"

#include <stdio.h>
#include <strings.h>

#define SECONDS_PER_DAY 86400

const char *const weekday_names[WEEKDAY_COUNT] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* The usual era arithmetic: eras of 400 years are 146097 days, and years begin in March, so that
 * the leap day is the last of its year. */
int64_t date_days(struct date date)
{
    int64_t y = date.year - (date.month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month = date.month + (date.month > 2 ? -3 : 9);
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct date date_of_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* from March */
    struct date date = {.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
                        .month = (int)(month < 10 ? month + 3 : month - 9)};
    date.year = (int)(year_of_era + era * 400 + (date.month <= 2));
    return date;
}

int date_weekday(int64_t days)
{
    return (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int date_month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && leap(year));
}

bool date_valid(struct date date)
{
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= date_month_length(date.year, date.month);
}

int64_t date_days_of_seconds(int64_t seconds)
{
    return seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
}

char *date_text(struct date date, char buffer[DATE_TEXT_SIZE])
{
    (void)snprintf(buffer, DATE_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000,
                   (unsigned)date.month % 100, (unsigned)date.day % 100);
    return buffer;
}

static bool read_digits(const char **p, int count, int *ret)
{
    int value = 0;
    for (; count > 0; count--, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        value = value * 10 + (**p - '0');
    }
    *ret = value;
    return true;
}

bool date_read(const char **text, struct date *ret)
{
    const char *p = *text;
    struct date date;
    if (!read_digits(&p, 4, &date.year) || *p++ != '-' || !read_digits(&p, 2, &date.month) ||
        *p++ != '-' || !read_digits(&p, 2, &date.day) || !date_valid(date))
        return false;
    *text = p;
    *ret = date;
    return true;
}

bool date_read_weekday(const char **text, int *ret)
{
    for (int i = 0; i < WEEKDAY_COUNT; i++)
        if (strncasecmp(*text, weekday_names[i], 3) == 0) {
            *text += 3;
            *ret = i;
            return true;
        }
    return false;
}
