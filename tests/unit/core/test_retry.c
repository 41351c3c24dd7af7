/* Every answer of every type of channel, and every delay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/retry.h"

#define CODE_MAX 1000
#define HOUR_MS INT64_C(3600000)

/* Written out again, as the receivers' own documents have it: a change of the table is a change
 * here too. Codes that are not listed are RETRY_LATER. */
static enum retry_class wanted(enum channel_type type, int code)
{
    bool refused = code >= 400 && code <= 499;
    bool moment = code == 407 || code == 408 || code == 429;
    bool success = code >= 200 && code <= 299;
    bool gateway = (code >= 500 && code <= 502) || code == 504; /* it may have arrived before */
    if (gateway && type >= CHANNEL_SLACK && type <= CHANNEL_WEBHOOK)
        return RETRY_UNKNOWN;
    switch (type) {
    case CHANNEL_SMTP:
        return success ? RETRY_DELIVERED : code >= 500 && code <= 599 ? RETRY_FINAL : RETRY_LATER;
    case CHANNEL_SLACK:
        return code == 200 ? RETRY_DELIVERED : refused && !moment ? RETRY_FINAL : RETRY_LATER;
    case CHANNEL_TEAMS:
        return code == 200 || code == 202 ? RETRY_ACCEPTED
               : refused && !moment       ? RETRY_FINAL
                                          : RETRY_LATER;
    case CHANNEL_PAGERDUTY:
        return code == 202 ? RETRY_DELIVERED : refused && !moment ? RETRY_FINAL : RETRY_LATER;
    case CHANNEL_WEBHOOK:
        return success ? RETRY_DELIVERED : code == 410 ? RETRY_FINAL : RETRY_LATER;
    case CHANNEL_ALERTMANAGER:
        return code == 200 ? RETRY_DELIVERED : code == 400 ? RETRY_FINAL : RETRY_LATER;
    default:
        return success ? RETRY_DELIVERED : code == 404 || code == 410 ? RETRY_FINAL : RETRY_LATER;
    }
}

static void test_every_answer_has_the_class_written_here(void **state)
{
    (void)state;
    for (int t = 0; t < CHANNEL_TYPE_COUNT; t++)
        for (int code = -1; code <= CODE_MAX; code++) {
            enum channel_type type = (enum channel_type)t;
            enum retry_class is = retry_classify(type, RETRY_ANSWERED, code);
            if (is != wanted(type, code))
                fail_msg("%s %d: %s, not %s", channel_type_word(type), code, retry_class_word(is),
                         retry_class_word(wanted(type, code)));
        }
}

static void test_without_an_answer_the_code_does_not_count(void **state)
{
    (void)state;
    for (int t = 0; t < CHANNEL_TYPE_COUNT; t++)
        for (int code = -1; code <= CODE_MAX; code++) {
            enum channel_type type = (enum channel_type)t;
            assert_int_equal(retry_classify(type, RETRY_NOT_SENT, code), RETRY_LATER);
            assert_int_equal(retry_classify(type, RETRY_NO_ANSWER, code), RETRY_UNKNOWN);
            assert_int_equal(retry_classify(type, RETRY_WRONG_BODY, code), RETRY_LATER);
        }
}

static void test_what_failed_for_now_is_sent_again_and_nothing_else(void **state)
{
    (void)state;
    for (int c = 0; c < RETRY_CLASS_COUNT; c++)
        assert_int_equal(retry_again((enum retry_class)c), c == RETRY_LATER || c == RETRY_UNKNOWN);
    static const int busy[] = {429, 500, 502, 503, 504};
    for (int t = CHANNEL_SLACK; t < CHANNEL_TYPE_COUNT; t++)
        for (size_t i = 0; i < ARRAY_LENGTH(busy); i++)
            assert_true(retry_again(retry_classify((enum channel_type)t, RETRY_ANSWERED, busy[i])));
}

