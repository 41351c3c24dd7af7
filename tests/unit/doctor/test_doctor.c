/* What the doctor says about what it saw: each finding with the fix, and silence where all is well.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "doctor/facts.h"

#define LOG "/var/log/redis/redis-server.log"

static struct settings settings;
static struct service_settings service;
static struct doctor_facts facts; /* 180 KB */

static void set_rules(const char *rules)
{
    sudo_list_parse(rules, strlen(rules), &facts.sudo);
}

/* A host over SSH on which everything is as it should be, with the extended commands. */
static int all_is_well(void **state)
{
    (void)state;
    static const struct doctor_look good = {.asked = true, .end = HOST_EXITED, .lines = 9};
    service = (struct service_settings){.id = "redis",
                                        .unit = "redis-server",
                                        .control = CONTROL_SSH,
                                        .commands_extended = true,
                                        .log_file = LOG,
                                        .ssh = {.host = "10.0.0.5", .port = 22, .user = "autobot"},
                                        .redis = {.host = "10.0.0.5", .port = 6379}};
    settings = (struct settings){.path = "/etc/resus/resus.yaml",
                                 .services = &service,
                                 .service_count = 1,
                                 .audit = {.file = "/var/log/resus/audit.log"}};
    memset(&facts, 0, sizeof facts);
    facts.service = &service;
    facts.settings = &settings;
    facts.on_host = true;
    facts.status = facts.active = facts.sudo_list = facts.journal = facts.log_file = good;
    facts.command_ms = 12;
    facts_unit_reset(&facts.unit);
    facts.unit.active = UNIT_ACTIVE;
    facts.unit.can_reload = TRI_NO;
    facts.unit.main_pid = 812;
    facts.process = good;
    facts.main_process = (struct process_facts){.pid = 812, .state = TASK_SLEEPING};
    facts.witness_asked = true;
    facts.witness =
        (struct witness_facts){.possible = true, .reply = REPLY_PONG, .address = "127.0.0.1:6379"};
    facts.unit.timeout_start_us = 90000000;
    facts.unit.timeout_stop_us = 600000000;
    facts.unit_file = (struct unit_file){.state = "enabled", .restart = "always"};
    facts.ping = (struct probe_facts){.reply = REPLY_PONG, .latency_us = 300};
    facts.stranger = REPLY_NOAUTH;
    facts_info_reset(&facts.info);
    facts.info.known = true;
    facts.info.role = ROLE_PRIMARY;
    facts.info.save_points = TRI_YES;
    facts.info.aof_enabled = TRI_NO;
    facts.info.used_memory = 1024 * 1024;
    facts.info.maxmemory = 1024 * 1024 * 1024;
    facts.info.maxclients = 10000;
    facts.info.connected_clients = 20;
    (void)str_copy(facts.redis_user, sizeof facts.redis_user, "default");
    (void)str_copy(facts.log_path, sizeof facts.log_path, LOG);
    (void)str_copy(facts.bind, sizeof facts.bind, "127.0.0.1 -::1");
    (void)str_copy(facts.protected_mode, sizeof facts.protected_mode, "yes");
    facts.log_path_known = facts.bind_known = facts.clock_known = true;
    for (size_t i = 0; i < DOCTOR_COMMAND_COUNT; i++)
        facts.allowed[i] = TRI_YES;
    facts.self = (struct doctor_self){.settings = &settings,
                                      .admin_group = true,
                                      .monitor_group = true,
                                      .sockets_grouped = true,
                                      .state_bytes_free = INT64_MAX,
                                      .pid = 7};
    facts.recovery_enabled = true;
    set_rules("    (root) NOPASSWD: /bin/systemctl start redis-server, /bin/systemctl stop "
              "redis-server, /bin/systemctl restart redis-server, /bin/systemctl reload "
              "redis-server, /bin/systemctl reset-failed redis-server\n"
              "    (redis) NOPASSWD: /usr/bin/tail -n 50 " LOG ", /usr/bin/tail -n 200 " LOG
              ", /usr/bin/tail -n 1000 " LOG "\n");
    return 0;
}

