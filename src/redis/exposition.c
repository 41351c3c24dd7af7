#include "redis/exposition.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/number.h"

#define VALUE_MAX 256

const struct exposition_metric exposition_metrics[] = {
    {"active_defrag_hits", "redis_defrag_hits", false, "Values moved by defragmenting."},
    {"active_defrag_key_hits", "redis_defrag_key_hits", false, "Keys defragmented."},
    {"active_defrag_key_misses", "redis_defrag_key_misses", false,
     "Keys left out by defragmenting."},
    {"active_defrag_misses", "redis_defrag_misses", false, "Moves given up by defragmenting."},
    {"active_defrag_running", "redis_active_defrag_running", false,
     "Is memory being defragmented?"},
    {"allocator_active", "redis_allocator_active_bytes", false,
     "Bytes in pages that the allocator uses."},
    {"allocator_allocated", "redis_allocator_allocated_bytes", false,
     "Bytes given out by the allocator."},
    {"allocator_frag_bytes", "redis_allocator_frag_bytes", false, "Active less allocated bytes."},
    {"allocator_frag_ratio", "redis_allocator_frag_ratio", false, "Active over allocated bytes."},
    {"allocator_resident", "redis_allocator_resident_bytes", false,
     "Bytes of the allocator in physical memory."},
    {"allocator_rss_bytes", "redis_allocator_rss_bytes", false, "Resident less active bytes."},
    {"allocator_rss_ratio", "redis_allocator_rss_ratio", false, "Resident over active bytes."},
    {"aof_base_size", "redis_aof_base_size_bytes", false, "Its size after the last rewrite."},
    {"aof_buffer_length", "redis_aof_buffer_length", false, "Bytes that wait to be appended."},
    {"aof_current_size", "redis_aof_current_size_bytes", false, "Size of the append-only file."},
    {"aof_delayed_fsync", "redis_aof_delayed_fsync", false, "Flushes that came late."},
    {"aof_enabled", "redis_aof_enabled", false, "Is the append-only file on?"},
    {"aof_last_bgrewrite_status", "redis_aof_last_bgrewrite_status", false,
     "Did the last rewrite succeed?"},
    {"aof_last_cow_size", "redis_aof_last_cow_size_bytes", false,
     "Memory copied during the last rewrite."},
    {"aof_last_write_status", "redis_aof_last_write_status", false,
     "Did the last write to the append-only file succeed?"},
    {"aof_pending_bio_fsync", "redis_aof_pending_bio_fsync", false, "Flushes that wait."},
    {"aof_pending_rewrite", "redis_aof_pending_rewrite", false,
     "Does a rewrite wait for the save to end?"},
    {"aof_rewrite_in_progress", "redis_aof_rewrite_in_progress", false,
     "Is the append-only file being rewritten?"},
    {"aof_rewrite_scheduled", "redis_aof_rewrite_scheduled", false, "Will it be rewritten?"},
    {"blocked_clients", "redis_blocked_clients", false, "Clients that wait in a blocking command."},
    {"client_recent_max_input_buffer", "redis_client_recent_max_input_buffer_bytes", false,
     "Largest input buffer of a client of late."},
    {"client_recent_max_output_buffer", "redis_client_recent_max_output_buffer_bytes", false,
     "Largest output buffer of a client of late."},
    {"clients_in_timeout_table", "redis_clients_in_timeout_table", false,
     "Clients with a timeout running."},
    {"connected_clients", "redis_connected_clients", false, "Clients connected, without replicas."},
    {"connected_slaves", "redis_connected_slaves", false, "Replicas connected."},
    {"evicted_keys", "redis_evicted_keys_total", true,
     "Keys that were evicted for lack of memory."},
    {"expired_keys", "redis_expired_keys_total", true, "Keys that expired."},
    {"expired_stale_perc", "redis_expired_stale_percentage", false,
     "Share of keys that have expired and are there still."},
    {"expired_time_cap_reached_count", "redis_expired_time_cap_reached_total", true,
     "How often expiring ran out of time."},
    {"instantaneous_ops_per_sec", "redis_instantaneous_ops_per_second", false,
     "Commands per second right now."},
    {"io_threads_active", "redis_io_threads_active", false, "Are I/O threads at work?"},
    {"keyspace_hits", "redis_keyspace_hits_total", true, "Look-ups that found a key."},
    {"keyspace_misses", "redis_keyspace_misses_total", true, "Look-ups that found none."},
    {"lazyfree_pending_objects", "redis_lazyfree_pending_objects", false,
     "Objects that wait to be freed."},
    {"loading", "redis_loading_dump_file", false, "Is the data being loaded?"},
    {"master_last_io_seconds_ago", "redis_master_last_io_seconds_ago", false,
     "Seconds since this replica last heard of its primary."},
    {"master_link_status", "redis_master_link_up", false,
     "Is this replica's link to its primary up?"},
    {"master_repl_offset", "redis_master_repl_offset", false, "Replication offset."},
    {"master_sync_in_progress", "redis_master_sync_in_progress", false,
     "Is this replica being synchronised?"},
    {"maxclients", "redis_config_maxclients", false, "Limit of clients."},
    {"maxmemory", "redis_memory_max_bytes", false, "Limit of memory, 0 = none."},
    {"mem_clients_normal", "redis_mem_clients_normal", false, "Bytes of the buffers of clients."},
    {"mem_clients_slaves", "redis_mem_clients_slaves", false, "Bytes of the buffers of replicas."},
    {"mem_fragmentation_bytes", "redis_mem_fragmentation_bytes", false,
     "Resident less allocated memory."},
    {"mem_fragmentation_ratio", "redis_mem_fragmentation_ratio", false,
     "Resident over allocated memory."},
    {"mem_not_counted_for_evict", "redis_mem_not_counted_for_eviction_bytes", false,
     "Bytes that do not count towards the limit."},
    {"module_fork_in_progress", "redis_module_fork_in_progress", false,
     "Is a module's fork at work?"},
    {"module_fork_last_cow_size", "redis_module_fork_last_cow_size", false,
     "Bytes copied during a module's last fork."},
    {"process_id", "redis_process_id", false, "Number of the process."},
    {"pubsub_channels", "redis_pubsub_channels", false, "Channels with subscribers."},
    {"pubsub_patterns", "redis_pubsub_patterns", false, "Patterns with subscribers."},
    {"rdb_bgsave_in_progress", "redis_rdb_bgsave_in_progress", false, "Is a save under way?"},
    {"rdb_changes_since_last_save", "redis_rdb_changes_since_last_save", false,
     "Changes that are not saved."},
    {"rdb_last_bgsave_status", "redis_rdb_last_bgsave_status", false, "Did the last save succeed?"},
    {"rdb_last_cow_size", "redis_rdb_last_cow_size_bytes", false,
     "Memory copied during the last save."},
    {"rdb_last_save_time", "redis_rdb_last_save_timestamp_seconds", false,
     "When it was last saved."},
    {"rejected_connections", "redis_rejected_connections_total", true,
     "Connections refused because of the limit."},
    {"repl_backlog_active", "redis_repl_backlog_is_active", false,
     "Is there a replication backlog?"},
    {"repl_backlog_first_byte_offset", "redis_repl_backlog_first_byte_offset", false,
     "Where the backlog begins."},
    {"repl_backlog_histlen", "redis_repl_backlog_history_bytes", false, "Bytes in the backlog."},
    {"repl_backlog_size", "redis_replication_backlog_bytes", false,
     "Size of the replication backlog."},
    {"second_repl_offset", "redis_second_repl_offset", false,
     "Offset up to which the former identity is accepted."},
    {"slave_expires_tracked_keys", "redis_slave_expires_tracked_keys", false,
     "Keys whose end a writable replica tracks."},
    {"slave_priority", "redis_slave_priority", false, "Priority of this replica in a failover."},
    {"sync_full", "redis_replica_resyncs_full", false, "Full synchronisations of replicas."},
    {"sync_partial_err", "redis_replica_partial_resync_denied", false,
     "Partial synchronisations that were denied."},
    {"sync_partial_ok", "redis_replica_partial_resync_accepted", false,
     "Partial synchronisations that were granted."},
    {"total_commands_processed", "redis_commands_processed_total", true, "Commands processed."},
    {"total_connections_received", "redis_connections_received_total", true,
     "Connections accepted."},
    {"total_error_replies", "redis_error_replies_total", true, "Error replies given."},
    {"total_net_input_bytes", "redis_net_input_bytes_total", true, "Bytes read from the network."},
    {"total_net_output_bytes", "redis_net_output_bytes_total", true,
     "Bytes written to the network."},
    {"total_system_memory", "redis_total_system_memory_bytes", false, "Memory of the host."},
    {"tracking_clients", "redis_tracking_clients", false, "Clients with client-side caching."},
    {"uptime_in_seconds", "redis_uptime_in_seconds", false, "Seconds since Redis started."},
    {"used_cpu_sys", "redis_cpu_sys_seconds_total", true, "CPU time in the kernel."},
    {"used_cpu_sys_children", "redis_cpu_sys_children_seconds_total", true,
     "CPU time of children in the kernel."},
    {"used_cpu_user", "redis_cpu_user_seconds_total", true, "CPU time in Redis itself."},
    {"used_cpu_user_children", "redis_cpu_user_children_seconds_total", true,
     "CPU time of children in Redis itself."},
    {"used_memory", "redis_memory_used_bytes", false, "Memory that Redis allocated."},
    {"used_memory_dataset", "redis_memory_used_dataset_bytes", false, "Memory for the data."},
    {"used_memory_lua", "redis_memory_used_lua_bytes", false, "Memory of the script engine."},
    {"used_memory_overhead", "redis_memory_used_overhead_bytes", false,
     "Memory for anything but the data."},
    {"used_memory_peak", "redis_memory_used_peak_bytes", false,
     "Most memory that Redis ever had allocated."},
    {"used_memory_rss", "redis_memory_used_rss_bytes", false,
     "Memory of the process as the system sees it."},
    {"used_memory_scripts", "redis_memory_used_scripts_bytes", false, "Memory of cached scripts."},
    {"used_memory_startup", "redis_memory_used_startup_bytes", false, "Memory at start."},
};
const size_t exposition_metric_count = ARRAY_LENGTH(exposition_metrics);
static_assert(ARRAY_LENGTH(exposition_metrics) <= EXPOSITION_METRICS_MAX, "a place for each");

