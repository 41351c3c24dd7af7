/* Lines of a log as the API shows them. */
#ifndef RESUS_REPORT_LOG_LINES_H
#define RESUS_REPORT_LOG_LINES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/time.h"
#include "host/controller.h"
#include "host/systemctl.h"

/* Collects what passes the filter into `lines`, each with timestamp, level and message, and with
 * `at_ms`, by which it is sorted and which a reader never sees. */
struct log_lines {
    json_t *lines;     /* an array, borrowed */
    int least;         /* the least urgent priority that passes: log_lines_least() */
    wall_ms since;     /* older ones do not pass; WALL_NONE = all do */
    bool zone_assumed; /* Redis' own log of another machine: its times name no zone */
};

/* The priority of "error", "warning"; of any other word all pass. */
int log_lines_least(const char *level);
/* A journal_line_handler; `context` is a struct log_lines. */
void log_lines_collect(void *context, const struct journal_line *line);
/* A new array, the newest first; lines of the same moment keep their order of writing, turned round
 * as well. `lines` stays the caller's. */
json_t *log_lines_sorted(json_t *lines) ATTR_MUST_USE;
/* What a command that failed says: the first line of its stderr, cleaned. */
void host_first_words(const struct host_result *r, char *to, size_t size);

#endif
