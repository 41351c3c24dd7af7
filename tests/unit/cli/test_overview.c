/* The overview: what comes first, and that it fits the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/overview.h"
#include "cli/view_overview.h"

static const wall_ms now = {1760106600000}; /* 2025-10-10T14:30:00Z */

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    if (value == NULL)
        fail_msg("%s at %d: %s", error.text, error.position, text);
    return value;
}

static void every_state_has_its_rank(void **state)
{
    static const struct {
        const char *item;
        enum overview_rank rank;
    } rows[] = {
        {"{\"overall_status\": \"critical\", \"cause\": \"crashed\"}", RANK_CRITICAL},
        {"{\"overall_status\": \"unknown\"}", RANK_UNKNOWN},
        {"{}", RANK_UNKNOWN},
        {"{\"overall_status\": \"degraded\", \"not_guarded\": {}}", RANK_DEGRADED},
        {"{\"overall_status\": \"healthy\", \"not_guarded\": {}}", RANK_NOT_GUARDED},
        {"{\"overall_status\": \"healthy\", \"not_guarded\": null}", RANK_HEALTHY},
        {"{\"overall_status\": \"critical\", \"cause\": \"stopped_on_purpose\"}", RANK_PLANNED},
        {"{\"overall_status\": \"critical\", \"maintenance\": {}}", RANK_PLANNED},
        {"{\"overall_status\": \"healthy\", \"maintenance\": {}, \"not_guarded\": {}}",
         RANK_HEALTHY},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *item = parse(rows[i].item);
        if (overview_rank(item) != rows[i].rank)
            fail_msg("%s: %d", rows[i].item, overview_rank(item));
        json_decref(item);
    }
}

/* A list whose widths are the worst that there can be. */
static json_t *wide_list(void)
{
    json_t *items = json_array();
    for (int i = 0; i < 1000; i++) {
        char id[64];
        (void)str_format(
            id, sizeof id, "%s-%03d",
            i % 2 == 0 ? "s" : "a-service-with-a-long-name-of-some-department-in-the-east", i);
        json_t *item = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:i, s:f, s:s, s:s}", "id", id, "name",
            "Ünïcödé 日本語 Redis of the shop", "group", "production-europe", "status", "running",
            "overall_status", i % 3 == 0 ? "critical" : "healthy", "response_time_ms", 1234.5,
            "memory_mb", 123456.7, "connections", 65000, "commands_per_second", 1234567.8, "cause",
            i % 3 == 0 ? "writes_refused_memory" : "ok", "cause_since", "2025-10-01T00:00:00Z");
        (void)json_put_text(item, "last_check", "2025-10-10T14:29:58Z");
        (void)json_array_append_new(items, item);
    }
    json_t *body = json_object();
    (void)json_put(body, "items", items);
    return body;
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    static const size_t rooms[] = {40, 60, 79, 80, 100, 132, 200};
    static const struct overview_filter all = {0};
    (void)state;
    JSON_CLEANUP json_t *body = wide_list();
    JSON_CLEANUP json_t *shown = overview_select(body, &all);
    for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
        struct page p = page_new(false, now);
        view_overview(&p, body, shown, rooms[i]);
        assert_false(p.cut);
        size_t lines = 0;
        for (char *save = NULL, *line = strtok_r(p.text.data, "\n", &save); line != NULL;
             line = strtok_r(NULL, "\n", &save), lines++)
            if (lines > 1 && page_width(line) > rooms[i])
                fail_msg("%zu columns of %zu: %s", page_width(line), rooms[i], line);
        assert_in_range(lines, 1002, 1003);
        buf_free(&p.text);
    }
}

static void figures_give_way_before_the_reason_does(void **state)
{
    static const struct overview_filter all = {0};
    (void)state;
    JSON_CLEANUP json_t *body = parse(
        "{\"items\": [{\"id\": \"sessions\", \"name\": \"Sessions\", \"status\": \"running\", "
        "\"overall_status\": \"degraded\", \"cause\": \"memory_high\", \"cause_since\": "
        "\"2025-10-10T14:27:00Z\", \"response_time_ms\": 0.21, \"memory_mb\": 3481.6, "
        "\"connections\": 42, \"commands_per_second\": 81234, \"last_check\": "
        "\"2025-10-10T14:29:58Z\"}]}");
    JSON_CLEANUP json_t *shown = overview_select(body, &all);
    static const struct {
        size_t room;
        const char *text;
    } rows[] = {
        {30, "  SERVICE   HEALTH    WHY\n● sessions  degraded  memory_high\n"},
        {40, "  SERVICE   HEALTH      FOR  WHY\n● sessions  degraded  3 min  memory_high\n"},
        {90,
         "  SERVICE   HEALTH    STATUS   OPS/S  MEMORY  CLIENTS     PING    FOR  WHY\n"
         "● sessions  degraded  running  81.2k  3.4 GB       42  0.21 ms  3 min  memory_high\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct page p = page_new(false, now);
        view_overview_rows(&p, json_object_get(shown, "items"), rows[i].room, 0, 1);
        assert_string_equal(buf_text(&p.text), rows[i].text);
        buf_free(&p.text);
    }
}

static void a_stranger_sees_a_list_without_figures(void **state)
{
    static const struct overview_filter all = {0};
    (void)state;
    JSON_CLEANUP json_t *body = parse(
        "{\"items\": [{\"id\": \"b\", \"name\": \"b\", \"status\": \"running\", "
        "\"overall_status\": "
        "\"healthy\", \"last_check\": \"2025-10-10T14:29:58Z\"}, {\"id\": \"a\", \"name\": \"a\", "
        "\"status\": \"failed\", \"overall_status\": \"critical\", \"last_check\": null}]}");
    JSON_CLEANUP json_t *shown = overview_select(body, &all);
    struct page p = page_new(false, now);
    view_overview(&p, body, shown, 80);
    assert_string_equal(buf_text(&p.text), "2 services: 1 critical, 1 healthy; 14:30:00 UTC\n"
                                           "  SERVICE  HEALTH    STATUS   CHECKED\n"
                                           "● a        critical  failed     never\n"
                                           "● b        healthy   running  2 s ago\n");
    buf_free(&p.text);
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_its_rank),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(figures_give_way_before_the_reason_does),
        cmocka_unit_test(a_stranger_sees_a_list_without_figures),
    };
    return cmocka_run_group_tests_name("overview", tests, NULL, NULL);
}