static int by_field(const void *key, const void *row)
{
    return strcmp(key, ((const struct exposition_metric *)row)->field);
}

/* Words of a state are 1 when it is well. Numbers may be negative: -1 is "never" there. */
static bool read_value(const char *value, double *ret)
{
    int64_t whole;
    size_t length = strlen(value);
    if (number_int(value, length, &whole)) {
        *ret = (double)whole;
        return true;
    }
    if (number_real(value, length, ret))
        return true;
    bool good = str_equal(value, "ok") || str_equal(value, "up");
    if (!good && !str_equal(value, "err") && !str_equal(value, "down"))
        return false;
    *ret = good ? 1 : 0;
    return true;
}

static int64_t part(const char *value, const char *key)
{
    const char *at = strstr(value, key);
    int64_t n = 0;
    if (at == NULL)
        return 0;
    at += strlen(key);
    return number_int(at, strcspn(at, ","), &n) && n > 0 ? n : 0;
}

static void read_database(const char *name, const char *value, struct exposition *e)
{
    int64_t number;
    if (!number_int(name + 2, strlen(name + 2), &number) || number < 0 || number > 1 << 20 ||
        e->database_count == EXPOSITION_DATABASES_MAX)
        return;
    int i = e->database_count++;
    e->databases[i].number = (int)number;
    e->databases[i].keys = part(value, "keys=");
    e->databases[i].expiring = part(value, "expires=");
    e->databases[i].average_ttl_ms = part(value, "avg_ttl=");
}

