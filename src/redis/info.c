#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/number.h"
#include "redis/reply.h"

#define VALUE_MAX 256 /* of a value we read; longer ones (executable paths) are not ours */

/* How a value is read into its field. */
enum field_kind {
    FIELD_INT,  /* int64_t */
    FIELD_REAL, /* double >= 0 */
    FIELD_FLAG, /* enum tri: 0, 1 */
    FIELD_OK    /* enum tri: "ok" or another word */
};

static const struct {
    const char *name;
    enum field_kind kind;
    size_t offset;
} fields[] = {
#define FIELD(name, kind, member)                                                                  \
    {                                                                                              \
        name, kind, offsetof(struct info_facts, member)                                            \
    }
    FIELD("process_id", FIELD_INT, process_id),
    FIELD("tcp_port", FIELD_INT, tcp_port),
    FIELD("uptime_in_seconds", FIELD_INT, uptime_seconds),
    FIELD("used_memory", FIELD_INT, used_memory),
    FIELD("used_memory_rss", FIELD_INT, used_memory_rss),
    FIELD("used_memory_peak", FIELD_INT, used_memory_peak),
    FIELD("maxmemory", FIELD_INT, maxmemory),
    FIELD("total_system_memory", FIELD_INT, system_memory),
    FIELD("mem_fragmentation_ratio", FIELD_REAL, fragmentation_ratio),
    FIELD("connected_clients", FIELD_INT, connected_clients),
    FIELD("maxclients", FIELD_INT, maxclients),
    FIELD("blocked_clients", FIELD_INT, blocked_clients),
    FIELD("rejected_connections", FIELD_INT, rejected_connections),
    FIELD("instantaneous_ops_per_sec", FIELD_INT, ops_per_second),
    FIELD("total_commands_processed", FIELD_INT, commands_processed),
    FIELD("total_connections_received", FIELD_INT, connections_received),
    FIELD("evicted_keys", FIELD_INT, evicted_keys),
    FIELD("expired_keys", FIELD_INT, expired_keys),
    FIELD("keyspace_hits", FIELD_INT, keyspace_hits),
    FIELD("keyspace_misses", FIELD_INT, keyspace_misses),
    FIELD("total_error_replies", FIELD_INT, error_replies),
    FIELD("loading", FIELD_FLAG, loading),
    FIELD("async_loading", FIELD_FLAG, async_loading),
    FIELD("loading_loaded_perc", FIELD_REAL, loading_percent),
    FIELD("loading_loaded_bytes", FIELD_INT, loading_bytes),
    FIELD("loading_eta_seconds", FIELD_INT, loading_eta_seconds),
    FIELD("rdb_changes_since_last_save", FIELD_INT, unsaved_changes),
    FIELD("rdb_last_save_time", FIELD_INT, last_save_unix),
    FIELD("rdb_saves", FIELD_INT, saves),
    FIELD("server_time_usec", FIELD_INT, server_time_us),
    FIELD("rdb_last_bgsave_time_sec", FIELD_INT, last_save_seconds),
    FIELD("rdb_last_bgsave_status", FIELD_OK, last_save_ok),
    FIELD("rdb_bgsave_in_progress", FIELD_FLAG, save_running),
    FIELD("aof_enabled", FIELD_FLAG, aof_enabled),
    FIELD("aof_last_write_status", FIELD_OK, aof_write_ok),
    FIELD("connected_slaves", FIELD_INT, connected_replicas),
    FIELD("cluster_enabled", FIELD_FLAG, cluster),
    FIELD("master_port", FIELD_INT, master_port),
    FIELD("master_sync_in_progress", FIELD_FLAG, master_sync),
    FIELD("master_link_down_since_seconds", FIELD_INT, master_link_down_seconds),
    FIELD("master_sync_left_bytes", FIELD_INT, master_sync_left_bytes),
    FIELD("sync_full", FIELD_INT, full_syncs),
    FIELD("paused_timeout_milliseconds", FIELD_INT, pause_left_ms),
#undef FIELD
};

