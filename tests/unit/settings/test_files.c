/* Whole files: the examples, AutoBot's, hostile ones, and what a reload compares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autobot.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "settings/settings.h"

static struct settings *parse(const char *yaml)
{
    struct settings *s = NULL;
    struct error err = {0};
    if (settings_parse("t.yaml", yaml, strlen(yaml), &s, &err) < 0)
        fail_msg("%s\nin\n%s", err.text, yaml);
    return s;
}

static struct buf example(const char *name)
{
    char path[1024];
    struct error err = {0};
    struct buf text = BUF_LIMIT(1 << 20);
    (void)snprintf(path, sizeof path, "%s/examples/%s", getenv("RESUS_SOURCE"), name);
    if (file_read(path, &text, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void every_example_loads_without_a_warning(void **state)
{
    (void)state;
    static const char *const names[] = {"minimal.yaml", "autobot.yaml", "fleet.yaml"};
    static const size_t services[] = {1, 1, 5};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char path[1024];
        struct error err = {0};
        struct settings *s = NULL;
        (void)snprintf(path, sizeof path, "%s/examples/%s", getenv("RESUS_SOURCE"), names[i]);
        if (settings_read(path, &s, &err) < 0)
            fail_msg("%s", err.text);
        if (s->warning_count > 0)
            fail_msg("%s", s->warnings[0]);
        assert_int_equal(s->service_count, services[i]);
        assert_string_equal(s->path, path);
        settings_free(s);
    }
}

static void the_documents_installation_is_one_redis_over_ssh(void **state)
{
    (void)state;
    struct buf text = example("autobot.yaml");
    struct settings *s = parse(buf_text(&text));
    const struct service_settings *redis = settings_service(s, "redis");
    assert_int_equal(redis->control, CONTROL_SSH);
    assert_string_equal(redis->ssh.host, "172.16.168.23");
    assert_string_equal(redis->ssh.user, "autobot");
    assert_int_equal(redis->ssh.port, 22);
    assert_string_equal(redis->vm_name, "Redis VM");
    assert_int_equal(redis->affected_count, 3);
    assert_string_equal(redis->affected[1].name, "knowledge_base");
    assert_false(redis->watch.thresholds.memory_set);
    assert_int_equal(s->security.expected_addresses.count, 2);
    /* The runbook's contacts, and its times of escalation in minutes. */
    static const char *const to[] = {"ops@autobot.local", "admin@autobot.local",
                                     "engineering@autobot.local", "cto@autobot.local"};
    static const int minutes[] = {0, 30, 120, 240};
    assert_int_equal(s->escalation.level_count, ARRAY_LENGTH(to));
    for (size_t i = 0; i < ARRAY_LENGTH(to); i++) {
        const struct level_settings *level = &s->escalation.levels[i];
        assert_string_equal(s->alerts.channels[level->channels.channels[0]].to.addresses[0], to[i]);
        assert_int_equal(level->after_ms, minutes[i] * 60000);
    }
    assert_int_equal(s->maintenance.window_count, 2);
    settings_free(s);
    buf_free(&text);
}

static void a_fleet_has_every_kind_of_control(void **state)
{
    (void)state;
    struct buf text = example("fleet.yaml");
    struct settings *s = parse(buf_text(&text));
    const struct service_settings *queue = settings_service(s, "queue");
    const struct service_settings *cache = settings_service(s, "cache");
    assert_true(queue->redis.tls.enabled && !cache->redis.tls.enabled);
    assert_true(queue->commands_extended && !cache->commands_extended);
    assert_string_equal(queue->ssh.user, "resus");
    assert_int_equal(queue->ssh.port, 2222);
    assert_int_equal(queue->recovery.external_stop, EXTERNAL_STOP_RESPECT);
    assert_int_equal(cache->redis.via, VIA_SSH);
    assert_true(cache->watch.thresholds.memory_set);
    assert_int_equal(cache->watch.interval_ms, 15000);
    assert_string_equal(settings_service(s, "sessions")->affected[0].url,
                        "https://shop.example.net/healthz");
    assert_int_equal(settings_service(s, "scratch")->control, CONTROL_PROCESS);
    assert_true(settings_service(s, "local")->stop_operator);
    settings_free(s);
    buf_free(&text);
}

