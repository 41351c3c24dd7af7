/* What a host command's output says, in the engine's terms. */
#ifndef RESUS_DAEMON_OUTCOME_H
#define RESUS_DAEMON_OUTCOME_H

#include "engine/port.h"

/* `number` is the request's. `ret` points into `r`. */
void outcome_read(uint64_t id, enum host_command command, int number, const struct host_result *r,
                  struct host_outcome *ret);

#endif
