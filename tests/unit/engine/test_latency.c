/* How long Redis takes to answer, apart from how long we take to hear it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine_fixture.h"

#define SLOW_MS 120 /* above the critical limit of 100 */

static void answer_all(struct fixture *f, int64_t latency_ms, int64_t now)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = UNIT_ACTIVE;
    u.result = RESULT_SUCCESS;
    u.main_pid = 4711;
    u.control_reached = TRI_YES;
    while (f->redis_count > 0) {
        struct asked asked = f->redis[--f->redis_count];
        struct redis_answer a = {.id = asked.id, .request = asked.request};
        bool ping = asked.request == REDIS_PING;
        a.probe.reply = ping ? REPLY_PONG : REPLY_OTHER;
        a.probe.latency_us = latency_ms * 1000;
        facts_info_reset(&a.info);
        a.info.known = asked.request == REDIS_INFO;
        a.info.process_id = 4711;
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    while (f->host_count > 0) {
        struct asked asked = f->host[--f->host_count];
        struct host_outcome o = {
            .id = asked.id, .command = asked.command, .end = HOST_EXITED, .unit = u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
}

/* Ten minutes in which every wake-up is so late and every PONG so slow; what it is called then. */
static void watch(struct fixture *f, int64_t late_ms, int64_t latency_ms, char cause[32])
{
    for (int64_t now = 0; now < 600000;) {
        now = fixture_wake_late(f, late_ms);
        answer_all(f, latency_ms, now);
    }
    json_t *health = engine_health_json(f->engine, 0, fixture_at(f->due.ms));
    (void)str_copy(cause, 32, json_text_or(json_object_get(health, "cause"), "code", ""));
    json_decref(health);
}

static void a_redis_that_answers_slowly_is_called_slow(void **state)
{
    char cause[32];
    watch(*state, 0, SLOW_MS, cause);
    assert_string_equal(cause, "latency_high");
}

static void a_delay_of_our_own_is_not_redis(void **state)
{
    char cause[32];
    watch(*state, SLOW_MS, SLOW_MS + 1, cause);
    assert_string_equal(cause, "ok");
}

static void a_slow_redis_is_seen_through_a_delay_of_our_own(void **state)
{
    char cause[32];
    watch(*state, SLOW_MS, 2 * SLOW_MS, cause);
    assert_string_equal(cause, "latency_high");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_redis_that_answers_slowly_is_called_slow),
        TEST(a_delay_of_our_own_is_not_redis),
        TEST(a_slow_redis_is_seen_through_a_delay_of_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