static void autobots_longer_example_is_taken_and_what_is_idle_is_named(void **state)
{
    (void)state;
    struct settings *s = parse(autobot_yaml);
    const struct service_settings *redis = settings_service(s, "redis");
    assert_string_equal(redis->unit, "redis-server.service");
    assert_string_equal(redis->redis.host, "172.16.168.23");
    assert_int_equal(redis->redis.port, 6380);
    assert_int_equal(redis->watch.interval_ms, 31000);
    assert_true(redis->watch.thresholds.memory_set);
    assert_true(redis->watch.thresholds.memory_mb.critical == 2000.0);
    assert_int_equal(redis->recovery.retry_delay_ms, 11000);
    assert_int_equal(redis->recovery.breaker_recoveries, 3);
    assert_false(redis->restart_operator);
    assert_string_equal(s->audit.file, "logs/audit/redis_service_management.log");
    assert_int_equal(s->audit.max_size, 7 * 1024 * 1024);
    assert_int_equal(s->audit.backup_count, 3);
    assert_int_equal(s->warning_count, AUTOBOT_WARNINGS);
    static const char *const wanted[] = {
        "t.yaml:44:38: `email` has no effect: a channel is a mapping with a `type`, such as {type: "
        "smtp, ...}",
        "t.yaml:3:13: Redis is watched at 172.16.168.23, but `control: systemd` acts on this "
        "machine's own unit; for another machine give `control: ssh` and `ssh`"};
    for (size_t w = 0; w < ARRAY_LENGTH(wanted); w++) {
        size_t i = 0;
        while (i < s->warning_count && !str_equal(s->warnings[i], wanted[w]))
            i++;
        if (i == s->warning_count)
            fail_msg("missing: %s", wanted[w]);
    }
    settings_free(s);
}

static void the_runbooks_logging_file_is_an_audit_section(void **state)
{
    (void)state;
    struct settings *s = parse("redis_service_audit:\n"
                               "  file: logs/audit/redis_service_management.log\n"
                               "  max_size: 50MB\n"
                               "  backup_count: 4\n"
                               "  rotate_on: size\n"
                               "  compression: none\n");
    assert_int_equal(s->warning_count, 0);
    assert_int_equal(s->audit.max_size, 50 * 1024 * 1024);
    assert_int_equal(s->audit.backup_count, 4);
    assert_false(s->audit.gzip);
    settings_free(s);
}

static void sections_of_later_versions_and_idle_sections_are_warned_of(void **state)
{
    (void)state;
    struct settings *s = parse("cache: {}\n"
                               "users: {}\nservices: {a: {ssh: {port: 1}}}\n");
    assert_int_equal(s->warning_count, 3);
    assert_string_equal(s->warnings[0], "t.yaml:3:16: `ssh` has no effect: neither `control: ssh` "
                                        "nor `via: ssh` is given");
    settings_free(s);
}

static void more_warnings_than_fit_are_counted_off_not_overrun(void **state)
{
    (void)state;
    struct buf yaml = BUF_LIMIT(1 << 20);
    assert_int_equal(buf_printf(&yaml, "services:\n"), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_printf(&yaml, "  s%d: {host: h}\n", i), 0);
    struct settings *s = parse(buf_text(&yaml));
    assert_int_equal(s->warning_count, SETTINGS_WARNINGS_MAX);
    assert_string_equal(s->warnings[SETTINGS_WARNINGS_MAX - 1],
                        "t.yaml: more warnings than can be shown");
    settings_free(s);
    buf_free(&yaml);
}

static void a_file_cut_anywhere_neither_crashes_nor_leaks(void **state)
{
    (void)state;
    struct buf fleet = example("fleet.yaml");
    const char *const texts[] = {buf_text(&fleet), autobot_yaml};
    for (size_t t = 0; t < ARRAY_LENGTH(texts); t++)
        for (size_t length = 0; length <= strlen(texts[t]); length++) {
            char *exact = malloc(length == 0 ? 1 : length); /* so that ASan sees a step too far */
            memcpy(exact, texts[t], length);
            struct settings *s = NULL;
            struct error err = {0};
            int r = settings_parse("t.yaml", exact, length, &s, &err);
            assert_true(r == 0 ? s != NULL : s == NULL && str_starts(err.text, "t.yaml:"));
            settings_free(s);
            free(exact);
        }
    buf_free(&fleet);
}

