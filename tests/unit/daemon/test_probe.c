/* Looks at dependent services, against a real HTTP server (http_server.py). */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "daemon/probe.h"
#include "support/redis_server.h"

#define START_TIMEOUT_MS 60000
#define ANSWERS_MAX 64

static struct {
    pid_t pid;
    int port, input;
} server;

struct bench {
    uv_loop_t loop;
    struct prober *prober;
    struct probe_outcome answers[ANSWERS_MAX];
    size_t count;
    bool asking;
};

static int start_server(void **state)
{
    int in[2];
    int out[2];
    char text[16] = "";
    (void)state;
    if (pipe(in) < 0 || pipe(out) < 0)
        return -1;
    pid_t parent = getpid();
    server.pid = fork();
    if (server.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127);
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[1]);
        (void)execl("/usr/bin/python3", "python3", HTTP_SERVER, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    server.input = in[1];
    struct pollfd p = {.fd = out[0], .events = POLLIN};
    if (poll(&p, 1, START_TIMEOUT_MS) != 1 || read(out[0], text, sizeof text - 1) <= 0)
        return -1;
    (void)close(out[0]);
    server.port = atoi(text);
    return server.port > 0 ? 0 : -1;
}

static int end_server(void **state)
{
    (void)state;
    (void)close(server.input);
    (void)kill(server.pid, SIGKILL);
    return waitpid(server.pid, NULL, 0) == server.pid ? 0 : -1;
}

static void keep_answer(void *context, int service, const struct probe_outcome *o)
{
    struct bench *b = context;
    assert_false(b->asking); /* never on the asker's stack */
    assert_int_equal(service, 7);
    b->answers[b->count++ % ANSWERS_MAX] = *o;
}

static int set_up(void **state)
{
    static struct bench b;
    struct error err = {0};
    memset(&b, 0, sizeof b);
    *state = &b;
    if (uv_loop_init(&b.loop) != 0)
        return -1;
    return prober_new(&b.loop, keep_answer, &b, &b.prober, &err);
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    prober_free(b->prober);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&b->loop);
}

static void ask(struct bench *b, uint64_t id, const char *url)
{
    b->asking = true;
    prober_ask(b->prober, 7, id, url);
    b->asking = false;
}

