/* Every key of the complete example in AutoBot's architecture document (appendix A), in our words.
 */
#ifndef RESUS_TESTS_SETTINGS_AUTOBOT_H
#define RESUS_TESTS_SETTINGS_AUTOBOT_H

static const char autobot_yaml[] =
    "redis_service_management:\n"
    "  service: {name: redis-server, systemd_unit: redis-server.service, host: redis,\n"
    "            ip: 172.16.168.23, port: 6380}\n"
    "  health_check:\n"
    "    enabled: true\n"
    "    interval_seconds: 31\n"
    "    timeout_seconds: 6\n"
    "    failure_threshold: 4\n"
    "    checks:\n"
    "      connectivity: {enabled: true, command: redis-cli PING, expected_output: PONG}\n"
    "      systemd: {enabled: true, command: systemctl is-active, expected_output: active}\n"
    "      performance:\n"
    "        enabled: true\n"
    "        thresholds: {memory_mb_warning: 1000, memory_mb_critical: 2000,\n"
    "          cpu_percent_warning: 71, cpu_percent_critical: 91,\n"
    "          connections_warning: 8001, connections_critical: 9501}\n"
    "  auto_recovery:\n"
    "    enabled: true\n"
    "    max_attempts: 4\n"
    "    retry_delay_seconds: 11\n"
    "    backoff_multiplier: 3\n"
    "    strategies:\n"
    "      soft: {enabled: true, command: sudo systemctl reload, timeout_seconds: 10}\n"
    "      hard: {enabled: true, command: sudo systemctl restart, timeout_seconds: 45}\n"
    "    notifications: {on_recovery_start: true, on_manual_intervention_required: true}\n"
    "    circuit_breaker: {enabled: true, failure_threshold: 5, timeout_seconds: 300,\n"
    "                      half_open_attempts: 1}\n"
    "  service_control:\n"
    "    operation_timeout_seconds: 30\n"
    "    allowed_operations: [start, stop]\n"
    "    commands: {start: sudo systemctl start redis-server}\n"
    "  permissions:\n"
    "    start: [admin, operator]\n"
    "    stop: [admin]\n"
    "    restart: [admin]\n"
    "    status: [admin, operator, viewer, anonymous]\n"
    "    health: [admin, operator, viewer, anonymous]\n"
    "    logs: [admin]\n"
    "  audit: {enabled: true, log_file: logs/audit/redis_service_management.log,\n"
    "          log_level: INFO, include_command_output: false, include_user_details: true,\n"
    "          rotate_logs: true, max_log_size_mb: 7, backup_count: 3}\n"
    "  cache: {enabled: true, ttl_seconds: 10, invalidate_on_operation: true}\n"
    "  websocket: {enabled: true, endpoint: /ws/services/redis/status}\n"
    "  alerts: {enabled: true, channels: {email: true}, recipients: {info: []}}\n"
    "  degraded_mode: {enabled: true, show_banner: true}\n";
#define AUTOBOT_WARNINGS 27

#endif
