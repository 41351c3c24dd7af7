/* Service levels: what was reached of the runbook's targets, and what is left of the error budget. */
#ifndef RESUS_REPORT_SERVICE_LEVELS_H
#define RESUS_REPORT_SERVICE_LEVELS_H

#include <jansson.h>

#include "base/attr.h"
#include "base/time.h"

#define LEVELS_MANUAL_TARGET_SECONDS 300 /* a repair by hand */
#define LEVELS_DAYS_MAX 90               /* the longest span that is reported */

/* One window for each of `levels`, as series_store_ask_levels() gives them; `recoveries` are rows of
 * store_query_recoveries() of the last LEVELS_DAYS_MAX days before `until`. Both are borrowed; the
 * array is the caller's. */
json_t *service_levels_json(const json_t *levels, const json_t *recoveries,
                            wall_ms until) ATTR_MUST_USE;

#endif
