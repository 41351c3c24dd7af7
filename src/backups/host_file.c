#include "backups/host_file.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "placement/redis_conf.h"
#include "redis/reply.h"

enum { CONFIG, ACL, SERVER };

const struct query_command host_commands[HOST_COMMANDS] = {
    [CONFIG] = {{"CONFIG", "GET", "*"}},
    [ACL] = {{"ACL", "LIST"}},
    [SERVER] = {{"INFO", "server"}},
};

/* ── settings ── */

json_t *host_config_of(const struct redis_reply *reply)
{
    if (reply->type != RESP_LIST || reply->count % 2 != 0)
        return NULL;
    json_t *config = json_object();
    for (size_t i = 0; i + 1 < reply->count; i += 2)
        if (reply->items[i]->type == RESP_BULK && reply->items[i + 1]->type == RESP_BULK)
            (void)json_put_text(config, reply->items[i]->text, reply->items[i + 1]->text);
    return config;
}

/* The name that a setting had before, where the server gives both. */
static bool is_old_name(const json_t *config, const char *name)
{
    static const char *const words[][2] = {
        {"slave", "replica"}, {"ziplist", "listpack"}, {"master", "primary"}};
    char other[128];
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        const char *at = strstr(name, words[i][0]);
        if (at != NULL &&
            str_format(other, sizeof other, "%.*s%s%s", (int)(at - name), name, words[i][1],
                       at + strlen(words[i][0])) &&
            json_object_get(config, other) != NULL)
            return true;
    }
    return false;
}

static void put_config(json_t *host, const struct redis_reply *reply)
{
    const char *name;
    json_t *value;
    json_t *kept = json_object();
    json_t *secrets = json_array();
    JSON_CLEANUP json_t *all = host_config_of(reply);
    json_object_foreach(all, name, value) {
        if (is_old_name(all, name))
            continue;
        if (!redis_conf_secret(name))
            (void)json_put(kept, name, json_incref(value));
        else if (json_string_length(value) > 0)
            (void)json_array_append_new(secrets, json_string(name));
    }
    (void)json_put(host, "config", all == NULL ? json_null() : json_incref(kept));
    (void)json_put_text(host, "config_problem",
                        all != NULL                 ? NULL
                        : reply->type == RESP_ERROR ? reply->text
                                                    : "an answer that is no list of settings");
    (void)json_put(host, "secrets", secrets);
    json_decref(kept);
}

/* What the proving server is told differs from what a server without settings has. */
static const char *const usual[][2] = {
    {"port", "6379"},
    {"unixsocket", ""},
    {"unixsocketperm", "0"},
    {"dbfilename", "dump.rdb"},
    {"daemonize", "no"},
    {"logfile", ""},
    {"save", "3600 1 300 100 60 10000"},
    {"appendonly", "no"},
    {"maxmemory", "0"},
    {"databases", "16"},
    {"dir", NULL},
};

static bool is_changed(const json_t *plain, const char *name, const char *value)
{
    for (size_t i = 0; i < ARRAY_LENGTH(usual); i++)
        if (str_equal(usual[i][0], name))
            return usual[i][1] == NULL || !str_equal(usual[i][1], value);
    return !str_equal(json_text_or(plain, name, ""), value);
}

void host_file_compare(json_t *host, const json_t *plain)
{
    const char *name;
    json_t *value;
    json_t *config = json_object_get(host, "config");
    json_t *changed = json_array();
    (void)json_put(host, "changed", plain == NULL ? json_null() : json_incref(changed));
    json_object_foreach(config, name, value) {
        if (plain != NULL && is_changed(plain, name, json_string_value(value)))
            (void)json_array_append_new(changed, json_string(name));
    }
    json_decref(changed);
}

/* ── users ── */

/* Without passwords and their hashes. */
static json_t *rule_of(const char *line)
{
    char *kept = mem_strdup(line);
    size_t length = 0;
    for (const char *p = line; kept != NULL && *p != '\0'; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");
        if (p[0] != '#' && p[0] != '>') {
            if (length > 0)
                kept[length++] = ' ';
            memcpy(kept + length, p, word);
            length += word;
        }
        p += word;
    }
    json_t *rule = kept == NULL ? json_null() : json_stringn(kept, length);
    mem_free(kept);
    return rule;
}

static size_t passwords_of(const char *line)
{
    size_t count = 0;
    for (const char *p = line; (p = strstr(p, " #")) != NULL; p += 2)
        count++;
    return count;
}

static void put_acl(json_t *host, const struct redis_reply *reply)
{
    json_t *users = json_array();
    bool good = reply->type == RESP_LIST;
    for (size_t i = 0; good && i < reply->count; i++) {
        if (reply->items[i]->type != RESP_BULK)
            continue;
        json_t *user = json_object();
        (void)json_put(user, "rule", rule_of(reply->items[i]->text));
        (void)json_put_int(user, "passwords", (int64_t)passwords_of(reply->items[i]->text));
        (void)json_array_append_new(users, user);
    }
    (void)json_put(host, "acl", good ? json_incref(users) : json_null());
    (void)json_put_text(host, "acl_problem",
                        good                        ? NULL
                        : reply->type == RESP_ERROR ? reply->text
                                                    : "an answer that is no list of users");
    json_decref(users);
}

/* ── the file ── */

