/* Parsers of what systemctl and journalctl print, in any locale-independent part of it: foreign
 * bytes, fuzzed. */
#ifndef RESUS_HOST_SYSTEMCTL_H
#define RESUS_HOST_SYSTEMCTL_H

#include <stddef.h>

#include "base/time.h"
#include "core/facts.h"
#include "host/controller.h"

/* `systemctl status UNIT` (any exit code). What it does not say stays unknown; output that is not
 * systemctl's leaves active = UNIT_UNKNOWN and says so in text. */
void systemctl_parse_status(const char *out, size_t length, struct unit_facts *unit);
/* `systemctl show UNIT -p LIST`. */
void systemctl_parse_show(const char *out, size_t length, struct unit_facts *unit);
/* `systemctl is-active UNIT`: only `active` is filled. */
void systemctl_parse_is_active(const char *out, size_t length, struct unit_facts *unit);
/* The port in the title of the unit's main process, in what HOST_STATUS prints; 0 = not told. It is
 * where Redis listens now: of its TCP port the one without TLS, if there is one. */
int systemctl_listening_port(const char *out, size_t length);
/* The processes that HOST_STATUS lists of the unit's control group: fills `group`. */
void systemctl_parse_group(const char *out, size_t length, struct unit_facts *unit);
/* What a finished HOST_STATUS, HOST_SHOW or HOST_IS_ACTIVE says about the unit, stderr and the way
 * it ended included; fills control_reached. `at` and `asked` are the caller's. */
void systemctl_parse_result(enum host_command command, const struct host_result *result,
                            struct unit_facts *unit);
/* The -p LIST of HOST_SHOW. */
extern const char systemctl_show_properties[];

#define JOURNAL_MESSAGE_MAX 1024 /* longer lines are cut */
struct journal_line {
    wall_ms at;   /* WALL_NONE when not told */
    int priority; /* syslog 0..7; 6 when not told */
    char message[JOURNAL_MESSAGE_MAX];
};
typedef void journal_line_handler(void *context, const struct journal_line *line);
/* `journalctl -o json`: one JSON object a line (MESSAGE may be an array of bytes), and as a
 * fall-back the short format. Oldest first, as printed. Lines that are neither are passed on as
 * they are with priority 6. Returns the count. */
size_t journal_parse(const char *out, size_t length, journal_line_handler *handler, void *context);
/* Redis' own log file: "PID:ROLE DD Mon YYYY HH:MM:SS.mmm LEVEL message" (level . - * #). Times are
 * local to the host: read in the zone of this machine, which may be another one. */
size_t redis_log_parse(const char *out, size_t length, journal_line_handler *handler,
                       void *context);

#endif
