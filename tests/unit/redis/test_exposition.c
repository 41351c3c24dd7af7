/* INFO, INFO commandstats and CLUSTER INFO under the names of redis_exporter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "redis/exposition.h"

static const char primary[] = "# Server\r\n"
                              "redis_version:7.0.15\r\n"
                              "process_id:4711\r\n"
                              "run_id:036c00eb70114fecafbad85e5e8f293fbad6f68e\r\n"
                              "tcp_port:6379\r\n"
                              "server_time_usec:1796034777123456\r\n"
                              "uptime_in_seconds:12\r\n"
                              "# Memory\r\n"
                              "maxmemory:1048576\r\n"
                              "# Stats\r\n"
                              "latest_fork_usec:250\r\n"
                              "total_error_replies:5\r\n"
                              "# Replication\r\n"
                              "role:master\r\n"
                              "slave0:ip=10.0.0.2,port=6379,state=online,offset=1204,lag=1\r\n"
                              "slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0\r\n"
                              "slave2:ip=10.0.0.2,port=6379,state=online,offset=9,lag=9\r\n"
                              "slave3:ip=::1,port=6380,state=online\r\n"
                              "# Errorstats\r\n"
                              "errorstat_WRONGTYPE:count=3\r\n"
                              "errorstat_ERR:count=many\r\n"
                              "# Cluster\r\n"
                              "cluster_enabled:0\r\n"
                              "# Keyspace\r\n"
                              "db3:keys=7,expires=2,avg_ttl=1500\r\n";

static const char replica[] = "# Replication\r\n"
                              "role:slave\r\n"
                              "master_host:10.0.0.1\r\n"
                              "master_port:6379\r\n"
                              "master_link_status:up\r\n"
                              "slave_repl_offset:77\r\n"
                              "slave_read_only:1\r\n";

static struct exposition read(const char *text)
{
    struct exposition e;
    exposition_read(text, strlen(text), &e);
    return e;
}

static bool none(double a)
{
    return isnan(a) != 0;
}

static bool is(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void a_primary_reports_its_figures_replicas_and_errors(void **state)
{
    (void)state;
    struct exposition e = read(primary);
    assert_true(e.known && e.keyspace);
    assert_int_equal(e.start_unix, 1796034777 - 12);
    assert_true(is(exposition_value(&e, "latest_fork_usec"), 250e-6));
    assert_true(is(exposition_value(&e, "maxmemory"), 1048576));
    assert_true(is(exposition_value(&e, "cluster_enabled"), 0));
    assert_true(none(exposition_value(&e, "used_memory")));
    assert_true(none(exposition_value(&e, "no_such_field")));
    assert_string_equal(e.process_id, "4711");
    assert_string_equal(e.run_id, "036c00eb70114fecafbad85e5e8f293fbad6f68e");
    assert_string_equal(e.tcp_port, "6379");
    assert_int_equal(e.replica_count, 3); /* slave2 would be the series of slave0 again */
    assert_string_equal(e.replicas[0].ip, "10.0.0.2");
    assert_int_equal(e.replicas[0].offset, 1204);
    assert_int_equal(e.replicas[0].lag_seconds, 1);
    assert_string_equal(e.replicas[1].state, "wait_bgsave");
    assert_int_equal(e.replicas[1].lag_seconds, 0);
    assert_string_equal(e.replicas[2].ip, "::1");
    assert_int_equal(e.replicas[2].offset, -1);
    assert_int_equal(e.replicas[2].lag_seconds, -1);
    assert_int_equal(e.error_count, 1);
    assert_string_equal(e.errors[0].name, "WRONGTYPE");
    assert_int_equal(e.errors[0].count, 3);
    assert_int_equal(e.databases[0].number, 3);
    assert_int_equal(e.databases[0].average_ttl_ms, 1500);
}

static void a_replica_reports_its_primary(void **state)
{
    (void)state;
    struct exposition e = read(replica);
    assert_string_equal(e.primary_host, "10.0.0.1");
    assert_string_equal(e.primary_port, "6379");
    assert_string_equal(e.read_only, "1");
    assert_true(is(exposition_value(&e, "master_link_status"), 1));
    assert_true(is(exposition_value(&e, "slave_repl_offset"), 77));
    assert_int_equal(e.start_unix, -1);
    assert_false(e.keyspace);
}

static void the_start_stands_still_while_the_time_goes_on(void **state)
{
    (void)state;
    char text[96];
    for (int second = 0; second < 100; second++) {
        (void)snprintf(text, sizeof text, "server_time_usec:%d999999\nuptime_in_seconds:%d\n",
                       1796034700 + second, second);
        assert_int_equal(read(text).start_unix, 1796034700);
    }
    assert_int_equal(read("server_time_usec:5000000\nuptime_in_seconds:9\n").start_unix, -1);
    assert_int_equal(read("server_time_usec:9999999999999\n").start_unix, -1);
}

static void lists_end_at_their_limits(void **state)
{
    (void)state;
    static char text[16384];
    for (int i = 0; i < 100; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof text - at,
                       "slave%d:ip=10.0.0.%d,port=1\nerrorstat_E%d:count=1\ndb%d:keys=1\n", i, i, i,
                       i);
    }
    struct exposition e = read(text);
    assert_int_equal(e.replica_count, EXPOSITION_REPLICAS_MAX);
    assert_int_equal(e.error_count, EXPOSITION_ERRORS_MAX);
    assert_int_equal(e.database_count, EXPOSITION_DATABASES_MAX);
}

