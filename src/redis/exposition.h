/* The figures of one INFO under the names of redis_exporter, so that dashboards and alarms made for
 * it work on Resus' /metrics. Left out are its names that `promtool check metrics` objects to
 * (durations in `_sec`). What the server does not report is NaN, empty or not in a list. Foreign
 * bytes: fuzzed. */
#ifndef RESUS_REDIS_EXPOSITION_H
#define RESUS_REDIS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPOSITION_METRICS_MAX 128
#define EXPOSITION_CLUSTER_MAX 16
/* Of lists whose length others decide; what goes beyond is left out. */
#define EXPOSITION_DATABASES_MAX 32
#define EXPOSITION_REPLICAS_MAX 16
#define EXPOSITION_ERRORS_MAX 16
#define EXPOSITION_COMMANDS_MAX 96 /* a server knows some 400 with subcommands, and is asked 20 */

enum figure_kind {
    FIGURE_GAUGE,
    FIGURE_COUNTER,
    FIGURE_MICROSECONDS, /* a gauge; the metric is in seconds */
    FIGURE_OF_PRIMARY    /* a gauge with the labels master_host and master_port */
};

struct exposition_metric {
    const char *field; /* of INFO; the table is sorted by it */
    const char *name;
    enum figure_kind kind;
    const char *help;
};
extern const struct exposition_metric exposition_metrics[];
extern const size_t exposition_metric_count;

/* Of what Redis says and redis_exporter has under two names, the second one. */
struct exposition_alias {
    const char *field; /* of the table above */
    const char *name, *help;
};
extern const struct exposition_alias exposition_aliases[];
extern const size_t exposition_alias_count;

struct exposition {
    bool known;
    double values[EXPOSITION_METRICS_MAX]; /* by place in the table; NaN = Redis did not say */
    int64_t start_unix; /* when the process started by the server's clock; -1 = it did not say */
    struct {
        int number;
        int64_t keys, expiring, average_ttl_ms; /* the last one -1 = not said */
    } databases[EXPOSITION_DATABASES_MAX];
    int database_count;
    bool keyspace; /* databases were listed: one that is not there is empty */
    struct exposition_replica {
        char ip[64], port[8], state[24];
        int64_t offset, lag_seconds; /* -1 = not said */
    } replicas[EXPOSITION_REPLICAS_MAX];
    int replica_count;
    struct exposition_error {
        char name[32];
        int64_t count;
    } errors[EXPOSITION_ERRORS_MAX];
    int error_count;
    char version[32], mode[16], role[16], os[64], policy[24], build[32];
    char process_id[16], run_id[48], tcp_port[8];
    char primary_host[64], primary_port[8], read_only[4]; /* of a replica */
};

/* Fills all of `ret` from the text of an INFO; words are cleaned. */
void exposition_read(const char *text, size_t length, struct exposition *ret);
/* The value of a field of the table, NaN = Redis did not say, or there is no such field. */
double exposition_value(const struct exposition *e, const char *field);

/* INFO commandstats: what each command was called for since the server started. */
struct exposition_commands {
    struct exposition_command {
        char name[32]; /* "get", "config|get" */
        int64_t calls, usec;
        int64_t rejected, failed; /* -1 = not said: before 6.2 */
    } items[EXPOSITION_COMMANDS_MAX];
    int count;
};

/* Replaces `commands`. Where the server knows more than there is room for, those that were in the
 * list before stay, so that no counter comes and goes, and then the most called ones are taken. */
void exposition_read_commands(const char *text, size_t length,
                              struct exposition_commands *commands);

/* CLUSTER INFO, which only a node of a cluster is asked for. */
struct exposition_cluster {
    bool known;
    double values[EXPOSITION_CLUSTER_MAX]; /* by place in the table; NaN = it did not say */
};
extern const struct exposition_metric exposition_cluster_metrics[];
extern const size_t exposition_cluster_metric_count;
void exposition_read_cluster(const char *text, size_t length, struct exposition_cluster *ret);

#endif
