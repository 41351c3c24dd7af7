/* The figures of one INFO under the names of redis_exporter, so that dashboards and alarms made for
 * it work on Resus' /metrics. Left out are its names that `promtool check metrics` objects to
 * (durations in `_sec`, sums that are declared gauges). */
#ifndef RESUS_REDIS_EXPOSITION_H
#define RESUS_REDIS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPOSITION_METRICS_MAX 96
#define EXPOSITION_DATABASES_MAX 32 /* further ones are left out */

struct exposition_metric {
    const char *field; /* of INFO; the table is sorted by it */
    const char *name;
    bool counter;
    const char *help;
};
extern const struct exposition_metric exposition_metrics[];
extern const size_t exposition_metric_count;

struct exposition {
    bool known;
    double values[EXPOSITION_METRICS_MAX]; /* by place in the table; NaN = Redis did not say */
    struct {
        int number;
        int64_t keys, expiring, average_ttl_ms;
    } databases[EXPOSITION_DATABASES_MAX];
    int database_count;
    char version[32], mode[16], role[16], os[64], policy[24], build[32];
};

/* Fills all of `ret` from the text of an INFO; words are cleaned. */
void exposition_read(const char *text, size_t length, struct exposition *ret);

#endif
