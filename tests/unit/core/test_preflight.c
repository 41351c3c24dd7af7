/* What forbids a restart or stop, what is only warned of, and what is not known */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
    AOF = 512,
    SAVE_5 = 1024,      /* the last save took 5 s, */
    SAVE_10 = 2048,     /* 10 s */
    STOP_5 = 4096,      /* a stop may take 5 s, */
    STOP_90 = 8192,     /* 90 s, */
    STOP_EVER = 16384,  /* as long as it likes; without any of these it is not known */
    DOWN = 32768,       /* the unit does not run */
    REMEMBERED = 65536, /* an empty primary, by a daemon before this one */
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
    /* start */
    {"a start of what is down", PREFLIGHT_START, CAUSE_CRASHED, DOWN | HUNDRED | UNSAVED, 0, 0,
     false},
    {"an empty primary is not started", PREFLIGHT_START, CAUSE_CRASHED,
     DOWN | REPLICAS | NO_PERSISTENCE, B(EMPTY_PRIMARY), W(NO_PERSISTENCE), false},
    {"nor one that was stopped", PREFLIGHT_START, CAUSE_STOPPED_ON_PURPOSE,
     DOWN | REPLICAS | NO_PERSISTENCE, B(EMPTY_PRIMARY), W(NO_PERSISTENCE), false},
    {"nor one that only a daemon before has seen", PREFLIGHT_START, CAUSE_CRASHED,
     DOWN | UNKNOWN | REMEMBERED, B(EMPTY_PRIMARY), W(UNKNOWN), false},
    {"a primary with persistence is started", PREFLIGHT_START, CAUSE_CRASHED, DOWN | REPLICAS, 0, 0,
     false},
    {"what runs is not started, and wipes nothing", PREFLIGHT_START, CAUSE_HUNG,
     REPLICAS | NO_PERSISTENCE, 0, W(NO_PERSISTENCE), false},
    {"a failover forbids a start", PREFLIGHT_START, CAUSE_CRASHED, DOWN | FAILOVER, B(FAILOVER), 0,
     false},
    {"a start behind a hanging stop", PREFLIGHT_START, CAUSE_STOP_HANGING, DOWN, B(STOP_HANGING), 0,
     false},
    {"a save that failed does not forbid a start", PREFLIGHT_START, CAUSE_CRASHED,
     DOWN | SAVE_FAILED, 0, 0, false},
    {"of a Redis that was never seen nothing is known", PREFLIGHT_START, CAUSE_UNIT_STOPPED,
     DOWN | UNKNOWN, 0, W(UNKNOWN), false},
    {"a restart of a remembered empty primary", PREFLIGHT_RESTART, CAUSE_CRASHED,
     DOWN | UNKNOWN | REMEMBERED, B(EMPTY_PRIMARY), W(UNKNOWN), false},
    /* the final save and how long a stop may take */
    {"a save that fits into a stop", PREFLIGHT_RESTART, CAUSE_OK, SAVE_5 | STOP_90, 0, 0, false},
    {"a save that takes as long as a stop may", PREFLIGHT_RESTART, CAUSE_OK, SAVE_5 | STOP_5,
     B(STOP_CUT), 0, false},
    {"a save that takes longer than a stop may", PREFLIGHT_STOP, CAUSE_OK,
     SAVE_10 | STOP_5 | UNSAVED, B(STOP_CUT), 0, true},
    {"a stop without a limit", PREFLIGHT_STOP, CAUSE_OK, SAVE_10 | STOP_EVER, 0, 0, false},
    {"a save that took no time", PREFLIGHT_STOP, CAUSE_OK, STOP_5, 0, 0, false},
    {"a long save and a limit that is not known", PREFLIGHT_STOP, CAUSE_OK, SAVE_10, 0,
     W(STOP_LIMIT), false},
    {"a short save and a limit that is not known", PREFLIGHT_STOP, CAUSE_OK, SAVE_5, 0, 0, false},
    {"where the append-only file has it nothing is lost", PREFLIGHT_STOP, CAUSE_OK,
     SAVE_10 | STOP_5 | AOF, 0, 0, false},
    {"where nothing is saved nothing is cut", PREFLIGHT_STOP, CAUSE_OK,
     SAVE_10 | STOP_5 | NO_PERSISTENCE, 0, W(NO_PERSISTENCE), false},
    {"what is down saves nothing", PREFLIGHT_RESTART, CAUSE_CRASHED, DOWN | SAVE_10 | STOP_5, 0,
     W(UNKNOWN), false},
    {"a start ends no process", PREFLIGHT_START, CAUSE_OK, SAVE_10 | STOP_5, 0, 0, false},
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
        info.aof_enabled = (row->shape & AOF) != 0 ? TRI_YES : TRI_NO;
        info.last_save_seconds = (row->shape & SAVE_10) != 0  ? 10
                                 : (row->shape & SAVE_5) != 0 ? 5
                                                              : 0;
        info.save_points = (row->shape & NO_PERSISTENCE) != 0 ? TRI_NO : TRI_YES;
        info.unsaved_changes = (row->shape & UNSAVED) != 0 ? 9 : 0;
        info.last_save_unix = NOW_MS / 1000 - 60;
    }
    struct preflight p;
    struct unit_facts unit;
    facts_unit_reset(&unit);
    unit.active = (row->shape & DOWN) != 0 ? UNIT_FAILED : UNIT_ACTIVE;
    unit.timeout_stop_us = (row->shape & STOP_5) != 0      ? 5000000
                           : (row->shape & STOP_90) != 0   ? 90000000
                           : (row->shape & STOP_EVER) != 0 ? INT64_MAX
                                                           : FACT_UNKNOWN;
    struct preflight_facts facts = {
        .cause = row->cause,
        .info = &info,
        .figures = info.known,
        .unit = &unit,
        .now = {NOW_MS},
        .start_seconds = 2.5,
        .empty_primary = (row->shape & REMEMBERED) != 0,
        .failover_running = (row->shape & FAILOVER) != 0,
    };
    preflight_judge(row->operation, &facts, &p);
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        assert_int_equal(p.blockers[i], (row->blockers >> i) & 1);
    for (int i = 0; i < PREFLIGHT_WARNING_COUNT; i++)
        assert_int_equal(p.warnings[i], (row->warnings >> i) & 1);
    assert_int_equal(p.allowed, row->blockers == 0);
    assert_int_equal(p.should_save, row->should_save);
    assert_int_equal(p.last_save_age_seconds, info.known ? 60 : FACT_UNKNOWN);
    assert_true(p.expected_downtime_seconds == 2.5);
}

