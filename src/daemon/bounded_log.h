/* Warnings about what others can repeat as often as they like: only a few of them are written. */
#ifndef RESUS_DAEMON_BOUNDED_LOG_H
#define RESUS_DAEMON_BOUNDED_LOG_H

#include <stddef.h>

#include "base/attr.h"
#include "base/time.h"

/* Lines in that time. The rest is counted, and the count is written with the next line. */
#define BOUNDED_LOG_LINES_MAX 5
#define BOUNDED_LOG_MS 60000

struct bounded_log {
    mono_ms since;
    int lines;
    size_t unwritten;
};

void bounded_log_warning(struct bounded_log *log, const char *area, const char *format, ...)
    ATTR_PRINTF(3, 4);

#endif
