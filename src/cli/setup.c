#include "cli/setup.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"
#include "daemon/check.h"
#include "host/command.h"
#include "host/keyfile.h"
#include "io/file.h"

#define DAEMON_ACCOUNT "resus"
#define ACCOUNT_ENTRY_MAX 16384 /* bytes of a line of passwd */
#define SETTINGS_MODE 0640
#define KNOWN_HOSTS_MODE 0644
#define KEYS_MODE 0700
#define HOST_NAME_MAX_TEXT 256 /* bytes of the name of this machine */

/* ── answers ── */

/* These stand in a YAML file and in a shell script. */
static int plain(const char *what, const char *text, struct error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@-";
    if (text[0] == '\0' || text[0] == '-' || text[strspn(text, allowed)] != '\0')
        return error_set(err, -EINVAL,
                         "%s \"%.100s\": letters, digits and . _ - : @ only, and no - in front",
                         what, text);
    return 0;
}

static int read_port(const char *text, int *ret, struct error *err)
{
    int64_t port;
    int r = parse_int(text, 1, 65535, &port, err);
    if (r < 0)
        return error_prefix(err, "the port of SSH");
    *ret = (int)port;
    return 0;
}

int setup_read_place(const char *text, struct setup_answers *ret, struct error *err)
{
    struct setup_answers answers = *ret;
    const char *at = strrchr(text, '@');
    const char *host = at == NULL ? text : at + 1;
    bool fits =
        at == NULL || str_copy_n(answers.user, sizeof answers.user, text, (size_t)(at - text));
    bool bracket = host[0] == '[';
    const char *end = strchr(host, bracket ? ']' : ':');
    /* More than one colon without brackets: an IPv6 address, and no port. */
    if (end == NULL || (!bracket && strchr(end + 1, ':') != NULL))
        end = host + strlen(host);
    const char *from = host + (bracket ? 1 : 0);
    fits = str_copy_n(answers.host, sizeof answers.host, from, (size_t)(end - from)) && fits;
    if (bracket && *end == ']')
        end++;
    int r = fits ? 0 : error_set(err, -EINVAL, "\"%.100s\" is too long", text);
    if (r == 0 && *end != '\0')
        r = *end == ':'
                ? read_port(end + 1, &answers.port, err)
                : error_set(err, -EINVAL, "\"%.100s\" is not USER@HOST or USER@HOST:PORT", text);
    if (r == 0)
        *ret = answers;
    return r;
}

/* ── the plan ── */

int setup_find_daemon(struct setup_answers *ret, struct error *err)
{
    struct passwd entry, *account = NULL;
    char room[ACCOUNT_ENTRY_MAX];
    ret->owner = geteuid();
    ret->group = getegid();
    if (ret->owner != 0)
        return 0;
    if (getpwnam_r(DAEMON_ACCOUNT, &entry, room, sizeof room, &account) != 0 || account == NULL)
        return error_set(err, -ENOENT,
                         "there is no account " DAEMON_ACCOUNT
                         ": install the package, or run `systemd-sysusers`");
    ret->owner = account->pw_uid;
    ret->group = account->pw_gid;
    return 0;
}

/* The whole path of the folder: the settings name files in it. */
static int find_folder(const char *config, char *ret, size_t size, struct error *err)
{
    char folder[SETTINGS_PATH_MAX];
    const char *slash = strrchr(config, '/');
    if (slash == NULL)
        (void)str_copy(folder, sizeof folder, ".");
    else
        (void)str_copy_n(folder, sizeof folder, config,
                         slash == config ? 1 : (size_t)(slash - config));
    char *whole = realpath(folder, NULL);
    if (whole == NULL)
        return error_set_errno(err, -errno, "the folder %s", folder);
    bool fits = str_copy(ret, size, whole);
    free(whole);
    return fits ? 0 : error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
}

static int write_text(struct setup *s, const char *folder, const struct setup_answers *a)
{
    bool six = strchr(a->host, ':') != NULL;
    return buf_printf(
        &s->text,
        "# Made by `resus setup`. resus.yaml(5) lists every key; after a change: systemctl reload "
        "resus\n"
        "services:\n"
        "  redis:\n"
        "    unit: \"%s\"\n"
        "    address: \"%s%s%s:6379\"\n"
        "    # password_file: /etc/resus/keys/redis_password   # where Redis wants one\n"
        "    control: ssh\n"
        "    commands: extended\n"
        "    ssh:\n"
        "      host: \"%s\"\n"
        "      port: %d\n"
        "      user: \"%s\"\n"
        "      key: \"%s/keys/redis_key\"\n"
        "      known_hosts: \"%s/known_hosts\"\n",
        a->unit, six ? "[" : "", a->host, six ? "]" : "", a->host, a->port, a->user, folder,
        folder);
}

