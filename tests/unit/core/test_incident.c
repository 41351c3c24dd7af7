/* The machine of an incident: every cell, and what its header promises. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/incident.h"

static struct now at(int64_t minutes)
{
    return (struct now){
        {1000 + minutes * 60000}, {1000 + minutes * 60000}, {1700000000000 + minutes * 60000}};
}

struct story {
    struct incident i;
    struct incident_input in;
    struct incident_effects out;
};

static void happen(struct story *s, enum incident_event event, int64_t minutes)
{
    s->in.event = event;
    incident_step(&s->i, &s->in, at(minutes), &s->out);
}

static void alerts(struct story *s, enum severity worst, int64_t minutes)
{
    s->in.severity = worst;
    happen(s, INCIDENT_ALERTS, minutes);
}

static int count(const struct story *s, enum incident_effect_kind kind)
{
    int n = 0;
    for (size_t k = 0; k < s->out.count; k++)
        n += s->out.items[k].kind == kind;
    return n;
}

static enum incident_refusal refusal(const struct story *s)
{
    assert_int_equal(s->out.count, 1);
    assert_int_equal(s->out.items[0].kind, INCIDENT_REFUSED);
    assert_true(incident_refusal_text(s->out.items[0].refusal)[0] != '\0');
    return s->out.items[0].refusal;
}

static struct story fresh(void)
{
    struct story s = {.in = {.severity = SEVERITY_P1}};
    incident_init(&s.i);
    return s;
}

static struct story opened(enum severity severity)
{
    struct story s = fresh();
    alerts(&s, severity, 0);
    assert_int_equal(count(&s, INCIDENT_OPENED), 1);
    return s;
}

static struct story in_status(enum incident_status status)
{
    struct story s = status == INCIDENT_NONE ? fresh() : opened(SEVERITY_P1);
    if (status >= INCIDENT_MITIGATED)
        alerts(&s, SEVERITY_NONE, 0);
    if (status >= INCIDENT_RESOLVED)
        happen(&s, INCIDENT_RESOLVE, 0);
    if (status == INCIDENT_CLOSED) {
        s.in.postmortem = POSTMORTEM_KEPT;
        happen(&s, INCIDENT_CLOSE, 0);
    }
    assert_int_equal(s.i.status, status);
    return s;
}

static void test_every_cell_is_as_written_here(void **state)
{
    (void)state;
    enum {
        N = INCIDENT_NONE,
        I = INCIDENT_INVESTIGATING,
        M = INCIDENT_MITIGATED,
        R = INCIDENT_RESOLVED,
        C = INCIDENT_CLOSED
    };
    /* A P1 alert or a P1 by hand, a person, a post-mortem, a minute later. */
    static const int next[][INCIDENT_EVENT_COUNT] = {
        /* ALERTS, WAKE, OPEN, TAKE, UPDATE, SEVERITY, MITIGATE, RESOLVE, CLOSE */
        [N] = {I, N, I, N, N, N, N, N, N}, [I] = {I, I, I, I, I, I, M, I, I},
        [M] = {I, M, M, M, M, M, M, R, M}, [R] = {I, R, R, R, R, R, R, R, C},
        [C] = {C, C, C, C, C, C, C, C, C},
    };
    static const int refused[][INCIDENT_EVENT_COUNT] = {
        [N] = {0, 0, 0, INCIDENT_REFUSE_NOT_OPEN, INCIDENT_REFUSE_NOT_OPEN,
               INCIDENT_REFUSE_NOT_OPEN, INCIDENT_REFUSE_NOT_OPEN, INCIDENT_REFUSE_NOT_OPEN,
               INCIDENT_REFUSE_NOT_OPEN},
        [I] = {0, 0, INCIDENT_REFUSE_OPEN, 0, 0, 0, 0, INCIDENT_REFUSE_BAD, INCIDENT_REFUSE_OPEN},
        [M] = {0, 0, INCIDENT_REFUSE_OPEN, 0, 0, 0, 0, 0, INCIDENT_REFUSE_OPEN},
        [R] = {0, 0, 0, 0, INCIDENT_REFUSE_NOT_OPEN, INCIDENT_REFUSE_NOT_OPEN,
               INCIDENT_REFUSE_NOT_OPEN, 0, 0},
        [C] = {0, 0, 0, INCIDENT_REFUSE_CLOSED, INCIDENT_REFUSE_CLOSED, INCIDENT_REFUSE_CLOSED,
               INCIDENT_REFUSE_CLOSED, INCIDENT_REFUSE_CLOSED, INCIDENT_REFUSE_CLOSED},
    };
    static_assert(ARRAY_LENGTH(next) == INCIDENT_STATUS_COUNT, "a row for every status");
    static_assert(ARRAY_LENGTH(refused) == INCIDENT_STATUS_COUNT, "a row for every status");
    for (int from = 0; from < INCIDENT_STATUS_COUNT; from++)
        for (int event = 0; event < INCIDENT_EVENT_COUNT; event++) {
            struct story s = in_status((enum incident_status)from);
            s.in = (struct incident_input){
                .severity = SEVERITY_P1, .person = "alice", .postmortem = POSTMORTEM_WAIVED};
            happen(&s, (enum incident_event)event, 1);
            if ((int)s.i.status != next[from][event])
                fail_msg("%s, event %d: %s", incident_status_word((enum incident_status)from),
                         event, incident_status_word(s.i.status));
            if (refused[from][event] != 0)
                assert_int_equal(refusal(&s), refused[from][event]);
            else
                assert_int_equal(count(&s, INCIDENT_REFUSED), 0);
            bool over = from >= INCIDENT_RESOLVED && event == INCIDENT_OPEN;
            over = over || (from == INCIDENT_CLOSED && event == INCIDENT_ALERTS);
            assert_int_equal(count(&s, INCIDENT_ANOTHER), over);
        }
}

