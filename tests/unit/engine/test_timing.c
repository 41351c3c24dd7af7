/* How late the watch's wake-ups came, as `timing` tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/engine.h"

struct fixture {
    struct settings settings;
    struct service_settings service;
    struct service_state saved;
    struct engine *engine;
    mono_ms due, self_due; /* the wake-ups asked for */
};

static struct now at(int64_t ms)
{
    return (struct now){.mono = {ms}, .wall = {1000000 + ms}};
}

static void wake_at(void *context, int service, mono_ms due)
{
    struct fixture *f = context;
    *(service == ENGINE_SELF ? &f->self_due : &f->due) = due;
}

static void no_redis(void *context, int service, uint64_t id, enum redis_request request,
                     bool fresh, mono_ms deadline)
{
    (void)context, (void)service, (void)id, (void)request, (void)fresh, (void)deadline;
}

static void no_host(void *context, int service, const struct host_request *request)
{
    (void)context, (void)service, (void)request;
}

static void no_save(void *context, int service, uint64_t id, enum store_class class,
                    const struct service_state *state)
{
    (void)context, (void)service, (void)id, (void)class, (void)state;
}

static void no_record(void *context, const struct recovery_record *record)
{
    (void)context, (void)record;
}

static void no_audit(void *context, int service, uint64_t id, const struct audit_line *line,
                     bool durable)
{
    (void)context, (void)service, (void)id, (void)line, (void)durable;
}

static void no_publish(void *context, int service, uint64_t seq, const char *type, json_t *body,
                       wall_ms when)
{
    (void)context, (void)service, (void)seq, (void)type, (void)body, (void)when;
}

static void no_log(void *context, int service, bool warning, const char *text)
{
    (void)context, (void)service, (void)warning, (void)text;
}

static uint64_t no_random(void *context)
{
    (void)context;
    return 0;
}

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.service.watch = watch_policy_default();
    f.service.recovery = recovery_policy_default();
    memcpy(f.service.id, "redis", sizeof "redis");
    f.settings.services = &f.service;
    f.settings.service_count = 1;
    struct engine_ports ports = {&f,        wake_at,  no_redis,   no_host, no_save,
                                 no_record, no_audit, no_publish, no_log,  no_random};
    struct error err = {0};
    *state = &f;
    if (engine_new(&f.settings, &ports, &f.saved, at(1000), &f.engine, &err) < 0)
        return -1;
    engine_start(f.engine, at(1000));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    engine_free(f->engine);
    return 0;
}

/* The engine's own turn comes as it asked, so that it neither doubts itself nor misses a period. */
static int64_t wake_late(struct fixture *f, int64_t late_ms)
{
    int64_t now = f->due.ms + late_ms;
    while (f->self_due.ms <= now)
        engine_wake(f->engine, ENGINE_SELF, at(f->self_due.ms));
    engine_wake(f->engine, 0, at(now));
    return now;
}

static void nothing_is_told_before_the_first_wake_up(void **state)
{
    struct fixture *f = *state;
    struct engine_timing timing;
    engine_timing(f->engine, &timing);
    assert_int_equal(timing.wakeups, 0);
    assert_int_equal(timing.p50_ms, 0);
    assert_int_equal(timing.p99_ms, 0);
    assert_int_equal(timing.worst_ms, 0);
}

static void percentiles_and_the_worst_are_of_the_wake_ups_that_were_asked_for(void **state)
{
    struct fixture *f = *state;
    struct engine_timing timing;
    for (int i = 0; i < 20; i++)
        (void)wake_late(f, i == 7 ? 1500 : i);
    engine_timing(f->engine, &timing);
    assert_int_equal(timing.wakeups, 20);
    assert_int_equal(timing.p50_ms, 10); /* 0 to 19 without the 7, which went to the end */
    assert_int_equal(timing.p99_ms, 1000);
    assert_int_equal(timing.worst_ms, 1500);
}

static void what_is_two_minutes_old_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct engine_timing timing;
    int64_t bad = wake_late(f, 300);
    while (wake_late(f, 0) < bad + 30000)
        ;
    engine_timing(f->engine, &timing);
    assert_int_equal(timing.worst_ms, 300);
    while (wake_late(f, 0) < bad + 121000)
        ;
    engine_timing(f->engine, &timing);
    assert_true(timing.wakeups > 0);
    assert_int_equal(timing.worst_ms, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_told_before_the_first_wake_up),
        TEST(percentiles_and_the_worst_are_of_the_wake_ups_that_were_asked_for),
        TEST(what_is_two_minutes_old_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
