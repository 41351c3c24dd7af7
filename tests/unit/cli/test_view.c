/* Whole pages, to the letter. */
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
#include "cli/verb.h"
#include "cli/view_audit.h"
#include "cli/view_journal.h"
#include "cli/view_key.h"
#include "cli/view_operate.h"
#include "cli/view_recovery.h"
#include "cli/view_report.h"
#include "cli/view_service.h"
#include "cli/view_table.h"

static const wall_ms now = {1760106600000}; /* 2025-10-10T14:30:00Z */

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    if (value == NULL)
        fail_msg("%s at %d: %s", error.text, error.position, text);
    return value;
}

static void expect_page(struct page *p, const char *text)
{
    assert_false(p->cut);
    assert_string_equal(buf_text(&p->text), text);
    buf_free(&p->text);
}

static const char recovery_failed[] =
    "{\"enabled\": false, \"state\": \"failed\", \"recent_recoveries\": 3, \"last_recovery\": "
    "\"2025-10-10T14:25:00Z\", \"recovery_status\": \"failed\", \"recovery_level\": \"hard\", "
    "\"duration_seconds\": 15.7, \"attempts\": 3, \"max_attempts\": 3, "
    "\"requires_manual_intervention\": true, \"circuit_breaker\": {\"state\": \"open\", "
    "\"recoveries_in_window\": 3, \"window_seconds\": 300, \"opened_at\": "
    "\"2025-10-10T14:25:00Z\"}, \"withheld\": {\"reason_code\": \"breaker_open\", \"text\": \"the "
    "circuit breaker is open\"}}";

static void a_status_that_is_fine_fits_a_few_lines(void **state)
{
    (void)state;
    json_t *status =
        parse("{\"status\": \"running\", \"pid\": 7, \"uptime_seconds\": 102720, \"memory_mb\": "
              "128.5, \"connections\": 42, \"commands_processed\": 1234567, \"last_check\": "
              "\"2025-10-10T14:29:58Z\", \"vm_info\": {\"host\": \"h\", \"name\": \"Redis VM\", "
              "\"ssh_accessible\": false}, \"operation\": {\"operation\": \"restart\", \"user\": "
              "\"alice\", \"since\": \"2025-10-10T14:29:50Z\", \"phase\": \"loading\", "
              "\"percent\": 45.2, \"eta_seconds\": 3}}");
    json_t *health = parse("{\"overall_status\": \"healthy\", \"response_time_ms\": 0.21, "
                           "\"cause\": {\"code\": \"ok\"}}");
    struct page p = page_new(false, now);
    view_status(&p, &(struct view_subject){"redis", "Redis Service", status, health});
    expect_page(&p,
                "● Running   Redis Service (redis) on Redis VM h   healthy\n"
                "  Operation          restart by alice, begun 10 s ago, loading 45 %, about 3 s "
                "left\n"
                "  Uptime             1d 4h 32m (pid 7)\n"
                "  Response time      0.21 ms\n"
                "  Memory             128.5 MB\n"
                "  Connections        42\n"
                "  Commands           1,234,567\n"
                "  Last check         2 s ago\n"
                "  SSH                no control: Resus can look but not act\n");
    json_decref(status);
    json_decref(health);
}

static void a_status_without_anything_known_is_still_a_page(void **state)
{
    (void)state;
    json_t *empty = json_object();
    struct page p = page_new(false, now);
    view_status(&p, &(struct view_subject){NULL, NULL, empty, NULL});
    expect_page(&p, "○ Unknown   Redis   unknown\n");
    json_decref(empty);
}

