#include "redis/exposition.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/number.h"

#define FIELD_MAX 64
#define VALUE_MAX 256
#define ERROR_PREFIX "errorstat_"

const struct exposition_metric exposition_metrics[] = {
    {"active_defrag_hits", "redis_defrag_hits", FIGURE_GAUGE, "Values moved by defragmenting."},
    {"active_defrag_key_hits", "redis_defrag_key_hits", FIGURE_GAUGE, "Keys defragmented."},
    {"active_defrag_key_misses", "redis_defrag_key_misses", FIGURE_GAUGE,
     "Keys left out by defragmenting."},
    {"active_defrag_misses", "redis_defrag_misses", FIGURE_GAUGE,
     "Moves given up by defragmenting."},
    {"active_defrag_running", "redis_active_defrag_running", FIGURE_GAUGE,
     "Is memory being defragmented?"},
    {"allocator_active", "redis_allocator_active_bytes", FIGURE_GAUGE,
     "Bytes in pages that the allocator uses."},
    {"allocator_allocated", "redis_allocator_allocated_bytes", FIGURE_GAUGE,
     "Bytes given out by the allocator."},
    {"allocator_frag_bytes", "redis_allocator_frag_bytes", FIGURE_GAUGE,
     "Active less allocated bytes."},
    {"allocator_frag_ratio", "redis_allocator_frag_ratio", FIGURE_GAUGE,
     "Active over allocated bytes."},
    {"allocator_resident", "redis_allocator_resident_bytes", FIGURE_GAUGE,
     "Bytes of the allocator in physical memory."},
    {"allocator_rss_bytes", "redis_allocator_rss_bytes", FIGURE_GAUGE,
     "Resident less active bytes."},
    {"allocator_rss_ratio", "redis_allocator_rss_ratio", FIGURE_GAUGE,
     "Resident over active bytes."},
    {"aof_base_size", "redis_aof_base_size_bytes", FIGURE_GAUGE,
     "Its size after the last rewrite."},
    {"aof_buffer_length", "redis_aof_buffer_length", FIGURE_GAUGE,
     "Bytes that wait to be appended."},
    {"aof_current_size", "redis_aof_current_size_bytes", FIGURE_GAUGE,
     "Size of the append-only file."},
    {"aof_delayed_fsync", "redis_aof_delayed_fsync", FIGURE_GAUGE, "Flushes that came late."},
    {"aof_enabled", "redis_aof_enabled", FIGURE_GAUGE, "Is the append-only file on?"},
    {"aof_last_bgrewrite_status", "redis_aof_last_bgrewrite_status", FIGURE_GAUGE,
     "Did the last rewrite succeed?"},
    {"aof_last_cow_size", "redis_aof_last_cow_size_bytes", FIGURE_GAUGE,
     "Memory copied during the last rewrite."},
    {"aof_last_write_status", "redis_aof_last_write_status", FIGURE_GAUGE,
     "Did the last write to the append-only file succeed?"},
    {"aof_pending_bio_fsync", "redis_aof_pending_bio_fsync", FIGURE_GAUGE, "Flushes that wait."},
    {"aof_pending_rewrite", "redis_aof_pending_rewrite", FIGURE_GAUGE,
     "Does a rewrite wait for the save to end?"},
    {"aof_rewrite_in_progress", "redis_aof_rewrite_in_progress", FIGURE_GAUGE,
     "Is the append-only file being rewritten?"},
    {"aof_rewrite_scheduled", "redis_aof_rewrite_scheduled", FIGURE_GAUGE, "Will it be rewritten?"},
    {"blocked_clients", "redis_blocked_clients", FIGURE_GAUGE,
     "Clients that wait in a blocking command."},
    {"client_recent_max_input_buffer", "redis_client_recent_max_input_buffer_bytes", FIGURE_GAUGE,
     "Largest input buffer of a client of late."},
    {"client_recent_max_output_buffer", "redis_client_recent_max_output_buffer_bytes", FIGURE_GAUGE,
     "Largest output buffer of a client of late."},
    {"clients_in_timeout_table", "redis_clients_in_timeout_table", FIGURE_GAUGE,
     "Clients with a timeout running."},
    {"cluster_connections", "redis_cluster_connections", FIGURE_GAUGE,
     "Connections of the cluster bus."},
    {"cluster_enabled", "redis_cluster_enabled", FIGURE_GAUGE, "Is it a node of a cluster?"},
    {"connected_clients", "redis_connected_clients", FIGURE_GAUGE,
     "Clients connected, without replicas."},
    {"connected_slaves", "redis_connected_slaves", FIGURE_GAUGE, "Replicas connected."},
    {"dump_payload_sanitizations", "redis_dump_payload_sanitizations", FIGURE_GAUGE,
     "Payloads of RESTORE that were checked in depth."},
    {"evicted_keys", "redis_evicted_keys_total", FIGURE_COUNTER,
     "Keys that were evicted for lack of memory."},
    {"expired_keys", "redis_expired_keys_total", FIGURE_COUNTER, "Keys that expired."},
    {"expired_stale_perc", "redis_expired_stale_percentage", FIGURE_GAUGE,
     "Share of keys that have expired and are there still."},
    {"expired_time_cap_reached_count", "redis_expired_time_cap_reached_total", FIGURE_COUNTER,
     "How often expiring ran out of time."},
    {"instantaneous_ops_per_sec", "redis_instantaneous_ops_per_second", FIGURE_GAUGE,
     "Commands per second right now."},
    {"io_threaded_reads_processed", "redis_io_threaded_reads_processed", FIGURE_GAUGE,
     "Reads that I/O threads did."},
    {"io_threaded_writes_processed", "redis_io_threaded_writes_processed", FIGURE_GAUGE,
     "Writes that I/O threads did."},
    {"io_threads_active", "redis_io_threads_active", FIGURE_GAUGE, "Are I/O threads at work?"},
    {"keyspace_hits", "redis_keyspace_hits_total", FIGURE_COUNTER, "Look-ups that found a key."},
    {"keyspace_misses", "redis_keyspace_misses_total", FIGURE_COUNTER, "Look-ups that found none."},
    {"latest_fork_usec", "redis_latest_fork_seconds", FIGURE_MICROSECONDS,
     "How long the last fork took."},
    {"lazyfree_pending_objects", "redis_lazyfree_pending_objects", FIGURE_GAUGE,
     "Objects that wait to be freed."},
    {"loading", "redis_loading_dump_file", FIGURE_GAUGE, "Is the data being loaded?"},
    {"master_last_io_seconds_ago", "redis_master_last_io_seconds_ago", FIGURE_OF_PRIMARY,
     "Seconds since this replica last heard of its primary."},
    {"master_link_status", "redis_master_link_up", FIGURE_OF_PRIMARY,
     "Is this replica's link to its primary up?"},
    {"master_repl_offset", "redis_master_repl_offset", FIGURE_GAUGE, "Replication offset."},
    {"master_sync_in_progress", "redis_master_sync_in_progress", FIGURE_OF_PRIMARY,
     "Is this replica being synchronised?"},
    {"maxclients", "redis_config_maxclients", FIGURE_GAUGE, "Limit of clients."},
    {"maxmemory", "redis_memory_max_bytes", FIGURE_GAUGE, "Limit of memory, 0 = none."},
    {"mem_clients_normal", "redis_mem_clients_normal", FIGURE_GAUGE,
     "Bytes of the buffers of clients."},
    {"mem_clients_slaves", "redis_mem_clients_slaves", FIGURE_GAUGE,
     "Bytes of the buffers of replicas."},
    {"mem_fragmentation_bytes", "redis_mem_fragmentation_bytes", FIGURE_GAUGE,
     "Resident less allocated memory."},
    {"mem_fragmentation_ratio", "redis_mem_fragmentation_ratio", FIGURE_GAUGE,
     "Resident over allocated memory."},
    {"mem_not_counted_for_evict", "redis_mem_not_counted_for_eviction_bytes", FIGURE_GAUGE,
     "Bytes that do not count towards the limit."},
    {"migrate_cached_sockets", "redis_migrate_cached_sockets_total", FIGURE_COUNTER,
     "Sockets kept open for MIGRATE."},
    {"module_fork_in_progress", "redis_module_fork_in_progress", FIGURE_GAUGE,
     "Is a module's fork at work?"},
    {"module_fork_last_cow_size", "redis_module_fork_last_cow_size", FIGURE_GAUGE,
     "Bytes copied during a module's last fork."},
    {"number_of_cached_scripts", "redis_number_of_cached_scripts", FIGURE_GAUGE, "Scripts kept."},
    {"process_id", "redis_process_id", FIGURE_GAUGE, "Number of the process."},
    {"pubsub_channels", "redis_pubsub_channels", FIGURE_GAUGE, "Channels with subscribers."},
    {"pubsub_patterns", "redis_pubsub_patterns", FIGURE_GAUGE, "Patterns with subscribers."},
    {"rdb_bgsave_in_progress", "redis_rdb_bgsave_in_progress", FIGURE_GAUGE,
     "Is a save under way?"},
    {"rdb_changes_since_last_save", "redis_rdb_changes_since_last_save", FIGURE_GAUGE,
     "Changes that are not saved."},
    {"rdb_last_bgsave_status", "redis_rdb_last_bgsave_status", FIGURE_GAUGE,
     "Did the last save succeed?"},
    {"rdb_last_cow_size", "redis_rdb_last_cow_size_bytes", FIGURE_GAUGE,
     "Memory copied during the last save."},
    {"rdb_last_save_time", "redis_rdb_last_save_timestamp_seconds", FIGURE_GAUGE,
     "When it was last saved."},
    {"rejected_connections", "redis_rejected_connections_total", FIGURE_COUNTER,
     "Connections refused because of the limit."},
    {"repl_backlog_active", "redis_repl_backlog_is_active", FIGURE_GAUGE,
     "Is there a replication backlog?"},
    {"repl_backlog_first_byte_offset", "redis_repl_backlog_first_byte_offset", FIGURE_GAUGE,
     "Where the backlog begins."},
    {"repl_backlog_histlen", "redis_repl_backlog_history_bytes", FIGURE_GAUGE,
     "Bytes in the backlog."},
    {"repl_backlog_size", "redis_replication_backlog_bytes", FIGURE_GAUGE,
     "Size of the replication backlog."},
    {"second_repl_offset", "redis_second_repl_offset", FIGURE_GAUGE,
     "Offset up to which the former identity is accepted."},
    {"slave_expires_tracked_keys", "redis_slave_expires_tracked_keys", FIGURE_GAUGE,
     "Keys whose end a writable replica tracks."},
    {"slave_priority", "redis_slave_priority", FIGURE_GAUGE,
     "Priority of this replica in a failover."},
    {"slave_repl_offset", "redis_slave_repl_offset", FIGURE_OF_PRIMARY,
     "Replication offset that this replica has reached."},
    {"sync_full", "redis_replica_resyncs_full", FIGURE_GAUGE, "Full synchronisations of replicas."},
    {"sync_partial_err", "redis_replica_partial_resync_denied", FIGURE_GAUGE,
     "Partial synchronisations that were denied."},
    {"sync_partial_ok", "redis_replica_partial_resync_accepted", FIGURE_GAUGE,
     "Partial synchronisations that were granted."},
    {"total_commands_processed", "redis_commands_processed_total", FIGURE_COUNTER,
     "Commands processed."},
    {"total_connections_received", "redis_connections_received_total", FIGURE_COUNTER,
     "Connections accepted."},
    {"total_error_replies", "redis_error_replies_total", FIGURE_COUNTER, "Error replies given."},
    {"total_net_input_bytes", "redis_net_input_bytes_total", FIGURE_COUNTER,
     "Bytes read from the network."},
    {"total_net_output_bytes", "redis_net_output_bytes_total", FIGURE_COUNTER,
     "Bytes written to the network."},
    {"total_reads_processed", "redis_total_reads_processed", FIGURE_GAUGE, "Reads from clients."},
    {"total_system_memory", "redis_total_system_memory_bytes", FIGURE_GAUGE, "Memory of the host."},
    {"total_writes_processed", "redis_total_writes_processed", FIGURE_GAUGE, "Writes to clients."},
    {"tracking_clients", "redis_tracking_clients", FIGURE_GAUGE,
     "Clients with client-side caching."},
    {"tracking_total_items", "redis_tracking_total_items", FIGURE_GAUGE,
     "Pairs of key and client that are tracked."},
    {"tracking_total_keys", "redis_tracking_total_keys", FIGURE_GAUGE, "Keys that are tracked."},
    {"tracking_total_prefixes", "redis_tracking_total_prefixes", FIGURE_GAUGE,
     "Prefixes that are tracked."},
    {"unexpected_error_replies", "redis_unexpected_error_replies", FIGURE_GAUGE,
     "Error replies in replication or at start, where none is expected."},
    {"uptime_in_seconds", "redis_uptime_in_seconds", FIGURE_GAUGE, "Seconds since Redis started."},
    {"used_cpu_sys", "redis_cpu_sys_seconds_total", FIGURE_COUNTER, "CPU time in the kernel."},
    {"used_cpu_sys_children", "redis_cpu_sys_children_seconds_total", FIGURE_COUNTER,
     "CPU time of children in the kernel."},
    {"used_cpu_sys_main_thread", "redis_cpu_sys_main_thread_seconds_total", FIGURE_COUNTER,
     "CPU time of the main thread in the kernel."},
    {"used_cpu_user", "redis_cpu_user_seconds_total", FIGURE_COUNTER, "CPU time in Redis itself."},
    {"used_cpu_user_children", "redis_cpu_user_children_seconds_total", FIGURE_COUNTER,
     "CPU time of children in Redis itself."},
    {"used_cpu_user_main_thread", "redis_cpu_user_main_thread_seconds_total", FIGURE_COUNTER,
     "CPU time of the main thread in Redis itself."},
    {"used_memory", "redis_memory_used_bytes", FIGURE_GAUGE, "Memory that Redis allocated."},
    {"used_memory_dataset", "redis_memory_used_dataset_bytes", FIGURE_GAUGE,
     "Memory for the data."},
    {"used_memory_lua", "redis_memory_used_lua_bytes", FIGURE_GAUGE,
     "Memory of the script engine."},
    {"used_memory_overhead", "redis_memory_used_overhead_bytes", FIGURE_GAUGE,
     "Memory for anything but the data."},
    {"used_memory_peak", "redis_memory_used_peak_bytes", FIGURE_GAUGE,
     "Most memory that Redis ever had allocated."},
    {"used_memory_rss", "redis_memory_used_rss_bytes", FIGURE_GAUGE,
     "Memory of the process as the system sees it."},
    {"used_memory_scripts", "redis_memory_used_scripts_bytes", FIGURE_GAUGE,
     "Memory of cached scripts."},
    {"used_memory_startup", "redis_memory_used_startup_bytes", FIGURE_GAUGE, "Memory at start."},
};
const size_t exposition_metric_count = ARRAY_LENGTH(exposition_metrics);
static_assert(ARRAY_LENGTH(exposition_metrics) <= EXPOSITION_METRICS_MAX, "a place for each");

