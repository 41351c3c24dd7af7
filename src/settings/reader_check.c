/* Checks of more than one key: pairs, requirements, contradictions. */
#include <string.h>

#include "base/str.h"
#include "settings/reader_state.h"

/* Debian's packages; the first is the key's default. */
#define REDIS_LOG "/var/log/redis/redis-server.log"
#define VALKEY_LOG "/var/log/valkey/valkey-server.log"

static const struct found *found_at(const struct found found[KEYS_MAX], enum place place,
                                    const char *name)
{
    const struct found *f = &found[key_index(key_find(place, name))];
    return f->key == NULL ? NULL : f;
}

/* Where to point: at the first of these keys that is there, else at the mapping. */
static yaml_mark_t mark_at(const struct found found[KEYS_MAX], enum place place,
                           const yaml_node_t *map, const char *first, const char *second)
{
    const struct found *f = found_at(found, place, first);
    if (f == NULL && second != NULL)
        f = found_at(found, place, second);
    return f == NULL ? map->start_mark : f->key->start_mark;
}

static void check_thresholds(struct reader *r, const yaml_node_t *map,
                             const struct found found[KEYS_MAX])
{
    for (size_t i = 0; i + 1 < key_count; i++) { /* the rows come in pairs: warning, critical */
        const struct key *warning = &keys[i];
        const struct key *critical = &keys[i + 1];
        if (warning->place != PLACE_THRESHOLDS || strstr(warning->name, "_warning") == NULL)
            continue;
        const char *base = r->base[BASE_WATCH];
        const double *low = (const double *)(const void *)(base + warning->offset);
        const double *high = (const double *)(const void *)(base + critical->offset);
        if (*low > *high)
            reader_fail(r, mark_at(found, PLACE_THRESHOLDS, map, critical->name, warning->name),
                        "`%s` (%.10g) is above `%s` (%.10g)", warning->name, *low, critical->name,
                        *high);
    }
}

static void check_pair(struct reader *r, yaml_mark_t mark, const char *a, const char *name_a,
                       const char *b, const char *name_b)
{
    if ((a[0] == '\0') != (b[0] == '\0'))
        reader_fail(r, mark, "`%s` and `%s` go together: `%s` is missing", name_a, name_b,
                    a[0] == '\0' ? name_a : name_b);
}

static void check_ssh(struct reader *r, const struct service_settings *service, yaml_mark_t mark)
{
    const struct {
        const char *name, *value;
    } needed[] = {
        {"host", service->ssh.host}, {"user", service->ssh.user}, {"key", service->ssh.key}};
    char missing[64] = "";
    int count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
        if (needed[i].value[0] == '\0')
            (void)str_append(missing, sizeof missing, "%s`%s`", count++ == 0 ? "" : ", ",
                             needed[i].name);
    if (count > 0)
        reader_fail(r, mark, "`%s: ssh` needs `ssh` with `host`, `user` and `key`: %s %s missing",
                    service->control == CONTROL_SSH ? "control" : "via", missing,
                    count == 1 ? "is" : "are");
}

static bool is_loopback(const char *host)
{
    return str_starts(host, "127.") || str_equal(host, "::1") || str_equal(host, "localhost");
}

