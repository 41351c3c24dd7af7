#include "core/restore_plan.h"

#include <assert.h>

#include "base/attr.h"
#include "base/str.h"

/* Redis and Valkey share the versions up to 11. From 12 to 79 they are Redis' alone. */
#define RDB_VERSION_SHARED_MAX 11
#define RDB_VERSION_VALKEY_MIN 80
/* Stopping, starting and the moments between, beside the load. */
#define RESTART_MS 3000

bool restore_version_fits(int64_t version, int64_t target, bool target_is_valkey)
{
    bool of_redis = version > RDB_VERSION_SHARED_MAX && version < RDB_VERSION_VALKEY_MIN;
    return version <= target && !(of_redis && target_is_valkey);
}

const char *restore_missing_module(const struct restore_plan_facts *f)
{
    for (size_t i = 0; i < f->module_count; i++) {
        bool there = false;
        for (size_t k = 0; k < f->target_module_count; k++)
            there = there || str_equal(f->modules[i], f->target_modules[k]);
        if (!there)
            return f->modules[i];
    }
    return NULL;
}

static unsigned of_backup(const struct restore_plan_facts *f)
{
    unsigned found = 0;
    bool unknown = f->target_rdb_version == RESTORE_UNKNOWN_VALUE;
    if (!f->proved && !f->forced)
        found |= 1u << RESTORE_BLOCKED_NOT_PROVED;
    if (f->sealed && f->key_absent)
        found |= 1u << RESTORE_BLOCKED_KEY_ABSENT;
    else if (f->sealed && f->bytes > f->open_free_bytes)
        found |= 1u << RESTORE_BLOCKED_OPEN_ROOM;
    if (unknown)
        found |= 1u << RESTORE_BLOCKED_VERSION_UNKNOWN;
    else if (!restore_version_fits(f->rdb_version, f->target_rdb_version, f->valkey))
        found |= 1u << RESTORE_BLOCKED_RDB_VERSION;
    if (restore_missing_module(f) != NULL)
        found |= 1u << RESTORE_BLOCKED_MODULE;
    if (!f->part && f->maxmemory_bytes > 0 && f->used_memory_bytes > f->maxmemory_bytes)
        found |= 1u << RESTORE_BLOCKED_MAXMEMORY;
    if (f->databases != RESTORE_UNKNOWN_VALUE && f->highest_db >= f->databases)
        found |= 1u << RESTORE_BLOCKED_DATABASES;
    return found;
}

static unsigned of_aof(const struct restore_plan_facts *f)
{
    if (f->aof == RESTORE_NOT_KNOWN || f->aof_start == RESTORE_NOT_KNOWN)
        return 1u << RESTORE_BLOCKED_AOF_UNKNOWN;
    if (f->aof != f->aof_start)
        return 1u << RESTORE_BLOCKED_AOF_DIFFERS;
    if (f->aof_start == RESTORE_YES && f->target_major < RESTORE_AOF_FOLDER_MAJOR)
        return 1u << RESTORE_BLOCKED_AOF_OLD;
    return 0;
}

static unsigned of_file(const struct restore_plan_facts *f)
{
    unsigned found = 0;
    if (f->sentinel)
        found |= 1u << RESTORE_BLOCKED_SENTINEL;
    if (!f->can_place) /* the rest is about files that Resus does not see */
        return found | 1u << RESTORE_BLOCKED_NO_HELPER;
    found |= of_aof(f);
    if (f->disk_free_bytes == RESTORE_UNKNOWN_VALUE)
        found |= 1u << RESTORE_BLOCKED_DISK_UNKNOWN;
    else if (f->bytes > f->disk_free_bytes - f->disk_reserve_bytes)
        found |= 1u << RESTORE_BLOCKED_DISK;
    if (f->start_timeout_ms > 0 && f->load_ms >= f->start_timeout_ms)
        found |= 1u << RESTORE_BLOCKED_START_TIMEOUT;
    return found;
}

