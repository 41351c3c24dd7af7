/* What is done about the copy of each backup, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/copies.h"

static void every_combination_of_facts_has_its_step(void **state)
{
    static const struct {
        struct copies_facts f;
        enum copies_step step;
        bool waits;
    } rows[] = {
        {{.damaged = false}, COPIES_SEND, true},
        {{.noted_copied = true}, COPIES_SEND_AGAIN, false},
        {{.noted_removed = true}, COPIES_NOTHING, false},
        {{.damaged = true}, COPIES_NOTHING, false},
        {{.damaged = true, .noted_copied = true}, COPIES_NOTHING, false},
        {{.there = true}, COPIES_NOTE, true},
        {{.there = true, .noted_copied = true}, COPIES_NOTHING, false},
        {{.there = true, .noted_removed = true}, COPIES_NOTE, false},
        {{.there = true, .damaged = true}, COPIES_NOTE, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(copies_step(&rows[i].f), rows[i].step);
        assert_int_equal(copies_waits(&rows[i].f), rows[i].waits);
    }
}

static void a_place_is_visited_at_once_later_and_once_a_day(void **state)
{
    const mono_ms now = {1000000};
    struct copies_times t = {.ended = MONO_NEVER};
    (void)state;
    assert_int_equal(copies_due(&t, now, 0).ms, now.ms); /* the first visit */
    t.ended = now;
    assert_int_equal(copies_due(&t, now, 0).ms, now.ms + COPIES_LOOK_MS);
    t.waiting = true;
    assert_int_equal(copies_due(&t, now, 0).ms, now.ms);
    t.waiting = false;
    t.more = true;
    assert_int_equal(copies_due(&t, now, 0).ms, now.ms);
}

/* Never more often than every 4 s, never later than 36 min: core/retry.h. */
static void failures_are_repeated_within_bounds(void **state)
{
    const mono_ms now = {1000000};
    (void)state;
    for (int failures = 1; failures < 2000; failures++)
        for (uint32_t random = 0; random < 2000; random += 400) {
            const struct copies_times t = {
                .waiting = true, .more = true, .failures = failures, .ended = now};
            int64_t wait = mono_since(copies_due(&t, now, random), now);
            assert_true(wait >= 4000 && wait <= 36 * 60 * 1000);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_facts_has_its_step),
        cmocka_unit_test(a_place_is_visited_at_once_later_and_once_a_day),
        cmocka_unit_test(failures_are_repeated_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
