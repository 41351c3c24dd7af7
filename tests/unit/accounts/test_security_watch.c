#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "accounts/security_watch.h"
#include "base/str.h"

struct bench {
    struct security_watch watch;
    struct security_settings settings;
    mono_ms now;
    wall_ms wall;
    int alerts[RULE_COUNT];
    char message[400];              /* the last one */
    char messages[RULE_COUNT][400]; /* the last of each rule */
};

static void tell(void *context, const struct security_alert *alert)
{
    struct bench *b = context;
    b->alerts[alert->rule]++;
    (void)str_copy(b->message, sizeof b->message, alert->message);
    (void)str_copy(b->messages[alert->rule], sizeof b->messages[0], alert->message);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->now.ms = 1000000;
    b->wall.ms = 1800000000000; /* Friday 2027-01-15 08:00 UTC */
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    security_watch_clear(&b->watch);
    free(b);
    return 0;
}

/* "alice" is an operator, "root" an admin. */
static struct audit_line line_of(const struct bench *b, enum audit_event event, const char *user,
                                 bool success)
{
    struct audit_line l = {.event = event, .at = b->wall, .has_result = true, .success = success};
    (void)str_copy(l.operation, sizeof l.operation, "restart");
    (void)str_copy(l.service, sizeof l.service, "redis");
    (void)str_copy(l.user_id, sizeof l.user_id, user);
    (void)str_copy(l.user_email, sizeof l.user_email, user);
    (void)str_copy(l.user_role, sizeof l.user_role, str_equal(user, "root") ? "admin" : "operator");
    (void)str_copy(l.source_ip, sizeof l.source_ip, "192.0.2.1");
    return l;
}

static void see_line(struct bench *b, const struct audit_line *l)
{
    security_watch_see(&b->watch, &b->settings, l, b->now, tell, b);
}

static void see(struct bench *b, enum audit_event event, const char *user, bool success)
{
    struct audit_line l = line_of(b, event, user, success);
    see_line(b, &l);
}

static void pass(struct bench *b, int64_t seconds)
{
    b->now.ms += seconds * 1000;
    b->wall.ms += seconds * 1000;
}

static int all(const struct bench *b)
{
    int sum = 0;
    for (int i = 0; i < RULE_COUNT; i++)
        sum += b->alerts[i];
    return sum;
}

static void an_admins_failed_operation_is_told_each_time(void **state)
{
    struct bench *b = *state;
    see(b, AUDIT_SERVICE_OPERATION, "alice", false);
    assert_int_equal(b->alerts[RULE_FAILED_BY_ADMIN], 0);
    for (int i = 1; i <= 2; i++) {
        pass(b, 700);
        see(b, AUDIT_SERVICE_OPERATION, "root", false);
        assert_int_equal(b->alerts[RULE_FAILED_BY_ADMIN], i);
    }
}

static void three_operations_within_a_minute_are_told(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 5; i++) {
        see(b, AUDIT_SERVICE_OPERATION, "alice", true);
        pass(b, 31);
    }
    assert_int_equal(all(b), 0); /* never three within 60 s */
    pass(b, 600);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    pass(b, 30);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    pass(b, 30);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    assert_int_equal(b->alerts[RULE_RAPID], 2); /* the user's and the service's */
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    assert_int_equal(b->alerts[RULE_RAPID], 2); /* not again for a while */
    pass(b, 601);
    for (int i = 0; i < 3; i++)
        see(b, AUDIT_SERVICE_OPERATION, i == 1 ? "bob" : "alice", true);
    assert_int_equal(b->alerts[RULE_RAPID], 3); /* of two users: the service's */
}

static void the_steps_of_a_restore_are_no_rapid_operations(void **state)
{
    struct bench *b = *state;
    struct audit_line l = line_of(b, AUDIT_SERVICE_OPERATION, "alice", true);
    l.step = true;
    for (int i = 0; i < 6; i++)
        see_line(b, &l);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    assert_int_equal(all(b), 0);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    assert_int_equal(b->alerts[RULE_RAPID], 2);
}

static void expect(struct bench *b, const char *network)
{
    struct network_list *list = &b->settings.expected_addresses;
    assert_true(network_read(network, &list->networks[list->count++]));
}

