#include <errno.h>
#include <limits.h>
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
#include "host/command.h"
#include "support/test_folder.h"

#define LOG "/var/log/redis/redis-server.log"

static void line_of(enum host_command command, int lines, bool sudo, char ret[2048])
{
    struct host_argv argv;
    struct error err = {0};
    if (host_command_argv(command, "redis-server", LOG, lines, sudo, &argv, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(host_command_line(&argv, ret, 2048, &err), 0);
}

static void test_every_command_is_exactly_the_whitelists(void **state)
{
    (void)state;
    static const struct {
        enum host_command command;
        int lines;
        bool sudo;
        const char *line;
    } rows[] = {
        {HOST_START, 0, true, "sudo -n /bin/systemctl start redis-server"},
        {HOST_STOP, 0, true, "sudo -n /bin/systemctl stop redis-server"},
        {HOST_RESTART, 0, true, "sudo -n /bin/systemctl restart redis-server"},
        {HOST_RELOAD, 0, true, "sudo -n /bin/systemctl reload redis-server"},
        {HOST_START, 0, false, "systemctl start redis-server"},
        {HOST_STATUS, 0, true, "systemctl status redis-server"},
        {HOST_STATUS, 0, false, "systemctl status redis-server"},
        {HOST_IS_ACTIVE, 0, true, "systemctl is-active redis-server"},
        {HOST_JOURNAL, 50, false, "journalctl -u redis-server -n 50 --no-pager -o json"},
        {HOST_JOURNAL, 51, true,
         "sudo -n /bin/journalctl -u redis-server -n 200 --no-pager -o json"},
        {HOST_JOURNAL, 1, false, "journalctl -u redis-server -n 50 --no-pager -o json"},
        {HOST_JOURNAL, 1000, false, "journalctl -u redis-server -n 1000 --no-pager -o json"},
        {HOST_SHOW, 0, true,
         "systemctl show redis-server -p "
         "Id,LoadState,ActiveState,SubState,Result,NRestarts,MainPID,"
         "StatusText,ExecMainStatus,ExecMainCode,StateChangeTimestamp,CanReload,TimeoutStartUSec,"
         "TimeoutStopUSec,Restart,UnitFileState,CPUUsageNSec,FreezerState"},
        {HOST_RESET_FAILED, 0, true, "sudo -n /bin/systemctl reset-failed redis-server"},
        {HOST_LOG_TAIL, 201, true, "sudo -n -u redis /usr/bin/tail -n 1000 " LOG},
        {HOST_LOG_TAIL, 7, false, "runuser -u redis -- /usr/bin/tail -n 50 " LOG},
        {HOST_HELPER_STAGE, 0, true,
         "sudo -n -u redis /usr/lib/resus/resus-restore-helper stage redis-server"},
        {HOST_HELPER_PLACE_AOF, 0, false,
         "runuser -u redis -- /usr/lib/resus/resus-restore-helper place-aof redis-server"},
        {HOST_PROCESS, 812, true, "cat /proc/812/stat /proc/812/status"},
        {HOST_PROCESS, HOST_PID_MAX, false, "cat /proc/4194304/stat /proc/4194304/status"},
        {HOST_SUDO_LIST, 0, true, "sudo -n -l"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char line[2048];
        line_of(rows[i].command, rows[i].lines, rows[i].sudo, line);
        assert_string_equal(line, rows[i].line);
    }
}

static void test_names_that_are_not_plain_never_make_a_command(void **state)
{
    (void)state;
    char longest[130];
    memset(longest, 'a', sizeof longest);
    longest[128] = '\0';
    assert_int_equal(host_check_unit(longest, NULL), 0);
    longest[128] = 'a';
    longest[129] = '\0';
    const char *const bad[] = {"",
                               "a b",
                               "a;b",
                               "-u",
                               "a\nb",
                               "a\tb",
                               longest,
                               "a/b",
                               "$(a)",
                               "a'b",
                               "a\"b",
                               "a`b",
                               "a\\b",
                               "a|b",
                               "a&b",
                               "a>b",
                               "a*",
                               "a?",
                               "\x80",
                               "r\xc3\xa9"
                               "dis",
                               "a#b",
                               "a\rb",
                               "a,b",
                               "a=b",
                               "a:b"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        for (int c = 0; c < HOST_COMMAND_COUNT; c++) {
            struct host_argv argv = {.words = {"untouched"}};
            struct error err = {0};
            assert_int_equal(
                host_command_argv((enum host_command)c, bad[i], LOG, 50, true, &argv, &err),
                -EINVAL);
            assert_true(err.text[0] != '\0');
            assert_string_equal(argv.words[0], "untouched");
        }
    assert_int_equal(host_check_unit("redis-server@6380.service", NULL), 0);
    assert_int_equal(host_check_unit(NULL, NULL), -EINVAL);
}

static void test_lines_outside_1_to_1000_are_refused(void **state)
{
    (void)state;
    const int bad[] = {0, -1, 1001, INT32_MAX, INT32_MIN};
    struct host_argv argv;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(host_command_argv(HOST_JOURNAL, "r", LOG, bad[i], true, &argv, NULL),
                         -EINVAL);
        assert_int_equal(host_command_argv(HOST_LOG_TAIL, "r", LOG, bad[i], true, &argv, NULL),
                         -EINVAL);
    }
}

static void test_log_files_that_are_not_plain_are_refused(void **state)
{
    (void)state;
    const char *const bad[] = {NULL,   "",     "redis.log", "/var/../etc/shadow",
                               "/a b", "/a;b", "/*",        "/a\nb"};
    struct host_argv argv;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(host_command_argv(HOST_LOG_TAIL, "r", bad[i], 50, true, &argv, NULL),
                         -EINVAL);
}

static void test_the_log_of_valkey_is_read_as_valkey(void **state)
{
    (void)state;
    struct host_argv argv;
    struct buf out = BUF_LIMIT(8192);
    char line[256];
    assert_int_equal(host_command_argv(HOST_LOG_TAIL, "valkey-server", "/var/log/valkey/v.log", 50,
                                       true, &argv, NULL),
                     0);
    assert_int_equal(host_command_line(&argv, line, sizeof line, NULL), 0);
    assert_string_equal(line, "sudo -n -u valkey /usr/bin/tail -n 50 /var/log/valkey/v.log");
    assert_int_equal(
        host_sudoers("autobot", "valkey-server", "/var/log/valkey/v.log", true, false, &out), 0);
    assert_non_null(strstr(buf_text(&out), "autobot ALL=(valkey) NOPASSWD: /usr/bin/tail -n 50 "
                                           "/var/log/valkey/v.log\n"));
    assert_null(strstr(buf_text(&out), "(redis)"));
    buf_free(&out);
}

static void test_only_a_number_that_can_be_a_process_becomes_a_path(void **state)
{
    (void)state;
    static const int bad[] = {0, 1, -1, INT_MIN, HOST_PID_MAX + 1, INT_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct host_argv argv;
        assert_int_equal(
            host_command_argv(HOST_PROCESS, "redis-server", LOG, bad[i], true, &argv, NULL),
            -EINVAL);
    }
}

static void test_a_word_with_a_shells_character_never_becomes_a_line(void **state)
{
    (void)state;
    const char *const bad[] = {"a b", "a;b", "", "a'b", "$a", "a\n", "~", "a(b", "a|b"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct host_argv argv = {.words = {"systemctl", bad[i], NULL}};
        char line[64];
        assert_int_equal(host_command_line(&argv, line, sizeof line, NULL), -EINVAL);
    }
    struct host_argv argv = {.words = {"systemctl", "start", NULL}};
    char line[8];
    assert_int_equal(host_command_line(&argv, line, sizeof line, NULL), -EINVAL);
}

static void test_sudoers_has_exact_lines_and_no_wildcard(void **state)
{
    (void)state;
    struct buf b = BUF_LIMIT(65536);
    assert_int_equal(host_sudoers("autobot", "redis-server", LOG, false, false, &b), 0);
    const char *const lines[] = {
        "\nautobot ALL=(root) NOPASSWD: /bin/systemctl start redis-server\n",
        "\nautobot ALL=(root) NOPASSWD: /bin/systemctl stop redis-server\n",
        "\nautobot ALL=(root) NOPASSWD: /bin/systemctl restart redis-server\n",
        "\nautobot ALL=(root) NOPASSWD: /bin/systemctl reload redis-server\n",
        "\nautobot ALL=(root) NOPASSWD: /bin/journalctl -u redis-server -n 50 --no-pager -o json\n",
        "\nautobot ALL=(root) NOPASSWD: /bin/journalctl -u redis-server -n 1000 --no-pager -o "
        "json\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        assert_non_null(strstr(buf_text(&b), lines[i]));
    assert_null(strpbrk(buf_text(&b), "*?[!\\"));
    assert_null(strstr(buf_text(&b), "reset-failed"));
    assert_null(strstr(buf_text(&b), "tail"));
    buf_clear(&b);
    assert_int_equal(host_sudoers("autobot", "redis-server", LOG, true, false, &b), 0);
    assert_non_null(strstr(buf_text(&b), "/bin/systemctl reset-failed redis-server\n"));
    assert_non_null(
        strstr(buf_text(&b), "autobot ALL=(redis) NOPASSWD: /usr/bin/tail -n 50 " LOG "\n"));
    assert_null(strstr(buf_text(&b), "/proc")); /* needs no right */
    assert_null(strstr(buf_text(&b), "restore-helper"));
    buf_clear(&b);
    assert_int_equal(host_sudoers("autobot", "valkey-server", LOG, false, true, &b), 0);
    assert_non_null(strstr(buf_text(&b), "\nautobot ALL=(valkey) NOPASSWD: "
                                         "/usr/lib/resus/resus-restore-helper undo "
                                         "valkey-server\n"));
    assert_null(strpbrk(buf_text(&b), "*?[!\\"));
    buf_free(&b);
    const char *const bad[] = {"",    "ALL", "Root", "a b", "%wheel",
                               "a,b", "#0",  "a\nb", "a=b", NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(host_sudoers(bad[i], "redis-server", LOG, true, false, &b), -EINVAL);
    struct buf small = BUF_LIMIT(300);
    assert_int_equal(host_sudoers("autobot", "redis-server", LOG, true, false, &small), -ENOBUFS);
    buf_free(&small);
}

static void test_visudo_takes_the_file(void **state)
{
    (void)state;
    if (access("/usr/sbin/visudo", X_OK) != 0)
        skip();
    char path[] = "/tmp/resus-sudoers-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct buf b = BUF_LIMIT(65536);
    assert_int_equal(host_sudoers("autobot", "redis-server@6380.service", LOG, true, true, &b), 0);
    assert_int_equal(write(fd, b.data, b.length), b.length);
    close(fd);
    buf_free(&b);
    const char *const argv[] = {"/usr/sbin/visudo", "-cqf", path, NULL};
    test_run(argv); /* its status must be 0 */
    (void)unlink(path);
}

static void test_a_job_that_a_stop_took_the_place_of_is_known(void **state)
{
    (void)state;
    static const char text[] = "Job for redis-server.service canceled.\n";
    static const char failed[] =
        "Job for redis-server.service failed because the control process exited with error code.\n";
    assert_true(host_job_cancelled(text, sizeof text - 1));
    assert_false(host_job_cancelled(failed, sizeof failed - 1));
    assert_false(host_job_cancelled(NULL, 0));
}

static void test_the_reload_refusal_is_known(void **state)
{
    (void)state;
    static const char text[] = "Failed to reload redis-server.service: Job type reload is not "
                               "applicable for unit redis-server.service.\n";
    assert_true(host_reload_unsupported(text, sizeof text - 1));
    assert_false(host_reload_unsupported(text, 40));
    assert_false(host_reload_unsupported(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_command_is_exactly_the_whitelists),
        cmocka_unit_test(test_names_that_are_not_plain_never_make_a_command),
        cmocka_unit_test(test_lines_outside_1_to_1000_are_refused),
        cmocka_unit_test(test_log_files_that_are_not_plain_are_refused),
        cmocka_unit_test(test_the_log_of_valkey_is_read_as_valkey),
        cmocka_unit_test(test_a_word_with_a_shells_character_never_becomes_a_line),
        cmocka_unit_test(test_only_a_number_that_can_be_a_process_becomes_a_path),
        cmocka_unit_test(test_sudoers_has_exact_lines_and_no_wildcard),
        cmocka_unit_test(test_visudo_takes_the_file),
        cmocka_unit_test(test_a_job_that_a_stop_took_the_place_of_is_known),
        cmocka_unit_test(test_the_reload_refusal_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
