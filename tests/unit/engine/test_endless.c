/* Nothing goes on without limit: a pulse that a reload switches off, health from before a sleep, a
 * load that systemd ends and begins again, a look at the host that does not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine_fixture.h"

static struct service *service_of(const struct fixture *f)
{
    return &f->engine->services[0];
}

static struct unit_facts unit(enum unit_active active, int64_t pid)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = active;
    u.notice = active == UNIT_ACTIVATING ? NOTICE_LOADING : NOTICE_READY;
    u.main_pid = pid;
    u.control_reached = TRI_YES;
    (void)str_copy(u.sub, sizeof u.sub, active == UNIT_ACTIVE ? "running" : "start");
    return u;
}

static void answer_redis(struct fixture *f, enum reply_class reply, double percent, int64_t now)
{
    for (size_t i = 0; i < f->redis_count; i++) {
        struct redis_answer a = {.id = f->redis[i].id, .request = f->redis[i].request};
        a.probe.reply = reply;
        facts_info_reset(&a.info);
        a.info.known = a.request == REDIS_INFO;
        a.info.loading = reply == REPLY_LOADING ? TRI_YES : TRI_NO;
        a.info.loading_percent = percent;
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    f->redis_count = 0;
}

static void answer_host(struct fixture *f, const struct unit_facts *u, int64_t now)
{
    for (size_t i = 0; i < f->host_count; i++) {
        struct host_outcome o = {
            .id = f->host[i].id, .command = f->host[i].command, .end = HOST_EXITED, .unit = *u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
    f->host_count = 0;
}

/* A healthy service; the time. */
static int64_t begin_watch(struct fixture *f)
{
    struct unit_facts well = unit(UNIT_ACTIVE, 4711);
    int64_t now = 1000;
    while (now < 5000) {
        now = fixture_wake_late(f, 0);
        answer_redis(f, REPLY_PONG, -1, now);
        answer_host(f, &well, now);
    }
    return now;
}

static void reload_pulse(struct fixture *f, struct service_settings *other, int64_t pulse_ms,
                         int64_t now)
{
    *other = f->service;
    other->watch.pulse_interval_ms = pulse_ms;
    f->settings.services = other;
    engine_reconfigure(f->engine, &f->settings, fixture_at(now));
}

static void a_reload_switches_the_pulse_off_and_on(void **state)
{
    struct fixture *f = *state;
    struct service_settings off, on;
    int64_t now = begin_watch(f);
    reload_pulse(f, &off, 0, now);
    for (int turns = 0; turns < 5; turns++) {
        int64_t before = now;
        now = fixture_wake_late(f, 0);
        assert_true(turns == 0 || now > before);
        answer_redis(f, REPLY_PONG, -1, now);
    }
    assert_int_equal(service_of(f)->watch.pulse_due.ms, MONO_NEVER.ms);
    reload_pulse(f, &on, 1000, now);
    assert_int_equal(service_of(f)->watch.pulse_due.ms, now + 1000);
}

static void a_reload_after_a_sleep_looks_at_the_clocks_first(void **state)
{
    struct fixture *f = *state;
    struct service_settings other;
    int64_t now = begin_watch(f) + 10;
    assert_null(engine_doubt(f->engine, fixture_at(now)));
    fixture_sleep(90000);
    reload_pulse(f, &other, 1000, now);
    assert_non_null(engine_doubt(f->engine, fixture_at(now)));
    assert_int_not_equal(snapshot_overall(service_of(f), fixture_at(now)), OVERALL_HEALTHY);
}

static int answered_status;

static void answered(void *context, int status, json_t *body)
{
    (void)context;
    answered_status = status;
    json_decref(body);
}

/* A start whose load gets as far as `percent` at each of the looks; how long it was waited for. */
static int64_t waits_for_load(struct fixture *f, double (*percent)(int64_t ms))
{
    struct engine_request request = {.operation = OPERATION_START, .answer = answered};
    struct unit_facts stopped = unit(UNIT_INACTIVE, 0);
    struct unit_facts loads = unit(UNIT_ACTIVATING, 4712);
    int64_t now = begin_watch(f);
    (void)str_copy(request.user.id, sizeof request.user.id, "ann");
    engine_operate(f->engine, 0, &request, fixture_at(now));
    int64_t began = now;
    while (operation_running(service_of(f)) && now - began < 3600000) {
        bool commanded = service_of(f)->operation.core.command_ended.ms != 0;
        answer_redis(f, commanded ? REPLY_LOADING : REPLY_REFUSED, percent(now - began), now);
        answer_host(f, commanded ? &loads : &stopped, now);
        if (f->save != 0)
            engine_save_ended(f->engine, 0, f->save, STORE_DURABLE, fixture_at(now));
        f->save = 0;
        if (f->intent != 0)
            engine_audit_ended(f->engine, 0, f->intent, AUDIT_DURABLE, fixture_at(now));
        f->intent = 0;
        if (f->redis_count == 0 && f->host_count == 0)
            now = fixture_wake_late(f, 0);
    }
    return now - began;
}

static double again_and_again(int64_t ms)
{
    return (double)(ms % 90000) / 1000;
}

static double ever_further(int64_t ms)
{
    return (double)ms / 40000;
}

static void an_operation_does_not_wait_for_a_load_that_begins_again_and_again(void **state)
{
    int64_t waited = waits_for_load(*state, again_and_again);
    assert_in_range(waited, 120000, 450000);
    assert_int_equal(answered_status, 202); /* it was said to be loading meanwhile */
}

static void an_operation_waits_for_a_load_that_gets_further(void **state)
{
    assert_int_equal(waits_for_load(*state, ever_further) >= 3600000, true);
}

static void a_look_that_does_not_come_back_shows_a_slow_host(void **state)
{
    struct fixture *f = *state;
    int64_t now = begin_watch(f);
    while (!watch_is_probing(service_of(f)) || now < 12000)
        now = fixture_wake_late(f, 0);
    assert_true(request_pending(service_of(f), PART_WATCH, WATCH_UNIT));
    assert_true(now - service_of(f)->observations.slow_look.ms < 1000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reload_switches_the_pulse_off_and_on),
        TEST(a_reload_after_a_sleep_looks_at_the_clocks_first),
        TEST(an_operation_does_not_wait_for_a_load_that_begins_again_and_again),
        TEST(an_operation_waits_for_a_load_that_gets_further),
        TEST(a_look_that_does_not_come_back_shows_a_slow_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
