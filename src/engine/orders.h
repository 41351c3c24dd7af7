/* Orders that change what Resus will do: each caller hears whether its order is on the disk. */
#ifndef RESUS_ENGINE_ORDERS_H
#define RESUS_ENGINE_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "engine/commands.h"
#include "engine/part.h"

struct pending;
struct service;

#define ORDERS_MAX 8 /* that wait for the disk */

struct order {
    uint64_t id;           /* of the save that is waited for */
    engine_answer *answer; /* NULL = free */
    void *context;
    mono_ms deadline;
};

/* Saves the state, once. False: too many wait for the disk already, so `order` cannot. */
bool orders_save(struct service *s, const struct engine_order *order, struct now now);
/* Answers an order for which orders_save() had no room. It may free what the caller still needs, so
 * it comes last. */
void orders_refuse(const struct engine_order *order, struct now now);
bool orders_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                     struct now now);
bool orders_turn(struct service *s, struct now now);
mono_ms orders_next(const struct service *s);
void orders_forsake(struct service *s); /* the callers are answered 503 without a body */

#endif
