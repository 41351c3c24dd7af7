#include "restore/plan_facts.h"

#include <string.h>

#include "base/parse.h"
#include "base/str.h"

enum { INFO, MAXMEMORY, DATABASES, APPENDONLY, MODULES, FUNCTIONS, SENTINELS, TLS };

const struct query_command plan_commands[PLAN_COMMANDS] = {
    [INFO] = {{"INFO"}},
    [MAXMEMORY] = {{"CONFIG", "GET", "maxmemory"}},
    [DATABASES] = {{"CONFIG", "GET", "databases"}},
    [APPENDONLY] = {{"CONFIG", "GET", "appendonly"}},
    [MODULES] = {{"MODULE", "LIST"}},
    [FUNCTIONS] = {{"FUNCTION", "DUMP"}},
    /* Each Sentinel subscribes to this channel of the servers that it watches. */
    [SENTINELS] = {{"PUBSUB", "NUMSUB", "__sentinel__:hello"}},
    [TLS] = {{"CONFIG", "GET", "tls-replication"}},
};

/* A dump ends with the RDB version in two bytes and a CRC in eight. */
#define DUMP_TAIL 10
#define RDB_VERSION_REDIS_5_6 9
#define RDB_VERSION_REDIS_4 8

int64_t plan_rdb_version(const struct redis_reply *function_dump, int64_t major)
{
    if (function_dump->type == RESP_BULK && function_dump->length >= DUMP_TAIL) {
        const char *tail = function_dump->text + function_dump->length - DUMP_TAIL;
        return (unsigned char)tail[0] | (unsigned char)tail[1] << 8;
    }
    return major == 5 || major == 6 ? RDB_VERSION_REDIS_5_6
           : major == 4             ? RDB_VERSION_REDIS_4
                                    : RESTORE_UNKNOWN_VALUE;
}

static const char *config_value(const struct redis_reply *reply)
{
    bool pair = reply->type == RESP_LIST && reply->count == 2 && reply->items[1]->type == RESP_BULK;
    return pair ? reply->items[1]->text : "";
}

static int64_t config_number(const struct redis_reply *reply)
{
    int64_t value = 0;
    return parse_int(config_value(reply), 0, INT64_MAX, &value, NULL) < 0 ? RESTORE_UNKNOWN_VALUE
                                                                          : value;
}

static size_t take_modules(struct plan_names *names, const struct redis_reply *reply)
{
    size_t count = 0;
    for (size_t i = 0; reply->type == RESP_LIST && i < reply->count; i++) {
        const struct redis_reply *module = reply->items[i];
        for (size_t k = 0; module->type == RESP_LIST && k + 1 < module->count; k += 2)
            if (count < MANIFEST_MODULES_MAX && module->items[k]->type == RESP_BULK &&
                module->items[k + 1]->type == RESP_BULK &&
                str_equal(module->items[k]->text, "name"))
                (void)str_copy_clean(names->modules[count++], sizeof names->modules[0],
                                     module->items[k + 1]->text, module->items[k + 1]->length);
    }
    return count;
}

void plan_facts_of_backup(struct restore_plan_facts *f, const struct manifest *m)
{
    f->proved = m->proved == PROOF_LOADED;
    f->rdb_version = m->rdb_version;
    f->used_memory_bytes = m->used_memory_bytes > 0 ? m->used_memory_bytes : RESTORE_UNKNOWN_VALUE;
    f->highest_db = RESTORE_UNKNOWN_VALUE;
    /* An empty one has no databases; one that was not loaded has none, either. */
    f->keys = m->database_count > 0 || f->proved ? 0 : RESTORE_UNKNOWN_VALUE;
    for (size_t i = 0; i < m->database_count; i++) {
        f->keys += m->databases[i].keys;
        if (m->databases[i].keys > 0 && m->databases[i].db > f->highest_db)
            f->highest_db = m->databases[i].db;
    }
    f->bytes = m->file_count > 0 ? m->files[0].bytes : RESTORE_UNKNOWN_VALUE;
    f->modules = m->source.modules;
    f->module_count = m->source.module_count;
}

void plan_facts_of_target(struct restore_plan_facts *f, struct redis_reply *const *replies,
                          struct plan_names *names)
{
    f->answers = replies != NULL;
    f->target_rdb_version = f->target_major = f->databases = f->target_keys = f->maxmemory_bytes =
        RESTORE_UNKNOWN_VALUE;
    f->aof = RESTORE_NOT_KNOWN;
    if (replies == NULL)
        return;
    const struct redis_reply *info = replies[INFO];
    const char *aof = config_value(replies[APPENDONLY]);
    int64_t aof_enabled = query_info_number(info, "aof_enabled");
    char role[16];
    query_info_text(info, "role", role, sizeof role);
    f->valkey = query_info_field(info, "valkey_version") != NULL;
    f->target_major = query_info_number(info, "redis_version"); /* the digits at its front */
    f->target_rdb_version = plan_rdb_version(replies[FUNCTIONS], f->target_major);
    f->target_keys = query_info_keys(info);
    f->replica = str_equal(role, "slave");
    f->sentinel = replies[SENTINELS]->type == RESP_LIST && replies[SENTINELS]->count == 2 &&
                  replies[SENTINELS]->items[1]->integer > 0;
    f->tls = str_equal(config_value(replies[TLS]), "yes");
    f->cluster = query_info_number(info, "cluster_enabled") == 1;
    f->replicas = query_info_number(info, "connected_slaves");
    f->maxmemory_bytes = config_number(replies[MAXMEMORY]);
    if (f->maxmemory_bytes == RESTORE_UNKNOWN_VALUE)
        f->maxmemory_bytes = query_info_number(info, "maxmemory");
    f->databases = config_number(replies[DATABASES]);
    if (str_equal(aof, "yes") || aof_enabled == 1)
        f->aof = RESTORE_YES;
    else if (str_equal(aof, "no") || aof_enabled == 0)
        f->aof = RESTORE_NO;
    f->target_module_count = take_modules(names, replies[MODULES]);
    f->target_modules = (const char(*)[64])names->modules;
}
