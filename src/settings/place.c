/* Where in the file the mappings stand. */
#include "settings/keys.h"

static const char *const place_paths[PLACE_COUNT] = {
    [PLACE_ROOT] = "",
    [PLACE_SERVER] = "server",
    [PLACE_SERVICE] = "services.ID",
    [PLACE_SSH] = "services.ID.ssh",
    [PLACE_REDIS] = "services.ID.redis",
    [PLACE_TLS] = "services.ID.redis.tls",
    [PLACE_PROCESS] = "services.ID.process",
    [PLACE_AFFECTED] = "services.ID.affected_services",
    [PLACE_HEALTH] = "health_check",
    [PLACE_CHECKS] = "health_check.checks",
    [PLACE_PERFORMANCE] = "health_check.checks.performance",
    [PLACE_THRESHOLDS] = "health_check.thresholds",
    [PLACE_RECOVERY] = "auto_recovery",
    [PLACE_BREAKER] = "auto_recovery.circuit_breaker",
    [PLACE_PERMISSIONS] = "permissions",
    [PLACE_AUDIT] = "audit",
    [PLACE_RATES] = "rate_limits",
    [PLACE_SECURITY] = "security",
    [PLACE_OIDC] = "oidc",
    [PLACE_METRICS] = "metrics",
    [PLACE_ALERTS] = "alerts",
    [PLACE_CHANNEL] = "alerts.channels.NAME",
    [PLACE_ROUTE] = "alerts.routes",
    [PLACE_HEARTBEAT] = "alerts.heartbeat",
    [PLACE_ESCALATION] = "escalation",
    [PLACE_LEVEL] = "escalation.levels",
    [PLACE_MAINTENANCE] = "maintenance",
    [PLACE_WINDOW] = "maintenance.windows",
    [PLACE_BACKUP] = "backup",
    [PLACE_BACKUP_KEEP] = "backup.keep",
    [PLACE_BACKUP_COPY] = "backup.copies",
    [PLACE_ENGINE] = "engine",
    [PLACE_FLEET] = "fleet",
};

const char *place_path(enum place place)
{
    return place_paths[place];
}
