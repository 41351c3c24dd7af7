/* A time zone over a limited span, as its offsets and the instants at which they change.
 *
 * io/zone makes the table from the zone's file; decisions read it without touching a file. Outside
 * the span the nearest offset applies. */
#ifndef RESUS_BASE_ZONE_TABLE_H
#define RESUS_BASE_ZONE_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Zones change at most four times within 60 days (Morocco around Ramadan). */
#define ZONE_CHANGES_MAX 16

struct zone_change {
    int64_t at_s; /* Unix seconds */
    int offset_s; /* added to UTC from then on */
};

/* Zeroed it is UTC. */
struct zone_table {
    int first_offset_s; /* before the first change */
    size_t count;
    struct zone_change changes[ZONE_CHANGES_MAX]; /* in rising order */
};

/* How often clocks show a local time. */
enum local_kind {
    LOCAL_ONCE,
    LOCAL_SKIPPED, /* never: they are put forward past it */
    LOCAL_TWICE    /* they are put back over it */
};

int zone_table_offset_s(const struct zone_table *zone, int64_t utc_s);
/* The instant of a local time (seconds since 1970-01-01 00:00 of local clocks). Of a skipped time
 * it is the instant of the change, of a doubled one the first. `ret_kind` may be NULL. */
int64_t zone_table_utc_s(const struct zone_table *zone, int64_t local_s, enum local_kind *ret_kind);

#endif
