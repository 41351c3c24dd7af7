/* Dates of the Gregorian calendar and their day numbers: no time zone, no clock. */
#ifndef RESUS_BASE_DATE_H
#define RESUS_BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct date {
    int year, month, day; /* month and day count from 1 */
};

#define WEEKDAY_COUNT 7
/* "Mon" is 0, "Sun" is 6. */
extern const char *const weekday_names[WEEKDAY_COUNT];

/* Days since 1970-01-01; negative before it. The year is within -9999 to 9999. */
int64_t date_days(struct date date);
struct date date_of_days(int64_t days);
int date_weekday(int64_t days); /* an index of weekday_names */
int date_month_length(int year, int month);
/* Is there such a day, from 0001-01-01 to 9999-12-31? */
bool date_valid(struct date date);
/* The day number of a Unix time. */
int64_t date_days_of_seconds(int64_t seconds);

#define DATE_TEXT_SIZE 16
char *date_text(struct date date, char buffer[DATE_TEXT_SIZE]); /* "2026-12-24"; returns buffer */
/* Reads that form at *text and moves *text past it. False, with *text as it was, when it is not
 * there or there is no such day. */
bool date_read(const char **text, struct date *ret) ATTR_MUST_USE;
/* The same for a weekday of three letters, in any case. */
bool date_read_weekday(const char **text, int *ret) ATTR_MUST_USE;

#endif