static void lack_of_memory_anywhere_is_an_error(void **state)
{
    (void)state;
    struct buf fleet = example("fleet.yaml");
    unsigned long n = 1;
    for (bool failed = true; failed; n++) {
        struct settings *s = NULL;
        struct error err = {0};
        mem_fail_from(n);
        int r = settings_parse("t.yaml", buf_text(&fleet), fleet.length, &s, &err);
        mem_fail_from(0);
        failed = r < 0;
        assert_int_equal(r, failed ? -ENOMEM : 0);
        settings_free(s);
    }
    assert_true(n > 3);
    buf_free(&fleet);
}

static void refused(const char *yaml, size_t length, const char *text)
{
    struct settings *s = NULL;
    struct error err = {0};
    assert_int_equal(settings_parse("t.yaml", yaml, length, &s, &err), -EINVAL);
    if (strstr(err.text, text) == NULL)
        fail_msg("wanted: %s\n   got: %s", text, err.text);
}

static void hostile_files_are_refused_in_bounded_time(void **state)
{
    (void)state;
    struct buf yaml = BUF_LIMIT((size_t)SETTINGS_FILE_MAX + 16);
    /* laughs: as lists they are never walked, as merges they are counted */
    assert_int_equal(buf_printf(&yaml, "x-a: &a0 {unit: a}\n"), 0);
    for (int i = 1; i <= 8; i++) {
        assert_int_equal(buf_printf(&yaml, "x-%d: &a%d {<<: [", i, i), 0);
        for (int j = 0; j < 30; j++)
            assert_int_equal(buf_printf(&yaml, "%s*a%d", j == 0 ? "" : ", ", i - 1), 0);
        assert_int_equal(buf_printf(&yaml, "]}\n"), 0);
    }
    assert_int_equal(buf_printf(&yaml, "services: {a: *a8}\n"), 0);
    refused(buf_text(&yaml), yaml.length, "the aliases of this file unfold to too much");
    buf_clear(&yaml);

    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf_append(&yaml, i % 2 == 0 ? "[" : "{a: ", i % 2 == 0 ? 1 : 4), 0);
    refused(buf_text(&yaml), yaml.length, "nested deeper than 32 levels");
    buf_clear(&yaml);

    assert_int_equal(buf_printf(&yaml, "server: {state_dir: "), 0);
    while (buf_append_cut(&yaml, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32) &&
           yaml.length < SETTINGS_FILE_MAX - 64) {
    }
    assert_int_equal(buf_printf(&yaml, "}"), 0);
    refused(buf_text(&yaml), yaml.length, "`state_dir` is longer than 1023 bytes");
    while (buf_append_cut(&yaml, " ", 1)) {
    }
    refused(buf_text(&yaml), yaml.length, "t.yaml:1:1: larger than 4 MiB");
    buf_clear(&yaml);

    assert_int_equal(buf_printf(&yaml, "x-a: ["), 0);
    for (int i = 0; i < 600000; i++)
        assert_int_equal(buf_append(&yaml, "1,", 2), 0);
    assert_int_equal(buf_printf(&yaml, "]"), 0);
    refused(buf_text(&yaml), yaml.length, "more than 500000 values");
    buf_clear(&yaml);

    assert_int_equal(buf_printf(&yaml, "services:\n"), 0);
    for (int i = 0; i <= SETTINGS_SERVICES_MAX; i++)
        assert_int_equal(buf_printf(&yaml, "  s%d:\n", i), 0);
    refused(buf_text(&yaml), yaml.length, "t.yaml:2:3: `services` has more than 4096 entries");
    buf_free(&yaml);
    refused("\0server: {}", 11, "t.yaml:1:1: not valid YAML: control characters are not allowed");
}

static void the_largest_fleet_loads(void **state)
{
    (void)state;
    struct buf yaml = BUF_LIMIT(1 << 20);
    assert_int_equal(buf_printf(&yaml, "services:\n"), 0);
    for (int i = 0; i < SETTINGS_SERVICES_MAX; i++)
        assert_int_equal(buf_printf(&yaml, "  s%d: {address: 'h%d:6379'}\n", i, i), 0);
    struct settings *s = parse(buf_text(&yaml));
    assert_int_equal(s->service_count, SETTINGS_SERVICES_MAX);
    assert_string_equal(settings_service(s, "s4095")->redis.host, "h4095");
    settings_free(s);
    buf_free(&yaml);
}

