/* What alerts need to know of a service, and the way of their news to its followers. */
#ifndef RESUS_ENGINE_ALERT_FACTS_H
#define RESUS_ENGINE_ALERT_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/alert.h"

struct engine;

struct alert_look {
    struct alert_facts facts; /* `levels` points into the engine, valid until its next turn */
    bool may_heal;            /* alert_may_heal() */
    bool acted;               /* recovery has made an attempt since the service was last well */
    bool open;                /* ... or is about to */
    int64_t unsaved_changes;  /* as Redis said last; FACT_UNKNOWN */
};
void engine_alert_look(const struct engine *e, int service, struct now now, struct alert_look *ret);
struct verdict engine_verdict(const struct engine *e, int service);

/* Publishes an event of the service under its next number. Takes `body`; NULL does nothing. */
void engine_tell(struct engine *e, int service, const char *type, json_t *body, struct now now);

struct service;
/* The part's: tells the world that there is a verdict. */
void alert_facts_judged(struct service *s, struct now now);

#endif
