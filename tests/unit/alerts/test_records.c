/* Alerts and incidents in the database: what a daemon wrote, the next one reads as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "alerts/cases.h"
#include "alerts/inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const struct now then = {.mono = {1000000}, .wall = {1796522400000}};

static struct plan *plan_of(const char *yaml)
{
    struct settings *settings = NULL;
    struct error err = {0};
    struct plan *plan = mem_must(mem_calloc(1, sizeof *plan));
    if (settings_parse("t.yaml", yaml, strlen(yaml), &settings, &err) < 0)
        fail_msg("%s", err.text);
    plan_make(settings, plan);
    settings_free(settings);
    return plan;
}

static struct plan *make_plan(void)
{
    static const char yaml[] = "alerts:\n  channels:\n    mail: {type: smtp, url: \"smtp://m:25\", "
                               "from: a@b.c, to: [d@e.f]}\n"
                               "    pager: {type: pagerduty, routing_key_file: /k, send_resolved: "
                               "false}\n"
                               "    am: {type: alertmanager, url: \"http://127.0.0.1:9093\"}\n"
                               "escalation:\n  levels:\n    - {name: Team, channels: [mail]}\n"
                               "    - {name: Admin, channels: [pager, mail], after_minutes: 30}\n";
    return plan_of(yaml);
}

static void channels_have_their_parts_by_type(void **state)
{
    (void)state;
    struct plan *plan = make_plan();
    assert_int_equal(plan->count, 3);
    assert_int_equal(plan->routes.all, 7);
    assert_int_equal(plan->routes.mails, CHANNEL_BIT(0));
    assert_int_equal(plan->routes.pagers, CHANNEL_BIT(1));
    assert_int_equal(plan->boards, CHANNEL_BIT(2));
    assert_int_equal(plan->unresolved, CHANNEL_BIT(1));
    assert_false(plan->channels[0].lane.pager);
    assert_true(plan->channels[1].lane.pager && plan->channels[2].lane.pager);
    for (size_t i = 0; i < plan->count; i++)
        assert_true(plan->channels[i].lane.life_ms >= 3600000);
    assert_int_equal(plan->levels.count, 2);
    assert_int_equal(plan->levels.levels[1].channels, CHANNEL_BIT(0) | CHANNEL_BIT(1));
    json_t *names JSON_CLEANUP = plan_names(plan, 5);
    assert_int_equal(plan_set(plan, names), 5);
    assert_int_equal(plan_channel(plan, "nobody"), -1);
    mem_free(plan);
}

static void a_route_that_names_no_service_takes_every_service(void **state)
{
    (void)state;
    struct plan *plan = plan_of("alerts:\n  channels:\n"
                                "    pager: {type: pagerduty, routing_key_file: /k}\n"
                                "    mail: {type: smtp, url: \"smtp://m:25\", from: a@b.c, to: "
                                "[d@e.f]}\n"
                                "  routes:\n    - {severities: [P1], channels: [pager]}\n"
                                "    - {channels: [mail]}\n");
    assert_int_equal(route_channels(&plan->routes, "cache", SEVERITY_P1), CHANNEL_BIT(0));
    assert_int_equal(route_channels(&plan->routes, "cache", SEVERITY_P3), CHANNEL_BIT(1));
    mem_free(plan);
}

static void an_alert_is_read_as_it_was(void **state)
{
    (void)state;
    struct plan *plan = make_plan();
    struct route_set routes = route_set_of(&plan->routes, "cache");
    struct book_entry e = {.key = {.subject = "cache", .class = CLASS_AVAILABILITY}, .number = 7};
    struct alert_effects effects;
    const struct alert_input input = {
        .event = ALERT_BAD, .severity = SEVERITY_P1, .cause = CAUSE_CRASHED, .routes = &routes};
    alert_init(&e.alert, CLASS_AVAILABILITY);
    alert_step(&e.alert, &plan->policy, &input, then, &effects);
    assert_int_equal(e.alert.state, ALERT_FIRING);
    book_note_message(&e, 11);
    (void)str_copy(e.acknowledged_by, sizeof e.acknowledged_by, "alice");
    e.acknowledged_at = then.wall;
    json_t *record JSON_CLEANUP = book_record(&e, plan, then);
    struct book_entry back;
    struct error err = {0};
    struct now later = {.mono = {5000}, .wall = {then.wall.ms + 1000}}; /* another process */
    if (book_read(record, plan, later, &back, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(back.key.subject, "cache");
    assert_int_equal(back.key.class, CLASS_AVAILABILITY);
    assert_int_equal(back.alert.state, ALERT_FIRING);
    assert_int_equal(back.alert.severity, SEVERITY_P1);
    assert_int_equal(back.alert.cause, CAUSE_CRASHED);
    assert_int_equal(back.alert.episode, 1);
    assert_true(back.alert.announced);
    assert_int_equal(back.alert.notified, e.alert.notified);
    assert_int_equal(back.alert.bad_since.ms, 4000);
    assert_int_equal(json_array_size(back.messages), 1);
    assert_string_equal(back.acknowledged_by, "alice");
    json_decref(back.facts);
    json_decref(back.messages);
    json_decref(back.deliveries);
    json_decref(e.messages);
    mem_free(plan);
}

/* The facts are those of the first message. */
static void an_open_alert_is_shown_with_the_words_of_its_present_cause(void **state)
{
    static const char text[] =
        "{\"service\": \"cache\", \"notified\": [], \"class\": \"availability\", \"state\": "
        "\"%s\", \"severity\": "
        "\"P1\", \"cause\": \"%s\", \"facts\": {\"cause\": \"path_broken\", \"summary\": \"Nothing "
        "listens at 10.0.0.5:6379.\"}}";
    static const struct {
        const char *state, *cause, *summary;
    } rows[] = {
        {"firing", "path_broken", "Nothing listens at 10.0.0.5:6379."},
        {"firing", "busy_command", "A long command keeps Redis busy"},
        {"clearing", "busy_command", "A long command keeps Redis busy"},
        {"resolved", "busy_command", "Nothing listens at 10.0.0.5:6379."},
        {"firing", "ok", "Nothing listens at 10.0.0.5:6379."}, /* too many recoveries */
        {"firing", "unknown", "Nothing listens at 10.0.0.5:6379."},
    };
    (void)state;
    struct settings settings = {0};
    struct alerts *a = mem_must(mem_calloc(1, sizeof *a));
    a->settings = &settings;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char body[512];
        (void)snprintf(body, sizeof body, text, rows[i].state, rows[i].cause);
        json_t *record JSON_CLEANUP = json_loads(body, JSON_READ_FLAGS, NULL);
        json_t *shown JSON_CLEANUP = alert_shown(7, record, a, false);
        assert_ptr_equal(strstr(json_text_or(shown, "summary", ""), rows[i].summary),
                         json_text_or(shown, "summary", ""));
    }
    mem_free(a);
}