static bool is_finding(const json_t *item)
{
    const char *status = json_text_or(item, "status", "");
    return str_equal(status, "warning") || str_equal(status, "fail");
}

/* Exactly one finding: of this check and status, with these words and this fix. */
static void expect_one(const char *check, const char *status, const char *message, const char *fix)
{
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    const json_t *found = NULL;
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(items, i, item) {
        if (is_finding(item)) {
            found = item;
            count++;
        }
    }
    if (count != 1) {
        char *text = json_dumps(items, JSON_INDENT(1));
        fail_msg("%zu findings: %s", count, text);
    }
    assert_string_equal(json_text_or(found, "check", ""), check);
    assert_string_equal(json_text_or(found, "status", ""), status);
    if (strstr(json_text_or(found, "message", ""), message) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", message, json_text_or(found, "message", ""));
    if (strstr(json_text_or(found, "fix", ""), fix) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", fix, json_text_or(found, "fix", ""));
}

static void expect_none(void)
{
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        if (is_finding(item))
            fail_msg("%s: %s", json_text_or(item, "check", ""), json_text_or(item, "message", ""));
    }
}

static void expect_said(const char *check, const char *words)
{
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        if (str_equal(json_text_or(item, "check", ""), check) &&
            strstr(json_text_or(item, "message", ""), words) != NULL)
            return;
    }
    fail_msg("%s: nothing says \"%s\"", check, words);
}

static void a_good_host_gives_no_findings(void **state)
{
    (void)state;
    expect_none();
}

static void the_runbooks_wildcard_is_a_warning(void **state)
{
    (void)state;
    service.commands_extended = false;
    facts.log_path[0] = '\0';
    set_rules("    (ALL) NOPASSWD: /bin/systemctl start redis-server\n"
              "    (ALL) NOPASSWD: /bin/systemctl stop redis-server\n"
              "    (ALL) NOPASSWD: /bin/systemctl restart redis-server\n"
              "    (ALL) NOPASSWD: /bin/systemctl reload redis-server\n"
              "    (ALL) NOPASSWD: /bin/systemctl status redis-server\n"
              "    (ALL) NOPASSWD: /bin/journalctl -u redis-server *\n");
    expect_one("sudo", "warning", "read every log of the host and delete journals", "visudo -cf");
}

static void all_is_a_failure(void **state)
{
    (void)state;
    set_rules("    (ALL : ALL) NOPASSWD: ALL\n");
    expect_one("sudo", "fail", "every command without a password", "visudo -f");
}

static void lines_of_another_service_on_the_host_are_not_too_much(void **state)
{
    (void)state;
    static struct service_settings both[2];
    size_t end = facts.sudo.count++;
    facts.sudo.rules[end] =
        (struct sudo_rule){.run_as = "root", .command = "/bin/systemctl stop valkey-server"};
    expect_one("sudo", "warning", "valkey-server", "visudo -f");
    both[0] = both[1] = service;
    (void)str_copy(both[1].unit, sizeof both[1].unit, "valkey-server");
    settings.services = both;
    settings.service_count = 2;
    expect_none();
    (void)str_copy(both[1].ssh.host, sizeof both[1].ssh.host, "10.0.0.6");
    expect_one("sudo", "warning", "valkey-server", "visudo -f");
}

static void a_missing_line_is_a_failure_that_names_it(void **state)
{
    (void)state;
    facts.sudo.rules[2].password = true;
    expect_one("sudo", "fail", "not without a password): /bin/systemctl restart redis-server",
               "resus sudoers redis");
}

static void a_list_that_was_cut_proves_nothing(void **state)
{
    (void)state;
    facts.sudo.cut = true;
    expect_one("sudo", "warning", "cannot prove", "resus sudoers");
}

