/* The rotation of an SSH key: every cell of the table, and every order of events that a run, a
 * failure or a kill can make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/key_rotation.h"

/* One row a phase, one column an event in the order of the enum: what happens, as next phase and
 * act. Written out so that a change of the table is a change here too. */
static const struct key_step expected[KEY_PHASE_COUNT][KEY_EVENT_COUNT] = {
    /* BEGIN, CONTINUE, DUE, DONE, FAILED, OLD_ACCEPTED, FOUND_NOTHING, FOUND_NEW, FOUND_OLD */
    {{KEY_MAKING, KEY_MAKE},
     {KEY_IDLE, KEY_REFUSE_NOTHING},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_SWITCHED, KEY_NO_ACT}},
    {{KEY_MAKING, KEY_REFUSE_BUSY},
     {KEY_MAKING, KEY_REFUSE_BUSY},
     {KEY_MAKING, KEY_NO_ACT},
     {KEY_MADE, KEY_SHOW_LINE},
     {KEY_IDLE, KEY_KEEP_OLD},
     {KEY_MAKING, KEY_NO_ACT},
     {KEY_MAKING, KEY_NO_ACT},
     {KEY_MAKING, KEY_NO_ACT},
     {KEY_MAKING, KEY_NO_ACT}},
    {{KEY_MADE, KEY_SHOW_LINE},
     {KEY_PROVING, KEY_PROVE},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_SWITCHED, KEY_NO_ACT}},
    {{KEY_PROVING, KEY_REFUSE_BUSY},
     {KEY_PROVING, KEY_REFUSE_BUSY},
     {KEY_PROVING, KEY_NO_ACT},
     {KEY_SWITCHING, KEY_SWITCH},
     {KEY_MADE, KEY_KEEP_OLD},
     {KEY_PROVING, KEY_NO_ACT},
     {KEY_PROVING, KEY_NO_ACT},
     {KEY_PROVING, KEY_NO_ACT},
     {KEY_PROVING, KEY_NO_ACT}},
    {{KEY_SWITCHING, KEY_REFUSE_BUSY},
     {KEY_SWITCHING, KEY_REFUSE_BUSY},
     {KEY_SWITCHING, KEY_NO_ACT},
     {KEY_SWITCHED, KEY_REMIND},
     {KEY_MADE, KEY_KEEP_OLD},
     {KEY_SWITCHING, KEY_NO_ACT},
     {KEY_SWITCHING, KEY_NO_ACT},
     {KEY_SWITCHING, KEY_NO_ACT},
     {KEY_SWITCHING, KEY_NO_ACT}},
    {{KEY_SWITCHED, KEY_REFUSE_KEPT},
     {KEY_SWITCHED, KEY_REMIND},
     {KEY_ASKING, KEY_ASK_OLD},
     {KEY_SWITCHED, KEY_NO_ACT},
     {KEY_SWITCHED, KEY_NO_ACT},
     {KEY_SWITCHED, KEY_NO_ACT},
     {KEY_IDLE, KEY_NO_ACT},
     {KEY_MADE, KEY_NO_ACT},
     {KEY_SWITCHED, KEY_NO_ACT}},
    {{KEY_ASKING, KEY_REFUSE_BUSY},
     {KEY_ASKING, KEY_REFUSE_BUSY},
     {KEY_ASKING, KEY_NO_ACT},
     {KEY_REMOVING, KEY_REMOVE_OLD},
     {KEY_SWITCHED, KEY_ASK_LATER},
     {KEY_SWITCHED, KEY_WARN},
     {KEY_ASKING, KEY_NO_ACT},
     {KEY_ASKING, KEY_NO_ACT},
     {KEY_ASKING, KEY_NO_ACT}},
    {{KEY_REMOVING, KEY_REFUSE_BUSY},
     {KEY_REMOVING, KEY_REFUSE_BUSY},
     {KEY_REMOVING, KEY_NO_ACT},
     {KEY_IDLE, KEY_TELL_END},
     {KEY_SWITCHED, KEY_ASK_LATER},
     {KEY_REMOVING, KEY_NO_ACT},
     {KEY_REMOVING, KEY_NO_ACT},
     {KEY_REMOVING, KEY_NO_ACT},
     {KEY_REMOVING, KEY_NO_ACT}},
};

static void test_every_cell_is_as_written_here(void **state)
{
    (void)state;
    for (int phase = 0; phase < KEY_PHASE_COUNT; phase++)
        for (int event = 0; event < KEY_EVENT_COUNT; event++) {
            struct key_step is = key_rotation_step((enum key_phase)phase, (enum key_event)event);
            struct key_step wanted = expected[phase][event];
            if (is.next != wanted.next || is.act != wanted.act)
                fail_msg("%s, event %d: %s act %d, not %s act %d",
                         key_phase_word((enum key_phase)phase), event, key_phase_word(is.next),
                         (int)is.act, key_phase_word(wanted.next), (int)wanted.act);
        }
}

static void test_an_act_under_way_is_ended_by_its_own_end_alone(void **state)
{
    (void)state;
    for (int p = 0; p < KEY_PHASE_COUNT; p++)
        for (int e = 0; e < KEY_EVENT_COUNT; e++) {
            enum key_phase phase = (enum key_phase)p;
            bool ends = e == KEY_DONE || e == KEY_FAILED || e == KEY_OLD_ACCEPTED;
            if (key_rotation_busy(phase) && !ends)
                assert_int_equal(key_rotation_step(phase, (enum key_event)e).next, phase);
        }
}

