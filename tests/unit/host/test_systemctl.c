#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"
#include "host/systemctl.h"

#define HEAD                                                                                       \
    "\xe2\x97\x8f redis-server.service - Advanced key-value store\n"                               \
    "     Loaded: loaded (/lib/systemd/system/redis-server.service; enabled; preset: enabled)\n"
#define SINCE " since Sun 2026-11-22 15:52:06 UTC; 24min ago\n"
#define AT 1795362726000 /* 2026-11-22T15:52:06Z */

struct row {
    const char *text;
    enum unit_active active;
    const char *sub;
    enum unit_result result;
    enum unit_notice notice;
    int64_t pid, status, signal, since;
    bool too_quickly;
};

static const struct row rows[] = {
    {HEAD "     Active: active (running)" SINCE "       Docs: http://redis.io/documentation,\n"
          "             man:redis-server(1)\n   Main PID: 812 (redis-server)\n"
          "     Status: \"Ready to accept connections\"\n      Tasks: 5 (limit: 9254)\n"
          "     CGroup: /system.slice/redis-server.service\n"
          "             \xe2\x94\x94\xe2\x94\x80"
          "812 \"/usr/bin/redis-server 127.0.0.1:6379\"\n\n"
          "Nov 22 15:52:06 vm systemd[1]: Active: failed (Result: signal)\n",
     UNIT_ACTIVE, "running", RESULT_SUCCESS, NOTICE_READY, 812, -1, -1, AT, false},
    {HEAD "     Active: inactive (dead)" SINCE "    Process: 99 ExecStart=/usr/bin/redis-server "
          "(code=exited, status=0/SUCCESS)\n   Main PID: 99 (code=exited, status=0/SUCCESS)\n"
          "     Status: \"Saving the final RDB snapshot\"\n        CPU: 1s\n",
     UNIT_INACTIVE, "dead", RESULT_SUCCESS, NOTICE_SAVING, 0, 0, -1, AT, false},
    {HEAD "     Active: inactive (dead)\n", UNIT_INACTIVE, "dead", RESULT_SUCCESS, NOTICE_NONE, -1,
     -1, -1, 0, false},
    {HEAD "     Active: failed (Result: exit-code)" SINCE
          "   Main PID: 7 (code=exited, status=1/FAILURE)\n\n"
          "Nov 22 15:52:07 vm systemd[1]: redis-server.service: Start request repeated too "
          "quickly.\n",
     UNIT_FAILED, "failed", RESULT_EXIT_CODE, NOTICE_NONE, 0, 1, -1, AT, true},
    {HEAD "     Active: failed (Result: signal)" SINCE
          "   Main PID: 7 (code=killed, signal=KILL)\n",
     UNIT_FAILED, "failed", RESULT_SIGNAL, NOTICE_NONE, 0, -1, 9, AT, false},
    {HEAD "     Active: failed (Result: core-dump)" SINCE
          "   Main PID: 7 (code=dumped, signal=SEGV)\n",
     UNIT_FAILED, "failed", RESULT_CORE_DUMP, NOTICE_NONE, 0, -1, 11, AT, false},
    {HEAD "     Active: activating (start)" SINCE "   Main PID: 9 (redis-server)\n"
          "     Status: \"Redis is loading...\"\n",
     UNIT_ACTIVATING, "start", RESULT_SUCCESS, NOTICE_LOADING, 9, -1, -1, AT, false},
    {HEAD "     Active: activating (auto-restart) (Result: signal)" SINCE
          "   Main PID: 9 (code=killed, signal=KILL)\n",
     UNIT_ACTIVATING, "auto-restart", RESULT_SIGNAL, NOTICE_NONE, 0, -1, 9, AT, false},
    {HEAD "     Active: deactivating (stop-sigterm)" SINCE "   Main PID: 9 (redis-server)\n"
          "     Status: \"Error trying to save the DB, can't exit.\"\n",
     UNIT_DEACTIVATING, "stop-sigterm", RESULT_SUCCESS, NOTICE_CANNOT_EXIT, 9, -1, -1, AT, false},
    {HEAD "     Active: reloading (reload) since Sun 2026-11-22 17:52:06 +02; 1s ago\n",
     UNIT_RELOADING, "reload", RESULT_SUCCESS, NOTICE_NONE, -1, -1, -1, AT, false},
    {HEAD "     Active: active (running) since So 2026-11-22 16:52:06 CET; vor 1min\n", UNIT_ACTIVE,
     "running", RESULT_SUCCESS, NOTICE_NONE, -1, -1, -1, 0, false},
    {HEAD "     Active: failed (Result: brand-new)" SINCE, UNIT_FAILED, "failed", RESULT_OTHER,
     NOTICE_NONE, -1, -1, -1, AT, false},
    {"Unit nix.service could not be found.\n", UNIT_NOT_FOUND, "", RESULT_UNKNOWN, NOTICE_NONE, 0,
     -1, -1, 0, false},
    {"\xe2\x97\x8b nix.service\n     Loaded: not-found (Reason: Unit nix.service not found.)\n"
     "     Active: inactive (dead)\n",
     UNIT_NOT_FOUND, "dead", RESULT_UNKNOWN, NOTICE_NONE, 0, -1, -1, 0, false},
    {"bash: systemctl: command not found\n", UNIT_UNKNOWN, "", RESULT_UNKNOWN, NOTICE_NONE, -1, -1,
     -1, 0, false},
    {"", UNIT_UNKNOWN, "", RESULT_UNKNOWN, NOTICE_NONE, -1, -1, -1, 0, false},
    {HEAD "     Aktiv: l\xc3\xa4uft\n", UNIT_UNKNOWN, "", RESULT_UNKNOWN, NOTICE_NONE, -1, -1, -1,
     0, false},
    {HEAD "     Active: sleeping (deep)\n", UNIT_UNKNOWN, "", RESULT_UNKNOWN, NOTICE_NONE, -1, -1,
     -1, 0, false},
    {HEAD "     Active: active (running", UNIT_UNKNOWN, "", RESULT_UNKNOWN, NOTICE_NONE, -1, -1, -1,
     0, false},
};

