/* When a maintenance window takes place: a rule in local time, and the occurrences it has.
 *
 * A rule is a start by the clocks of a zone and a length in elapsed time. A window of two hours
 * that spans a change of the clocks still lasts two hours. A start that clocks skip is moved to the
 * first instant after the gap; of a doubled start the first counts. */
#ifndef RESUS_CORE_SCHEDULE_H
#define RESUS_CORE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/date.h"
#include "base/error.h"
#include "base/time.h"
#include "base/zone_table.h"

#define SCHEDULE_MINUTES_MAX (24 * 60)
#define SCHEDULE_HORIZON_DAYS 60
/* A daily window: those that begin within the horizon, one under way, and a date that a zone skips
 * (its window begins together with the next one). */
#define SCHEDULE_OCCURRENCES_MAX (SCHEDULE_HORIZON_DAYS + 4)
#define SCHEDULE_EXCEPTIONS_MAX 32
#define SCHEDULE_LAST (-1) /* as `nth` and as `month_day` */
#define SCHEDULE_NTH_MAX 4
#define SCHEDULE_MONTH_DAY_MAX 28 /* every month has it */
#define SCHEDULE_TEXT_SIZE 64

enum schedule_kind {
    SCHEDULE_ONCE,
    SCHEDULE_WEEKLY,
    SCHEDULE_NTH_WEEKDAY,
    SCHEDULE_MONTH_DAY,
    SCHEDULE_KIND_COUNT
};

struct schedule {
    enum schedule_kind kind;
    struct date date;         /* ONCE */
    bool days[WEEKDAY_COUNT]; /* WEEKLY, from Monday */
    int nth, weekday;         /* NTH_WEEKDAY: 1 to SCHEDULE_NTH_MAX or SCHEDULE_LAST */
    int month_day;            /* MONTH_DAY: 1 to SCHEDULE_MONTH_DAY_MAX or SCHEDULE_LAST */
    int start_minute;         /* of the local day, 0 to 1439 */
    int minutes;              /* length, 1 to SCHEDULE_MINUTES_MAX */
    struct date exceptions[SCHEDULE_EXCEPTIONS_MAX]; /* local dates without an occurrence */
    size_t exception_count;
};

struct schedule_occurrence {
    struct date date; /* local, as the rule has it: one occurrence of a window a date */
    wall_ms starts, ends;
    enum local_kind start_kind; /* LOCAL_SKIPPED: moved; LOCAL_TWICE: the first of two */
};

/* Reads "Sun 02:00-04:00", "Mon-Fri,Sun 22:00-01:00", "first Sun 01:00-05:00", "last Fri ...",
 * "day 15 ...", "last day ..." or "2026-12-24 ...", words in any case. An end that is not after its
 * start is on the next day; 24:00 is taken as the end. Returns -EINVAL with a sentence that names
 * the column and what is wanted there. There are no exceptions in `ret`. */
int schedule_parse(const char *text, struct schedule *ret, struct error *err) ATTR_MUST_USE;
/* The rule in that form; returns buffer. */
char *schedule_text(const struct schedule *schedule, char buffer[SCHEDULE_TEXT_SIZE]);

/* Does the rule hold on that local date? */
bool schedule_matches(const struct schedule *schedule, struct date date);
/* Is the date among the exceptions? */
bool schedule_excepts(const struct schedule *schedule, struct date date);
/* Is there no date at all on which it could hold? */
bool schedule_empty(const struct schedule *schedule);

/* The span that schedule_occurrences() needs of the zone. */
wall_ms schedule_zone_from(wall_ms now);
wall_ms schedule_zone_until(wall_ms now);
/* Occurrences that have not ended and begin within SCHEDULE_HORIZON_DAYS of `now`, in the order of
 * their dates. Returns their number. */
size_t schedule_occurrences(const struct schedule *schedule, const struct zone_table *zone,
                            wall_ms now, struct schedule_occurrence ret[SCHEDULE_OCCURRENCES_MAX]);

#endif
