/* The configuration as plain structs. settings_read() fills it from YAML;
 * nobody else writes it. */
#ifndef RESUS_SETTINGS_SETTINGS_H
#define RESUS_SETTINGS_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/network.h"
#include "core/policy.h"
#include "settings/alert_settings.h"
#include "settings/backup_settings.h"
#include "settings/limits.h"
#include "settings/maintenance_settings.h"

enum control { CONTROL_SYSTEMD, CONTROL_SSH, CONTROL_PROCESS };
enum redis_via { VIA_DIRECT, VIA_SSH };

struct ssh_settings {
    char host[SETTINGS_HOST_MAX];
    int port; /* 22 */
    char user[64];
    char key[SETTINGS_PATH_MAX];
    char known_hosts[SETTINGS_PATH_MAX];
    int old_key_hours; /* how long a key that was exchanged is kept beside the new one */
};

struct redis_tls_settings {
    bool enabled;
    char ca_file[SETTINGS_PATH_MAX];                             /* "" = the system's store */
    char certificate[SETTINGS_PATH_MAX], key[SETTINGS_PATH_MAX]; /* "" = none */
    char server_name[SETTINGS_HOST_MAX];                         /* "" = the address' host */
};

struct redis_settings {
    char host[SETTINGS_HOST_MAX]; /* from `address`; "" with a Unix socket */
    int port;
    char socket[SETTINGS_PATH_MAX]; /* address: "unix:/run/redis/redis.sock" */
    enum redis_via via;
    char username[128];                    /* "" = default user, old AUTH form */
    char password_file[SETTINGS_PATH_MAX]; /* "" = no AUTH */
    struct redis_tls_settings tls;
};

/* control: process (Resus runs redis-server itself) */
struct process_settings {
    char program[SETTINGS_PATH_MAX];     /* redis-server, found in PATH when it has no slash */
    char config_file[SETTINGS_PATH_MAX]; /* "" = none */
    char user[64];                       /* "" = the daemon's own account */
    char directory[SETTINGS_PATH_MAX];   /* working folder and home of the log; never "" */
    char records[SETTINGS_PATH_MAX];     /* folder in the state folder: pid record and lock */
};

struct affected_service {
    char name[SETTINGS_NAME_MAX];
    char url[SETTINGS_PATH_MAX]; /* "" = none; probed after operations */
};

/* What strangers see of a service: as `server` says, or its own choice. */
enum status_access { STATUS_AS_SERVER, STATUS_PUBLIC, STATUS_LOGIN };

/* What operators sort and find services by. */
struct tag_list {
    char tags[SETTINGS_TAGS_MAX][SETTINGS_TAG_MAX]; /* each once, in the file's order */
    size_t count;
};

struct service_settings {
    char id[SETTINGS_ID_MAX];
    char name[SETTINGS_NAME_MAX];   /* the id unless told; never "" */
    char group[SETTINGS_GROUP_MAX]; /* "" = none */
    struct tag_list tags;
    enum status_access status_access;
    char unit[SETTINGS_UNIT_MAX];
    char vm_name[SETTINGS_NAME_MAX];
    enum control control;
    bool commands_extended;
    bool restore_helper; /* is resus-restore-helper on the host? For restores by file over SSH */
    char log_file[SETTINGS_PATH_MAX]; /* /var/log/redis/redis-server.log */
    struct ssh_settings ssh;
    struct redis_settings redis;
    struct process_settings process;
    /* Array of affected_count, at most SETTINGS_AFFECTED_MAX; NULL = none. Not in place: with it a
     * service would be four times its size. */
    struct affected_service *affected;
    size_t affected_count;
    struct watch_policy watch;
    struct recovery_policy recovery;
    struct backup_settings backup;
    /* least role that may do it: the roles listed in `permissions` */
    bool start_operator, stop_operator,
        restart_operator; /* true: operators too, false: admins alone */
};

#define SETTINGS_NETWORKS_MAX 64
struct network_list {
    struct network networks[SETTINGS_NETWORKS_MAX];
    size_t count;
};

struct server_settings {
    char name[64]; /* of this instance, in messages and their ids; never "" */
    char external_url[SETTINGS_PATH_MAX]; /* where people reach it, "" = not told */
    char listen[SETTINGS_HOST_MAX];       /* "0.0.0.0:8443" */
    char tls_certificate[SETTINGS_PATH_MAX], tls_key[SETTINGS_PATH_MAX];
    char state_dir[SETTINGS_PATH_MAX];
    char control_socket[SETTINGS_PATH_MAX];
    bool hsts;
    bool public_status; /* may strangers see which services are well? */
    struct network_list trusted_proxies;
};

struct audit_settings {
    char file[SETTINGS_PATH_MAX];
    int64_t max_size; /* bytes */
    int backup_count;
    int keep_days; /* rotation does not remove younger lines; 0 = no limit */
    bool gzip;
    /* A syslog server that receives each head: RFC 5424 over TLS. */
    char syslog[SETTINGS_HOST_MAX + 16]; /* host:port, "" = none */
    char syslog_ca[SETTINGS_PATH_MAX], syslog_certificate[SETTINGS_PATH_MAX],
        syslog_key[SETTINGS_PATH_MAX];
};

