/* The smoke test against a real Redis: what passes, what is skipped, what fails, and that nothing
 * stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "redis/resp.h"
#include "redis/smoke_reply.h"
#include "support/redis_server.h"

static struct redis_server server;

static int end(void **state)
{
    (void)state;
    redis_server_end(&server);
    return 0;
}

static void start(const char *config)
{
    redis_server_prepare(&server);
    redis_server_start(&server, config);
}

static int connection(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {60, 0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(str_copy(address.sun_path, sizeof address.sun_path, server.socket));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void take_reply(int fd, struct resp_reader *reader, struct smoke *s)
{
    struct redis_reply *reply = NULL;
    while (resp_reader_next(reader, &reply, NULL) == 0) {
        char bytes[512];
        ssize_t n = read(fd, bytes, sizeof bytes);
        assert_true(n > 0);
        assert_int_equal(resp_reader_feed(reader, bytes, (size_t)n, NULL), 0);
    }
    smoke_take(s, smoke_reply(s, reply));
    reply_free(reply);
}

/* The whole test; `before_get` is said to the server by another client before GET. */
static struct smoke run(const char *before_get)
{
    struct smoke s;
    struct resp_reader *reader = NULL;
    const char *words[SMOKE_WORDS_MAX];
    int fd = connection();
    assert_int_equal(resp_reader_new(&reader, NULL), 0);
    smoke_init(&s, 0x1234, 0x5678);
    for (size_t count; (count = smoke_command(&s, words)) > 0; take_reply(fd, reader, &s)) {
        struct buf command = BUF_LIMIT(1024);
        if (s.step == SMOKE_GET && before_get != NULL)
            (void)redis_server_say(&server, before_get);
        assert_int_equal(resp_command(&command, words, count), 0);
        assert_int_equal(write(fd, command.data, command.length), (ssize_t)command.length);
        buf_free(&command);
    }
    resp_reader_free(reader);
    (void)close(fd);
    return s;
}

static void expect_empty(void)
{
    assert_true(str_starts(redis_server_say(&server, "DBSIZE"), ":0"));
}

static void a_well_redis_passes_and_keeps_nothing(void **state)
{
    (void)state;
    start(NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(run(NULL).result, SMOKE_PASSED);
    expect_empty();
}

static void the_key_expires_by_itself(void **state)
{
    (void)state;
    start(NULL);
    struct smoke s;
    const char *words[SMOKE_WORDS_MAX];
    smoke_init(&s, 0x1234, 0x5678);
    struct buf command = BUF_LIMIT(1024);
    struct resp_reader *reader = NULL;
    int fd = connection();
    assert_int_equal(resp_reader_new(&reader, NULL), 0);
    assert_int_equal(resp_command(&command, words, smoke_command(&s, words)), 0);
    assert_int_equal(write(fd, command.data, command.length), (ssize_t)command.length);
    take_reply(fd, reader, &s);
    resp_reader_free(reader);
    buf_free(&command);
    (void)close(fd);
    assert_int_equal(s.step, SMOKE_GET);
    const char *life = redis_server_say(&server, "TTL resus:smoke:0000000000001234");
    assert_true(str_starts(life, ":60") || str_starts(life, ":5"));
}

static void expect_failed(const struct smoke *s, enum smoke_step step, enum smoke_answer why)
{
    assert_int_equal(s->result, SMOKE_FAILED);
    assert_int_equal(s->failed_at, step);
    assert_int_equal(s->why, why);
}

static void a_key_that_is_there_already_is_left_alone(void **state)
{
    (void)state;
    start(NULL);
    (void)redis_server_say(&server, "SET resus:smoke:0000000000001234 theirs");
    struct smoke s = run(NULL);
    expect_failed(&s, SMOKE_SET, SMOKE_WRONG);
    assert_non_null(
        strstr(redis_server_say(&server, "GET resus:smoke:0000000000001234"), "theirs"));
}

static void a_value_that_changes_or_vanishes_fails(void **state)
{
    (void)state;
    start(NULL);
    struct smoke s = run("SET resus:smoke:0000000000001234 other");
    expect_failed(&s, SMOKE_GET, SMOKE_WRONG);
    expect_empty();
    s = run("FLUSHALL");
    expect_failed(&s, SMOKE_GET, SMOKE_WRONG);
    expect_empty();
}

static void a_replica_is_skipped(void **state)
{
    (void)state;
    start("replicaof 127.0.0.1 1");
    assert_int_equal(run(NULL).result, SMOKE_SKIPPED);
}

static void a_redis_that_takes_no_writes_fails(void **state)
{
    (void)state;
    start("maxmemory 1mb\nmaxmemory-policy noeviction");
    (void)redis_server_say(&server, "CONFIG SET maxmemory 1");
    struct smoke s = run(NULL);
    expect_failed(&s, SMOKE_SET, SMOKE_ERROR);
}

static void no_reply_is_none(void **state)
{
    (void)state;
    struct smoke s;
    smoke_init(&s, 1, 2);
    assert_int_equal(smoke_reply(&s, NULL), SMOKE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_well_redis_passes_and_keeps_nothing, end),
        cmocka_unit_test_teardown(the_key_expires_by_itself, end),
        cmocka_unit_test_teardown(a_key_that_is_there_already_is_left_alone, end),
        cmocka_unit_test_teardown(a_value_that_changes_or_vanishes_fails, end),
        cmocka_unit_test_teardown(a_replica_is_skipped, end),
        cmocka_unit_test_teardown(a_redis_that_takes_no_writes_fails, end),
        cmocka_unit_test(no_reply_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