static void test_every_shape_of_status_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct unit_facts u;
        print_message("# row %zu\n", i);
        systemctl_parse_status(rows[i].text, strlen(rows[i].text), &u);
        assert_int_equal(u.active, rows[i].active);
        assert_string_equal(u.sub, rows[i].sub);
        assert_int_equal(u.result, rows[i].result);
        assert_int_equal(u.notice, rows[i].notice);
        assert_int_equal(u.main_pid, rows[i].pid);
        assert_int_equal(u.exit_status, rows[i].status);
        assert_int_equal(u.exit_signal, rows[i].signal);
        assert_int_equal(u.since.ms, rows[i].since);
        assert_int_equal(u.repeated_too_quickly, rows[i].too_quickly);
        assert_true(u.text[0] != '\0');
    }
}

/* What a cut text says is what the whole one says, or nothing. */
static void test_a_cut_status_is_never_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        for (size_t cut = 0; cut < strlen(rows[i].text); cut++) {
            char *text = malloc(cut + 1); /* its end is watched by the sanitizer */
            assert_non_null(text);
            memcpy(text, rows[i].text, cut);
            struct unit_facts u;
            systemctl_parse_status(text, cut, &u);
            free(text);
            assert_true(u.active == UNIT_UNKNOWN || u.active == rows[i].active);
            assert_true(u.main_pid == FACT_UNKNOWN || u.main_pid == rows[i].pid);
            assert_true(u.exit_status == FACT_UNKNOWN || u.exit_status == rows[i].status);
            assert_true(u.exit_signal == FACT_UNKNOWN || u.exit_signal == rows[i].signal);
            assert_true(u.result == RESULT_UNKNOWN || u.result == rows[i].result);
            assert_true(u.since.ms == 0 || u.since.ms == rows[i].since);
            assert_true(u.notice == NOTICE_NONE || u.notice == rows[i].notice);
            assert_true(!u.repeated_too_quickly || rows[i].too_quickly);
        }
}

static const char shown[] =
    "TimeoutStartUSec=1min 30s\nTimeoutStopUSec=infinity\nMainPID=812\nNRestarts=2\n"
    "ExecMainCode=2\nExecMainStatus=9\nResult=signal\nStatusText=Ready to accept connections\n"
    "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n"
    "StateChangeTimestamp=Sun 2026-11-22 15:52:06 UTC\nCanReload=no\n";