const struct exposition_alias exposition_aliases[] = {
    {"maxmemory", "redis_config_maxmemory", "Limit of memory, 0 = none."},
    {"total_error_replies", "redis_total_error_replies", "Error replies given."},
};
const size_t exposition_alias_count = ARRAY_LENGTH(exposition_aliases);

/* CLUSTER INFO; sorted likewise. */
const struct exposition_metric exposition_cluster_metrics[] = {
    {"cluster_current_epoch", "redis_cluster_current_epoch", FIGURE_GAUGE, "Epoch of the cluster."},
    {"cluster_known_nodes", "redis_cluster_known_nodes", FIGURE_GAUGE, "Nodes that are known."},
    {"cluster_my_epoch", "redis_cluster_my_epoch", FIGURE_GAUGE, "Epoch of this node."},
    {"cluster_size", "redis_cluster_size", FIGURE_GAUGE, "Primaries that serve slots."},
    {"cluster_slots_assigned", "redis_cluster_slots_assigned", FIGURE_GAUGE,
     "Slots that some node has."},
    {"cluster_slots_fail", "redis_cluster_slots_fail", FIGURE_GAUGE,
     "Slots whose node has failed."},
    {"cluster_slots_ok", "redis_cluster_slots_ok", FIGURE_GAUGE, "Slots whose node is well."},
    {"cluster_slots_pfail", "redis_cluster_slots_pfail", FIGURE_GAUGE,
     "Slots whose node may have failed."},
    {"cluster_state", "redis_cluster_state", FIGURE_GAUGE, "Does the cluster take commands?"},
    {"cluster_stats_messages_received", "redis_cluster_messages_received_total", FIGURE_COUNTER,
     "Messages received on the cluster bus."},
    {"cluster_stats_messages_sent", "redis_cluster_messages_sent_total", FIGURE_COUNTER,
     "Messages sent on the cluster bus."},
};
const size_t exposition_cluster_metric_count = ARRAY_LENGTH(exposition_cluster_metrics);
static_assert(ARRAY_LENGTH(exposition_cluster_metrics) <= EXPOSITION_CLUSTER_MAX,
              "a place for each");

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
    if (!good && !str_equal(value, "err") && !str_equal(value, "down") && !str_equal(value, "fail"))
        return false;
    *ret = good ? 1 : 0;
    return true;
}

