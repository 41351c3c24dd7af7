/* What Redis reports, under redis_exporter's names. */
#include <math.h>

#include "base/str.h"
#include "report/exposition_inside.h"

#define FIGURES_STALE_MS 300000
#define LABELS_MAX 1200 /* all that an instance reports about itself, every character escaped */

/* NULL while it does not answer, and where nothing is known of the process that answers. */
static const struct exposition *report_of(const struct exposition_text *x)
{
    bool fresh = wall_since(x->now.wall, x->reported.redis_at) < FIGURES_STALE_MS;
    return fresh ? x->reported.redis : NULL;
}

static void escape(const char *value, char to[LABEL_MAX])
{
    size_t at = 0;
    for (; *value != '\0' && at + 3 < LABEL_MAX; value++) {
        if (*value == '"' || *value == '\\')
            to[at++] = '\\';
        to[at++] = *value == '\n' ? ' ' : *value;
    }
    to[at] = '\0';
}

struct label {
    const char *name, *value;
};

static void line(struct exposition_text *x, const struct label *labels, size_t count, double number)
{
    char text[LABELS_MAX] = "";
    char value[LABEL_MAX];
    for (size_t i = 0; i < count; i++) {
        escape(labels[i].value, value);
        (void)str_append(text, sizeof text, "%s%s=\"%s\"", i == 0 ? "" : ",", labels[i].name,
                         value);
    }
    exposition_line(x, "", text, number);
}

void exposition_redis_up(struct exposition_text *x)
{
    exposition_line(x, "", NULL, x->reported.up);
}

void exposition_redis_start(struct exposition_text *x)
{
    const struct exposition *e = report_of(x);
    double uptime = e == NULL ? (double)NAN : exposition_value(e, "uptime_in_seconds");
    if (e == NULL)
        return;
    if (e->start_unix >= 0)
        exposition_line(x, "", NULL, (double)e->start_unix);
    else /* by our clock, where the server does not report its own */
        exposition_line(x, "", NULL, floor((double)x->reported.redis_at.ms / 1000.0) - uptime);
}

void exposition_redis_instance(struct exposition_text *x)
{
    const struct exposition *e = report_of(x);
    if (e == NULL)
        return;
    const struct label labels[] = {{"role", e->role},
                                   {"redis_version", e->version},
                                   {"redis_build_id", e->build},
                                   {"redis_mode", e->mode},
                                   {"os", e->os},
                                   {"maxmemory_policy", e->policy},
                                   {"tcp_port", e->tcp_port},
                                   {"run_id", e->run_id},
                                   {"process_id", e->process_id}};
    line(x, labels, ARRAY_LENGTH(labels), 1);
}

void exposition_redis_slave(struct exposition_text *x)
{
    const struct exposition *e = report_of(x);
    if (e == NULL || !str_equal(e->role, "slave"))
        return;
    const struct label labels[] = {{"master_host", e->primary_host},
                                   {"master_port", e->primary_port},
                                   {"read_only", e->read_only}};
    line(x, labels, ARRAY_LENGTH(labels), 1);
}

/* ── lists ── */

/* A database that is not listed has no keys. Of those, the first one is shown: a graph of an empty
 * Redis is a line at 0. */
static void databases(struct exposition_text *x, int part)
{
    const struct exposition *e = report_of(x);
    char label[32];
    bool first = false;
    for (int i = 0; e != NULL && i < e->database_count; i++) {
        int64_t ttl_ms = e->databases[i].average_ttl_ms;
        first |= e->databases[i].number == 0;
        (void)str_format(label, sizeof label, "db=\"db%d\"", e->databases[i].number);
        exposition_line(x, "", label,
                        part == 0     ? (double)e->databases[i].keys
                        : part == 1   ? (double)e->databases[i].expiring
                        : ttl_ms >= 0 ? (double)ttl_ms / 1000.0
                                      : (double)NAN);
    }
    if (e != NULL && e->keyspace && !first && part < 2)
        exposition_line(x, "", "db=\"db0\"", 0);
}

void exposition_redis_keys(struct exposition_text *x)
{
    databases(x, 0);
}

