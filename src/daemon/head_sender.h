/* Sends the heads of the audit log to a syslog server: RFC 5424 over TLS, framed by RFC 5425. Never
 * blocks the loop. While the server is unreachable the newest HEADS_QUEUED_MAX heads are queued and
 * the connection is retried every HEADS_RETRY_MS. Logs the failure once, and the recovery. */
#ifndef RESUS_DAEMON_HEAD_SENDER_H
#define RESUS_DAEMON_HEAD_SENDER_H

#include <uv.h>

#include "base/error.h"
#include "base/time.h"
#include "settings/settings.h"

#define HEADS_QUEUED_MAX 64
#define HEADS_RETRY_MS 30000
#define HEADS_CONNECT_MS 10000

struct head_sender;
/* Fails when the TLS files cannot be loaded. */
int head_sender_new(uv_loop_t *loop, const struct audit_settings *settings,
                    struct head_sender **ret, struct error *err) ATTR_MUST_USE;
/* Takes NULL. */
void head_sender_send(struct head_sender *s, wall_ms at, const char *text);
void head_sender_close(struct head_sender *s); /* takes NULL; the loop must run once more */

#endif
