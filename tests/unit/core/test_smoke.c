/* The smoke test: every order of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "core/smoke.h"

static void the_commands_are_set_get_and_del_of_one_scratch_key(void **state)
{
    (void)state;
    struct smoke s;
    const char *words[SMOKE_WORDS_MAX];
    smoke_init(&s, 0xabc, 0x123);
    assert_int_equal(smoke_command(&s, words), 6);
    static const char *const set[] = {
        "SET", "resus:smoke:0000000000000abc", "0000000000000123", "EX", "60", "NX"};
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(words[i], set[i]);
    smoke_take(&s, SMOKE_RIGHT);
    assert_int_equal(smoke_command(&s, words), 2);
    assert_string_equal(words[0], "GET");
    assert_string_equal(words[1], set[1]);
    smoke_take(&s, SMOKE_RIGHT);
    assert_int_equal(smoke_command(&s, words), 2);
    assert_string_equal(words[0], "DEL");
    assert_string_equal(words[1], set[1]);
    assert_int_equal(s.result, SMOKE_PENDING);
    smoke_take(&s, SMOKE_RIGHT);
    assert_int_equal(s.result, SMOKE_PASSED);
    assert_int_equal(smoke_command(&s, words), 0);
    smoke_init(&s, UINT64_MAX, UINT64_MAX);
    assert_string_equal(s.key, "resus:smoke:ffffffffffffffff");
    assert_string_equal(s.value, "ffffffffffffffff");
}

/* One row a step, one column an answer in the order of the enum: the next step and the result. */
static const struct {
    enum smoke_step next;
    enum smoke_result result;
} expected[SMOKE_STEP_COUNT][SMOKE_ANSWER_COUNT] = {
    /* RIGHT, WRONG, READONLY, ERROR, NONE */
    {{SMOKE_GET, SMOKE_PENDING},
     {SMOKE_OVER, SMOKE_FAILED},
     {SMOKE_OVER, SMOKE_SKIPPED},
     {SMOKE_OVER, SMOKE_FAILED},
     {SMOKE_OVER, SMOKE_FAILED}},
    {{SMOKE_DEL, SMOKE_PENDING},
     {SMOKE_DEL, SMOKE_FAILED},
     {SMOKE_DEL, SMOKE_FAILED},
     {SMOKE_DEL, SMOKE_FAILED},
     {SMOKE_OVER, SMOKE_FAILED}},
    {{SMOKE_OVER, SMOKE_PASSED},
     {SMOKE_OVER, SMOKE_FAILED},
     {SMOKE_OVER, SMOKE_FAILED},
     {SMOKE_OVER, SMOKE_FAILED},
     {SMOKE_OVER, SMOKE_FAILED}},
    {{SMOKE_OVER, SMOKE_PASSED},
     {SMOKE_OVER, SMOKE_PASSED},
     {SMOKE_OVER, SMOKE_PASSED},
     {SMOKE_OVER, SMOKE_PASSED},
     {SMOKE_OVER, SMOKE_PASSED}},
};

static void every_cell_is_as_written_here(void **state)
{
    (void)state;
    for (int step = 0; step < SMOKE_STEP_COUNT; step++)
        for (int answer = 0; answer < SMOKE_ANSWER_COUNT; answer++) {
            struct smoke s;
            smoke_init(&s, 1, 2);
            for (int i = 0; i < step; i++)
                smoke_take(&s, SMOKE_RIGHT);
            assert_int_equal(s.step, step);
            smoke_take(&s, (enum smoke_answer)answer);
            assert_int_equal(s.step, expected[step][answer].next);
            assert_int_equal(s.result, expected[step][answer].result);
            if (s.result == SMOKE_FAILED) {
                assert_int_equal(s.failed_at, step);
                assert_int_equal(s.why, answer);
            }
        }
}

static void every_order_of_answers_ends_and_a_written_key_is_deleted(void **state)
{
    (void)state;
    for (int n = 0; n < SMOKE_ANSWER_COUNT * SMOKE_ANSWER_COUNT * SMOKE_ANSWER_COUNT; n++) {
        struct smoke s;
        bool deleted = false;
        bool written = false;
        bool lost = false;
        int rest = n;
        int steps = 0;
        smoke_init(&s, 1, 2);
        for (; s.step != SMOKE_OVER; steps++, rest /= SMOKE_ANSWER_COUNT) {
            enum smoke_answer answer = (enum smoke_answer)(rest % SMOKE_ANSWER_COUNT);
            written |= s.step == SMOKE_SET && answer == SMOKE_RIGHT;
            deleted |= s.step == SMOKE_DEL;
            lost |= answer == SMOKE_NONE;
            smoke_take(&s, answer);
        }
        assert_true(steps <= 3);
        assert_true(s.result != SMOKE_PENDING);
        assert_int_equal(s.result == SMOKE_PASSED, n == 0);
        if (!lost)
            assert_int_equal(deleted, written); /* a key that is not ours is not deleted */
    }
}

static void the_first_thing_that_went_wrong_is_kept(void **state)
{
    (void)state;
    struct smoke s;
    smoke_init(&s, 1, 2);
    smoke_take(&s, SMOKE_RIGHT);
    smoke_take(&s, SMOKE_WRONG);
    smoke_take(&s, SMOKE_ERROR);
    assert_int_equal(s.result, SMOKE_FAILED);
    assert_int_equal(s.failed_at, SMOKE_GET);
    assert_int_equal(s.why, SMOKE_WRONG);
    assert_string_equal(smoke_step_word(s.failed_at), "GET");
    assert_string_equal(smoke_step_word(SMOKE_OVER), "");
    static const char *const results[] = {"pending", "passed", "skipped", "failed"};
    for (int i = 0; i < SMOKE_RESULT_COUNT; i++)
        assert_string_equal(smoke_result_word((enum smoke_result)i), results[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_commands_are_set_get_and_del_of_one_scratch_key),
        cmocka_unit_test(every_cell_is_as_written_here),
        cmocka_unit_test(every_order_of_answers_ends_and_a_written_key_is_deleted),
        cmocka_unit_test(the_first_thing_that_went_wrong_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
