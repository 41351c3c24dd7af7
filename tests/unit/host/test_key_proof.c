/* The proof of a key, and new sessions after a switch, against a real sshd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/facts.h"
#include "host/key_proof.h"
#include "io/clock.h"
#include "sshd_fixture.h"

struct scene {
    struct sshd_fixture sshd;
    uv_loop_t loop;
    uv_timer_t awake;
    struct ssh_pool *pool;
    int proofs, answers;
    enum key_verdict verdict;
    char place[256];
    struct error why;
    struct host_result result;
};

static void keep_awake(uv_timer_t *timer)
{
    (void)timer;
}

static struct scene *begin(const char *extra)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    sshd_fixture_start(&s->sshd, extra);
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "proved");
    assert_int_equal(uv_loop_init(&s->loop), 0);
    (void)uv_timer_init(&s->loop, &s->awake);
    (void)uv_timer_start(&s->awake, keep_awake, 20, 20);
    struct error err = {0};
    assert_int_equal(ssh_pool_new(&s->loop, &s->pool, &err), 0);
    return s;
}

static void end(struct scene *s)
{
    ssh_pool_free(s->pool);
    uv_close((uv_handle_t *)&s->awake, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    sshd_fixture_end(&s->sshd);
    free(s);
}

static void on_proof(void *context, enum key_verdict verdict, const char *place,
                     const struct error *why)
{
    struct scene *s = context;
    s->proofs++;
    s->verdict = verdict;
    s->why = *why;
    (void)str_copy(s->place, sizeof s->place, place);
}

static void prove(struct scene *s, const char *key, enum key_proof_depth depth)
{
    const struct service_settings *services[] = {&s->sshd.service, &s->sshd.service};
    char path[SETTINGS_PATH_MAX];
    struct key_proof *proof = NULL;
    struct error err = {0};
    (void)str_format(path, sizeof path, "%s/%s", s->sshd.folder, key);
    s->proofs = 0;
    struct key_proof_order order = {.loop = &s->loop,
                                    .pool = s->pool,
                                    .services = services,
                                    .count = 2,
                                    .key = path,
                                    .depth = depth,
                                    .done = on_proof,
                                    .context = s};
    if (key_proof_start(&order, &proof, &err) < 0)
        fail_msg("%s", err.text);
    while (s->proofs == 0)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(s->proofs, 1);
}

static void test_a_key_that_is_let_in_and_runs_the_commands_is_proved(void **state)
{
    (void)state;
    struct scene *s = begin("");
    prove(s, "client", KEY_PROOF_WORKS);
    if (s->verdict != KEY_PROVED)
        fail_msg("%s", s->why.text);
    end(s);
}

static void test_a_key_the_host_does_not_know_is_refused_and_the_host_named(void **state)
{
    (void)state;
    struct scene *s = begin("");
    char place[64];
    prove(s, "stranger", KEY_PROOF_WORKS);
    assert_int_equal(s->verdict, KEY_REFUSED);
    (void)str_format(place, sizeof place, "@127.0.0.1:%d", s->sshd.port);
    assert_non_null(strstr(s->place, place));
    prove(s, "stranger", KEY_PROOF_LOGIN);
    assert_int_equal(s->verdict, KEY_REFUSED);
    prove(s, "client", KEY_PROOF_LOGIN);
    assert_int_equal(s->verdict, KEY_PROVED);
    assert_non_null(strstr(s->place, place));
    end(s);
}

static void test_a_line_that_runs_another_command_is_no_proof(void **state)
{
    (void)state;
    struct scene *s = begin("");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "ok");
    prove(s, "client", KEY_PROOF_WORKS);
    assert_int_not_equal(s->verdict, KEY_PROVED);
    end(s);
}

static void test_a_host_that_is_away_refuses_nothing(void **state)
{
    (void)state;
    struct scene *s = begin("");
    sshd_fixture_stop_listener(&s->sshd);
    prove(s, "stranger", KEY_PROOF_LOGIN);
    assert_int_equal(s->verdict, KEY_UNKNOWN);
    prove(s, "client", KEY_PROOF_WORKS);
    assert_int_equal(s->verdict, KEY_UNKNOWN);
    sshd_fixture_resume_listener(&s->sshd);
    end(s);
}

static void test_a_tunnel_that_is_not_permitted_is_no_proof(void **state)
{
    (void)state;
    struct scene *s = begin("AllowTcpForwarding no");
    s->sshd.service.redis.via = VIA_SSH;
    (void)str_copy(s->sshd.service.redis.host, sizeof s->sshd.service.redis.host, "127.0.0.1");
    s->sshd.service.redis.port = 1;
    prove(s, "client", KEY_PROOF_WORKS);
    assert_int_equal(s->verdict, KEY_REFUSED);
    end(s);
    s = begin("");
    s->sshd.service.redis.via = VIA_SSH;
    (void)str_copy(s->sshd.service.redis.host, sizeof s->sshd.service.redis.host, "127.0.0.1");
    s->sshd.service.redis.port = 1; /* nobody listens: the key may, and that is what counts */
    prove(s, "client", KEY_PROOF_WORKS);
    assert_int_equal(s->verdict, KEY_PROVED);
    end(s);
}

