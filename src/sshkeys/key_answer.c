#include "sshkeys/key_answer.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define OPTIONS_MAX (32 * 1024) /* bytes of one line's options: some hundred services on a host */
#define HOUR_MS (INT64_C(3600) * 1000)

bool key_is_of(const struct service_settings *s, const char *key)
{
    return (s->control == CONTROL_SSH || s->redis.via == VIA_SSH) && str_equal(s->ssh.key, key);
}

int64_t key_keep_ms(const struct settings *settings, const char *key)
{
    int hours = 0;
    for (size_t i = 0; i < settings->service_count; i++)
        if (key_is_of(&settings->services[i], key) &&
            settings->services[i].ssh.old_key_hours > hours)
            hours = settings->services[i].ssh.old_key_hours;
    return hours * HOUR_MS;
}

/* ── commands to copy ── */

/* A path as a word for a shell. */
static const char *quoted(const char *path, char *ret, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";
    if (path[strspn(path, plain)] == '\0')
        return path;
    (void)str_copy(ret, size, "'");
    for (const char *p = path; *p != '\0'; p++)
        (void)(*p == '\'' ? str_append(ret, size, "'\\''") : str_append(ret, size, "%c", *p));
    (void)str_append(ret, size, "'");
    return ret;
}

static void login_command(const struct ssh_settings *s, char *ret, size_t size)
{
    char key[2 * SETTINGS_PATH_MAX], known_hosts[2 * SETTINGS_PATH_MAX];
    (void)str_format(ret, size,
                     "ssh -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -p %d "
                     "%s@%s",
                     quoted(s->key, key, sizeof key),
                     quoted(s->known_hosts, known_hosts, sizeof known_hosts), s->port, s->user,
                     s->host);
}

void key_removal(const struct service_settings *s, const struct key_record *r, char *ret,
                 size_t size)
{
    char login[5 * SETTINGS_PATH_MAX];
    login_command(&s->ssh, login, sizeof login);
    (void)str_format(ret, size,
                     "%s \"cd .ssh && grep -vF '%s' authorized_keys > authorized_keys.resus && cp "
                     "authorized_keys.resus authorized_keys; rm -f authorized_keys.resus\"",
                     login, r->old_tail);
}

static bool permit(struct buf *options, const char *host, int port)
{
    char one[SETTINGS_HOST_MAX + 32];
    bool v6 = strchr(host, ':') != NULL;
    (void)str_format(one, sizeof one, ",permitopen=\"%s%s%s:%d\"", v6 ? "[" : "", host,
                     v6 ? "]" : "", port);
    return str_find(buf_text(options), options->length, one) != NULL ||
           buf_append(options, one, strlen(one)) == 0;
}

/* As docs/configuration.md has them: no terminal, no agent, and no forwarding but to Redis. */
static void put_line(json_t *host, const struct key_view *v, const struct service_settings *first)
{
    struct buf options = BUF_LIMIT(OPTIONS_MAX);
    struct buf line = BUF_LIMIT(OPTIONS_MAX + KEYPAIR_BASE64_MAX + 256);
    char comment[32], login[5 * SETTINGS_PATH_MAX];
    bool ok = true;
    for (size_t i = 0; i < v->settings->service_count; i++) {
        const struct service_settings *s = &v->settings->services[i];
        if (!key_is_of(s, v->key) || !settings_same_login(&s->ssh, &first->ssh) ||
            s->redis.socket[0] != '\0')
            continue;
        ok = ok && permit(&options, "127.0.0.1", s->redis.port) &&
             (str_equal(s->redis.host, "127.0.0.1") ||
              permit(&options, s->redis.host, s->redis.port));
    }
    key_book_comment(v->record->made, comment);
    login_command(&first->ssh, login, sizeof login);
    struct buf command = BUF_LIMIT(line.limit + sizeof login + 256);
    ok = ok &&
         buf_printf(&line, "restrict%s%s %s %s %s", options.length > 0 ? ",port-forwarding" : "",
                    buf_text(&options), v->fresh->type, v->fresh->base64, comment) == 0 &&
         /* The empty line in front: the last line of the file may lack its end. */
         buf_printf(&command, "printf '\\n%%s\\n' '%s' | %s 'cat >> .ssh/authorized_keys'",
                    buf_text(&line), login) == 0;
    (void)(ok && json_put_text(host, "line", buf_text(&line)) &&
           json_put_text(host, "command", buf_text(&command)));
    buf_free(&options);
    buf_free(&line);
    buf_free(&command);
}

