/* What the engine keeps of each step of 30 s: where its time went, and outages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"
#include "engine_fixture.h"

#define START_MS 1000
#define STEP_MS (SERIES_STEP_SECONDS * 1000LL)

enum world { WELL, FAILED, UNREACHABLE };

static void answer_all(struct fixture *f, enum world world, int64_t now)
{
    struct unit_facts u;
    facts_unit_reset(&u);
    u.active = world == WELL ? UNIT_ACTIVE : UNIT_FAILED;
    u.result = world == WELL ? RESULT_SUCCESS : RESULT_SIGNAL;
    u.control_reached = TRI_YES;
    if (world == UNREACHABLE) {
        u.active = UNIT_UNKNOWN;
        u.control_reached = TRI_NO;
    }
    while (f->redis_count > 0) {
        struct asked asked = f->redis[--f->redis_count];
        struct redis_answer a = {.id = asked.id, .request = asked.request};
        a.probe.reply = world == WELL     ? REPLY_PONG
                        : world == FAILED ? REPLY_REFUSED
                                          : REPLY_UNREACHABLE;
        a.probe.latency_us = world == WELL ? 300 : FACT_UNKNOWN;
        facts_info_reset(&a.info);
        if (world == WELL && asked.request == REDIS_INFO) {
            a.info.known = true;
            a.info.used_memory = 1 << 20;
            a.info.commands_processed = now; /* a thousand a second */
            (void)str_copy(a.info.run_id, sizeof a.info.run_id, "one");
        }
        engine_redis_ended(f->engine, 0, &a, fixture_at(now));
    }
    while (f->host_count > 0) {
        struct asked asked = f->host[--f->host_count];
        struct host_outcome o = {.id = asked.id,
                                 .command = asked.command,
                                 .end = world == UNREACHABLE ? HOST_NOT_REACHED : HOST_EXITED,
                                 .unit = u};
        engine_host_ended(f->engine, 0, &o, fixture_at(now));
    }
}

/* Lets the time run in a world that stays as it is; what is asked is answered at once. */
static void live(struct fixture *f, enum world world, int64_t until)
{
    while (f->due.ms < until) {
        int64_t now = fixture_wake_late(f, 0);
        answer_all(f, world, now);
    }
}

static struct series_sample sum_of(const struct fixture *f)
{
    struct series_sample sum = {0};
    for (int i = 0; i < f->sample_count; i++) {
        const struct series_sample *s = &f->samples[i];
        for (int k = 0; k < SERIES_STATE_COUNT; k++)
            sum.state_ms[k] += s->state_ms[k];
        sum.pings += s->pings;
        sum.fast_pings += s->fast_pings;
    }
    return sum;
}

static int64_t all_of(const struct series_sample *s)
{
    int64_t all = 0;
    for (int k = 0; k < SERIES_STATE_COUNT; k++)
        all += s->state_ms[k];
    return all;
}

static void every_millisecond_is_booked_once(void **state)
{
    struct fixture *f = *state;
    f->service.recovery.enabled = false;
    live(f, WELL, 5 * 60000);
    live(f, FAILED, 6 * 60000);
    live(f, WELL, 12 * 60000);
    struct series_sample sum = sum_of(f);
    const struct series_sample *last = &f->samples[f->sample_count - 1];
    int64_t ended = last->at.ms + STEP_MS - 1000000;
    assert_int_equal(all_of(&sum), ended - START_MS);
    assert_true(sum.state_ms[SERIES_DOWN] > 55000 && sum.state_ms[SERIES_DOWN] < 66000);
    assert_true(sum.state_ms[SERIES_UP] > 0 && sum.state_ms[SERIES_PLANNED] == 0);
    for (int i = 1; i < f->sample_count; i++)
        assert_int_equal(f->samples[i].at.ms - f->samples[i - 1].at.ms, STEP_MS);
}

static void a_well_service_is_up_with_its_figures(void **state)
{
    struct fixture *f = *state;
    live(f, WELL, 4 * 60000);
    assert_true(f->sample_count >= 6);
    const struct series_sample *s = &f->samples[f->sample_count - 1];
    assert_int_equal(s->state_ms[SERIES_UP], STEP_MS);
    assert_true(s->pings >= 29 && s->fast_pings == s->pings);
    assert_int_equal(s->values[SERIES_PING_P50], 300);
    assert_int_equal(s->values[SERIES_MEMORY], 1 << 20);
    assert_int_equal(s->values[SERIES_COMMANDS], 1000 * series_kinds[SERIES_COMMANDS].scale);
    assert_int_equal(s->values[SERIES_KEYS], SERIES_UNKNOWN); /* nobody told */
    assert_int_equal(f->outage_count, 0);
}

static void an_outage_is_told_when_it_is_over(void **state)
{
    struct fixture *f = *state;
    live(f, WELL, 60000);
    live(f, FAILED, 90000);
    assert_int_equal(f->outage_count, 0);
    live(f, WELL, 120000);
    assert_int_equal(f->outage_count, 1);
    int64_t ms = f->outages[0].ended.ms - f->outages[0].began.ms;
    assert_true(ms > 25000 && ms < 40000);
    assert_string_equal(f->outages[0].ended_by, "recovery"); /* the world obeyed */
    assert_true(f->outages[0].cause[0] != '\0');
}

static void a_host_that_nobody_reaches_is_neither_up_nor_down(void **state)
{
    struct fixture *f = *state;
    live(f, WELL, 60000);
    live(f, UNREACHABLE, 5 * 60000);
    live(f, WELL, 10 * 60000);
    struct series_sample sum = sum_of(f);
    assert_true(sum.state_ms[SERIES_CANNOT_SAY] > 230000);
    assert_int_equal(sum.state_ms[SERIES_DOWN], 0);
    assert_int_equal(f->outage_count, 0);
}

/* Its own start is no outage: nobody was promised anything before. */
static void what_never_answered_yet_is_not_down(void **state)
{
    struct fixture *f = *state;
    f->service.recovery.enabled = false;
    live(f, FAILED, 3 * 60000);
    live(f, WELL, 6 * 60000);
    struct series_sample sum = sum_of(f);
    assert_int_equal(sum.state_ms[SERIES_DOWN], 0);
    assert_true(sum.state_ms[SERIES_CANNOT_SAY] > 150000);
    assert_true(sum.state_ms[SERIES_UP] > 150000);
    assert_int_equal(f->outage_count, 0);
    live(f, FAILED, 7 * 60000);
    live(f, WELL, 9 * 60000);
    sum = sum_of(f);
    assert_true(sum.state_ms[SERIES_DOWN] > 50000);
    assert_int_equal(f->outage_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_millisecond_is_booked_once),
        TEST(a_well_service_is_up_with_its_figures),
        TEST(an_outage_is_told_when_it_is_over),
        TEST(what_never_answered_yet_is_not_down),
        TEST(a_host_that_nobody_reaches_is_neither_up_nor_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
