#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "redis/reply.h"

/* As Redis, Valkey and systemd write them. */
static const struct {
    const char *line;
    enum log_class class;
} lines[] = {
    {"*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***", LOG_CONFIG_ERROR},
    {"*** FATAL CONFIG FILE ERROR (Valkey 8.0.1) ***", LOG_CONFIG_ERROR},
    {"Bad directive or wrong number of arguments", LOG_CONFIG_ERROR},
    {"Fatal error, can't open config file '/etc/redis/redis.conf': Permission denied",
     LOG_PERMISSION_DENIED},
    {"Fatal error, can't open config file '/etc/redis/redis.conf': No such file or directory",
     LOG_CONFIG_ERROR},
    {"Can't open the log file: Permission denied", LOG_PERMISSION_DENIED},
    {"redis-server.service: Failed at step EXEC spawning /opt/prepare: Permission denied",
     LOG_NONE},
    {"redis-server.service: Unable to locate executable '/opt/prepare': Permission denied",
     LOG_NONE},
    {"mkdir: cannot create directory '/run/x': Permission denied", LOG_NONE},
    {"/opt/prepare: line 3: /etc/x: Permission denied", LOG_NONE},
    {"1:M 01 Jan 2025 10:00:00.000 # Failed to load certificate: /x.crt: error", LOG_CONFIG_ERROR},
    {"# Your current 'ulimit -n' of 12 is not enough for the server to start. Exiting.",
     LOG_CONFIG_ERROR},
    {"# Warning: Could not create server TCP listening socket 0.0.0.0:6379: bind: Address already "
     "in use",
     LOG_PORT_IN_USE},
    {"# Failed listening on port 6379 (TCP), aborting.", LOG_PORT_IN_USE},
    {"# Warning: Could not create server TCP listening socket *:80: bind: Permission denied",
     LOG_PERMISSION_DENIED},
    {"# Warning: Could not create server TCP listening socket 10.1.1.1:6379: bind: Cannot assign "
     "requested address",
     LOG_CONFIG_ERROR},
    {"# Wrong signature trying to load DB from file", LOG_DATA_CORRUPT},
    {"# Wrong RDB checksum expected: (1) but got (2). Aborting now.", LOG_DATA_CORRUPT},
    {"# Short read or OOM loading DB. Unrecoverable error, aborting now.", LOG_DATA_CORRUPT},
    {"# Internal error in RDB reading offset 0, function at rdb.c:236 -> Unknown length encoding 2 "
     "in rdbLoadLen()",
     LOG_DATA_CORRUPT},
    {"--- RDB ERROR DETECTED ---", LOG_DATA_CORRUPT},
    {"# Can't handle RDB format version 99", LOG_DATA_CORRUPT},
    {"# Fatal error loading the DB: Invalid argument. Exiting.", LOG_DATA_CORRUPT},
    {"# Fatal error loading the DB: Permission denied. Exiting.", LOG_PERMISSION_DENIED},
    {"# Bad file format reading the append only file a.aof: make a backup of your AOF file, then "
     "use ./redis-check-aof --fix <filename.manifest>",
     LOG_DATA_CORRUPT},
    {"# Unexpected end of file reading the append only file a.aof. You can: 1) ...",
     LOG_DATA_CORRUPT},
    {"*** FATAL AOF MANIFEST FILE ERROR ***", LOG_DATA_CORRUPT},
    {"# Unable to obtain the AOF file appendonly.aof.1.base.rdb length. stat: No such file or "
     "directory",
     LOG_DATA_CORRUPT},
    {"# !!! Warning: short read while loading the AOF file appendonly.aof.1.incr.aof!!!", LOG_NONE},
    {"# The RDB file contains module data I can't load: no matching module type 'graphdata'",
     LOG_MODULE_MISSING},
    {"# Can't load module from /x.so: server aborting", LOG_MODULE_MISSING},
    {"# Out Of Memory allocating 1000 bytes!", LOG_OUT_OF_MEMORY},
    {"# === REDIS BUG REPORT START: Cut & paste starting from here ===", LOG_CRASH},
    {"# === VALKEY BUG REPORT START: Cut & paste starting from here ===", LOG_CRASH},
    {"# Redis 7.0.15 crashed by signal: 11, si_code: 1", LOG_CRASH},
    {"# === ASSERTION FAILED ===", LOG_CRASH},
    {"# Failed opening the temp RDB file temp-1.rdb (in server root dir /var/lib/redis) for "
     "saving: Permission denied",
     LOG_SAVE_FAILED},
    {"# Write error while saving DB to the disk(No space left on device): x", LOG_DISK_FULL},
    {"# Error writing to the AOF file: No space left on device", LOG_DISK_FULL},
    {"# Background saving error", LOG_SAVE_FAILED},
    {"# Background saving terminated by signal 9", LOG_SAVE_FAILED},
    {"# Can't save in background: fork: Cannot allocate memory", LOG_SAVE_FAILED},
    {"* Background saving terminated with success", LOG_NONE},
    {"# Error trying to save the DB, can't exit.", LOG_CANNOT_EXIT},
    {"# Errors trying to shut down the server. Check the logs for more information.",
     LOG_CANNOT_EXIT},
    {"# SIGTERM received but errors trying to shut down the server, check the logs for more "
     "information",
     LOG_CANNOT_EXIT},
    {"# Slow script detected: still in execution after 5000 milliseconds. You can try killing the "
     "script using the SCRIPT KILL command. Script name is: x.",
     LOG_SLOW_SCRIPT},
    {"# Redis is now ready to exit, bye bye...", LOG_CLEAN_EXIT},
    {"# Valkey is now ready to exit, bye bye...", LOG_CLEAN_EXIT},
    {"* Ready to accept connections tcp", LOG_READY},
    {"redis-server.service: Start request repeated too quickly.", LOG_START_LIMIT},
    {"redis-server.service: start operation timed out. Terminating.", LOG_START_TIMEOUT},
    {"redis-server.service: State 'stop-sigterm' timed out. Killing.", LOG_STOP_TIMEOUT},
    {"redis-server.service: Failed with result 'oom-kill'.", LOG_OOM_KILL},
    {"redis-server.service: Deactivated successfully.", LOG_CLEAN_EXIT},
    {"redis-server.service: Main process exited, code=dumped, status=11/SEGV", LOG_CRASH},
    {"redis-server.service: Main process exited, code=killed, status=9/KILL", LOG_NONE},
    {"# WARNING Memory overcommit must be enabled! Without it, a background save or replication "
     "may fail under low memory condition.",
     LOG_NONE},
    {"* DB saved on disk", LOG_NONE},
    {"", LOG_NONE},
};