static void read_word(const char *name, const char *value, struct exposition *e)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } words[] = {
        {"redis_version", e->version, sizeof e->version},
        {"valkey_version", e->version, sizeof e->version},
        {"redis_mode", e->mode, sizeof e->mode},
        {"role", e->role, sizeof e->role},
        {"os", e->os, sizeof e->os},
        {"maxmemory_policy", e->policy, sizeof e->policy},
        {"redis_build_id", e->build, sizeof e->build},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (str_equal(words[i].name, name))
            (void)str_copy_clean(words[i].to, words[i].size, value, strlen(value));
}

static void read_line(const char *line, size_t length, struct exposition *e)
{
    char name[64];
    char value[VALUE_MAX];
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || !str_copy_n(name, sizeof name, line, (size_t)(colon - line)) ||
        !str_copy_n(value, sizeof value, colon + 1, length - (size_t)(colon + 1 - line)))
        return;
    e->known = true;
    const struct exposition_metric *m =
        bsearch(name, exposition_metrics, exposition_metric_count, sizeof *m, by_field);
    if (m != NULL)
        (void)read_value(value, &e->values[m - exposition_metrics]);
    else if (name[0] == 'd' && name[1] == 'b' && isdigit((unsigned char)name[2]) != 0)
        read_database(name, value, e);
    else
        read_word(name, value, e);
}

void exposition_read(const char *text, size_t length, struct exposition *ret)
{
    *ret = (struct exposition){0};
    for (size_t i = 0; i < EXPOSITION_METRICS_MAX; i++)
        ret->values[i] = (double)NAN;
    for (const char *end = text + length; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (newline == NULL)
            break; /* a cut line: its number could be cut too */
        size_t n = (size_t)(newline - text);
        if (n > 0 && text[n - 1] == '\r')
            n--;
        if (n > 0 && text[0] != '#')
            read_line(text, n, ret);
        text = newline + 1;
    }
}
