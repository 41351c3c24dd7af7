/* What the mails about the audit log say, from what the audit log's reviews say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "alerts/reports.h"
#include "base/json.h"
#include "base/mem.h"

static struct message *text_of(const char *json, bool weekly, const struct report_zone *zone)
{
    struct message *m = mem_must(mem_calloc(1, sizeof *m));
    JSON_CLEANUP json_t *body = json_loads(json, 0, NULL);
    assert_non_null(body);
    message_init(m, MESSAGE_ANNOUNCE);
    report_text(body, weekly, zone, m);
    return m;
}

static const struct report_zone utc = {.name = ""};

static void a_day_is_read_from_figures_to_what_happened(void **state)
{
    (void)state;
    struct message *m = text_of(
        "{\"since\": \"2026-11-29T07:00:00Z\", \"until\": \"2026-11-30T07:00:00Z\","
        " \"recoveries\": {\"count\": 2, \"failed\": 1, \"mean_duration_seconds\": 1.25,"
        "   \"items\": [{\"timestamp\": \"2026-11-30T02:10:04.123Z\", \"service\": \"cache\","
        "     \"operation\": \"restart\", \"recovery_level\": \"hard\", \"user\": \"system\","
        "     \"reason\": \"crashed\"}]},"
        " \"failed_operations\": {\"count\": 1, \"items\": [{\"timestamp\":"
        "     \"2026-11-29T23:01:00Z\", \"service\": \"cache\", \"operation\": \"stop\","
        "     \"user\": \"alice@example.org\", \"error\": \"refused\\nby the whitelist\"}]},"
        " \"outside_business_hours\": {\"count\": 0, \"business_hours\": \"Mon-Fri 08:00-18:00\","
        "   \"timezone\": \"Europe/Berlin\", \"items\": []}}",
        false, &utc);
    assert_string_equal(m->title, "Daily summary: 2 recoveries, 1 failed operation");
    assert_string_equal(m->summary, "From 2026-11-29 07:00:00 to 2026-11-30 07:00:00 (UTC).");
    assert_string_equal(m->text,
                        "Recoveries: 2, 1 failed, 1.2 s on average\n"
                        "Failed operations: 1\n"
                        "Outside business hours (Mon-Fri 08:00-18:00 Europe/Berlin): 0\n"
                        "\n"
                        "Recoveries:\n"
                        "  2026-11-30 02:10:04  cache  restart hard by system: crashed\n"
                        "\n"
                        "Failed operations:\n"
                        "  2026-11-29 23:01:00  cache  stop by alice@example.org: refused by the "
                        "whitelist\n");
    assert_string_equal(
        m->command,
        "resus audit summary --since 2026-11-29T07:00:00Z --until 2026-11-30T07:00:00Z");
    mem_free(m);
}

static void a_week_has_groups_and_a_line_for_each_day(void **state)
{
    (void)state;
    struct message *m = text_of(
        "{\"since\": \"2026-11-23T07:00:00Z\", \"until\": \"2026-11-30T07:00:00Z\","
        " \"operations\": {\"count\": 3, \"failed\": 0}, \"recoveries\": {\"count\": 1, \"failed\":"
        " 0, \"by_level\": [{\"recovery_level\": \"soft\", \"count\": 1, \"failed\": 0}]},"
        " \"by_operation\": [{\"operation\": \"restart\", \"count\": 3, \"failed\": 0}],"
        " \"by_user\": [{\"user\": \"alice@example.org\", \"count\": 3, \"failed\": 0}],"
        " \"failures\": [], \"trend\": [{\"day\": \"2026-11-24\", \"operations\": 3, \"failed\": 0,"
        " \"recoveries\": 1}]}",
        true, &utc);
    assert_string_equal(m->title, "Weekly report: 1 recovery, 0 failed operations");
    assert_string_equal(m->text, "Operations: 3\n"
                                 "Recoveries: 1\n"
                                 "\n"
                                 "By operation:\n"
                                 "  restart: 3\n"
                                 "\n"
                                 "By user:\n"
                                 "  alice@example.org: 3\n"
                                 "\n"
                                 "Recoveries by level:\n"
                                 "  soft: 1\n"
                                 "\n"
                                 "By day (operations, failed, recoveries):\n"
                                 "  2026-11-24  3, 0, 1\n");
    mem_free(m);
}

static void times_are_those_of_the_readers_clock(void **state)
{
    (void)state;
    struct zone *zone = NULL;
    assert_int_equal(zone_load("Europe/Berlin", &zone, NULL), 0);
    const struct report_zone berlin = {zone, "Europe/Berlin"};
    struct message *m =
        text_of("{\"since\": \"2026-11-29T06:00:00Z\", \"until\": \"2026-11-30T06:00:00Z\"}", false,
                &berlin);
    assert_string_equal(m->summary,
                        "From 2026-11-29 07:00:00 to 2026-11-30 07:00:00 (Europe/Berlin).");
    assert_string_equal(m->title, "Daily summary: no recovery, no failed operation");
    mem_free(m);
    zone_free(zone);
}

static void a_bad_day_is_cut_and_says_how_much_there_is(void **state)
{
    (void)state;
    JSON_CLEANUP json_t *body = json_object();
    json_t *items = json_array(), *failed = json_object();
    for (int i = 0; i < 100; i++)
        (void)json_array_append_new(items, json_pack("{s:s}", "operation", "restart"));
    (void)json_object_set_new(failed, "count", json_integer(400));
    (void)json_object_set_new(failed, "items", items);
    (void)json_object_set_new(body, "failed_operations", failed);
    char *json = json_dumps(body, 0);
    struct message *m = text_of(json, false, &utc);
    assert_non_null(strstr(m->text, "Failed operations: 400\n"));
    assert_non_null(strstr(m->text, "  and 392 more\n"));
    mem_free(m);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_is_read_from_figures_to_what_happened),
        cmocka_unit_test(a_week_has_groups_and_a_line_for_each_day),
        cmocka_unit_test(times_are_those_of_the_readers_clock),
        cmocka_unit_test(a_bad_day_is_cut_and_says_how_much_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
