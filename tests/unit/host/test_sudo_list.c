/* What sudo lists, and what that means for Resus. The texts are sudo 1.9.13's of Debian 12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "host/sudo_list.h"
#include "host/unit_file.h"

#define LOG "/var/log/redis/redis-server.log"

static const char head[] =
    "Matching Defaults entries for autobot on redis-vm:\n"
    "    env_reset, mail_badpass,\n"
    "    secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin\\:/usr/bin\\:/sbin\\:/bin,\n"
    "    use_pty\n"
    "\n"
    "User autobot may run the following commands on redis-vm:\n";

static struct sudo_list list; /* 180 KB */

static void parse(const char *rules)
{
    char text[8192];
    assert_true(str_format(text, sizeof text, "%s%s", head, rules));
    sudo_list_parse(text, strlen(text), &list);
}

static size_t rights(struct host_right ret[HOST_RIGHTS_MAX])
{
    size_t count = host_rights("redis-server", LOG, ret);
    assert_int_not_equal(count, 0);
    return count;
}

static enum sudo_answer allows(const char *line, const char *run_as)
{
    struct host_right right = {.run_as = run_as};
    assert_true(str_copy(right.line, sizeof right.line, line));
    return sudo_list_allows(&list, &right);
}

static void the_runbooks_lines_are_read(void **state)
{
    (void)state;
    parse("    (ALL) NOPASSWD: /bin/systemctl start redis-server\n"
          "    (ALL) NOPASSWD: /bin/systemctl stop redis-server\n"
          "    (ALL) NOPASSWD: /bin/journalctl -u redis-server *\n");
    assert_int_equal(list.count, 3);
    assert_false(list.cut);
    assert_string_equal(list.rules[0].run_as, "ALL");
    assert_false(list.rules[0].password);
    assert_string_equal(list.rules[0].command, "/bin/systemctl start redis-server");
    assert_string_equal(list.rules[2].command, "/bin/journalctl -u redis-server *");
}

static void lines_broken_at_eighty_columns_are_joined(void **state)
{
    (void)state;
    parse("    (root) NOPASSWD: /bin/systemctl start redis-server, /bin/systemctl stop\n"
          "        redis-server, /bin/journalctl -u redis-server -n 50 --no-pager -o\n"
          "        json\r\n"
          "    (redis) NOPASSWD: /usr/bin/tail -n 50 " LOG "\n");
    assert_int_equal(list.count, 4);
    assert_string_equal(list.rules[1].command, "/bin/systemctl stop redis-server");
    assert_string_equal(list.rules[2].command,
                        "/bin/journalctl -u redis-server -n 50 --no-pager -o json");
    assert_string_equal(list.rules[3].run_as, "redis");
}

static void tags_hold_until_they_are_changed(void **state)
{
    (void)state;
    parse(
        "    (root) SETENV: NOPASSWD: /bin/a, PASSWD: /bin/b, !/bin/c, CWD=/tmp NOPASSWD: /bin/d, "
        "sha256:0123abc /bin/e\n"
        "    (ALL : ALL) ALL\n");
    assert_int_equal(list.count, 6);
    static const bool password[] = {false, true, true, false, false, true};
    static const char *const commands[] = {"/bin/a", "/bin/b", "/bin/c", "/bin/d", "/bin/e", "ALL"};
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.rules[i].password, password[i]);
        assert_string_equal(list.rules[i].command, commands[i]);
    }
    assert_true(list.rules[2].denied);
}

static void escaped_separators_belong_to_the_command(void **state)
{
    (void)state;
    parse("    (root) NOPASSWD: /bin/sh -c a\\,b\\:c\\=d \\\\*, /bin/true\n");
    assert_int_equal(list.count, 2);
    assert_string_equal(list.rules[0].command, "/bin/sh -c a,b:c=d \\*");
}

static void headings_in_any_language_are_passed_over(void **state)
{
    (void)state;
    static const char german[] = "Passende Defaults-Einträge für autobot auf redis-vm:\n"
                                 "    env_reset\n\n"
                                 "Der Benutzer autobot darf die folgenden Befehle auf redis-vm "
                                 "ausführen:\n"
                                 "    (root) NOPASSWD: /bin/systemctl start redis-server\n";
    sudo_list_parse(german, strlen(german), &list);
    assert_int_equal(list.count, 1);
}