static void an_unreachable_host_is_one_finding(void **state)
{
    (void)state;
    memset(&facts.sudo_list, 0, sizeof facts.sudo_list);
    facts.status = (struct doctor_look){
        .asked = true, .end = HOST_NOT_REACHED, .error = "ssh autobot@10.0.0.5: refused"};
    expect_one("ssh", "fail", "refused", "ssh -i");
}

static void units_that_can_hang_or_never_load_are_named(void **state)
{
    (void)state;
    facts.unit.timeout_stop_us = INT64_MAX;
    expect_one("unit", "warning", "TimeoutStopSec is infinity", "systemctl edit redis-server");
    facts.unit.timeout_stop_us = 600000000;
    facts.info.used_memory = 70LL * 1024 * 1024 * 1024;
    expect_one("unit", "warning", "TimeoutStartSec is 90 s", "TimeoutStartSec=2864");
    facts.info.save_points = facts.info.aof_enabled = TRI_UNKNOWN;
    expect_none(); /* nothing to load, as far as is known */
}

static void a_unit_that_boot_forgets_is_named(void **state)
{
    (void)state;
    (void)str_copy(facts.unit_file.state, sizeof facts.unit_file.state, "disabled");
    expect_one("unit", "warning", "not started at boot", "systemctl enable redis-server");
    (void)str_copy(facts.unit_file.state, sizeof facts.unit_file.state, "masked");
    expect_one("unit", "fail", "masked", "systemctl unmask redis-server");
}

static void a_log_file_out_of_reach_is_named(void **state)
{
    (void)state;
    service.commands_extended = false;
    expect_one("log file", "warning", "Redis logs to " LOG, "/usr/bin/tail -n 50 " LOG);
    facts.log_path_known = false;
    expect_one("log file", "warning", "no line of Redis itself", "logfile \"\"");
    facts.journal.redis_lines = 3;
    expect_none();
    service.commands_extended = true;
    facts.log_path_known = true;
    (void)str_copy(facts.log_path, sizeof facts.log_path, "/srv/redis.log");
    expect_one("log file", "warning", "/srv/redis.log", "log_file: /srv/redis.log");
}

static void who_may_come_in_is_judged(void **state)
{
    (void)state;
    static const struct {
        const char *bind, *protected_mode, *password_file;
        enum reply_class stranger;
        bool open;
        const char *said;
    } rows[] = {
        {"0.0.0.0", "no", "", REPLY_PONG, true, "no password"},
        {"* -::*", "no", "", REPLY_PONG, true, "no password"},
        {"", "no", "", REPLY_PONG, true, "no password"},
        {"10.0.0.5 -::", "no", "", REPLY_LOADING, true, "no password"},
        {"10.0.0.5", "no", "", REPLY_PONG, false, "without a password, but not open"},
        {"0.0.0.0", "yes", "", REPLY_PONG, false, "without a password, but not open"},
        {"0.0.0.0", "no", "/etc/p", REPLY_NOAUTH, false, "a password is asked for"},
        /* our user has a password; the one that everybody is has none */
        {"0.0.0.0", "no", "/etc/p", REPLY_PONG, true, "no password"},
        {"0.0.0.0", "no", "/etc/p", REPLY_NOPERM, false, "not even PING"},
        {"0.0.0.0", "no", "", REPLY_DENIED, false, "protected mode"},
        {"0.0.0.0", "no", "/etc/p", REPLY_SILENT, false, "cannot find out"},
        {"0.0.0.0", "no", "", REPLY_NONE, false, "cannot find out"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)str_copy(facts.bind, sizeof facts.bind, rows[i].bind);
        (void)str_copy(facts.protected_mode, sizeof facts.protected_mode, rows[i].protected_mode);
        (void)str_copy(service.redis.password_file, sizeof service.redis.password_file,
                       rows[i].password_file);
        facts.stranger = rows[i].stranger;
        if (rows[i].open)
            expect_one("exposure", "warning", "whoever reaches the port", "requirepass");
        else
            expect_none();
        expect_said("exposure", rows[i].said);
    }
}

