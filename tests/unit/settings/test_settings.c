/* The configuration file: what is taken, what it becomes, and the exact words for what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void expect_error(const char *yaml, const char *text)
{
    struct settings *s = NULL;
    struct error err = {0};
    int r = settings_parse("t.yaml", yaml, strlen(yaml), &s, &err);
    if (r == 0 || !str_equal(err.text, text))
        fail_msg("wanted: %s\n   got: %s\nin\n%s", text, r == 0 ? "no error" : err.text, yaml);
    assert_int_equal(r, -EINVAL);
    assert_null(s);
}

static void roles_that_need_a_second_factor_are_none_unless_told(void **state)
{
    (void)state;
    struct settings *s = parse("server: {}\n");
    assert_false(s->security.require_totp.admin);
    settings_free(s);
    s = parse("security: {require_totp: [admin, viewer]}\n");
    assert_true(s->security.require_totp.admin && s->security.require_totp.viewer);
    assert_false(s->security.require_totp.operator);
    settings_free(s);
    s = parse("server: {trusted_proxies: [10.0.0.0/8, '::1']}\n");
    assert_int_equal(s->server.trusted_proxies.count, 2);
    assert_true(network_holds(&s->server.trusted_proxies.networks[0], "10.1.2.3"));
    settings_free(s);
}

static void hsts_and_open_metrics_are_off_unless_told(void **state)
{
    (void)state;
    struct settings *s = parse("");
    assert_false(s->server.hsts);
    assert_false(s->metrics_anonymous);
    settings_free(s);
    s = parse("server: {hsts: true}\nmetrics: {access: anonymous}\n");
    assert_true(s->server.hsts);
    assert_true(s->metrics_anonymous);
    settings_free(s);
    expect_error("metrics: {access: operator}\n", "t.yaml:1:19: `access` must be viewer or "
                                                  "anonymous, not \"operator\"");
}

static void an_empty_file_is_one_service_with_all_defaults(void **state)
{
    (void)state;
    static const char *const empty[] = {"",           "\n",  "# nothing\n", "---\n",
                                        "---\n...\n", "~\n", "{}"};
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++) {
        struct settings *s = parse(empty[i]);
        assert_int_equal(s->service_count, 1);
        assert_int_equal(s->warning_count, 0);
        const struct service_settings *redis = settings_service(s, "redis");
        assert_ptr_equal(redis, &s->services[0]);
        assert_string_equal(redis->name, "Redis Service");
        assert_string_equal(redis->unit, "redis-server");
        assert_string_equal(redis->redis.host, "127.0.0.1");
        assert_int_equal(redis->redis.port, 6379);
        assert_int_equal(redis->control, CONTROL_SYSTEMD);
        assert_string_equal(redis->log_file, "/var/log/redis/redis-server.log");
        assert_string_equal(redis->process.directory, "/var/lib/resus/services/redis");
        assert_true(redis->start_operator && redis->restart_operator && !redis->stop_operator);
        assert_string_equal(s->server.listen, "0.0.0.0:8443");
        assert_string_equal(s->server.state_dir, "/var/lib/resus");
        assert_string_equal(s->server.control_socket, "/run/resus/control.sock");
        assert_string_equal(s->audit.file, "/var/log/resus/audit.log");
        assert_int_equal(s->audit.max_size, 100 * 1024 * 1024);
        assert_int_equal(s->audit.backup_count, 10);
        assert_true(s->audit.gzip);
        assert_int_equal(s->rate_limits.stop, 5);
        assert_int_equal(s->rate_limits.logs, 20);
        assert_null(settings_service(s, "other"));
        settings_free(s);
    }
}

static void the_runbooks_own_file_loads_as_it_is(void **state)
{
    (void)state;
    static const char body[] = "health_check:\n"
                               "  interval_seconds: 30\n"
                               "  failure_threshold: 4\n"
                               "\n"
                               "auto_recovery:\n"
                               "  enabled: true\n"
                               "  max_attempts: 2\n"
                               "  retry_delay_seconds: 10\n"
                               "\n"
                               "permissions:\n"
                               "  start: [admin]\n"
                               "  stop: [admin, operator]\n"
                               "  restart: [admin, operator]\n";
    char wrapped[1024] = "redis_service_management:\n";
    for (const char *p = body; *p != '\0'; p++)
        (void)str_append(wrapped, sizeof wrapped, "%s%c", p == body || p[-1] == '\n' ? "  " : "",
                         *p);
    const char *const forms[] = {body, wrapped};
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        struct settings *s = parse(forms[i]);
        assert_int_equal(s->warning_count, 0);
        const struct service_settings *redis = settings_service(s, "redis");
        assert_int_equal(redis->watch.failure_threshold, 4);
        assert_int_equal(redis->recovery.max_attempts, 2);
        assert_true(!redis->start_operator && redis->stop_operator && redis->restart_operator);
        assert_string_equal(redis->unit, "redis-server");
        assert_int_equal(redis->control, CONTROL_SYSTEMD);
        settings_free(s);
    }
}

static void a_service_overrides_the_top_level_for_itself_alone(void **state)
{
    (void)state;
    struct settings *s = parse("services:\n"
                               "  a: {health_check: {interval_seconds: 7}}\n"
                               "  b: {permissions: {stop: [admin, operator]},\n"
                               "      auto_recovery: {circuit_breaker: {window_seconds: 60}}}\n"
                               "health_check: {interval_seconds: 12.5, timeout_seconds: 2,\n"
                               "  thresholds: {connections_warning: 10}}\n"
                               "auto_recovery: {circuit_breaker: {recoveries: 7}}\n");
    const struct service_settings *a = settings_service(s, "a");
    const struct service_settings *b = settings_service(s, "b");
    assert_int_equal(a->watch.interval_ms, 7000);
    assert_int_equal(b->watch.interval_ms, 12500);
    assert_int_equal(a->watch.timeout_ms, 2000);
    assert_true(a->watch.thresholds.connections_set && !a->watch.thresholds.memory_set);
    assert_true(b->stop_operator && !a->stop_operator);
    assert_int_equal(a->recovery.breaker_window_ms, 300000);
    assert_int_equal(b->recovery.breaker_window_ms, 60000);
    assert_int_equal(b->recovery.breaker_recoveries, 7);
    assert_string_equal(a->name, "a");
    settings_free(s);
}

static void a_service_may_be_in_a_group_and_have_tags(void **state)
{
    (void)state;
    struct settings *s = parse("services:\n  a: {group: Shop / EU, tags: [eu, 'env:prod', eu]}\n"
                               "  b: {tags: one}\n  c: {}\n");
    assert_string_equal(s->services[0].group, "Shop / EU");
    assert_int_equal(s->services[0].tags.count, 2);
    assert_string_equal(s->services[0].tags.tags[1], "env:prod");
    assert_int_equal(s->services[1].tags.count, 1);
    assert_string_equal(s->services[2].group, "");
    assert_int_equal(s->services[2].tags.count, 0);
    settings_free(s);
}

static void addresses_are_taken_in_three_forms(void **state)
{
    (void)state;
    struct settings *s = parse("services:\n"
                               "  a: {address: 'redis-1.example.net:6380'}\n"
                               "  b: {address: '[2001:db8::1]:6379'}\n"
                               "  c: {address: 'unix:/run/redis/redis.sock'}\n");
    assert_string_equal(s->services[0].redis.host, "redis-1.example.net");
    assert_int_equal(s->services[0].redis.port, 6380);
    assert_string_equal(s->services[1].redis.host, "2001:db8::1");
    assert_string_equal(s->services[2].redis.host, "");
    assert_int_equal(s->services[2].redis.port, 0);
    assert_string_equal(s->services[2].redis.socket, "/run/redis/redis.sock");
    settings_free(s);
}

static void anchors_and_merges_share_settings(void **state)
{
    (void)state;
    struct settings *s = parse("x-ssh: &ssh {user: resus, key: /k, port: 2222}\n"
                               "x-more: &more {<<: *ssh, port: 1, known_hosts: /more}\n"
                               "services:\n"
                               "  a: {control: ssh, ssh: {<<: *ssh, host: h1, port: 22}}\n"
                               "  b: {control: ssh, ssh: {host: h2, <<: [*ssh, *more]}}\n"
                               "  c: &c {control: ssh, ssh: &s {<<: *more, host: h3}}\n"
                               "  d: {<<: *c, name: D}\n");
    assert_int_equal(s->services[0].ssh.port, 22); /* its own goes before the merged */
    assert_string_equal(s->services[0].ssh.user, "resus");
    assert_int_equal(s->services[1].ssh.port, 2222); /* the earlier goes before the later */
    assert_string_equal(s->services[1].ssh.known_hosts, "/more");
    assert_int_equal(s->services[2].ssh.port, 1);
    assert_string_equal(s->services[3].ssh.host, "h3");
    assert_string_equal(s->services[3].name, "D");
    assert_int_equal(s->warning_count, 0);
    settings_free(s);
}