static void health_shows_checks_figures_cause_and_recommendations(void **state)
{
    (void)state;
    json_t *health = parse(
        "{\"overall_status\": \"degraded\", \"last_successful_command\": \"2025-10-10T14:29:59Z\", "
        "\"error_count_last_hour\": 4, \"health_checks\": {\"connectivity\": {\"status\": "
        "\"pass\", \"duration_ms\": 2.5, \"message\": \"PING successful\"}, \"systemd\": "
        "{\"status\": \"pass\", \"duration_ms\": 50, \"message\": \"Service active and "
        "running\"}, \"performance\": {\"status\": \"warning\", \"duration_ms\": 15, "
        "\"message\": \"memory at 85 %\", \"error\": \"over the limit\", \"metrics\": "
        "{\"memory_mb\": {\"value\": 3481.6, \"warning\": 3072, \"critical\": 4096, \"max\": "
        "4096}, \"cpu_percent\": {\"value\": 5.2, \"warning\": 70, \"critical\": 90}, "
        "\"connections\": 42}}}, \"cause\": {\"code\": \"memory_high\", \"summary\": \"Memory is "
        "at 85 %.\", \"since\": \"2025-10-10T14:00:00Z\", \"evidence\": [\"one\", \"two\"], "
        "\"restart\": \"harmful\", \"advice\": \"Raise maxmemory.\"}, \"recommendations\": "
        "[\"First\", \"Second\"]}");
    struct page p = page_new(false, now);
    view_health(&p, &(struct view_subject){"redis", "Redis Service", NULL, health});
    expect_page(
        &p, "Health Status: DEGRADED   Redis Service\n"
            "  ✓ Connectivity  pass     2.5 ms    PING successful\n"
            "  ✓ Systemd       pass     50 ms     Service active and running\n"
            "  ! Performance   warning  15 ms     memory at 85 %\n"
            "                                     over the limit\n"
            "      Memory             3482 MB of 4096 MB (85.0 %)   warning 3072, critical 4096\n"
            "      CPU                5.2 %   warning 70, critical 90\n"
            "      Connections        42\n"
            "  Last success       1 s ago\n"
            "  Errors             4 in the last hour\n"
            "  Cause              Memory is at 85 %. (memory_high, began 30 min ago)\n"
            "  Evidence           one\n"
            "                     two\n"
            "  Verdict            a restart would do harm\n"
            "  What to do         Raise maxmemory.\n"
            "  Recommended        • First\n"
            "                     • Second\n");
    json_decref(health);
}

static void a_failed_recovery_calls_for_a_person(void **state)
{
    (void)state;
    json_t *recovery = parse(recovery_failed);
    struct page p = page_new(false, now);
    view_recovery(&p, recovery, NULL);
    expect_page(&p,
                "  Auto-Recovery      Disabled\n"
                "  Status             Failed - Manual Intervention Required\n"
                "  Recent Recoveries  3 in 24 h\n"
                "  Last Recovery      5 min ago, failed in 15.7 s\n"
                "  Attempts           3 of 3\n"
                "  Circuit breaker    open, opened 5 min ago; `resus recovery reset` closes it\n"
                "  Withheld           the circuit breaker is open (breaker_open)\n");
    view_recovery_line(&p, recovery);
    assert_non_null(strstr(buf_text(&p.text), "Off until `resus recovery reset` · Failed - Manual "
                                              "Intervention Required · Recent Recoveries: "
                                              "3 · Last Recovery: 5 min ago\n"));
    buf_free(&p.text);
    json_decref(recovery);
}

