#include "settings/keys.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "settings/keys_backup.h"
#include "settings/keys_fleet.h"

#define SIZE(type, member) sizeof(((type *)NULL)->member)
#define IN(base_, type, member)                                                                    \
    .base = (base_), .offset = offsetof(type, member), .size = SIZE(type, member)
#define SETTINGS(member) IN(BASE_SETTINGS, struct settings, member)
#define SERVICE(member) IN(BASE_SERVICE, struct service_settings, member)
#define WATCH(member) IN(BASE_WATCH, struct watch_policy, member)
#define RECOVERY(member) IN(BASE_RECOVERY, struct recovery_policy, member)
#define AFFECTED(member) IN(BASE_AFFECTED, struct affected_service, member)
#define CHANNEL(member) IN(BASE_CHANNEL, struct channel_settings, member)
#define ROUTE(member) IN(BASE_ROUTE, struct route_settings, member)
#define LEVEL(member) IN(BASE_LEVEL, struct level_settings, member)
#define WINDOW(member) IN(BASE_WINDOW, struct window_settings, member)
#define COPY(member) IN(BASE_COPY, struct copy_settings, member)
#define RANGE(low, high) .min = (low), .max = (high)
#define WATCH_FLAG(member) .flag = offsetof(struct watch_policy, member)
#define LATER "not supported by this version"

static const char *const control_words[] = {
    [CONTROL_SYSTEMD] = "systemd", [CONTROL_SSH] = "ssh", [CONTROL_PROCESS] = "process", NULL};
static const char *const via_words[] = {[VIA_DIRECT] = "direct", [VIA_SSH] = "ssh", NULL};
static const char *const command_words[] = {"default", "extended", NULL};
static const char *const external_stop_words[] = {
    [EXTERNAL_STOP_RECOVER] = "recover", [EXTERNAL_STOP_RESPECT] = "respect", NULL};
static const char *const compression_words[] = {"none", "gzip", NULL};
static const char *const rotate_words[] = {"size", NULL};
static const char *const status_words[] = {"login", "public", NULL}; /* into a bool: public? */
static const char *const service_status_words[] = {
    [STATUS_AS_SERVER] = "server", [STATUS_PUBLIC] = "public", [STATUS_LOGIN] = "login", NULL};
static const char *const metrics_words[] = {"viewer", "anonymous", NULL};
static const char *const mail_tls_words[] = {
    [MAIL_TLS_REQUIRED] = "required", [MAIL_TLS_NONE] = "none", NULL};
static const char *const region_words[] = {[PAGERDUTY_US] = "us", [PAGERDUTY_EU] = "eu", NULL};

static const char *const copy_words[] = {
    [COPY_FOLDER] = "folder", [COPY_SFTP] = "sftp", [COPY_S3] = "s3", NULL};

/* Within a place the rows are applied in this order, whatever the order in the file: `services`
 * comes after the sections that give its defaults. */