static void relative_paths_start_at_the_files_folder(void **state)
{
    (void)state;
    static const char yaml[] = "server: {state_dir: state}\n"
                               "services: {a: {control: process, process: {program: redis-server,\n"
                               "  config_file: ./a.conf}}, b: {process: {program: bin/redis}}}\n";
    struct settings *s = NULL;
    struct error err = {0};
    assert_int_equal(settings_parse("/etc/resus/resus.yaml", yaml, strlen(yaml), &s, &err), 0);
    assert_string_equal(s->server.state_dir, "/etc/resus/state");
    assert_string_equal(s->services[0].process.program, "redis-server");
    assert_string_equal(s->services[0].process.config_file, "/etc/resus/./a.conf");
    assert_string_equal(s->services[0].process.directory, "/etc/resus/state/services/a");
    assert_string_equal(s->services[1].process.program, "/etc/resus/bin/redis");
    settings_free(s);
}

static void words_of_yaml_1_1_are_booleans(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool value;
    } rows[] = {{"true", true},   {"True", true}, {"yes", true},  {"ON", true},
                {"false", false}, {"no", false},  {"Off", false}, {"FALSE", false}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char yaml[64];
        (void)str_format(yaml, sizeof yaml, "auto_recovery: {enabled: %s}", rows[i].word);
        struct settings *s = parse(yaml);
        assert_int_equal(s->services[0].recovery.enabled, rows[i].value);
        settings_free(s);
    }
}