static void what_resus_does_itself_is_no_alert(void **state)
{
    struct bench *b = *state;
    expect(b, "10.0.0.0/8");
    for (int i = 0; i < 10; i++)
        see(b, AUDIT_SERVICE_OPERATION, "system", false);
    assert_int_equal(all(b), 0);
    struct audit_line intent = line_of(b, AUDIT_INTENT, "root", false);
    intent.has_result = false;
    for (int i = 0; i < 10; i++)
        see_line(b, &intent);
    assert_int_equal(all(b), 0);
}

static void guessing_is_told_by_account_and_by_address(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 20; i++) {
        struct audit_line l = line_of(b, AUDIT_AUTHENTICATION, "anonymous", false);
        (void)str_copy(l.user_email, sizeof l.user_email, i < 5 ? "alice" : "anonymous");
        see_line(b, &l);
        assert_int_equal(b->alerts[RULE_FAILED_LOGINS], i >= 4);
        assert_int_equal(b->alerts[RULE_BRUTE_FORCE], i >= 19);
    }
}

static void refusals_for_lack_of_a_role_are_told(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 10; i++)
        see(b, AUDIT_AUTHORIZATION, "anonymous", false);
    assert_int_equal(b->alerts[RULE_ESCALATION], 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->alerts[RULE_ESCALATION], 0);
        see(b, AUDIT_AUTHORIZATION, "alice", false);
    }
    assert_int_equal(b->alerts[RULE_ESCALATION], 1);
}

static void an_unexpected_address_is_told_once_an_hour(void **state)
{
    struct bench *b = *state;
    see(b, AUDIT_AUTHENTICATION, "alice", true);
    assert_int_equal(all(b), 0); /* none configured: all are expected */
    expect(b, "192.0.2.0/29");
    expect(b, "2001:db8::/32");
    assert_true(security_expected(&b->settings, "192.0.2.7"));
    assert_true(security_expected(&b->settings, "::ffff:192.0.2.7"));
    assert_true(security_expected(&b->settings, "2001:db8:ffff::1"));
    assert_true(security_expected(&b->settings, "local"));
    assert_false(security_expected(&b->settings, "192.0.2.8"));
    assert_false(security_expected(&b->settings, "2001:db9::1"));
    assert_false(security_expected(&b->settings, "nonsense"));
    struct audit_line l = line_of(b, AUDIT_AUTHENTICATION, "alice", true);
    (void)str_copy(l.source_ip, sizeof l.source_ip, "192.0.2.8");
    see_line(b, &l);
    see_line(b, &l);
    assert_int_equal(b->alerts[RULE_UNEXPECTED_ADDRESS], 1);
    pass(b, 3601);
    see_line(b, &l);
    assert_int_equal(b->alerts[RULE_UNEXPECTED_ADDRESS], 2);
}

static void admins_after_hours_are_told(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    (void)str_copy(b->settings.business_hours, sizeof b->settings.business_hours,
                   "Mon-Fri 08:00-18:00");
    assert_int_equal(security_watch_configure(&b->watch, &b->settings, &err), 0);
    see(b, AUDIT_CONFIGURATION, "root", true);
    assert_int_equal(all(b), 0);
    pass(b, 10 * 3600);
    see(b, AUDIT_SERVICE_OPERATION, "alice", true);
    see(b, AUDIT_AUTHENTICATION, "root", true);
    assert_int_equal(all(b), 0); /* no admin; no operation */
    see(b, AUDIT_SERVICE_OPERATION, "root", true);
    assert_int_equal(b->alerts[RULE_AFTER_HOURS], 1);
    (void)str_copy(b->settings.business_hours, sizeof b->settings.business_hours, "whenever");
    assert_true(security_watch_configure(&b->watch, &b->settings, &err) < 0);
    pass(b, 3601);
    see(b, AUDIT_SERVICE_OPERATION, "root", true); /* the old hours still hold */
    assert_int_equal(b->alerts[RULE_AFTER_HOURS], 2);
}

