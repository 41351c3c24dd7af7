/* What stands in the way of a restore, each blocker alone, and that nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "core/restore_plan.h"

static const char bloom[1][64] = {"bf"};

/* A backup that fits. */
static struct restore_plan_facts fitting(enum restore_method method)
{
    return (struct restore_plan_facts){
        .method = method,
        .proved = true,
        .rdb_version = 10,
        .bytes = 1000,
        .used_memory_bytes = 5000,
        .keys = 10,
        .highest_db = 3,
        .answers = true,
        .target_rdb_version = 10,
        .target_major = 7,
        .databases = 16,
        .target_keys = 10,
        .aof = RESTORE_NO,
        .aof_start = RESTORE_NO,
        .can_place = true,
        .disk_free_bytes = 3000,
        .disk_reserve_bytes = 2000,
        .load_ms = 1700,
        .start_timeout_ms = 90000,
    };
}

static unsigned blockers_of(const struct restore_plan_facts *f)
{
    struct restore_plan plan;
    char text[400];
    restore_plan(f, &plan);
    for (int b = 0; b < RESTORE_BLOCKER_COUNT; b++)
        if ((plan.blockers >> b & 1) != 0) {
            restore_blocker_text((enum restore_blocker)b, f, text, sizeof text);
            assert_true(strlen(text) > 20 && text[strlen(text) - 1] == '.');
        }
    return plan.blockers;
}

static void a_backup_that_fits_is_not_blocked(void **context)
{
    (void)context;
    for (int m = 0; m < RESTORE_METHOD_COUNT; m++) {
        struct restore_plan_facts f = fitting((enum restore_method)m);
        assert_int_equal(blockers_of(&f), 0);
    }
}

#define ONLY(b) (1u << RESTORE_BLOCKED_##b)

static void of_both_methods(struct restore_plan_facts good)
{
    struct restore_plan_facts f = good;
    f.busy = true;
    assert_int_equal(blockers_of(&f), ONLY(BUSY));
    f = good;
    f.proved = false;
    assert_int_equal(blockers_of(&f), ONLY(NOT_PROVED));
    f.forced = true;
    assert_int_equal(blockers_of(&f), 0);
    f = good;
    f.sealed = true;
    f.open_free_bytes = 1000;
    assert_int_equal(blockers_of(&f), 0);
    f.open_free_bytes = 999;
    assert_int_equal(blockers_of(&f), ONLY(OPEN_ROOM));
    f.key_absent = true;
    assert_int_equal(blockers_of(&f), ONLY(KEY_ABSENT));
    f = good;
    f.target_rdb_version = 9;
    assert_int_equal(blockers_of(&f), ONLY(RDB_VERSION));
    f.target_rdb_version = RESTORE_UNKNOWN_VALUE;
    assert_int_equal(blockers_of(&f), ONLY(VERSION_UNKNOWN));
    f = good;
    f.modules = bloom;
    f.module_count = 1;
    assert_int_equal(blockers_of(&f), ONLY(MODULE));
    f.target_modules = bloom;
    f.target_module_count = 1;
    assert_int_equal(blockers_of(&f), 0);
    f = good;
    f.maxmemory_bytes = 4999;
    assert_int_equal(blockers_of(&f), ONLY(MAXMEMORY));
    f.part = true;
    assert_int_equal(blockers_of(&f), 0);
    f.part = false;
    f.maxmemory_bytes = 5000;
    assert_int_equal(blockers_of(&f), 0);
    f = good;
    f.highest_db = 16;
    assert_int_equal(blockers_of(&f), ONLY(DATABASES));
    f.highest_db = 15;
    assert_int_equal(blockers_of(&f), 0);
    f = good;
    f.replica = true;
    assert_int_equal(blockers_of(&f), ONLY(REPLICA));
    f = good;
    f.cluster = true;
    assert_int_equal(blockers_of(&f), ONLY(CLUSTER));
}

static void each_misfit_blocks_alone_and_says_what_to_do(void **context)
{
    (void)context;
    for (int m = 0; m < RESTORE_METHOD_COUNT; m++)
        of_both_methods(fitting((enum restore_method)m));
}