static void lines_are_classed_by_the_cause_they_name(void **state)
{
    (void)state;
    bool seen[LOG_CLASS_COUNT] = {false};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        enum log_class class = log_classify(lines[i].line, strlen(lines[i].line));
        if (class != lines[i].class)
            fail_msg("%s: %s", lines[i].line, log_class_word(class));
        seen[class] = true;
    }
    for (int class = 0; class < LOG_CLASS_COUNT; class ++)
        assert_true(seen[class]);
}

static void lines_are_read(struct log_reading *r, const char *const *lines_, size_t count)
{
    for (size_t i = 0; i < count; i++)
        log_read(r, lines_[i], strlen(lines_[i]));
}

static void the_log_says_whether_the_last_stop_was_cut(void **state)
{
    (void)state;
    static const char *const cut[] = {
        "Started redis-server.service - Advanced key-value store.",
        "Stopping redis-server.service - Advanced key-value store...",
        "redis-server.service: State 'stop-sigterm' timed out. Killing.",
        "redis-server.service: Killing process 71 (redis-server) with signal SIGKILL.",
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
        "redis-server.service: Failed with result 'timeout'.",
        "Stopped redis-server.service - Advanced key-value store.",
    };
    static const char *const start[] = {
        "Starting redis-server.service - Advanced key-value store...",
        "* Ready to accept connections tcp",
        "Started redis-server.service - Advanced key-value store.",
    };
    static const char *const clean[] = {
        "Stopping redis-server.service - Advanced key-value store...",
        "redis-server.service: Deactivated successfully.",
        "Stopped redis-server.service - Advanced key-value store.",
    };
    static const char *const killed[] = {
        "Stopping redis-server.service - Advanced key-value store...",
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
    };
    struct log_reading r = {0};
    lines_are_read(&r, cut, ARRAY_LENGTH(cut));
    assert_int_equal(r.facts.class, LOG_STOP_TIMEOUT);
    assert_true(r.facts.stop_cut);
    lines_are_read(&r, start, ARRAY_LENGTH(start));
    assert_int_equal(r.facts.class, LOG_NONE);
    assert_true(r.facts.stop_cut); /* of the process before */
    lines_are_read(&r, clean, ARRAY_LENGTH(clean));
    assert_false(r.facts.stop_cut);
    lines_are_read(&r, start, ARRAY_LENGTH(start));
    log_read(&r, killed[1], strlen(killed[1])); /* a crash is no stop */
    assert_false(r.facts.stop_cut);
    lines_are_read(&r, start, ARRAY_LENGTH(start));
    lines_are_read(&r, killed, ARRAY_LENGTH(killed)); /* a kill -9 in a stop */
    assert_true(r.facts.stop_cut);
}

