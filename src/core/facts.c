#include "core/facts.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"

static const char *const reply_words[] = {
    [REPLY_NONE] = "none",
    [REPLY_PONG] = "PONG",
    [REPLY_LOADING] = "LOADING",
    [REPLY_BUSY] = "BUSY",
    [REPLY_MISCONF] = "MISCONF",
    [REPLY_MASTERDOWN] = "MASTERDOWN",
    [REPLY_NOAUTH] = "NOAUTH",
    [REPLY_WRONGPASS] = "WRONGPASS",
    [REPLY_NOPERM] = "NOPERM",
    [REPLY_DENIED] = "DENIED",
    [REPLY_MAXCLIENTS] = "MAXCLIENTS",
    [REPLY_OOM] = "OOM",
    [REPLY_READONLY] = "READONLY",
    [REPLY_UNKILLABLE] = "UNKILLABLE",
    [REPLY_NOTBUSY] = "NOTBUSY",
    [REPLY_ERROR] = "error",
    [REPLY_OTHER] = "other",
    [REPLY_GARBAGE] = "garbage",
    [REPLY_REFUSED] = "refused",
    [REPLY_UNREACHABLE] = "unreachable",
    [REPLY_NO_CONNECT] = "no_connect",
    [REPLY_SILENT] = "silent",
    [REPLY_CLOSED] = "closed",
    [REPLY_TLS_FAILED] = "tls_failed",
};
static_assert(ARRAY_LENGTH(reply_words) == REPLY_CLASS_COUNT, "a word for every reply class");

static const char *const active_words[] = {
    [UNIT_UNKNOWN] = "unknown",
    [UNIT_ACTIVE] = "active",
    [UNIT_RELOADING] = "reloading",
    [UNIT_INACTIVE] = "inactive",
    [UNIT_FAILED] = "failed",
    [UNIT_ACTIVATING] = "activating",
    [UNIT_DEACTIVATING] = "deactivating",
    [UNIT_NOT_FOUND] = "not-found",
};
static_assert(ARRAY_LENGTH(active_words) == UNIT_ACTIVE_COUNT, "a word for every unit state");

static const char *const result_words[] = {
    [RESULT_UNKNOWN] = "unknown",     [RESULT_SUCCESS] = "success",
    [RESULT_EXIT_CODE] = "exit-code", [RESULT_SIGNAL] = "signal",
    [RESULT_CORE_DUMP] = "core-dump", [RESULT_TIMEOUT] = "timeout",
    [RESULT_OOM_KILL] = "oom-kill",   [RESULT_START_LIMIT] = "start-limit-hit",
    [RESULT_PROTOCOL] = "protocol",   [RESULT_RESOURCES] = "resources",
    [RESULT_WATCHDOG] = "watchdog",   [RESULT_OTHER] = "other",
};
static_assert(ARRAY_LENGTH(result_words) == UNIT_RESULT_COUNT, "a word for every result");

static const char *const log_words[] = {
    [LOG_NONE] = "none",
    [LOG_CONFIG_ERROR] = "config_error",
    [LOG_PORT_IN_USE] = "port_in_use",
    [LOG_DATA_CORRUPT] = "data_corrupt",
    [LOG_PERMISSION_DENIED] = "permission_denied",
    [LOG_DISK_FULL] = "disk_full",
    [LOG_MODULE_MISSING] = "module_missing",
    [LOG_OUT_OF_MEMORY] = "out_of_memory",
    [LOG_CRASH] = "crash",
    [LOG_SAVE_FAILED] = "save_failed",
    [LOG_CANNOT_EXIT] = "cannot_exit",
    [LOG_SLOW_SCRIPT] = "slow_script",
    [LOG_START_LIMIT] = "start_limit",
    [LOG_START_TIMEOUT] = "start_timeout",
    [LOG_STOP_TIMEOUT] = "stop_timeout",
    [LOG_OOM_KILL] = "oom_kill",
    [LOG_CLEAN_EXIT] = "clean_exit",
    [LOG_READY] = "ready",
};
static_assert(ARRAY_LENGTH(log_words) == LOG_CLASS_COUNT, "a word for every log class");

const char *reply_class_word(enum reply_class reply)
{
    return reply < REPLY_CLASS_COUNT ? reply_words[reply] : "?";
}

const char *unit_active_word(enum unit_active active)
{
    return active < UNIT_ACTIVE_COUNT ? active_words[active] : "?";
}

