#include "core/health.h"

#include "base/str.h"

#define MINUTE_MS 60000
#define HOUR_MS 3600000

void health_reset(struct health_state *state)
{
    *state =
        (struct health_state){.errors_minute = -1, .memory_hour = -1, .slowlog_seen = FACT_UNKNOWN};
    for (int i = 0; i < GAUGE_COUNT; i++)
        state->levels.gauges[i].value = FACT_UNKNOWN;
    for (int i = 0; i < 60; i++)
        state->errors_at_minute[i] = FACT_UNKNOWN;
    for (int i = 0; i < HEALTH_HOURS; i++)
        state->memory_hour_low[i] = FACT_UNKNOWN;
}

static void read_gauge(struct gauge_reading *g, double value, struct limit limit)
{
    enum level_of old = g->level;
    g->warning = limit.warning;
    g->critical = limit.critical;
    g->value = value;
    if (value < 0)
        return; /* unknown: the level stays until a reading is there */
    double keep_critical =
        old >= LEVEL_CRITICAL ? limit.critical * HEALTH_HYSTERESIS : limit.critical;
    double keep_warning = old >= LEVEL_WARNING ? limit.warning * HEALTH_HYSTERESIS : limit.warning;
    g->level = value >= keep_critical  ? LEVEL_CRITICAL
               : value >= keep_warning ? LEVEL_WARNING
                                       : LEVEL_OK;
}

static struct limit share(double whole, double warning, double critical)
{
    return (struct limit){whole * warning, whole * critical};
}

static void read_memory(struct health_state *state, const struct thresholds *limits,
                        const struct info_facts *info)
{
    struct health_levels *levels = &state->levels;
    struct limit limit = limits->memory_mb;
    if (!limits->memory_set && info->maxmemory > 0)
        limit = share((double)info->maxmemory / MIB, 0.75, 1.0);
    double value = info->used_memory < 0 ? FACT_UNKNOWN : (double)info->used_memory / MIB;
    read_gauge(&levels->gauges[GAUGE_MEMORY], value, limit);
    levels->memory_evicts = info->evicts && info->maxmemory > 0 && !limits->memory_set;
    if (levels->memory_evicts) {
        /* Full is what an evicting cache is for; keys pushed out since the last look are what
         * hurts. */
        bool evicting = state->has_previous && info->evicted_keys > state->previous.evicted_keys &&
                        state->previous.evicted_keys >= 0;
        levels->gauges[GAUGE_MEMORY].level = evicting ? LEVEL_WARNING : LEVEL_OK;
    }
}

static void keep_cpu(struct health_state *state, const struct info_facts *info)
{
    if (state->cpu_count == HEALTH_CPU_READINGS) {
        for (int i = 1; i < HEALTH_CPU_READINGS; i++)
            state->cpu[i - 1] = state->cpu[i];
        state->cpu_count--;
    }
    state->cpu[state->cpu_count].at = info->at;
    state->cpu[state->cpu_count++].seconds = info->cpu_seconds;
}

/* Over the last half minute. INFO is not answered while a script runs: what was used in that time
 * is not what is used now. */
static double cpu_percent(struct health_state *state, const struct info_facts *info)
{
    double percent = FACT_UNKNOWN;
    bool same = state->has_previous && info->process_id == state->previous.process_id;
    if (info->cpu_seconds < 0)
        return FACT_UNKNOWN;
    if (!same ||
        (state->cpu_count > 0 && info->cpu_seconds < state->cpu[state->cpu_count - 1].seconds))
        state->cpu_count = 0;
    /* The oldest of the window; without one, the newest before it. */
    for (int i = state->cpu_count - 1; i >= 0; i--) {
        int64_t ms = mono_since(info->at, state->cpu[i].at);
        bool within = ms >= HEALTH_CPU_LEAST_MS && ms <= HEALTH_CPU_WINDOW_MS;
        bool before = ms > HEALTH_CPU_WINDOW_MS && ms <= HEALTH_CPU_GAP_MS && percent < 0;
        if (within || before)
            percent = (info->cpu_seconds - state->cpu[i].seconds) * 100000.0 / (double)ms;
    }
    keep_cpu(state, info);
    return percent;
}

static void read_errors(struct health_state *state, const struct info_facts *info)
{
    if (info->error_replies < 0)
        return;
    bool restarted = state->has_previous && (info->error_replies < state->previous.error_replies ||
                                             !str_equal(info->run_id, state->previous.run_id));
    if (restarted)
        state->errors_own = 0; /* they were caused in the process before */
    int64_t count = info->error_replies - info->errors_excused - state->errors_own;
    int64_t minute = info->at_wall.ms / MINUTE_MS;
    if (state->errors_minute < 0 || restarted || minute < state->errors_minute ||
        minute > state->errors_minute + 59) {
        for (int i = 0; i < 60; i++)
            state->errors_at_minute[i] = FACT_UNKNOWN;
    } else {
        for (int64_t m = state->errors_minute + 1; m < minute; m++)
            state->errors_at_minute[m % 60] = FACT_UNKNOWN;
    }
    if (minute != state->errors_minute || state->errors_at_minute[minute % 60] == FACT_UNKNOWN)
        state->errors_at_minute[minute % 60] = count;
    state->errors_minute = minute;
}

