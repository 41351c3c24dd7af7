/* The table of operations: complete, without contradictions, and a check that lets nothing else
 * through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/operations.h"
#include "base/str.h"
#include "core/window.h"

static void every_row_is_complete_and_its_names_are_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct operation *o = &operations[i];
        assert_non_null(o->name);
        assert_non_null(o->method);
        assert_non_null(o->summary);
        assert_non_null(o->fields);
        assert_int_equal(operation_by_name(o->name), i);
        assert_int_equal(strstr(o->path, "{id}") != NULL, o->on_service);
        size_t count = 0;
        for (const struct field *f = o->fields; f->name != NULL; f++, count++) {
            assert_int_equal(f->type == FIELD_CHOICE, f->choices != NULL);
            if (f->type == FIELD_INT || f->type == FIELD_REAL || f->type == FIELD_TEXT ||
                f->type == FIELD_DURATION)
                assert_true(f->min < f->max);
            for (const struct field *g = o->fields; g < f; g++)
                assert_string_not_equal(f->name, g->name);
        }
        assert_true(count < OPERATION_FIELDS_MAX);
        for (int j = 0; j < i; j++)
            assert_false(str_equal(o->method, operations[j].method) &&
                         str_equal(o->path, operations[j].path));
    }
    assert_int_equal(operation_by_name("format_disk"), -1);
    assert_int_equal(operation_by_name(""), -1);
}

static void the_least_roles_are_the_guides_matrix(void **state)
{
    (void)state;
    static const struct {
        enum operation_id id;
        enum access least;
    } rows[] = {
        {OP_SERVICES, ACCESS_ANONYMOUS},
        {OP_STATUS, ACCESS_ANONYMOUS},
        {OP_HEALTH, ACCESS_ANONYMOUS},
        {OP_REFRESH, ACCESS_ANONYMOUS},
        {OP_START, ACCESS_OPERATOR},
        {OP_RESTART, ACCESS_OPERATOR},
        {OP_RELOAD, ACCESS_OPERATOR},
        {OP_STOP, ACCESS_ADMIN},
        {OP_PREFLIGHT, ACCESS_OPERATOR},
        {OP_LOGS, ACCESS_ADMIN},
        {OP_LOGS_FOLLOW, ACCESS_ADMIN},
        {OP_RECOVERY_STATUS, ACCESS_VIEWER},
        {OP_RECOVERY_SET, ACCESS_ADMIN},
        {OP_RECOVERY_RESET, ACCESS_ADMIN},
        {OP_RECOVERY_HISTORY, ACCESS_VIEWER},
        {OP_EXPLAIN, ACCESS_VIEWER},
        {OP_PAUSE, ACCESS_ADMIN},
        {OP_RESUME, ACCESS_ADMIN},
        {OP_EVENTS, ACCESS_VIEWER},
        {OP_EVENTS_ALL, ACCESS_VIEWER},
        {OP_EVENTS_FOLLOW, ACCESS_VIEWER},
        {OP_INSPECT, ACCESS_ADMIN},
        {OP_DOCTOR, ACCESS_ADMIN},
        {OP_AUDIT, ACCESS_ADMIN},
        {OP_AUDIT_REPORT, ACCESS_ADMIN},
        {OP_AUDIT_VERIFY, ACCESS_ADMIN},
        {OP_AUDIT_KEY, ACCESS_ADMIN},
        {OP_METRICS, ACCESS_VIEWER},
        {OP_SLO, ACCESS_VIEWER},
        {OP_DIAGNOSIS, ACCESS_ADMIN},
        {OP_BUNDLE, ACCESS_ADMIN},
        {OP_NOTIFY, ACCESS_OPERATOR},
        {OP_NOTIFY_EMERGENCY, ACCESS_ADMIN},
        {OP_NOTIFY_TEST, ACCESS_ADMIN},
        {OP_CHANNELS, ACCESS_ADMIN},
        {OP_ALERTS, ACCESS_VIEWER},
        {OP_ALERT, ACCESS_VIEWER},
        {OP_ALERT_ACKNOWLEDGE, ACCESS_OPERATOR},
        {OP_INCIDENTS, ACCESS_VIEWER},
        {OP_INCIDENT, ACCESS_VIEWER},
        {OP_INCIDENT_OPEN, ACCESS_OPERATOR},
        {OP_INCIDENT_SET, ACCESS_OPERATOR},
        {OP_INCIDENT_TAKE, ACCESS_OPERATOR},
        {OP_INCIDENT_NOTE, ACCESS_OPERATOR},
        {OP_INCIDENT_UPDATE, ACCESS_OPERATOR},
        {OP_INCIDENT_ACKNOWLEDGE, ACCESS_OPERATOR},
        {OP_INCIDENT_ESCALATE, ACCESS_OPERATOR},
        {OP_POSTMORTEM, ACCESS_VIEWER},
        {OP_LINK_SHOW, ACCESS_ANONYMOUS},
        {OP_LINK_ACKNOWLEDGE, ACCESS_ANONYMOUS},
        {OP_KEY_ROTATE, ACCESS_ADMIN},
        {OP_LOGIN, ACCESS_ANONYMOUS},
        {OP_LOGOUT, ACCESS_VIEWER},
        {OP_RENEW, ACCESS_VIEWER},
        {OP_ME, ACCESS_VIEWER},
        {OP_PASSWORD, ACCESS_VIEWER},
        {OP_SESSIONS, ACCESS_VIEWER},
        {OP_SESSION_REVOKE, ACCESS_VIEWER},
        {OP_TOTP_BEGIN, ACCESS_VIEWER},
        {OP_TOTP_CONFIRM, ACCESS_VIEWER},
        {OP_TOTP_DISABLE, ACCESS_VIEWER},
        {OP_USERS, ACCESS_ADMIN},
        {OP_USER_ADD, ACCESS_ADMIN},
        {OP_USER_SET, ACCESS_ADMIN},
        {OP_TOKENS, ACCESS_ADMIN},
        {OP_TOKEN_ADD, ACCESS_ADMIN},
        {OP_TOKEN_SET, ACCESS_ADMIN},
        {OP_TOKEN_REVOKE, ACCESS_ADMIN},
        {OP_ACCESS_REQUESTS, ACCESS_VIEWER},
        {OP_ACCESS_REQUEST, ACCESS_VIEWER},
        {OP_ACCESS_APPROVE, ACCESS_ADMIN},
        {OP_ACCESS_REJECT, ACCESS_ADMIN},
        {OP_FLEET, ACCESS_VIEWER},
        {OP_FLEET_DIFF, ACCESS_VIEWER},
        {OP_FLEET_DRAIN, ACCESS_ADMIN},
        {OP_FLEET_UNDRAIN, ACCESS_ADMIN},
        {OP_FLEET_REMOVE, ACCESS_ADMIN},
        {OP_MAINTENANCE, ACCESS_VIEWER},
        {OP_MAINTENANCE_SHOW, ACCESS_VIEWER},
        {OP_MAINTENANCE_PLAN, ACCESS_ADMIN},
        {OP_MAINTENANCE_SET, ACCESS_ADMIN},
        {OP_MAINTENANCE_CANCEL, ACCESS_ADMIN},
        {OP_MAINTENANCE_BEGIN, ACCESS_ADMIN},
        {OP_MAINTENANCE_END, ACCESS_ADMIN},
        {OP_MAINTENANCE_EXTEND, ACCESS_ADMIN},
        {OP_MAINTENANCE_CHECKLIST, ACCESS_ADMIN},
        {OP_CALENDAR, ACCESS_VIEWER},
        {OP_BACKUP_OVERVIEW, ACCESS_VIEWER},
        {OP_BACKUPS, ACCESS_VIEWER},
        {OP_BACKUP, ACCESS_VIEWER},
        {OP_BACKUP_STATUS, ACCESS_VIEWER},
        {OP_BACKUP_CREATE, ACCESS_OPERATOR},
        {OP_BACKUP_VERIFY, ACCESS_OPERATOR},
        {OP_BACKUP_ACCEPT, ACCESS_ADMIN},
        {OP_BACKUP_PIN, ACCESS_ADMIN},
        {OP_BACKUP_UNPIN, ACCESS_ADMIN},
        {OP_BACKUP_DELETE, ACCESS_ADMIN},
        {OP_BACKUP_PRUNABLE, ACCESS_VIEWER},
        {OP_BACKUP_PRUNE, ACCESS_ADMIN},
        {OP_BACKUP_COPY, ACCESS_OPERATOR},
        {OP_BACKUP_ELSEWHERE, ACCESS_OPERATOR},
        {OP_BACKUP_FETCH, ACCESS_ADMIN},
        {OP_PROCEDURES, ACCESS_VIEWER},
        {OP_PROCEDURE_SHOW, ACCESS_VIEWER},
        {OP_PROCEDURE_BEGIN, ACCESS_ADMIN},
        {OP_PROCEDURE_ORDER, ACCESS_ADMIN},
        {OP_PROCEDURE_CHECKLIST, ACCESS_ADMIN},
        {OP_BACKUP_REBUILD, ACCESS_ADMIN},
        {OP_BACKUP_DRILLS, ACCESS_VIEWER},
        {OP_BACKUP_DRILL, ACCESS_OPERATOR},
        {OP_RESTORE_PLAN, ACCESS_ADMIN},
        {OP_RESTORE, ACCESS_ADMIN},
        {OP_RESTORES, ACCESS_ADMIN},
        {OP_RESTORE_SHOW, ACCESS_ADMIN},
        {OP_RESTORE_UNDO, ACCESS_ADMIN},
        {OP_RESTORE_RESUME, ACCESS_ADMIN},
        {OP_RESTORE_CANCEL, ACCESS_ADMIN},
        {OP_PROMETHEUS, ACCESS_VIEWER},
        {OP_HEALTHZ, ACCESS_ANONYMOUS},
        {OP_READYZ, ACCESS_ANONYMOUS},
        {OP_OPENAPI, ACCESS_ANONYMOUS},
        {OP_TIMING, ACCESS_VIEWER},
        {OP_VERSION, ACCESS_ANONYMOUS},
    };
    assert_int_equal(ARRAY_LENGTH(rows), OPERATION_COUNT);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(operations[rows[i].id].least, rows[i].least);
    assert_string_equal(access_name(ACCESS_ANONYMOUS), "anonymous");
    assert_string_equal(access_name(ACCESS_VIEWER), "viewer");
    assert_string_equal(access_name(ACCESS_OPERATOR), "operator");
    assert_string_equal(access_name(ACCESS_ADMIN), "admin");
}

static void the_states_of_windows_are_those_of_the_core(void **state)
{
    (void)state;
    const struct field *f = operations[OP_MAINTENANCE].fields;
    assert_string_equal(f->name, "state");
    for (int i = 0; i < WINDOW_PHASE_COUNT; i++)
        assert_string_equal(f->choices[i], window_phase_word((enum window_phase)i));
    assert_null(f->choices[WINDOW_PHASE_COUNT]);
}

/* text NULL = good */
static void check(enum operation_id id, const char *json, const char *text)
{
    json_error_t why;
    json_t *args = json_loads(json, JSON_DECODE_ANY, &why);
    if (args == NULL)
        fail_msg("%s: %s", json, why.text);
    struct error err = {0};
    int r = operation_check(&operations[id], args, &err);
    if (r != (text == NULL ? 0 : -EINVAL) || (text != NULL && !str_equal(err.text, text)))
        fail_msg("%s %s\nwanted: %s\n   got: %s", operations[id].name, json,
                 text == NULL ? "no error" : text, err.text);
    json_decref(args);
}