struct rate_limits {
    int start, stop, restart, status, health, logs; /* a minute, 0 = none */
};

struct role_set {
    bool viewer, operator, admin;
};

struct security_settings {
    struct role_set require_totp; /* without a second factor they may only set one up */
    struct network_list expected_addresses;
    char business_hours[64]; /* "Mon-Fri 08:00-18:00", "" = none */
    char timezone[64];
    int lockout_failures; /* failed logins that lock an account; 0 = never */
    int64_t lockout_ms;   /* for how long */
    int64_t session_idle_ms, session_lifetime_ms;
};

/* A login server whose tokens are trusted, too. */
struct oidc_settings {
    char issuer[512]; /* "" = none */
    char audience[256];
    char jwks_file[SETTINGS_PATH_MAX], jwks_url[SETTINGS_PATH_MAX]; /* one of the two */
    char ca_file[SETTINGS_PATH_MAX];                                /* "" = the system's store */
    char role_claim[128];
    char admin[128], operator[128], viewer[128]; /* what the claim says for that role */
};

struct url_list {
    char urls[SETTINGS_ETCD_MAX][SETTINGS_URL_MAX];
    size_t count;
};

/* The engine in a fleet, and the etcd through which it shares its services with the others. */
struct fleet_settings {
    struct url_list etcd; /* count 0 = there is no fleet */
    char name[64];        /* of this engine; never "" */
    char site[64], url[SETTINGS_PATH_MAX];
    char ca_file[SETTINGS_PATH_MAX], certificate[SETTINGS_PATH_MAX], key[SETTINGS_PATH_MAX];
    char prefix[SETTINGS_PREFIX_MAX];
    int ttl_seconds;
};

struct settings {
    char path[SETTINGS_PATH_MAX]; /* where it was read from */
    struct server_settings server;
    struct service_settings *services; /* array of service_count */
    size_t service_count;
    bool empty;          /* the file says nothing at all */
    bool cut;            /* its last line has no end: it may be half-written */
    bool services_named; /* false: the one service is the default */
    struct audit_settings audit;
    struct rate_limits rate_limits;
    struct security_settings security;
    struct oidc_settings oidc;
    struct alert_settings alerts;
    struct escalation_settings escalation;
    struct maintenance_settings maintenance;
    struct fleet_settings fleet;
    /* Arrays that the services' ranges point into (backup_settings.h); NULL = none. */
    struct copy_settings *copies;
    struct recipient_settings *recipients;
    size_t copy_count, recipient_count;
    bool metrics_anonymous; /* may everybody read /metrics? */
    char warnings[SETTINGS_WARNINGS_MAX]
                 [ERROR_TEXT_MAX]; /* keys without effect and the like, "file:line:column: ..." */
    size_t warning_count;
};

/* Reads and checks the file. On failure `err` is "file:line:column: message" (several problems: the
 * first), nothing is allocated, and the code is -EINVAL for content, errno for the file. Referenced
 * secrets are not opened here. */
int settings_read(const char *path, struct settings **ret, struct error *err) ATTR_MUST_USE;
/* The same from memory; `name` stands for the path in messages. For tests and fuzzing. */
int settings_parse(const char *name, const char *yaml, size_t length, struct settings **ret,
                   struct error *err) ATTR_MUST_USE;
void settings_free(struct settings *s); /* takes NULL */

/* May strangers see whether the service is well? */
bool settings_status_public(const struct settings *s, const struct service_settings *service);
/* The same of at least one. */
bool settings_some_public(const struct settings *s);

/* NULL when there is none. */
const struct service_settings *settings_service(const struct settings *s, const char *id);

/* One `KEY=VALUE` of `resus recovery set` applied to a policy with the file's own range checks:
 * enabled, max_attempts, retry_delay_seconds, backoff_multiplier, failure_threshold (into `watch`),
 * external_stop, external_stop_grace_seconds. */
int settings_set_recovery(const char *key, const char *value, struct recovery_policy *recovery,
                          struct watch_policy *watch, struct error *err) ATTR_MUST_USE;

/* For a reload: may the connection to Redis, may the controller of the service stay open? */
bool settings_same_redis(const struct service_settings *a, const struct service_settings *b);
bool settings_same_control(const struct service_settings *a, const struct service_settings *b);
/* The same account on the same SSH server? */
bool settings_same_login(const struct ssh_settings *a, const struct ssh_settings *b);
/* How or where a service is controlled does not change while the daemon runs: the first key that
 * differs ("services.cache.ssh.host") into `ret_key`. False: there is none. Of services that both
 * have. */
bool settings_moved(const struct settings *a, const struct settings *b, char *ret_key, size_t size);
/* Has `b` other services than `a`, or another order of them? */
bool settings_regrouped(const struct settings *a, const struct settings *b);
/* The keys whose change needs a restart of the daemon ("server.listen, server.state_dir") into
 * `ret_keys`; their number. */
size_t settings_restart_needed(const struct settings *a, const struct settings *b, char *ret_keys,
                               size_t size);

#endif