/* The number behind "key=" in "a=1,key=2". False when there is none that is a number. */
static bool part(const char *value, const char *key, int64_t *ret)
{
    const char *at = value;
    size_t length = strlen(key);
    for (; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            at += length + 1;
            return number_int(at, strcspn(at, ","), ret);
        }
    }
    return false;
}

static int64_t count_of(const char *value, const char *key, int64_t unknown)
{
    int64_t n = 0;
    return part(value, key, &n) && n >= 0 ? n : unknown;
}

static void part_word(const char *value, const char *key, char *to, size_t size)
{
    const char *at = value;
    size_t length = strlen(key);
    for (; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            at += length + 1;
            (void)str_copy_clean(to, size, at, strcspn(at, ","));
            return;
        }
    }
}

static void read_database(const char *name, const char *value, struct exposition *e)
{
    int64_t number;
    if (!number_int(name + 2, strlen(name + 2), &number) || number < 0 || number > 1 << 20 ||
        e->database_count == EXPOSITION_DATABASES_MAX)
        return;
    int i = e->database_count++;
    e->databases[i].number = (int)number;
    e->databases[i].keys = count_of(value, "keys", 0);
    e->databases[i].expiring = count_of(value, "expires", 0);
    e->databases[i].average_ttl_ms = count_of(value, "avg_ttl", -1);
}