static void what_is_no_alert_is_refused(void **state)
{
    (void)state;
    struct plan *plan = make_plan();
    static const char *const texts[] = {
        "{}",
        "{\"class\": \"availability\", \"state\": \"gone\"}",
        "{\"class\": \"nothing\", \"state\": \"firing\", \"severity\": \"P1\"}",
        "{\"class\": \"writes\", \"state\": \"firing\", \"severity\": \"bad\"}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct book_entry e;
        struct error err = {0};
        json_t *body JSON_CLEANUP = json_loads(texts[i], JSON_READ_FLAGS, NULL);
        assert_true(book_read(body, plan, then, &e, &err) < 0);
    }
    struct case_entry c;
    struct error err = {0};
    json_t *empty JSON_CLEANUP = json_object();
    assert_true(case_read(empty, plan, then, &c, &err) < 0);
    mem_free(plan);
}

/* Nobody but Resus writes them; a number that is out of every range must not overflow a sum. */
static void numbers_out_of_range_are_read_as_none(void **state)
{
    (void)state;
    struct plan *plan = make_plan();
    static const char *const numbers[] = {"9223372036854775807", "-9223372036854775808",
                                          "253402300800000"};
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        char text[1024];
        struct book_entry e;
        struct case_entry c;
        (void)str_format(text, sizeof text,
                         "{\"class\": \"writes\", \"state\": \"firing\", \"severity\": \"P1\", "
                         "\"bad_since\": %s, \"began\": %s, \"members\": %s, \"returns\": [%s], "
                         "\"status\": \"investigating\", \"update_ms\": %s, \"opened\": %s, "
                         "\"update_due\": %s, \"reminders\": %s}",
                         numbers[i], numbers[i], numbers[i], numbers[i], numbers[i], numbers[i],
                         numbers[i], numbers[i]);
        json_t *body JSON_CLEANUP = json_loads(text, JSON_READ_FLAGS, NULL);
        assert_int_equal(book_read(body, plan, then, &e, NULL), 0);
        assert_int_equal(e.alert.began.ms, 0);
        assert_int_equal(e.alert.members, 0);
        assert_int_equal(case_read(body, plan, then, &c, NULL), 0);
        assert_int_equal(c.incident.opened.ms, 0);
        assert_int_equal(c.incident.update_ms, 0);
        assert_int_equal(c.incident.reminders, 0);
        json_decref(c.timeline);
        json_decref(c.texts);
        json_decref(c.calls);
    }
    mem_free(plan);
}

