#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/file.h"
#include "redis/reply.h"

/* As redis-server 7.0.15 gave it after a NOSCRIPT, an OOM and an unknown command. */
#define CAPTURED TEST_DATA "/info-redis-7.0.txt"

static struct buf captured;

static int load(void **state)
{
    (void)state;
    struct error err;
    captured = BUF_LIMIT(65536);
    if (file_read(CAPTURED, &captured, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    buf_free(&captured);
    return 0;
}

static struct info_facts parsed(const char *text, size_t length)
{
    struct info_facts info;
    facts_info_reset(&info);
    info_parse(text, length, &info);
    return info;
}

static void a_real_info_is_read_in_full(void **state)
{
    (void)state;
    struct info_facts info = parsed(captured.data, captured.length);
    assert_true(info.known);
    assert_string_equal(info.version, "7.0.15");
    assert_false(info.valkey);
    assert_int_equal(info.process_id, 19191);
    assert_int_equal(info.tcp_port, 0);
    assert_string_equal(info.run_id, "1c080ed3955b1a52590a54844ca66987b99ad2da");
    assert_int_equal(info.uptime_seconds, 0);
    assert_int_equal(info.used_memory, 1115152);
    assert_int_equal(info.system_memory, 25276510208);
    assert_int_equal(info.maxmemory, 104857600);
    assert_string_equal(info.maxmemory_policy, "noeviction");
    assert_false(info.evicts);
    assert_true(info.fragmentation_ratio > 13.21 && info.fragmentation_ratio < 13.23);
    assert_int_equal(info.connected_clients, 1);
    assert_int_equal(info.maxclients, 10000);
    assert_int_equal(info.loading, TRI_NO);
    assert_int_equal(info.unsaved_changes, 4);
    assert_int_equal(info.last_save_unix, 1795366315);
    assert_int_equal(info.last_save_ok, TRI_YES);
    assert_int_equal(info.saves, 0);
    assert_int_equal(facts_saved_since_start(&info), TRI_NO);
    assert_int_equal(info.save_running, TRI_NO);
    assert_int_equal(info.last_save_seconds, FACT_UNKNOWN);
    assert_int_equal(info.aof_enabled, TRI_NO);
    assert_int_equal(info.aof_write_ok, TRI_YES);
    assert_int_equal(info.connections_received, 13);
    assert_int_equal(info.commands_processed, 11);
    assert_int_equal(info.keyspace_hits, 1);
    assert_int_equal(info.keyspace_misses, 1);
    assert_int_equal(info.error_replies, 3);
    assert_int_equal(info.errors_excused, 1);
    assert_int_equal(info.errors_oom, 1);
    assert_int_equal(info.role, ROLE_PRIMARY);
    assert_int_equal(info.failover, FAILOVER_NONE);
    assert_true(info.cpu_seconds > 0.0157 && info.cpu_seconds < 0.0158);
    assert_int_equal(info.cluster, TRI_NO);
    assert_int_equal(info.keys, 4);
}

/* A number that was cut in its middle would be another number. */
static void a_cut_info_has_no_wrong_value(void **state)
{
    (void)state;
    struct info_facts whole = parsed(captured.data, captured.length);
    for (size_t cut = 0; cut < captured.length; cut++) {
        struct info_facts info = parsed(captured.data, cut);
        assert_true(info.process_id == whole.process_id || info.process_id == FACT_UNKNOWN);
        assert_true(info.used_memory == whole.used_memory || info.used_memory == FACT_UNKNOWN);
        assert_true(info.maxmemory == whole.maxmemory || info.maxmemory == FACT_UNKNOWN);
        assert_true(info.maxclients == whole.maxclients || info.maxclients == FACT_UNKNOWN);
        assert_true(info.unsaved_changes == whole.unsaved_changes ||
                    info.unsaved_changes == FACT_UNKNOWN);
        assert_true(info.last_save_unix == whole.last_save_unix ||
                    info.last_save_unix == FACT_UNKNOWN);
        assert_true(info.commands_processed == whole.commands_processed ||
                    info.commands_processed == FACT_UNKNOWN);
        assert_true(info.keys <= whole.keys);
        assert_true(info.role == whole.role || info.role == ROLE_UNKNOWN);
        assert_true(info.last_save_ok != TRI_NO && info.aof_write_ok != TRI_NO);
    }
}

static void replies_that_a_client_gets_during_a_load_are_excused(void **state)
{
    (void)state;
    static const char text[] = "# Stats\r\ntotal_error_replies:2010\r\n"
                               "# Errorstats\r\nerrorstat_ERR:count=7\r\n"
                               "errorstat_LOADING:count=2000\r\nerrorstat_MOVED:count=3\r\n";
    struct info_facts info = parsed(text, sizeof text - 1);
    assert_int_equal(info.error_replies, 2010);
    assert_int_equal(info.errors_excused, 2003);
}

/* Of a probe that was given up before its answer came, BUSY is counted by Redis, but told to nobody:
 * Resus' own probes of one long script made a Redis that was well again look bad for an hour. */
static void replies_during_a_script_are_excused(void **state)
{
    (void)state;
    static const char text[] = "# Stats\r\ntotal_error_replies:39\r\n"
                               "# Errorstats\r\nerrorstat_ERR:count=2\r\n"
                               "errorstat_BUSY:count=37\r\n";
    struct info_facts info = parsed(text, sizeof text - 1);
    assert_int_equal(info.error_replies, 39);
    assert_int_equal(info.errors_excused, 37);
}

static void what_a_text_does_not_say_stays(void **state)
{
    (void)state;
    struct info_facts info = parsed(captured.data, captured.length);
    static const char more[] = "# Persistence\r\nrdb_last_bgsave_status:err\r\n"
                               "rdb_changes_since_last_save:9\r\n";
    info_parse(more, sizeof more - 1, &info);
    assert_int_equal(info.last_save_ok, TRI_NO);
    assert_int_equal(info.unsaved_changes, 9);
    assert_int_equal(info.keys, 4);
    assert_int_equal(info.errors_excused, 1);
    assert_int_equal(info.process_id, 19191);
}

static void a_replica_a_load_a_valkey_and_a_sentinel_are_seen(void **state)
{
    (void)state;
    static const char replica[] = "redis_version:7.2.4\r\nserver_name:valkey\r\n"
                                  "valkey_version:8.0.1\r\nrole:slave\r\n"
                                  "master_link_status:down\r\nmaxmemory_policy:allkeys-lru\r\n";
    struct info_facts info = parsed(replica, sizeof replica - 1);
    assert_true(info.valkey);
    assert_string_equal(info.version, "8.0.1");
    assert_int_equal(info.role, ROLE_REPLICA);
    assert_int_equal(info.master_link_up, TRI_NO);
    assert_true(info.evicts);
    static const char load[] = "loading:1\r\nasync_loading:0\r\nloading_loaded_perc:12.50\r\n"
                               "loading_loaded_bytes:1000\r\nloading_eta_seconds:7\r\n";
    info_parse(load, sizeof load - 1, &info);
    assert_int_equal(info.loading, TRI_YES);
    assert_true(info.loading_percent > 12.4 && info.loading_percent < 12.6);
    assert_int_equal(info.loading_eta_seconds, 7);
    info_parse("loading:0\r\n", 11, &info);
    assert_int_equal(info.loading_eta_seconds, FACT_UNKNOWN);
    static const char promoted[] = "role:master\r\nconnected_slaves:2\r\n"
                                   "master_failover_state:failover-in-progress\r\n";
    info_parse(promoted, sizeof promoted - 1, &info);
    assert_int_equal(info.master_link_up, TRI_UNKNOWN);
    assert_int_equal(info.connected_replicas, 2);
    assert_int_equal(info.failover, FAILOVER_RUNNING);
    assert_int_equal(info.paused, TRI_UNKNOWN); /* Redis does not say */
    static const char paused[] = "paused_reason:client_pause\r\npaused_actions:write\r\n"
                                 "paused_timeout_milliseconds:13864\r\n";
    info_parse(paused, sizeof paused - 1, &info);
    assert_int_equal(info.paused, TRI_YES);
    assert_int_equal(info.pause_left_ms, 13864);
    info_parse("paused_actions:none\r\n", 21, &info);
    assert_int_equal(info.paused, TRI_NO);
    static const char sentinel[] = "redis_version:7.0.15\nredis_mode:sentinel\n";
    info = parsed(sentinel, sizeof sentinel - 1);
    assert_int_equal(info.role, ROLE_SENTINEL);
}

static void nonsense_leaves_everything_unknown(void **state)
{
    (void)state;
    static const char *const nonsense[] = {
        "",
        "\n\n\r\n",
        ":\n:5\n",
        "no colon at all\n",
        "used_memory\n",
        "used_memory:\n",
        "used_memory:12x\n",
        "used_memory:99999999999999999999\n",
        "used_memory:9007199254740993\n", /* a thousand times that would be no number */
        "mem_fragmentation_ratio:9007199254740994\n",
        "used_memory:-2\n",
        "used_memory: 12\n",
        "mem_fragmentation_ratio:nan\n",
        "mem_fragmentation_ratio:-1\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(nonsense); i++) {
        struct info_facts info = parsed(nonsense[i], strlen(nonsense[i]));
        assert_int_equal(info.used_memory, FACT_UNKNOWN);
        assert_true(info.fragmentation_ratio < 0);
    }
}

static void config_values_are_taken_from_pairs(void **state)
{
    (void)state;
    char texts[][32] = {
        "maxclients",       "12",          "save",           "",     "maxmemory", "100",
        "maxmemory-policy", "allkeys-lfu", "lua-time-limit", "5000", "odd"};
    struct redis_reply bulk[ARRAY_LENGTH(texts)];
    struct redis_reply *items[ARRAY_LENGTH(texts)];
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        bulk[i] =
            (struct redis_reply){.type = RESP_BULK, .text = texts[i], .length = strlen(texts[i])};
        items[i] = &bulk[i];
    }
    struct redis_reply list = {.type = RESP_LIST, .items = items, .count = ARRAY_LENGTH(texts)};
    struct info_facts info;
    facts_info_reset(&info);
    info_parse_config(&list, &info);
    assert_true(info.known && info.evicts);
    assert_int_equal(info.maxclients, 12);
    assert_int_equal(info.maxmemory, 100);
    assert_int_equal(info.save_points, TRI_NO);
    assert_int_equal(info.busy_threshold_ms, 5000);
    facts_info_reset(&info);
    info_parse_config(&bulk[0], &info);
    assert_false(info.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_info_is_read_in_full),
        cmocka_unit_test(a_cut_info_has_no_wrong_value),
        cmocka_unit_test(replies_that_a_client_gets_during_a_load_are_excused),
        cmocka_unit_test(replies_during_a_script_are_excused),
        cmocka_unit_test(what_a_text_does_not_say_stays),
        cmocka_unit_test(a_replica_a_load_a_valkey_and_a_sentinel_are_seen),
        cmocka_unit_test(nonsense_leaves_everything_unknown),
        cmocka_unit_test(config_values_are_taken_from_pairs),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
