/* What forbids a restart or stop, what is only warned of, and what is not known (rows A2, A3, A8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/preflight.h"

#define NOW_MS 1760000000000LL

enum shape {
    SAVE_FAILED = 1,
    AOF_FAILED = 2,
    REPLICAS = 4,
    NO_PERSISTENCE = 8,
    FAILOVER = 16,
    UNSAVED = 32,
    UNKNOWN = 64,
    FIFTY = 128,
    HUNDRED = 256,
};

struct row {
    const char *promise;
    enum preflight_operation operation;
    enum cause cause;
    unsigned shape;
    unsigned blockers, warnings; /* bit sets */
    bool should_save;
};

#define B(name) (1u << BLOCKER_##name)
#define W(name) (1u << WARNING_##name)

static const struct row rows[] = {
    {"a healthy restart", PREFLIGHT_RESTART, CAUSE_OK, 0, 0, 0, false},
    {"unsaved changes are saved first", PREFLIGHT_STOP, CAUSE_OK, UNSAVED, 0, 0, true},
    {"a failing save forbids", PREFLIGHT_RESTART, CAUSE_PERSISTENCE_FAILING, SAVE_FAILED,
     B(SAVE_FAILING), W(UNKNOWN), false},
    {"a failed save forbids whatever the cause", PREFLIGHT_STOP, CAUSE_OK, SAVE_FAILED,
     B(SAVE_FAILING), 0, false},
    {"a failed AOF write forbids", PREFLIGHT_STOP, CAUSE_OK, AOF_FAILED, B(SAVE_FAILING), 0, false},
    {"a load forbids", PREFLIGHT_RESTART, CAUSE_LOADING, 0, B(LOADING), 0, false},
    {"a hanging stop forbids", PREFLIGHT_STOP, CAUSE_STOP_HANGING, 0, B(STOP_HANGING), W(UNKNOWN),
     false},
    {"a script forbids", PREFLIGHT_RESTART, CAUSE_BUSY_SCRIPT, 0, B(BUSY_SCRIPT), W(UNKNOWN),
     false},
    {"a failover forbids", PREFLIGHT_STOP, CAUSE_OK, FAILOVER, B(FAILOVER), 0, false},
    {"an empty primary is not restarted", PREFLIGHT_RESTART, CAUSE_OK, REPLICAS | NO_PERSISTENCE,
     B(EMPTY_PRIMARY), W(REPLICAS) | W(NO_PERSISTENCE), false},
    {"but it may be stopped", PREFLIGHT_STOP, CAUSE_OK, REPLICAS | NO_PERSISTENCE, 0,
     W(REPLICAS) | W(NO_PERSISTENCE), false},
    {"unsaved changes without persistence are warned of", PREFLIGHT_STOP, CAUSE_OK,
     UNSAVED | NO_PERSISTENCE, 0, W(UNSAVED) | W(NO_PERSISTENCE), false},
    {"fifty connections", PREFLIGHT_STOP, CAUSE_OK, FIFTY, 0, W(CONNECTIONS), false},
    {"a hundred connections", PREFLIGHT_STOP, CAUSE_OK, HUNDRED, 0,
     W(CONNECTIONS) | W(NOTIFY_USERS), false},
    {"what is not known is said", PREFLIGHT_RESTART, CAUSE_CRASHED, UNKNOWN, 0, W(UNKNOWN), false},
};

static void judges_the_row(void **state)
{
    const struct row *row = *state;
    struct info_facts info;
    facts_info_reset(&info);
    info.known = (row->shape & UNKNOWN) == 0;
    if (info.known) {
        info.role = ROLE_PRIMARY;
        info.connected_clients = (row->shape & HUNDRED) != 0 ? 100
                                 : (row->shape & FIFTY) != 0 ? 50
                                                             : 49;
        info.connected_replicas = (row->shape & REPLICAS) != 0 ? 2 : 0;
        info.last_save_ok = (row->shape & SAVE_FAILED) != 0 ? TRI_NO : TRI_YES;
        info.aof_write_ok = (row->shape & AOF_FAILED) != 0 ? TRI_NO : TRI_YES;
        info.aof_enabled = TRI_NO;
        info.save_points = (row->shape & NO_PERSISTENCE) != 0 ? TRI_NO : TRI_YES;
        info.failover = (row->shape & FAILOVER) != 0 ? FAILOVER_RUNNING : FAILOVER_NONE;
        info.unsaved_changes = (row->shape & UNSAVED) != 0 ? 9 : 0;
        info.last_save_unix = NOW_MS / 1000 - 60;
    }
    struct preflight p;
    preflight_judge(row->operation, row->cause, &info, (wall_ms){NOW_MS}, 2.5, &p);
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        assert_int_equal(p.blockers[i], (row->blockers >> i) & 1);
    for (int i = 0; i < PREFLIGHT_WARNING_COUNT; i++)
        assert_int_equal(p.warnings[i], (row->warnings >> i) & 1);
    assert_int_equal(p.allowed, row->blockers == 0);
    assert_int_equal(p.should_save, row->should_save);
    assert_int_equal(p.last_save_age_seconds, info.known ? 60 : FACT_UNKNOWN);
    assert_true(p.expected_downtime_seconds == 2.5);
}

static void every_blocker_and_warning_is_said_in_words(void **state)
{
    (void)state;
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        assert_true(preflight_blocker_text(i)[0] != '\0');
    for (int i = 0; i < PREFLIGHT_WARNING_COUNT; i++)
        assert_true(preflight_warning_text(i)[0] != '\0');
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LENGTH(rows) + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].promise,
                                       .test_func = judges_the_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    tests[ARRAY_LENGTH(rows)] =
        (struct CMUnitTest)cmocka_unit_test(every_blocker_and_warning_is_said_in_words);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