/* What a text adds up over its lines. */
struct sums {
    bool errors, keyspace; /* the section was there */
    int64_t excused, oom, keys;
    double cpu_sys, cpu_user; /* < 0: not there */
};

/* No field of ours is negative but for -1, which Redis says where it does not know, as we do. What
 * no Redis can mean is not believed: whoever reckons with a figure (in ms, in percent) would leave
 * the range of a number. */
static bool read_int(const char *value, int64_t *ret)
{
    int64_t n = 0;
    if (!number_int(value, strlen(value), &n) || n < FACT_UNKNOWN || n > NUMBER_MAX)
        return false;
    *ret = n;
    return true;
}

static bool read_real(const char *value, double *ret)
{
    return number_real(value, strlen(value), ret);
}

static void set_field(enum field_kind kind, void *field, const char *value)
{
    switch (kind) {
    case FIELD_INT:
        (void)read_int(value, field);
        break;
    case FIELD_REAL:
        (void)read_real(value, field);
        break;
    case FIELD_FLAG:
        *(enum tri *)field = str_equal(value, "0")   ? TRI_NO
                             : str_equal(value, "1") ? TRI_YES
                                                     : TRI_UNKNOWN;
        break;
    case FIELD_OK:
        *(enum tri *)field = str_equal(value, "ok") ? TRI_YES : TRI_NO;
        break;
    }
}

static void set_policy(struct info_facts *info, const char *value)
{
    (void)str_copy_clean(info->maxmemory_policy, sizeof info->maxmemory_policy, value,
                         strlen(value));
    info->evicts = !str_equal(value, "noeviction");
}

/* The values that are words. True when `name` is one of them. */
static bool set_word(struct info_facts *info, const char *name, const char *value)
{
    size_t length = strlen(value);
    if (str_equal(name, "redis_version")) {
        (void)str_copy_clean(info->version, sizeof info->version, value, length);
        info->valkey = false; /* unless a later line says so */
    } else if (str_equal(name, "valkey_version")) {
        (void)str_copy_clean(info->version, sizeof info->version, value, length);
        info->valkey = true;
    } else if (str_equal(name, "server_name")) {
        info->valkey = str_equal(value, "valkey");
    } else if (str_equal(name, "run_id")) {
        (void)str_copy_clean(info->run_id, sizeof info->run_id, value, length);
    } else if (str_equal(name, "master_host")) {
        (void)str_copy_clean(info->master_host, sizeof info->master_host, value, length);
    } else if (str_equal(name, "maxmemory_policy")) {
        set_policy(info, value);
    } else if (str_equal(name, "redis_mode")) {
        info->role = str_equal(value, "sentinel") ? ROLE_SENTINEL : ROLE_UNKNOWN;
    } else if (str_equal(name, "role")) {
        info->role = str_equal(value, "master")  ? ROLE_PRIMARY
                     : str_equal(value, "slave") ? ROLE_REPLICA
                                                 : ROLE_UNKNOWN;
        info->master_link_up = TRI_UNKNOWN; /* a replica tells it in a later line */
    } else if (str_equal(name, "master_link_status")) {
        info->master_link_up = str_equal(value, "up") ? TRI_YES : TRI_NO;
    } else if (str_equal(name, "paused_actions")) {
        info->paused = str_equal(value, "none") ? TRI_NO : TRI_YES;
    } else if (str_equal(name, "master_failover_state")) {
        info->failover = str_equal(value, "no-failover") ? FAILOVER_NONE : FAILOVER_RUNNING;
    } else {
        return false;
    }
    return true;
}

static void add(int64_t *sum, int64_t n)
{
    *sum = n > INT64_MAX - *sum ? INT64_MAX : *sum + n;
}

/* The number behind "key=" in "key=12,other=3". 0 when it is not there. */
static int64_t number_after(const char *value, const char *key)
{
    const char *at = strstr(value, key);
    char digits[24] = "";
    int64_t n = 0;
    if (at == NULL)
        return 0;
    at += strlen(key);
    (void)str_copy_n(digits, sizeof digits, at, strcspn(at, ","));
    return read_int(digits, &n) && n > 0 ? n : 0;
}

