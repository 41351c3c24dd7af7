#include "backups/source.h"

#include <string.h>

#include "base/parse.h"
#include "base/str.h"

enum { INFO, MAXMEMORY, DATABASES, APPENDONLY, MODULES };

const struct query_command source_commands[SOURCE_COMMANDS] = {
    [INFO] = {{"INFO"}},
    [MAXMEMORY] = {{"CONFIG", "GET", "maxmemory"}},
    [DATABASES] = {{"CONFIG", "GET", "databases"}},
    [APPENDONLY] = {{"CONFIG", "GET", "appendonly"}},
    [MODULES] = {{"MODULE", "LIST"}},
};

/* The value of CONFIG GET; "" when there is none. */
static const char *config_value(const struct redis_reply *reply)
{
    bool pair = reply->type == RESP_LIST && reply->count == 2 && reply->items[1]->type == RESP_BULK;
    return pair ? reply->items[1]->text : "";
}

static int64_t config_number(const struct redis_reply *reply)
{
    int64_t value = 0;
    return parse_int(config_value(reply), 0, INT64_MAX, &value, NULL) < 0 ? -1 : value;
}

/* A list of lists "name", NAME, "ver", ... */
static void take_modules(struct manifest_source *s, const struct redis_reply *reply)
{
    for (size_t i = 0; reply->type == RESP_LIST && i < reply->count; i++) {
        const struct redis_reply *module = reply->items[i];
        if (s->module_count == MANIFEST_MODULES_MAX || module->type != RESP_LIST)
            return;
        for (size_t k = 0; k + 1 < module->count; k += 2)
            if (module->items[k]->type == RESP_BULK && module->items[k + 1]->type == RESP_BULK &&
                str_equal(module->items[k]->text, "name"))
                (void)str_copy_clean(s->modules[s->module_count++], sizeof s->modules[0],
                                     module->items[k + 1]->text, module->items[k + 1]->length);
    }
}

static void take_way(struct manifest *m, const struct redis_settings *redis)
{
    m->tls = redis->tls.enabled;
    (void)str_copy(m->via, sizeof m->via,
                   redis->via == VIA_SSH      ? "ssh"
                   : redis->socket[0] != '\0' ? "unix"
                                              : "direct");
    if (redis->socket[0] != '\0')
        (void)str_format(m->source.address, sizeof m->source.address, "unix:%s", redis->socket);
    else
        (void)str_format(m->source.address, sizeof m->source.address, "%s:%d", redis->host,
                         redis->port);
}

void source_before(struct manifest *m, const struct redis_settings *redis,
                   struct redis_reply *const *replies)
{
    struct manifest_source *s = &m->source;
    s->maxmemory_bytes = s->databases = -1;
    m->live_before = m->live_after = BACKUP_KEYS_UNKNOWN;
    m->fork_us = m->cow_bytes = -1;
    take_way(m, redis);
    if (replies == NULL)
        return;
    const struct redis_reply *info = replies[INFO];
    query_info_text(info, "role", s->role, sizeof s->role);
    query_info_text(info, "run_id", s->run_id, sizeof s->run_id);
    bool valkey = query_info_field(info, "valkey_version") != NULL;
    (void)str_copy(s->server, sizeof s->server, valkey ? "valkey" : "redis");
    query_info_text(info, valkey ? "valkey_version" : "redis_version", s->version,
                    sizeof s->version);
    m->live_before = query_info_keys(info);
    s->maxmemory_bytes = config_number(replies[MAXMEMORY]);
    s->databases = config_number(replies[DATABASES]);
    s->appendonly = str_equal(config_value(replies[APPENDONLY]), "yes");
    take_modules(s, replies[MODULES]);
}

bool source_after(struct manifest *m, const struct redis_reply *info)
{
    char replid[sizeof m->source.replid];
    m->live_after = query_info_keys(info);
    m->fork_us = query_info_number(info, "latest_fork_usec");
    /* Redis reaps its child a little after the last byte. */
    bool running = query_info_number(info, "rdb_bgsave_in_progress") != 0;
    m->cow_bytes = query_info_number(info, running ? "current_cow_size" : "rdb_last_cow_size");
    query_info_text(info, "master_replid", replid, sizeof replid);
    return replid[0] != '\0' && !str_equal(replid, m->source.replid);
}
