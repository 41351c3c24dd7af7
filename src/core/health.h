/* Figures against their limits, with hysteresis: a level is entered at its limit (>=) and left
 * below 95 % of it, so that a value on the edge does not ring. */
#ifndef RESUS_CORE_HEALTH_H
#define RESUS_CORE_HEALTH_H

#include "base/time.h"
#include "core/facts.h"
#include "core/policy.h"
#include "core/trend.h"

enum level_of { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL };

enum gauge {
    GAUGE_MEMORY,      /* MiB */
    GAUGE_CONNECTIONS, /* clients */
    GAUGE_CPU,         /* percent of one core */
    GAUGE_LATENCY,     /* ms, PING */
    GAUGE_ERRORS,      /* failed commands in the last hour */
    GAUGE_LOAD,        /* commands per second */
    GAUGE_COUNT
};

struct gauge_reading {
    double value;             /* < 0 = unknown */
    double warning, critical; /* the limits that held */
    enum level_of level;
};

struct health_levels {
    struct gauge_reading gauges[GAUGE_COUNT];
    bool memory_evicts; /* a full memory is normal: evictions are judged instead */
    bool memory_growing;
    struct trend memory_trend; /* of the lowest use of each hour */
    bool slow_queries;
};

#define HEALTH_HYSTERESIS 0.95
#define HEALTH_CPU_READINGS 8
#define HEALTH_CPU_LEAST_MS 5000   /* a shorter time than this is noise */
#define HEALTH_CPU_WINDOW_MS 32000 /* the processor time of these last seconds is judged */
#define HEALTH_CPU_GAP_MS 60000    /* a reading older than this says nothing about now */
#define HEALTH_CPU_AGAIN_MS 10000  /* high: it is read again this soon */
#define HEALTH_HOURS 24

/* What it remembers between two readings. */
struct health_state {
    struct health_levels levels;
    struct info_facts previous;
    bool has_previous;
    struct {
        mono_ms at;
        double seconds;
    } cpu[HEALTH_CPU_READINGS]; /* of one process, oldest first */
    int cpu_count;
    int64_t errors_at_minute[60]; /* error count (less the excused) at each minute of the last hour,
                                     FACT_UNKNOWN */
    int64_t errors_minute;        /* the wall minute of the newest entry */
    int64_t errors_own;           /* error replies that Resus itself caused, in all */
    int64_t memory_hour_low[HEALTH_HOURS]; /* lowest used_memory of each hour */
    int64_t memory_hour;                   /* the wall hour of the newest entry */
    int64_t slowlog_seen;                  /* slow log length at the last reading */
};

void health_reset(struct health_state *state);
/* A new INFO. `latency_ms`: the worst PING since the last one, < 0 unknown. */
void health_update(struct health_state *state, const struct thresholds *limits,
                   const struct info_facts *info, double latency_ms);
/* What is remembered of the hours before the first reading: lows of memory, oldest first, negative
 * = unknown, the last of Unix hour `hour`. */
void health_seed_memory(struct health_state *state, int64_t hour, const int64_t lows[HEALTH_HOURS]);
/* Error replies that Resus itself caused (a refused PING, CONFIG GET ...): not the users'.
 */
void health_own_errors(struct health_state *state, int count);
/* Failed commands in the last hour, FACT_UNKNOWN before the first reading. */
int64_t health_errors_last_hour(const struct health_state *state);
/* The worst level of all gauges. */
enum level_of health_worst(const struct health_levels *levels);

#endif