static const struct {
    const char *yaml, *text;
} mistakes[] = {
    {"health_check:\n  intervall_seconds: 30\n",
     "t.yaml:2:3: unknown key `intervall_seconds`; did you mean `interval_seconds`?"},
    {"interval_seconds: 30\n",
     "t.yaml:1:1: unknown key `interval_seconds`; it belongs under `health_check`"},
    {"server: {zzzzzzzzz: 1}\n",
     "t.yaml:1:10: unknown key `zzzzzzzzz`; known here: name, external_url, listen, "
     "tls_certificate, tls_key, hsts, status_access, public_status, trusted_proxies, state_dir, "
     "control_socket"},
    {"server: {services: 1}\n", "t.yaml:1:10: unknown key `services`; it belongs to the top level"},
    {"health_check: {failure_threshold: many}\n",
     "t.yaml:1:35: `failure_threshold` must be a whole number from 1 to 100, not \"many\""},
    {"health_check: {interval_seconds: 0}\n",
     "t.yaml:1:34: `interval_seconds` must be a number from 1 to 3600, not \"0\""},
    {"health_check: {pulse_interval_ms: 10}\n",
     "t.yaml:1:35: `pulse_interval_ms` must be 0 or a whole number from 50 to 60000, not "
     "\"10\""},
    {"auto_recovery: {max_attempts: 11}\n",
     "t.yaml:1:31: `max_attempts` must be a whole number from 1 to 10, not \"11\""},
    {"auto_recovery: {backoff_multiplier: 1e3}\n",
     "t.yaml:1:37: `backoff_multiplier` must be a number from 1 to 10, not \"1e3\""},
    {"auto_recovery: {enabled: maybe}\n",
     "t.yaml:1:26: `enabled` must be true or false, not \"maybe\""},
    {"auto_recovery: {external_stop: ignore}\n",
     "t.yaml:1:32: `external_stop` must be recover or respect, not \"ignore\""},
    {"auto_recovery:\n  enabled: true\n  max_attempts: 1\n  enabled: false\n",
     "t.yaml:4:3: `enabled` is given twice (first on line 2)"},
    {"health_check: {}\nredis_service_management:\n  health_check: {}\n",
     "t.yaml:3:3: `health_check` is given twice (first on line 1)"},
    {"audit: {}\nredis_service_audit: {}\n",
     "t.yaml:2:1: `redis_service_audit` is another name of a key on line 1"},
    {"services: {a: , b: , a: }\n",
     "t.yaml:1:22: the service `a` is given twice (first on line 1)"},
    {"services: {A: }\n",
     "t.yaml:1:12: \"A\" cannot be a service's id: a-z, 0-9, _ and -, at most 63, a letter or "
     "digit in front"},
    {"services: {../etc: }\n",
     "t.yaml:1:12: \"../etc\" cannot be a service's id: a-z, 0-9, _ and -, at most 63, a "
     "letter or digit in front"},
    {"services:\n",
     "t.yaml:1:10: `services` names no service; without the key there is one, `redis`"},
    {"services: [redis]\n", "t.yaml:1:11: `services` must be a mapping of ids, not a list"},
    {"services: {a: on}\n", "t.yaml:1:15: the service `a` must be a mapping (key: value), not "
                            "a single value"},
    {"services: {a: {unit: -x}}\n",
     "t.yaml:1:22: `unit` must be a unit name (A-Z a-z 0-9 @ . _ -, at most 128, no dash in "
     "front), not \"-x\""},
    {"services: {a: {unit: 'redis; rm -rf /'}}\n",
     "t.yaml:1:22: `unit` must be a unit name (A-Z a-z 0-9 @ . _ -, at most 128, no dash in "
     "front), not \"redis; rm -rf /\""},
    {"services: {a: {address: 127.0.0.1}}\n",
     "t.yaml:1:25: `address` must be host:port, [v6]:port or unix:/path, not \"127.0.0.1\""},
    {"services: {a: {address: '::1:6379'}}\n",
     "t.yaml:1:25: `address` must be host:port, [v6]:port or unix:/path, not \"::1:6379\""},
    {"services: {a: {address: 'h:0'}}\n",
     "t.yaml:1:25: `address` must be host:port, [v6]:port or unix:/path, not \"h:0\""},
    {"services: {a: {address: 'unix:redis.sock'}}\n",
     "t.yaml:1:25: `address` must be unix: and an absolute path of at most 107 bytes, not "
     "\"unix:redis.sock\""},
    {"services: {a: {address: 'h:1', port: 2}}\n",
     "t.yaml:1:32: `port` says again what `address` says on line 1"},
    {"services:\n  a:\n    control: ssh\n",
     "t.yaml:3:5: `control: ssh` needs `ssh` with `host`, `user` and `key`: `host`, `user`, "
     "`key` are missing"},
    {"services:\n  a:\n    control: ssh\n    ssh: {host: h, user: u}\n",
     "t.yaml:4:5: `control: ssh` needs `ssh` with `host`, `user` and `key`: `key` is missing"},
    {"services: {a: {redis: {via: ssh}}}\n",
     "t.yaml:1:16: `via: ssh` needs `ssh` with `host`, `user` and `key`: `host`, `user`, "
     "`key` are missing"},
    {"services: {a: {control: ssh, ssh: {user: '-oProxyCommand=x'}}}\n",
     "t.yaml:1:42: `user` must be an account name (A-Z a-z 0-9 . _ -, at most 63, no dash in "
     "front), not \"-oProxyCommand=x\""},
    {"services: {a: {control: docker}}\n",
     "t.yaml:1:25: `control` must be systemd or ssh or process, not \"docker\""},
    {"services: {a: {redis: {tls: {certificate: /c}}}}\n",
     "t.yaml:1:30: `certificate` and `key` go together: `key` is missing"},
    {"server: {tls_key: /k}\n",
     "t.yaml:1:10: `tls_certificate` and `tls_key` go together: `tls_certificate` is missing"},
    {"server: {listen: 8443}\n",
     "t.yaml:1:18: `listen` must be host:port or [v6]:port, not \"8443\""},
    {"server: {state_dir: ~/x}\n", "t.yaml:1:21: `state_dir` must be a whole path (`~` is not "
                                   "expanded), not \"~/x\""},
    {"server: {state_dir: }\n", "t.yaml:1:21: `state_dir` has no value"},
    {"server: {state_dir: [a]}\n", "t.yaml:1:21: `state_dir` must be a single value, not a "
                                   "list"},
    {"server: {state_dir: \"a\\0b\"}\n", "t.yaml:1:21: `state_dir` has a NUL byte inside"},
    {"server: [1]\n", "t.yaml:1:9: `server` must be a mapping (key: value), not a list"},
    {"permissions: {stop: [admin, viewer]}\n",
     "t.yaml:1:29: `stop` must not name viewer: only admins and operators operate"},
    {"permissions: {start: [anonymous]}\n",
     "t.yaml:1:23: `start` must not name anonymous: only admins and operators operate"},
    {"permissions: {start: [root]}\n",
     "t.yaml:1:23: `start` must be a list of admin and operator, not \"root\""},
    {"permissions: {start: []}\n", "t.yaml:1:22: `start` names nobody: it needs at least [admin]"},
    {"audit: {max_size: huge}\n",
     "t.yaml:1:19: `max_size` must be a size such as 100MB, from 4KB to 900GB, not \"huge\""},
    {"audit: {compression: xz}\n", "t.yaml:1:22: `compression` must be none or gzip, not \"xz\""},
    {"rate_limits: {stop: -1}\n",
     "t.yaml:1:21: `stop` must be a whole number from 0 to 100000, not \"-1\""},
    {"security: {expected_addresses: [10.0.0.0/33]}\n",
     "t.yaml:1:33: `expected_addresses` must be addresses or networks such as 10.0.0.0/8, not "
     "\"10.0.0.0/33\""},
    {"security: {require_totp: [root]}\n",
     "t.yaml:1:27: `require_totp` must be a list of viewer, operator and admin, not \"root\""},
    {"security: {business_hours: always}\n",
     "t.yaml:1:28: `business_hours` must be days and hours such as \"Mon-Fri 08:00-18:00\", "
     "not \"always\""},
    {"security:\n  business_hours: Mon-Fri 08:00-25:00\n",
     "t.yaml:2:19: `business_hours` must be days and hours such as \"Mon-Fri 08:00-18:00\", "
     "not \"Mon-Fri 08:00-25:00\""},
    {"security: {timezone: ../../etc/passwd}\n",
     "t.yaml:1:22: `timezone` must be a time zone such as Europe/Berlin, not "
     "\"../../etc/passwd\""},
    {"health_check:\n  thresholds:\n    memory_mb_warning: 5000\n",
     "t.yaml:3:5: `memory_mb_warning` (5000) is above `memory_mb_critical` (4096)"},
    {"health_check: {thresholds: {cpu_percent_critical: 95}}\nservices:\n  a:\n"
     "    health_check: {thresholds: {cpu_percent_warning: 96}}\n",
     "t.yaml:4:33: `cpu_percent_warning` (96) is above `cpu_percent_critical` (95)"},
    {"services: {a: {group: ''}}\n", "t.yaml:1:23: `group` must not be empty"},
    {"services: {a: {affected_services: backend}}\n",
     "t.yaml:1:35: `affected_services` must be a list, not a single value"},
    {"services: {a: {affected_services: [{url: 'http://x/'}]}}\n",
     "t.yaml:1:36: an entry of `affected_services` needs a `name`"},
    {"services: {a: {affected_services: [{name: x, url: 'http://u:p@h/'}]}}\n",
     "t.yaml:1:51: `url` must be an address without a name or password in it, not "
     "\"http://u:p@h/\""},
    {"services: {a: {affected_services: [{name: x, url: 'file:///etc'}]}}\n",
     "t.yaml:1:51: `url` must be an address that begins with http:// or https://, not "
     "\"file:///etc\""},
    {"services: {a: {group: ''}}\n", "t.yaml:1:23: `group` must not be empty"},
    {"services: {a: {tags: {b: c}}}\n", "t.yaml:1:22: `tags` must be a list, not a mapping"},
    {"services: {a: {tags: ['']}}\n",
     "t.yaml:1:23: `tags` must be texts of 1 to 31 printable characters, not \"\""},
    {"services: {a: {tags: [0123456789abcdef0123456789abcdef]}}\n",
     "t.yaml:1:23: `tags` must be texts of 1 to 31 printable characters, not "
     "\"0123456789abcdef0123456789abcde\""},
    {"services: {a: {tags: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]}}\n",
     "t.yaml:1:55: `tags` has more than 16 entries"},
    {"service: {}\nservices: {a: }\n",
     "t.yaml:1:1: `service` does not go with `services` (line 2)"},
    {"[1, 2]\n", "t.yaml:1:1: the file must be a mapping (key: value), not a list"},
    {"redis\n", "t.yaml:1:1: the file must be a mapping (key: value), not a single value"},
    {"? [a]\n: b\n", "t.yaml:1:3: a key must be a word, not a list"},
    {"server: {}\n---\nserver: {}\n",
     "t.yaml:2:1: a second document begins here; one file holds one document"},
    {"server:\n\tlisten: x\n",
     "t.yaml:2:1: not valid YAML: found character that cannot start any token (while scanning "
     "for the next token); a tab stands here: indent with blanks"},
    {"server: *none\n", "t.yaml:1:9: not valid YAML: found undefined alias"},
    {"server: {a: \xff}\n", "t.yaml:1:13: not valid YAML: invalid leading UTF-8 octet"},
    {"x-a: &a {b: *a}\n", "t.yaml:1:13: the alias `a` contains itself"},
    {"server: {<<: 1}\n", "t.yaml:1:14: `<<` must name a mapping, not a single value"},
    /* of several problems the first in the file, whatever is read first */
    {"services:\n  A:\nserver: {listen: x}\nhealth_check: {interval_seconds: 0}\n",
     "t.yaml:2:3: \"A\" cannot be a service's id: a-z, 0-9, _ and -, at most 63, a letter or "
     "digit in front"},
};

