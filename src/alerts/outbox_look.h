/* What becomes of a message: its deliveries as they are shown. */
#ifndef RESUS_ALERTS_OUTBOX_LOOK_H
#define RESUS_ALERTS_OUTBOX_LOOK_H

#include <jansson.h>
#include <stdint.h>

#include "alerts/outbox.h"
#include "base/attr.h"

/* {id, message, channel, kind, state, attempts, code, receipt, error, at, next_attempt_at} of a
 * delivery's record. NULL on lack of memory. */
json_t *delivery_shown(uint64_t delivery, const json_t *record) ATTR_MUST_USE;
/* The deliveries of the message that have not ended, oldest first. */
json_t *outbox_deliveries(const struct outbox *o, uint64_t message) ATTR_MUST_USE;

#endif
