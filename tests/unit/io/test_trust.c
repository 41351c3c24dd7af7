/* What other accounts can change is not trusted, and the error has the command that helps. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "io/trust.h"
#include "support/test_folder.h"

#define OTHER 65534 /* also the number of a group that is not ours */

struct tree {
    char base[64], folder[96], file[128], link[128];
};

static int set_up(void **state)
{
    struct tree *t = calloc(1, sizeof *t);
    (void)str_copy(t->base, sizeof t->base, "/tmp/resus-trust-XXXXXX");
    assert_non_null(mkdtemp(t->base));
    (void)str_format(t->folder, sizeof t->folder, "%s/a", t->base);
    (void)str_format(t->file, sizeof t->file, "%s/file", t->folder);
    (void)str_format(t->link, sizeof t->link, "%s/link", t->base);
    assert_int_equal(mkdir(t->folder, 0755), 0);
    int fd = open(t->file, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(chmod(t->file, 0644), 0);
    assert_int_equal(symlink(t->file, t->link), 0);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct tree *t = *state;
    const char *const argv[] = {"/bin/rm", "-rf", t->base, NULL};
    test_run(argv);
    free(t);
    return 0;
}

static void expect(const char *path, const struct trust_also *also, const char *remedy)
{
    struct error err = {0};
    int r = trust_check(path, also, &err);
    if (remedy == NULL && r != 0)
        fail_msg("%s", err.text);
    if (remedy == NULL)
        return;
    assert_int_equal(r, -EPERM);
    if (strstr(err.text, remedy) == NULL)
        fail_msg("no \"%s\" in: %s", remedy, err.text);
}

static void a_file_that_others_can_write_is_refused(void **state)
{
    struct tree *t = *state;
    char remedy[200];
    expect(t->file, NULL, NULL);
    assert_int_equal(chmod(t->file, 0646), 0);
    (void)str_format(remedy, sizeof remedy, "chmod o-w %s", t->file);
    expect(t->file, NULL, remedy);
    expect(t->link, NULL, remedy);
    assert_int_equal(chmod(t->file, 0664), 0); /* our own group */
    expect(t->file, NULL, NULL);
}

static void a_folder_that_others_can_write_is_refused_unless_it_is_sticky(void **state)
{
    struct tree *t = *state;
    char remedy[200];
    (void)str_format(remedy, sizeof remedy, "chmod o-w %s", t->folder);
    assert_int_equal(chmod(t->folder, 0777), 0);
    expect(t->file, NULL, remedy);
    expect(t->folder, NULL, remedy);
    expect(t->link, NULL, remedy);
    assert_int_equal(chmod(t->folder, 01777), 0);
    expect(t->file, NULL, NULL);
    assert_int_equal(chmod(t->folder, 0755), 0);
    (void)str_format(remedy, sizeof remedy, "chmod o-w %s", t->base);
    assert_int_equal(chmod(t->base, 0777), 0);
    expect(t->file, NULL, remedy); /* two folders up */
    expect(t->link, NULL, remedy); /* the one that holds the link */
}

static void what_belongs_to_another_account_is_refused_unless_it_is_named(void **state)
{
    if (geteuid() != 0)
        skip();
    struct tree *t = *state;
    char remedy[200];
    const struct trust_also also = {OTHER, OTHER};
    assert_int_equal(chown(t->file, OTHER, 0), 0);
    (void)str_format(remedy, sizeof remedy, "chown 0 %s", t->file);
    expect(t->file, NULL, remedy);
    expect(t->link, NULL, remedy);
    expect(t->file, &also, NULL);
    assert_int_equal(chown(t->file, 0, OTHER), 0);
    expect(t->file, NULL, NULL);
    assert_int_equal(chmod(t->file, 0664), 0);
    (void)str_format(remedy, sizeof remedy, "chmod g-w %s", t->file);
    expect(t->file, NULL, remedy);
    expect(t->file, &also, NULL);
    assert_int_equal(chmod(t->file, 0644), 0);
    assert_int_equal(chown(t->folder, OTHER, OTHER), 0);
    (void)str_format(remedy, sizeof remedy, "chown 0 %s", t->folder);
    expect(t->file, NULL, remedy);
}

static void what_is_missing_is_left_to_whoever_opens_it(void **state)
{
    struct tree *t = *state;
    (void)t;
    expect("/nonexistent/file", NULL, NULL);
    expect("relative", NULL, NULL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_others_can_write_is_refused),
        TEST(a_folder_that_others_can_write_is_refused_unless_it_is_sticky),
        TEST(what_belongs_to_another_account_is_refused_unless_it_is_named),
        TEST(what_is_missing_is_left_to_whoever_opens_it),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