static void a_cut_text_says_nothing_false(void **state)
{
    (void)state;
    struct exposition whole = read(primary);
    for (size_t cut = 0; cut < sizeof primary; cut++) {
        struct exposition e;
        exposition_read(primary, cut, &e);
        assert_true(e.start_unix == -1 || e.start_unix == whole.start_unix);
        assert_true(e.error_count == 0 || e.errors[0].count == 3);
        assert_true(e.replica_count == 0 || e.replicas[0].offset == 1204);
    }
}

static void commands_are_counted_and_a_name_is_there_once(void **state)
{
    (void)state;
    static const char text[] =
        "# Commandstats\r\n"
        "cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=2,failed_calls=1\r\n"
        "cmdstat_config|get:calls=1,usec=9,usec_per_call=9.00\r\n"
        "cmdstat_get:calls=1,usec=1,usec_per_call=1.00\r\n"
        "cmdstat_nothing:\r\n";
    struct exposition_commands commands = {0};
    exposition_read_commands(text, sizeof text - 1, &commands);
    assert_int_equal(commands.count, 2);
    assert_string_equal(commands.items[0].name, "get");
    assert_int_equal(commands.items[0].calls, 21);
    assert_int_equal(commands.items[0].usec, 175);
    assert_int_equal(commands.items[0].rejected, 2);
    assert_int_equal(commands.items[0].failed, 1);
    assert_string_equal(commands.items[1].name, "config|get");
    assert_int_equal(commands.items[1].rejected, -1);
}

static bool has(const struct exposition_commands *commands, const char *name)
{
    for (int i = 0; i < commands->count; i++)
        if (str_equal(commands->items[i].name, name))
            return true;
    return false;
}

static void with_too_many_commands_the_list_keeps_its_members(void **state)
{
    (void)state;
    static char text[32768];
    struct exposition_commands commands = {0};
    for (int round = 0; round < 2; round++) {
        text[0] = '\0';
        for (int i = 0; i < 200; i++) {
            size_t at = strlen(text);
            int calls = round == 0 ? 1000 - i : 1000 + i * 10; /* the order is turned round */
            (void)snprintf(text + at, sizeof text - at, "cmdstat_c%d:calls=%d,usec=1\n", i, calls);
        }
        exposition_read_commands(text, strlen(text), &commands);
        assert_int_equal(commands.count, EXPOSITION_COMMANDS_MAX);
        assert_true(has(&commands, "c0") && has(&commands, "c95"));
        assert_false(has(&commands, "c96") || has(&commands, "c199"));
    }
}

static void a_cluster_reports_its_state_and_slots(void **state)
{
    (void)state;
    static const char text[] = "cluster_state:fail\r\ncluster_slots_fail:3\r\n"
                               "cluster_slots_pfail:0\r\ncluster_stats_messages_sent:12\r\n"
                               "total_cluster_links_buffer_limit_exceeded:0\r\n";
    struct exposition_cluster cluster;
    double state_of = NAN;
    double slots = NAN;
    exposition_read_cluster(text, sizeof text - 1, &cluster);
    assert_true(cluster.known);
    for (size_t i = 0; i < exposition_cluster_metric_count; i++) {
        if (str_equal(exposition_cluster_metrics[i].name, "redis_cluster_state"))
            state_of = cluster.values[i];
        if (str_equal(exposition_cluster_metrics[i].name, "redis_cluster_slots_fail"))
            slots = cluster.values[i];
        if (str_equal(exposition_cluster_metrics[i].name, "redis_cluster_size"))
            assert_true(none(cluster.values[i]));
    }
    assert_true(is(state_of, 0) && is(slots, 3));
    exposition_read_cluster("-ERR no\r\n", 9, &cluster);
    assert_false(cluster.known);
}

/* Both are looked up by halving. */
static void the_tables_are_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < exposition_metric_count; i++)
        assert_true(strcmp(exposition_metrics[i - 1].field, exposition_metrics[i].field) < 0);
    for (size_t i = 1; i < exposition_cluster_metric_count; i++)
        assert_true(strcmp(exposition_cluster_metrics[i - 1].field,
                           exposition_cluster_metrics[i].field) < 0);
    struct exposition e = read(primary);
    for (size_t i = 0; i < exposition_alias_count; i++)
        assert_false(none(exposition_value(&e, exposition_aliases[i].field)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_primary_reports_its_figures_replicas_and_errors),
        cmocka_unit_test(a_replica_reports_its_primary),
        cmocka_unit_test(the_start_stands_still_while_the_time_goes_on),
        cmocka_unit_test(lists_end_at_their_limits),
        cmocka_unit_test(a_cut_text_says_nothing_false),
        cmocka_unit_test(commands_are_counted_and_a_name_is_there_once),
        cmocka_unit_test(with_too_many_commands_the_list_keeps_its_members),
        cmocka_unit_test(a_cluster_reports_its_state_and_slots),
        cmocka_unit_test(the_tables_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
