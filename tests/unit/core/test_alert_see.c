/* What each cause says about each alert, and when a page may wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/alert.h"

static struct alert_key key_of(enum alert_class class, const char *detail)
{
    struct alert_key key = {.subject = "cache", .class = class};
    (void)str_copy(key.detail, sizeof key.detail, detail);
    return key;
}

static enum alert_event event_of(enum cause cause, bool confirmed, enum alert_class class)
{
    const struct health_levels fine = {0};
    struct alert_facts facts = {.verdict = {cause, confirmed}, .levels = &fine};
    struct alert_key key = key_of(class, class == CLASS_PERFORMANCE ? "replica_link_down" : "");
    return alert_see(&facts, &key).event;
}

/* One row a cause: availability, writes, access, host, and the link of a replica. */
static void test_every_cause_says_this_of_each_class(void **state)
{
    (void)state;
    static const enum alert_class columns[] = {CLASS_AVAILABILITY, CLASS_WRITES, CLASS_ACCESS,
                                               CLASS_HOST, CLASS_PERFORMANCE};
    enum { NOTHING, ALL_WELL, DOWN, NO_WRITES, NO_LINK, NO_CONTROL, FIGURE, SHUT_OUT, NO_HOST };
    static const enum alert_event rows[][5] = {
        [NOTHING] = {ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_UNKNOWN},
        [ALL_WELL] = {ALERT_WELL, ALERT_WELL, ALERT_WELL, ALERT_WELL, ALERT_WELL},
        [DOWN] = {ALERT_BAD, ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_WELL, ALERT_UNKNOWN},
        [NO_WRITES] = {ALERT_WELL, ALERT_BAD, ALERT_UNKNOWN, ALERT_WELL, ALERT_UNKNOWN},
        [NO_LINK] = {ALERT_WELL, ALERT_WELL, ALERT_UNKNOWN, ALERT_WELL, ALERT_BAD},
        [NO_CONTROL] = {ALERT_WELL, ALERT_WELL, ALERT_BAD, ALERT_WELL, ALERT_WELL},
        [FIGURE] = {ALERT_WELL, ALERT_WELL, ALERT_WELL, ALERT_WELL, ALERT_WELL},
        [SHUT_OUT] = {ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_BAD, ALERT_UNKNOWN, ALERT_UNKNOWN},
        [NO_HOST] = {ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_UNKNOWN, ALERT_BAD, ALERT_UNKNOWN},
    };
    static const int row_of[CAUSE_COUNT] = {
        [CAUSE_NONE] = NOTHING,
        [CAUSE_OK] = ALL_WELL,
        [CAUSE_LOADING] = DOWN,
        [CAUSE_BUSY_SCRIPT] = DOWN,
        [CAUSE_HUNG] = DOWN,
        [CAUSE_BUSY_COMMAND] = DOWN,
        [CAUSE_IO_BLOCKED] = DOWN,
        [CAUSE_TRACED] = DOWN,
        [CAUSE_FROZEN] = DOWN,
        [CAUSE_PATH_BROKEN] = DOWN,
        [CAUSE_CONNECTION_REFUSED] = DOWN,
        [CAUSE_UNIT_STOPPED] = DOWN,
        [CAUSE_STOPPED_ON_PURPOSE] = ALL_WELL,
        [CAUSE_UNIT_FAILED] = DOWN,
        [CAUSE_CRASHED] = DOWN,
        [CAUSE_OOM_KILLED] = DOWN,
        [CAUSE_SYSTEMD_RESTARTING] = DOWN,
        [CAUSE_START_LIMIT_HIT] = DOWN,
        [CAUSE_START_TIMEOUT] = DOWN,
        [CAUSE_STOP_HANGING] = DOWN,
        [CAUSE_PERSISTENCE_FAILING] = NO_WRITES,
        [CAUSE_WRITES_REFUSED_MEMORY] = NO_WRITES,
        [CAUSE_WRITES_PAUSED] = NO_WRITES,
        [CAUSE_CLIENTS_EXHAUSTED] = DOWN,
        [CAUSE_CONFIG_ERROR] = DOWN,
        [CAUSE_PORT_IN_USE] = DOWN,
        [CAUSE_DATA_CORRUPT] = DOWN,
        [CAUSE_PERMISSION_DENIED] = DOWN,
        [CAUSE_DISK_FULL] = DOWN,
        [CAUSE_MODULE_MISSING] = DOWN,
        [CAUSE_WRONG_INSTANCE] = DOWN,
        [CAUSE_REPLICA_LINK_DOWN] = NO_LINK,
        [CAUSE_ACCESS_REFUSED] = SHUT_OUT,
        [CAUSE_CONTROL_LOST] = NO_CONTROL,
        [CAUSE_DOWN_UNCONTROLLED] = DOWN,
        [CAUSE_HOST_UNREACHABLE] = NO_HOST,
        [CAUSE_SELF_DOUBT] = NOTHING,
        [CAUSE_MISCONFIGURED] = NOTHING,
        [CAUSE_WATCHED_ELSEWHERE] = ALL_WELL,
        [CAUSE_MEMORY_HIGH] = FIGURE,
        [CAUSE_CONNECTIONS_HIGH] = FIGURE,
        [CAUSE_LATENCY_HIGH] = FIGURE,
        [CAUSE_CPU_HIGH] = FIGURE,
        [CAUSE_ERRORS_HIGH] = FIGURE,
        [CAUSE_LOAD_HIGH] = FIGURE,
        [CAUSE_MEMORY_GROWING] = FIGURE,
        [CAUSE_SLOW_QUERIES] = FIGURE,
    };
    for (int cause = 0; cause < CAUSE_COUNT; cause++)
        for (size_t c = 0; c < ARRAY_LENGTH(columns); c++) {
            enum alert_event is = event_of((enum cause)cause, true, columns[c]);
            if (is != rows[row_of[cause]][c])
                fail_msg("%s says %d of %s", cause_row((enum cause)cause)->code, (int)is,
                         alert_class_word(columns[c]));
            assert_int_equal(event_of((enum cause)cause, false, columns[c]), ALERT_UNKNOWN);
        }
}

