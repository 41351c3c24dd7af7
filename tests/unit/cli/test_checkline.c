/* The plugin line for every overall status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/checkline.h"
#include "cli/metric.h"

struct row {
    const char *health, *status;
    enum checkline_status seen;
    const char *line;
};

static const struct row rows[] = {
    {"{\"overall_status\": \"healthy\", \"response_time_ms\": 0.21, \"health_checks\": "
     "{\"performance\": {\"metrics\": {\"response_time_ms\": {\"value\": 0.21, \"warning\": 50, "
     "\"critical\": 100}, \"memory_mb\": {\"value\": 128.5, \"warning\": 3072, \"critical\": 4096, "
     "\"max\": 4096}, \"connections\": {\"value\": 42, \"warning\": 8000, \"critical\": 9500, "
     "\"max\": 10000}, \"cpu_percent\": {\"value\": 5.2, \"warning\": 70, \"critical\": 90}}}}}",
     "{\"uptime_seconds\": 102720}", CHECK_OK,
     "REDIS OK - answering in 0.21 ms, up 1d 4h 32m | ping=0.21ms;50;100;0 "
     "memory=134742016B;3221225472;4294967296;0;4294967296 connections=42;8000;9500;0;10000 "
     "cpu=5.2%;70;90\n"},
    {"{\"overall_status\": \"healthy\", \"response_time_ms\": 2.5}", NULL, CHECK_OK,
     "REDIS OK - answering in 2.5 ms | ping=2.5ms;;;0\n"},
    {"{\"overall_status\": \"healthy\"}", NULL, CHECK_OK, "REDIS OK - answering\n"},
    {"{\"overall_status\": \"healthy\", \"response_time_ms\": null, \"health_checks\": "
     "{\"connectivity\": {\"status\": \"warning\", \"message\": \"Redis has not answered for 4.0 "
     "s\"}, \"performance\": {\"status\": \"unknown\", \"message\": \"No current figures\"}}}",
     "{\"uptime_seconds\": null}", CHECK_WARNING,
     "REDIS WARNING - Redis has not answered for 4.0 s\n"},
    {"{\"overall_status\": \"healthy\", \"response_time_ms\": 1, \"health_checks\": "
     "{\"connectivity\": {\"status\": \"pass\"}, \"performance\": {\"status\": \"warning\", "
     "\"message\": \"INFO is not allowed\"}}}",
     NULL, CHECK_OK, "REDIS OK - answering in 1 ms; INFO is not allowed | ping=1ms;;;0\n"},
    {"{\"overall_status\": \"healthy\", \"health_checks\": {\"connectivity\": {\"status\": "
     "\"pass\"}, \"canary\": {\"status\": \"fail\", \"message\": \"SET failed: NOREPLICAS\"}}}",
     NULL, CHECK_WARNING,
     "REDIS WARNING - answering, but applications cannot write: canary SET failed: NOREPLICAS\n"},
    {"{\"overall_status\": \"healthy\", \"response_time_ms\": 1, \"health_checks\": "
     "{\"connectivity\": {\"status\": \"pass\"}, \"canary\": {\"status\": \"pass\", "
     "\"duration_ms\": 0.6}}}",
     NULL, CHECK_OK, "REDIS OK - answering in 1 ms | ping=1ms;;;0 canary=0.6ms\n"},
    {"{\"overall_status\": \"degraded\", \"cause\": {\"code\": \"memory_high\", \"summary\": "
     "\"Memory is at 85 %.\"}, \"health_checks\": {\"performance\": {\"metrics\": {\"memory_mb\": "
     "1}}}}",
     NULL, CHECK_WARNING, "REDIS WARNING - Memory is at 85 % | memory=1048576B;;;0\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"summary\": \"It does not answer.\"}}",
     "{\"maintenance\": {\"title\": \"disk\", \"state\": \"open\", \"ends_at\": "
     "\"2026-12-06T04:00:00Z\"}, \"not_guarded\": {\"reason_code\": \"maintenance\", \"text\": "
     "\"A window is open.\"}}",
     CHECK_WARNING,
     "REDIS WARNING - It does not answer; maintenance \"disk\" until 2026-12-06T04:00:00Z: no "
     "automatic recovery\n"},
    {"{\"overall_status\": \"healthy\"}",
     "{\"maintenance\": {\"title\": \"disk\", \"state\": \"verifying\", \"ends_at\": "
     "\"2026-12-06T04:00:00Z\"}}",
     CHECK_OK,
     "REDIS OK - answering; maintenance \"disk\" is being verified: no automatic recovery\n"},
    {"{\"overall_status\": \"unknown\"}",
     "{\"maintenance\": {\"title\": \"disk\", \"state\": \"open\", \"ends_at\": "
     "\"2026-12-06T04:00:00Z\"}}",
     CHECK_UNKNOWN,
     "REDIS UNKNOWN - unknown; maintenance \"disk\" until 2026-12-06T04:00:00Z: no automatic "
     "recovery\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"code\": \"hung\"}}", NULL, CHECK_CRITICAL,
     "REDIS CRITICAL - critical: hung\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"summary\": \"It does not answer.\"}, "
     "\"auto_recovery\": {\"requires_manual_intervention\": true, \"withheld\": {\"text\": "
     "\"x\"}}}",
     NULL, CHECK_CRITICAL, "REDIS CRITICAL - It does not answer; manual intervention required\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"summary\": \"Down.\"}, \"auto_recovery\": "
     "{\"withheld\": {\"reason_code\": \"paused\", \"text\": \"paused by alice\"}}}",
     NULL, CHECK_CRITICAL, "REDIS CRITICAL - Down; no automatic recovery: paused by alice\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"summary\": \"Down.\"}, \"auto_recovery\": "
     "{\"state\": \"recovering\", \"withheld\": null}}",
     NULL, CHECK_CRITICAL, "REDIS CRITICAL - Down; recovering\n"},
    {"{\"overall_status\": \"unknown\", \"cause\": {\"code\": \"host_unreachable\", \"summary\": "
     "\"The host does not answer.\"}}",
     NULL, CHECK_UNKNOWN, "REDIS UNKNOWN - The host does not answer\n"},
    {"{\"overall_status\": \"healthy\"}",
     "{\"not_guarded\": {\"reason_code\": \"disabled\", \"text\": \"Automatic recovery is switched "
     "off.\"}}",
     CHECK_WARNING, "REDIS WARNING - answering; not guarded: Automatic recovery is switched off\n"},
    {"{\"overall_status\": \"healthy\"}",
     "{\"not_guarded\": {\"reason_code\": \"cannot_act\", \"text\": \"sudo does not allow it.\"}}",
     CHECK_WARNING, "REDIS WARNING - answering; not guarded: sudo does not allow it\n"},
    {"{\"overall_status\": \"healthy\", \"auto_recovery\": {\"withheld\": {\"reason_code\": "
     "\"operation_running\", \"text\": \"x\"}}}",
     NULL, CHECK_OK, "REDIS OK - answering\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"code\": \"crashed\", \"summary\": "
     "\"Down.\"}, \"auto_recovery\": {\"requires_manual_intervention\": true, \"withheld\": "
     "{\"reason_code\": \"cannot_act\", \"text\": \"sudo refuses it.\"}}}",
     NULL, CHECK_CRITICAL, "REDIS CRITICAL - Down; Resus cannot act: sudo refuses it.\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"code\": \"stopped_on_purpose\", "
     "\"summary\": \"Stopped.\"}}",
     "{\"stopped_by\": \"alice\", \"stopped_at\": \"2026-11-29T10:00:00Z\", \"stop_reason\": \"new "
     "memory\"}",
     CHECK_WARNING,
     "REDIS WARNING - stopped on purpose by alice since 2026-11-29T10:00:00Z: new memory\n"},
    {"{\"overall_status\": \"healthy\", \"health_checks\": {\"connectivity\": {\"status\": "
     "\"warning\", \"message\": \"Redis has not answered for 4.0 s\"}}}",
     "{\"not_guarded\": {\"reason_code\": \"paused\", \"text\": \"Paused.\"}}", CHECK_WARNING,
     "REDIS WARNING - Redis has not answered for 4.0 s; not guarded: Paused\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"code\": \"stopped_on_purpose\"}}",
     "{\"stopped_by\": \"alice\", \"stop_reason\": \"new disk\"}", CHECK_WARNING,
     "REDIS WARNING - stopped on purpose by alice: new disk\n"},
    {"{\"overall_status\": \"splendid\"}", NULL, CHECK_UNKNOWN, "REDIS UNKNOWN - splendid\n"},
    {"{}", NULL, CHECK_UNKNOWN, "REDIS UNKNOWN - unknown\n"},
    {"{\"overall_status\": \"critical\", \"cause\": {\"summary\": \"a | b\\nREDIS OK - c\"}}", NULL,
     CHECK_CRITICAL, "REDIS CRITICAL - a / b REDIS OK - c\n"},
};

static void every_overall_status_has_its_line_and_exit_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *health = json_loads(rows[i].health, 0, NULL);
        json_t *status = rows[i].status == NULL ? NULL : json_loads(rows[i].status, 0, NULL);
        struct buf out = BUF_LIMIT(4096);
        assert_non_null(health);
        assert_int_equal(checkline_health(health, status, &out), rows[i].seen);
        assert_string_equal(buf_text(&out), rows[i].line);
        buf_free(&out);
        json_decref(health);
        json_decref(status);
    }
}

static void a_long_text_is_cut_before_the_figures(void **state)
{
    (void)state;
    char summary[5000];
    memset(summary, 'x', sizeof(summary) - 1);
    summary[sizeof(summary) - 1] = '\0';
    json_t *health = json_pack("{s:s,s:f,s:{s:s}}", "overall_status", "degraded",
                               "response_time_ms", 1.0, "cause", "summary", summary);
    struct buf out = BUF_LIMIT(4096);
    assert_int_equal(checkline_health(health, NULL, &out), CHECK_WARNING);
    assert_true(out.length < CHECKLINE_TEXT_MAX + 100);
    assert_non_null(strstr(buf_text(&out), " | ping=1ms;;;0\n"));
    buf_free(&out);
    json_decref(health);
}

static void figures_have_no_more_digits_than_mean_something(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } figures[] = {{0, "0"},     {0.21, "0.21"},    {0.214, "0.21"}, {2.5, "2.5"},
                   {5.0, "5"},   {128.54, "128.5"}, {42, "42"},      {3481.6, "3482"},
                   {0.001, "0"}, {99.96, "100"},    {-1.5, "-1.5"}};
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++) {
        char text[32];
        assert_string_equal(metric_text(figures[i].value, text), figures[i].text);
    }
}

/* ---- several services ----------------------------------------------------------------------- */

