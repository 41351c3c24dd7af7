/* What is said of a stop that was not made through Resus, and of the wait before Resus acts. */
#ifndef RESUS_ENGINE_STOPS_H
#define RESUS_ENGINE_STOPS_H

#include "engine/service.h"

#define STOP_LOG_LINES 50
/* A stop that systemd cuts takes at least this long: TimeoutStopSec is given in seconds. */
#define STOP_CUT_MIN_MS 1000

/* What a stop that was cut has lost; "" when it was not cut, or nothing was to be saved. */
void stops_loss_text(const struct service *s, char *text, size_t size);
/* The cause's advice, and how to keep the next stop from being cut; or what a start would wipe. */
void stops_advice_text(const struct service *s, const char *otherwise, char *text, size_t size);

/* A restart by recovery ends a process that may not get the time for its final save. Before the
 * command is sent; when it has ended; when the journal has answered. */
void stops_restart_sent(struct service *s);
void stops_restart_ended(struct service *s, const struct host_outcome *o, struct now now);
void stops_restart_log(struct service *s, const struct host_outcome *o, struct now now);

/* Does recovery wait for a time before it acts? Then the others say when and how to prevent it. */
bool stops_waits(const struct service *s, struct now now);
int64_t stops_wait_seconds(const struct service *s, struct now now);
void stops_wait_text(const struct service *s, struct now now, char *text, size_t size);

#endif