int setup_plan(const char *config, const struct setup_answers *answers, struct setup *ret,
               struct error *err)
{
    char folder[SETTINGS_PATH_MAX];
    struct stat st;
    struct setup s = {
        .text = BUF_LIMIT(SETUP_TEXT_MAX), .owner = answers->owner, .group = answers->group};
    if (lstat(config, &st) == 0)
        return error_set(
            err, -EEXIST,
            "%s is there already, and setup writes a first one only. `resus serve --check` "
            "checks it; another service is added by hand, see resus.yaml(5)",
            config);
    int r = plain("the host", answers->host, err);
    r = r < 0 ? r : plain("the account", answers->user, err);
    r = r < 0 ? r : plain("the unit", answers->unit, err);
    r = r < 0 ? r : find_folder(config, folder, sizeof folder, err);
    if (r < 0)
        return r;
    const char *name = strrchr(config, '/') == NULL ? config : strrchr(config, '/') + 1;
    if (!str_format(s.config, sizeof s.config, "%s/%s", folder, name))
        r = error_set(err, -ENAMETOOLONG, "the path %s is too long", config);
    else if (write_text(&s, folder, answers) < 0)
        r = error_set(err, -ENOMEM, "out of memory");
    else
        r = settings_parse(s.config, buf_text(&s.text), s.text.length, &s.settings, err);
    if (r < 0) {
        setup_free(&s);
        return r;
    }
    s.service = &s.settings->services[0];
    s.key_is_there = lstat(s.service->ssh.key, &st) == 0;
    *ret = s;
    return 0;
}

int setup_ask_host(struct setup *s, struct error *err)
{
    const struct ssh_settings *ssh = &s->service->ssh;
    int r = host_key_fetch(ssh, &s->host, err);
    if (r == 0 && s->host.state == HOST_KEY_DIFFERENT)
        r = error_set(err, -EKEYREJECTED,
                      "%s has another key of %s than the host shows now (%s %s): it was rebuilt, "
                      "or a third party is "
                      "in between. If it was rebuilt, remove the old line: ssh-keygen -R %s -f %s",
                      ssh->known_hosts, ssh->host, s->host.type, s->host.fingerprint, ssh->host,
                      ssh->known_hosts);
    return r;
}

/* ── writing ── */

/* What this run has changed so far. */
struct done {
    bool key, known_hosts, known_hosts_new;
    struct buf before; /* of known_hosts */
};

static int make_key(const struct setup *s, struct done *done, struct error *err)
{
    const char *path = s->service->ssh.key;
    if (s->key_is_there)
        return keyfile_check_for(path, s->owner, err);
    char folder[SETTINGS_PATH_MAX];
    (void)str_copy_n(folder, sizeof folder, path, (size_t)(strrchr(path, '/') - path));
    bool fresh = access(folder, F_OK) < 0;
    int r = file_make_folder_of(path, KEYS_MODE, err);
    if (r == 0 && fresh && lchown(folder, s->owner, s->group) < 0)
        r = error_set_errno(err, -errno, "cannot give %s to user %u", folder, (unsigned)s->owner);
    if (r == 0)
        r = keypair_create(path, KEYPAIR_ED25519, s->owner, s->group, err);
    done->key = r == 0;
    return r;
}

static int add_host(const struct setup *s, struct done *done, struct error *err)
{
    const char *path = s->service->ssh.known_hosts;
    if (s->host.state == HOST_KEY_KNOWN)
        return 0;
    done->known_hosts_new = access(path, F_OK) < 0;
    int r = done->known_hosts_new ? 0 : file_read(path, &done->before, err);
    if (r < 0)
        return r;
    struct buf after = BUF_LIMIT(SETUP_KNOWN_HOSTS_MAX + HOST_KEY_ENTRY_MAX);
    size_t length = done->before.length;
    const char *end = length > 0 && done->before.data[length - 1] != '\n' ? "\n" : "";
    if (buf_printf(&after, "%s%s%s\n", buf_text(&done->before), end, s->host.entry) < 0)
        r = error_set(err, -ENOMEM, "%s: out of memory", path);
    else
        r = file_write_atomic(path, buf_text(&after), after.length, KNOWN_HOSTS_MODE, err);
    buf_free(&after);
    done->known_hosts = r == 0;
    return r;
}

