/* What the body of a request wants of a maintenance window. */
#ifndef RESUS_ALERTS_MAINTENANCE_READ_H
#define RESUS_ALERTS_MAINTENANCE_READ_H

#include "alerts/maintenance.h"
#include "engine/engine.h"

/* The wish, and what it points to. */
struct maintenance_request {
    struct maintenance_wish wish;
    struct service_patterns services;
    struct checklist checklist;
};

/* Title, impact, start, services and checklist of `args`, which operation_check() has read. -EINVAL
 * with the error. */
int maintenance_read(const struct engine *engine, const json_t *args,
                     struct maintenance_request *ret, struct error *err) ATTR_MUST_USE;
/* The end that `args` want; of a window that is there (`now`, NULL = none) a new start keeps the length,
 * and a new length the start. */
void maintenance_read_end(const json_t *args, struct maintenance_wish *wish, const json_t *now);
/* "FROM until TO", or nothing. */
void maintenance_times_text(const struct maintenance_wish *wish, char *text, size_t size);

#endif
