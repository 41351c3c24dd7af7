/* What `resus setup` writes: all of it or nothing. The host's key is asked of a real sshd in tests/host/test_setup.py. */
#include "cli/setup.h"

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

#include "base/attr.h"
#include "base/str.h"
#include "io/file.h"
#include "support/test_folder.h"

static struct test_folder folder;
static char config[300], key[300], known_hosts[300];

static int begin(void **state)
{
    (void)state;
    test_folder_make(&folder);
    (void)str_copy(config, sizeof config, test_folder_path(&folder, "resus.yaml"));
    (void)str_copy(key, sizeof key, test_folder_path(&folder, "keys/redis_key"));
    (void)str_copy(known_hosts, sizeof known_hosts, test_folder_path(&folder, "known_hosts"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_folder_remove(&folder);
    return 0;
}

static struct setup_answers answers(void)
{
    return (struct setup_answers){.host = "redis-1.example.net",
                                  .port = 22,
                                  .user = "resus",
                                  .unit = "redis-server",
                                  .owner = geteuid(),
                                  .group = getegid()};
}

/* A plan as it is after the host has shown a key that no file has. */
static void plan(struct setup *s)
{
    struct setup_answers a = answers();
    struct error err = {0};
    if (setup_plan(config, &a, s, &err) < 0)
        fail_msg("%s", err.text);
    s->host.state = HOST_KEY_NEW;
    (void)str_copy(s->host.entry, sizeof s->host.entry,
                   "redis-1.example.net ssh-ed25519 "
                   "AAAAC3NzaC1lZDI1NTE5AAAAIFTrMTZ9V2rLoAQyjgZBwCDr2bYBZGN0K2g0cGYMZyfR");
}

static void write_file(const char *path, const char *text)
{
    struct error err = {0};
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

static void assert_file(const char *path, const char *text)
{
    struct buf b = BUF_LIMIT(65536);
    struct error err = {0};
    assert_int_equal(file_read(path, &b, &err), 0);
    assert_string_equal(buf_text(&b), text);
    buf_free(&b);
}

static void a_place_is_read_with_and_without_account_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text, *user, *host;
        int port;
    } rows[] = {
        {"redis-1", "", "redis-1", 22},
        {"autobot@redis-1", "autobot", "redis-1", 22},
        {"autobot@redis-1:2222", "autobot", "redis-1", 2222},
        {"10.0.0.5:2222", "", "10.0.0.5", 2222},
        {"fd00::5", "", "fd00::5", 22},
        {"autobot@[fd00::5]:2222", "autobot", "fd00::5", 2222},
        {"[fd00::5]", "", "fd00::5", 22},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct setup_answers a = {.port = 22};
        struct error err = {0};
        assert_int_equal(setup_read_place(rows[i].text, &a, &err), 0);
        assert_string_equal(a.user, rows[i].user);
        assert_string_equal(a.host, rows[i].host);
        assert_int_equal(a.port, rows[i].port);
    }
    static const char *const bad[] = {"redis-1:0", "redis-1:65536", "redis-1:x",
                                      "redis-1:", "[fd00::5]22"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct setup_answers a = {.port = 22};
        struct error err = {0};
        assert_int_not_equal(setup_read_place(bad[i], &a, &err), 0);
        assert_string_not_equal(err.text, "");
    }
}

static void names_that_a_shell_or_yaml_reads_otherwise_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "-o",  "a b",  "a\"b", "a'b",
                                      "a$(b)", "a;b", "a\nb", "a#b"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad) * 3; i++) {
        struct setup_answers a = answers();
        struct setup s;
        struct error err = {0};
        char *places[] = {a.host, a.user, a.unit};
        (void)str_copy(places[i % 3], SETUP_NAME_MAX, bad[i / 3]);
        if (setup_plan(config, &a, &s, &err) != -EINVAL)
            fail_msg("taken: %s", bad[i / 3]);
    }
}

static void settings_that_are_there_are_refused_and_stay(void **state)
{
    (void)state;
    struct setup_answers a = answers();
    struct setup s;
    struct error err = {0};
    write_file(config, "services: {}\n");
    assert_int_equal(setup_plan(config, &a, &s, &err), -EEXIST);
    assert_non_null(strstr(err.text, config));
    assert_file(config, "services: {}\n");
}

