/* What graphs show beside the series of a service: its limits, and what happened meanwhile. */
#ifndef RESUS_REPORT_METRICS_JSON_H
#define RESUS_REPORT_METRICS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/operations.h"
#include "store/series_store.h"

/* Fills all but the service. -EINVAL with the error. */
int metrics_question(const json_t *args, wall_ms now, struct series_question *q,
                     struct error *err) ATTR_MUST_USE;
/* The limits that hold now, in the units of the gauges of `health`. */
json_t *metrics_limits_json(const json_t *health);
/* Appends what stored recoveries or operations (`rows`) mark, as the role may see it. */
void metrics_add_marks(json_t *marks, const json_t *rows, bool recoveries, enum access access);

#endif