static void the_settings_open_and_close_operations(void **state)
{
    (void)state;
    const struct operation *status = &operations[OP_STATUS], *login = &operations[OP_LOGIN],
                           *figures = &operations[OP_PROMETHEUS], *stop = &operations[OP_STOP];
    assert_int_equal(operation_least(status, true, false), ACCESS_ANONYMOUS);
    assert_int_equal(operation_least(status, false, true), ACCESS_VIEWER);
    assert_int_equal(operation_least(login, false, false), ACCESS_ANONYMOUS);
    assert_int_equal(operation_least(figures, true, false), ACCESS_VIEWER);
    assert_int_equal(operation_least(figures, false, true), ACCESS_ANONYMOUS);
    assert_int_equal(operation_least(stop, true, true), ACCESS_ADMIN);
}

static void what_acts_on_a_service_is_for_operators_and_counted(void **state)
{
    (void)state;
    bool seen[OPERATION_ACT_COUNT] = {false};
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct operation *o = &operations[i];
        if (o->act == ACT_NONE)
            continue;
        assert_false(seen[o->act]);
        seen[o->act] = true;
        assert_true(o->on_service && o->least >= ACCESS_OPERATOR && o->rate != RATE_NONE);
    }
    for (int act = ACT_NONE + 1; act < (int)OPERATION_ACT_COUNT; act++)
        assert_true(seen[act]);
}

