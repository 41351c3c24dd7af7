/* The client against peers that say what no good Redis would, or what a good one says rarely. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "client_fixture.h"
#include "io/clock.h"
#include "support/peer.h"
#include "support/redis_server.h"
#include "support/test_folder.h"

#define LONG_MS 60000
#define SHORT_MS 50 /* for what never comes */

static struct client_fixture f;
static struct peer *peer;

static void start(const struct peer_script *script)
{
    fixture_start(&f, 0);
    peer = peer_new(&f.loop, script);
    f.service.redis.port = peer_port(peer);
    fixture_connect(&f);
}

static int end(void **state)
{
    (void)state;
    if (peer != NULL)
        peer_free(peer);
    peer = NULL;
    fixture_end(&f);
    return 0;
}

static enum reply_class ping(bool fresh, int64_t ms)
{
    return fixture_answer(&f, REDIS_PING, fresh, ms)->probe.reply;
}

/* The answer of a peer that greets so, to a kept and to a fresh PING. */
static void check_greeting(const char *greeting, size_t flood, bool close, enum reply_class class)
{
    const struct peer_script script = {
        .greeting = greeting, .flood = flood, .close_after_greeting = close};
    start(&script);
    for (int fresh = 0; fresh < 2; fresh++) {
        enum reply_class got = ping(fresh == 1, LONG_MS);
        if (got != class)
            fail_msg("%.40s: %s", greeting, reply_class_word(got));
    }
    assert_false(redis_client_connected(f.client));
    assert_int_equal(f.lost, 0);
    (void)end(NULL);
}

static void what_is_no_redis_is_garbage(void **state)
{
    (void)state;
    check_greeting("HTTP/1.1 400 Bad Request\r\n\r\n", 0, false, REPLY_GARBAGE);
    check_greeting("SSH-2.0-OpenSSH_9.2p1\r\n", 0, false, REPLY_GARBAGE);
    check_greeting("\r\n\r\n", 0, false, REPLY_GARBAGE);
    check_greeting("*2000000000\r\n", 0, false, REPLY_GARBAGE);
    check_greeting("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", 0, false,
                   REPLY_GARBAGE);
    check_greeting("$1000000000\r\n", 8 * 1024 * 1024, false, REPLY_GARBAGE);
    check_greeting("+", 64 * 1024 * 1024, false, REPLY_GARBAGE);
}

static void a_farewell_before_anything_was_asked_is_the_answer(void **state)
{
    (void)state;
    check_greeting("-ERR max number of clients reached\r\n", 0, true, REPLY_MAXCLIENTS);
    check_greeting("-DENIED Redis is running in protected mode because ...\r\n", 0, true,
                   REPLY_DENIED);
    check_greeting("-DENIED Running in protected mode because ...\r\n", 0, true, REPLY_DENIED);
}

static void a_peer_that_closes_first_is_closed(void **state)
{
    (void)state;
    check_greeting("", 0, true, REPLY_CLOSED);
    check_greeting("-ERR max number of cl", 0, true, REPLY_CLOSED);
}

static void loading_is_the_answer_of_the_ping_itself(void **state)
{
    (void)state;
    static const char loading[] = "-LOADING Redis is loading the dataset in memory\r\n";
    const struct peer_script script = {.lines = {loading}};
    start(&script);
    assert_int_equal(ping(false, LONG_MS), REPLY_LOADING);
    assert_int_equal(ping(true, LONG_MS), REPLY_LOADING);
    assert_true(redis_client_connected(f.client));
}

static void a_foreign_reply_to_ping_is_other(void **state)
{
    (void)state;
    const struct peer_script script = {
        .lines = {"+OK\r\n", "+OK\r\n", "+OK\r\n", "$5\r\nhello\r\n"}};
    start(&script);
    assert_int_equal(ping(false, LONG_MS), REPLY_OTHER);
    assert_string_equal(f.told[0].probe.text, "hello");
}

static void a_silent_peer_is_silent_and_its_connection_stays(void **state)
{
    (void)state;
    const struct peer_script script = {0};
    start(&script);
    for (int i = 0; i < 5; i++)
        assert_int_equal(ping(false, SHORT_MS), REPLY_SILENT);
    assert_int_equal(peer_accepted(peer), 1);
    assert_int_equal(ping(true, SHORT_MS), REPLY_SILENT);
    assert_int_equal(peer_accepted(peer), 2);
    assert_int_equal(peer_commands(peer), 3 + 1); /* set-up alone: nothing waits in the pipe */
}