static void what_is_no_list_has_no_rules(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "Sorry, user autobot may not run sudo on redis-vm.\n",
        "sudo: a password is required\n",
        "(root) NOPASSWD: /bin/true\n",
        "    (",
        "    (root\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        sudo_list_parse(texts[i], strlen(texts[i]), &list);
        assert_int_equal(list.count, 0);
    }
    assert_true(list.cut); /* the last one: half a rule */
}

static void without_authentication_no_password_is_asked(void **state)
{
    (void)state;
    static const char text[] = "Matching Defaults entries for a on b:\n    !authenticate\n\n"
                               "User a may run the following commands on b:\n    (ALL) ALL\n";
    sudo_list_parse(text, strlen(text), &list);
    assert_int_equal(list.count, 1);
    assert_false(list.rules[0].password);
}

static void more_rules_than_fit_are_told(void **state)
{
    (void)state;
    struct buf text = BUF_LIMIT(100000);
    for (int i = 0; i <= SUDO_RULES_MAX; i++)
        assert_int_equal(buf_printf(&text, "    (root) NOPASSWD: /bin/prog%d\n", i), 0);
    sudo_list_parse(text.data, text.length, &list);
    assert_int_equal(list.count, SUDO_RULES_MAX);
    assert_true(list.cut);
    buf_clear(&text);
    assert_int_equal(buf_printf(&text, "    (root) NOPASSWD: /bin/%.2000d\n", 1), 0);
    sudo_list_parse(text.data, text.length, &list);
    assert_true(list.cut);
    buf_free(&text);
}

static void cut_at_every_byte_it_is_read_without_harm(void **state)
{
    (void)state;
    static const char rules[] = "    (root, redis : adm) NOPASSWD: /bin/a \\*, !/bin/b [a-z],\n"
                                "        PASSWD: /bin/c x\\,y\n";
    char text[2048];
    assert_true(str_format(text, sizeof text, "%s%s", head, rules));
    size_t length = strlen(text);
    for (size_t i = 0; i <= length; i++) {
        char exact[2048]; /* so that the sanitizer sees reading past the end */
        memset(exact, '(', sizeof exact);
        memcpy(exact, text, i);
        sudo_list_parse(exact, i, &list);
        assert_true(list.count <= 3);
    }
}

static void answers_are_those_of_sudo(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *line, *run_as;
        enum sudo_answer answer;
    } rows[] = {
        {"(root) NOPASSWD: /bin/systemctl start redis", "/bin/systemctl start redis", "root",
         SUDO_ALLOWS},
        {"(ALL) NOPASSWD: /usr/bin/systemctl start redis", "/bin/systemctl start redis", "root",
         SUDO_ALLOWS},
        {"(ALL : ALL) NOPASSWD: ALL", "/bin/systemctl start redis", "root", SUDO_ALLOWS},
        {"(ALL : ALL) ALL", "/bin/systemctl start redis", "root", SUDO_ASKS_PASSWORD},
        {"(root) NOPASSWD: /bin/systemctl start redis", "/bin/systemctl start redis2", "root",
         SUDO_REFUSES},
        {"(root) NOPASSWD: /bin/systemctl start redis2", "/bin/systemctl start redis", "root",
         SUDO_REFUSES},
        {"(redis) NOPASSWD: /bin/systemctl start redis", "/bin/systemctl start redis", "root",
         SUDO_REFUSES},
        {"(redis, root) NOPASSWD: /bin/a", "/bin/a", "root", SUDO_ALLOWS},
        {"(ALL, !root) NOPASSWD: /bin/a", "/bin/a", "root", SUDO_REFUSES},
        {"(redis : root) NOPASSWD: /bin/a", "/bin/a", "root", SUDO_REFUSES},
        {"(root) NOPASSWD: /bin/journalctl -u r *", "/bin/journalctl -u r -n 50 -o json", "root",
         SUDO_ALLOWS},
        {"(root) NOPASSWD: /bin/journalctl -u r -n [0-9]* -o json",
         "/bin/journalctl -u r -n 50 -o json", "root", SUDO_ALLOWS},
        {"(root) NOPASSWD: /bin/journalctl -u r -n [!0-9]* -o json",
         "/bin/journalctl -u r -n 50 -o json", "root", SUDO_REFUSES},
        {"(root) NOPASSWD: /bin/systemctl", "/bin/systemctl start redis", "root", SUDO_ALLOWS},
        {"(root) NOPASSWD: /bin/systemctl \\\"\\\"", "/bin/systemctl start redis", "root",
         SUDO_REFUSES},
        {"(root) NOPASSWD: ALL, !/bin/a", "/bin/a", "root", SUDO_REFUSES},
        {"(root) NOPASSWD: !/bin/a, ALL", "/bin/a", "root", SUDO_ALLOWS},
        {"(root) NOPASSWD: /bin/a ****************b", "/bin/a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "root", SUDO_REFUSES},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char rules[512];
        assert_true(str_format(rules, sizeof rules, "    %s\n", rows[i].rules));
        parse(rules);
        if (allows(rows[i].line, rows[i].run_as) != rows[i].answer)
            fail_msg("%s against %s", rows[i].line, rows[i].rules);
    }
}

