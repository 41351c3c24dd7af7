/* Updates and changes of settings: every cell, and the ways through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/procedure.h"

/* Follows the events from `phase`; each must be taken. */
static enum procedure_phase follow(enum procedure_kind kind, enum procedure_phase phase,
                                   const enum procedure_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct procedure_step step = procedure_event(kind, phase, events[i]);
        assert_false(step.refused);
        phase = step.phase;
    }
    return phase;
}
#define FOLLOW(kind, phase, ...)                                                                   \
    follow(kind, phase, (const enum procedure_event[]){__VA_ARGS__},                               \
           sizeof((const enum procedure_event[]){__VA_ARGS__}) / sizeof(enum procedure_event))

static void the_ways_through(void **state)
{
    (void)state;
    assert_int_equal(FOLLOW(PROCEDURE_UPDATE, PROCEDURE_CHECKING, PROCEDURE_GOOD, PROCEDURE_GOOD),
                     PROCEDURE_REHEARSING);
    assert_int_equal(FOLLOW(PROCEDURE_UPDATE, PROCEDURE_REHEARSING, PROCEDURE_GOOD, PROCEDURE_GO),
                     PROCEDURE_VERIFYING); /* a person has installed it */
    assert_int_equal(FOLLOW(PROCEDURE_CONFIG, PROCEDURE_CHECKING, PROCEDURE_GOOD, PROCEDURE_GOOD),
                     PROCEDURE_READY);
    assert_int_equal(FOLLOW(PROCEDURE_CONFIG, PROCEDURE_READY, PROCEDURE_GO, PROCEDURE_GOOD,
                            PROCEDURE_GOOD, PROCEDURE_TIME),
                     PROCEDURE_DONE);
    assert_int_equal(FOLLOW(PROCEDURE_CONFIG, PROCEDURE_DONE, PROCEDURE_UNDO, PROCEDURE_GOOD),
                     PROCEDURE_UNDONE);
    assert_int_equal(
        FOLLOW(PROCEDURE_UPDATE, PROCEDURE_WATCHING, PROCEDURE_TROUBLE, PROCEDURE_UNDO),
        PROCEDURE_UNDONE);
}

static void before_the_change_it_can_be_cancelled_and_after_it_only_undone(void **state)
{
    (void)state;
    for (int phase = 0; phase < PROCEDURE_PHASE_COUNT; phase++)
        for (int kind = 0; kind < PROCEDURE_KIND_COUNT; kind++) {
            bool before = phase <= PROCEDURE_READY;
            struct procedure_step cancel = procedure_event(
                (enum procedure_kind)kind, (enum procedure_phase)phase, PROCEDURE_CANCEL);
            struct procedure_step undo = procedure_event(
                (enum procedure_kind)kind, (enum procedure_phase)phase, PROCEDURE_UNDO);
            assert_int_equal(cancel.refused, !before);
            assert_true(undo.refused || !before);
            assert_true(cancel.refused || cancel.phase == PROCEDURE_CANCELLED);
        }
}

/* No event but a person's order leads into a phase in which something is changed. */
static void nothing_is_changed_without_a_person(void **state)
{
    (void)state;
    for (int kind = 0; kind < PROCEDURE_KIND_COUNT; kind++)
        for (int phase = 0; phase < PROCEDURE_PHASE_COUNT; phase++)
            for (int event = 0; event < PROCEDURE_GO; event++) {
                struct procedure_step step =
                    procedure_event((enum procedure_kind)kind, (enum procedure_phase)phase,
                                    (enum procedure_event)event);
                assert_false(step.refused);
                if (step.entered &&
                    (step.phase == PROCEDURE_APPLYING || step.phase == PROCEDURE_UNDOING))
                    assert_true(event == PROCEDURE_RESTART && (int)step.phase == phase &&
                                phase == PROCEDURE_UNDOING);
            }
}

static void a_restart_loses_no_phase_and_sets_no_value_twice(void **state)
{
    (void)state;
    for (int kind = 0; kind < PROCEDURE_KIND_COUNT; kind++)
        for (int phase = 0; phase < PROCEDURE_PHASE_COUNT; phase++) {
            struct procedure_step step = procedure_event(
                (enum procedure_kind)kind, (enum procedure_phase)phase, PROCEDURE_RESTART);
            if (phase == PROCEDURE_APPLYING)
                assert_int_equal(step.phase, PROCEDURE_VERIFYING);
            else
                assert_int_equal(step.phase, phase);
            assert_int_equal(step.entered, procedure_works((enum procedure_phase)phase));
        }
}

static void each_automatic_item_is_in_its_checklist_and_every_kind_has_all_stages(void **state)
{
    (void)state;
    for (int kind = 0; kind < PROCEDURE_KIND_COUNT; kind++) {
        struct checklist list;
        procedure_checklist((enum procedure_kind)kind, &list);
        for (int stage = 0; stage < CHECKLIST_STAGE_COUNT; stage++)
            assert_true(checklist_left(&list, (enum checklist_stage)stage) > 0);
        for (size_t i = 1; i < list.count; i++)
            assert_true(list.items[i].stage >= list.items[i - 1].stage);
        int guard = procedure_item((enum procedure_kind)kind, PROCEDURE_GUARDING);
        assert_true(str_equal(list.items[guard - 1].text, "Make a safety backup"));
        assert_int_equal(procedure_item((enum procedure_kind)kind, PROCEDURE_DONE), 0);
    }
    assert_int_equal(procedure_item(PROCEDURE_CONFIG, PROCEDURE_REHEARSING), 0);
}

static void a_setting_that_is_secret_or_leads_to_redis_is_not_changed_from_here(void **context)
{
    (void)context;
    const struct {
        const char *name;
        bool secret, may, has_reason;
    } rows[] = {
        {"maxmemory", false, true, false},
        {"maxmemory-policy", false, true, false},
        {"requirepass", true, false, true},
        {"port", false, false, true},
        {"replicaof", false, false, true},
        {"dir", false, false, true},
        {"", false, false, false},
        {"MAXMEMORY", false, false, false},
        {"maxmemory 1\r\n", false, false, false},
        {"save *", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = "";
        assert_int_equal(procedure_may_set(rows[i].name, rows[i].secret, &why), rows[i].may);
        assert_int_equal(why != NULL, rows[i].has_reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ways_through),
        cmocka_unit_test(before_the_change_it_can_be_cancelled_and_after_it_only_undone),
        cmocka_unit_test(nothing_is_changed_without_a_person),
        cmocka_unit_test(a_restart_loses_no_phase_and_sets_no_value_twice),
        cmocka_unit_test(a_setting_that_is_secret_or_leads_to_redis_is_not_changed_from_here),
        cmocka_unit_test(each_automatic_item_is_in_its_checklist_and_every_kind_has_all_stages),
    };
    return cmocka_run_group_tests_name("core/procedure", tests, NULL, NULL);
}
