/* The sheet for a lost host: what is out of reach, and the steps to build the Redis again from what the
 * newest backup knows of it. */
#include "report/rebuild_sheet.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "host/command.h"

#define BLOCK_MAX ((size_t)256 * 1024) /* of one file that is printed */

/* ── what is out of reach ── */

static void put_part(json_t *parts, const char *part, int reached, const char *text)
{
    json_t *o = json_object();
    (void)json_put_text(o, "part", part);
    (void)json_put_text(o, "reached", reached > 0 ? "yes" : reached == 0 ? "no" : "unknown");
    (void)json_put_text(o, "text", text);
    (void)json_array_append_new(parts, o);
}

static json_t *parts_of(const json_t *status, const json_t *health)
{
    json_t *parts = json_array();
    const json_t *ssh = json_object_get(json_object_get(status, "vm_info"), "ssh_accessible");
    const json_t *checks = json_object_get(health, "health_checks");
    const char *ping = json_text_or(json_object_get(checks, "connectivity"), "status", "unknown");
    int redis = str_equal(ping, "unknown") ? -1 : !str_equal(ping, "fail");
    int shell = json_is_boolean(ssh) ? json_is_true(ssh) : -1;
    int host = redis > 0 || shell > 0 ? 1 : redis == 0 && shell == 0 ? 0 : -1;
    put_part(parts, "host", host,
             host > 0    ? "it answers"
             : host == 0 ? "neither SSH nor Redis answers: look at the hypervisor and the network"
                         : "Resus reaches it by nothing but Redis");
    put_part(parts, "ssh", shell,
             shell > 0    ? "logins work"
             : shell == 0 ? "no login"
                          : "not used, or not tried yet");
    put_part(parts, "redis", redis,
             json_text_or(json_object_get(health, "cause"), "summary",
                          redis > 0 ? "it answers" : "it does not answer"));
    return parts;
}

/* ── steps ── */

static json_t *step(json_t *steps, const char *title, const char *on, const char *text)
{
    json_t *o = json_object();
    (void)json_put_text(o, "title", title);
    (void)json_put_text(o, "on", on);
    (void)json_put_text(o, "text", text);
    (void)json_put(o, "commands", json_array());
    (void)json_array_append_new(steps, o);
    return o;
}

/* Line by line: a reader of the answer needs no line breaks inside of a text. */
ATTR_PRINTF(2, 3) static void command(json_t *o, const char *format, ...)
{
    char *text = mem_calloc(1, BLOCK_MAX);
    va_list args;
    va_start(args, format);
    bool whole = text != NULL && vsnprintf(text, BLOCK_MAX, format, args) < (int)BLOCK_MAX;
    va_end(args);
    for (const char *p = text; whole && p != NULL;) {
        size_t length = strcspn(p, "\n");
        (void)json_array_append_new(json_object_get(o, "commands"), json_stringn(p, length));
        p = p[length] == '\0' ? NULL : p + length + 1;
    }
    mem_free(text);
}

/* What a foreign server said and becomes a word of a command: a plain path or name, or nothing. */
static const char *plain(const char *text, const char *otherwise)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-/@";
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0' ? text : otherwise;
}

/* What Resus itself puts into a command comes from its settings: those that the backup has are for people
 * who lost them, and a place for copies may have written others. */
struct sheet {
    const struct service_settings *settings;
    const char *service, *config_file, *server, *version, *backup;
    const json_t *host, *redis, *backup_json;
    json_t *steps;
};

/* Is Redis a process that Resus runs, and not a unit? */
static bool is_process(const struct sheet *s)
{
    return s->settings->control == CONTROL_PROCESS;
}

/* A terminal that gets one pasted does something else than write it. */
static bool is_control(char c)
{
    return (unsigned char)c < 32 || c == 127;
}

static bool has_control(const char *text)
{
    while (*text != '\0' && !is_control(*text))
        text++;
    return *text != '\0';
}

/* A value of redis.conf: lists of words stay as they are, a path with a blank is quoted. */
static int put_value(struct buf *to, const char *name, const char *value)
{
    bool quote = value[0] == '\0' || (value[0] == '/' && strchr(value, ' ') != NULL) ||
                 strpbrk(value, "\"'\\#") != NULL || has_control(value);
    if (!quote)
        return buf_printf(to, "%s %s\n", name, value);
    int r = buf_printf(to, "%s \"", name);
    for (const char *p = value; r == 0 && *p != '\0'; p++)
        r = *p == '\n'                ? buf_printf(to, "\\n")
            : *p == '\r'              ? buf_printf(to, "\\r")
            : is_control(*p)          ? buf_printf(to, "\\x%02x", (unsigned)*p)
            : *p == '"' || *p == '\\' ? buf_printf(to, "\\%c", *p)
                                      : buf_printf(to, "%c", *p);
    return r < 0 ? r : buf_printf(to, "\"\n");
}

/* What Resus and systemd set by themselves is not written down. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {"daemonize", "supervised", "pidfile", "replicaof",
                                        "slaveof"};
    return str_index(names, ARRAY_LENGTH(names), name) >= 0;
}

/* A foreign server named them, and people paste the lines into a root shell: what is no name could
 * end the file, and what follows it be a command. */
