/* Two engines in one loop on a real etcd: who owns, who may act, what is stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/tenure.h"
#include "fleet/fleet.h"
#include "io/clock.h"
#include "support/etcd_server.h"

#define SERVICES 6
#define GIVE_UP_MS 90000

struct engine {
    struct bench *bench;
    struct settings *settings;
    struct fleet *fleet;
    bool here[SERVICES], unsure[SERVICES];
    int attempts[SERVICES]; /* of the state that came with it, -1 = none */
    bool busy;
    int answered; /* 1 may, -1 may not, 0 not yet */
    int saved;    /* likewise */
    uint64_t right;
    int ordered; /* the result of an order; 1 = not yet */
};

struct bench {
    bool skipped;
    uv_loop_t loop;
    uv_timer_t timer;
    struct etcd_server server;
    struct engine one, two;
};

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

static void port_own(void *context, int service, const struct service_state *state, int64_t fence)
{
    struct engine *e = context;
    (void)fence;
    e->here[service] = true;
    e->attempts[service] = state == NULL ? -1 : state->attempts;
    uv_stop(&e->bench->loop);
}

static void port_elsewhere(void *context, int service, const char *owner, int64_t fence)
{
    struct engine *e = context;
    (void)owner, (void)fence;
    e->here[service] = false;
    uv_stop(&e->bench->loop);
}

static void port_unsure(void *context, int service, bool unsure)
{
    struct engine *e = context;
    e->unsure[service] = unsure;
    uv_stop(&e->bench->loop);
}

static bool port_busy(void *context, int service)
{
    const struct engine *e = context;
    (void)service;
    return e->busy;
}

static void port_saved(void *context, int service, uint64_t id, bool good)
{
    struct engine *e = context;
    (void)service, (void)id;
    e->saved = good ? 1 : -1;
    uv_stop(&e->bench->loop);
}