static void test_delays_grow_to_half_an_hour_and_stay_there(void **state)
{
    (void)state;
    static const int64_t seconds[] = {5, 15, 60, 300, 900, 1800, 1800, 1800};
    for (int n = 0; n < (int)ARRAY_LENGTH(seconds); n++) {
        int64_t ms = seconds[n] * 1000;
        assert_int_equal(retry_delay_ms(n + 1, 503, RETRY_AFTER_NONE, 0), ms * 8 / 10);
        assert_int_equal(retry_delay_ms(n + 1, 503, RETRY_AFTER_NONE, 200), ms);
        assert_int_equal(retry_delay_ms(n + 1, 503, RETRY_AFTER_NONE, 400), ms * 12 / 10);
    }
    assert_int_equal(retry_delay_ms(INT32_MAX, 0, RETRY_AFTER_NONE, 200), HOUR_MS / 2);
    assert_int_equal(retry_delay_ms(0, 0, RETRY_AFTER_NONE, 200), 5000);
    assert_int_equal(retry_delay_ms(INT32_MIN, 0, RETRY_AFTER_NONE, 200), 5000);
}

static void test_a_refusal_is_not_repeated_within_a_minute(void **state)
{
    (void)state;
    for (int code = 400; code < 500; code++)
        assert_int_equal(retry_delay_ms(1, code, RETRY_AFTER_NONE, 200), 60000);
    assert_int_equal(retry_delay_ms(1, 399, RETRY_AFTER_NONE, 200), 5000);
    assert_int_equal(retry_delay_ms(1, 500, RETRY_AFTER_NONE, 200), 5000);
    assert_int_equal(retry_delay_ms(INT32_MAX, 404, RETRY_AFTER_NONE, 200), HOUR_MS / 2);
}

static void test_every_delay_stays_within_the_jitter(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 1664525u + 1013904223u;
        int64_t ms = retry_delay_ms(3, 0, RETRY_AFTER_NONE, random);
        assert_in_range(ms, 48000, 72000);
        assert_in_range(retry_delay_ms(3, 429, 30000, random), 30000, 36000);
    }
}

static void test_the_receivers_time_is_kept_and_capped(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_ms(6, 429, 30000, 0), 30000);
    assert_int_equal(retry_delay_ms(1, 503, 120000, 0), 120000);
    /* Never at once again, whatever is asked for. */
    assert_int_equal(retry_delay_ms(1, 429, 0, 0), 5000);
    assert_int_equal(retry_delay_ms(1, 429, HOUR_MS, 77), HOUR_MS);
    assert_int_equal(retry_delay_ms(1, 429, HOUR_MS - 1, 200), HOUR_MS);
    assert_int_equal(retry_delay_ms(1, 429, INT64_MAX, UINT32_MAX), HOUR_MS);
}

static void test_words_and_lives_are_there_for_every_type(void **state)
{
    (void)state;
    for (int t = 0; t < CHANNEL_TYPE_COUNT; t++) {
        assert_non_null(channel_type_word((enum channel_type)t));
        bool is_state = t == CHANNEL_ALERTMANAGER || t == CHANNEL_HEARTBEAT;
        assert_int_equal(retry_life_ms((enum channel_type)t) == 0, is_state);
    }
    assert_int_equal(retry_life_ms(CHANNEL_PAGERDUTY), 24 * HOUR_MS);
    assert_int_equal(retry_life_ms(CHANNEL_SLACK), 72 * HOUR_MS);
    assert_int_equal(retry_life_ms(CHANNEL_SMTP), 120 * HOUR_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_answer_has_the_class_written_here),
        cmocka_unit_test(test_without_an_answer_the_code_does_not_count),
        cmocka_unit_test(test_what_failed_for_now_is_sent_again_and_nothing_else),
        cmocka_unit_test(test_delays_grow_to_half_an_hour_and_stay_there),
        cmocka_unit_test(test_a_refusal_is_not_repeated_within_a_minute),
        cmocka_unit_test(test_every_delay_stays_within_the_jitter),
        cmocka_unit_test(test_the_receivers_time_is_kept_and_capped),
        cmocka_unit_test(test_words_and_lives_are_there_for_every_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