const char *unit_result_word(enum unit_result result)
{
    return result < UNIT_RESULT_COUNT ? result_words[result] : "?";
}

const char *log_class_word(enum log_class class)
{
    return class < LOG_CLASS_COUNT ? log_words[class] : "?";
}

bool reply_answered(enum reply_class reply)
{
    switch (reply) {
    case REPLY_NONE:
    case REPLY_REFUSED:
    case REPLY_UNREACHABLE:
    case REPLY_NO_CONNECT:
    case REPLY_SILENT:
    case REPLY_CLOSED:
    case REPLY_TLS_FAILED:
    case REPLY_GARBAGE:
    case REPLY_CLASS_COUNT:
        return false;
    default:
        return true;
    }
}

void facts_info_reset(struct info_facts *info)
{
    *info = (struct info_facts){
        .process_id = FACT_UNKNOWN,
        .tcp_port = FACT_UNKNOWN,
        .uptime_seconds = FACT_UNKNOWN,
        .used_memory = FACT_UNKNOWN,
        .used_memory_rss = FACT_UNKNOWN,
        .used_memory_peak = FACT_UNKNOWN,
        .maxmemory = FACT_UNKNOWN,
        .system_memory = FACT_UNKNOWN,
        .fragmentation_ratio = FACT_UNKNOWN,
        .connected_clients = FACT_UNKNOWN,
        .maxclients = FACT_UNKNOWN,
        .blocked_clients = FACT_UNKNOWN,
        .rejected_connections = FACT_UNKNOWN,
        .ops_per_second = FACT_UNKNOWN,
        .commands_processed = FACT_UNKNOWN,
        .connections_received = FACT_UNKNOWN,
        .evicted_keys = FACT_UNKNOWN,
        .expired_keys = FACT_UNKNOWN,
        .keyspace_hits = FACT_UNKNOWN,
        .keyspace_misses = FACT_UNKNOWN,
        .error_replies = FACT_UNKNOWN,
        .cpu_seconds = FACT_UNKNOWN,
        .loading_percent = FACT_UNKNOWN,
        .loading_bytes = FACT_UNKNOWN,
        .loading_eta_seconds = FACT_UNKNOWN,
        .unsaved_changes = FACT_UNKNOWN,
        .master_port = FACT_UNKNOWN,
        .master_link_down_seconds = FACT_UNKNOWN,
        .master_sync_left_bytes = FACT_UNKNOWN,
        .full_syncs = FACT_UNKNOWN,
        .pause_left_ms = FACT_UNKNOWN,
        .last_save_unix = FACT_UNKNOWN,
        .last_save_seconds = FACT_UNKNOWN,
        .server_time_us = FACT_UNKNOWN,
        .saves = FACT_UNKNOWN,
        .connected_replicas = FACT_UNKNOWN,
        .busy_threshold_ms = FACT_UNKNOWN,
        .slowlog_length = FACT_UNKNOWN,
        .keys = FACT_UNKNOWN,
    };
}

bool facts_unit_has(const struct unit_facts *unit, int64_t process)
{
    for (int i = 0; i < unit->group_count; i++)
        if (unit->group[i] == process)
            return true;
    return false;
}

bool unit_runs(enum unit_active active)
{
    return active == UNIT_ACTIVE || active == UNIT_RELOADING;
}

enum tri facts_saved_since_start(const struct info_facts *info)
{
    if (info->saves == 0)
        return TRI_NO;
    if (info->last_save_unix <= 0 || info->server_time_us < 0 || info->uptime_seconds < 0)
        return TRI_UNKNOWN;
    int64_t start = info->server_time_us / 1000000 - info->uptime_seconds;
    if (info->last_save_unix > start + 1) /* the clock of whole seconds that Redis keeps lags */
        return TRI_YES;
    bool tried = info->saves > 0 || info->last_save_seconds >= 0;
    return tried && info->last_save_ok == TRI_YES ? TRI_YES : TRI_NO;
}

void facts_unit_reset(struct unit_facts *unit)
{
    *unit = (struct unit_facts){
        .main_pid = FACT_UNKNOWN,
        .exit_status = FACT_UNKNOWN,
        .exit_signal = FACT_UNKNOWN,
        .restarts = FACT_UNKNOWN,
        .timeout_start_us = FACT_UNKNOWN,
        .timeout_stop_us = FACT_UNKNOWN,
        .cpu_ms = FACT_UNKNOWN,
    };
}