static void what_goes_beyond_the_whitelist_is_seen(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        enum sudo_verdict verdict;
    } rows[] = {
        {"(ALL) NOPASSWD: /bin/systemctl start redis-server", SUDO_WITHIN},
        {"(root) NOPASSWD: /usr/bin/systemctl restart redis-server", SUDO_WITHIN},
        {"(ALL) NOPASSWD: /bin/systemctl status redis-server", SUDO_WITHIN},
        {"(root) NOPASSWD: /bin/systemctl reset-failed redis-server", SUDO_WITHIN},
        {"(redis) NOPASSWD: /usr/bin/tail -n 200 " LOG, SUDO_WITHIN},
        {"(ALL) NOPASSWD: /usr/bin/tail -n 200 " LOG, SUDO_OTHER_USER},
        {"(root) NOPASSWD: /usr/bin/tail -n 200 " LOG, SUDO_OTHER_USER},
        {"(redis) NOPASSWD: /usr/bin/tail -n 201 " LOG, SUDO_BEYOND},
        {"(ALL) NOPASSWD: /bin/journalctl -u redis-server *", SUDO_JOURNAL},
        {"(root) NOPASSWD: /usr/bin/journalctl", SUDO_JOURNAL},
        {"(root) NOPASSWD: /bin/journalctl -u redis-server -n 50 --no-pager -o json", SUDO_WITHIN},
        {"(root) NOPASSWD: /bin/systemctl", SUDO_OPEN_ENDED},
        {"(root) NOPASSWD: /bin/systemctl * redis-server", SUDO_OPEN_ENDED},
        {"(root) NOPASSWD: /bin/systemctl ^start .+$", SUDO_OPEN_ENDED},
        {"(root) NOPASSWD: /bin/systemctl start nginx", SUDO_BEYOND},
        {"(root) NOPASSWD: ALL", SUDO_EVERYTHING},
        {"(redis) NOPASSWD: ALL", SUDO_EVERYTHING},
        {"(root) ALL", SUDO_WITHIN},
        {"(root) NOPASSWD: !/bin/sh", SUDO_WITHIN},
    };
    struct host_right whitelist[HOST_RIGHTS_MAX];
    size_t count = rights(whitelist);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char rules[512];
        assert_true(str_format(rules, sizeof rules, "    %s\n", rows[i].rule));
        parse(rules);
        assert_int_equal(list.count, 1);
        if (sudo_rule_judge(&list.rules[0], whitelist, count) != rows[i].verdict)
            fail_msg("%s", rows[i].rule);
    }
}

