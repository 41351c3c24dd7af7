#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"

#include "backups/catalog.h"
#include "base/mem.h"
#include "base/str.h"
#include "support/test_folder.h"

#define NOON ((wall_ms){INT64_C(1796000000000)}) /* 20261130T005320Z */

static struct manifest m;
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

static struct catalog *catalog_new(void)
{
    struct catalog *s = NULL;
    assert_int_equal(catalog_open(root.path, "redis", &s, NULL), 0);
    return s;
}

/* A backup of one small file, as it is before its publishing. */
static void begin(struct catalog *s, enum backup_kind kind, enum proof_level proved)
{
    char folder[PATH_MAX];
    char path[PATH_MAX];
    m = (struct manifest){.proved = proved, .started = NOON, .finished = NOON, .file_count = 1};
    m.files[0].bytes = 4;
    (void)str_copy(m.files[0].name, sizeof m.files[0].name, CATALOG_DUMP_FILE);
    memset(m.files[0].sha256, 'a', 64);
    assert_int_equal(catalog_begin(s, kind, NOON, &m, folder, NULL), 0);
    assert_true(str_format(path, sizeof path, "%s/" CATALOG_DUMP_FILE, folder));
    assert_int_equal(file_write_atomic(path, "data", 4, 0600, NULL), 0);
}

static void make(struct catalog *s, enum backup_kind kind, enum proof_level proved)
{
    char sum[65];
    begin(s, kind, proved);
    assert_int_equal(catalog_publish(s, &m, sum, NULL), 0);
    assert_int_equal(strlen(sum), 64);
}

static bool there(const char *name)
{
    struct stat st;
    return lstat(test_folder_path(&root, name), &st) == 0;
}

static void assert_link(const char *name, const char *target)
{
    char text[128] = "";
    ssize_t n = readlink(test_folder_path(&root, name), text, sizeof text - 1);
    assert_true(n >= 0);
    assert_string_equal(text, target);
}

static void a_backup_has_its_name_only_when_it_is_whole(void **state)
{
    struct catalog *s = catalog_new();
    (void)state;
    begin(s, BACKUP_DAILY, PROOF_LOADED);
    assert_true(there("redis/daily/.partial-20261130T005320Z/dump.rdb"));
    assert_false(there("redis/daily/20261130T005320Z"));
    char sum[65];
    assert_int_equal(catalog_publish(s, &m, sum, NULL), 0);
    assert_false(there("redis/daily/.partial-20261130T005320Z"));
    assert_true(there("redis/daily/20261130T005320Z/manifest.json"));
    assert_int_equal(catalog_read(s, BACKUP_DAILY, "20261130T005320Z", &m, NULL), 0);
    assert_int_equal(catalog_read(s, BACKUP_MANUAL, "20261130T005320Z", &m, NULL), -ENOENT);
    assert_int_equal(catalog_read(s, BACKUP_DAILY, "../manual", &m, NULL), -EINVAL);
    catalog_close(s);
}

static void latest_names_the_newest_that_is_trusted(void **state)
{
    struct catalog *s = catalog_new();
    (void)state;
    make(s, BACKUP_DAILY, PROOF_STRUCTURE);
    assert_false(there("redis/latest"));
    assert_int_equal(catalog_latest(s, &m, NULL), 0);
    make(s, BACKUP_DAILY, PROOF_LOADED);
    assert_link("redis/daily/latest", "20261130T005321Z");
    assert_link("redis/latest", "daily/20261130T005321Z");
    make(s, BACKUP_MANUAL, PROOF_LOADED);
    assert_link("redis/manual/latest", "20261130T005320Z");
    assert_link("redis/latest", "daily/20261130T005321Z"); /* the newer of both kinds */
    begin(s, BACKUP_DAILY, PROOF_LOADED);
    m.suspicious = 1;
    char sum[65];
    assert_int_equal(catalog_publish(s, &m, sum, NULL), 0);
    assert_link("redis/latest", "daily/20261130T005321Z");
    assert_int_equal(catalog_latest(s, &m, NULL), 1);
    assert_string_equal(m.id, "20261130T005321Z");
    catalog_close(s);
}

static void a_later_proof_changes_latest(void **state)
{
    struct catalog *s = catalog_new();
    char sum[65];
    (void)state;
    make(s, BACKUP_DAILY, PROOF_LOADED);
    make(s, BACKUP_DAILY, PROOF_STRUCTURE);
    assert_link("redis/latest", "daily/20261130T005320Z");
    m.proved = PROOF_LOADED;
    assert_int_equal(catalog_update(s, &m, sum, NULL), 0);
    assert_link("redis/latest", "daily/20261130T005321Z");
    catalog_close(s);
}

