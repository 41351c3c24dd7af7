/* Ownership in a fleet: the order of engines, when a service is claimed and handed over, who may
 * act, and the way of an action through its fence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/ownership.h"

#define SERVICES 9000

static mono_ms at(int64_t ms)
{
    return (mono_ms){ms};
}

static const char *const three[] = {"engine-1", "engine-2", "engine-3"};

static size_t first_of(const char *service, const char *const *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ownership_rank(service, members[i], members, count) == 0)
            return i;
    fail_msg("nobody is first for %s", service);
    return 0;
}

static void test_the_order_is_even_and_only_the_services_of_one_that_goes_move(void **state)
{
    (void)state;
    size_t owned[3] = {0};
    for (int i = 0; i < SERVICES; i++) {
        char service[32];
        (void)snprintf(service, sizeof service, "redis-%d", i);
        size_t first = first_of(service, three, 3);
        owned[first]++;
        size_t ranks = 0;
        for (int e = 0; e < 3; e++)
            ranks |= (size_t)1 << ownership_rank(service, three[e], three, 3);
        assert_int_equal(ranks, 7); /* 0, 1 and 2: each once */
        if (first != 2)
            assert_int_equal(first_of(service, three, 2), first);
    }
    for (int e = 0; e < 3; e++)
        assert_in_range(owned[e], SERVICES / 3 - SERVICES / 20, SERVICES / 3 + SERVICES / 20);
}

static void test_the_order_of_the_list_does_not_matter(void **state)
{
    (void)state;
    static const char *const turned[] = {"engine-3", "engine-1", "engine-2"};
    for (int e = 0; e < 3; e++)
        assert_int_equal(ownership_rank("redis", three[e], three, 3),
                         ownership_rank("redis", three[e], turned, 3));
}

static struct tenure held_until(int64_t until)
{
    return (struct tenure){.phase = TENURE_HELD, .until = at(until), .due = MONO_NEVER};
}

static struct ownership_facts free_service(void)
{
    return (struct ownership_facts){
        .shown = OWNERSHIP_NOBODY, .since = at(1000), .able = true, .asked = MONO_NEVER};
}

static void test_the_first_claims_at_once_and_the_next_after_two_seconds(void **state)
{
    (void)state;
    struct tenure t = held_until(100000);
    struct ownership_facts f = free_service();
    assert_int_equal(ownership_act(&f, &t, at(1000)), OWNERSHIP_CLAIM);
    f.rank = 1;
    assert_int_equal(ownership_act(&f, &t, at(2999)), OWNERSHIP_NO_ACT);
    assert_int_equal(ownership_due(&f, &t, at(1000)).ms, 3000);
    assert_int_equal(ownership_act(&f, &t, at(3000)), OWNERSHIP_CLAIM);
    f.rank = 1000;
    assert_int_equal(ownership_due(&f, &t, at(1000)).ms, 1000 + OWNERSHIP_WAIT_MAX_MS);
}

static void test_a_claim_is_not_repeated_before_its_second(void **state)
{
    (void)state;
    struct tenure t = held_until(100000);
    struct ownership_facts f = free_service();
    f.asked = at(1500);
    assert_int_equal(ownership_act(&f, &t, at(2499)), OWNERSHIP_NO_ACT);
    assert_int_equal(ownership_act(&f, &t, at(2500)), OWNERSHIP_CLAIM);
}

static void test_nothing_is_claimed_without_a_lease_by_a_drained_engine_or_unread(void **state)
{
    (void)state;
    struct tenure t = held_until(100000);
    for (int shown = 0; shown < OWNERSHIP_SHOWN_COUNT; shown++) {
        struct ownership_facts f = free_service();
        f.shown = (enum ownership_shown)shown;
        assert_int_equal(ownership_act(&f, &t, at(60000)),
                         shown == OWNERSHIP_NOBODY ? OWNERSHIP_CLAIM : OWNERSHIP_NO_ACT);
    }
    struct ownership_facts f = free_service();
    f.drained = true;
    assert_int_equal(ownership_act(&f, &t, at(60000)), OWNERSHIP_NO_ACT);
    f = free_service();
    f.able = false;
    assert_int_equal(ownership_act(&f, &t, at(60000)), OWNERSHIP_NO_ACT);
    f = free_service();
    assert_int_equal(ownership_act(&f, &t, at(100000)), OWNERSHIP_NO_ACT);
    assert_int_equal(ownership_due(&f, &t, at(100000)).ms, MONO_NEVER.ms);
    t.phase = TENURE_UNSURE;
    assert_int_equal(ownership_act(&f, &t, at(60000)), OWNERSHIP_NO_ACT);
}