static void every_mistake_is_named_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(mistakes); i++)
        expect_error(mistakes[i].yaml, mistakes[i].text);
}

static void two_redis_that_resus_runs_share_no_address_and_no_folder(void **state)
{
    (void)state;
#define P "control: process"
    expect_error("services: {a: {" P "}, b: {" P ", address: '127.0.0.1:6380'},\n"
                 "  c: {" P ", address: 'localhost:6379'}}\n",
                 "t.yaml:2:3: the services `a` and `c` would both run a Redis at localhost:6379: "
                 "give one of them another `address`");
    expect_error("services:\n  a: {" P ", address: 'unix:/r/s'}\n"
                 "  b: {" P ", address: 'unix:/r/s'}\n",
                 "t.yaml:3:3: the services `a` and `b` would both run a Redis at /r/s: give one of "
                 "them another `address`");
    expect_error("services:\n  a: {" P ", process: {directory: /d}}\n"
                 "  b: {" P ", address: 'localhost:2', process: {directory: /d/}}\n",
                 "t.yaml:3:3: the services `a` and `b` would both keep their data in /d/: give one "
                 "of them another `process: {directory: ...}`");
    settings_free(parse("services: {a: {" P "}, b: {control: systemd}}"));
    settings_free(parse("services: {a: {" P "}, b: {" P ", address: '127.0.0.2:6379'}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_that_need_a_second_factor_are_none_unless_told),
        cmocka_unit_test(hsts_and_open_metrics_are_off_unless_told),
        cmocka_unit_test(an_empty_file_is_one_service_with_all_defaults),
        cmocka_unit_test(the_runbooks_own_file_loads_as_it_is),
        cmocka_unit_test(a_service_overrides_the_top_level_for_itself_alone),
        cmocka_unit_test(two_redis_that_resus_runs_share_no_address_and_no_folder),
        cmocka_unit_test(a_service_may_be_in_a_group_and_have_tags),
        cmocka_unit_test(addresses_are_taken_in_three_forms),
        cmocka_unit_test(anchors_and_merges_share_settings),
        cmocka_unit_test(relative_paths_start_at_the_files_folder),
        cmocka_unit_test(words_of_yaml_1_1_are_booleans),
        cmocka_unit_test(every_mistake_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