/* Whose lines could fill the audit log, until people's orders are refused. Users' own accounts are
 * bounded otherwise: by the wait for passwords, by five requests that may wait. */
static void what_others_than_admins_write_is_counted(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++) {
        const struct operation *o = &operations[i];
        bool reads = str_equal(o->method, "GET") || str_equal(o->method, "WS");
        bool account = strncmp(o->path, "/api/auth/", 10) == 0 || i == OP_ACCESS_REQUEST;
        if (!reads && !account && o->least < ACCESS_ADMIN && o->rate == RATE_NONE)
            fail_msg("%s has no limit", o->name);
    }
}

static void only_what_is_public_is_answered_from_copies(void **state)
{
    (void)state;
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (operations[i].copy != COPY_NONE)
            assert_int_equal(operations[i].least, ACCESS_ANONYMOUS);
}

static void a_word_gives_its_role(void **state)
{
    (void)state;
    assert_int_equal(access_by_name("viewer"), ACCESS_VIEWER);
    assert_int_equal(access_by_name("admin"), ACCESS_ADMIN);
    assert_int_equal(access_by_name("Admin"), ACCESS_ANONYMOUS);
    assert_int_equal(access_by_name(NULL), ACCESS_ANONYMOUS);
}

static void good_arguments_pass(void **state)
{
    (void)state;
    assert_int_equal(operation_check(&operations[OP_RESTART], NULL, NULL), 0);
    check(OP_RESTART, "{}", NULL);
    check(OP_RESTART, "{\"force\": true, \"reason\": \"two\\nlines\"}", NULL);
    check(OP_RESTART, "{\"force\": null}", NULL);
    check(OP_STOP, "{\"confirmation\": true, \"emergency\": true, \"message\": \"m\"}", NULL);
    check(OP_PREFLIGHT, "{\"operation\": \"stop\"}", NULL);
    check(OP_LOGS, "{\"lines\": 1, \"since\": \"2025-10-10T14:30:00Z\", \"level\": \"info\"}",
          NULL);
    check(OP_LOGS, "{\"lines\": 1000}", NULL);
    check(OP_RECOVERY_SET, "{\"retry_delay_seconds\": 0.5, \"backoff_multiplier\": 2}", NULL);
    check(OP_PAUSE, "{\"for_seconds\": 2592000, \"reason\": \"x\"}", NULL);
    check(OP_AUDIT, "{\"result\": \"failed\", \"user\": \"ops\"}", NULL);
    check(OP_AUDIT_REPORT, "{\"kind\": \"weekly\"}", NULL);
    check(OP_LOGIN, "{\"email\": \"a@b\", \"password\": \"p\\t\"}", NULL);
    check(OP_TOKEN_ADD, "{\"name\": \"ci\", \"role\": \"viewer\", \"services\": [\"redis\"]}",
          NULL);
}

