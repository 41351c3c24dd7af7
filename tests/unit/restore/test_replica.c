/* A real server that becomes a replica and independent again, under the right to change it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "restore/replica.h"
#include "support/redis_server.h"

/* Nobody listens there: the server follows, and gets nothing. */
#define OURS_ADDRESS "127.0.0.1"
#define OURS_PORT 1

struct world {
    uv_loop_t loop;
    struct redis_server server;
    struct redis_settings redis;
    struct replica_copy copy;
    struct rdb_counts databases[1];
    enum restore_event outcome;
    struct error error;
    int64_t link_ms;
    int ended;
};

static int set_up(void **context)
{
    static struct world w;
    w = (struct world){.copy = {.address = OURS_ADDRESS, .port = OURS_PORT, .keys_before = 1},
                       .databases = {{.db = 0, .keys = 7}},
                       .link_ms = 60000};
    redis_server_prepare(&w.server);
    redis_server_start(&w.server, NULL);
    (void)str_copy(w.redis.socket, sizeof w.redis.socket, w.server.socket);
    assert_true(redis_server_say(&w.server, "SET old 1")[0] == '+');
    *context = &w;
    return uv_loop_init(&w.loop);
}

static int tear_down(void **context)
{
    struct world *w = *context;
    redis_server_end(&w->server);
    return uv_loop_close(&w->loop);
}

static void on_done(void *context, enum restore_event outcome, const struct error *err)
{
    struct world *w = context;
    w->outcome = outcome;
    w->error = err == NULL ? (struct error){0} : *err;
    w->ended++;
}

static void follow_ours(const struct world *w)
{
    assert_true(redis_server_say(&w->server, "REPLICAOF 127.0.0.1 1")[0] == '+');
}

static void is(const struct world *w, const char *role)
{
    const char *reply = redis_server_say(&w->server, "ROLE");
    if (strstr(reply, role) == NULL)
        fail_msg("ROLE: %s", reply);
}

/* ── the right to change it ── */

struct right {
    struct world *w;
    enum permit_state state;
    int asked, good_after; /* looks until it is good; 0 = it stays as it is */
    bool operator_first;   /* before it is good, the server is made independent by someone */
    int ended;
};

static enum permit_state look(void *context, int service, uint64_t number)
{
    struct right *r = context;
    (void)service, (void)number;
    if (r->good_after > 0 && ++r->asked >= r->good_after)
        r->state = PERMIT_GOOD;
    if (r->operator_first)
        assert_true(redis_server_say(&r->w->server, "REPLICAOF NO ONE")[0] == '+');
    r->operator_first = false;
    return r->state;
}

static void end_right(void *context, int service, uint64_t number)
{
    struct right *r = context;
    (void)service, (void)number;
    r->ended++;
}

typedef int begin_work(uv_loop_t *loop, const struct replica_options *options, replica_done *done,
                       void *context, struct replica **ret, struct error *err);

static struct replica *begin(struct world *w, begin_work *work, struct right *right)
{
    struct replica *r = NULL;
    const struct permit permit = {.look = look, .end = end_right, .context = right};
    const struct replica_options options = {.permit = right == NULL ? NULL : &permit,
                                            .redis = &w->redis,
                                            .copy = &w->copy,
                                            .databases = w->databases,
                                            .database_count = 1,
                                            .within_ms = 60000,
                                            .link_ms = w->link_ms};
    assert_int_equal(work(&w->loop, &options, on_done, w, &r, NULL), 0);
    return r;
}

static void run(struct world *w)
{
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->ended, 1);
}

static void without_a_permit_no_server_is_made_a_replica(void **context)
{
    struct world *w = *context;
    assert_true(redis_server_say(&w->server, "CONFIG RESETSTAT")[0] == '+');
    (void)begin(w, replica_follow, NULL);
    run(w);
    assert_int_equal(w->outcome, RESTORE_FAILED);
    assert_int_equal(w->error.code, -EPERM);
    is(w, "master");
    assert_null(strstr(redis_server_say(&w->server, "INFO commandstats"), "replicaof"));
}

static void without_a_permit_a_replica_stays_one_and_is_left_to_a_person(void **context)
{
    struct world *w = *context;
    follow_ours(w);
    (void)begin(w, replica_detach, NULL);
    run(w);
    assert_int_equal(w->outcome, RESTORE_UNKNOWN);
    assert_int_equal(w->error.code, -EPERM);
    is(w, "slave");
}

/* Reading needs none: so a restore that was refused before the copy is known to have changed nothing. */
static void without_a_permit_it_is_known_which_data_an_independent_server_has(void **context)
{
    struct world *w = *context;
    (void)begin(w, replica_detach, NULL);
    run(w);
    assert_int_equal(w->outcome, RESTORE_HAS_OLD);
    is(w, "master");
}

static void a_permit_that_is_over_sends_nothing_more(void **context)
{
    struct world *w = *context;
    struct right right = {.w = w, .state = PERMIT_OVER};
    (void)begin(w, replica_follow, &right);
    run(w);
    assert_int_equal(w->error.code, -EPERM);
    assert_int_equal(right.ended, 1);
    is(w, "master");
}

static void it_waits_until_the_permit_is_good_again(void **context)
{
    struct world *w = *context;
    struct right right = {.w = w, .state = PERMIT_WAIT, .good_after = 3};
    follow_ours(w);
    (void)begin(w, replica_detach, &right);
    run(w);
    assert_int_equal(w->outcome, RESTORE_HAS_OLD);
    assert_int_equal(right.ended, 1);
    is(w, "master");
}

static void what_changed_while_it_waited_is_seen_before_it_acts(void **context)
{
    struct world *w = *context;
    struct right right = {.w = w, .state = PERMIT_WAIT, .operator_first = true};
    follow_ours(w);
    (void)begin(w, replica_detach, &right);
    run(w);
    assert_int_equal(w->outcome, RESTORE_HAS_OLD);
    assert_int_equal(right.ended, 1);
}

/* The listener lets one connection in: when a stranger has it, none is left for the server. */
static void
a_server_that_does_not_reach_ours_is_not_waited_for_until_the_copy_is_late(void **context)
{
    struct world *w = *context;
    struct right right = {.w = w, .state = PERMIT_GOOD};
    w->link_ms = 200;
    (void)begin(w, replica_follow, &right);
    run(w);
    assert_int_equal(w->outcome, RESTORE_FAILED);
    assert_int_equal(w->error.code, -ENOTCONN);
    assert_int_equal(right.ended, 1);
    is(w, "slave");
}

static void a_cancelled_one_gives_the_permit_back(void **context)
{
    struct world *w = *context;
    struct right right = {.w = w, .state = PERMIT_GOOD};
    struct replica *r = begin(w, replica_follow, &right);
    replica_cancel(r);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->ended, 0);
    assert_int_equal(right.ended, 1);
    is(w, "master");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_permit_no_server_is_made_a_replica),
        TEST(without_a_permit_a_replica_stays_one_and_is_left_to_a_person),
        TEST(without_a_permit_it_is_known_which_data_an_independent_server_has),
        TEST(a_permit_that_is_over_sends_nothing_more),
        TEST(it_waits_until_the_permit_is_good_again),
        TEST(what_changed_while_it_waited_is_seen_before_it_acts),
        TEST(a_server_that_does_not_reach_ours_is_not_waited_for_until_the_copy_is_late),
        TEST(a_cancelled_one_gives_the_permit_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
