#include <string.h>

#include "sample.h"

#include "backups/memory.h"
#include "base/str.h"
#include "support/test_folder.h"

#define MIB (INT64_C(1) << 20)

static struct test_folder root;

static int set_up(void **state)
{
    (void)state;
    test_folder_make(&root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(&root);
    return 0;
}

static void put(const char *name, const char *text)
{
    char path[256];
    assert_true(str_format(path, sizeof path, "%s/%s", root.path, name));
    assert_int_equal(file_make_folder_of(path, 0700, NULL), 0);
    test_folder_write(&root, name, text, 0600);
}

static void put_meminfo(void)
{
    put("proc/meminfo",
        "MemTotal:       2097152 kB\nMemFree:          1024 kB\nMemAvailable:   1048576 kB\n");
}

static void without_a_limit_it_is_what_the_machine_has(void **state)
{
    (void)state;
    assert_true(memory_available(root.path) == INT64_MAX);
    put_meminfo();
    assert_int_equal(memory_available(root.path), 1024 * MIB);
    put("proc/self/cgroup", "0::/\n");
    assert_int_equal(memory_available(root.path), 1024 * MIB);
    put("proc/self/cgroup", "0::/system.slice/resus.service\n");
    put("sys/fs/cgroup/system.slice/resus.service/memory.max", "max\n");
    put("sys/fs/cgroup/system.slice/resus.service/memory.current", "1048576\n");
    assert_int_equal(memory_available(root.path), 1024 * MIB);
}

static void a_limit_of_any_group_above_counts(void **state)
{
    (void)state;
    put_meminfo();
    put("proc/self/cgroup", "1:name=systemd:/x\n0::/a/b/c\n");
    put("sys/fs/cgroup/a/b/memory.max", "104857600\n");
    put("sys/fs/cgroup/a/b/memory.current", "52428800\n");
    assert_int_equal(memory_available(root.path), 50 * MIB);
    put("sys/fs/cgroup/a/memory.max", "52428800\n");
    put("sys/fs/cgroup/a/memory.current", "52428801\n");
    assert_int_equal(memory_available(root.path), 0);
}

static void this_machine_has_some(void **state)
{
    (void)state;
    assert_true(memory_available("") > MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_limit_it_is_what_the_machine_has, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_limit_of_any_group_above_counts, set_up, tear_down),
        cmocka_unit_test(this_machine_has_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