static void check_service(struct reader *r, const yaml_node_t *map,
                          const struct found found[KEYS_MAX])
{
    struct service_settings *service = r->base[BASE_SERVICE];
    if (str_starts(service->unit, "valkey") && found_at(found, PLACE_SERVICE, "log_file") == NULL &&
        str_equal(service->log_file, REDIS_LOG))
        (void)str_copy(service->log_file, sizeof service->log_file, VALKEY_LOG);
    const struct found *ssh = found_at(found, PLACE_SERVICE, "ssh");
    const struct found *process = found_at(found, PLACE_SERVICE, "process");
    const struct found *address = found_at(found, PLACE_SERVICE, "address");
    const struct found *ip = found_at(found, PLACE_SERVICE, "ip");
    if (ip == NULL)
        ip = found_at(found, PLACE_SERVICE, "port");
    bool uses_ssh = service->control == CONTROL_SSH || service->redis.via == VIA_SSH;
    if (address != NULL && ip != NULL)
        reader_fail(r, ip->key->start_mark, "`%s` says again what `address` says on line %zu",
                    ip->row->name, address->key->start_mark.line + 1);
    /* AutoBot's form has no `control`: without a word of it the wrong machine would be restarted.
     */
    if (ip != NULL && service->control == CONTROL_SYSTEMD && !is_loopback(service->redis.host))
        reader_warn(r, ip->key->start_mark,
                    "Redis is watched at %s, but `control: systemd` acts on this machine's own "
                    "unit; for another machine give `control: ssh` and `ssh`",
                    service->redis.host);
    if (service->redis.via == VIA_SSH && service->redis.socket[0] != '\0')
        reader_fail(r, mark_at(found, PLACE_SERVICE, map, "address", "redis"),
                    "`via: ssh` needs an `address` of the form host:port");
    if (uses_ssh)
        check_ssh(r, service,
                  mark_at(found, PLACE_SERVICE, map, ssh == NULL ? "control" : "ssh", "redis"));
    else if (ssh != NULL)
        reader_warn(r, ssh->key->start_mark,
                    "`ssh` has no effect: neither `control: ssh` nor `via: ssh` is given");
    if (process != NULL && service->control != CONTROL_PROCESS)
        reader_warn(r, process->key->start_mark,
                    "`process` has no effect: `control: process` is not given");
}

/* A name of the loopback may be any of its addresses. */
static bool same_host(const char *a, const char *b)
{
    bool named = str_equal(a, "localhost") || str_equal(b, "localhost");
    return str_equal(a, b) || (named && is_loopback(a) && is_loopback(b));
}

static bool same_address(const struct redis_settings *a, const struct redis_settings *b)
{
    if (a->socket[0] != '\0' || b->socket[0] != '\0')
        return str_equal(a->socket, b->socket);
    return a->port == b->port && same_host(a->host, b->host);
}

static size_t without_slashes(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

static bool same_folder(const char *a, const char *b)
{
    size_t length = without_slashes(a);
    return length == without_slashes(b) && memcmp(a, b, length) == 0;
}

void reader_check_shared(struct reader *r, yaml_mark_t mark, const struct service_settings *service)
{
    const struct redis_settings *redis = &service->redis;
    const struct settings *s = r->settings;
    char port[16] = "";
    if (redis->socket[0] == '\0')
        (void)str_format(port, sizeof port, ":%d", redis->port);
    for (size_t i = 0; service->control == CONTROL_PROCESS && &s->services[i] < service; i++) {
        const struct service_settings *other = &s->services[i];
        if (other->control != CONTROL_PROCESS)
            continue;
        if (same_address(&other->redis, redis))
            reader_fail(r, mark,
                        "the services `%s` and `%s` would both run a Redis at %s%s: give one of "
                        "them another `address`",
                        other->id, service->id,
                        redis->socket[0] != '\0' ? redis->socket : redis->host, port);
        if (same_folder(other->process.directory, service->process.directory))
            reader_fail(r, mark,
                        "the services `%s` and `%s` would both keep their data in %s: give one of "
                        "them another `process: {directory: ...}`",
                        other->id, service->id, service->process.directory);
    }
}

static void check_server(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX])
{
    check_pair(r, mark_at(found, PLACE_SERVER, map, "tls_certificate", "tls_key"),
               r->settings->server.tls_certificate, "tls_certificate", r->settings->server.tls_key,
               "tls_key");
}

static void check_tls(struct reader *r, const yaml_node_t *map, const struct found found[KEYS_MAX])
{
    const struct service_settings *service = r->base[BASE_SERVICE];
    check_pair(r, mark_at(found, PLACE_TLS, map, "certificate", "key"),
               service->redis.tls.certificate, "certificate", service->redis.tls.key, "key");
}