static void a_file_that_cannot_be_read_is_named_with_the_systems_reason(void **state)
{
    (void)state;
    struct settings *s = NULL;
    struct error err = {0};
    assert_int_equal(settings_read("/nonexistent/resus.yaml", &s, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/resus.yaml"));
    assert_null(s);
}

static void recovery_is_set_at_run_time_within_the_files_ranges(void **state)
{
    (void)state;
    struct recovery_policy recovery = recovery_policy_default();
    struct watch_policy watch = watch_policy_default();
    struct error err = {0};
    static const char *const good[][2] = {{"enabled", "false"},
                                          {"max_attempts", "5"},
                                          {"retry_delay_seconds", "0.5"},
                                          {"backoff_multiplier", "1.5"},
                                          {"failure_threshold", "2"},
                                          {"external_stop", "respect"},
                                          {"external_stop_grace_seconds", "30"}};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_int_equal(settings_set_recovery(good[i][0], good[i][1], &recovery, &watch, &err), 0);
    assert_false(recovery.enabled);
    assert_int_equal(recovery.max_attempts, 5);
    assert_int_equal(recovery.retry_delay_ms, 500);
    assert_true(recovery.backoff_multiplier == 1.5);
    assert_int_equal(watch.failure_threshold, 2);
    assert_int_equal(recovery.external_stop, EXTERNAL_STOP_RESPECT);
    assert_int_equal(recovery.external_stop_grace_ms, 30000);

    static const char *const bad[][3] = {
        {"max_attempts", "0", "`max_attempts` must be a whole number from 1 to 10, not \"0\""},
        {"max_atempts", "1", "`max_atempts` cannot be set; did you mean max_attempts?"},
        {"interval_seconds", "1",
         "`interval_seconds` cannot be set; these can: enabled, max_attempts, "
         "retry_delay_seconds, backoff_multiplier, failure_threshold, external_stop, "
         "external_stop_grace_seconds"},
        {"enabled", "", "`enabled` must be true or false, not \"\""}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(settings_set_recovery(bad[i][0], bad[i][1], &recovery, &watch, &err),
                         -EINVAL);
        assert_string_equal(err.text, bad[i][2]);
    }
    assert_int_equal(recovery.max_attempts, 5);
}

/* `after` within the one service. */
static void each_change(const char *before, const char *const *changes, size_t count,
                        void check(const struct settings *before, const struct settings *after,
                                   const char *change))
{
    for (size_t i = 0; i < count; i++) {
        char yaml[512];
        (void)snprintf(yaml, sizeof yaml, "services: {a: {%s}}", before);
        struct settings *old = parse(yaml);
        (void)snprintf(yaml, sizeof yaml, "services: {a: {%s%s%s}}", before,
                       before[0] == '\0' ? "" : ", ", changes[i]);
        struct settings *new = parse(yaml);
        check(old, new, changes[i]);
        settings_free(old);
        settings_free(new);
    }
}

static void closes_nothing(const struct settings *old, const struct settings *new,
                           const char *change)
{
    char key[128];
    if (!settings_same_redis(&old->services[0], &new->services[0]) ||
        !settings_same_control(&old->services[0], &new->services[0]) ||
        settings_moved(old, new, key, sizeof key))
        fail_msg("%s would close something", change);
}

static void closes_redis_alone(const struct settings *old, const struct settings *new,
                               const char *change)
{
    if (settings_same_redis(&old->services[0], &new->services[0]) ||
        !settings_same_control(&old->services[0], &new->services[0]))
        fail_msg("%s does not close the connection to Redis alone", change);
}

static void closes_control_alone(const struct settings *old, const struct settings *new,
                                 const char *change)
{
    if (!settings_same_redis(&old->services[0], &new->services[0]) ||
        settings_same_control(&old->services[0], &new->services[0]))
        fail_msg("%s does not close the controller alone", change);
}

static void a_reload_closes_only_what_a_changed_key_is_about(void **state)
{
    (void)state;
    static const char *const nothing[] = {
        "name: B",
        "vm_name: v",
        "affected_services: [x]",
        "health_check: {thresholds: {memory_mb_warning: 3072}}",
        "health_check: {interval_seconds: 31}",
        "auto_recovery: {external_stop: respect}",
        "auto_recovery: {backoff_multiplier: 2.5}",
        "permissions: {stop: [admin, operator]}",
        "process: {program: /x}",
    };
    static const char *const redis[] = {
        "redis: {username: u}",
        "redis: {password_file: /p}",
        "redis: {tls: }",
        "redis: {tls: {server_name: n}}",
    };
    static const char *const control[] = {
        "commands: extended",
        "log_file: /var/log/r.log",
    };
    each_change("", nothing, ARRAY_LENGTH(nothing), closes_nothing);
    each_change("", redis, ARRAY_LENGTH(redis), closes_redis_alone);
    each_change("", control, ARRAY_LENGTH(control), closes_control_alone);
}

static void a_reload_does_not_move_a_service(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *key;
    } moves[] = {
        {"", "unit: other", "services.a.unit"},
        {"", "address: 'h:1'", "services.a.address"},
        {"", "address: 'unix:/r'", "services.a.address"},
        {"", "port: 6380", "services.a.address"},
        {"", "control: process", "services.a.control"},
        {"control: ssh, ssh: {host: h, user: u, key: /k}",
         "control: ssh, ssh: {host: g, user: u, key: /k}", "services.a.ssh.host"},
        {"control: ssh, ssh: {host: h, user: u, key: /k}",
         "control: ssh, ssh: {host: h, user: u, key: /k, port: 23}", "services.a.ssh.port"},
        {"control: ssh, ssh: {host: h, user: u, key: /k}",
         "control: ssh, ssh: {host: h, user: v, key: /k}", "services.a.ssh.user"},
        {"control: ssh, ssh: {host: h, user: u, key: /k}", "", "services.a.control"},
        {"control: process", "control: process, process: {directory: /d}",
         "services.a.process.directory"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(moves); i++) {
        char yaml[512];
        char key[128] = "";
        (void)snprintf(yaml, sizeof yaml, "services: {a: {%s}}", moves[i].before);
        struct settings *old = parse(yaml);
        (void)snprintf(yaml, sizeof yaml, "services: {a: {%s}}", moves[i].after);
        struct settings *new = parse(yaml);
        assert_true(settings_moved(old, new, key, sizeof key));
        assert_string_equal(key, moves[i].key);
        assert_false(settings_moved(old, old, key, sizeof key));
        settings_free(old);
        settings_free(new);
    }
}

static void a_file_that_says_nothing_or_names_no_service_is_known_as_such(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        bool empty, named;
    } files[] = {
        {"", true, false},
        {"\n  \n# a comment\n", true, false},
        {"---\n", true, false},
        {"~", true, false},
        {"{}", true, false},
        {"audit: {max_size: 5MB}", false, false},
        {"services: {redis: }", false, true},
        {"service: {port: 6380}", false, true},
        {"redis_service_management: {services: {redis: }}", false, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        struct settings *s = parse(files[i].yaml);
        assert_int_equal(s->empty, files[i].empty);
        assert_int_equal(s->services_named, files[i].named);
        settings_free(s);
    }
}

static void a_reload_names_what_needs_a_restart(void **state)
{
    (void)state;
    char names[256];
    struct settings *a = parse("");
    struct settings *b =
        parse("server: {state_dir: /x, listen: '[::]:1', tls_key: /k, "
              "tls_certificate: /c}\nrate_limits: {stop: 1}\naudit: {max_size: 5MB}");
    assert_int_equal(settings_restart_needed(a, a, names, sizeof names), 0);
    assert_string_equal(names, "");
    assert_int_equal(settings_restart_needed(a, b, names, sizeof names), 3);
    assert_string_equal(names, "server.listen, server.state_dir, audit.max_size");
    settings_free(a);
    settings_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_loads_without_a_warning),
        cmocka_unit_test(the_documents_installation_is_one_redis_over_ssh),
        cmocka_unit_test(a_fleet_has_every_kind_of_control),
        cmocka_unit_test(autobots_longer_example_is_taken_and_what_is_idle_is_named),
        cmocka_unit_test(the_runbooks_logging_file_is_an_audit_section),
        cmocka_unit_test(sections_of_later_versions_and_idle_sections_are_warned_of),
        cmocka_unit_test(more_warnings_than_fit_are_counted_off_not_overrun),
        cmocka_unit_test(a_file_cut_anywhere_neither_crashes_nor_leaks),
        cmocka_unit_test(lack_of_memory_anywhere_is_an_error),
        cmocka_unit_test(hostile_files_are_refused_in_bounded_time),
        cmocka_unit_test(the_largest_fleet_loads),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named_with_the_systems_reason),
        cmocka_unit_test(recovery_is_set_at_run_time_within_the_files_ranges),
        cmocka_unit_test(a_reload_closes_only_what_a_changed_key_is_about),
        cmocka_unit_test(a_reload_does_not_move_a_service),
        cmocka_unit_test(a_file_that_says_nothing_or_names_no_service_is_known_as_such),
        cmocka_unit_test(a_reload_names_what_needs_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
