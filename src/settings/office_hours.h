/* "Mon-Fri 08:00-18:00": the hours in which operations are expected (`security.business_hours`). */
#ifndef RESUS_SETTINGS_OFFICE_HOURS_H
#define RESUS_SETTINGS_OFFICE_HOURS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/date.h"
#include "base/error.h"
#include "base/time.h"
#include "io/zone.h"

struct office_hours {
    bool days[WEEKDAY_COUNT]; /* from Monday */
    int from, to;             /* minutes of the day; to <= from: ends on the next day */
};

/* Days are names, ranges and lists of both ("Mon-Fri", "Sat,Sun", "Fri-Mon"), in any case; then the
 * hours, 24:00 allowed as the end. -EINVAL says how it is written. */
int office_hours_parse(const char *text, struct office_hours *ret, struct error *err) ATTR_MUST_USE;
bool office_hours_hold(const struct office_hours *hours, const struct zone *zone, wall_ms t);

#endif