static void check_oidc(struct reader *r, const yaml_node_t *map, const struct found found[KEYS_MAX])
{
    const struct oidc_settings *o = &r->settings->oidc;
    const struct found *url = found_at(found, PLACE_OIDC, "jwks_url");
    if (o->issuer[0] == '\0' || o->audience[0] == '\0')
        reader_fail(r, map->start_mark, "`oidc` needs `issuer` and `audience`: `%s` is missing",
                    o->issuer[0] == '\0' ? "issuer" : "audience");
    else if ((o->jwks_file[0] == '\0') == (o->jwks_url[0] == '\0'))
        reader_fail(r, mark_at(found, PLACE_OIDC, map, "jwks_url", "jwks_file"),
                    "`oidc` needs one of `jwks_url` and `jwks_file`");
    else if (url != NULL && !str_starts(o->jwks_url, "https://"))
        reader_fail(r, url->key->start_mark, "`jwks_url` must begin with https://");
}

static void check_root(struct reader *r, const yaml_node_t *map, const struct found found[KEYS_MAX])
{
    (void)map;
    const struct found *service = found_at(found, PLACE_ROOT, "service");
    const struct found *services = found_at(found, PLACE_ROOT, "services");
    if (service != NULL && services != NULL)
        reader_fail(r, service->key->start_mark, "`service` does not go with `services` (line %zu)",
                    services->key->start_mark.line + 1);
    const struct found *fleet = found_at(found, PLACE_ROOT, "fleet");
    if (fleet != NULL)
        reader_check_shared_control(r, fleet->key->start_mark);
}

void reader_finish_service(struct reader *r, struct service_settings *service)
{
    if (service->name[0] == '\0')
        (void)str_copy(service->name, sizeof service->name,
                       str_equal(service->id, "redis") ? "Redis Service" : service->id);
    if (service->process.directory[0] == '\0' &&
        !str_format(service->process.directory, sizeof service->process.directory, "%s/services/%s",
                    r->settings->server.state_dir, service->id))
        reader_fail(r, (yaml_mark_t){0}, "`state_dir` is too long a path");
    if (!str_format(service->process.records, sizeof service->process.records, "%s/processes",
                    r->settings->server.state_dir))
        reader_fail(r, (yaml_mark_t){0}, "`state_dir` is too long a path");
    if (service->backup.directory[0] == '\0' &&
        !str_format(service->backup.directory, sizeof service->backup.directory, "%s/backups",
                    r->settings->server.state_dir))
        reader_fail(r, (yaml_mark_t){0}, "`state_dir` is too long a path");
}

static void (*const checks[PLACE_COUNT])(struct reader *, const yaml_node_t *,
                                         const struct found[KEYS_MAX]) = {
    [PLACE_ROOT] = check_root,
    [PLACE_SERVER] = check_server,
    [PLACE_SERVICE] = check_service,
    [PLACE_TLS] = check_tls,
    [PLACE_OIDC] = check_oidc,
    [PLACE_THRESHOLDS] = check_thresholds,
    [PLACE_ALERTS] = reader_check_alerts,
    [PLACE_CHANNEL] = reader_check_channel,
    [PLACE_HEARTBEAT] = reader_check_heartbeat,
    [PLACE_ROUTE] = reader_check_route,
    [PLACE_LEVEL] = reader_check_level,
    [PLACE_MAINTENANCE] = reader_check_maintenance,
    [PLACE_WINDOW] = reader_check_window,
    [PLACE_BACKUP] = reader_check_backup,
    [PLACE_BACKUP_COPY] = reader_check_copy,
    [PLACE_FLEET] = reader_check_fleet,
};

void reader_check(struct reader *r, enum place place, const yaml_node_t *map,
                  const struct found found[KEYS_MAX])
{
    if (checks[place] != NULL)
        checks[place](r, map, found);
}