void exposition_redis_keys_expiring(struct exposition_text *x)
{
    databases(x, 1);
}

void exposition_redis_ttl(struct exposition_text *x)
{
    databases(x, 2);
}

static void replicas(struct exposition_text *x, bool lag)
{
    const struct exposition *e = report_of(x);
    for (int i = 0; e != NULL && i < e->replica_count; i++) {
        const struct exposition_replica *r = &e->replicas[i];
        const struct label labels[] = {
            {"slave_ip", r->ip}, {"slave_port", r->port}, {"slave_state", r->state}};
        int64_t number = lag ? r->lag_seconds : r->offset;
        if (number >= 0)
            line(x, labels, ARRAY_LENGTH(labels), (double)number);
    }
}

void exposition_redis_lag(struct exposition_text *x)
{
    replicas(x, true);
}

void exposition_redis_offset(struct exposition_text *x)
{
    replicas(x, false);
}

void exposition_redis_errors(struct exposition_text *x)
{
    const struct exposition *e = report_of(x);
    for (int i = 0; e != NULL && i < e->error_count; i++)
        line(x, &(struct label){"err", e->errors[i].name}, 1, (double)e->errors[i].count);
}

enum command_figure { CALLS, SECONDS, FAILED, REJECTED };

static void commands(struct exposition_text *x, enum command_figure figure)
{
    const struct exposition_commands *c = report_of(x) == NULL ? NULL : x->reported.commands;
    for (int i = 0; c != NULL && i < c->count; i++) {
        const struct exposition_command *one = &c->items[i];
        double numbers[] = {[CALLS] = (double)one->calls,
                            [SECONDS] = (double)one->usec / 1e6,
                            [FAILED] = one->failed < 0 ? (double)NAN : (double)one->failed,
                            [REJECTED] = one->rejected < 0 ? (double)NAN : (double)one->rejected};
        line(x, &(struct label){"cmd", one->name}, 1, numbers[figure]);
    }
}

void exposition_redis_commands(struct exposition_text *x)
{
    commands(x, CALLS);
}

void exposition_redis_command_seconds(struct exposition_text *x)
{
    commands(x, SECONDS);
}

void exposition_redis_command_failures(struct exposition_text *x)
{
    commands(x, FAILED);
}

void exposition_redis_command_refusals(struct exposition_text *x)
{
    commands(x, REJECTED);
}

/* ── one number each: of INFO, its aliases, of CLUSTER INFO ── */

size_t exposition_redis_count(void)
{
    return exposition_metric_count + exposition_alias_count + exposition_cluster_metric_count;
}

struct exposition_head exposition_redis_head(size_t i)
{
    const struct exposition_metric *m = &exposition_metrics[i];
    if (i >= exposition_metric_count) {
        i -= exposition_metric_count;
        if (i < exposition_alias_count)
            return (struct exposition_head){exposition_aliases[i].name, "gauge",
                                            exposition_aliases[i].help};
        m = &exposition_cluster_metrics[i - exposition_alias_count];
    }
    return (struct exposition_head){m->name, m->kind == FIGURE_COUNTER ? "counter" : "gauge",
                                    m->help};
}

void exposition_redis_number(struct exposition_text *x, size_t i)
{
    const struct exposition *e = report_of(x);
    if (e == NULL)
        return;
    if (i < exposition_metric_count) {
        const struct label primary[] = {{"master_host", e->primary_host},
                                        {"master_port", e->primary_port}};
        bool labelled = exposition_metrics[i].kind == FIGURE_OF_PRIMARY;
        if (labelled && !isnan(e->values[i]))
            line(x, primary, ARRAY_LENGTH(primary), e->values[i]);
        else
            exposition_line(x, "", NULL, e->values[i]);
        return;
    }
    i -= exposition_metric_count;
    if (i < exposition_alias_count)
        exposition_line(x, "", NULL, exposition_value(e, exposition_aliases[i].field));
    else if (x->reported.cluster != NULL)
        exposition_line(x, "", NULL, x->reported.cluster->values[i - exposition_alias_count]);
}