int64_t health_errors_last_hour(const struct health_state *state)
{
    if (state->errors_minute < 0 || !state->has_previous || state->previous.error_replies < 0)
        return FACT_UNKNOWN;
    int64_t newest =
        state->previous.error_replies - state->previous.errors_excused - state->errors_own;
    for (int64_t back = 59; back >= 0; back--) {
        int64_t then = state->errors_at_minute[(state->errors_minute + 60 - back) % 60];
        if (then != FACT_UNKNOWN)
            return newest > then ? newest - then : 0;
    }
    return 0;
}

void health_own_errors(struct health_state *state, int count)
{
    state->errors_own += count;
}

static void judge_growth(struct health_state *state)
{
    int64_t lows[HEALTH_HOURS];
    for (int64_t i = 0; i < HEALTH_HOURS; i++)
        lows[i] = state->memory_hour_low[(state->memory_hour + 1 + i) % HEALTH_HOURS];
    state->levels.memory_trend = trend_of(lows, HEALTH_HOURS);
    state->levels.memory_growing = state->levels.memory_trend.growing;
}

void health_seed_memory(struct health_state *state, int64_t hour, const int64_t lows[HEALTH_HOURS])
{
    if (state->memory_hour < 0)
        state->memory_hour = hour;
    for (int64_t i = 0; i < HEALTH_HOURS; i++) {
        int64_t of = hour - (HEALTH_HOURS - 1) + i;
        if (of < 0 || of > state->memory_hour || of <= state->memory_hour - HEALTH_HOURS)
            continue;
        int64_t *low = &state->memory_hour_low[of % HEALTH_HOURS];
        if (lows[i] >= 0 && (*low == FACT_UNKNOWN || lows[i] < *low))
            *low = lows[i];
    }
    judge_growth(state);
}

static void read_growth(struct health_state *state, const struct info_facts *info)
{
    if (info->used_memory < 0)
        return;
    int64_t hour = info->at_wall.ms / HOUR_MS;
    if (state->memory_hour >= 0 &&
        (hour < state->memory_hour || hour > state->memory_hour + HEALTH_HOURS - 1))
        state->memory_hour = -1;
    if (state->memory_hour < 0)
        for (int i = 0; i < HEALTH_HOURS; i++)
            state->memory_hour_low[i] = FACT_UNKNOWN;
    else
        for (int64_t h = state->memory_hour + 1; h <= hour; h++)
            state->memory_hour_low[h % HEALTH_HOURS] = FACT_UNKNOWN;
    state->memory_hour = hour;
    int64_t *low = &state->memory_hour_low[hour % HEALTH_HOURS];
    if (*low == FACT_UNKNOWN || info->used_memory < *low)
        *low = info->used_memory;

    judge_growth(state);
}

void health_update(struct health_state *state, const struct thresholds *limits,
                   const struct info_facts *info, double latency_ms)
{
    struct health_levels *levels = &state->levels;
    read_memory(state, limits, info);
    struct limit connections = limits->connections;
    if (!limits->connections_set && info->maxclients > 0)
        connections = share((double)info->maxclients, 0.80, 0.95);
    read_gauge(&levels->gauges[GAUGE_CONNECTIONS], (double)info->connected_clients, connections);
    read_gauge(&levels->gauges[GAUGE_CPU], cpu_percent(state, info), limits->cpu_percent);
    read_gauge(&levels->gauges[GAUGE_LATENCY], latency_ms, limits->response_time_ms);
    read_gauge(&levels->gauges[GAUGE_LOAD], (double)info->ops_per_second,
               limits->commands_per_second);
    read_errors(state, info);
    read_growth(state, info);
    if (info->slowlog_length >= 0) {
        levels->slow_queries =
            state->slowlog_seen >= 0 && info->slowlog_length > state->slowlog_seen;
        state->slowlog_seen = info->slowlog_length;
    }
    state->previous = *info;
    state->has_previous = true;
    read_gauge(&levels->gauges[GAUGE_ERRORS], (double)health_errors_last_hour(state),
               limits->errors_per_hour);
}

enum level_of health_worst(const struct health_levels *levels)
{
    enum level_of worst = LEVEL_OK;
    for (int i = 0; i < GAUGE_COUNT; i++)
        if (levels->gauges[i].level > worst)
            worst = levels->gauges[i].level;
    return worst;
}
