/* The sections `alerts` and `escalation`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "settings/channel_url.h"
#include "settings/settings.h"

static const char whole[] =
    "server: {name: resus-1}\n"
    "services: {redis: {}, cache: {address: '127.0.0.1:6380'}}\n"
    "alerts:\n"
    "  channels:\n"
    "    mail: {type: smtp, url: 'smtp://relay.example.org:587', from: resus@example.org,\n"
    "           to: [ops@example.org, night@example.org], username: resus, password_file: /s/m}\n"
    "    local: {type: smtp, url: 'smtp://127.0.0.1', from: a@b.example, to: c@d.example, tls: "
    "none}\n"
    "    chat: {type: slack, url_file: secrets/slack, proxy: 'http://proxy.example:3128'}\n"
    "    teams: {type: teams, url_file: /s/teams, ca_file: /s/ca.pem, timeout_seconds: 1.5}\n"
    "    pager: {type: pagerduty, routing_key_file: /s/pager, region: eu, send_resolved: false}\n"
    "    hook: {type: webhook, url: 'https://hook.example/x', secret_file: /s/hook}\n"
    "    am: {type: alertmanager, url: 'http://127.0.0.1:9093', log_lines: true}\n"
    "  routes:\n"
    "    - {severities: [P1, P2], services: [cache], channels: [pager, chat]}\n"
    "    - {channels: [mail]}\n"
    "  page_after_seconds: 0.5\n"
    "  resolve_after_seconds: 1\n"
    "  daily_summary: '06:30'\n"
    "  weekly_report: 'tue 07:00'\n"
    "  heartbeat: {url: 'https://hc.example/ping/1', interval_seconds: 1.5}\n"
    "  link: 'https://resus.example.org'\n"
    "escalation:\n"
    "  levels:\n"
    "    - {name: Operations Team, channels: [chat, mail]}\n"
    "    - {name: Senior Admin, channels: [pager], after_minutes: 0.5}\n"
    "    - {name: Engineering, channels: [mail]}\n";

static struct settings *parse(const char *yaml)
{
    struct settings *s = NULL;
    struct error err = {0};
    if (settings_parse("dir/t.yaml", yaml, strlen(yaml), &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static void every_key_arrives(void **state)
{
    (void)state;
    struct settings *s = parse(whole);
    const struct alert_settings *a = &s->alerts;
    assert_int_equal(s->warning_count, 0);
    assert_string_equal(s->server.name, "resus-1");
    assert_int_equal(a->channel_count, 7);
    const struct channel_settings *mail = &a->channels[0];
    assert_string_equal(mail->name, "mail");
    assert_int_equal(mail->type, CHANNEL_SMTP);
    assert_int_equal(mail->to.count, 2);
    assert_string_equal(mail->to.addresses[1], "night@example.org");
    assert_int_equal(mail->tls, MAIL_TLS_REQUIRED);
    assert_true(mail->send_resolved);
    assert_false(mail->log_lines);
    assert_int_equal(a->channels[1].tls, MAIL_TLS_NONE);
    assert_string_equal(a->channels[2].url_file, "dir/secrets/slack");
    assert_string_equal(a->channels[2].proxy, "http://proxy.example:3128");
    assert_int_equal(a->channels[3].timeout_ms, 1500);
    assert_int_equal(a->channels[4].region, PAGERDUTY_EU);
    assert_false(a->channels[4].send_resolved);
    assert_true(a->channels[6].log_lines);
    assert_int_equal(a->route_count, 2);
    assert_true(a->routes[0].severities.has[1]);
    assert_false(a->routes[0].severities.has[2]);
    assert_string_equal(a->routes[0].services.patterns[0], "cache");
    assert_int_equal(a->routes[0].channels.channels[0], 4);
    assert_int_equal(a->routes[0].channels.channels[1], 2);
    for (int i = 0; i < SETTINGS_SEVERITIES; i++)
        assert_true(a->routes[1].severities.has[i]);
    assert_int_equal(a->routes[1].services.count, 0);
    assert_int_equal(a->page_after_ms, 500);
    assert_int_equal(a->daily_summary, 6 * 60 + 30 + 1);
    assert_int_equal(a->weekly_report, 1440 + 7 * 60 + 1);
    assert_int_equal(a->resolve_after_ms, 1000);
    assert_int_equal(a->heartbeat.interval_ms, 1500);
    assert_int_equal(a->heartbeat.timeout_ms, 15000);
    assert_int_equal(s->escalation.level_count, 3);
    assert_int_equal(s->escalation.levels[1].after_ms, 30000);
    assert_int_equal(s->escalation.levels[2].after_ms, 120 * 60000);
    settings_free(s);
}

static void without_the_sections_there_is_no_channel_and_a_name(void **state)
{
    (void)state;
    struct settings *s = parse("services: {redis: {}}\n");
    assert_int_equal(s->alerts.channel_count, 0);
    assert_int_equal(s->alerts.page_after_ms, 60000);
    assert_int_equal(s->alerts.resolve_after_ms, 120000);
    assert_int_equal(s->escalation.level_count, 0);
    assert_true(s->server.name[0] != '\0');
    settings_free(s);
}

#define CHANNEL(text) "alerts: {channels: {c: " text "}}\n"
#define MAIL "type: smtp, from: a@b.example, to: c@d.example"

/* What is wrong, and the beginning of what is said of it. */
static const struct {
    const char *yaml, *error;
} mistakes[] = {
    {CHANNEL("{type: sms}"), "t.yaml:1:31: `type` must be smtp or slack or teams"},
    {CHANNEL("{}"), "t.yaml:1:24: a channel needs a `type`"},
    {CHANNEL("{type: slack}"), "t.yaml:1:24: a channel of type slack needs `url_file`"},
    {CHANNEL("{type: slack, url: 'https://hooks.example/SECRET'}"),
     "t.yaml:1:24: a channel of type slack needs `url_file`"},
    {CHANNEL("{type: teams, url_file: f, url: 'https://hooks.example/SECRET'}"),
     "t.yaml:1:51: the address of a channel of type teams is a secret"},
    {CHANNEL("{type: slack, url_file: f, routing_key_file: g}"),
     "t.yaml:1:51: `routing_key_file` is not for a channel of type slack"},
    {CHANNEL("{type: pagerduty}"), "t.yaml:1:24: a channel of type pagerduty needs `routing"},
    {CHANNEL("{type: webhook, secret_file: f}"), "t.yaml:1:24: a channel of type webhook needs `u"},
    {CHANNEL("{type: webhook, url: 'https://h.example'}"),
     "t.yaml:1:24: a channel of type webhook needs `secret_file`"},
    {CHANNEL("{type: webhook, url: 'https://h.example', url_file: f, secret_file: f}"),
     "t.yaml:1:66: `url_file` says again what `url` says on line 1"},
    {CHANNEL("{type: webhook, url: 'ftp://h.example', secret_file: f}"),
     "t.yaml:1:45: `url`: the address must begin with http:// or https://"},
    {CHANNEL("{type: webhook, url: 'http://169.254.169.254/x', secret_file: f}"),
     "t.yaml:1:45: `url`: link-local addresses"},
    {CHANNEL("{type: webhook, url: 'http://[fe80::1]:80/x', secret_file: f}"),
     "t.yaml:1:45: `url`: link-local addresses"},
    {CHANNEL("{type: webhook, url: 'http://u:p@h.example/', secret_file: f}"),
     "t.yaml:1:45: `url`: the address must have no name or password"},
    {CHANNEL("{type: pagerduty, routing_key_file: f, url: 'http://pd.example/'}"),
     "t.yaml:1:68: `url`: the address must begin with https://"},
    {CHANNEL("{" MAIL ", url: 'http://h.example'}"), "t.yaml:1:78: `url`: the address must begin "},
    {CHANNEL("{" MAIL ", url: 'smtp://h.example/x'}"), "t.yaml:1:78: `url`: the address must end "},
    {CHANNEL("{" MAIL ", url: 'smtp://h.example', tls: none}"),
     "t.yaml:1:98: `tls: none` is for a mail server on this machine"},
    {CHANNEL("{" MAIL ", url: 'smtp://h.example', username: u}"),
     "t.yaml:1:24: `username` and `password_file` go together: `password_file` is missing"},
    {CHANNEL("{type: smtp, from: a@b.example, to: [], url: 'smtp://h.example'}"),
     "t.yaml:1:24: `to` names no one"},
    {CHANNEL("{type: smtp, from: nobody, to: c@d.example, url: 'smtp://h.example'}"),
     "t.yaml:1:43: `from` must be a mail address"},
    {CHANNEL("{type: smtp, from: a@b.example, to: [\"c@d.example\\nBcc: x@y.example\"], url: x}"),
     "t.yaml:1:61: `to` must be mail addresses"},
    {CHANNEL("{type: slack, url_file: f, proxy: 'proxy.example:3128'}"),
     "t.yaml:1:58: `proxy` must be http://"},
    {CHANNEL("{type: slack, url_file: f, timeout_seconds: 0.5}"),
     "t.yaml:1:68: `timeout_seconds` must be a number from 1 to 300"},
    {"alerts: {channels: {C!: {type: slack, url_file: f}}}",
     "t.yaml:1:21: \"C!\" cannot be a chan"},
    {"alerts: {channels: {a: {type: slack, url_file: f}, a: {type: slack, url_file: f}}}",
     "t.yaml:1:52: the channel is given twice"},
    {"alerts: {channels: {chat: {type: slack, url_file: f}}, routes: [{channels: [caht]}]}",
     "t.yaml:1:77: there is no channel `caht` in `alerts.channels`; did you mean `chat`?"},
    {"alerts: {routes: [{channels: [x]}]}", "t.yaml:1:31: there is no channel `x`"},
    {"alerts: {routes: [{severities: [P5], channels: []}]}",
     "t.yaml:1:33: `severities` must be a list of P1, P2, P3 and P4"},
    {"alerts: {routes: [{severities: [], channels: []}]}", "t.yaml:1:32: `severities` is empty"},
    {"alerts: {routes: [{services: [other], channels: []}]}",
     "t.yaml:1:31: there is no service `other`"},
    {"alerts: {routes: [{severities: [P1]}]}", "t.yaml:1:19: a route needs `channels`"},
    {"alerts: {routes: {channels: []}}", "t.yaml:1:18: `routes` must be a list"},
    {"alerts: {heartbeat: {interval_seconds: 1}}", "t.yaml:1:21: `heartbeat` needs one of"},
    {"alerts: {heartbeat: {url: 'http://169.254.1.1/'}}", "t.yaml:1:27: `url`: link-local"},
    {"alerts: {daily_summary: '24:00'}", "t.yaml:1:25: `daily_summary` must be a time of day"},
    {"alerts: {weekly_report: '07:00'}", "t.yaml:1:25: `weekly_report` must be a day and a time"},
    {"alerts: {weekly_report: 'Mon 07:00'}", "t.yaml:1:10: `weekly_report` is sent by mail"},
    {"alerts: {emial: {}}", "t.yaml:1:10: unknown key `emial`"},
    {"escalation: {levels: [{name: x}]}", "t.yaml:1:23: a level needs `channels`"},
    {"alerts: {channels: {chat: {type: slack, url_file: f}}}\n"
     "escalation: {levels: [{name: a, channels: [chat], after_minutes: 5},\n"
     "  {name: b, channels: [chat], after_minutes: 1}]}",
     "t.yaml:3:31: `after_minutes` (1) is below that of the level before (5)"},
    {"escalation: {levels: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]}",
     "t.yaml:1:22: `levels` has more than 4 entries"},
    {"server: {name: 'a b'}", "t.yaml:1:16: `name` must be letters, digits"},
};