static void what_would_be_lost_is_judged(void **state)
{
    (void)state;
    facts.info.save_points = TRI_NO;
    expect_one("persistence", "warning", "nothing is kept", "redis-cli -h 10.0.0.5 -p 6379 CONFIG");
    facts.info.connected_replicas = 2;
    expect_one("persistence", "fail", "its replicas copy the emptiness", "CONFIG REWRITE");
    facts.info.aof_enabled = TRI_YES;
    expect_none();
    facts.info.last_save_ok = TRI_NO;
    expect_one("persistence", "fail", "the last save failed", "CONFIG GET dir");
}

static void limits_are_judged(void **state)
{
    (void)state;
    facts.info.maxmemory = 0;
    facts.info.system_memory = 4096LL * 1024 * 1024;
    expect_one("maxmemory", "warning", "is not set", "CONFIG SET maxmemory 3072mb");
    facts.info.maxmemory = 1;
    facts.info.connected_clients = 8000;
    expect_one("maxclients", "warning", "8000 of 10000", "CONFIG SET maxclients 20000");
}

static void a_clock_that_is_off_is_named(void **state)
{
    (void)state;
    facts.clock_ahead_ms = -2000;
    expect_none();
    facts.clock_ahead_ms = -2001;
    expect_one("clock", "warning", "behind", "timedatectl set-ntp true");
}

static void redis_rights_that_are_missing_are_named(void **state)
{
    (void)state;
    (void)str_copy(facts.redis_user, sizeof facts.redis_user, "resus");
    facts.allowed[DOCTOR_SCRIPT_KILL] = TRI_NO;
    facts.allowed[DOCTOR_BGSAVE] = TRI_NO;
    expect_one("redis rights", "warning", "SCRIPT KILL", "ACL SETUSER resus +script|kill +bgsave`");
    facts.allowed[DOCTOR_SCRIPT_KILL] = TRI_UNKNOWN;
    facts.allowed[DOCTOR_BGSAVE] = TRI_UNKNOWN;
    expect_none();
}

static void refused_credentials_say_where_they_belong(void **state)
{
    (void)state;
    facts_info_reset(&facts.info);
    memset(facts.allowed, 0, sizeof facts.allowed);
    facts.ping.reply = REPLY_NOAUTH;
    expect_one("redis", "fail", "NOAUTH", "password_file");
    facts.ping.reply = REPLY_REFUSED;
    expect_one("redis", "fail", "no PONG", "resus health redis");
    /* Stopped on purpose: who, when and why; not where the process of the unit still runs. */
    (void)str_copy(facts.stopped_by, sizeof facts.stopped_by, "ann@example.org");
    (void)str_copy(facts.stopped_at, sizeof facts.stopped_at, "2026-11-29T18:20:05Z");
    (void)str_copy(facts.stop_reason, sizeof facts.stop_reason, "new memory");
    expect_one("redis", "fail", "no PONG", "resus health redis");
    facts.unit.active = UNIT_INACTIVE;
    facts.unit.main_pid = 0;
    expect_one("redis", "warning",
               "stopped through Resus by ann@example.org at 2026-11-29T18:20:05Z: new memory",
               "resus start redis");
}