const struct key keys[] = {
    {PLACE_ROOT, "server", KEY_MAP, .child = PLACE_SERVER, .help = "the daemon itself"},
    {PLACE_ROOT, "health_check", KEY_MAP, .child = PLACE_HEALTH,
     .help = "how a service is watched; may also stand inside one service"},
    {PLACE_ROOT, "auto_recovery", KEY_MAP, .child = PLACE_RECOVERY,
     .help = "what is done by itself; may also stand inside one service"},
    {PLACE_ROOT, "permissions", KEY_MAP, .child = PLACE_PERMISSIONS,
     .help = "who may operate; may also stand inside one service"},
    {PLACE_ROOT, "backup", KEY_MAP, .child = PLACE_BACKUP,
     .help = "copies of the data (docs/backups.md); may also stand inside one service"},
    {PLACE_ROOT, "services", KEY_SERVICES, .child = PLACE_SERVICE,
     .help = "one entry a service, by its id (a-z, 0-9, _ and -, at most 63); without it there is "
             "one, `redis`"},
    {PLACE_ROOT, "service", KEY_MAP, .child = PLACE_SERVICE,
     .help = "a single service `redis`, in AutoBot's form; instead of `services`"},
    {PLACE_ROOT, "audit", KEY_MAP, .child = PLACE_AUDIT, .help = "the audit log"},
    {PLACE_ROOT, "redis_service_audit", KEY_MAP, .child = PLACE_AUDIT, .same_as = "audit"},
    {PLACE_ROOT, "rate_limits", KEY_MAP, .child = PLACE_RATES,
     .help = "requests a minute and user (anonymous: address); 0 = no limit"},
    {PLACE_ROOT, "security", KEY_MAP, .child = PLACE_SECURITY,
     .help = "what is out of the ordinary"},
    {PLACE_ROOT, "oidc", KEY_MAP, .child = PLACE_OIDC,
     .help = "a login server whose tokens are trusted, too"},
    {PLACE_ROOT, "metrics", KEY_MAP, .child = PLACE_METRICS, .help = "figures for Prometheus"},
    {PLACE_ROOT, "alerts", KEY_MAP, .child = PLACE_ALERTS,
     .help = "where messages go (docs/alerts.md)"},
    {PLACE_ROOT, "escalation", KEY_MAP, .child = PLACE_ESCALATION,
     .help = "who is called when no one reacts"},
    {PLACE_ROOT, "maintenance", KEY_MAP, .child = PLACE_MAINTENANCE,
     .help = "when work is planned, and how it is announced"},
    {PLACE_ROOT, "engine", KEY_MAP, .child = PLACE_ENGINE,
     .help = "this engine among the engines of a fleet"},
    {PLACE_ROOT, "fleet", KEY_MAP, .child = PLACE_FLEET,
     .help = "the etcd through which engines share their services"},
    {PLACE_ROOT, "redis_service_management", KEY_MAP, .child = PLACE_ROOT,
     .help = "all of the above may stand under this key, as in the runbook"},
    {PLACE_ROOT, "users", KEY_ALIEN, .help = LATER},
    {PLACE_ROOT, "service_control", KEY_ALIEN,
     .help = "commands, deadlines and the confirmation of a stop are fixed"},
    {PLACE_ROOT, "cache", KEY_ALIEN, .help = "answers come from the last check, nothing is cached"},
    {PLACE_ROOT, "websocket", KEY_ALIEN, .help = "live updates are always on"},
    {PLACE_ROOT, "degraded_mode", KEY_ALIEN,
     .help = "it describes AutoBot's own behaviour without Redis"},

    {PLACE_SERVER, "name", KEY_WORD, SETTINGS(server.name),
     .help = "of this Resus, in messages and their ids: A-Z a-z 0-9 . _ -, at most 63; the host "
             "name unless given"},
    {PLACE_SERVER, "external_url", KEY_URL, SETTINGS(server.external_url),
     .help = "the address at which people open the console, such as "
             "`https://resus.example.org`: with it, messages have links"},
    {PLACE_SERVER, "listen", KEY_LISTEN, SETTINGS(server.listen), .standard = "0.0.0.0:8443",
     .restart = true, .help = "address and port of the HTTPS server"},
    {PLACE_SERVER, "tls_certificate", KEY_PATH, SETTINGS(server.tls_certificate), .trusted = true,
     .help = "PEM, with its chain; a self-signed one is made when none is named"},
    {PLACE_SERVER, "tls_key", KEY_PATH, SETTINGS(server.tls_key), .trusted = true,
     .help = "PEM, readable by the owner alone"},
    {PLACE_SERVER, "hsts", KEY_BOOL, SETTINGS(server.hsts), .standard = "false",
     .help = "browsers are told to speak nothing but HTTPS with this name for a year; not for a "
             "self-signed certificate"},
    {PLACE_SERVER, "status_access", KEY_CHOICE, SETTINGS(server.public_status),
     .choices = status_words, .standard = "public",
     .help = "public: strangers see the services with their names and whether they are well; "
             "login: all but login, `/healthz` and `/readyz` needs a login; `status_access` of a "
             "service goes before"},
    {PLACE_SERVER, "public_status", KEY_BOOL, SETTINGS(server.public_status),
     .help = "the same as a truth: `true` is public, `false` login"},
    {PLACE_SERVER, "trusted_proxies", KEY_NETWORKS, SETTINGS(server.trusted_proxies),
     .help = "proxies in front of Resus: a list of addresses and networks, at most 64; only their "
             "`X-Forwarded-For` and `X-Forwarded-Proto` are read; none unless given"},
    {PLACE_SERVER, "state_dir", KEY_PATH, SETTINGS(server.state_dir), .trusted = true,
     .standard = "/var/lib/resus", .restart = true, .help = "folder of the state that survives"},
    {PLACE_SERVER, "control_socket", KEY_SOCKET, SETTINGS(server.control_socket),
     .standard = "/run/resus/control.sock", .restart = true,
     .help = "Unix socket of the command line, for group resus-admin; beside it is monitor.sock "
             "(PATH.monitor if its name is not control.sock), for resus-monitor"},

    {PLACE_SERVICE, "name", KEY_NAME, SERVICE(name), .help = "for people; the id unless given"},
    {PLACE_SERVICE, "group", KEY_NAME, SERVICE(group),
     .help = "the group that lists put the service in, at most 63 characters; none unless given"},
    {PLACE_SERVICE, "tags", KEY_TAGS, SERVICE(tags),
     .help = "words that lists are filtered by: a list of at most 16, each at most 31 characters"},
    {PLACE_SERVICE, "status_access", KEY_CHOICE, SERVICE(status_access),
     .choices = service_status_words, .standard = "server",
     .help = "what strangers see of it: public, whether it is well; login, not even that it is "
             "there; server, as `server.status_access` says"},
    {PLACE_SERVICE, "unit", KEY_UNIT, SERVICE(unit), .standard = "redis-server", .restart = true,
     .help = "the systemd unit: A-Z a-z 0-9 @ . _ -, at most 128"},
    {PLACE_SERVICE, "systemd_unit", KEY_UNIT, SERVICE(unit), .same_as = "unit"},
    {PLACE_SERVICE, "address", KEY_ADDRESS, .base = BASE_SERVICE,
     .offset = offsetof(struct service_settings, redis), .size = sizeof(struct redis_settings),
     .standard = "127.0.0.1:6379", .restart = true,
     .help = "where Redis listens: `host:port`, `[v6]:port` or `unix:/path`"},
    {PLACE_SERVICE, "ip", KEY_HOST, SERVICE(redis.host), .restart = true,
     .help = "the host of `address` alone (AutoBot's form)"},
    {PLACE_SERVICE, "port", KEY_INT, SERVICE(redis.port), RANGE(1, 65535), .restart = true,
     .help = "the port of `address` alone (AutoBot's form)"},
    {PLACE_SERVICE, "host", KEY_ALIEN,
     .help = "it names an entry of AutoBot's SSH configuration; give `control: ssh` and `ssh` to "
             "act on another machine"},
    {PLACE_SERVICE, "vm_name", KEY_TEXT, SERVICE(vm_name), .help = "the machine's name for people"},
    {PLACE_SERVICE, "control", KEY_CHOICE, SERVICE(control), .choices = control_words,
     .standard = "systemd", .restart = true,
     .help =
         "how Resus acts: systemd of this machine, over SSH, or Resus runs redis-server itself"},
    {PLACE_SERVICE, "commands", KEY_CHOICE, SERVICE(commands_extended), .choices = command_words,
     .standard = "default", .opens = OPENS_CONTROL,
     .help = "default: the runbook's seven commands; extended: more facts, more sudoers lines"},
    {PLACE_SERVICE, "restore_helper", KEY_BOOL, SERVICE(restore_helper), .standard = "false",
     .help = "restores by file of a unit: resus-restore-helper is installed on its host, and "
             "`resus sudoers` prints its lines too"},
    {PLACE_SERVICE, "log_file", KEY_PATH, SERVICE(log_file),
     .standard = "/var/log/redis/redis-server.log", .opens = OPENS_CONTROL,
     .help = "Redis' own log, read with `commands: extended` as its owner, redis; of a unit "
             "valkey*: /var/log/valkey/valkey-server.log, valkey; its times are local ones: they "
             "are read in the time zone of Resus' machine, and marked when they are another's"},
    {PLACE_SERVICE, "ssh", KEY_MAP, .child = PLACE_SSH,
     .help = "for `control: ssh` and `via: ssh`"},
    {PLACE_SERVICE, "redis", KEY_MAP, .child = PLACE_REDIS, .help = "how Resus talks to Redis"},
    {PLACE_SERVICE, "process", KEY_MAP, .child = PLACE_PROCESS, .help = "for `control: process`"},
    {PLACE_SERVICE, "affected_services", KEY_AFFECTED, SERVICE(affected), .child = PLACE_AFFECTED,
     .help = "who suffers when it stops: a list of names, or of `{name, url}`; at most 32"},
    {PLACE_SERVICE, "health_check", KEY_MAP, .child = PLACE_HEALTH,
     .help = "overrides the top level for this service"},
    {PLACE_SERVICE, "auto_recovery", KEY_MAP, .child = PLACE_RECOVERY,
     .help = "overrides the top level for this service"},
    {PLACE_SERVICE, "permissions", KEY_MAP, .child = PLACE_PERMISSIONS,
     .help = "overrides the top level for this service"},
    {PLACE_SERVICE, "backup", KEY_MAP, .child = PLACE_BACKUP,
     .help = "overrides the top level for this service"},

    {PLACE_SSH, "host", KEY_HOST, SERVICE(ssh.host), .restart = true, .help = "required"},
    {PLACE_SSH, "port", KEY_INT, SERVICE(ssh.port), RANGE(1, 65535), .standard = "22",
     .restart = true, .help = "of the SSH server"},
    {PLACE_SSH, "user", KEY_USER, SERVICE(ssh.user), .restart = true, .help = "required"},
    {PLACE_SSH, "key", KEY_PATH, SERVICE(ssh.key), .trusted = true, .opens = OPENS_CONTROL,
     .help = "required; the private key, mode 600, Ed25519 or RSA of 4096 bits and more"},
    {PLACE_SSH, "known_hosts", KEY_PATH, SERVICE(ssh.known_hosts), .trusted = true,
     .standard = "/etc/resus/known_hosts", .opens = OPENS_CONTROL,
     .help = "the host's key must stand here"},
    {PLACE_SSH, "old_key_hours", KEY_INT, SERVICE(ssh.old_key_hours), RANGE(0, 8760),
     .standard = "24",
     .help =
         "how long `resus key rotate` keeps the key before, then looks whether it still logs in"},

    {PLACE_REDIS, "username", KEY_TEXT, SERVICE(redis.username), .opens = OPENS_REDIS,
     .help = "ACL user; without it the password alone is sent"},
    {PLACE_REDIS, "password_file", KEY_PATH, SERVICE(redis.password_file), .trusted = true,
     .opens = OPENS_REDIS, .help = "file with the password, mode 600; without it no AUTH"},
    {PLACE_REDIS, "via", KEY_CHOICE, SERVICE(redis.via), .choices = via_words, .standard = "direct",
     .restart = true,
     .help = "ssh: through a tunnel, to a Redis that listens on its own loopback only"},
    {PLACE_REDIS, "tls", KEY_MAP, .child = PLACE_TLS, .help = "present: TLS is on"},

    {PLACE_TLS, "enabled", KEY_BOOL, SERVICE(redis.tls.enabled), .opens = OPENS_REDIS,
     .help = "true as soon as `tls` is there"},
    {PLACE_TLS, "ca_file", KEY_PATH, SERVICE(redis.tls.ca_file), .trusted = true,
     .opens = OPENS_REDIS, .help = "PEM; the system's store unless given"},
    {PLACE_TLS, "certificate", KEY_PATH, SERVICE(redis.tls.certificate), .trusted = true,
     .opens = OPENS_REDIS, .help = "Resus' own certificate, for servers that ask for one"},
    {PLACE_TLS, "key", KEY_PATH, SERVICE(redis.tls.key), .trusted = true, .opens = OPENS_REDIS,
     .help = "its private key"},
    {PLACE_TLS, "server_name", KEY_HOST, SERVICE(redis.tls.server_name), .opens = OPENS_REDIS,
     .help = "the name in the server's certificate; the host of `address` unless given"},

    {PLACE_PROCESS, "program", KEY_PROGRAM, SERVICE(process.program), .standard = "redis-server",
     .restart = true, .help = "looked up in PATH when it has no slash"},
    {PLACE_PROCESS, "user", KEY_USER, SERVICE(process.user), .restart = true,
     .help = "the account that Redis runs as; that of Resus unless given, which needs root to run "
             "it as another"},
    {PLACE_PROCESS, "config_file", KEY_PATH, SERVICE(process.config_file), .trusted = true,
     .restart = true, .help = "redis.conf; none unless given"},
    {PLACE_PROCESS, "directory", KEY_PATH, SERVICE(process.directory), .trusted = true,
     .restart = true,
     .help = "working folder, with the log; `services/ID` in `state_dir` unless given"},

    {PLACE_AFFECTED, "name", KEY_NAME, AFFECTED(name), .help = "required"},
    {PLACE_AFFECTED, "url", KEY_URL, AFFECTED(url),
     .help = "asked (GET) after operations and recoveries; 2xx means that it recovered; redirects "
             "are followed to the same host and protocol only"},

    {PLACE_HEALTH, "interval_seconds", KEY_SECONDS, WATCH(interval_ms), RANGE(1, 3600),
     .standard = "30", .help = "between two full connectivity checks"},
    {PLACE_HEALTH, "timeout_seconds", KEY_SECONDS, WATCH(timeout_ms), RANGE(0.1, 60),
     .standard = "5", .help = "of one PING"},
    {PLACE_HEALTH, "failure_threshold", KEY_INT, WATCH(failure_threshold), RANGE(1, 100),
     .standard = "3", .help = "failed checks in a row that make it certain"},
    {PLACE_HEALTH, "pulse_interval_ms", KEY_INT_OR_0, WATCH(pulse_interval_ms), RANGE(50, 60000),
     .standard = "1000", .help = "PING on the kept connection between the checks; 0 = off"},
    {PLACE_HEALTH, "confirm_interval_ms", KEY_INT, WATCH(confirm_interval_ms), RANGE(50, 60000),
     .standard = "500", .help = "between the starts of the probes that confirm a failure"},
    {PLACE_HEALTH, "systemd_interval_seconds", KEY_SECONDS, WATCH(systemd_interval_ms),
     RANGE(1, 3600), .standard = "60",
     .help =
         "between two looks at the unit; systemd is asked three times as often, but no more often "
         "than every 20 s, so that one that does not answer is named within half a minute"},
    {PLACE_HEALTH, "performance_interval_seconds", KEY_SECONDS, WATCH(performance_interval_ms),
     RANGE(1, 86400), .standard = "120", .help = "between two performance checks"},
    {PLACE_HEALTH, "busy_alert_seconds", KEY_SECONDS, WATCH(busy_alert_ms), RANGE(0, 86400),
     .standard = "30", .help = "a long command may run before a human is called"},
    {PLACE_HEALTH, "busy_limit_seconds", KEY_SECONDS, WATCH(busy_limit_ms), RANGE(0, 604800),
     .standard = "0", .help = "after which a long command is treated as a hang; 0 = never"},
    {PLACE_HEALTH, "blind_hang_seconds", KEY_SECONDS, WATCH(blind_hang_ms), RANGE(10, 3600),
     .standard = "30",
     .help = "of silence before a hang is believed without evidence from the host"},
    {PLACE_HEALTH, "canary", KEY_BOOL, WATCH(canary), .standard = "false",
     .help = "the full check also writes, reads and deletes the key `resus:canary:ID` (database 0, "
             "it expires after 60 s), as an application does; never on a replica"},
    {PLACE_HEALTH, "thresholds", KEY_MAP, .child = PLACE_THRESHOLDS,
     .help = "reached at this value and above; a warning may not lie above its critical"},
    {PLACE_HEALTH, "checks", KEY_MAP, .child = PLACE_CHECKS, .help = "AutoBot's form"},
    {PLACE_HEALTH, "enabled", KEY_ALIEN,
     .help = "watching is always on; `resus pause` withholds recovery"},

    {PLACE_CHECKS, "connectivity", KEY_ALIEN,
     .help = "the check is always on and its command fixed"},
    {PLACE_CHECKS, "systemd", KEY_ALIEN, .help = "the check is always on and its command fixed"},
    {PLACE_CHECKS, "performance", KEY_MAP, .child = PLACE_PERFORMANCE, .help = "AutoBot's form"},
    {PLACE_PERFORMANCE, "thresholds", KEY_MAP, .child = PLACE_THRESHOLDS,
     .help = "as `health_check.thresholds`"},
    {PLACE_PERFORMANCE, "enabled", KEY_ALIEN, .help = "the check is always on"},

#define THRESHOLD(name_, member, low, high, text, ...)                                             \
    {                                                                                              \
        PLACE_THRESHOLDS, name_, KEY_REAL, WATCH(thresholds.member), RANGE(low, high),             \
            .standard = (text), __VA_ARGS__                                                        \
    }
    THRESHOLD("memory_mb_warning", memory_mb.warning, 1, 1e9, "3072",
              WATCH_FLAG(thresholds.memory_set), .help = "MiB; 75 % of maxmemory unless set here"),
    THRESHOLD("memory_mb_critical", memory_mb.critical, 1, 1e9, "4096",
              WATCH_FLAG(thresholds.memory_set), .help = "MiB; 100 % of maxmemory unless set here"),
    THRESHOLD("cpu_percent_warning", cpu_percent.warning, 1, 10000, "70", .help = "100 = one core"),
    THRESHOLD("cpu_percent_critical", cpu_percent.critical, 1, 10000, "90",
              .help = "100 = one core"),
    THRESHOLD("connections_warning", connections.warning, 1, 1e7, "8000",
              WATCH_FLAG(thresholds.connections_set), .help = "80 % of maxclients unless set here"),
    THRESHOLD("connections_critical", connections.critical, 1, 1e7, "9500",
              WATCH_FLAG(thresholds.connections_set), .help = "95 % of maxclients unless set here"),
    THRESHOLD("response_time_ms_warning", response_time_ms.warning, 0.01, 60000, "50",
              .help = "of a PING"),
    THRESHOLD("response_time_ms_critical", response_time_ms.critical, 0.01, 60000, "100",
              .help = "of a PING"),
    THRESHOLD("errors_per_hour_warning", errors_per_hour.warning, 1, 1e9, "10",
              .help = "failed commands"),
    THRESHOLD("errors_per_hour_critical", errors_per_hour.critical, 1, 1e9, "50",
              .help = "failed commands"),
    THRESHOLD("commands_per_second_warning", commands_per_second.warning, 1, 1e9, "10000",
              .help = "the server's own figure"),
    THRESHOLD("commands_per_second_critical", commands_per_second.critical, 1, 1e9, "50000",
              .help = "the server's own figure"),

    {PLACE_RECOVERY, "enabled", KEY_BOOL, RECOVERY(enabled), .standard = "true",
     .help = "false: Resus only watches and reports"},
    {PLACE_RECOVERY, "max_attempts", KEY_INT, RECOVERY(max_attempts), RANGE(1, 10), .standard = "3",
     .help = "for one failure; then a person is called"},
    {PLACE_RECOVERY, "retry_delay_seconds", KEY_SECONDS, RECOVERY(retry_delay_ms), RANGE(0, 3600),
     .standard = "10", .help = "after an attempt that took effect; nothing waits before the first"},
    {PLACE_RECOVERY, "backoff_multiplier", KEY_REAL, RECOVERY(backoff_multiplier), RANGE(1, 10),
     .standard = "2", .help = "each delay is that many times the one before"},
    {PLACE_RECOVERY, "external_stop", KEY_CHOICE, RECOVERY(external_stop),
     .choices = external_stop_words, .standard = "recover",
     .help = "a service that was stopped on the host, not through Resus: start it after the grace, "
             "or leave it"},
    {PLACE_RECOVERY, "external_stop_grace_seconds", KEY_SECONDS, RECOVERY(external_stop_grace_ms),
     RANGE(0, 86400), .standard = "90",
     .help = "time for whoever is replacing a file or upgrading"},
    {PLACE_RECOVERY, "circuit_breaker", KEY_MAP, .child = PLACE_BREAKER,
     .help = "so many recoveries within the window switch recovery off until an admin resets it"},
    {PLACE_RECOVERY, "strategies", KEY_ALIEN,
     .help = "the levels soft, standard and hard, their commands and deadlines are fixed"},
    {PLACE_RECOVERY, "notifications", KEY_ALIEN, .help = "every recovery is announced"},
    {PLACE_RECOVERY, "notify_on_recovery", KEY_ALIEN, .help = "every recovery is announced"},

    {PLACE_BREAKER, "recoveries", KEY_INT, RECOVERY(breaker_recoveries), RANGE(1, 8),
     .standard = "3", .help = "so many of them"},
    {PLACE_BREAKER, "window_seconds", KEY_SECONDS, RECOVERY(breaker_window_ms), RANGE(1, 86400),
     .standard = "300", .help = "within this time"},
    {PLACE_BREAKER, "enabled", KEY_ALIEN, .help = "the breaker is always on"},
    {PLACE_BREAKER, "failure_threshold", KEY_ALIEN,
     .help = "`recoveries` within `window_seconds` open it"},
    {PLACE_BREAKER, "timeout_seconds", KEY_ALIEN, .help = "it stays open until an admin resets it"},
    {PLACE_BREAKER, "half_open_attempts", KEY_ALIEN,
     .help = "it stays open until an admin resets it"},

    {PLACE_PERMISSIONS, "start", KEY_ROLES, SERVICE(start_operator),
     .standard = "[admin, operator]", .help = "admin, and operator where listed"},
    {PLACE_PERMISSIONS, "stop", KEY_ROLES, SERVICE(stop_operator), .standard = "[admin]",
     .help = "admin, and operator where listed"},
    {PLACE_PERMISSIONS, "restart", KEY_ROLES, SERVICE(restart_operator),
     .standard = "[admin, operator]", .help = "admin, and operator where listed"},
    {PLACE_PERMISSIONS, "status", KEY_ALIEN, .help = "everybody may see it"},
    {PLACE_PERMISSIONS, "health", KEY_ALIEN, .help = "everybody may see it"},
    {PLACE_PERMISSIONS, "logs", KEY_ALIEN, .help = "logs are for admins"},

    {PLACE_AUDIT, "file", KEY_PATH, SETTINGS(audit.file), .standard = "/var/log/resus/audit.log",
     .restart = true, .help = "one JSON object a line"},
    {PLACE_AUDIT, "log_file", KEY_PATH, SETTINGS(audit.file), .same_as = "file"},
    {PLACE_AUDIT, "max_size", KEY_SIZE, SETTINGS(audit.max_size),
     RANGE(4096, 900.0 * 1024 * 1024 * 1024), .standard = "100MB", .restart = true,
     .help = "rotated when it would grow beyond"},
    {PLACE_AUDIT, "max_log_size_mb", KEY_MEGABYTES, SETTINGS(audit.max_size), RANGE(1, 900000),
     .same_as = "max_size"},
    {PLACE_AUDIT, "backup_count", KEY_INT, SETTINGS(audit.backup_count), RANGE(0, 100),
     .standard = "10", .restart = true, .help = "old files that are kept"},
    {PLACE_AUDIT, "keep_days", KEY_INT, SETTINGS(audit.keep_days), RANGE(0, 3650), .standard = "30",
     .restart = true,
     .help =
         "rotation never removes younger lines. It keeps more files than `backup_count` instead, "
         "and people's operations are refused until there is room; 0 = no limit"},
    {PLACE_AUDIT, "compression", KEY_CHOICE, SETTINGS(audit.gzip), .choices = compression_words,
     .standard = "gzip", .restart = true, .help = "of old files"},
    {PLACE_AUDIT, "rotate_on", KEY_CHOICE, .choices = rotate_words,
     .help = "it is always the size"},
    {PLACE_AUDIT, "syslog", KEY_LISTEN, SETTINGS(audit.syslog), .restart = true,
     .help =
         "host:port of a syslog server (RFC 5424 over TLS, usually port 6514) that receives the "
         "seq and hash of the last line each minute"},
    {PLACE_AUDIT, "syslog_ca_file", KEY_PATH, SETTINGS(audit.syslog_ca), .trusted = true,
     .restart = true, .help = "CA certificates (PEM) for it; by default those of the system"},
    {PLACE_AUDIT, "syslog_certificate", KEY_PATH, SETTINGS(audit.syslog_certificate),
     .trusted = true, .restart = true, .help = "client certificate (PEM), with `syslog_key`"},
    {PLACE_AUDIT, "syslog_key", KEY_PATH, SETTINGS(audit.syslog_key), .trusted = true,
     .restart = true, .help = "key of the client certificate (PEM)"},
    {PLACE_AUDIT, "enabled", KEY_ALIEN, .help = "the audit log is always on"},
    {PLACE_AUDIT, "log_level", KEY_ALIEN, .help = "everything is written"},
    {PLACE_AUDIT, "include_command_output", KEY_ALIEN, .help = "the lines' form is fixed"},
    {PLACE_AUDIT, "include_user_details", KEY_ALIEN, .help = "the lines' form is fixed"},
    {PLACE_AUDIT, "rotate_logs", KEY_ALIEN, .help = "`max_size` and `backup_count` say when"},

#define RATE(name_, text)                                                                          \
    {                                                                                              \
        PLACE_RATES, #name_, KEY_INT, SETTINGS(rate_limits.name_), RANGE(0, 100000),               \
            .standard = (text)                                                                     \
    }
    RATE(start, "10"),
    RATE(stop, "5"),
    RATE(restart, "10"),
    RATE(status, "60"),
    RATE(health, "60"),
    RATE(logs, "20"),

    {PLACE_SECURITY, "expected_addresses", KEY_NETWORKS, SETTINGS(security.expected_addresses),
     .help = "operations from elsewhere raise an alert: a list of addresses and networks such as "
             "10.0.0.0/8, at most 64; none: all are expected"},
    {PLACE_SECURITY, "business_hours", KEY_HOURS, SETTINGS(security.business_hours),
     .help = "such as \"Mon-Fri 08:00-18:00\"; none: any hour is"},
    {PLACE_SECURITY, "timezone", KEY_ZONE, SETTINGS(security.timezone),
     .help = "such as Europe/Berlin; UTC unless given"},
    {PLACE_SECURITY, "lockout_failures", KEY_INT_OR_0, SETTINGS(security.lockout_failures),
     RANGE(3, 1000), .standard = "0",
     .help = "failed logins that lock an account; 0: never (tries are slowed down in any case); "
             "the last admin is never locked"},
    {PLACE_SECURITY, "lockout_seconds", KEY_SECONDS, SETTINGS(security.lockout_ms),
     RANGE(60, 86400), .standard = "900", .help = "for how long"},
    {PLACE_SECURITY, "require_totp", KEY_ROLE_SET, SETTINGS(security.require_totp),
     .help =
         "roles that need two-factor login, such as [admin]: a user of theirs without it may log "
         "in only to set it up"},
    {PLACE_SECURITY, "session_idle_seconds", KEY_SECONDS, SETTINGS(security.session_idle_ms),
     RANGE(60, 86400), .standard = "1800",
     .help = "a login ends after so long without use; an open, visible console counts as use"},
    {PLACE_SECURITY, "session_lifetime_seconds", KEY_SECONDS,
     SETTINGS(security.session_lifetime_ms), RANGE(300, 604800), .standard = "3600",
     .help = "and it ends after so long in any case; what has to last for days is an API token"},

    {PLACE_OIDC, "issuer", KEY_URL, SETTINGS(oidc.issuer),
     .help = "the tokens' `iss`, exactly as they have it"},
    {PLACE_OIDC, "audience", KEY_NAME, SETTINGS(oidc.audience),
     .help = "must be among the tokens' `aud`"},
    {PLACE_OIDC, "jwks_url", KEY_URL, SETTINGS(oidc.jwks_url),
     .help = "where the issuer's keys are fetched, https only"},
    {PLACE_OIDC, "jwks_file", KEY_PATH, SETTINGS(oidc.jwks_file), .trusted = true,
     .help = "or a file with them"},
    {PLACE_OIDC, "ca_file", KEY_PATH, SETTINGS(oidc.ca_file), .trusted = true,
     .help = "PEM, for `jwks_url`; the system's store unless given"},
    {PLACE_OIDC, "role_claim", KEY_NAME, SETTINGS(oidc.role_claim), .standard = "roles",
     .help = "the claim that gives the role: a text or a list of texts; dots lead into it, as in "
             "`realm_access.roles`"},
    {PLACE_OIDC, "admin", KEY_NAME, SETTINGS(oidc.admin), .standard = "resus-admin",
     .help = "what the claim holds for an admin"},
    {PLACE_OIDC, "operator", KEY_NAME, SETTINGS(oidc.operator), .standard = "resus-operator",
     .help = "for an operator"},
    {PLACE_OIDC, "viewer", KEY_NAME, SETTINGS(oidc.viewer), .standard = "resus-viewer",
     .help = "for a viewer; without any of them the login is refused"},

    {PLACE_METRICS, "access", KEY_CHOICE, SETTINGS(metrics_anonymous), .choices = metrics_words,
     .standard = "viewer",
     .help = "who may read `/metrics`: viewers and up, or everybody who reaches the port"},

    {PLACE_ALERTS, "channels", KEY_CHANNELS, .child = PLACE_CHANNEL,
     .help = "one entry a channel, by a name of your choice; at most 64"},
    {PLACE_ALERTS, "routes", KEY_ROUTES, .child = PLACE_ROUTE,
     .help = "a list, at most 64: the first route that fits names the channels; without it P1 goes "
             "to all channels, P2 to all but pagerduty, P3 and P4 to smtp"},
    {PLACE_ALERTS, "page_after_seconds", KEY_SECONDS, SETTINGS(alerts.page_after_ms),
     RANGE(0, 3600), .standard = "60",
     .help = "a page waits this long while recovery can still help"},
    {PLACE_ALERTS, "resolve_after_seconds", KEY_SECONDS, SETTINGS(alerts.resolve_after_ms),
     RANGE(1, 86400), .standard = "120", .help = "so long a service must be well again"},
    {PLACE_ALERTS, "heartbeat", KEY_MAP, .child = PLACE_HEARTBEAT,
     .help = "requests to a service that calls people when they stop"},
    {PLACE_ALERTS, "daily_summary", KEY_CLOCK, SETTINGS(alerts.daily_summary),
     .help = "when the summary of the last day is mailed, `\"07:00\"` in `security.timezone`"},
    {PLACE_ALERTS, "weekly_report", KEY_WEEKLY, SETTINGS(alerts.weekly_report),
     .help = "when the report of the last week is mailed, `\"Mon 07:00\"`"},
    {PLACE_ALERTS, "link", KEY_URL, SETTINGS(alerts.link),
     .help = "the address of the console in messages, where it is not `server.external_url`"},
    {PLACE_ALERTS, "enabled", KEY_ALIEN, .help = "alerts are on as soon as there is a channel"},
    {PLACE_ALERTS, "recipients", KEY_ALIEN, .help = "give `to` in a channel of type smtp"},

    {PLACE_CHANNEL, "type", KEY_CHOICE, CHANNEL(type), .choices = channel_words,
     .help = "required"},
    {PLACE_CHANNEL, "url", KEY_TEXT, CHANNEL(url),
     .help = "smtp: `smtp://host:587` or `smtps://host`; others: http:// or https://; pagerduty: "
             "only for another receiver of its events"},
    {PLACE_CHANNEL, "url_file", KEY_PATH, CHANNEL(url_file), .trusted = true,
     .help = "slack, teams, webhook: a file with the address, mode 600, because it is a secret"},
    {PLACE_CHANNEL, "proxy", KEY_PROXY, CHANNEL(proxy),
     .help = "http://, https:// or socks5:// and host:port; never taken from the environment"},
    {PLACE_CHANNEL, "ca_file", KEY_PATH, CHANNEL(ca_file), .trusted = true,
     .help = "PEM; the system's store unless given"},
    {PLACE_CHANNEL, "timeout_seconds", KEY_SECONDS, CHANNEL(timeout_ms), RANGE(1, 300),
     .help = "for one attempt in all; 15 unless given, 30 for webhook, 60 for smtp"},
    {PLACE_CHANNEL, "send_resolved", KEY_BOOL, CHANNEL(send_resolved), .standard = "true",
     .help = "say when it is over"},
    {PLACE_CHANNEL, "log_lines", KEY_BOOL, CHANNEL(log_lines), .standard = "false",
     .help = "lines of Redis' log too: only where admins alone read"},
    {PLACE_CHANNEL, "from", KEY_MAILBOX, CHANNEL(from), .help = "smtp, required"},
    {PLACE_CHANNEL, "to", KEY_MAILBOXES, CHANNEL(to),
     .help = "smtp, required: a list of addresses, at most 32"},
    {PLACE_CHANNEL, "username", KEY_TEXT, CHANNEL(username),
     .help = "smtp: the login, with `password_file`"},
    {PLACE_CHANNEL, "password_file", KEY_PATH, CHANNEL(password_file), .trusted = true,
     .help = "smtp: a file with the password, mode 600"},
    {PLACE_CHANNEL, "tls", KEY_CHOICE, CHANNEL(tls), .choices = mail_tls_words,
     .standard = "required", .help = "smtp: none is for a server on this machine only"},
    {PLACE_CHANNEL, "routing_key_file", KEY_PATH, CHANNEL(routing_key_file), .trusted = true,
     .help = "pagerduty, required: a file with the integration key, mode 600"},
    {PLACE_CHANNEL, "region", KEY_CHOICE, CHANNEL(region), .choices = region_words,
     .standard = "us", .help = "pagerduty: where the account is"},
    {PLACE_CHANNEL, "secret_file", KEY_PATH, CHANNEL(secret_file), .trusted = true,
     .help = "webhook, required: a file with `whsec_...`, mode 600; two lines while the secret is "
             "exchanged"},

    {PLACE_ROUTE, "severities", KEY_SEVERITIES, ROUTE(severities),
     .help = "a list of P1, P2, P3, P4; all unless given"},
    {PLACE_ROUTE, "services", KEY_PATTERNS, ROUTE(services),
     .help = "a list of services' ids, or `\"*\"`; all unless given; at most 64"},
    {PLACE_ROUTE, "channels", KEY_TARGETS, ROUTE(channels),
     .help = "required: a list of channels; an empty list sends nothing"},

    {PLACE_HEARTBEAT, "url", KEY_URL, SETTINGS(alerts.heartbeat.url), .help = "one of the two"},
    {PLACE_HEARTBEAT, "url_file", KEY_PATH, SETTINGS(alerts.heartbeat.url_file), .trusted = true,
     .help = "a file with the address, mode 600"},
    {PLACE_HEARTBEAT, "interval_seconds", KEY_SECONDS, SETTINGS(alerts.heartbeat.interval_ms),
     RANGE(1, 86400), .standard = "60", .help = "between two requests"},
    {PLACE_HEARTBEAT, "report_failure", KEY_BOOL, SETTINGS(alerts.heartbeat.report_failure),
     .standard = "false",
     .help = "when Resus is not well itself: `URL/fail` is called (healthchecks.io); else the "
             "requests stop"},
    {PLACE_HEARTBEAT, "proxy", KEY_PROXY, SETTINGS(alerts.heartbeat.proxy),
     .help = "as of a channel"},
    {PLACE_HEARTBEAT, "ca_file", KEY_PATH, SETTINGS(alerts.heartbeat.ca_file), .trusted = true,
     .help = "PEM; the system's store unless given"},
    {PLACE_HEARTBEAT, "timeout_seconds", KEY_SECONDS, SETTINGS(alerts.heartbeat.timeout_ms),
     RANGE(1, 300), .standard = "15", .help = "for one request in all"},

    {PLACE_ESCALATION, "war_room", KEY_URL, SETTINGS(escalation.war_room),
     .help = "the address of the call or the channel in which people meet; messages about a P1 "
             "have it"},
    {PLACE_ESCALATION, "levels", KEY_LEVELS, .child = PLACE_LEVEL,
     .help = "a list of at most 4, the first is called first"},

    {PLACE_LEVEL, "name", KEY_NAME, LEVEL(name), .help = "required"},
    {PLACE_LEVEL, "channels", KEY_TARGETS, LEVEL(channels), .help = "required: a list of channels"},
    {PLACE_LEVEL, "after_minutes", KEY_MINUTES, LEVEL(after_ms), RANGE(0, 10080),
     .help = "since the incident began; 0, 30, 120 and 240 unless given"},

    {PLACE_MAINTENANCE, "timezone", KEY_ZONE, SETTINGS(maintenance.timezone),
     .help = "of the windows' times, such as Europe/Berlin; UTC unless given"},
    {PLACE_MAINTENANCE, "windows", KEY_WINDOWS, .child = PLACE_WINDOW,
     .help = "a list, at most 64"},
    {PLACE_MAINTENANCE, "announce_hours", KEY_NOTICES, SETTINGS(maintenance.policy),
     .standard = "[48, 24, 1]",
     .help = "so long before its start a window is announced: a list of whole hours, at most 8; an "
             "empty list announces nothing"},

    {PLACE_WINDOW, "name", KEY_NAME, WINDOW(name), .help = "required; written like a service's id"},
    {PLACE_WINDOW, "when", KEY_WHEN, WINDOW(schedule),
     .help = "required: `Sun 02:00-04:00`, `first Sun 01:00-05:00`, `last day 22:00-02:00`, "
             "`2026-12-24 22:00-23:00` (see above)"},
    {PLACE_WINDOW, "except", KEY_DATES, WINDOW(schedule),
     .help = "a list of dates of `when` without a window, such as 2026-12-27; at most 32"},
    {PLACE_WINDOW, "services", KEY_PATTERNS, WINDOW(services),
     .help = "a list of services' ids, or `\"*\"`; all unless given; at most 64"},
    {PLACE_WINDOW, "impact", KEY_CHOICE, WINDOW(impact), .choices = window_impact_words,
     .standard = "outage", .help = "what users of the services have to expect"},

    KEYS_BACKUP,
    KEYS_FLEET,
};
const size_t key_count = ARRAY_LENGTH(keys);
static_assert(ARRAY_LENGTH(keys) <= KEYS_MAX, "more keys than a reader can mark as seen");

