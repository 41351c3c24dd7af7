/* The engine's parts: each is woken when it asked for that, and an answer reaches the part that
 * asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/part.h"
#include "engine/service.h"
#include "engine_fixture.h"

static const struct engine_user admin = {.id = "u1", .email = "admin@example.org"};
static int answered_status;

static void note_answer(void *context, int status, json_t *body)
{
    (void)context;
    answered_status = status;
    json_decref(body);
}

static struct service *service_of(struct fixture *f)
{
    return &f->engine->services[0];
}

static void every_part_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < PART_COUNT; i++)
        for (int k = 0; k <= i; k++)
            assert_int_equal(str_equal(part_name((enum part_id)i), part_name((enum part_id)k)),
                             i == k);
}

/* Looks overlap; the disk may be slower than all of them. */
static void an_order_is_not_given_up_for_a_crowd_of_looks(void **state)
{
    struct fixture *f = *state;
    struct service *s = service_of(f);
    const struct engine_order order = {note_answer, NULL};
    answered_status = 0;
    f->save = 0;
    engine_pause(f->engine, 0, 60000, &admin, "", &order, fixture_at(2000));
    uint64_t save = f->save;
    assert_int_not_equal(save, 0);
    for (int i = 0; i < 2 * REQUESTS_MAX; i++)
        (void)request_begin(s, PART_WATCH, WATCH_PROBE, (mono_ms){2001 + i});
    engine_save_ended(f->engine, 0, save, STORE_DURABLE, fixture_at(2500));
    assert_int_equal(answered_status, 200);
}

static void an_answer_without_a_request_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct service *s = service_of(f);
    uint64_t id = request_begin(s, PART_WATCH, WATCH_PROBE, (mono_ms){2000});
    assert_int_equal(request_end(s, id).part, PART_WATCH);
    const struct redis_answer late = {
        .id = id, .request = REDIS_PING, .probe = {.reply = REPLY_SILENT}};
    uint64_t checks = s->counters.checks;
    engine_redis_ended(f->engine, 0, &late, fixture_at(2100));
    assert_int_equal(s->counters.checks, checks);
    assert_int_equal(s->observations.failed_probes, 0);
}

/* The earliest of all parts is the time at which the service is woken. */
static void a_part_is_woken_when_it_asked_for_that(void **state)
{
    struct fixture *f = *state;
    struct service *s = service_of(f);
    engine_pause(f->engine, 0, 1500, &admin, "", NULL, fixture_at(1100));
    assert_true(s->saved.paused_until.ms != WALL_NONE.ms);
    int64_t now = 0;
    while (f->due.ms <= 2600) {
        assert_true(s->saved.paused_until.ms != WALL_NONE.ms || now >= 2600);
        now = fixture_wake_late(f, 0);
    }
    assert_int_equal(now, 2600);
    assert_int_equal(s->saved.paused_until.ms, WALL_NONE.ms);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_has_a_name_of_its_own),
        TEST(an_order_is_not_given_up_for_a_crowd_of_looks),
        TEST(an_answer_without_a_request_changes_nothing),
        TEST(a_part_is_woken_when_it_asked_for_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
