/* The sheet for a lost host: what is out of reach, and the steps to build the Redis again. */
#ifndef RESUS_REPORT_REBUILD_SHEET_H
#define RESUS_REPORT_REBUILD_SHEET_H

#include <jansson.h>

#include "engine/engine.h"

/* `read` is what backups_host_taken() gave. */
json_t *rebuild_sheet_json(struct engine *engine, int service, const json_t *read, struct now now);

#endif
