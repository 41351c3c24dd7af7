/* Sealed files: who opens them, and that no change goes unnoticed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"

#include "backups/opened.h"
#include "backups/seal.h"
#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"
#include "support/test_folder.h"

static struct test_folder root;
static struct seal_secret alice, bob, eve;

static int set_up(void **state)
{
    (void)state;
    test_folder_make(&root);
    assert_int_equal(seal_secret_make(&alice, NULL), 0);
    assert_int_equal(seal_secret_make(&bob, NULL), 0);
    assert_int_equal(seal_secret_make(&eve, NULL), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(&root);
    return 0;
}

static const char *at(const char *name)
{
    return test_folder_path(&root, name);
}

static void write_file(const char *name, const void *bytes, size_t length)
{
    assert_int_equal(file_write_atomic(at(name), bytes, length, 0600, NULL), 0);
}

static struct buf read_file(const char *name)
{
    struct buf b = BUF_LIMIT((size_t)1024 * 1024);
    assert_int_equal(file_read(at(name), &b, NULL), 0);
    return b;
}

/* Seals `length` bytes for alice and bob as "sealed". */
static struct seal_sums seal_some(size_t length)
{
    const struct seal_public both[] = {alice.public, bob.public};
    struct seal_sums sums;
    unsigned char *bytes = mem_must(mem_calloc(1, length + 1));
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    write_file("plain", bytes, length);
    mem_free(bytes);
    (void)unlink(at("sealed"));
    assert_int_equal(seal_file(at("plain"), at("sealed"), both, 2, &sums, NULL), 0);
    return sums;
}

static void close_fd(int *fd)
{
    (void)close(*fd);
}

static int open_as(const char *name, const struct seal_secret *key, struct error *err)
{
    (void)unlink(at("opened"));
    return seal_open_file(at(name), at("opened"), key, NULL, err);
}

static void each_recipient_opens_it_and_no_other_does(void **state)
{
    static const size_t lengths[] = {0,
                                     1,
                                     SEAL_CHUNK_BYTES - 1,
                                     SEAL_CHUNK_BYTES,
                                     SEAL_CHUNK_BYTES + 1,
                                     3 * SEAL_CHUNK_BYTES,
                                     200000};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        struct error err = {0};
        struct seal_sums sums = seal_some(lengths[i]);
        struct buf plain = read_file("plain");
        struct buf sealed = read_file("sealed");
        assert_int_equal(sums.plain_bytes, lengths[i]);
        assert_int_equal(sums.sealed_bytes, sealed.length);
        assert_int_equal(open_as("sealed", &alice, NULL), 0);
        struct buf opened = read_file("opened");
        assert_int_equal(opened.length, plain.length);
        if (plain.length > 0)
            assert_memory_equal(opened.data, plain.data, plain.length);
        assert_int_equal(open_as("sealed", &bob, NULL), 0);
        assert_int_equal(open_as("sealed", &eve, &err), -ENOKEY);
        assert_non_null(strstr(err.text, alice.public.id));
        assert_int_equal(access(at("opened"), F_OK), -1);
        buf_free(&plain);
        buf_free(&sealed);
        buf_free(&opened);
    }
}