static void an_unknown_directive_of_redis_8_is_told_by_its_own_text(void **state)
{
    (void)state;
    static const char *const log[] = {
        "# Unresolved Configuration(s) Detected:",
        "# >>> 'bogus-directive yes'",
        "# Module Configuration detected without loadmodule directive or no ApplyConfig call: "
        "aborting",
        "* Redis is starting oO0OoO0OoO0Oo",
    };
    struct log_reading r = {0};
    for (int start = 0; start < 3; start++)
        for (size_t i = 0; i < ARRAY_LENGTH(log); i++)
            log_read(&r, log[i], strlen(log[i]));
    assert_int_equal(r.facts.class, LOG_CONFIG_ERROR);
    assert_string_equal(r.facts.line,
                        "# Unresolved Configuration(s) Detected: # >>> 'bogus-directive yes' # "
                        "Module Configuration detected without loadmodule directive or no "
                        "ApplyConfig call: aborting");
}

static void read_all(struct log_reading *r, const char *const *log, size_t count)
{
    for (size_t i = 0; i < count; i++)
        log_read(r, log[i], strlen(log[i]));
}

/* Debian 13, the log file belongs to root. */
static void a_log_file_of_root_is_no_wrong_setting(void **state)
{
    (void)state;
    static const char *const log[] = {
        "Starting redis-server.service - Advanced key-value store...",
        "*** FATAL CONFIG FILE ERROR (Redis 8.0.2) ***",
        "Reading the configuration file, at line 361",
        ">>> 'logfile /var/log/redis/redis-server.log'",
        "Can't open the log file: Permission denied",
        "redis-server.service: Main process exited, code=exited, status=1/FAILURE",
        "redis-server.service: Failed with result 'exit-code'.",
    };
    struct log_reading r = {0};
    for (int start = 0; start < 3; start++)
        read_all(&r, log, ARRAY_LENGTH(log));
    assert_int_equal(r.facts.class, LOG_PERMISSION_DENIED);
    assert_non_null(strstr(r.facts.line, "/var/log/redis/redis-server.log"));
}

