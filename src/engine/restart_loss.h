/* What a restart by recovery has cost: data that the old process had no time to save. */
#ifndef RESUS_ENGINE_RESTART_LOSS_H
#define RESUS_ENGINE_RESTART_LOSS_H

#include "base/time.h"
#include "engine/port.h"

struct service;

/* Before the command is sent; when it has ended; when the journal has answered. */
void restart_loss_sent(struct service *s);
void restart_loss_ended(struct service *s, const struct host_outcome *o, struct now now);
void restart_loss_log(struct service *s, const struct host_outcome *o, struct now now);

#endif