static void a_changed_configuration_of_redis_is_told(void **state)
{
    struct bench *b = *state;
    struct audit_line l = line_of(b, AUDIT_CONFIGURATION, "system", true);
    (void)str_copy(l.operation, sizeof l.operation, SECURITY_CONFIG_CHANGED);
    (void)str_copy(l.reason, sizeof l.reason, "maxmemory 1 -> 2");
    see_line(b, &l);
    assert_int_equal(b->alerts[RULE_CONFIG_CHANGED], 1);
    assert_non_null(strstr(b->message, "maxmemory 1 -> 2"));
}

static void many_addresses_do_not_push_each_other_out_at_once(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 5000; i++) {
        struct audit_line l = line_of(b, AUDIT_AUTHENTICATION, "anonymous", false);
        (void)str_format(l.source_ip, sizeof l.source_ip, "10.0.%d.%d", i / 250, i % 250);
        see_line(b, &l);
        b->now.ms++;
    }
    assert_int_equal(b->alerts[RULE_BRUTE_FORCE], 0);
    for (int i = 0; i < 20; i++)
        see(b, AUDIT_AUTHENTICATION, "anonymous", false);
    assert_int_equal(b->alerts[RULE_BRUTE_FORCE], 1);
}

static void a_flood_of_alerts_is_cut(void **state)
{
    struct bench *b = *state;
    /* Fewer lines than SECURITY_LINES_MAX, which has a rule of its own. */
    for (int user = 0; user < SECURITY_ALERTS_MAX + 3; user++)
        for (int i = 0; i < 5; i++) {
            struct audit_line l = line_of(b, AUDIT_AUTHENTICATION, "anonymous", false);
            (void)str_format(l.user_email, sizeof l.user_email, "user%d", user);
            see_line(b, &l);
        }
    assert_int_equal(b->alerts[RULE_FAILED_LOGINS], SECURITY_ALERTS_MAX + 1);
    assert_non_null(strstr(b->messages[RULE_FAILED_LOGINS], "too many"));
    pass(b, 600);
    for (int i = 0; i < 5; i++) {
        struct audit_line l = line_of(b, AUDIT_AUTHENTICATION, "anonymous", false);
        (void)str_copy(l.user_email, sizeof l.user_email, "alice");
        see_line(b, &l);
    }
    assert_int_equal(b->alerts[RULE_FAILED_LOGINS], SECURITY_ALERTS_MAX + 2);
}

static void an_unusual_number_of_lines_is_told_once_in_ten_minutes(void **state)
{
    struct bench *b = *state;
    for (int minute = 0; minute < 9; minute++, pass(b, 60)) {
        for (int i = 1; i < SECURITY_LINES_MAX; i++)
            see(b, AUDIT_AUTHENTICATION, "alice", true);
        see(b, AUDIT_AUTO_RECOVERY, "system", true); /* a bad hour of a fleet is not unusual */
    }
    assert_int_equal(b->alerts[RULE_MANY_LINES], 0);
    for (int minute = 0; minute < 9; minute++, pass(b, 60))
        for (int i = 0; i < 3 * SECURITY_LINES_MAX; i++)
            see(b, AUDIT_AUTHENTICATION, "alice", true);
    assert_int_equal(b->alerts[RULE_MANY_LINES], 1);
    assert_non_null(strstr(b->message, "the last by alice from 192.0.2.1"));
    pass(b, 600);
    for (int i = 0; i < SECURITY_LINES_MAX; i++)
        see(b, AUDIT_AUTHENTICATION, "alice", true);
    assert_int_equal(b->alerts[RULE_MANY_LINES], 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_admins_failed_operation_is_told_each_time),
        TEST(three_operations_within_a_minute_are_told),
        TEST(the_steps_of_a_restore_are_no_rapid_operations),
        TEST(what_resus_does_itself_is_no_alert),
        TEST(guessing_is_told_by_account_and_by_address),
        TEST(refusals_for_lack_of_a_role_are_told),
        TEST(an_unexpected_address_is_told_once_an_hour),
        TEST(admins_after_hours_are_told),
        TEST(a_changed_configuration_of_redis_is_told),
        TEST(an_unusual_number_of_lines_is_told_once_in_ten_minutes),
        TEST(a_flood_of_alerts_is_cut),
        TEST(many_addresses_do_not_push_each_other_out_at_once),
    };
    return cmocka_run_group_tests_name("security_watch", tests, NULL, NULL);
}
