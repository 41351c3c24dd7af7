/* The circuit breaker over wall time: three in five minutes, whatever the clock does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/breaker.h"

#define START_MS 1760000000000LL

static wall_ms at(int64_t seconds)
{
    return (wall_ms){START_MS + seconds * 1000};
}

static void opens_at_the_third_within_the_window(void **state)
{
    (void)state;
    struct recovery_policy policy = recovery_policy_default();
    struct breaker b = {0};
    assert_false(breaker_count(&b, &policy, at(0)));
    assert_false(breaker_count(&b, &policy, at(100)));
    assert_false(b.open);
    assert_true(breaker_count(&b, &policy, at(300))); /* the window's own end is in it */
    assert_true(b.open);
    assert_int_equal(b.opened_at.ms, at(300).ms);
    assert_int_equal(breaker_in_window(&b, &policy, at(300)), 3);
}

static void stays_closed_when_the_first_is_too_long_ago(void **state)
{
    (void)state;
    struct recovery_policy policy = recovery_policy_default();
    struct breaker b = {0};
    for (int i = 0; i < 100; i++)
        assert_false(breaker_count(&b, &policy, at(i * 151)));
    assert_int_equal(breaker_in_window(&b, &policy, at(99 * 151)), 2);
}

static void tells_its_opening_once_and_forgets_all_when_reset(void **state)
{
    (void)state;
    struct recovery_policy policy = recovery_policy_default();
    struct breaker b = {0};
    (void)breaker_count(&b, &policy, at(0));
    (void)breaker_count(&b, &policy, at(1));
    assert_true(breaker_count(&b, &policy, at(2)));
    assert_false(breaker_count(&b, &policy, at(3)));
    assert_true(b.open);
    assert_int_equal(b.opened_at.ms, at(2).ms);
    breaker_reset(&b);
    assert_false(b.open);
    assert_int_equal(breaker_in_window(&b, &policy, at(4)), 0);
    assert_false(breaker_count(&b, &policy, at(4)));
}

static void a_clock_set_back_does_not_forget(void **state)
{
    (void)state;
    struct recovery_policy policy = recovery_policy_default();
    struct breaker b = {0};
    assert_false(breaker_count(&b, &policy, at(0)));
    assert_false(breaker_count(&b, &policy, at(10)));
    assert_true(breaker_count(&b, &policy, at(-86400)));
}

static void holds_as_many_times_as_a_policy_may_ask_for(void **state)
{
    (void)state;
    struct recovery_policy policy = recovery_policy_default();
    policy.breaker_recoveries = BREAKER_TIMES_MAX;
    struct breaker b = {0};
    for (int i = 0; i < BREAKER_TIMES_MAX - 1; i++)
        assert_false(breaker_count(&b, &policy, at(i)));
    assert_true(breaker_count(&b, &policy, at(BREAKER_TIMES_MAX)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_at_the_third_within_the_window),
        cmocka_unit_test(stays_closed_when_the_first_is_too_long_ago),
        cmocka_unit_test(tells_its_opening_once_and_forgets_all_when_reset),
        cmocka_unit_test(a_clock_set_back_does_not_forget),
        cmocka_unit_test(holds_as_many_times_as_a_policy_may_ask_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