static json_t *server_of(const struct manifest *m, const struct redis_reply *info)
{
    static const char *const fields[] = {"os", "executable", "config_file", "arch_bits"};
    char text[512];
    json_t *o = json_object();
    json_t *modules = json_array();
    (void)json_put_text(o, "name", m->source.server);
    (void)json_put_text(o, "version", m->source.version);
    (void)json_put_text(o, "address", m->source.address);
    (void)json_put_text(o, "role", m->source.role);
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        text[0] = '\0';
        if (info != NULL)
            query_info_text(info, fields[i], text, sizeof text);
        (void)json_put_text(o, fields[i], text[0] == '\0' ? NULL : text);
    }
    for (size_t i = 0; i < m->source.module_count; i++)
        (void)json_array_append_new(modules, json_string(m->source.modules[i]));
    (void)json_put(o, "modules", modules);
    return o;
}

json_t *host_file_new(const struct manifest *m, struct redis_reply *const *replies, const char *why,
                      const json_t *known)
{
    json_t *host = json_object();
    (void)json_put_int(host, "format", HOST_FILE_FORMAT);
    (void)json_put_text(host, "backup", m->id);
    (void)json_put_wall(host, "at", m->started);
    (void)json_put(host, "server", server_of(m, replies == NULL ? NULL : replies[SERVER]));
    (void)json_put_text(host, "problem", replies != NULL ? NULL : why);
    if (replies != NULL) {
        put_config(host, replies[CONFIG]);
        put_acl(host, replies[ACL]);
    }
    (void)json_put(host, "known", known == NULL ? json_null() : json_incref((json_t *)known));
    return host;
}

static int sum_of(const char *text, size_t length, char sha256[65], struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(text, length, digest, &size, EVP_sha256(), NULL) != 1)
        return error_set(err, -EIO, "SHA-256 failed");
    sha256[0] = '\0';
    for (unsigned i = 0; i < size; i++)
        (void)str_append(sha256, 65, "%02x", (unsigned)digest[i]);
    return 0;
}

/* What is too large for it is a gap in it, and no reason to make no backup. NULL without memory. */
static char *text_of(const json_t *host)
{
    static const char *const parts[][2] = {{"acl", "acl_problem"}, {"config", "config_problem"}};
    JSON_CLEANUP json_t *kept = json_copy((json_t *)host);
    char *text = json_dumps(kept, JSON_INDENT(1) | JSON_SORT_KEYS);
    for (size_t i = 0;
         i < ARRAY_LENGTH(parts) && text != NULL && strlen(text) > HOST_FILE_BYTES_MAX; i++) {
        mem_free(text);
        (void)json_put_null(kept, parts[i][0]);
        (void)json_put_text(kept, parts[i][1], "there is more of it than a backup keeps");
        text = json_dumps(kept, JSON_INDENT(1) | JSON_SORT_KEYS);
    }
    return text;
}

int host_file_write(const json_t *host, const char *folder, struct manifest *m, struct error *err)
{
    char path[PATH_MAX];
    char *text = text_of(host);
    if (text == NULL || !str_format(path, sizeof path, "%s/" HOST_FILE, folder)) {
        mem_free(text);
        return error_set(err, -ENOMEM, "out of memory");
    }
    struct manifest_file f = {.bytes = (int64_t)strlen(text)};
    (void)str_copy(f.name, sizeof f.name, HOST_FILE);
    int r = m->file_count == MANIFEST_FILES_MAX || strlen(text) > HOST_FILE_BYTES_MAX
                ? error_set(err, -E2BIG, "%s is too large", path)
                : file_write_atomic(path, text, strlen(text), 0600, err);
    if (r == 0)
        r = sum_of(text, strlen(text), f.sha256, err);
    mem_free(text);
    if (r == 0)
        m->files[m->file_count++] = f;
    return r;
}

static bool are_texts(const json_t *list)
{
    size_t i;
    const json_t *one;
    bool good = list == NULL || json_is_null(list) || json_is_array(list);
    json_array_foreach(list, i, one) {
        good = good && json_is_string(one);
    }
    return good;
}

static bool are_settings(const json_t *config)
{
    const char *name;
    json_t *value;
    bool good = config == NULL || json_is_null(config) || json_is_object(config);
    json_object_foreach((json_t *)config, name, value) {
        good = good && json_is_string(value);
    }
    return good;
}

static bool are_users(const json_t *list)
{
    size_t i;
    const json_t *one;
    bool good = list == NULL || json_is_null(list) || json_is_array(list);
    json_array_foreach(list, i, one) {
        good = good && json_is_object(one);
    }
    return good;
}

/* It may have come from a place for copies. */
static bool is_host(const json_t *o)
{
    return json_int_or(o, "format", 0) == HOST_FILE_FORMAT &&
           json_is_object(json_object_get(o, "server")) &&
           are_settings(json_object_get(o, "config")) && are_texts(json_object_get(o, "changed")) &&
           are_texts(json_object_get(o, "secrets")) && are_users(json_object_get(o, "acl"));
}

json_t *host_file_parse(const char *text, size_t length)
{
    json_t *host = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (is_host(host))
        return host;
    json_decref(host);
    return NULL;
}

json_t *host_file_read(const char *path, struct error *err)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(HOST_FILE_BYTES_MAX);
    if (file_read(path, &text, err) < 0)
        return NULL;
    json_t *host = host_file_parse(buf_text(&text), text.length);
    if (host == NULL)
        (void)error_set(err, -EBADMSG, "%s: this is no " HOST_FILE " of format %d", path,
                        HOST_FILE_FORMAT);
    return host;
}
