#include "daemon/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/certificate.h"
#include "host/command.h"
#include "host/keyfile.h"
#include "host/known_hosts.h"
#include "host/process_account.h"
#include "host/process_run.h"
#include "io/trust.h"
#include "io/zone.h"
#include "notify/notify.h"
#include "redis/endpoint.h"
#include "settings/keys.h"
#include "settings/position.h"

/* Puts the place of the key in front. */
static int at_key(const struct settings *settings, const char *key, struct error *err)
{
    char place[SETTINGS_PATH_MAX + 32];
    settings_position(settings, key, place, sizeof place);
    return error_prefix(err, "%s", place);
}

static int at_service(const struct settings *settings, const struct service_settings *service,
                      const char *key, struct error *err)
{
    char whole[SETTINGS_ID_MAX + 64];
    (void)str_format(whole, sizeof whole, "services.%s.%s", service->id, key);
    (void)error_prefix(err, "service %s", service->id);
    return at_key(settings, whole, err);
}

static bool uses_ssh(const struct service_settings *service)
{
    return service->control == CONTROL_SSH || service->redis.via == VIA_SSH;
}

int check_key(const struct settings *settings, const struct service_settings *service, uid_t owner,
              struct error *err)
{
    if (!uses_ssh(service) || keyfile_check_for(service->ssh.key, owner, err) == 0)
        return 0;
    return at_service(settings, service, "ssh.key", err);
}

/* One after the other, so that the message is about the one file that is wrong. */
static int check_redis(const struct settings *settings, const struct service_settings *service,
                       struct error *err)
{
    struct redis_settings plain = service->redis;
    struct endpoint *endpoint = NULL;
    plain.tls.enabled = false;
    int r = endpoint_new(&plain, &endpoint, err);
    if (r < 0)
        return at_service(
            settings, service,
            service->redis.password_file[0] != '\0' ? "redis.password_file" : "address", err);
    endpoint_free(endpoint);
    r = endpoint_new(&service->redis, &endpoint, err);
    if (r < 0)
        return at_service(settings, service, "redis.tls", err);
    endpoint_free(endpoint);
    return 0;
}

int check_settings_file(const char *path, struct error *err)
{
    return trust_check(path, NULL, err) == 0 ? 0 : error_prefix(err, "%s:1:1", path);
}

int check_trust(const struct settings *settings, const struct service_settings *service,
                struct error *err)
{
    const char *base = service == NULL ? (const char *)settings : (const char *)service;
    struct process_account account = {0};
    struct trust_also also = {geteuid(), getegid()};
    char key[SETTINGS_ID_MAX + 64];
    if (service != NULL && service->control == CONTROL_PROCESS) {
        if (process_account_find(service->process.user, &account, err) < 0)
            return at_service(settings, service, "process.user", err);
        also = (struct trust_also){account.uid, account.gid};
    }
    for (size_t i = 0; i < key_count; i++) {
        const struct key *row = &keys[i];
        if (!row->trusted || row->base != (service == NULL ? BASE_SETTINGS : BASE_SERVICE) ||
            (service != NULL && !key_matters(row, service)) ||
            trust_check(base + row->offset, row->place == PLACE_PROCESS ? &also : NULL, err) == 0)
            continue;
        key_full_name(row, service == NULL ? "" : service->id, key, sizeof key);
        if (service != NULL)
            (void)error_prefix(err, "service %s", service->id);
        return at_key(settings, key, err);
    }
    return 0;
}