static int put_setting(struct buf *to, const json_t *config, const char *name)
{
    static const char left_out[] = "# a setting is left out: its name is not one of Redis\n";
    if (plain(name, "")[0] == '\0')
        return buf_append(to, left_out, sizeof left_out - 1);
    return is_ours(name) ? 0 : put_value(to, name, json_text_or(config, name, ""));
}

/* Likewise. */
static bool is_rule(const char *rule)
{
    return str_starts(rule, "user ") && !has_control(rule);
}

/* Without a comparison all of them. */
static int put_all(struct buf *to, const json_t *config)
{
    const char *name;
    json_t *value;
    int r = 0;
    json_object_foreach((json_t *)config, name, value) {
        if (r == 0)
            r = put_setting(to, config, name);
    }
    return r;
}

static int settings_text(const struct sheet *s, struct buf *to)
{
    const json_t *config = json_object_get(s->host, "config");
    const json_t *changed = json_object_get(s->host, "changed");
    size_t i;
    const json_t *one;
    int r = json_is_array(changed) ? 0 : put_all(to, config);
    json_array_foreach(changed, i, one) {
        if (r == 0)
            r = put_setting(to, config, json_string_value(one));
    }
    json_array_foreach(json_object_get(s->host, "secrets"), i, one) {
        const char *name = plain(json_string_value(one), "");
        if (r == 0 && name[0] != '\0')
            r = buf_printf(
                to, "# %s is set and not in this sheet: take it from where you keep it\n", name);
    }
    return r;
}

static int users_text(const struct sheet *s, struct buf *to)
{
    size_t i;
    const json_t *user;
    int r = 0;
    json_array_foreach(json_object_get(s->host, "acl"), i, user) {
        int64_t passwords = json_int_or(user, "passwords", 0);
        const char *rule = json_text_or(user, "rule", "");
        if (!is_rule(rule)) {
            r = r < 0 ? r
                      : buf_printf(to, "# a user is left out: its rule is not a line of Redis\n");
            continue;
        }
        if (r == 0 && passwords > 0)
            r = buf_printf(to, "# add the password of this user: >PASSWORD (%" PRId64 " in all)\n",
                           passwords);
        if (r == 0)
            r = buf_printf(to, "%s\n", rule);
    }
    return r;
}

static void install(const struct sheet *s)
{
    char text[400];
    const char *package = str_equal(s->server, "valkey") ? "valkey" : "redis";
    const json_t *modules = json_object_get(s->redis, "modules");
    (void)str_format(
        text, sizeof text,
        "It was %s %s on %s. A newer version reads its data, an older one does not%s.",
        str_equal(s->server, "valkey") ? "Valkey" : "Redis",
        s->version[0] == '\0' ? "of an unknown version" : s->version,
        json_text_or(s->redis, "os", "an unknown system"),
        json_array_size(modules) == 0 ? "" : "; it had modules: install them before it starts");
    json_t *o = step(s->steps, "Install the server", "host", text);
    command(o, "apt-get update && apt-cache policy %s-server", package);
    command(o, "apt-get install -y %s-server %s-tools", package, package);
    if (!is_process(s))
        command(o, "systemctl stop %s", s->settings->unit);
}

static void configure(const struct sheet *s)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(BLOCK_MAX);
    bool known = json_is_object(json_object_get(s->host, "config"));
    json_t *o =
        step(s->steps, "Write its settings", "host",
             !known ? "Its settings are not known: the Redis user of Resus may not use CONFIG "
                      "GET. Take them from where you keep them."
             : json_is_array(json_object_get(s->host, "changed"))
                 ? "What differed from a server without settings. Passwords are not in it."
                 : "All settings that it had. Passwords are not in it.");
    int r = known ? settings_text(s, &text) : 0;
    if (json_array_size(json_object_get(s->host, "acl")) > 1 &&
        str_equal(json_text_or(json_object_get(s->host, "config"), "aclfile", ""), ""))
        r = r < 0 ? r : users_text(s, &text);
    if (r == 0 && text.length > 0)
        command(o, "cat >%s <<'END'\n%sEND", s->config_file, buf_text(&text));
    const char *aclfile =
        plain(json_text_or(json_object_get(s->host, "config"), "aclfile", ""), "");
    ATTR_CLEANUP(buf_free) struct buf users = BUF_LIMIT(BLOCK_MAX);
    if (aclfile[0] != '\0' && users_text(s, &users) == 0)
        command(o, "cat >%s <<'END'\n%sEND", aclfile, buf_text(&users));
}

