/* The history of figures behind the engine's ports (store/series_store.h). It may be missing: the
 * watch is as good without graphs. */
#ifndef RESUS_DAEMON_HISTORY_H
#define RESUS_DAEMON_HISTORY_H

#include <uv.h>

#include "engine/engine.h"
#include "handlers/handlers.h"

struct history {
    struct series_store *series; /* NULL: could not be opened */
    struct engine *engine;
    struct handlers *handlers;
    int seeding; /* the service whose past is asked for */
};

/* Logs what it could not do. `h` must stay where it is until history_close(). */
void history_open(struct history *h, uv_loop_t *loop, const char *state_dir);
/* Tells the engine of the memory of the last day, one service after the other. */
void history_begin(struct history *h, struct engine *engine, struct handlers *handlers);
/* Takes what history_open() could not open. */
void history_close(struct history *h, int64_t wait_ms);

/* The engine's ports; `h` is the context. */
void history_sample(struct history *h, const struct series_sample *sample);
void history_outage(struct history *h, const struct outage_record *outage);

#endif