static void a_restart_by_systemd_is_told_from_one_by_an_operator(void **state)
{
    (void)state;
    static const char *const crash[] = {
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
        "redis-server.service: Failed with result 'signal'.",
        "redis-server.service: Scheduled restart job, restart counter is at 1.",
        "Stopped redis-server.service - Advanced key-value store.", /* before systemd 254 */
        "Starting redis-server.service - Advanced key-value store...",
        "Started redis-server.service - Advanced key-value store.",
    };
    static const char *const by_hand[] = {
        "Stopping redis-server.service - Advanced key-value store...",
        "redis-server.service: Deactivated successfully.",
        "Stopped redis-server.service - Advanced key-value store.",
        "Starting redis-server.service - Advanced key-value store...",
        "Started redis-server.service - Advanced key-value store.",
    };
    static const char *const killed[] = {
        "redis-server.service: A process of this unit has been killed by the OOM killer.",
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
        "redis-server.service: Scheduled restart job, restart counter is at 2.",
        "Started redis-server.service - Advanced key-value store.",
    };
    static const char *const given_up[] = {
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
        "redis-server.service: Scheduled restart job, restart counter is at 5.",
        "redis-server.service: Start request repeated too quickly.",
        "Starting redis-server.service - Advanced key-value store...",
    };
    struct log_reading r = {0};
    read_all(&r, crash, ARRAY_LENGTH(crash));
    assert_true(r.restart.by_systemd && !r.restart.out_of_memory);
    assert_string_equal(r.restart.ended, crash[0]);
    read_all(&r, killed, ARRAY_LENGTH(killed));
    assert_true(r.restart.by_systemd && r.restart.out_of_memory);
    read_all(&r, by_hand, ARRAY_LENGTH(by_hand));
    assert_false(r.restart.by_systemd || r.restart.out_of_memory);
    assert_string_equal(r.restart.ended, "");
    read_all(&r, given_up, ARRAY_LENGTH(given_up));
    assert_false(r.restart.by_systemd);
}

static void the_newest_failure_to_save_is_kept_until_a_save_succeeds(void **state)
{
    (void)state;
    static const char *const full[] = {
        "Write error while saving DB to the disk(rdbSaveRio): No space left on device",
        "Background saving error"};
    static const char fork[] = "Can't save in background: fork: Cannot allocate memory";
    static const char done[] = "Background saving terminated with success";
    struct log_reading r = {0};
    read_all(&r, full, ARRAY_LENGTH(full));
    assert_int_equal(r.saving.class, LOG_DISK_FULL);
    assert_string_equal(r.saving.line, full[0]);
    log_read(&r, fork, sizeof fork - 1);
    assert_int_equal(r.saving.class, LOG_SAVE_FAILED);
    assert_string_equal(r.saving.line, fork);
    log_read(&r, done, sizeof done - 1);
    assert_int_equal(r.saving.class, LOG_NONE);
}

static void the_cause_outweighs_what_follows_from_it(void **state)
{
    (void)state;
    static const enum log_class rising[] = {
        LOG_NONE,        LOG_READY,         LOG_SAVE_FAILED,  LOG_START_LIMIT,       LOG_CRASH,
        LOG_OOM_KILL,    LOG_OUT_OF_MEMORY, LOG_DATA_CORRUPT, LOG_PERMISSION_DENIED, LOG_DISK_FULL,
        LOG_CONFIG_ERROR};
    for (size_t i = 1; i < ARRAY_LENGTH(rising); i++)
        assert_true(log_class_weight(rising[i]) > log_class_weight(rising[i - 1]));
    assert_true(log_class_weight(LOG_PERMISSION_DENIED) > log_class_weight(LOG_PORT_IN_USE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_classed_by_the_cause_they_name),
        cmocka_unit_test(the_log_says_whether_the_last_stop_was_cut),
        cmocka_unit_test(an_unknown_directive_of_redis_8_is_told_by_its_own_text),
        cmocka_unit_test(a_log_file_of_root_is_no_wrong_setting),
        cmocka_unit_test(a_restart_by_systemd_is_told_from_one_by_an_operator),
        cmocka_unit_test(the_newest_failure_to_save_is_kept_until_a_save_succeeds),
        cmocka_unit_test(the_cause_outweighs_what_follows_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
