#include <errno.h>
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
#include "support/test_folder.h"

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    (void)str_copy(folder, sizeof folder, "/tmp/resus-keyfile-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    return str_format(path, sizeof path, "%s/key", folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-rf", folder, NULL};
    test_run(argv);
    return 0;
}

static void make(const char *type, const char *bits, const char *format, const char *passphrase)
{
    (void)unlink(path);
    const char *const argv[] = {"/usr/bin/ssh-keygen",
                                "-q",
                                "-t",
                                type,
                                "-b",
                                bits,
                                "-m",
                                format,
                                "-N",
                                passphrase,
                                "-f",
                                path,
                                NULL};
    test_run(argv);
}

static void refused(int code, const char *remedy)
{
    struct error err = {0};
    assert_int_equal(keyfile_check(path, &err), code);
    if (strstr(err.text, remedy) == NULL)
        fail_msg("no \"%s\" in: %s", remedy, err.text);
    assert_non_null(strstr(err.text, path));
}

static void test_ed25519_and_rsa_4096_are_taken(void **state)
{
    (void)state;
    struct error err = {0};
    make("ed25519", "256", "RFC4716", "");
    if (keyfile_check(path, &err) < 0)
        fail_msg("%s", err.text);
    make("rsa", "4096", "RFC4716", "");
    if (keyfile_check(path, &err) < 0)
        fail_msg("%s", err.text);
    make("rsa", "4096", "PEM", "");
    if (keyfile_check(path, &err) < 0)
        fail_msg("%s", err.text);
}

static void test_weaker_keys_are_refused_with_the_remedy(void **state)
{
    (void)state;
    make("rsa", "2048", "RFC4716", "");
    refused(-EINVAL, "RSA of 2048 bits");
    refused(-EINVAL, "ssh-keygen -t ed25519");
    make("ecdsa", "256", "RFC4716", "");
    refused(-EINVAL, "ssh-keygen -t ed25519");
}

static void test_a_key_that_others_may_read_is_refused_with_the_remedy(void **state)
{
    (void)state;
    char remedy[160];
    make("ed25519", "256", "RFC4716", "");
    (void)str_format(remedy, sizeof remedy, "`chmod 600 %s`", path);
    const mode_t bad[] = {0640, 0604, 0660, 0610, 0777};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        refused(-EPERM, remedy);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(keyfile_check(path, NULL), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        refused(-EPERM, "chown 0");
    }
}

static void test_what_is_no_key_is_refused(void **state)
{
    (void)state;
    (void)unlink(path);
    refused(-ENOENT, "ssh-keygen -t ed25519");
    assert_int_equal(mkdir(path, 0700), 0);
    refused(-EINVAL, "not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(-EINVAL, "not a regular file");
    (void)unlink(path);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    refused(-ELOOP, "cannot be opened");
    (void)unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("nonsense\n", f);
    (void)fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
    refused(-EINVAL, "not a private SSH key");
    make("ed25519", "256", "RFC4716", "secret");
    refused(-EINVAL, "passphrase");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ed25519_and_rsa_4096_are_taken),
        cmocka_unit_test(test_weaker_keys_are_refused_with_the_remedy),
        cmocka_unit_test(test_a_key_that_others_may_read_is_refused_with_the_remedy),
        cmocka_unit_test(test_what_is_no_key_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