static void test_severity_rises_by_itself_and_falls_when_mitigated(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P3);
    alerts(&s, SEVERITY_P1, 1);
    assert_int_equal(s.i.severity, SEVERITY_P1);
    assert_int_equal(count(&s, INCIDENT_RATED), 1);
    alerts(&s, SEVERITY_P3, 2);
    assert_int_equal(s.i.status, INCIDENT_MITIGATED);
    assert_int_equal(s.i.severity, SEVERITY_P3);
    assert_int_equal(s.i.worst, SEVERITY_P1);
    alerts(&s, SEVERITY_P1, 3);
    assert_int_equal(s.i.status, INCIDENT_INVESTIGATING);
    assert_int_equal(s.i.severity, SEVERITY_P1);
}

static void test_a_severity_set_by_hand_stays_until_something_gets_worse(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P2);
    s.in.severity = SEVERITY_P4;
    happen(&s, INCIDENT_SEVERITY, 1);
    alerts(&s, SEVERITY_P2, 2);
    assert_int_equal(s.i.severity, SEVERITY_P4);
    alerts(&s, SEVERITY_P1, 3);
    assert_int_equal(s.i.severity, SEVERITY_P1);
}

static void test_it_is_resolved_when_it_was_stable_for_a_quarter_of_an_hour(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P1);
    alerts(&s, SEVERITY_NONE, 1);
    happen(&s, INCIDENT_WAKE, 15);
    assert_int_equal(s.i.status, INCIDENT_MITIGATED);
    happen(&s, INCIDENT_WAKE, 16);
    assert_int_equal(s.i.status, INCIDENT_RESOLVED);
    assert_int_equal(count(&s, INCIDENT_RESOLUTION), 1);
    happen(&s, INCIDENT_WAKE, 16 + 24 * 60);
    assert_int_equal(s.i.status, INCIDENT_CLOSED);
    assert_int_equal(s.out.wake.ms, MONO_NEVER.ms);
}

