#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "redis/reply.h"

/* As Redis and Valkey write them. */
static const struct {
    const char *text;
    enum reply_class class;
} errors[] = {
    {"LOADING Redis is loading the dataset in memory", REPLY_LOADING},
    {"LOADING Valkey is loading the dataset in memory", REPLY_LOADING},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
     REPLY_BUSY},
    {"BUSY Valkey is busy running a script. You can only call FUNCTION KILL", REPLY_BUSY},
    {"BUSYKEY Target key name already exists.", REPLY_ERROR},
    {"BUSYGROUP Consumer Group name already exists", REPLY_ERROR},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable", REPLY_MISCONF},
    {"MISCONF Valkey is configured to save RDB snapshots", REPLY_MISCONF},
    {"MISCONF Errors writing to the AOF file: No space left on device", REPLY_MISCONF},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
     REPLY_MASTERDOWN},
    {"NOAUTH Authentication required.", REPLY_NOAUTH},
    {"WRONGPASS invalid username-password pair or user is disabled.", REPLY_WRONGPASS},
    {"ERR invalid password", REPLY_WRONGPASS},
    {"ERR AUTH <password> called without any password configured for the default user. Are you "
     "sure your configuration is correct?",
     REPLY_WRONGPASS},
    {"ERR Client sent AUTH, but no password is set", REPLY_WRONGPASS},
    {"NOPERM User watcher has no permissions to run the 'ping' command", REPLY_NOPERM},
    {"DENIED Redis is running in protected mode because protected mode is enabled", REPLY_DENIED},
    {"DENIED Running in protected mode because protected mode is enabled", REPLY_DENIED},
    {"ERR max number of clients reached", REPLY_MAXCLIENTS},
    {"ERR max number of clients + cluster connections reached", REPLY_MAXCLIENTS},
    {"OOM command not allowed when used memory > 'maxmemory'.", REPLY_OOM},
    {"READONLY You can't write against a read only replica.", REPLY_READONLY},
    {"UNKILLABLE Sorry the script already executed write commands", REPLY_UNKILLABLE},
    {"NOTBUSY No scripts in execution right now.", REPLY_NOTBUSY},
    {"ERR unknown command 'PING'", REPLY_ERROR},
    {"NOREPLICAS Not enough good replicas to write.", REPLY_ERROR},
    {"ERR", REPLY_ERROR},
    {"", REPLY_ERROR},
    {"BUSY", REPLY_BUSY},
};

static void errors_are_classed_by_their_first_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
        struct redis_reply reply = {.type = RESP_ERROR,
                                    .text = (char *)(uintptr_t)errors[i].text,
                                    .length = strlen(errors[i].text)};
        if (reply_classify(&reply) != errors[i].class)
            fail_msg("%s", errors[i].text);
    }
}

static void only_the_status_pong_is_pong(void **state)
{
    (void)state;
    char pong[] = "PONG";
    struct redis_reply reply = {.type = RESP_STATUS, .text = pong, .length = 4};
    assert_int_equal(reply_classify(&reply), REPLY_PONG);
    reply.type = RESP_BULK;
    assert_int_equal(reply_classify(&reply), REPLY_OTHER);
    reply = (struct redis_reply){.type = RESP_INTEGER, .integer = 1};
    assert_int_equal(reply_classify(&reply), REPLY_OTHER);
    reply = (struct redis_reply){.type = RESP_LIST};
    assert_int_equal(reply_classify(&reply), REPLY_OTHER);
}

static void read_lines(struct log_reading *r, const char *const *lines)
{
    *r = (struct log_reading){0};
    for (; *lines != NULL; lines++)
        log_read(r, *lines, strlen(*lines));
}

static void a_config_error_names_the_line_and_what_is_wrong_with_it(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Starting redis-server.service - Advanced key-value store...",
        "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***",
        "Reading the configuration file, at line 2277",
        ">>> 'bogus-directive yes'",
        "Bad directive or wrong number of arguments",
        "redis-server.service: Main process exited, code=exited, status=1/FAILURE",
        "redis-server.service: Failed with result 'exit-code'.",
        "redis-server.service: Start request repeated too quickly.",
        NULL};
    struct log_reading r;
    read_lines(&r, lines);
    assert_int_equal(r.facts.class, LOG_CONFIG_ERROR);
    assert_string_equal(r.facts.line,
                        "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) *** Reading the configuration "
                        "file, at line 2277 >>> 'bogus-directive yes' Bad directive or wrong "
                        "number of arguments");
}

static void what_was_wrong_before_a_good_start_is_over(void **state)
{
    (void)state;
    static const char *const by_systemd[] = {
        "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***",
        ">>> 'bogus-directive yes'",
        "redis-server.service: Failed with result 'exit-code'.",
        "Starting redis-server.service - Advanced key-value store...",
        "Started redis-server.service - Advanced key-value store.",
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
        NULL};
    static const char *const by_redis[] = {"Fatal error loading the DB: Invalid argument. Exiting.",
                                           "Ready to accept connections", NULL};
    struct log_reading r;
    read_lines(&r, by_systemd);
    assert_int_equal(r.facts.class, LOG_NONE);
    assert_int_equal(r.lines, 6);
    read_lines(&r, by_redis);
    assert_int_equal(r.facts.class, LOG_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_classed_by_their_first_word),
        cmocka_unit_test(only_the_status_pong_is_pong),
        cmocka_unit_test(a_config_error_names_the_line_and_what_is_wrong_with_it),
        cmocka_unit_test(what_was_wrong_before_a_good_start_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