static void bad_arguments_are_refused_with_the_fields_name(void **state)
{
    (void)state;
    check(OP_RESTART, "[]", "the arguments of restart must be an object");
    check(OP_RESTART, "{\"forced\": true}",
          "restart takes no field `forced`; did you mean `force`?");
    check(OP_RESTART, "{\"confirmation\": true}",
          "restart takes no field `confirmation`: it takes force, reason");
    check(OP_RESTART, "{\"force\": 1}", "`force` must be true or false");
    check(OP_RESTART, "{\"force\": \"true\"}", "`force` must be true or false");
    check(OP_RESTART, "{\"reason\": 5}", "`reason` must be a text of 0 to 500 characters");
    check(OP_RESTART, "{\"reason\": \"a\\u001b[31m\"}",
          "`reason` must not have control characters");
    check(OP_RESTART, "{\"reason\": \"a\\u202eb\"}", "`reason` must not have control characters");
    check(OP_RESTART, "{\"reason\": \"a\\u009bb\"}", "`reason` must not have control characters");
    check(OP_PREFLIGHT, "{}", "preflight needs the field `operation`");
    check(OP_PREFLIGHT, "{\"operation\": \"reload\"}",
          "`operation` must be one of stop, restart, start");
    check(OP_LOGS, "{\"lines\": 0}", "`lines` must be a whole number from 1 to 1000");
    check(OP_LOGS, "{\"lines\": 1001}", "`lines` must be a whole number from 1 to 1000");
    check(OP_LOGS, "{\"lines\": 1.5}", "`lines` must be a whole number from 1 to 1000");
    check(OP_LOGS, "{\"lines\": 9223372036854775807}",
          "`lines` must be a whole number from 1 to 1000");
    check(OP_LOGS, "{\"since\": \"yesterday\"}",
          "`since` must be a time such as 2025-10-10T14:30:00Z");
    check(OP_LOGS, "{\"level\": 1}", "`level` must be one of error, warning, info");
    check(OP_PAUSE, "{\"for_seconds\": 60}", "pause needs the field `reason`");
    check(OP_PAUSE, "{\"reason\": null}", "pause needs the field `reason`");
    check(OP_PAUSE, "{\"reason\": \"\"}", "`reason` must be a text of 1 to 500 characters");
    check(OP_PAUSE, "{\"reason\": \"x\", \"for_seconds\": 2592001}",
          "`for_seconds` must be a whole number from 1 to 2592000");
    check(OP_RECOVERY_SET, "{\"backoff_multiplier\": 10.5}",
          "`backoff_multiplier` must be a number from 1 to 10");
    check(OP_INSPECT, "{\"what\": \"keys\"}",
          "`what` must be one of info, slowlog, clients, bigkeys, commandstats");
}

