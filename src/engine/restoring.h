/* A service that a restore works on: operations of others are refused, and automatic recovery is
 * withheld once the data are touched. */
#ifndef RESUS_ENGINE_RESTORING_H
#define RESUS_ENGINE_RESTORING_H

#include <stdbool.h>

#include "engine/commands.h"

struct service;

/* Not stored: the owner of the restores reports it again at a start. */
struct restoring {
    bool held;
    struct engine_restore restore;
    mono_ms touched; /* until then data were touched: what was seen before is outdated */
};

bool restoring_withholds(const struct service *s);
/* Answers `request` with 409 when the restore does not allow it now. */
bool restoring_refuses(const struct service *s, const struct engine_request *request,
                       struct now now);

#endif
