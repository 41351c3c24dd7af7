/* What a service shall be: running, or stopped by a person through Resus. */
#ifndef RESUS_ENGINE_DESIRED_H
#define RESUS_ENGINE_DESIRED_H

#include <stdbool.h>

#include "store/service_state.h"

struct service;

struct desired {
    bool stopped_on_purpose;
    enum stop_seen stop_seen;
    wall_ms stopped_at;
    char stopped_by[256], stopped_reason[512];
};

void desired_stop(struct service_state *state, const char *by, const char *reason, wall_ms at);
void desired_run(struct service_state *state);
void desired_keep(const struct service_state *state, struct desired *ret);
void desired_restore(struct service_state *state, const struct desired *before);
/* Was it killed after it had been seen stopped? Then it has run in between. */
bool desired_ran_since(const struct service *s);
bool desired_stop_is_over(const struct service *s);
void desired_note_stopped(struct service *s); /* it is seen as it shall be */

#endif
