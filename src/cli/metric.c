#include "cli/metric.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

bool metric_read(const json_t *health, const char *name, struct metric *ret)
{
    const json_t *checks = json_object_get(health, "health_checks");
    const json_t *performance = json_object_get(checks, "performance");
    const json_t *metrics = json_object_get(performance, "metrics");
    const json_t *metric = json_object_get(metrics, name);
    struct metric m = {NAN, NAN, NAN, NAN};
    if (json_is_number(metric)) {
        m.value = json_number_value(metric);
    } else {
        m.value = json_real_or(metric, "value", NAN);
        m.warning = json_real_or(metric, "warning", NAN);
        m.critical = json_real_or(metric, "critical", NAN);
        m.max = json_real_or(metric, "max", NAN);
    }
    if (isnan(m.value))
        return false;
    *ret = m;
    return true;
}

const char *metric_text(double value, char buffer[32])
{
    double size = fabs(value);
    int digits = size >= 1000 || value == floor(value) ? 0 : size >= 10 ? 1 : 2;
    (void)str_format(buffer, 32, "%.*f", digits, value);
    char *point = strchr(buffer, '.');
    if (point == NULL)
        return buffer;
    char *end = buffer + strlen(buffer);
    while (end > point + 1 && end[-1] == '0')
        *--end = '\0';
    if (end == point + 1)
        *point = '\0';
    return buffer;
}