#define WELL "\"overall_status\": \"healthy\", \"status\": \"running\", \"cause\": \"ok\""
#define COUNTS(all, critical, unknown, degraded, open, planned, well)                              \
    " | services=" all ";;;0 critical=" critical ";;;0 unknown=" unknown ";;;0 degraded=" degraded \
    ";;;0 not_guarded=" open ";;;0 planned=" planned ";;;0 healthy=" well ";;;0\n"

static void the_worst_of_several_is_the_line(void **state)
{
    static const struct {
        const char *items, *health;
        enum checkline_status seen;
        const char *line;
    } of[] = {
        {"[{\"id\": \"a\", " WELL "}, {\"id\": \"b\", " WELL "}]", NULL, CHECK_OK,
         "REDIS OK - all 2 services are healthy" COUNTS("2", "0", "0", "0", "0", "0", "2")},
        {"[{\"id\": \"a\", " WELL "}, {\"id\": \"b\", \"overall_status\": \"critical\", \"cause\": "
         "\"crashed\"}, {\"id\": \"c\", \"overall_status\": \"unknown\"}, {\"id\": \"d\", "
         "\"overall_status\": \"critical\", \"cause\": \"stopped_on_purpose\"}]",
         "{\"overall_status\": \"critical\", \"cause\": {\"code\": \"crashed\", \"summary\": \"It "
         "was "
         "killed.\"}, \"response_time_ms\": 3}",
         CHECK_CRITICAL,
         "REDIS CRITICAL - b: It was killed; 1 more unknown (c); 1 more down as planned "
         "(d)" COUNTS("4", "1", "1", "0", "0", "1", "1")},
        /* nobody answers for the worst one: what the list knows */
        {"[{\"id\": \"a\", \"overall_status\": \"unknown\", \"cause\": \"host_unreachable\"}, "
         "{\"id\": "
         "\"b\", \"overall_status\": \"degraded\"}]",
         NULL, CHECK_UNKNOWN,
         "REDIS UNKNOWN - a: host_unreachable; 1 more degraded (b)" COUNTS("2", "0", "1", "1", "0",
                                                                           "0", "0")},
        {"[{\"id\": \"a\", " WELL
         ", \"not_guarded\": {\"reason_code\": \"paused\", \"text\": \"It is "
         "paused.\"}}, {\"id\": \"b\", " WELL "}]",
         NULL, CHECK_WARNING, "REDIS WARNING - a: ok" COUNTS("2", "0", "0", "0", "1", "0", "1")},
        {"[{\"id\": \"a\", " WELL "}, {\"id\": \"b\", " WELL
         ", \"warning\": \"Redis has not answered "
         "for 4.0 s\"}]",
         NULL, CHECK_WARNING,
         "REDIS WARNING - b: Redis has not answered for 4.0 s" COUNTS("2", "0", "0", "0", "0", "0",
                                                                      "2")},
        {"[]", NULL, CHECK_UNKNOWN, "REDIS UNKNOWN - no service matches\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        JSON_CLEANUP json_t *items = json_loads(of[i].items, 0, NULL);
        JSON_CLEANUP json_t *health =
            of[i].health == NULL ? NULL : json_loads(of[i].health, 0, NULL);
        struct buf out = BUF_LIMIT(4096);
        assert_non_null(items);
        assert_int_equal(checkline_several(items, health, NULL, &out), of[i].seen);
        assert_string_equal(buf_text(&out), of[i].line);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_of_several_is_the_line),
        cmocka_unit_test(every_overall_status_has_its_line_and_exit_status),
        cmocka_unit_test(a_long_text_is_cut_before_the_figures),
        cmocka_unit_test(figures_have_no_more_digits_than_mean_something),
    };
    return cmocka_run_group_tests_name("checkline", tests, NULL, NULL);
}