static void every_mistake_is_refused_with_its_place(void **state)
{
    (void)state;
    int others = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(mistakes); i++) {
        struct settings *s = NULL;
        struct error err = {0};
        const char *yaml = mistakes[i].yaml;
        if (settings_parse("t.yaml", yaml, strlen(yaml), &s, &err) != -EINVAL)
            fail_msg("taken: %s", yaml);
        if (!str_starts(err.text, mistakes[i].error)) {
            print_error("%s\n  is      %s\n  wanted  %s\n", yaml, err.text, mistakes[i].error);
            others++;
        }
        assert_null(strstr(err.text, "SECRET"));
    }
    assert_int_equal(others, 0);
}

static void lists_end_at_their_limits(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct buf yaml = BUF_LIMIT(1 << 20);
        struct settings *s = NULL;
        struct error err = {0};
        assert_int_equal(buf_printf(&yaml, "alerts:\n  channels:\n"), 0);
        for (int i = 0; i < SETTINGS_CHANNELS_MAX + more; i++)
            assert_int_equal(buf_printf(&yaml, "    c%d: {type: slack, url_file: f}\n", i), 0);
        int r = settings_parse("t.yaml", buf_text(&yaml), yaml.length, &s, &err);
        assert_int_equal(r, more == 0 ? 0 : -EINVAL);
        settings_free(s);
        buf_free(&yaml);
    }
}

static void link_local_and_loopback_are_known_in_all_their_forms(void **state)
{
    (void)state;
    static const char *const local[] = {"169.254.169.254", "fe80::1", "FE80::1%eth0",
                                        "::ffff:169.254.0.1", "febf::1"};
    static const char *const other[] = {"10.0.0.1", "fd00::1", "192.168.0.1", "example.org"};
    for (size_t i = 0; i < ARRAY_LENGTH(local); i++)
        assert_true(channel_host_link_local(local[i]));
    for (size_t i = 0; i < ARRAY_LENGTH(other); i++) {
        assert_false(channel_host_link_local(other[i]));
        assert_false(channel_host_loopback(other[i]));
    }
    assert_true(channel_host_loopback("127.0.0.1"));
    assert_true(channel_host_loopback("::1"));
    assert_true(channel_host_loopback("localhost"));
    assert_false(channel_host_loopback("localhost.example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_arrives),
        cmocka_unit_test(without_the_sections_there_is_no_channel_and_a_name),
        cmocka_unit_test(every_mistake_is_refused_with_its_place),
        cmocka_unit_test(lists_end_at_their_limits),
        cmocka_unit_test(link_local_and_loopback_are_known_in_all_their_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
