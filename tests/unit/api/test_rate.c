/* Rate limits: so many calls a window and caller, exact at its edges, bounded in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "api/rate.h"
#include "base/mem.h"

#define START_WALL 1760000000000

static struct now at(int64_t ms)
{
    return (struct now){{5000 + ms}, {9000 + ms}, {START_WALL + ms}};
}

static struct rate_limiter *limiter(int restart, int status)
{
    struct rate_limiter *r = rate_new();
    int limits[RATE_CLASS_COUNT] = {[RATE_RESTART] = restart, [RATE_STATUS] = status};
    assert_non_null(r);
    rate_set(r, limits);
    return r;
}

static struct rate_answer count(struct rate_limiter *r, enum rate_class class, const char *who,
                                int64_t ms)
{
    struct rate_answer answer;
    memset(&answer, 0x55, sizeof answer);
    rate_count(r, class, who, at(ms), &answer);
    return answer;
}

static void calls_up_to_the_limit_pass_and_the_next_is_refused(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(3, 0);
    for (int i = 0; i < 3; i++) {
        struct rate_answer a = count(r, RATE_RESTART, "user:7", i);
        assert_true(a.limited);
        assert_false(a.refused);
        assert_int_equal(a.limit, 3);
        assert_int_equal(a.remaining, 2 - i);
        assert_int_equal(a.reset, START_WALL / 1000 + 60);
        assert_int_equal(a.retry_after_seconds, 0);
    }
    struct rate_answer a = count(r, RATE_RESTART, "user:7", 10001);
    assert_true(a.limited && a.refused);
    assert_int_equal(a.remaining, 0);
    assert_int_equal(a.reset, START_WALL / 1000 + 60);
    assert_int_equal(a.retry_after_seconds, 50); /* 49.999 s are left */
    rate_free(r);
}

static void a_window_ends_sixty_seconds_after_its_first_call_to_the_millisecond(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 0);
    assert_false(count(r, RATE_RESTART, "user:7", 0).refused);
    struct rate_answer last = count(r, RATE_RESTART, "user:7", 59999);
    assert_true(last.refused);
    assert_int_equal(last.retry_after_seconds, 1);
    struct rate_answer next = count(r, RATE_RESTART, "user:7", 60000);
    assert_false(next.refused);
    assert_int_equal(next.reset, START_WALL / 1000 + 120);
    /* The new window starts with that call, not with a grid of minutes. */
    assert_true(count(r, RATE_RESTART, "user:7", 119999).refused);
    assert_false(count(r, RATE_RESTART, "user:7", 300000).refused);
    assert_true(count(r, RATE_RESTART, "user:7", 359999).refused);
    rate_free(r);
}

static void waiting_as_long_as_told_is_enough(void **state)
{
    (void)state;
    for (int64_t first = 0; first < 3000; first += 7) {
        struct rate_limiter *r = limiter(1, 0);
        assert_false(count(r, RATE_RESTART, "user:7", first).refused);
        struct rate_answer a = count(r, RATE_RESTART, "user:7", 3000);
        assert_true(a.refused);
        assert_true(a.retry_after_seconds >= 1 && a.retry_after_seconds <= 60);
        assert_false(
            count(r, RATE_RESTART, "user:7", 3000 + (int64_t)a.retry_after_seconds * 1000).refused);
        /* `reset` is no sooner than the window's end, and less than a second after it. */
        int64_t end = START_WALL + first + 60000;
        assert_true(a.reset * 1000 >= end && a.reset * 1000 < end + 1000);
        rate_free(r);
    }
}

static void a_refused_call_does_not_make_the_window_longer(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 0);
    assert_false(count(r, RATE_RESTART, "user:7", 0).refused);
    for (int64_t ms = 1; ms < 60000; ms += 100)
        assert_true(count(r, RATE_RESTART, "user:7", ms).refused);
    assert_false(count(r, RATE_RESTART, "user:7", 60000).refused);
    rate_free(r);
}

static void callers_and_classes_are_counted_apart(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 1);
    assert_false(count(r, RATE_RESTART, "user:7", 0).refused);
    assert_false(count(r, RATE_STATUS, "user:7", 0).refused);
    assert_false(count(r, RATE_RESTART, "user:8", 0).refused);
    assert_false(count(r, RATE_RESTART, "address:10.0.0.7", 0).refused);
    assert_true(count(r, RATE_RESTART, "user:7", 0).refused);
    assert_true(count(r, RATE_STATUS, "user:7", 0).refused);
    rate_free(r);
}

static void zero_is_no_limit_and_says_nothing(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(0, 5);
    for (int i = 0; i < 1000; i++) {
        struct rate_answer a = count(r, RATE_RESTART, "user:7", i);
        assert_false(a.limited || a.refused || a.limit || a.remaining || a.reset ||
                     a.retry_after_seconds);
    }
    assert_false(count(r, RATE_NONE, "user:7", 0).limited);
    rate_free(r);
}

