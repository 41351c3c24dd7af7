/* Names of accounts for the control socket. A name service may be slow: one look-up runs at a time,
 * on a worker thread, and its answer is kept for a short time. */
#ifndef RESUS_DAEMON_CONTROL_NAMES_H
#define RESUS_DAEMON_CONTROL_NAMES_H

#include <sys/types.h>
#include <uv.h>

#include "base/attr.h"

#define CONTROL_NAME_KEPT_MS 10000
#define CONTROL_NAMES_MAX 64

/* A look-up has ended: ask again for the names that were missing. */
typedef void control_names_found(void *context);

struct control_names;
struct control_names *control_names_new(uv_loop_t *loop, control_names_found *found,
                                        void *context); /* NULL: out of memory */
/* The name, or NULL: `found` is called later. The name of root is never looked up, so that root
 * does not wait for a name service that hangs. Valid until the next call. */
const char *control_names_get(struct control_names *names, uid_t uid);
/* No `found` follows. Takes NULL. */
void control_names_close(struct control_names *names);

#endif