static void test_it_is_not_stable_while_anything_is_left(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P1);
    alerts(&s, SEVERITY_P3, 1);
    happen(&s, INCIDENT_WAKE, 600);
    assert_int_equal(s.i.status, INCIDENT_MITIGATED);
    alerts(&s, SEVERITY_NONE, 601);
    happen(&s, INCIDENT_WAKE, 615);
    assert_int_equal(s.i.status, INCIDENT_MITIGATED);
    happen(&s, INCIDENT_WAKE, 616);
    assert_int_equal(s.i.status, INCIDENT_RESOLVED);
}

static void test_where_a_person_took_command_only_people_end_it(void **state)
{
    (void)state;
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        struct story s = by_hand ? fresh() : opened(SEVERITY_P1);
        s.in.person = "alice";
        s.in.severity = SEVERITY_P1;
        happen(&s, by_hand ? INCIDENT_OPEN : INCIDENT_TAKE, 1);
        assert_int_equal(count(&s, by_hand ? INCIDENT_OPENED : INCIDENT_COMMAND), 1);
        if (by_hand)
            happen(&s, INCIDENT_MITIGATE, 2);
        else
            alerts(&s, SEVERITY_NONE, 2);
        assert_int_equal(s.i.status, INCIDENT_MITIGATED);
        int asked = 0;
        for (int64_t m = 3; m < 5 * 24 * 60; m++) {
            happen(&s, INCIDENT_WAKE, m);
            asked += count(&s, INCIDENT_ASK_OVER);
        }
        assert_int_equal(s.i.status, INCIDENT_MITIGATED);
        assert_int_equal(asked, 4);
        happen(&s, INCIDENT_RESOLVE, 8000);
        happen(&s, INCIDENT_WAKE, 80000);
        assert_int_equal(s.i.status, INCIDENT_RESOLVED);
        s.in.postmortem = POSTMORTEM_NONE;
        happen(&s, INCIDENT_CLOSE, 80001);
        assert_int_equal(refusal(&s), INCIDENT_REFUSE_POSTMORTEM);
        s.in.postmortem = POSTMORTEM_KEPT;
        happen(&s, INCIDENT_CLOSE, 80002);
        assert_int_equal(s.i.status, INCIDENT_CLOSED);
        assert_int_equal(s.i.postmortem, POSTMORTEM_KEPT);
    }
}

static void test_command_is_handed_over_and_never_to_nobody(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P1);
    s.in.person = "alice";
    happen(&s, INCIDENT_TAKE, 1);
    happen(&s, INCIDENT_TAKE, 2);
    assert_int_equal(s.out.count, 0); /* she has it already */
    s.in.person = "bob";
    happen(&s, INCIDENT_TAKE, 3);
    assert_int_equal(count(&s, INCIDENT_COMMAND), 1);
    assert_string_equal(s.i.commander, "bob");
    s.in.person = "";
    happen(&s, INCIDENT_TAKE, 4);
    assert_int_equal(refusal(&s), INCIDENT_REFUSE_VALUE);
    s.in.person = NULL;
    happen(&s, INCIDENT_TAKE, 4);
    assert_int_equal(refusal(&s), INCIDENT_REFUSE_VALUE);
    assert_string_equal(s.i.commander, "bob");
}

static void test_within_half_an_hour_it_is_the_same_incident(void **state)
{
    (void)state;
    struct story s = in_status(INCIDENT_RESOLVED);
    alerts(&s, SEVERITY_P2, 29);
    assert_int_equal(s.i.status, INCIDENT_INVESTIGATING);
    assert_int_equal(s.i.severity, SEVERITY_P2);
    assert_int_equal(count(&s, INCIDENT_REOPENED), 1);
    assert_int_equal(s.i.update_due.ms, at(59).mono.ms);
    s = in_status(INCIDENT_RESOLVED);
    alerts(&s, SEVERITY_P2, 30);
    assert_int_equal(s.i.status, INCIDENT_RESOLVED);
    assert_int_equal(count(&s, INCIDENT_ANOTHER), 1);
    assert_int_equal(count(&s, INCIDENT_STORE), 0);
}

