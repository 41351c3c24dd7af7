/* The structured log of the program: one line an entry to stderr. On a terminal "15:04:05 warn ssh:
 * text key=value", otherwise with systemd's "<4>" priority prefix so that journald files it right.
 * With debug lines wanted, every line off a terminal carries the monotonic clock, for a trace.
 * Thread-safe (one write a line). Never pass a secret. Lines are cut at LOG_LINE_MAX; control bytes
 * in values are replaced. */
#ifndef RESUS_IO_LOG_H
#define RESUS_IO_LOG_H

#include <stdbool.h>

#include "base/attr.h"

#define LOG_LINE_MAX 2048

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* `colour` follows the terminal and NO_COLOR. Call once at start; without it info and above go out
 * plain. */
void log_init(enum log_level least);
void log_set_fd(int fd); /* tests */

/* `area` is the layer or subject: "engine", "ssh". */
void log_write(enum log_level level, const char *area, const char *format, ...) ATTR_PRINTF(3, 4);

#define log_debug(area, ...) log_write(LOG_LEVEL_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...) log_write(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_warning(area, ...) log_write(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_error(area, ...) log_write(LOG_LEVEL_ERROR, area, __VA_ARGS__)

#endif
