/* The tenure of an engine: every cell of the table, what answers are believed, and the time within
 * which it may act. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/tenure.h"

/* One row a phase, one column an event in the order of the enum. Written out so that a change of the
 * table is a change here too. */
static const struct tenure_step expected[TENURE_PHASE_COUNT][TENURE_EVENT_COUNT] = {
    /* DUE, GRANTED, JOINED, RENEWED, FAILED, GONE, LAPSED, LEAVE */
    {{TENURE_ASKING, TENURE_ASK},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT}},
    {{TENURE_ASKING, TENURE_NO_ACT},
     {TENURE_JOINING, TENURE_JOIN},
     {TENURE_ASKING, TENURE_NO_ACT},
     {TENURE_ASKING, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_NO_ACT},
     {TENURE_ASKING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT}},
    {{TENURE_JOINING, TENURE_JOIN},
     {TENURE_JOINING, TENURE_NO_ACT},
     {TENURE_HELD, TENURE_NO_ACT},
     {TENURE_JOINING, TENURE_NO_ACT},
     {TENURE_JOINING, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_FORGET},
     {TENURE_NONE, TENURE_FORGET},
     {TENURE_LEAVING, TENURE_REVOKE}},
    {{TENURE_HELD, TENURE_RENEW},
     {TENURE_HELD, TENURE_NO_ACT},
     {TENURE_HELD, TENURE_NO_ACT},
     {TENURE_HELD, TENURE_NO_ACT},
     {TENURE_HELD, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_FORGET},
     {TENURE_UNSURE, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_REVOKE}},
    {{TENURE_UNSURE, TENURE_RENEW},
     {TENURE_UNSURE, TENURE_NO_ACT},
     {TENURE_UNSURE, TENURE_NO_ACT},
     {TENURE_HELD, TENURE_NO_ACT},
     {TENURE_UNSURE, TENURE_NO_ACT},
     {TENURE_NONE, TENURE_FORGET},
     {TENURE_UNSURE, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_REVOKE}},
    {{TENURE_LEAVING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_REVOKE},
     {TENURE_LEAVING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT},
     {TENURE_LEAVING, TENURE_NO_ACT}},
};

static void test_every_cell(void **state)
{
    (void)state;
    for (int p = 0; p < TENURE_PHASE_COUNT; p++)
        for (int e = 0; e < TENURE_EVENT_COUNT; e++) {
            struct tenure_step s = tenure_cell((enum tenure_phase)p, (enum tenure_event)e);
            if (s.next != expected[p][e].next || s.act != expected[p][e].act)
                fail_msg("%s, event %d: next %d, act %d", tenure_phase_word((enum tenure_phase)p),
                         e, (int)s.next, (int)s.act);
        }
}

static mono_ms at(int64_t ms)
{
    return (mono_ms){ms};
}

static struct tenure_answer good(int64_t asked)
{
    return (struct tenure_answer){
        .asked = at(asked), .ttl_ms = TENURE_TTL_MS, .term = 7, .understood = true};
}

/* Held since 100, asked for at 0: known to live until 13,000. */
static struct tenure held(void)
{
    struct tenure t;
    struct tenure_answer answer = good(0);
    tenure_begin(&t);
    assert_int_equal(tenure_take(&t, TENURE_DUE, NULL, at(0)), TENURE_ASK);
    assert_int_equal(tenure_take(&t, TENURE_GRANTED, &answer, at(50)), TENURE_JOIN);
    assert_int_equal(tenure_take(&t, TENURE_JOINED, NULL, at(100)), TENURE_NO_ACT);
    assert_int_equal(t.phase, TENURE_HELD);
    return t;
}

static void test_time_counts_from_before_the_request(void **state)
{
    (void)state;
    struct tenure t = held();
    assert_int_equal(t.until.ms, TENURE_TTL_MS - TENURE_MARGIN_MS);
    assert_true(tenure_holds(&t, at(12999)));
    assert_false(tenure_holds(&t, at(13000)));
    assert_true(tenure_may_act(&t, at(4000)));
    assert_false(tenure_may_act(&t, at(4001)));
}

static void test_a_late_answer_counts_from_its_request_and_never_shortens(void **state)
{
    (void)state;
    struct tenure t = held();
    struct tenure_answer answer = good(5000);
    (void)tenure_take(&t, TENURE_RENEWED, &answer, at(11000));
    assert_int_equal(t.until.ms, 18000);
    answer = good(1000); /* that of a request before */
    (void)tenure_take(&t, TENURE_RENEWED, &answer, at(11500));
    assert_int_equal(t.until.ms, 18000);
    answer = good(2000); /* so late that its time is over */
    t.until = at(12000);
    (void)tenure_take(&t, TENURE_RENEWED, &answer, at(15001));
    assert_int_equal(t.phase, TENURE_UNSURE);
    assert_false(tenure_holds(&t, at(15001)));
}