/* Two replicas that show the same address and state would be the same series twice. */
static bool same_replica(const struct exposition_replica *a, const struct exposition_replica *b)
{
    return str_equal(a->ip, b->ip) && str_equal(a->port, b->port) && str_equal(a->state, b->state);
}

/* "slave0:ip=10.0.0.2,port=6379,state=online,offset=1204,lag=1" */
static void read_replica(const char *value, struct exposition *e)
{
    struct exposition_replica replica = {.offset = count_of(value, "offset", -1),
                                         .lag_seconds = count_of(value, "lag", -1)};
    part_word(value, "ip", replica.ip, sizeof replica.ip);
    part_word(value, "port", replica.port, sizeof replica.port);
    part_word(value, "state", replica.state, sizeof replica.state);
    for (int i = 0; i < e->replica_count; i++)
        if (same_replica(&e->replicas[i], &replica))
            return;
    if (replica.ip[0] != '\0' && e->replica_count < EXPOSITION_REPLICAS_MAX)
        e->replicas[e->replica_count++] = replica;
}

/* "errorstat_WRONGTYPE:count=3". Scripts make up names of their own. */
static void read_error(const char *name, const char *value, struct exposition *e)
{
    struct exposition_error error = {.count = count_of(value, "count", -1)};
    (void)str_copy_clean(error.name, sizeof error.name, name, strlen(name));
    for (int i = 0; i < e->error_count; i++)
        if (str_equal(e->errors[i].name, error.name))
            return;
    if (error.count >= 0 && e->error_count < EXPOSITION_ERRORS_MAX)
        e->errors[e->error_count++] = error;
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
        {"server_mode", e->mode, sizeof e->mode},
        {"role", e->role, sizeof e->role},
        {"os", e->os, sizeof e->os},
        {"maxmemory_policy", e->policy, sizeof e->policy},
        {"redis_build_id", e->build, sizeof e->build},
        {"process_id", e->process_id, sizeof e->process_id},
        {"run_id", e->run_id, sizeof e->run_id},
        {"tcp_port", e->tcp_port, sizeof e->tcp_port},
        {"master_host", e->primary_host, sizeof e->primary_host},
        {"master_port", e->primary_port, sizeof e->primary_port},
        {"slave_read_only", e->read_only, sizeof e->read_only},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (str_equal(words[i].name, name))
            (void)str_copy_clean(words[i].to, words[i].size, value, strlen(value));
}

