/* Are the services that depend on a Redis well again? One GET each of the address that the
 * configuration names, with hard limits on everything. Well means: answered with 2xx. */
#ifndef RESUS_DAEMON_PROBE_H
#define RESUS_DAEMON_PROBE_H

#include <uv.h>

#include "engine/port.h"

#define PROBE_LIMIT_MS 10000  /* from beginning to end, redirections included */
#define PROBE_AT_ONCE_MAX 16  /* others wait their turn; how many they are, the engine bounds */
#define PROBE_REDIRECTS_MAX 3 /* within the same protocol, host and port only */
#define PROBE_BODY_MAX 65536  /* bytes read and thrown away; a longer answer is cut off */

struct prober;
/* Exactly once for each that was asked, never on the asker's stack. */
typedef void probe_done(void *context, int service, const struct probe_outcome *outcome);

int prober_new(uv_loop_t *loop, probe_done *done, void *context, struct prober **ret,
               struct error *err) ATTR_MUST_USE;
/* `url` is copied. */
void prober_ask(struct prober *p, int service, uint64_t id, const char *url);
/* What is under way is dropped. The loop must run until it is empty. Takes NULL; not from within
 * `done`. */
void prober_free(struct prober *p);

#endif
