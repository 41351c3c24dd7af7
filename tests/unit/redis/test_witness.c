/* The witness against real servers, scripted peers and a host that opens no way. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "io/clock.h"
#include "redis/witness.h"
#include "support/peer.h"
#include "support/redis_server.h"

#define LONG_MS 60000
#define SHORT_MS 100   /* for what never comes */
#define PAUSED_MS 2000 /* for what shows itself in half of it */
#define IDS 16

static uv_loop_t loop;
static struct service_settings service;
static struct witness *witness;
static struct redis_server server;
static struct peer *peer;
static struct {
    unsigned times;
    struct witness_facts facts;
} got_by_id[IDS];
static unsigned total;
static bool on_stack;

static void on_done(void *context, uint64_t id, const struct witness_facts *facts)
{
    (void)context;
    assert_false(on_stack);
    assert_true(id < IDS);
    got_by_id[id].times++;
    got_by_id[id].facts = *facts;
    total++;
    uv_stop(&loop);
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    memset(&service, 0, sizeof service);
    memset(&got_by_id, 0, sizeof got_by_id);
    total = 0;
    (void)str_copy(service.redis.host, sizeof service.redis.host, "127.0.0.1");
    return 0;
}

static void open_witness(const struct witness_way *way)
{
    struct error err = {0};
    if (witness_new(&loop, way, &service, on_done, NULL, &witness, &err) < 0)
        fail_msg("%s", err.text);
}

static int end(void **state)
{
    (void)state;
    witness_free(witness);
    witness = NULL;
    if (peer != NULL)
        peer_free(peer);
    peer = NULL;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    if (server.folder.path[0] != '\0')
        redis_server_end(&server);
    memset(&server, 0, sizeof server);
    return 0;
}

static void ask(uint64_t id, int port, int64_t ms)
{
    on_stack = true;
    witness_ask(witness, id, port, mono_add(clock_mono(), ms));
    on_stack = false;
}

static const struct witness_facts *answer(int port, int64_t ms)
{
    unsigned before = got_by_id[0].times;
    ask(0, port, ms);
    while (got_by_id[0].times == before)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(got_by_id[0].times, before + 1);
    return &got_by_id[0].facts;
}

static void start_server(const char *config)
{
    redis_server_prepare(&server);
    redis_server_start(&server, config);
    service.redis.port = server.port;
}

static void start_peer(const struct peer_script *script)
{
    peer = peer_new(&loop, script);
    service.redis.port = peer_port(peer);
}

/* --- this machine --- */

static void any_answer_of_a_redis_is_life(void **state)
{
    (void)state;
    start_server(NULL);
    open_witness(NULL);
    const struct witness_facts *w = answer(0, LONG_MS);
    char address[64];
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", server.port);
    assert_true(w->possible);
    assert_int_equal(w->reply, REPLY_PONG);
    assert_string_equal(w->address, address);
    assert_string_equal(w->text, "PONG");
    assert_true(w->asked.ms > 0 && w->at.ms >= w->asked.ms);
    (void)redis_server_say(&server, "CONFIG SET requirepass secret");
    assert_int_equal(answer(0, LONG_MS)->reply, REPLY_NOAUTH);
    assert_non_null(strstr(got_by_id[0].facts.text, "NOAUTH"));
}

static void a_password_is_never_shown(void **state)
{
    (void)state;
    start_server("requirepass secret");
    test_folder_write(&server.folder, "password", "secret\n", 0600);
    (void)str_copy(service.redis.password_file, sizeof service.redis.password_file,
                   test_folder_path(&server.folder, "password"));
    open_witness(NULL);
    assert_int_equal(answer(0, LONG_MS)->reply, REPLY_NOAUTH);
}

