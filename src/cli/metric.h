/* One figure of the performance check with its limits, as `health_checks.performance.metrics` has
 * them: `{"memory_mb": {"value": 128.5, "warning": 3072, "critical": 4096, "max": 4096}}`, or the
 * bare number. Names: memory_mb, cpu_percent, connections, response_time_ms, errors_per_hour,
 * commands_per_second. */
#ifndef RESUS_CLI_METRIC_H
#define RESUS_CLI_METRIC_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"

/* NaN: not known. */
struct metric {
    double value, warning, critical, max;
};

/* True when there is a value. */
bool metric_read(const json_t *health, const char *name, struct metric *ret);
/* "128.5", "42", "0.21": no more digits than mean something. Returns buffer. */
const char *metric_text(double value, char buffer[32]);

#endif