static void a_removed_backup_is_gone_and_latest_names_the_one_before(void **state)
{
    struct catalog *s = catalog_new();
    (void)state;
    make(s, BACKUP_DAILY, PROOF_LOADED);
    make(s, BACKUP_DAILY, PROOF_LOADED);
    assert_int_equal(catalog_remove(s, BACKUP_DAILY, "20261130T005321Z", NULL), 0);
    assert_false(there("redis/daily/20261130T005321Z"));
    assert_false(there("redis/daily/.partial-20261130T005321Z"));
    assert_link("redis/latest", "daily/20261130T005320Z");
    assert_int_equal(catalog_remove(s, BACKUP_DAILY, "20261130T005321Z", NULL), -ENOENT);
    assert_int_equal(catalog_remove(s, BACKUP_DAILY, "../manual", NULL), -EINVAL);
    assert_int_equal(catalog_remove(s, BACKUP_DAILY, "20261130T005320Z", NULL), 0);
    assert_false(there("redis/latest"));
    assert_false(there("redis/daily/latest"));
    catalog_close(s);
}

static void backups_are_listed_oldest_first_without_what_is_none(void **state)
{
    struct catalog *s = catalog_new();
    char(*ids)[MANIFEST_ID_SIZE] = NULL;
    size_t count = 0;
    (void)state;
    make(s, BACKUP_MANUAL, PROOF_LOADED);
    make(s, BACKUP_MANUAL, PROOF_LOADED);
    begin(s, BACKUP_MANUAL, PROOF_NONE);
    assert_int_equal(mkdir(test_folder_path(&root, "redis/manual/notes"), 0700), 0);
    assert_int_equal(catalog_list(s, BACKUP_MANUAL, &ids, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_string_equal(ids[0], "20261130T005320Z");
    assert_string_equal(ids[1], "20261130T005321Z");
    mem_free(ids);
    catalog_close(s);
}

static void an_opening_removes_what_a_crash_left_and_no_more(void **state)
{
    struct catalog *s = catalog_new();
    (void)state;
    make(s, BACKUP_DAILY, PROOF_LOADED);
    begin(s, BACKUP_DAILY, PROOF_NONE);
    catalog_close(s);
    /* A proof server's folder, and a link that leads out of the partial folder. */
    assert_int_equal(mkdir(test_folder_path(&root, "redis/.proof-abcdef"), 0700), 0);
    test_folder_write(&root, "redis/.proof-abcdef/redis.sock", "", 0600);
    test_folder_write(&root, "elsewhere", "stays", 0600);
    assert_int_equal(symlink(test_folder_path(&root, "redis/daily/20261130T005320Z"),
                             test_folder_path(&root, "redis/daily/.partial-20261130T005321Z/link")),
                     0);
    s = catalog_new();
    assert_false(there("redis/daily/.partial-20261130T005321Z"));
    assert_false(there("redis/.proof-abcdef"));
    assert_true(there("redis/daily/20261130T005320Z/dump.rdb"));
    assert_true(there("redis/latest"));
    catalog_close(s);
}

static void two_at_a_time_are_refused(void **state)
{
    struct catalog *s = catalog_new();
    struct catalog *other = NULL;
    struct error err = {0};
    (void)state;
    assert_int_equal(catalog_open(root.path, "redis", &other, &err), -EBUSY);
    assert_non_null(strstr(err.text, "wait until it has finished"));
    assert_int_equal(catalog_open(root.path, "sessions", &other, &err), 0);
    catalog_close(other);
    catalog_close(s);
    s = catalog_new();
    catalog_close(s);
}

static void a_damaged_manifest_is_named_and_counts_as_none(void **state)
{
    struct catalog *s = catalog_new();
    struct error err = {0};
    (void)state;
    make(s, BACKUP_DAILY, PROOF_LOADED);
    make(s, BACKUP_DAILY, PROOF_LOADED);
    test_folder_write(&root, "redis/daily/20261130T005321Z/manifest.json", "{}", 0600);
    assert_int_equal(catalog_read(s, BACKUP_DAILY, "20261130T005321Z", &m, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "20261130T005321Z/manifest.json"));
    assert_int_equal(catalog_latest(s, &m, NULL), 1);
    assert_string_equal(m.id, "20261130T005320Z");
    catalog_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_backup_has_its_name_only_when_it_is_whole),
        TEST(latest_names_the_newest_that_is_trusted),
        TEST(a_later_proof_changes_latest),
        TEST(a_removed_backup_is_gone_and_latest_names_the_one_before),
        TEST(backups_are_listed_oldest_first_without_what_is_none),
        TEST(an_opening_removes_what_a_crash_left_and_no_more),
        TEST(two_at_a_time_are_refused),
        TEST(a_damaged_manifest_is_named_and_counts_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