static void on_answer(void *context, uint64_t id, const struct host_result *r)
{
    struct scene *s = context;
    (void)id;
    s->answers++;
    s->result = *r;
}

static void run(struct controller *c, uint64_t id)
{
    struct host_request request = {
        .id = id, .command = HOST_STATUS, .number = 50, .deadline = mono_add(clock_mono(), 20000)};
    c->ops->run(c, &request);
}

static void wait_for_answers(struct scene *s, int wanted)
{
    while (s->answers < wanted)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
}

/* A command that hangs keeps the old session; the new one serves what comes after. */
static void test_a_switch_opens_a_new_session_and_cuts_no_command_off(void **state)
{
    (void)state;
    struct scene *s = begin("");
    struct controller *c = NULL, *hangs = NULL;
    struct error err = {0};
    struct service_settings slow = s->sshd.service;
    (void)str_copy(slow.unit, sizeof slow.unit, "hang");
    assert_int_equal(controller_open(&s->loop, s->pool, &s->sshd.service, on_answer, s, &c, &err),
                     0);
    assert_int_equal(controller_open(&s->loop, s->pool, &slow, on_answer, s, &hangs, &err), 0);
    run(c, 1);
    wait_for_answers(s, 1);
    assert_int_equal(s->result.end, HOST_EXITED);
    assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), 1);
    run(hangs, 2);
    ssh_pool_renew(s->pool, s->sshd.service.ssh.key);
    assert_int_equal(ssh_pool_state(s->pool, &s->sshd.service.ssh), TRI_YES); /* at no time away */
    run(c, 3);
    wait_for_answers(s, 2);
    assert_int_equal(s->result.end, HOST_EXITED);
    assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), 2);
    assert_int_equal(ssh_pool_state(s->pool, &s->sshd.service.ssh), TRI_YES);
    while (sshd_fixture_logged(&s->sshd, "Disconnected from user") == 0) {
        sshd_fixture_release(&s->sshd);
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    }
    wait_for_answers(s, 3);
    assert_int_equal(s->result.end, HOST_EXITED);
    run(hangs, 4); /* the last request of it goes to the new session too */
    c->ops->close(c);
    hangs->ops->close(hangs);
    end(s);
}

static void on_tunnel(void *context, int fd, const struct error *error)
{
    struct scene *s = context;
    if (fd < 0)
        fail_msg("%s", error->text);
    (void)close(fd);
    s->answers++;
}

/* control: systemd with via: ssh: no controller uses the session. */
static void test_tunnels_alone_use_the_new_key_from_the_next_one_on(void **state)
{
    (void)state;
    struct scene *s = begin("");
    const struct ssh_settings *ssh = &s->sshd.service.ssh;
    for (int i = 1; i <= 2; i++) {
        ssh_tunnel_open(s->pool, ssh, "127.0.0.1", s->sshd.port, mono_add(clock_mono(), 20000),
                        on_tunnel, s);
        wait_for_answers(s, i);
        assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), i);
        ssh_pool_renew(s->pool, ssh->key);
    }
    while (sshd_fixture_logged(&s->sshd, "Disconnected from user") < 2)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), 2);
    end(s);
}

int main(void)
{
    if (!sshd_fixture_available()) {
        (void)printf("1..0 # skipped: no sshd\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_that_is_let_in_and_runs_the_commands_is_proved),
        cmocka_unit_test(test_a_key_the_host_does_not_know_is_refused_and_the_host_named),
        cmocka_unit_test(test_a_line_that_runs_another_command_is_no_proof),
        cmocka_unit_test(test_a_host_that_is_away_refuses_nothing),
        cmocka_unit_test(test_a_tunnel_that_is_not_permitted_is_no_proof),
        cmocka_unit_test(test_a_switch_opens_a_new_session_and_cuts_no_command_off),
        cmocka_unit_test(test_tunnels_alone_use_the_new_key_from_the_next_one_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