static void test_show_is_read(void **state)
{
    (void)state;
    struct unit_facts u;
    systemctl_parse_show(shown, strlen(shown), &u);
    assert_int_equal(u.active, UNIT_ACTIVATING);
    assert_string_equal(u.sub, "auto-restart");
    assert_int_equal(u.result, RESULT_SIGNAL);
    assert_int_equal(u.notice, NOTICE_READY);
    assert_int_equal(u.main_pid, 812);
    assert_int_equal(u.restarts, 2);
    assert_int_equal(u.exit_signal, 9);
    assert_int_equal(u.exit_status, FACT_UNKNOWN);
    assert_int_equal(u.can_reload, TRI_NO);
    assert_int_equal(u.timeout_start_us, 90000000);
    assert_true(u.timeout_stop_us == INT64_MAX);
    assert_int_equal(u.since.ms, AT);
    for (size_t cut = 0; cut < strlen(shown); cut++) {
        struct unit_facts c;
        systemctl_parse_show(shown, cut, &c);
        assert_true(c.active == UNIT_UNKNOWN || c.active == u.active);
        assert_true(c.main_pid == FACT_UNKNOWN || c.main_pid == 812);
        assert_true(c.timeout_start_us == FACT_UNKNOWN || c.timeout_start_us == 90000000);
    }
    static const char missing[] = "LoadState=not-found\nActiveState=inactive\nSubState=dead\n";
    systemctl_parse_show(missing, strlen(missing), &u);
    assert_int_equal(u.active, UNIT_NOT_FOUND);
}

/* Its file is gone, and systemd was told so (daemon-reload); its process lives. */
static void test_unit_without_a_file_that_runs_is_active_and_removed(void **state)
{
    (void)state;
    static const char status[] = "\xe2\x97\x8f redis.service\n"
                                 "     Loaded: not-found (Reason: Unit redis.service not found.)\n"
                                 "     Active: active (running) since Mon 2026-11-30 12:00:00 UTC\n"
                                 "   Main PID: 812 (redis-server)\n";
    static const char show[] =
        "LoadState=not-found\nActiveState=active\nSubState=running\nMainPID=812\n";
    static const char whole[] = "LoadState=loaded\nActiveState=active\nSubState=running\n";
    struct unit_facts u;
    systemctl_parse_status(status, strlen(status), &u);
    assert_int_equal(u.active, UNIT_ACTIVE);
    assert_true(u.removed);
    systemctl_parse_show(show, strlen(show), &u);
    assert_int_equal(u.active, UNIT_ACTIVE);
    assert_true(u.removed);
    systemctl_parse_show(whole, strlen(whole), &u);
    assert_false(u.removed);
}

static void test_processor_time_is_read_and_unknown_without_accounting(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } lines[] = {
        {"12ms", 12},
        {"1.234s", 1234},
        {"2min 3.4s", 123400},
        {"1h 2min 3.456s", 3723456},
        {"3d 4h 5min 6.007s", 273906007},
        {"20.5s", 20500},
        {"500us", 0},
        {"0", 0},
        {"", -1},
        {"n/a", -1},
        {"infinity", -1},
        {"1.s", -1},
        {"1..2s", -1},
        {"1.2.3s", -1},
        {"-1s", -1},
        {"1s ", 1000}, /* the line's own blanks */
        {"1s  2ms", -1},
        {"9999999999y", -1},
        {"1.99999999999999999999999s", -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        char text[512];
        struct unit_facts u;
        (void)snprintf(text, sizeof text,
                       HEAD "     Active: active (running)" SINCE
                            "      Tasks: 5\n        CPU: %s\n     CGroup: /system.slice/x\n",
                       lines[i].text);
        systemctl_parse_status(text, strlen(text), &u);
        if (u.cpu_ms != lines[i].ms)
            fail_msg("%s: %lld", lines[i].text, (long long)u.cpu_ms);
    }
    static const char without[] = HEAD "     Active: active (running)" SINCE;
    struct unit_facts u;
    systemctl_parse_status(without, strlen(without), &u);
    assert_int_equal(u.cpu_ms, FACT_UNKNOWN);
}

static void test_processor_time_of_show_is_read_and_unknown_without_accounting(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } lines[] = {
        {"1234567890", 1234}, {"0", 0},    {"[not set]", -1}, {"18446744073709551615", -1},
        {"[no data]", -1},    {"", -1},    {"-5", -1},        {"999999999999999999", 999999999999},
        {"12 34", -1},        {"1e9", -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        char text[128];
        struct unit_facts u;
        (void)snprintf(text, sizeof text, "ActiveState=active\nCPUUsageNSec=%s\n", lines[i].text);
        systemctl_parse_show(text, strlen(text), &u);
        if (u.cpu_ms != lines[i].ms)
            fail_msg("%s: %lld", lines[i].text, (long long)u.cpu_ms);
    }
}

