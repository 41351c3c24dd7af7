/* Tells a syslog server the heads of the audit log: RFC 5424 over TLS, framed by RFC 5425. The loop
 * never waits for it. While the server is away the newest HEADS_QUEUED_MAX wait, and it is tried
 * again every HEADS_RETRY_MS; that it is away is logged once, and that it is back. */
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
/* -EINVAL and the like when the files of its TLS cannot be used. */
int head_sender_new(uv_loop_t *loop, const struct audit_settings *settings,
                    struct head_sender **ret, struct error *err) ATTR_MUST_USE;
/* Takes NULL: nobody is told. */
void head_sender_tell(struct head_sender *s, wall_ms at, const char *text);
void head_sender_close(struct head_sender *s); /* takes NULL; the loop must run once more */

#endif
