#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/retention.h"

#define HOUR (INT64_C(3600) * 1000)
#define DAY (24 * HOUR)
#define BIT(rule) (1u << (rule))
#define BACKUPS_MAX 8192

static struct retention_backup backups[BACKUPS_MAX];

static wall_ms at(const char *text)
{
    wall_ms t = WALL_NONE;
    assert_int_equal(wall_parse(text, &t), 0);
    return t;
}

/* `count` good ones, `step` apart, the newest at `newest`. */
static void fill(size_t count, wall_ms newest, int64_t step)
{
    for (size_t i = 0; i < count; i++)
        backups[i] = (struct retention_backup){
            .at = wall_add(newest, -(int64_t)i * step), .loaded = true, .fills = true};
}

static size_t kept_by(size_t count, enum retention_rule rule)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += (backups[i].kept_by & BIT(rule)) != 0;
    return n;
}

static void each_rule_keeps_the_newest_of_its_buckets(void **state)
{
    const struct retention_policy policy = {.last = 3, .daily = 14, .weekly = 8, .monthly = 12};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(800, newest, DAY);
    struct retention_plan plan = retention_plan(&policy, backups, 800, newest);
    assert_int_equal(kept_by(800, RETENTION_LAST), 3);
    assert_int_equal(kept_by(800, RETENTION_DAILY), 14);
    assert_int_equal(kept_by(800, RETENTION_WEEKLY), 8);
    assert_int_equal(kept_by(800, RETENTION_MONTHLY), 12);
    /* 29 November 2026 is a Sunday: the newest of each week is one, the newest of October the 31st. */
    assert_int_equal(backups[7].kept_by & BIT(RETENTION_WEEKLY), BIT(RETENTION_WEEKLY));
    assert_int_equal(backups[29].at.ms, at("2026-10-31T02:30:00Z").ms);
    assert_int_equal(backups[29].kept_by, BIT(RETENTION_MONTHLY));
    assert_int_equal(backups[30].kept_by, 0);
    assert_true(plan.refused); /* more than half of 800 */
    assert_int_equal(plan.kept + plan.removed, 800);
}

static void months_are_those_of_the_calendar(void **state)
{
    static const char *const ends[] = {"2024-02-29T23:59:59Z", "2023-12-31T23:59:59Z",
                                       "2000-02-29T12:00:00Z", "1999-12-31T00:00:00Z"};
    const struct retention_policy policy = {.monthly = 2};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        fill(3, at(ends[i]), 1);
        backups[0].at = wall_add(at(ends[i]), DAY); /* the first of the next month */
        (void)retention_plan(&policy, backups, 3, at(ends[i]));
        assert_int_equal(backups[0].kept_by, BIT(RETENTION_MONTHLY));
        assert_int_equal(backups[1].kept_by, BIT(RETENTION_MONTHLY));
        assert_int_equal(backups[2].kept_by, 0);
    }
}

static void a_day_is_one_of_the_configured_zone(void **state)
{
    const struct retention_policy policy = {.daily = 2};
    (void)state;
    fill(2, at("2026-11-29T00:30:00Z"), HOUR); /* before and after midnight UTC */
    (void)retention_plan(&policy, backups, 2, backups[0].at);
    assert_int_equal(kept_by(2, RETENTION_DAILY), 2);
    backups[0].utc_offset_seconds = backups[1].utc_offset_seconds = 3600 * 2;
    (void)retention_plan(&policy, backups, 2, backups[0].at);
    assert_int_equal(kept_by(2, RETENTION_DAILY), 1);
}

static void useless_backups_push_no_good_one_out(void **state)
{
    const struct retention_policy policy = {.last = 2, .daily = 2, .minimum = 3};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(100, newest, DAY);
    for (size_t i = 0; i < 50; i++)
        backups[i].loaded = backups[i].fills = false;
    (void)retention_plan(&policy, backups, 100, newest);
    assert_int_equal(backups[0].kept_by, BIT(RETENTION_UNDECIDED));
    assert_int_equal(backups[50].kept_by,
                     BIT(RETENTION_LAST) | BIT(RETENTION_DAILY) | BIT(RETENTION_MINIMUM));
    assert_int_equal(backups[52].kept_by, BIT(RETENTION_MINIMUM));
    assert_int_equal(backups[53].kept_by, 0);
}

static void the_minimum_counts_only_those_that_were_loaded(void **state)
{
    const struct retention_policy policy = {.last = 1, .minimum = 2};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(10, newest, DAY);
    for (size_t i = 0; i < 5; i++)
        backups[i].loaded = false; /* not provable for a named reason: they fill rules */
    (void)retention_plan(&policy, backups, 10, newest);
    assert_int_equal(backups[0].kept_by, BIT(RETENTION_LAST));
    assert_int_equal(backups[1].kept_by, 0);
    assert_int_equal(backups[5].kept_by, BIT(RETENTION_MINIMUM));
    assert_int_equal(backups[6].kept_by, BIT(RETENTION_MINIMUM));
    assert_int_equal(backups[7].kept_by, 0);
}

static void a_month_without_a_success_removes_nothing_more(void **state)
{
    const struct retention_policy policy = {.within_ms = 48 * HOUR, .minimum = 1};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(3, newest, DAY);
    struct retention_plan plan = retention_plan(&policy, backups, 3, wall_add(newest, 40 * DAY));
    assert_int_equal(plan.removed, 0);
    assert_int_equal(kept_by(3, RETENTION_WITHIN), 3);
}