static void resus_own_troubles_are_named(void **state)
{
    (void)state;
    facts.breaker_open = true;
    expect_one("auto-recovery", "fail", "circuit breaker is open", "resus recovery reset redis");
    facts.breaker_open = false;
    facts.recovery_paused = true;
    expect_one("auto-recovery", "warning", "paused", "resus resume redis");
    facts.recovery_paused = false;
    facts.self.audit.owed = 3;
    (void)error_set(&facts.self.audit.problem, -28, "no space");
    expect_one("audit", "fail", "3 lines wait for the disk: no space", "df -h");
    facts.self.audit = (struct audit_state){0};
    facts.self.monitor_group = false;
    expect_one("groups", "warning", "resus-monitor", "`groupadd --system resus-monitor`");
    facts.self.monitor_group = true;
    facts.self.sockets_grouped = false;
    expect_one("groups", "warning", "not open to resus-admin", "SupplementaryGroups=resus-admin");
    facts.self.sockets_grouped = true;
    settings.warning_count = 1;
    (void)str_copy(settings.warnings[0], sizeof settings.warnings[0], "f:1:2: no effect");
    expect_one("configuration", "warning", "f:1:2: no effect", "resus serve --check");
    settings.warning_count = 0;
    (void)error_set(&facts.self.trust, -EPERM, "/etc/resus/resus.yaml:1:1: run: chmod o-w x");
    expect_one("configuration", "fail", "chmod o-w x", "run the command that is named");
    facts.self.trust = (struct error){0};
    facts.self.reload_refused = "/etc/resus/resus.yaml is empty";
    expect_one("configuration", "fail", "/etc/resus/resus.yaml is empty", "systemctl reload resus");
    facts.self.reload_refused = NULL;
}

/* The last thing that is said about it; "" where nothing is. */
static void expect_confinement(const char *status, const char *message, const char *fix)
{
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    const json_t *found = NULL;
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        if (str_equal(json_text_or(item, "check", ""), "confinement"))
            found = item;
    }
    assert_string_equal(json_text_or(found, "status", ""), status);
    assert_non_null(strstr(json_text_or(found, "message", ""), message));
    assert_non_null(strstr(json_text_or(found, "fix", ""), fix));
}

static void the_drop_in_that_fits_the_settings_is_named(void **state)
{
    (void)state;
    struct service_settings both[2] = {service, service};
    both[0].control = CONTROL_SSH;
    both[1].control = CONTROL_PROCESS;
    settings.services = both;
    settings.service_count = 1;
    expect_confinement("", "", ""); /* started by hand: there is no unit */
    facts.self.by_systemd = true;
    expect_confinement("warning", "more rights than `control: ssh` needs",
                       "/resus/unit/ssh.conf /etc/systemd/system/resus.service.d/confine.conf");
    facts.self.confined_for = "ssh";
    facts.self.no_new_privileges = true;
    expect_confinement("pass", "", "");
    (void)str_copy(both[0].ssh.key, sizeof both[0].ssh.key, "/home/resus/.ssh/id");
    expect_confinement("warning", "/home/resus/.ssh/id is in one", "ProtectHome=read-only");
    both[0].ssh.key[0] = '\0';
    settings.service_count = 2; /* Redis would be killed with Resus */
    expect_confinement("warning", "settings have `control: process`", "process.conf");
    both[0].control = both[1].control = CONTROL_SYSTEMD;
    expect_confinement("fail", "sudo cannot work", "systemd.conf");
    both[1].control = CONTROL_PROCESS;
    expect_confinement("fail", "no drop-in allows", "confine.conf");
    facts.self.confined_for = NULL;
    expect_confinement("pass", "", "");
}

static void what_does_not_apply_is_left_out(void **state)
{
    (void)state;
    service.control = CONTROL_PROCESS;
    facts.on_host = false;
    memset(&facts.status, 0, sizeof facts.status);
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        const char *check = json_text_or(item, "check", "");
        if (is_finding(item) || str_starts(check, "ssh") || str_equal(check, "unit") ||
            str_equal(check, "sudo") || str_equal(check, "journal"))
            fail_msg("%s", check);
    }
}

