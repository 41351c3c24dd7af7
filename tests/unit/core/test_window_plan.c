/* What is kept of a window's occurrences agrees with its rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/window_plan.h"

#define DAY INT64_C(86400000)
#define ROWS_MAX 256

static const struct zone_table utc;
static const struct zone_table berlin = {3600, 2, {{1774746000, 7200}, {1792890000, 3600}}};

/* A window with its rows, as the daemon keeps them. */
struct kept {
    struct window_row rows[ROWS_MAX];
    size_t count;
    size_t acts[WINDOW_PLAN_ACT_COUNT]; /* of the last plan */
};

static struct schedule rule(const char *text)
{
    struct schedule s;
    assert_int_equal(schedule_parse(text, &s, NULL), 0);
    return s;
}

static wall_ms at(const char *text)
{
    wall_ms t;
    assert_int_equal(wall_parse(text, &t), 0);
    return t;
}

static void carry_out(struct kept *k, const struct window_plan_step *step)
{
    const struct schedule_occurrence *o = &step->occurrence;
    k->acts[step->act]++;
    if (step->act == WINDOW_PLAN_ADD) {
        assert_true(k->count < ROWS_MAX);
        k->rows[k->count++] =
            (struct window_row){o->date, WINDOW_PLANNED, o->starts, o->ends, false};
    } else if (step->act == WINDOW_PLAN_CHANGE) {
        k->rows[step->row].starts = o->starts;
        k->rows[step->row].ends = o->ends;
    } else {
        k->rows[step->row].phase = WINDOW_CANCELLED;
    }
}

/* NULL: the window is no longer in the settings. */
static void plan(struct kept *k, const struct schedule *s, const struct zone_table *zone,
                 wall_ms now)
{
    struct schedule_occurrence found[SCHEDULE_OCCURRENCES_MAX];
    struct window_plan_step steps[ROWS_MAX + SCHEDULE_OCCURRENCES_MAX];
    size_t count = s == NULL ? 0 : schedule_occurrences(s, zone, now, found);
    size_t n = window_plan(k->rows, k->count, s, found, count, steps);
    assert_true(n <= k->count + count);
    memset(k->acts, 0, sizeof k->acts);
    for (size_t i = 0; i < n; i++)
        carry_out(k, &steps[i]);
}

static void expect(const struct kept *k, size_t added, size_t changed, size_t cancelled)
{
    assert_int_equal(k->acts[WINDOW_PLAN_ADD], added);
    assert_int_equal(k->acts[WINDOW_PLAN_CHANGE], changed);
    assert_int_equal(k->acts[WINDOW_PLAN_CANCEL], cancelled);
}

static void occurrences_are_made_once_and_new_ones_as_time_goes_on(void **state)
{
    (void)state;
    struct kept k = {0};
    struct schedule s = rule("Sun 02:00-04:00");
    wall_ms now = at("2026-12-01T00:00:00Z"); /* a Tuesday */
    plan(&k, &s, &utc, now);
    expect(&k, 8, 0, 0);
    plan(&k, &s, &utc, now);
    expect(&k, 0, 0, 0);
    for (int day = 1; day <= 14; day++)
        plan(&k, &s, &utc, wall_add(now, day * DAY));
    assert_int_equal(k.count, 10);
    for (size_t i = 0; i < k.count; i++)
        for (size_t other = 0; other < i; other++)
            assert_true(date_days(k.rows[i].date) != date_days(k.rows[other].date));
}

static void a_clock_set_back_or_forward_cancels_and_doubles_nothing(void **state)
{
    (void)state;
    struct kept k = {0};
    struct schedule s = rule("Mon-Sun 02:00-04:00");
    wall_ms now = at("2026-12-01T00:00:00Z");
    plan(&k, &s, &utc, now);
    static const int64_t jumps[] = {-3 * DAY, 0, -40 * DAY, 3 * DAY, 0};
    for (size_t i = 0; i < ARRAY_LENGTH(jumps); i++) {
        plan(&k, &s, &utc, wall_add(now, jumps[i]));
        assert_int_equal(k.acts[WINDOW_PLAN_CHANGE], 0);
        assert_int_equal(k.acts[WINDOW_PLAN_CANCEL], 0);
    }
    plan(&k, &s, &utc, now);
    expect(&k, 0, 0, 0);
    for (size_t i = 0; i < k.count; i++)
        for (size_t other = 0; other < i; other++)
            assert_true(date_days(k.rows[i].date) != date_days(k.rows[other].date));
}