static unsigned of_replication(const struct restore_plan_facts *f)
{
    unsigned found = 0;
    if (f->sentinel)
        found |= 1u << RESTORE_BLOCKED_SENTINEL;
    if (f->tls)
        found |= 1u << RESTORE_BLOCKED_TLS;
    return found;
}

enum restore_method restore_choose(const struct restore_choice *c, const char **ret_why)
{
    if (c->part) {
        *ret_why =
            "Only a restore by keys takes a part of the backup, or keeps keys of the server.";
        return RESTORE_BY_KEYS;
    }
    if (c->local) {
        *ret_why = "Resus runs this server itself and can exchange its files.";
        return RESTORE_BY_FILE;
    }
    if (c->helper && !c->answers) {
        *ret_why = "The server is down, and the helper on its host can exchange its files.";
        return RESTORE_BY_FILE;
    }
    *ret_why = c->answers
                   ? "The server goes on serving meanwhile. --method replicate exchanges all "
                     "data at one moment instead, without writes until then."
                   : "There is no access to the files of this server.";
    return RESTORE_BY_KEYS;
}

static unsigned warnings_of(const struct restore_plan_facts *f)
{
    unsigned found = 0;
    bool by_file = f->method == RESTORE_BY_FILE;
    bool by_keys = f->method == RESTORE_BY_KEYS;
    if (by_file && f->aof_start == RESTORE_YES)
        found |= 1u << RESTORE_WARNS_AOF;
    if (!by_keys && f->replicas > 0)
        found |= 1u << RESTORE_WARNS_REPLICAS;
    if (!f->proved && f->forced)
        found |= 1u << RESTORE_WARNS_FORCED;
    if (!f->part && f->keys != RESTORE_UNKNOWN_VALUE && f->keys < f->target_keys)
        found |= 1u << RESTORE_WARNS_FEWER;
    if (!f->answers)
        found |= 1u << RESTORE_WARNS_UNGUARDED;
    if (f->method == RESTORE_BY_REPLICATION)
        found |= 1u << RESTORE_WARNS_READ_ONLY;
    if (by_keys)
        found |= 1u << RESTORE_WARNS_NOT_ATOMIC;
    return found;
}

void restore_plan(const struct restore_plan_facts *f, struct restore_plan *ret)
{
    bool by_file = f->method == RESTORE_BY_FILE;
    bool by_keys = f->method == RESTORE_BY_KEYS;
    *ret = (struct restore_plan){.blockers = of_backup(f), .warnings = warnings_of(f)};
    if (f->busy)
        ret->blockers |= 1u << RESTORE_BLOCKED_BUSY;
    if (f->replica)
        ret->blockers |= 1u << RESTORE_BLOCKED_REPLICA;
    if (f->cluster)
        ret->blockers |= 1u << RESTORE_BLOCKED_CLUSTER;
    if (by_file)
        ret->blockers |= of_file(f);
    else if (!f->answers)
        ret->blockers |= 1u << RESTORE_BLOCKED_DOWN;
    if (f->method == RESTORE_BY_REPLICATION)
        ret->blockers |= of_replication(f);
    ret->place_aof = by_file && f->aof_start == RESTORE_YES;
    ret->downtime_ms = by_keys                               ? 0
                       : f->load_ms == RESTORE_UNKNOWN_VALUE ? RESTORE_UNKNOWN_VALUE
                       : by_file                             ? f->load_ms + RESTART_MS
                                                             : f->load_ms;
}

const char *restore_method_word(enum restore_method method)
{
    static const char *const words[] = {[RESTORE_BY_FILE] = "file",
                                        [RESTORE_BY_REPLICATION] = "replicate",
                                        [RESTORE_BY_KEYS] = "keys"};
    static_assert(ARRAY_LENGTH(words) == RESTORE_METHOD_COUNT, "a word for every method");
    return words[method];
}

const char *restore_mode_word(enum restore_mode mode)
{
    static const char *const words[] = {[RESTORE_EXACT] = "exact",
                                        [RESTORE_OVERWRITE] = "overwrite",
                                        [RESTORE_MISSING] = "missing"};
    static_assert(ARRAY_LENGTH(words) == RESTORE_MODE_COUNT, "a word for every mode");
    return words[mode];
}

