/* The line of `resus check`, in the form of the monitoring-plugins guidelines: one line of text, a
 * bar, performance data `label=value[unit];warning;critical;min;max`. */
#ifndef RESUS_CLI_CHECKLINE_H
#define RESUS_CLI_CHECKLINE_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"

/* Longer lines are cut by many schedulers; the text is, the performance data are not. */
#define CHECKLINE_TEXT_MAX 400

enum checkline_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/* `health` is the body of the health operation, `status` that of status (NULL: no uptime in the
 * line). Appends the line and its newline, returns what to exit with. */
enum checkline_status checkline_health(const json_t *health, const json_t *status, struct buf *out);
/* Of several services, as the list has them: the one whose line is shown, by checkline_several()'s
 * order. NULL: there is none. */
const json_t *checkline_worst(const json_t *items);
/* One line of all: how many are how, and why the worst is so. `health` and `status` are the worst
 * one's, NULL where they could not be asked. Critical comes before unknown, unknown before a
 * warning. */
enum checkline_status checkline_several(const json_t *items, const json_t *health,
                                        const json_t *status, struct buf *out);
/* "REDIS UNKNOWN - text" */
enum checkline_status checkline_unknown(const char *text, struct buf *out);

#endif
