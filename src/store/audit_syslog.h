/* The copy of an audit line for syslog while the file cannot be written. syslog(3) waits when the
 * journal does not read; this never does: a line that finds no room is dropped. */
#ifndef RESUS_STORE_AUDIT_SYSLOG_H
#define RESUS_STORE_AUDIT_SYSLOG_H

#include <stdbool.h>

#define AUDIT_SYSLOG_SOCKET "/dev/log"
#define AUDIT_SYSLOG_MAX 8192 /* bytes of a datagram; longer lines are cut */

/* auth.warning, tag resus. False when syslog did not take it. */
bool audit_syslog(const char *socket_path, const char *why, const char *line);

#endif
