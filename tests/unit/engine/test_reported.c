/* What Redis reports for /metrics: when it is asked, and of which process it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/service.h"
#include "engine_fixture.h"

/* What the Redis of a test answers, and what it was asked for. */
struct world {
    const char *run_id;
    int calls; /* of GET, so far */
    bool cluster, refuses_cluster, silent;
    int infos, commands, clusters;
};

static void answer_host(struct fixture *f, int64_t now)
{
    for (size_t i = 0; i < f->host_count; i++) {
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_EXITED};
        facts_unit_reset(&o.unit);
        o.unit.active = UNIT_ACTIVE;
        o.unit.main_pid = 4711;
        o.unit.control_reached = TRI_YES;
        (void)str_copy(o.unit.sub, sizeof o.unit.sub, "running");
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    f->host_count = 0;
}

static void say(struct world *w, enum redis_request request, char text[512], struct redis_answer *a)
{
    text[0] = '\0';
    switch (request) {
    case REDIS_INFO:
        w->infos++;
        a->info.known = true;
        a->info.process_id = 4711;
        a->info.role = ROLE_PRIMARY;
        (void)str_copy(a->info.run_id, sizeof a->info.run_id, w->run_id);
        (void)str_format(text, 512, "run_id:%s\ncluster_enabled:%d\n", w->run_id, w->cluster);
        break;
    case REDIS_COMMANDSTATS:
        w->commands++;
        (void)str_format(text, 512, "cmdstat_get:calls=%d,usec=9\n", w->calls);
        break;
    case REDIS_CLUSTER_INFO:
        w->clusters++;
        if (w->refuses_cluster)
            a->probe.reply = REPLY_NOPERM;
        else
            (void)str_copy(text, 512, "cluster_state:ok\n");
        break;
    default:
        break;
    }
    a->text = text[0] == '\0' ? NULL : text;
    a->text_length = strlen(text);
}

static void answer(struct fixture *f, struct world *w, int64_t now)
{
    answer_host(f, now);
    size_t count = f->redis_count;
    f->redis_count = 0;
    for (size_t i = 0; i < count && !w->silent; i++) {
        char text[512];
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        facts_info_reset(&a.info);
        a.probe.reply = a.request == REDIS_PING ? REPLY_PONG : REPLY_OTHER;
        a.probe.latency_us = 200;
        say(w, a.request, text, &a);
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
}

static void run_until(struct fixture *f, struct world *w, int64_t until)
{
    while (f->due.ms <= until) {
        int64_t now = fixture_wake_late(f, 0);
        for (int i = 0; i < 3; i++) /* what the answers asked for, too */
            answer(f, w, now);
    }
}

/* The engine's own turns come in time, so that it does not doubt itself. */
static struct now enter(struct fixture *f, int64_t at)
{
    while (f->self_due.ms <= at)
        engine_wake(f->engine, ENGINE_SELF, fixture_at(f->self_due.ms));
    return fixture_at(at);
}

static struct engine_reported figures(struct fixture *f, int64_t now)
{
    struct engine_reported ret;
    engine_reported(f->engine, 0, fixture_at(now), &ret);
    return ret;
}

static void commands_are_asked_for_beside_info_and_not_more_often(void **state)
{
    struct fixture *f = *state;
    struct world w = {.run_id = "a", .calls = 5};
    run_until(f, &w, 301000);
    struct engine_reported now = figures(f, 301000);
    assert_non_null(now.commands);
    assert_int_equal(now.commands->count, 1);
    assert_int_equal(now.commands->items[0].calls, 5);
    assert_true(w.commands >= 10 && w.commands <= 16); /* in five minutes */
    assert_int_equal(w.clusters, 0);
    assert_null(now.cluster);
}

static void figures_of_a_process_that_is_gone_are_not_told(void **state)
{
    struct fixture *f = *state;
    struct world w = {.run_id = "a", .calls = 5000};
    run_until(f, &w, 60000);
    assert_non_null(figures(f, 60000).commands);
    run_until(f, &w, 60499);
    engine_redis_lost(f->engine, 0, "closed", enter(f, 60500));
    assert_null(figures(f, 60500).redis);
    assert_null(figures(f, 60500).commands);
    w = (struct world){.run_id = "b", .calls = 1};
    run_until(f, &w, 70000);
    struct engine_reported now = figures(f, 70000);
    assert_non_null(now.redis);
    assert_string_equal(now.redis->run_id, "b");
    assert_non_null(now.commands); /* soon, not at the next step of 30 s */
    assert_int_equal(now.commands->items[0].calls, 1);
}

static void a_silent_redis_has_no_figures(void **state)
{
    struct fixture *f = *state;
    struct world w = {.run_id = "a", .calls = 5, .cluster = true};
    run_until(f, &w, 60000);
    assert_non_null(figures(f, 60000).cluster);
    w.silent = true;
    run_until(f, &w, 63000);
    struct engine_reported now = figures(f, 63000);
    assert_false(now.up);
    assert_true(now.redis == NULL && now.commands == NULL && now.cluster == NULL);
}

/* A rate over two scrapes is right when the figures are as old at both. */
static void whoever_scrapes_often_gets_figures_of_one_age(void **state)
{
    struct fixture *f = *state;
    struct world w = {.run_id = "a"};
    run_until(f, &w, 60000);
    int64_t before = 0;
    int infos = w.infos;
    for (int64_t at = 60000; at <= 360000; at += 10000) {
        w.calls = (int)(at / 100); /* ten a second, while the scrape is answered */
        struct engine_reported now = figures(f, at);
        int64_t calls = now.commands->items[0].calls;
        if (at >= 90000)
            assert_int_equal(calls - before, 100);
        before = calls;
        engine_scraped(f->engine, 0, enter(f, at));
        run_until(f, &w, at + 9999);
    }
    assert_true(w.infos - infos < 31 + 21); /* one for each scrape, and the watch's own */
}

static void scrapes_every_30_s_ask_redis_for_nothing_more(void **state)
{
    struct fixture *f = *state;
    struct world w = {.run_id = "a"};
    run_until(f, &w, 300000);
    int alone = w.infos;
    w.infos = 0;
    for (int64_t at = 300000; at < 600000; at += 30000) {
        engine_scraped(f->engine, 0, enter(f, at));
        run_until(f, &w, at + 30000);
    }
    assert_true(w.infos <= alone + 1);
    w.infos = 0;
    for (int64_t at = 600000; at < 620000; at += 100) { /* in a frenzy */
        engine_scraped(f->engine, 0, enter(f, at));
        run_until(f, &w, at + 99);
    }
    assert_true(w.infos <= 20000 / 4000 + 4);
}

static void a_cluster_that_refuses_is_asked_once(void **state)
{
    struct fixture *f = *state;
    struct world w = {.run_id = "a", .cluster = true, .refuses_cluster = true};
    run_until(f, &w, 300000);
    assert_int_equal(w.clusters, 1);
    assert_null(figures(f, 300000).cluster);
    run_until(f, &w, 300499);
    engine_redis_lost(f->engine, 0, "closed", enter(f, 300500));
    w.run_id = "b";
    w.refuses_cluster = false;
    run_until(f, &w, 310000);
    assert_non_null(figures(f, 310000).cluster);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commands_are_asked_for_beside_info_and_not_more_often),
        TEST(figures_of_a_process_that_is_gone_are_not_told),
        TEST(a_silent_redis_has_no_figures),
        TEST(whoever_scrapes_often_gets_figures_of_one_age),
        TEST(scrapes_every_30_s_ask_redis_for_nothing_more),
        TEST(a_cluster_that_refuses_is_asked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
