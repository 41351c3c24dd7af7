/* Who is called, and when: every cell, every minute of a night, and what an acknowledgement stops. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/escalation.h"

enum { PAGER = 1, CHAT = 2, MAIL = 4, PHONE = 8 };

static mono_ms at(int64_t minutes)
{
    return (mono_ms){1000 + minutes * 60000};
}

struct story {
    struct escalation e;
    struct escalation_policy policy;
    struct escalation_input in;
    struct escalation_effects out;
};

static struct story fresh(enum severity severity)
{
    struct story s = {.policy = escalation_policy_default(), .in = {.severity = severity}};
    s.policy.levels[0].channels = CHAT;
    s.policy.levels[1].channels = PAGER;
    s.policy.levels[2].channels = MAIL;
    s.policy.levels[3].channels = PHONE;
    escalation_init(&s.e);
    return s;
}

static void happen(struct story *s, enum escalation_event event, int64_t minutes)
{
    s->in.event = event;
    s->in.policy = &s->policy;
    escalation_step(&s->e, &s->in, at(minutes), &s->out);
}

static channel_set called(const struct story *s)
{
    channel_set set = 0;
    for (size_t i = 0; i < s->out.count; i++)
        if (s->out.items[i].kind == ESCALATION_CALL)
            set |= s->out.items[i].channels;
    return set;
}

static int count(const struct story *s, enum escalation_effect_kind kind)
{
    int n = 0;
    for (size_t i = 0; i < s->out.count; i++)
        n += s->out.items[i].kind == kind;
    return n;
}

static struct story in_state(enum escalation_state state)
{
    struct story s = fresh(SEVERITY_P1);
    if (state != ESCALATION_OFF)
        happen(&s, ESCALATION_BEGIN, 0);
    if (state == ESCALATION_ACKNOWLEDGED)
        happen(&s, ESCALATION_ACK, 0);
    if (state == ESCALATION_PAUSED)
        happen(&s, ESCALATION_MITIGATED, 0);
    assert_int_equal(s.e.state, state);
    return s;
}

static void test_every_cell_is_as_written_here(void **state)
{
    (void)state;
    enum {
        O = ESCALATION_OFF,
        C = ESCALATION_CALLING,
        A = ESCALATION_ACKNOWLEDGED,
        P = ESCALATION_PAUSED
    };
    static const int next[][ESCALATION_EVENT_COUNT] = {
        /* BEGIN, WAKE, RATE, ACK, UPDATE, UP, ASK, MITIGATED, BAD_AGAIN, END */
        [O] = {C, O, O, O, O, O, O, O, O, O},
        [C] = {C, C, C, A, C, C, C, P, C, O},
        [A] = {A, A, A, A, A, A, A, A, A, O},
        [P] = {P, P, P, A, P, P, P, P, C, O},
    };
    static_assert(ARRAY_LENGTH(next) == ESCALATION_STATE_COUNT, "a row for every state");
    for (int from = 0; from < ESCALATION_STATE_COUNT; from++)
        for (int event = 0; event < ESCALATION_EVENT_COUNT; event++)
            for (int held = 0; held < 2; held++) {
                struct story s = in_state((enum escalation_state)from);
                s.in.held = held != 0;
                uint64_t generation = s.e.generation;
                happen(&s, (enum escalation_event)event, 1);
                if ((int)s.e.state != next[from][event])
                    fail_msg("%s, event %d: %s", escalation_state_word((enum escalation_state)from),
                             event, escalation_state_word(s.e.state));
                bool moved = next[from][event] != from || (from == A && event == ESCALATION_ACK);
                assert_int_equal(s.e.generation, generation + moved);
                if (event == ESCALATION_ASK)
                    assert_int_equal(called(&s), from == O ? 0 : MAIL);
                else if (held != 0 || s.e.state != ESCALATION_CALLING)
                    assert_int_equal(called(&s), 0);
                assert_true(s.out.wake.ms > at(1).ms);
                assert_int_equal(count(&s, ESCALATION_STORE) > 0, s.out.count > 0);
            }
}

struct row {
    int64_t minute;
    channel_set set;
};