static json_t *host_json(const struct key_view *v, size_t first)
{
    const struct service_settings *s = &v->settings->services[first];
    json_t *host = json_object();
    json_t *services = json_array();
    (void)json_put_text(host, "host", s->ssh.host);
    (void)json_put_int(host, "port", s->ssh.port);
    (void)json_put_text(host, "user", s->ssh.user);
    for (size_t i = first; i < v->settings->service_count; i++) {
        const struct service_settings *other = &v->settings->services[i];
        if (key_is_of(other, v->key) && settings_same_login(&s->ssh, &other->ssh))
            (void)json_array_append_new(services, json_string(other->id));
    }
    (void)json_put(host, "services", services);
    if (v->record != NULL && v->fresh != NULL) {
        put_line(host, v, s);
    } else if (v->record != NULL && v->record->recorded == KEY_SWITCHED) {
        char command[6 * SETTINGS_PATH_MAX];
        key_removal(s, v->record, command, sizeof command);
        (void)json_put_text(host, "command", command);
    }
    return host;
}

static bool first_of_login(const struct key_view *v, size_t i)
{
    const struct service_settings *services = v->settings->services;
    if (!key_is_of(&services[i], v->key))
        return false;
    for (size_t j = 0; j < i; j++)
        if (key_is_of(&services[j], v->key) &&
            settings_same_login(&services[j].ssh, &services[i].ssh))
            return false;
    return true;
}

json_t *key_answer(const struct key_view *v, const char *message)
{
    json_t *body = json_object();
    json_t *hosts = json_array();
    const struct key_record *r = v->record;
    (void)json_put_text(body, "key", v->key);
    (void)json_put_text(body, "phase", r == NULL ? "idle" : key_phase_word(r->recorded));
    (void)json_put_text(body, "message", message);
    if (r != NULL && v->fresh != NULL) {
        char path[SETTINGS_PATH_MAX];
        keypair_fresh_path(v->key, path);
        (void)json_put_text(body, "new_file", path);
        (void)json_put_text(body, "new_fingerprint", v->fresh->fingerprint);
    }
    if (r != NULL && r->recorded == KEY_SWITCHED) {
        (void)json_put_text(body, "old_file", r->old);
        (void)json_put_text(body, "old_fingerprint", r->old_fingerprint);
        (void)json_put_wall(body, "switched_at", r->switched);
        (void)json_put_wall(body, "old_kept_until",
                            wall_add(r->switched, key_keep_ms(v->settings, v->key)));
    }
    for (size_t i = 0; i < v->settings->service_count; i++)
        if (first_of_login(v, i))
            (void)json_array_append_new(hosts, host_json(v, i));
    (void)json_put(body, "hosts", hosts);
    return body;
}

/* ── the reminder ── */

void key_note(const struct service_settings *s, const struct key_record *r, wall_ms until,
              struct sshkeys_note *ret)
{
    char time[WALL_TEXT_SIZE], command[6 * SETTINGS_PATH_MAX];
    if (r->recorded == KEY_MADE) {
        ret->state = SSHKEYS_NEW_WAITS;
        (void)str_format(ret->text, sizeof ret->text,
                         "a new SSH key waits beside %s; the old one is in use", r->key);
        (void)str_format(ret->fix, sizeof ret->fix,
                         "install its line (`resus key rotate %s` prints it), then `resus key "
                         "rotate %s --continue`",
                         s->id, s->id);
    } else if (r->recorded == KEY_SWITCHED) {
        bool accepted = r->accepted_by[0] != '\0';
        ret->state = accepted ? SSHKEYS_OLD_ACCEPTED : SSHKEYS_OLD_KEPT;
        key_removal(s, r, command, sizeof command);
        if (accepted)
            (void)str_format(ret->text, sizeof ret->text,
                             "%s still accepts the old SSH key (%s): its line was not removed from "
                             "authorized_keys",
                             r->accepted_by, r->old_fingerprint);
        else
            (void)str_format(ret->text, sizeof ret->text,
                             "the old SSH key (%s) is kept as %s until %s; its line in "
                             "authorized_keys should go",
                             r->old_fingerprint, r->old, wall_text(until, time));
        (void)str_format(ret->fix, sizeof ret->fix, "as root on Resus' machine: `%s`", command);
    }
}
