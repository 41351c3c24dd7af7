/* Maintenance windows as an iCalendar file (RFC 5545), for calendars that subscribe to it and as
 * the attachment of announcements.
 *
 * There is no METHOD: with it, mail programs enter the event into private calendars. Properties
 * X-MAINTNOTE-* follow the convention for maintenance notices among network operators, so that
 * programs can read service, impact and status. */
#ifndef RESUS_API_CALENDAR_H
#define RESUS_API_CALENDAR_H

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/time.h"
#include "core/window.h"

#define CALENDAR_MAX (8 * 1024 * 1024) /* bytes of a file: a limit for the caller's buffer */
#define CALENDAR_LINE_MAX 75           /* bytes of a line without its end */

/* Texts are UTF-8; bytes that are not, and control characters, become '?'. */
struct calendar_event {
    const char *window;  /* name or number of the window, at most 63 of a-z 0-9 _ - */
    const char *date;    /* local date of the occurrence, "2026-12-06" */
    const char *title;   /* for people */
    const char *details; /* several lines are fine; NULL = none */
    enum window_phase phase;
    enum window_impact impact;
    int sequence;
    wall_ms changed; /* when it was announced or changed last */
    wall_ms starts, ends;
    const char *const *services; /* ids; at least one */
    size_t service_count;
};

struct calendar {
    const char *instance;  /* name of this Resus: host part of the ids, and the provider */
    const char *organizer; /* mail address of the people in charge; NULL = none */
    const char *link;      /* the console's address; NULL = none */
};

/* Appends the whole file, lines ending in CRLF. Returns -EINVAL when `organizer` or `link` has
 * characters that would end its value; -ENOBUFS or -ENOMEM from the buffer. */
int calendar_write(const struct calendar *calendar, const struct calendar_event *events,
                   size_t count, struct buf *out) ATTR_MUST_USE;

/* "weekly/2026-12-06@resus-1": the same for all changes of an occurrence. Returns buffer. */
#define CALENDAR_UID_SIZE 192
char *calendar_uid(const struct calendar *calendar, const struct calendar_event *event,
                   char buffer[CALENDAR_UID_SIZE]);

#endif
