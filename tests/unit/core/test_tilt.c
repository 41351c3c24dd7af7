/* Self-doubt: late turns and clocks that disagree are noticed, ordinary turns are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/tilt.h"

static struct now moved(struct now n, int64_t mono, int64_t boot, int64_t wall)
{
    return (struct now){{n.mono.ms + mono}, {n.boot.ms + boot}, {n.wall.ms + wall}};
}

static const struct now begin = {{1000}, {5000}, {1760000000000LL}};

struct row {
    const char *promise;
    int64_t mono, boot, wall; /* moved since the last turn */
    int64_t due;              /* after the last turn; 0 = none was due */
    enum tilt_reason reason;
};

static const struct row rows[] = {
    {"an ordinary turn", 500, 500, 500, 500, TILT_NONE},
    {"an early turn", 100, 100, 100, 500, TILT_NONE},
    {"a turn 2 s late", 2500, 2500, 2500, 500, TILT_NONE},
    {"a turn more than 2 s late", 2501, 2501, 2501, 500, TILT_LATE},
    {"a long sleep that nobody cut short", 60000, 60000, 60000, 0, TILT_NONE},
    {"the wall clock set forward by 2 s", 500, 500, 2500, 500, TILT_NONE},
    {"the wall clock set forward by more", 500, 500, 2501, 500, TILT_WALL_JUMP},
    {"the wall clock set back", 500, 500, -1501, 500, TILT_WALL_JUMP},
    {"a suspend", 500, 3000, 3000, 500, TILT_SUSPENDED},
    {"a suspend and a clock set back to hide it", 500, 3000, 500, 500, TILT_SUSPENDED},
    {"the monotonic clock backwards", -1, 500, 500, 500, TILT_BACKWARDS},
    {"a slow drift", 500, 500, 510, 500, TILT_NONE},
};

static void judges_the_turn(void **state)
{
    const struct row *row = *state;
    struct tilt t = {0};
    assert_int_equal(tilt_turn(&t, begin, MONO_NEVER), TILT_NONE);
    mono_ms due = row->due == 0 ? MONO_NEVER : mono_add(begin.mono, row->due);
    struct now now = moved(begin, row->mono, row->boot, row->wall);
    assert_int_equal(tilt_turn(&t, now, due), row->reason);
    assert_int_equal(tilt_active(&t, now.mono), row->reason != TILT_NONE);
    if (row->reason != TILT_NONE) {
        assert_true(tilt_active(&t, mono_add(now.mono, TILT_REST_MS - 1)));
        assert_false(tilt_active(&t, mono_add(now.mono, TILT_REST_MS)));
        assert_true(tilt_text(row->reason)[0] != '\0');
    }
}

static void a_second_jolt_prolongs_the_doubt(void **state)
{
    (void)state;
    struct tilt t = {0};
    (void)tilt_turn(&t, begin, MONO_NEVER);
    struct now first = moved(begin, 500, 500, 90000);
    assert_int_equal(tilt_turn(&t, first, MONO_NEVER), TILT_WALL_JUMP);
    struct now second = moved(first, 20000, 20000, 0);
    assert_int_equal(tilt_turn(&t, second, MONO_NEVER), TILT_WALL_JUMP);
    assert_true(tilt_active(&t, mono_add(first.mono, TILT_REST_MS)));
    assert_false(tilt_active(&t, mono_add(second.mono, TILT_REST_MS)));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LENGTH(rows) + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].promise,
                                       .test_func = judges_the_turn,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    tests[ARRAY_LENGTH(rows)] =
        (struct CMUnitTest)cmocka_unit_test(a_second_jolt_prolongs_the_doubt);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