static void test_every_cause_has_a_class_and_a_severity_or_neither(void **state)
{
    (void)state;
    for (int i = 0; i < CAUSE_COUNT; i++) {
        const struct cause_row *row = cause_row((enum cause)i);
        assert_int_equal(row->alert_class == CLASS_NONE, row->severity == SEVERITY_NONE);
        if (row->overall == OVERALL_CRITICAL && i != CAUSE_STOPPED_ON_PURPOSE)
            assert_true(row->severity >= SEVERITY_P2);
        if (row->alert_class == CLASS_PERFORMANCE)
            assert_int_equal(row->severity, SEVERITY_P3);
    }
}

static void test_settings_that_cannot_be_used_are_an_alert_of_resus_itself(void **state)
{
    (void)state;
    assert_int_equal(event_of(CAUSE_MISCONFIGURED, true, CLASS_SELF), ALERT_BAD);
    assert_int_equal(event_of(CAUSE_OK, true, CLASS_SELF), ALERT_WELL);
}

static void test_each_figure_has_its_own_alert_whichever_the_verdict_names(void **state)
{
    (void)state;
    struct health_levels levels = {0};
    levels.gauges[GAUGE_MEMORY].level = LEVEL_CRITICAL;
    levels.gauges[GAUGE_CPU].level = LEVEL_WARNING;
    static const enum cause figures[] = {
        CAUSE_MEMORY_HIGH, CAUSE_CONNECTIONS_HIGH, CAUSE_LATENCY_HIGH,   CAUSE_CPU_HIGH,
        CAUSE_ERRORS_HIGH, CAUSE_LOAD_HIGH,        CAUSE_MEMORY_GROWING, CAUSE_SLOW_QUERIES};
    struct alert_facts facts = {.verdict = {CAUSE_MEMORY_HIGH, true}, .levels = &levels};
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++) {
        struct alert_key key = key_of(CLASS_PERFORMANCE, cause_row(figures[i])->code);
        struct alert_sight s = alert_see(&facts, &key);
        bool bad = figures[i] == CAUSE_MEMORY_HIGH || figures[i] == CAUSE_CPU_HIGH;
        assert_int_equal(s.event, bad ? ALERT_BAD : ALERT_WELL);
        if (bad) {
            assert_int_equal(s.severity, SEVERITY_P3);
            assert_int_equal(s.cause, figures[i]);
        }
    }
    struct alert_key key = key_of(CLASS_PERFORMANCE, "memory_high");
    facts.verdict.cause = CAUSE_CRASHED; /* figures of a process that is gone */
    assert_int_equal(alert_see(&facts, &key).event, ALERT_UNKNOWN);
    facts.verdict.cause = CAUSE_CONTROL_LOST;
    assert_int_equal(alert_see(&facts, &key).event, ALERT_BAD);
    facts.levels = NULL;
    assert_int_equal(alert_see(&facts, &key).event, ALERT_UNKNOWN);
}

static void test_growing_memory_and_slow_queries_are_figures_too(void **state)
{
    (void)state;
    struct health_levels levels = {.memory_growing = true, .slow_queries = true};
    assert_true(cause_figure_bad(&levels, CAUSE_MEMORY_GROWING));
    assert_true(cause_figure_bad(&levels, CAUSE_SLOW_QUERIES));
    assert_false(cause_figure_bad(&levels, CAUSE_MEMORY_HIGH));
    assert_false(cause_figure_bad(&levels, CAUSE_CRASHED));
}

static void test_what_is_well_and_fails_again_and_again_is_p2(void **state)
{
    (void)state;
    struct alert_key key = key_of(CLASS_AVAILABILITY, "");
    struct alert_facts facts = {.verdict = {CAUSE_OK, true}, .recoveries = ALERT_RECOVERIES - 1};
    assert_int_equal(alert_see(&facts, &key).event, ALERT_WELL);
    facts.recoveries = ALERT_RECOVERIES;
    assert_int_equal(alert_see(&facts, &key).event, ALERT_BAD);
    assert_int_equal(alert_see(&facts, &key).severity, SEVERITY_P2);
    facts = (struct alert_facts){.verdict = {CAUSE_OK, true}, .breaker_open = true};
    assert_int_equal(alert_see(&facts, &key).severity, SEVERITY_P2);
}