static bool is_database(const char *name)
{
    return name[0] == 'd' && name[1] == 'b' && isdigit((unsigned char)name[2]) != 0;
}

static void sum_up(struct sums *sums, const char *name, const char *value)
{
    if (str_equal(name, "used_cpu_sys"))
        (void)read_real(value, &sums->cpu_sys);
    else if (str_equal(name, "used_cpu_user"))
        (void)read_real(value, &sums->cpu_user);
    else if (is_database(name))
        add(&sums->keys, number_after(value, "keys="));
    else if (str_equal(name, "errorstat_OOM"))
        add(&sums->oom, number_after(value, "count="));
    else if (str_equal(name, "errorstat_MOVED") || str_equal(name, "errorstat_ASK") ||
             str_equal(name, "errorstat_NOSCRIPT") || str_equal(name, "errorstat_LOADING") ||
             str_equal(name, "errorstat_BUSY"))
        add(&sums->excused, number_after(value, "count="));
}

static void take_sums(struct info_facts *info, const struct sums *sums)
{
    if (sums->errors) {
        info->errors_excused = sums->excused;
        info->errors_oom = sums->oom;
    }
    if (sums->keyspace)
        info->keys = sums->keys;
    if (sums->cpu_sys >= 0 && sums->cpu_user >= 0)
        info->cpu_seconds = sums->cpu_sys + sums->cpu_user;
    if (info->loading == TRI_NO) { /* the numbers of a load that is over mean nothing */
        info->loading_percent = FACT_UNKNOWN;
        info->loading_bytes = FACT_UNKNOWN;
        info->loading_eta_seconds = FACT_UNKNOWN;
    }
}

/* True when the line was a field: name, colon, value. */
static bool read_line(const char *line, size_t length, struct info_facts *info, struct sums *sums)
{
    char name[64];
    char value[VALUE_MAX];
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || colon == line ||
        !str_copy_n(name, sizeof name, line, (size_t)(colon - line)))
        return false;
    if (!str_copy_n(value, sizeof value, colon + 1, length - (size_t)(colon + 1 - line)))
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (str_equal(fields[i].name, name)) {
            set_field(fields[i].kind, (char *)info + fields[i].offset, value);
            return true;
        }
    }
    if (!set_word(info, name, value))
        sum_up(sums, name, value);
    return true;
}

void info_parse(const char *text, size_t length, struct info_facts *info)
{
    struct sums sums = {.cpu_sys = -1, .cpu_user = -1};
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (newline == NULL)
            break; /* a cut line: its number could be cut too */
        size_t n = (size_t)(newline - text);
        if (n > 0 && text[n - 1] == '\r')
            n--;
        if (n > 0 && text[0] == '#') {
            sums.errors |= str_find(text, n, "Errorstats") != NULL;
            sums.keyspace |= str_find(text, n, "Keyspace") != NULL;
        } else if (n > 0 && read_line(text, n, info, &sums)) {
            info->known = true;
        }
        text = newline + 1;
    }
    take_sums(info, &sums);
}

static void set_config(struct info_facts *info, const char *name, const char *value)
{
    if (str_equal(name, "maxclients"))
        (void)read_int(value, &info->maxclients);
    else if (str_equal(name, "maxmemory"))
        (void)read_int(value, &info->maxmemory);
    else if (str_equal(name, "maxmemory-policy"))
        set_policy(info, value);
    else if (str_equal(name, "save"))
        info->save_points = value[0] == '\0' ? TRI_NO : TRI_YES;
    else if (str_equal(name, "busy-reply-threshold") || str_equal(name, "lua-time-limit"))
        (void)read_int(value, &info->busy_threshold_ms);
    else
        return;
    info->known = true;
}

void info_parse_config(const struct redis_reply *reply, struct info_facts *info)
{
    if (reply->type != RESP_LIST)
        return;
    for (size_t i = 0; i + 1 < reply->count; i += 2) {
        const struct redis_reply *name = reply->items[i];
        const struct redis_reply *value = reply->items[i + 1];
        if (name->type == RESP_BULK && value->type == RESP_BULK)
            set_config(info, name->text, value->text);
    }
}