static void test_every_order_of_a_person_has_an_answer(void **state)
{
    (void)state;
    for (int p = 0; p < KEY_PHASE_COUNT; p++) {
        assert_int_not_equal(key_rotation_step((enum key_phase)p, KEY_BEGIN).act, KEY_NO_ACT);
        assert_int_not_equal(key_rotation_step((enum key_phase)p, KEY_CONTINUE).act, KEY_NO_ACT);
    }
}

static void test_every_end_of_an_act_has_a_sequel(void **state)
{
    (void)state;
    for (int p = 0; p < KEY_PHASE_COUNT; p++) {
        if (!key_rotation_busy((enum key_phase)p))
            continue;
        assert_int_not_equal(key_rotation_step((enum key_phase)p, KEY_DONE).act, KEY_NO_ACT);
        assert_int_not_equal(key_rotation_step((enum key_phase)p, KEY_FAILED).act, KEY_NO_ACT);
    }
    assert_int_not_equal(key_rotation_step(KEY_ASKING, KEY_OLD_ACCEPTED).act, KEY_NO_ACT);
}

static void test_only_a_proof_leads_to_the_switch_and_only_a_refusal_to_the_removal(void **state)
{
    (void)state;
    for (int p = 0; p < KEY_PHASE_COUNT; p++)
        for (int e = 0; e < KEY_EVENT_COUNT; e++) {
            struct key_step s = key_rotation_step((enum key_phase)p, (enum key_event)e);
            assert_int_equal(s.act == KEY_SWITCH, p == KEY_PROVING && e == KEY_DONE);
            assert_int_equal(s.act == KEY_REMOVE_OLD, p == KEY_ASKING && e == KEY_DONE);
            assert_int_equal(s.act == KEY_MAKE, p == KEY_IDLE && e == KEY_BEGIN);
        }
}

/* The disk as the steps change it, and a kill before each of them. */
struct disk {
    enum key_phase recorded;
    bool fresh;    /* FILE.new is whole */
    bool kept;     /* FILE.old-DATE is there */
    bool is_fresh; /* FILE is the new key; else it is the old one: it is always one of them */
};

enum { STEPS = 11 };

static void step_disk(struct disk *d, int step)
{
    switch (step) {
    case 0:
        d->recorded = KEY_MAKING;
        break;
    case 1: /* FILE.new.part is written: nothing that counts */
        break;
    case 2:
        d->fresh = true;
        break;
    case 3:
        d->recorded = KEY_MADE;
        break;
    case 4:
        d->recorded = KEY_SWITCHING;
        break;
    case 5: /* the old key gets its second name, which is the same file still */
        d->kept = true;
        break;
    case 6:
        d->fresh = false;
        d->is_fresh = true;
        break;
    case 7: /* FILE.pub */
        break;
    case 8:
        d->recorded = KEY_SWITCHED;
        break;
    case 9:
        d->kept = false;
        break;
    default:
        d->recorded = KEY_IDLE;
    }
}

static void test_a_kill_before_any_step_leaves_what_the_files_say(void **state)
{
    (void)state;
    static const enum key_phase wanted[STEPS + 1] = {
        KEY_IDLE, KEY_IDLE,     KEY_IDLE,     KEY_MADE,     KEY_MADE, KEY_MADE,
        KEY_MADE, KEY_SWITCHED, KEY_SWITCHED, KEY_SWITCHED, KEY_IDLE, KEY_IDLE};
    for (int killed = 0; killed <= STEPS; killed++) {
        struct disk d = {0};
        for (int i = 0; i < killed; i++)
            step_disk(&d, i);
        /* The second name of the key in use is no key that is kept. */
        enum key_event found = key_rotation_found(d.recorded, d.fresh, d.kept && d.is_fresh);
        enum key_phase phase = key_rotation_step(KEY_IDLE, found).next;
        if (phase != wanted[killed])
            fail_msg("killed before step %d: %s, not %s", killed, key_phase_word(phase),
                     key_phase_word(wanted[killed]));
        assert_int_equal(d.is_fresh, killed > 6);
    }
}

static void test_what_a_person_took_away_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(key_rotation_found(KEY_MADE, false, false), KEY_FOUND_NOTHING);
    assert_int_equal(key_rotation_found(KEY_SWITCHED, false, false), KEY_FOUND_NOTHING);
    assert_int_equal(key_rotation_found(KEY_IDLE, true, true), KEY_FOUND_NOTHING);
}

static void test_hosts_are_asked_when_the_time_is_over_and_then_every_hour(void **state)
{
    (void)state;
    const int64_t day = INT64_C(24) * 3600 * 1000;
    wall_ms switched = {1760000000000LL};
    assert_int_equal(key_rotation_due(switched, day, WALL_NONE).ms, switched.ms + day);
    wall_ms asked = {switched.ms + day + 5};
    assert_int_equal(key_rotation_due(switched, day, asked).ms, asked.ms + KEY_ASK_EVERY_MS);
    /* Asked early, when the setting was shorter: the setting holds. */
    asked.ms = switched.ms + 1000;
    assert_int_equal(key_rotation_due(switched, day, asked).ms, switched.ms + day);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cell_is_as_written_here),
        cmocka_unit_test(test_an_act_under_way_is_ended_by_its_own_end_alone),
        cmocka_unit_test(test_every_order_of_a_person_has_an_answer),
        cmocka_unit_test(test_every_end_of_an_act_has_a_sequel),
        cmocka_unit_test(test_only_a_proof_leads_to_the_switch_and_only_a_refusal_to_the_removal),
        cmocka_unit_test(test_a_kill_before_any_step_leaves_what_the_files_say),
        cmocka_unit_test(test_what_a_person_took_away_is_not_waited_for),
        cmocka_unit_test(test_hosts_are_asked_when_the_time_is_over_and_then_every_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