static void all_three_files_are_written_with_their_modes(void **state)
{
    (void)state;
    struct setup s;
    struct keypair_public public;
    struct error err = {0};
    struct settings *settings = NULL;
    struct stat st;
    plan(&s);
    if (setup_apply(&s, &public, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(stat(config, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(stat(key, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(settings_read(config, &settings, &err), 0);
    assert_string_equal(settings->services[0].ssh.key, key);
    assert_string_equal(settings->services[0].ssh.host, "redis-1.example.net");
    assert_int_equal(settings->services[0].redis.port, 6379);
    settings_free(settings);
    setup_free(&s);
}

static void the_script_for_the_host_has_the_key_and_the_sudoers(void **state)
{
    (void)state;
    struct setup s;
    struct keypair_public public = {0};
    struct error err = {0};
    struct buf script = BUF_LIMIT(SETUP_TEXT_MAX);
    plan(&s);
    assert_int_equal(setup_apply(&s, &public, &err), 0);
    assert_int_equal(setup_host_script(&s, &public, &script, &err), 0);
    assert_non_null(strstr(buf_text(&script), public.base64));
    assert_non_null(strstr(buf_text(&script), "systemctl restart redis-server"));
    buf_free(&script);
    setup_free(&s);
}

static void lines_of_known_hosts_stay(void **state)
{
    (void)state;
    struct setup s;
    struct keypair_public public;
    struct error err = {0};
    char wanted[HOST_KEY_ENTRY_MAX + 64];
    write_file(known_hosts, "# mine"); /* and no newline at its end */
    plan(&s);
    assert_int_equal(setup_apply(&s, &public, &err), 0);
    (void)str_format(wanted, sizeof wanted, "# mine\n%s\n", s.host.entry);
    assert_file(known_hosts, wanted);
    setup_free(&s);
}

static void a_failure_at_the_last_step_takes_everything_back(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct setup s;
        struct keypair_public public;
        struct error err = {0};
        if (known != 0)
            write_file(known_hosts, "# mine\n");
        plan(&s);
        write_file(config, "another administrator's\n");
        assert_int_equal(setup_apply(&s, &public, &err), -EEXIST);
        assert_int_equal(access(key, F_OK), -1);
        if (known != 0)
            assert_file(known_hosts, "# mine\n");
        else
            assert_int_equal(access(known_hosts, F_OK), -1);
        assert_file(config, "another administrator's\n");
        assert_int_equal(unlink(config), 0);
        setup_free(&s);
    }
}

static void a_key_that_is_there_is_used_and_kept_after_a_failure(void **state)
{
    (void)state;
    struct setup s;
    struct keypair_public first, second;
    struct error err = {0};
    plan(&s);
    assert_int_equal(setup_apply(&s, &first, &err), 0);
    setup_free(&s);
    assert_int_equal(unlink(config), 0);
    plan(&s);
    assert_true(s.key_is_there);
    write_file(config, "another administrator's\n");
    assert_int_equal(setup_apply(&s, &second, &err), -EEXIST);
    assert_int_equal(unlink(config), 0);
    assert_int_equal(setup_apply(&s, &second, &err), 0);
    assert_string_equal(first.base64, second.base64);
    setup_free(&s);
}

static void a_key_that_known_hosts_does_not_take_for_the_host_leaves_no_file(void **state)
{
    (void)state;
    struct setup s;
    struct keypair_public public;
    struct error err = {0};
    plan(&s);
    (void)str_copy(s.host.entry, sizeof s.host.entry, "another.example.net ssh-ed25519 AAAA");
    assert_int_not_equal(setup_apply(&s, &public, &err), 0);
    assert_int_equal(access(config, F_OK), -1);
    assert_int_equal(access(key, F_OK), -1);
    assert_int_equal(access(known_hosts, F_OK), -1);
    setup_free(&s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_place_is_read_with_and_without_account_and_port),
        TEST(names_that_a_shell_or_yaml_reads_otherwise_are_refused),
        TEST(settings_that_are_there_are_refused_and_stay),
        TEST(all_three_files_are_written_with_their_modes),
        TEST(the_script_for_the_host_has_the_key_and_the_sudoers),
        TEST(lines_of_known_hosts_stay),
        TEST(a_failure_at_the_last_step_takes_everything_back),
        TEST(a_key_that_is_there_is_used_and_kept_after_a_failure),
        TEST(a_key_that_known_hosts_does_not_take_for_the_host_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