const struct key *key_find(enum place place, const char *name)
{
    for (size_t i = 0; i < key_count; i++)
        if (keys[i].place == place && str_equal(keys[i].name, name))
            return &keys[i];
    return NULL;
}

/* place_path() writes ID for every service. */
void key_full_name(const struct key *row, const char *id, char *ret, size_t size)
{
    const char *path = place_path(row->place);
    const char *mark = strstr(path, "ID");
    if (mark == NULL)
        (void)str_format(ret, size, "%s.%s", path, row->name);
    else
        (void)str_format(ret, size, "%.*s%s%s.%s", (int)(mark - path), path, id, mark + 2,
                         row->name);
}

bool key_matters(const struct key *row, const struct service_settings *s)
{
    if (row->place == PLACE_PROCESS)
        return s->control == CONTROL_PROCESS;
    if (row->place == PLACE_SSH)
        return s->control == CONTROL_SSH || s->redis.via == VIA_SSH;
    if (row->place == PLACE_TLS)
        return s->redis.tls.enabled;
    return true;
}

size_t key_index(const struct key *row)
{
    const struct key *canonical = row->same_as == NULL ? row : key_find(row->place, row->same_as);
    return (size_t)(canonical - keys);
}

int key_set_defaults(enum base which, void *base, struct error *err)
{
    for (size_t i = 0; i < key_count; i++)
        if (keys[i].base == which && keys[i].standard != NULL && keys[i].type < KEY_SCALARS) {
            int r = key_set(&keys[i], base, keys[i].standard, err);
            if (r < 0)
                return r;
        }
    return 0;
}