static bool numbered(const char *name, const char *prefix)
{
    return str_starts(name, prefix) && isdigit((unsigned char)name[strlen(prefix)]) != 0;
}

static void read_field(const char *name, const char *value, struct exposition *e)
{
    int64_t now_us;
    const struct exposition_metric *m =
        bsearch(name, exposition_metrics, exposition_metric_count, sizeof *m, by_field);
    double number;
    if (m != NULL && read_value(value, &number))
        e->values[m - exposition_metrics] = m->kind == FIGURE_MICROSECONDS ? number / 1e6 : number;
    if (numbered(name, "db"))
        read_database(name, value, e);
    else if (numbered(name, "slave"))
        read_replica(value, e);
    else if (str_starts(name, ERROR_PREFIX))
        read_error(name + strlen(ERROR_PREFIX), value, e);
    else if (str_equal(name, "server_time_usec") && number_int(value, strlen(value), &now_us))
        e->start_unix = now_us / 1000000; /* the uptime is taken off at the end */
    else
        read_word(name, value, e);
}

/* "name:value" into both. False when it is no such line, or one that is too long to be ours. */
static bool split(const char *line, size_t length, char name[FIELD_MAX], char value[VALUE_MAX])
{
    const char *colon = memchr(line, ':', length);
    return colon != NULL && str_copy_n(name, FIELD_MAX, line, (size_t)(colon - line)) &&
           str_copy_n(value, VALUE_MAX, colon + 1, length - (size_t)(colon + 1 - line));
}