static void the_sums_are_those_of_the_files(void **state)
{
    struct seal_sums sums = seal_some(200000);
    struct seal_sums again;
    struct stat st;
    (void)state;
    assert_int_equal(stat(at("sealed"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)unlink(at("opened"));
    assert_int_equal(seal_open_file(at("sealed"), at("opened"), &alice, &again, NULL), 0);
    assert_memory_equal(&again, &sums, sizeof sums);
    assert_int_equal(strlen(sums.sealed_sha256), 64);
}

/* Every bit of the head and of the ends of chunks, and a sample of the rest. */
static void no_change_goes_unnoticed(void **state)
{
    (void)state;
    (void)seal_some(70000);
    struct buf sealed = read_file("sealed");
    for (size_t i = 0; i < sealed.length; i += i < 400 || i + 400 > sealed.length ? 1 : 97) {
        sealed.data[i] ^= 1;
        write_file("changed", sealed.data, sealed.length);
        int r = open_as("changed", &alice, NULL);
        assert_true(r == -EBADMSG || (i < SEAL_HEAD_MAX && r == -ENOKEY));
        assert_int_equal(access(at("opened"), F_OK), -1);
        sealed.data[i] ^= 1;
    }
    buf_free(&sealed);
}

static void a_cut_at_every_length_is_noticed(void **state)
{
    (void)state;
    (void)seal_some(2 * SEAL_CHUNK_BYTES);
    struct buf sealed = read_file("sealed");
    for (size_t length = 0; length < sealed.length; length += length < 400 ? 1 : 61) {
        struct error why = {0};
        write_file("changed", sealed.data, length);
        assert_int_equal(open_as("changed", &alice, &why), -EBADMSG);
        assert_int_equal(why.code, -EBADMSG);
    }
    /* Exactly between two chunks: each of them opens, and the end is missing. */
    write_file("changed", sealed.data, sealed.length - SEAL_CHUNK_BYTES - 17);
    struct error err = {0};
    assert_int_equal(open_as("changed", &alice, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "its end is missing"));
    assert_int_equal(buf_append(&sealed, "x", 1), 0);
    write_file("changed", sealed.data, sealed.length);
    assert_int_equal(open_as("changed", &alice, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "something follows"));
    buf_free(&sealed);
}

static void a_newer_version_is_named(void **state)
{
    struct error err = {0};
    (void)state;
    (void)seal_some(10);
    struct buf sealed = read_file("sealed");
    sealed.data[7] = '2';
    write_file("changed", sealed.data, sealed.length);
    assert_int_equal(open_as("changed", &alice, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "use a newer one"));
    buf_free(&sealed);
}

/* A file that an earlier version sealed: what it reads stays readable. */
static void a_file_of_the_first_version_opens(void **state)
{
    struct seal_secret key;
    (void)state;
    struct buf text = BUF_LIMIT(SEAL_KEY_FILE_MAX);
    assert_int_equal(file_read(TEST_DATA "/seal-1.key", &text, NULL), 0);
    assert_int_equal(seal_secret_parse(buf_text(&text), &key, NULL), 0);
    assert_int_equal(seal_open_file(TEST_DATA "/seal-1.rs", at("opened"), &key, NULL, NULL), 0);
    struct buf opened = read_file("opened");
    struct buf sample = BUF_LIMIT(SAMPLE_MAX);
    assert_int_equal(file_read(TEST_DATA "/redis7.rdb", &sample, NULL), 0);
    assert_int_equal(opened.length, sample.length);
    assert_memory_equal(opened.data, sample.data, sample.length);
    buf_free(&opened);
    buf_free(&sample);
    buf_free(&text);
}

static void keys_are_lines_whose_slips_are_noticed(void **state)
{
    char text[SEAL_KEY_TEXT_SIZE];
    char changed[SEAL_KEY_TEXT_SIZE + 40];
    struct seal_secret secret;
    struct seal_public public;
    struct error err = {0};
    (void)state;
    seal_secret_text(&alice, text);
    (void)str_format(changed, sizeof changed, " %s \n", text);
    assert_int_equal(seal_secret_parse(changed, &secret, NULL), 0);
    assert_memory_equal(&secret, &alice, sizeof secret);
    for (size_t i = strlen("resus-secret-key-1 "); i < strlen(text); i++) {
        (void)str_copy(changed, sizeof changed, text);
        changed[i] = changed[i] == '0' ? '1' : '0';
        assert_int_equal(seal_secret_parse(changed, &secret, &err), -EBADMSG);
        changed[i] = '\0';
        assert_int_equal(seal_secret_parse(changed, &secret, &err), -EBADMSG);
    }
    assert_int_equal(seal_public_parse(text, &public, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "this is a secret key"));
    seal_public_text(&alice.public, text);
    (void)str_format(changed, sizeof changed, "%s recovery of prod\n", text);
    assert_int_equal(seal_public_parse(changed, &public, NULL), 0);
    assert_memory_equal(&public, &alice.public, sizeof public);
    assert_int_equal(seal_secret_parse(text, &secret, &err), -EBADMSG);
    assert_int_equal(seal_public_parse("", &public, &err), -EBADMSG);
}

static void a_secret_key_that_others_can_read_is_refused(void **state)
{
    char text[SEAL_KEY_TEXT_SIZE];
    struct seal_secret secret;
    struct error err = {0};
    (void)state;
    seal_secret_text(&alice, text);
    test_folder_write(&root, "key", text, 0644);
    assert_int_equal(seal_secret_load(at("key"), &secret, &err), -EPERM);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_int_equal(chmod(at("key"), 0600), 0);
    assert_int_equal(seal_secret_load(at("key"), &secret, &err), 0);
}

/* ── opened for a proof or a restore ── */

static void what_was_opened_is_overwritten_before_it_is_removed(void **state)
{
    (void)state;
    const struct seal_sums sums = seal_some(100000);
    struct manifest_file file = {.name = "sealed"};
    struct opened o = {.path = ""};
    struct error err = {0};
    struct stat st;
    char bytes[100];
    (void)str_copy(file.plain_sha256, sizeof file.plain_sha256, sums.plain_sha256);
    assert_int_equal(
        opened_make(root.path, OPENED_PREFIX ".rdb", at("sealed"), &file, &alice, &o, &err), 0);
    assert_int_equal(err.code, 0);
    assert_int_equal(stat(o.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 100000);
    ATTR_CLEANUP(close_fd) int fd = open(o.path, O_RDONLY | O_CLOEXEC);
    opened_wipe(&o);
    opened_wipe(&o); /* there is none: nothing happens */
    assert_int_equal(access(at(OPENED_PREFIX ".rdb"), F_OK), -1);
    assert_int_equal(pread(fd, bytes, sizeof bytes, 70000), sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0);
}

static void one_that_is_in_use_is_left_and_one_that_a_kill_left_is_swept(void **state)
{
    (void)state;
    const struct seal_sums sums = seal_some(1000);
    struct manifest_file file = {.name = "sealed"};
    struct opened o = {.path = ""};
    ATTR_CLEANUP(close_fd) int folder = open(root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)str_copy(file.plain_sha256, sizeof file.plain_sha256, sums.plain_sha256);
    assert_int_equal(
        opened_make(root.path, OPENED_PREFIX "-7.rdb", at("sealed"), &file, &bob, &o, NULL), 0);
    opened_sweep(folder, OPENED_PREFIX "-7.rdb");
    assert_int_equal(access(o.path, F_OK), 0);
    (void)close(o.fd); /* as a kill does */
    ATTR_CLEANUP(close_fd) int fd = open(o.path, O_RDONLY | O_CLOEXEC);
    opened_sweep(folder, OPENED_PREFIX "-7.rdb");
    assert_int_equal(access(o.path, F_OK), -1);
    char byte = 1;
    assert_int_equal(pread(fd, &byte, 1, 500), 1);
    assert_int_equal(byte, 0);
    /* A planted link goes, and what it names stays. */
    assert_int_equal(symlink(at("sealed"), at(OPENED_PREFIX "-8.rdb")), 0);
    opened_sweep(folder, OPENED_PREFIX "-8.rdb");
    assert_int_equal(access(at("sealed"), F_OK), 0);
    assert_int_equal(faccessat(folder, OPENED_PREFIX "-8.rdb", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void another_inside_than_the_manifest_says_is_refused_and_removed(void **state)
{
    (void)state;
    (void)seal_some(1000);
    struct manifest_file file = {.name = "sealed", .plain_sha256 = "00"};
    struct opened o = {.path = ""};
    struct error err = {0};
    assert_int_equal(
        opened_make(root.path, OPENED_PREFIX ".rdb", at("sealed"), &file, &alice, &o, &err),
        -EBADMSG);
    assert_non_null(strstr(err.text, "manifest"));
    assert_int_equal(access(at(OPENED_PREFIX ".rdb"), F_OK), -1);
    assert_int_equal(
        opened_make(root.path, OPENED_PREFIX ".rdb", at("sealed"), &file, &eve, &o, &err), -ENOKEY);
    assert_int_equal(access(at(OPENED_PREFIX ".rdb"), F_OK), -1);
    assert_string_equal(o.path, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_opens_it_and_no_other_does),
        cmocka_unit_test(the_sums_are_those_of_the_files),
        cmocka_unit_test(no_change_goes_unnoticed),
        cmocka_unit_test(a_cut_at_every_length_is_noticed),
        cmocka_unit_test(a_newer_version_is_named),
        cmocka_unit_test(a_file_of_the_first_version_opens),
        cmocka_unit_test(keys_are_lines_whose_slips_are_noticed),
        cmocka_unit_test(a_secret_key_that_others_can_read_is_refused),
        cmocka_unit_test(what_was_opened_is_overwritten_before_it_is_removed),
        cmocka_unit_test(one_that_is_in_use_is_left_and_one_that_a_kill_left_is_swept),
        cmocka_unit_test(another_inside_than_the_manifest_says_is_refused_and_removed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