static void test_is_active_is_read(void **state)
{
    (void)state;
    struct unit_facts u;
    systemctl_parse_is_active("activating\n", 11, &u);
    assert_int_equal(u.active, UNIT_ACTIVATING);
    systemctl_parse_is_active("active", 6, &u); /* cut of what? */
    assert_int_equal(u.active, UNIT_UNKNOWN);
    systemctl_parse_is_active("unknown\n", 8, &u);
    assert_int_equal(u.active, UNIT_UNKNOWN);
}

static void test_a_result_says_whether_the_host_was_reached(void **state)
{
    (void)state;
    struct unit_facts u;
    struct host_result r = {.end = HOST_EXITED,
                            .exit_code = 4,
                            .out = "",
                            .err = "Unit nix.service could not be found.\n",
                            .err_length = 37};
    systemctl_parse_result(HOST_STATUS, &r, &u);
    assert_int_equal(u.active, UNIT_NOT_FOUND);
    assert_int_equal(u.control_reached, TRI_YES);
    r = (struct host_result){.end = HOST_NOT_REACHED, .out = "", .err = ""};
    (void)error_set(&r.error, -1, "no way");
    systemctl_parse_result(HOST_STATUS, &r, &u);
    assert_int_equal(u.active, UNIT_UNKNOWN);
    assert_int_equal(u.control_reached, TRI_NO);
    assert_string_equal(u.text, "no way");
}