/* The next whole line without its end, NULL after the last one. A cut line is left out: its number
 * could be cut too. */
static const char *next_line(const char **text, const char *end, size_t *ret_length)
{
    const char *line = *text;
    const char *newline = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    if (newline == NULL)
        return NULL;
    *text = newline + 1;
    *ret_length = (size_t)(newline - line);
    if (*ret_length > 0 && newline[-1] == '\r')
        (*ret_length)--;
    return line;
}

double exposition_value(const struct exposition *e, const char *field)
{
    const struct exposition_metric *m =
        bsearch(field, exposition_metrics, exposition_metric_count, sizeof *m, by_field);
    return m == NULL ? (double)NAN : e->values[m - exposition_metrics];
}

/* Both come from the clock that the server looks at once a turn, so the difference stands still. */
static void take_start(struct exposition *e)
{
    double uptime = exposition_value(e, "uptime_in_seconds");
    bool known = e->start_unix > 0 && uptime >= 0 && uptime < (double)e->start_unix;
    e->start_unix = known ? e->start_unix - (int64_t)uptime : -1;
}

static void unknown(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (double)NAN;
}

void exposition_read(const char *text, size_t length, struct exposition *ret)
{
    char name[FIELD_MAX];
    char value[VALUE_MAX];
    const char *end = text + length;
    const char *line;
    *ret = (struct exposition){.start_unix = -1};
    unknown(ret->values, EXPOSITION_METRICS_MAX);
    while ((line = next_line(&text, end, &length)) != NULL) {
        if (length > 0 && line[0] == '#') {
            ret->keyspace |= str_find(line, length, "Keyspace") != NULL;
        } else if (split(line, length, name, value)) {
            ret->known = true;
            read_field(name, value, ret);
        }
    }
    take_start(ret);
}

void exposition_read_cluster(const char *text, size_t length, struct exposition_cluster *ret)
{
    char name[FIELD_MAX];
    char value[VALUE_MAX];
    const char *end = text + length;
    const char *line;
    *ret = (struct exposition_cluster){0};
    unknown(ret->values, EXPOSITION_CLUSTER_MAX);
    while ((line = next_line(&text, end, &length)) != NULL) {
        const struct exposition_metric *m = NULL;
        if (split(line, length, name, value))
            m = bsearch(name, exposition_cluster_metrics, exposition_cluster_metric_count,
                        sizeof *m, by_field);
        if (m != NULL && read_value(value, &ret->values[m - exposition_cluster_metrics]))
            ret->known = true;
    }
}
