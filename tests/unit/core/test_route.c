/* Which channels a message goes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/route.h"

enum { PAGER = 1, CHAT = 2, MAIL = 4, HOOK = 8 };

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*", "cache", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"cache", "cache", true},
        {"cache", "cache2", false},
        {"cache*", "cache2", true},
        {"cache*", "cache", true},
        {"*-prod", "cache-prod", true},
        {"*-prod", "prod", false},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"**", "x", true},
        {"*a", "aaab", false},
        {"*ab", "aaab", true},
        {"ca?he", "cache", false},
        {"c*e", "c", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (route_matches(rows[i].pattern, rows[i].text) != rows[i].matches)
            fail_msg("\"%s\" and \"%s\"", rows[i].pattern, rows[i].text);
}

static void test_defaults_are_by_severity(void **state)
{
    (void)state;
    struct route_table t = {.all = PAGER | CHAT | MAIL | HOOK, .pagers = PAGER, .mails = MAIL};
    assert_int_equal(route_channels(&t, "x", SEVERITY_P1), PAGER | CHAT | MAIL | HOOK);
    assert_int_equal(route_channels(&t, "x", SEVERITY_P2), CHAT | MAIL | HOOK);
    assert_int_equal(route_channels(&t, "x", SEVERITY_P3), MAIL);
    assert_int_equal(route_channels(&t, "x", SEVERITY_P4), MAIL);
    assert_int_equal(route_channels(&t, "x", SEVERITY_NONE), 0);
    t.mails = 0;
    t.all = PAGER | CHAT;
    assert_int_equal(route_channels(&t, "x", SEVERITY_P3), CHAT);
    t.all = 0;
    for (int s = 0; s < SEVERITY_COUNT; s++)
        assert_int_equal(route_channels(&t, "x", (enum severity)s), 0);
}

static void test_the_first_route_that_matches_decides(void **state)
{
    (void)state;
    struct route_table t = {
        .all = PAGER | CHAT | MAIL,
        .pagers = PAGER,
        .mails = MAIL,
        .count = 3,
        .routes =
            {
                {SEVERITY_BIT(SEVERITY_P1), 1, {"test-*"}, CHAT},
                {SEVERITY_BIT(SEVERITY_P1) | SEVERITY_BIT(SEVERITY_P2),
                 2,
                 {"cache", "queue*"},
                 PAGER | HOOK},
                {SEVERITY_BIT(SEVERITY_P1), 1, {"*"}, MAIL},
            },
    };
    assert_int_equal(route_channels(&t, "test-1", SEVERITY_P1), CHAT);
    assert_int_equal(route_channels(&t, "cache", SEVERITY_P1), PAGER); /* HOOK is not there */
    assert_int_equal(route_channels(&t, "queue-eu", SEVERITY_P2), PAGER);
    assert_int_equal(route_channels(&t, "other", SEVERITY_P1), MAIL);
    assert_int_equal(route_channels(&t, "other", SEVERITY_P2), 0);
    struct route_set set = route_set_of(&t, "other");
    assert_int_equal(set.by_severity[SEVERITY_P1], MAIL);
    assert_int_equal(set.pagers, PAGER);
    assert_int_equal(route_uncovered(&set), SEVERITY_BIT(SEVERITY_P2) | SEVERITY_BIT(SEVERITY_P3) |
                                                SEVERITY_BIT(SEVERITY_P4));
    assert_int_equal(set.by_severity[SEVERITY_NONE], 0);
}

static void test_a_reload_moves_channels_to_their_new_numbers(void **state)
{
    (void)state;
    int8_t to[ROUTE_CHANNELS_MAX];
    for (int i = 0; i < ROUTE_CHANNELS_MAX; i++)
        to[i] = (int8_t)i;
    assert_int_equal(route_moved(0xFFFFFFFFu, to), 0xFFFFFFFFu);
    to[0] = 5;
    to[1] = -1;
    to[2] = ROUTE_CHANNELS_MAX; /* no such number */
    assert_int_equal(route_moved(PAGER | CHAT | MAIL | HOOK, to), CHANNEL_BIT(5) | HOOK);
}

static void test_words_are_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < SEVERITY_COUNT; i++)
        assert_int_equal(severity_by_word(severity_word((enum severity)i)), i);
    for (int i = 0; i < ALERT_CLASS_COUNT; i++)
        assert_int_equal(alert_class_by_word(alert_class_word((enum alert_class)i)), i);
    assert_int_equal(severity_by_word("P5"), SEVERITY_NONE);
    assert_int_equal(alert_class_by_word("P5"), CLASS_NONE);
    assert_true(SEVERITY_P1 > SEVERITY_P2 && SEVERITY_P3 > SEVERITY_P4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_defaults_are_by_severity),
        cmocka_unit_test(test_the_first_route_that_matches_decides),
        cmocka_unit_test(test_a_reload_moves_channels_to_their_new_numbers),
        cmocka_unit_test(test_words_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
