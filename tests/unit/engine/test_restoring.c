/* A restore that holds a service: recovery and the operations of others leave it alone, and only as
 * long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/recovery_facts.h"
#include "engine/service.h"
#include "engine/withheld.h"
#include "engine_fixture.h"

static int status;

static void on_answer(void *context, int answer, json_t *body)
{
    (void)context;
    status = answer;
    json_decref(body);
}

static const struct engine_restore copying = {
    .text = "Restore 1 is under way: guarding.", .user = "admin@example.org", .acts = true};
static const struct engine_restore exchanging = {.text = "Restore 1 is under way: placing.",
                                                 .user = "admin@example.org",
                                                 .acts = true,
                                                 .withholds = true};
static const struct engine_restore held = {
    .text = "Restore 1 waits for a person.", .user = "admin@example.org", .withholds = true};

static bool withheld_by_it(struct service *s, int64_t at)
{
    struct recovery_facts f;
    recovery_facts_now(s, fixture_at(at), &f);
    return f.backup_running;
}

static void recovery_is_withheld_from_the_exchange_to_the_end(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    char text[FACT_TEXT_MAX];
    engine_restoring(f->engine, 0, &copying, fixture_at(2000));
    assert_false(withheld_by_it(s, 2000));
    engine_restoring(f->engine, 0, &exchanging, fixture_at(2100));
    assert_true(withheld_by_it(s, 2100));
    assert_int_equal(withheld_always(s, fixture_at(2100)), WITHHELD_BACKUP_RUNNING);
    assert_string_equal(withheld_words(s, WITHHELD_BACKUP_RUNNING, text), exchanging.text);
    engine_restoring(f->engine, 0, &held, fixture_at(2200));
    assert_true(withheld_by_it(s, 2200));
    engine_restoring(f->engine, 0, NULL, fixture_at(2300));
    assert_false(withheld_by_it(s, 2300));
    assert_int_equal(withheld_always(s, fixture_at(2300)), WITHHELD_NOT);
}

/* It stopped the service itself: that is not said as if a person had meant it. */
static void a_stop_by_the_restore_is_named_as_such(void **state)
{
    struct fixture *f = *state;
    struct service *s = &f->engine->services[0];
    char text[FACT_TEXT_MAX];
    engine_restoring(f->engine, 0, &held, fixture_at(2000));
    s->saved.stopped_on_purpose = true;
    assert_int_equal(withheld_always(s, fixture_at(2000)), WITHHELD_BACKUP_RUNNING);
    assert_string_equal(withheld_words(s, WITHHELD_STOPPED_ON_PURPOSE, text), held.text);
    engine_restoring(f->engine, 0, NULL, fixture_at(2100));
    assert_int_equal(withheld_always(s, fixture_at(2100)), WITHHELD_NOT);
}

static int operate(struct fixture *f, bool of_restore, int64_t at)
{
    const struct engine_request request = {.operation = OPERATION_RESTART,
                                           .user = {.id = "u1", .email = "other@example.org"},
                                           .of_restore = of_restore,
                                           .answer = on_answer};
    status = 0;
    engine_operate(f->engine, 0, &request, fixture_at(at));
    return status;
}

static void operations_of_others_are_refused_while_it_acts(void **state)
{
    struct fixture *f = *state;
    engine_restoring(f->engine, 0, &exchanging, fixture_at(2000));
    assert_int_equal(operate(f, false, 2000), 409);
    assert_false(operation_running(&f->engine->services[0]));
    assert_int_equal(operate(f, true, 2100), 0); /* it goes on */
    assert_true(operation_running(&f->engine->services[0]));
}

static void a_person_may_act_while_it_waits_for_one(void **state)
{
    struct fixture *f = *state;
    engine_restoring(f->engine, 0, &held, fixture_at(2000));
    assert_int_equal(operate(f, false, 2000), 0);
    assert_true(operation_running(&f->engine->services[0]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(recovery_is_withheld_from_the_exchange_to_the_end),
        TEST(a_stop_by_the_restore_is_named_as_such),
        TEST(operations_of_others_are_refused_while_it_acts),
        TEST(a_person_may_act_while_it_waits_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
