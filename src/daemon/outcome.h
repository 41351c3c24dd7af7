/* What a host command's output says, in the engine's terms. */
#ifndef RESUS_DAEMON_OUTCOME_H
#define RESUS_DAEMON_OUTCOME_H

#include "engine/port.h"

/* `ret` points into `r`. */
void outcome_read(uint64_t id, enum host_command command, const struct host_result *r,
                  struct host_outcome *ret);

#endif
