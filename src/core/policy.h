/* The settings that decisions read: plain values, no text, no pointers. Defaults are contract.md
 * section 3's. settings/ fills them from YAML and checks the ranges; recovery values can be changed
 * at run time. */
#ifndef RESUS_CORE_POLICY_H
#define RESUS_CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* A limit pair; reached at >=. */
struct limit {
    double warning, critical;
};

struct thresholds {
    struct limit memory_mb; /* absolute; used when maxmemory is 0, or when `memory_set` */
    bool memory_set;        /* configuration names it: then it beats 75/100 % of maxmemory */
    struct limit connections;
    bool connections_set; /* the same against 80/95 % of maxclients */
    struct limit cpu_percent;
    struct limit response_time_ms;
    struct limit errors_per_hour;
    struct limit commands_per_second;
};

struct watch_policy {
    int64_t interval_ms;             /* full connectivity check, 30 s */
    int64_t timeout_ms;              /* of one PING, 5 s */
    int64_t failure_threshold;       /* 3 */
    int64_t pulse_interval_ms;       /* 1000; 0 = off */
    int64_t confirm_interval_ms;     /* 500 */
    int64_t systemd_interval_ms;     /* 60 s; the command's own deadline is 10 s */
    int64_t performance_interval_ms; /* 120 s; 15 s deadline */
    int64_t busy_alert_ms;           /* 30 s: a human is called for a long command */
    int64_t busy_limit_ms;           /* 0 = never: a long command is treated as a hang */
    int64_t blind_hang_ms;           /* 30 s of silence, when the process cannot be looked at */
    bool canary;                     /* the full check writes, reads and deletes a key; false */
    struct thresholds thresholds;
};

enum external_stop { EXTERNAL_STOP_RECOVER, EXTERNAL_STOP_RESPECT };

struct recovery_policy {
    bool enabled;
    int64_t max_attempts;      /* 3 */
    int64_t retry_delay_ms;    /* 10 s */
    double backoff_multiplier; /* 2 */
    enum external_stop external_stop;
    int64_t external_stop_grace_ms; /* 90 s */
    int64_t breaker_recoveries;     /* 3 */
    int64_t breaker_window_ms;      /* 300 s */
};

static inline struct watch_policy watch_policy_default(void)
{
    return (struct watch_policy){
        .interval_ms = 30000,
        .timeout_ms = 5000,
        .failure_threshold = 3,
        .pulse_interval_ms = 1000,
        .confirm_interval_ms = 500,
        .systemd_interval_ms = 60000,
        .performance_interval_ms = 120000,
        .busy_alert_ms = 30000,
        .busy_limit_ms = 0,
        .blind_hang_ms = 30000,
        .thresholds =
            {
                .memory_mb = {3072, 4096},
                .connections = {8000, 9500},
                .cpu_percent = {70, 90},
                .response_time_ms = {50, 100},
                .errors_per_hour = {10, 50},
                .commands_per_second = {10000, 50000},
            },
    };
}

static inline struct recovery_policy recovery_policy_default(void)
{
    return (struct recovery_policy){
        .enabled = true,
        .max_attempts = 3,
        .retry_delay_ms = 10000,
        .backoff_multiplier = 2,
        .external_stop = EXTERNAL_STOP_RECOVER,
        .external_stop_grace_ms = 90000,
        .breaker_recoveries = 3,
        .breaker_window_ms = 300000,
    };
}

#endif