/* Under another name first: the settings appear whole, with their owner, and over no other file. */
static int write_settings(const struct setup *s, struct error *err)
{
    char part[SETTINGS_PATH_MAX + 8];
    (void)str_format(part, sizeof part, "%s.part", s->config);
    int r = file_write_atomic(part, buf_text(&s->text), s->text.length, SETTINGS_MODE, err);
    if (r < 0)
        return r;
    if (lchown(part, geteuid(), s->group) < 0)
        r = error_set_errno(err, -errno, "cannot give %s to group %u", part, (unsigned)s->group);
    else if (link(part, s->config) < 0)
        r = error_set_errno(err, -errno, "cannot make %s", s->config);
    (void)unlink(part);
    return r < 0 ? r : file_sync_folder(s->config, err);
}

static void undo(const struct setup *s, const struct done *done)
{
    const struct ssh_settings *ssh = &s->service->ssh;
    struct error ignored;
    if (done->known_hosts && done->known_hosts_new)
        (void)unlink(ssh->known_hosts);
    else if (done->known_hosts)
        (void)!file_write_atomic(ssh->known_hosts, buf_text(&done->before), done->before.length,
                                 KNOWN_HOSTS_MODE, &ignored);
    if (done->key)
        (void)unlink(ssh->key);
}

/* A private key is read by its owner only, by root neither. */
static int read_public(const struct setup *s, struct keypair_public *ret, struct error *err)
{
    bool other = geteuid() != s->owner;
    gid_t group = getegid();
    if (other && (setegid(s->group) < 0 || seteuid(s->owner) < 0))
        return error_set_errno(err, -errno, "cannot act as user %u", (unsigned)s->owner);
    int r = keypair_read(s->service->ssh.key, ret, err);
    if (other && (seteuid(0) < 0 || setegid(group) < 0))
        abort(); /* root may always become root again */
    return r;
}

int setup_apply(const struct setup *s, struct keypair_public *ret, struct error *err)
{
    struct done done = {.before = BUF_LIMIT(SETUP_KNOWN_HOSTS_MAX)};
    struct keypair_public public;
    int r = make_key(s, &done, err);
    r = r < 0 ? r : read_public(s, &public, err);
    r = r < 0 ? r : add_host(s, &done, err);
    r = r < 0 ? r : check_known_host(s->settings, s->service, err);
    r = r < 0 ? r : write_settings(s, err);
    if (r < 0)
        undo(s, &done);
    else
        *ret = public;
    buf_free(&done.before);
    return r;
}

/* ── the host's part ── */

int setup_authorized_line(const struct keypair_public *key, struct buf *out)
{
    char name[HOST_NAME_MAX_TEXT] = "";
    (void)gethostname(name, sizeof name - 1);
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] !=
        '\0')
        name[0] = '\0';
    return buf_printf(out, "restrict,port-forwarding %s %s resus%s%s", key->type, key->base64,
                      name[0] == '\0' ? "" : "@", name);
}

int setup_sudoers(const struct setup *s, struct buf *out)
{
    const struct service_settings *service = s->service;
    return host_sudoers(service->ssh.user, service->unit, service->log_file,
                        service->commands_extended, service->restore_helper, out);
}

int setup_host_script(const struct setup *s, const struct keypair_public *key, struct buf *out,
                      struct error *err)
{
    const char *user = s->service->ssh.user;
    int r = buf_printf(out,
                       "id %s >/dev/null 2>&1 || useradd --create-home --shell /bin/sh %s\n"
                       "install -d -m 700 -o %s -g \"$(id -gn %s)\" ~%s/.ssh\n"
                       "echo '",
                       user, user, user, user, user);
    r = r < 0 ? r : setup_authorized_line(key, out);
    r = r < 0 ? r
              : buf_printf(out,
                           "' >>~%s/.ssh/authorized_keys\n"
                           "chown %s: ~%s/.ssh/authorized_keys\n"
                           "chmod 600 ~%s/.ssh/authorized_keys\n"
                           "cat >/etc/sudoers.d/resus <<'END'\n",
                           user, user, user, user);
    if (r == 0 && (r = setup_sudoers(s, out)) < 0)
        return error_set(err, r, "account \"%s\" or unit \"%s\" cannot stand in a sudoers file",
                         user, s->service->unit);
    r = r < 0 ? r
              : buf_printf(out, "END\n"
                                "chmod 440 /etc/sudoers.d/resus\n"
                                "visudo -cf /etc/sudoers.d/resus\n");
    return r < 0 ? error_set(err, r, "out of memory") : 0;
}

void setup_free(struct setup *s)
{
    settings_free(s->settings);
    buf_free(&s->text);
    *s = (struct setup){0};
}