static void test_renewals_keep_it_and_failures_are_tried_again(void **state)
{
    (void)state;
    struct tenure t = held();
    assert_int_equal(tenure_due(&t).ms, 100 + TENURE_RENEW_MS);
    assert_int_equal(tenure_take(&t, TENURE_DUE, NULL, at(3100)), TENURE_RENEW);
    assert_int_equal(tenure_due(&t).ms, t.until.ms); /* one is out: the next event is the lapse */
    assert_int_equal(tenure_take(&t, TENURE_FAILED, NULL, at(3200)), TENURE_NO_ACT);
    assert_int_equal(tenure_due(&t).ms, 3200 + TENURE_RETRY_MS);
    assert_int_equal(tenure_take(&t, TENURE_LAPSED, NULL, at(13000)), TENURE_NO_ACT);
    assert_int_equal(t.phase, TENURE_UNSURE);
    assert_int_equal(tenure_take(&t, TENURE_DUE, NULL, at(13000)), TENURE_RENEW);
    struct tenure_answer answer = good(13000);
    (void)tenure_take(&t, TENURE_RENEWED, &answer, at(13100));
    assert_int_equal(t.phase, TENURE_HELD);
    assert_true(tenure_may_act(&t, at(13100)));
}

static void test_a_lease_that_is_gone_is_asked_for_again_at_once(void **state)
{
    (void)state;
    struct tenure t = held();
    assert_int_equal(tenure_take(&t, TENURE_GONE, NULL, at(3200)), TENURE_FORGET);
    assert_false(tenure_holds(&t, at(3200)));
    assert_int_equal(tenure_due(&t).ms, 3200);
    assert_int_equal(tenure_take(&t, TENURE_DUE, NULL, at(3200)), TENURE_ASK);
    assert_int_equal(tenure_take(&t, TENURE_FAILED, NULL, at(4200)), TENURE_NO_ACT);
    assert_int_equal(tenure_due(&t).ms, 4200 + TENURE_RETRY_MS);
}

static void test_a_member_that_is_never_shown_starts_anew(void **state)
{
    (void)state;
    struct tenure t;
    struct tenure_answer answer = good(0);
    tenure_begin(&t);
    (void)tenure_take(&t, TENURE_DUE, NULL, at(0));
    (void)tenure_take(&t, TENURE_GRANTED, &answer, at(10));
    assert_int_equal(tenure_take(&t, TENURE_FAILED, NULL, at(1010)), TENURE_NO_ACT);
    assert_int_equal(tenure_take(&t, TENURE_DUE, NULL, at(2010)), TENURE_JOIN);
    assert_false(tenure_holds(&t, at(2010)));
    assert_int_equal(tenure_due(&t).ms, 13000);
    assert_int_equal(tenure_take(&t, TENURE_LAPSED, NULL, at(13000)), TENURE_FORGET);
    assert_int_equal(tenure_due(&t).ms, 13000);
}

static void test_what_answers_are_believed(void **state)
{
    (void)state;
    struct tenure t = held();
    struct tenure_answer answer = good(0);
    assert_int_equal(tenure_judge(&t, &answer), TENURE_RENEWED);
    answer.term = 0; /* some answers name no term */
    assert_int_equal(tenure_judge(&t, &answer), TENURE_RENEWED);
    answer.term = 6; /* a leader of the past */
    assert_int_equal(tenure_judge(&t, &answer), TENURE_FAILED);
    answer.ttl_ms = 0;
    assert_int_equal(tenure_judge(&t, &answer), TENURE_FAILED);
    answer.term = 7;
    assert_int_equal(tenure_judge(&t, &answer), TENURE_GONE);
    answer.ttl_ms = -1000;
    assert_int_equal(tenure_judge(&t, &answer), TENURE_GONE);
    answer.understood = false;
    assert_int_equal(tenure_judge(&t, &answer), TENURE_FAILED);
}

static void test_who_leaves_does_not_come_back(void **state)
{
    (void)state;
    struct tenure t = held();
    assert_int_equal(tenure_take(&t, TENURE_LEAVE, NULL, at(200)), TENURE_REVOKE);
    assert_false(tenure_may_act(&t, at(200)));
    assert_int_equal(tenure_due(&t).ms, MONO_NEVER.ms);
    struct tenure_answer answer = good(100);
    (void)tenure_take(&t, TENURE_RENEWED, &answer, at(300));
    assert_int_equal(t.phase, TENURE_LEAVING);
    assert_false(tenure_holds(&t, at(300)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell),
        cmocka_unit_test(test_time_counts_from_before_the_request),
        cmocka_unit_test(test_a_late_answer_counts_from_its_request_and_never_shortens),
        cmocka_unit_test(test_renewals_keep_it_and_failures_are_tried_again),
        cmocka_unit_test(test_a_lease_that_is_gone_is_asked_for_again_at_once),
        cmocka_unit_test(test_a_member_that_is_never_shown_starts_anew),
        cmocka_unit_test(test_what_answers_are_believed),
        cmocka_unit_test(test_who_leaves_does_not_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