static void fixed_limits_are_not_set(void **state)
{
    (void)state;
    static const struct {
        enum rate_class class;
        int limit;
    } rows[] = {{RATE_REFRESH, OPERATION_REFRESHES_A_MINUTE},
                {RATE_NOTIFY, OPERATION_NOTICES_A_MINUTE},
                {RATE_TASK, OPERATION_TASKS_A_MINUTE},
                {RATE_WRITE, OPERATION_WRITES_A_MINUTE}};
    for (size_t row = 0; row < ARRAY_LENGTH(rows); row++) {
        struct rate_limiter *r = rate_new();
        int limits[RATE_CLASS_COUNT] = {
            [RATE_REFRESH] = 1000, [RATE_NOTIFY] = 1000, [RATE_NONE] = 1};
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < rows[row].limit; i++)
                assert_false(count(r, rows[row].class, "user:7", round * 60000).refused);
            assert_true(count(r, rows[row].class, "user:7", round * 60000).refused);
            rate_set(r, limits);
        }
        assert_false(count(r, RATE_NONE, "user:7", 0).limited);
        rate_free(r);
    }
}

static void a_changed_limit_holds_at_once_and_forgets_nothing(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(3, 0);
    for (int i = 0; i < 3; i++)
        assert_false(count(r, RATE_RESTART, "user:7", 0).refused);
    rate_set(r, (int[RATE_CLASS_COUNT]){[RATE_RESTART] = 2});
    struct rate_answer a = count(r, RATE_RESTART, "user:7", 1);
    assert_true(a.refused);
    assert_int_equal(a.remaining, 0);
    rate_set(r, (int[RATE_CLASS_COUNT]){[RATE_RESTART] = 5});
    a = count(r, RATE_RESTART, "user:7", 2);
    assert_false(a.refused);
    assert_int_equal(a.remaining, 1);
    rate_free(r);
}

static void only_who_was_not_heard_of_for_longest_makes_room(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 0);
    char who[64];
    for (int i = 0; i < RATE_ENTRIES_MAX; i++) {
        (void)snprintf(who, sizeof who, "address:10.0.%d.%d", i / 256, i % 256);
        assert_false(count(r, RATE_RESTART, who, 0).refused);
    }
    /* The table is full, all are remembered; the first is used again, so the second is oldest. */
    assert_true(count(r, RATE_RESTART, "address:10.0.0.0", 1).refused);
    assert_false(count(r, RATE_RESTART, "user:1", 2).refused);
    assert_true(count(r, RATE_RESTART, "address:10.0.0.0", 3).refused);
    assert_true(count(r, RATE_RESTART, "address:10.0.0.2", 3).refused);
    assert_true(count(r, RATE_RESTART, "user:1", 3).refused);
    assert_false(count(r, RATE_RESTART, "address:10.0.0.1", 3).refused);
    rate_free(r);
}

static void a_flood_of_callers_costs_no_more_memory_and_forgets_no_busy_one(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 0);
    char who[64];
    assert_false(count(r, RATE_RESTART, "user:7", 0).refused);
    mem_fail_from(0);
    for (int i = 0; i < 50 * RATE_ENTRIES_MAX; i++) {
        (void)snprintf(who, sizeof who, "address:2001:db8::%x", i);
        assert_false(count(r, RATE_RESTART, who, 1).refused);
        if (i % 8000 == 0)
            assert_true(count(r, RATE_RESTART, "user:7", 1).refused);
    }
    assert_int_equal(mem_count(), 0);
    rate_free(r);
}

static void a_name_of_any_length_is_taken(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 0);
    char who[1000];
    memset(who, 'a', sizeof who - 1);
    who[sizeof who - 1] = '\0';
    assert_false(count(r, RATE_RESTART, who, 0).refused);
    assert_true(count(r, RATE_RESTART, who, 0).refused);
    assert_false(count(r, RATE_RESTART, "", 0).refused);
    assert_true(count(r, RATE_RESTART, "", 0).refused);
    rate_free(r);
}

static void a_stepped_wall_clock_changes_no_window(void **state)
{
    (void)state;
    struct rate_limiter *r = limiter(1, 0);
    struct rate_answer a;
    struct now now = at(0);
    rate_count(r, RATE_RESTART, "user:7", now, &a);
    now = at(1000);
    now.wall.ms += 3600000;
    rate_count(r, RATE_RESTART, "user:7", now, &a);
    assert_true(a.refused);
    assert_int_equal(a.reset, (now.wall.ms + 59000) / 1000);
    assert_int_equal(a.retry_after_seconds, 59);
    rate_free(r);
}

static void lack_of_memory_is_told(void **state)
{
    (void)state;
    mem_fail_from(1);
    assert_null(rate_new());
    mem_fail_from(0);
    rate_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_up_to_the_limit_pass_and_the_next_is_refused),
        cmocka_unit_test(a_window_ends_sixty_seconds_after_its_first_call_to_the_millisecond),
        cmocka_unit_test(waiting_as_long_as_told_is_enough),
        cmocka_unit_test(a_refused_call_does_not_make_the_window_longer),
        cmocka_unit_test(callers_and_classes_are_counted_apart),
        cmocka_unit_test(zero_is_no_limit_and_says_nothing),
        cmocka_unit_test(fixed_limits_are_not_set),
        cmocka_unit_test(a_changed_limit_holds_at_once_and_forgets_nothing),
        cmocka_unit_test(only_who_was_not_heard_of_for_longest_makes_room),
        cmocka_unit_test(a_flood_of_callers_costs_no_more_memory_and_forgets_no_busy_one),
        cmocka_unit_test(a_name_of_any_length_is_taken),
        cmocka_unit_test(a_stepped_wall_clock_changes_no_window),
        cmocka_unit_test(lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