/* In a child, because a process that gave an account up does not get it back. 0 or a negative error. */
static int access_as(const struct process_account *account, const char *path, int mode)
{
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return -errno;
    if (child == 0) /* async-signal-safe calls only: the daemon has threads */
        _exit(process_account_become(account) != 0 ? EPERM : access(path, mode) < 0 ? errno : 0);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Redis meets its files as `process.user`: what root may read and write says nothing of it. */
static int check_process(const struct settings *settings, const struct service_settings *service,
                         struct error *err)
{
    const struct process_settings *process = &service->process;
    struct process_account account;
    char program[SETTINGS_PATH_MAX];
    if (process_find(process->program, program, err) < 0)
        return at_service(settings, service, "process.program", err);
    if (process_account_find(process->user, &account, err) < 0)
        return at_service(settings, service, "process.user", err);
    const struct {
        const char *path, *key, *what;
        int mode;
    } rows[] = {{program, "process.program", "run", X_OK},
                {process->config_file, "process.config_file", "read", R_OK},
                {process->directory, "process.directory", "write", W_OK | X_OK}};
    for (size_t i = 0; account.other && i < ARRAY_LENGTH(rows); i++) {
        int r = rows[i].path[0] == '\0' ? 0 : access_as(&account, rows[i].path, rows[i].mode);
        if (r == 0 || (r == -ENOENT && access(rows[i].path, F_OK) < 0))
            continue; /* a folder that is missing is made, and becomes the account's */
        (void)error_set_errno(err, r, "user %s cannot %s %s", account.name, rows[i].what,
                              rows[i].path);
        return at_service(settings, service, rows[i].key, err);
    }
    return 0;
}

int check_service(const struct settings *settings, const struct service_settings *service,
                  struct error *err)
{
    if (check_trust(settings, service, err) < 0)
        return err->code;
    if (host_check_unit(service->unit, err) < 0)
        return at_service(settings, service, "unit", err);
    if (check_key(settings, service, geteuid(), err) < 0)
        return err->code;
    if (service->control == CONTROL_PROCESS && check_process(settings, service, err) < 0)
        return err->code;
    return check_redis(settings, service, err);
}

int check_known_host(const struct settings *settings, const struct service_settings *service,
                     struct error *err)
{
    if (!uses_ssh(service) || known_hosts_check(&service->ssh, err) == 0)
        return 0;
    return at_service(settings, service, "ssh.known_hosts", err);
}

/* May files be made in the folder? One that is missing is made, where there is leave for it. */
static int check_folder(const char *folder, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    struct stat st;
    (void)str_copy(path, sizeof path, folder);
    while (stat(path, &st) < 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || slash == NULL)
            return error_set_errno(err, -errno, "cannot look at %s", path);
        slash[slash == path] = '\0';
    }
    if (!S_ISDIR(st.st_mode))
        return error_set(err, -ENOTDIR, "%s is not a folder", path);
    if (access(path, W_OK | X_OK) < 0)
        return error_set_errno(err, -errno, "no files can be made in %s as user %u", path,
                               (unsigned)geteuid());
    return 0;
}

static int check_certificate(const struct server_settings *server, struct error *err)
{
    struct certificate certificate;
    if (server->tls_certificate[0] == '\0')
        return 0; /* one is made in the state folder */
    int r = certificate_load(server, &certificate, err);
    if (r == 0)
        certificate_free(&certificate);
    return r;
}

/* Room for a new line. What is reserved for root is room for root alone. */
static int check_room(const char *path, struct error *err)
{
    struct statvfs disk;
    if (statvfs(path, &disk) == 0 && disk.f_blocks > 0 &&
        (geteuid() == 0 ? disk.f_bfree : disk.f_bavail) == 0)
        return error_set(err, -ENOSPC, "the disk of %s is full", path);
    return 0;
}

static int check_audit(const struct audit_settings *audit, struct error *err)
{
    char folder[SETTINGS_PATH_MAX];
    if (trust_check(audit->file, NULL, err) < 0)
        return err->code;
    if (access(audit->file, F_OK) == 0)
        return access(audit->file, R_OK | W_OK) == 0
                   ? check_room(audit->file, err)
                   : error_set_errno(err, -errno, "%s cannot be written as user %u", audit->file,
                                     (unsigned)geteuid());
    (void)str_copy(folder, sizeof folder, audit->file);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return 0;
    slash[slash == folder] = '\0';
    return check_folder(folder, err);
}

int check_server(const struct settings *settings, struct error *err)
{
    struct zone *zone = NULL;
    if (access(settings->path, R_OK) < 0)
        return error_set_errno(err, -errno, "user %u cannot read %s", (unsigned)geteuid(),
                               settings->path);
    if (check_settings_file(settings->path, err) < 0 || check_trust(settings, NULL, err) < 0)
        return err->code;
    if (check_folder(settings->server.state_dir, err) < 0)
        return at_key(settings, "server.state_dir", err);
    if (check_audit(&settings->audit, err) < 0)
        return at_key(settings, "audit.file", err);
    if (check_certificate(&settings->server, err) < 0)
        return at_key(settings, "server.tls_certificate", err);
    if (zone_load(settings->security.timezone, &zone, err) < 0)
        return at_key(settings, "security.timezone", err);
    zone_free(zone);
    return notify_check(settings, err);
}