/* Every minute of a night in which nobody does anything. */
static void night(struct story *s, int64_t from, int64_t to, const struct row *rows, size_t n)
{
    size_t next = 0;
    for (int64_t m = from; m <= to; m++) {
        happen(s, m == 0 && from == 0 ? ESCALATION_BEGIN : ESCALATION_WAKE, m);
        channel_set wanted = next < n && rows[next].minute == m ? rows[next++].set : 0;
        if (called(s) != wanted)
            fail_msg("minute %d: %x called, not %x", (int)m, called(s), wanted);
        assert_false(escalation_overdue(&s->e, at(m)));
    }
    assert_int_equal(next, n);
}

static void test_a_p1_calls_two_levels_at_once_and_the_others_in_their_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, CHAT | PAGER}, {5, CHAT | PAGER}, {30, PAGER}, {120, MAIL}, {240, PHONE}};
    struct story s = fresh(SEVERITY_P1);
    night(&s, 0, 600, rows, ARRAY_LENGTH(rows));
    assert_int_equal(s.out.wake.ms, MONO_NEVER.ms);
}

static void test_a_person_calls_the_next_level_or_one_by_number(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P3); /* which calls no level by itself */
    static const channel_set levels[] = {CHAT, PAGER, MAIL, PHONE, PHONE};
    happen(&s, ESCALATION_BEGIN, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
        happen(&s, ESCALATION_ASK, 1);
        assert_int_equal(called(&s), levels[i]);
        assert_int_equal(s.out.items[0].why, ESCALATION_WHY_ASKED);
    }
    s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    s.in.level = 4;
    happen(&s, ESCALATION_ASK, 1);
    assert_int_equal(called(&s), PHONE);
    happen(&s, ESCALATION_WAKE,
           5); /* the unacknowledged clock goes on, the other has no level left */
    assert_int_equal(called(&s), CHAT | PAGER);
    happen(&s, ESCALATION_WAKE, 600);
    assert_int_equal(called(&s), 0);
    s = in_state(ESCALATION_ACKNOWLEDGED);
    s.in.dead = MAIL;
    happen(&s, ESCALATION_ASK, 1);
    assert_int_equal(called(&s), PHONE);
    assert_int_equal(s.e.state, ESCALATION_ACKNOWLEDGED);
    happen(&s, ESCALATION_WAKE, 2);
    assert_int_equal(called(&s), 0);
}

static void test_a_p2_calls_the_second_level_after_a_quarter_of_an_hour(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, CHAT}, {15, PAGER}, {30, PAGER}, {120, MAIL}, {240, PHONE}};
    struct story s = fresh(SEVERITY_P2);
    night(&s, 0, 600, rows, ARRAY_LENGTH(rows));
}

static void test_what_is_less_severe_calls_nobody(void **state)
{
    (void)state;
    for (int severity = SEVERITY_P4; severity <= SEVERITY_P3; severity++) {
        struct story s = fresh((enum severity)severity);
        night(&s, 0, 600, NULL, 0);
    }
}

static void test_what_recurs_goes_straight_to_level_3(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, CHAT | PAGER | MAIL}, {5, CHAT | PAGER}, {240, PHONE}};
    struct story s = fresh(SEVERITY_P1);
    s.in.recurs = true;
    night(&s, 0, 600, rows, ARRAY_LENGTH(rows));
}

static void test_data_at_risk_and_a_breach_go_straight_to_level_4_once(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P2);
    happen(&s, ESCALATION_BEGIN, 0);
    s.in.data_at_risk = true;
    happen(&s, ESCALATION_RATE, 1);
    assert_int_equal(called(&s), PHONE);
    happen(&s, ESCALATION_RATE, 2);
    assert_int_equal(called(&s), 0);
    s.in.breach = true;
    happen(&s, ESCALATION_RATE, 3);
    assert_int_equal(called(&s), PHONE);
    happen(&s, ESCALATION_WAKE, 15);
    assert_int_equal(called(&s), PAGER);
    night(&s, 16, 600, NULL, 0); /* level 4 knows: the unresolved clock has nobody left */
}

static void test_what_gets_worse_calls_both_levels(void **state)
{
    (void)state;
    static const struct row rows[] = {{9, CHAT | PAGER}, {34, PAGER}, {124, MAIL}, {244, PHONE}};
    struct story s = fresh(SEVERITY_P3);
    happen(&s, ESCALATION_BEGIN, 0);
    assert_int_equal(called(&s), 0);
    s.in.severity = SEVERITY_P1;
    happen(&s, ESCALATION_RATE, 4);
    assert_int_equal(called(&s), CHAT | PAGER);
    night(&s, 5, 600, rows, ARRAY_LENGTH(rows));
}