static void test_reminders_come_three_times_and_then_the_next_level_is_called(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P1);
    assert_int_equal(s.out.wake.ms, at(15).mono.ms);
    static const struct {
        int64_t minute;
        enum incident_effect_kind kind;
    } wanted[] = {
        {15, INCIDENT_REMINDER},   {20, INCIDENT_REMINDER}, {25, INCIDENT_REMINDER},
        {30, INCIDENT_UNANSWERED}, {45, INCIDENT_REMINDER},
    };
    size_t next = 0;
    for (int64_t m = 1; m <= 45; m++) {
        happen(&s, INCIDENT_WAKE, m);
        bool due = next < ARRAY_LENGTH(wanted) && m == wanted[next].minute;
        assert_int_equal(s.out.count, due ? 2 : 0);
        if (due)
            assert_int_equal(count(&s, wanted[next++].kind), 1);
    }
    assert_int_equal(next, ARRAY_LENGTH(wanted));
}

static void test_an_update_puts_the_next_one_off(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P2);
    assert_int_equal(s.out.wake.ms, at(30).mono.ms);
    happen(&s, INCIDENT_WAKE, 30);
    happen(&s, INCIDENT_UPDATE, 31);
    assert_int_equal(count(&s, INCIDENT_UPDATED), 1);
    assert_int_equal(s.i.reminders, 0);
    assert_int_equal(s.out.wake.ms, at(61).mono.ms);
    s.in.next_ms = 5 * 60000;
    happen(&s, INCIDENT_UPDATE, 32);
    assert_int_equal(s.out.wake.ms, at(37).mono.ms);
    s.in.next_ms = INCIDENT_UPDATE_MOST_MS + 1;
    happen(&s, INCIDENT_UPDATE, 33);
    assert_int_equal(refusal(&s), INCIDENT_REFUSE_VALUE);
    s.in.next_ms = -1;
    happen(&s, INCIDENT_UPDATE, 33);
    assert_int_equal(refusal(&s), INCIDENT_REFUSE_VALUE);
}

static void test_a_long_sleep_is_one_reminder(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P1);
    happen(&s, INCIDENT_WAKE, 3 * 24 * 60);
    assert_int_equal(count(&s, INCIDENT_REMINDER), 1);
    assert_int_equal(count(&s, INCIDENT_UNANSWERED), 0);
    assert_int_equal(s.out.wake.ms, at(3 * 24 * 60 + 5).mono.ms);
}

static void test_a_window_holds_reminders(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P1);
    s.in.held = true;
    happen(&s, INCIDENT_WAKE, 60);
    assert_int_equal(s.out.count, 0);
    assert_int_equal(s.out.wake.ms, MONO_NEVER.ms);
    s.in.held = false;
    happen(&s, INCIDENT_WAKE, 61);
    assert_int_equal(count(&s, INCIDENT_REMINDER), 1);
}

static void test_targets_are_those_of_the_severity(void **state)
{
    (void)state;
    static const struct {
        enum severity severity;
        int64_t respond_min, solve_hours;
    } rows[] = {{SEVERITY_NONE, 0, 0},
                {SEVERITY_P4, 0, 168},
                {SEVERITY_P3, 60, 24},
                {SEVERITY_P2, 15, 4},
                {SEVERITY_P1, 5, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(incident_respond_within_ms(rows[i].severity), rows[i].respond_min * 60000);
        assert_int_equal(incident_solve_within_ms(rows[i].severity), rows[i].solve_hours * 3600000);
    }
}

static void test_less_severe_incidents_owe_no_updates(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P3);
    assert_int_equal(s.out.wake.ms, MONO_NEVER.ms);
    s.in.severity = SEVERITY_P1;
    happen(&s, INCIDENT_SEVERITY, 5);
    assert_int_equal(s.out.wake.ms, at(20).mono.ms);
    s.in.severity = SEVERITY_P4;
    happen(&s, INCIDENT_SEVERITY, 6);
    assert_int_equal(s.out.wake.ms, MONO_NEVER.ms);
}

