#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/backup_rules.h"

#define BIT(suspicion) (1u << (suspicion))
#define NOT_KNOWN BACKUP_KEYS_UNKNOWN

static const struct backup_figures last = {.keys = 1000, .bytes = 90000};

static void each_rule_has_its_limit(void **state)
{
    static const struct {
        struct backup_figures now;
        unsigned found;
    } rows[] = {
        {{1000, 90000, 1000, 1000}, 0},
        {{500, 45000, NOT_KNOWN, NOT_KNOWN}, 0},
        {{499, 45000, NOT_KNOWN, NOT_KNOWN}, BIT(BACKUP_FEWER_KEYS)},
        {{500, 44999, NOT_KNOWN, NOT_KNOWN}, BIT(BACKUP_FEWER_BYTES)},
        {{1, 100, NOT_KNOWN, NOT_KNOWN}, BIT(BACKUP_FEWER_KEYS) | BIT(BACKUP_FEWER_BYTES)},
        {{0, 100, 0, 0}, BIT(BACKUP_NOW_EMPTY) | BIT(BACKUP_FEWER_BYTES)},
        /* the server's own counts: 5 percent beyond either */
        {{950, 90000, 1000, 2000}, 0},
        {{949, 90000, 1000, 2000}, BIT(BACKUP_OUTSIDE_LIVE)},
        {{2100, 90000, 1000, 2000}, 0},
        {{2101, 90000, 2000, 1000}, BIT(BACKUP_OUTSIDE_LIVE)},
        {{949, 90000, NOT_KNOWN, 1000}, BIT(BACKUP_OUTSIDE_LIVE)},
        {{949, 90000, 1000, NOT_KNOWN}, BIT(BACKUP_OUTSIDE_LIVE)},
        {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}, 0},
        {{INT64_MAX, INT64_MAX, 0, 0}, BIT(BACKUP_OUTSIDE_LIVE)},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(backup_suspicions(&rows[i].now, &last), rows[i].found);
}

static void a_share_of_few_keys_means_nothing(void **state)
{
    const struct backup_figures near = {10, 300, 20, 20};
    const struct backup_figures far = {9, 300, 20, 20};
    (void)state;
    assert_int_equal(backup_suspicions(&near, NULL), 0);
    assert_int_equal(backup_suspicions(&far, NULL), BIT(BACKUP_OUTSIDE_LIVE));
}

static void the_first_backup_may_be_empty(void **state)
{
    const struct backup_figures now = {0, 88, 0, 0};
    const struct backup_figures empty = {0, 88, 0, 0};
    (void)state;
    assert_int_equal(backup_suspicions(&now, NULL), 0);
    assert_int_equal(backup_suspicions(&now, &empty), 0);
}

static void each_has_a_word_and_a_sentence_with_figures(void **state)
{
    static const struct backup_figures now = {7, 77, 555, 666};
    static const char *const parts[] = {"1000", "7 keys", "90000", "555"};
    char text[256];
    (void)state;
    for (enum backup_suspicion i = 0; i < BACKUP_SUSPICION_COUNT; i++) {
        backup_suspicion_text(i, &now, &last, text, sizeof text);
        assert_non_null(strstr(text, parts[i]));
        assert_non_null(backup_suspicion_word(i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_limit),
        cmocka_unit_test(a_share_of_few_keys_means_nothing),
        cmocka_unit_test(the_first_backup_may_be_empty),
        cmocka_unit_test(each_has_a_word_and_a_sentence_with_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
