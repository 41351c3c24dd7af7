/* A restart of Resus does not forget what it did for the services before. */
#ifndef RESUS_DAEMON_RECALL_H
#define RESUS_DAEMON_RECALL_H

#include "engine/engine.h"
#include "store/past_events.h"
#include "store/store.h"

/* Before the engine starts and the loop runs. */
int recall_recoveries(struct store *store, struct engine *engine, struct error *err) ATTR_MUST_USE;

#endif
