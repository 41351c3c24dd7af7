/* Orders that change what Resus will do wait for the disk (orders.c). */
#ifndef RESUS_ENGINE_ORDERS_H
#define RESUS_ENGINE_ORDERS_H

#include "engine/service.h"

/* True: `id` was the save that an order waits for. */
bool orders_saved(struct service *s, uint64_t id, enum store_outcome outcome, struct now now);
void orders_turn(struct service *s, struct now now);
mono_ms orders_next(const struct service *s);
void orders_forsake(struct service *s); /* the callers are answered 503 without a body */

#endif