static void test_a_service_is_handed_over_for_a_reason_and_never_in_the_middle(void **state)
{
    (void)state;
    struct tenure t = held_until(100000);
    for (int bits = 0; bits < 32; bits++) {
        bool drained = bits & 1, unable = bits & 2, later = bits & 4, settled = bits & 8;
        struct ownership_facts f = {.shown = OWNERSHIP_OURS,
                                    .able = !unable,
                                    .rank = later ? 1 : 0,
                                    .settled = settled,
                                    .drained = drained,
                                    .busy = (bits & 16) != 0,
                                    .asked = MONO_NEVER};
        bool reason = drained || unable || (later && settled);
        assert_int_equal(ownership_act(&f, &t, at(5000)),
                         reason && !f.busy ? OWNERSHIP_RELEASE : OWNERSHIP_NO_ACT);
    }
}

static void test_who_may_act(void **state)
{
    (void)state;
    struct tenure t = held_until(20000);
    assert_int_equal(ownership_right(OWNERSHIP_OURS, &t, at(11000)), OWNERSHIP_RIGHT);
    assert_int_equal(ownership_right(OWNERSHIP_OURS, &t, at(11001)), OWNERSHIP_RENEW_FIRST);
    assert_int_equal(ownership_right(OWNERSHIP_OURS, &t, at(20000)), OWNERSHIP_UNSURE);
    assert_int_equal(ownership_right(OWNERSHIP_UNKNOWN, &t, at(0)), OWNERSHIP_UNSURE);
    for (int shown = 0; shown < OWNERSHIP_SHOWN_COUNT; shown++)
        if (shown != OWNERSHIP_OURS && shown != OWNERSHIP_UNKNOWN)
            assert_int_equal(ownership_right((enum ownership_shown)shown, &t, at(0)),
                             OWNERSHIP_NOT_OWNER);
    for (int p = 0; p < TENURE_PHASE_COUNT; p++) {
        t.phase = (enum tenure_phase)p;
        assert_true((ownership_right(OWNERSHIP_OURS, &t, at(0)) == OWNERSHIP_RIGHT) ==
                    (p == TENURE_HELD));
    }
}

static void test_a_right_under_way_holds_while_its_fence_and_lease_do(void **state)
{
    (void)state;
    struct tenure t = held_until(20000);
    assert_int_equal(ownership_permit(true, OWNERSHIP_OURS, &t, at(11000)), PERMIT_GOOD);
    assert_int_equal(ownership_permit(true, OWNERSHIP_OURS, &t, at(11001)), PERMIT_WAIT);
    assert_int_equal(ownership_permit(true, OWNERSHIP_UNKNOWN, &t, at(0)), PERMIT_WAIT);
    for (int shown = 0; shown < OWNERSHIP_SHOWN_COUNT; shown++) {
        assert_int_equal(ownership_permit(true, (enum ownership_shown)shown, &t, at(20000)),
                         PERMIT_OVER);
        assert_int_equal(ownership_permit(false, (enum ownership_shown)shown, &t, at(0)),
                         PERMIT_OVER);
        if (shown != OWNERSHIP_OURS && shown != OWNERSHIP_UNKNOWN)
            assert_int_equal(ownership_permit(true, (enum ownership_shown)shown, &t, at(0)),
                             PERMIT_OVER);
    }
    for (int p = 0; p < TENURE_PHASE_COUNT; p++) {
        t.phase = (enum tenure_phase)p;
        assert_true((ownership_permit(true, OWNERSHIP_OURS, &t, at(0)) == PERMIT_GOOD) ==
                    (p == TENURE_HELD));
    }
}

static void test_one_way_leads_to_a_command(void **state)
{
    (void)state;
    for (int p = 0; p < FENCE_PHASE_COUNT; p++)
        for (int e = 0; e < FENCE_EVENT_COUNT; e++) {
            struct fence_step s = fence_step((enum fence_phase)p, (enum fence_event)e);
            struct fence_step want = {FENCE_LOOKING, FENCE_HANDS_OFF};
            if (p == FENCE_LOOKING && e == FENCE_ENOUGH)
                want = (struct fence_step){FENCE_WRITING, FENCE_WRITE};
            else if (p == FENCE_WRITING && e == FENCE_WRITTEN)
                want = (struct fence_step){FENCE_RENEWING, FENCE_RENEW};
            else if (p == FENCE_RENEWING && e == FENCE_ENOUGH)
                want = (struct fence_step){FENCE_LOOKING, FENCE_SEND};
            assert_int_equal(s.next, want.next);
            assert_int_equal(s.act, want.act);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_right_under_way_holds_while_its_fence_and_lease_do),
        cmocka_unit_test(test_the_order_is_even_and_only_the_services_of_one_that_goes_move),
        cmocka_unit_test(test_the_order_of_the_list_does_not_matter),
        cmocka_unit_test(test_the_first_claims_at_once_and_the_next_after_two_seconds),
        cmocka_unit_test(test_a_claim_is_not_repeated_before_its_second),
        cmocka_unit_test(test_nothing_is_claimed_without_a_lease_by_a_drained_engine_or_unread),
        cmocka_unit_test(test_a_service_is_handed_over_for_a_reason_and_never_in_the_middle),
        cmocka_unit_test(test_who_may_act),
        cmocka_unit_test(test_one_way_leads_to_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