static void test_a_load_that_needs_a_person_is_p1(void **state)
{
    (void)state;
    struct alert_key key = key_of(CLASS_AVAILABILITY, "");
    struct alert_facts facts = {.verdict = {CAUSE_LOADING, true}};
    assert_int_equal(alert_see(&facts, &key).severity, SEVERITY_P2);
    facts.needs_human = true;
    assert_int_equal(alert_see(&facts, &key).severity, SEVERITY_P1);
}

static void test_a_host_is_out_of_reach_when_one_service_finds_it_so(void **state)
{
    (void)state;
    struct verdict v[3] = {{CAUSE_OK, true}, {CAUSE_HOST_UNREACHABLE, true}, {CAUSE_HUNG, false}};
    struct alert_sight s = alert_see_host(v, 3);
    assert_int_equal(s.event, ALERT_BAD);
    assert_int_equal(s.severity, SEVERITY_P1);
    v[1].confirmed = false;
    assert_int_equal(alert_see_host(v, 3).event, ALERT_WELL);
    assert_int_equal(alert_see_host(v + 1, 2).event, ALERT_UNKNOWN);
    assert_int_equal(alert_see_host(v, 0).event, ALERT_UNKNOWN);
}

/* ── may it heal? ── */

static bool heals(enum cause cause, void (*change)(struct recovery *, struct recovery_policy *,
                                                   struct recovery_facts *))
{
    struct recovery r;
    recovery_init(&r);
    struct recovery_policy policy = recovery_policy_default();
    struct recovery_facts facts = {.verdict = {cause, true}, .progress = FACT_UNKNOWN};
    if (change != NULL)
        change(&r, &policy, &facts);
    return alert_may_heal(&r, &policy, &facts);
}

static void paused(struct recovery *r, struct recovery_policy *p, struct recovery_facts *f)
{
    (void)r;
    (void)p;
    f->paused = true;
}
static void disabled(struct recovery *r, struct recovery_policy *p, struct recovery_facts *f)
{
    (void)r;
    (void)f;
    p->enabled = false;
}
static void given_up(struct recovery *r, struct recovery_policy *p, struct recovery_facts *f)
{
    (void)p;
    (void)f;
    r->phase = PHASE_EXHAUSTED;
}
static void called(struct recovery *r, struct recovery_policy *p, struct recovery_facts *f)
{
    (void)p;
    (void)f;
    r->needs_human = true;
}
static void lasts(struct recovery *r, struct recovery_policy *p, struct recovery_facts *f)
{
    (void)r;
    (void)p;
    f->call_due = true;
}
static void operator_at_work(struct recovery *r, struct recovery_policy *p,
                             struct recovery_facts *f)
{
    (void)r;
    (void)p;
    f->operation_running = true;
}
static void failing_over(struct recovery *r, struct recovery_policy *p, struct recovery_facts *f)
{
    (void)r;
    (void)p;
    f->failover_running = true;
}

static void test_a_page_may_wait_only_while_help_is_on_its_way(void **state)
{
    (void)state;
    assert_true(heals(CAUSE_CRASHED, NULL));
    assert_true(heals(CAUSE_HUNG, NULL));
    assert_true(heals(CAUSE_CRASHED, lasts));
    assert_true(heals(CAUSE_LOADING, lasts));
    assert_true(heals(CAUSE_CRASHED, operator_at_work));
    assert_true(heals(CAUSE_CRASHED, failing_over));
    assert_false(heals(CAUSE_CRASHED, paused));
    assert_false(heals(CAUSE_CRASHED, disabled));
    assert_false(heals(CAUSE_CRASHED, given_up));
    assert_false(heals(CAUSE_CRASHED, called));
    assert_false(heals(CAUSE_CONFIG_ERROR, NULL));
    assert_false(heals(CAUSE_PERSISTENCE_FAILING, NULL));
    assert_true(heals(CAUSE_LOADING, NULL));
    assert_true(heals(CAUSE_LOADING, paused)); /* a load ends without us */
    assert_false(heals(CAUSE_LOADING, called));
    assert_true(heals(CAUSE_BUSY_COMMAND, NULL));
    assert_false(heals(CAUSE_BUSY_COMMAND, lasts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cause_says_this_of_each_class),
        cmocka_unit_test(test_every_cause_has_a_class_and_a_severity_or_neither),
        cmocka_unit_test(test_settings_that_cannot_be_used_are_an_alert_of_resus_itself),
        cmocka_unit_test(test_each_figure_has_its_own_alert_whichever_the_verdict_names),
        cmocka_unit_test(test_growing_memory_and_slow_queries_are_figures_too),
        cmocka_unit_test(test_what_is_well_and_fails_again_and_again_is_p2),
        cmocka_unit_test(test_a_load_that_needs_a_person_is_p1),
        cmocka_unit_test(test_a_host_is_out_of_reach_when_one_service_finds_it_so),
        cmocka_unit_test(test_a_page_may_wait_only_while_help_is_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