/* One table makes both: what `resus sudoers` prints is enough and not too much. */
static void our_own_sudoers_lines_are_enough_and_not_too_much(void **state)
{
    (void)state;
    struct buf file = BUF_LIMIT(65536);
    struct buf listed = BUF_LIMIT(65536);
    assert_int_equal(host_sudoers("autobot", "redis-server", LOG, true, true, &file), 0);
    for (char *rest = file.data, *line; (line = strsep(&rest, "\n")) != NULL;)
        if (str_starts(line, "autobot ALL="))
            assert_int_equal(buf_printf(&listed, "    %.*s %s\n", (int)strcspn(line + 12, " "),
                                        line + 12, strchr(line + 12, ' ') + 1),
                             0);
    sudo_list_parse(listed.data, listed.length, &list);
    struct host_right whitelist[HOST_RIGHTS_MAX];
    size_t count = rights(whitelist);
    size_t needed = 0;
    for (size_t i = 0; i < count; i++) {
        if (whitelist[i].need == HOST_NEED_NONE)
            continue;
        needed++;
        if (sudo_list_allows(&list, &whitelist[i]) != SUDO_ALLOWS)
            fail_msg("missing: %s", whitelist[i].line);
    }
    assert_int_equal(list.count, needed);
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(sudo_rule_judge(&list.rules[i], whitelist, count), SUDO_WITHIN);
    buf_free(&file);
    buf_free(&listed);
}

static void asking_sudo_needs_no_rights_of_its_own(void **state)
{
    (void)state;
    struct host_argv argv;
    char line[256];
    assert_int_equal(host_command_argv(HOST_SUDO_LIST, "redis-server", LOG, 50, true, &argv, NULL),
                     0);
    assert_int_equal(host_command_line(&argv, line, sizeof line, NULL), 0);
    assert_string_equal(line, "sudo -n -l");
    assert_false(host_command_acts(HOST_SUDO_LIST));
    struct buf file = BUF_LIMIT(65536);
    assert_int_equal(host_sudoers("autobot", "redis-server", LOG, true, true, &file), 0);
    assert_null(strstr(file.data, ": sudo"));
    buf_free(&file);
}

static void the_unit_file_is_read_from_status_and_show(void **state)
{
    (void)state;
    static const struct {
        const char *status, *word;
    } rows[] = {
        {"x\n     Loaded: loaded (/lib/systemd/system/r.service; enabled; preset: enabled)\n",
         "enabled"},
        {"     Loaded: loaded (/lib/systemd/system/r.service; disabled; vendor preset: enabled)\n",
         "disabled"},
        {"     Loaded: loaded (/run/systemd/system/r.service; enabled-runtime)", "enabled-runtime"},
        {"     Loaded: masked (Reason: Unit r.service is masked.)\n", "masked"},
        {"     Loaded: not-found (Reason: Unit r.service not found.)\n", ""},
        {"     Loaded: loaded (/a;", ""},
        {"     Loaded: loaded (/a; ", ""},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct unit_file unit = {0};
        unit_file_parse_status(rows[i].status, strlen(rows[i].status), &unit);
        assert_string_equal(unit.state, rows[i].word);
    }
    static const char show[] = "LoadState=loaded\nRestart=always\nUnitFileState=static\n";
    for (size_t i = 0; i < sizeof show; i++) {
        struct unit_file unit = {0};
        unit_file_parse_show(show, i, &unit);
        if (i == sizeof show - 1)
            assert_true(str_equal(unit.state, "static") && str_equal(unit.restart, "always"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_runbooks_lines_are_read),
        cmocka_unit_test(lines_broken_at_eighty_columns_are_joined),
        cmocka_unit_test(tags_hold_until_they_are_changed),
        cmocka_unit_test(escaped_separators_belong_to_the_command),
        cmocka_unit_test(headings_in_any_language_are_passed_over),
        cmocka_unit_test(what_is_no_list_has_no_rules),
        cmocka_unit_test(without_authentication_no_password_is_asked),
        cmocka_unit_test(more_rules_than_fit_are_told),
        cmocka_unit_test(cut_at_every_byte_it_is_read_without_harm),
        cmocka_unit_test(answers_are_those_of_sudo),
        cmocka_unit_test(what_goes_beyond_the_whitelist_is_seen),
        cmocka_unit_test(our_own_sudoers_lines_are_enough_and_not_too_much),
        cmocka_unit_test(asking_sudo_needs_no_rights_of_its_own),
        cmocka_unit_test(the_unit_file_is_read_from_status_and_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