static void a_pin_holds_until_its_time(void **state)
{
    const struct retention_policy policy = {.last = 1};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(3, newest, DAY);
    backups[2].pinned_until = wall_add(newest, DAY);
    (void)retention_plan(&policy, backups, 3, newest);
    assert_int_equal(backups[2].kept_by, BIT(RETENTION_PINNED));
    (void)retention_plan(&policy, backups, 3, wall_add(newest, DAY));
    assert_int_equal(backups[2].kept_by, 0);
}

static void without_rules_or_a_good_backup_all_stay(void **state)
{
    const struct retention_policy none = {.minimum = 3};
    const struct retention_policy one = {.last = 1};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(100, newest, DAY);
    assert_int_equal(retention_plan(&none, backups, 100, newest).removed, 0);
    for (size_t i = 0; i < 100; i++)
        backups[i].loaded = backups[i].fills = false;
    assert_int_equal(retention_plan(&one, backups, 100, newest).removed, 0);
    assert_int_equal(retention_plan(&one, backups, 0, newest).removed, 0);
}

static void more_than_half_is_refused(void **state)
{
    const struct retention_policy policy = {.last = 5};
    wall_ms newest = at("2026-11-29T02:30:00Z");
    (void)state;
    fill(11, newest, DAY);
    assert_false(retention_plan(&policy, backups, 10, newest).refused);
    assert_true(retention_plan(&policy, backups, 11, newest).refused);
}

static void every_rule_has_a_word(void **state)
{
    (void)state;
    for (enum retention_rule i = 0; i < RETENTION_RULE_COUNT; i++)
        assert_true(strlen(retention_rule_word(i)) > 0);
}

/* --- ten years --- */

static uint32_t dice;

static uint32_t throw(uint32_t sides)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % sides;
}

static size_t count_loaded(size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += backups[i].loaded;
    return n;
}

static void add(size_t *count, wall_ms now, bool bad_times)
{
    struct retention_backup b = {.at = now, .utc_offset_seconds = 3600 * (int) throw(3)};
    uint32_t fate = throw(bad_times ? 40 : 10); /* in bad times hardly any is proved */
    b.loaded = bad_times ? fate == 0 : fate > 1;
    b.fills = b.loaded || fate == 1;
    b.pinned_until = throw(50) == 0 ? wall_add(now, 7 * DAY) : WALL_NONE;
    memmove(backups + 1, backups, *count * sizeof backups[0]);
    backups[0] = b;
    ++*count;
}

/* Carries a plan out, as far as it may be. */
static void prune(size_t *count, const struct retention_policy *policy, wall_ms now)
{
    size_t loaded = count_loaded(*count);
    struct retention_backup newest = {0};
    for (size_t i = *count; i > 0; i--)
        if (backups[i - 1].loaded)
            newest = backups[i - 1];
    struct retention_plan plan = retention_plan(policy, backups, *count, now);
    assert_int_equal(plan.kept + plan.removed, *count);
    if (plan.refused && throw(2) == 0)
        return; /* no operator confirms */
    size_t kept = 0;
    bool newest_kept = loaded == 0 || policy->minimum == 0;
    for (size_t i = 0; i < *count; i++) {
        if (backups[i].kept_by == 0)
            continue;
        newest_kept = newest_kept || (backups[i].loaded && backups[i].at.ms == newest.at.ms);
        backups[kept++] = backups[i];
    }
    *count = kept;
    size_t promised = loaded < (size_t)policy->minimum ? loaded : (size_t)policy->minimum;
    assert_true(count_loaded(kept) >= promised);
    assert_true(newest_kept);
}

/* Random failures, weeks of bad luck, changed and mistyped rules, a clock that was wrong. */
static void ten_years_never_leave_fewer_than_the_minimum(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct retention_policy policy = {
            .last = 3, .daily = 14, .weekly = 8, .monthly = 12, .minimum = 3};
        wall_ms now = at("2026-11-29T02:30:00Z");
        size_t count = 0;
        size_t most = 0;
        bool bad_times = false;
        dice = seed;
        for (int day = 0; day < 3650; day++) {
            now = wall_add(now, DAY + (int64_t) throw(20) * 60000);
            bad_times = throw(40) == 0 ? !bad_times : bad_times;
            if (throw(100) == 0)
                policy = (struct retention_policy){
                    (int) throw(4),  (int) throw(30),          (int) throw(15), (int) throw(9),
                    (int) throw(13), (int64_t) throw(3) * DAY, (int) throw(5)};
            if (throw(10) > 0)
                add(&count, now, bad_times);
            if (count > 0 && backups[0].loaded)
                prune(&count, &policy, now);
            most = count > most ? count : most;
        }
        assert_true(most < 3000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_keeps_the_newest_of_its_buckets),
        cmocka_unit_test(months_are_those_of_the_calendar),
        cmocka_unit_test(a_day_is_one_of_the_configured_zone),
        cmocka_unit_test(useless_backups_push_no_good_one_out),
        cmocka_unit_test(the_minimum_counts_only_those_that_were_loaded),
        cmocka_unit_test(a_month_without_a_success_removes_nothing_more),
        cmocka_unit_test(a_pin_holds_until_its_time),
        cmocka_unit_test(without_rules_or_a_good_backup_all_stay),
        cmocka_unit_test(more_than_half_is_refused),
        cmocka_unit_test(every_rule_has_a_word),
        cmocka_unit_test(ten_years_never_leave_fewer_than_the_minimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