static void ask_path(struct bench *b, uint64_t id, const char *path)
{
    char url[128];
    (void)str_format(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
    ask(b, id, url);
}

/* Every probe has a deadline of its own, so the loop comes to an end. */
static const struct probe_outcome *await(struct bench *b, size_t count)
{
    while (b->count < count && uv_run(&b->loop, UV_RUN_ONCE) != 0)
        ;
    assert_int_equal(b->count, count);
    return &b->answers[count - 1];
}

static const struct probe_outcome *look(struct bench *b, const char *path)
{
    ask_path(b, b->count + 1, path);
    const struct probe_outcome *o = await(b, b->count + 1);
    assert_int_equal(o->id, b->count);
    return o;
}

static void whoever_answers_with_2xx_is_well(void **state)
{
    struct bench *b = *state;
    const struct probe_outcome *o = look(b, "/ok");
    assert_true(o->ok);
    assert_int_equal(o->http_status, 200);
    assert_string_equal(o->error, "");
}

static void another_status_is_told(void **state)
{
    struct bench *b = *state;
    const struct probe_outcome *o = look(b, "/fail");
    assert_false(o->ok);
    assert_int_equal(o->http_status, 503);
    assert_string_equal(o->error, "HTTP status 503");
}

static void redirects_are_followed_a_few_times_and_to_the_same_host_only(void **state)
{
    struct bench *b = *state;
    assert_true(look(b, "/moved")->ok);
    const struct probe_outcome *o = look(b, "/round");
    assert_false(o->ok);
    assert_non_null(strstr(o->error, "redirects"));
    static const char *const elsewhere[] = {"/file", "/other-host", "/other-port", "/https"};
    for (size_t i = 0; i < ARRAY_LENGTH(elsewhere); i++) {
        o = look(b, elsewhere[i]);
        assert_false(o->ok);
        assert_int_equal(o->http_status, 302);
        assert_non_null(strstr(o->error, "another host or protocol"));
    }
}

static void an_answer_without_end_is_cut_off(void **state)
{
    struct bench *b = *state;
    assert_true(look(b, "/endless")->ok);
    assert_false(look(b, "/long")->ok);
}

static void who_is_not_there_is_not_well(void **state)
{
    struct bench *b = *state;
    char url[64];
    (void)str_format(url, sizeof url, "http://127.0.0.1:%d/", redis_server_free_port());
    ask(b, 1, url);
    const struct probe_outcome *o = await(b, 1);
    assert_false(o->ok);
    assert_int_equal(o->http_status, 0);
    assert_non_null(strstr(o->error, "onnect"));
    ask(b, 2, "http://no-such-name.invalid/");
    assert_false(await(b, 2)->ok);
    ask(b, 3, "ftp://127.0.0.1/");
    assert_false(await(b, 3)->ok);
    ask(b, 4, "http://[::1/");
    assert_false(await(b, 4)->ok);
}

/* https to a server that speaks plain HTTP, and the rest of what TLS refuses. */
static void a_failed_handshake_is_told(void **state)
{
    struct bench *b = *state;
    char url[64];
    (void)str_format(url, sizeof url, "https://127.0.0.1:%d/ok", server.port);
    ask(b, 1, url);
    const struct probe_outcome *o = await(b, 1);
    assert_false(o->ok);
    assert_string_not_equal(o->error, "");
}

static void more_than_can_run_at_once_wait_their_turn(void **state)
{
    struct bench *b = *state;
    for (uint64_t i = 1; i <= 3 * PROBE_AT_ONCE_MAX; i++)
        ask_path(b, i, "/ok");
    (void)await(b, 3 * (size_t)PROBE_AT_ONCE_MAX);
    uint64_t seen = 0;
    for (size_t i = 0; i < b->count; i++) {
        assert_true(b->answers[i].ok);
        seen |= (uint64_t)1 << b->answers[i].id;
    }
    assert_true(seen == (((uint64_t)1 << (3 * PROBE_AT_ONCE_MAX)) - 1) << 1);
}

static void silence_ends_after_the_limit_and_holds_nobody_up(void **state)
{
    struct bench *b = *state;
    uint64_t began = uv_hrtime();
    ask_path(b, 1, "/silent");
    ask_path(b, 2, "/ok");
    assert_int_equal(await(b, 1)->id, 2);
    const struct probe_outcome *o = await(b, 2);
    assert_int_equal(o->id, 1);
    assert_false(o->ok);
    assert_non_null(strstr(o->error, "timed out"));
    assert_true(uv_hrtime() - began >= (uint64_t)(PROBE_LIMIT_MS - 100) * 1000000);
}

static void what_is_under_way_at_the_end_is_dropped(void **state)
{
    struct bench *b = *state;
    for (uint64_t i = 1; i <= 2 * PROBE_AT_ONCE_MAX; i++)
        ask_path(b, i, "/silent");
    ask_path(b, 99, "/ok");
    for (int i = 0; i < 20; i++)
        (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whoever_answers_with_2xx_is_well),
        TEST(another_status_is_told),
        TEST(redirects_are_followed_a_few_times_and_to_the_same_host_only),
        TEST(an_answer_without_end_is_cut_off),
        TEST(who_is_not_there_is_not_well),
        TEST(a_failed_handshake_is_told),
        TEST(more_than_can_run_at_once_wait_their_turn),
        TEST(silence_ends_after_the_limit_and_holds_nobody_up),
        TEST(what_is_under_way_at_the_end_is_dropped),
    };
    return cmocka_run_group_tests(tests, start_server, end_server);
}