static void missing_evidence_about_the_process_is_named(void **state)
{
    (void)state;
    facts.main_process.pid = 0;
    (void)str_copy(facts.process.error, sizeof facts.process.error, "No such file or directory");
    expect_one("evidence", "warning", "process 812 cannot be read (No such file", "hidepid");
    service.watch.blind_hang_ms = 45000;
    expect_one("evidence", "warning", "restarts it after 45 s of silence", "hidepid");
    service.commands_extended = false; /* not asked then */
    facts.log_path[0] = '\0';          /* nothing else to say about the default list */
    facts.process.asked = false;
    expect_one("evidence", "warning", "no processor time of redis-server", "commands: extended");
    facts.unit.cpu_ms = 12;
    expect_none();
    facts.unit.cpu_ms = FACT_UNKNOWN;
    facts.unit.main_pid = 0; /* there is none to read */
    expect_none();
}

static void a_host_that_cannot_be_asked_is_named_with_what_it_needs(void **state)
{
    (void)state;
    facts.info.tcp_port = 6380;
    facts.witness = (struct witness_facts){.text = "the host's sshd does not forward"};
    expect_one("witness", "warning", "does not forward: when Redis cannot be reached from here",
               "port-forwarding,permitopen=\"127.0.0.1:6380\",permitopen=\"10.0.0.5:6379\"`");
    facts.witness = (struct witness_facts){.possible = true,
                                           .reply = REPLY_REFUSED,
                                           .address = "127.0.0.1:6380",
                                           .text = "connection refused"};
    expect_one("witness", "warning", "not on its own host at 127.0.0.1:6380 (connection refused)",
               "bind");
    facts.witness.reply = REPLY_NOAUTH;
    expect_none();
    facts.witness_asked = false;
    expect_none();
}

static void a_key_that_is_being_exchanged_is_a_finding_with_the_command(void **state)
{
    (void)state;
    facts.key_note.state = SSHKEYS_OLD_ACCEPTED;
    (void)str_copy(facts.key_note.text, sizeof facts.key_note.text, "autobot@10.0.0.5:22 accepts");
    (void)str_copy(facts.key_note.fix, sizeof facts.key_note.fix, "`ssh -i ...`");
    JSON_CLEANUP json_t *items = doctor_judge(&facts);
    size_t i, found = 0;
    json_t *item;
    json_array_foreach(items, i, item) {
        found += str_equal(json_text_or(item, "check", ""), "ssh key") &&
                 str_equal(json_text_or(item, "status", ""), "warning") &&
                 str_equal(json_text_or(item, "message", ""), "autobot@10.0.0.5:22 accepts") &&
                 str_equal(json_text_or(item, "fix", ""), "`ssh -i ...`");
    }
    assert_int_equal(found, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, all_is_well)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_host_gives_no_findings),
        TEST(the_runbooks_wildcard_is_a_warning),
        TEST(all_is_a_failure),
        TEST(lines_of_another_service_on_the_host_are_not_too_much),
        TEST(a_missing_line_is_a_failure_that_names_it),
        TEST(a_list_that_was_cut_proves_nothing),
        TEST(an_unreachable_host_is_one_finding),
        TEST(units_that_can_hang_or_never_load_are_named),
        TEST(a_unit_that_boot_forgets_is_named),
        TEST(missing_evidence_about_the_process_is_named),
        TEST(a_host_that_cannot_be_asked_is_named_with_what_it_needs),
        TEST(a_log_file_out_of_reach_is_named),
        TEST(who_may_come_in_is_judged),
        TEST(what_would_be_lost_is_judged),
        TEST(limits_are_judged),
        TEST(a_clock_that_is_off_is_named),
        TEST(redis_rights_that_are_missing_are_named),
        TEST(refused_credentials_say_where_they_belong),
        TEST(resus_own_troubles_are_named),
        TEST(the_drop_in_that_fits_the_settings_is_named),
        TEST(what_does_not_apply_is_left_out),
        TEST(a_key_that_is_being_exchanged_is_a_finding_with_the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
