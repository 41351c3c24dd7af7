/* The list of services as a caller asks for it: filtered, the worst first. */
#ifndef RESUS_API_SERVICE_LIST_H
#define RESUS_API_SERVICE_LIST_H

#include <jansson.h>

/* The words of `status`: of a state, of the overall status, or "offline" (stopped or failed). NULL
 * at the end. */
extern const char *const service_list_status_words[];

/* A new {items, next_cursor} from `visible`, which has been cut to what the caller may see, so that
 * a filter shows nothing else. `args`: group, tag and status must match; q is looked for in names,
 * ids, addresses, machines, causes, groups and tags, without regard to case. NULL `args`: all.
 *
 * Order: critical, unknown, degraded, healthy; within each, what is planned (maintenance, stopped
 * on purpose) comes last, then by name. NULL for lack of memory. */
json_t *service_list_pick(const json_t *visible, const json_t *args);

#endif
