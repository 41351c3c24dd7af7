/* Lines of a log: which pass, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "report/log_lines.h"

static struct journal_line line_of(int64_t at, int priority, const char *message)
{
    struct journal_line line = {.at = {at}, .priority = priority};
    (void)str_copy(line.message, sizeof line.message, message);
    return line;
}

static const char *message_at(const json_t *lines, size_t i)
{
    return json_text_or(json_array_get(lines, i), "message", "");
}

static void lines_below_the_level_and_older_ones_do_not_pass(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *lines = json_array();
    struct log_lines c = {.lines = lines, .least = log_lines_least("warning"), .since = {1000}};
    const struct journal_line all[] = {line_of(999, 3, "old"), line_of(1000, 4, "warning"),
                                       line_of(1001, 6, "info"), line_of(1002, 2, "error")};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        log_lines_collect(&c, &all[i]);
    assert_int_equal(json_array_size(lines), 2);
    assert_string_equal(json_text_or(json_array_get(lines, 0), "level", ""), "warning");
    assert_string_equal(json_text_or(json_array_get(lines, 1), "level", ""), "error");
    assert_true(log_lines_least("error") < log_lines_least("warning"));
    assert_true(log_lines_least("warning") < log_lines_least("anything"));
}

static void the_newest_come_first_and_equal_moments_in_the_order_of_writing(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *lines = json_array();
    struct log_lines c = {.lines = lines, .least = 7, .since = WALL_NONE};
    const struct journal_line all[] = {line_of(5, 6, "a"), line_of(7, 6, "b"), line_of(7, 6, "c"),
                                       line_of(6, 6, "d")};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        log_lines_collect(&c, &all[i]);
    JSON_CLEANUP json_t *sorted = log_lines_sorted(lines);
    static const char *const expected[] = {"c", "b", "d", "a"};
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++)
        assert_string_equal(message_at(sorted, i), expected[i]);
}

static void a_time_without_a_zone_is_marked(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *lines = json_array();
    struct log_lines c = {.lines = lines, .least = 7, .since = WALL_NONE, .zone_assumed = true};
    const struct journal_line line = line_of(5, 6, "a"),
                              untimed = {.at = WALL_NONE, .message = "b"};
    log_lines_collect(&c, &line);
    log_lines_collect(&c, &untimed);
    assert_true(json_bool_or(json_array_get(lines, 0), "zone_assumed", false));
    assert_false(json_bool_or(json_array_get(lines, 1), "zone_assumed", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_below_the_level_and_older_ones_do_not_pass),
        cmocka_unit_test(the_newest_come_first_and_equal_moments_in_the_order_of_writing),
        cmocka_unit_test(a_time_without_a_zone_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