/* A time that cannot be read is none that is missing: CET and EST are the hosts' own. */
static void only_a_time_that_is_missing_is_no_record(void **state)
{
    (void)state;
    static const struct {
        const char *status, *show;
        bool undated;
    } times[] = {
        {HEAD "     Active: inactive (dead)\n", "StateChangeTimestamp=\n", true},
        {HEAD "     Active: inactive (dead)" SINCE,
         "StateChangeTimestamp=Sun 2026-11-22 15:52:06 UTC\n", false},
        {HEAD "     Active: inactive (dead) since Sun 2026-11-22 16:52:06 CET; 1min ago\n",
         "StateChangeTimestamp=Sun 2026-11-22 16:52:06 CET\n", false},
        {HEAD "     Active: inactive (dead) since So 2026-11-22 10:52:06 EST; vor 1min\n",
         "StateChangeTimestamp=So 2026-11-22 10:52:06 EST\n", false},
        {HEAD "     Active: inactive (dead) seit gestern\n", "", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        struct unit_facts unit;
        char show[256];
        print_message("# row %zu\n", i);
        systemctl_parse_status(times[i].status, strlen(times[i].status), &unit);
        assert_int_equal(unit.active, UNIT_INACTIVE);
        assert_int_equal(unit.undated, times[i].undated);
        (void)snprintf(show, sizeof show,
                       "LoadState=loaded\nActiveState=inactive\nSubState=dead\n%s", times[i].show);
        systemctl_parse_show(show, strlen(show), &unit);
        assert_int_equal(unit.active, UNIT_INACTIVE);
        assert_int_equal(unit.undated, times[i].undated);
    }
}

static void the_text_of_a_unit_says_nothing_that_ages(void **state)
{
    (void)state;
    static const char text[] = HEAD "     Active: failed (Result: signal)" SINCE;
    struct unit_facts unit;
    systemctl_parse_status(text, sizeof text - 1, &unit);
    assert_string_equal(unit.text, "failed (Result: signal) since Sun 2026-11-22 15:52:06 UTC");
    assert_int_equal(unit.since.ms, AT);
}

#define MAIN "   Main PID: 812 (redis-server)\n     CGroup: /system.slice/redis-server.service\n"
#define TREE "             \xe2\x94\x94\xe2\x94\x80"

static void the_title_of_the_process_says_where_redis_listens(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int port;
    } told[] = {
        {HEAD MAIN TREE "812 \"/usr/bin/redis-server 127.0.0.1:6380\"\n", 6380},
        {HEAD MAIN "             `-812 /usr/bin/redis-server *:6379 [cluster]\n", 6379},
        {HEAD MAIN TREE "812 \"/usr/bin/valkey-server [::1]:7000\"\n\n", 7000},
        {HEAD MAIN "             |-811 /usr/bin/redis-server *:1\n"
                   "             `-812 /usr/bin/redis-server *:2\n",
         2},
        /* No title of Redis, or not of this process, or nothing whole. */
        {HEAD MAIN TREE "812 /usr/bin/redis-server /etc/redis/redis.conf\n", 0},
        {HEAD MAIN TREE "812 /usr/bin/redis-server --port 6380\n", 0},
        {HEAD MAIN TREE "812 /usr/bin/redis-server unixsocket:/run/redis.sock\n", 0},
        {HEAD MAIN TREE "812 /usr/bin/redis-server *:65536\n", 0},
        {HEAD MAIN TREE "812 /usr/bin/redis-server *:\n", 0},
        {HEAD MAIN TREE "812 redis-server\n", 0},
        {HEAD MAIN TREE "8123 /usr/bin/redis-server *:6379\n", 0},
        {HEAD MAIN TREE "812 /usr/bin/redis-server *:6379", 0},
        {HEAD MAIN "\n             `-812 /usr/bin/redis-server *:6379\n", 0},
        {HEAD "   Main PID: 812 (code=killed, signal=KILL)\n 812 redis-server *:6379\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(told); i++) {
        int port = systemctl_listening_port(told[i].text, strlen(told[i].text));
        if (port != told[i].port)
            fail_msg("%d instead of %d: %s", port, told[i].port, told[i].text);
    }
}

static void a_frozen_unit_is_known(void **state)
{
    (void)state;
    static const char text[] = HEAD "     Active: active (running) (frozen)" SINCE;
    static const struct {
        const char *text;
        bool frozen;
    } shows[] = {
        {"ActiveState=active\nFreezerState=running\n", false},
        {"ActiveState=active\nFreezerState=\n", false},
        {"ActiveState=active\nFreezerState=frozen\n", true},
        {"ActiveState=active\nFreezerState=frozen-by-parent\n", true},
        {"ActiveState=active\nFreezerState=thawing\n", true},
    };
    struct unit_facts unit;
    systemctl_parse_status(text, sizeof text - 1, &unit);
    assert_true(unit.frozen);
    assert_string_equal(unit.sub, "running");
    for (size_t i = 0; i < ARRAY_LENGTH(shows); i++) {
        systemctl_parse_show(shows[i].text, strlen(shows[i].text), &unit);
        assert_int_equal(unit.frozen, shows[i].frozen);
    }
}

static void the_processes_of_a_unit_are_those_of_its_control_group(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "     Active: active (running)" SINCE MAIN "             \xe2\x94\x9c\xe2\x94\x80"
             "812 sh -c \"redis-server; exit $?\"\n"
             "             \xe2\x94\x82 \xe2\x94\x9c\xe2\x94\x80"
             "77.scope\n"
             "             |-813 redis-server *:6379\n"
             "             |-payload 814 redis-server\n"
             "             `-815x redis-server\n"
             "\n             `-816 redis-server\n";
    struct unit_facts unit;
    systemctl_parse_status(text, sizeof text - 1, &unit);
    assert_int_equal(unit.group_count, 2);
    assert_true(facts_unit_has(&unit, 812));
    assert_true(facts_unit_has(&unit, 813));
    assert_false(facts_unit_has(&unit, 77));
    assert_false(facts_unit_has(&unit, FACT_UNKNOWN));
}

static void a_crowded_control_group_is_cut(void **state)
{
    (void)state;
    char text[16384];
    (void)str_copy(text, sizeof text, HEAD MAIN);
    for (int i = 0; i < 2 * UNIT_GROUP_MAX; i++)
        (void)str_append(text, sizeof text, "    |-%d redis-server\n", 1000 + i);
    struct unit_facts unit;
    systemctl_parse_status(text, strlen(text), &unit);
    assert_int_equal(unit.group_count, UNIT_GROUP_MAX);
    assert_true(facts_unit_has(&unit, 1000 + UNIT_GROUP_MAX - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_time_that_is_missing_is_no_record),
        cmocka_unit_test(the_text_of_a_unit_says_nothing_that_ages),
        cmocka_unit_test(the_title_of_the_process_says_where_redis_listens),
        cmocka_unit_test(test_every_shape_of_status_is_read),
        cmocka_unit_test(test_a_cut_status_is_never_wrong),
        cmocka_unit_test(a_frozen_unit_is_known),
        cmocka_unit_test(the_processes_of_a_unit_are_those_of_its_control_group),
        cmocka_unit_test(a_crowded_control_group_is_cut),
        cmocka_unit_test(test_show_is_read),
        cmocka_unit_test(test_unit_without_a_file_that_runs_is_active_and_removed),
        cmocka_unit_test(test_processor_time_is_read_and_unknown_without_accounting),
        cmocka_unit_test(test_processor_time_of_show_is_read_and_unknown_without_accounting),
        cmocka_unit_test(test_is_active_is_read),
        cmocka_unit_test(test_a_result_says_whether_the_host_was_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