static void test_a_level_without_contact_is_skipped_and_the_next_one_called(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P2);
    s.policy.levels[0].channels = 0;
    s.in.dead = PAGER;
    happen(&s, ESCALATION_BEGIN, 0);
    assert_int_equal(called(&s), MAIL);
    assert_int_equal(count(&s, ESCALATION_SKIPPED), 2);
    s.in.dead = PAGER | CHAT | MAIL | PHONE;
    happen(&s, ESCALATION_WAKE, 15);
    assert_int_equal(called(&s), 0);
    assert_int_equal(count(&s, ESCALATION_UNREACHED), 1);
    s = fresh(SEVERITY_P1);
    s.policy.count = 0;
    happen(&s, ESCALATION_BEGIN, 0);
    assert_int_equal(count(&s, ESCALATION_UNREACHED), 1);
}

static void test_the_policy_is_the_one_of_the_opening(void **state)
{
    (void)state;
    static const struct row rows[] = {{5, CHAT | PAGER}, {30, PAGER}, {120, MAIL}, {240, PHONE}};
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    s.policy.count = 1;
    s.policy.levels[0].channels = 0;
    night(&s, 1, 600, rows, ARRAY_LENGTH(rows));
}

static void test_an_acknowledgement_stops_both_clocks_and_ends_by_itself(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    uint64_t generation = s.e.generation;
    assert_true(escalation_current(&s.e, generation));
    happen(&s, ESCALATION_ACK, 2);
    assert_false(escalation_current(&s.e, generation));
    for (int64_t m = 2; m < 32; m++) {
        happen(&s, ESCALATION_WAKE, m);
        assert_int_equal(called(&s), 0);
        assert_int_equal(count(&s, ESCALATION_ACK_WARN), m == 27);
        assert_false(escalation_overdue(&s.e, at(m)));
    }
    happen(&s, ESCALATION_WAKE, 32);
    assert_int_equal(count(&s, ESCALATION_ACK_ENDED), 1);
    assert_false(escalation_current(&s.e, generation));
    /* Where they stood: 3 minutes, and 28. */
    static const struct row rows[] = {{35, CHAT | PAGER}, {60, PAGER}, {150, MAIL}, {270, PHONE}};
    night(&s, 33, 600, rows, ARRAY_LENGTH(rows));
}

static void test_an_update_keeps_an_acknowledgement_alive(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P2);
    happen(&s, ESCALATION_BEGIN, 0);
    happen(&s, ESCALATION_ACK, 1);
    for (int64_t m = 2; m < 1000; m++) {
        happen(&s, m % 100 == 0 ? ESCALATION_UPDATE : ESCALATION_WAKE, m);
        assert_int_equal(s.e.state, ESCALATION_ACKNOWLEDGED);
        assert_int_equal(count(&s, ESCALATION_ACK_WARN), 0);
    }
    s.in.severity = SEVERITY_P1; /* worse: it holds for 30 min from now at most */
    happen(&s, ESCALATION_RATE, 1000);
    assert_int_equal(s.e.ack_until.ms, at(1020).ms);
    happen(&s, ESCALATION_UPDATE, 1000);
    assert_int_equal(s.e.ack_until.ms, at(1030).ms);
}

static void test_mitigation_stops_the_calls_until_it_is_bad_again(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    uint64_t generation = s.e.generation;
    happen(&s, ESCALATION_MITIGATED, 1);
    assert_false(escalation_current(&s.e, generation));
    night(&s, 2, 600, NULL, 0);
    happen(&s, ESCALATION_BAD_AGAIN, 601);
    static const struct row rows[] = {{605, CHAT | PAGER}, {630, PAGER}};
    night(&s, 602, 700, rows, ARRAY_LENGTH(rows));
}

static void test_an_acknowledgement_that_ends_while_mitigated_calls_nobody(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    happen(&s, ESCALATION_ACK, 1);
    happen(&s, ESCALATION_MITIGATED, 2);
    for (int64_t m = 3; m < 300; m++) {
        happen(&s, ESCALATION_WAKE, m);
        assert_int_equal(called(&s), 0);
    }
    assert_int_equal(s.e.state, ESCALATION_PAUSED);
    happen(&s, ESCALATION_ACK, 301);
    assert_true(s.e.mitigated);
    happen(&s, ESCALATION_BAD_AGAIN, 302);
    assert_int_equal(s.e.state, ESCALATION_ACKNOWLEDGED);
    assert_false(s.e.mitigated);
}