static void test_waits_survive_a_kill_and_a_clock_that_was_set(void **state)
{
    (void)state;
    static const int64_t moved[] = {0, -3600000, 3 * 86400000};
    for (size_t m = 0; m < ARRAY_LENGTH(moved); m++) {
        struct story s = opened(SEVERITY_P1);
        struct incident_saved saved;
        incident_save(&s.i, at(5), &saved);
        struct now now = at(10);
        now.wall.ms += moved[m];
        incident_load(&s.i, &saved, now);
        assert_in_range(s.i.update_due.ms, now.mono.ms, at(25).mono.ms);
        if (moved[m] == 0)
            assert_int_equal(s.i.update_due.ms, at(15).mono.ms);
        happen(&s, INCIDENT_WAKE, 25);
        assert_int_equal(count(&s, INCIDENT_REMINDER), 1);
        alerts(&s, SEVERITY_NONE, 26);
        incident_save(&s.i, at(27), &saved);
        now = at(30);
        now.wall.ms += moved[m];
        incident_load(&s.i, &saved, now);
        happen(&s, INCIDENT_WAKE, 45);
        assert_int_equal(s.i.status, INCIDENT_RESOLVED);
    }
}

/* Seed 60074 of alertsim. */
static void test_a_clock_that_was_set_back_does_not_bring_back_the_longer_wait(void **state)
{
    (void)state;
    struct story s = opened(SEVERITY_P2);
    alerts(&s, SEVERITY_P1, 20); /* the update is due at 30 still, and then every 15 min */
    assert_int_equal(s.i.update_due.ms, at(30).mono.ms);
    struct incident_saved saved;
    incident_save(&s.i, at(21), &saved);
    struct now now = at(22);
    now.wall.ms -= 3600000;
    incident_load(&s.i, &saved, now);
    assert_int_equal(s.i.update_due.ms, at(37).mono.ms);
}

static void test_words_are_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < INCIDENT_STATUS_COUNT; i++)
        assert_int_equal(incident_status_by_word(incident_status_word((enum incident_status)i)), i);
    assert_int_equal(incident_status_by_word("nonsense"), INCIDENT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_is_as_written_here),
        cmocka_unit_test(test_severity_rises_by_itself_and_falls_when_mitigated),
        cmocka_unit_test(test_a_severity_set_by_hand_stays_until_something_gets_worse),
        cmocka_unit_test(test_it_is_resolved_when_it_was_stable_for_a_quarter_of_an_hour),
        cmocka_unit_test(test_it_is_not_stable_while_anything_is_left),
        cmocka_unit_test(test_where_a_person_took_command_only_people_end_it),
        cmocka_unit_test(test_command_is_handed_over_and_never_to_nobody),
        cmocka_unit_test(test_within_half_an_hour_it_is_the_same_incident),
        cmocka_unit_test(test_reminders_come_three_times_and_then_the_next_level_is_called),
        cmocka_unit_test(test_an_update_puts_the_next_one_off),
        cmocka_unit_test(test_a_long_sleep_is_one_reminder),
        cmocka_unit_test(test_a_window_holds_reminders),
        cmocka_unit_test(test_targets_are_those_of_the_severity),
        cmocka_unit_test(test_less_severe_incidents_owe_no_updates),
        cmocka_unit_test(test_waits_survive_a_kill_and_a_clock_that_was_set),
        cmocka_unit_test(test_a_clock_that_was_set_back_does_not_bring_back_the_longer_wait),
        cmocka_unit_test(test_words_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