static void a_text_is_measured_in_characters(void **state)
{
    (void)state;
    char json[4 * OPERATION_REASON_MAX + 32] = "{\"reason\": \"";
    for (int i = 0; i < OPERATION_REASON_MAX; i++)
        (void)str_append(json, sizeof json, "\xe2\x82\xac");
    char longer[sizeof json + 8];
    (void)snprintf(longer, sizeof longer, "%sx\"}", json);
    (void)str_append(json, sizeof json, "\"}");
    check(OP_RESTART, json, NULL);
    check(OP_RESTART, longer, "`reason` must be a text of 0 to 500 characters");
}

static void a_duration_is_seconds_or_a_text_with_units(void **state)
{
    (void)state;
    static const struct field fields[] = {
        {.name = "wait", .type = FIELD_DURATION, .min = 1, .max = 3600},
        {.name = "extra", .type = FIELD_OBJECT},
        {.name = NULL}};
    static const struct operation row = {.name = "probe", .fields = fields};
    static const struct {
        const char *json;
        bool good;
    } rows[] = {{"{\"wait\": 1}", true},        {"{\"wait\": 0.5}", false},
                {"{\"wait\": \"1h\"}", true},   {"{\"wait\": \"61m\"}", false},
                {"{\"wait\": \"2 h\"}", false}, {"{\"wait\": true}", false},
                {"{\"extra\": {}}", true},      {"{\"extra\": []}", false}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *args = json_loads(rows[i].json, 0, NULL);
        assert_int_equal(operation_check(&row, args, NULL), rows[i].good ? 0 : -EINVAL);
        json_decref(args);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete_and_its_names_are_its_own),
        cmocka_unit_test(the_least_roles_are_the_guides_matrix),
        cmocka_unit_test(the_settings_open_and_close_operations),
        cmocka_unit_test(what_acts_on_a_service_is_for_operators_and_counted),
        cmocka_unit_test(what_others_than_admins_write_is_counted),
        cmocka_unit_test(only_what_is_public_is_answered_from_copies),
        cmocka_unit_test(a_word_gives_its_role),
        cmocka_unit_test(the_states_of_windows_are_those_of_the_core),
        cmocka_unit_test(good_arguments_pass),
        cmocka_unit_test(bad_arguments_are_refused_with_the_fields_name),
        cmocka_unit_test(a_text_is_measured_in_characters),
        cmocka_unit_test(a_duration_is_seconds_or_a_text_with_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