static void test_a_window_stops_the_clocks_and_loses_no_call(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P1);
    s.in.held = true;
    happen(&s, ESCALATION_BEGIN, 0);
    night(&s, 1, 100, NULL, 0);
    s.in.held = false;
    happen(&s, ESCALATION_WAKE, 101);
    assert_int_equal(called(&s), CHAT | PAGER);
    s.in.held = true;
    happen(&s, ESCALATION_WAKE, 103);
    night(&s, 104, 200, NULL, 0);
    s.in.held = false;
    happen(&s, ESCALATION_WAKE, 200);
    static const struct row rows[] = {{203, CHAT | PAGER}, {228, PAGER}, {318, MAIL}};
    night(&s, 201, 400, rows, ARRAY_LENGTH(rows));
}

static void test_unanswered_reminders_call_one_level_up(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    happen(&s, ESCALATION_UP, 1);
    assert_int_equal(called(&s), MAIL);
    happen(&s, ESCALATION_UP, 2);
    assert_int_equal(called(&s), PHONE);
    happen(&s, ESCALATION_UP, 3);
    assert_int_equal(called(&s), PHONE);
    happen(&s, ESCALATION_ACK, 4);
    happen(&s, ESCALATION_UP, 4);
    assert_int_equal(called(&s), 0);
}

static void test_a_late_step_is_noticed(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    assert_false(escalation_overdue(&s.e, at(10)));
    assert_true(escalation_overdue(&s.e, (mono_ms){at(10).ms + 1}));
    s.in.held = true;
    happen(&s, ESCALATION_WAKE, 1);
    assert_false(escalation_overdue(&s.e, at(1000)));
}

static void test_steps_survive_a_kill_and_a_clock_that_was_set(void **state)
{
    (void)state;
    static const int64_t moved[] = {0, -3600000, 3 * 86400000LL};
    for (size_t i = 0; i < ARRAY_LENGTH(moved); i++) {
        struct story s = fresh(SEVERITY_P1);
        happen(&s, ESCALATION_BEGIN, 0);
        struct now now = {at(1), at(1), {1700000000000 + 60000}};
        struct escalation_saved saved;
        escalation_save(&s.e, now, &saved);
        struct now then = {{-5000000}, {0}, {1700000000000 + 180000 + moved[i]}};
        escalation_load(&s.e, &saved, then); /* another boot */
        int64_t left = mono_since(s.e.unacked_due, then.mono);
        assert_in_range(left, 0, ESCALATION_AGAIN_MS);
        if (moved[i] == 0)
            assert_int_equal(left, 120000);
        assert_in_range(mono_since(s.e.unresolved_due, then.mono), 0, 1800000);
        assert_int_equal(s.e.next_at.ms, s.e.unacked_due.ms);
    }
    struct story s = fresh(SEVERITY_P1);
    happen(&s, ESCALATION_BEGIN, 0);
    happen(&s, ESCALATION_ACK, 1);
    struct now now = {at(1), at(1), {1700000000000}};
    struct escalation_saved saved;
    escalation_save(&s.e, now, &saved);
    now.wall.ms -= 86400000;
    escalation_load(&s.e, &saved, now);
    assert_int_equal(mono_since(s.e.ack_until, now.mono), ESCALATION_ACK_P1_MS);
    assert_int_equal(s.e.unacked_left, 240000);
}

static void test_a_reload_moves_the_channels_of_a_policy_that_was_copied(void **state)
{
    (void)state;
    struct story s = fresh(SEVERITY_P2);
    happen(&s, ESCALATION_BEGIN, 0);
    int8_t to[ROUTE_CHANNELS_MAX];
    for (int i = 0; i < ROUTE_CHANNELS_MAX; i++)
        to[i] = (int8_t)(i + 4 < ROUTE_CHANNELS_MAX ? i + 4 : -1);
    escalation_channels_moved(&s.e, to);
    happen(&s, ESCALATION_WAKE, 15);
    assert_int_equal(called(&s), PAGER << 4);
}