static void start(struct bench *b, struct engine *e, const char *name)
{
    const struct fleet_ports ports = {e,           port_now,  port_own,  port_elsewhere,
                                      port_unsure, port_busy, port_saved};
    struct error err = {0};
    char yaml[4096] = "services:\n";
    *e = (struct engine){.bench = b};
    for (int i = 0; i < SERVICES; i++)
        (void)str_append(yaml, sizeof yaml,
                         "  s%d: {control: ssh, address: '10.0.0.9:%d', ssh: {host: h, user: u, "
                         "key: /k}}\n",
                         i, 7000 + i);
    (void)str_append(yaml, sizeof yaml, "engine: {name: %s}\nfleet: {etcd: ['%s']}\n", name,
                     b->server.url);
    if (settings_parse("resus.yaml", yaml, strlen(yaml), &e->settings, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(fleet_open(&b->loop, e->settings, &ports, &e->fleet, &err), 0);
    fleet_start(e->fleet);
}

static void end(struct engine *e)
{
    fleet_close(e->fleet);
    e->fleet = NULL;
}

static int set_up(void **state)
{
    struct bench *b = mem_calloc(1, sizeof *b);
    if (b == NULL || uv_loop_init(&b->loop) < 0 || uv_timer_init(&b->loop, &b->timer) < 0)
        return -1;
    *state = b;
    b->skipped = !etcd_server_there();
    if (!b->skipped)
        etcd_server_start(&b->server, false);
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    end(&b->one);
    end(&b->two);
    uv_close((uv_handle_t *)&b->timer, NULL);
    while (uv_run(&b->loop, UV_RUN_DEFAULT) != 0)
        ;
    int r = uv_loop_close(&b->loop); /* fails when a handle is left */
    settings_free(b->one.settings);
    settings_free(b->two.settings);
    if (!b->skipped)
        etcd_server_end(&b->server);
    mem_free(b);
    return r;
}

static struct bench *bench_of(void **state)
{
    struct bench *b = *state;
    if (b->skipped)
        skip();
    return b;
}

static int count_here(const struct engine *e)
{
    int count = 0;
    for (int i = 0; i < SERVICES; i++)
        count += e->here[i];
    return count;
}

static void on_give_up(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing came for %d s", GIVE_UP_MS / 1000);
}

static void run(struct bench *b)
{
    (void)uv_timer_start(&b->timer, on_give_up, GIVE_UP_MS, 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    (void)uv_timer_stop(&b->timer);
}

static void on_may(void *context, int service, uint64_t right, const char *why)
{
    struct engine *e = context;
    (void)service;
    assert_int_equal(right != 0, why[0] == '\0');
    e->answered = right != 0 ? 1 : -1;
    if (right != 0)
        e->right = right;
    uv_stop(&e->bench->loop);
}

static int may_act(struct bench *b, struct engine *e, int service)
{
    e->answered = 0;
    fleet_guard(e->fleet, service, "restart", on_may, e);
    while (e->answered == 0)
        run(b);
    return e->answered;
}

static void one_alone_owns_all_and_may_act(void **state)
{
    struct bench *b = bench_of(state);
    start(b, &b->one, "one");
    while (count_here(&b->one) < SERVICES)
        run(b);
    assert_int_equal(b->one.attempts[0], -1);
    assert_int_equal(may_act(b, &b->one, 0), 1);
    assert_non_null(
        strstr(etcd_server_say(&b->server, "get --prefix /resus/1/intent/"), "restart"));
    /* A second command does not wait: it is refused, and the first stays under way. */
    uint64_t first = b->one.right;
    assert_int_equal(may_act(b, &b->one, 0), -1);
    assert_int_equal(fleet_right(b->one.fleet, 0, first), PERMIT_GOOD);
    fleet_acted(b->one.fleet, 0, first + 1, true);
    assert_int_equal(fleet_right(b->one.fleet, 0, first), PERMIT_GOOD);
    assert_int_equal(fleet_right(b->one.fleet, 1, first), PERMIT_OVER);
    fleet_acted(b->one.fleet, 0, first, true);
    assert_int_equal(fleet_right(b->one.fleet, 0, first), PERMIT_OVER);
    assert_int_equal(may_act(b, &b->one, 0), 1);
    assert_int_equal(may_act(b, &b->one, 1), 1);
}

/* Bytes of a change that was cut off may arrive for a while. */
static void a_service_is_kept_while_a_change_may_still_arrive(void **state)
{
    struct bench *b = bench_of(state);
    start(b, &b->one, "one");
    while (count_here(&b->one) < SERVICES)
        run(b);
    start(b, &b->two, "two");
    assert_int_equal(may_act(b, &b->one, 0), 1);
    mono_ms ended = clock_mono();
    fleet_acted(b->one.fleet, 0, b->one.right, false);
    (void)etcd_server_say(&b->server, "put /resus/1/engines/one {\"drained\":true}");
    while (!b->two.here[1])
        run(b);
    assert_true(mono_since(clock_mono(), ended) < TENURE_ACT_MS);
    assert_false(b->two.here[0]);
    while (!b->two.here[0])
        run(b);
    assert_true(mono_since(clock_mono(), ended) >= TENURE_ACT_MS);
}

static void on_ordered(void *context, int result, const char *why)
{
    struct engine *e = context;
    (void)why;
    e->ordered = result;
}

/* The sanitizer sees what is left. */
static void what_waits_at_the_end_is_answered_once(void **state)
{
    struct bench *b = bench_of(state);
    struct engine *e = &b->one;
    start(b, e, "one");
    while (count_here(e) < SERVICES)
        run(b);
    assert_int_equal(may_act(b, e, 3), 1);
    e->answered = 0;
    e->ordered = 1;
    etcd_server_signal(&b->server, SIGSTOP);
    fleet_guard(e->fleet, 0, "restart", on_may, e); /* looks at the time left */
    fleet_order(e->fleet, FLEET_DRAIN, "one", on_ordered, e);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(e->answered, 0);
    fleet_stop(e->fleet);
    assert_int_equal(e->answered, -1);
    assert_int_equal(e->ordered, -EIO);
    assert_int_equal(fleet_right(e->fleet, 3, e->right), PERMIT_OVER);
    assert_int_equal(may_act(b, e, 1), -1);
    etcd_server_signal(&b->server, SIGCONT);
}

/* What is under way ends with the tenure, not with an answer of etcd. */
static void a_right_is_over_when_the_lease_may_have_ended(void **state)
{
    struct bench *b = bench_of(state);
    start(b, &b->one, "one");
    while (count_here(&b->one) < SERVICES)
        run(b);
    assert_int_equal(may_act(b, &b->one, 0), 1);
    etcd_server_signal(&b->server, SIGSTOP);
    while (!b->one.unsure[0])
        run(b);
    assert_int_equal(fleet_right(b->one.fleet, 0, b->one.right), PERMIT_OVER);
    etcd_server_signal(&b->server, SIGCONT);
}

static void what_one_stored_the_next_owner_has(void **state)
{
    struct bench *b = bench_of(state);
    struct service_state s = {.id = "s0", .attempts = 2};
    s.recovery = recovery_policy_default();
    start(b, &b->one, "one");
    while (count_here(&b->one) < SERVICES)
        run(b);
    fleet_save(b->one.fleet, 0, 7, &s);
    while (b->one.saved == 0)
        run(b);
    assert_int_equal(b->one.saved, 1);
    start(b, &b->two, "two");
    end(&b->one); /* its lease is given back: the other need not wait for its end */
    mono_ms began = clock_mono();
    while (count_here(&b->two) < SERVICES)
        run(b);
    assert_true(mono_since(clock_mono(), began) < 12000);
    assert_int_equal(b->two.attempts[0], 2);
    assert_int_equal(b->two.attempts[1], -1);
}

static void without_etcd_nothing_is_sent_or_stored(void **state)
{
    struct bench *b = bench_of(state);
    struct service_state s = {.id = "s0"};
    start(b, &b->one, "one");
    while (count_here(&b->one) < SERVICES)
        run(b);
    etcd_server_signal(&b->server, SIGSTOP);
    assert_int_equal(may_act(b, &b->one, 0), -1);
    fleet_save(b->one.fleet, 0, 7, &s);
    while (b->one.saved == 0)
        run(b);
    assert_int_equal(b->one.saved, -1);
    while (!b->one.unsure[0])
        run(b);
    assert_int_equal(may_act(b, &b->one, 0), -1);
    etcd_server_signal(&b->server, SIGCONT);
    while (b->one.unsure[0] || !b->one.here[0])
        run(b);
    assert_int_equal(may_act(b, &b->one, 0), 1);
}

/* The key is taken away: the guarded transaction is what notices. */
static void an_owner_whose_key_is_gone_may_not_act(void **state)
{
    struct bench *b = bench_of(state);
    start(b, &b->one, "one");
    while (count_here(&b->one) < SERVICES)
        run(b);
    b->one.answered = 0;
    fleet_guard(b->one.fleet, 0, "restart", on_may, &b->one);
    (void)etcd_server_say(&b->server, "del /resus/1/owner/s0");
    while (b->one.answered == 0)
        run(b);
    assert_int_equal(b->one.answered, -1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(one_alone_owns_all_and_may_act),
        WITH(a_service_is_kept_while_a_change_may_still_arrive),
        WITH(what_waits_at_the_end_is_answered_once),
        WITH(a_right_is_over_when_the_lease_may_have_ended),
        WITH(what_one_stored_the_next_owner_has),
        WITH(without_etcd_nothing_is_sent_or_stored),
        WITH(an_owner_whose_key_is_gone_may_not_act),
    };
    return cmocka_run_group_tests_name("fleet/owning", tests, NULL, NULL);
}
