/* Shapes of what health says of figures. */
#include "api/shape_words.h"
#include "api/shapes.h"

const struct shape_member shape_gauge[] = {
    {"value", "number?", NULL}, {"warning", "number", NULL},   {"critical", "number", NULL},
    {"max?", "number", NULL},   {"status", CHECK_WORDS, NULL}, END};
const struct shape_member shape_figures[] = {
    {"memory_mb?", "Gauge", NULL},
    {"cpu_percent?", "Gauge", NULL},
    {"connections?", "Gauge", NULL},
    {"response_time_ms?", "Gauge", NULL},
    {"commands_per_second?", "Gauge", NULL},
    {"errors_per_hour?", "Gauge", NULL},
    {"memory_usage_mb?", "number", "The value of memory_mb by itself; so are the next three."},
    {"memory_limit_mb?", "number", "maxmemory, or where memory becomes critical without one."},
    {"cpu_usage_percent?", "number", NULL},
    {"max_connections?", "number", NULL},
    END};