static void half_a_reply_is_silence_and_its_rest_is_swallowed(void **state)
{
    (void)state;
    const struct peer_script script = {.lines = {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+PO", ""}};
    static const char rest[] = "NG\r\n-BUSY Redis is busy\r\n";
    start(&script);
    assert_int_equal(ping(false, SHORT_MS), REPLY_SILENT);
    fixture_ask(&f, 1, REDIS_PING, false, LONG_MS);
    peer_say(peer, rest, sizeof rest - 1);
    fixture_wait(&f, 2);
    assert_int_equal(fixture_told(&f, 1)->probe.reply, REPLY_BUSY);
}

static void a_reply_nobody_asked_for_ends_the_connection(void **state)
{
    (void)state;
    const struct peer_script script = {.lines = {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+PONG\r\n"}};
    start(&script);
    assert_int_equal(ping(false, LONG_MS), REPLY_PONG);
    peer_say(peer, "+PONG\r\n", 7);
    while (f.lost == 0)
        fixture_run(&f);
    assert_false(redis_client_connected(f.client));
}

static void closing_in_mid_reply_is_closed_and_lost(void **state)
{
    (void)state;
    const struct peer_script script = {.lines = {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+PONG\r\n"}};
    static const char reply[] = "$5\r\nhello\r\n";
    start(&script);
    for (size_t cut = 0; cut + 1 < sizeof reply; cut++) {
        assert_int_equal(ping(false, LONG_MS), REPLY_PONG);
        fixture_ask(&f, 1 + cut, REDIS_INFO, false, SHORT_MS);
        /* its +PONG is taken for INFO's answer; what is cut belongs to nobody */
        fixture_wait(&f, f.count + 1);
        peer_say(peer, reply, cut);
        peer_hang_up(peer);
        size_t before = f.lost;
        while (f.lost == before)
            fixture_run(&f);
    }
}

static void replies_may_come_in_any_pieces(void **state)
{
    (void)state;
    const struct peer_script script = {.lines = {"+OK\r\n", "+OK\r\n", "+OK\r\n", ""}};
    static const char reply[] = "*3\r\n$5\r\nhello\r\n:12\r\n*1\r\n+x\r\n";
    start(&script);
    for (size_t cut = 1; cut + 1 < sizeof reply; cut++) {
        fixture_ask(&f, cut, REDIS_SLOWLOG, false, LONG_MS);
        while (peer_commands(peer) < 3 + cut)
            (void)uv_run(&f.loop, UV_RUN_ONCE);
        size_t before = f.count;
        peer_say(peer, reply, cut);
        peer_say(peer, reply + cut, sizeof reply - 1 - cut);
        fixture_wait(&f, before + 1);
        assert_int_equal(fixture_told(&f, cut)->items, 3);
    }
}

static void nothing_listening_is_refused(void **state)
{
    (void)state;
    fixture_start(&f, redis_server_free_port());
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_REFUSED);
    assert_int_equal(ping(true, LONG_MS), REPLY_REFUSED);
    assert_non_null(strstr(f.told[0].probe.text, "Connection refused"));
}

static void a_name_that_is_none_is_unreachable(void **state)
{
    (void)state;
    fixture_start(&f, 6379);
    (void)str_copy(f.service.redis.host, sizeof f.service.redis.host, "no-such-host.invalid");
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_UNREACHABLE);
    assert_int_equal(ping(true, LONG_MS), REPLY_UNREACHABLE);
}

/* A Unix socket with a full backlog takes no connection and says nothing. */
static void a_full_backlog_is_no_connect(void **state)
{
    (void)state;
    struct test_folder folder;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    test_folder_make(&folder);
    (void)str_copy(address.sun_path, sizeof address.sun_path, test_folder_path(&folder, "s"));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 0), 0);
    fixture_start(&f, 0);
    f.service.redis.host[0] = '\0';
    (void)str_copy(f.service.redis.socket, sizeof f.service.redis.socket, address.sun_path);
    fixture_connect(&f);
    assert_int_equal(ping(false, SHORT_MS), REPLY_SILENT); /* takes the only place */
    enum reply_class class = REPLY_SILENT;
    for (int i = 0; i < 4 && class == REPLY_SILENT; i++) {
        fixture_ask(&f, (uint64_t)i, REDIS_PING, true, LONG_MS);
        int filler = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(filler, (struct sockaddr *)&address, sizeof address);
        class = ping(true, SHORT_MS);
        (void)close(filler);
    }
    assert_int_equal(class, REPLY_NO_CONNECT);
    redis_client_free(f.client);
    f.client = NULL;
    assert_int_equal(close(listener), 0);
    test_folder_remove(&folder);
}

static void settings_that_cannot_work_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    const struct redis_client_events events = {0};
    fixture_start(&f, 6379);
    f.service.redis.via = VIA_SSH;
    assert_int_equal(redis_client_new(&f.loop, NULL, &f.service, &events, &f.client, &err),
                     -EINVAL);
    f.service.redis.via = VIA_DIRECT;
    (void)str_copy(f.service.redis.password_file, sizeof f.service.redis.password_file,
                   "/nonexistent/password");
    assert_int_equal(redis_client_new(&f.loop, NULL, &f.service, &events, &f.client, &err),
                     -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/password"));
    f.service.redis.password_file[0] = '\0';
    f.service.redis.host[0] = '\0';
    assert_int_equal(redis_client_new(&f.loop, NULL, &f.service, &events, &f.client, &err),
                     -EINVAL);
    assert_null(f.client);
}

struct test_tunnel {
    int fd, other; /* given to the client, and its other end */
    int code;
    void (*done)(void *context, int fd, const struct error *error);
    void *context;
};

static void tunnel_open(void *context, const char *host, int port, mono_ms deadline,
                        void (*done)(void *done_context, int fd, const struct error *error),
                        void *done_context)
{
    struct test_tunnel *t = context;
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 6379);
    assert_true(deadline.ms > 0);
    t->done = done;
    t->context = done_context;
    if (t->code != 0) {
        struct error err;
        (void)error_set(&err, t->code, "open failed");
        done(done_context, -1, &err);
    }
}

static void connect_tunnel(struct test_tunnel *t)
{
    const struct redis_tunnel tunnel = {t, tunnel_open};
    fixture_start(&f, 6379);
    f.service.redis.via = VIA_SSH;
    fixture_connect_through(&f, &tunnel);
}

static void a_tunnel_carries_as_tcp_does(void **state)
{
    (void)state;
    struct test_tunnel t = {0};
    int pair[2];
    char got[512];
    connect_tunnel(&t);
    fixture_ask(&f, 1, REDIS_PING, false, LONG_MS);
    assert_non_null((void *)(uintptr_t)t.done);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    t.done(t.context, pair[0], NULL);
    assert_int_equal(write(pair[1], "+OK\r\n+OK\r\n+OK\r\n", 15), 15);
    while (!redis_client_connected(f.client))
        (void)uv_run(&f.loop, UV_RUN_ONCE);
    assert_true(read(pair[1], got, sizeof got) > 0);
    assert_int_equal(write(pair[1], "+PONG\r\n", 7), 7);
    fixture_wait(&f, 1);
    assert_int_equal(fixture_told(&f, 1)->probe.reply, REPLY_PONG);
    assert_int_equal(close(pair[1]), 0);
    while (f.lost == 0)
        fixture_run(&f);
}

static void a_tunnel_that_fails_says_so_once(void **state)
{
    (void)state;
    struct test_tunnel t = {.code = -ECONNREFUSED};
    connect_tunnel(&t);
    assert_int_equal(ping(false, LONG_MS), REPLY_REFUSED);
    t.code = -EHOSTUNREACH;
    assert_int_equal(ping(true, LONG_MS), REPLY_UNREACHABLE);
    t.code = 0; /* does not answer in time; then, late, with a socket */
    int pair[2];
    char byte = 0;
    assert_int_equal(ping(false, SHORT_MS), REPLY_NO_CONNECT);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    t.done(t.context, pair[0], NULL);
    assert_int_equal(read(pair[1], &byte, 1), 0); /* closed again */
    assert_int_equal(close(pair[1]), 0);
}

static void open_late(uv_timer_t *timer)
{
    struct test_tunnel *t = timer->data;
    t->done(t->context, t->fd, NULL);
}

/* Redis had but the rest of the time to answer. */
static void a_path_that_opens_late_is_no_silence_of_redis(void **state)
{
    (void)state;
    struct test_tunnel t = {0};
    uv_timer_t timer = {.data = &t};
    int pair[2];
    connect_tunnel(&t);
    for (int fresh = 0; fresh < 2; fresh++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        t.fd = pair[0];
        assert_int_equal(uv_timer_init(&f.loop, &timer), 0);
        assert_int_equal(uv_timer_start(&timer, open_late, 3 * SHORT_MS / 4, 0), 0);
        assert_int_equal(ping(fresh == 1, SHORT_MS), REPLY_NO_CONNECT);
        uv_close((uv_handle_t *)&timer, NULL);
        (void)uv_run(&f.loop, UV_RUN_NOWAIT);
        assert_int_equal(close(pair[1]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_redis_is_garbage),
        cmocka_unit_test(a_farewell_before_anything_was_asked_is_the_answer),
        cmocka_unit_test(a_peer_that_closes_first_is_closed),
        cmocka_unit_test_teardown(loading_is_the_answer_of_the_ping_itself, end),
        cmocka_unit_test_teardown(a_foreign_reply_to_ping_is_other, end),
        cmocka_unit_test_teardown(a_silent_peer_is_silent_and_its_connection_stays, end),
        cmocka_unit_test_teardown(half_a_reply_is_silence_and_its_rest_is_swallowed, end),
        cmocka_unit_test_teardown(a_reply_nobody_asked_for_ends_the_connection, end),
        cmocka_unit_test_teardown(closing_in_mid_reply_is_closed_and_lost, end),
        cmocka_unit_test_teardown(replies_may_come_in_any_pieces, end),
        cmocka_unit_test_teardown(nothing_listening_is_refused, end),
        cmocka_unit_test_teardown(a_name_that_is_none_is_unreachable, end),
        cmocka_unit_test_teardown(a_full_backlog_is_no_connect, end),
        cmocka_unit_test_teardown(settings_that_cannot_work_are_refused, end),
        cmocka_unit_test_teardown(a_tunnel_carries_as_tcp_does, end),
        cmocka_unit_test_teardown(a_tunnel_that_fails_says_so_once, end),
        cmocka_unit_test_teardown(a_path_that_opens_late_is_no_silence_of_redis, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
