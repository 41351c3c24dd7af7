/* The files of a key that is exchanged: a whole key under the configured name after every step, and
 * nothing written over. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "host/keyfile.h"
#include "host/keypair.h"
#include "support/test_folder.h"

static char folder[64], path[128], fresh[SETTINGS_PATH_MAX], old[SETTINGS_PATH_MAX];
static const wall_ms today = {1760054400000LL}; /* 2025-10-10T00:00:00Z */

static int make_folder(void **state)
{
    (void)state;
    (void)str_copy(folder, sizeof folder, "/tmp/resus-keypair-XXXXXX");
    if (mkdtemp(folder) == NULL || !str_format(path, sizeof path, "%s/key", folder))
        return -1;
    const char *const argv[] = {
        "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};
    test_run(argv);
    keypair_fresh_path(path, fresh);
    keypair_old_path(path, today, old);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-rf", folder, NULL};
    test_run(argv);
    return 0;
}

static void good(int r, const struct error *err)
{
    if (r < 0)
        fail_msg("%s", err->text);
}

static struct keypair_public public_of(const char *file)
{
    struct keypair_public public;
    struct error err = {0};
    good(keypair_read(file, &public, &err), &err);
    return public;
}

static void make_new(enum keypair_kind kind)
{
    struct error err = {0};
    good(keypair_write_part(path, kind, &err), &err);
    good(keypair_place_new(path, &err), &err);
}

static void test_a_new_key_stands_beside_the_old_one(void **state)
{
    (void)state;
    struct stat st;
    struct keypair_public before = public_of(path);
    make_new(KEYPAIR_ED25519);
    struct keypair_public made = public_of(fresh);
    assert_string_equal(made.type, "ssh-ed25519");
    assert_string_not_equal(made.base64, before.base64);
    assert_string_equal(public_of(path).base64, before.base64);
    assert_int_equal(stat(fresh, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_uid, geteuid());
    assert_int_equal(st.st_nlink, 1);
    assert_true(str_starts(made.fingerprint, "SHA256:"));
    assert_int_equal(strlen(keypair_tail(&made)), KEYPAIR_TAIL);
}

static void test_an_rsa_key_has_4096_bits(void **state)
{
    (void)state;
    make_new(KEYPAIR_RSA); /* keyfile_check() has looked at its size */
    assert_string_equal(public_of(fresh).type, "ssh-rsa");
}

static void test_the_fingerprint_is_the_one_ssh_keygen_shows(void **state)
{
    (void)state;
    char command[400], shown[160], line[512] = "";
    make_new(KEYPAIR_ED25519);
    (void)str_format(shown, sizeof shown, "%s/shown", folder);
    (void)str_format(command, sizeof command, "ssh-keygen -lf %s > %s", fresh, shown);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    test_run(argv);
    FILE *f = fopen(shown, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(fclose(f), 0);
    assert_non_null(strstr(line, public_of(fresh).fingerprint));
}

static void touch(const char *file, const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void holds(const char *file, const char *text)
{
    char is[64] = "";
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    assert_non_null(fgets(is, sizeof is, f));
    assert_int_equal(fclose(f), 0);
    assert_string_equal(is, text);
}

static void test_no_file_is_written_over(void **state)
{
    (void)state;
    struct error err = {0};
    touch(fresh, "a person's");
    good(keypair_write_part(path, KEYPAIR_ED25519, &err), &err);
    assert_int_equal(keypair_place_new(path, &err), -EEXIST);
    assert_non_null(strstr(err.text, "move it away"));
    holds(fresh, "a person's");
    touch(old, "a person's");
    assert_int_equal(keypair_keep_old(path, old, &err), -EEXIST);
    holds(old, "a person's");
    (void)public_of(path);
}

static void test_the_switch_leaves_a_whole_key_after_every_step(void **state)
{
    (void)state;
    struct error err = {0};
    struct keypair_public before = public_of(path);
    make_new(KEYPAIR_ED25519);
    struct keypair_public made = public_of(fresh);
    assert_string_equal(old + strlen(old) - 13, ".old-20251010");
    good(keypair_keep_old(path, old, &err), &err);
    assert_string_equal(public_of(path).base64, before.base64);
    assert_false(keypair_has_old(path, old));      /* it is the key in use, by a second name */
    good(keypair_keep_old(path, old, &err), &err); /* again, after a kill */
    good(keypair_put_new(path, &err), &err);
    assert_string_equal(public_of(path).base64, made.base64);
    assert_string_equal(public_of(old).base64, before.base64);
    assert_true(keypair_has_old(path, old));
    assert_false(keypair_has_fresh(path));
    good(keypair_put_public(path, "resus-20251010", &err), &err);
    char name[160], line[512] = "";
    (void)str_format(name, sizeof name, "%s.pub", path);
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(fclose(f), 0);
    assert_non_null(strstr(line, made.base64));
}

static void test_what_a_killed_step_left_is_cleaned_and_no_more(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(keypair_clean(path, old));
    good(keypair_write_part(path, KEYPAIR_ED25519, &err), &err);
    good(keypair_keep_old(path, old, &err), &err);
    assert_true(keypair_clean(path, old));
    assert_int_equal(access(old, F_OK), -1);
    (void)public_of(path);
    make_new(KEYPAIR_ED25519);
    good(keypair_keep_old(path, old, &err), &err);
    good(keypair_put_new(path, &err), &err);
    assert_false(keypair_clean(path, old)); /* a key that is kept is no leftover */
    (void)public_of(old);
}

static void test_a_removed_key_is_overwritten_and_the_one_in_use_never(void **state)
{
    (void)state;
    struct error err = {0};
    make_new(KEYPAIR_ED25519);
    good(keypair_keep_old(path, old, &err), &err);
    assert_int_equal(keypair_wipe(path, old, &err), -EBUSY);
    (void)public_of(path);
    good(keypair_put_new(path, &err), &err);
    int fd = open(old, O_RDONLY | O_CLOEXEC); /* what is read after the removal */
    assert_true(fd >= 0);
    good(keypair_wipe(path, old, &err), &err);
    char byte = 'x';
    assert_int_equal(pread(fd, &byte, 1, 40), 1);
    assert_int_equal(byte, 0);
    (void)close(fd);
    assert_int_equal(access(old, F_OK), -1);
    good(keypair_wipe(path, old, &err), &err); /* it is gone: as wanted */
    (void)public_of(path);
}

static void test_a_folder_that_cannot_be_written_is_named_with_the_remedy(void **state)
{
    (void)state;
    struct error err = {0};
    bool root = geteuid() == 0; /* whom no mode keeps out */
    assert_int_equal(chmod(folder, 0555), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    int r = keypair_write_part(path, KEYPAIR_ED25519, &err);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(r, -EACCES);
    assert_non_null(strstr(err.text, "`chown "));
    assert_non_null(strstr(err.text, folder));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_key_stands_beside_the_old_one),
        TEST(test_an_rsa_key_has_4096_bits),
        TEST(test_the_fingerprint_is_the_one_ssh_keygen_shows),
        TEST(test_no_file_is_written_over),
        TEST(test_the_switch_leaves_a_whole_key_after_every_step),
        TEST(test_what_a_killed_step_left_is_cleaned_and_no_more),
        TEST(test_a_removed_key_is_overwritten_and_the_one_in_use_never),
        TEST(test_a_folder_that_cannot_be_written_is_named_with_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
