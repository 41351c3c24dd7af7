#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    (void)str_copy(folder, sizeof folder, "/tmp/resus-file-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *in_folder(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "link", "fifo", "x/y/z", "x/y", "x"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        (void)remove(in_folder(names[i]));
    return rmdir(folder);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void what_is_written_is_read_with_its_mode_whatever_the_umask(void **state)
{
    (void)state;
    struct error err = {0};
    struct buf b = BUF_LIMIT(100);
    mode_t old = umask(0077);
    assert_int_equal(file_write_atomic(in_folder("a"), "one", 3, 0644, &err), 0);
    assert_int_equal(mode_of(in_folder("a")), 0644);
    assert_int_equal(file_write_atomic(in_folder("a"), "two!", 4, 0600, &err), 0);
    (void)umask(old);
    assert_int_equal(mode_of(in_folder("a")), 0600);
    assert_int_equal(file_read(in_folder("a"), &b, &err), 0);
    assert_string_equal(buf_text(&b), "two!");
    buf_free(&b);
    assert_int_equal(file_write_atomic(in_folder("a"), NULL, 0, 0600, &err), 0);
    assert_int_equal(file_read(in_folder("a"), &b, &err), 0);
    assert_int_equal(b.length, 0);
}

/* Whoever may write in the folder could make it first, and would keep its owner's rights. */
static void a_file_that_others_made_beside_it_is_not_written_into(void **state)
{
    (void)state;
    struct error err = {0};
    char beside[300];
    (void)snprintf(beside, sizeof beside, "%s.new.%ld", in_folder("a"), (long)getpid());
    int fd = open(beside, O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(file_write_atomic(in_folder("a"), "secret", 6, 0600, &err), 0);
    assert_int_equal(mode_of(in_folder("a")), 0600);
    struct stat st;
    assert_int_equal(stat(beside, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(unlink(beside), 0);
}

static void writing_says_where_it_failed_and_leaves_the_old(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(file_write_atomic(in_folder("no/such"), "x", 1, 0600, &err), -ENOENT);
    assert_non_null(strstr(err.text, "no/such"));
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(mkdir(in_folder("x"), 0700), 0);
    assert_int_equal(file_write_atomic(in_folder("x"), "x", 1, 0600, &err), -EISDIR);
    assert_int_equal(file_write_atomic("/dev/full/x", "x", 1, 0600, &err), -ENOTDIR);
}

static void reading_is_bounded_and_names_the_file(void **state)
{
    (void)state;
    struct error err = {0};
    struct buf b = BUF_LIMIT(5);
    assert_int_equal(file_write_atomic(in_folder("a"), "12345", 5, 0600, &err), 0);
    assert_int_equal(file_read(in_folder("a"), &b, &err), 0);
    buf_free(&b);
    assert_int_equal(file_write_atomic(in_folder("a"), "123456", 6, 0600, &err), 0);
    assert_int_equal(file_read(in_folder("a"), &b, &err), -EFBIG);
    assert_non_null(strstr(err.text, in_folder("a")));
    buf_free(&b);
    assert_int_equal(file_read(in_folder("none"), &b, &err), -ENOENT);
    assert_int_equal(file_read(folder, &b, &err), -EISDIR);
    b = BUF_LIMIT(1000);
    mem_fail_from(1);
    assert_int_equal(file_read("/proc/self/comm", &b, &err), -ENOMEM);
    mem_fail_from(0);
}

static void a_secret_must_be_its_owners_alone(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        int code;
    } rows[] = {{0600, 0},      {0400, 0},      {0640, -EPERM}, {0604, -EPERM},
                {0644, -EPERM}, {0620, -EPERM}, {0601, -EPERM}, {0660, -EPERM}};
    struct error err = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf b = BUF_LIMIT(100);
        assert_int_equal(file_write_atomic(in_folder("a"), "pw\n", 3, rows[i].mode, &err), 0);
        assert_int_equal(file_read_secret(in_folder("a"), &b, &err), rows[i].code);
        if (rows[i].code == 0)
            assert_string_equal(buf_text(&b), "pw");
        else
            assert_non_null(strstr(err.text, "chmod 600"));
        buf_free(&b);
    }
}

static void a_secret_of_another_account_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    struct error err = {0};
    struct buf b = BUF_LIMIT(100);
    assert_int_equal(file_write_atomic(in_folder("a"), "pw\n", 3, 0600, &err), 0);
    assert_int_equal(chown(in_folder("a"), 65534, 0), 0);
    assert_int_equal(file_read_secret(in_folder("a"), &b, &err), -EPERM);
    assert_non_null(strstr(err.text, "chown 0 "));
    buf_free(&b);
}

static void only_one_newline_is_taken_from_a_secret(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"", ""}, {"\n", ""}, {"a\n\n", "a\n"}, {"a", "a"}, {"\na", "\na"}};
    struct error err = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf b = BUF_LIMIT(100);
        assert_int_equal(
            file_write_atomic(in_folder("a"), rows[i].in, strlen(rows[i].in), 0600, &err), 0);
        assert_int_equal(file_read_secret(in_folder("a"), &b, &err), 0);
        assert_string_equal(buf_text(&b), rows[i].out);
        assert_int_equal(b.length, strlen(rows[i].out));
        buf_free(&b);
    }
}

static void a_secret_is_a_regular_file(void **state)
{
    (void)state;
    struct error err = {0};
    struct buf b = BUF_LIMIT(100);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(file_read_secret(in_folder("fifo"), &b, &err), -EINVAL); /* and no hanging */
    assert_int_equal(file_read_secret("/dev/zero", &b, &err), -EINVAL);
    assert_int_equal(file_read_secret(in_folder("none"), &b, &err), -ENOENT);
}

static void folders_are_made_where_they_miss(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(file_make_folders(in_folder("x/y/z"), 0750, &err), 0);
    assert_int_equal(file_make_folders(in_folder("x/y/z"), 0750, &err), 0);
    assert_int_equal(file_make_folders(in_folder("x//y/z/"), 0750, &err), 0);
    assert_int_equal(file_make_folders("/", 0750, &err), 0);
    assert_int_equal(file_make_folders(".", 0750, &err), 0);
    assert_int_equal(file_make_folder_of("relative", 0750, &err), 0);
    assert_int_equal(file_make_folder_of("/top", 0750, &err), 0);
    assert_int_equal(file_make_folders("", 0750, &err), -EINVAL);
    assert_int_equal(file_write_atomic(in_folder("a"), "", 0, 0600, &err), 0);
    assert_int_equal(file_make_folders(in_folder("a"), 0750, &err), -ENOTDIR);
    assert_int_equal(file_make_folders(in_folder("a/b"), 0750, &err), -ENOTDIR);
    char big[5000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(file_make_folders(big, 0750, &err), -ENAMETOOLONG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_with_its_mode_whatever_the_umask),
        TEST(a_file_that_others_made_beside_it_is_not_written_into),
        TEST(writing_says_where_it_failed_and_leaves_the_old),
        TEST(reading_is_bounded_and_names_the_file),
        TEST(a_secret_must_be_its_owners_alone),
        TEST(a_secret_of_another_account_is_refused),
        TEST(only_one_newline_is_taken_from_a_secret),
        TEST(a_secret_is_a_regular_file),
        TEST(folders_are_made_where_they_miss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