static void errors_and_farewells_are_life_too(void **state)
{
    (void)state;
    static const struct {
        struct peer_script script;
        enum reply_class reply;
        bool alive;
    } rows[] = {
        {{.lines = {"-LOADING Redis is loading the dataset in memory\r\n"}}, REPLY_LOADING, true},
        {{.lines = {"-BUSY Redis is busy\r\n"}}, REPLY_BUSY, true},
        {{.lines = {"-MISCONF Errors writing\r\n"}}, REPLY_MISCONF, true},
        {{.greeting = "-DENIED Redis is running in protected mode\r\n",
          .close_after_greeting = true},
         REPLY_DENIED,
         true},
        {{.greeting = "-ERR max number of clients reached\r\n", .close_after_greeting = true},
         REPLY_MAXCLIENTS,
         true},
        {{.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"}, REPLY_GARBAGE, false},
        {{.greeting = "", .close_after_greeting = true}, REPLY_CLOSED, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        start_peer(&rows[i].script);
        open_witness(NULL);
        const struct witness_facts *w = answer(0, LONG_MS);
        assert_true(w->possible);
        if (w->reply != rows[i].reply || reply_answered(w->reply) != rows[i].alive)
            fail_msg("row %zu: %s", i, reply_class_word(w->reply));
        (void)end(NULL);
        (void)begin(NULL);
    }
    start_peer(&rows[0].script);
    open_witness(NULL);
}

static void a_silent_server_is_silent_and_a_closed_port_refuses(void **state)
{
    (void)state;
    const struct peer_script silence = {0};
    start_peer(&silence);
    open_witness(NULL);
    const struct witness_facts *w = answer(0, SHORT_MS);
    assert_true(w->possible);
    assert_int_equal(w->reply, REPLY_SILENT);
    assert_true(mono_since(w->at, w->asked) >= SHORT_MS);
    w = answer(redis_server_free_port(), SHORT_MS); /* the configured address is asked after it */
    assert_int_equal(w->reply, REPLY_SILENT);
    peer_free(peer);
    peer = NULL;
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    w = answer(0, LONG_MS);
    assert_true(w->possible);
    assert_int_equal(w->reply, REPLY_REFUSED);
}

static void clients_that_are_paused_are_no_silence_of_redis(void **state)
{
    (void)state;
    start_server(NULL);
    open_witness(NULL);
    (void)redis_server_say(&server, "CLIENT PAUSE 600000 ALL");
    const struct witness_facts *w = answer(0, PAUSED_MS);
    assert_true(w->possible && w->paused);
    assert_int_equal(w->reply, REPLY_ERROR);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    w = answer(0, PAUSED_MS);
    assert_true(w->possible);
    assert_false(w->paused);
    assert_int_equal(w->reply, REPLY_SILENT);
}

static void redis_own_port_is_asked_before_the_configured_one(void **state)
{
    (void)state;
    start_server(NULL);
    service.redis.port = redis_server_free_port(); /* a proxy that died */
    open_witness(NULL);
    char address[64];
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", server.port);
    const struct witness_facts *w = answer(server.port, LONG_MS);
    assert_int_equal(w->reply, REPLY_PONG);
    assert_string_equal(w->address, address);
    w = answer(FACT_UNKNOWN, LONG_MS);
    assert_int_equal(w->reply, REPLY_REFUSED);
}

static void a_unix_socket_is_asked_itself(void **state)
{
    (void)state;
    start_server(NULL);
    service.redis.host[0] = '\0';
    (void)str_copy(service.redis.socket, sizeof service.redis.socket, server.socket);
    open_witness(NULL);
    const struct witness_facts *w = answer(0, LONG_MS);
    assert_int_equal(w->reply, REPLY_PONG);
    assert_true(str_starts(server.socket, w->address));
    redis_server_kill(&server);
    assert_int_equal(answer(0, LONG_MS)->reply, REPLY_REFUSED);
}

/* --- a host elsewhere --- */

struct test_way {
    int codes[4]; /* of the tunnels in turn; 0: opens it; 1: never answers */
    unsigned opened, forgotten;
    char places[4][64];
    int ends[4]; /* the far ends of those that were opened */
};

static void way_open(void *context, const char *host, int port, mono_ms deadline,
                     void (*done)(void *done_context, int fd, const struct error *error),
                     void *done_context)
{
    struct test_way *t = context;
    unsigned i = t->opened++;
    assert_true(i < 4 && deadline.ms > 0);
    (void)snprintf(t->places[i], sizeof t->places[i], "%s:%d", host, port);
    t->ends[i] = -1;
    if (t->codes[i] < 0) {
        struct error err;
        (void)error_set(&err, t->codes[i], "open failed");
        done(done_context, -1, &err);
    } else if (t->codes[i] == 0) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                         0);
        t->ends[i] = pair[1];
        done(done_context, pair[0], NULL);
    }
}

static void way_forget(void *context, const void *done_context)
{
    struct test_way *t = context;
    (void)done_context;
    t->forgotten++;
}

static void open_remote(struct test_way *t)
{
    const struct witness_way way = {t, way_open, way_forget};
    (void)str_copy(service.redis.host, sizeof service.redis.host, "10.0.0.5");
    service.redis.port = 6379;
    open_witness(&way);
}

static void a_host_is_asked_through_its_way(void **state)
{
    (void)state;
    struct test_way t = {0};
    open_remote(&t);
    ask(0, 0, LONG_MS);
    while (t.opened == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(t.places[0], "127.0.0.1:6379");
    assert_int_equal(write(t.ends[0], "-NOAUTH Authentication required.\r\n", 34), 34);
    while (got_by_id[0].times == 0)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(got_by_id[0].facts.reply, REPLY_NOAUTH);
    assert_string_equal(got_by_id[0].facts.address, "127.0.0.1:6379");
    char got[64] = "";
    assert_int_equal(read(t.ends[0], got, sizeof got - 1), 14);
    assert_string_equal(got, "*1\r\n$4\r\nPING\r\n");
    close(t.ends[0]);
    assert_int_equal(t.opened, 1);
}

static void the_configured_address_is_asked_second_and_a_refusal_of_both_is_one(void **state)
{
    (void)state;
    struct test_way t = {.codes = {-ECONNREFUSED, -ECONNREFUSED}};
    open_remote(&t);
    const struct witness_facts *w = answer(6380, LONG_MS);
    assert_true(w->possible);
    assert_int_equal(w->reply, REPLY_REFUSED);
    assert_int_equal(t.opened, 2);
    assert_string_equal(t.places[0], "127.0.0.1:6380");
    assert_string_equal(t.places[1], "10.0.0.5:6379");
}

static void what_is_not_permitted_is_no_evidence(void **state)
{
    (void)state;
    static const struct {
        int codes[2];
        const char *places;
    } rows[] = {
        {{-EACCES, -EACCES}, "to 127.0.0.1:6379 and 10.0.0.5:6379 for"}, /* restrict */
        /* permitopen of one: Redis may listen at the other */
        {{-EACCES, -ECONNREFUSED}, "to 127.0.0.1:6379 for"},
        {{-ECONNREFUSED, -EACCES}, "to 10.0.0.5:6379 for"},
        {{-EACCES, -EHOSTUNREACH}, "to 127.0.0.1:6379 for"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct test_way t = {.codes = {rows[i].codes[0], rows[i].codes[1]}};
        open_remote(&t);
        const struct witness_facts *w = answer(0, SHORT_MS);
        assert_false(w->possible);
        assert_non_null(strstr(w->text, "permitopen"));
        assert_non_null(strstr(w->text, rows[i].places));
        assert_int_equal(t.opened, 2);
        witness_free(witness);
    }
    struct test_way t = {.codes = {-EACCES, 0}}; /* the other place answers: that is proof */
    open_remote(&t);
    ask(0, 0, LONG_MS);
    while (t.opened < 2)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(write(t.ends[1], "+PONG\r\n", 7), 7);
    unsigned before = got_by_id[0].times;
    while (got_by_id[0].times == before)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(got_by_id[0].facts.possible);
    assert_int_equal(got_by_id[0].facts.reply, REPLY_PONG);
    assert_string_equal(got_by_id[0].facts.address, "10.0.0.5:6379");
    close(t.ends[1]);
}

static const struct witness_facts *answer_of_a_host_that_permits_nothing(void)
{
    static struct test_way t;
    t = (struct test_way){.codes = {-EACCES, -EACCES}};
    const struct witness_way way = {&t, way_open, way_forget};
    witness_free(witness);
    open_witness(&way);
    const struct witness_facts *w = answer(server.port + 1, PAUSED_MS);
    assert_false(w->possible);
    assert_non_null(strstr(w->text, "permitopen"));
    return w;
}

static void a_pause_shows_from_here_where_the_host_permits_nothing(void **state)
{
    (void)state;
    start_server(NULL);
    assert_int_equal(answer_of_a_host_that_permits_nothing()->reply, REPLY_NONE);
    (void)redis_server_say(&server, "CLIENT PAUSE 600000 ALL");
    const struct witness_facts *w = answer_of_a_host_that_permits_nothing();
    assert_true(w->paused);
    assert_int_equal(w->reply, REPLY_ERROR);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    w = answer_of_a_host_that_permits_nothing();
    assert_false(w->paused);
    assert_int_equal(w->reply, REPLY_NONE);
}

static void a_password_that_is_asked_for_from_here_is_life(void **state)
{
    (void)state;
    start_server("requirepass secret");
    assert_int_equal(answer_of_a_host_that_permits_nothing()->reply, REPLY_NOAUTH);
}

static void a_host_that_cannot_be_asked_is_no_evidence(void **state)
{
    (void)state;
    static const int codes[] = {-ENOTCONN, -ETIMEDOUT, -EBUSY, -EIO};
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++) {
        struct test_way t = {.codes = {codes[i]}};
        open_remote(&t);
        const struct witness_facts *w = answer(0, LONG_MS);
        assert_false(w->possible);
        assert_int_equal(w->reply, REPLY_NONE);
        assert_string_equal(w->text, "open failed");
        assert_int_equal(t.opened, 1);
        witness_free(witness);
    }
    struct test_way never = {.codes = {1}};
    open_remote(&never);
    const struct witness_facts *w = answer(0, SHORT_MS);
    assert_false(w->possible);
    assert_non_null(strstr(w->text, "in time"));
    assert_int_equal(never.forgotten, 1);
}

static void silence_through_the_way_is_silence(void **state)
{
    (void)state;
    struct test_way t = {0};
    open_remote(&t);
    const struct witness_facts *w = answer(0, SHORT_MS);
    assert_true(w->possible);
    assert_int_equal(w->reply, REPLY_SILENT);
    close(t.ends[0]);
}

static struct {
    void (*done)(void *context, int fd, const struct error *error);
    void *context;
    int end;
    uv_timer_t timer;
} late;

static void late_open(void *context, const char *host, int port, mono_ms deadline,
                      void (*done)(void *done_context, int fd, const struct error *error),
                      void *done_context)
{
    (void)context, (void)host, (void)port, (void)deadline;
    late.done = done;
    late.context = done_context;
}

static void open_now(uv_timer_t *timer)
{
    int pair[2];
    (void)timer;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    late.end = pair[1];
    late.done(late.context, pair[0], NULL);
}

/* On a slow line Redis had no time to answer. */
static void silence_behind_a_way_that_opened_late_is_no_evidence(void **state)
{
    (void)state;
    const struct witness_way way = {NULL, late_open, way_forget};
    service.redis.port = 6379;
    open_witness(&way);
    ask(0, 0, 400);
    (void)uv_timer_init(&loop, &late.timer);
    (void)uv_timer_start(&late.timer, open_now, 300, 0);
    while (got_by_id[0].times == 0)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_false(got_by_id[0].facts.possible);
    close(late.end);
    uv_close((uv_handle_t *)&late.timer, NULL);
}

/* --- bounds and ends --- */

static void every_query_is_answered_once_and_few_are_asked_at_a_time(void **state)
{
    (void)state;
    const struct peer_script silence = {0};
    start_peer(&silence);
    open_witness(NULL);
    for (uint64_t id = 0; id < 10; id++)
        ask(id, 0, SHORT_MS);
    while (total < 10)
        (void)uv_run(&loop, UV_RUN_DEFAULT);
    unsigned silent = 0;
    for (unsigned id = 0; id < 10; id++) {
        assert_int_equal(got_by_id[id].times, 1);
        silent += got_by_id[id].facts.possible && got_by_id[id].facts.reply == REPLY_SILENT;
    }
    assert_int_equal(silent, WITNESS_QUERIES_MAX);
}

static void giving_up_answers_all_and_freeing_none(void **state)
{
    (void)state;
    const struct peer_script silence = {0};
    start_peer(&silence);
    open_witness(NULL);
    ask(1, 0, LONG_MS);
    ask(2, 0, LONG_MS);
    while (peer_commands(peer) < 2)
        (void)uv_run(&loop, UV_RUN_ONCE);
    ask(3, 0, LONG_MS);
    witness_give_up(witness, "changed");
    for (unsigned id = 1; id <= 3; id++) {
        assert_int_equal(got_by_id[id].times, 1);
        assert_false(got_by_id[id].facts.possible);
        assert_string_equal(got_by_id[id].facts.text, "changed");
    }
    ask(4, 0, LONG_MS);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    witness_free(witness);
    witness = NULL;
    assert_int_equal(got_by_id[4].times, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_answer_of_a_redis_is_life),
        TEST(a_password_is_never_shown),
        TEST(errors_and_farewells_are_life_too),
        TEST(a_silent_server_is_silent_and_a_closed_port_refuses),
        TEST(clients_that_are_paused_are_no_silence_of_redis),
        TEST(redis_own_port_is_asked_before_the_configured_one),
        TEST(a_unix_socket_is_asked_itself),
        TEST(a_host_is_asked_through_its_way),
        TEST(the_configured_address_is_asked_second_and_a_refusal_of_both_is_one),
        TEST(what_is_not_permitted_is_no_evidence),
        TEST(a_pause_shows_from_here_where_the_host_permits_nothing),
        TEST(a_password_that_is_asked_for_from_here_is_life),
        TEST(a_host_that_cannot_be_asked_is_no_evidence),
        TEST(silence_through_the_way_is_silence),
        TEST(silence_behind_a_way_that_opened_late_is_no_evidence),
        TEST(every_query_is_answered_once_and_few_are_asked_at_a_time),
        TEST(giving_up_answers_all_and_freeing_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