static const struct {
    const char *word, *text;
} blockers[] = {
    [RESTORE_BLOCKED_BUSY] = {"busy",
                              "Another operation on this service is under way. Wait for its end."},
    [RESTORE_BLOCKED_NOT_PROVED] = {"not_proved",
                                    "This backup was never loaded by a server. Verify it first: "
                                    "resus backup verify. Or take it as it is: --unproved."},
    [RESTORE_BLOCKED_KEY_ABSENT] =
        {"key_absent", "The backup is sealed, and no secret key that opens it is on this machine. "
                       "Put NAME.key (mode 600) beside NAME.pub of a recipient."},
    [RESTORE_BLOCKED_OPEN_ROOM] = {"open_room", NULL},
    [RESTORE_BLOCKED_RDB_VERSION] = {"rdb_version", NULL},
    [RESTORE_BLOCKED_VERSION_UNKNOWN] = {"version_unknown",
                                         "The RDB version that this server can read is not known. "
                                         "Start Redis first."},
    [RESTORE_BLOCKED_MODULE] = {"module", NULL},
    [RESTORE_BLOCKED_MAXMEMORY] = {"maxmemory", NULL},
    [RESTORE_BLOCKED_DATABASES] = {"databases", NULL},
    [RESTORE_BLOCKED_REPLICA] = {"replica", "This server is a replica: its primary would overwrite "
                                            "the restored data. Restore onto the primary."},
    [RESTORE_BLOCKED_CLUSTER] =
        {"cluster", "This server is a node of a cluster. Resus does not restore clusters."},
    [RESTORE_BLOCKED_SENTINEL] = {"sentinel", "Sentinel watches this server: a failover meanwhile "
                                              "would discard the restored data. "
                                              "Restore by keys, or pause Sentinel."},
    [RESTORE_BLOCKED_NO_HELPER] = {"no_helper", "Resus cannot exchange the files of this service: "
                                                "restore by keys (--method keys)."},
    [RESTORE_BLOCKED_DISK] = {"disk", NULL},
    [RESTORE_BLOCKED_DISK_UNKNOWN] = {"disk_unknown",
                                      "The free space of the data folder is not known."},
    [RESTORE_BLOCKED_AOF_UNKNOWN] =
        {"aof_unknown",
         "Whether this server starts with an append-only file is not known, and it would start "
         "with "
         "the wrong data. Let redis.conf say `appendonly` itself, after its last `include`."},
    [RESTORE_BLOCKED_AOF_DIFFERS] = {"aof_differs",
                                     "`appendonly` of the running server differs from redis.conf, "
                                     "so that the next start would read "
                                     "other files. Run CONFIG REWRITE, or correct redis.conf."},
    [RESTORE_BLOCKED_AOF_OLD] = {"aof_old",
                                 "This server is older than Redis 7 and uses an append-only file. "
                                 "Restore by keys, or switch it off first."},
    [RESTORE_BLOCKED_START_TIMEOUT] = {"start_timeout", NULL},
    [RESTORE_BLOCKED_DOWN] = {"down", "Redis does not answer. Start it, or restore by file."},
    [RESTORE_BLOCKED_TLS] = {"tls", "This server replicates by TLS, or is reached by TLS, and the "
                                    "server of the backup has none. Restore by file or by keys."},
};
static_assert(ARRAY_LENGTH(blockers) == RESTORE_BLOCKER_COUNT, "a row for every blocker");

const char *restore_blocker_word(enum restore_blocker blocker)
{
    return blockers[blocker].word;
}

static long long megabytes(int64_t bytes)
{
    return (long long)(bytes / 1000 / 1000);
}

