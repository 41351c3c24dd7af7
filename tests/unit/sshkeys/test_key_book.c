/* The rotation of an SSH key on the disk: after an end between any two steps one whole key has the
 * configured name, and what comes next resumes or cleans up. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "sshkeys/key_book.h"
#include "support/test_folder.h"

static char folder[64];
static struct key_order order;
static struct key_book book;
static char old_key[KEYPAIR_BASE64_MAX];

static void good(int r, const struct error *err)
{
    if (r < 0)
        fail_msg("%s", err->text);
}

static void read_key(const char *file, char ret[KEYPAIR_BASE64_MAX])
{
    struct keypair_public public;
    struct error err = {0};
    good(keypair_read(file, &public, &err), &err);
    (void)str_copy(ret, KEYPAIR_BASE64_MAX, public.base64);
}

static int begin(void **state)
{
    (void)state;
    (void)str_copy(folder, sizeof folder, "/tmp/resus-key-book-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    order = (struct key_order){.kind = KEYPAIR_ED25519, .by = "root", .now = {1760054400000LL}};
    (void)str_format(order.key, sizeof order.key, "%s/key", folder);
    const char *const argv[] = {
        "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", order.key, NULL};
    test_run(argv);
    read_key(order.key, old_key);
    struct error err = {0};
    return key_book_open(&book, folder, &err);
}

static int end(void **state)
{
    (void)state;
    const char *const argv[] = {"/bin/rm", "-rf", folder, NULL};
    test_run(argv);
    return 0;
}

/* Every host accepts the new key. */
static void prove(void)
{
    char fresh[SETTINGS_PATH_MAX];
    struct keypair_public public;
    struct error err = {0};
    keypair_fresh_path(order.key, fresh);
    good(keypair_read(fresh, &public, &err), &err);
    (void)str_copy(order.proved, sizeof order.proved, public.fingerprint);
}

static void step(int n)
{
    struct error err = {0};
    if (n == (int)STEP_RECORD_SWITCHING)
        prove();
    good(key_book_step(&book, &order, (enum key_book_step)n, &err), &err);
}

/* What a program that starts again makes of it. */
static enum key_phase start_again(char *note, size_t size)
{
    struct error err = {0};
    memset(&book, 0, sizeof book);
    good(key_book_open(&book, folder, &err), &err);
    return key_rotation_step(KEY_IDLE, key_book_look(&book, &order, note, size)).next;
}

static void finish_from(enum key_phase phase)
{
    struct error err = {0};
    if (phase == KEY_IDLE)
        good(key_book_make(&book, &order, &err), &err);
    if (phase != KEY_SWITCHED)
        prove();
    if (phase != KEY_SWITCHED)
        good(key_book_switch(&book, &order, &err), &err);
    good(key_book_remove(&book, &order, &err), &err);
}

static void test_an_end_before_any_step_loses_no_key_and_the_rotation_can_go_on(void **state)
{
    (void)state;
    char note[160], now[KEYPAIR_BASE64_MAX], path[SETTINGS_PATH_MAX];
    for (int ended = 0; ended <= (int)KEY_BOOK_STEP_COUNT; ended++) {
        for (int n = 0; n < ended; n++) {
            step(n);
            read_key(order.key, now); /* whole, after every single step */
            assert_int_equal(str_equal(now, old_key), n < (int)STEP_PUT_NEW);
        }
        enum key_phase phase = start_again(note, sizeof note);
        read_key(order.key, now);
        bool switched = ended > (int)STEP_PUT_NEW;
        assert_int_equal(str_equal(now, old_key), !switched);
        if (ended <= (int)STEP_PLACE_NEW || ended > (int)STEP_WIPE_OLD)
            assert_int_equal(phase, KEY_IDLE);
        else
            assert_int_equal(phase, switched ? KEY_SWITCHED : KEY_MADE);
        (void)str_format(path, sizeof path, "%s.new.part", order.key);
        assert_int_equal(access(path, F_OK), -1);
        if (phase == KEY_SWITCHED) {
            assert_non_null(key_book_find(&book, order.key));
            read_key(key_book_find(&book, order.key)->old, now);
            assert_string_equal(now, old_key);
        }
        if (ended <= (int)STEP_WIPE_OLD)
            finish_from(phase);
        assert_null(key_book_find(&book, order.key));
        keypair_old_path(order.key, order.now, path);
        assert_int_equal(access(path, F_OK), -1);
        keypair_fresh_path(order.key, path);
        assert_int_equal(access(path, F_OK), -1);
        read_key(order.key, old_key); /* the next round begins with this one */
    }
}