/* One row a phase: what becomes of an occurrence when the rule has other times, no longer has its
 * date, or is gone; and when a person gave the times. */
static void every_phase_is_touched_or_left_as_written_here(void **state)
{
    (void)state;
    static const struct {
        size_t changed, changed_by_hand, cancelled;
    } expected[WINDOW_PHASE_COUNT] = {
        [WINDOW_PLANNED] = {1, 0, 1}, [WINDOW_ANNOUNCED] = {1, 0, 1},
        [WINDOW_OPEN] = {0, 0, 0},    [WINDOW_VERIFYING] = {0, 0, 0},
        [WINDOW_ENDED] = {0, 0, 0},   [WINDOW_CANCELLED] = {0, 0, 0},
    };
    wall_ms now = at("2026-12-01T00:00:00Z");
    const struct schedule before = rule("2026-12-24 22:00-23:00");
    const struct schedule later = rule("2026-12-24 22:30-23:00");
    const struct schedule longer = rule("2026-12-24 22:00-23:30");
    const struct schedule elsewhere = rule("2026-12-25 22:00-23:00");
    for (int phase = 0; phase < WINDOW_PHASE_COUNT; phase++)
        for (int by_hand = 0; by_hand < 2; by_hand++) {
            struct kept first = {0};
            plan(&first, &before, &utc, now);
            expect(&first, 1, 0, 0);
            first.rows[0].phase = (enum window_phase)phase;
            first.rows[0].by_hand = by_hand == 1;
            size_t changed =
                by_hand == 1 ? expected[phase].changed_by_hand : expected[phase].changed;
            struct kept k = first;
            plan(&k, &later, &utc, now);
            expect(&k, 0, changed, 0);
            k = first;
            plan(&k, &longer, &utc, now);
            expect(&k, 0, changed, 0);
            k = first;
            plan(&k, &elsewhere, &utc, now);
            expect(&k, 1, 0, expected[phase].cancelled);
            k = first;
            plan(&k, NULL, &utc, now);
            expect(&k, 0, 0, expected[phase].cancelled);
            k = first;
            plan(&k, &before, &utc, now);
            expect(&k, 0, 0, 0);
        }
}

static void an_exception_cancels_its_date_alone_and_it_does_not_come_back(void **state)
{
    (void)state;
    struct kept k = {0};
    struct schedule s = rule("Sun 02:00-04:00");
    wall_ms now = at("2026-12-01T00:00:00Z");
    plan(&k, &s, &utc, now);
    s.exceptions[s.exception_count++] = (struct date){2026, 12, 27};
    plan(&k, &s, &utc, now);
    expect(&k, 0, 0, 1);
    plan(&k, &s, &utc, now);
    expect(&k, 0, 0, 0);
    s.exception_count = 0;
    plan(&k, &s, &utc, now);
    expect(&k, 0, 0, 0);
}

static void another_zone_moves_what_has_not_begun(void **state)
{
    (void)state;
    struct kept k = {0};
    struct schedule s = rule("Sun 02:00-04:00");
    wall_ms now = at("2026-11-10T00:00:00Z");
    plan(&k, &s, &utc, now);
    size_t all = k.count;
    plan(&k, &s, &berlin, now);
    expect(&k, 0, all, 0);
    plan(&k, &s, &berlin, now);
    expect(&k, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(occurrences_are_made_once_and_new_ones_as_time_goes_on),
        cmocka_unit_test(a_clock_set_back_or_forward_cancels_and_doubles_nothing),
        cmocka_unit_test(every_phase_is_touched_or_left_as_written_here),
        cmocka_unit_test(an_exception_cancels_its_date_alone_and_it_does_not_come_back),
        cmocka_unit_test(another_zone_moves_what_has_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