static void files_need_a_host_and_a_known_append_only_file(void **context)
{
    (void)context;
    const struct restore_plan_facts good = fitting(RESTORE_BY_FILE);
    struct restore_plan_facts f = good;
    f.sentinel = true;
    assert_int_equal(blockers_of(&f), ONLY(SENTINEL));
    f = good;
    f.can_place = false;
    assert_int_equal(blockers_of(&f), ONLY(NO_HELPER));
    f = good;
    f.bytes = 1001;
    assert_int_equal(blockers_of(&f), ONLY(DISK));
    f.disk_free_bytes = RESTORE_UNKNOWN_VALUE;
    assert_int_equal(blockers_of(&f), ONLY(DISK_UNKNOWN));
    f = good;
    f.aof = RESTORE_NOT_KNOWN;
    assert_int_equal(blockers_of(&f), ONLY(AOF_UNKNOWN));
    f.aof = RESTORE_YES;
    assert_int_equal(blockers_of(&f), ONLY(AOF_DIFFERS));
    f.aof_start = RESTORE_YES;
    assert_int_equal(blockers_of(&f), 0);
    f.target_major = 6;
    assert_int_equal(blockers_of(&f), ONLY(AOF_OLD));
    f = good;
    f.load_ms = 90000;
    assert_int_equal(blockers_of(&f), ONLY(START_TIMEOUT));
    f.start_timeout_ms = 0;
    assert_int_equal(blockers_of(&f), 0);
}

static void keys_need_a_server_and_no_host(void **context)
{
    (void)context;
    struct restore_plan_facts f = fitting(RESTORE_BY_KEYS);
    f.sentinel = true;
    f.can_place = false;
    f.disk_free_bytes = RESTORE_UNKNOWN_VALUE;
    f.aof = RESTORE_NOT_KNOWN;
    assert_int_equal(blockers_of(&f), 0);
    f.answers = false;
    assert_int_equal(blockers_of(&f), ONLY(DOWN));
    f.method = RESTORE_BY_FILE;
    assert_true((blockers_of(&f) & ONLY(DOWN)) == 0);
}

/* Seen: 7.0 = 10, Valkey 8.1 = 11, Redis 8.0 = 12, Valkey 9 = 80; Valkey refuses 12 to 79. */
static void versions_fit_as_the_servers_say(void **context)
{
    static const struct {
        int64_t version, target;
        bool valkey, fits;
    } rows[] = {
        {10, 10, false, true},  {11, 10, false, false}, {12, 10, false, false},
        {10, 12, false, true},  {11, 12, false, true},  {12, 11, true, false},
        {11, 80, true, true},   {12, 80, true, false},  {80, 80, true, true},
        {80, 12, false, false}, {9, 11, true, true},
    };
    (void)context;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(restore_version_fits(rows[i].version, rows[i].target, rows[i].valkey),
                         rows[i].fits);
}

static void what_follows_is_said_before(void **context)
{
    (void)context;
    struct restore_plan plan;
    struct restore_plan_facts f = fitting(RESTORE_BY_FILE);
    f.aof = f.aof_start = RESTORE_YES;
    f.replicas = 2;
    f.keys = 9;
    restore_plan(&f, &plan);
    assert_true(plan.place_aof);
    assert_int_equal(plan.downtime_ms, 4700);
    assert_int_equal(plan.warnings, 1u << RESTORE_WARNS_AOF | 1u << RESTORE_WARNS_REPLICAS |
                                        1u << RESTORE_WARNS_FEWER);
    for (int w = 0; w < RESTORE_WARNING_COUNT; w++) {
        char text[400];
        restore_warning_text((enum restore_warning)w, &f, text, sizeof text);
        assert_true(strlen(text) > 20 && strlen(restore_warning_word((enum restore_warning)w)) > 1);
    }
    f = fitting(RESTORE_BY_KEYS);
    restore_plan(&f, &plan);
    assert_int_equal(plan.downtime_ms, 0);
    assert_int_equal(plan.warnings, 1u << RESTORE_WARNS_NOT_ATOMIC);
    assert_false(plan.place_aof);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_that_fits_is_not_blocked),
        cmocka_unit_test(each_misfit_blocks_alone_and_says_what_to_do),
        cmocka_unit_test(files_need_a_host_and_a_known_append_only_file),
        cmocka_unit_test(keys_need_a_server_and_no_host),
        cmocka_unit_test(versions_fit_as_the_servers_say),
        cmocka_unit_test(what_follows_is_said_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