static void test_a_finished_or_undone_step_is_said_and_a_quiet_start_says_nothing(void **state)
{
    (void)state;
    char note[160];
    assert_int_equal(start_again(note, sizeof note), KEY_IDLE);
    assert_string_equal(note, "");
    for (int n = 0; n <= (int)STEP_RECORD_MADE; n++)
        step(n);
    assert_int_equal(start_again(note, sizeof note), KEY_MADE);
    assert_string_equal(note, "");
    step(STEP_RECORD_SWITCHING);
    step(STEP_KEEP_OLD);
    assert_int_equal(start_again(note, sizeof note), KEY_MADE);
    assert_non_null(strstr(note, "taken back"));
    for (int n = (int)STEP_RECORD_SWITCHING; n <= (int)STEP_PUT_NEW; n++)
        step(n);
    assert_int_equal(start_again(note, sizeof note), KEY_SWITCHED);
    assert_non_null(strstr(note, "finished"));
    assert_int_equal(start_again(note, sizeof note), KEY_SWITCHED);
    assert_string_equal(note, "");
}

static void test_files_that_no_rotation_made_are_left_alone(void **state)
{
    (void)state;
    struct error err = {0};
    char path[SETTINGS_PATH_MAX], note[160];
    keypair_fresh_path(order.key, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(start_again(note, sizeof note), KEY_IDLE);
    assert_int_equal(key_book_make(&book, &order, &err), -EEXIST);
    assert_non_null(strstr(err.text, "move it away"));
    assert_int_equal(access(path, F_OK), 0);
    assert_null(key_book_find(&book, order.key));
}

static void test_a_switch_that_fails_leaves_the_old_key_in_use(void **state)
{
    (void)state;
    struct error err = {0};
    char path[SETTINGS_PATH_MAX], now[KEYPAIR_BASE64_MAX], note[160];
    good(key_book_make(&book, &order, &err), &err);
    keypair_old_path(order.key, order.now, path);
    FILE *f = fopen(path, "w"); /* another file has the old key's name */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    prove();
    assert_int_equal(key_book_switch(&book, &order, &err), -EEXIST);
    assert_non_null(strstr(err.text, path));
    read_key(order.key, now);
    assert_string_equal(now, old_key);
    assert_int_equal(start_again(note, sizeof note), KEY_MADE);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
    finish_from(KEY_MADE);
}

static void test_a_new_key_that_was_replaced_after_its_proof_is_not_switched_to(void **state)
{
    (void)state;
    struct error err = {0};
    char path[SETTINGS_PATH_MAX], now[KEYPAIR_BASE64_MAX];
    good(key_book_make(&book, &order, &err), &err);
    prove();
    keypair_fresh_path(order.key, path);
    assert_int_equal(unlink(path), 0);
    const char *const argv[] = {
        "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};
    test_run(argv);
    assert_int_equal(key_book_switch(&book, &order, &err), -ESTALE);
    assert_non_null(strstr(err.text, path));
    read_key(order.key, now);
    assert_string_equal(now, old_key);
    assert_int_equal(key_book_find(&book, order.key)->recorded, KEY_MADE);
    finish_from(KEY_MADE); /* once the hosts were asked about this one */
}

static void test_a_rotation_survives_in_the_file_with_all_that_is_said_of_it(void **state)
{
    (void)state;
    struct error err = {0};
    char note[160];
    good(key_book_make(&book, &order, &err), &err);
    prove();
    good(key_book_switch(&book, &order, &err), &err);
    struct key_record *r = key_book_find(&book, order.key);
    assert_non_null(r);
    (void)str_copy(r->accepted_by, sizeof r->accepted_by, "autobot@10.0.0.5:22");
    r->asked = r->warned = order.now;
    good(key_book_write(&book, &err), &err);
    struct key_record before = *r;
    assert_int_equal(start_again(note, sizeof note), KEY_SWITCHED);
    r = key_book_find(&book, order.key);
    assert_non_null(r);
    assert_memory_equal(r, &before, sizeof before);
    assert_non_null(strstr(old_key, before.old_tail));
}

static void test_a_book_that_is_none_is_named_and_nothing_is_touched(void **state)
{
    (void)state;
    struct error err = {0};
    char path[SETTINGS_PATH_MAX];
    (void)str_format(path, sizeof path, "%s/%s", folder, KEY_BOOK_FILE);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("[1, 2", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(key_book_open(&book, folder, &err), -EINVAL);
    assert_non_null(strstr(err.text, path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_end_before_any_step_loses_no_key_and_the_rotation_can_go_on),
        TEST(test_a_finished_or_undone_step_is_said_and_a_quiet_start_says_nothing),
        TEST(test_files_that_no_rotation_made_are_left_alone),
        TEST(test_a_switch_that_fails_leaves_the_old_key_in_use),
        TEST(test_a_new_key_that_was_replaced_after_its_proof_is_not_switched_to),
        TEST(test_a_rotation_survives_in_the_file_with_all_that_is_said_of_it),
        TEST(test_a_book_that_is_none_is_named_and_nothing_is_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