/* Level and count are of the failure before until an attempt is made. */
static void an_attempt_is_shown_with_its_own_failure(void **state)
{
    (void)state;
    static const struct {
        const char *state, *phase, *line;
    } rows[] = {
        {"confirming", "idle", "  Status             Confirming\n"},
        {"waiting", "grace", "  Status             Waiting\n"},
        {"waiting", "backoff", "  Status             Waiting (Soft Recovery), attempt 2 of 3\n"},
        {"recovering", "acting",
         "  Status             Recovering (Soft Recovery), attempt 2 of 3\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char text[256];
        (void)str_format(text, sizeof text,
                         "{\"enabled\": true, \"state\": \"%s\", \"phase\": \"%s\", "
                         "\"recovery_level\": \"soft\", \"attempts\": 2, \"max_attempts\": 3}",
                         rows[i].state, rows[i].phase);
        json_t *recovery = parse(text);
        struct page p = page_new(false, now);
        view_recovery(&p, recovery, NULL);
        if (strstr(buf_text(&p.text), rows[i].line) == NULL)
            fail_msg("no \"%s\" in:\n%s", rows[i].line, buf_text(&p.text));
        buf_free(&p.text);
        json_decref(recovery);
    }
}

static void a_pause_does_not_promise_what_the_breaker_forbids(void **state)
{
    (void)state;
    static const struct verb verb = {.name = "pause"};
    const struct invocation in = {.verb = &verb};
    json_t *body = parse("{\"paused_until\": \"2025-10-10T16:30:00Z\", \"withheld\": "
                         "{\"reason_code\": \"breaker_open\", \"text\": \"Open, and paused.\"}}");
    struct page p = page_new(false, now);
    view_pause(&p, body, &in);
    assert_null(strstr(buf_text(&p.text), "acts again"));
    assert_non_null(strstr(buf_text(&p.text), "does not act after that either"));
    assert_non_null(strstr(buf_text(&p.text), "Open, and paused."));
    buf_free(&p.text);
    json_decref(body);
    body = parse("{\"paused_until\": \"2025-10-10T16:30:00Z\", \"withheld\": "
                 "{\"reason_code\": \"paused\", \"text\": \"Paused.\"}}");
    p = page_new(false, now);
    view_pause(&p, body, &in);
    assert_non_null(strstr(buf_text(&p.text), "acts again by itself"));
    buf_free(&p.text);
    json_decref(body);
}

static void a_finding_without_advice_has_no_empty_arrow(void **state)
{
    (void)state;
    json_t *body =
        parse("{\"findings\": 1, \"trees\": [{\"title\": \"Why\", \"applies\": true, "
              "\"steps\": [{\"status\": \"finding\", \"check\": \"unit\", \"seen\": "
              "\"activating\", \"cause\": \"systemd is at work.\", \"action\": \"\"}]}]}");
    struct page p = page_new(false, now);
    view_diagnosis(&p, body, NULL);
    assert_null(strstr(buf_text(&p.text), "→"));
    assert_non_null(strstr(buf_text(&p.text), "systemd is at work.\n1 finding."));
    buf_free(&p.text);
    json_decref(body);
}

static void the_recoveries_of_a_day_are_summed_up_in_one_line(void **state)
{
    (void)state;
    json_t *body = parse("{\"items\": [], \"metrics\": {\"count\": 4, \"success_rate\": 0.75, "
                         "\"mean_seconds\": 0.42, "
                         "\"commonest_level\": \"hard\"}}");
    struct page p = page_new(false, now);
    view_recoveries(&p, body, NULL);
    expect_page(&p, "no recovery so far\n"
                    "  Last 24 h          4 recoveries, 75 % successful, 0.42 s on average, mostly "
                    "Hard Recovery\n");
    json_decref(body);
    body = parse("{\"items\": [], \"metrics\": {\"count\": 0, \"success_rate\": null, "
                 "\"mean_seconds\": null, \"commonest_level\": null}}");
    view_recoveries(&p, body, NULL);
    expect_page(&p, "no recovery so far\n  Last 24 h          0 recoveries\n");
    buf_free(&p.text);
    json_decref(body);
}

static void a_history_names_what_was_tried_and_what_systemd_did(void **state)
{
    (void)state;
    json_t *body = parse(
        "{\"items\": [{\"id\": \"r-1\", \"started_at\": null, \"duration_seconds\": 12.5, "
        "\"cause\": "
        "\"crashed\", \"recovery_level\": \"hard\", \"result\": \"failed\", \"attempts\": 3, "
        "\"message\": \"It was killed.\"}, {\"id\": \"s-1\", \"started_at\": null, "
        "\"duration_seconds\": 0.4, \"cause\": \"crashed\", \"recovery_level\": null, \"result\": "
        "\"by_systemd\", \"attempts\": 0, \"message\": \"Redis was restarted by systemd.\"}]}");
    struct page p = page_new(false, now);
    view_recoveries(&p, body, NULL);
    assert_non_null(strstr(buf_text(&p.text), "crashed: It was killed. (3 attempts)\n"));
    assert_non_null(strstr(buf_text(&p.text), "by_systemd"));
    assert_non_null(strstr(buf_text(&p.text), "crashed: Redis was restarted by systemd.\n"));
    buf_free(&p.text);
    json_decref(body);
}

static void a_call_for_a_human_is_not_shown_as_a_recovery(void **state)
{
    (void)state;
    json_t *body = parse("{\"type\": \"auto_recovery\", \"service\": \"redis\", "
                         "\"recovery_level\": \"critical\", \"status\": \"failed\", "
                         "\"message\": \"A long command keeps Redis busy.\"}");
    struct page p = page_new(false, now);
    view_event(&p, body);
    assert_non_null(strstr(buf_text(&p.text),
                           "  redis  a human is needed: A long command keeps Redis busy.\n"));
    buf_free(&p.text);
    json_decref(body);
}

static void an_explanation_reads_from_deed_to_facts(void **state)
{
    (void)state;
    json_t *body = parse("{\"would_act\": true, \"action\": \"start\", \"cause\": {\"code\": "
                         "\"crashed\", \"summary\": \"It was killed (signal 9).\", \"evidence\": "
                         "[]}, \"facts\": {\"reply\": \"refused\", \"exit_signal\": 9, "
                         "\"stopped_on_purpose\": false}, \"reasons\": [\"Two layers agree.\", "
                         "\"Nobody else is at work.\"], \"withheld\": null}");
    struct page p = page_new(false, now);
    view_explain(&p, body, NULL);
    expect_page(&p, "Resus would act now: start\n"
                    "  Cause              It was killed (signal 9). (crashed)\n"
                    "  Because            Two layers agree.\n"
                    "                     Nobody else is at work.\n"
                    "  Facts seen         reply                    refused\n"
                    "                     exit_signal              9\n"
                    "                     stopped_on_purpose       no\n");
    json_decref(body);
}

static void a_wait_is_told_with_its_end(void **state)
{
    (void)state;
    json_t *body = parse("{\"would_act\": false, \"action\": \"start\", \"reasons\": [\"Resus "
                         "starts it at 18:20:05 UTC (in 88 s).\"], \"withheld\": null}");
    struct page p = page_new(false, now);
    view_explain(&p, body, NULL);
    expect_page(&p, "Resus waits, then it would act: start\n"
                    "  Because            Resus starts it at 18:20:05 UTC (in 88 s).\n");
    json_decref(body);
    body = parse("{\"enabled\": true, \"state\": \"waiting\", \"recent_recoveries\": 0, "
                 "\"next_step\": \"Resus starts it at 18:20:05 UTC (in 88 s).\"}");
    view_recovery_line(&p, body);
    expect_page(&p,
                "  Auto-Recovery      Enabled · Waiting · Recent Recoveries: 0 · Last Recovery: "
                "Never\n"
                "  Next step          Resus starts it at 18:20:05 UTC (in 88 s).\n");
    json_decref(body);
}

static void a_stopped_service_says_by_whom_when_and_why(void **state)
{
    (void)state;
    json_t *status = parse("{\"status\": \"stopped\", \"stopped_by\": \"alice\", \"stopped_at\": "
                           "\"2025-10-10T14:29:50Z\", \"stop_reason\": \"new memory\"}");
    json_t *health = parse("{\"overall_status\": \"critical\"}");
    struct page p = page_new(false, now);
    view_status(&p, &(struct view_subject){"redis", NULL, status, health});
    expect_page(&p, "● Stopped   redis   critical\n"
                    "  Stopped            by alice, 10 s ago: new memory\n");
    json_decref(status);
    json_decref(health);
}

static void a_start_that_still_loads_is_no_failure(void **state)
{
    (void)state;
    struct invocation in = {.verb = verb_by_name("start")};
    json_t *body = parse("{\"success\": true, \"operation\": \"start\", \"message\": \"Still "
                         "loading.\", \"new_status\": \"starting\", \"duration_seconds\": 30}");
    struct page p = page_new(false, now);
    view_operation(&p, body, &in);
    expect_page(&p, "… start: Still loading. (30 s)\n"
                    "  Status             starting\n"
                    "  It goes on loading; `resus status` shows how far it is.\n");
    json_decref(body);
}

static void a_table_aligns_numbers_right_and_texts_left(void **state)
{
    (void)state;
    json_t *body = parse("{\"items\": [{\"name\": \"a\", \"n\": 1000, \"last\": true}, {\"name\": "
                         "\"büro\", \"n\": 2, \"last\": null}]}");
    struct page p = page_new(false, now);
    view_anything(&p, body, NULL);
    expect_page(&p, "name  n     last\n"
                    "a     1000  yes\n"
                    "büro     2  -\n");
    json_t *nested = parse("{\"memory\": {\"used\": 5, \"keys\": [1, 2]}, \"none\": null, "
                           "\"version\": \"7.0\"}");
    view_anything(&p, nested, NULL);
    expect_page(&p, "memory\n"
                    "  used  5\n"
                    "  keys\n"
                    "    1\n"
                    "    2\n"
                    "version  7.0\n");
    json_decref(body);
    json_decref(nested);
}

/* East Asian characters and most pictures take two cells, combining marks none. */
static void a_table_counts_cells_of_the_screen_and_not_characters(void **state)
{
    (void)state;
    json_t *body =
        parse("{\"items\": [{\"name\": \"\u30ad\u30e3\u30c3\u30b7\u30e5\", \"n\": 1}, "
              "{\"name\": \"e\u0301te\", \"n\": 2}, {\"name\": \"\U0001F680\", \"n\": 3}]}");
    struct page p = page_new(false, now);
    view_anything(&p, body, NULL);
    expect_page(&p, "name        n\n"
                    "\u30ad\u30e3\u30c3\u30b7\u30e5  1\n"
                    "e\u0301te         2\n"
                    "\U0001F680          3\n");
    json_decref(body);
}

static void a_log_without_lines_says_so(void **state)
{
    (void)state;
    json_t *body =
        parse("{\"logs\": [], \"total_lines\": 0, \"service\": \"redis\", \"vm\": \"\"}");
    struct page p = page_new(false, now);
    view_logs(&p, body, NULL);
    expect_page(&p, "No line of the log matches.\n");
    json_decref(body);
    body = parse(
        "{\"logs\": [], \"total_lines\": 0, \"problem\": \"The journal cannot be read: no\"}");
    p = page_new(false, now);
    view_logs(&p, body, NULL);
    expect_page(&p, "The journal cannot be read: no. Run `resus doctor`.\n");
    json_decref(body);
}

static void an_audit_line_tells_who_did_what_and_how_it_ended(void **state)
{
    (void)state;
    json_t *line = parse("{\"timestamp\": \"2025-10-10T14:02:11Z\", \"service\": \"redis\", "
                         "\"operation\": \"restart\", \"user\": {\"id\": \"1\", \"email\": "
                         "\"a@b\", \"role\": \"admin\"}, \"result\": {\"success\": false, "
                         "\"duration_seconds\": 1.5, \"error\": \"no\"}, \"reason\": \"slow\"}");
    struct page p = page_new(false, now);
    view_audit_line(&p, line);
    expect_page(&p, "14:02:11  redis     restart            a@b                  failed   1.5 s no "
                    "\"slow\"\n");
    json_decref(line);
}

static void a_new_key_is_shown_with_all_that_a_person_does(void **state)
{
    (void)state;
    json_t *body =
        parse("{\"key\": \"/k\", \"phase\": \"made\", \"message\": \"A new key waits.\", "
              "\"new_file\": \"/k.new\", \"new_fingerprint\": \"SHA256:x\", "
              "\"hosts\": [{\"host\": \"h\", \"port\": 22, \"user\": \"autobot\", "
              "\"services\": [\"redis\"], \"line\": \"restrict ssh-ed25519 AAAA c\", "
              "\"command\": \"printf ...\"}]}");
    struct page p = page_new(false, now);
    view_key_rotation(&p, body, NULL);
    expect_page(&p, "A new key waits.\n\n"
                    "  Key                /k\n"
                    "  New key            /k.new  SHA256:x\n"
                    "\nautobot@h, port 22: this line into ~/.ssh/authorized_keys\n\n"
                    "restrict ssh-ed25519 AAAA c\n\nas root on Resus' machine:\n\nprintf ...\n");
    json_decref(body);
}

int main(void)
{
    (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_that_is_fine_fits_a_few_lines),
        cmocka_unit_test(a_status_without_anything_known_is_still_a_page),
        cmocka_unit_test(health_shows_checks_figures_cause_and_recommendations),
        cmocka_unit_test(a_failed_recovery_calls_for_a_person),
        cmocka_unit_test(an_attempt_is_shown_with_its_own_failure),
        cmocka_unit_test(a_pause_does_not_promise_what_the_breaker_forbids),
        cmocka_unit_test(a_finding_without_advice_has_no_empty_arrow),
        cmocka_unit_test(the_recoveries_of_a_day_are_summed_up_in_one_line),
        cmocka_unit_test(a_history_names_what_was_tried_and_what_systemd_did),
        cmocka_unit_test(a_call_for_a_human_is_not_shown_as_a_recovery),
        cmocka_unit_test(an_explanation_reads_from_deed_to_facts),
        cmocka_unit_test(a_wait_is_told_with_its_end),
        cmocka_unit_test(a_stopped_service_says_by_whom_when_and_why),
        cmocka_unit_test(a_start_that_still_loads_is_no_failure),
        cmocka_unit_test(a_table_aligns_numbers_right_and_texts_left),
        cmocka_unit_test(a_table_counts_cells_of_the_screen_and_not_characters),
        cmocka_unit_test(a_log_without_lines_says_so),
        cmocka_unit_test(an_audit_line_tells_who_did_what_and_how_it_ended),
        cmocka_unit_test(a_new_key_is_shown_with_all_that_a_person_does),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
