/* The section `backup`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "settings/settings.h"

static struct settings *parse(const char *yaml)
{
    struct settings *s = NULL;
    struct error err = {0};
    if (settings_parse("t.yaml", yaml, strlen(yaml), &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static void every_key_arrives_and_a_service_overrides_the_top_level(void **state)
{
    (void)state;
    struct settings *s =
        parse("backup: {schedule: \"02:30\", minimum: 2, directory: /srv/b, server: /opt/r,\n"
              "  keep: {last: 3, hourly: 4, daily: 14, weekly: 8, monthly: 12, within: 48h}}\n"
              "services: {redis: {}, cache: {address: '127.0.0.1:6380', backup: {every: 6h}}}\n");
    const struct backup_settings *b = &s->services[0].backup;
    assert_int_equal(b->minute, 2 * 60 + 30 + 1);
    assert_int_equal(b->every_ms, 0);
    assert_int_equal(b->keep.last, 3);
    assert_int_equal(b->keep.hourly, 4);
    assert_int_equal(b->keep.daily, 14);
    assert_int_equal(b->keep.weekly, 8);
    assert_int_equal(b->keep.monthly, 12);
    assert_int_equal(b->keep.within_ms, 48 * 3600 * 1000);
    assert_int_equal(b->keep.minimum, 2);
    assert_string_equal(b->directory, "/srv/b");
    assert_string_equal(b->server, "/opt/r");
    assert_int_equal(b->drill_ms, INT64_C(7) * 24 * 3600 * 1000);
    b = &s->services[1].backup;
    assert_int_equal(b->minute, 0);
    assert_int_equal(b->every_ms, 6 * 3600 * 1000);
    assert_int_equal(b->keep.daily, 14);
    settings_free(s);
}

static void without_the_section_backups_are_on_demand_in_the_state_folder(void **state)
{
    (void)state;
    struct settings *s = parse("server: {state_dir: /srv/state}\n");
    const struct backup_settings *b = &s->services[0].backup;
    assert_int_equal(b->minute, 0);
    assert_int_equal(b->every_ms, 0);
    assert_int_equal(b->keep.minimum, 3);
    assert_string_equal(b->directory, "/srv/state/backups");
    assert_string_equal(b->server, "/usr/bin/redis-server");
    settings_free(s);
}

static void copies_and_recipients_are_lists_that_a_service_replaces(void **state)
{
    (void)state;
    struct settings *s = parse(
        "backup:\n"
        "  recipients: [/k/a, /k/b]\n"
        "  copies: [{name: nas, type: folder, path: /mnt/nas},\n"
        "    {name: far, type: s3, endpoint: 'https://s3.example.org', bucket: b,\n"
        "     access_key_file: /k/id, secret_key_file: /k/secret}]\n"
        "services:\n"
        "  redis: {}\n"
        "  cache: {address: '127.0.0.1:6380', backup: {recipients: /k/c, copies: [{name: own,\n"
        "    type: sftp, host: h, user: u, key: /k/ssh, known_hosts: /k/hosts, path: /srv}]}}\n"
        "  plain: {address: '127.0.0.1:6381', backup: {recipients: [], copies: []}}\n");
    const struct backup_settings *b = &s->services[0].backup;
    assert_int_equal(b->copy_count, 2);
    assert_string_equal(s->copies[b->copy_first].path, "/mnt/nas");
    assert_string_equal(s->copies[b->copy_first + 1].region, "us-east-1");
    assert_int_equal(b->recipient_count, 2);
    assert_string_equal(s->recipients[b->recipient_first + 1].file, "/k/b");
    b = &s->services[1].backup;
    assert_int_equal(b->copy_count, 1);
    assert_int_equal(s->copies[b->copy_first].type, COPY_SFTP);
    assert_int_equal(s->copies[b->copy_first].port, 22);
    assert_int_equal(b->recipient_count, 1);
    assert_string_equal(s->recipients[b->recipient_first].file, "/k/c");
    assert_int_equal(s->services[2].backup.copy_count, 0);
    assert_int_equal(s->services[2].backup.recipient_count, 0);
    settings_free(s);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *error;
    } rows[] = {
        {"backup: {schedule: 150}\n",
         "t.yaml:1:20: `schedule` must be a time of day in quotes such "
         "as \"02:30\", not \"150\""},
        {"backup: {schedule: '24:00'}\n", "t.yaml:1:20: `schedule` must be a time of day in quotes "
                                          "such as \"02:30\", not \"24:00\""},
        {"backup: {every: 5m}\n",
         "t.yaml:1:17: `every` must be a time span such as 6h, from 15m to 7d, not \"5m\""},
        {"backup: {drill: 1h}\n",
         "t.yaml:1:17: `drill` must be off or a time span such as 7d, from 1d "
         "to 92d, not \"1h\""},
        {"backup: {minimum: 0}\n",
         "t.yaml:1:19: `minimum` must be a whole number from 1 to 1000, not \"0\""},
        {"backup:\n  schedule: '02:30'\n  every: 6h\n",
         "t.yaml:3:3: `every` does not go with `schedule` (line 2): remove one of them"},
        {"backup: {recipients: [~/a]}\n",
         "t.yaml:1:23: `recipients` must be a list of files (`~` is not expanded)"},
        {"backup: {copies: [{name: nas, type: folder}]}\n",
         "t.yaml:1:19: a copy of type folder needs `path`"},
        {"backup: {copies: [{name: nas, type: folder, path: b}]}\n",
         "t.yaml:1:51: `path` must be an absolute path"},
        {"backup: {copies: [{type: folder, path: /b}]}\n",
         "t.yaml:1:19: a copy needs `name` and `type`: `name` is missing"},
        {"backup: {copies: [{name: a, type: folder, path: /b}, {name: a, type: folder, path: "
         "/c}]}\n",
         "t.yaml:1:61: there is another copy `a` before: give one of them another `name`"},
        {"backup: {copies: [{name: a, type: folder, path: /b, bucket: c}]}\n",
         "t.yaml:1:53: `bucket` is not for a copy of type folder"},
        {"backup: {copies: [{name: a, type: s3, endpoint: 'http://s3.example.org', bucket: b, "
         "access_key_file: /a, secret_key_file: /s}]}\n",
         "t.yaml:1:19: `endpoint` must begin with https://: http:// is for a server on this "
         "machine"},
        {"backup: {keep: {dayly: 3}}\n", "t.yaml:1:17: unknown key `dayly`; did you mean `daily`?"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct settings *s = NULL;
        struct error err = {0};
        assert_true(settings_parse("t.yaml", rows[i].yaml, strlen(rows[i].yaml), &s, &err) < 0);
        assert_string_equal(err.text, rows[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_arrives_and_a_service_overrides_the_top_level),
        cmocka_unit_test(without_the_section_backups_are_on_demand_in_the_state_folder),
        cmocka_unit_test(copies_and_recipients_are_lists_that_a_service_replaces),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