static void an_incident_is_read_as_it_was(void **state)
{
    (void)state;
    struct plan *plan = make_plan();
    struct cases *cases = mem_must(mem_calloc(1, sizeof *cases));
    struct case_entry *c = case_add(cases, "cache", 0);
    struct incident_effects out;
    struct escalation_effects called;
    const struct incident_input in = {.event = INCIDENT_ALERTS, .severity = SEVERITY_P1};
    const struct escalation_input begin = {
        .event = ESCALATION_BEGIN, .policy = &plan->levels, .severity = SEVERITY_P1};
    const struct escalation_input ack = {.event = ESCALATION_ACK, .severity = SEVERITY_P1};
    assert_non_null(c);
    incident_step(&c->incident, &in, then, &out);
    escalation_step(&c->escalation, &begin, then.mono, &called);
    escalation_step(&c->escalation, &ack, then.mono, &called);
    case_note(c, then, "note", "alice", "on my way");
    (void)json_put_text(c->texts, "title", "it is down");
    json_t *record JSON_CLEANUP = case_record(c, plan, then);
    struct case_entry back;
    struct error err = {0};
    if (case_read(record, plan, then, &back, &err) < 0)
        fail_msg("%s", err.text);
    assert_memory_equal(&back.incident, &c->incident, sizeof back.incident);
    assert_memory_equal(&back.escalation.policy, &c->escalation.policy,
                        sizeof back.escalation.policy);
    assert_int_equal(back.escalation.state, ESCALATION_ACKNOWLEDGED);
    assert_int_equal(back.escalation.generation, c->escalation.generation);
    assert_int_equal(back.escalation.ack_until.ms, c->escalation.ack_until.ms);
    assert_int_equal(back.escalation.called, c->escalation.called);
    assert_int_equal(json_array_size(back.timeline), 1);
    assert_string_equal(json_text_or(back.texts, "title", ""), "it is down");
    json_decref(back.timeline);
    json_decref(back.texts);
    json_decref(back.calls);
    cases_close(cases);
    mem_free(cases);
    mem_free(plan);
}

static void a_timeline_without_room_keeps_its_beginning_and_its_end(void **state)
{
    (void)state;
    struct plan *plan = make_plan();
    struct cases *cases = mem_must(mem_calloc(1, sizeof *cases));
    struct case_entry *c = case_add(cases, "cache", 0);
    char text[1001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_non_null(c);
    case_note(c, then, "open", NULL, "it began");
    for (int i = 0; i < CASE_ENTRIES_MAX + 50; i++)
        case_note(c, then, "note", "alice", i == CASE_ENTRIES_MAX + 49 ? "the last" : text);
    json_t *record JSON_CLEANUP = case_record(c, plan, then);
    const json_t *timeline = json_object_get(record, "timeline");
    size_t count = json_array_size(timeline);
    assert_true(json_dumpb(record, NULL, 0, JSON_WRITE_FLAGS) <= CASE_RECORD_MAX);
    assert_string_equal(json_text_or(json_array_get(timeline, 0), "text", ""), "it began");
    assert_string_equal(json_text_or(json_array_get(timeline, count - 1), "text", ""), "the last");
    assert_int_equal(json_int_or(record, "left_out", 0), CASE_ENTRIES_MAX + 51 - (int64_t)count);
    cases_close(cases);
    mem_free(cases);
    mem_free(plan);
}

static void the_third_incident_of_a_cause_within_a_week_recurs(void **state)
{
    (void)state;
    struct cases *cases = mem_must(mem_calloc(1, sizeof *cases));
    struct case_entry *c = case_add(cases, "cache", 0);
    assert_non_null(c);
    c->cause = CAUSE_CRASHED;
    for (int i = 1; i <= CASE_RECURS; i++) {
        assert_false(case_recurs(cases, c, then.wall));
        c->incident.opened = wall_add(then.wall, -i * 1000);
        case_note_opening(cases, c);
    }
    assert_true(case_recurs(cases, c, then.wall));
    assert_false(case_recurs(cases, c, wall_add(then.wall, CASE_RECENT_MS)));
    c->cause = CAUSE_HUNG;
    assert_false(case_recurs(cases, c, then.wall));
    cases_close(cases);
    mem_free(cases);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_have_their_parts_by_type),
        cmocka_unit_test(a_route_that_names_no_service_takes_every_service),
        cmocka_unit_test(an_alert_is_read_as_it_was),
        cmocka_unit_test(an_open_alert_is_shown_with_the_words_of_its_present_cause),
        cmocka_unit_test(what_is_no_alert_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_read_as_none),
        cmocka_unit_test(an_incident_is_read_as_it_was),
        cmocka_unit_test(a_timeline_without_room_keeps_its_beginning_and_its_end),
        cmocka_unit_test(the_third_incident_of_a_cause_within_a_week_recurs),
    };
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