/* What Redis says after a start: it began at START, and calls that its last save. */
#define START (NOW_MS / 1000 - 3600)
static const struct {
    int64_t last_save, saves, seconds; /* rdb_last_save_time, rdb_saves, rdb_last_bgsave_time_sec */
    enum tri status;
    int64_t age;
    enum tri saved, ok;
} saves[] = {
    {START, 0, -1, TRI_YES, FACT_UNKNOWN, TRI_NO, TRI_UNKNOWN},
    {START + 1, -1, -1, TRI_YES, FACT_UNKNOWN, TRI_NO, TRI_UNKNOWN}, /* before Redis 7 */
    {START, 3, 0, TRI_NO, FACT_UNKNOWN, TRI_NO, TRI_NO},
    {START + 1, 1, 0, TRI_YES, 3599, TRI_YES, TRI_YES},
    {START + 600, 1, 2, TRI_YES, 3000, TRI_YES, TRI_YES},
    {START + 600, -1, -1, TRI_YES, 3000, TRI_YES, TRI_YES}, /* SAVE, before Redis 7 */
    {START + 600, 2, 2, TRI_NO, 3000, TRI_YES, TRI_NO},
};

static void a_redis_that_never_saved_has_no_last_save(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(saves); i++) {
        struct info_facts info;
        struct unit_facts unit;
        struct preflight p;
        facts_info_reset(&info);
        facts_unit_reset(&unit);
        info.known = true;
        info.uptime_seconds = 3590; /* asked 10 s ago */
        info.server_time_us = (START + 3590) * 1000000;
        info.last_save_unix = saves[i].last_save;
        info.saves = saves[i].saves;
        info.last_save_seconds = saves[i].seconds;
        info.last_save_ok = saves[i].status;
        struct preflight_facts facts = {
            .cause = CAUSE_OK, .info = &info, .figures = true, .unit = &unit, .now = {NOW_MS}};
        preflight_judge(PREFLIGHT_STOP, &facts, &p);
        assert_int_equal(p.last_save_age_seconds, saves[i].age);
        assert_int_equal(p.saved_since_start, saves[i].saved);
        assert_int_equal(p.last_save_ok, saves[i].ok);
    }
}

static void every_blocker_and_warning_is_said_in_words(void **state)
{
    (void)state;
    char text[PREFLIGHT_TEXT_MAX];
    assert_non_null(strstr(preflight_blocker_text(BLOCKER_STOP_CUT, "redis-server", text),
                           "(systemctl edit redis-server), then stop it."));
    for (int i = 0; i < PREFLIGHT_BLOCKER_COUNT; i++)
        assert_null(strstr(preflight_blocker_text(i, "redis-server", text), "%U"));
    for (int i = 0; i < PREFLIGHT_WARNING_COUNT; i++)
        assert_null(strstr(preflight_warning_text(i, "redis-server", text), "%U"));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LENGTH(rows) + 2];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].promise,
                                       .test_func = judges_the_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    tests[ARRAY_LENGTH(rows)] =
        (struct CMUnitTest)cmocka_unit_test(every_blocker_and_warning_is_said_in_words);
    tests[ARRAY_LENGTH(rows) + 1] =
        (struct CMUnitTest)cmocka_unit_test(a_redis_that_never_saved_has_no_last_save);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