static void test_what_an_incident_does_moves_its_escalation(void **state)
{
    (void)state;
    static const struct {
        enum incident_effect_kind kind;
        enum incident_status status;
        enum escalation_state in;
        int event; /* -1: none */
    } rows[] = {
        {INCIDENT_OPENED, INCIDENT_INVESTIGATING, ESCALATION_OFF, ESCALATION_BEGIN},
        {INCIDENT_REOPENED, INCIDENT_INVESTIGATING, ESCALATION_OFF, ESCALATION_BEGIN},
        {INCIDENT_REOPENED, INCIDENT_INVESTIGATING, ESCALATION_PAUSED, ESCALATION_BAD_AGAIN},
        {INCIDENT_REOPENED, INCIDENT_INVESTIGATING, ESCALATION_ACKNOWLEDGED, ESCALATION_BAD_AGAIN},
        {INCIDENT_STATUS, INCIDENT_MITIGATED, ESCALATION_CALLING, ESCALATION_MITIGATED},
        {INCIDENT_STATUS, INCIDENT_RESOLVED, ESCALATION_CALLING, ESCALATION_END},
        {INCIDENT_STATUS, INCIDENT_CLOSED, ESCALATION_OFF, ESCALATION_END},
        {INCIDENT_RATED, INCIDENT_INVESTIGATING, ESCALATION_CALLING, ESCALATION_RATE},
        {INCIDENT_COMMAND, INCIDENT_INVESTIGATING, ESCALATION_CALLING, -1},
        {INCIDENT_UPDATED, INCIDENT_INVESTIGATING, ESCALATION_CALLING, ESCALATION_UPDATE},
        {INCIDENT_REMINDER, INCIDENT_INVESTIGATING, ESCALATION_CALLING, -1},
        {INCIDENT_UNANSWERED, INCIDENT_INVESTIGATING, ESCALATION_CALLING, ESCALATION_UP},
        {INCIDENT_ASK_OVER, INCIDENT_MITIGATED, ESCALATION_PAUSED, -1},
        {INCIDENT_RESOLUTION, INCIDENT_RESOLVED, ESCALATION_OFF, -1},
        {INCIDENT_ANOTHER, INCIDENT_RESOLVED, ESCALATION_OFF, -1},
        {INCIDENT_REFUSED, INCIDENT_RESOLVED, ESCALATION_OFF, -1},
        {INCIDENT_STORE, INCIDENT_RESOLVED, ESCALATION_OFF, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct incident_effect effect = {.kind = rows[i].kind, .status = rows[i].status};
        enum escalation_event event;
        bool any = escalation_event_of(&effect, rows[i].in, &event);
        if (any != (rows[i].event >= 0) || (any && (int)event != rows[i].event))
            fail_msg("row %zu", i);
    }
}

static void test_words(void **state)
{
    (void)state;
    for (int i = 0; i < ESCALATION_STATE_COUNT; i++)
        assert_true(escalation_state_word((enum escalation_state)i)[0] != '\0');
    for (int i = 0; i < ESCALATION_WHY_COUNT; i++)
        assert_true(escalation_why_word((enum escalation_why)i)[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_is_as_written_here),
        cmocka_unit_test(test_a_p1_calls_two_levels_at_once_and_the_others_in_their_time),
        cmocka_unit_test(test_a_person_calls_the_next_level_or_one_by_number),
        cmocka_unit_test(test_a_p2_calls_the_second_level_after_a_quarter_of_an_hour),
        cmocka_unit_test(test_what_is_less_severe_calls_nobody),
        cmocka_unit_test(test_what_recurs_goes_straight_to_level_3),
        cmocka_unit_test(test_data_at_risk_and_a_breach_go_straight_to_level_4_once),
        cmocka_unit_test(test_what_gets_worse_calls_both_levels),
        cmocka_unit_test(test_a_level_without_contact_is_skipped_and_the_next_one_called),
        cmocka_unit_test(test_the_policy_is_the_one_of_the_opening),
        cmocka_unit_test(test_an_acknowledgement_stops_both_clocks_and_ends_by_itself),
        cmocka_unit_test(test_an_update_keeps_an_acknowledgement_alive),
        cmocka_unit_test(test_mitigation_stops_the_calls_until_it_is_bad_again),
        cmocka_unit_test(test_an_acknowledgement_that_ends_while_mitigated_calls_nobody),
        cmocka_unit_test(test_a_window_stops_the_clocks_and_loses_no_call),
        cmocka_unit_test(test_unanswered_reminders_call_one_level_up),
        cmocka_unit_test(test_a_late_step_is_noticed),
        cmocka_unit_test(test_steps_survive_a_kill_and_a_clock_that_was_set),
        cmocka_unit_test(test_a_reload_moves_the_channels_of_a_policy_that_was_copied),
        cmocka_unit_test(test_what_an_incident_does_moves_its_escalation),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