void restore_blocker_text(enum restore_blocker blocker, const struct restore_plan_facts *f,
                          char *to, size_t size)
{
    const char *module = restore_missing_module(f);
    switch (blocker) {
    case RESTORE_BLOCKED_RDB_VERSION:
        (void)str_format(to, size,
                         "The backup has RDB version %lld, this server reads %s%lld. Upgrade the "
                         "server first: it "
                         "would refuse the data.",
                         (long long)f->rdb_version, f->valkey ? "Valkey's up to " : "up to ",
                         (long long)f->target_rdb_version);
        break;
    case RESTORE_BLOCKED_MODULE:
        (void)str_format(
            to, size,
            "The server does not have the module %s that the backup needs. Load it first.",
            module == NULL ? "" : module);
        break;
    case RESTORE_BLOCKED_MAXMEMORY:
        (void)str_format(to, size,
                         "The data need %lld MB of memory, maxmemory is %lld MB: Redis would evict "
                         "keys right after "
                         "the restore. Raise maxmemory first.",
                         megabytes(f->used_memory_bytes), megabytes(f->maxmemory_bytes));
        break;
    case RESTORE_BLOCKED_DATABASES:
        (void)str_format(to, size,
                         "The backup has keys in database %lld, this server has %lld databases and "
                         "would not start. "
                         "Raise `databases` first.",
                         (long long)f->highest_db, (long long)f->databases);
        break;
    case RESTORE_BLOCKED_DISK:
        (void)str_format(to, size,
                         "The backup needs %lld MB, %lld MB are free in the data folder, of which "
                         "%lld MB stay free. "
                         "Make room first.",
                         megabytes(f->bytes), megabytes(f->disk_free_bytes),
                         megabytes(f->disk_reserve_bytes));
        break;
    case RESTORE_BLOCKED_OPEN_ROOM:
        (void)str_format(to, size,
                         "To open the sealed backup %lld MB are needed beside the backups, and "
                         "%lld MB may be used there. Make room first.",
                         megabytes(f->bytes), megabytes(f->open_free_bytes));
        break;
    case RESTORE_BLOCKED_START_TIMEOUT:
        (void)str_format(to, size,
                         "Loading takes about %lld s, systemd ends a start after %lld s. Raise "
                         "TimeoutStartSec first.",
                         (long long)(f->load_ms / 1000), (long long)(f->start_timeout_ms / 1000));
        break;
    default:
        (void)str_copy(to, size, blockers[blocker].text);
        break;
    }
}

static const struct {
    const char *word, *text;
} warnings[] = {
    [RESTORE_WARNS_AOF] =
        {"aof",
         "The append-only file is on: the backup becomes its base, the old files are kept aside."},
    [RESTORE_WARNS_REPLICAS] = {"replicas", NULL},
    [RESTORE_WARNS_FORCED] =
        {"forced", "This backup was never loaded by a server: the restore may fail and be undone."},
    [RESTORE_WARNS_FEWER] = {"fewer_keys", NULL},
    [RESTORE_WARNS_UNGUARDED] =
        {"unguarded",
         "Redis does not answer, so no safety backup is made. Its files are kept aside."},
    [RESTORE_WARNS_READ_ONLY] =
        {"read_only",
         "From the beginning of the copy to its end Redis refuses writes, and while it "
         "loads also reads."},
    [RESTORE_WARNS_NOT_ATOMIC] =
        {"not_atomic", "Clients see old and restored keys side by side while the keys are copied."},
};
static_assert(ARRAY_LENGTH(warnings) == RESTORE_WARNING_COUNT, "a row for every warning");

const char *restore_warning_word(enum restore_warning warning)
{
    return warnings[warning].word;
}

void restore_warning_text(enum restore_warning warning, const struct restore_plan_facts *f,
                          char *to, size_t size)
{
    if (warning == RESTORE_WARNS_REPLICAS)
        (void)str_format(to, size, "%lld replicas copy all data again after the restore.",
                         (long long)f->replicas);
    else if (warning == RESTORE_WARNS_FEWER)
        (void)str_format(to, size, "The backup has %lld keys, the server has %lld now.",
                         (long long)f->keys, (long long)f->target_keys);
    else
        (void)str_copy(to, size, warnings[warning].text);
}