static void admit(const struct sheet *s)
{
    const struct service_settings *set = s->settings;
    const struct ssh_settings *ssh = &set->ssh;
    ATTR_CLEANUP(buf_free) struct buf sudoers = BUF_LIMIT(BLOCK_MAX);
    if (set->control != CONTROL_SSH ||
        host_sudoers(ssh->user, set->unit, set->log_file, set->commands_extended,
                     set->restore_helper, &sudoers) < 0)
        return;
    json_t *o = step(s->steps, "Make the account of Resus", "host",
                     "It may do what the sudoers file says, line by line, and nothing else.");
    command(o, "id %s >/dev/null 2>&1 || useradd --create-home --shell /bin/sh %s", ssh->user,
            ssh->user);
    command(o, "cat >/etc/sudoers.d/resus <<'END'\n%sEND", buf_text(&sudoers));
    command(o, "chmod 440 /etc/sudoers.d/resus && visudo -cf /etc/sudoers.d/resus");
    o = step(
        s->steps, "Let Resus in", "resus",
        "The first line prints what belongs into ~/.ssh/authorized_keys of that account. The new "
        "host has another key: compare its fingerprint at its console before you trust it.");
    command(o, "ssh-keygen -y -f %s", ssh->key);
    command(o, "ssh-keygen -R %s -f %s", ssh->host, ssh->known_hosts);
    command(o, "ssh-keyscan -p %d %s >>%s", ssh->port, ssh->host, ssh->known_hosts);
}

static void bring_back(const struct sheet *s)
{
    char text[400];
    const json_t *copies = json_object_get(s->backup_json, "copies");
    size_t i;
    const json_t *copy;
    (void)str_format(text, sizeof text,
                     "%" PRId64
                     " keys from %s. The second line shows the plan and changes nothing.",
                     json_int_or(s->backup_json, "keys", 0),
                     json_text_or(s->backup_json, "started_at", "an unknown time"));
    json_t *o = step(s->steps, "Bring the data back", "resus", text);
    json_array_foreach(copies, i, copy) {
        const char *place = plain(json_text_or(copy, "target", ""), "");
        if (place[0] != '\0' && str_equal(json_text_or(copy, "state", ""), "copied"))
            command(
                o,
                "resus backup fetch %s %s --place %s   # only if the backups of this machine are "
                "gone",
                s->service, s->backup, place);
    }
    command(o, "resus restore %s %s --dry-run", s->service, s->backup);
    command(o, "resus restore %s %s --confirm %s", s->service, s->backup, s->service);
}

static void put_steps(const struct sheet *s)
{
    bool process = is_process(s);
    json_t *o =
        step(s->steps, "Keep Resus' hands off", "resus",
             "So that it does not start or restart what is being built. It ends by itself.");
    command(o, "resus pause %s --for 8h --reason \"a new host\"", s->service);
    char text[400];
    (void)str_format(
        text, sizeof text,
        "With the address %s, or change `address` of the service in resus.yaml. A snapshot of "
        "the old one will do: then go on where it stands.",
        json_text_or(s->redis, "address", "of the old one"));
    (void)step(s->steps, "Get a machine", "host", text);
    install(s);
    configure(s);
    if (!process)
        admit(s);
    o = step(s->steps, "Start it", process ? "resus" : "host", "Empty: the data come next.");
    command(o, process ? "resus start %s" : "systemctl enable --now %s",
            process ? s->service : s->settings->unit);
    o = step(s->steps, "Look at the set-up", "resus", "Until nothing is found.");
    command(o, "resus doctor %s", s->service);
    bring_back(s);
    o = step(s->steps, "Let Resus act again, and verify", "resus",
             "The number of keys is in the plan above; those that expired meanwhile are missing.");
    command(o, "resus resume %s", s->service);
    command(o, "resus check %s", s->service);
    command(o, "resus backup create %s --reason \"first of the new host\"", s->service);
}

/* ── the answer ── */

json_t *rebuild_sheet_json(struct engine *engine, int service, const json_t *read, struct now now)
{
    const struct service_settings *settings = engine_settings(engine, service);
    JSON_CLEANUP json_t *status = engine_status_json(engine, service, now);
    JSON_CLEANUP json_t *health = engine_health_json(engine, service, now);
    JSON_CLEANUP json_t *recovery = engine_recovery_json(engine, service, now);
    const json_t *host = json_object_get(read, "host");
    const json_t *redis = json_object_get(host, "server");
    const char *config = json_text_or(redis, "config_file", "");
    struct sheet s = {
        .settings = settings,
        .service = settings->id,
        .config_file = plain(config, "/etc/redis/redis.conf"),
        .server = json_text_or(redis, "name", "redis"),
        .version = json_text_or(redis, "version", ""),
        .backup_json = json_object_get(read, "backup"),
        .host = host,
        .redis = redis,
        .steps = json_array(),
    };
    s.backup = json_text_or(s.backup_json, "id", "");
    put_steps(&s);
    json_t *body = json_object();
    (void)json_put_text(body, "service", settings->id);
    (void)json_put_text(body, "name", settings->name);
    (void)json_put_wall(body, "at", now.wall);
    (void)json_put(body, "backup", json_incref(json_object_get(read, "backup")));
    (void)json_put(body, "parts", parts_of(status, health));
    (void)json_put_bool(body, "acting",
                        json_is_null(json_object_get(recovery, "withheld")) &&
                            json_bool_or(recovery, "enabled", false));
    (void)json_put(body, "withheld", json_incref(json_object_get(recovery, "withheld")));
    (void)json_put_text(body, "problem", json_text_or(host, "problem", NULL));
    (void)json_put(body, "steps", s.steps);
    return body;
}
